#include "codec/codec.h"

enum { BEFORE, INSIDE, BEHIND };

static unsigned six(const struct uu *d, int i) { return i < d->n_line ? ((unsigned)(unsigned char)d->line[i] - 32) & 63 : 0; }

static void decode_octets(struct uu *d, struct buf *out)
{
    int octets = (int)six(d, 0);
    int need = 1 + (octets + 2) / 3 * 4;
    for (int i = 0; i < d->n_line && i < need; i++)
        if (d->line[i] < 32 || d->line[i] > 96)
            d->flags |= CODEC_UU;
    /* Writers drop spaces at the end of a line; more than a group of them is a loss. */
    if (d->n_line + 4 <= need) {
        d->flags |= CODEC_UU;
        octets = (d->n_line + 2) / 4 * 3;
    }
    for (int i = 1; octets > 0; i += 4, octets -= 3) {
        uint32_t bits = six(d, i) << 18 | six(d, i + 1) << 12 | six(d, i + 2) << 6 | six(d, i + 3);
        char group[3] = {(char)(bits >> 16), (char)(bits >> 8), (char)bits};
        buf_put(out, str_of(group, octets < 3 ? octets : 3));
    }
}

static void take_line(struct uu *d, struct buf *out)
{
    while (d->n_line && d->line[d->n_line - 1] == '\r')
        d->n_line--;
    str line = str_of(d->line, d->n_line);
    if (d->state == BEFORE && str_starts(line, S("begin ")))
        d->state = INSIDE;
    else if (d->state == INSIDE && str_eq(str_trim_right(line), S("end")))
        d->state = BEHIND;
    else if (d->state == INSIDE && d->n_line)
        decode_octets(d, out);
    d->n_line = 0;
}

void uu_decode(struct uu *d, str in, struct buf *out)
{
    for (ptrdiff_t i = 0; i < in.len; i++) {
        char c = in.ptr[i];
        if (c == '\n')
            take_line(d, out);
        else if (d->n_line < (int)sizeof d->line)
            d->line[d->n_line++] = c;
    }
}

void uu_end(struct uu *d, struct buf *out)
{
    if (d->n_line)
        take_line(d, out);
    if (d->state != BEHIND)
        d->flags |= CODEC_UU;
}
