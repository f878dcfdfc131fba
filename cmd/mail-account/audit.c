/* mail-account audit: what works, and should not stay so. */
#include "mail-account/finding.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { KEY_DAYS = 365, DAY = 86400 };

/* ---- secrets ---- */

static bool looks_secret(str key)
{
    static const str words[] = {S("password"), S("passwd"), S("passphrase"), S("secret"), S("token"), S("apikey")};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_find_nocase(key, words[i]) >= 0)
            return true;
    return false;
}

static void audit_command(struct findings *f, const struct config_item *it, str command)
{
    str word, rest;
    str_cut(str_trim(command), ' ', &word, &rest);
    bool prints = str_eq(word, S("echo")) || str_eq(word, S("printf"));
    if (prints && str_find_byte(rest, '$') < 0 && str_find_byte(rest, '`') < 0 && str_find_byte(rest, '|') < 0)
        finding(f, it->line, "mail-account secret seal seals it", "the command of %.*s prints a secret that stands in it", STR_ARG(it->key));
}

static void audit_path(struct findings *f, int line, str path)
{
    struct stat st;
    if (stat(str_z(f->r->mem, path), &st) != 0)
        return;
    if (st.st_mode & 077)
        finding(f, line, "chmod 600 it", "others can read %.*s", STR_ARG(path));
    if (st.st_uid != geteuid() && st.st_uid != 0)
        finding(f, line, "chown it", "%.*s belongs to another user (%u)", STR_ARG(path), (unsigned)st.st_uid);
}

/* A token that a file holds is to be renewed by whoever wrote it there. */
static void audit_age(struct findings *f, const struct config_item *it, str path)
{
    struct stat st;
    int line;
    ptrdiff_t dot = str_find_byte(it->key, '.');
    str auth = dot < 0 ? STR_NONE : finding_value(f, it, str_fmt(f->r->mem, "%.*s.auth", STR_ARG(str_first(it->key, dot))).ptr, &line);
    bool token = str_eq_nocase(auth, S("xoauth2")) || str_eq_nocase(auth, S("oauthbearer"));
    if (stat(str_z(f->r->mem, path), &st) != 0)
        return;
    int64_t days = (now_s() - st.st_mtime) / DAY;
    if (token && days >= 1)
        finding(f, it->line, "is the job that renews it running?", "the token in %.*s is %lld days old", STR_ARG(path), (long long)days);
    else if (!token && days > KEY_DAYS && !str_ends(it->key, S(".key")))
        finding(f, it->line, "change it at the provider, and here", "the secret in %.*s is %lld days old", STR_ARG(path), (long long)days);
}

static bool audit_secret(struct findings *f, const struct config_item *it)
{
    const struct config_key *known = config_key(it->key);
    bool secret = known ? known->kind == CONFIG_SECRET : looks_secret(it->key), plain = false;
    str rest = it->value, one;
    while (secret && secret_next(&rest, &one)) {
        if (str_starts(one, S("file:"))) {
            audit_path(f, it->line, str_skip(one, 5));
            audit_age(f, it, str_skip(one, 5));
        } else if (str_starts(one, S("cmd:")))
            audit_command(f, it, str_skip(one, 4));
        else if (!secret_is_reference(one)) {
            plain = true;
            finding(f, it->line, known ? "mail-account secret seal seals it" : "take it out, and change it where it is used",
                    "%.*s of %.*s looks like a secret in plain words", STR_ARG(it->key), STR_ARG(finding_section(f, it)));
        }
    }
    return plain;
}

/* ---- TLS ---- */

static bool is_this_machine(str host)
{
    return str_eq_nocase(host, S("localhost")) || str_starts(host, S("127.")) || str_eq(host, S("::1")) || str_eq(host, S("[::1]")) || str_starts(host, S("/"));
}

static void audit_tls(struct findings *f, const struct config_item *section, const char *protocol)
{
    int line, other;
    str host = finding_value(f, section, str_fmt(f->r->mem, "%s.host", protocol).ptr, &other);
    str security = finding_value(f, section, str_fmt(f->r->mem, "%s.security", protocol).ptr, &line), name = finding_section(f, section);
    if (host.len && str_eq(security, S("none")) && !is_this_machine(host))
        finding(f, line, "use tls or starttls", "%.*s speaks to %.*s without TLS: everybody on the way can read it", STR_ARG(name), STR_ARG(host));
}

/* ---- files ---- */

static void audit_key(struct findings *f)
{
    struct secret_place place = secret_place_of(f->r, &(struct config_item){.kind = S("defaults")});
    struct seal_keys keys;
    struct err e;
    struct stat st;
    if (!seal_keys_find(f->r->mem, &place, &keys, &e)) {
        finding(f, 0, e.hint, "%s", e.text);
        return;
    }
    char *path = keys.n && keys.file.ptr ? str_z(f->r->mem, keys.file) : NULL;
    if (!path || stat(path, &st) != 0)
        return;
    audit_path(f, 0, keys.file);
    if (now_s() - st.st_mtime > (int64_t)KEY_DAYS * DAY)
        finding(f, 0, "mail-account secret rotate", "the key %s is %lld days old", path, (long long)((now_s() - st.st_mtime) / DAY));
    if (access(str_fmt(f->r->mem, "%s.old", path).ptr, F_OK) == 0)
        finding(f, 0, "remove it when nothing else was sealed with it", "the old key %s.old is still there", path);
    if (access(str_fmt(f->r->mem, "%s.new", path).ptr, F_OK) == 0)
        finding(f, 0, "run mail-account secret rotate, which finishes it", "a rotation was cut short: there is %s.new", path);
}

static void audit_file(struct findings *f, bool plain)
{
    struct stat st;
    char *path = str_z(f->r->mem, f->r->config.path);
    if (stat(path, &st) != 0)
        return;
    if (st.st_mode & 022)
        finding(f, 0, "chmod go-w it", "others can write the configuration, and so run commands in your name");
    if (plain && (st.st_mode & 044))
        finding(f, 0, "chmod 600 it", "others can read the configuration, which holds secrets in plain words");
    char *slash = strrchr(path, '/');
    if (!slash)
        return;
    slash[slash == path] = 0;
    if (stat(path, &st) == 0 && (st.st_mode & 022) && !(st.st_mode & S_ISVTX))
        finding(f, 0, "chmod go-w it", "others can replace the configuration: they can write the folder %s", path);
}

bool account_audit(struct request *r, struct err *e)
{
    struct findings f = {.r = r};
    struct config_item it;
    bool plain = false;
    (void)e;
    for (ptrdiff_t i = 0; config_item(&r->config, i, &it); i++) {
        if (it.key.ptr)
            plain |= audit_secret(&f, &it);
        if (str_eq_nocase(it.key, S("allowPlaintext")) && !str_eq_nocase(it.value, S("no")))
            finding(&f, it.line, "use tls or starttls, and take it out", "%.*s allows a login without TLS", STR_ARG(finding_section(&f, &it)));
        if (!it.key.ptr && str_eq(it.kind, S("account"))) {
            audit_tls(&f, &it, "imap");
            audit_tls(&f, &it, "smtp");
        }
    }
    audit_file(&f, plain);
    audit_key(&f);
    if (f.n)
        prog_outcome(ERR_PARTIAL);
    return true;
}
