#include "smtp/private.h"
#include "sys/sys.h"

#include <assert.h>
#include <stdio.h>
#include <unistd.h>

/* ---- one command, one reply ------------------------------------------------------------------------ */

bool smtp_put(struct smtp *c, str octets, struct err *e)
{
    c->passed += octets.len;
    return net_send(c->net, octets, e);
}

bool smtp_await(struct smtp *c, struct smtp_reply *r, struct err *e)
{
    while (!smtp_parse(&c->parse, &c->in, r)) {
        switch (net_read(c->net, -1, &c->in, e)) {
        case NET_GOT: break;
        case NET_QUIET: return err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal", c->host);
        case NET_LOST: return false;
        }
    }
    if (r->malformed)
        return err_set(e, ERR_REFUSED, "smtp.protocol", "is this the right port and protocol?", "%s does not speak SMTP: \"%.*s\"", c->host,
                       STR_ARG(str_first(r->words, 100)));
    return true;
}

bool smtp_command(struct smtp *c, str line, struct smtp_reply *r, struct err *e)
{
    return smtp_put(c, line, e) && smtp_put(c, S("\r\n"), e) && smtp_await(c, r, e);
}

bool smtp_refused(struct err *e, enum err_class class, const char *code, const char *stage, const struct smtp_reply *r, const char *hint,
                  const char *format, ...)
{
    bool later = r->code / 100 == 4;
    char text[512], words[sizeof e->server];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(words, sizeof words, "%d%s%.*s %.*s", r->code, r->enhanced.len ? " " : "", STR_ARG(r->enhanced),
             STR_ARG(str_first(r->words, 400)));
    err_set(e, later ? ERR_LATER : class, later ? "smtp.unavailable" : code, later ? "try again later" : hint, "%s", text);
    err_stage(e, stage);
    err_server(e, str_c(words));
    return false;
}

/* ---- what is offered --------------------------------------------------------------------------------- */

/* RFC5321-4.1.1.1: the first line is the greeting, each other one a keyword with parameters. */
static void take_offer(struct smtp *c, str line)
{
    str word, rest;
    str_cut(line, ' ', &word, &rest);
    if (str_eq_nocase(word, S("PIPELINING")))
        c->pipelining = !c->set->plain_dialog;
    else if (str_eq_nocase(word, S("CHUNKING")))
        c->chunking = !c->set->plain_dialog;
    else if (str_eq_nocase(word, S("8BITMIME")))
        c->eight_bit = true;
    else if (str_eq_nocase(word, S("SMTPUTF8")))
        c->utf8 = true;
    else if (str_eq_nocase(word, S("DSN")))
        c->dsn = true;
    else if (str_eq_nocase(word, S("SIZE"))) {
        c->size = true;
        str_i64(str_trim(rest), 0, INT64_MAX, &c->size_limit);
    }
    bool equals = str_starts_nocase(word, S("AUTH=")); /* as some old servers spell it */
    if (!str_eq_nocase(word, S("AUTH")) && !equals)
        return;
    for (str rest_of = equals ? str_skip(line, 5) : rest; rest_of.len;) {
        str_cut(rest_of, ' ', &word, &rest_of);
        if (word.len && !strs_have(&c->mechanisms, word))
            strs_add(&c->offers_mem, &c->mechanisms, word);
    }
}

void smtp_take_offers(struct smtp *c, str words)
{
    arena_reset(&c->offers_mem);
    c->offers = c->mechanisms = (struct strs){0};
    c->pipelining = c->chunking = c->eight_bit = c->utf8 = c->dsn = c->size = false;
    c->size_limit = 0;
    str line, rest = str_copy(&c->offers_mem, words);
    for (str_cut(rest, '\n', &line, &rest); rest.len && c->offers.n < SMTP_MAX_OFFERS;) {
        str_cut(rest, '\n', &line, &rest);
        line = str_trim(line);
        strs_add(&c->offers_mem, &c->offers, line);
        take_offer(c, line);
    }
}

