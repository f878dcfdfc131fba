#include "mail-account/account.h"

#include "record/record.h"
#include "secret/secret.h"

#include <stdlib.h>

/* Ports of RFC 8314, RFC 3501, RFC 6409. */
static int64_t default_port(str protocol, str security)
{
    bool tls = str_eq(security, S("tls"));
    if (str_eq(protocol, S("smtp")))
        return tls ? 465 : 587;
    return tls ? 993 : 143;
}

/* "cmd:pass show x" as "cmd:…": a command may hold what should not be on a screen. Of a secret in plain words nothing. */
static str masked(arena *a, str reference)
{
    str kind, rest;
    if (!reference.len)
        return STR_NONE;
    return secret_is_reference(reference) && str_cut(reference, ':', &kind, &rest) ? str_fmt(a, "%.*s:…", STR_ARG(kind)) : S("…");
}

struct server {
    str host, security, user, auth, secret;
    int64_t port;
};

static bool read_server(struct request *r, str account, const char *protocol, struct server *s, struct err *e)
{
    arena *a = r->mem;
    const struct config *c = &r->config;
#define KEY(word) str_fmt(a, "%s." word, protocol)
    s->host = config_get(c, account, KEY("host"));
    s->security = config_get(c, account, KEY("security"));
    if (!s->security.len)
        s->security = S("tls");
    s->user = config_get(c, account, KEY("user"));
    if (!s->user.len)
        s->user = config_get(c, account, S("email"));
    s->auth = config_get(c, account, KEY("auth"));
    s->secret = masked(a, config_get(c, account, KEY("secret")));
    return config_i64(c, account, KEY("port"), 1, 65535, default_port(str_c(protocol), s->security), &s->port, e);
#undef KEY
}

static void put_text(struct jwrite *w, const struct config *c, str account, str key)
{
    str value = config_get(c, account, key);
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_optional(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_smtp(struct jwrite *w, const struct server *s)
{
    if (!s->host.len)
        return;
    jwrite_key(w, S("smtp"));
    jwrite_object(w);
    put_optional(w, S("host"), s->host);
    jwrite_key(w, S("port"));
    jwrite_i64(w, s->port);
    put_optional(w, S("security"), s->security);
    put_optional(w, S("user"), s->user);
    put_optional(w, S("auth"), s->auth);
    put_optional(w, S("secret"), s->secret);
    jwrite_end_object(w);
}

/* What struct account has no place for, as JSON members. */
static bool more_members(struct request *r, str account, str *out, struct err *e)
{
    struct buf b = buf_new(r->mem, 512);
    struct jwrite w = {.to = &b};
    const struct config *c = &r->config;
    struct server smtp;
    bool auto_sync;
    int64_t most, days;
    if (!read_server(r, account, "smtp", &smtp, e) || !config_bool(c, account, S("autoSync"), true, &auto_sync, e) ||
        !config_i64(c, account, S("maxPerPoll"), 1, INT64_MAX, 0, &most, e) ||
        !config_i64(c, account, S("retentionDays"), 1, INT64_MAX, 0, &days, e))
        return false;
    put_text(&w, c, account, S("displayName"));
    put_text(&w, c, account, S("aliases"));
    put_text(&w, c, account, S("accountType"));
    put_text(&w, c, account, S("department"));
    jwrite_key(&w, S("autoSync"));
    jwrite_bool(&w, auto_sync);
    if (most) {
        jwrite_key(&w, S("maxPerPoll"));
        jwrite_i64(&w, most);
    }
    if (days) {
        jwrite_key(&w, S("retentionDays"));
        jwrite_i64(&w, days);
    }
    put_text(&w, c, account, S("maxAttachment"));
    put_smtp(&w, &smtp);
    *out = buf_str(&b);
    return true;
}

static bool show_one(struct request *r, str account, struct err *e)
{
    const struct config *c = &r->config;
    struct server imap;
    struct account to = {.name = account, .protocol = S("imap")};
    if (!read_server(r, account, "imap", &imap, e) || !more_members(r, account, &to.more, e) ||
        !config_i64(c, account, S("syncInterval"), 1, INT64_MAX, 0, &to.sync_interval, e))
        return false;
    if (!imap.host.len)
        to.protocol = STR_NONE;
    to.email = config_get(c, account, S("email"));
    to.host = imap.host;
    to.port = imap.port;
    to.security = imap.security;
    to.user = imap.user;
    to.auth = imap.auth;
    to.secret = imap.secret;
    to.status = config_get(c, account, S("status"));
    if (!to.status.len)
        to.status = S("active");
    config_list(r->mem, c, account, S("mailboxes"), &to.mailboxes);
    struct buf line = buf_new(r->mem, 1024);
    record_write_account(&line, &to);
    out_put(r->out, buf_str(&line));
    return true;
}

bool account_show(struct request *r, struct err *e)
{
    struct strs names = {0};
    for (int i = 0; i < r->n_args; i++) {
        str account = str_c(r->args[i]);
        if (!config_has_account(&r->config, account))
            return account_missing(r, account, e);
        strs_add(r->mem, &names, account);
    }
    if (!r->n_args)
        config_accounts(r->mem, &r->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (!show_one(r, names.item[i], e))
            return false;
    return true;
}

bool account_list(struct request *r, struct err *e)
{
    (void)e;
    struct strs names;
    config_accounts(r->mem, &r->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++) {
        out_put(r->out, names.item[i]);
        out_byte(r->out, '\n');
    }
    return true;
}

bool account_keys(struct request *r, struct err *e)
{
    (void)e;
    ptrdiff_t n;
    const struct config_key *key = config_keys(&n);
    for (ptrdiff_t i = 0; i < n; i++)
        out_fmt(r->out, "%-22s %s\n", key[i].name, key[i].meaning);
    return true;
}

/* The value itself only of what is no secret. */
bool account_variables(struct request *r, struct err *e)
{
    (void)e;
    ptrdiff_t n;
    const struct config_variable *all = config_variables(&n);
    for (ptrdiff_t i = 0; i < n; i++) {
        const char *value = getenv(all[i].name);
        bool set = value && value[0];
        out_fmt(r->out, "%s\t%s\t%s\t%s\n", all[i].name, all[i].key ? all[i].key : "", !set ? "" : all[i].key ? value : "set",
                all[i].key ? config_key(str_c(all[i].key))->meaning : all[i].meaning);
    }
    return true;
}
