/* From the configuration or --url to a route. */
#include "send.h"

#include "imap/imap.h"
#include "secret/secret.h"

enum { CONNECT_S = 60, REPLY_S = 300, FINAL_S = 600, LONGEST_S = 86400 };
enum { PORT_SMTP = 25, PORT_LMTP = 24 };

/* ---- secrets ---------------------------------------------------------------------------------------- */

bool run_secret(struct run *r, str reference, const struct secret_place *place, str *out, struct err *e)
{
    /* What is sealed is opened for each place: a copy of it elsewhere must not open. */
    for (ptrdiff_t i = 0; i + 1 < r->secrets.n; i += 2)
        if (str_eq(r->secrets.item[i], reference) && !secret_is_sealed(reference)) {
            *out = r->secrets.item[i + 1];
            return true;
        }
    if (!secret_get_at(r->mem, reference, place, out, e))
        return false;
    strs_add(r->mem, &r->secrets, reference);
    strs_add(r->mem, &r->secrets, *out);
    return true;
}

void run_forget(struct run *r)
{
    for (ptrdiff_t i = 0; i + 1 < r->secrets.n; i += 2)
        secret_wipe(r->secrets.item[i + 1]);
    r->secrets.n = 0;
}

static struct secret_place place_of(const struct config *c, str name)
{
    return (struct secret_place){.name = name, .config = c->path, .key = config_get(c, STR_NONE, S("seal.key"))};
}

/* ---- hosts ------------------------------------------------------------------------------------------ */

static int usual_port(const struct smtp_settings *set)
{
    bool lmtp = str_eq(set->net.protocol, S("lmtp"));
    return set->net.security == NET_TLS ? 465 : set->net.security == NET_STARTTLS ? 587 : lmtp ? PORT_LMTP : PORT_SMTP;
}

static void add_host(arena *a, struct route *x, struct host h, int port)
{
    struct host *list = ARENA_ARRAY(a, struct host, x->n_hosts + 1);
    if (x->n_hosts)
        memcpy(list, x->host, (size_t)x->n_hosts * sizeof *list);
    if (!h.port && !str_starts(h.name, S("/")))
        h.port = port;
    list[x->n_hosts++] = h;
    x->host = list;
}

/* ---- what the command line says ---------------------------------------------------------------------- */

static void apply_options(const struct opts *o, struct route *x)
{
    struct smtp_settings *set = &x->set;
    if (o->auth.len)
        set->auth = o->auth;
    if (o->ca_file.len)
        set->net.ca_file = o->ca_file;
    if (o->secret.len)
        x->secret = o->secret;
    set->allow_plaintext |= o->allow_plaintext;
    if (o->connect_s >= 0)
        set->net.connect_ms = o->connect_s * 1000;
    if (o->response_s >= 0)
        set->reply_ms = o->response_s * 1000;
    if (o->final_s >= 0)
        set->final_ms = o->final_s * 1000;
    set->net.response_ms = set->reply_ms;
}

static bool bad_url(struct err *e, const char *what)
{
    return err_set(e, ERR_USAGE, "send.url", "write it as smtps://user@host, smtp://user@host:587, lmtp://host:24 or lmtp:///path", "--url: %s", what);
}

/* smtps:// is TLS from the start; smtp:// is STARTTLS, on port 25 of this machine and with --allow-plaintext none; lmtp:// is plain. */
static bool take_scheme(const struct opts *o, str *rest, struct route *x, struct err *e)
{
    static const struct {
        str scheme, protocol;
        enum net_security security;
    } schemes[] = {{S("smtps://"), S("smtp"), NET_TLS}, {S("smtp://"), S("smtp"), NET_STARTTLS},
                   {S("lmtps://"), S("lmtp"), NET_TLS}, {S("lmtp://"), S("lmtp"), NET_PLAIN}};
    for (int i = 0; i < 4; i++)
        if (str_starts_nocase(o->url, schemes[i].scheme)) {
            *rest = str_skip(o->url, schemes[i].scheme.len);
            x->set.net.protocol = schemes[i].protocol;
            x->set.net.security = o->allow_plaintext && schemes[i].security == NET_STARTTLS ? NET_PLAIN : schemes[i].security;
            return true;
        }
    return bad_url(e, "it begins with smtps://, smtp:// or lmtp://");
}

