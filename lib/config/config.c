#include "config/config.h"

#include "config/section.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

enum { CONFIG_MAX = 1 << 20 /* octets; a larger file is refused */ };

static const char *const system_folders[] = {"/etc/mailpipe", "/usr/local/etc/mailpipe"};

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_there(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

static str file_of(arena *a, const char *path)
{
    return is_folder(path) ? str_fmt(a, "%s/mailpipe.conf", path) : str_copy(a, str_c(path));
}

/* The file to read, and where there is none, the one that a person would expect to be written. */
static str find_file(arena *a, const char *path)
{
    const char *given = path ? path : getenv("MAILPIPE_CONFIG");
    if (given && given[0])
        return file_of(a, given);
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    /* Never of the folder where we happen to be: anybody may have put it there, and it names commands to run. */
    str own = xdg && xdg[0] == '/'    ? str_fmt(a, "%s/mailpipe/mailpipe.conf", xdg)
              : home && home[0] == '/' ? str_fmt(a, "%s/.config/mailpipe/mailpipe.conf", home)
                                       : str_fmt(a, "%s/mailpipe.conf", system_folders[0]);
    if (is_there(own.ptr))
        return own;
    for (size_t i = 0; i < sizeof system_folders / sizeof *system_folders; i++) {
        str file = str_fmt(a, "%s/mailpipe.conf", system_folders[i]);
        if (is_there(file.ptr))
            return file;
    }
    return own;
}

/* Of the file, not of the environment. */
static str own_default(const struct config *c, str key)
{
    const struct config_entry *found = section_entry(section_find(c, S("defaults"), STR_NONE), key);
    return found ? found->value : STR_NONE;
}

bool config_load(arena *a, const char *path, struct config *out, struct err *e)
{
    *out = (struct config){.path = find_file(a, path)};
    if (!is_there(out->path.ptr) && errno == ENOENT) {
        if (path)
            return err_set(e, ERR_CONFIG, "config.missing", "give the file that holds your accounts, or run mail-account add",
                           "there is no configuration %s", path);
        return true;
    }
    if (!file_read(a, out->path.ptr, CONFIG_MAX, &out->text, e)) {
        e->class = ERR_CONFIG;
        return false;
    }
    out->exists = true;
    if (!sections_read(a, out, e))
        return false;
    prog_log_form(own_default(out, S("log.format")), PROG_BY_SETTING);
    prog_log_level(own_default(out, S("log.level")), PROG_BY_SETTING);
    return true;
}

bool config_reparse(arena *a, struct config *c, struct err *e)
{
    c->sections = NULL;
    c->n = 0;
    return sections_read(a, c, e);
}

bool config_load_or_new(arena *a, const char *path, struct config *out, struct err *e)
{
    if (path && !is_folder(path) && !is_there(path) && errno == ENOENT) {
        *out = (struct config){.path = str_copy(a, str_c(path))};
        return true;
    }
    return config_load(a, path, out, e);
}

bool config_hold(arena *a, const char *path, struct err *e)
{
    enum { STEP_MS = 20 };
    char *folder = str_z(a, find_file(a, path)), *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder] = 0;
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && slash && dir_make(folder, e))
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    /* A folder that cannot be read is told of by whoever reads the file or writes it. */
    for (int waited = 0; fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR); waited += STEP_MS) {
        if (waited >= CONFIG_PATIENCE_S * 1000) {
            close(fd);
            return err_set(e, ERR_LATER, "config.held", "try again when it is done", "another program is changing the configuration in %s", slash ? folder : ".");
        }
        poll(NULL, 0, STEP_MS);
    }
    return true;
}

const struct config_section *section_find(const struct config *c, str kind, str name)
{
    for (ptrdiff_t i = 0; i < c->n; i++)
        if (str_eq(c->sections[i].kind, kind) && str_eq(c->sections[i].name, name))
            return &c->sections[i];
    return NULL;
}

