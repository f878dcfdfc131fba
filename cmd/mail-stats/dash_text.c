/* The dashboard for a terminal. */
#include "mail-stats/dash.h"

#include "date/date.h"

#include <time.h>

enum { BARS = 64 };

static void put_title(struct buf *to, const struct dash *d, const char *title, const char *report, bool now)
{
    buf_fmt(to, "\n%s  ", title);
    for (size_t i = strlen(title); i < 16; i++)
        buf_byte(to, ' ');
    buf_put(to, S("$ "));
    put_plain(to, dash_command(d, report, now));
    buf_byte(to, '\n');
}

/* A row of eighths of bars: what there is of each period, the last ones. */
static void put_row_of_bars(struct buf *to, const struct table *t, str column)
{
    static const str bars[] = {S("▁"), S("▂"), S("▃"), S("▄"), S("▅"), S("▆"), S("▇"), S("█")};
    ptrdiff_t first = t->n > BARS ? t->n - BARS : 0;
    int64_t most = 1;
    for (ptrdiff_t i = first; i < t->n; i++)
        most = dash_number(t, i, column) > most ? dash_number(t, i, column) : most;
    buf_put(to, S("  "));
    for (ptrdiff_t i = first; i < t->n; i++) {
        int64_t n = dash_number(t, i, column);
        buf_put(to, n ? bars[n * 7 / most] : S(" "));
    }
    buf_byte(to, '\n');
}

static void put_seconds(struct buf *to, const struct table *t, const char *name, str column)
{
    buf_fmt(to, "%s ", name);
    if (dash_known(t, 0, column))
        put_short(to, dash_number(t, 0, column));
    else
        buf_put(to, S("–"));
}

static void put_head(struct buf *to, const struct dash *d)
{
    char text[64];
    time_t at = d->request->now;
    struct tm tm = {0};
    localtime_r(&at, &tm);
    strftime(text, sizeof text, "%a %e %b %Y, %H:%M", &tm);
    buf_fmt(to, "Mail, %s, %.*s: ", text, STR_ARG(dash_range(d)));
    buf_put(to, d->findings.worst == HEALTH_OK ? S("all is well") : health_name(d->findings.worst));
    buf_byte(to, '\n');
}

static void put_findings(struct buf *to, const struct dash *d)
{
    if (d->findings.worst == HEALTH_OK)
        return;
    put_title(to, d, "Health", "health", true);
    for (ptrdiff_t i = 0; i < d->findings.n; i++) {
        const struct finding *f = &d->findings.item[i];
        if (f->status == HEALTH_OK)
            continue;
        buf_fmt(to, "  %-8.*s  ", STR_ARG(health_name(f->status)));
        if (f->account.len) {
            put_plain(to, f->account);
            buf_put(to, S(": "));
        }
        put_plain(to, f->message);
        if (f->since) {
            buf_put(to, S(", for "));
            put_age(to, d->request->now > f->since ? d->request->now - f->since : 0);
        }
        if (f->hint.len) {
            buf_put(to, S("; "));
            put_plain(to, f->hint);
        }
        buf_byte(to, '\n');
    }
}

/* The columns that are named, in two more blanks. */
static void put_part(struct buf *to, const struct table *t, const char *const *columns)
{
    struct buf text = buf_new(t->mem, 256), lines = buf_new(t->mem, 4096);
    struct table part = {.mem = t->mem, .key = 0};
    for (int i = 0; columns[i]; i++)
        table_column(&part, str_c(columns[i]), t->column[dash_column(t, str_c(columns[i]))].kind);
    for (ptrdiff_t row = 0; row < t->n; row++) {
        struct cell *cells = table_row(&part);
        for (int i = 0; columns[i]; i++)
            cells[i] = table_at(t, row)[dash_column(t, str_c(columns[i]))];
    }
    if (!t->n) {
        buf_put(to, S("  none\n"));
        return;
    }
    put_columns(&lines, &text, &part);
    for (str rest = buf_str(&lines), line; str_cut(rest, '\n', &line, &rest);)
        buf_fmt(to, "  %.*s\n", STR_ARG(line));
}

