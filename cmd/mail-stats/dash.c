/* What the dashboard shows: the reports, what health finds, accounts, and when mail leaves. */
#include "mail-stats/dash.h"
#include "mail-stats/mails.h"

#include "date/date.h"

#include <stdlib.h>

/* ---- cells ------------------------------------------------------------------------------------------------ */

int dash_column(const struct table *t, str name)
{
    for (int i = 0; i < t->columns; i++)
        if (str_eq(t->column[i].name, name))
            return i;
    return -1;
}

static const struct cell *cell_at(const struct table *t, ptrdiff_t row, str column)
{
    int i = dash_column(t, column);
    return i >= 0 && row >= 0 && row < t->n ? &table_at(t, row)[i] : NULL;
}

bool dash_known(const struct table *t, ptrdiff_t row, str column)
{
    const struct cell *c = cell_at(t, row, column);
    return c && c->known;
}

int64_t dash_number(const struct table *t, ptrdiff_t row, str column)
{
    const struct cell *c = cell_at(t, row, column);
    return c && c->known ? c->number : 0;
}

int64_t dash_sum(const struct table *t, str column)
{
    int64_t sum = 0;
    for (ptrdiff_t i = 0; i < t->n; i++)
        sum += dash_number(t, i, column);
    return sum;
}

int64_t dash_waiting(const struct table *t, ptrdiff_t row)
{
    static const str open[] = {S("openUnder5m"), S("openUnder1h"), S("openUnder6h"), S("openUnder1d"), S("openOlder")};
    int64_t sum = 0;
    for (int i = 0; i < 5; i++)
        sum += dash_number(t, row, open[i]);
    return sum;
}

/* ---- reports ----------------------------------------------------------------------------------------------- */

static bool report(struct request *r, report_run *run, enum by by, const char *title, struct table *out, struct err *e)
{
    struct request part = *r;
    part.by = by;
    *out = (struct table){.mem = r->mem, .title = str_c(title)};
    if (!run(&part, out, e))
        return false;
    if (!out->series)
        table_limit(out, part.limit);
    return true;
}

/* All of the queue from its domains, as the report has it. */
static void sum_domains(const struct table *domains, struct table *out)
{
    *out = *domains;
    out->cell = NULL;
    out->n = out->cap = 0;
    struct cell *row = table_row(out);
    for (int k = 0; k < out->columns; k++) {
        bool oldest = out->column[k].kind == COLUMN_SECONDS;
        row[k] = out->column[k].kind == COLUMN_COUNT ? cell_number(0) : (struct cell){0};
        for (ptrdiff_t i = 0; i < domains->n; i++) {
            const struct cell *c = &table_at(domains, i)[k];
            if (out->column[k].kind == COLUMN_COUNT)
                row[k].number += c->number;
            if (oldest && c->known && (!row[k].known || c->number > row[k].number))
                row[k] = *c;
        }
    }
    int64_t sent = dash_number(out, 0, S("sent"));
    row[0] = row[1] = cell_text(by_name(BY_ALL));
    row[dash_column(out, S("successRate"))] = cell_rate(sent, sent + dash_number(out, 0, S("failed")) + dash_number(out, 0, S("expired")));
}

/* Those where something waits, most of it first: the row is moved up before those with less. */
static void rank_domains(struct table *t, int64_t limit)
{
    ptrdiff_t kept = 0;
    size_t size = (size_t)t->columns * sizeof *t->cell;
    struct cell *row = ARENA_ARRAY(t->mem, struct cell, t->columns);
    for (ptrdiff_t i = 0; i < t->n; i++) {
        int64_t waits = dash_waiting(t, i);
        ptrdiff_t at = kept;
        while (at > 0 && dash_waiting(t, at - 1) < waits)
            at--;
        if (!waits || at >= limit)
            continue;
        kept += kept < limit;
        memcpy(row, table_at(t, i), size);
        memmove(table_at(t, at + 1), table_at(t, at), (size_t)(kept - 1 - at) * size);
        memcpy(table_at(t, at), row, size);
    }
    t->n = kept;
}

