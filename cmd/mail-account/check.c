/* mail-account check: what no program would read as it was meant. */
#include "mail-account/finding.h"

#include "net/net.h"
#include "sasl/sasl.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

static const char *did_you_mean(const struct findings *f, str near)
{
    return near.len ? str_fmt(f->r->mem, "did you mean %.*s?", STR_ARG(near)).ptr : NULL;
}

static const struct config_kind_of_section *check_head(struct findings *f, const struct config_item *it)
{
    const struct config_kind_of_section *kind = config_section_kind(it->kind);
    str name = finding_section(f, it);
    if (!kind)
        finding(f, it->line, did_you_mean(f, config_section_kind_near(it->kind)), "nobody reads the section %.*s", STR_ARG(name));
    else if (kind->named && !it->name.len)
        finding(f, it->line, str_fmt(f->r->mem, "write [%s NAME]", kind->name).ptr, "the section %.*s has no name", STR_ARG(name));
    else if (!kind->named && it->name.len)
        finding(f, it->line, str_fmt(f->r->mem, "write [%s]", kind->name).ptr, "nobody reads the section %.*s", STR_ARG(name));
    return kind;
}

/* ---- secrets: without running a command ---- */

static void check_sealed(struct findings *f, const struct config_item *it, str one)
{
    struct secret_place place = secret_place_of(f->r, it);
    struct seal_keys keys;
    struct err e;
    str secret;
    if (str_starts(place.key, S("cmd:")))
        return;
    if (seal_keys_find(f->r->mem, &place, &keys, &e) && secret_unseal(f->r->mem, &keys, place.name, one, &secret, &e))
        secret_wipe(secret);
    else
        finding(f, it->line, e.hint, "%s", e.text);
}

static void check_reference(struct findings *f, const struct config_item *it, str one)
{
    struct err e;
    str secret;
    if (!secret_is_reference(one))
        finding(f, it->line, "mail-account secret seal seals it; or write " SECRET_FORMS, "%.*s holds no reference to a secret", STR_ARG(it->key));
    else if (secret_is_sealed(one))
        check_sealed(f, it, one);
    else if ((str_starts(one, S("file:")) || str_starts(one, S("netrc:"))) && !secret_get_text(f->r->mem, one, &secret, &e))
        finding(f, it->line, e.hint, "%s", e.text);
}

/* ---- one setting ---- */

static str beside(const struct findings *f, str name)
{
    str path = f->r->config.path;
    ptrdiff_t slash = path.len;
    while (slash > 0 && path.ptr[slash - 1] != '/')
        slash--;
    return str_starts(name, S("/")) ? name : str_fmt(f->r->mem, "%.*s%.*s", STR_ARG(str_first(path, slash)), STR_ARG(name));
}

static void check_file(struct findings *f, const struct config_item *it, str path)
{
    if (!str_starts(path, S("~")) && access(str_z(f->r->mem, path), R_OK) != 0)
        finding(f, it->line, NULL, "%.*s: cannot read %.*s (%s)", STR_ARG(it->key), STR_ARG(path), strerror(errno));
}

/* As mail-fetch and mail-send see it where it is not set. */
static str security_of(struct findings *f, const struct config_item *section, const char *protocol)
{
    int line;
    str said = finding_value(f, section, str_fmt(f->r->mem, "%s.security", protocol).ptr, &line);
    str port = finding_value(f, section, str_fmt(f->r->mem, "%s.port", protocol).ptr, &line);
    bool starttls = strcmp(protocol, "smtp") == 0 && (str_eq(port, S("25")) || str_eq(port, S("587")));
    return said.len ? said : starttls ? S("starttls") : S("tls");
}