static void put_accounts(struct buf *to, const struct dash *d)
{
    static const char *const columns[] = {"account", "health", "mail", "polls", "failed", "lastOkAt", NULL};
    struct table t = {.mem = d->request->mem};
    for (int i = 0; columns[i]; i++)
        table_column(&t, str_c(columns[i]), i < 2 ? COLUMN_TEXT : i < 5 ? COLUMN_COUNT : COLUMN_TIME);
    for (ptrdiff_t i = 0; i < d->accounts; i++) {
        const struct dash_account *a = &d->account[i];
        struct cell *row = table_row(&t);
        row[0] = cell_text(a->name);
        row[1] = cell_text(a->worst ? health_name(a->worst->status) : a->configured ? STR_NONE : S("not configured"));
        row[2] = cell_number(a->emails);
        row[3] = cell_number(a->polls);
        row[4] = cell_number(a->failed);
        if (a->last)
            row[5] = cell_number(a->last);
    }
    put_title(to, d, "Accounts", "polls --by account", false);
    put_part(to, &t, columns);
}

static void put_numbers(struct buf *to, const struct dash *d)
{
    const char *by = by_name(d->request->by).ptr;
    arena *a = d->request->mem;
    put_title(to, d, "Mail", str_fmt(a, "volume --by %s", by).ptr, false);
    buf_fmt(to, "  %lld emails, %lld of them ours\n", (long long)dash_sum(&d->volume, S("emails")), (long long)dash_sum(&d->volume, S("outbound")));
    put_row_of_bars(to, &d->volume, S("emails"));
    put_title(to, d, "First answers", str_fmt(a, "response-time --by %s", by).ptr, false);
    buf_fmt(to, "  %lld of %lld threads answered; ", (long long)dash_number(&d->response_all, 0, S("answered")),
            (long long)dash_number(&d->response_all, 0, S("threads")));
    put_seconds(to, &d->response_all, "p50", S("p50Seconds"));
    put_seconds(to, &d->response_all, ", p90", S("p90Seconds"));
    put_seconds(to, &d->response_all, ", p99", S("p99Seconds"));
    buf_byte(to, '\n');
    put_row_of_bars(to, &d->response, S("p50Seconds"));
}

static void put_queue(struct buf *to, const struct dash *d)
{
    static const char *const columns[] = {"key", "queued", "deferred", "held", "uncertain", "oldestSeconds", NULL};
    put_title(to, d, "Queue", "queue", true);
    buf_fmt(to, "  %lld waiting%s; %lld sent and %lld failed of %lld attempts\n", (long long)dash_waiting(&d->queue, 0), d->sending.paused ? ", paused" : "",
            (long long)dash_number(&d->rates, 0, S("sent")), (long long)dash_number(&d->rates, 0, S("failed")),
            (long long)dash_number(&d->rates, 0, S("attempts")));
    if (d->domains.n)
        put_part(to, &d->domains, columns);
}

void dash_text(const struct dash *d, struct buf *to)
{
    static const char *const senders[] = {"emails", "email", "name", NULL}, *const errors[] = {"errors", "source", "code", "lastAt", "message", NULL};
    static const char *const polls[] = {"startedAt", "account", "mailbox", "status", "fetched", "seconds", "error", NULL};
    put_head(to, d);
    put_findings(to, d);
    if (!d->request->errors) {
        put_numbers(to, d);
        put_queue(to, d);
        put_accounts(to, d);
        put_title(to, d, "Senders", "senders", false);
        put_part(to, &d->senders, senders);
    }
    put_title(to, d, "Errors", "errors", false);
    put_part(to, &d->errors, errors);
    put_title(to, d, "Last polls", "polls --by account", false);
    put_part(to, &d->polls, polls);
}
