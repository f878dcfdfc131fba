/* Providers whose servers are known: share/providers.json. */
#include "mail-account/account.h"

#include "json/json.h"

#include <unistd.h>

enum { PATH_OCTETS = 4096, FILE_MAX = 1 << 20 /* octets; a larger file is refused */ };

/* Beside the program: as installed, else as built. */
static str find_file(arena *a)
{
    static const char *const places[] = {"../share/mailpipe/providers.json", "../../share/providers.json"};
    char self[PATH_OCTETS];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self);
    str folder = str_of(self, n > 0 ? n : 0), path = STR_NONE;
    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        path = str_fmt(a, "%.*s%s", STR_ARG(folder), places[i]);
        if (access(path.ptr, R_OK) == 0)
            break;
    }
    return path;
}

static const struct jnode *read_providers(arena *a, struct err *e)
{
    str path = find_file(a), text;
    struct json_fault fault;
    if (!file_read(a, path.ptr, FILE_MAX, &text, e))
        return NULL;
    const struct jnode *list = jread_member(jread(a, text, &fault), S("providers"));
    if (!jread_is(list, JSON_ARRAY))
        err_set(e, ERR_CONFIG, "account.providers", "install mailpipe again", "%.*s is not the list of providers", STR_ARG(path));
    return jread_is(list, JSON_ARRAY) ? list : NULL;
}

static bool has(arena *a, const struct jnode *list, str word)
{
    for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it))
        if (str_eq_nocase(jread_string(a, it), word))
            return true;
    return false;
}

static const struct jnode *find(arena *a, const struct jnode *all, str name, str domain)
{
    for (const struct jnode *it = jread_first(all); it; it = jread_next(all, it))
        if (name.len ? str_eq_nocase(jread_string(a, jread_member(it, S("name"))), name) || has(a, jread_member(it, S("aliases")), name)
                     : has(a, jread_member(it, S("domains")), domain))
            return it;
    return NULL;
}

static str setting(arena *a, const struct jnode *provider, str key)
{
    return jread_string(a, jread_member(jread_member(provider, S("settings")), key));
}

static bool put_settings(struct request *r, str account, const struct jnode *settings, str local, struct err *e)
{
    arena *a = r->mem;
    for (const struct jnode *it = jread_first(settings); it; it = jread_next(settings, it)) {
        str key = jread_string(a, it), value = jread_string(a, it + 1);
        if (str_eq(value, S("{local}")))
            value = local;
        bool own = str_starts(config_place(a, &r->config, account, key), S("[")) || !config_get(&r->config, account, key).ptr;
        if (own && value.len && !account_edit(r, S("account"), account, key, value, e))
            return false;
    }
    return true;
}

bool provider_apply(struct request *r, str account, str *note, struct err *e)
{
    arena *a = r->mem;
    const struct jnode *all = read_providers(a, e);
    str local, domain, address = config_get(&r->config, account, S("email"));
    str_cut(address, '@', &local, &domain);
    bool by_domain = str_eq(r->provider, S("auto"));
    if (!all)
        return false;
    const struct jnode *found = find(a, all, by_domain ? STR_NONE : r->provider, domain);
    if (!found && by_domain)
        return err_set(e, ERR_MISSING, "account.provider", "name one of mail-account providers, or give imap.host and smtp.host",
                       "the provider of \"%.*s\" is not known", STR_ARG(domain));
    if (!found)
        return err_set(e, ERR_USAGE, "account.provider", "mail-account providers lists them", "there is no provider %.*s", STR_ARG(r->provider));
    *note = jread_string(a, jread_member(found, S("note")));
    return put_settings(r, account, jread_member(found, S("settings")), local, e);
}

bool account_providers(struct request *r, struct err *e)
{
    arena *a = r->mem;
    const struct jnode *all = read_providers(a, e);
    for (const struct jnode *it = jread_first(all); it; it = jread_next(all, it)) {
        str name = jread_string(a, jread_member(it, S("name"))), title = jread_string(a, jread_member(it, S("title")));
        str note = jread_string(a, jread_member(it, S("note")));
        str imap = setting(a, it, S("imap.host")), smtp = setting(a, it, S("smtp.host"));
        out_fmt(r->out, "%-12.*s %.*s; %.*s, %.*s\n", STR_ARG(name), STR_ARG(title), STR_ARG(imap), STR_ARG(smtp));
        if (note.len)
            out_fmt(r->out, "%-12s %.*s\n", "", STR_ARG(note));
    }
    return all != NULL;
}
