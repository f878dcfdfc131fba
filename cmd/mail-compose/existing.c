/* Messages that exist already: one on stdin, as programs hand it to sendmail, and one of the store that is sent on as it is. */
#include "compose.h"

#include <errno.h>
#include <unistd.h>

enum { HEAD = MIME_HEADER + 1 };

struct existing {
    struct compose *c;
    str fields;                 /* the new header */
    struct build_source source; /* of the whole message */
    int64_t skip;               /* octets of it that are the old header */
    str body;                   /* where ptr is set: in place of the old one */
};

/* ---- writing ---- */

struct skipping {
    int64_t skip;
    struct build_lines lines;
};

static bool put_rest(void *to, str octets, struct err *e)
{
    struct skipping *s = to;
    int64_t n = s->skip < octets.len ? s->skip : octets.len;
    s->skip -= n;
    return build_lines_put(&s->lines, str_skip(octets, n), e);
}

static bool write_existing(const void *context, build_put *put, void *to, struct err *e)
{
    const struct existing *x = context;
    struct skipping s = {.skip = x->skip, .lines = {.put = put, .to = to}};
    if (!put(to, x->fields, e) || !put(to, S("\r\n"), e))
        return false;
    if (x->body.ptr)
        return put(to, x->body, e);
    return x->source.pour(x->source.context, put_rest, &s, e) && (!s.lines.in_line || put(to, S("\r\n"), e));
}

struct surveying {
    int64_t skip;
    struct build_survey survey;
};

static bool survey_rest(void *to, str octets, struct err *e)
{
    struct surveying *s = to;
    int64_t n = s->skip < octets.len ? s->skip : octets.len;
    s->skip -= n;
    return build_survey_put(&s->survey, str_skip(octets, n), e);
}

static bool survey_body(const struct existing *x, struct build_survey *out, struct err *e)
{
    struct surveying s = {.skip = x->skip};
    bool good = x->source.pour(x->source.context, survey_rest, &s, e);
    *out = s.survey;
    return good;
}

/* ---- fields ---- */

static bool is_8bit(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return true;
    return false;
}

static bool has_long_line(str s)
{
    for (str line; s.len;) {
        str_cut(s, '\n', &line, &s);
        if (line.len > BUILD_LINE_MAX - 80)
            return true;
    }
    return false;
}

/* A field as it stands, its lines ended by CRLF. */
static void put_field(struct buf *to, const struct field *f)
{
    buf_put(to, f->name);
    buf_put(to, S(": "));
    for (str rest = f->body, line; rest.ptr;) {
        bool more = str_cut(rest, '\n', &line, &rest);
        line = str_trim_right(line);
        for (ptrdiff_t i = 0; i < line.len; i++)
            buf_byte(to, ((unsigned char)line.ptr[i] < 32 && line.ptr[i] != '\t') || line.ptr[i] == 127 ? ' ' : line.ptr[i]);
        if (!more)
            break;
        if (str_trim(rest).len && line.len)
            buf_put(to, S("\r\n"));
    }
    buf_put(to, S("\r\n"));
}

static bool is_people(enum header_name id) { return id == HEADER_FROM || id == HEADER_SENDER || id == HEADER_REPLY_TO || id == HEADER_TO || id == HEADER_CC; }

/* Names without a domain are of this host (RFC5321-2.3.5 leaves them to us): the account's localMail, or its domain. */
static str qualified(struct compose *c, str account, str email)
{
    str local = config_get(&c->config, account, S("localMail")), own = config_get(&c->config, account, S("email")), name, domain;
    if (str_find_byte(email, '@') >= 0 || !email.len)
        return email;
    str_cut(own, '@', &name, &domain);
    if (local.len)
        return local;
    return domain.len ? str_fmt(&c->message, "%.*s@%.*s", STR_ARG(email), STR_ARG(domain)) : email;
}

