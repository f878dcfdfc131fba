/* Who sends: accounts of the configuration, their addresses and texts. */
#include "compose.h"

enum { SETTING_FILE = 256 << 10 };

static bool has_address(struct compose *c, str account, str email)
{
    arena scratch = c->message;
    struct strs aliases = {0};
    if (str_eq_nocase(config_get(&c->config, account, S("email")), email))
        return true;
    config_list(&scratch, &c->config, account, S("aliases"), &aliases);
    for (ptrdiff_t i = 0; i < aliases.n; i++)
        if (str_eq_nocase(aliases.item[i], email))
            return true;
    return false;
}

/* STR_NONE: none has this address. */
static str account_with(struct compose *c, str email)
{
    struct strs names = {0};
    config_accounts(&c->message, &c->config, &names);
    for (ptrdiff_t i = 0; i < names.n && email.len; i++)
        if (has_address(c, names.item[i], email))
            return names.item[i];
    return STR_NONE;
}

bool is_own_address(struct compose *c, str account, str email)
{
    return account.len ? has_address(c, account, email) : account_with(c, email).len > 0;
}

static str account_among(struct compose *c, const struct addresses *list)
{
    str found = STR_NONE;
    for (ptrdiff_t i = 0; i < list->n && !found.len; i++)
        found = account_with(c, list->item[i].email);
    return found;
}

static bool choose_account(struct compose *c, const struct request *r, str *out, struct err *e)
{
    const struct email *m = r->original;
    struct strs names = {0};
    config_accounts(&c->message, &c->config, &names);
    *out = r->account;
    if (str_find_byte(*out, '@') > 0 && account_with(c, *out).len)
        *out = account_with(c, *out);
    if (out->len)
        return config_has_account(&c->config, *out) || (r->from.n && !names.n) ||
               err_set(e, ERR_MISSING, "account.missing", "mail-account list shows what is there", "there is no account %.*s in %.*s",
                       STR_ARG(*out), STR_ARG(c->config.path));
    if (r->from.n)
        *out = account_with(c, r->from.item[0].email);
    if (!out->len && m && config_has_account(&c->config, m->account))
        *out = m->account;
    if (!out->len && m)
        *out = account_among(c, &m->to);
    if (!out->len && m)
        *out = account_among(c, &m->cc);
    if (!out->len && names.n)
        *out = names.item[0];
    return true;
}

/* The one of our addresses that the message came to, so that the answer comes from it; else the account's. */
static str own_address(struct compose *c, str account, const struct email *m)
{
    const struct addresses *lists[] = {&m->to, &m->cc, &m->bcc};
    for (int k = 0; k < 3; k++)
        for (ptrdiff_t i = 0; i < lists[k]->n; i++)
            if (has_address(c, account, lists[k]->item[i].email))
                return str_lower(&c->message, lists[k]->item[i].email);
    return config_get(&c->config, account, S("email"));
}

/* `\n` and `\t` of a setting, which is one line. */
static str unescape(arena *a, str s)
{
    struct buf b = buf_new(a, s.len);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        bool escape = s.ptr[i] == '\\' && i + 1 < s.len && strchr("nt\\", s.ptr[i + 1]);
        if (!escape)
            buf_byte(&b, s.ptr[i]);
        else
            buf_byte(&b, s.ptr[++i] == 'n' ? '\n' : s.ptr[i] == 't' ? '\t' : '\\');
    }
    return buf_str(&b);
}

bool text_setting(struct compose *c, str account, const char *key, str *out, struct err *e)
{
    str value = config_get(&c->config, account, str_c(key));
    *out = value.len ? unescape(&c->message, value) : STR_NONE;
    if (!str_starts(value, S("@")))
        return true;
    str path = str_skip(value, 1), folder = c->config.path;
    while (folder.len && folder.ptr[folder.len - 1] != '/')
        folder.len--;
    if (!str_starts(path, S("/")))
        path = str_fmt(&c->message, "%.*s%.*s", STR_ARG(folder), STR_ARG(path));
    if (!file_read(&c->message, str_z(&c->message, path), SETTING_FILE, out, e)) {
        e->class = ERR_CONFIG;
        return false;
    }
    *out = utf8_scrub(&c->message, *out);
    return true;
}

static bool read_size(struct compose *c, const struct identity *id, str key, int64_t otherwise, int64_t *out, struct err *e)
{
    str size = config_get(&c->config, id->account, key);
    *out = otherwise;
    if (!size.len || (str_size(size, out) && *out >= 1))
        return true;
    return err_set(e, ERR_CONFIG, "config.value", NULL, "%.*s of %.*s is a size like 25M, not \"%.*s\"", STR_ARG(key), STR_ARG(id->account), STR_ARG(size));
}

static bool read_limits(struct compose *c, struct identity *id, struct err *e)
{
    return read_size(c, id, S("smtp.maxSize"), MAX_SIZE, &id->max_size, e) &&
           read_size(c, id, S("maxAttachment"), INT64_MAX, &id->max_attachment, e) &&
           config_bool(&c->config, id->account, S("smtp.eightBit"), false, &id->eight_bit, e);
}

static bool read_texts(struct compose *c, struct identity *id, struct err *e)
{
    return text_setting(c, id->account, "signature", &id->signature, e) &&
           text_setting(c, id->account, "signatureHtml", &id->signature_html, e) &&
           text_setting(c, id->account, "footer", &id->footer, e) && text_setting(c, id->account, "footerHtml", &id->footer_html, e);
}

/* An SMTP identity may have an address and a name of its own. */
static void profile_from(struct compose *c, str profile, struct header_address *from)
{
    str email = config_section_get(&c->config, S("profile"), profile, S("email"));
    str name = config_section_get(&c->config, S("profile"), profile, S("displayName"));
    from->email = email.len ? email : from->email;
    from->name = name.len ? name : from->name;
}

bool identity_of(struct compose *c, const struct request *r, struct identity *out, struct err *e)
{
    *out = (struct identity){0};
    if (!choose_account(c, r, &out->account, e) || !read_limits(c, out, e) || !read_texts(c, out, e))
        return false;
    str account = out->account, name = config_get(&c->config, account, S("displayName"));
    if (r->from.n)
        out->from = r->from.item[0];
    else if (account.len)
        out->from = (struct header_address){name, r->original ? own_address(c, account, r->original)
                                                              : config_get(&c->config, account, S("email"))};
    if (!r->from.n && r->profile.len)
        profile_from(c, r->profile, &out->from);
    if (r->from_name.len)
        out->from.name = r->from_name;
    out->reply_to = config_get(&c->config, account, S("replyTo"));
    if (!out->from.email.len)
        return err_set(e, ERR_CONFIG, "account.none", "mail-account add makes an account; --from ADDRESS says who sends",
                       account.len ? "account %.*s has no email" : "no account says who sends this message%.*s", STR_ARG(account));
    return build_address_ok(c->message, out->from, "From", r->from.n ? ERR_INPUT : ERR_CONFIG, e);
}
