/* The last step: signatures, the message to where it belongs, its submission to stdout. */
#include "compose.h"

#include "sign/sign.h"

struct store *compose_store(struct compose *c, struct err *e)
{
    if (!c->store_asked) {
        c->store_asked = true;
        c->store = store_open(&c->run, c->store_dir, STORE_READ, &c->no_store);
        if (c->store || c->no_store.class == ERR_MISSING)
            c->no_store = (struct err){0};
    }
    *e = c->no_store;
    return c->store;
}

bool compose_signer(struct compose *c, const struct identity *id, struct err *e)
{
    if (c->signer && str_eq(c->signer_account, id->account))
        return true;
    compose_signer_close(c->signer);
    c->signer_account = str_copy(&c->run, id->account);
    c->signer = compose_signer_open(&c->run, &c->config, c->signer_account, &c->crypto, e);
    return c->signer != NULL;
}

/* ---- where the octets go ---- */

struct sink {
    struct compose *c;
    struct blob_writer *blob; /* one of the three */
    struct buf raw;
    bool to_stdout, count_only;
    int64_t size, limit;
    str account;
};

static bool put_octets(void *to, str octets, struct err *e)
{
    struct sink *s = to;
    s->size += octets.len;
    if (s->size > s->limit)
        return err_set(e, ERR_REFUSED, "message.size", "send a link in place of the file, or raise smtp.maxSize if the server takes more",
                       "the message is larger than the %lld octets that account %.*s may send", (long long)s->limit, STR_ARG(s->account));
    if (s->count_only)
        return true;
    if (s->to_stdout)
        out_put(s->c->out, octets);
    else if (s->blob)
        return blob_put(s->blob, octets, e);
    else
        buf_put(&s->raw, octets);
    return true;
}

/* What is signed is held as a whole. */
static bool write_signed(struct compose *c, const struct request *r, const struct outgoing *o, struct sink *to, struct err *e)
{
    struct sink whole = {.c = c, .raw = buf_new(&c->message, 1 << 16), .limit = to->limit, .account = to->account};
    struct strs recipients = r->recipients;
    recipients.cap = recipients.n;
    const struct header_addresses *lists[] = {&r->to, &r->cc, &r->bcc};
    str signed_message;
    for (int k = 0; k < 3 && !r->recipients.n; k++)
        for (ptrdiff_t i = 0; i < lists[k]->n; i++)
            strs_add(&c->message, &recipients, build_address_wire(&c->message, lists[k]->item[i].email, NULL));
    return o->write(o->context, put_octets, &whole, e) &&
           compose_sign(&c->message, c->signer, &recipients, buf_str(&whole.raw), &signed_message, e) && put_octets(to, signed_message, e);
}

struct digest {
    struct dkim *dkim;
    struct sink counted;
};

static bool put_digest(void *to, str octets, struct err *e)
{
    struct digest *d = to;
    dkim_put(d->dkim, octets);
    return put_octets(&d->counted, octets, e);
}

/* Once for the signature, and once behind it: a message is the same each time it is written. */
static bool write_twice(struct compose *c, const struct outgoing *o, struct sink *to, struct err *e)
{
    struct buf fields = buf_new(&c->message, 4096);
    struct digest d = {compose_dkim_begin(&c->message, c->signer), {.c = c, .limit = to->limit, .account = to->account, .count_only = true}};
    if (!o->write(o->context, put_digest, &d, e)) {
        dkim_drop(d.dkim);
        return false;
    }
    return dkim_end(d.dkim, &fields, e) && put_octets(to, buf_str(&fields), e) && o->write(o->context, put_octets, to, e);
}

static bool write_message(struct compose *c, const struct request *r, const struct outgoing *o, struct sink *to, struct err *e)
{
    if (c->signer && compose_signer_streams(c->signer))
        return write_twice(c, o, to, e);
    if (c->signer && !compose_signer_idle(c->signer))
        return write_signed(c, r, o, to, e);
    return o->write(o->context, put_octets, to, e);
}

