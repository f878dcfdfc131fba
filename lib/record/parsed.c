/* What the parser of lib/mime found, as members of an email. */
#include "mime/mime.h"
#include "record/record.h"

enum {
    PREVIEW_CHARS = 256,
    PREVIEW_LOOK = 8192, /* octets of the text that are looked at for the preview */
    SUBJECT_OCTETS = 1 << 16
};

struct mapping {
    arena *a;
    struct mime *mime;
    struct charsets *charsets;
    const struct mime_message *m;
    struct email *e;
};

static void cut(struct mapping *x, str member) { strs_add(x->a, &x->e->truncated, member); }

static void read_addresses(struct mapping *x, enum header_name id, enum email_member member, str name, struct addresses *out)
{
    struct header_addresses list = {0};
    for (const struct field *f = header_first(&x->m->header, id); f; f = header_next(&x->m->header, f)) {
        unsigned flags = 0;
        header_addresses(x->a, x->charsets, f->body, &list, &flags);
        mime_note(x->mime, flags, f->offset);
    }
    if (list.n >= HEADER_ADDRESSES)
        cut(x, name);
    *out = (struct addresses){ARENA_ARRAY(x->a, struct address, list.n), list.n};
    for (ptrdiff_t i = 0; i < list.n; i++)
        out->item[i] = (struct address){list.item[i].name, list.item[i].email};
    email_knows(x->e, member);
}

static void read_ids(struct mapping *x, enum header_name id, enum email_member member, str name, struct strs *out)
{
    *out = (struct strs){0};
    header_ids(x->a, header_body(&x->m->header, id), out);
    if (out->n >= HEADER_IDS)
        cut(x, name);
    email_knows(x->e, member);
}

static void read_people(struct mapping *x)
{
    struct email *e = x->e;
    read_addresses(x, HEADER_FROM, EMAIL_FROM, S("from"), &e->from);
    read_addresses(x, HEADER_TO, EMAIL_TO, S("to"), &e->to);
    read_addresses(x, HEADER_CC, EMAIL_CC, S("cc"), &e->cc);
    read_addresses(x, HEADER_BCC, EMAIL_BCC, S("bcc"), &e->bcc);
    read_addresses(x, HEADER_REPLY_TO, EMAIL_REPLY_TO, S("replyTo"), &e->reply_to);
    read_addresses(x, HEADER_SENDER, EMAIL_SENDER, S("sender"), &e->sender);
}

static void read_thread(struct mapping *x)
{
    struct email *e = x->e;
    const struct field *f = header_first(&x->m->header, HEADER_MESSAGE_ID);
    str id = f ? header_message_id(x->a, f->body) : STR_NONE;
    e->message_id = (struct strs){0};
    if (id.len)
        strs_add(x->a, &e->message_id, id);
    email_knows(e, EMAIL_MESSAGE_ID);
    read_ids(x, HEADER_IN_REPLY_TO, EMAIL_IN_REPLY_TO, S("inReplyTo"), &e->in_reply_to);
    read_ids(x, HEADER_REFERENCES, EMAIL_REFERENCES, S("references"), &e->references);
}

static void read_subject(struct mapping *x)
{
    const struct field *f = header_first(&x->m->header, HEADER_SUBJECT);
    unsigned flags = 0;
    x->e->subject = f ? header_text(x->a, x->charsets, f->body, &flags) : STR_NONE;
    if (f)
        mime_note(x->mime, flags, f->offset);
    if (x->e->subject.len > SUBJECT_OCTETS) {
        x->e->subject = utf8_first(x->e->subject, SUBJECT_OCTETS);
        cut(x, S("subject"));
    }
    email_knows(x->e, EMAIL_SUBJECT);
}

static void read_date(struct mapping *x)
{
    struct email *e = x->e;
    e->known &= ~EMAIL_BIT(EMAIL_SENT_AT);
    const struct field *f = header_first(&x->m->header, HEADER_DATE);
    if (!f)
        return;
    if (header_date(f->body, &e->sent_at, &e->sent_zone))
        email_knows(e, EMAIL_SENT_AT);
    else
        mime_defect(x->mime, S("header.date"), f->offset);
}

/* White space folded to one space. */
static str preview_of(arena *a, str text)
{
    char *to = arena_alloc(a, 4 * PREVIEW_CHARS, 1);
    ptrdiff_t n = 0, chars = 0;
    text = utf8_first(text, PREVIEW_LOOK);
    for (ptrdiff_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool space = c <= ' ' || c == 127, more = (c & 0xC0) == 0x80; /* more octets of a character */
        if (space && (n == 0 || to[n - 1] == ' '))
            continue;
        if (!more && ++chars > PREVIEW_CHARS)
            break;
        to[n++] = space ? ' ' : (char)c;
    }
    return str_trim_right(str_of(to, n));
}