static bool from_url(arena *a, const struct opts *o, struct route *x, struct err *e)
{
    str rest, path = STR_NONE;
    struct host h;
    if (!take_scheme(o, &rest, x, e))
        return false;
    bool lmtp = str_eq(x->set.net.protocol, S("lmtp"));
    if (!(lmtp && str_starts(rest, S("/"))) && str_cut(rest, '/', &rest, &path) && path.len)
        return bad_url(e, "nothing stands behind the host");
    ptrdiff_t at = rest.len;
    while (at > 0 && rest.ptr[at - 1] != '@')
        at--;
    str user = str_first(rest, at ? at - 1 : 0);
    if (str_find_byte(user, ':') >= 0)
        return bad_url(e, "a password does not belong into it, everybody can read it there; use --secret");
    if (!net_host(str_skip(rest, at), &h.name, &h.port))
        return bad_url(e, "its host or port is not one");
    x->set.user = str_percent_decoded(a, user);
    if (user.len && !o->secret.len)
        return err_set(e, ERR_USAGE, "send.secret", "--secret cmd:COMMAND, env:VARIABLE, file:PATH, keyring:ATTRIBUTE VALUE or netrc:MACHINE", "--url with a user wants --secret");
    x->set.net.connect_ms = CONNECT_S * 1000;
    x->set.reply_ms = REPLY_S * 1000;
    x->set.final_ms = FINAL_S * 1000;
    add_host(a, x, h, usual_port(&x->set));
    return true;
}

/* ---- the configuration ----------------------------------------------------------------------------- */

static bool bad_value(struct route *x, const char *key, str value, const char *wanted, struct err *e)
{
    return err_set(e, ERR_CONFIG, "config.value", wanted, "account %.*s: %s is \"%.*s\"", STR_ARG(x->account), key, STR_ARG(value));
}

/* Where it is not said, the port tells: 25 and 587 begin in the clear. */
static bool take_security(str word, int64_t port, struct route *x, struct err *e)
{
    enum net_security *out = &x->set.net.security;
    bool lmtp = str_eq(x->set.net.protocol, S("lmtp"));
    if (!word.len)
        *out = lmtp ? NET_PLAIN : port == 25 || port == 587 ? NET_STARTTLS : NET_TLS;
    else if (str_eq(word, S("tls")))
        *out = NET_TLS;
    else if (str_eq(word, S("starttls")))
        *out = NET_STARTTLS;
    else if (str_eq(word, S("none")))
        *out = NET_PLAIN;
    else
        return bad_value(x, "smtp.security", word, "tls, starttls or none", e);
    return true;
}

/* What the profile says counts over its account. */
static str setting(const struct config *c, const struct route *x, const char *key)
{
    str own = x->profile.len ? config_section_get(c, S("profile"), x->profile, str_c(key)) : STR_NONE;
    return own.ptr ? own : config_get(c, x->account, str_c(key));
}

static str place_name(arena *a, const struct config *c, const struct route *x, str key)
{
    bool own = x->profile.len && config_section_get(c, S("profile"), x->profile, key).ptr;
    return own ? config_section_place(a, S("profile"), x->profile, key) : config_place(a, c, x->account, key);
}

static bool take_number(const struct config *c, struct route *x, const char *key, int64_t max, int64_t otherwise, int64_t *out, struct err *e)
{
    str value = setting(c, x, key);
    *out = otherwise;
    return !value.ptr || str_i64(value, 1, max, out) || bad_value(x, key, value, "a number from 1 on", e);
}