/* RFC 8314, RFC 3501, RFC 6409: a port speaks TLS at once, or after STARTTLS. line: where the port stands. */
static void check_port(struct findings *f, const struct config_item *section, const char *protocol, str port, int line)
{
    static const struct {
        const char *protocol, *port, *security;
    } ports[] = {{"imap", "993", "tls"}, {"imap", "143", "starttls"}, {"smtp", "465", "tls"}, {"smtp", "587", "starttls"}, {"smtp", "25", "starttls"}};
    int other;
    str security = security_of(f, section, protocol);
    if (str_eq(finding_value(f, section, str_fmt(f->r->mem, "%s.protocol", protocol).ptr, &other), S("lmtp")))
        return;
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        str speaks = str_c(ports[i].security);
        if (strcmp(ports[i].protocol, protocol) != 0 || !str_eq(port, str_c(ports[i].port)))
            continue;
        bool fits = str_eq(security, S("none")) ? !str_eq(speaks, S("tls")) : str_eq(security, speaks);
        if (!fits)
            finding(f, line, str_fmt(f->r->mem, "set %s.security = %s, or the other port", protocol, speaks.ptr).ptr, "%.*s: port %.*s of %s speaks %s, not %.*s",
                    STR_ARG(finding_section(f, section)), STR_ARG(port), protocol, speaks.ptr, STR_ARG(security));
    }
}

static void check_hosts(struct findings *f, const struct config_item *it)
{
    str rest = it->value, one, host;
    int port;
    while (rest.len) {
        str_cut(rest, ',', &one, &rest);
        one = str_trim(one);
        if (!net_host(one, &host, &port) || str_find_byte(host, '/') > 0 || str_find_byte(host, ' ') >= 0)
            finding(f, it->line, "a name, NAME:PORT, [ADDRESS]:PORT or /path; no scheme", "smtp.host: \"%.*s\" is no host", STR_ARG(one));
        else if (port)
            check_port(f, it, "smtp", str_fmt(f->r->mem, "%d", port), it->line);
    }
}

static void check_account_value(struct findings *f, const struct config_item *it, const struct config_key *key)
{
    struct err e;
    if (!config_key_accepts(key, it->value, &e))
        finding(f, it->line, e.hint, "%s", e.text);
    str rest = it->value, one;
    while (key->kind == CONFIG_SECRET && secret_next(&rest, &one))
        check_reference(f, it, one);
    if (str_ends(str_c(key->name), S(".auth")) && it->value.len && sasl_by_name(it->value) == SASL_NONE)
        finding(f, it->line, "PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, XOAUTH2 or OAUTHBEARER", "%s is no mechanism: %.*s", key->name, STR_ARG(it->value));
    if (strcmp(key->name, "tlsCaFile") == 0)
        check_file(f, it, it->value);
    if (strcmp(key->name, "smime.cert") == 0 || strcmp(key->name, "smime.folder") == 0)
        check_file(f, it, beside(f, it->value));
    bool text = str_starts(str_c(key->name), S("signature")) || str_starts(str_c(key->name), S("footer"));
    if (text && str_starts(it->value, S("@")))
        check_file(f, it, beside(f, str_skip(it->value, 1)));
    if (strcmp(key->name, "smtp.host") == 0)
        check_hosts(f, it);
}

/* The names in a list are those of sections. */
static void check_names(struct findings *f, const struct config_item *it, str kind)
{
    str rest = it->value, one;
    struct strs names;
    config_sections(f->r->mem, &f->r->config, kind, &names);
    while (rest.len) {
        str_cut(rest, ',', &one, &rest);
        one = str_trim(one);
        if (one.len && !str_eq(one, S("none")) && !strs_have(&names, one))
            finding(f, it->line, NULL, "%.*s: there is no [%.*s %.*s]", STR_ARG(it->key), STR_ARG(kind), STR_ARG(one));
    }
}