/* Addresses as they are meant; those that are none, even with a domain, are left out. */
static void put_people(struct compose *c, struct buf *to, const struct field *f, const struct header_addresses *list, str account)
{
    struct header_addresses good = {0};
    for (ptrdiff_t i = 0; i < list->n; i++) {
        struct header_address x = {list->item[i].name, qualified(c, account, list->item[i].email)};
        struct err e;
        if (build_address_ok(c->message, x, "address", ERR_INPUT, &e))
            build_address_add(&c->message, &good, x);
    }
    build_addresses(&c->message, to, f->name, &good);
}

static bool lacks_domain(const struct header_addresses *list)
{
    for (ptrdiff_t i = 0; i < list->n; i++)
        if (str_find_byte(list->item[i].email, '@') < 0)
            return true;
    return false;
}

/* Raw octets above 127 and lines that are too long are encoded: RFC 5322 allows neither. Names without a domain get one. */
static void put_clean_field(struct compose *c, struct buf *to, const struct field *f, str account)
{
    arena *a = &c->message;
    struct charsets *charsets = mime_charsets(c->mime);
    struct header_addresses list = {0};
    bool fine = !is_8bit(f->body) && !has_long_line(f->body);
    if (is_people(f->id))
        header_addresses(a, charsets, f->body, &list, NULL);
    if (fine && !lacks_domain(&list)) {
        put_field(to, f);
        return;
    }
    if (is_people(f->id)) {
        put_people(c, to, f, &list, account);
        return;
    }
    str text = utf8_scrub(a, header_text(a, charsets, f->body, NULL));
    struct buf line = buf_new(a, text.len);
    for (ptrdiff_t i = 0; i < text.len; i++)
        buf_byte(&line, ((unsigned char)text.ptr[i] < 32 && text.ptr[i] != '\t') || text.ptr[i] == 127 ? ' ' : text.ptr[i]);
    build_text(to, f->name, utf8_first(buf_str(&line), BUILD_VALUE));
}

/* ---- recipients ---- */

static bool add_recipient(struct compose *c, struct request *r, str account, str email, struct err *e)
{
    struct header_address x = {STR_NONE, qualified(c, account, email)};
    if (!build_address_ok(c->message, x, "a recipient", ERR_INPUT, e))
        return false;
    if (!strs_have(&r->recipients, x.email))
        strs_add(&c->message, &r->recipients, x.email);
    return true;
}

static bool add_field(struct compose *c, struct request *r, str account, const struct header *h, str name, struct header_addresses *people,
                      struct err *e)
{
    for (const struct field *f = NULL; (f = header_named(h, name, f));) {
        struct header_addresses list = {0};
        header_addresses(&c->message, mime_charsets(c->mime), f->body, &list, NULL);
        for (ptrdiff_t i = 0; i < list.n; i++) {
            struct err ignored;
            list.item[i].email = qualified(c, account, list.item[i].email);
            if (people && build_address_ok(c->message, list.item[i], "", ERR_INPUT, &ignored))
                build_address_add(&c->message, people, list.item[i]);
            if (c->from_header && !add_recipient(c, r, account, list.item[i].email, e))
                return false;
        }
    }
    return true;
}

/* RFC5322-3.6.6: where a message is resent, it goes to whom that says. */
static bool read_recipients(struct compose *c, struct request *r, str account, const struct header *h, struct err *e)
{
    bool resent = header_named(h, S("Resent-To"), NULL) || header_named(h, S("Resent-Cc"), NULL) || header_named(h, S("Resent-Bcc"), NULL);
    if (!add_field(c, r, account, h, resent ? S("Resent-To") : S("To"), &r->to, e) ||
        !add_field(c, r, account, h, resent ? S("Resent-Cc") : S("Cc"), &r->cc, e) ||
        !add_field(c, r, account, h, resent ? S("Resent-Bcc") : S("Bcc"), NULL, e))
        return false;
    for (ptrdiff_t i = 0; i < c->arguments.n; i++) {
        struct header_addresses list = {0};
        header_addresses(&c->message, mime_charsets(c->mime), c->arguments.item[i], &list, NULL);
        for (ptrdiff_t k = 0; k < list.n; k++)
            if (!add_recipient(c, r, account, list.item[k].email, e))
                return false;
    }
    return r->recipients.n || err_set(e, ERR_INPUT, "recipients.none", c->from_header ? "To, Cc or Bcc of the message, or arguments, name them"
                                                                                      : "arguments name them; -t takes them from the message",
                                      "the message on stdin has no recipient");
}

