/* A message as it goes over the line. */
#include "smtp/smtp.h"

static bool has_eight_bit(str s)
{
    ptrdiff_t i = 0;
    uint64_t any = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t w;
        memcpy(&w, s.ptr + i, 8);
        any |= w;
    }
    for (; i < s.len; i++)
        any |= (uint64_t)(unsigned char)s.ptr[i];
    return (any & UINT64_C(0x8080808080808080)) != 0;
}

static int64_t count(str s, char c)
{
    int64_t n = 0;
    for (const char *p = s.ptr; s.len && (p = memchr(p, c, (size_t)(s.ptr + s.len - p))) != NULL; p++)
        n++;
    return n;
}

/* A bare CR wants one octet more, a bare LF too: both are what is left of all CR and LF once the pairs are taken out. */
void smtp_scan(struct smtp_scan *s, str piece)
{
    if (!piece.len)
        return;
    int64_t pairs = s->last == '\r' && piece.ptr[0] == '\n', lf = 0;
    for (const char *p = piece.ptr; (p = memchr(p, '\n', (size_t)(piece.ptr + piece.len - p))) != NULL; p++) {
        lf++;
        pairs += p > piece.ptr && p[-1] == '\r';
    }
    s->breaks += lf + count(piece, '\r') - 2 * pairs;
    s->eight_bit |= !s->eight_bit && has_eight_bit(piece);
    s->octets += piece.len;
    s->last = piece.ptr[piece.len - 1];
}

int64_t smtp_scan_size(const struct smtp_scan *s)
{
    bool ended = !s->octets || s->last == '\n' || s->last == '\r';
    return s->octets + s->breaks + (ended ? 0 : 2);
}

static void end_of_line(struct smtp_wire *w, struct buf *to)
{
    buf_put(to, S("\r\n"));
    w->in_line = false;
}

/* Without CR and LF. */
static void put_text(struct smtp_wire *w, str text, struct buf *to)
{
    if (!text.len)
        return;
    if (!w->in_line && w->dots && text.ptr[0] == '.')
        buf_byte(to, '.');
    buf_put(to, text);
    w->in_line = true;
}

/* One line without its LF; `whole`: the LF was there. A CR at its end may belong to an LF that is yet to come. */
static void put_line(struct smtp_wire *w, str line, bool whole, struct buf *to)
{
    w->cr = !whole && line.len && line.ptr[line.len - 1] == '\r';
    if ((whole && line.len && line.ptr[line.len - 1] == '\r') || w->cr)
        line.len--;
    for (str text; str_find_byte(line, '\r') >= 0;) {
        str_cut(line, '\r', &text, &line);
        put_text(w, text, to);
        end_of_line(w, to);
    }
    put_text(w, line, to);
    if (whole)
        end_of_line(w, to);
}

void smtp_wire(struct smtp_wire *w, str piece, struct buf *to)
{
    if (!piece.len)
        return;
    if (w->cr) {
        w->cr = false;
        end_of_line(w, to);
        piece = str_skip(piece, piece.ptr[0] == '\n');
    }
    while (piece.len) {
        const char *lf = memchr(piece.ptr, '\n', (size_t)piece.len);
        str line = str_first(piece, lf ? lf - piece.ptr : piece.len);
        piece = str_skip(piece, line.len + (lf != NULL));
        put_line(w, line, lf != NULL, to);
    }
}

void smtp_wire_end(struct smtp_wire *w, struct buf *to)
{
    if (w->in_line || w->cr)
        end_of_line(w, to);
    w->cr = false;
    if (w->dots)
        buf_put(to, S(".\r\n"));
}
