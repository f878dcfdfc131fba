/* The forms of a table. Everything that comes from mail passes one of put_plain, put_escaped and the JSON writer. */
#include "mail-stats/table.h"

#include "date/date.h"
#include "json/json.h"

enum { WIDEST = 48 /* characters of a column that people read */, PIECE = 1 << 16 /* octets between two writes */ };

static const str names[] = {S("json"), S("tsv"), S("table"), S("svg"), S("html")};

str format_name(enum format f) { return names[f]; }

bool format_named(str name, enum format *out)
{
    for (int i = 0; i < 5; i++)
        if (str_eq(name, names[i])) {
            *out = (enum format)i;
            return true;
        }
    return false;
}

/* ---- cells ---------------------------------------------------------------------------------------- */

/* Whatever could move a cursor, end a cell or turn the direction of writing, and what XML does not take. */
static bool is_odd(uint32_t c)
{
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0x200E || c == 0x200F ||
           c == 0xFFFE || c == 0xFFFF;
}

void put_plain(struct buf *to, str text)
{
    while (text.len) {
        uint32_t c;
        int n = utf8_decode(text, &c);
        if (is_odd(c))
            buf_byte(to, ' ');
        else if (c == UTF8_REPLACEMENT)
            buf_put(to, S("\xEF\xBF\xBD"));
        else
            buf_put(to, str_first(text, n));
        text = str_skip(text, n);
    }
}

static void put_rate(struct buf *to, int64_t n) { buf_fmt(to, "%lld.%04lld", (long long)(n / TABLE_RATE), (long long)(n % TABLE_RATE)); }

/* As programs read it; times in UTC. */
static void put_exact(struct buf *to, const struct column *c, const struct cell *cell)
{
    if (!cell->known)
        return;
    switch (c->kind) {
    case COLUMN_TEXT: put_plain(to, cell->text); break;
    case COLUMN_TIME: date_put_utc(to, cell->number); break;
    case COLUMN_RATE: put_rate(to, cell->number); break;
    default: buf_i64(to, cell->number);
    }
}

static void put_octets(struct buf *to, int64_t n)
{
    static const char unit[] = "KMGTPE";
    int at = -1;
    double value = (double)n;
    for (; value >= 1000 && at < 5; at++)
        value /= 1024;
    if (at < 0)
        buf_i64(to, n);
    else
        buf_fmt(to, value < 10 ? "%.1f %c" : "%.0f %c", value, unit[at]);
}

static void put_duration(struct buf *to, int64_t s)
{
    if (s < 60)
        buf_fmt(to, "%llds", (long long)s);
    else if (s < 3600)
        buf_fmt(to, "%lldm %llds", (long long)(s / 60), (long long)(s % 60));
    else if (s < 86400)
        buf_fmt(to, "%lldh %lldm", (long long)(s / 3600), (long long)(s / 60 % 60));
    else
        buf_fmt(to, "%lldd %lldh", (long long)(s / 86400), (long long)(s / 3600 % 24));
}

void cell_show(struct buf *to, const struct column *c, const struct cell *cell)
{
    if (!cell->known)
        return;
    switch (c->kind) {
    case COLUMN_OCTETS: put_octets(to, cell->number); break;
    case COLUMN_SECONDS: put_duration(to, cell->number); break;
    case COLUMN_RATE: buf_fmt(to, "%lld.%02lld%%", (long long)(cell->number / 100), (long long)(cell->number % 100)); break;
    default: put_exact(to, c, cell);
    }
}

void put_escaped(struct buf *to, str text)
{
    for (ptrdiff_t i = 0; i < text.len; i++) {
        switch (text.ptr[i]) {
        case '<': buf_put(to, S("&lt;")); break;
        case '>': buf_put(to, S("&gt;")); break;
        case '&': buf_put(to, S("&amp;")); break;
        case '"': buf_put(to, S("&quot;")); break;
        case '\'': buf_put(to, S("&#39;")); break;
        default: buf_byte(to, text.ptr[i]);
        }
    }
}

static bool is_small(char c) { return c >= 'a' && c <= 'z'; }

