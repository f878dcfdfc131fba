#include "mail-stats/table.h"

#include <assert.h>

static int add_column(struct table *t, str name, enum column_kind kind, bool hidden)
{
    assert(t->columns < TABLE_COLUMNS && t->n == 0);
    t->column[t->columns] = (struct column){name, kind, hidden};
    return t->columns++;
}

int table_column(struct table *t, str name, enum column_kind kind) { return add_column(t, name, kind, false); }
int table_hidden(struct table *t, str name, enum column_kind kind) { return add_column(t, name, kind, true); }

struct cell *table_at(const struct table *t, ptrdiff_t row) { return t->cell + row * t->columns; }

struct cell *table_row(struct table *t)
{
    if (t->n == t->cap) {
        ptrdiff_t cap = t->cap ? t->cap * 2 : 64;
        size_t row = (size_t)t->columns * sizeof *t->cell;
        t->cell = arena_grow(t->mem, t->cell, (size_t)t->cap * row, (size_t)cap * row, _Alignof(struct cell));
        t->cap = cap;
    }
    struct cell *row = table_at(t, t->n++);
    for (int i = 0; i < t->columns; i++)
        row[i] = (struct cell){0};
    return row;
}

void table_limit(struct table *t, int64_t n)
{
    if (n < 0 || n >= t->n)
        return;
    if (t->series)
        t->cell = table_at(t, t->n - (ptrdiff_t)n);
    t->n = t->cap = (ptrdiff_t)n;
}

struct cell cell_rate(int64_t part, int64_t whole)
{
    return whole > 0 ? cell_number((part * TABLE_RATE + whole / 2) / whole) : (struct cell){0};
}