/* ---- stdin ---- */

/* Up to the end, or to a line that is "." (sendmail without -i). */
static bool read_stdin(int spool, bool until_dot, struct err *e)
{
    char in[1 << 16], out[2 * sizeof in];
    int state = 0; /* of ".\r\n" at the beginning of a line: octets that match; -1: within a line */
    for (;;) {
        ssize_t n = read(0, in, sizeof in);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return err_errno(e, ERR_IO, "file.read", NULL, "cannot read the message on stdin");
        if (n == 0)
            return true;
        ptrdiff_t kept = 0;
        bool ended = false;
        for (ptrdiff_t i = 0; i < n && !ended; i++) {
            char ch = in[i];
            if (!until_dot) {
                out[kept++] = ch;
                continue;
            }
            if (state >= 1 && ch == '\n') {
                ended = true;
            } else if ((state == 0 && ch == '.') || (state == 1 && ch == '\r')) {
                state++;
            } else {
                for (int k = 0; k < state; k++)
                    out[kept++] = k ? '\r' : '.';
                out[kept++] = ch;
                state = ch == '\n' ? 0 : -1;
            }
        }
        if (!fd_write_full(spool, str_of(out, kept)))
            return err_errno(e, ERR_IO, "file.spool", NULL, "cannot keep the message");
        if (ended)
            return true;
    }
}

static bool pour_spool(void *context, build_put *put, void *to, struct err *e) { return pour_fd(*(int *)context, 0, -1, put, to, e); }

/* The author: From of the message if that is an address, else the account's, with the name that the field has. */
static void read_from(struct compose *c, const struct header *h, struct request *r)
{
    struct header_addresses list = {0};
    struct err e;
    const struct field *f = header_first(h, HEADER_FROM);
    header_addresses(&c->message, mime_charsets(c->mime), f ? f->body : STR_NONE, &list, NULL);
    if (list.n && build_address_ok(c->message, list.item[0], "", ERR_INPUT, &e))
        build_address_add(&c->message, &r->from, list.item[0]);
    else if (list.n && list.item[0].name.len && !r->from_name.len && build_value_ok(list.item[0].name, "", &e))
        r->from_name = list.item[0].name;
    if (!r->from.n && r->has_mail_from && r->mail_from.len)
        build_address_add(&c->message, &r->from, (struct header_address){r->from_name, r->mail_from});
}

static bool is_dropped(const struct field *f, bool from_is_ours, bool new_body)
{
    if (f->id == HEADER_BCC || f->id == HEADER_RETURN_PATH || str_eq_nocase(f->name, S("Resent-Bcc")))
        return true;
    if (f->id == HEADER_FROM && from_is_ours)
        return true;
    return new_body && f->id == HEADER_CONTENT_TRANSFER_ENCODING;
}

static void set_message_id(struct compose *c, const struct header *h, const struct identity *id, struct request *r)
{
    str found = header_message_id(&c->message, header_body(h, HEADER_MESSAGE_ID));
    struct err e;
    bool good = str_find_byte(found, '@') > 0 && str_find_byte(found, ' ') < 0 && build_value_ok(found, "", &e);
    r->message_id = good ? found : message_id_new(&c->message, r, id->from.email);
}

