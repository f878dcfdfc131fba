#include "codec/codec.h"

/* One more than the value of a hexadecimal digit. */
static const int8_t hex_of[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, ['A'] = 11, 12, 13, 14, 15, 16, ['a'] = 11, 12, 13, 14, 15, 16,
};

static int hex(char c) { return hex_of[(unsigned char)c] - 1; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static char *put(char *to, const char *p, ptrdiff_t n)
{
    memcpy(to, p, (size_t)n);
    return to + n;
}

/* What stands in one line, up to its white space: escapes resolved. *soft: it ends in a '='. */
static char *decode_line(struct qp *d, const char *p, const char *end, char *to, bool *soft)
{
    *soft = false;
    while (p < end) {
        const char *escape = *p == '=' ? p : memchr(p, '=', (size_t)(end - p));
        if (!escape)
            return put(to, p, end - p);
        to = put(to, p, escape - p);
        p = escape + 1;
        if (p == end) {
            *soft = true;
        } else if (end - p >= 2 && hex(p[0]) >= 0 && hex(p[1]) >= 0) {
            *to++ = (char)(hex(p[0]) << 4 | hex(p[1]));
            p += 2;
        } else {
            d->flags |= CODEC_QP;
            *to++ = '=';
        }
    }
    return to;
}

static char *flush(struct qp *d, char *to)
{
    if (d->n_rest && d->rest[0] == '=')
        d->flags |= CODEC_QP;
    to = put(to, d->rest, d->n_rest);
    d->n_rest = 0;
    return to;
}

static bool may_follow(const struct qp *d, char c)
{
    bool escape = d->n_rest && d->rest[0] == '=';
    if (d->n_rest == 0)
        return c == '=' || is_blank(c);
    if (escape && d->n_rest == 1)
        return hex(c) >= 0 || is_blank(c);
    return is_blank(c) && !(escape && hex(d->rest[1]) >= 0);
}

/* One octet where the ones before it are not decided. */
static char *decode_one(struct qp *d, char c, char *to)
{
    if (c == '\n' && d->n_rest && !(d->rest[0] == '=' && d->n_rest == 2 && hex(d->rest[1]) >= 0)) {
        if (d->rest[0] != '=') {
            if (d->rest[d->n_rest - 1] == '\r')
                *to++ = '\r';
            *to++ = '\n';
        }
        d->n_rest = 0;
        return to;
    }
    if (d->n_rest == 2 && d->rest[0] == '=' && hex(d->rest[1]) >= 0 && hex(c) >= 0) {
        *to++ = (char)(hex(d->rest[1]) << 4 | hex(c));
        d->n_rest = 0;
        return to;
    }
    if (d->n_rest == (int)sizeof d->rest || !may_follow(d, c))
        to = flush(d, to);
    if (may_follow(d, c))
        d->rest[d->n_rest++] = c;
    else
        *to++ = c;
    return to;
}

/* Where in a line without end that begins at p the octets begin that are not decided. */
static const char *undecided(const char *p, const char *end)
{
    const char *t = end;
    while (t > p && is_blank(t[-1]))
        t--;
    if (t > p && t[-1] == '=')
        return t - 1;
    if (t == end && t - p >= 2 && t[-2] == '=' && hex(t[-1]) >= 0)
        return t - 2;
    return t;
}

void qp_decode(struct qp *d, str in, struct buf *out)
{
    char *start = buf_room(out, in.len + (ptrdiff_t)sizeof d->rest), *to = start;
    const char *p = in.ptr, *end = in.ptr + in.len;
    while (d->n_rest && p < end)
        to = decode_one(d, *p++, to);
    while (p < end) {
        const char *newline = memchr(p, '\n', (size_t)(end - p));
        const char *stop = newline ? newline : undecided(p, end);
        const char *text = stop;
        while (newline && text > p && is_blank(text[-1]))
            text--;
        bool soft;
        to = decode_line(d, p, text, to, &soft);
        p = stop;
        if (!newline && soft) {
            d->flags |= CODEC_QP;
            *to++ = '=';
        }
        if (newline) {
            if (!soft) {
                if (newline > text && newline[-1] == '\r')
                    *to++ = '\r';
                *to++ = '\n';
            }
            p++;
        }
        while (!newline && p < end)
            to = decode_one(d, *p++, to);
    }
    out->len += to - start;
}

void qp_end(struct qp *d, struct buf *out)
{
    if (d->n_rest == 2 && d->rest[0] == '=' && hex(d->rest[1]) >= 0) {
        char *to = buf_room(out, 2);
        out->len += flush(d, to) - to;
    }
    d->n_rest = 0;
}

enum { LINE = 76 };

/* A line without its end. */
static void encode_line(str line, struct buf *out)
{
    static const char digits[] = "0123456789ABCDEF";
    int column = 0;
    for (ptrdiff_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        bool last = i + 1 == line.len;
        bool plain = (c >= 33 && c <= 126 && c != '=') || ((c == ' ' || c == '\t') && !last);
        int width = plain ? 1 : 3;
        if (column + width > LINE - !last) {
            buf_put(out, S("=\r\n"));
            column = 0;
        }
        if (plain)
            buf_byte(out, (char)c);
        else
            buf_put(out, str_of((char[]){'=', digits[c >> 4], digits[c & 15]}, 3));
        column += width;
    }
}

void qp_encode(str in, struct buf *out)
{
    while (in.len) {
        str line, rest;
        bool ended = str_cut(in, '\n', &line, &rest);
        if (ended && str_ends(line, S("\r")))
            line.len--;
        encode_line(line, out);
        if (ended)
            buf_put(out, S("\r\n"));
        in = rest;
    }
}
