#include "fetch.h"

/* IMAP's system flags as JMAP spells them (RFC 8621 4.1.1); keywords in lower case. \Recent says nothing about the message. */
static str keyword_of(arena *a, str flag)
{
    if (str_eq_nocase(flag, S("\\Recent")))
        return STR_NONE;
    if (str_starts(flag, S("\\")))
        return str_lower(a, str_fmt(a, "$%.*s", STR_ARG(str_skip(flag, 1))));
    return utf8_scrub(a, str_lower(a, flag));
}

static void put_keywords(arena *a, const struct strs *flags, struct strs *out)
{
    for (ptrdiff_t i = 0; i < flags->n; i++) {
        str word = keyword_of(a, flags->item[i]);
        if (word.len && !strs_have(out, word))
            strs_add(a, out, word);
    }
}

static void write_out(struct run *r, const struct buf *line) { out_put(r->out, buf_str(line)); }

void emit_email(struct run *r, const struct place_of_mail *where, const struct imap_message *m, uint32_t after, str blob_id, str path,
                int64_t size)
{
    arena *a = &r->message;
    struct email x = {.blob_id = blob_id, .path = path, .size = size, .account = where->account};
    uint64_t known = EMAIL_BIT(EMAIL_BLOB_ID) | EMAIL_BIT(EMAIL_PATH) | EMAIL_BIT(EMAIL_SIZE) | EMAIL_BIT(EMAIL_ACCOUNT) |
                     EMAIL_BIT(EMAIL_MAILBOXES) | EMAIL_BIT(EMAIL_KEYWORDS) | EMAIL_BIT(EMAIL_SOURCE);
    strs_add(a, &x.mailboxes, where->mailbox);
    put_keywords(a, &m->flags, &x.keywords);
    if (m->has_date) {
        known |= EMAIL_BIT(EMAIL_RECEIVED_AT);
        x.received_at = m->internal_date;
    }
    x.known = known;
    x.source = (struct source){.protocol = S("imap"), .host = where->host, .mailbox = where->mailbox,
                               .uid_validity = where->uid_validity, .uid = m->uid, .after = after, .modseq = m->modseq,
                               .fetched_at = now_s()};
    struct buf line = buf_new(a, 1024);
    record_write_email(&line, &x);
    write_out(r, &line);
}

void emit_poll(struct run *r, const struct poll *p)
{
    struct buf line = buf_new(&r->message, 1024);
    record_write_poll(&line, p);
    write_out(r, &line);
    out_flush(r->out);
}

void emit_error(struct run *r, const struct err *e, str account, str mailbox, uint32_t uid)
{
    arena *a = &r->message;
    struct buf object = buf_new(a, 512), line = buf_new(a, 2048);
    struct jwrite w = {.to = &object};
    jwrite_object(&w);
    jwrite_key(&w, S("account"));
    jwrite_string(&w, account);
    if (mailbox.len) {
        jwrite_key(&w, S("mailbox"));
        jwrite_string(&w, mailbox);
    }
    if (uid) {
        jwrite_key(&w, S("uid"));
        jwrite_i64(&w, uid);
    }
    jwrite_end_object(&w);
    str members = str_slice(buf_str(&object), 1, object.len - 1);
    record_write_error(&line, prog_name(), e, members);
    write_out(r, &line);
    progress_clear(&r->progress);
    if (prog_stopping() && !out_flush(r->out) && r->out->closed) /* nobody reads any more: it ends without a word */
        return;
    struct err named = *e;
    err_set(&named, e->class, e->code, e->hint, "%.*s%s%.*s: %s", STR_ARG(account), mailbox.len ? " " : "", STR_ARG(mailbox), e->text);
    err_stage(&named, e->stage);
    err_server(&named, str_c(e->server));
    prog_error(&named);
}
