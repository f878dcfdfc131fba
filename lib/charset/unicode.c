/* UTF-8, the guess that begins as ASCII, UTF-16 and UTF-32. */
#include "charset/set.h"

static void put_invalid(struct charset_stream *s, struct buf *out)
{
    s->flags |= CHARSET_INVALID;
    buf_put(out, REPLACEMENT);
}

static void put_char(uint32_t cp, struct buf *out)
{
    char *to = buf_room(out, 4);
    out->len += utf8_encode(cp, to);
}

/* Octets of the beginning of a character at s.ptr[0] that is cut or broken; *cut: it only lacks its end. Unicode 3.9: each
 * such part becomes one U+FFFD. */
static ptrdiff_t broken_length(str s, bool *cut)
{
    const unsigned char *p = (const unsigned char *)s.ptr;
    unsigned char c = p[0];
    ptrdiff_t len = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    *cut = false;
    if (c < 0xC2 || c > 0xF4)
        return 1;
    unsigned char low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    unsigned char high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (s.len > 1 && (p[1] < low || p[1] > high))
        return 1;
    ptrdiff_t i = 1;
    while (i < len && i < s.len && (p[i] & 0xC0) == 0x80)
        i++;
    *cut = i == s.len;
    return i;
}

ptrdiff_t read_utf8(struct charset_stream *s, str in, bool last, struct buf *out)
{
    ptrdiff_t at = 0;
    while (at < in.len) {
        str rest = str_skip(in, at);
        ptrdiff_t good = utf8_valid_prefix(rest);
        buf_put(out, str_first(rest, good));
        at += good;
        if (at == in.len)
            break;
        bool cut;
        ptrdiff_t n = broken_length(str_skip(in, at), &cut);
        if (cut && !last)
            break;
        put_invalid(s, out);
        at += n;
    }
    return at;
}

ptrdiff_t ascii_prefix(str s)
{
    ptrdiff_t i = 0;
    uint64_t word;
    while (s.len - i >= 8 && (memcpy(&word, s.ptr + i, 8), (word & 0x8080808080808080u) == 0))
        i += 8;
    while (i < s.len && (unsigned char)s.ptr[i] < 0x80)
        i++;
    return i;
}

/* The set that an escape at the beginning of s begins; NULL: none. *cut: it may become one. */
static const char *escape_of(str s, bool *cut)
{
    static const struct {
        const char *escape, *name;
    } known[] = {{"\033$B", "ISO-2022-JP"},   {"\033$@", "ISO-2022-JP"},  {"\033(J", "ISO-2022-JP"}, {"\033(I", "ISO-2022-JP"},
                 {"\033$(D", "ISO-2022-JP"}, {"\033$)C", "ISO-2022-KR"}, {"\033$)A", "ISO-2022-CN"}, {"\033$)G", "ISO-2022-CN"}};
    *cut = false;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        str escape = str_c(known[i].escape);
        if (str_starts(s, escape))
            return known[i].name;
        *cut = *cut || str_starts(escape, s);
    }
    return NULL;
}

static ptrdiff_t continue_as(struct charset_stream *s, struct charset *set, str in, ptrdiff_t at)
{
    (void)in;
    s->set = set;
    s->state = 0;
    return at;
}

ptrdiff_t read_guess(struct charset_stream *s, str in, bool last, struct buf *out)
{
    if (s->foreign)
        return read_utf8(s, in, last, out);
    ptrdiff_t n = ascii_prefix(in);
    for (ptrdiff_t at = 0; at < n;) {
        ptrdiff_t escape = str_find_byte(str_slice(in, at, n), '\033');
        ptrdiff_t stop = escape < 0 ? n : at + escape;
        buf_put(out, str_slice(in, at, stop));
        at = stop;
        if (escape < 0)
            break;
        bool cut;
        const char *name = escape_of(str_skip(in, at), &cut);
        struct charset *set = name ? charsets_open(s->owner, name) : NULL;
        if (set)
            return continue_as(s, set, in, at);
        if (cut && !last)
            return at;
        buf_byte(out, in.ptr[at++]);
    }
    if (n == in.len)
        return n;
    uint32_t cp;
    bool cut;
    str rest = str_skip(in, n);
    if (utf8_decode(rest, &cp) > 1) {
        s->foreign = true;
        return n + read_utf8(s, rest, last, out);
    }
    broken_length(rest, &cut);
    if (cut && !last)
        return n;
    return continue_as(s, charsets_open(s->owner, "CP1252"), in, n);
}

static uint32_t unit16(const unsigned char *p, bool big) { return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0]; }

static uint32_t unit32(const unsigned char *p, bool big)
{
    return big ? unit16(p, true) << 16 | unit16(p + 2, true) : unit16(p + 2, false) << 16 | unit16(p, false);
}

/* state: 0 before the byte order mark, then 1 little, 2 big. Without a mark the label decides, and without that
 * WHATWG says little. */
ptrdiff_t read_utf16(struct charset_stream *s, str in, bool last, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)in.ptr;
    ptrdiff_t i = 0;
    if (!s->state && in.len >= 2) {
        bool reversed = unit16(p, s->set->big) == 0xFFFE && s->set->sniffs;
        if (reversed || unit16(p, s->set->big) == 0xFEFF)
            i = 2;
        s->state = s->set->big != reversed ? 2 : 1;
    }
    bool big = s->state == 2;
    while (in.len - i >= 2) {
        uint32_t unit = unit16(p + i, big);
        if (unit < 0xD800 || unit > 0xDFFF) {
            put_char(unit, out);
            i += 2;
            continue;
        }
        if (in.len - i < 4 && !last && unit < 0xDC00)
            return i;
        uint32_t low = in.len - i >= 4 ? unit16(p + i + 2, big) : 0;
        if (unit < 0xDC00 && low >= 0xDC00 && low <= 0xDFFF) {
            put_char(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00), out);
            i += 4;
        } else {
            put_invalid(s, out);
            i += 2;
        }
    }
    if (last && i < in.len) {
        put_invalid(s, out);
        i = in.len;
    }
    return i;
}

ptrdiff_t read_utf32(struct charset_stream *s, str in, bool last, struct buf *out)
{
    const unsigned char *p = (const unsigned char *)in.ptr;
    ptrdiff_t i = 0;
    if (!s->state && in.len >= 4) {
        bool reversed = unit32(p, s->set->big) == 0xFFFE0000 && s->set->sniffs;
        if (reversed || unit32(p, s->set->big) == 0xFEFF)
            i = 4;
        s->state = s->set->big != reversed ? 2 : 1;
    }
    for (; in.len - i >= 4; i += 4) {
        uint32_t cp = unit32(p + i, s->state == 2);
        if (cp > 0x10FFFF || (cp >= 0xD800 && cp <= 0xDFFF))
            put_invalid(s, out);
        else
            put_char(cp, out);
    }
    if (last && i < in.len) {
        put_invalid(s, out);
        i = in.len;
    }
    return i;
}