/* openUnder5m: "open under 5m"; p90Seconds: "p90". */
void put_heading(struct buf *to, const struct column *c)
{
    str name = c->name;
    if (c->kind == COLUMN_SECONDS && str_ends(name, S("Seconds")))
        name = str_first(name, name.len - S("Seconds").len);
    if (c->kind == COLUMN_TIME && str_ends(name, S("At")))
        name = str_first(name, name.len - S("At").len);
    for (ptrdiff_t i = 0; i < name.len; i++) {
        char b = name.ptr[i];
        if (b >= '0' && b <= '9' && i > 1 && is_small(name.ptr[i - 1]))
            buf_byte(to, ' ');
        if (b >= 'A' && b <= 'Z') {
            buf_byte(to, ' ');
            b = (char)(b - 'A' + 'a');
        }
        buf_byte(to, b);
    }
}

/* ---- json, tsv ------------------------------------------------------------------------------------- */

static void put_value(struct jwrite *w, struct buf *text, const struct column *c, const struct cell *cell)
{
    text->len = 0;
    if (!cell->known) {
        jwrite_null(w);
        return;
    }
    switch (c->kind) {
    case COLUMN_TEXT: jwrite_string(w, cell->text); break;
    case COLUMN_TIME:
        put_exact(text, c, cell);
        jwrite_string(w, buf_str(text));
        break;
    case COLUMN_RATE:
        put_exact(text, c, cell);
        jwrite_raw(w, buf_str(text));
        break;
    default: jwrite_i64(w, cell->number);
    }
}

static void put_values(struct jwrite *w, struct buf *text, const struct table *t, const struct cell *row)
{
    for (int i = 0; i < t->columns; i++) {
        jwrite_key(w, t->column[i].name);
        put_value(w, text, &t->column[i], &row[i]);
    }
}

void put_members(struct jwrite *w, struct buf *text, const struct table *t, const struct cell *row)
{
    jwrite_object(w);
    put_values(w, text, t, row);
    jwrite_end_object(w);
}

static void put_json(struct buf *to, struct buf *text, const struct table *t, const struct cell *row)
{
    struct jwrite w = {.to = to};
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, t->type);
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_values(&w, text, t, row);
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}

static void put_tsv(struct buf *to, const struct table *t, const struct cell *row)
{
    for (int i = 0; i < t->columns; i++) {
        if (i)
            buf_byte(to, '\t');
        if (row)
            put_exact(to, &t->column[i], &row[i]);
        else
            buf_put(to, t->column[i].name);
    }
    buf_byte(to, '\n');
}

/* ---- html ------------------------------------------------------------------------------------------ */

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<style>\n:root{color-scheme:light dark}\nbody{font:15px/1.5 system-ui,sans-serif;margin:1.5rem auto;max-width:70rem;padding:0 1rem;"
    "color:#1b1f24;background:#fff}\n.wide{overflow-x:auto}\ntable{border-collapse:collapse;margin:0 0 2rem}\n"
    "caption{text-align:left;font-weight:600;font-size:1.15em;padding:.5em 0}\nth,td{padding:.25em .8em;border-bottom:1px solid #8884;"
    "text-align:left;vertical-align:top}\ntd.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
    "@media (prefers-color-scheme:dark){body{color:#e6e8eb;background:#15181c}}\n</style>\n<title>";

static void put_html_row(struct buf *to, struct buf *text, const struct table *t, const struct cell *row)
{
    buf_put(to, S("<tr>"));
    for (int i = 0; i < t->columns; i++) {
        if (t->column[i].hidden)
            continue;
        text->len = 0;
        if (row)
            cell_show(text, &t->column[i], &row[i]);
        else
            put_heading(text, &t->column[i]);
        bool head = !row || i == t->key, number = t->column[i].kind != COLUMN_TEXT;
        buf_put(to, head ? S("<th scope=\"") : S("<td"));
        buf_put(to, !head ? S("") : row ? S("row\"") : S("col\""));
        buf_put(to, number ? S(" class=\"n\">") : S(">"));
        put_escaped(to, buf_str(text));
        buf_put(to, head ? S("</th>") : S("</td>"));
    }
    buf_put(to, S("</tr>\n"));
}

/* ---- a table for people ------------------------------------------------------------------------------ */

static ptrdiff_t characters(str s)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.len; i++)
        n += ((unsigned char)s.ptr[i] & 0xC0) != 0x80;
    return n;
}

static str shown(struct buf *text, const struct table *t, const struct cell *row, int column)
{
    text->len = 0;
    if (row)
        cell_show(text, &t->column[column], &row[column]);
    else
        put_heading(text, &t->column[column]);
    return utf8_first_chars(buf_str(text), WIDEST);
}