struct last_polls {
    struct table *table;
    ptrdiff_t most;
};

/* The latest come first; most are read in this order. */
enum { POLL_START = 3 /* its column */ };

static void keep_poll(void *context, const struct stats_poll *p)
{
    struct last_polls *last = context;
    struct table *t = last->table;
    arena *a = t->mem;
    ptrdiff_t at = t->n;
    while (at > 0 && table_at(t, at - 1)[POLL_START].number < p->started_at)
        at--;
    if (at == last->most)
        return;
    if (t->n < last->most)
        table_row(t);
    struct cell *row = table_at(t, at);
    memmove(row + t->columns, row, (size_t)(t->n - 1 - at) * (size_t)t->columns * sizeof *row);
    const int64_t numbers[] = {p->started_at, p->ended_at > p->started_at ? p->ended_at - p->started_at : 0, p->found, p->fetched, p->failed, p->octets};
    row[0] = cell_text(p->account);
    row[1] = cell_text(str_copy(a, p->mailbox));
    row[2] = cell_text(str_copy(a, p->status));
    for (int i = 0; i < 6; i++)
        row[3 + i] = cell_number(numbers[i]);
    row[9] = cell_text(p->code.ptr ? str_copy(a, p->code) : STR_NONE);
    row[10] = cell_text(p->error.ptr ? str_copy(a, p->error) : STR_NONE);
}

static bool read_polls(struct request *r, struct table *t, struct err *e)
{
    *t = (struct table){.mem = r->mem, .title = S("Last polls")};
    struct last_polls last = {t, (ptrdiff_t)r->limit};
    table_column(t, S("account"), COLUMN_TEXT);
    table_column(t, S("mailbox"), COLUMN_TEXT);
    table_column(t, S("status"), COLUMN_TEXT);
    table_column(t, S("startedAt"), COLUMN_TIME);
    table_column(t, S("seconds"), COLUMN_SECONDS);
    table_column(t, S("found"), COLUMN_COUNT);
    table_column(t, S("fetched"), COLUMN_COUNT);
    table_column(t, S("failed"), COLUMN_COUNT);
    table_column(t, S("octets"), COLUMN_OCTETS);
    table_column(t, S("code"), COLUMN_TEXT);
    table_column(t, S("error"), COLUMN_TEXT);
    struct stats_range range = r->range;
    range.any_order = true;
    range.failed = r->errors;
    return stats_polls(r->mem, r->store, &range, keep_poll, &last, e);
}

/* ---- accounts ------------------------------------------------------------------------------------------------ */

struct accounts {
    struct dash *dash;
    struct map places;
    ptrdiff_t cap;
};

static struct dash_account *account_at(struct accounts *a, str name)
{
    struct dash *d = a->dash;
    struct map_slot *slot = map_get(&a->places, name);
    if (slot)
        return &d->account[slot->value.num];
    if (d->accounts == a->cap) {
        ptrdiff_t cap = a->cap ? a->cap * 2 : 16;
        d->account = arena_grow(d->request->mem, d->account, (size_t)a->cap * sizeof *d->account, (size_t)cap * sizeof *d->account,
                                _Alignof(struct dash_account));
        a->cap = cap;
    }
    map_put(d->request->mem, &a->places, name)->value.num = d->accounts;
    d->account[d->accounts] = (struct dash_account){.name = name};
    return &d->account[d->accounts++];
}

