/* To whom an answer goes, under which subject, and whether there shall be one. */
#include "compose.h"

/* ---- whether (RFC 3834 2) ---- */

static bool refuse(const struct email *m, const char *why, struct err *e)
{
    str id = m->message_id.n ? m->message_id.item[0] : m->blob_id;
    return err_set(e, ERR_REFUSED, "reply.refused", "--force answers all the same", "no answer to message %.*s: %s", STR_ARG(id), why);
}

static bool field_says(const struct header *h, enum header_name id, const char *word)
{
    return str_find_nocase(header_body(h, id), str_c(word)) >= 0;
}

static bool is_machine(str email)
{
    static const char *const names[] = {"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce", "bounces"};
    str local, domain;
    str_cut(email, '@', &local, &domain);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_eq_nocase(local, str_c(names[i])))
            return true;
    return str_starts_nocase(local, S("owner-")) || str_ends(local, S("-request")) || str_ends(local, S("-bounces"));
}

static bool is_null_sender(const struct header *h)
{
    const struct field *f = header_first(h, HEADER_RETURN_PATH);
    str path = f ? str_trim(f->body) : STR_NONE;
    return f && (str_eq(path, S("<>")) || !path.len);
}

/* A template that says so is only for answers without a person. A template that is not there is told later. */
bool reply_is_automatic(struct compose *c, const struct request *r)
{
    struct compose_template t;
    struct err ignored;
    if (r->automatic || !r->template.len)
        return r->automatic;
    str folder = compose_template_folder(&c->message, &c->config, c->template_folder);
    if (!compose_template_load(&c->message, folder, r->template, STR_NONE, &t, &ignored))
        return false;
    return str_eq_nocase(t.file.kind, S("auto-reply")) || str_eq_nocase(t.file.kind, S("auto_reply"));
}

bool reply_allowed(struct compose *c, const struct original *o, const struct request *r, struct err *e)
{
    const struct email *m = &o->email;
    const struct header *h = &o->m->header;
    str from = m->from.n ? m->from.item[0].email : STR_NONE;
    struct header_list list;
    if (c->force)
        return true;
    if (is_null_sender(h))
        return refuse(m, "its Return-Path is empty, so it reports a failure or was sent by a program", e);
    /* Other fields than Auto-Submitted make a guess: enough to keep a program silent, not a person. */
    if ((r->automatic || header_first(h, HEADER_AUTO_SUBMITTED)) && !str_eq(header_auto_submitted(h), S("no")))
        return refuse(m, "a program sent it (Auto-Submitted)", e);
    if (header_list(&c->message, h, &list) || field_says(h, HEADER_PRECEDENCE, "list") || field_says(h, HEADER_PRECEDENCE, "bulk") ||
        field_says(h, HEADER_PRECEDENCE, "junk"))
        return refuse(m, "it came from a list", e);
    if (!from.len || str_starts_nocase(from, S("mailer-daemon@")))
        return refuse(m, "it has no sender", e);
    if (!r->automatic)
        return true;
    if (is_machine(from))
        return refuse(m, "a program sent it, by its address", e);
    if (is_own_address(c, STR_NONE, from) || header_first(h, HEADER_X_LOOP))
        return refuse(m, "it is our own: that would be a loop", e);
    if (field_says(h, HEADER_X_AUTO_RESPONSE_SUPPRESS, "all") || field_says(h, HEADER_X_AUTO_RESPONSE_SUPPRESS, "autoreply"))
        return refuse(m, "its sender wants no automatic answers", e);
    return true;
}

/* ---- to whom ---- */

/* Addresses of the original that can be written to; what is none is left out, as mail readers do. */
static void add_people(struct compose *c, struct header_addresses *to, const struct addresses *from, str own, const struct header_addresses *others)
{
    for (ptrdiff_t i = 0; i < from->n; i++) {
        struct header_address x = {from->item[i].name, from->item[i].email};
        struct err e;
        bool twice = own.ptr && is_own_address(c, own, x.email);
        for (ptrdiff_t k = 0; k < to->n; k++)
            twice = twice || str_eq_nocase(to->item[k].email, x.email);
        for (ptrdiff_t k = 0; others && k < others->n; k++)
            twice = twice || str_eq_nocase(others->item[k].email, x.email);
        if (!build_value_ok(x.name, "name", &e) || x.name.len > BUILD_NAME)
            x.name = STR_NONE;
        if (!twice && build_address_ok(c->message, x, "address", ERR_INPUT, &e))
            build_address_add(&c->message, to, x);
    }
}