/* What is missing goes first, then what is there. */
static str stdin_fields(struct compose *c, const struct header *h, const struct identity *id, struct request *r, bool new_body)
{
    arena *a = &c->message;
    struct buf b = buf_new(a, h->length + 1024);
    struct header_addresses own = {(struct header_address *)&id->from, 1, 1};
    const struct field *from = header_first(h, HEADER_FROM);
    struct header_addresses list = {0};
    struct err e;
    header_addresses(a, mime_charsets(c->mime), from ? from->body : STR_NONE, &list, NULL);
    bool ours = !list.n || !build_address_ok(*a, list.item[0], "", ERR_INPUT, &e);
    if (!header_first(h, HEADER_DATE))
        build_date(&b, S("Date"), r->now, local_zone(r->now));
    if (ours)
        build_addresses(a, &b, S("From"), &own);
    if (!str_eq(header_message_id(a, header_body(h, HEADER_MESSAGE_ID)), r->message_id)) {
        struct strs ids = {0};
        strs_add(a, &ids, r->message_id);
        build_ids(&b, S("Message-ID"), &ids);
    }
    for (ptrdiff_t i = 0; i < h->n; i++)
        if (!is_dropped(&h->field[i], ours, new_body) && !(h->field[i].id == HEADER_MESSAGE_ID && b.len && !str_eq(header_message_id(a, h->field[i].body), r->message_id)))
            put_clean_field(c, &b, &h->field[i], id->account);
    for (ptrdiff_t i = 0; i < r->n_fields; i++)
        build_text(&b, r->field[i].name, r->field[i].value);
    return buf_str(&b);
}

/* Only the text of one part may be encoded anew; a multipart stays as it is. */
static bool may_encode(struct compose *c, const struct header *h)
{
    struct header_value type = {0};
    const struct field *f = header_first(h, HEADER_CONTENT_TYPE);
    if (f)
        header_content_type(&c->message, mime_charsets(c->mime), f->body, &type, NULL);
    enum transfer_encoding encoding = header_transfer_encoding(header_body(h, HEADER_CONTENT_TRANSFER_ENCODING));
    return (!f || str_starts(type.value, S("text/"))) && (encoding <= ENCODING_BINARY || !header_first(h, HEADER_CONTENT_TRANSFER_ENCODING));
}

static bool collect(void *to, str octets, struct err *e)
{
    (void)e;
    buf_put(to, octets);
    return true;
}

/* The fields of MIME and the body in an encoding that any server takes. */
static bool encode_body(struct compose *c, struct existing *x, const struct header *h, const struct build_survey *s, struct buf *fields,
                        struct err *e)
{
    struct buf text = buf_new(&c->message, s->octets + 2), body = buf_new(&c->message, s->octets + s->octets / 4 + 80);
    struct skipping rest = {.skip = x->skip, .lines = {.put = collect, .to = &text}};
    if (!x->source.pour(x->source.context, put_rest, &rest, e))
        return false;
    if (rest.lines.in_line)
        buf_put(&text, S("\r\n"));
    bool base64 = s->high * 6 > s->octets;
    if (base64)
        base64_encode(buf_str(&text), 76, &body);
    else
        qp_encode(buf_str(&text), &body);
    x->body = buf_str(&body);
    if (!header_first(h, HEADER_MIME_VERSION))
        build_structured(fields, S("MIME-Version"), S("1.0"));
    if (!header_first(h, HEADER_CONTENT_TYPE))
        build_structured(fields, S("Content-Type"),
                         !s->high ? S("text/plain; charset=us-ascii") : utf8_valid(buf_str(&text)) ? S("text/plain; charset=utf-8") : S("text/plain; charset=iso-8859-1"));
    build_structured(fields, S("Content-Transfer-Encoding"), base64 ? S("base64") : S("quoted-printable"));
    return true;
}

