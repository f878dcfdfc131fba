/* Sets of one octet a character: a table of 256 pieces of UTF-8. */
#include "charset/set.h"

#include <errno.h>

static void set_glyph(struct glyph *g, uint32_t cp)
{
    char utf8[4];
    g->len = (uint8_t)utf8_encode(cp, utf8);
    memcpy(g->utf8, utf8, sizeof g->utf8);
}

static struct glyph *table_new(arena *a)
{
    struct glyph *table = ARENA_ARRAY(a, struct glyph, 257); /* one more, so that four octets can be copied from the last */
    for (uint32_t i = 0; i < 128; i++)
        set_glyph(&table[i], i);
    return table;
}

/* Built by hand: it is what most mail needs, and loading iconv's takes longer than parsing a mailbox. */
struct glyph *table_windows_1252(arena *a)
{
    static const uint16_t upper[32] = {0x20AC, 0x81,   0x201A, 0x192,  0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160,
                                       0x2039, 0x152,  0x8D,   0x17D,  0x8F,   0x90,   0x2018, 0x2019, 0x201C, 0x201D, 0x2022,
                                       0x2013, 0x2014, 0x2DC,  0x2122, 0x161,  0x203A, 0x153,  0x9D,   0x17E, 0x178};
    struct glyph *table = table_new(a);
    for (uint32_t i = 128; i < 256; i++)
        set_glyph(&table[i], i < 160 ? upper[i - 128] : i);
    return table;
}

struct glyph *table_user_defined(arena *a)
{
    struct glyph *table = table_new(a);
    for (uint32_t i = 128; i < 256; i++)
        set_glyph(&table[i], 0xF780 + i - 128);
    return table;
}

/* Thai as Windows has it is TIS-620 with a few signs more. */
static void add_windows_874(struct glyph *table)
{
    static const struct {
        uint8_t octet;
        uint16_t cp;
    } signs[] = {{0x80, 0x20AC}, {0x85, 0x2026}, {0x91, 0x2018}, {0x92, 0x2019}, {0x93, 0x201C},
                 {0x94, 0x201D}, {0x95, 0x2022}, {0x96, 0x2013}, {0x97, 0x2014}, {0xA0, 0xA0}};
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
        set_glyph(&table[signs[i].octet], signs[i].cp);
}

/* What iconv makes of one octet: 1 a character, 0 nothing, -1 more octets are needed or a state was changed. */
static int probe(iconv_t cd, int octet, struct glyph *g)
{
    char in = (char)octet, out[16], *from = &in, *to = out;
    size_t n_in = 1, n_out = sizeof out;
    iconv(cd, NULL, NULL, NULL, NULL);
    size_t r = iconv(cd, &from, &n_in, &to, &n_out);
    ptrdiff_t n = to - out;
    if (r == (size_t)-1)
        return n_in == 1 && n == 0 && errno == EILSEQ ? 0 : -1;
    if (n < 1 || n > 3)
        return -1;
    uint32_t cp;
    if (utf8_decode(str_of(out, n), &cp) != n)
        return -1;
    set_glyph(g, cp);
    return 1;
}

void table_probe(arena *a, struct charset *set)
{
    struct glyph *table = ARENA_ARRAY(a, struct glyph, 257);
    bool single = true;
    set->ascii = true;
    for (int i = 0; i < 256; i++) {
        int r = probe(set->cd, i, &table[i]);
        if (i < 128 && (r != 1 || table[i].len != 1 || table[i].utf8[0] != i))
            set->ascii = false;
        single = single && r >= 0;
        /* WHATWG: holes among the C1 controls are those controls. */
        if (r == 0 && i >= 0x80 && i < 0xA0)
            set_glyph(&table[i], (uint32_t)i);
    }
    iconv(set->cd, NULL, NULL, NULL, NULL);
    set->reader = single ? READ_TABLE : READ_ICONV;
    if (single && str_eq(str_c(set->name), S("windows-874")))
        add_windows_874(table);
    if (single)
        set->table = table;
}

ptrdiff_t read_table(struct charset_stream *s, str in, bool last, struct buf *out)
{
    (void)last;
    const struct glyph *table = s->set->table;
    char *start = buf_room(out, in.len * 3 + 8), *to = start;
    for (ptrdiff_t i = 0; i < in.len;) {
        if (s->set->ascii) {
            ptrdiff_t n = ascii_prefix(str_skip(in, i));
            memcpy(to, in.ptr + i, (size_t)n);
            to += n;
            i += n;
        }
        /* The next sixteen without looking: letters of another script come in runs. */
        for (ptrdiff_t stop = i + 16; i < in.len && i < stop; i++) {
            const struct glyph *g = &table[(unsigned char)in.ptr[i]];
            if (g->len) {
                memcpy(to, g->utf8, 3);
                to += g->len;
            } else {
                memcpy(to, REPLACEMENT.ptr, 3);
                to += 3;
                s->flags |= CHARSET_INVALID;
            }
        }
    }
    out->len += to - start;
    return in.len;
}
