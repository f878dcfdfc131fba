/* A report as rows and columns, and the five forms in which it is printed. */
#ifndef MAIL_STATS_TABLE_H
#define MAIL_STATS_TABLE_H

#include "str/str.h"
#include "sys/sys.h"

enum column_kind {
    COLUMN_TEXT, COLUMN_COUNT, COLUMN_OCTETS, COLUMN_SECONDS,
    COLUMN_TIME, /* seconds since 1970 UTC */
    COLUMN_RATE  /* 0 to TABLE_RATE, which is 1 */
};
enum { TABLE_RATE = 10000, TABLE_COLUMNS = 24 };

struct column {
    str name;    /* the member's, in camelCase */
    enum column_kind kind;
    bool hidden; /* json and tsv only: programs need it, people do not */
};
struct cell {
    bool known; /* false: null */
    int64_t number;
    str text;
};

struct table {
    arena *mem;
    str type, title;
    struct column column[TABLE_COLUMNS];
    int columns;
    int key, chart; /* columns: what a row is called, and what svg draws */
    bool series;    /* rows are one after the other in time */
    struct cell *cell;
    ptrdiff_t n, cap; /* rows */
};

/* Columns are added before the first row. Both give the column's number. */
int table_column(struct table *t, str name, enum column_kind kind);
int table_hidden(struct table *t, str name, enum column_kind kind);
/* A new last row, all of it null; valid until the next one. */
struct cell *table_row(struct table *t);
struct cell *table_at(const struct table *t, ptrdiff_t row);
/* At most n rows stay: of a series the last ones, else the first. n -1: all. */
void table_limit(struct table *t, int64_t n);

static inline struct cell cell_number(int64_t n) { return (struct cell){true, n, STR_NONE}; }
static inline struct cell cell_text(str s) { return (struct cell){s.ptr != NULL, 0, s}; }
/* part of whole; null where there is no whole. */
struct cell cell_rate(int64_t part, int64_t whole);

enum format { FORMAT_JSON, FORMAT_TSV, FORMAT_TABLE, FORMAT_SVG, FORMAT_HTML };
str format_name(enum format f);
bool format_named(str name, enum format *out);

/* What stands around tables: nothing but for html. */
void format_begin(struct out *o, enum format f, str title);
void format_table(struct out *o, enum format f, const struct table *t);
/* Before each of several tables: what tells them apart. */
void format_between(struct out *o, enum format f, const struct table *t, bool first);
void format_end(struct out *o, enum format f);

/* The rows of a table for people, its heading first; the members of a row as an object. text: a buffer that they may use. */
void put_columns(struct buf *to, struct buf *text, const struct table *t);
struct jwrite;
void put_members(struct jwrite *w, struct buf *text, const struct table *t, const struct cell *row);
/* "p90Seconds" as a heading: "p90", "withAttachment": "with attachment". */
void put_heading(struct buf *to, const struct column *c);
/* With a space for each character that could move a cursor, end a cell or turn the direction of writing. */
void put_plain(struct buf *to, str text);
/* For the forms: the cell as people read it, without control characters; nothing where it is null. Appends. */
void cell_show(struct buf *to, const struct column *c, const struct cell *cell);
/* Text of XML and HTML. */
void put_escaped(struct buf *to, str text);
/* chart.c. text: a buffer that it may use. */
void put_chart(struct buf *to, struct buf *text, const struct table *t);

#endif
