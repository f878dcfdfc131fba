#include "fetch.h"

enum { CONNECT_S = 30, RESPONSE_S = 60, INTERVAL_S = 300, LONGEST_S = 86400, YEAR_S = 31536000 };

/* What the command line says counts over the configuration. */
static void apply_options(const struct opts *o, struct target *x)
{
    if (o->auth.len)
        x->set.auth = o->auth;
    if (o->ca_file.len)
        x->set.net.ca_file = o->ca_file;
    if (o->secret.len)
        x->secret = o->secret;
    x->set.allow_plaintext |= o->allow_plaintext;
    if (o->connect_s >= 0)
        x->set.net.connect_ms = o->connect_s * 1000;
    if (o->response_s >= 0)
        x->set.net.response_ms = o->response_s * 1000;
    if (o->mailboxes.n)
        x->mailboxes = o->mailboxes;
}

/* ---- --url ---------------------------------------------------------------------------------------- */

static bool bad_url(struct err *e, const char *what)
{
    return err_set(e, ERR_USAGE, "fetch.url", "write it as imaps://user@host/MAILBOX", "--url: %s", what);
}

bool account_from_url(arena *a, const struct opts *o, struct target *x, struct err *e)
{
    *x = (struct target){.max = -1, .interval_s = INTERVAL_S};
    bool tls = str_starts_nocase(o->url, S("imaps://")), plain = str_starts_nocase(o->url, S("imap://"));
    if (!tls && !plain)
        return bad_url(e, "it begins with imaps:// or imap://");
    str authority, path;
    str_cut(str_skip(o->url, tls ? 8 : 7), '/', &authority, &path);
    ptrdiff_t at = authority.len;
    while (at > 0 && authority.ptr[at - 1] != '@')
        at--;
    if (at <= 1)
        return bad_url(e, "it names no user");
    str user = str_first(authority, at - 1);
    if (str_find_byte(user, ':') >= 0)
        return bad_url(e, "a password does not belong into it, everybody can read it there; use --secret");
    if (!net_host(str_skip(authority, at), &x->set.net.host, &x->set.net.port))
        return bad_url(e, "its host or port is not one");
    if (!o->secret.len)
        return err_set(e, ERR_USAGE, "fetch.secret", "write --secret cmd:COMMAND, env:VARIABLE or file:PATH", "--url wants --secret");
    x->set.user = str_percent_decoded(a, user);
    x->set.net.security = tls ? NET_TLS : o->allow_plaintext ? NET_PLAIN : NET_STARTTLS;
    x->set.net.connect_ms = CONNECT_S * 1000;
    x->set.net.response_ms = RESPONSE_S * 1000;
    x->name = o->accounts.n ? o->accounts.item[0]
              : str_find_byte(x->set.user, '@') >= 0 ? x->set.user
                                                     : str_fmt(a, "%.*s@%.*s", STR_ARG(x->set.user), STR_ARG(x->set.net.host));
    strs_add(a, &x->mailboxes, path.len ? str_percent_decoded(a, path) : S("INBOX"));
    apply_options(o, x);
    return true;
}

/* ---- the configuration ----------------------------------------------------------------------------- */

static bool take_security(str word, str name, enum net_security *out, struct err *e)
{
    if (!word.len || str_eq(word, S("tls")))
        *out = NET_TLS;
    else if (str_eq(word, S("starttls")))
        *out = NET_STARTTLS;
    else if (str_eq(word, S("none")))
        *out = NET_PLAIN;
    else
        return err_set(e, ERR_CONFIG, "config.value", "it is tls, starttls or none", "account %.*s: imap.security is \"%.*s\"",
                       STR_ARG(name), STR_ARG(word));
    return true;
}

