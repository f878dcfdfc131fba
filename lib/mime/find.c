#include "mime/find.h"

enum { STRIDE = 16 };
typedef char octets __attribute__((vector_size(STRIDE)));
typedef uint64_t halves __attribute__((vector_size(STRIDE)));

static octets load(const char *p)
{
    octets v;
    memcpy(&v, p, sizeof v);
    return v;
}

/* Whether one of the STRIDE pairs that begin at p is a line end and c. */
static bool pair_within(const char *p, char c)
{
    halves hit = (halves)((load(p) == (octets){0} + '\n') & (load(p + 1) == (octets){0} + c));
    return (hit[0] | hit[1]) != 0;
}

ptrdiff_t find_line(str text, ptrdiff_t from, char c)
{
    ptrdiff_t i = from;
    while (i + STRIDE < text.len && !pair_within(text.ptr + i, c))
        i += STRIDE;
    for (; i + 1 < text.len; i++)
        if (text.ptr[i] == '\n' && text.ptr[i + 1] == c)
            return i + 1;
    return -1;
}

ptrdiff_t find_next_line(str text, ptrdiff_t from)
{
    const char *p = from < text.len ? memchr(text.ptr + from, '\n', (size_t)(text.len - from)) : NULL;
    return p ? p - text.ptr + 1 : text.len;
}
