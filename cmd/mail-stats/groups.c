#include "mail-stats/stats.h"

#include "date/date.h"

void key_columns(struct request *r, struct table *t)
{
    table_hidden(t, S("by"), COLUMN_TEXT);
    t->key = table_column(t, S("key"), COLUMN_TEXT);
    table_hidden(t, S("startAt"), COLUMN_TIME);
    t->series = by_is_time(r->by);
}

void key_cells(struct request *r, const struct groups *g, ptrdiff_t i, struct cell *row)
{
    row[0] = cell_text(by_name(r->by));
    row[1] = cell_text(groups_key(g, r->mem, i));
    if (by_is_time(r->by))
        row[2] = cell_number(g->edge[i]);
}

bool email_groups(struct request *r, size_t size, struct groups *out, struct err *e)
{
    int64_t first = r->range.since, last;
    bool any = true;
    if (by_is_time(r->by) && first == INT64_MIN && !stats_span(r->store, &r->range, &first, &last, &any, e))
        return false;
    *out = groups_new(r->mem, r->by, size, any ? first : INT64_MIN);
    return true;
}

struct groups row_groups(struct request *r, size_t size) { return groups_new(r->mem, r->by, size, r->range.since); }

struct stats_range row_range(const struct request *r)
{
    struct stats_range range = r->range;
    range.any_order = !by_is_time(r->by) || range.since != INT64_MIN;
    return range;
}

bool groups_close(struct request *r, struct groups *g, struct err *e)
{
    if (r->range.until != INT64_MAX && (g->n || r->range.since != INT64_MIN) && r->range.until > r->range.since)
        groups_fill(g, r->range.until - 1);
    else if (r->range.since != INT64_MIN && r->range.since <= r->now)
        groups_fill(g, r->now);
    groups_sort(g);
    if (!g->too_many)
        return true;
    struct buf b = buf_new(r->mem, 64);
    date_put_utc(&b, g->edge[0]);
    str name = by_name(r->by);
    return err_set(e, ERR_USAGE, "stats.periods", "say --since and --until", "there are more than %d %.*ss since %.*s", PERIODS_MAX,
                   STR_ARG(name), STR_ARG(buf_str(&b)));
}
