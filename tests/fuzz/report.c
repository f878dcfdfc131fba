/* Any octets in the place of a report's fields, of its text, of its header: read in bounded time, the same in any pieces. */
#include "mime/mime.h"
#include "record/record.h"

#include <assert.h>

static struct mime *parser;
static arena mem;

#define HEAD "From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=b\n\n--b\n\ntext\n--b\nContent-Type: message/"

static const char *const heads[] = {
    "", HEAD "delivery-status\n\n", HEAD "feedback-report\n\n", HEAD "disposition-notification\n\n", HEAD "rfc822\n\n",
    "From: MAILER-DAEMON@x\n\nThis is the qmail-send program\n", "From: no-reply@sns.amazonaws.com\n\n{\"notificationType\":",
    "From: MAILER-DAEMON@x\nTo: ", "From: MAILER-DAEMON@x\nContent-Type: multipart/report; boundary=b\n\n",
};

static void check_text(str s) { assert(utf8_valid(s) && s.len <= 2 * BOUNCE_TEXT); }

/* What iconv makes of octets that are not of a set may hang on the pieces in which it gets them. */
static bool is_decoded(const struct mime_message *m)
{
    for (ptrdiff_t i = 0; i < m->n_defects; i++)
        if (str_eq(m->defect[i].code, S("charset.invalid")))
            return false;
    return m->n_defects < MIME_DEFECTS;
}

static uint64_t parse(str head, str text, ptrdiff_t step)
{
    mime_begin(parser, &(struct mime_options){0});
    mime_feed(parser, head);
    for (ptrdiff_t i = 0; i < text.len; i += step)
        mime_feed(parser, str_slice(text, i, i + step));
    const struct mime_message *m = mime_end(parser);
    const struct bounce *b = m->bounce;
    if (!b)
        return 0;
    assert(b->kind.len && b->class.len && b->n_recipients <= BOUNCE_RECIPIENTS);
    for (ptrdiff_t i = 0; i < b->n_recipients; i++) {
        assert(b->recipient[i].class.len);
        check_text(b->recipient[i].email);
        check_text(b->recipient[i].diagnostic);
        check_text(b->recipient[i].action);
    }
    str json = record_bounce_json(&mem, b);
    struct bounce back;
    assert(record_bounce_read(&mem, json, &back) && str_eq(record_bounce_json(&mem, &back), json));
    return is_decoded(m) ? str_hash(json) : 0;
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
    if (!size)
        return 0;
    str head = str_c(heads[data[0] % (sizeof heads / sizeof *heads)]);
    str text = str_of((const char *)data + 1, (ptrdiff_t)size - 1);
    uint64_t h = parse(head, text, text.len + 1);
    uint64_t other = parse(head, text, 7);
    assert(!h || !other || other == h);
    arena_reset(&mem);
    return 0;
}
