#include "codec/codec.h"
#include "sign/fields.h"
#include "sign/sign.h"
#include "sys/sys.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

struct smime_signer {
    X509 *certificate;
    STACK_OF(X509) *chain; /* without the first */
    EVP_PKEY *key;
};

struct smime_recipients {
    arena *mem;
    STACK_OF(X509) *certificates;
};

/* ---- certificates and keys ------------------------------------------------------------------------------ */

static int no_passphrase(char *to, int size, int for_writing, void *with)
{
    (void)to, (void)size, (void)for_writing, (void)with;
    return -1;
}

static BIO *reader(str text) { return BIO_new_mem_buf(text.len ? text.ptr : "", (int)text.len); }

/* The next certificate of a PEM text; NULL: no more. */
static X509 *next_certificate(BIO *in)
{
    X509 *x = PEM_read_bio_X509(in, NULL, no_passphrase, NULL);
    ERR_clear_error();
    return x;
}

static bool certificate_fits(const X509 *x, str what, struct err *e)
{
    if (!x)
        return err_set(e, ERR_CONFIG, "smime.certificate", NULL, "%.*s holds no certificate in PEM", STR_ARG(what));
    if (X509_cmp_time(X509_get0_notAfter(x), NULL) < 0)
        return err_set(e, ERR_CONFIG, "smime.expired", "put a newer one there", "the certificate %.*s has expired", STR_ARG(what));
    return true;
}

struct smime_signer *smime_signer_read(arena *a, str certificates, str key, str what, struct err *e)
{
    struct smime_signer *s = ARENA_NEW(a, struct smime_signer);
    BIO *in = reader(certificates), *key_in = reader(key);
    s->certificate = next_certificate(in);
    s->chain = sk_X509_new_null();
    for (X509 *x; (x = next_certificate(in));)
        sk_X509_push(s->chain, x);
    s->key = PEM_read_bio_PrivateKey(key_in, NULL, no_passphrase, NULL);
    BIO_free(in);
    BIO_free(key_in);
    bool good = certificate_fits(s->certificate, what, e);
    if (good && !s->key)
        good = err_set(e, ERR_CONFIG, "smime.key", NULL, "the key of %.*s is no private key in PEM without a passphrase", STR_ARG(what));
    if (good && X509_check_private_key(s->certificate, s->key) != 1)
        good = err_set(e, ERR_CONFIG, "smime.key", NULL, "the key is not that of the certificate %.*s", STR_ARG(what));
    ERR_clear_error();
    if (good)
        return s;
    smime_signer_free(s);
    return NULL;
}

void smime_signer_free(struct smime_signer *s)
{
    if (!s)
        return;
    X509_free(s->certificate);
    sk_X509_pop_free(s->chain, X509_free);
    EVP_PKEY_free(s->key);
}

struct smime_recipients *smime_recipients_new(arena *a)
{
    struct smime_recipients *r = ARENA_NEW(a, struct smime_recipients);
    *r = (struct smime_recipients){a, sk_X509_new_null()};
    return r;
}

bool smime_recipients_add(struct smime_recipients *r, str certificate, str what, struct err *e)
{
    BIO *in = reader(certificate);
    X509 *x = next_certificate(in);
    BIO_free(in);
    if (certificate_fits(x, what, e)) {
        sk_X509_push(r->certificates, x);
        return true;
    }
    X509_free(x);
    return false;
}

void smime_recipients_free(struct smime_recipients *r)
{
    if (r)
        sk_X509_pop_free(r->certificates, X509_free);
}

/* ---- the message taken apart ------------------------------------------------------------------------------ */

struct parts {
    struct buf outer;   /* fields that stay outside, MIME-Version the last */
    struct buf content; /* fields of the content, an empty line, the body: what is signed or encrypted */
};

/* SMTP makes CRLF of a bare LF; the signature must be of that. */
static str with_crlf(arena *a, str s)
{
    struct buf b = {0};
    ptrdiff_t from = 0;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        ptrdiff_t lf = str_find_byte(str_skip(s, i), '\n');
        if (lf < 0)
            break;
        i += lf;
        if (i > 0 && s.ptr[i - 1] == '\r')
            continue;
        if (!b.mem)
            b = buf_new(a, s.len + s.len / 16 + 64);
        buf_put(&b, str_slice(s, from, i));
        buf_put(&b, S("\r\n"));
        from = i + 1;
    }
    if (!b.mem)
        return s;
    buf_put(&b, str_skip(s, from));
    return buf_str(&b);
}

