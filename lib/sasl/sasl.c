#include "sasl/sasl.h"
#include "sasl/scram.h"

static const struct {
    enum sasl_mechanism mechanism;
    const char *name;
} table[] = {
    {SASL_SCRAM_SHA_256, "SCRAM-SHA-256"}, {SASL_SCRAM_SHA_1, "SCRAM-SHA-1"}, {SASL_PLAIN, "PLAIN"},
    {SASL_LOGIN, "LOGIN"},                 {SASL_OAUTHBEARER, "OAUTHBEARER"}, {SASL_XOAUTH2, "XOAUTH2"},
};
enum { TABLE = (int)(sizeof table / sizeof *table) };

enum sasl_mechanism sasl_by_name(str name)
{
    for (int i = 0; i < TABLE; i++)
        if (str_eq_nocase(name, str_c(table[i].name)))
            return table[i].mechanism;
    return SASL_NONE;
}

const char *sasl_name(enum sasl_mechanism m)
{
    for (int i = 0; i < TABLE; i++)
        if (table[i].mechanism == m)
            return table[i].name;
    return "";
}

static bool wants_token(enum sasl_mechanism m) { return m == SASL_XOAUTH2 || m == SASL_OAUTHBEARER; }

static bool offers(const struct strs *offered, const char *name)
{
    for (ptrdiff_t i = 0; i < offered->n; i++)
        if (str_eq_nocase(offered->item[i], str_c(name)))
            return true;
    return false;
}

/* The table is in the order of strength. */
enum sasl_mechanism sasl_choose(const struct strs *offered, str wanted)
{
    bool any = !wanted.len || str_eq_nocase(wanted, S("auto"));
    for (int i = 0; i < TABLE; i++) {
        bool fits = any ? !wants_token(table[i].mechanism) : str_eq_nocase(wanted, str_c(table[i].name));
        if (fits && offers(offered, table[i].name))
            return table[i].mechanism;
    }
    return SASL_NONE;
}

void sasl_start(arena *a, struct sasl *s, enum sasl_mechanism m, str user, str secret, str host, int port)
{
    *s = (struct sasl){.mem = a, .mechanism = m, .user = user, .secret = secret, .host = host, .port = port};
}

static str plain(struct sasl *s)
{
    struct buf b = buf_new(s->mem, s->user.len + s->secret.len + 2);
    buf_byte(&b, 0);
    buf_put(&b, s->user);
    buf_byte(&b, 0);
    buf_put(&b, s->secret);
    return buf_str(&b);
}

static str xoauth2(struct sasl *s)
{
    return str_fmt(s->mem, "user=%.*s\001auth=Bearer %.*s\001\001", STR_ARG(s->user), STR_ARG(s->secret));
}

/* RFC7628-3.1; the name is escaped as in SCRAM only for ',' and '=', which addresses do not hold. */
static str oauthbearer(struct sasl *s)
{
    return str_fmt(s->mem, "n,a=%.*s,\001host=%.*s\001port=%d\001auth=Bearer %.*s\001\001", STR_ARG(s->user), STR_ARG(s->host),
                   s->port, STR_ARG(s->secret));
}

bool sasl_initial(struct sasl *s, str *message)
{
    switch (s->mechanism) {
    case SASL_PLAIN: *message = plain(s); break;
    case SASL_SCRAM_SHA_1:
    case SASL_SCRAM_SHA_256: *message = scram_first(s); break;
    case SASL_XOAUTH2: *message = xoauth2(s); break;
    case SASL_OAUTHBEARER: *message = oauthbearer(s); break;
    case SASL_LOGIN:
    case SASL_NONE: return false;
    }
    s->step = 1;
    return true;
}

static bool out_of_order(const struct sasl *s, struct err *e)
{
    return err_set(e, ERR_LOGIN, "sasl.order", "try another mechanism", "the server asks for more than %s has", sasl_name(s->mechanism));
}

static bool scram_answer(struct sasl *s, str challenge, str *message, struct err *e)
{
    if (s->step == 1) {
        s->step = 2;
        return scram_final(s, challenge, message, e);
    }
    if (s->step != 2)
        return out_of_order(s, e);
    s->step = 3;
    *message = S("");
    return scram_verify(s, challenge, e);
}

bool sasl_answer(struct sasl *s, str challenge, str *message, struct err *e)
{
    if (challenge.len > SASL_MAX_OCTETS)
        return err_set(e, ERR_LOGIN, "sasl.server", NULL, "the server's challenge is over %d octets", SASL_MAX_OCTETS);
    switch (s->mechanism) {
    case SASL_SCRAM_SHA_1:
    case SASL_SCRAM_SHA_256: return scram_answer(s, challenge, message, e);
    case SASL_LOGIN:
        if (s->step >= 2)
            return out_of_order(s, e);
        *message = s->step++ == 0 ? s->user : s->secret;
        return true;
    case SASL_XOAUTH2:
    case SASL_OAUTHBEARER:
        /* The challenge is the reason of a failure; an empty answer lets the server say no (RFC7628-3.2.3: one %x01). */
        if (s->step++ != 1)
            return out_of_order(s, e);
        *message = s->mechanism == SASL_XOAUTH2 ? S("") : S("\001");
        return true;
    case SASL_PLAIN:
    case SASL_NONE: break;
    }
    return out_of_order(s, e);
}

static bool is_scram(const struct sasl *s) { return s->mechanism == SASL_SCRAM_SHA_1 || s->mechanism == SASL_SCRAM_SHA_256; }

bool sasl_next_is_empty(const struct sasl *s) { return is_scram(s) && s->step == 2; }

bool sasl_finish(const struct sasl *s, struct err *e)
{
    if (!is_scram(s) || s->proved)
        return true;
    return err_set(e, ERR_LOGIN, "sasl.proof", "is somebody between you and the server?",
                   "the server let us in without proving that it knows the password");
}