static bool take_truth(const struct config *c, struct route *x, const char *key, bool otherwise, bool *out, struct err *e)
{
    str value = setting(c, x, key);
    bool yes = str_eq_nocase(value, S("yes")) || str_eq_nocase(value, S("true")) || str_eq_nocase(value, S("on")) || str_eq(value, S("1"));
    bool no = str_eq_nocase(value, S("no")) || str_eq_nocase(value, S("false")) || str_eq_nocase(value, S("off")) || str_eq(value, S("0"));
    *out = value.ptr ? yes : otherwise;
    return !value.ptr || yes || no || bad_value(x, key, value, "yes or no", e);
}

static bool take_hosts(arena *a, const struct config *c, struct route *x, int64_t port, struct err *e)
{
    struct strs names = {0};
    for (str word, rest = setting(c, x, "smtp.host"); rest.len;) {
        str_cut(rest, ',', &word, &rest);
        if (str_trim(word).len)
            strs_add(a, &names, str_trim(word));
    }
    for (ptrdiff_t i = 0; i < names.n; i++) {
        struct host h;
        if (!net_host(names.item[i], &h.name, &h.port))
            return bad_value(x, "smtp.host", names.item[i], "a host name, with :port where it is another", e);
        add_host(a, x, h, port ? (int)port : usual_port(&x->set));
    }
    return x->n_hosts > 0 || err_set(e, ERR_CONFIG, "config.missing", "mail-account set NAME smtp.host=…", "account %.*s has no smtp.host",
                                     STR_ARG(x->account));
}

/* Some providers put what they send into Sent by themselves (P-21). */
static bool stores_by_itself(const struct route *x)
{
    static const char *const ends[] = {"gmail.com", "googlemail.com", "office365.com", "outlook.com"};
    for (int i = 0; i < (int)(sizeof ends / sizeof *ends); i++)
        if (x->n_hosts && str_ends(x->host[0].name, str_c(ends[i])))
            return true;
    return false;
}

static bool has_profile(arena *a, const struct config *c, str name)
{
    struct strs names = {0};
    config_sections(a, c, S("profile"), &names);
    return strs_have(&names, name);
}

static bool from_config(arena *a, const struct opts *o, const struct config *c, struct route *x, struct err *e)
{
    struct smtp_settings *set = &x->set;
    str name = x->account, protocol = setting(c, x, "smtp.protocol");
    int64_t port, window, connect_s, reply_s, final_s;
    bool extensions;
    if (!config_has_account(c, name))
        return err_set(e, ERR_CONFIG, "config.account", "mail-account list", "there is no account %.*s in %.*s", STR_ARG(name), STR_ARG(c->path));
    if (x->profile.len && !has_profile(a, c, x->profile))
        return err_set(e, ERR_CONFIG, "config.profile", "write a section [profile NAME]", "there is no profile %.*s in %.*s", STR_ARG(x->profile),
                       STR_ARG(c->path));
    if (protocol.len && !str_eq(protocol, S("smtp")) && !str_eq(protocol, S("lmtp")))
        return bad_value(x, "smtp.protocol", protocol, "smtp or lmtp", e);
    set->net.protocol = protocol.len ? protocol : S("smtp");
    if (!take_number(c, x, "smtp.port", 65535, 0, &port, e) || !take_security(setting(c, x, "smtp.security"), port, x, e) ||
        !take_truth(c, x, "allowPlaintext", false, &set->allow_plaintext, e) || !take_truth(c, x, "smtp.extensions", true, &extensions, e) ||
        !take_number(c, x, "smtp.pipeline", SMTP_WINDOW, SMTP_WINDOW_USUAL, &window, e) ||
        !take_number(c, x, "connectTimeout", LONGEST_S, CONNECT_S, &connect_s, e) ||
        !take_number(c, x, "responseTimeout", LONGEST_S, REPLY_S, &reply_s, e) ||
        !take_number(c, x, "smtp.dataTimeout", LONGEST_S, FINAL_S, &final_s, e) || !take_hosts(a, c, x, port, e))
        return false;
    set->plain_dialog = !extensions;
    set->window = window;
    set->net.connect_ms = connect_s * 1000;
    set->reply_ms = reply_s * 1000;
    set->final_ms = final_s * 1000;
    set->net.ca_file = setting(c, x, "tlsCaFile");
    set->net.own_name = setting(c, x, "smtp.helo");
    set->auth = setting(c, x, "smtp.auth");
    x->secret = setting(c, x, "smtp.secret");
    set->user = setting(c, x, "smtp.user");
    if (!set->user.len && (x->secret.len || o->secret.len))
        set->user = setting(c, x, "email");
    x->keeps_copies = stores_by_itself(x);
    return true;
}