static void check_setting(struct findings *f, const struct config_item *it, const struct config_kind_of_section *kind)
{
    str near;
    if (!config_section_key(kind, it->key, &near)) {
        finding(f, it->line, did_you_mean(f, near), "%.*s has no setting %.*s", STR_ARG(finding_section(f, it)), STR_ARG(it->key));
        return;
    }
    if (str_eq(it->kind, S("window")) || str_eq(it->kind, S("limit")))
        check_rule(f, it);
    if (!kind->keys)
        check_account_value(f, it, config_key(it->key));
    if (str_eq_nocase(it->key, S("window")))
        check_names(f, it, S("window"));
    if (str_eq(it->kind, S("limit")) && str_eq_nocase(it->key, S("accounts")))
        check_names(f, it, S("account"));
    if (str_eq(it->kind, S("limit")) && str_eq_nocase(it->key, S("profiles")))
        check_names(f, it, S("profile"));
}

/* ---- settings against each other ---- */

static bool yes(str value) { return str_eq_nocase(value, S("yes")) || str_eq_nocase(value, S("true")) || str_eq_nocase(value, S("on")) || str_eq(value, S("1")); }

static void check_login(struct findings *f, const struct config_item *section, const char *protocol)
{
    int line, other;
    str host = finding_value(f, section, str_fmt(f->r->mem, "%s.host", protocol).ptr, &line);
    str secret = finding_value(f, section, str_fmt(f->r->mem, "%s.secret", protocol).ptr, &other);
    str user = finding_value(f, section, str_fmt(f->r->mem, "%s.user", protocol).ptr, &other), name = finding_section(f, section);
    bool imap = strcmp(protocol, "imap") == 0;
    if (!host.len && secret.len)
        finding(f, section->line, NULL, "%.*s has %s.secret, but no %s.host", STR_ARG(name), protocol, protocol);
    if (!host.len)
        return;
    if (!secret.len && (imap || user.len))
        finding(f, section->line, "mail-account secret set asks for it", "%.*s has %s.host, but no %s.secret", STR_ARG(name), protocol, protocol);
    if (secret.len && !user.len && !finding_value(f, section, "email", &other).len)
        finding(f, section->line, NULL, "%.*s has neither %s.user nor email", STR_ARG(name), protocol);
    str security = finding_value(f, section, str_fmt(f->r->mem, "%s.security", protocol).ptr, &line);
    if (secret.len && str_eq(security, S("none")) && !yes(finding_value(f, section, "allowPlaintext", &other)))
        finding(f, line, "use tls or starttls", "%.*s: without TLS the login is refused, but for allowPlaintext = yes", STR_ARG(name));
}

static void check_account(struct findings *f, const struct config_item *section)
{
    int imap, smtp;
    str imap_port = finding_value(f, section, "imap.port", &imap), smtp_port = finding_value(f, section, "smtp.port", &smtp);
    check_port(f, section, "imap", imap_port, imap);
    check_port(f, section, "smtp", smtp_port, smtp);
    check_login(f, section, "imap");
    check_login(f, section, "smtp");
}

/* ---- the environment ---- */

static void check_environment(struct findings *f)
{
    ptrdiff_t n;
    const struct config_variable *all = config_variables(&n);
    for (ptrdiff_t i = 0; i < n; i++) {
        const char *value = getenv(all[i].name);
        struct err e;
        bool set = value && value[0];
        if (set && all[i].key && !config_key_accepts(config_key(str_c(all[i].key)), str_c(value), &e))
            finding(f, 0, e.hint, "the variable %s: %s", all[i].name, e.text);
        if (set && all[i].unread)
            prog_warn("the variable %s is %s", all[i].name, all[i].meaning);
    }
}

bool account_check(struct request *r, struct err *e)
{
    struct findings f = {.r = r};
    struct config_item it;
    const struct config_kind_of_section *kind = NULL;
    (void)e;
    for (ptrdiff_t i = 0; config_item(&r->config, i, &it); i++) {
        if (it.key.ptr) {
            if (kind)
                check_setting(&f, &it, kind);
            continue;
        }
        kind = check_head(&f, &it);
        if (str_eq(it.kind, S("account")))
            check_account(&f, &it);
    }
    check_environment(&f);
    if (f.n)
        prog_outcome(ERR_CONFIG);
    return true;
}
