/* Trees for people:
 *
 *     2026-08-22 12:01  John Doe             Invoice 42
 *     2026-08-22 12:40  support@example.com  ├─ Re: Invoice 42
 *     2026-08-23 08:15  John Doe             │  └─
 *
 * A subject that only repeats the one above is left out. */
#include "mail-thread.h"

#include <time.h>

enum {
    SENDER_COLUMNS = 20,
    LEVELS = 24,        /* deeper levels are drawn as these many, with their depth */
    DATE_COLUMNS = 16
};

/* Columns of a character on a terminal: East Asian wide and emoji are two, combining marks none. */
static int columns_of(uint32_t c)
{
    static const struct { uint32_t first, last; int columns; } ranges[] = {
        {0x300, 0x36f, 0},     {0x200b, 0x200f, 0},   {0x20d0, 0x20ff, 0},   {0xfe00, 0xfe0f, 0},
        {0x1100, 0x115f, 2},   {0x2e80, 0x303e, 2},   {0x3041, 0x33ff, 2},   {0x3400, 0x4dbf, 2},
        {0x4e00, 0xa4cf, 2},   {0xac00, 0xd7a3, 2},   {0xf900, 0xfaff, 2},   {0xfe30, 0xfe6f, 2},
        {0xff00, 0xff60, 2},   {0xffe0, 0xffe6, 2},   {0x1f300, 0x1faff, 2}, {0x20000, 0x3fffd, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return ranges[i].columns;
    return 1;
}

/* What a terminal would obey or be led astray by: controls, and marks that turn the direction of text. */
static bool is_control(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

/* Append text without controls, cut to the columns that are left (negative: any number). Returns how many it took. */
static int put_cut(struct buf *to, str text, int left)
{
    int used = 0;
    while (text.len > 0) {
        uint32_t c;
        int n = utf8_decode(text, &c);
        str piece = str_first(text, n);
        text = str_skip(text, n);
        if (c == '\t' || c == '\n')
            piece = S(" ");
        else if (is_control(c))
            continue;
        else if (c == UTF8_REPLACEMENT)
            piece = S("\xef\xbf\xbd");
        int columns = columns_of(c);
        if (left >= 0 && used + columns > left)
            break;
        buf_put(to, piece);
        used += columns;
    }
    return used;
}

static void put_padded(struct buf *to, str text, int columns)
{
    for (int used = put_cut(to, text, columns); used < columns; used++)
        buf_byte(to, ' ');
}

static void put_date(struct buf *to, int64_t seconds)
{
    time_t t = (time_t)seconds;
    struct tm tm;
    char text[64];
    if (!localtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M", &tm))
        text[0] = 0;
    put_padded(to, str_c(text), DATE_COLUMNS);
}

/* more[d]: another node of depth d + 1 follows in the same list. */
static void put_branches(struct buf *to, const bool *more, uint32_t depth)
{
    uint32_t drawn = depth < LEVELS ? depth : LEVELS;
    for (uint32_t d = depth - drawn; d + 1 < depth; d++)
        buf_put(to, more[d + 1] ? S("│  ") : S("   "));
    if (depth)
        buf_put(to, more[depth] ? S("├─ ") : S("└─ "));
    if (depth > LEVELS)
        buf_fmt(to, "(%u) ", depth);
}

static void put_line(struct buf *to, arena scratch, const struct leaf *leaf, const struct leaf *above, const bool *more,
                     uint32_t depth, int width)
{
    struct buf branches = buf_new(&scratch, 256);
    put_branches(&branches, more, depth);
    if (leaf) {
        put_date(to, leaf->date);
        buf_put(to, S("  "));
        put_padded(to, leaf->from_name.len ? leaf->from_name : leaf->from_email, SENDER_COLUMNS);
    } else {
        put_padded(to, STR_NONE, DATE_COLUMNS + 2 + SENDER_COLUMNS);
    }
    buf_put(to, S("  "));
    int left = width ? width - (DATE_COLUMNS + 2 + SENDER_COLUMNS + 2) : -1;
    if (width && left < 0)
        left = 0;
    int used = put_cut(to, buf_str(&branches), left);
    if (!leaf)
        put_cut(to, S("(a message that is not here)"), left < 0 ? left : left - used);
    else if (!above || above->subject_hash != leaf->subject_hash)
        put_cut(to, leaf->subject.len ? leaf->subject : S("(no subject)"), left < 0 ? left : left - used);
    to->len = str_trim_right(buf_str(to)).len;
    buf_byte(to, '\n');
}

void print_text(const struct thread_tree *t, const struct leaves *leaves, int width, struct out *out)
{
    arena mem = arena_new((size_t)1 << 34), lines = arena_new((size_t)1 << 34);
    const struct leaf **above = ARENA_ARRAY(&mem, const struct leaf *, t->n + 1); /* by depth */
    uint32_t *left = ARENA_ARRAY(&mem, uint32_t, t->n + 1); /* by depth: nodes of the list that are still to come */
    bool *more = ARENA_ARRAY(&mem, bool, t->n + 1);
    struct buf line = buf_new(&lines, 4096);
    for (ptrdiff_t i = 0; i < t->n && out_good(out); i++) {
        const struct thread_node *x = &t->node[i];
        const struct leaf *leaf = x->number ? &leaves->item[x->number - 1] : NULL;
        more[x->depth] = x->depth && --left[x->depth] > 0;
        line.len = 0;
        put_line(&line, mem, leaf, x->depth ? above[x->depth - 1] : NULL, more, x->depth, width);
        out_put(out, buf_str(&line));
        above[x->depth] = leaf;
        left[x->depth + 1] = x->children;
    }
    arena_free(&lines);
    arena_free(&mem);
}