/* Files that alone are too large are refused before they are read. */
static bool may_fit(const struct request *r, const struct identity *id, struct err *e)
{
    int64_t octets = 0;
    for (const struct enclosure *x = r->enclosures; x; x = x->next) {
        octets += x->size;
        if (x->size > id->max_attachment)
            return err_set(e, ERR_REFUSED, "message.attachment", "send a link in place of the file, or raise maxAttachment",
                           "an attachment has %lld octets, and account %.*s may send files of %lld", (long long)x->size, STR_ARG(id->account),
                           (long long)id->max_attachment);
    }
    return octets <= id->max_size ||
           err_set(e, ERR_REFUSED, "message.size", "send a link in place of the file, or raise smtp.maxSize if the server takes more",
                   "the files have %lld octets, and account %.*s may send messages of %lld", (long long)octets, STR_ARG(id->account),
                   (long long)id->max_size);
}

static bool store_message(struct compose *c, const struct request *r, const struct outgoing *o, struct sink *sink, struct submission *s,
                          struct err *e)
{
    sink->blob = blob_begin(&c->message, c->store, e);
    if (!sink->blob)
        return false;
    if (!write_message(c, r, o, sink, e)) {
        blob_drop(sink->blob);
        return false;
    }
    submission_knows(s, SUBMISSION_BLOB_ID);
    submission_knows(s, SUBMISSION_PATH);
    return blob_end(&c->message, sink->blob, &s->blob_id, &s->path, &s->size, e);
}

static bool inline_message(struct compose *c, const struct request *r, const struct outgoing *o, struct sink *sink, struct submission *s,
                           struct err *e)
{
    if (sink->limit > RAW_SIZE)
        sink->limit = RAW_SIZE;
    sink->raw = buf_new(&c->message, 1 << 16);
    if (!write_message(c, r, o, sink, e)) {
        if (sink->size > RAW_SIZE && sink->limit == RAW_SIZE && strcmp(e->code, "message.size") == 0)
            err_set(e, ERR_MISSING, "message.store", "mail-store init makes one; -s names another",
                    "a message of over %d octets fits into no record, and there is no store for it", RAW_SIZE);
        return false;
    }
    struct buf text = buf_new(&c->message, sink->raw.len / 3 * 4 + 4);
    base64_encode(buf_str(&sink->raw), 0, &text);
    s->raw = buf_str(&text);
    s->size = sink->raw.len;
    submission_knows(s, SUBMISSION_RAW);
    return true;
}

/* ---- the record ---- */

static void set_people(arena *a, struct submission *s, enum submission_member member, struct addresses *out, const struct header_addresses *list)
{
    if (!list->n)
        return;
    out->item = ARENA_ARRAY(a, struct address, list->n);
    for (ptrdiff_t i = 0; i < list->n; i++)
        out->item[out->n++] = (struct address){list->item[i].name.len ? list->item[i].name : STR_NONE, list->item[i].email};
    submission_knows(s, member);
}

static void add_recipient(arena *a, struct submission *s, str email)
{
    struct strs *to = &s->envelope.rcpt_to;
    str wire = build_address_wire(a, email, &s->smtputf8);
    for (ptrdiff_t k = 0; k < to->n; k++)
        if (str_eq_nocase(to->item[k], wire))
            return;
    strs_add(a, to, wire);
}

static void add_recipients(arena *a, struct submission *s, const struct header_addresses *list)
{
    for (ptrdiff_t i = 0; i < list->n; i++)
        add_recipient(a, s, list->item[i].email);
}

static void set_envelope(arena *a, const struct request *r, const struct identity *id, struct submission *s)
{
    bool from_utf8 = false;
    str from = build_address_wire(a, id->from.email, &from_utf8);
    s->smtputf8 = from_utf8;
    s->envelope = (struct envelope){.has_from = true, .mail_from = from};
    if (r->has_mail_from)
        s->envelope.mail_from = r->mail_from.len ? build_address_wire(a, r->mail_from, &s->smtputf8) : STR_NONE;
    for (ptrdiff_t i = 0; i < r->recipients.n; i++)
        add_recipient(a, s, r->recipients.item[i]);
    if (!r->recipients.n) {
        add_recipients(a, s, &r->to);
        add_recipients(a, s, &r->cc);
        add_recipients(a, s, &r->bcc);
    }
    for (ptrdiff_t i = 0; i < r->reply_to.n; i++)
        build_address_wire(a, r->reply_to.item[i].email, &s->smtputf8);
    submission_knows(s, SUBMISSION_ENVELOPE);
    if (s->smtputf8)
        submission_knows(s, SUBMISSION_SMTPUTF8);
}

