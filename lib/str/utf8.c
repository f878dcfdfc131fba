#include "str/str.h"

#include <endian.h>

/* Length of the valid character at s (RFC 3629), or 0. */
static inline int valid_length(const unsigned char *p, ptrdiff_t n)
{
    unsigned char c = p[0];
    if (c < 0x80)
        return 1;
    int len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n < len)
        return 0;
    /* The second octet rules out overlong forms, surrogates and what lies above U+10FFFF. */
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 0;
    for (int i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

/* The high bits of eight octets, in their order from the lowest on. */
static inline uint64_t high_bits(const unsigned char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof w);
    return le64toh(w) & 0x8080808080808080u;
}

/* Octets of ASCII that p begins with. */
static ptrdiff_t ascii_length(const unsigned char *p, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    while (n - i >= 32 && !(high_bits(p + i) | high_bits(p + i + 8) | high_bits(p + i + 16) | high_bits(p + i + 24)))
        i += 32;
    for (; n - i >= 8; i += 8) {
        uint64_t high = high_bits(p + i);
        if (high)
            return i + (__builtin_ctzll(high) >> 3);
    }
    while (i < n && p[i] < 0x80)
        i++;
    return i;
}

ptrdiff_t utf8_valid_prefix(str s)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    ptrdiff_t i = 0;
    while (i < s.len) {
        i += ascii_length(p + i, s.len - i);
        while (i < s.len && p[i] >= 0x80) {
            int n = valid_length(p + i, s.len - i);
            if (!n)
                return i;
            i += n;
        }
    }
    return i;
}

ptrdiff_t utf8_ascii_prefix(str s) { return ascii_length((const unsigned char *)s.ptr, s.len); }

bool utf8_valid(str s) { return utf8_valid_prefix(s) == s.len; }

int utf8_decode(str s, uint32_t *cp)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    int n = valid_length(p, s.len);
    switch (n) {
    case 1: *cp = p[0]; break;
    case 2: *cp = (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu); break;
    case 3: *cp = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu); break;
    case 4: *cp = (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 | (p[3] & 0x3Fu); break;
    default: *cp = UTF8_REPLACEMENT; return 1;
    }
    return n;
}

int utf8_encode(uint32_t cp, char out[4])
{
    if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
        cp = UTF8_REPLACEMENT;
    if (cp < 0x80) {
        out[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        out[0] = (char)(0xC0 | cp >> 6);
        out[1] = (char)(0x80 | (cp & 0x3F));
        return 2;
    }
    if (cp < 0x10000) {
        out[0] = (char)(0xE0 | cp >> 12);
        out[1] = (char)(0x80 | (cp >> 6 & 0x3F));
        out[2] = (char)(0x80 | (cp & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | cp >> 18);
    out[1] = (char)(0x80 | (cp >> 12 & 0x3F));
    out[2] = (char)(0x80 | (cp >> 6 & 0x3F));
    out[3] = (char)(0x80 | (cp & 0x3F));
    return 4;
}

/* Octets of the truncated or broken character at p, so that each becomes one U+FFFD (Unicode 3.9, maximal subpart). */
static ptrdiff_t invalid_length(const unsigned char *p, ptrdiff_t n)
{
    unsigned char c = p[0];
    int len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (c < 0xC2 || c > 0xF4 || n < 2)
        return 1;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high)
        return 1;
    ptrdiff_t i = 2;
    while (i < len && i < n && (p[i] & 0xC0) == 0x80)
        i++;
    return i;
}

str utf8_scrub(arena *a, str s)
{
    ptrdiff_t good = utf8_valid_prefix(s);
    if (good == s.len)
        return s;
    struct buf b = buf_new(a, s.len + 16);
    while (s.len) {
        buf_put(&b, str_first(s, good));
        s = str_skip(s, good);
        if (!s.len)
            break;
        buf_put(&b, S("\xEF\xBF\xBD"));
        s = str_skip(s, invalid_length((const unsigned char *)s.ptr, s.len));
        good = utf8_valid_prefix(s);
    }
    return buf_str(&b);
}

str utf8_first(str s, ptrdiff_t n)
{
    if (s.len <= n)
        return s;
    while (n > 0 && ((unsigned char)s.ptr[n] & 0xC0) == 0x80)
        n--;
    return str_first(s, n);
}

str utf8_first_chars(str s, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    uint32_t cp;
    while (n-- > 0 && i < s.len)
        i += utf8_decode(str_skip(s, i), &cp);
    return str_first(s, i);
}
