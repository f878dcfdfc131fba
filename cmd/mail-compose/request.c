/* Requests: one JSON object a line, in our names or in those of other mailers; and the checks that options share. */
#include "compose.h"

#include "date/date.h"

#include <stddef.h>

/* ---- pieces ---- */

bool request_address(arena *a, struct header_addresses *to, str text, const char *what, enum err_class wrong, struct err *e)
{
    return build_address_read(a, text, what, wrong, to, e);
}

/* Fields that mail-compose writes itself, or that others write on the way. */
static bool is_reserved(str name)
{
    static const char *const names[] = {
        "From", "To", "Cc", "Bcc", "Reply-To", "Sender", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version",
        "Return-Path", "Received", "DKIM-Signature", "Auto-Submitted", "List-Unsubscribe", "List-Unsubscribe-Post", "Delivered-To",
        "Disposition-Notification-To", "Importance", "X-Priority",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(name, str_c(names[i])))
            return true;
    return str_starts_nocase(name, S("Content-")) || str_starts_nocase(name, S("Resent-"));
}

bool request_field(arena *a, struct request *r, str name, str value, struct err *e)
{
    name = str_trim_right(name);
    if (!build_name_ok(name, e) || !build_value_ok(value, "a header", e))
        return false;
    if (is_reserved(name))
        return err_set(e, ERR_INPUT, "header.reserved", "it has an option of its own, or is written by itself", "%.*s cannot be given as a header",
                       STR_ARG(name));
    r->field = arena_grow(a, r->field, (size_t)r->n_fields * sizeof *r->field, (size_t)(r->n_fields + 1) * sizeof *r->field,
                          _Alignof(struct extra_field));
    r->field[r->n_fields++] = (struct extra_field){name, str_trim(value)};
    return true;
}

bool request_time(str text, int64_t now, const char *what, enum err_class wrong, int64_t *out, struct err *e)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int64_t n;
    str digits = str_starts(text, S("+")) ? str_skip(text, 1) : STR_NONE;
    if (date_parse_3339(text, out, NULL) || date_local_day(text, out))
        return true;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (digits.len && digits.ptr[digits.len - 1] == units[i].unit && str_i64(str_first(digits, digits.len - 1), 0, 100000000, &n)) {
            *out = now + n * units[i].seconds;
            return true;
        }
    if (str_i64(digits, 0, 10000000000, &n)) {
        *out = now + n;
        return true;
    }
    return err_set(e, wrong, "request.time", "2026-08-22T09:00:00+02:00, 2026-08-22, +90s, +30m, +2h or +1d", "%s: \"%.*s\" is no time", what,
                   STR_ARG(text));
}

bool request_word(str value, const char *words, const char *what, enum err_class wrong, struct err *e)
{
    str rest = str_c(words), word;
    while (rest.len) {
        str_cut(rest, ' ', &word, &rest);
        if (str_eq(word, value))
            return true;
    }
    return err_set(e, wrong, "request.word", NULL, "%s is one of: %s", what, words);
}

bool request_unsubscribe(str url, struct err *e)
{
    bool good = str_starts_nocase(url, S("https://")) || str_starts_nocase(url, S("http://")) || str_starts_nocase(url, S("mailto:"));
    for (ptrdiff_t i = 0; i < url.len; i++)
        good = good && url.ptr[i] > 32 && url.ptr[i] < 127 && url.ptr[i] != '<' && url.ptr[i] != '>' && url.ptr[i] != ',';
    return (good && url.len <= 900) || err_set(e, ERR_INPUT, "header.url", "https://lists.example.com/u/123 or mailto:leave@example.com",
                                               "the address to unsubscribe at is no URL");
}

bool request_id(arena *a, str text, const char *what, struct strs *out, struct err *e)
{
    ptrdiff_t before = out->n;
    if (!build_value_ok(text, what, e))
        return false;
    if (str_find_byte(text, '<') < 0 && str_find_byte(text, '@') > 0 && str_find_byte(text, ' ') < 0)
        strs_add(a, out, text);
    else
        header_ids(a, text, out);
    return out->n > before || err_set(e, ERR_INPUT, "header.id", NULL, "%s: \"%.*s\" is no message id", what, STR_ARG(text));
}