static void set_text(struct submission *s, enum submission_member member, str *to, str value)
{
    if (!value.len)
        return;
    *to = value;
    submission_knows(s, member);
}

static void set_time(struct submission *s, enum submission_member member, int64_t *to, int64_t value)
{
    if (!value)
        return;
    *to = value;
    submission_knows(s, member);
}

static void set_wishes(const struct request *r, struct submission *s)
{
    set_text(s, SUBMISSION_KEY, &s->key, r->key);
    set_text(s, SUBMISSION_ACCOUNT, &s->account, r->account);
    set_text(s, SUBMISSION_PROFILE, &s->profile, r->profile);
    set_text(s, SUBMISSION_QUEUE, &s->queue, r->queue);
    set_text(s, SUBMISSION_SUBJECT, &s->subject, r->subject);
    set_text(s, SUBMISSION_NOTIFY, &s->notify, r->notify);
    set_text(s, SUBMISSION_RET, &s->ret, r->ret);
    set_text(s, SUBMISSION_ENVID, &s->envid, r->envid);
    set_text(s, SUBMISSION_AUTO_SUBMITTED, &s->auto_submitted, r->auto_submitted);
    set_time(s, SUBMISSION_PRIORITY, &s->priority, r->priority);
    set_time(s, SUBMISSION_SEND_AT, &s->send_at, r->send_at);
    set_time(s, SUBMISSION_UNDO_UNTIL, &s->undo_until, r->undo_until);
    set_time(s, SUBMISSION_EXPIRES_AT, &s->expires_at, r->expires_at);
    set_time(s, SUBMISSION_CREATED_AT, &s->created_at, r->now);
    s->tags = r->tags;
    if (r->tags.n)
        submission_knows(s, SUBMISSION_TAGS);
}

static void set_original(const struct request *r, struct submission *s)
{
    s->in_reply_to = r->in_reply_to;
    if (r->in_reply_to.n)
        submission_knows(s, SUBMISSION_IN_REPLY_TO);
    if (!r->original)
        return;
    set_text(s, SUBMISSION_THREAD_ID, &s->thread_id, r->original->thread_id);
    if (email_has(r->original, EMAIL_ID)) {
        s->email_id = r->original->id;
        submission_knows(s, SUBMISSION_EMAIL_ID);
    }
}

static void describe(struct compose *c, const struct request *r, const struct outgoing *o, struct submission *s)
{
    arena *a = &c->message;
    struct header_addresses from = {(struct header_address *)&o->identity->from, 1, 1};
    set_wishes(r, s);
    set_envelope(a, r, o->identity, s);
    set_people(a, s, SUBMISSION_FROM, &s->from, r->from.n ? &r->from : &from);
    set_people(a, s, SUBMISSION_TO, &s->to, &r->to);
    set_people(a, s, SUBMISSION_CC, &s->cc, &r->cc);
    set_people(a, s, SUBMISSION_BCC, &s->bcc, &r->bcc);
    set_original(r, s);
    if (r->message_id.len) {
        strs_add(a, &s->message_id, r->message_id);
        submission_knows(s, SUBMISSION_MESSAGE_ID);
    }
    s->body_8bit = o->eight_bit;
    if (o->eight_bit)
        submission_knows(s, SUBMISSION_BODY_8BIT);
}

bool emit(struct compose *c, struct request *r, const struct outgoing *o, struct err *e)
{
    struct sink sink = {.c = c, .limit = o->identity->max_size, .account = o->identity->account, .to_stdout = c->dry_run};
    struct submission s = {0};
    if (!may_fit(r, o->identity, e))
        return false;
    if (c->dry_run) { /* nothing is printed of a message that is refused */
        struct sink probe = {.c = c, .limit = sink.limit, .account = sink.account, .count_only = true};
        return write_message(c, r, o, &probe, e) && write_message(c, r, o, &sink, e);
    }
    bool stored = !c->raw && compose_store(c, e);
    if (!c->raw && e->class)
        return false;
    if (!(stored ? store_message(c, r, o, &sink, &s, e) : inline_message(c, r, o, &sink, &s, e)))
        return false;
    describe(c, r, o, &s);
    submission_knows(&s, SUBMISSION_SIZE);
    struct buf line = buf_new(&c->message, s.raw.len + 2048);
    record_write_submission(&line, &s);
    out_put(c->out, buf_str(&line));
    return true;
}