static void read_text(struct mapping *x)
{
    const struct mime_message *m = x->m;
    struct email *e = x->e;
    e->text = m->text_parts ? m->text.ptr ? m->text : S("") : STR_NONE;
    e->text_from = m->text_parts ? m->text_from_html ? S("html") : S("plain") : STR_NONE;
    e->text_parts = m->text_parts;
    e->html = m->html;
    e->preview = m->text_parts ? preview_of(x->a, m->text) : STR_NONE;
    if (m->text_cut)
        cut(x, S("text"));
    if (m->html_cut)
        cut(x, S("html"));
    email_knows(e, EMAIL_TEXT);
    email_knows(e, EMAIL_TEXT_FROM);
    email_knows(e, EMAIL_TEXT_PARTS);
    email_knows(e, EMAIL_HTML);
    email_knows(e, EMAIL_PREVIEW);
}

/* What a person would look for: neither a signature nor a picture that the HTML shows. */
static bool counts(const struct mime_message *m, const struct mime_part *p)
{
    if (str_ends(p->type, S("pgp-signature")) || str_ends(p->type, S("pkcs7-signature")))
        return false;
    bool related = p->parent >= 0 && str_eq(m->part[p->parent].type, S("multipart/related"));
    return !(p->cid.len && !str_eq(p->disposition, S("attachment")) && (related || str_eq(p->disposition, S("inline"))));
}

static void read_attachments(struct mapping *x)
{
    const struct mime_message *m = x->m;
    struct email *e = x->e;
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < m->n_parts; i++)
        n += m->part[i].attachment;
    e->attachments = ARENA_ARRAY(x->a, struct attachment, n);
    e->n_attachments = 0;
    e->has_attachment = false;
    for (ptrdiff_t i = 0; i < m->n_parts; i++) {
        const struct mime_part *p = &m->part[i];
        if (!p->attachment)
            continue;
        e->attachments[e->n_attachments++] = (struct attachment){
            .part_id = p->id, .name = p->name, .type = p->type, .size = p->size, .sha256 = p->sha256, .disposition = p->disposition, .cid = p->cid};
        e->has_attachment = e->has_attachment || counts(m, p);
    }
    email_knows(e, EMAIL_ATTACHMENTS);
    email_knows(e, EMAIL_HAS_ATTACHMENT);
}

static str list_json(arena *a, const struct header *h)
{
    struct header_list list;
    if (!header_list(a, h, &list))
        return STR_NONE;
    struct buf b = buf_new(a, 256);
    struct jwrite w = {.to = &b};
    jwrite_object(&w);
    jwrite_key(&w, S("id"));
    jwrite_string(&w, list.id);
    jwrite_key(&w, S("post"));
    jwrite_string(&w, list.post);
    jwrite_key(&w, S("unsubscribe"));
    jwrite_array(&w);
    for (ptrdiff_t i = 0; i < list.unsubscribe.n; i++)
        jwrite_string(&w, list.unsubscribe.item[i]);
    jwrite_end_array(&w);
    jwrite_key(&w, S("oneClick"));
    jwrite_bool(&w, list.one_click);
    jwrite_end_object(&w);
    return buf_str(&b);
}

static void read_rest(struct mapping *x)
{
    struct email *e = x->e;
    e->structure = x->m->structure;
    e->importance = header_importance(&x->m->header);
    e->auto_submitted = header_auto_submitted(&x->m->header);
    e->list = list_json(x->a, &x->m->header);
    e->bounce = x->m->bounce ? record_bounce_json(x->a, x->m->bounce) : STR_NONE;
    email_knows(e, EMAIL_STRUCTURE);
    email_knows(e, EMAIL_IMPORTANCE);
    email_knows(e, EMAIL_AUTO_SUBMITTED);
    email_knows(e, EMAIL_LIST);
    email_knows(e, EMAIL_BOUNCE);
}

static void read_defects(struct mapping *x)
{
    const struct mime_message *m = x->m;
    struct email *e = x->e;
    e->defects = ARENA_ARRAY(x->a, struct defect, m->n_defects);
    e->n_defects = m->n_defects;
    for (ptrdiff_t i = 0; i < m->n_defects; i++)
        e->defects[i] = (struct defect){m->defect[i].code, m->defect[i].offset};
    email_knows(e, EMAIL_DEFECTS);
    e->known &= ~EMAIL_BIT(EMAIL_TRUNCATED);
    if (e->truncated.n)
        email_knows(e, EMAIL_TRUNCATED);
}

void record_from_mime(arena *a, struct mime *mime, const struct mime_message *m, struct email *e)
{
    struct mapping x = {a, mime, mime_charsets(mime), m, e};
    e->truncated = (struct strs){0};
    e->size = m->size;
    email_knows(e, EMAIL_SIZE);
    if (m->sha256.len) {
        e->blob_id = m->sha256;
        email_knows(e, EMAIL_BLOB_ID);
    }
    read_date(&x);
    read_thread(&x);
    read_people(&x);
    read_subject(&x);
    read_text(&x);
    read_attachments(&x);
    read_rest(&x);
    read_defects(&x);
}

void record_headers_from_mime(arena *a, struct mime *mime, const struct mime_message *m, struct email *e)
{
    e->n_headers = m->header.n;
    e->headers = ARENA_ARRAY(a, struct header_field, m->header.n);
    for (ptrdiff_t i = 0; i < m->header.n; i++) {
        const struct field *f = &m->header.field[i];
        e->headers[i] = (struct header_field){f->name, header_text(a, mime_charsets(mime), f->body, NULL)};
    }
    email_knows(e, EMAIL_HEADERS);
}