/* ---- the members of a request ---- */

enum kind { TEXT, PEOPLE, NAMES, BODY, FILES, PICTURES, FILE_NAME, FILE_DOCUMENT, FIELDS, DATA, TIME, SECONDS, NUMBER, IDS, TRUE_FALSE, WORD,
            ENVELOPE, URL, SENT_FLAG, NUMBERED, IGNORED };

static const struct member {
    const char *names;
    enum kind kind;
    size_t offset;
    const char *words;
} members[] = {
    {"account accountId account_id accountName account_name", TEXT, offsetof(struct request, account), NULL},
    {"profile paramCode ParamCode param_code dd_EmailParamCode", TEXT, offsetof(struct request, profile), NULL},
    {"queue queue_name", TEXT, offsetof(struct request, queue), NULL},
    {"key idempotencyKey idempotency_key", TEXT, offsetof(struct request, key), NULL},
    {"from from_email from_address", PEOPLE, offsetof(struct request, from), NULL},
    {"fromName from_name applicationName ApplicationName", TEXT, offsetof(struct request, from_name), NULL},
    {"to to_emails to_email to_addresses to_address recipient recipients dd_toEmailid", PEOPLE, offsetof(struct request, to), NULL},
    {"cc cc_emails cc_addresses dd_ccEmailid", PEOPLE, offsetof(struct request, cc), NULL},
    {"bcc bcc_emails bcc_addresses dd_bccEmailid", PEOPLE, offsetof(struct request, bcc), NULL},
    {"replyTo reply_to", PEOPLE, offsetof(struct request, reply_to), NULL},
    {"subject dd_subject", TEXT, offsetof(struct request, subject), NULL},
    {"text plainBody plain_body bodyText body_text textBody text_content", TEXT, offsetof(struct request, text), NULL},
    {"html htmlBody html_body bodyHtml body_html html_content", TEXT, offsetof(struct request, html), NULL},
    {"body dd_bodyText", BODY, 0, NULL},
    {"template templateName template_name template_id templateId", TEXT, offsetof(struct request, template), NULL},
    {"data set context variables", DATA, 0, NULL},
    {"attachments attach", FILES, 0, NULL},
    {"inline", PICTURES, 0, NULL},
    {"dd_filename", FILE_NAME, 0, NULL},
    {"dd_document", FILE_DOCUMENT, 0, NULL},
    {"headers header", FIELDS, 0, NULL},
    {"sendAt send_at scheduledAt scheduled_at", TIME, offsetof(struct request, send_at), NULL},
    {"expiresAt expires_at", TIME, offsetof(struct request, expires_at), NULL},
    {"undoUntil undo_until", TIME, offsetof(struct request, undo_until), NULL},
    {"undo", SECONDS, offsetof(struct request, undo_until), NULL},
    {"priority", NUMBER, offsetof(struct request, priority), NULL},
    {"importance", WORD, offsetof(struct request, importance), "low normal high"},
    {"notify", TEXT, offsetof(struct request, notify), NULL},
    {"ret", WORD, offsetof(struct request, ret), "hdrs full"},
    {"envid", TEXT, offsetof(struct request, envid), NULL},
    {"envelopeFrom envelope_from mailFrom mail_from", ENVELOPE, 0, NULL},
    {"inReplyTo in_reply_to", IDS, offsetof(struct request, in_reply_to), NULL},
    {"references", IDS, offsetof(struct request, references), NULL},
    {"listUnsubscribe list_unsubscribe", URL, offsetof(struct request, list_unsubscribe), NULL},
    {"autoSubmitted auto_submitted", WORD, offsetof(struct request, auto_submitted), "no auto-generated auto-replied auto-notified"},
    {"requestReceipt request_receipt", TRUE_FALSE, offsetof(struct request, receipt), NULL},
    {"noSignature no_signature", TRUE_FALSE, offsetof(struct request, no_signature), NULL},
    {"tags", NAMES, offsetof(struct request, tags), NULL},
    {"dd_SendFlag", SENT_FLAG, 0, NULL},
    {"dd_srno", NUMBERED, 0, NULL},
    {"type v dd_RetryCount dd_SentDate dd_BounceReason dd_LastRetryDate", IGNORED, 0, NULL},
};

