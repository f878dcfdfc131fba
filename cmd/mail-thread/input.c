#include "mail-thread.h"

/* What messages are linked by, and what is printed of them. */
static const uint64_t members = EMAIL_BIT(EMAIL_ID) | EMAIL_BIT(EMAIL_BLOB_ID) | EMAIL_BIT(EMAIL_RECEIVED_AT) | EMAIL_BIT(EMAIL_SENT_AT) |
                                EMAIL_BIT(EMAIL_MESSAGE_ID) | EMAIL_BIT(EMAIL_IN_REPLY_TO) | EMAIL_BIT(EMAIL_REFERENCES) |
                                EMAIL_BIT(EMAIL_FROM) | EMAIL_BIT(EMAIL_TO) | EMAIL_BIT(EMAIL_CC) | EMAIL_BIT(EMAIL_SUBJECT);

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
        if (record_read_members(a, line, "standard input", in->number, RECORD_BIT(RECORD_EMAIL), members, r, &e))
            return true;
        say(&e, errors, a);
    }
}
