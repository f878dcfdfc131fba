/* The fields of reports that programs read: RFC 3464, RFC 5965, RFC 8098. */
#include "mime/report.h"

#include "date/date.h"

static str words(struct reading_report *r, const struct field *f) { return report_words(r->mem, header_unfold(r->mem, f->body)); }

static str decoded(struct reading_report *r, const struct field *f)
{
    return report_words(r->mem, header_text(r->mem, r->charsets, f->body, NULL));
}

/* Without the comment behind it: "failed (mailbox full)". */
static str token(struct reading_report *r, const struct field *f)
{
    str s = words(r, f);
    ptrdiff_t n = 0;
    while (n < s.len && s.ptr[n] != ' ' && s.ptr[n] != '(' && s.ptr[n] != ';')
        n++;
    return n ? str_lower(r->mem, str_first(s, n)) : STR_NONE;
}

/* "smtp; 550 no": the words alone (RFC3464-2.3.6). */
static str untyped(struct reading_report *r, const struct field *f)
{
    enum { TYPE = 20 };
    str s = words(r, f);
    ptrdiff_t at = str_find_byte(s, ';');
    if (at > 0 && at < TYPE && str_find_byte(str_first(s, at), ' ') < 0)
        s = str_trim(str_skip(s, at + 1));
    return s.len ? s : STR_NONE;
}

static int64_t time_of(struct reading_report *r, const struct field *f)
{
    int64_t seconds = 0;
    header_date(header_unfold(r->mem, f->body), &seconds, NULL);
    return seconds;
}

static bool is(const struct field *f, const char *name) { return str_eq_nocase(f->name, str_c(name)); }

/* ---- delivery status (RFC3464-2) ---- */

static void message_field(struct reading_report *r, const struct field *f)
{
    struct bounce *b = r->out;
    if (is(f, "Reporting-MTA"))
        b->reporting_mta = untyped(r, f);
    else if (is(f, "Original-Envelope-Id"))
        b->envid = words(r, f);
    else if (is(f, "Arrival-Date"))
        b->arrival_date = time_of(r, f);
    else if (is(f, "X-Original-Message-ID") && !b->original_id.len)
        b->original_id = header_message_id(r->mem, f->body);
}

static void recipient_field(struct reading_report *r, struct bounce_recipient *p, const struct field *f)
{
    if (is(f, "Final-Recipient"))
        p->email = report_address(r->mem, header_unfold(r->mem, f->body));
    else if (is(f, "Original-Recipient"))
        p->original = report_address(r->mem, header_unfold(r->mem, f->body));
    else if (is(f, "Action"))
        p->action = token(r, f);
    else if (is(f, "Status"))
        report_codes(words(r, f), &p->status, &(str){0});
    else if (is(f, "Diagnostic-Code"))
        p->diagnostic = untyped(r, f);
    else if (is(f, "Remote-MTA"))
        p->remote_mta = untyped(r, f);
    else if (is(f, "Last-Attempt-Date"))
        p->last_attempt = time_of(r, f);
    else if (is(f, "Will-Retry-Until"))
        p->retry_until = time_of(r, f);
}

static bool is_about_recipient(const struct field *f)
{
    static const char *const names[] = {"Final-Recipient", "Original-Recipient", "Action", "Status", "Diagnostic-Code", "Remote-MTA",
                                        "Last-Attempt-Date", "Will-Retry-Until"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(f, names[i]))
            return true;
    return false;
}

/* Whether a group of fields speaks of a recipient of its own; some programs put an empty line among the fields of one. */
static bool names_recipient(const struct header *group)
{
    return header_named(group, S("Final-Recipient"), NULL) || header_named(group, S("Original-Recipient"), NULL);
}

/* False: no more recipients are kept. */
static bool read_group(struct reading_report *r, const struct header *group, struct bounce_recipient **p)
{
    if (names_recipient(group))
        *p = NULL;
    for (ptrdiff_t i = 0; i < group->n; i++) {
        const struct field *f = &group->field[i];
        if (!is_about_recipient(f)) {
            message_field(r, f);
            continue;
        }
        /* Some forget the empty line between two recipients. */
        if (!*p || (is(f, "Final-Recipient") && (*p)->email.len))
            *p = report_recipient(r);
        if (!*p)
            return false;
        recipient_field(r, *p, f);
    }
    return true;
}

/* Gateways have been seen to encode the groups behind the first one, and to say so among its fields. */
static str decode_rest(struct reading_report *r, const struct header *group, str rest)
{
    if (header_transfer_encoding(header_body(group, HEADER_CONTENT_TRANSFER_ENCODING)) != ENCODING_BASE64)
        return rest;
    struct base64 decoder = {0};
    struct buf b = buf_new(r->mem, rest.len);
    base64_decode(&decoder, rest, &b);
    base64_end(&decoder, &b);
    return buf_str(&b);
}

