/* AUTH (RFC 4954). */
#include "codec/codec.h"
#include "sasl/sasl.h"
#include "smtp/private.h"

enum { LINE_OCTETS = 512 }; /* RFC4954-4: a longer first message waits for the challenge */

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

static bool refused(struct smtp *c, const struct smtp_reply *r, struct err *e)
{
    enum sasl_mechanism m = sasl_by_name(c->set->auth);
    bool token = m == SASL_XOAUTH2 || m == SASL_OAUTHBEARER;
    char words[SMTP_WORDS];
    struct smtp_reply redacted = *r;
    net_redact(c->net, r->words, words, sizeof words);
    redacted.words = str_c(words);
    return smtp_refused(e, ERR_LOGIN, "smtp.login", "login", &redacted,
                        token ? "the token may have expired" : "check the user and the secret; some providers want an app password",
                        "%s refuses the login of %.*s by %s", c->host, STR_ARG(c->set->user), c->login_by);
}

static bool no_way_in(struct smtp *c, arena scratch, struct err *e)
{
    struct buf offered = buf_new(&scratch, 256);
    for (ptrdiff_t i = 0; i < c->mechanisms.n && offered.len < 200; i++)
        buf_fmt(&offered, "%s%.*s", offered.len ? " " : "", STR_ARG(c->mechanisms.item[i]));
    err_set(e, ERR_CONFIG, "smtp.mechanism",
            c->mechanisms.n         ? "set auth to one that it offers"
            : net_is_secure(c->net) ? "without smtp.user it is tried without a login"
                                    : "it may want TLS first: security = starttls",
            "%s has no login that fits auth = %.*s; it offers %.*s", c->host, STR_ARG(c->set->auth.len ? c->set->auth : S("auto")),
            STR_ARG(offered.len ? buf_str(&offered) : S("none")));
    err_stage(e, "login");
    return false;
}

static bool log_in(struct smtp *c, struct err *e)
{
    arena a = *c->mem;
    struct sasl s;
    struct smtp_reply r;
    str message = STR_NONE;
    enum sasl_mechanism m = sasl_choose(&c->mechanisms, c->set->auth);
    if (m == SASL_NONE)
        return no_way_in(c, a, e);
    int port = c->set->net.port ? c->set->net.port : c->set->net.security == NET_TLS ? 465 : 587;
    sasl_start(&a, &s, m, c->set->user, c->set->secret, c->set->net.host, port);
    c->login_by = sasl_name(m);
    bool pending = sasl_initial(&s, &message), fits = pending && message.len / 3 * 4 + 32 < LINE_OCTETS;
    str first = !fits ? STR_NONE : message.len ? base64(&a, message) : S("=");
    net_secret(c->net, first);
    str line = str_fmt(&a, "AUTH %s%s%.*s", c->login_by, fits ? " " : "", STR_ARG(first));
    pending &= !fits;
    bool said = smtp_command(c, line, &r, e);
    while (said && r.code == 334) {
        if (!pending && !sasl_answer(&s, unbase64(&a, str_trim(r.words)), &message, e)) {
            struct err ignored;
            smtp_command(c, S("*"), &r, &ignored);
            said = false;
            break;
        }
        pending = false;
        str answer = base64(&a, message);
        net_secret(c->net, answer);
        said = smtp_command(c, answer, &r, e);
    }
    if (said && r.code / 100 != 2)
        return refused(c, &r, e);
    if (said && sasl_finish(&s, e))
        return true;
    err_stage(e, "login");
    return false;
}

bool smtp_login(struct smtp *c, struct err *e)
{
    net_matter(c->net, NET_LOGIN);
    net_secret(c->net, c->set->secret);
    bool good = log_in(c, e);
    net_matter(c->net, NET_TALK);
    return good;
}
