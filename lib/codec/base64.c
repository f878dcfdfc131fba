#include "codec/codec.h"

#ifdef __x86_64__
#include <immintrin.h>
#endif

static const char alphabet[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { OTHER = 64, PAD = 65, BLANK = 66 };

#define X8(x) x, x, x, x, x, x, x, x
/* The six bits of a character, or what else it is. */
static const uint8_t value_of[256] = {
    [0 ... 8] = OTHER, [9 ... 10] = BLANK, [11 ... 12] = OTHER, [13] = BLANK, [14 ... 31] = OTHER, [' '] = BLANK,
    ['!' ... '*'] = OTHER, ['+'] = 62, [',' ... '.'] = OTHER, ['/'] = 63,
    ['0'] = 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, [':' ... '<'] = OTHER, ['='] = PAD, ['>' ... '@'] = OTHER,
    ['A'] = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, ['[' ... '`'] = OTHER,
    ['a'] = 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51,
    ['{' ... 255] = OTHER,
};

/* Groups of four from p on, as long as they hold nothing but the alphabet. Returns the characters that were read;
 * writes three octets for four of them, and may write one octet behind. */
static ptrdiff_t decode_groups(const unsigned char *p, ptrdiff_t n, char *out)
{
    ptrdiff_t i = 0;
    for (; n - i >= 4; i += 4, out += 3) {
        unsigned a = value_of[p[i]], b = value_of[p[i + 1]], c = value_of[p[i + 2]], d = value_of[p[i + 3]];
        if ((a | b | c | d) & 64)
            break;
        uint32_t octets = __builtin_bswap32(a << 26 | b << 20 | c << 14 | d << 8);
        memcpy(out, &octets, 4);
    }
    return i;
}

#ifdef __x86_64__
/* The same, 32 characters at a time; may write 8 octets behind. Two lookups by half octet have a bit in common just where
 * a character is outside the alphabet; a third gives what to add to it. */
__attribute__((target("avx2"))) static ptrdiff_t decode_blocks(const unsigned char *p, ptrdiff_t n, char *out)
{
    const __m256i low_classes = _mm256_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A, 0x1B, 0x1B,
                                                 0x1B, 0x1A, 0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x13, 0x1A,
                                                 0x1B, 0x1B, 0x1B, 0x1A);
    const __m256i high_bits = _mm256_setr_epi8(0x10, 0x10, 1, 2, 4, 8, 4, 8, X8(0x10), 0x10, 0x10, 1, 2, 4, 8, 4, 8, X8(0x10));
    const __m256i shifts = _mm256_setr_epi8(0, 16, 19, 4, -65, -65, -71, -71, X8(0), 0, 16, 19, 4, -65, -65, -71, -71, X8(0));
    const __m256i order = _mm256_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1, 2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13,
                                           12, -1, -1, -1, -1);
    const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 4, 5, 6, 7, 7);
    const __m256i mask = _mm256_set1_epi8(0x2F);
    ptrdiff_t i = 0;
    for (; n - i >= 32; i += 32, out += 24) {
        __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)(p + i));
        __m256i high = _mm256_and_si256(_mm256_srli_epi32(v, 4), mask);
        __m256i low = _mm256_and_si256(v, mask);
        if (!_mm256_testz_si256(_mm256_shuffle_epi8(low_classes, low), _mm256_shuffle_epi8(high_bits, high)))
            break;
        __m256i slash = _mm256_cmpeq_epi8(v, mask);
        v = _mm256_add_epi8(v, _mm256_shuffle_epi8(shifts, _mm256_add_epi8(slash, high)));
        v = _mm256_maddubs_epi16(v, _mm256_set1_epi32(0x01400140));
        v = _mm256_madd_epi16(v, _mm256_set1_epi32(0x00011000));
        v = _mm256_permutevar8x32_epi32(_mm256_shuffle_epi8(v, order), lanes);
        _mm256_storeu_si256((__m256i *)(void *)out, v);
    }
    return i;
}

static bool has_avx2(void) { return __builtin_cpu_supports("avx2"); }
#else
static ptrdiff_t decode_blocks(const unsigned char *p, ptrdiff_t n, char *out)
{
    (void)p, (void)n, (void)out;
    return 0;
}

static bool has_avx2(void) { return false; }
#endif

/* The octets of a group that is not whole. */
static char *put_rest(struct base64 *d, char *out)
{
    if (d->n == 1)
        d->flags |= CODEC_BASE64;
    if (d->n >= 2)
        *out++ = (char)(d->bits >> (d->n == 2 ? 4 : 10));
    if (d->n == 3)
        *out++ = (char)(d->bits >> 2);
    d->n = 0;
    d->bits = 0;
    return out;
}

static char *decode_one(struct base64 *d, unsigned char c, char *out)
{
    uint8_t value = value_of[c];
    if (value == PAD)
        return put_rest(d, out);
    if (value == OTHER)
        d->flags |= CODEC_BASE64;
    if (value >= OTHER)
        return out;
    d->bits = d->bits << 6 | value;
    if (++d->n < 4)
        return out;
    *out++ = (char)(d->bits >> 16);
    *out++ = (char)(d->bits >> 8);
    *out++ = (char)d->bits;
    d->n = 0;
    d->bits = 0;
    return out;
}

void base64_decode(struct base64 *d, str in, struct buf *out)
{
    bool wide = has_avx2();
    const unsigned char *p = (const unsigned char *)in.ptr;
    char *start = buf_room(out, in.len / 4 * 3 + 3 + 40), *to = start;
    for (ptrdiff_t i = 0; i < in.len;) {
        if (d->n == 0) {
            ptrdiff_t n = wide ? decode_blocks(p + i, in.len - i, to) : 0;
            n += decode_groups(p + i + n, in.len - i - n, to + n / 4 * 3);
            to += n / 4 * 3;
            i += n;
        }
        /* Up to where a group begins again. */
        while (i < in.len) {
            to = decode_one(d, p[i++], to);
            if (d->n == 0 && i < in.len && value_of[p[i]] < OTHER)
                break;
        }
    }
    out->len += to - start;
}

void base64_end(struct base64 *d, struct buf *out)
{
    if (d->n)
        d->flags |= CODEC_BASE64;
    char *start = buf_room(out, 4);
    out->len += put_rest(d, start) - start;
}

static void encode_run(const unsigned char *p, ptrdiff_t n, struct buf *out)
{
    char *start = buf_room(out, n / 3 * 4 + 4), *to = start;
    for (; n >= 3; n -= 3, p += 3) {
        uint32_t bits = (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2];
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = alphabet[bits >> 6 & 63];
        *to++ = alphabet[bits & 63];
    }
    if (n) {
        uint32_t bits = (uint32_t)p[0] << 16 | (n == 2 ? (uint32_t)p[1] << 8 : 0);
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = n == 2 ? alphabet[bits >> 6 & 63] : '=';
        *to++ = '=';
    }
    out->len += to - start;
}

void base64_encode(str in, int width, struct buf *out)
{
    ptrdiff_t line = width ? width / 4 * 3 : in.len;
    for (ptrdiff_t i = 0; i < in.len; i += line) {
        str part = str_slice(in, i, i + line);
        encode_run((const unsigned char *)part.ptr, part.len, out);
        if (width)
            buf_put(out, S("\r\n"));
    }
}
