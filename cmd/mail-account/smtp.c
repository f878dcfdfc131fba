/* mail-account show smtp: what mail-send would use, an account's own settings or a profile's over them. */
#include "mail-account/account.h"

#include "net/net.h"
#include "record/record.h"

static str setting(const struct request *r, str account, const char *key)
{
    str own = r->profile.len ? config_section_get(&r->config, S("profile"), r->profile, str_c(key)) : STR_NONE;
    return own.ptr ? own : config_get(&r->config, account, str_c(key));
}

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_list(struct jwrite *w, str key, const struct strs *list)
{
    if (!list->n)
        return;
    jwrite_key(w, key);
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < list->n; i++)
        jwrite_string(w, list->item[i]);
    jwrite_end_array(w);
}

/* Where it is not said, the port tells: 25 and 587 begin in the clear. */
static str security_of(const struct request *r, str account, int64_t port)
{
    str said = setting(r, account, "smtp.security");
    if (said.len)
        return said;
    return str_eq(setting(r, account, "smtp.protocol"), S("lmtp")) ? S("none") : port == 25 || port == 587 ? S("starttls") : S("tls");
}

static int64_t usual_port(str protocol, str security)
{
    if (str_eq(security, S("none")))
        return str_eq(protocol, S("lmtp")) ? 24 : 25;
    return str_eq(security, S("tls")) ? 465 : 587;
}

static bool wrong(str account, const char *key, str value, const char *wanted, struct err *e)
{
    return err_set(e, ERR_CONFIG, "config.value", wanted, "account %.*s: %s is \"%.*s\"", STR_ARG(account), key, STR_ARG(value));
}

/* The first host and its port; the others as they stand. */
static bool read_hosts(struct request *r, str account, struct smtp_use *s, struct err *e)
{
    for (str word, rest = setting(r, account, "smtp.host"); rest.len;) {
        str_cut(rest, ',', &word, &rest);
        word = str_trim(word);
        if (s->host.len && word.len)
            strs_add(r->mem, &s->others, word);
        if (s->host.len || !word.len)
            continue;
        int port = 0;
        if (!net_host(word, &s->host, &port))
            return wrong(account, "smtp.host", word, "a host name, with :port where it is another", e);
        if (port)
            s->port = port;
    }
    return true;
}

bool account_smtp(struct request *r, str account, struct smtp_use *out, struct err *e)
{
    str port = setting(r, account, "smtp.port");
    *out = (struct smtp_use){.protocol = setting(r, account, "smtp.protocol"), .auth = setting(r, account, "smtp.auth"),
                             .secret = setting(r, account, "smtp.secret"), .user = setting(r, account, "smtp.user")};
    if (port.len && !str_i64(port, 1, 65535, &out->port))
        return wrong(account, "smtp.port", port, "a number from 1 on", e);
    out->security = security_of(r, account, out->port);
    if (!out->port)
        out->port = usual_port(out->protocol, out->security);
    if (!out->user.len && out->secret.len)
        out->user = setting(r, account, "email");
    return read_hosts(r, account, out, e);
}

void account_put_smtp(struct request *r, struct jwrite *w, const struct smtp_use *s)
{
    jwrite_key(w, S("smtp"));
    jwrite_object(w);
    put_text(w, S("protocol"), s->protocol);
    put_text(w, S("host"), s->host);
    if (!str_starts(s->host, S("/"))) {
        jwrite_key(w, S("port"));
        jwrite_i64(w, s->port);
    }
    put_text(w, S("security"), s->security);
    put_text(w, S("user"), s->user);
    put_text(w, S("auth"), s->auth);
    put_text(w, S("secret"), account_masked(r->mem, s->secret));
    put_list(w, S("otherHosts"), &s->others);
    jwrite_end_object(w);
}

/* ---- limits ----------------------------------------------------------------------------------------- */

static bool is_among(struct request *r, str limit, const char *key, str word)
{
    struct strs list = {0};
    config_section_list(r->mem, &r->config, S("limit"), limit, str_c(key), &list);
    return !list.n || strs_have(&list, word);
}

static void put_limit(struct request *r, struct jwrite *w, str limit)
{
    static const char *const rates[] = {"minute", "hour", "day"}, *const lists[] = {"queues", "domains", "by"};
    jwrite_object(w);
    put_text(w, S("name"), limit);
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        int64_t n;
        if (!str_i64(config_section_get(&r->config, S("limit"), limit, str_c(rates[i])), 0, INT64_MAX, &n))
            continue;
        jwrite_key(w, str_c(rates[i]));
        jwrite_i64(w, n);
    }
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct strs list = {0};
        config_section_list(r->mem, &r->config, S("limit"), limit, str_c(lists[i]), &list);
        put_list(w, str_c(lists[i]), &list);
    }
    jwrite_end_object(w);
}

static void put_limits(struct request *r, struct jwrite *w, str account)
{
    struct strs all = {0};
    config_sections(r->mem, &r->config, S("limit"), &all);
    jwrite_key(w, S("limits"));
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < all.n; i++)
        if (is_among(r, all.item[i], "accounts", account) && is_among(r, all.item[i], "profiles", r->profile))
            put_limit(r, w, all.item[i]);
    jwrite_end_array(w);
}

/* ---- the verb --------------------------------------------------------------------------------------- */

/* any: where it has no server, nothing is said. */
static bool show_one(struct request *r, str account, bool any, struct err *e)
{
    struct smtp_use smtp;
    struct buf more = buf_new(r->mem, 1024), line = buf_new(r->mem, 1024);
    struct jwrite w = {.to = &more};
    if (!account_smtp(r, account, &smtp, e))
        return false;
    if (!smtp.host.len)
        return any || err_set(e, ERR_CONFIG, "config.missing", "mail-account set NAME smtp.host=…", "account %.*s has no smtp.host", STR_ARG(account));
    put_text(&w, S("profile"), r->profile);
    put_text(&w, S("displayName"), setting(r, account, "displayName"));
    put_text(&w, S("window"), setting(r, account, "window"));
    account_put_smtp(r, &w, &smtp);
    put_limits(r, &w, account);
    struct account to = {.name = account, .email = setting(r, account, "email"), .status = setting(r, account, "status"), .more = buf_str(&more)};
    if (!to.status.len)
        to.status = S("active");
    record_write_account(&line, &to);
    out_put(r->out, buf_str(&line));
    return true;
}

bool account_show_smtp(struct request *r, const struct strs *names, struct err *e)
{
    struct strs all = {0};
    config_sections(r->mem, &r->config, S("profile"), &all);
    if (r->profile.len && !strs_have(&all, r->profile))
        return err_set(e, ERR_MISSING, "config.profile", "write a section [profile NAME]", "there is no profile %.*s in %.*s", STR_ARG(r->profile),
                       STR_ARG(r->config.path));
    bool any = !names->n;
    all = (struct strs){0};
    if (any)
        config_accounts(r->mem, &r->config, &all);
    for (ptrdiff_t i = 0; i < (any ? &all : names)->n; i++)
        if (!show_one(r, (any ? &all : names)->item[i], any, e))
            return false;
    return true;
}