static const struct member *member_of(str name)
{
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        for (str rest = str_c(members[i].names), word; rest.len;) {
            str_cut(rest, ' ', &word, &rest);
            if (str_eq(word, name))
                return &members[i];
        }
    return NULL;
}

struct requesting {
    struct compose *c;
    arena *a;
    struct request *r;
    str name;      /* of the member, for messages */
    const char *what; /* the same, NUL-terminated */
    bool skip;
    str file_name, document;
    bool has_document;
};

static bool wrong(const struct requesting *q, const char *must, struct err *e)
{
    return err_set(e, ERR_INPUT, "request.member", NULL, "%s of the request must be %s", q->what, must);
}

/* A string, or a number as it stands. */
static bool text_of_node(const struct requesting *q, const struct jnode *v, str *out, struct err *e)
{
    if (jread_is(v, JSON_NULL))
        *out = STR_NONE;
    else if (jread_is(v, JSON_STRING))
        *out = jread_string(q->a, v);
    else if (jread_is(v, JSON_NUMBER))
        *out = jread_raw(v);
    else
        return wrong(q, "a text", e);
    return true;
}

static bool read_one_person(struct requesting *q, const struct jnode *v, struct header_addresses *to, struct err *e)
{
    if (jread_is(v, JSON_STRING))
        return build_address_read(q->a, jread_string(q->a, v), q->what, ERR_INPUT, to, e);
    if (!jread_is(v, JSON_OBJECT))
        return wrong(q, "an address, {\"name\":…,\"email\":…}, or an array of them", e);
    const struct jnode *email = jread_member(v, S("email")) ? jread_member(v, S("email")) : jread_member(v, S("address"));
    struct header_address x = {jread_string(q->a, jread_member(v, S("name"))), jread_string(q->a, email)};
    if (!build_address_ok(*q->a, x, q->what, ERR_INPUT, e))
        return false;
    build_address_add(q->a, to, x);
    return true;
}

static bool read_people(struct requesting *q, const struct jnode *v, struct header_addresses *to, struct err *e)
{
    *to = (struct header_addresses){0};
    if (jread_is(v, JSON_NULL))
        return true;
    if (!jread_is(v, JSON_ARRAY))
        return read_one_person(q, v, to, e);
    for (const struct jnode *it = jread_first(v); it; it = jread_next(v, it))
        if (!read_one_person(q, it, to, e))
            return false;
    return true;
}

static bool read_texts(struct requesting *q, const struct jnode *v, bool ids, struct strs *to, struct err *e)
{
    *to = (struct strs){0};
    bool list = jread_is(v, JSON_ARRAY);
    for (const struct jnode *it = list ? jread_first(v) : v; it; it = list ? jread_next(v, it) : NULL) {
        str text;
        if (!text_of_node(q, it, &text, e) || !build_value_ok(text, q->what, e))
            return false;
        if (!ids)
            strs_add(q->a, to, text);
        else if (text.len && !request_id(q->a, text, q->what, to, e))
            return false;
    }
    return true;
}

static bool decode_document(struct requesting *q, str text, str *out, struct err *e)
{
    struct base64 d = {0};
    struct buf b = buf_new(q->a, text.len / 4 * 3 + 4);
    base64_decode(&d, text, &b);
    base64_end(&d, &b);
    *out = buf_str(&b);
    return !d.flags || wrong(q, "base64", e);
}

static const struct jnode *either(const struct jnode *v, const char *names)
{
    for (str rest = str_c(names), word; rest.len;) {
        str_cut(rest, ' ', &word, &rest);
        const struct jnode *found = jread_member(v, word);
        if (found && !jread_is(found, JSON_NULL))
            return found;
    }
    return NULL;
}

