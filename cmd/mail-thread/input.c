#include "mail-thread.h"

/* Long texts that nothing is linked by. */
static const uint64_t kept = EMAIL_BIT(EMAIL_TEXT) | EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_PREVIEW);

static void say(const struct err *e, struct out *errors, arena *a)
{
    prog_error(e);
    if (!errors)
        return;
    struct buf line = buf_new(a, 1024);
    record_write_error(&line, prog_name(), e, STR_NONE);
    out_put(errors, buf_str(&line));
}

bool next_record(struct lines *in, arena *a, struct record *r, struct out *errors)
{
    for (;;) {
        str line;
        struct err e;
        enum line_status status = lines_next(in, &line);
        if (status == LINE_END)
            return false;
        if (!lines_err(in, status, "standard input", &e)) {
            say(&e, errors, a);
            if (status != LINE_LONG)
                return false;
            continue;
        }
        if (record_read_keeping(a, line, "standard input", in->number, RECORD_BIT(RECORD_EMAIL), kept, r, &e))
            return true;
        say(&e, errors, a);
    }
}
