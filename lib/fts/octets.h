/* Private to lib/fts: few octets, as most words and lists have, copied and compared without a call. */
#ifndef FTS_OCTETS_H
#define FTS_OCTETS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Up to 16: two pieces, which may overlap. */
static inline void octets_copy(void *to, const void *from, size_t n)
{
    char *t = to;
    const char *f = from;
    if (n > 16) {
        memcpy(t, f, n);
    } else if (n >= 8) {
        uint64_t first, last;
        memcpy(&first, f, 8);
        memcpy(&last, f + n - 8, 8);
        memcpy(t, &first, 8);
        memcpy(t + n - 8, &last, 8);
    } else if (n >= 4) {
        uint32_t first, last;
        memcpy(&first, f, 4);
        memcpy(&last, f + n - 4, 4);
        memcpy(t, &first, 4);
        memcpy(t + n - 4, &last, 4);
    } else if (n) {
        char first = f[0], middle = f[n / 2], last = f[n - 1];
        t[0] = first;
        t[n / 2] = middle;
        t[n - 1] = last;
    }
}

static inline bool octets_same(const void *a, const void *b, size_t n)
{
    const char *x = a, *y = b;
    if (n > 16 || n < 4)
        return memcmp(x, y, n) == 0;
    if (n >= 8) {
        uint64_t x1, x2, y1, y2;
        memcpy(&x1, x, 8);
        memcpy(&y1, y, 8);
        memcpy(&x2, x + n - 8, 8);
        memcpy(&y2, y + n - 8, 8);
        return ((x1 ^ y1) | (x2 ^ y2)) == 0;
    }
    uint32_t x1, x2, y1, y2;
    memcpy(&x1, x, 4);
    memcpy(&y1, y, 4);
    memcpy(&x2, x + n - 4, 4);
    memcpy(&y2, y + n - 4, 4);
    return ((x1 ^ y1) | (x2 ^ y2)) == 0;
}

#endif
