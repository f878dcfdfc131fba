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

/* Where, of the VECTOR pairs that begin at p, a line end and c or d are. */
static inline octets pairs(const char *p, octets c, octets d)
{
    octets second = load(p + 1);
    return (octets)((load(p) == (octets){0} + '\n') & ((second == c) | (second == d)));
}

static inline bool any(octets v)
{
    halves h = (halves)v;
    return (h[0] | h[1]) != 0;
}

static inline ptrdiff_t find_either(str text, ptrdiff_t from, char c, char d)
{
    const char *p = text.ptr;
    ptrdiff_t i = from;
    octets cs = (octets){0} + c, ds = (octets){0} + d;
    while (i + STRIDE < text.len && !any(pairs(p + i, cs, ds) | pairs(p + i + VECTOR, cs, ds) | pairs(p + i + 2 * VECTOR, cs, ds) |
                                         pairs(p + i + 3 * VECTOR, cs, ds)))
        i += STRIDE;
    for (; i + 1 < text.len; i++)
        if (p[i] == '\n' && (p[i + 1] == c || p[i + 1] == d))
            return i + 1;
    return -1;
}

ptrdiff_t find_line(str text, ptrdiff_t from, char c) { return find_either(text, from, c, c); }

ptrdiff_t find_line_of(str text, ptrdiff_t from, char c, char d) { return find_either(text, from, c, d); }

ptrdiff_t find_next_line(str text, ptrdiff_t from)
{
    const char *p = from < text.len ? memchr(text.ptr + from, '\n', (size_t)(text.len - from)) : NULL;
    return p ? p - text.ptr + 1 : text.len;
}
