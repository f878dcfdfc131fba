#include "mime/report.h"

#include "mime/parser.h"

/* ---- what speaks for a report ---- */

/* In the From of mail systems and of services that tell of deliveries. */
static const char *const senders[] = {
    "mailer-daemon", "mailer_daemon", "mailerdaemon", "postmaster", "post_master", "mail delivery s", "mail.delivery.s",
    "mail-delivery", "mailer daemon", "no-reply@sns.amazonaws.com", "complaints@email-abuse", "staff@hotmail.com", "feedbackloop",
};

static const char *const subjects[] = {
    "undeliver", "delivery status notification", "delivery failure", "delivery failed", "failure notice", "returned mail",
    "mail delivery", "mail system error", "could not be delivered", "delivery notification", "delayed mail", "delayed",
    "error sending your mail", "could not send", "returned to sender", "non remis", "unzustellbar", "not member",
};

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* Whether a word of s begins with one of the table. All mail comes by here. */
static bool holds_any(str s, const char *const *table, size_t n)
{
    for (ptrdiff_t i = 0; i < s.len; i++) {
        if (!is_letter(s.ptr[i]) || (i && is_letter(s.ptr[i - 1])))
            continue;
        for (size_t k = 0; k < n; k++)
            if (table[k][0] == (s.ptr[i] | 32) && str_starts_nocase(str_skip(s, i), str_c(table[k])))
                return true;
    }
    return false;
}

/* Behind Re: or Fwd: a person speaks. */
static bool is_answer(str subject)
{
    static const char *const marks[] = {"re:", "fw:", "fwd:", "aw:", "wg:", "sv:"};
    subject = str_trim(subject);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
        if (str_starts_nocase(subject, str_c(marks[i])))
            return true;
    return false;
}

static bool is_null_path(const struct header *h)
{
    const struct field *f = header_first(h, HEADER_RETURN_PATH);
    str path = f ? str_trim(f->body) : STR_NONE;
    return f && (!path.len || str_eq(path, S("<>")) || str_eq_nocase(path, S("<mailer-daemon>")));
}

static unsigned evidence_of(const struct header *h, str type)
{
    enum { LOOK = 200 };
    str from = str_first(header_body(h, HEADER_FROM), LOOK), subject = str_first(header_body(h, HEADER_SUBJECT), LOOK);
    unsigned seen = 0;
    if (str_eq(type, S("multipart/report")))
        seen |= REPORT_TYPE;
    if (holds_any(from, senders, sizeof senders / sizeof *senders))
        seen |= REPORT_SENDER;
    if (is_null_path(h) || str_eq(str_trim(from), S("<>")))
        seen |= REPORT_PATH;
    if (header_named(h, S("X-Failed-Recipients"), NULL))
        seen |= REPORT_FAILED;
    if (!is_answer(subject) && holds_any(subject, subjects, sizeof subjects / sizeof *subjects))
        seen |= REPORT_SUBJECT;
    return seen;
}

/* ---- what is kept ---- */

static struct buf *open_part(struct report *r, arena *keep, enum report_part part)
{
    if (r->part[part].cap) /* only the first */
        return NULL;
    r->part[part] = buf_new(keep, 1024);
    return &r->part[part];
}

void report_part(struct report *r, arena *keep, const struct mime_part *parts, int32_t part, const struct header *h, const char *header)
{
    const struct mime_part *p = &parts[part], *up = p->parent < 0 ? NULL : &parts[p->parent];
    if (!up)
        r->evidence = evidence_of(h, p->type);
    if (!r->evidence || !up || up->kind != MIME_MESSAGE || up->inner || up->parent < 0)
        return;
    struct buf *to = open_part(r, keep, REPORT_ORIGINAL);
    if (to)
        report_put(to, str_of(header, h->length));
}

struct buf *report_leaf(struct report *r, arena *keep, const struct mime_part *p)
{
    static const struct {
        str type;
        enum report_part part;
    } table[] = {
        {S("message/delivery-status"), REPORT_STATUS},
        {S("message/global-delivery-status"), REPORT_STATUS},
        {S("message/feedback-report"), REPORT_FEEDBACK},
        {S("message/disposition-notification"), REPORT_DISPOSITION},
        {S("message/global-disposition-notification"), REPORT_DISPOSITION},
        {S("text/rfc822-headers"), REPORT_ORIGINAL},
        {S("text/rfc822-header"), REPORT_ORIGINAL},
        {S("message/global-headers"), REPORT_ORIGINAL},
    };
    if (p->inner)
        return NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (str_eq(p->type, table[i].type)) {
            r->parts = r->parts || table[i].part != REPORT_ORIGINAL;
            return open_part(r, keep, table[i].part);
        }
    return NULL;
}

struct buf *report_preamble(struct report *r, arena *keep)
{
    if (r->evidence && r->part[REPORT_PREAMBLE].cap)
        return &r->part[REPORT_PREAMBLE];
    return r->evidence ? open_part(r, keep, REPORT_PREAMBLE) : NULL;
}

void report_put(struct buf *to, str octets)
{
    buf_put(to, str_first(octets, REPORT_OCTETS - to->len));
}

/* ---- the whole ---- */

