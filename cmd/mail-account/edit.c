#include "mail-account/account.h"

#include "secret/secret.h"

#include <stdio.h>

/* One line of text without what INI or a file name would trip over: names also name locks. */
static bool good_name(str name, struct err *e)
{
    bool good = name.len > 0 && name.len <= 64 && utf8_valid(name);
    for (ptrdiff_t i = 0; i < name.len && good; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        good = c > 0x20 && c != 0x7F && !strchr("[]#;=/\"\\,", c);
    }
    return good || err_set(e, ERR_USAGE, "account.name", "letters, digits, '.', '-', '_' and '@' are fine",
                           "\"%.*s\" cannot be the name of an account", STR_ARG(name));
}

const struct config_key *account_key(str key, struct err *e)
{
    const struct config_key *known = config_key(key);
    if (known)
        return known;
    str near = config_key_near(key);
    char hint[128] = "mail-account keys lists them";
    if (near.len)
        snprintf(hint, sizeof hint, "did you mean %.*s?", STR_ARG(near));
    err_set(e, ERR_USAGE, "account.key", hint, "there is no setting %.*s", STR_ARG(key));
    return NULL;
}

static bool check_setting(str key, str value, const struct config_key **known, struct err *e)
{
    *known = account_key(key, e);
    if (!*known || !value.len)
        return *known != NULL;
    if ((*known)->kind == CONFIG_SECRET && !secret_is_reference(value))
        return err_set(e, ERR_USAGE, "account.secret", "mail-account secret set seals it; or write " SECRET_FORMS,
                       "%s takes a reference, never the secret itself", (*known)->name);
    return config_key_accepts(*known, value, e);
}

/* Parse the text again, so that the next edit finds its places. */
static bool reload(struct request *r, str text, struct err *e)
{
    r->config.text = text;
    return config_reparse(r->mem, &r->config, e);
}

bool account_edit(struct request *r, str kind, str name, str key, str value, struct err *e)
{
    return reload(r, config_section_edit(r->mem, &r->config, kind, name, key, value), e);
}

/* The section of an account, or [defaults] under that name. */
static bool section_of(struct request *r, str name, struct config_item *it, struct err *e)
{
    bool defaults = str_eq(name, S("defaults")) && !config_has_account(&r->config, name);
    *it = (struct config_item){.kind = defaults ? S("defaults") : S("account"), .name = defaults ? STR_NONE : name};
    return defaults || config_has_account(&r->config, name) || account_missing(r, name, e);
}

static bool apply(struct request *r, const struct config_item *to, struct err *e)
{
    for (int i = 1; i < r->n_args; i++) {
        str key, value;
        const struct config_key *known;
        if (!str_cut(str_c(r->args[i]), '=', &key, &value))
            return err_set(e, ERR_USAGE, "account.form", "write KEY=VALUE", "\"%s\" has no '='", r->args[i]);
        if (!check_setting(key, value, &known, e))
            return false;
        if (!account_edit(r, to->kind, to->name, str_c(known->name), value.len ? value : STR_NONE, e))
            return false;
    }
    return true;
}

bool account_save(struct request *r, const char *sentence, struct err *e)
{
    if (r->dry_run) {
        out_put(r->out, r->config.text);
        return true;
    }
    if (!config_save(&r->config, r->config.text, e))
        return false;
    prog_warn("%s in %.*s", sentence, STR_ARG(r->config.path));
    return true;
}

static bool save(struct request *r, const char *done, str account, struct err *e)
{
    return account_save(r, str_fmt(r->mem, "account %.*s %s", STR_ARG(account), done).ptr, e);
}

bool account_missing(const struct request *r, str account, struct err *e)
{
    return err_set(e, ERR_MISSING, "account.missing", "mail-account list shows what is there", "there is no account %.*s in %.*s",
                   STR_ARG(account), STR_ARG(r->config.path));
}

bool account_add(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]);
    if (!good_name(account, e))
        return false;
    if (config_has_account(&r->config, account))
        return err_set(e, ERR_USAGE, "account.exists", "change it with mail-account set", "there is an account %.*s already",
                       STR_ARG(account));
    str note = STR_NONE;
    if (!apply(r, &(struct config_item){.kind = S("account"), .name = account}, e) || (r->provider.len && !provider_apply(r, account, &note, e)) ||
        !save(r, "added", account, e))
        return false;
    if (note.len)
        prog_warn("%.*s", STR_ARG(note));
    return true;
}

bool account_set(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]);
    struct config_item to;
    return section_of(r, account, &to, e) && apply(r, &to, e) && save(r, "changed", account, e);
}

bool account_unset(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]), near;
    struct config_item to;
    if (!section_of(r, account, &to, e))
        return false;
    for (int i = 1; i < r->n_args; i++) {
        str key = str_c(r->args[i]), before = r->config.text;
        if (!account_edit(r, to.kind, to.name, key, STR_NONE, e))
            return false;
        if (before.len != r->config.text.len)
            continue;
        bool known = config_section_key(config_section_kind(to.kind), key, &near);
        return err_set(e, ERR_MISSING, "account.unset", known || !near.len ? NULL : str_fmt(r->mem, "did you mean %.*s?", STR_ARG(near)).ptr,
                       "%.*s of %.*s is not set there", STR_ARG(key), STR_ARG(account));
    }
    return save(r, "changed", account, e);
}

bool account_exists(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]), key = r->n_args > 1 ? str_c(r->args[1]) : STR_NONE;
    (void)e;
    if (!config_has_account(&r->config, account) || (key.len && !config_get(&r->config, account, key).ptr))
        prog_outcome(ERR_MISSING);
    return true;
}

bool account_get(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]);
    struct config_item of;
    if (!section_of(r, account, &of, e))
        return false;
    const struct config_key *key = account_key(str_c(r->args[1]), e);
    if (!key)
        return false;
    str value = config_get(&r->config, account, str_c(key->name));
    if (!value.ptr)
        return err_set(e, ERR_MISSING, "account.unset", "mail-account keys says what holds then", "%s of %.*s is not set", key->name, STR_ARG(account));
    if (key->kind == CONFIG_SECRET && !secret_is_reference(value))
        return err_set(e, ERR_CONFIG, "account.plain", "seal it: mail-account secret seal", "%s of %.*s is a secret in plain words, which is not shown",
                       key->name, STR_ARG(account));
    out_put(r->out, value);
    out_byte(r->out, '\n');
    return true;
}

bool account_remove(struct request *r, struct err *e)
{
    str account = str_c(r->args[0]);
    if (!config_has_account(&r->config, account))
        return account_missing(r, account, e);
    return reload(r, config_remove_account(r->mem, &r->config, account), e) && save(r, "removed", account, e);
}
