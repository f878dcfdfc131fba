/* Any octets as a record: refused with a sentence, or written again; what was written is read again and then written as
 * the same octets. */
#include "record/record.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static arena mem;

static bool write_again(const struct record *r, struct buf *to)
{
    switch (r->type) {
    case RECORD_EMAIL: record_write_email(to, &r->email); return true;
    case RECORD_POLL: record_write_poll(to, &r->poll); return true;
    case RECORD_ERROR: record_write_error(to, "fuzz", &r->error, STR_NONE); return true;
    case RECORD_SUBMISSION: record_write_submission(to, &r->submission); return true;
    case RECORD_DELIVERY: record_write_delivery(to, &r->delivery); return true;
    case RECORD_OTHER: break;
    }
    return false;
}

/* With texts left as they stand, the line says the same. */
static void keeping(str line, str want)
{
    const uint64_t kept = EMAIL_BIT(EMAIL_TEXT) | EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_PREVIEW) | EMAIL_BIT(EMAIL_SUBJECT);
    struct record r;
    struct err e = {0};
    struct buf once = buf_new(&mem, 1 << 16), twice = buf_new(&mem, 1 << 16);
    bool good = record_read_keeping(&mem, line, "fuzz", 1, ~0u, kept, &r, &e) && write_again(&r, &once) &&
                record_read_types(&mem, str_first(buf_str(&once), once.len - 1), "again", 1, ~0u, &r, &e) && write_again(&r, &twice);
    assert(good);
    assert(str_eq(buf_str(&twice), want));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!mem.base)
        mem = arena_new((size_t)1 << 32);
    arena_reset(&mem);
    char *copy = malloc(size ? size : 1);
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    struct record r;
    struct err e = {0};
    struct buf first = buf_new(&mem, 1 << 16), second = buf_new(&mem, 1 << 16);
    if (!record_read_types(&mem, str_of(copy, (ptrdiff_t)size), "fuzz", 1, ~0u, &r, &e)) {
        assert(e.class == ERR_INPUT && e.text[0]);
    } else if (write_again(&r, &first)) {
        str line = str_first(buf_str(&first), first.len - 1);
        assert(str_find_byte(line, '\n') < 0 || size > (size_t)line.len || memchr(copy, '\n', size));
        bool readable = record_read_types(&mem, line, "again", 1, ~0u, &r, &e);
        assert(readable && write_again(&r, &second));
        assert(str_eq(buf_str(&first), buf_str(&second)));
        keeping(str_of(copy, (ptrdiff_t)size), buf_str(&first));
    }
    free(copy);
    return 0;
}