const struct config_entry *section_entry(const struct config_section *s, str key)
{
    for (ptrdiff_t i = 0; s && i < s->n; i++)
        if (str_eq_nocase(s->entries[i].key, key))
            return &s->entries[i];
    return NULL;
}

static const struct config_entry *entry_of(const struct config *c, str account, str key)
{
    const struct config_entry *own = section_entry(section_find(c, S("account"), account), key);
    return own ? own : section_entry(section_find(c, S("defaults"), STR_NONE), key);
}

str config_get(const struct config *c, str account, str key)
{
    const struct config_entry *found = entry_of(c, account, key);
    const struct config_variable *variable = found ? NULL : config_variable(key);
    return found ? found->value : variable ? str_c(getenv(variable->name)) : STR_NONE;
}

str config_place(arena *a, const struct config *c, str account, str key)
{
    bool own = section_entry(section_find(c, S("account"), account), key) || !entry_of(c, account, key);
    return own ? str_fmt(a, "%.*s.%.*s", STR_ARG(account), STR_ARG(key)) : config_section_place(a, S("defaults"), STR_NONE, key);
}

bool config_item(const struct config *c, ptrdiff_t i, struct config_item *out)
{
    for (ptrdiff_t s = 0; s < c->n; i -= c->sections[s++].n + 1) {
        const struct config_section *in = &c->sections[s];
        if (i > in->n)
            continue;
        *out = (struct config_item){.kind = in->kind, .name = in->name, .line = in->line};
        if (i > 0) {
            out->key = in->entries[i - 1].key;
            out->value = in->entries[i - 1].value;
            out->line = in->entries[i - 1].line;
        }
        return true;
    }
    return false;
}

static bool wrong(const struct config *c, str account, str key, const char *wanted, struct err *e)
{
    const struct config_entry *found = entry_of(c, account, key);
    const struct config_variable *variable = found ? NULL : config_variable(key);
    if (variable)
        return err_set(e, ERR_CONFIG, "config.value", "change it, or unset it", "the variable %s is \"%s\", which is not %s", variable->name,
                       getenv(variable->name), wanted);
    return err_set(e, ERR_CONFIG, "config.value", "change it there, or with mail-account set",
                   "%.*s, line %d: %.*s of account %.*s is \"%.*s\", which is not %s", STR_ARG(c->path), found->line,
                   STR_ARG(key), STR_ARG(account), STR_ARG(found->value), wanted);
}

bool config_bool(const struct config *c, str account, str key, bool otherwise, bool *out, struct err *e)
{
    static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};
    str value = config_get(c, account, key);
    *out = otherwise;
    if (!value.ptr)
        return true;
    for (int i = 0; i < 8; i++)
        if (str_eq_nocase(value, str_c(words[i]))) {
            *out = i % 2;
            return true;
        }
    return wrong(c, account, key, "yes or no", e);
}

bool config_i64(const struct config *c, str account, str key, int64_t min, int64_t max, int64_t otherwise, int64_t *out,
                struct err *e)
{
    str value = config_get(c, account, key);
    *out = otherwise;
    if (!value.ptr || str_i64(value, min, max, out))
        return true;
    char wanted[80];
    snprintf(wanted, sizeof wanted, "a number from %lld to %lld", (long long)min, (long long)max);
    return wrong(c, account, key, wanted, e);
}

void config_list(arena *a, const struct config *c, str account, str key, struct strs *out)
{
    *out = (struct strs){0};
    str rest = config_get(c, account, key), item;
    while (rest.len) {
        str_cut(rest, ',', &item, &rest);
        item = str_trim(item);
        if (item.len)
            strs_add(a, out, item);
    }
}

void config_accounts(arena *a, const struct config *c, struct strs *out)
{
    *out = (struct strs){0};
    for (ptrdiff_t i = 0; i < c->n; i++)
        if (str_eq(c->sections[i].kind, S("account")))
            strs_add(a, out, c->sections[i].name);
}

bool config_has_account(const struct config *c, str account) { return section_find(c, S("account"), account) != NULL; }
