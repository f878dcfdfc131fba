#include "record/read.h"

#define AT(field) offsetof(struct email, field)

static const struct member table[EMAIL_MEMBERS] = {
    [EMAIL_ID] = {S("id"), FORM_NUMBER, AT(id), 0, 1},
    [EMAIL_BLOB_ID] = {S("blobId"), FORM_DIGEST, AT(blob_id), 0, 0},
    [EMAIL_PATH] = {S("path"), FORM_PATH, AT(path), 0, 0},
    [EMAIL_OFFSET] = {S("offset"), FORM_NUMBER, AT(offset), 0, 0},
    [EMAIL_LENGTH] = {S("length"), FORM_NUMBER, AT(length), 0, 0},
    [EMAIL_FORMAT] = {S("format"), FORM_WORD, AT(format), 0, WORDS_FORMAT},
    [EMAIL_RAW] = {S("raw"), FORM_TEXT, AT(raw), 0, 0},
    [EMAIL_SIZE] = {S("size"), FORM_NUMBER, AT(size), 0, 0},
    [EMAIL_ACCOUNT] = {S("account"), FORM_NAME, AT(account), 0, 0},
    [EMAIL_MAILBOXES] = {S("mailboxes"), FORM_NAMES, AT(mailboxes), 0, 0},
    [EMAIL_KEYWORDS] = {S("keywords"), FORM_NAMES, AT(keywords), 0, 0},
    [EMAIL_RECEIVED_AT] = {S("receivedAt"), FORM_TIME, AT(received_at), 0, 0},
    [EMAIL_SENT_AT] = {S("sentAt"), FORM_ZONED, AT(sent_at), AT(sent_zone), 0},
    [EMAIL_MESSAGE_ID] = {S("messageId"), FORM_TEXTS, AT(message_id), 0, 0},
    [EMAIL_IN_REPLY_TO] = {S("inReplyTo"), FORM_TEXTS, AT(in_reply_to), 0, 0},
    [EMAIL_REFERENCES] = {S("references"), FORM_TEXTS, AT(references), 0, 0},
    [EMAIL_THREAD_ID] = {S("threadId"), FORM_NAME, AT(thread_id), 0, 0},
    [EMAIL_MERGED_THREADS] = {S("mergedThreads"), FORM_NAMES, AT(merged_threads), 0, 0},
    [EMAIL_FROM] = {S("from"), FORM_ADDRESSES, AT(from), 0, 0},
    [EMAIL_TO] = {S("to"), FORM_ADDRESSES, AT(to), 0, 0},
    [EMAIL_CC] = {S("cc"), FORM_ADDRESSES, AT(cc), 0, 0},
    [EMAIL_BCC] = {S("bcc"), FORM_ADDRESSES, AT(bcc), 0, 0},
    [EMAIL_REPLY_TO] = {S("replyTo"), FORM_ADDRESSES, AT(reply_to), 0, 0},
    [EMAIL_SENDER] = {S("sender"), FORM_ADDRESSES, AT(sender), 0, 0},
    [EMAIL_SUBJECT] = {S("subject"), FORM_TEXT, AT(subject), 0, 0},
    [EMAIL_PREVIEW] = {S("preview"), FORM_TEXT, AT(preview), 0, 0},
    [EMAIL_TEXT] = {S("text"), FORM_TEXT, AT(text), 0, 0},
    [EMAIL_TEXT_FROM] = {S("textFrom"), FORM_WORD, AT(text_from), 0, WORDS_TEXT_FROM},
    [EMAIL_TEXT_PARTS] = {S("textParts"), FORM_NUMBER, AT(text_parts), 0, 0},
    [EMAIL_HTML] = {S("html"), FORM_TEXT, AT(html), 0, 0},
    [EMAIL_TRUNCATED] = {S("truncated"), FORM_TEXTS, AT(truncated), 0, 0},
    [EMAIL_ATTACHMENTS] = {S("attachments"), FORM_ATTACHMENTS, AT(attachments), AT(n_attachments), 0},
    [EMAIL_HAS_ATTACHMENT] = {S("hasAttachment"), FORM_TRUTH, AT(has_attachment), 0, 0},
    [EMAIL_STRUCTURE] = {S("structure"), FORM_TEXT, AT(structure), 0, 0},
    [EMAIL_IMPORTANCE] = {S("importance"), FORM_WORD, AT(importance), 0, WORDS_IMPORTANCE},
    [EMAIL_LIST] = {S("list"), FORM_OBJECT, AT(list), 0, 0},
    [EMAIL_DIRECTION] = {S("direction"), FORM_WORD, AT(direction), 0, WORDS_DIRECTION},
    [EMAIL_AUTO_SUBMITTED] = {S("autoSubmitted"), FORM_TEXT, AT(auto_submitted), 0, 0},
    [EMAIL_CATEGORY] = {S("category"), FORM_TEXT, AT(category), 0, 0},
    [EMAIL_STATUS] = {S("status"), FORM_TEXT, AT(status), 0, 0},
    [EMAIL_BOUNCE] = {S("bounce"), FORM_OBJECT, AT(bounce), 0, 0},
    [EMAIL_EXTRACTED] = {S("extracted"), FORM_OBJECT, AT(extracted), 0, 0},
    [EMAIL_DEFECTS] = {S("defects"), FORM_DEFECTS, AT(defects), AT(n_defects), 0},
    [EMAIL_REPAIRS] = {S("repairs"), FORM_ARRAY, AT(repairs), 0, 0},
    [EMAIL_HEADERS] = {S("headers"), FORM_HEADERS, AT(headers), AT(n_headers), 0},
    [EMAIL_SOURCE] = {S("source"), FORM_SOURCE, AT(source), 0, 0},
};

bool email_read(const struct reading *r, const struct jnode *root, uint64_t kept, struct email *out)
{
    struct members_found found;
    bool good = members_read(r, root, table, EMAIL_MEMBERS, kept, out, &found);
    out->known = found.known;
    out->nulls = found.nulls;
    out->kept = kept;
    out->unknown = found.unknown;
    return good;
}

static int member_named(str name)
{
    for (int i = 0; i < EMAIL_MEMBERS; i++)
        if (str_eq(table[i].name, name))
            return i;
    return -1;
}

bool record_email_members(str names, uint64_t *members, str *wrong)
{
    *members = 0;
    while (names.len) {
        str_cut(names, ',', wrong, &names);
        *wrong = str_trim(*wrong);
        int member = member_named(*wrong);
        if (member < 0)
            return false;
        *members |= EMAIL_BIT(member);
    }
    return true;
}

void record_write_email_members(struct jwrite *w, const struct email *m, uint64_t wanted, bool unknown)
{
    members_write(w, table, EMAIL_MEMBERS, m, m->known & wanted, m->nulls & wanted, m->kept, unknown ? m->unknown : STR_NONE);
}

void record_write_email(struct buf *to, const struct email *m)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"email\",\"v\":1"));
    members_write(&w, table, EMAIL_MEMBERS, m, m->known, m->nulls, m->kept, m->unknown);
    buf_put(to, S("}\n"));
}
