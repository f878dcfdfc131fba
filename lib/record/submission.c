#include "record/read.h"
#include "record/values.h"

#define AT(field) offsetof(struct submission, field)

static const struct member table[SUBMISSION_MEMBERS] = {
    [SUBMISSION_ID] = {S("id"), FORM_NUMBER, AT(id), 0, 1},
    [SUBMISSION_KEY] = {S("idempotencyKey"), FORM_NAME, AT(key), 0, 0},
    [SUBMISSION_ACCOUNT] = {S("account"), FORM_NAME, AT(account), 0, 0},
    [SUBMISSION_PROFILE] = {S("profile"), FORM_NAME, AT(profile), 0, 0},
    [SUBMISSION_QUEUE] = {S("queue"), FORM_NAME, AT(queue), 0, 0},
    [SUBMISSION_BLOB_ID] = {S("blobId"), FORM_DIGEST, AT(blob_id), 0, 0},
    [SUBMISSION_PATH] = {S("path"), FORM_PATH, AT(path), 0, 0},
    [SUBMISSION_RAW] = {S("raw"), FORM_TEXT, AT(raw), 0, 0},
    [SUBMISSION_SIZE] = {S("size"), FORM_NUMBER, AT(size), 0, 0},
    [SUBMISSION_MESSAGE_ID] = {S("messageId"), FORM_NAMES, AT(message_id), 0, 0},
    [SUBMISSION_ENVELOPE] = {S("envelope"), FORM_ENVELOPE, AT(envelope), 0, 0},
    [SUBMISSION_FROM] = {S("from"), FORM_ADDRESSES, AT(from), 0, 0},
    [SUBMISSION_TO] = {S("to"), FORM_ADDRESSES, AT(to), 0, 0},
    [SUBMISSION_CC] = {S("cc"), FORM_ADDRESSES, AT(cc), 0, 0},
    [SUBMISSION_BCC] = {S("bcc"), FORM_ADDRESSES, AT(bcc), 0, 0},
    [SUBMISSION_SUBJECT] = {S("subject"), FORM_TEXT, AT(subject), 0, 0},
    [SUBMISSION_THREAD_ID] = {S("threadId"), FORM_NAME, AT(thread_id), 0, 0},
    [SUBMISSION_EMAIL_ID] = {S("emailId"), FORM_NUMBER, AT(email_id), 0, 1},
    [SUBMISSION_IN_REPLY_TO] = {S("inReplyTo"), FORM_NAMES, AT(in_reply_to), 0, 0},
    [SUBMISSION_PRIORITY] = {S("priority"), FORM_NUMBER, AT(priority), 0, INT32_MIN},
    [SUBMISSION_SEND_AT] = {S("sendAt"), FORM_TIME, AT(send_at), 0, 0},
    [SUBMISSION_UNDO_UNTIL] = {S("undoUntil"), FORM_TIME, AT(undo_until), 0, 0},
    [SUBMISSION_EXPIRES_AT] = {S("expiresAt"), FORM_TIME, AT(expires_at), 0, 0},
    [SUBMISSION_NOTIFY] = {S("notify"), FORM_NAME, AT(notify), 0, 0},
    [SUBMISSION_RET] = {S("ret"), FORM_NAME, AT(ret), 0, 0},
    [SUBMISSION_ENVID] = {S("envid"), FORM_NAME, AT(envid), 0, 0},
    [SUBMISSION_SMTPUTF8] = {S("smtputf8"), FORM_TRUTH, AT(smtputf8), 0, 0},
    [SUBMISSION_BODY_8BIT] = {S("body8bit"), FORM_TRUTH, AT(body_8bit), 0, 0},
    [SUBMISSION_TAGS] = {S("tags"), FORM_NAMES, AT(tags), 0, 0},
    [SUBMISSION_ATTEMPT] = {S("attempt"), FORM_NUMBER, AT(attempt), 0, 0},
    [SUBMISSION_LEASE] = {S("lease"), FORM_NAME, AT(lease), 0, 0},
    [SUBMISSION_LEASE_PATH] = {S("leasePath"), FORM_PATH, AT(lease_path), 0, 0},
    [SUBMISSION_STATUS] = {S("status"), FORM_NAME, AT(status), 0, 0},
    [SUBMISSION_CREATED_AT] = {S("createdAt"), FORM_TIME, AT(created_at), 0, 0},
    [SUBMISSION_AUTO_SUBMITTED] = {S("autoSubmitted"), FORM_NAME, AT(auto_submitted), 0, 0},
};

bool submission_read(const struct reading *r, const struct jnode *root, struct submission *out)
{
    struct members_found found;
    bool good = members_read(r, root, table, SUBMISSION_MEMBERS, 0, out, &found);
    out->known = found.known;
    out->nulls = found.nulls;
    out->unknown = found.unknown;
    return good;
}

void record_write_submission(struct buf *to, const struct submission *s)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"submission\",\"v\":1"));
    members_write(&w, table, SUBMISSION_MEMBERS, s, s->known, s->nulls, 0, s->unknown);
    buf_put(to, S("}\n"));
}

/* An address of the envelope goes into a command of SMTP: nothing in it may end one. */
static bool is_envelope_address(str s)
{
    bool quoted = s.len && s.ptr[0] == '"'; /* "a b"@example.com */
    return record_is_name(s) && (quoted || str_find_byte(s, ' ') < 0) && str_find_byte(s, '<') < 0 && str_find_byte(s, '>') < 0;
}

bool value_read_envelope(arena *a, const struct jnode *node, struct envelope *out)
{
    *out = (struct envelope){0};
    if (!jread_is(node, JSON_OBJECT))
        return jread_is(node, JSON_NULL);
    const struct jnode *from = jread_member(node, S("mailFrom")), *to = jread_member(node, S("rcptTo"));
    out->has_from = from != NULL;
    if (!value_text(a, from, &out->mail_from))
        return false;
    if (!out->mail_from.len)
        out->mail_from = STR_NONE;
    else if (!is_envelope_address(out->mail_from))
        return false;
    if (to && !record_read_strs(a, to, &out->rcpt_to))
        return false;
    for (ptrdiff_t i = 0; i < out->rcpt_to.n; i++)
        if (!is_envelope_address(out->rcpt_to.item[i]))
            return false;
    return true;
}

void value_write_envelope(struct jwrite *w, const struct envelope *v)
{
    jwrite_object(w);
    if (v->has_from) {
        jwrite_key(w, S("mailFrom"));
        jwrite_string(w, v->mail_from);
    }
    jwrite_key(w, S("rcptTo"));
    value_write_strs(w, &v->rcpt_to);
    jwrite_end_object(w);
}

static void add_recipients(arena *a, struct strs *list, const struct addresses *from)
{
    for (ptrdiff_t i = 0; i < from->n; i++)
        if (is_envelope_address(from->item[i].email) && !strs_have(list, from->item[i].email))
            strs_add(a, list, from->item[i].email);
}

void submission_fill_envelope(arena *a, struct submission *s)
{
    struct envelope *v = &s->envelope;
    if (!v->has_from && s->from.n && is_envelope_address(s->from.item[0].email)) {
        v->has_from = true;
        v->mail_from = s->from.item[0].email;
    }
    if (!v->rcpt_to.n) {
        add_recipients(a, &v->rcpt_to, &s->to);
        add_recipients(a, &v->rcpt_to, &s->cc);
        add_recipients(a, &v->rcpt_to, &s->bcc);
    }
    submission_knows(s, SUBMISSION_ENVELOPE);
}