static bool take_apart(arena *a, str message, struct parts *p, struct err *e)
{
    struct signed_fields f;
    message = with_crlf(a, message);
    if (!signed_fields_read(a, message, &f, e))
        return false;
    p->outer = buf_new(a, f.length + 64);
    bool typed = false;
    for (ptrdiff_t i = 0; i < f.n; i++) {
        f.item[i].used = str_starts_nocase(f.item[i].name, S("Content-"));
        typed |= str_eq_nocase(f.item[i].name, S("Content-Type"));
        if (!f.item[i].used && !str_eq_nocase(f.item[i].name, S("MIME-Version")))
            buf_put(&p->outer, f.item[i].whole);
    }
    if (p->outer.len && p->outer.ptr[p->outer.len - 1] != '\n')
        buf_put(&p->outer, S("\r\n")); /* a header that is all there is */
    buf_put(&p->outer, S("MIME-Version: 1.0\r\n"));
    p->content = buf_new(a, message.len + 128);
    if (!typed)
        buf_put(&p->content, S("Content-Type: text/plain; charset=us-ascii\r\n"));
    for (ptrdiff_t i = 0; i < f.n; i++)
        if (f.item[i].used)
            buf_put(&p->content, f.item[i].whole);
    if (p->content.ptr[p->content.len - 1] != '\n')
        buf_put(&p->content, S("\r\n"));
    buf_put(&p->content, S("\r\n"));
    buf_put(&p->content, str_skip(message, f.length));
    return true;
}

/* ---- CMS -------------------------------------------------------------------------------------------------- */

static bool crypto_fault(struct err *e, const char *what)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    err_set(e, ERR_CONFIG, "smime.crypto", NULL, "the message cannot be %s: %s", what, reason ? reason : "libcrypto gives no reason");
    ERR_clear_error();
    return false;
}

/* DER of cms in base64, as the body of a part; cms is freed. */
static bool put_der(arena *a, CMS_ContentInfo *cms, struct buf *out)
{
    int n = cms ? i2d_CMS_ContentInfo(cms, NULL) : -1;
    if (n > 0) {
        unsigned char *der = arena_alloc(a, (size_t)n, 1), *at = der;
        i2d_CMS_ContentInfo(cms, &at);
        base64_encode(str_of((char *)der, n), 76, out);
    }
    CMS_ContentInfo_free(cms);
    return n > 0;
}

static bool is_7bit(str s)
{
    unsigned char all = 0;
    for (ptrdiff_t i = 0; i < s.len; i++)
        all |= (unsigned char)s.ptr[i];
    return all < 0x80;
}

static str boundary(arena *a)
{
    unsigned char octets[15];
    struct buf b = buf_new(a, 40);
    sys_clock.random(octets, sizeof octets);
    buf_put(&b, S("=_")); /* stands neither in base64 nor in quoted-printable */
    for (size_t i = 0; i < sizeof octets; i++)
        buf_fmt(&b, "%02x", octets[i]);
    return buf_str(&b);
}

bool smime_sign(arena *a, const struct smime_signer *s, str message, str *out, struct err *e)
{
    struct parts p;
    if (!take_apart(a, message, &p, e))
        return false;
    str content = buf_str(&p.content);
    if (!is_7bit(content))
        return err_set(e, ERR_INPUT, "smime.8bit", "encode its parts as quoted-printable or base64",
                       "a message with 8-bit content is not signed: a relay may change it on the way");
    BIO *in = reader(content);
    CMS_ContentInfo *cms = CMS_sign(s->certificate, s->key, s->chain, in, CMS_DETACHED | CMS_BINARY);
    BIO_free(in);
    struct buf b = buf_new(a, p.outer.len + content.len + 16384);
    str mark = boundary(a);
    buf_put(&b, buf_str(&p.outer));
    buf_fmt(&b, "Content-Type: multipart/signed; protocol=\"application/pkcs7-signature\";\r\n\tmicalg=sha-256; boundary=\"%.*s\"\r\n\r\n",
            STR_ARG(mark));
    buf_fmt(&b, "This is a signed message in MIME format.\r\n\r\n--%.*s\r\n", STR_ARG(mark));
    buf_put(&b, content);
    buf_fmt(&b, "\r\n--%.*s\r\nContent-Type: application/pkcs7-signature; name=\"smime.p7s\"\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=\"smime.p7s\"\r\n\r\n",
            STR_ARG(mark));
    if (!put_der(a, cms, &b))
        return crypto_fault(e, "signed");
    buf_fmt(&b, "\r\n--%.*s--\r\n", STR_ARG(mark));
    *out = buf_str(&b);
    return true;
}

bool smime_encrypt(arena *a, const struct smime_recipients *r, str message, str *out, struct err *e)
{
    struct parts p;
    if (sk_X509_num(r->certificates) < 1)
        return err_set(e, ERR_INPUT, "smime.nobody", NULL, "there is nobody to encrypt for");
    if (!take_apart(a, message, &p, e))
        return false;
    BIO *in = reader(buf_str(&p.content));
    CMS_ContentInfo *cms = CMS_encrypt(r->certificates, in, EVP_aes_256_cbc(), CMS_BINARY);
    BIO_free(in);
    struct buf b = buf_new(a, p.outer.len + p.content.len / 2 * 3 + 4096);
    buf_put(&b, buf_str(&p.outer));
    buf_put(&b, S("Content-Type: application/pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"\r\n"
                  "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n\r\n"));
    if (!put_der(a, cms, &b))
        return crypto_fault(e, "encrypted");
    *out = buf_str(&b);
    return true;
}
