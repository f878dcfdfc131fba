/* The dashboard as a record, under our names and under those of the sending service that came before. */
#include "mail-stats/dash.h"

#include "date/date.h"
#include "json/json.h"

static void put_text(struct jwrite *w, str key, str value)
{
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_number(struct jwrite *w, str key, int64_t value)
{
    jwrite_key(w, key);
    jwrite_i64(w, value);
}

static void put_bool(struct jwrite *w, str key, bool value)
{
    jwrite_key(w, key);
    jwrite_bool(w, value);
}

static void put_at(struct jwrite *w, str key, int64_t at)
{
    char text[32];
    arena none = {0};
    struct buf b = {.ptr = text, .cap = sizeof text, .mem = &none};
    date_put_utc(&b, at);
    put_text(w, key, buf_str(&b));
}

static void put_time(struct jwrite *w, str key, int64_t at_or_0)
{
    if (at_or_0)
        put_at(w, key, at_or_0);
    else
        put_text(w, key, STR_NONE);
}

static void put_rows(struct jwrite *w, str key, const struct table *t)
{
    struct buf text = buf_new(t->mem, 256);
    jwrite_key(w, key);
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < t->n; i++)
        put_members(w, &text, t, table_at(t, i));
    jwrite_end_array(w);
}

/* Of a report that has one row. */
static void put_row(struct jwrite *w, str key, const struct table *t)
{
    struct buf text = buf_new(t->mem, 256);
    jwrite_key(w, key);
    put_members(w, &text, t, table_at(t, 0));
}

static void put_health(struct jwrite *w, const struct findings *all)
{
    jwrite_key(w, S("health"));
    jwrite_object(w);
    put_text(w, S("status"), health_name(all->worst));
    jwrite_key(w, S("findings"));
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < all->n; i++) {
        const struct finding *f = &all->item[i];
        if (f->status == HEALTH_OK)
            continue;
        jwrite_object(w);
        put_text(w, S("status"), health_name(f->status));
        put_text(w, S("check"), f->check);
        put_text(w, S("account"), f->account);
        put_text(w, S("object"), f->object);
        put_text(w, S("message"), f->message);
        put_text(w, S("hint"), f->hint);
        put_time(w, S("since"), f->since);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
    jwrite_end_object(w);
}

static void put_accounts(struct jwrite *w, const struct dash *d)
{
    jwrite_key(w, S("accounts"));
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < d->accounts; i++) {
        const struct dash_account *a = &d->account[i];
        jwrite_object(w);
        put_text(w, S("account"), a->name);
        put_text(w, S("status"), a->worst ? health_name(a->worst->status) : STR_NONE);
        put_text(w, S("message"), a->worst && a->worst->status != HEALTH_OK ? a->worst->message : STR_NONE);
        put_number(w, S("emails"), a->emails);
        put_number(w, S("polls"), a->polls);
        put_number(w, S("failed"), a->failed);
        put_time(w, S("lastOkAt"), a->last);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

static str service_status(const struct dash *d) { return d->sending.paused ? S("stopped") : S("running"); }

static int64_t settled(const struct dash *d, str column) { return dash_number(&d->queue, 0, column); }

static int64_t failures(const struct dash *d) { return settled(d, S("failed")) + settled(d, S("expired")); }

static void put_window(struct jwrite *w, const struct dash_window *x, bool legacy)
{
    int64_t interval = 0;
    bool number = str_i64(x->interval, 0, INT64_MAX, &interval);
    jwrite_key(w, S("schedule"));
    if (!x->known && !legacy) {
        jwrite_null(w);
        return;
    }
    jwrite_object(w);
    if (!legacy)
        put_text(w, S("window"), x->name);
    put_text(w, legacy ? S("startTime") : S("start"), x->known && !x->start.ptr ? S("00:00") : x->start);
    put_text(w, legacy ? S("endTime") : S("end"), x->known && !x->end.ptr ? S("24:00") : x->end);
    jwrite_key(w, S("interval"));
    if (number)
        jwrite_i64(w, interval);
    else
        jwrite_null(w);
    put_text(w, legacy ? S("intervalUnit") : S("unit"), number && !x->unit.ptr ? S("minutes") : x->unit);
    put_bool(w, S("isActive"), x->known ? x->open : true);
    jwrite_end_object(w);
}

void dash_json(const struct dash *d, struct buf *to)
{
    const struct request *r = d->request;
    struct jwrite w = {.to = to};
    jwrite_object(&w);
    put_text(&w, S("type"), S("dash"));
    put_number(&w, S("v"), 1);
    put_at(&w, S("at"), r->now);
    put_at(&w, S("since"), r->range.since);
    put_time(&w, S("until"), r->range.until == INT64_MAX ? 0 : r->range.until);
    put_text(&w, S("store"), store_dir(r->store));
    put_number(&w, S("readMs"), d->took_ms);
    put_health(&w, &d->findings);
    put_window(&w, &d->window, false);
    jwrite_key(&w, S("service"));
    jwrite_object(&w);
    put_text(&w, S("status"), service_status(d));
    put_time(&w, S("lastRunAt"), d->sending.last_at);
    put_time(&w, S("nextRunAt"), dash_next_run(d));
    put_number(&w, S("totalProcessed"), settled(d, S("sent")) + failures(d));
    put_number(&w, S("totalSent"), settled(d, S("sent")));
    put_number(&w, S("totalFailed"), failures(d));
    jwrite_end_object(&w);
    put_accounts(&w, d);
    put_rows(&w, S("volume"), &d->volume);
    put_row(&w, S("responseTime"), &d->response_all);
    put_rows(&w, S("responseTimes"), &d->response);
    put_row(&w, S("queue"), &d->queue);
    put_rows(&w, S("domains"), &d->domains);
    put_row(&w, S("rates"), &d->rates);
    put_rows(&w, S("senders"), &d->senders);
    put_rows(&w, S("errors"), &d->errors);
    put_rows(&w, S("polls"), &d->polls);
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}

void dash_legacy(const struct dash *d, struct buf *to)
{
    struct jwrite w = {.to = to};
    jwrite_object(&w);
    jwrite_key(&w, S("database"));
    jwrite_object(&w);
    put_bool(&w, S("connected"), true);
    put_text(&w, S("server"), store_dir(d->request->store));
    put_text(&w, S("database"), S("mail.db"));
    put_time(&w, S("lastChecked"), d->request->now);
    put_number(&w, S("responseTime"), d->took_ms);
    jwrite_end_object(&w);
    put_window(&w, &d->window, true);
    jwrite_key(&w, S("service"));
    jwrite_object(&w);
    put_text(&w, S("status"), service_status(d));
    put_time(&w, S("lastRun"), d->sending.last_at);
    put_time(&w, S("nextRun"), dash_next_run(d));
    jwrite_key(&w, S("emailStats"));
    jwrite_object(&w);
    put_number(&w, S("totalProcessed"), settled(d, S("sent")) + failures(d));
    put_number(&w, S("totalSent"), settled(d, S("sent")));
    put_number(&w, S("totalFailed"), failures(d));
    jwrite_end_object(&w);
    jwrite_end_object(&w);
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}

bool dash_print(struct request *r, enum format f, struct buf *to, struct err *e)
{
    struct dash d;
    if (!dash_read(r, &d, e))
        return false;
    if (f == FORMAT_HTML)
        dash_page(&d, to);
    else if (f == FORMAT_TABLE)
        dash_text(&d, to);
    else if (r->legacy)
        dash_legacy(&d, to);
    else
        dash_json(&d, to);
    return true;
}
