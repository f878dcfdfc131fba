/* sealed:v1: - AES-256-GCM by OpenSSL (NIST SP 800-38D; nonces of 96 random bits). */
#include "secret/private.h"

#include "sys/sys.h"

#include <assert.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    ID = 4,
    NONCE = 12,
    TAG = 16,
    PASSPHRASE_MIN = 8, /* a shorter one is refused */
    SCRYPT_MEMORY = 64 << 20
};

static const str mark = {"sealed:v1:", 10};
const char *const seal_variables[] = {"MAILPIPE_KEY", "MAIL_KEY", "DATABASE_ENCRYPTION_KEY", NULL};

/* ---- keys ---- */

/* Says which key sealed a text, and nothing else about it. */
static void key_id(const struct seal_key *key, unsigned char id[ID])
{
    unsigned char digest[32], text[16 + sizeof key->octets] = "mailpipe key id";
    memcpy(text + 16, key->octets, sizeof key->octets);
    int good = EVP_Digest(text, sizeof text, digest, NULL, EVP_sha256(), NULL);
    assert(good == 1);
    (void)good;
    memcpy(id, digest, ID);
    explicit_bzero(text, sizeof text);
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool key_of_hex(str s, struct seal_key *out)
{
    if (s.len != 2 * (ptrdiff_t)sizeof out->octets)
        return false;
    for (ptrdiff_t i = 0; i < s.len; i += 2) {
        int high = hex(s.ptr[i]), low = hex(s.ptr[i + 1]);
        if (high < 0 || low < 0)
            return false;
        out->octets[i / 2] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* Strict base64, in the arena; STR_NONE where it is none. */
static str base64_octets(arena *a, str s)
{
    unsigned char *out = arena_alloc(a, (size_t)s.len / 4 * 3 + 3, 1);
    if (!s.len || s.len % 4 || EVP_DecodeBlock(out, (const unsigned char *)s.ptr, (int)s.len) < 0)
        return STR_NONE;
    int padding = (s.ptr[s.len - 1] == '=') + (s.ptr[s.len - 2] == '=');
    return str_of((char *)out, s.len / 4 * 3 - padding);
}

/* Keys of Fernet are written in the other alphabet. */
static bool key_of_base64(arena *a, str s, struct seal_key *out)
{
    if (s.len != 44)
        return false;
    char *plain = str_z(a, s);
    for (char *p = plain; *p; p++)
        *p = *p == '-' ? '+' : *p == '_' ? '/' : *p;
    str octets = base64_octets(a, str_of(plain, s.len));
    bool good = octets.len == sizeof out->octets;
    if (good)
        memcpy(out->octets, octets.ptr, sizeof out->octets);
    secret_wipe(octets);
    secret_wipe(str_of(plain, s.len));
    return good;
}

/* The salt is fixed: the same words must give the same key on another machine. */
static bool key_of_words(str s, struct seal_key *out)
{
    static const unsigned char salt[] = "mailpipe seal v1";
    return s.len >= PASSPHRASE_MIN && EVP_PBE_scrypt(s.ptr, (size_t)s.len, salt, sizeof salt - 1, 1 << 15, 8, 1, SCRYPT_MEMORY, out->octets,
                                                     sizeof out->octets) == 1;
}

static bool key_of_text(arena *a, str text, str from, struct seal_key *out, struct err *e)
{
    str line = str_trim(secret_first_line(text));
    bool good = key_of_hex(line, out) || key_of_base64(a, line, out) || key_of_words(line, out);
    secret_wipe(text);
    return good || err_set(e, ERR_LOGIN, "secret.key", "32 octets as hexadecimal digits or base64, or a passphrase of at least 8 characters",
                           "%.*s holds no key", STR_ARG(from));
}

str seal_key_new(arena *a, struct seal_key *out)
{
    unsigned char text[48];
    sys_clock.random(out->octets, sizeof out->octets);
    int n = EVP_EncodeBlock(text, out->octets, sizeof out->octets);
    return str_fmt(a, "%.*s\n", n, (const char *)text);
}

/* Not by secret_get: a variable with the key stays set, for it is asked for each secret. */
bool seal_key_read(arena *a, str reference, struct seal_key *out, struct err *e)
{
    str text;
    if (secret_is_sealed(reference) || !secret_is_reference(reference))
        return err_set(e, ERR_CONFIG, "secret.key", "write file:PATH, cmd:COMMAND or env:VARIABLE", "the key of sealed secrets is not a reference");
    if (str_starts(reference, S("env:"))) {
        const char *value = getenv(str_z(a, str_skip(reference, 4)));
        if (!value)
            return err_set(e, ERR_LOGIN, "secret.env", "export it for this command", "the variable of the key %.*s is not set", STR_ARG(reference));
        return key_of_text(a, str_copy(a, str_c(value)), reference, out, e);
    }
    return secret_get_text(a, reference, &text, e) && key_of_text(a, text, reference, out, e);
}

static bool add_file(arena *a, const char *path, struct seal_keys *out, struct err *e)
{
    str text;
    if (access(path, F_OK) != 0)
        return true;
    if (!secret_file(a, path, str_c(path), &text, e) || !key_of_text(a, text, str_c(path), &out->key[out->n], e))
        return false;
    out->n++;
    return true;
}

static bool keys_of_file(arena *a, str path, struct seal_keys *out, struct err *e)
{
    out->file = out->from = path;
    return add_file(a, str_z(a, path), out, e) && add_file(a, str_fmt(a, "%.*s.new", STR_ARG(path)).ptr, out, e) &&
           add_file(a, str_fmt(a, "%.*s.old", STR_ARG(path)).ptr, out, e);
}

static str beside(arena *a, str config)
{
    ptrdiff_t slash = config.len;
    while (slash > 0 && config.ptr[slash - 1] != '/')
        slash--;
    return str_fmt(a, "%.*sseal.key", STR_ARG(str_first(config, slash)));
}

/* Beside the configuration, or the person's own; where neither is there, the one to be made. */
static str default_file(arena *a, str config)
{
    str near = beside(a, config);
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    str own = xdg && xdg[0] ? str_fmt(a, "%s/mailpipe/seal.key", xdg) : str_fmt(a, "%s/.config/mailpipe/seal.key", home ? home : "");
    return access(near.ptr, F_OK) != 0 && access(own.ptr, F_OK) == 0 ? own : near;
}

bool seal_keys_find(arena *a, const struct secret_place *place, struct seal_keys *out, struct err *e)
{
    *out = (struct seal_keys){0};
    if (str_starts(place->key, S("file:")))
        return keys_of_file(a, str_skip(place->key, 5), out, e);
    if (place->key.len) {
        out->from = place->key;
        out->n = 1;
        return seal_key_read(a, place->key, &out->key[0], e);
    }
    for (int i = 0; seal_variables[i]; i++) {
        const char *value = getenv(seal_variables[i]);
        if (!value || !value[0])
            continue;
        out->from = str_fmt(a, "the variable %s", seal_variables[i]);
        out->n = 1;
        return key_of_text(a, str_copy(a, str_c(value)), out->from, &out->key[0], e);
    }
    return keys_of_file(a, default_file(a, place->config), out, e);
}

/* ---- texts ---- */

/* tag: written where it seals, asked for where it opens. False only where it does not fit. */
static bool gcm(bool seal, const struct seal_key *key, const unsigned char *nonce, str name, str in, unsigned char *out, unsigned char *tag)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    assert(c && in.len <= SECRET_MAX);
    int n = 0, rest = 0;
    bool good = EVP_CipherInit_ex(c, EVP_aes_256_gcm(), NULL, key->octets, nonce, seal) == 1 &&
                EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)mark.ptr, (int)mark.len) == 1 &&
                EVP_CipherUpdate(c, NULL, &n, (const unsigned char *)name.ptr, (int)name.len) == 1 &&
                EVP_CipherUpdate(c, out, &n, (const unsigned char *)in.ptr, (int)in.len) == 1 &&
                (seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1) && EVP_CipherFinal_ex(c, out + n, &rest) == 1 &&
                (!seal || EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, tag) == 1);
    EVP_CIPHER_CTX_free(c);
    return good;
}

