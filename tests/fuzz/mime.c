/* Any octets are a message, and a mbox of messages; in other pieces they give the same. */
#include "mime/mime.h"

#include <assert.h>

static struct mime *parser;
static arena mem;
static int64_t length;

static void begin(void *context, const struct mbox_message *m) { (void)context, (void)m; }
static void put(void *context, str octets) { (void)context, length += octets.len; }
static void end(void *context, const struct mbox_message *m)
{
    (void)context;
    assert(m->length >= 0);
}

/* What iconv makes of octets that are not of a set may hang on the pieces in which it gets them. */
static bool is_decoded(const struct mime_message *m)
{
    for (ptrdiff_t i = 0; i < m->n_defects; i++)
        if (str_eq(m->defect[i].code, S("charset.invalid")))
            return false;
    return m->n_defects < MIME_DEFECTS;
}

static uint64_t message(str text, ptrdiff_t step)
{
    mime_begin(parser, &(struct mime_options){.digest = true});
    for (ptrdiff_t i = 0; i < text.len; i += step)
        mime_feed(parser, str_slice(text, i, i + step));
    const struct mime_message *m = mime_end(parser);
    assert(m->size == text.len && m->n_parts > 0 && utf8_valid(m->text) && utf8_valid(m->html));
    uint64_t h = str_hash(m->structure) ^ (uint64_t)m->n_defects;
    if (is_decoded(m))
        h ^= str_hash(m->text) ^ str_hash(m->html);
    for (ptrdiff_t i = 0; i < m->n_parts; i++)
        if (m->part[i].attachment)
            h ^= str_hash(m->part[i].sha256) ^ str_hash(m->part[i].id);
    return h;
}

static int64_t mbox(str text, ptrdiff_t step)
{
    struct mbox_sink sink = {.begin = begin, .put = put, .end = end};
    struct mbox *b = mbox_new(&mem, MBOX_RD, &sink);
    length = 0;
    for (ptrdiff_t i = 0; i < text.len; i += step)
        mbox_feed(b, str_slice(text, i, i + step));
    mbox_end(b);
    return length;
}

/* Descriptors of iconv live in arenas, where LeakSanitizer does not look. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void) { return 1; }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!parser) {
        parser = mime_new();
        mem = arena_new(1 << 28);
    }
    str text = str_of((const char *)data, (ptrdiff_t)size);
    uint64_t h = message(text, text.len + 1);
    assert(message(text, 7) == h);
    int64_t n = mbox(text, text.len + 1);
    assert(mbox(text, 5) == n);
    arena_reset(&mem);
    return 0;
}
