/* mail-account secret rekey | rotate: every sealed text of the file at once. */
#include "mail-account/secret.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* The references of one setting, the sealed ones under the new key. */
static bool reseal_value(struct request *r, const struct seal_keys *old, const struct seal_key *key, str name, str value, str *out, int *n, struct err *e)
{
    struct buf b = buf_new(r->mem, value.len + 64);
    str rest = value, one, secret;
    while (secret_next(&rest, &one)) {
        if (b.len)
            buf_put(&b, S(", "));
        if (!secret_is_sealed(one)) {
            buf_put(&b, one);
            continue;
        }
        if (!secret_unseal(r->mem, old, name, one, &secret, e))
            return false;
        buf_put(&b, secret_seal(r->mem, key, name, secret));
        secret_wipe(secret);
        ++*n;
    }
    *out = buf_str(&b);
    return true;
}

bool secret_reseal(struct request *r, const struct seal_keys *old, const struct seal_key *key, int *n, struct err *e)
{
    struct config_item it;
    *n = 0;
    for (ptrdiff_t i = 0; config_item(&r->config, i, &it); i++) {
        int before = *n;
        str value, name = secret_place_of(r, &it).name;
        if (str_find(it.value, S("sealed:")) < 0)
            continue;
        if (!reseal_value(r, old, key, name, it.value, &value, n, e))
            return false;
        if (*n > before && !account_edit(r, it.kind, it.name, it.key, value, e))
            return false;
    }
    return true;
}

static struct secret_place any_place(const struct request *r)
{
    return secret_place_of(r, &(struct config_item){.kind = S("defaults")});
}

static bool old_keys(struct request *r, struct seal_keys *keys, struct err *e)
{
    struct secret_place place = any_place(r);
    if (r->old_key.len)
        place.key = r->old_key;
    return seal_keys_find(r->mem, &place, keys, e);
}

bool secret_rekey(struct request *r, struct err *e)
{
    struct seal_keys old;
    struct seal_key key;
    int n;
    if (r->n_args != 2)
        return err_set(e, ERR_USAGE, "secret.form", "as in: mail-account secret rekey file:/etc/mailpipe/other.key", "secret rekey wants the reference of the new key");
    str reference = str_c(r->args[1]);
    if (!old_keys(r, &old, e) || !seal_key_read(r->mem, reference, &key, e) || !secret_reseal(r, &old, &key, &n, e) ||
        !account_edit(r, S("defaults"), STR_NONE, S("seal.key"), reference, e))
        return false;
    return account_save(r, str_fmt(r->mem, "%d secrets sealed with the key %.*s", n, STR_ARG(reference)).ptr, e);
}

/* FILE.new is there before the configuration needs it, and FILE never absent: whenever this ends, every secret opens. */
static bool new_key(struct request *r, const char *path, struct seal_key *key, struct err *e)
{
    if (access(path, F_OK) == 0) {
        prog_warn("%s is of a rotation that was cut short, which is done now", path);
        return seal_key_read(r->mem, str_fmt(r->mem, "file:%s", path), key, e);
    }
    str text = seal_key_new(r->mem, key);
    return r->dry_run || file_replace(path, text, 0600, e);
}

static bool put_in_place(const char *path, const char *new, const char *old, struct err *e)
{
    if (unlink(old) != 0 && errno != ENOENT)
        return err_errno(e, ERR_IO, "secret.rotate", NULL, "cannot remove %s", old);
    if ((link(path, old) != 0 && errno != ENOENT) || rename(new, path) != 0)
        return err_errno(e, ERR_IO, "secret.rotate", "run it again", "cannot put the new key in the place of %s", path);
    return true;
}

bool secret_rotate(struct request *r, struct err *e)
{
    struct seal_keys old;
    struct seal_key key;
    int n;
    if (!old_keys(r, &old, e))
        return false;
    if (!old.file.ptr)
        return err_set(e, ERR_USAGE, "secret.rotate", "give the new one to mail-account secret rekey", "the key comes from %.*s, not from a file", STR_ARG(old.from));
    if (!old.n)
        return err_set(e, ERR_MISSING, "secret.key", "mail-account secret set makes one", "there is no key %.*s", STR_ARG(old.file));
    char *path = str_z(r->mem, old.file), *fresh = str_z(r->mem, str_fmt(r->mem, "%s.new", path)), *past = str_z(r->mem, str_fmt(r->mem, "%s.old", path));
    if (!new_key(r, fresh, &key, e) || !secret_reseal(r, &old, &key, &n, e) ||
        !account_save(r, str_fmt(r->mem, "%d secrets sealed with a new key", n).ptr, e))
        return false;
    if (r->dry_run)
        return true;
    if (!put_in_place(path, fresh, past, e))
        return false;
    prog_warn("the old key is %s; remove it when nothing else was sealed with it", past);
    return true;
}
