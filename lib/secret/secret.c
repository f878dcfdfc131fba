#include "secret/private.h"

#include "sys/sys.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const str forms[] = {{"cmd:", 4}, {"env:", 4}, {"file:", 5}, {"keyring:", 8}, {"netrc:", 6}, {"sealed:", 7}};

bool secret_is_reference(str reference)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_starts(reference, forms[i]) && reference.len > forms[i].len)
            return true;
    return false;
}

bool secret_is_sealed(str reference) { return str_starts(reference, S("sealed:")); }

void secret_wipe(str s)
{
    if (s.len)
        explicit_bzero((char *)s.ptr, (size_t)s.len);
}

str secret_first_line(str s)
{
    str line, rest;
    str_cut(s, '\n', &line, &rest);
    return line.len && line.ptr[line.len - 1] == '\r' ? str_first(line, line.len - 1) : line;
}

static bool from_env(arena *a, str reference, str *out, struct err *e)
{
    char *name = str_z(a, str_skip(reference, 4));
    char *value = getenv(name);
    if (!value)
        return err_set(e, ERR_LOGIN, "secret.env", "export it for this command", "the variable of the secret %.*s is not set",
                       STR_ARG(reference));
    *out = str_copy(a, str_c(value));
    secret_wipe(str_c(value));
    unsetenv(name);
    return true;
}

bool secret_file(arena *a, const char *path, str what, str *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_errno(e, ERR_LOGIN, "secret.file", NULL, "cannot open the secret %.*s", STR_ARG(what));
        e->class = ERR_LOGIN;
        return false;
    }
    close(fd);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_LOGIN, "secret.file", "name a plain file", "the secret %.*s is no file", STR_ARG(what));
    if ((st.st_mode & 077) != 0)
        return err_set(e, ERR_LOGIN, "secret.open", "chmod 600 it", "others can read the secret %.*s", STR_ARG(what));
    if (!file_read(a, path, SECRET_MAX, out, e)) {
        e->class = ERR_LOGIN;
        return false;
    }
    return true;
}

static bool from_file(arena *a, str reference, str *out, struct err *e)
{
    return secret_file(a, str_z(a, str_skip(reference, 5)), reference, out, e);
}

static bool from_sealed(arena *a, str reference, const struct secret_place *place, str *out, struct err *e)
{
    if (!place || !place->name.len)
        return err_set(e, ERR_CONFIG, "secret.place", "keep it in the configuration with mail-account secret set",
                       "a sealed secret opens only as the setting that it was sealed for");
    struct seal_keys keys;
    bool good = seal_keys_find(a, place, &keys, e) && secret_unseal(a, &keys, place->name, reference, out, e);
    explicit_bzero(&keys, sizeof keys);
    return good;
}

static bool get(arena *a, str reference, const struct secret_place *place, str *out, struct err *e)
{
    if (!secret_is_reference(reference))
        return err_set(e, ERR_CONFIG, "secret.form", "write " SECRET_FORMS "; the secret itself never stands here", "a secret is not a reference");
    if (secret_is_sealed(reference))
        return from_sealed(a, reference, place, out, e);
    if (str_starts(reference, S("env:")))
        return from_env(a, reference, out, e);
    if (str_starts(reference, S("file:")))
        return from_file(a, reference, out, e);
    if (str_starts(reference, S("keyring:")))
        return from_keyring(a, reference, out, e);
    if (str_starts(reference, S("netrc:")))
        return from_netrc(a, reference, out, e);
    return from_command(a, reference, out, e);
}

bool secret_get_text_at(arena *a, str reference, const struct secret_place *place, str *out, struct err *e)
{
    *out = STR_NONE;
    str text;
    if (!get(a, reference, place, &text, e))
        return false;
    if (!secret_first_line(text).len)
        return err_set(e, ERR_LOGIN, "secret.empty", NULL, "the secret %.*s is empty", STR_ARG(secret_is_sealed(reference) ? place->name : reference));
    *out = text;
    return true;
}

bool secret_get_at(arena *a, str reference, const struct secret_place *place, str *out, struct err *e)
{
    if (!secret_get_text_at(a, reference, place, out, e))
        return false;
    *out = secret_first_line(*out);
    return true;
}

bool secret_get_text(arena *a, str reference, str *out, struct err *e) { return secret_get_text_at(a, reference, NULL, out, e); }

bool secret_get(arena *a, str reference, str *out, struct err *e) { return secret_get_at(a, reference, NULL, out, e); }