static ptrdiff_t line_length(str text)
{
    ptrdiff_t end = str_find_byte(text, '\n');
    return end < 0 ? text.len : end + 1;
}

bool report_status(struct reading_report *r, str fields)
{
    enum { GROUPS = 2 * BOUNCE_RECIPIENTS + 100 }; /* junk between them counts */
    struct bounce_recipient *p = NULL;
    bool more = true;
    for (int i = 0; i < GROUPS && fields.len && more; i++) {
        struct header group;
        header_parse(r->mem, fields, true, &group);
        fields = str_skip(fields, group.length > 0 ? group.length : line_length(fields));
        fields = decode_rest(r, &group, fields);
        more = read_group(r, &group, &p);
    }
    for (ptrdiff_t i = 0; i < r->out->n_recipients; i++)
        report_codes(r->out->recipient[i].diagnostic, &(str){0}, &r->out->recipient[i].reply);
    bool told = r->out->n_recipients || r->out->reporting_mta.len;
    if (told)
        r->out->kind = S("dsn");
    return told;
}

/* ---- complaints (RFC5965-3) ---- */

static void add_complaint(struct reading_report *r, str address)
{
    for (ptrdiff_t i = 0; i < r->out->n_recipients; i++)
        if (str_eq_nocase(r->out->recipient[i].email, address))
            return;
    struct bounce_recipient *p = address.len ? report_recipient(r) : NULL;
    if (p)
        p->email = address;
}

static str class_of_feedback(str type)
{
    if (str_eq(type, S("not-spam")))
        return S("auto");
    return str_eq(type, S("auth-failure")) ? S("policy") : S("complaint"); /* RFC6591 */
}

void report_feedback(struct reading_report *r, str fields)
{
    struct bounce *b = r->out;
    struct header h;
    str removal = STR_NONE;
    header_parse(r->mem, fields, true, &h);
    for (ptrdiff_t i = 0; i < h.n; i++) {
        const struct field *f = &h.field[i];
        if (is(f, "Feedback-Type"))
            b->feedback_type = token(r, f);
        else if (is(f, "User-Agent"))
            b->user_agent = words(r, f);
        else if (is(f, "Source-IP"))
            b->source_ip = words(r, f);
        else if (is(f, "Original-Mail-From"))
            b->mail_from = report_address(r->mem, f->body);
        else if (is(f, "Original-Rcpt-To"))
            add_complaint(r, report_address(r->mem, f->body));
        else if (is(f, "Removal-Recipient"))
            removal = report_address(r->mem, f->body);
        else if (is(f, "Arrival-Date") || is(f, "Received-Date"))
            b->arrival_date = time_of(r, f);
        else if (is(f, "Reporting-MTA"))
            b->reporting_mta = untyped(r, f);
        else if (is(f, "Original-Envelope-Id"))
            b->envid = words(r, f);
    }
    if (!b->n_recipients)
        add_complaint(r, removal);
    b->kind = S("arf");
    b->class = class_of_feedback(b->feedback_type);
}

/* ---- receipts (RFC8098-3) ---- */

void report_disposition(struct reading_report *r, str fields)
{
    struct bounce *b = r->out;
    struct bounce_recipient *p = report_recipient(r);
    struct header h;
    header_parse(r->mem, fields, true, &h);
    for (ptrdiff_t i = 0; i < h.n; i++) {
        const struct field *f = &h.field[i];
        if (is(f, "Final-Recipient") || is(f, "Original-Recipient"))
            recipient_field(r, p, f);
        else if (is(f, "Original-Message-ID"))
            b->original_id = header_message_id(r->mem, f->body);
        else if (is(f, "Reporting-UA"))
            b->user_agent = words(r, f);
        else if (is(f, "Disposition")) {
            str mode, type;
            if (str_cut(words(r, f), ';', &mode, &type)) {
                str_cut(str_trim(type), '/', &type, &(str){0});
                b->disposition = str_lower(r->mem, str_trim(type));
            }
            b->disposition_mode = str_lower(r->mem, str_trim(mode));
        }
    }
    b->kind = S("mdn");
    b->class = S("auto");
}

/* ---- the returned message ---- */

void report_original(struct reading_report *r, str header)
{
    struct bounce *b = r->out;
    struct header h;
    if (!header.len)
        return;
    header_parse(r->mem, header, true, &h);
    const struct field *id = header_first(&h, HEADER_MESSAGE_ID), *from = header_first(&h, HEADER_FROM),
                       *to = header_first(&h, HEADER_TO), *subject = header_first(&h, HEADER_SUBJECT), *date = header_first(&h, HEADER_DATE);
    b->original_id = id ? report_words(r->mem, header_message_id(r->mem, id->body)) : STR_NONE;
    b->original_from = from ? decoded(r, from) : STR_NONE;
    b->original_to = to ? decoded(r, to) : STR_NONE;
    b->original_subject = subject ? decoded(r, subject) : STR_NONE;
    b->original_date = date ? words(r, date) : STR_NONE;
}