static void fill_people(struct compose *c, const struct email *m, str account, struct request *r)
{
    bool ours = m->from.n && is_own_address(c, account, m->from.item[0].email);
    const struct addresses *answer = ours && m->to.n ? &m->to : m->reply_to.n ? &m->reply_to : &m->from;
    if (!r->to.n)
        add_people(c, &r->to, answer, STR_NONE, NULL);
    if (!c->all || r->cc.n)
        return;
    if (!ours)
        add_people(c, &r->cc, &m->to, account, &r->to);
    add_people(c, &r->cc, &m->cc, account, &r->to);
}

/* ---- under which subject ---- */

/* The subject begins with a prefix of this kind, in any language. */
static bool has_prefix(arena *a, str subject, bool forward)
{
    struct base_subject base;
    for (ptrdiff_t i = 0; i < subject.len && i < 40; i++) {
        bool wide = str_starts(str_skip(subject, i), S("\xef\xbc\x9a"));
        if (subject.ptr[i] != ':' && !wide)
            continue;
        header_base_subject(a, str_fmt(a, "%.*s x", STR_ARG(str_first(subject, i + (wide ? 3 : 1)))), SUBJECT_WIDE, &base);
        return str_eq(base.text, S("x")) && (forward ? base.forward : base.reply);
    }
    return false;
}

static str prefixed(arena *a, str subject, bool forward)
{
    struct buf b = buf_new(a, subject.len + 8);
    for (ptrdiff_t i = 0; i < subject.len; i++)
        buf_byte(&b, (unsigned char)subject.ptr[i] < 32 || subject.ptr[i] == 127 ? ' ' : subject.ptr[i]);
    subject = str_trim(utf8_first(buf_str(&b), BUILD_VALUE / 4));
    if (has_prefix(a, subject, forward))
        return subject;
    return str_fmt(a, "%s%.*s", forward ? "Fwd: " : "Re: ", STR_ARG(subject));
}

/* RFC5322-3.6.4 */
static void fill_references(arena *a, const struct email *m, struct request *r)
{
    r->in_reply_to = r->references = (struct strs){0};
    if (m->references.n)
        for (ptrdiff_t i = 0; i < m->references.n; i++)
            strs_add(a, &r->references, m->references.item[i]);
    else if (m->in_reply_to.n == 1)
        strs_add(a, &r->references, m->in_reply_to.item[0]);
    if (!m->message_id.n)
        return;
    strs_add(a, &r->in_reply_to, m->message_id.item[0]);
    strs_add(a, &r->references, m->message_id.item[0]);
}

bool reply_fill(struct compose *c, struct original *o, struct request *r, struct err *e)
{
    struct identity id;
    r->original = &o->email;
    if (!identity_of(c, r, &id, e))
        return false;
    fill_people(c, &o->email, id.account, r);
    if (!r->to.n && !r->cc.n)
        return refuse(&o->email, "it has no address to answer to", e);
    r->default_subject = prefixed(&c->message, o->email.subject, false);
    fill_references(&c->message, &o->email, r);
    if (r->no_quote)
        return true;
    r->quote_text = quote_text(&c->message, &o->email);
    r->quote_html = quote_html(&c->message, &o->email);
    return true;
}

/* ---- forward ---- */

bool forward_fill(struct compose *c, struct original *o, struct request *r, struct err *e)
{
    arena *a = &c->message;
    r->original = &o->email;
    if (!r->to.n && !r->cc.n && !r->bcc.n)
        return err_set(e, ERR_USAGE, "recipients.none", "--to says to whom", "a forwarded message needs a recipient");
    r->default_subject = prefixed(a, o->email.subject, true);
    fill_references(a, &o->email, r);
    r->in_reply_to = (struct strs){0};
    if (c->as_attachment) {
        struct enclosure x = {.type = S("message/rfc822"), .fd = -1, .size = o->m->size, .source = o->source};
        enclose(a, r, &x);
        return true;
    }
    r->quote_text = forward_text(a, &o->email);
    if (o->email.html.len || r->html.len)
        r->quote_html = forward_html(a, &o->email);
    original_enclose(a, o, o->email.html.len > 0, r);
    return true;
}
