/* One chart as SVG: bars or a line over time, or bars beside names. */
#include "mail-stats/table.h"

enum {
    WIDTH = 960, HEIGHT = 320, LEFT = 76, RIGHT = 16, TOP = 44, BOTTOM = 40,
    BARS = 120,   /* of more periods a line is drawn */
    NAMES = 30,   /* of more names the first ones are */
    NAME_LEFT = 320, NAME_HEIGHT = 24, NAME_CHARACTERS = 34, LABELS = 8
};

static int64_t value_of(const struct table *t, ptrdiff_t row)
{
    const struct cell *c = &table_at(t, row)[t->chart];
    return c->known ? c->number : 0;
}

static int64_t highest(const struct table *t, ptrdiff_t n)
{
    int64_t max = 1;
    for (ptrdiff_t i = 0; i < n; i++)
        max = value_of(t, i) > max ? value_of(t, i) : max;
    return max;
}

static void put_head(struct buf *to, const struct table *t, int height)
{
    buf_fmt(to, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"t\">\n", WIDTH,
            height, WIDTH, height);
    buf_put(to, S("<title id=\"t\">"));
    put_escaped(to, t->title);
    buf_put(to, S("</title>\n<style>text{font:13px system-ui,sans-serif;fill:#1b1f24}.e{text-anchor:end}.m{text-anchor:middle}.h{font-weight:600;font-size:15px}"
                  ".b{fill:#2b6cb0}.l{fill:none;stroke:#2b6cb0;stroke-width:1.5}.g{stroke:#8886}rect.p{fill:#fff}"
                  "@media (prefers-color-scheme:dark){text{fill:#e6e8eb}.b{fill:#63a4e8}.l{stroke:#63a4e8}rect.p{fill:#15181c}}</style>\n"));
    buf_fmt(to, "<rect class=\"p\" width=\"%d\" height=\"%d\"/>\n<text class=\"h\" x=\"%d\" y=\"26\">", WIDTH, height, RIGHT);
    put_escaped(to, t->title);
    buf_put(to, S("</text>\n"));
}

static void put_cell(struct buf *to, struct buf *text, const struct table *t, ptrdiff_t row, int column, ptrdiff_t most)
{
    text->len = 0;
    cell_show(text, &t->column[column], &table_at(t, row)[column]);
    put_escaped(to, utf8_first_chars(buf_str(text), most));
}

static void put_level(struct buf *to, struct buf *text, const struct table *t, int64_t value, int y)
{
    struct cell c = cell_number(value);
    text->len = 0;
    cell_show(text, &t->column[t->chart], &c);
    buf_fmt(to, "<line class=\"g\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/><text class=\"e\" x=\"%d\" y=\"%d\">", LEFT, y, WIDTH - RIGHT, y, LEFT - 8, y + 4);
    buf_put(to, buf_str(text));
    buf_put(to, S("</text>\n"));
}

static void put_marks(struct buf *to, struct buf *text, const struct table *t, double step)
{
    ptrdiff_t each = (t->n + LABELS - 1) / LABELS;
    for (ptrdiff_t i = 0; i < t->n; i += each) {
        buf_fmt(to, "<text class=\"m\" x=\"%.1f\" y=\"%d\">", LEFT + step * ((double)i + 0.5), HEIGHT - BOTTOM + 22);
        put_cell(to, text, t, i, t->key, 16);
        buf_put(to, S("</text>\n"));
    }
}

static void put_series(struct buf *to, struct buf *text, const struct table *t)
{
    int64_t max = highest(t, t->n);
    double step = (double)(WIDTH - LEFT - RIGHT) / (double)(t->n ? t->n : 1), scale = (double)(HEIGHT - TOP - BOTTOM) / (double)max;
    put_head(to, t, HEIGHT);
    put_level(to, text, t, max, TOP);
    int64_t half = max / 2;
    if (half)
        put_level(to, text, t, half, HEIGHT - BOTTOM - (int)((double)half * scale));
    put_level(to, text, t, 0, HEIGHT - BOTTOM);
    if (t->n)
        put_marks(to, text, t, step);
    bool line = t->n > BARS;
    if (line)
        buf_put(to, S("<polyline class=\"l\" points=\""));
    for (ptrdiff_t i = 0; i < t->n; i++) {
        double high = (double)value_of(t, i) * scale, x = LEFT + step * (double)i;
        if (line) {
            buf_fmt(to, "%.1f,%.1f ", x + step / 2, HEIGHT - BOTTOM - high);
            continue;
        }
        buf_fmt(to, "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"><title>", x + step * 0.1, HEIGHT - BOTTOM - high,
                step * 0.8, high);
        put_cell(to, text, t, i, t->key, 64);
        buf_put(to, S(": "));
        put_cell(to, text, t, i, t->chart, 64);
        buf_put(to, S("</title></rect>\n"));
    }
    if (line)
        buf_put(to, S("\"/>\n"));
}

static void put_names(struct buf *to, struct buf *text, const struct table *t)
{
    ptrdiff_t n = t->n < NAMES ? t->n : NAMES;
    int64_t max = highest(t, n);
    double scale = (double)(WIDTH - NAME_LEFT - 90) / (double)max;
    put_head(to, t, TOP + (int)n * NAME_HEIGHT + RIGHT);
    for (ptrdiff_t i = 0; i < n; i++) {
        int y = TOP + (int)i * NAME_HEIGHT;
        double wide = (double)value_of(t, i) * scale;
        buf_fmt(to, "<text class=\"e\" x=\"%d\" y=\"%d\">", NAME_LEFT - 8, y + 15);
        put_cell(to, text, t, i, t->key, NAME_CHARACTERS);
        buf_fmt(to, "</text><rect class=\"b\" x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\"/><text x=\"%.1f\" y=\"%d\">", NAME_LEFT, y + 3, wide,
                NAME_HEIGHT - 8, NAME_LEFT + wide + 6, y + 15);
        put_cell(to, text, t, i, t->chart, 64);
        buf_put(to, S("</text>\n"));
    }
}

void put_chart(struct buf *to, struct buf *text, const struct table *t)
{
    if (t->series)
        put_series(to, text, t);
    else
        put_names(to, text, t);
    buf_put(to, S("</svg>\n"));
}
