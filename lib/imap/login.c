#include "codec/codec.h"
#include "imap/private.h"
#include "sasl/sasl.h"

static bool refused(struct imap *c, const struct imap_reply *given, struct err *e)
{
    struct imap_reply redacted = *given, *reply = &redacted;
    net_redact(c->net, str_c(given->words), redacted.words, sizeof redacted.words);
    bool token = sasl_by_name(c->set->auth) == SASL_XOAUTH2 || sasl_by_name(c->set->auth) == SASL_OAUTHBEARER;
    bool scram = str_starts(str_c(c->login_by), S("SCRAM"));
    return imap_refused(e, ERR_LOGIN, "imap.login", "login", reply,
                        token   ? "the token may have expired"
                        : scram ? "check the user and the secret (an app password?); or try auth = plain"
                                : "check the user and the secret; some providers want an app password",
                        "%s refuses the login of %.*s by %s", c->host, STR_ARG(c->set->user), c->login_by);
}

static str base64(arena *a, str octets)
{
    struct buf b = buf_new(a, octets.len / 3 * 4 + 8);
    base64_encode(octets, 0, &b);
    return buf_str(&b);
}

static str unbase64(arena *a, str text)
{
    struct buf b = buf_new(a, text.len + 4);
    struct base64 d = {0};
    base64_decode(&d, text, &b);
    base64_end(&d, &b);
    return buf_str(&b);
}

/* Wait for "+" (true, *challenge) or for the command's end (false, *reply; status IMAP_NONE: the connection is gone). */
static bool next_challenge(struct imap *c, arena *a, str *challenge, struct imap_reply *reply, struct err *e)
{
    *reply = (struct imap_reply){0};
    struct imap_part part;
    for (;;) {
        enum imap_event event = imap_next(c, -1, &part, e);
        if (event == IMAP_PAUSE)
            err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal", c->host);
        if (event == IMAP_GONE || event == IMAP_PAUSE)
            return false;
        if (event != IMAP_RESPONSE)
            continue;
        if (str_eq(part.response.tag, S("+"))) {
            *challenge = str_copy(a, part.response.text);
            return true;
        }
        if (imap_is_end(&part.response, c->tag)) {
            imap_note_reply(reply, &part.response);
            return false;
        }
    }
}

static bool send_line(struct imap *c, arena scratch, str line, struct err *e)
{
    return net_send(c->net, str_fmt(&scratch, "%.*s\r\n", STR_ARG(line)), e);
}

/* AUTHENTICATE (RFC3501-6.2.2), with the first message in the command where SASL-IR is offered (RFC4959). */
static bool authenticate(struct imap *c, enum sasl_mechanism m, arena a, struct err *e)
{
    struct sasl s;
    struct imap_reply reply;
    str message = STR_NONE, challenge;
    int port = c->set->net.port ? c->set->net.port : c->set->net.security == NET_TLS ? 993 : 143;
    sasl_start(&a, &s, m, c->set->user, c->set->secret, c->set->net.host, port);
    c->login_by = sasl_name(m);
    bool first = sasl_initial(&s, &message), with_command = first && imap_can(c, "SASL-IR");
    str initial = with_command ? base64(&a, message) : STR_NONE;
    net_secret(c->net, initial);
    /* RFC4959-3: an empty first message is "=". */
    str command = str_fmt(&a, "AUTHENTICATE %s%s%.*s", c->login_by, with_command ? " " : "",
                          STR_ARG(with_command && !initial.len ? S("=") : initial));
    if (!imap_send(c, command, e))
        return false;
    bool pending = first && !with_command, answered = false;
    while (next_challenge(c, &a, &challenge, &reply, e)) {
        if (!pending && !sasl_answer(&s, unbase64(&a, challenge), &message, e)) {
            struct err ignored;
            send_line(c, a, S("*"), &ignored);
            err_stage(e, "login");
            return false;
        }
        pending = false;
        if (answered) {
            answered = false;
            continue;
        }
        str answer = base64(&a, message);
        net_secret(c->net, answer);
        answered = sasl_next_is_empty(&s);
        if (!send_line(c, a, answer, e) || (answered && !send_line(c, a, S(""), e)))
            return false;
    }
    if (reply.status == IMAP_NONE) {
        err_stage(e, "login");
        return false;
    }
    if (reply.status != IMAP_OK)
        return refused(c, &reply, e);
    if (sasl_finish(&s, e))
        return true;
    err_stage(e, "login");
    return false;
}

