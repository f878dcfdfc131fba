#include "codec/codec.h"

#include <assert.h>
#include <stdlib.h>

static arena mem, run;
static struct charsets *sets;

static void release(void) { charsets_free(sets); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static str decode_base64(str text, ptrdiff_t step)
{
    struct base64 d = {0};
    struct buf out = buf_new(&mem, 16);
    for (ptrdiff_t i = 0; i < text.len; i += step)
        base64_decode(&d, str_slice(text, i, i + step), &out);
    base64_end(&d, &out);
    return buf_str(&out);
}

static str decode_qp(str text, ptrdiff_t step)
{
    struct qp d;
    memset(&d, 0, sizeof d);
    struct buf out = buf_new(&mem, 16);
    for (ptrdiff_t i = 0; i < text.len; i += step)
        qp_decode(&d, str_slice(text, i, i + step), &out);
    qp_end(&d, &out);
    return buf_str(&out);
}

static str decode_uu(str text, ptrdiff_t step)
{
    struct uu d;
    memset(&d, 0, sizeof d);
    struct buf out = buf_new(&mem, 16);
    for (ptrdiff_t i = 0; i < text.len; i += step)
        uu_decode(&d, str_slice(text, i, i + step), &out);
    uu_end(&d, &out);
    return buf_str(&out);
}

static void check_writers(str text)
{
    struct buf b = buf_new(&mem, 16);
    base64_encode(text, 76, &b);
    assert(str_eq(decode_base64(buf_str(&b), b.len + 1), text));
    str clean = utf8_scrub(&mem, text);
    str name = utf7_imap_encode(&mem, clean);
    assert(str_eq(utf7_imap_decode(&mem, name), clean));
}

/* Decoders of bodies give the same in pieces; those of headers give UTF-8; what was written is read back. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!sets) {
        mem = arena_new((size_t)1 << 30);
        run = arena_new((size_t)1 << 30);
        sets = charsets_new(&run);
        atexit(release);
    }
    str text = str_of((const char *)data, (ptrdiff_t)size);
    for (ptrdiff_t step = 1; step < 5; step++) {
        assert(str_eq(decode_base64(text, text.len + 1), decode_base64(text, step)));
        assert(str_eq(decode_uu(text, text.len + 1), decode_uu(text, step)));
        if (text.len < 70) /* longer white space may be put out early */
            assert(str_eq(decode_qp(text, text.len + 1), decode_qp(text, step)));
    }
    decode_qp(text, 3);
    assert(utf8_valid(codec_words(&mem, sets, text, NULL)));
    assert(utf8_valid(utf7_imap_decode(&mem, text)));
    struct params p;
    codec_params(&mem, sets, text, &p, NULL);
    for (ptrdiff_t i = 0; i < p.n; i++)
        assert(utf8_valid(p.item[i].value));
    check_writers(text);
    arena_reset(&mem);
    return 0;
}