static bool read_file(struct requesting *q, const struct jnode *v, bool picture, struct err *e)
{
    struct enclosure x = {.fd = -1, .is_inline = picture};
    const struct jnode *content = either(v, "content data");
    if (jread_is(v, JSON_STRING)) {
        x.path = jread_string(q->a, v);
    } else if (jread_is(v, JSON_OBJECT)) {
        x.path = jread_string(q->a, either(v, "path file file_path"));
        x.name = jread_string(q->a, either(v, "name filename fileName file_name"));
        x.type = jread_string(q->a, either(v, "type contentType content_type mimeType mime_type"));
        x.cid = jread_string(q->a, either(v, "cid contentId content_id"));
        x.is_inline = picture || x.cid.len || str_eq(jread_string(q->a, jread_member(v, S("disposition"))), S("inline"));
        if (content && !decode_document(q, jread_string(q->a, content), &x.content, e))
            return false;
    }
    if (!x.path.len && !content)
        return wrong(q, "a path, or {\"path\":…} or {\"name\":…,\"content\":base64}", e);
    if (content && !x.name.len)
        x.name = S("attachment");
    return enclose_path(q->a, q->r, &x, e);
}

static bool read_files(struct requesting *q, const struct jnode *v, bool pictures, struct err *e)
{
    if (jread_is(v, JSON_NULL))
        return true;
    if (!jread_is(v, JSON_ARRAY))
        return read_file(q, v, pictures, e);
    for (const struct jnode *it = jread_first(v); it; it = jread_next(v, it))
        if (!read_file(q, it, pictures, e))
            return false;
    return true;
}

/* {"X-A":"b"} or [{"name":"X-A","value":"b"}] */
static bool read_fields(struct requesting *q, const struct jnode *v, struct err *e)
{
    for (const struct jnode *it = jread_first(v); it; it = jread_next(v, it)) {
        bool listed = jread_is(v, JSON_ARRAY);
        str name = listed ? jread_string(q->a, jread_member(it, S("name"))) : jread_string(q->a, it), value;
        const struct jnode *node = listed ? jread_member(it, S("value")) : it + 1;
        if (!node || !text_of_node(q, node, &value, e))
            return wrong(q, "an object of names and texts", e);
        if (!request_field(q->a, q->r, name, value, e))
            return false;
    }
    return true;
}

