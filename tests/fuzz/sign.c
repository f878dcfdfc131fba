/* Any octets are a message that is signed, or has a reason why not; the signature is the same however the message is cut into chunks. */
#include "sign/sign.h"

#include <assert.h>
#include <stdlib.h>

static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                          "MC4CAQAwBQYDK2VwBCIEIHwikmCWrTaRtWLiaKz8twH7p0+Y3l/M0hsq/swg1YmR\n"
                          "-----END PRIVATE KEY-----\n";

static struct dkim_key *key;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The leak check does not look into arenas. */
static void free_key(void) { dkim_key_free(key); }

static bool sign(arena *mem, const struct dkim_signer *s, str message, ptrdiff_t chunk, str *fields)
{
    struct err e = {0};
    struct buf b = buf_new(mem, 1024);
    struct dkim *d = dkim_begin(mem, s, 1, 1767225600);
    for (; message.len; message = str_skip(message, chunk))
        dkim_put(d, str_first(message, chunk));
    bool done = dkim_end(d, &b, &e);
    assert(done ? b.len > 0 : b.len == 0 && e.class == ERR_INPUT && e.text[0]);
    *fields = buf_str(&b);
    return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena run, mem;
    static struct dkim_signer s = {.domain = {"example.com", 11}, .selector = {"s", 1}};
    struct err e;
    str whole, cut, message = str_of((const char *)data, (ptrdiff_t)size);
    if (!mem.base) {
        run = arena_new((size_t)1 << 20);
        mem = arena_new((size_t)1 << 30);
        s.key = key = dkim_key_read(&run, str_c(pem), S("key"), &e);
        atexit(free_key);
    }
    arena_reset(&mem);
    bool done = sign(&mem, &s, message, message.len, &whole);
    bool same = sign(&mem, &s, message, size % 7 + 1, &cut);
    assert(done == same && str_eq(whole, cut));
    return 0;
}