static int by_account(const void *a, const void *b)
{
    const struct dash_account *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

static bool read_accounts(struct dash *d, const struct config *config, struct err *e)
{
    struct request *r = d->request, all = *r;
    struct accounts a = {.dash = d};
    struct table volume, polls;
    struct strs names = {0};
    all.limit = -1;
    if (!report(&all, volume_run, BY_ACCOUNT, "", &volume, e) || !report(&all, polls_run, BY_ACCOUNT, "", &polls, e))
        return false;
    config_accounts(r->mem, config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (!r->accounts.n || strs_have(&r->accounts, names.item[i]))
            account_at(&a, names.item[i])->configured = true;
    for (ptrdiff_t i = 0; i < volume.n; i++)
        account_at(&a, table_at(&volume, i)[volume.key].text)->emails = dash_number(&volume, i, S("emails"));
    for (ptrdiff_t i = 0; i < polls.n; i++) {
        struct dash_account *to = account_at(&a, table_at(&polls, i)[polls.key].text);
        to->polls = dash_number(&polls, i, S("polls"));
        to->failed = dash_number(&polls, i, S("failed"));
        to->last = dash_number(&polls, i, S("lastOkAt"));
    }
    for (ptrdiff_t i = 0; i < d->findings.n; i++) {
        const struct finding *f = &d->findings.item[i];
        struct dash_account *to = f->account.ptr ? account_at(&a, f->account) : NULL;
        if (to && (!to->worst || f->status > to->worst->status))
            to->worst = f;
    }
    if (d->accounts)
        qsort(d->account, (size_t)d->accounts, sizeof *d->account, by_account);
    return true;
}

/* ---- when mail leaves ------------------------------------------------------------------------------------------ */

static bool read_window(struct dash *d, const struct config *config, struct err *e)
{
    static const str kind = S("window");
    struct request *r = d->request;
    struct dash_window *w = &d->window;
    struct schedule s = schedule_always();
    struct strs names = {0};
    *w = (struct dash_window){.name = config_get(config, STR_NONE, S("window"))};
    config_sections(r->mem, config, kind, &names);
    if (!w->name.len && names.n == 1)
        w->name = names.item[0];
    if (!w->name.len || !strs_have(&names, w->name))
        return true;
    w->known = true;
    w->start = config_section_get(config, kind, w->name, S("start"));
    w->end = config_section_get(config, kind, w->name, S("end"));
    w->interval = config_section_get(config, kind, w->name, S("interval"));
    w->unit = config_section_get(config, kind, w->name, S("unit"));
    s.zone = config_section_get(config, kind, w->name, S("timeZone"));
    str days = config_section_get(config, kind, w->name, S("days")), holidays = config_section_get(config, kind, w->name, S("holidays"));
    if ((w->start.ptr && !schedule_read_time(w->start, &s.start, e)) || (w->end.ptr && !schedule_read_time(w->end, &s.end, e)) ||
        (w->interval.ptr && !schedule_read_interval(w->interval, w->unit, &s.interval_s, e)) ||
        (days.ptr && !schedule_read_days(days, &s.days, e)) || (s.zone.ptr && !schedule_read_zone(s.zone, e)) ||
        (holidays.ptr && !schedule_read_holidays(r->mem, holidays, &s.holidays, &s.n_holidays, e)))
        return config_section_wrong(config, kind, w->name, STR_NONE, e);
    w->open = schedule_is_open(&s, r->now);
    if (!schedule_next(&s, r->now, &w->next_at))
        w->next_at = 0;
    return true;
}

int64_t dash_next_run(const struct dash *d)
{
    int64_t due = d->sending.next_at;
    if (d->sending.paused)
        return 0;
    if (d->window.known)
        return d->window.next_at > due ? d->window.next_at : due;
    return due && due < d->request->now ? d->request->now : due;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------- */

static bool read_store(struct dash *d, struct err *e)
{
    struct request *r = d->request, now = *r, every = *r;
    now.range.since = INT64_MIN;
    now.range.until = INT64_MAX;
    now.limit = every.limit = -1;
    struct mails mails = {0};
    every.mails = &mails;
    if (!report(&every, volume_run, r->by, "Mail", &d->volume, e) || !report(&every, response_run, r->by, "Response times", &d->response, e) ||
        !report(&every, response_run, BY_ALL, "Response times", &d->response_all, e) ||
        !report(&every, rates_run, BY_ALL, "Attempts to send", &d->rates, e) ||
        !report(&now, queue_run, BY_DOMAIN, "Queue", &d->domains, e) || !report(r, senders_run, BY_ALL, "Senders", &d->senders, e) ||
        !report(&every, errors_run, BY_ALL, "Errors", &d->errors, e))
        return false;
    d->errors_n = dash_sum(&d->errors, S("errors"));
    table_limit(&d->errors, r->limit);
    sum_domains(&d->domains, &d->queue);
    rank_domains(&d->domains, r->limit);
    return read_polls(r, &d->polls, e) && stats_sending(r->store, &d->sending, e);
}

/* DASH_DAYS before the end, where no beginning was said; commands must be able to say it too. */
static void begin_range(struct request *r)
{
    if (r->range.since != INT64_MIN)
        return;
    if (r->range.until == INT64_MAX) {
        r->since = "30d";
        r->range.since = date_local_midnight(r->now, -DASH_DAYS);
        return;
    }
    struct buf day = buf_new(r->mem, 32);
    r->range.since = date_local_midnight(r->range.until - 1, 1 - DASH_DAYS);
    period_name(BY_DAY, r->range.since, &day);
    r->since = str_z(r->mem, buf_str(&day));
}

bool dash_read(struct request *r, struct dash *out, struct err *e)
{
    struct config config;
    *out = (struct dash){.request = r, .findings.mem = r->mem};
    r->limit = r->limit < 0 ? DASH_ROWS : r->limit;
    begin_range(r);
    if (!config_load(r->mem, r->config, &config, e))
        return false;
    health_findings(r, NULL, &out->findings);
    int64_t start = sys_clock.monotonic_ms();
    if (!store_read_begin(r->store, e))
        return false;
    bool good = read_store(out, e) && read_accounts(out, &config, e);
    store_read_end(r->store);
    out->took_ms = sys_clock.monotonic_ms() - start;
    return good && read_window(out, &config, e);
}

/* ---- words ---------------------------------------------------------------------------------------------------------- */

static void put_argument(struct buf *to, str text)
{
    bool plain = text.len > 0;
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        plain &= (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("_-./:@%+=,", c));
    }
    buf_byte(to, ' ');
    if (plain) {
        buf_put(to, text);
        return;
    }
    buf_byte(to, '\'');
    for (ptrdiff_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\'')
            buf_put(to, S("'\\''"));
        else
            buf_byte(to, text.ptr[i]);
    buf_byte(to, '\'');
}

static void put_option(struct buf *to, str name, const char *value)
{
    if (!value)
        return;
    buf_put(to, name);
    put_argument(to, str_c(value));
}

str dash_command(const struct dash *d, const char *report, bool now)
{
    const struct request *r = d->request;
    struct buf b = buf_new(r->mem, 128);
    buf_put(&b, S("mail-stats"));
    put_option(&b, S(" -s"), r->dir);
    put_option(&b, S(" -C"), r->config);
    for (ptrdiff_t i = 0; i < r->accounts.n; i++) {
        buf_put(&b, S(" -a"));
        put_argument(&b, r->accounts.item[i]);
    }
    buf_byte(&b, ' ');
    buf_put(&b, str_c(report));
    put_option(&b, S(" --since"), now ? NULL : r->since);
    put_option(&b, S(" --until"), now ? NULL : r->until);
    return buf_str(&b);
}

str dash_range(const struct dash *d)
{
    const struct request *r = d->request;
    str since = str_c(r->since), number = str_first(since, since.len - 1);
    static const struct {
        char letter;
        const char *name;
    } units[] = {{'d', "day"}, {'w', "week"}, {'h', "hour"}};
    struct buf b = buf_new(r->mem, 64);
    int64_t n;
    for (int i = 0; i < 3 && !r->until; i++)
        if (since.ptr[since.len - 1] == units[i].letter && str_i64(number, 0, INT64_MAX, &n)) {
            buf_fmt(&b, "the last %lld %s%s", (long long)n, units[i].name, n == 1 ? "" : "s");
            return buf_str(&b);
        }
    buf_put(&b, S("since "));
    buf_put(&b, since);
    if (r->until) {
        buf_put(&b, S(" until "));
        buf_put(&b, str_c(r->until));
    }
    return buf_str(&b);
}
