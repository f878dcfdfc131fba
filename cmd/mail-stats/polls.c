#include "mail-stats/stats.h"

struct polls {
    int64_t n, ok, partial, failed, found, fetched, lost, octets, last_ok;
    struct samples seconds;
};

struct counting {
    struct request *request;
    struct groups groups;
};

static void count(void *context, const struct stats_poll *p)
{
    struct counting *c = context;
    struct polls *to = groups_at(&c->groups, p->started_at, c->request->by == BY_MAILBOX ? p->mailbox : p->account);
    bool ok = str_eq(p->status, S("ok"));
    to->n++;
    to->ok += ok;
    to->partial += str_eq(p->status, S("partial"));
    to->failed += str_eq(p->status, S("failed"));
    to->found += p->found;
    to->fetched += p->fetched;
    to->lost += p->failed;
    to->octets += p->octets;
    to->last_ok = ok && p->ended_at > to->last_ok ? p->ended_at : to->last_ok;
    samples_add(c->request->mem, &to->seconds, p->ended_at > p->started_at ? p->ended_at - p->started_at : 0);
}

static void put_polls(struct polls *p, struct cell *row)
{
    const int64_t n[] = {p->n, p->ok, p->partial, p->failed, p->found, p->fetched, p->lost, p->octets};
    for (int i = 0; i < 8; i++)
        row[i] = cell_number(n[i]);
    samples_sort(&p->seconds);
    for (int i = 0; i < 3 && p->seconds.n; i++)
        row[8 + i] = cell_number(samples_percentile(&p->seconds, (const int[]){50, 90, 100}[i]));
    if (p->last_ok)
        row[11] = cell_number(p->last_ok);
}

bool polls_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {.request = r, .groups = row_groups(r, sizeof(struct polls))};
    struct stats_range range = row_range(r);
    if (!stats_polls(r->mem, r->store, &range, count, &c, e) || !groups_close(r, &c.groups, e))
        return false;
    key_columns(r, t);
    t->chart = table_column(t, S("polls"), COLUMN_COUNT);
    table_column(t, S("ok"), COLUMN_COUNT);
    table_column(t, S("partial"), COLUMN_COUNT);
    table_column(t, S("failed"), COLUMN_COUNT);
    table_column(t, S("found"), COLUMN_COUNT);
    table_column(t, S("fetched"), COLUMN_COUNT);
    table_column(t, S("failedEmails"), COLUMN_COUNT);
    table_column(t, S("octets"), COLUMN_OCTETS);
    table_column(t, S("p50Seconds"), COLUMN_SECONDS);
    table_column(t, S("p90Seconds"), COLUMN_SECONDS);
    table_column(t, S("maxSeconds"), COLUMN_SECONDS);
    table_column(t, S("lastOkAt"), COLUMN_TIME);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        struct cell *row = table_row(t);
        key_cells(r, &c.groups, i, row);
        put_polls(groups_item(&c.groups, i), row + 3);
    }
    return true;
}