/* RFC5321-4.1.3: who has no full name says the number. */
static str own_name(const struct smtp *c, char name[256])
{
    if (c->set->net.own_name.len)
        return c->set->net.own_name;
    if (gethostname(name, 255) == 0 && strchr(name, '.'))
        return str_c(name);
    return S("[127.0.0.1]");
}

bool smtp_ehlo(struct smtp *c, struct err *e)
{
    char name[256] = "";
    struct smtp_reply r;
    arena scratch = *c->mem;
    str line = str_fmt(&scratch, "%s %.*s", c->lmtp ? "LHLO" : "EHLO", STR_ARG(own_name(c, name)));
    if (!smtp_command(c, line, &r, e)) {
        err_stage(e, "greeting");
        return false;
    }
    if (r.code / 100 == 2) {
        smtp_take_offers(c, r.words);
        return true;
    }
    if (c->lmtp || r.code / 100 == 4)
        return smtp_refused(e, ERR_REFUSED, "smtp.greeting", "greeting", &r, NULL, "%s does not take our greeting", c->host);
    smtp_take_offers(c, STR_NONE); /* an old server: HELO was said while connecting */
    return true;
}

/* ---- the connection ---------------------------------------------------------------------------------- */

/* libcurl reads no greeting of LMTP. */
static bool read_greeting(struct smtp *c, struct err *e)
{
    struct smtp_reply r;
    if (!c->lmtp)
        return true;
    if (!smtp_await(c, &r, e)) {
        err_stage(e, "greeting");
        return false;
    }
    return r.code == 220 || smtp_refused(e, ERR_REFUSED, "smtp.greeting", "greeting", &r, NULL, "%s turned the connection away", c->host);
}

struct smtp *smtp_open(arena *a, const struct smtp_settings *settings, struct err *e)
{
    struct smtp *c = ARENA_NEW(a, struct smtp);
    const struct net_target *target = &settings->net;
    char name[256] = "";
    *c = (struct smtp){.mem = a, .set = settings, .lmtp = str_eq(target->protocol, S("lmtp"))};
    c->window = settings->window ? (ptrdiff_t)settings->window : SMTP_WINDOW_USUAL;
    assert(c->window > 0 && c->window <= SMTP_WINDOW);
    c->host = str_z(a, target->port ? str_fmt(a, "%.*s:%d", STR_ARG(target->host), target->port) : target->host);
    if (target->security == NET_PLAIN && !settings->allow_plaintext && settings->user.len) {
        err_set(e, ERR_CONFIG, "smtp.plaintext", "use security = tls or starttls (or set allowPlaintext = yes where the line is safe)",
                "%s: no login over a connection without TLS", c->host);
        err_stage(e, "login");
        return NULL;
    }
    struct net_target named = *target;
    named.own_name = own_name(c, name);
    c->offers_mem = arena_new(1 << 20);
    c->net = net_open(a, &named, e);
    if (c->net)
        net_be_patient(c->net, settings->reply_ms);
    /* What was offered before TLS does not count (RFC3207-4.2); it is asked for again. */
    if (c->net && read_greeting(c, e) && smtp_ehlo(c, e) && (!settings->user.len || (smtp_login(c, e) && smtp_ehlo(c, e))))
        return c;
    smtp_close(c);
    return NULL;
}

void smtp_close(struct smtp *c)
{
    if (!c)
        return;
    struct err ignored;
    if (c->net && !c->over)
        net_send(c->net, S("QUIT\r\n"), &ignored);
    net_close(c->net);
    c->net = NULL;
    arena_free(&c->offers_mem);
}

struct net_times smtp_took(const struct smtp *c) { return net_took(c->net); }

const char *smtp_login_by(const struct smtp *c) { return c->login_by; }

const struct strs *smtp_offers(const struct smtp *c) { return &c->offers; }

ptrdiff_t smtp_in_flight(const struct smtp *c) { return c->flights; }