static bool send_spooled(struct compose *c, struct request *r, int *spool, struct err *e)
{
    struct identity id;
    struct header h;
    struct build_survey s;
    char *head = arena_alloc(&c->message, HEAD, 1);
    ssize_t n = pread(*spool, head, HEAD, 0);
    header_parse(&c->message, str_of(head, n > 0 ? n : 0), true, &h);
    if (!r->from.n)
        read_from(c, &h, r);
    if (!identity_of(c, r, &id, e) || !read_recipients(c, r, id.account, &h, e) || !compose_signer(c, &id, e))
        return false;
    r->account = id.account;
    set_message_id(c, &h, &id, r);
    r->subject = header_text(&c->message, mime_charsets(c->mime), header_body(&h, HEADER_SUBJECT), NULL);
    r->auto_submitted = header_first(&h, HEADER_AUTO_SUBMITTED) ? header_auto_submitted(&h) : r->auto_submitted;
    struct existing x = {.c = c, .source = {spool, pour_spool}, .skip = h.length};
    if (!survey_body(&x, &s, e))
        return false;
    bool plain = !s.nul && s.longest <= BUILD_LINE_MAX - 8, may_8bit = id.eight_bit && !compose_signer_7bit(c->signer);
    bool encode = (!plain || (s.high && !may_8bit)) && may_encode(c, &h) && s.octets <= TEXT_FILE;
    struct buf fields = buf_new(&c->message, h.length + 1024);
    buf_put(&fields, stdin_fields(c, &h, &id, r, encode));
    if (encode && !encode_body(c, &x, &h, &s, &fields, e))
        return false;
    x.fields = buf_str(&fields);
    struct outgoing o = {&x, write_existing, s.high && !encode, &id};
    return emit(c, r, &o, e);
}

bool send_stdin(struct compose *c, struct request *r, struct err *e)
{
    int spool = spool_new(e);
    if (spool < 0)
        return false;
    if (!c->mime)
        c->mime = mime_new();
    bool good = read_stdin(spool, c->until_dot, e) && send_spooled(c, r, &spool, e);
    close(spool);
    return good;
}

/* ---- resending (RFC5322-3.6.6) ---- */

static str resent_fields(struct compose *c, const struct original *o, const struct identity *id, const struct request *r)
{
    arena *a = &c->message;
    struct buf b = buf_new(a, o->m->header.length + 1024);
    struct header_addresses own = {(struct header_address *)&id->from, 1, 1};
    struct strs ids = {0};
    strs_add(a, &ids, r->message_id);
    build_date(&b, S("Resent-Date"), r->now, local_zone(r->now));
    build_addresses(a, &b, S("Resent-From"), &own);
    build_addresses(a, &b, S("Resent-To"), &r->to);
    build_addresses(a, &b, S("Resent-Cc"), &r->cc);
    build_ids(&b, S("Resent-Message-ID"), &ids);
    for (ptrdiff_t i = 0; i < o->m->header.n; i++) {
        const struct field *f = &o->m->header.field[i];
        if (f->id != HEADER_BCC && f->id != HEADER_RETURN_PATH)
            put_field(&b, f);
    }
    return buf_str(&b);
}

bool resend(struct compose *c, struct original *o, struct request *r, struct err *e)
{
    struct identity id;
    struct build_survey s;
    r->original = &o->email;
    if (!r->to.n && !r->cc.n && !r->bcc.n)
        return err_set(e, ERR_USAGE, "recipients.none", "--to says to whom", "a message that is resent needs a recipient");
    if (!identity_of(c, r, &id, e) || !compose_signer(c, &id, e))
        return false;
    r->account = id.account;
    r->subject = o->email.subject;
    r->message_id = message_id_new(&c->message, r, id.from.email);
    struct existing x = {.c = c, .fields = resent_fields(c, o, &id, r), .source = o->source, .skip = o->m->header.length};
    if (!survey_body(&x, &s, e))
        return false;
    struct outgoing out = {&x, write_existing, s.high || is_8bit(x.fields), &id};
    return emit(c, r, &out, e);
}