static bool from_config(arena *a, const struct config *c, const struct opts *o, str name, struct target *x, struct err *e)
{
    int64_t port, connect_s, response_s;
    bool by_itself;
    *x = (struct target){.name = name};
    struct imap_settings *set = &x->set;
    config_list(a, c, name, S("mailboxes"), &x->mailboxes);
    if (!x->mailboxes.n)
        strs_add(a, &x->mailboxes, S("INBOX"));
    set->net.host = config_get(c, name, S("imap.host"));
    if (!set->net.host.len)
        return err_set(e, ERR_CONFIG, "config.missing", "set it with mail-account set NAME imap.host=…", "account %.*s has no imap.host", STR_ARG(name));
    if (str_starts(set->net.host, S("[")) && str_ends(set->net.host, S("]")))
        set->net.host = str_slice(set->net.host, 1, set->net.host.len - 1);
    if (!take_security(config_get(c, name, S("imap.security")), name, &set->net.security, e) ||
        !config_i64(c, name, S("imap.port"), 1, 65535, 0, &port, e) ||
        !config_bool(c, name, S("allowPlaintext"), false, &set->allow_plaintext, e) ||
        !config_bool(c, name, S("autoSync"), true, &by_itself, e) ||
        !config_i64(c, name, S("syncInterval"), 1, YEAR_S, INTERVAL_S, &x->interval_s, e) ||
        !config_i64(c, name, S("connectTimeout"), 1, LONGEST_S, CONNECT_S, &connect_s, e) ||
        !config_i64(c, name, S("responseTimeout"), 1, LONGEST_S, RESPONSE_S, &response_s, e) ||
        !config_i64(c, name, S("maxPerPoll"), 1, INT64_MAX, -1, &x->max, e))
        return false;
    set->net.port = (int)port;
    set->net.connect_ms = connect_s * 1000;
    set->net.response_ms = response_s * 1000;
    set->net.ca_file = config_get(c, name, S("tlsCaFile"));
    set->user = config_get(c, name, S("imap.user"));
    if (!set->user.len)
        set->user = config_get(c, name, S("email"));
    set->auth = config_get(c, name, S("imap.auth"));
    x->secret = config_get(c, name, S("imap.secret"));
    x->place = (struct secret_place){.name = config_place(a, c, name, S("imap.secret")), .config = c->path, .key = config_get(c, STR_NONE, S("seal.key"))};
    apply_options(o, x);
    if (!set->user.len || !x->secret.len)
        return err_set(e, ERR_CONFIG, "config.missing", "set it with mail-account set NAME KEY=VALUE", "account %.*s has no %s", STR_ARG(name),
                       set->user.len ? "imap.secret" : "imap.user");
    return true;
}

/* --all leaves out what is inactive, not to be read by itself, or has no server to read from. What is no yes or no is told by from_config. */
static bool by_itself(const struct config *c, const struct opts *o, str name)
{
    bool yes;
    struct err later;
    bool wanted = o->force || !config_bool(c, name, S("autoSync"), true, &yes, &later) || yes;
    return wanted && !str_eq(config_get(c, name, S("status")), S("inactive")) && config_get(c, name, S("imap.host")).len > 0;
}

static bool names_of(arena *a, const struct config *c, const struct opts *o, struct strs *names, struct err *e)
{
    struct strs known = {0};
    config_accounts(a, c, &known);
    for (ptrdiff_t i = 0; i < o->accounts.n; i++) {
        if (!config_has_account(c, o->accounts.item[i]))
            return err_set(e, ERR_MISSING, "config.account", "mail-account list shows what is there", "there is no account %.*s in %.*s",
                           STR_ARG(o->accounts.item[i]), STR_ARG(c->path));
        strs_add(a, names, o->accounts.item[i]);
    }
    for (ptrdiff_t i = 0; o->all && i < known.n; i++)
        if (by_itself(c, o, known.item[i]) && !strs_have(names, known.item[i]))
            strs_add(a, names, known.item[i]);
    if (names->n || (o->due && known.n))
        return true;
    return err_set(e, ERR_CONFIG, "config.account", "make one with mail-account add NAME imap.host=… imap.user=… imap.secret=…",
                   "%.*s has no account to read", STR_ARG(c->path));
}

bool accounts_choose(arena *a, const struct opts *o, struct targets *out, struct err *e)
{
    if (o->url.len) {
        *out = (struct targets){ARENA_NEW(a, struct target), 1};
        return account_from_url(a, o, out->item, e);
    }
    struct config c;
    struct strs names = {0};
    if (!config_load(a, o->config_path, &c, e) || !names_of(a, &c, o, &names, e))
        return false;
    *out = (struct targets){ARENA_ARRAY(a, struct target, names.n), names.n};
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (!from_config(a, &c, o, names.item[i], &out->item[i], &out->item[i].wrong) && !o->all) {
            *e = out->item[i].wrong;
            return false;
        }
    return true;
}
