/* What is to be sent, what was tried, what came back. */
#include "mail-stats/stats.h"

enum { AGES = 5 };
static const int64_t ages[AGES] = {300, 3600, 6 * 3600, 86400, INT64_MAX};

/* ---- queue: recipients as they are now -------------------------------------------------------------------------- */

struct recipients {
    int64_t n, status[QUEUE_STATUSES], attempts, age[AGES], oldest;
};

struct counting {
    struct request *request;
    struct groups groups;
    arena scratch; /* of one row; only bounces need it */
};

static str group_of(const struct request *r, str account, str domain, str queue)
{
    return r->by == BY_ACCOUNT ? account : r->by == BY_DOMAIN ? domain : queue;
}

static bool is_open(enum queue_status s)
{
    return s == QUEUE_QUEUED || s == QUEUE_SENDING || s == QUEUE_DEFERRED || s == QUEUE_HELD || s == QUEUE_UNCERTAIN;
}

static void count_recipient(void *context, const struct stats_recipient *m)
{
    struct counting *c = context;
    struct recipients *to = groups_at(&c->groups, m->created_at, group_of(c->request, m->account, m->domain, m->queue));
    to->n++;
    to->status[m->status]++;
    to->attempts += m->attempts;
    if (!is_open(m->status))
        return;
    int64_t age = c->request->now > m->created_at ? c->request->now - m->created_at : 0;
    int i = 0;
    while (age >= ages[i] && i < AGES - 1)
        i++;
    to->age[i]++;
    to->oldest = age > to->oldest ? age : to->oldest;
}

static void queue_columns(struct table *t)
{
    t->chart = table_column(t, S("recipients"), COLUMN_COUNT);
    for (int i = 0; i < QUEUE_STATUSES; i++)
        table_column(t, queue_status_name((enum queue_status)i), COLUMN_COUNT);
    table_column(t, S("attempts"), COLUMN_COUNT);
    table_column(t, S("successRate"), COLUMN_RATE);
    table_column(t, S("openUnder5m"), COLUMN_COUNT);
    table_column(t, S("openUnder1h"), COLUMN_COUNT);
    table_column(t, S("openUnder6h"), COLUMN_COUNT);
    table_column(t, S("openUnder1d"), COLUMN_COUNT);
    table_column(t, S("openOlder"), COLUMN_COUNT);
    table_column(t, S("oldestSeconds"), COLUMN_SECONDS);
}

static void put_recipients(const struct recipients *m, struct cell *row)
{
    *row++ = cell_number(m->n);
    for (int i = 0; i < QUEUE_STATUSES; i++)
        *row++ = cell_number(m->status[i]);
    *row++ = cell_number(m->attempts);
    *row++ = cell_rate(m->status[QUEUE_SENT], m->status[QUEUE_SENT] + m->status[QUEUE_FAILED] + m->status[QUEUE_EXPIRED]);
    int64_t open = 0;
    for (int i = 0; i < AGES; i++) {
        *row++ = cell_number(m->age[i]);
        open += m->age[i];
    }
    if (open)
        *row = cell_number(m->oldest);
}

bool queue_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {.request = r, .groups = row_groups(r, sizeof(struct recipients))};
    struct stats_range range = row_range(r);
    if (!stats_recipients(r->mem, r->store, &range, count_recipient, &c, e) || !groups_close(r, &c.groups, e))
        return false;
    key_columns(r, t);
    queue_columns(t);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        struct cell *row = table_row(t);
        key_cells(r, &c.groups, i, row);
        put_recipients(groups_item(&c.groups, i), row + 3);
    }
    return true;
}

/* ---- rates: attempts by time --------------------------------------------------------------------------------------- */

struct attempts {
    int64_t n, sent, deferred, failed, uncertain, bounced;
    int64_t minute, in_minute, peak;
};

