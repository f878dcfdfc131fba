#include "parse.h"

/* Status and X-Status, as mail readers keep flags in a mbox. */
static void status_keywords(arena *a, const struct header *h, struct email *e)
{
    static const struct {
        char letter;
        str keyword;
    } table[] = {{'R', {"$seen", 5}}, {'A', {"$answered", 9}}, {'F', {"$flagged", 8}}, {'D', {"$deleted", 8}}, {'T', {"$draft", 6}}};
    const struct field *status = header_first(h, HEADER_STATUS), *more = header_first(h, HEADER_X_STATUS);
    if (!status && !more)
        return;
    e->keywords = (struct strs){0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if ((status && str_find_byte(status->body, table[i].letter) >= 0) || (more && str_find_byte(more->body, table[i].letter) >= 0))
            strs_add(a, &e->keywords, table[i].keyword);
    email_knows(e, EMAIL_KEYWORDS);
}

/* INTERNALDATE of the record, the From line, the first Received, Date, the file's time: the first that is there. */
static void set_received(const struct mime_message *m, const struct about *about, struct email *e)
{
    const struct mbox_from *from = about->box ? &about->box->from : &about->from;
    const struct field *received = header_first(&m->header, HEADER_RECEIVED);
    if (email_has(e, EMAIL_RECEIVED_AT))
        return;
    if (from->dated)
        e->received_at = from->time;
    else if (received && header_received_date(received->body, &e->received_at, NULL))
        ;
    else if (email_has(e, EMAIL_SENT_AT))
        e->received_at = e->sent_at;
    else if (about->modified >= 0)
        e->received_at = about->modified;
    else
        return;
    email_knows(e, EMAIL_RECEIVED_AT);
}

static void set_direction(struct email *e)
{
    e->direction = S("inbound");
    for (ptrdiff_t i = 0; i < e->from.n; i++)
        for (ptrdiff_t k = 0; k < settings.me.n; k++)
            if (str_eq_nocase(e->from.item[i].email, settings.me.item[k]))
                e->direction = S("outbound");
    email_knows(e, EMAIL_DIRECTION);
}

static void set_place(arena *a, const struct mime_message *m, const struct about *about, struct email *e)
{
    bool named = about->path.len && utf8_valid(about->path); /* else it travels in raw */
    if (named) {
        e->path = about->path;
        email_knows(e, EMAIL_PATH);
    }
    if (about->box && named) {
        e->offset = about->box->offset;
        e->length = about->box->length;
        e->format = mbox_format_name(about->box->format);
        email_knows(e, EMAIL_OFFSET);
        email_knows(e, EMAIL_LENGTH);
        email_knows(e, EMAIL_FORMAT);
    }
    if (about->box)
        status_keywords(a, &m->header, e);
    if (about->file && about->file->maildir) {
        maildir_keywords(a, about->path, &e->keywords);
        email_knows(e, EMAIL_KEYWORDS);
    }
    str mailbox = settings.mailbox.len ? settings.mailbox : about->file ? about->file->mailbox : STR_NONE;
    if (mailbox.len) {
        strs_add(a, &e->mailboxes, mailbox);
        email_knows(e, EMAIL_MAILBOXES);
    }
}

void email_about(arena *a, const struct mime_message *m, const struct about *about, struct email *e)
{
    if (!about->from_record)
        set_place(a, m, about, e);
    if (settings.account.len || !email_has(e, EMAIL_ACCOUNT)) {
        e->account = settings.account.len ? settings.account : S("local");
        email_knows(e, EMAIL_ACCOUNT);
    }
    set_received(m, about, e);
    if (!email_has(e, EMAIL_DIRECTION) || settings.me.n)
        set_direction(e);
}

void inline_put(struct inline_raw *r, str octets)
{
    r->octets += octets.len;
    if (r->octets > INLINE_OCTETS)
        return;
    while (octets.len && r->n_rest) {
        r->rest[r->n_rest++] = octets.ptr[0];
        octets = str_skip(octets, 1);
        if (r->n_rest == 3) {
            base64_encode(str_of(r->rest, 3), 0, &r->text);
            r->n_rest = 0;
        }
    }
    ptrdiff_t whole = octets.len / 3 * 3;
    base64_encode(str_first(octets, whole), 0, &r->text);
    for (ptrdiff_t i = whole; i < octets.len; i++)
        r->rest[r->n_rest++] = octets.ptr[i];
}

void inline_end(arena *a, struct inline_raw *r, struct email *e)
{
    if (r->octets > INLINE_OCTETS) {
        strs_add(a, &e->truncated, S("raw"));
        email_knows(e, EMAIL_TRUNCATED);
        return;
    }
    base64_encode(str_of(r->rest, r->n_rest), 0, &r->text);
    e->raw = buf_str(&r->text);
    email_knows(e, EMAIL_RAW);
}

void email_narrow(struct email *e)
{
    e->known &= settings.members;
    e->nulls &= settings.members;
    e->unknown = STR_NONE;
}

static void cut(arena *a, struct email *e, str member)
{
    if (!strs_have(&e->truncated, member))
        strs_add(a, &e->truncated, member);
    email_knows(e, EMAIL_TRUNCATED);
}

static void cut_text(arena *a, struct email *e, str *text, str member)
{
    if (text->len <= SHORT_TEXT)
        return;
    *text = utf8_first(*text, SHORT_TEXT);
    cut(a, e, member);
}

/* Of a line: mail-thread and others add members to it, and theirs must not be too long. */
enum { LINE_OCTETS = LINE_MAX_OCTETS - (64 << 10) };

void email_write(arena *a, struct buf *out, struct email *e)
{
    ptrdiff_t before = out->len;
    record_write_email(out, e);
    if (out->len - before <= LINE_OCTETS)
        return;
    out->len = before;
    cut_text(a, e, &e->text, S("text"));
    cut_text(a, e, &e->html, S("html"));
    if (email_has(e, EMAIL_HEADERS)) {
        e->known &= ~EMAIL_BIT(EMAIL_HEADERS);
        cut(a, e, S("headers"));
    }
    record_write_email(out, e);
    if (out->len - before <= LINE_OCTETS || !email_has(e, EMAIL_RAW))
        return;
    out->len = before;
    e->known &= ~EMAIL_BIT(EMAIL_RAW);
    cut(a, e, S("raw"));
    record_write_email(out, e);
}