/* One argument of LOGIN; a literal waits for "+" unless the server does without (RFC7888). */
static bool send_argument(struct imap *c, arena a, str s, struct imap_reply *reply, struct err *e)
{
    bool literal, at_once = imap_can(c, "LITERAL+") || (imap_can(c, "LITERAL-") && s.len <= 4096);
    str quoted = imap_quoted(&a, s, &literal), challenge;
    if (!literal)
        return net_send(c->net, quoted, e);
    if (!net_send(c->net, str_fmt(&a, "{%lld%s}\r\n", (long long)s.len, at_once ? "+" : ""), e))
        return false;
    return (at_once || next_challenge(c, &a, &challenge, reply, e)) && net_send(c->net, s, e);
}

/* LOGIN (RFC3501-6.2.3), where the server has no mechanism of ours. */
static bool plain_login(struct imap *c, arena a, struct err *e)
{
    struct imap_reply reply = {0};
    bool literal;
    str quoted = imap_quoted(&a, c->set->secret, &literal);
    c->login_by = "LOGIN";
    net_secret(c->net, str_slice(quoted, 1, quoted.len - 1));
    imap_await_anew(c);
    bool sent = net_send(c->net, str_fmt(&a, "m%u LOGIN ", ++c->tag), e) && send_argument(c, a, c->set->user, &reply, e) &&
                net_send(c->net, S(" "), e) && send_argument(c, a, c->set->secret, &reply, e) && net_send(c->net, S("\r\n"), e);
    if ((sent && !imap_await(c, c->tag, NULL, NULL, &reply, e)) || (!sent && reply.status == IMAP_NONE)) {
        err_stage(e, "login");
        return false;
    }
    return reply.status == IMAP_OK || refused(c, &reply, e);
}

static bool no_way_in(struct imap *c, arena scratch, struct err *e)
{
    struct buf offered = buf_new(&scratch, 256);
    for (ptrdiff_t i = 0; i < c->capabilities.n; i++)
        if (str_starts(c->capabilities.item[i], S("AUTH=")) && offered.len < 200)
            buf_fmt(&offered, "%s%.*s", offered.len ? " " : "", STR_ARG(str_skip(c->capabilities.item[i], 5)));
    str wanted = c->set->auth.len ? c->set->auth : S("auto");
    err_set(e, ERR_CONFIG, "imap.mechanism",
            imap_can(c, "LOGINDISABLED") && !net_is_secure(c->net) ? "it wants TLS first: security = starttls" : "set auth to one that it offers",
            "%s has no login that fits auth = %.*s; it offers %.*s", c->host, STR_ARG(wanted),
            STR_ARG(offered.len ? buf_str(&offered) : S("none")));
    err_stage(e, "login");
    return false;
}

static bool log_in(struct imap *c, struct err *e)
{
    arena a = *c->mem;
    struct strs offered = {0};
    for (ptrdiff_t i = 0; i < c->capabilities.n; i++)
        if (str_starts(c->capabilities.item[i], S("AUTH=")))
            strs_add(&a, &offered, str_skip(c->capabilities.item[i], 5));
    enum sasl_mechanism m = sasl_choose(&offered, c->set->auth);
    str auth = c->set->auth;
    bool login_fits = !auth.len || str_eq_nocase(auth, S("auto")) || str_eq_nocase(auth, S("login"));
    if (m != SASL_NONE)
        return authenticate(c, m, a, e);
    if (login_fits && !imap_can(c, "LOGINDISABLED"))
        return plain_login(c, a, e);
    return no_way_in(c, a, e);
}

bool imap_login(struct imap *c, struct err *e)
{
    int before = c->capability_lists;
    net_matter(c->net, NET_LOGIN);
    net_secret(c->net, c->set->secret);
    bool good = log_in(c, e);
    net_matter(c->net, NET_TALK);
    if (!good)
        return false;
    /* RFC3501-6.1.1: what is offered may be more now; many servers tell it with the OK. */
    return c->capability_lists > before || imap_ask_capabilities(c, e);
}
