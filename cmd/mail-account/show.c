#include "mail-account/account.h"

#include "record/record.h"
#include "secret/secret.h"

#include <stdlib.h>

enum { PORT_IMAPS = 993, PORT_IMAP = 143 };

/* "cmd:pass show x" as "cmd:…": a command may hold what should not be on a screen. Of a secret in plain words nothing. */
str account_masked(arena *a, str reference)
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

static bool read_imap(struct request *r, str account, struct server *s, struct err *e)
{
    const struct config *c = &r->config;
    s->host = config_get(c, account, S("imap.host"));
    s->security = config_get(c, account, S("imap.security"));
    if (!s->security.len)
        s->security = S("tls");
    s->user = config_get(c, account, S("imap.user"));
    if (!s->user.len)
        s->user = config_get(c, account, S("email"));
    s->auth = config_get(c, account, S("imap.auth"));
    s->secret = account_masked(r->mem, config_get(c, account, S("imap.secret")));
    return config_i64(c, account, S("imap.port"), 1, 65535, str_eq(s->security, S("tls")) ? PORT_IMAPS : PORT_IMAP, &s->port, e);
}

static void put_text(struct jwrite *w, const struct config *c, str account, str key)
{
    str value = config_get(c, account, key);
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

/* What struct account has no place for, as JSON members. */
static bool more_members(struct request *r, str account, str *out, struct err *e)
{
    struct buf b = buf_new(r->mem, 512);
    struct jwrite w = {.to = &b};
    const struct config *c = &r->config;
    struct smtp_use smtp;
    bool auto_sync;
    int64_t most, days;
    if (!account_smtp(r, account, &smtp, e) || !config_bool(c, account, S("autoSync"), true, &auto_sync, e) ||
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
    if (smtp.host.len)
        account_put_smtp(r, &w, &smtp);
    *out = buf_str(&b);
    return true;
}

static bool show_one(struct request *r, str account, struct err *e)
{
    const struct config *c = &r->config;
    struct server imap;
    struct account to = {.name = account, .protocol = S("imap")};
    if (!read_imap(r, account, &imap, e) || !more_members(r, account, &to.more, e) ||
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
    bool smtp = r->n_args && strcmp(r->args[0], "smtp") == 0 && (r->profile.len || !config_has_account(&r->config, S("smtp")));
    for (int i = smtp; i < r->n_args; i++) {
        str account = str_c(r->args[i]);
        if (!config_has_account(&r->config, account))
            return account_missing(r, account, e);
        strs_add(r->mem, &names, account);
    }
    if (smtp)
        return account_show_smtp(r, &names, e);
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
