#include "codec/codec.h"
#include "sign/fields.h"
#include "sign/sign.h"

#include <assert.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

enum { LINE_WIDTH = 76, PIECE = 1 << 16 };

struct dkim_key {
    EVP_PKEY *key;
    bool ed25519;
};

/* ---- keys ------------------------------------------------------------------------------------------------- */

/* Without this libcrypto would ask on the terminal. */
static int no_passphrase(char *to, int size, int for_writing, void *with)
{
    (void)to, (void)size, (void)for_writing, (void)with;
    return -1;
}

struct dkim_key *dkim_key_read(arena *a, str pem, str what, struct err *e)
{
    BIO *in = BIO_new_mem_buf(pem.len ? pem.ptr : "", (int)pem.len);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL) : NULL;
    BIO_free(in);
    ERR_clear_error();
    if (!key) {
        err_set(e, ERR_CONFIG, "dkim.key", "make one with: openssl genpkey -algorithm ED25519",
                "%.*s holds no private key in PEM without a passphrase", STR_ARG(what));
        return NULL;
    }
    int kind = EVP_PKEY_get_base_id(key), bits = EVP_PKEY_get_bits(key);
    bool fits = kind == EVP_PKEY_ED25519 || (kind == EVP_PKEY_RSA && bits >= DKIM_RSA_BITS);
    if (!fits) {
        EVP_PKEY_free(key);
        err_set(e, ERR_CONFIG, "dkim.key", "make one with: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
                "the key %.*s is neither Ed25519 nor RSA of %d bits or more", STR_ARG(what), DKIM_RSA_BITS);
        return NULL;
    }
    struct dkim_key *k = ARENA_NEW(a, struct dkim_key);
    *k = (struct dkim_key){key, kind == EVP_PKEY_ED25519};
    return k;
}

void dkim_key_free(struct dkim_key *k)
{
    if (k)
        EVP_PKEY_free(k->key);
}

bool dkim_name_is_good(str name)
{
    for (ptrdiff_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool edge = i == 0 || i == name.len - 1 || name.ptr[i - 1] == '.';
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!letter && (c != '.' || edge))
            return false;
    }
    return name.len > 0 && name.len <= 253;
}

/* ---- the body, relaxed (RFC6376-3.4.4) -------------------------------------------------------------------- */

struct dkim {
    arena *mem;
    const struct dkim_signer *signers;
    int n;
    int64_t now;
    struct buf header;
    bool in_body, too_long;
    /* Of the body: what was read and is put out only if text follows. */
    ptrdiff_t line_ends;
    bool space, cr, any;
    EVP_MD_CTX *hash;
    int n_ready;
    char ready[4096];
};

static void hash_ready(struct dkim *d)
{
    EVP_DigestUpdate(d->hash, d->ready, (size_t)d->n_ready);
    d->n_ready = 0;
}

static void put_octet(struct dkim *d, char c)
{
    if (d->n_ready == sizeof d->ready)
        hash_ready(d);
    d->ready[d->n_ready++] = c;
}

static void put_octets(struct dkim *d, const char *p, ptrdiff_t n)
{
    if (n > (ptrdiff_t)sizeof d->ready - d->n_ready)
        hash_ready(d);
    if (n > (ptrdiff_t)sizeof d->ready) {
        EVP_DigestUpdate(d->hash, p, (size_t)n);
        return;
    }
    memcpy(d->ready + d->n_ready, p, (size_t)n);
    d->n_ready += (int)n;
}

/* Text follows: what was held back belongs to the body. */
static void put_held(struct dkim *d)
{
    for (; d->line_ends; d->line_ends--)
        put_octets(d, "\r\n", 2);
    if (d->space)
        put_octet(d, ' ');
    if (d->cr)
        put_octet(d, '\r');
    d->space = d->cr = false;
    d->any = true;
}

static bool is_text(char c) { return c != ' ' && c != '\t' && c != '\r' && c != '\n'; }

static void put_body(struct dkim *d, str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (d->cr && c != '\n')
            put_held(d); /* a CR by itself is text */
        if (c == '\n') {
            d->line_ends++;
            d->space = d->cr = false;
        } else if (c == '\r') {
            d->cr = true;
        } else if (c == ' ' || c == '\t') {
            d->space = true;
        } else {
            ptrdiff_t from = i;
            while (i + 1 < s.len && is_text(s.ptr[i + 1]))
                i++;
            put_held(d);
            put_octets(d, s.ptr + from, i + 1 - from);
        }
    }
}

static void end_body(struct dkim *d, unsigned char digest[32])
{
    if (d->cr)
        put_held(d);
    if (d->any)
        put_octets(d, "\r\n", 2);
    hash_ready(d);
    EVP_DigestFinal_ex(d->hash, digest, NULL);
}

