/* Seven-bit sets that switch between ASCII and pairs: ISO-2022-JP, ISO-2022-KR, HZ. Each pair is handed to a set of eight bits (EUC with
 * the makers' additions), because iconv's own readers know the bare standards only and mail does not keep to them. */
#include "charset/set.h"

enum { ASCII, PAIRS, KANA, PAIRS_212 };

struct chunk {
    char octets[1024];
    ptrdiff_t n;
};

static void flush(struct charset_stream *s, struct chunk *c, struct buf *out)
{
    if (c->n)
        read_iconv(s, s->set->inner, str_of(c->octets, c->n), true, out);
    c->n = 0;
}

static const struct {
    char octets[5];
    int state;
} escapes_jp[] = {{"\033(B", ASCII},  {"\033(J", ASCII}, {"\033(H", ASCII},      {"\033(I", KANA},      {"\033$B", PAIRS},
                  {"\033$@", PAIRS}, {"\033$(D", PAIRS_212}, {"\033$(B", PAIRS}, {"\033$(@", PAIRS}};

static const struct {
    char octets[5];
    int state;
} escapes_kr[] = {{"\033$)C", -1}, {"\016", PAIRS}, {"\017", ASCII}};

static const struct {
    char octets[5];
    int state;
} escapes_hz[] = {{"~{", PAIRS}, {"~}", ASCII}, {"~\n", -1}, {"~\r\n", -1}};

#define MATCH(table)                                                              \
    for (size_t i = 0; i < sizeof(table) / sizeof *(table); i++) {                \
        str escape = str_c((table)[i].octets);                                    \
        if (str_starts(rest, escape)) {                                           \
            *state = (table)[i].state < 0 ? *state : (table)[i].state;            \
            return escape.len;                                                    \
        }                                                                         \
        *cut = *cut || (rest.len < escape.len && str_starts(escape, rest));       \
    }

/* Length of the escape that rest begins with, 0: none. *cut: it may become one. */
static ptrdiff_t take_escape(enum shift shift, str rest, int *state, bool *cut)
{
    *cut = false;
    char c = rest.ptr[0];
    if (shift == SHIFT_JP && c == '\033')
        MATCH(escapes_jp)
    else if (shift == SHIFT_KR && (c == '\033' || c == '\016' || c == '\017'))
        MATCH(escapes_kr)
    else if (shift == SHIFT_HZ && c == '~')
        MATCH(escapes_hz)
    return 0;
}

static ptrdiff_t put_invalid(struct charset_stream *s, struct chunk *c, struct buf *out)
{
    flush(s, c, out);
    buf_put(out, REPLACEMENT);
    s->flags |= CHARSET_INVALID;
    return 1;
}

/* A character of the state at rest: its octets are put into the chunk. 0: cut. */
static ptrdiff_t take_char(struct charset_stream *s, str rest, bool last, struct chunk *c, struct buf *out)
{
    unsigned char first = (unsigned char)rest.ptr[0];
    if (c->n + 4 > (ptrdiff_t)sizeof c->octets)
        flush(s, c, out);
    if (first >= 0x80)
        return put_invalid(s, c, out);
    bool graphic = first >= 0x21 && first <= 0x7E;
    if (s->state == ASCII || !graphic) {
        if (s->state == ASCII && s->set->shift == SHIFT_HZ && first == '~' && rest.len > 1 && rest.ptr[1] == '~') {
            c->octets[c->n++] = '~';
            return 2;
        }
        if (first == '\n' && s->set->shift != SHIFT_KR)
            s->state = ASCII;
        c->octets[c->n++] = (char)first;
        return 1;
    }
    if (s->state == KANA) {
        c->octets[c->n++] = (char)0x8E;
        c->octets[c->n++] = (char)(first | 0x80);
        return 1;
    }
    if (rest.len < 2 && !last)
        return 0;
    unsigned char second = rest.len > 1 ? (unsigned char)rest.ptr[1] : 0;
    if (second < 0x21 || second > 0x7E)
        return put_invalid(s, c, out);
    if (s->state == PAIRS_212)
        c->octets[c->n++] = (char)0x8F;
    c->octets[c->n++] = (char)(first | 0x80);
    c->octets[c->n++] = (char)(second | 0x80);
    return 2;
}

ptrdiff_t read_shifted(struct charset_stream *s, str in, bool last, struct buf *out)
{
    struct chunk c;
    c.n = 0;
    ptrdiff_t i = 0;
    while (i < in.len) {
        bool cut;
        str rest = str_skip(in, i);
        ptrdiff_t n = take_escape(s->set->shift, rest, &s->state, &cut);
        if (!n && cut && !last)
            break;
        /* HZ writes a tilde as two, and the second may be in the next chunk. */
        if (!n && s->set->shift == SHIFT_HZ && s->state == ASCII && rest.len == 1 && rest.ptr[0] == '~' && !last)
            break;
        if (!n)
            n = take_char(s, rest, last, &c, out);
        if (!n)
            break;
        i += n;
    }
    flush(s, &c, out);
    return i;
}
