/* Encoded words (RFC 2047; RFC 2231 5 for the language in them) in text of a field. */
#include "codec/codec.h"

/* Index of the first =? from `at` on; -1: none. */
static ptrdiff_t find_open(str s, ptrdiff_t at)
{
    for (; at + 1 < s.len; at++) {
        const char *p = memchr(s.ptr + at, '=', (size_t)(s.len - at - 1));
        if (!p)
            return -1;
        at = p - s.ptr;
        if (p[1] == '?')
            return at;
    }
    return -1;
}

struct word {
    str set;      /* without its language */
    char encoding; /* 'q' or 'b' */
    str text;
    ptrdiff_t length; /* of the whole, from =? to ?= */
};

static bool is_fold(char c) { return c == '\r' || c == '\n'; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || is_fold(c); }

/* A word at the beginning of s. Within its text there may be what should not be there: spaces, folds, question marks. */
static bool take_word(str s, struct word *w)
{
    enum { SET = 80 };
    if (!str_starts(s, S("=?")))
        return false;
    ptrdiff_t q = 2;
    while (q < s.len && q < SET && s.ptr[q] != '?' && !is_blank(s.ptr[q]))
        q++;
    if (q + 4 > s.len || q == 2 || s.ptr[q] != '?' || s.ptr[q + 2] != '?')
        return false;
    w->encoding = (char)(s.ptr[q + 1] | 32);
    if (w->encoding != 'q' && w->encoding != 'b')
        return false;
    str rest = str_skip(s, q + 3), language;
    ptrdiff_t end = str_find(rest, S("?="));
    if (end < 0)
        return false;
    str_cut(str_slice(s, 2, q), '*', &w->set, &language);
    w->text = str_first(rest, end);
    w->length = q + 3 + end + 2;
    return true;
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* RFC2047-4.2; a fold within a word goes with the white space behind it. */
static void decode_q(str text, struct buf *out, unsigned *flags)
{
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (is_fold(c)) {
            while (i + 1 < text.len && is_blank(text.ptr[i + 1]))
                i++;
        } else if (c == '_') {
            buf_byte(out, ' ');
        } else if (c == '=' && i + 2 < text.len && hex(text.ptr[i + 1]) >= 0 && hex(text.ptr[i + 2]) >= 0) {
            buf_byte(out, (char)(hex(text.ptr[i + 1]) << 4 | hex(text.ptr[i + 2])));
            i += 2;
        } else {
            if (c == '=')
                *flags |= CODEC_WORD;
            buf_byte(out, c);
        }
    }
}

static void decode_b(str text, struct buf *out, unsigned *flags)
{
    struct base64 d = {0};
    base64_decode(&d, text, out);
    /* A word without its padding is nothing special; with characters of no alphabet it is. */
    *flags |= d.flags ? CODEC_WORD : 0;
    base64_end(&d, out);
}

/* What was decoded is one line of text: no controls that end it. */
static void put_line(str text, struct buf *out)
{
    ptrdiff_t from = out->len;
    buf_put(out, text);
    for (ptrdiff_t i = from; i < out->len; i++)
        if (is_fold(out->ptr[i]) || out->ptr[i] == 0)
            out->ptr[i] = ' ';
}

/* Text outside of words: without folds, a tab that begins a line is a space. */
static void put_plain(arena *a, struct charsets *c, str text, struct buf *out, unsigned *flags)
{
    struct buf flat = buf_new(a, text.len + 1);
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char ch = text.ptr[i];
        if (is_fold(ch))
            continue;
        bool begins = i > 0 && is_fold(text.ptr[i - 1]);
        buf_byte(&flat, (begins && ch == '\t') || !ch ? ' ' : ch);
    }
    if (!utf8_valid(buf_str(&flat)))
        *flags |= CODEC_8BIT;
    buf_put(out, charset_text(a, c, STR_NONE, buf_str(&flat), NULL));
}

static bool all_blank(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (!is_blank(s.ptr[i]))
            return false;
    return true;
}

