/* IMAP's modified UTF-7 (RFC3501-5.1.3): '&' begins, '-' ends, ',' for '/', no padding, UTF-16 in it. */
#include "codec/codec.h"

static int value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* UTF-16 of the characters between & and -; false where they are none. */
static bool decode_section(str section, struct buf *out)
{
    uint32_t bits = 0, high = 0;
    int n = 0;
    for (ptrdiff_t i = 0; i < section.len; i++) {
        int v = value(section.ptr[i]);
        if (v < 0)
            return false;
        bits = bits << 6 | (uint32_t)v;
        n += 6;
        if (n < 16)
            continue;
        n -= 16;
        uint32_t unit = bits >> n & 0xFFFF;
        bool low = unit >= 0xDC00 && unit <= 0xDFFF;
        if (low != (high != 0))
            return false;
        if (unit >= 0xD800 && unit <= 0xDBFF) {
            high = unit;
            continue;
        }
        uint32_t cp = high ? 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00) : unit;
        high = 0;
        char text[4];
        buf_put(out, str_of(text, utf8_encode(cp, text)));
    }
    return !high && n < 6 && section.len > 0;
}

str utf7_imap_decode(arena *a, str name)
{
    if (str_find_byte(name, '&') < 0)
        return utf8_scrub(a, name);
    struct buf out = buf_new(a, name.len + 8);
    for (ptrdiff_t i = 0; i < name.len; i++) {
        if (name.ptr[i] != '&') {
            buf_byte(&out, name.ptr[i]);
            continue;
        }
        str rest = str_skip(name, i + 1);
        ptrdiff_t end = str_find_byte(rest, '-');
        ptrdiff_t before = out.len;
        if (end == 0) {
            buf_byte(&out, '&');
        } else if (end < 0 || !decode_section(str_first(rest, end), &out)) {
            out.len = before;
            buf_byte(&out, '&');
            continue;
        }
        i += end + 1;
    }
    return utf8_scrub(a, buf_str(&out));
}

struct section {
    uint32_t bits;
    int n;
};

static void put_bits(struct section *s, uint32_t unit, int n, struct buf *out)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";
    s->bits = s->bits << n | unit;
    for (s->n += n; s->n >= 6; s->n -= 6)
        buf_byte(out, alphabet[s->bits >> (s->n - 6) & 63]);
}

str utf7_imap_encode(arena *a, str name)
{
    struct buf out = buf_new(a, name.len + 16);
    for (ptrdiff_t i = 0; i < name.len;) {
        char c = name.ptr[i];
        if (c >= 0x20 && c <= 0x7e) {
            buf_byte(&out, c);
            if (c == '&')
                buf_byte(&out, '-');
            i++;
            continue;
        }
        struct section s = {0};
        buf_byte(&out, '&');
        while (i < name.len && (name.ptr[i] < 0x20 || name.ptr[i] > 0x7e)) {
            uint32_t cp;
            i += utf8_decode(str_skip(name, i), &cp);
            if (cp >= 0x10000) {
                put_bits(&s, 0xD800 + ((cp - 0x10000) >> 10), 16, &out);
                cp = 0xDC00 + ((cp - 0x10000) & 0x3FF);
            }
            put_bits(&s, cp, 16, &out);
        }
        if (s.n)
            put_bits(&s, 0, 6 - s.n, &out);
        buf_byte(&out, '-');
    }
    return buf_str(&out);
}