/* ---- the header, relaxed (RFC6376-3.4.2) ------------------------------------------------------------------ */

static bool is_white(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static void put_relaxed(struct buf *to, str name, str body)
{
    for (ptrdiff_t i = 0; i < name.len; i++)
        buf_byte(to, name.ptr[i] >= 'A' && name.ptr[i] <= 'Z' ? (char)(name.ptr[i] + 32) : name.ptr[i]);
    buf_byte(to, ':');
    body = str_trim(body);
    for (ptrdiff_t i = 0; i < body.len; i++)
        if (!is_white(body.ptr[i]))
            buf_byte(to, body.ptr[i]);
        else if (!is_white(body.ptr[i - 1]))
            buf_byte(to, ' ');
}

/* RFC6376-5.4.1, and what a mailing list or RFC8058-4 wants signed. once_more: no second one can be added. */
static const struct signed_name {
    str name;
    bool once_more;
} signed_names[] = {
    {{"From", 4}, true},          {{"To", 2}, true},           {{"Cc", 2}, false},          {{"Subject", 7}, true},
    {{"Date", 4}, true},          {{"Message-ID", 10}, false}, {{"Reply-To", 8}, false},    {{"Sender", 6}, false},
    {{"In-Reply-To", 11}, false}, {{"References", 10}, false}, {{"MIME-Version", 12}, false}, {{"Content-Type", 12}, true},
    {{"Content-Transfer-Encoding", 25}, false},                {{"Content-ID", 10}, false}, {{"Content-Description", 19}, false},
    {{"Resent-Date", 11}, false}, {{"Resent-From", 11}, false}, {{"Resent-Sender", 13}, false}, {{"Resent-To", 9}, false},
    {{"Resent-Cc", 9}, false},    {{"Resent-Message-ID", 17}, false}, {{"List-Id", 7}, false}, {{"List-Help", 9}, false},
    {{"List-Unsubscribe", 16}, false}, {{"List-Unsubscribe-Post", 21}, false}, {{"List-Subscribe", 14}, false},
    {{"List-Post", 9}, false},    {{"List-Owner", 10}, false}, {{"List-Archive", 12}, false}, {{"Auto-Submitted", 14}, false},
};

/* What h= names, and the fields it stands for as they are hashed: of a repeated name the last one first (RFC6376-5.4.2). */
static void choose_fields(arena *a, const struct signed_fields *f, struct strs *names, struct buf *hashed)
{
    for (size_t k = 0; k < sizeof signed_names / sizeof *signed_names; k++) {
        const struct signed_name *s = &signed_names[k];
        ptrdiff_t found = 0;
        for (ptrdiff_t i = f->n - 1; i >= 0; i--) {
            if (!str_eq_nocase(f->item[i].name, s->name))
                continue;
            found++;
            strs_add(a, names, s->name);
            put_relaxed(hashed, f->item[i].name, f->item[i].body);
            buf_put(hashed, S("\r\n"));
        }
        if (found && s->once_more)
            strs_add(a, names, s->name);
    }
}

/* ---- the signature ------------------------------------------------------------------------------------------ */

static void put_names(struct buf *to, const struct strs *names)
{
    ptrdiff_t column = 3;
    buf_put(to, S("\r\n\th="));
    for (ptrdiff_t i = 0; i < names->n; i++) {
        str name = names->item[i];
        if (column + name.len + 1 > LINE_WIDTH) {
            buf_put(to, S("\r\n\t"));
            column = 1;
        }
        buf_put(to, name);
        buf_byte(to, i + 1 < names->n ? ':' : ';');
        column += name.len + 1;
    }
}

/* The field up to "b=", whose value is empty while the field itself is hashed (RFC6376-3.5). */
static void put_unsigned(const struct dkim *d, const struct dkim_signer *s, const struct strs *names, str body_hash, struct buf *to)
{
    long long until = d->now + s->lifetime_s;
    buf_fmt(to, " v=1; a=%s; c=relaxed/relaxed;\r\n\td=%.*s; s=%.*s;\r\n\tt=%lld;", s->key->ed25519 ? "ed25519-sha256" : "rsa-sha256",
            STR_ARG(s->domain), STR_ARG(s->selector), (long long)d->now);
    if (s->lifetime_s)
        buf_fmt(to, " x=%lld;", until);
    put_names(to, names);
    buf_fmt(to, "\r\n\tbh=%.*s;\r\n\tb=", STR_ARG(body_hash));
}

/* Ed25519 signs the digest (RFC8463-3). STR_NONE: libcrypto says no. */
static str sign_octets(arena *a, const struct dkim_key *k, str octets)
{
    unsigned char digest[32];
    if (k->ed25519) {
        if (EVP_Digest(octets.ptr, (size_t)octets.len, digest, NULL, EVP_sha256(), NULL) != 1)
            return STR_NONE;
        octets = str_of((char *)digest, sizeof digest);
    }
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = (size_t)EVP_PKEY_get_size(k->key);
    char *to = arena_alloc(a, n, 1);
    bool made = c && EVP_DigestSignInit(c, NULL, k->ed25519 ? NULL : EVP_sha256(), NULL, k->key) == 1 &&
                EVP_DigestSign(c, (unsigned char *)to, &n, (const unsigned char *)octets.ptr, (size_t)octets.len) == 1;
    EVP_MD_CTX_free(c);
    return made ? str_of(to, (ptrdiff_t)n) : STR_NONE;
}

static void put_folded(struct buf *to, str base64)
{
    for (ptrdiff_t at = 0; at < base64.len; at += LINE_WIDTH - 4) {
        buf_put(to, at ? S("\r\n\t") : S(""));
        buf_put(to, str_slice(base64, at, at + LINE_WIDTH - 4));
    }
}

static str base64_of(arena *a, str octets)
{
    struct buf b = buf_new(a, octets.len * 2 + 8);
    base64_encode(octets, 0, &b);
    return buf_str(&b);
}

static bool put_signature(const struct dkim *d, const struct dkim_signer *s, const struct strs *names, str hashed, str body_hash,
                          struct buf *fields, struct err *e)
{
    struct buf field = buf_new(d->mem, 1024), octets = buf_new(d->mem, hashed.len + 2048);
    put_unsigned(d, s, names, body_hash, &field);
    buf_put(&octets, hashed);
    put_relaxed(&octets, S("DKIM-Signature"), buf_str(&field));
    str signature = sign_octets(d->mem, s->key, buf_str(&octets));
    if (!signature.ptr) {
        ERR_clear_error();
        return err_set(e, ERR_CONFIG, "dkim.sign", NULL, "the DKIM key of %.*s, selector %.*s, cannot sign", STR_ARG(s->domain),
                       STR_ARG(s->selector));
    }
    buf_put(fields, S("DKIM-Signature:"));
    buf_put(fields, buf_str(&field));
    put_folded(fields, base64_of(d->mem, signature));
    buf_put(fields, S("\r\n"));
    return true;
}

struct dkim *dkim_begin(arena *a, const struct dkim_signer *signers, int n, int64_t now)
{
    assert(n > 0 && n <= DKIM_SIGNERS);
    struct dkim *d = ARENA_NEW(a, struct dkim);
    *d = (struct dkim){.mem = a, .signers = signers, .n = n, .now = now, .header = buf_new(a, 4096), .hash = EVP_MD_CTX_new()};
    int begun = d->hash && EVP_DigestInit_ex(d->hash, EVP_sha256(), NULL);
    assert(begun == 1);
    (void)begun;
    return d;
}

/* Octets of the header that end in this piece, or all of it where the header goes on. */
static ptrdiff_t put_header(struct dkim *d, str piece)
{
    ptrdiff_t before = d->header.len, line = before;
    buf_put(&d->header, piece);
    while (line > 0 && d->header.ptr[line - 1] != '\n')
        line--;
    ptrdiff_t length = header_length(buf_str(&d->header), line);
    if (length < 0)
        return piece.len;
    d->header.len = length;
    d->in_body = true;
    return length - before;
}

void dkim_put(struct dkim *d, str chunk)
{
    while (!d->in_body && chunk.len) {
        d->too_long |= d->header.len > DKIM_HEADER;
        if (d->too_long)
            return;
        chunk = str_skip(chunk, put_header(d, str_first(chunk, PIECE)));
    }
    put_body(d, chunk);
}

void dkim_drop(struct dkim *d)
{
    EVP_MD_CTX_free(d->hash);
    d->hash = NULL;
}

bool dkim_end(struct dkim *d, struct buf *fields, struct err *e)
{
    unsigned char digest[32];
    struct signed_fields f;
    struct strs names = {0};
    struct buf hashed = buf_new(d->mem, 4096);
    ptrdiff_t before = fields->len;
    end_body(d, digest);
    dkim_drop(d);
    if (d->too_long)
        return err_set(e, ERR_INPUT, "dkim.header", NULL, "the header has more than %d octets and is not signed", DKIM_HEADER);
    if (!signed_fields_read(d->mem, buf_str(&d->header), &f, e))
        return false;
    choose_fields(d->mem, &f, &names, &hashed);
    if (!names.n || !str_eq(names.item[0], S("From")))
        return err_set(e, ERR_INPUT, "dkim.from", NULL, "the message has no From, which DKIM must sign");
    str body_hash = base64_of(d->mem, str_of((char *)digest, sizeof digest));
    for (int i = 0; i < d->n; i++)
        if (!put_signature(d, &d->signers[i], &names, buf_str(&hashed), body_hash, fields, e)) {
            fields->len = before;
            return false;
        }
    return true;
}
