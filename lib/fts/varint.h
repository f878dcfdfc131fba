/* Private to lib/fts: SQLite's integers of 1 to 9 octets: seven bits in each, the highest first, the high bit set but in the last; a ninth
 * octet holds eight bits. */
#ifndef FTS_VARINT_H
#define FTS_VARINT_H

#include "str/str.h"

enum { VARINT_MAX = 9 };

int varint_put_long(unsigned char *to, uint64_t n);
/* Returns the octets it took, at most VARINT_MAX. */
static inline int varint_put(unsigned char *to, uint64_t n)
{
    if (n < 0x80) {
        to[0] = (unsigned char)n;
        return 1;
    }
    if (n < 0x4000) {
        to[0] = (unsigned char)(n >> 7 | 0x80);
        to[1] = (unsigned char)(n & 0x7f);
        return 2;
    }
    return varint_put_long(to, n);
}

/* Takes one from the front; false where there is no whole one. */
bool varint_take(str *from, uint64_t *n);
/* Octets of the one that begins there. */
static inline ptrdiff_t varint_length(const unsigned char *from)
{
    ptrdiff_t n = 1;
    while (n < VARINT_MAX && from[n - 1] & 0x80)
        n++;
    return n;
}

#endif
