/* Drawings of the dashboard: SVG that is stretched to the room it gets, so that bars have their places in parts of it. */
#include "mail-stats/dash.h"

#include <stdio.h>

enum {
    FOOT = 24,        /* for names below */
    BARS = 400,       /* of more the highest of some neighbours stands for them */
    NAMES = 7,        /* below the bars; every second is left out where there is little room */
    GAP_PERCENT = 24  /* of a bar's room */
};

void put_grouped(struct buf *to, int64_t n)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
    for (int i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0 && digits[i - 1] != '-')
            buf_put(to, S("\u202f"));
        buf_byte(to, digits[i]);
    }
}

static const struct {
    int64_t length;
    char letter;
} units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}};

static int largest(int64_t s)
{
    int i = 0;
    while (i < 3 && s < units[i].length)
        i++;
    return i;
}

void put_short(struct buf *to, int64_t s)
{
    int i = largest(s);
    int64_t rest = i < 3 ? s % units[i].length / units[i + 1].length : 0;
    buf_fmt(to, "%lld%c", (long long)(s / units[i].length), units[i].letter);
    if (rest)
        buf_fmt(to, " %lld%c", (long long)rest, units[i + 1].letter);
}

void put_age(struct buf *to, int64_t s)
{
    int i = largest(s);
    buf_fmt(to, "%lld%c", (long long)(s / units[i].length), units[i].letter);
}

/* The least number that is not below n, has few digits and a half of few digits. */
static int64_t round_up(int64_t n, enum column_kind kind)
{
    static const int64_t times[] = {10, 20, 60, 120, 600, 1200, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 12 * 3600, 86400, 2 * 86400, 4 * 86400, 8 * 86400};
    for (size_t i = 0; i < sizeof times / sizeof *times && kind == COLUMN_SECONDS; i++)
        if (n <= times[i])
            return times[i];
    int64_t unit = kind == COLUMN_SECONDS ? 86400 : 1;
    for (int64_t ten = unit;; ten *= 10)
        for (int64_t digit = 2; digit <= 10; digit += 2)
            if (n <= digit * ten || ten > INT64_MAX / 100)
                return digit * ten;
}

static int64_t value(const struct drawing *d, int layer, ptrdiff_t i) { return d->layer[layer] && d->layer[layer][i] > 0 ? d->layer[layer][i] : 0; }

static int64_t sum(const struct drawing *d, ptrdiff_t i) { return value(d, 0, i) + value(d, 1, i); }

/* The one of `each` neighbours from i on that is highest. */
static ptrdiff_t highest(const struct drawing *d, ptrdiff_t i, ptrdiff_t each)
{
    ptrdiff_t best = i;
    for (ptrdiff_t k = i; k < i + each && k < d->n; k++)
        if (sum(d, k) > sum(d, best))
            best = k;
    return best;
}

static void put_scale(struct buf *to, int64_t top, enum column_kind kind)
{
    buf_put(to, S("<div class=\"y\" aria-hidden=\"true\">"));
    for (int i = 2; i >= 0; i--) {
        buf_put(to, S("<span>"));
        if (kind == COLUMN_SECONDS && i)
            put_short(to, top * i / 2);
        else
            put_grouped(to, top * i / 2);
        buf_put(to, S("</span>"));
    }
    buf_put(to, S("</div>"));
}

static void put_bar(struct buf *to, const struct drawing *d, ptrdiff_t i, double x, double room, double scale)
{
    double foot = d->high, wide = room * (100 - GAP_PERCENT) / 100, left = x + room * GAP_PERCENT / 200;
    buf_put(to, S("<g><title>"));
    put_escaped(to, d->tip[i]);
    buf_fmt(to, "</title><rect class=\"h\" x=\"%.2f%%\" width=\"%.2f%%\" height=\"%d\"/>", x, room, d->high);
    for (int k = 0; k < 2; k++) {
        double high = (double)value(d, k, i) * scale;
        if (high <= 0)
            continue;
        high = high < 1.5 ? 1.5 : high; /* a little is not nothing */
        foot -= high;
        buf_fmt(to, "<rect class=\"b%d\" x=\"%.2f%%\" y=\"%.1f\" width=\"%.2f%%\" height=\"%.1f\" rx=\"1.5\"/>", k, left, foot, wide, high);
    }
    buf_put(to, S("</g>"));
}

static void put_names(struct buf *to, const struct drawing *d, ptrdiff_t names)
{
    for (ptrdiff_t k = 0; k < names; k++) {
        ptrdiff_t i = names > 1 ? k * (d->n - 1) / (names - 1) : 0;
        bool first = k == 0 && d->n > names, last = k == names - 1 && d->n > names;
        double at = first ? 0 : last ? 100 : ((double)i + 0.5) * 100 / (double)d->n;
        bool spare = d->n > names && k % 2 == 1 && !last;
        buf_fmt(to, "<text class=\"%s%s\" x=\"%.2f%%\" y=\"%d\">", first ? "s" : last ? "e" : "m", spare ? " w" : "", at, d->high + 18);
        put_escaped(to, d->name[i]);
        buf_put(to, S("</text>"));
    }
}

void dash_bars(struct buf *to, const struct drawing *d)
{
    ptrdiff_t each = (d->n + BARS - 1) / BARS;
    int64_t top = 1;
    for (ptrdiff_t i = 0; i < d->n; i++)
        top = sum(d, i) > top ? sum(d, i) : top;
    top = round_up(top, d->kind);
    double room = d->n ? 100.0 * (double)each / (double)d->n : 100, scale = (double)d->high / (double)top;
    buf_fmt(to, "<div class=\"plot%s\">", d->high < 200 ? " low" : "");
    put_scale(to, top, d->kind);
    buf_fmt(to, "<svg class=\"bars\" width=\"100%%\" height=\"%d\" role=\"img\" aria-label=\"", d->high + FOOT);
    put_escaped(to, d->label);
    buf_put(to, S("\">"));
    for (int i = 0; i <= 2; i++) {
        int y = i * d->high / 2;
        buf_fmt(to, "<line class=\"%s\" x1=\"0\" x2=\"100%%\" y1=\"%d.5\" y2=\"%d.5\"/>", i == 2 ? "g z" : "g", y, y);
    }
    for (ptrdiff_t i = 0; i < d->n; i += each)
        put_bar(to, d, highest(d, i, each), 100.0 * (double)i / (double)d->n, room, scale);
    put_names(to, d, d->n < NAMES ? d->n : NAMES);
    buf_put(to, S("</svg></div>\n"));
}

void dash_meter(struct buf *to, int64_t part, int64_t whole)
{
    double percent = whole > 0 ? 100.0 * (double)part / (double)whole : 0;
    buf_fmt(to, "<svg class=\"meter\" width=\"100%%\" height=\"4\" aria-hidden=\"true\"><rect class=\"t\" width=\"100%%\" height=\"4\" rx=\"2\"/>"
                "<rect class=\"b0\" width=\"%.2f%%\" height=\"4\" rx=\"2\"/></svg>", percent);
}
