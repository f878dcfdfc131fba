/* One line of counters: what came in, what went out. */
#include "mail-stats/connections.h"

struct service {
    int64_t emails, fetched, polls, polls_ok, polls_failed, last_poll;
    int64_t processed, sent, failed, open, last_sent, first; /* first: poll or submission */
};

static void count_email(void *context, const struct stats_email *m)
{
    (void)m;
    ((struct service *)context)->emails++;
}

static void begin_at(struct service *s, int64_t at) { s->first = !s->first || at < s->first ? at : s->first; }

static void count_poll(void *context, const struct stats_poll *p)
{
    struct service *s = context;
    s->polls++;
    begin_at(s, p->started_at);
    s->polls_ok += str_eq(p->status, S("ok"));
    s->polls_failed += str_eq(p->status, S("failed"));
    s->fetched += p->fetched;
    s->last_poll = p->ended_at > s->last_poll ? p->ended_at : s->last_poll;
}

static void count_recipient(void *context, const struct stats_recipient *m)
{
    struct service *s = context;
    bool failed = m->status == QUEUE_FAILED || m->status == QUEUE_EXPIRED, sent = m->status == QUEUE_SENT;
    begin_at(s, m->created_at);
    s->sent += sent;
    s->failed += failed;
    s->processed += sent || failed;
    s->open += !sent && !failed && m->status != QUEUE_CANCELED;
    s->last_sent = sent && m->last_at > s->last_sent ? m->last_at : s->last_sent;
}

bool service_run(struct request *r, struct table *t, struct err *e)
{
    struct service s = {0};
    struct stats_range range = r->range;
    range.any_order = true;
    if (!stats_emails(r->mem, r->store, &r->range, STATS_SENDERS, count_email, &s, e) ||
        !stats_polls(r->mem, r->store, &range, count_poll, &s, e) ||
        !stats_recipients(r->mem, r->store, &range, count_recipient, &s, e))
        return false;
    t->chart = t->key = table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("emailsFetched"), COLUMN_COUNT);
    table_column(t, S("requestsTotal"), COLUMN_COUNT);
    table_column(t, S("requestsSuccessful"), COLUMN_COUNT);
    table_column(t, S("requestsFailed"), COLUMN_COUNT);
    table_column(t, S("lastRequestAt"), COLUMN_TIME);
    table_column(t, S("totalProcessed"), COLUMN_COUNT);
    table_column(t, S("totalSent"), COLUMN_COUNT);
    table_column(t, S("totalFailed"), COLUMN_COUNT);
    table_column(t, S("waiting"), COLUMN_COUNT);
    table_column(t, S("lastSentAt"), COLUMN_TIME);
    table_column(t, S("startedAt"), COLUMN_TIME);
    table_column(t, S("uptimeSeconds"), COLUMN_SECONDS);
    table_column(t, S("activeConnections"), COLUMN_COUNT);
    table_column(t, S("activeSessions"), COLUMN_COUNT);
    struct connections active;
    connections_read(r->mem, store_dir(r->store), &active);
    struct cell *row = table_row(t);
    const int64_t n[] = {s.emails, s.fetched, s.polls, s.polls_ok, s.polls_failed, s.last_poll, s.processed, s.sent, s.failed, s.open, s.last_sent, s.first,
                         s.first && r->now > s.first ? r->now - s.first : 0, active.n, active.processes};
    for (int i = 0; i < 15; i++)
        if (t->column[i].kind != COLUMN_TIME || n[i])
            row[i] = cell_number(n[i]);
    return true;
}