str secret_seal(arena *a, const struct seal_key *key, str name, str secret)
{
    size_t n = (size_t)(ID + NONCE + secret.len + TAG);
    unsigned char *raw = arena_alloc(a, n, 1);
    key_id(key, raw);
    sys_clock.random(raw + ID, NONCE);
    bool good = gcm(true, key, raw + ID, name, secret, raw + ID + NONCE, raw + n - TAG);
    assert(good);
    (void)good;
    unsigned char *text = arena_alloc(a, (n + 2) / 3 * 4 + 1, 1);
    int length = EVP_EncodeBlock(text, raw, (int)n);
    return str_fmt(a, "%.*s%.*s", STR_ARG(mark), length, (const char *)text);
}

static const struct seal_key *key_of(const struct seal_keys *keys, const unsigned char *id)
{
    for (int i = 0; i < keys->n; i++) {
        unsigned char own[ID];
        key_id(&keys->key[i], own);
        if (memcmp(own, id, ID) == 0)
            return &keys->key[i];
    }
    return NULL;
}

bool secret_unseal(arena *a, const struct seal_keys *keys, str name, str reference, str *out, struct err *e)
{
    *out = STR_NONE;
    str raw = str_starts(reference, mark) ? base64_octets(a, str_skip(reference, mark.len)) : STR_NONE;
    ptrdiff_t n = raw.len - ID - NONCE - TAG;
    if (n < 0 || n > SECRET_MAX)
        return err_set(e, ERR_CONFIG, "secret.form", "set it again with mail-account secret set", "%.*s is not sealed:v1: with its whole text",
                       STR_ARG(name));
    const unsigned char *octets = (const unsigned char *)raw.ptr;
    if (!keys->n)
        return err_set(e, ERR_LOGIN, "secret.key", "bring the key there, or name it: $MAILPIPE_KEY, or seal.key in [defaults]",
                       "there is no key for the sealed %.*s: no %.*s", STR_ARG(name), STR_ARG(keys->file));
    const struct seal_key *key = key_of(keys, octets);
    if (!key)
        return err_set(e, ERR_LOGIN, "secret.key", "bring the key that sealed it, or set the secret again with mail-account secret set",
                       "%.*s is sealed with another key than %.*s", STR_ARG(name), STR_ARG(keys->from));
    unsigned char tag[TAG], *text = arena_alloc(a, (size_t)n + 1, 1);
    memcpy(tag, octets + raw.len - TAG, TAG);
    if (!gcm(false, key, octets + ID, name, str_slice(raw, ID + NONCE, ID + NONCE + n), text, tag))
        return err_set(e, ERR_LOGIN, "secret.moved", "set it again with mail-account secret set", "%.*s was sealed for another setting, or was changed",
                       STR_ARG(name));
    *out = str_of((char *)text, n);
    return true;
}
