#include "codec/codec.h"

#include <assert.h>
#include <openssl/evp.h>
#include <pthread.h>

/* Fetched once: a lookup for every digest costs a third of the time of short ones. */
static EVP_MD *algorithm;
static pthread_once_t once = PTHREAD_ONCE_INIT;

struct sha256 {
    EVP_MD_CTX *context;
    bool open;
};

static void fetch(void) { algorithm = EVP_MD_fetch(NULL, "SHA256", NULL); }

struct sha256 *sha256_new(arena *a)
{
    pthread_once(&once, fetch);
    struct sha256 *h = ARENA_NEW(a, struct sha256);
    h->context = EVP_MD_CTX_new();
    assert(algorithm && h->context);
    return h;
}

static void open_context(struct sha256 *h)
{
    if (h->open)
        return;
    int done = EVP_DigestInit_ex2(h->context, algorithm, NULL);
    assert(done == 1);
    (void)done;
    h->open = true;
}

void sha256_put(struct sha256 *h, str octets)
{
    open_context(h);
    if (octets.len)
        EVP_DigestUpdate(h->context, octets.ptr, (size_t)octets.len);
}

void sha256_free(struct sha256 *h)
{
    EVP_MD_CTX_free(h->context);
    h->context = NULL;
}

void sha256_end(struct sha256 *h, char hex[65])
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    open_context(h);
    EVP_DigestFinal_ex(h->context, digest, NULL);
    h->open = false;
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    hex[64] = 0;
}

str sha256_of(arena *a, str octets)
{
    struct sha256 *h = sha256_new(a);
    char *hex = arena_alloc(a, 65, 1);
    sha256_put(h, octets);
    sha256_end(h, hex);
    sha256_free(h);
    return str_of(hex, 64);
}
