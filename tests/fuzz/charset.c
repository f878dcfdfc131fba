#include "charset/charset.h"

#include <assert.h>
#include <stdlib.h>

static struct charsets *sets;

static void release(void) { charsets_free(sets); }

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first line is a label. Output is UTF-8, and the same whether the text comes whole or in pieces. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem, run;
    if (!sets) {
        mem = arena_new((size_t)1 << 30);
        run = arena_new((size_t)1 << 30);
        sets = charsets_new(&run);
        atexit(release);
    }
    str label, text;
    unsigned flags = 0;
    str_cut(str_of((const char *)data, (ptrdiff_t)size), '\n', &label, &text);
    str whole = charset_text(&mem, sets, label, text, &flags);
    str bare = charset_without_accents(&mem, whole);
    assert(utf8_valid(whole) && utf8_valid(bare) && bare.len <= whole.len && charset_without_accents(&mem, text).len <= text.len);
    struct charset_stream s;
    struct buf out = buf_new(&mem, 16);
    charset_begin(&s, sets, label);
    for (ptrdiff_t i = 0, step = 1; i < text.len; i += step, step = step % 7 + 1)
        charset_put(&s, str_slice(text, i, i + step), &out);
    charset_end(&s, &out);
    /* Where octets are wrong, iconv's stateful sets may go on differently, and its TSCII reorders vowels only within a call. */
    bool fickle = (flags & CHARSET_INVALID) || str_find_nocase(label, S("tscii")) >= 0;
    assert(utf8_valid(buf_str(&out)) && (fickle || (s.flags == flags && str_eq(buf_str(&out), whole))));
    arena_reset(&mem);
    return 0;
}