static bool is_plain(str s)
{
    uint64_t word;
    ptrdiff_t i = 0;
    for (; s.len - i >= 8; i += 8) {
        memcpy(&word, s.ptr + i, 8);
        if (word & 0x8080808080808080u)
            return false;
    }
    for (; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return str_find_byte(s, '\n') < 0 && str_find_byte(s, '\r') < 0 && str_find_byte(s, '\033') < 0 && str_find_byte(s, 0) < 0;
}

/* Where the last ?= is; behind it no word is looked for, or a text of open words would take quadratic time. */
static ptrdiff_t last_word_end(str text)
{
    ptrdiff_t i = text.len - 2;
    while (i >= 0 && !(text.ptr[i] == '?' && text.ptr[i + 1] == '='))
        i--;
    return i;
}

str codec_words(arena *a, struct charsets *c, str text, unsigned *flags)
{
    unsigned seen = 0;
    bool has_words = find_open(text, 0) >= 0;
    ptrdiff_t last_end = has_words ? last_word_end(text) : 0;
    if (!has_words && is_plain(text))
        return text;
    struct buf out = buf_new(a, text.len + 32), octets = buf_new(a, has_words ? text.len : 0);
    str set = STR_NONE;           /* of the octets that wait */
    ptrdiff_t plain = 0, at = 0;  /* text from plain on is not put yet */
    bool after_word = false;
    while (has_words && at < text.len) {
        struct word w;
        at = find_open(text, at);
        if (at < 0)
            break;
        if (at > last_end) {
            seen |= CODEC_WORD;
            break;
        }
        if (!take_word(str_skip(text, at), &w)) {
            seen |= CODEC_WORD;
            at += 2;
            continue;
        }
        str between = str_slice(text, plain, at);
        bool adjacent = after_word && all_blank(between);
        if (!adjacent || !str_eq_nocase(set, w.set)) {
            put_line(charset_text(a, c, set, buf_str(&octets), &seen), &out);
            octets.len = 0;
        }
        if (!adjacent)
            put_plain(a, c, between, &out, &seen);
        set = w.set;
        if (w.encoding == 'q')
            decode_q(w.text, &octets, &seen);
        else
            decode_b(w.text, &octets, &seen);
        at += w.length;
        plain = at;
        after_word = true;
    }
    put_line(charset_text(a, c, set, buf_str(&octets), &seen), &out);
    put_plain(a, c, str_skip(text, plain), &out, &seen);
    if (flags)
        *flags |= seen;
    return buf_str(&out);
}

/* ---- writing ---- */

static bool is_printable(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 32 || s.ptr[i] > 126)
            return false;
    return str_find(s, S("=?")) < 0;
}

static bool is_q_safe(char c) { return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || strchr("!*+-/", c) != NULL; }

/* Octets of one character in the Q encoding. */
static int q_width(str ch)
{
    return ch.len == 1 && ch.ptr[0] && (is_q_safe(ch.ptr[0]) || ch.ptr[0] == ' ') ? 1 : 3 * (int)ch.len;
}

static void put_q(str ch, struct buf *to)
{
    for (ptrdiff_t i = 0; i < ch.len; i++) {
        if (ch.ptr[i] == ' ')
            buf_byte(to, '_');
        else if (ch.ptr[i] && is_q_safe(ch.ptr[i]))
            buf_byte(to, ch.ptr[i]);
        else
            buf_fmt(to, "=%02X", (unsigned)(unsigned char)ch.ptr[i]);
    }
}

void codec_words_put(struct buf *to, str text, int column)
{
    enum { WORD = 75, FRAME = 12, LINE = 76 }; /* FRAME: =?UTF-8?Q??= */
    if (is_printable(text)) {
        buf_put(to, text);
        return;
    }
    ptrdiff_t wide = 0;
    for (ptrdiff_t i = 0; i < text.len; i++)
        wide += !text.ptr[i] || !(is_q_safe(text.ptr[i]) || text.ptr[i] == ' ');
    bool q = wide * 3 < text.len;
    for (ptrdiff_t at = 0; at < text.len;) {
        int room = LINE - column - FRAME, used = 0;
        room = room > WORD - FRAME ? WORD - FRAME : room < 12 ? 12 : room;
        ptrdiff_t from = at, whole = at;
        while (at < text.len) {
            uint32_t cp;
            int n = utf8_decode(str_skip(text, at), &cp);
            int width = q ? used + q_width(str_slice(text, at, at + n)) : (int)((at + n - from + 2) / 3 * 4);
            if (width > room)
                break;
            used = width;
            at += n;
            if ((at - from) % 3 == 0)
                whole = at;
        }
        /* Some readers join the words before they decode: a '=' in the middle is the end for them. */
        if (!q && at < text.len && whole > from)
            at = whole;
        str part = str_slice(text, from, at);
        buf_put(to, from ? S("\r\n =?UTF-8?") : S("=?UTF-8?"));
        buf_put(to, q ? S("Q?") : S("B?"));
        if (q)
            put_q(part, to);
        else
            base64_encode(part, 0, to);
        buf_put(to, S("?="));
        column = 1;
    }
}