static void put_aligned(struct buf *to, struct buf *text, const struct table *t, const struct cell *row, const ptrdiff_t *width)
{
    for (int i = 0; i < t->columns; i++) {
        if (t->column[i].hidden)
            continue;
        str s = shown(text, t, row, i);
        ptrdiff_t blanks = width[i] - characters(s);
        bool number = t->column[i].kind != COLUMN_TEXT;
        for (ptrdiff_t k = 0; k < blanks && number; k++)
            buf_byte(to, ' ');
        buf_put(to, s);
        for (ptrdiff_t k = 0; k < blanks && !number; k++)
            buf_byte(to, ' ');
        buf_put(to, S("  "));
    }
    while (to->len && to->ptr[to->len - 1] == ' ')
        to->len--;
    buf_byte(to, '\n');
}

static void measure(const struct table *t, struct buf *text, ptrdiff_t *width)
{
    for (int i = 0; i < t->columns; i++)
        width[i] = characters(shown(text, t, NULL, i));
    for (ptrdiff_t row = 0; row < t->n; row++)
        for (int i = 0; i < t->columns; i++) {
            ptrdiff_t n = t->column[i].hidden ? 0 : characters(shown(text, t, table_at(t, row), i));
            width[i] = n > width[i] ? n : width[i];
        }
}

void put_columns(struct buf *to, struct buf *text, const struct table *t)
{
    ptrdiff_t width[TABLE_COLUMNS];
    measure(t, text, width);
    put_aligned(to, text, t, NULL, width);
    for (ptrdiff_t i = 0; i < t->n; i++)
        put_aligned(to, text, t, table_at(t, i), width);
}

/* ---- all of them --------------------------------------------------------------------------------------- */

static void flush(struct out *o, struct buf *lines)
{
    out_put(o, buf_str(lines));
    lines->len = 0;
}

void format_begin(struct out *o, enum format f, str title)
{
    if (f != FORMAT_HTML)
        return;
    out_put(o, str_c(page_head));
    out_put(o, title);
    out_put(o, S("</title>\n</head>\n<body>\n<main>\n<h1>"));
    out_put(o, title);
    out_put(o, S("</h1>\n"));
}

void format_between(struct out *o, enum format f, const struct table *t, bool first)
{
    if (f != FORMAT_TSV && f != FORMAT_TABLE)
        return;
    if (!first)
        out_byte(o, '\n');
    if (f == FORMAT_TABLE) {
        out_put(o, t->title);
        out_byte(o, '\n');
    }
}

void format_end(struct out *o, enum format f)
{
    if (f == FORMAT_HTML)
        out_put(o, S("</main>\n</body>\n</html>\n"));
}

static void put_head(struct buf *lines, struct buf *text, enum format f, const struct table *t)
{
    if (f == FORMAT_TSV)
        put_tsv(lines, t, NULL);
    if (f != FORMAT_HTML)
        return;
    buf_put(lines, S("<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\""));
    put_escaped(lines, t->title);
    buf_put(lines, S("\">\n<table>\n<caption>"));
    put_escaped(lines, t->title);
    buf_put(lines, S("</caption>\n<thead>\n"));
    put_html_row(lines, text, t, NULL);
    buf_put(lines, S("</thead>\n<tbody>\n"));
}

void format_table(struct out *o, enum format f, const struct table *t)
{
    arena scratch = *t->mem;
    struct buf lines = buf_new(&scratch, 2 * PIECE), text = buf_new(&scratch, 4096);
    ptrdiff_t width[TABLE_COLUMNS];
    if (f == FORMAT_SVG) {
        put_chart(&lines, &text, t);
        flush(o, &lines);
        return;
    }
    if (f == FORMAT_TABLE) {
        measure(t, &text, width);
        put_aligned(&lines, &text, t, NULL, width);
    }
    put_head(&lines, &text, f, t);
    for (ptrdiff_t i = 0; i < t->n && out_good(o); i++) {
        const struct cell *row = table_at(t, i);
        switch (f) {
        case FORMAT_JSON: put_json(&lines, &text, t, row); break;
        case FORMAT_TSV: put_tsv(&lines, t, row); break;
        case FORMAT_TABLE: put_aligned(&lines, &text, t, row, width); break;
        default: put_html_row(&lines, &text, t, row);
        }
        if (lines.len >= PIECE)
            flush(o, &lines);
    }
    if (f == FORMAT_HTML)
        buf_put(&lines, S("</tbody>\n</table>\n</div>\n"));
    flush(o, &lines);
}