static void count_attempt(void *context, const struct stats_attempt *m)
{
    struct counting *c = context;
    struct attempts *to = groups_at(&c->groups, m->at, group_of(c->request, m->account, m->domain, STR_NONE));
    if (str_eq(m->status, S("bounced"))) { /* a report, not an attempt */
        to->bounced++;
        return;
    }
    to->n++;
    to->sent += str_eq(m->status, S("sent"));
    to->deferred += str_eq(m->status, S("deferred"));
    to->failed += str_eq(m->status, S("failed"));
    to->uncertain += str_eq(m->status, S("uncertain"));
    to->in_minute = to->minute == m->at / 60 ? to->in_minute + 1 : 1;
    to->minute = m->at / 60;
    to->peak = to->in_minute > to->peak ? to->in_minute : to->peak;
}

bool rates_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {.request = r, .groups = row_groups(r, sizeof(struct attempts))};
    if (!stats_attempts(r->mem, r->store, &r->range, count_attempt, &c, e) || !groups_close(r, &c.groups, e))
        return false;
    key_columns(r, t);
    t->chart = table_column(t, S("attempts"), COLUMN_COUNT);
    table_column(t, S("sent"), COLUMN_COUNT);
    table_column(t, S("deferred"), COLUMN_COUNT);
    table_column(t, S("failed"), COLUMN_COUNT);
    table_column(t, S("uncertain"), COLUMN_COUNT);
    table_column(t, S("bounced"), COLUMN_COUNT);
    table_column(t, S("peakPerMinute"), COLUMN_COUNT);
    table_column(t, S("successRate"), COLUMN_RATE);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        const struct attempts *m = groups_item(&c.groups, i);
        struct cell *row = table_row(t);
        key_cells(r, &c.groups, i, row);
        const int64_t n[] = {m->n, m->sent, m->deferred, m->failed, m->uncertain, m->bounced, m->peak};
        for (int k = 0; k < 7; k++)
            row[3 + k] = cell_number(n[k]);
        row[10] = cell_rate(m->sent, m->n);
    }
    return true;
}

/* ---- bounces ----------------------------------------------------------------------------------------------------- */

enum { CLASSES = 9 };
static const str classes[CLASSES] = {S("hard"), S("full"), S("block"), S("policy"), S("soft"), S("other"), S("complaint"), S("auto"), S("delivered")};

struct bounces {
    int64_t n, class[CLASSES], unmatched;
};

static str domain_of(arena *a, str address)
{
    ptrdiff_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    return at && at < address.len ? str_lower(a, str_skip(address, at)) : STR_NONE;
}

static void count_bounce(void *context, const struct stats_bounce *b)
{
    struct counting *c = context;
    arena scratch = c->scratch;
    struct bounces *to = groups_at(&c->groups, b->at, group_of(c->request, b->account, domain_of(&scratch, b->recipient), STR_NONE));
    to->n++;
    to->unmatched += !b->account.ptr;
    for (int i = 0; i < CLASSES; i++)
        to->class[i] += str_eq(b->class, classes[i]);
}

bool bounces_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {r, row_groups(r, sizeof(struct bounces)), arena_new((size_t)1 << 24)};
    bool read = stats_bounces(r->mem, r->store, &r->range, count_bounce, &c, e);
    arena_free(&c.scratch);
    if (!read || !groups_close(r, &c.groups, e))
        return false;
    key_columns(r, t);
    t->chart = table_column(t, S("bounces"), COLUMN_COUNT);
    for (int i = 0; i < CLASSES; i++)
        table_column(t, classes[i], COLUMN_COUNT);
    table_column(t, S("unmatched"), COLUMN_COUNT);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        const struct bounces *b = groups_item(&c.groups, i);
        struct cell *row = table_row(t);
        key_cells(r, &c.groups, i, row);
        row[3] = cell_number(b->n);
        for (int k = 0; k < CLASSES; k++)
            row[4 + k] = cell_number(b->class[k]);
        row[4 + CLASSES] = cell_number(b->unmatched);
    }
    return true;
}