struct route *route_for(struct run *r, str account, str profile)
{
    const struct opts *o = r->opts;
    if (o->account.len)
        account = o->account;
    if (o->profile.len)
        profile = o->profile;
    for (struct route *x = r->routes; x; x = x->next)
        if (str_eq(x->account, account) && str_eq(x->profile, profile))
            return x;
    struct route *x = ARENA_NEW(r->mem, struct route);
    struct err *e = &x->bad;
    *x = (struct route){.next = r->routes, .account = str_copy(r->mem, account), .profile = str_copy(r->mem, profile)};
    r->routes = x;
    bool good = o->url.len       ? from_url(r->mem, o, x, e)
                : account.len    ? from_config(r->mem, o, &r->config, x, e)
                                 : err_set(e, ERR_CONFIG, "send.account", "-a NAME, or --url URL", "the submission names no account");
    apply_options(o, x);
    if (good && x->set.user.len && !x->secret.len)
        good = err_set(e, ERR_CONFIG, "config.missing", "mail-account set NAME smtp.secret=…", "account %.*s has no smtp.secret", STR_ARG(account));
    struct secret_place place = place_of(&r->config, o->secret.len || o->url.len ? STR_NONE : place_name(r->mem, &r->config, x, S("smtp.secret")));
    if (good && x->set.user.len && (!o->dry_run || o->test))
        good = run_secret(r, x->secret, &place, &x->set.secret, e);
    if (!good)
        prog_error(e);
    return x;
}

str sender_of(const struct run *r)
{
    str own = r->opts->profile.len ? config_section_get(&r->config, S("profile"), r->opts->profile, S("email")) : STR_NONE;
    return own.len ? own : config_get(&r->config, r->opts->account, S("email"));
}

bool imap_settings_for(struct run *r, str account, struct imap_settings *out, struct err *e)
{
    const struct config *c = &r->config;
    int64_t port;
    str security = config_get(c, account, S("imap.security")), secret = config_get(c, account, S("imap.secret"));
    *out = (struct imap_settings){.net.host = config_get(c, account, S("imap.host")), .user = config_get(c, account, S("imap.user"))};
    if (!out->net.host.len || !secret.len)
        return err_set(e, ERR_CONFIG, "config.missing", "mail-account set NAME imap.host=… imap.secret=…",
                       "account %.*s has no mailbox to keep copies in", STR_ARG(account));
    if (!out->user.len)
        out->user = config_get(c, account, S("email"));
    if (!config_i64(c, account, S("imap.port"), 1, 65535, 0, &port, e) ||
        !config_bool(c, account, S("allowPlaintext"), false, &out->allow_plaintext, e))
        return false;
    out->net.port = (int)port;
    out->net.security = str_eq(security, S("starttls")) ? NET_STARTTLS : str_eq(security, S("none")) ? NET_PLAIN : NET_TLS;
    out->net.connect_ms = CONNECT_S * 1000;
    out->net.response_ms = REPLY_S * 1000;
    out->net.ca_file = config_get(c, account, S("tlsCaFile"));
    out->auth = config_get(c, account, S("imap.auth"));
    struct secret_place place = place_of(c, config_place(r->mem, c, account, S("imap.secret")));
    return run_secret(r, secret, &place, &out->secret, e);
}
