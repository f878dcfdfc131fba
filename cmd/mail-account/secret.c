/* mail-account secret set | seal | unseal */
#include "mail-account/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

struct secret_place secret_place_of(const struct request *r, const struct config_item *it)
{
    const struct config_key *known = config_key(it->key);
    str key = known ? str_c(known->name) : it->key;
    bool account = str_eq(it->kind, S("account"));
    return (struct secret_place){.name = account ? str_fmt(r->mem, "%.*s.%.*s", STR_ARG(it->name), STR_ARG(key))
                                                 : config_section_place(r->mem, it->kind, it->name, key),
                                 .config = r->config.path,
                                 .key = config_get(&r->config, STR_NONE, S("seal.key"))};
}

bool secret_next(str *rest, str *one)
{
    str all = *rest;
    if (!all.len)
        return false;
    ptrdiff_t i = 0;
    while (i < all.len && !(all.ptr[i] == ',' && secret_is_reference(str_trim(str_skip(all, i + 1)))))
        i++;
    *one = str_trim(str_first(all, i));
    *rest = str_skip(all, i + 1);
    return true;
}

/* ACCOUNT KEY of the command line, as they stand in the file; where the account says nothing itself, what the defaults say. */
static bool named(struct request *r, struct config_item *it, struct err *e)
{
    if (r->n_args != 3)
        return err_set(e, ERR_USAGE, "secret.form", "as in: mail-account secret set support imap.secret", "secret %s wants ACCOUNT and KEY", r->args[0]);
    str account = str_c(r->args[1]);
    const struct config_key *known = account_key(str_c(r->args[2]), e);
    if (!known)
        return false;
    if (!config_has_account(&r->config, account))
        return account_missing(r, account, e);
    if (known->kind != CONFIG_SECRET || strcmp(known->name, "seal.key") == 0)
        return err_set(e, ERR_USAGE, "secret.key", "mail-account set changes it", "%s holds no secret of an account", known->name);
    str place = config_place(r->mem, &r->config, account, str_c(known->name));
    bool own = !str_starts(place, S("["));
    *it = (struct config_item){.kind = own ? S("account") : S("defaults"), .name = own ? account : STR_NONE, .key = str_c(known->name),
                               .value = config_get(&r->config, account, str_c(known->name))};
    return true;
}

/* Never over a key that someone else makes at this moment. */
static bool make_key(struct request *r, struct seal_keys *keys, struct err *e)
{
    str text = seal_key_new(r->mem, &keys->key[0]);
    char *path = str_z(r->mem, keys->file);
    keys->n = 1;
    if (r->dry_run)
        return true;
    char *slash = strrchr(path, '/');
    if (slash && slash != path && !dir_make(str_z(r->mem, str_of(path, slash - path)), e))
        return false;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    bool good = fd >= 0 && fd_write_full(fd, text) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!good)
        return err_errno(e, ERR_IO, "secret.key", NULL, "cannot write the key %s", path);
    prog_warn("made the key %s; keep a copy apart from the configuration: without it no sealed secret opens", path);
    return true;
}

static bool key_to_seal(struct request *r, const struct secret_place *place, struct seal_keys *keys, struct err *e)
{
    return seal_keys_find(r->mem, place, keys, e) && (keys->n || make_key(r, keys, e));
}

static bool store(struct request *r, const struct config_item *it, str value, const struct secret_place *place, struct err *e)
{
    return account_edit(r, it->kind, it->name, it->key, value, e) &&
           account_save(r, str_fmt(r->mem, "%.*s sealed", STR_ARG(place->name)).ptr, e);
}

static bool set(struct request *r, struct err *e)
{
    struct config_item it;
    struct seal_keys keys;
    str secret;
    if (!named(r, &it, e))
        return false;
    it.kind = S("account");
    it.name = str_c(r->args[1]);
    struct secret_place place = secret_place_of(r, &it);
    if (!secret_ask(r, place.name, &secret, e) || !key_to_seal(r, &place, &keys, e))
        return false;
    str sealed = secret_seal(r->mem, &keys.key[0], place.name, secret);
    secret_wipe(secret);
    return store(r, &it, sealed, &place, e);
}

/* What the setting refers to, of a private key all lines; a plain text that somebody wrote there is the secret itself. */
static bool resolve(struct request *r, str one, const struct secret_place *place, str *out, struct err *e)
{
    *out = one;
    if (!secret_is_reference(one))
        return true;
    return str_ends(place->name, S(".key")) ? secret_get_text_at(r->mem, one, place, out, e) : secret_get_at(r->mem, one, place, out, e);
}

static bool seal(struct request *r, struct err *e)
{
    struct config_item it;
    struct seal_keys keys;
    if (!named(r, &it, e))
        return false;
    struct secret_place place = secret_place_of(r, &it);
    if (!it.value.len)
        return err_set(e, ERR_MISSING, "secret.none", "mail-account secret set asks for it", "%.*s is not set", STR_ARG(place.name));
    if (!key_to_seal(r, &place, &keys, e))
        return false;
    struct buf b = buf_new(r->mem, 512);
    str rest = it.value, one, secret;
    while (secret_next(&rest, &one)) {
        if (!resolve(r, one, &place, &secret, e))
            return false;
        if (str_ends(secret, S("\n")))
            secret = str_first(secret, secret.len - 1);
        if (b.len)
            buf_put(&b, S(", "));
        buf_put(&b, secret_is_sealed(one) ? one : secret_seal(r->mem, &keys.key[0], place.name, secret));
    }
    return store(r, &it, buf_str(&b), &place, e);
}

static bool unseal(struct request *r, struct err *e)
{
    struct config_item it;
    if (!named(r, &it, e))
        return false;
    struct secret_place place = secret_place_of(r, &it);
    if (!it.value.len)
        return err_set(e, ERR_MISSING, "secret.none", "mail-account secret set asks for it", "%.*s is not set", STR_ARG(place.name));
    str rest = it.value, one, secret;
    while (secret_next(&rest, &one)) {
        if (!resolve(r, one, &place, &secret, e))
            return false;
        out_put(r->out, secret);
        if (!str_ends(secret, S("\n")))
            out_byte(r->out, '\n');
    }
    return true;
}

bool account_secret(struct request *r, struct err *e)
{
    static const struct {
        const char *name;
        bool (*run)(struct request *r, struct err *e);
    } verbs[] = {{"set", set}, {"seal", seal}, {"unseal", unseal}, {"rekey", secret_rekey}, {"rotate", secret_rotate}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, r->args[0]) == 0)
            return verbs[i].run(r, e);
    return err_set(e, ERR_USAGE, "account.verb", NULL, "there is no 'secret %s'; it is set, seal, unseal, rekey or rotate", r->args[0]);
}