struct bounce_recipient *report_recipient(struct reading_report *r)
{
    struct bounce *b = r->out;
    if (b->n_recipients == BOUNCE_RECIPIENTS)
        return NULL;
    if (b->n_recipients == r->cap) {
        ptrdiff_t cap = r->cap ? r->cap * 2 : 4;
        size_t size = sizeof *b->recipient;
        b->recipient = arena_grow(r->mem, b->recipient, (size_t)r->cap * size, (size_t)cap * size, _Alignof(struct bounce_recipient));
        r->cap = cap;
    }
    struct bounce_recipient *p = &b->recipient[b->n_recipients++];
    *p = (struct bounce_recipient){0};
    return p;
}

str report_words(arena *a, str s)
{
    s = utf8_scrub(a, str_first(str_trim(s), BOUNCE_TEXT));
    struct buf b = buf_new(a, s.len + 1);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            if (b.len && b.ptr[b.len - 1] != ' ')
                buf_byte(&b, ' ');
        } else {
            buf_byte(&b, c);
        }
    }
    str words = utf8_first(str_trim(buf_str(&b)), BOUNCE_TEXT);
    return words.len ? words : STR_NONE;
}

str report_address(arena *a, str s)
{
    str type, rest;
    if (str_cut(s, ';', &type, &rest) && str_find_byte(type, '@') < 0)
        s = rest;
    s = report_words(a, s);
    if (str_starts(s, S("<")) && str_ends(s, S(">")))
        s = str_trim(str_slice(s, 1, s.len - 1));
    return s.len ? s : STR_NONE;
}

/* RFC3461-10.2 and older practice: prefix+local=domain@ours, prefix-local=domain@ours. */
static str verp_of(arena *a, str address)
{
    ptrdiff_t at = str_find_byte(address, '@'), is = -1, from = -1;
    str local = str_first(address, at < 0 ? 0 : at);
    if (str_starts_nocase(local, S("prvs=")) || str_starts_nocase(local, S("srs")) || str_starts_nocase(local, S("btv1=")))
        return STR_NONE;
    for (ptrdiff_t i = 0; i < local.len; i++)
        if (local.ptr[i] == '=')
            is = i;
    str domain = str_skip(local, is + 1);
    if (is < 1 || str_find_byte(domain, '.') < 1)
        return STR_NONE;
    for (ptrdiff_t i = 0; i < is && from < 0; i++)
        if (local.ptr[i] == '+')
            from = i;
    for (ptrdiff_t i = is - 1; i >= 0 && from < 0; i--)
        if (local.ptr[i] == '-')
            from = i;
    if (from < 0 || from + 1 == is)
        return STR_NONE;
    return report_words(a, str_fmt(a, "%.*s@%.*s", STR_ARG(str_slice(local, from + 1, is)), STR_ARG(domain)));
}

static void read_verp(struct reading_report *r)
{
    static const enum header_name names[] = {HEADER_DELIVERED_TO, HEADER_TO};
    for (size_t i = 0; i < sizeof names / sizeof *names && !r->out->verp.len; i++) {
        struct header_addresses list = {0};
        header_addresses(r->mem, r->charsets, str_first(header_body(&r->m->header, names[i]), BOUNCE_TEXT), &list, NULL);
        if (list.n)
            r->out->verp = verp_of(r->mem, list.item[0].email);
    }
}

static void finish(struct reading_report *r)
{
    struct bounce *b = r->out;
    for (ptrdiff_t i = 0; i < b->n_recipients; i++) {
        struct bounce_recipient *p = &b->recipient[i];
        p->class = b->class.len ? b->class : report_class(r->mem, p, b->n_recipients == 1 ? r->notice : STR_NONE);
    }
    if (!b->class.len)
        b->class = report_worst(r->mem, b, r->notice);
    read_verp(r);
}

static str part_text(const struct report *r, enum report_part part) { return buf_str(&r->part[part]); }

static bool read_parts(struct reading_report *r)
{
    const struct report *p = r->report;
    if (!p->parts || !p->evidence)
        return false;
    if (p->part[REPORT_FEEDBACK].len)
        report_feedback(r, part_text(p, REPORT_FEEDBACK));
    else if (p->part[REPORT_DISPOSITION].len)
        report_disposition(r, part_text(p, REPORT_DISPOSITION));
    else if (p->part[REPORT_STATUS].len)
        report_status(r, part_text(p, REPORT_STATUS));
    return r->out->kind.len > 0;
}

const struct bounce *report_read(const struct report *p, arena *keep, struct charsets *c, const struct mime_message *m)
{
    bool vacation = report_vacation(*keep, c, &m->header, p->evidence);
    if (!p->evidence && !vacation)
        return NULL;
    struct reading_report r = {.mem = keep, .charsets = c, .report = p, .m = m, .out = ARENA_NEW(keep, struct bounce)};
    str original = STR_NONE;
    r.text = str_first(m->text_parts ? m->text : part_text(p, REPORT_PREAMBLE), REPORT_NOTICE);
    r.notice = report_notice(r.text, &original);
    if (p->part[REPORT_ORIGINAL].len)
        original = part_text(p, REPORT_ORIGINAL);
    report_original(&r, original);
    if (!read_parts(&r) && !report_ses(&r) && !report_text(&r)) {
        if (!vacation)
            return NULL;
        *r.out = (struct bounce){.kind = S("vacation"), .class = S("auto")};
    }
    finish(&r);
    return r.out;
}
