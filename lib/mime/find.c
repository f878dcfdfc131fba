#include "mime/find.h"

enum { VECTOR = 16, STRIDE = 4 * VECTOR };
typedef char octets __attribute__((vector_size(VECTOR)));
typedef uint64_t halves __attribute__((vector_size(VECTOR)));

static inline octets load(const char *p)
{
    octets v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Where, of the VECTOR pairs that begin at p, a line end and c are. */
static inline octets pairs(const char *p, octets newline, octets c) { return (octets)((load(p) == newline) & (load(p + 1) == c)); }

static inline bool any(octets v)
{
    halves h = (halves)v;
    return (h[0] | h[1]) != 0;
}

ptrdiff_t find_line(str text, ptrdiff_t from, char c)
{
    const char *p = text.ptr;
    ptrdiff_t i = from;
    octets newline = (octets){0} + '\n', wanted = (octets){0} + c;
    while (i + STRIDE < text.len && !any(pairs(p + i, newline, wanted) | pairs(p + i + VECTOR, newline, wanted) |
                                         pairs(p + i + 2 * VECTOR, newline, wanted) | pairs(p + i + 3 * VECTOR, newline, wanted)))
        i += STRIDE;
    for (; i + 1 < text.len; i++)
        if (p[i] == '\n' && p[i + 1] == c)
            return i + 1;
    return -1;
}

ptrdiff_t find_next_line(str text, ptrdiff_t from)
{
    const char *p = from < text.len ? memchr(text.ptr + from, '\n', (size_t)(text.len - from)) : NULL;
    return p ? p - text.ptr + 1 : text.len;
}