/* Text or HTML, as it looks: columns of other systems hold either. */
static bool looks_like_html(str s)
{
    static const char *const tags[] = {"<html", "<body", "<p>", "<p ", "<br", "<div", "<table", "<!doctype html"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
        if (str_find_nocase(s, str_c(tags[i])) >= 0)
            return true;
    return false;
}

static bool read_body(struct requesting *q, const struct jnode *v, struct err *e)
{
    str text;
    if (!text_of_node(q, v, &text, e))
        return false;
    *(looks_like_html(text) ? &q->r->html : &q->r->text) = text;
    return true;
}

static bool read_number(struct requesting *q, const struct member *m, const struct jnode *v, int64_t *out, struct err *e)
{
    int64_t n = 0;
    str text = STR_NONE;
    if (jread_is(v, JSON_NULL))
        return true;
    if (m->kind == TIME)
        return text_of_node(q, v, &text, e) && request_time(text, q->r->now, q->what, ERR_INPUT, out, e);
    if (!jread_i64(v, m->kind == NUMBER ? -1000 : 0, m->kind == NUMBER ? 1000 : 31536000, &n))
        return wrong(q, m->kind == NUMBER ? "a number from -1000 to 1000" : "a number of seconds", e);
    *out = m->kind == NUMBER ? n : q->r->now + n;
    return true;
}

/* One line that goes into a record or a field. */
static bool read_word(struct requesting *q, const struct member *m, const struct jnode *v, str *out, struct err *e)
{
    if (!text_of_node(q, v, out, e))
        return false;
    bool many_lines = m->offset == offsetof(struct request, text) || m->offset == offsetof(struct request, html);
    if (!many_lines && !build_value_ok(*out, q->what, e))
        return false;
    if (m->kind == WORD && out->len)
        return request_word(*out, m->words, q->what, ERR_INPUT, e);
    return m->kind != URL || !out->len || request_unsubscribe(*out, e);
}

static bool read_envelope(struct requesting *q, const struct jnode *v, struct err *e)
{
    str text;
    if (!text_of_node(q, v, &text, e))
        return false;
    q->r->has_mail_from = true;
    q->r->mail_from = str_eq(text, S("<>")) ? STR_NONE : text;
    return !q->r->mail_from.len || build_address_ok(*q->a, (struct header_address){STR_NONE, text}, q->what, ERR_INPUT, e);
}

static bool read_member(struct requesting *q, const struct member *m, const struct jnode *v, struct err *e)
{
    void *at = (char *)q->r + m->offset;
    str text;
    switch (m->kind) {
    case TEXT: case WORD: case URL: return read_word(q, m, v, at, e);
    case PEOPLE: return read_people(q, v, at, e);
    case NAMES: return read_texts(q, v, false, at, e);
    case IDS: return read_texts(q, v, true, at, e);
    case BODY: return read_body(q, v, e);
    case FILES: case PICTURES: return read_files(q, v, m->kind == PICTURES, e);
    case FILE_NAME: return text_of_node(q, v, &q->file_name, e);
    case FILE_DOCUMENT:
        q->has_document = !jread_is(v, JSON_NULL);
        return text_of_node(q, v, &text, e) && decode_document(q, text, &q->document, e);
    case FIELDS: return read_fields(q, v, e);
    case DATA:
        q->r->data = jread_raw(v);
        return jread_is(v, JSON_OBJECT) || wrong(q, "an object", e);
    case TIME: case SECONDS: case NUMBER: return read_number(q, m, v, at, e);
    case TRUE_FALSE: return jread_bool(v, at) || wrong(q, "true or false", e);
    case ENVELOPE: return read_envelope(q, v, e);
    case SENT_FLAG:
        q->skip = str_eq_nocase(jread_string(q->a, v), S("Y"));
        return true;
    case NUMBERED:
        if (!text_of_node(q, v, &text, e) || !build_value_ok(text, q->what, e))
            return false;
        q->r->tags.cap = q->r->tags.n;
        strs_add(q->a, &q->r->tags, str_fmt(q->a, "dd_srno:%.*s", STR_ARG(text)));
        return true;
    case IGNORED: return true;
    }
    return true;
}

bool request_read(struct compose *c, str line, int64_t number, struct request *r, bool *skip, struct err *e)
{
    struct json_fault fault;
    const struct jnode *root = jread(&c->message, line, &fault);
    struct requesting q = {.c = c, .a = &c->message, .r = r};
    if (!root)
        return err_set(e, ERR_INPUT, "request.json", NULL, "line %lld of stdin is no JSON, at octet %lld: %s", (long long)number,
                       (long long)fault.offset + 1, fault.what);
    if (!jread_is(root, JSON_OBJECT))
        return err_set(e, ERR_INPUT, "request.json", NULL, "line %lld of stdin is no JSON object", (long long)number);
    for (const struct jnode *key = jread_first(root); key; key = jread_next(root, key)) {
        q.name = jread_string(q.a, key);
        q.what = str_z(q.a, q.name);
        const struct member *m = member_of(q.name);
        if (!m)
            return err_set(e, ERR_INPUT, "request.unknown", "mail-compose(1) lists them", "line %lld of stdin: a request has no member %s",
                           (long long)number, q.what);
        if (!read_member(&q, m, key + 1, e))
            return false;
    }
    *skip = q.skip;
    struct enclosure document = {.fd = -1, .name = q.file_name.len ? q.file_name : S("document.pdf"), .content = q.document};
    return !q.has_document || enclose_path(q.a, r, &document, e);
}
