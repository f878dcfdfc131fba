#include "mail-compose/compose-parts.h"

#include "secret/secret.h"
#include "sign/sign.h"

#include <stdlib.h>
#include <unistd.h>

enum { CERTIFICATE_MAX = 1 << 20 /* octets of a file of certificates */ };

struct compose_signer {
    arena *mem;
    const struct config *config;
    str account;
    const struct compose_crypto *how;
    struct dkim_signer dkim[DKIM_SIGNERS];
    struct dkim_key *keys[DKIM_SIGNERS];
    int n_dkim;
    struct smime_signer *smime; /* NULL: it does not sign */
    bool encrypts;
};

static str setting(const struct compose_signer *s, const char *key) { return config_get(s->config, s->account, str_c(key)); }

static bool get_pem(const struct compose_signer *s, const char *key, str reference, str *pem, struct err *e)
{
    struct secret_place place = {.name = config_place(s->mem, s->config, s->account, str_c(key)), .config = s->config->path,
                                 .key = config_get(s->config, STR_NONE, S("seal.key"))};
    return secret_get_text_at(s->mem, reference, &place, pem, e);
}

static bool wrong(const struct compose_signer *s, const char *hint, const char *what, struct err *e)
{
    return err_set(e, ERR_CONFIG, "compose.sign", hint, "%s of account %.*s", what, STR_ARG(s->account));
}

/* ---- DKIM ------------------------------------------------------------------------------------------------- */

static bool next_word(str *rest, str *one)
{
    if (!rest->ptr)
        return false;
    str_cut(*rest, ',', one, rest);
    *one = str_trim(*one);
    return true;
}

/* A comma inside a command is no separator: behind one that is, a reference begins. */
static bool next_reference(str *rest, str *one)
{
    str head = *rest, tail = STR_NONE;
    if (!rest->ptr)
        return false;
    for (ptrdiff_t i = 0; i < rest->len; i++)
        if (rest->ptr[i] == ',' && secret_is_reference(str_trim(str_skip(*rest, i + 1)))) {
            head = str_first(*rest, i);
            tail = str_skip(*rest, i + 1);
            break;
        }
    *one = str_trim(head);
    *rest = tail;
    return true;
}

static bool open_dkim_key(struct compose_signer *s, str domain, str selector, str reference, struct err *e)
{
    str pem;
    if (s->n_dkim == DKIM_SIGNERS)
        return wrong(s, NULL, "there are too many keys in dkim.key", e);
    if (!dkim_name_is_good(domain) || !dkim_name_is_good(selector))
        return wrong(s, "letters, digits, '-' and dots; other scripts in their xn-- form", "dkim.domain or dkim.selector is no name", e);
    if (!get_pem(s, "dkim.key", reference, &pem, e))
        return false;
    struct dkim_key *key = dkim_key_read(s->mem, pem, reference, e);
    secret_wipe(pem);
    if (!key)
        return false;
    s->keys[s->n_dkim] = key;
    s->dkim[s->n_dkim] = (struct dkim_signer){.domain = domain, .selector = selector, .key = key};
    return config_i64(s->config, s->account, S("dkim.lifetime"), 1, INT32_MAX, 0, &s->dkim[s->n_dkim++].lifetime_s, e);
}

static bool open_dkim(struct compose_signer *s, struct err *e)
{
    str keys = setting(s, "dkim.key"), selectors = setting(s, "dkim.selector"), domain = setting(s, "dkim.domain"), local, key, selector;
    if (s->how->no_dkim || !keys.len)
        return true;
    if (!selectors.len)
        return wrong(s, "it is the name before ._domainkey in the DNS", "dkim.key is set, but no dkim.selector", e);
    if (!domain.len)
        str_cut(setting(s, "email"), '@', &local, &domain);
    if (!domain.len)
        return wrong(s, "set dkim.domain", "neither dkim.domain nor email says the domain to sign for", e);
    while (next_reference(&keys, &key)) {
        if (!next_word(&selectors, &selector))
            return wrong(s, "each key has its own selector", "dkim.key has more keys than dkim.selector has names", e);
        if (!open_dkim_key(s, domain, selector, key, e))
            return false;
    }
    return !selectors.ptr || wrong(s, "each selector has its own key", "dkim.selector has more names than dkim.key has keys", e);
}

/* ---- S/MIME ----------------------------------------------------------------------------------------------- */

/* ~/ and names beside the configuration, as a person writes them there. */
static char *path_of(arena *a, const struct config *c, str name)
{
    ptrdiff_t slash = c->path.len;
    const char *home = getenv("HOME");
    if (str_starts(name, S("~/")) && home)
        return str_z(a, str_fmt(a, "%s%.*s", home, STR_ARG(str_skip(name, 1))));
    if (str_starts(name, S("/")))
        return str_z(a, name);
    while (slash > 0 && c->path.ptr[slash - 1] != '/')
        slash--;
    return str_z(a, str_fmt(a, "%.*s%.*s", STR_ARG(str_first(c->path, slash)), STR_ARG(name)));
}

