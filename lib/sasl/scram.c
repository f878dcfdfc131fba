#include "sasl/scram.h"
#include "codec/codec.h"
#include "sys/sys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { NONCE_OCTETS = 18 };

static str base64(arena *a, str octets)
{
    struct buf b = buf_new(a, octets.len / 3 * 4 + 8);
    base64_encode(octets, 0, &b);
    return buf_str(&b);
}

static str unbase64(arena *a, str text)
{
    struct buf b = buf_new(a, text.len + 4);
    struct base64 d = {0};
    base64_decode(&d, text, &b);
    base64_end(&d, &b);
    return d.flags ? STR_NONE : buf_str(&b);
}

/* RFC5802-5.1: ',' and '=' in a name. */
static str escaped(arena *a, str name)
{
    struct buf b = buf_new(a, name.len + 16);
    for (ptrdiff_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (c == ',')
            buf_put(&b, S("=2C"));
        else if (c == '=')
            buf_put(&b, S("=3D"));
        else
            buf_byte(&b, c);
    }
    return buf_str(&b);
}

str scram_first(struct sasl *s)
{
    if (!s->nonce.len) {
        char octets[NONCE_OCTETS];
        sys_clock.random(octets, sizeof octets);
        s->nonce = base64(s->mem, str_of(octets, sizeof octets));
    }
    str user = escaped(s->mem, s->user);
    s->first_bare = str_fmt(s->mem, "n=%.*s,r=%.*s", STR_ARG(user), STR_ARG(s->nonce));
    return str_fmt(s->mem, "n,,%.*s", STR_ARG(s->first_bare));
}

/* The value of attribute `name` at the head of *rest, which moves behind it. */
static bool attribute(str *rest, char name, str *value)
{
    str item;
    str_cut(*rest, ',', &item, rest);
    if (item.len < 2 || item.ptr[0] != name || item.ptr[1] != '=')
        return false;
    *value = str_skip(item, 2);
    return true;
}

struct digest {
    unsigned char octets[EVP_MAX_MD_SIZE];
    unsigned len;
};

static str view(const struct digest *d) { return str_of((const char *)d->octets, (ptrdiff_t)d->len); }

static bool hmac(const EVP_MD *md, str key, str text, struct digest *out)
{
    return HMAC(md, key.ptr, (int)key.len, (const unsigned char *)text.ptr, (size_t)text.len, out->octets, &out->len) != NULL;
}

/* RFC5802-3: *proof is ClientProof, *server the ServerSignature. */
static bool prove(const EVP_MD *md, str password, str salt, int rounds, str auth_message, struct digest *proof,
                  struct digest *server)
{
    struct digest salted = {.len = (unsigned)EVP_MD_get_size(md)}, client, stored, signature, server_key;
    bool done = PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, (const unsigned char *)salt.ptr, (int)salt.len, rounds, md,
                                  (int)salted.len, salted.octets) == 1 &&
                hmac(md, view(&salted), S("Client Key"), &client) &&
                EVP_Digest(client.octets, client.len, stored.octets, &stored.len, md, NULL) == 1 &&
                hmac(md, view(&stored), auth_message, &signature) && hmac(md, view(&salted), S("Server Key"), &server_key) &&
                hmac(md, view(&server_key), auth_message, server);
    proof->len = salted.len;
    for (unsigned i = 0; done && i < salted.len; i++)
        proof->octets[i] = client.octets[i] ^ signature.octets[i];
    OPENSSL_cleanse(&salted, sizeof salted);
    OPENSSL_cleanse(&client, sizeof client);
    OPENSSL_cleanse(&server_key, sizeof server_key);
    return done;
}

bool scram_final(struct sasl *s, str server_first, str *message, struct err *e)
{
    str rest = server_first, nonce, salt64, rounds_text;
    int64_t rounds;
    if (!attribute(&rest, 'r', &nonce) || !attribute(&rest, 's', &salt64) || !attribute(&rest, 'i', &rounds_text) ||
        !str_i64(rounds_text, 1, SASL_MAX_ROUNDS, &rounds))
        return err_set(e, ERR_LOGIN, "sasl.server", "try another mechanism (auth = plain)", "the server's SCRAM challenge is not one");
    str salt = unbase64(s->mem, salt64);
    if (nonce.len <= s->nonce.len || !str_starts(nonce, s->nonce) || !salt.len)
        return err_set(e, ERR_LOGIN, "sasl.server", "is somebody between you and the server?",
                       "the server's SCRAM challenge does not answer ours");
    const EVP_MD *md = s->mechanism == SASL_SCRAM_SHA_1 ? EVP_sha1() : EVP_sha256();
    str without_proof = str_fmt(s->mem, "c=biws,r=%.*s", STR_ARG(nonce));
    str auth_message = str_fmt(s->mem, "%.*s,%.*s,%.*s", STR_ARG(s->first_bare), STR_ARG(server_first), STR_ARG(without_proof));
    struct digest proof, server;
    if (!prove(md, s->secret, salt, (int)rounds, auth_message, &proof, &server))
        return err_set(e, ERR_LOGIN, "sasl.digest", "try another mechanism (auth = plain)",
                       "OpenSSL does not compute %s here", sasl_name(s->mechanism));
    str proof64 = base64(s->mem, view(&proof));
    s->server_proof = str_copy(s->mem, view(&server));
    *message = str_fmt(s->mem, "%.*s,p=%.*s", STR_ARG(without_proof), STR_ARG(proof64));
    return true;
}

bool scram_verify(struct sasl *s, str server_final, struct err *e)
{
    str rest = server_final, value;
    if (!attribute(&rest, 'v', &value)) {
        err_set(e, ERR_LOGIN, "sasl.refused", "check the user and the secret", "the server refused the login");
        err_server(e, server_final);
        return false;
    }
    str signature = unbase64(s->mem, value);
    if (signature.len != s->server_proof.len ||
        CRYPTO_memcmp(signature.ptr, s->server_proof.ptr, (size_t)signature.len) != 0)
        return err_set(e, ERR_LOGIN, "sasl.proof", "is somebody between you and the server?",
                       "the server could not prove that it knows the password");
    s->proved = true;
    return true;
}
