/* Reports about people and things, once for each period or account: their rows follow one another, with by, key and startAt before them. */
#include "mail-stats/stats.h"

/* The beginning is that of the store where it is not said, as the end is. */
static bool read_periods(struct request *r, struct groups *out, struct err *e)
{
    int64_t first = r->range.since, last = 0;
    bool any = false;
    if (first == INT64_MIN && !stats_ever(r->store, &r->range, &first, &last, &any, e))
        return false;
    *out = groups_new(r->mem, r->by, 1, first);
    if (any) {
        groups_fill(out, first);
        groups_fill(out, last);
    }
    return groups_close(r, out, e);
}

static bool read_accounts(struct request *r, struct groups *out, struct err *e)
{
    struct strs all = {0};
    *out = groups_new(r->mem, r->by, 1, 0);
    if (!stats_accounts(r->mem, r->store, &all, e))
        return false;
    for (ptrdiff_t i = 0; i < all.n; i++)
        if (!r->accounts.n || strs_have(&r->accounts, all.item[i]))
            groups_at(out, 0, all.item[i]);
    groups_sort(out);
    return true;
}

/* What has no name is called as its part is. */
static void begin_table(struct request *r, struct table *t, const struct table *part)
{
    key_columns(r, t);
    int columns = t->columns;
    for (int i = 0; i < part->columns; i++)
        if (part->column[i].hidden)
            table_hidden(t, part->column[i].name, part->column[i].kind);
        else
            table_column(t, part->column[i].name, part->column[i].kind);
    t->chart = columns + part->chart;
    if (part->key != part->chart) {
        t->key = columns + part->key;
        t->series = false;
    }
}

/* Texts of a part live until the next one begins. */
static void add_rows(struct request *r, struct table *t, const struct table *part, const struct groups *g, ptrdiff_t at)
{
    for (ptrdiff_t k = 0; k < part->n; k++) {
        struct cell *row = table_row(t);
        key_cells(r, g, at, row);
        for (int i = 0; i < part->columns; i++) {
            row[t->columns - part->columns + i] = table_at(part, k)[i];
            if (part->column[i].kind == COLUMN_TEXT)
                row[t->columns - part->columns + i].text = str_copy(r->mem, table_at(part, k)[i].text);
        }
    }
}

static bool run_part(struct request *r, const struct report *report, const struct groups *g, ptrdiff_t at, arena *mem, struct table *out, struct err *e)
{
    struct request part = *r;
    struct strs one = {0};
    part.mem = mem;
    part.by = BY_ALL;
    if (at < 0) {
        part.range.since = part.range.until = 0;
    } else if (by_is_time(r->by)) {
        part.range.since = g->edge[at] > r->range.since ? g->edge[at] : r->range.since;
        part.range.until = g->edge[at + 1] < r->range.until ? g->edge[at + 1] : r->range.until;
    } else {
        strs_add(mem, &one, g->name[at]);
        part.accounts = one;
        part.range.accounts = &part.accounts;
    }
    *out = (struct table){.mem = mem};
    if (!report->run(&part, out, e))
        return false;
    table_limit(out, r->limit);
    return true;
}

bool each_run(struct request *r, const struct report *report, struct table *t, struct err *e)
{
    struct groups g;
    struct table part;
    arena once = arena_new((size_t)1 << 34);
    if (!store_read_begin(r->store, e))
        return false;
    bool good = by_is_time(r->by) ? read_periods(r, &g, e) : read_accounts(r, &g, e);
    if (good && (good = run_part(r, report, &g, -1, &once, &part, e)))
        begin_table(r, t, &part);
    for (ptrdiff_t i = 0; good && i < g.n; i++) {
        arena_reset(&once);
        good = run_part(r, report, &g, i, &once, &part, e);
        if (good)
            add_rows(r, t, &part, &g, i);
    }
    store_read_end(r->store);
    arena_free(&once);
    return good;
}
