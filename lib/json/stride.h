/* Eight octets at a time over the plain part of a string: what stands between quotes and needs no look. */
#ifndef JSON_STRIDE_H
#define JSON_STRIDE_H

#include <endian.h>
#include <stdint.h>
#include <string.h>

#define STRIDE_ONES UINT64_C(0x0101010101010101)

static inline uint64_t stride_load(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return le64toh(w);
}

/* The high bit of each octet that is a quote, a backslash or a control character. A subtraction borrows only from
 * an octet that is marked itself, so the lowest mark is exact; those above it need not be. */
static inline uint64_t stride_marks(uint64_t w)
{
    uint64_t quote = w ^ STRIDE_ONES * '"', backslash = w ^ STRIDE_ONES * '\\';
    return ((w - STRIDE_ONES * 0x20) | (quote - STRIDE_ONES) | (backslash - STRIDE_ONES)) & ~w & STRIDE_ONES * 0x80;
}

static inline int stride_first(uint64_t marks) { return __builtin_ctzll(marks) >> 3; }

static inline int stride_is_plain(char c) { return c != '"' && c != '\\' && (unsigned char)c >= 0x20; }

/* Copy up to the first octet that is a quote, a backslash or a control character; to has room for n octets. */
static inline ptrdiff_t stride_copy(char *to, const char *from, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8) {
        memcpy(to + i, from + i, 8);
        uint64_t marks = stride_marks(stride_load(from + i));
        if (marks)
            return i + stride_first(marks);
    }
    for (; i < n && stride_is_plain(from[i]); i++)
        to[i] = from[i];
    return i;
}

#endif