static bool open_smime(struct compose_signer *s, struct err *e)
{
    str certificate = setting(s, "smime.cert"), reference = setting(s, "smime.key"), text, pem;
    bool by_account;
    if (!config_bool(s->config, s->account, S("smime.sign"), false, &by_account, e))
        return false;
    if (!(s->how->sign == COMPOSE_YES || (s->how->sign == COMPOSE_BY_ACCOUNT && by_account)))
        return true;
    if (!certificate.len || !reference.len)
        return wrong(s, "see mail-account keys", "to sign with S/MIME, set smime.cert and smime.key", e);
    char *path = path_of(s->mem, s->config, certificate);
    if (!file_read(s->mem, path, CERTIFICATE_MAX, &text, e) || !get_pem(s, "smime.key", reference, &pem, e))
        return false;
    s->smime = smime_signer_read(s->mem, text, pem, str_c(path), e);
    secret_wipe(pem);
    return s->smime != NULL;
}

static bool add_certificate(arena *a, struct smime_recipients *r, const char *path, struct err *e)
{
    str text;
    return file_read(a, path, CERTIFICATE_MAX, &text, e) && smime_recipients_add(r, text, str_c(path), e);
}

/* FOLDER/ADDRESS.pem. An address is text from anywhere: one with a slash names no file. */
static bool add_address(arena *a, const struct compose_signer *s, struct smime_recipients *r, str address, struct err *e)
{
    str folder = setting(s, "smime.folder");
    char *base = path_of(a, s->config, folder.len ? folder : S("certificates"));
    str name = str_lower(a, address);
    char *path = str_z(a, str_fmt(a, "%s/%.*s.pem", base, STR_ARG(name)));
    if (str_find_byte(name, '/') >= 0 || str_find_byte(name, 0) >= 0 || access(path, F_OK) != 0)
        return err_set(e, ERR_MISSING, "smime.recipient", "put it there, or give it with --certificate",
                       "there is no certificate to encrypt for %.*s: %s", STR_ARG(address), path);
    return add_certificate(a, r, path, e);
}

static bool add_everyone(arena *a, const struct compose_signer *s, const struct strs *recipients, struct smime_recipients *r,
                         struct err *e)
{
    const struct strs *given = &s->how->certificates;
    str own = setting(s, "smime.cert");
    for (ptrdiff_t i = 0; i < given->n; i++)
        if (!add_certificate(a, r, str_z(a, given->item[i]), e))
            return false;
    /* Who gives certificates says for whom; else each recipient must have one. */
    for (ptrdiff_t i = 0; !given->n && i < recipients->n; i++)
        if (!add_address(a, s, r, recipients->item[i], e))
            return false;
    return !own.len || add_certificate(a, r, path_of(a, s->config, own), e);
}

static bool encrypt(arena *a, const struct compose_signer *s, const struct strs *recipients, str *message, struct err *e)
{
    struct smime_recipients *r = smime_recipients_new(a);
    bool done = add_everyone(a, s, recipients, r, e) && smime_encrypt(a, r, *message, message, e);
    smime_recipients_free(r);
    return done;
}

/* ---- both --------------------------------------------------------------------------------------------------- */

struct compose_signer *compose_signer_open(arena *run, const struct config *c, str account, const struct compose_crypto *how,
                                           struct err *e)
{
    struct compose_signer *s = ARENA_NEW(run, struct compose_signer);
    *s = (struct compose_signer){.mem = run, .config = c, .account = account, .how = how, .encrypts = how->encrypt == COMPOSE_YES};
    if (open_dkim(s, e) && open_smime(s, e))
        return s;
    compose_signer_close(s);
    return NULL;
}

void compose_signer_close(struct compose_signer *s)
{
    if (!s)
        return;
    for (int i = 0; i < s->n_dkim; i++)
        dkim_key_free(s->keys[i]);
    smime_signer_free(s->smime);
    s->n_dkim = 0;
    s->smime = NULL;
}

bool compose_signer_7bit(const struct compose_signer *s) { return s->smime != NULL; }

bool compose_signer_idle(const struct compose_signer *s) { return !s->smime && !s->encrypts && !s->n_dkim; }

bool compose_signer_streams(const struct compose_signer *s) { return !s->smime && !s->encrypts && s->n_dkim; }

struct dkim *compose_dkim_begin(arena *a, const struct compose_signer *s) { return dkim_begin(a, s->dkim, s->n_dkim, now_s()); }

bool compose_sign(arena *a, struct compose_signer *s, const struct strs *recipients, str message, str *out, struct err *e)
{
    *out = message;
    if (s->smime && !smime_sign(a, s->smime, *out, out, e))
        return false;
    if (s->encrypts && !encrypt(a, s, recipients, out, e))
        return false;
    if (!s->n_dkim)
        return true;
    struct dkim *d = compose_dkim_begin(a, s);
    struct buf b = buf_new(a, out->len + 4096);
    dkim_put(d, *out);
    if (!dkim_end(d, &b, e))
        return false;
    buf_put(&b, *out);
    *out = buf_str(&b);
    return true;
}
