#include "mime/html.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new((size_t)1 << 30);
    str html = str_of((const char *)data, (ptrdiff_t)size);
    for (ptrdiff_t limit = 1; limit < 100000; limit *= 7) {
        str text = html_to_text(&mem, html, limit);
        assert(utf8_valid(text) && text.len <= limit);
    }
    arena_reset(&mem);
    return 0;
}
