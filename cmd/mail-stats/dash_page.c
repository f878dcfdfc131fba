/* The dashboard as one HTML file that needs nothing else: no script, nothing loaded. Texts of mail pass put_safe. */
#include "mail-stats/dash.h"

#include "codec/codec.h"
#include "date/date.h"

#include <stdio.h>
#include <time.h>

enum { LONGEST = 200 /* characters of a text */, FIGURES = 120 /* of more periods there is no table below the drawing */ };

struct page {
    const struct dash *d;
    struct buf *to;
    arena *mem;
};

/* ---- texts ------------------------------------------------------------------------------------------------------- */

static void put(struct page *p, const char *html) { buf_put(p->to, str_c(html)); }

static void put_safe(struct page *p, str text)
{
    arena scratch = *p->mem;
    struct buf plain = buf_new(&scratch, text.len + 16);
    str shown = utf8_first_chars(text, LONGEST);
    put_plain(&plain, shown);
    if (shown.len < text.len)
        buf_put(&plain, S("…"));
    put_escaped(p->to, buf_str(&plain));
}

static void put_clock(struct buf *to, int64_t at, const char *format)
{
    char text[64];
    time_t t = at;
    struct tm tm = {0};
    localtime_r(&t, &tm);
    buf_put(to, str_of(text, (ptrdiff_t)strftime(text, sizeof text, format, &tm)));
}

static void put_time(struct page *p, int64_t at, const char *format)
{
    put(p, "<time datetime=\"");
    date_put_utc(p->to, at);
    put(p, "\">");
    put_clock(p->to, at, format);
    put(p, "</time>");
}

static void put_since(struct page *p, int64_t at)
{
    int64_t now = p->d->request->now;
    put(p, "<time datetime=\"");
    date_put_utc(p->to, at);
    put(p, "\" title=\"");
    put_clock(p->to, at, "%a %e %b %Y, %H:%M");
    put(p, "\">");
    put_age(p->to, now > at ? now - at : 0);
    put(p, " ago</time>");
}

static void put_count(struct page *p, int64_t n)
{
    buf_fmt(p->to, "<data value=\"%lld\">", (long long)n);
    put_grouped(p->to, n);
    put(p, "</data>");
}

static void put_seconds(struct page *p, int64_t s)
{
    buf_fmt(p->to, "<data value=\"%lld\">", (long long)s);
    put_short(p->to, s);
    put(p, "</data>");
}

/* A column's value of a report with one row; a dash where it is null. */
static void put_seconds_of(struct page *p, const struct table *t, str column)
{
    if (dash_known(t, 0, column))
        put_seconds(p, dash_number(t, 0, column));
    else
        put(p, "–");
}

/* The mark says by its form what it says by its colour. */
static void put_status(struct page *p, enum health status, const char *word)
{
    static const char *const marks[] = {"<path d=\"M3 8.5l3 3 6-7\"/>", "<path d=\"M7.5 2v7M7.5 12v1.5\"/>", "<path d=\"M3 3l9 9M12 3l-9 9\"/>"};
    static const char *const names[] = {"ok", "warning", "critical"};
    buf_fmt(p->to, "<span class=\"status %s\"><svg width=\"15\" height=\"15\" aria-hidden=\"true\">%s</svg>%s</span>", names[status], marks[status],
            word ? word : names[status]);
}

/* ---- frames ------------------------------------------------------------------------------------------------------- */

/* Numbers lead to the command that prints them, at the foot of their card. */
static void begin_card(struct page *p, const char *id, const char *title, const char *class)
{
    buf_fmt(p->to, "<section class=\"card %s\" aria-labelledby=\"%s\">\n<h2 id=\"%s\">%s</h2>\n", class, id, id, title);
}

/* Each word stays in one line. */
static void put_command(struct page *p, str line)
{
    put(p, "<code>");
    for (str word; line.len; put(p, line.len ? " " : "")) {
        str_cut(line, ' ', &word, &line);
        put(p, "<span>");
        put_escaped(p->to, word);
        put(p, "</span>");
    }
    put(p, "</code>");
}

static void put_foot_line(struct page *p, const char *id, str line)
{
    buf_fmt(p->to, "<p class=\"cmd\" id=\"cmd-%s\">", id);
    put_command(p, line);
    put(p, "</p>\n");
}

static void end_card(struct page *p, const char *id, const char *report, bool now)
{
    put_foot_line(p, id, dash_command(p->d, report, now));
    put(p, "</section>\n");
}

static void put_page_head(struct page *p)
{
    arena scratch = *p->mem;
    str digest = sha256_of(&scratch, str_c(dash_style));
    unsigned char octets[32];
    struct buf sum = buf_new(&scratch, 64);
    for (int i = 0; i < 32; i++) {
        const char *hex = "0123456789abcdef", *h = digest.ptr + (ptrdiff_t)i * 2;
        octets[i] = (unsigned char)((strchr(hex, h[0]) - hex) << 4 | (strchr(hex, h[1]) - hex));
    }
    base64_encode(str_of((char *)octets, 32), 0, &sum);
    put(p, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
           "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-");
    buf_put(p->to, buf_str(&sum));
    put(p, "'; img-src data:; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<link rel=\"icon\" href=\"data:,\">\n"
           "<title>Mail</title>\n<style>");
    put(p, dash_style);
    put(p, "</style>\n</head>\n<body>\n");
}

/* ---- health --------------------------------------------------------------------------------------------------------- */

static int count_findings(const struct findings *all, enum health status)
{
    int n = 0;
    for (ptrdiff_t i = 0; i < all->n; i++)
        n += all->item[i].status == status;
    return n;
}

static void put_verdict(struct page *p)
{
    const struct findings *all = &p->d->findings;
    int critical = count_findings(all, HEALTH_CRITICAL), warnings = count_findings(all, HEALTH_WARNING);
    char text[96];
    if (all->worst == HEALTH_OK)
        snprintf(text, sizeof text, "All is well");
    else if (critical && warnings)
        snprintf(text, sizeof text, "%d critical, %d warning%s", critical, warnings, warnings == 1 ? "" : "s");
    else if (critical)
        snprintf(text, sizeof text, "%d critical", critical);
    else
        snprintf(text, sizeof text, "%d warning%s", warnings, warnings == 1 ? "" : "s");
    put(p, "<p class=\"verdict\"><a href=\"#health\">");
    put_status(p, all->worst, text);
    put(p, "</a></p>\n");
}

static void put_header(struct page *p)
{
    put(p, "<header>\n<div>\n<h1>Mail</h1>\n<p class=\"about\">");
    put_time(p, p->d->request->now, "%a %e %b %Y, %H:%M");
    put(p, " · ");
    put_safe(p, dash_range(p->d));
    put(p, "</p>\n</div>\n");
    put_verdict(p);
    put(p, "</header>\n");
}

static void put_findings(struct page *p)
{
    const struct findings *all = &p->d->findings;
    begin_card(p, "health", "Health", "wide");
    if (all->worst == HEALTH_OK) {
        put(p, "<p class=\"none\">Everything that was looked at is well: ");
        put_count(p, all->n);
        put(p, all->n == 1 ? " check.</p>\n" : " checks.</p>\n");
    } else {
        put(p, "<ul class=\"findings\">\n");
        for (ptrdiff_t i = 0; i < all->n; i++) {
            const struct finding *f = &all->item[i];
            if (f->status == HEALTH_OK)
                continue;
            put(p, "<li>");
            put_status(p, f->status, NULL);
            put(p, "<div><p>");
            if (f->account.len) {
                put(p, "<span class=\"acct\">");
                put_safe(p, f->account);
                put(p, "</span> ");
            }
            put_safe(p, f->message);
            if (f->since) {
                put(p, " <span class=\"dim\">· ");
                put_since(p, f->since);
                put(p, "</span>");
            }
            put(p, "</p>");
            if (f->hint.len) {
                put(p, "<p class=\"dim\">");
                put_safe(p, f->hint);
                put(p, "</p>");
            }
            put(p, "</div></li>\n");
        }
        put(p, "</ul>\n");
    }
    end_card(p, "health", "health", true);
}

/* ---- the figures at the top -------------------------------------------------------------------------------------------- */

static void begin_tile(struct page *p, const char *name, const char *id)
{
    buf_fmt(p->to, "<li><a class=\"tile\" href=\"#cmd-%s\"><span class=\"name\">%s</span> <strong id=\"n-%s\">", id, name, id);
}

static void about_tile(struct page *p) { put(p, "</strong> <span class=\"dim\">"); }
static void end_tile(struct page *p) { put(p, "</span></a></li>\n"); }

static void put_octets(struct page *p, int64_t n)
{
    struct column c = {.kind = COLUMN_OCTETS};
    struct cell cell = cell_number(n);
    cell_show(p->to, &c, &cell);
    put(p, n < 1000 ? " octets" : "iB");
}

static void put_mail_tile(struct page *p)
{
    const struct table *t = &p->d->volume;
    begin_tile(p, "Mail", "volume");
    put_count(p, dash_sum(t, S("emails")));
    about_tile(p);
    put_count(p, dash_sum(t, S("outbound")));
    put(p, " of it ours · ");
    put_octets(p, dash_sum(t, S("octets")));
    end_tile(p);
}

static void put_answer_tile(struct page *p)
{
    const struct table *t = &p->d->response_all;
    begin_tile(p, "First answer", "response");
    put_seconds_of(p, t, S("p50Seconds"));
    about_tile(p);
    put_count(p, dash_number(t, 0, S("answered")));
    put(p, " of ");
    put_count(p, dash_number(t, 0, S("threads")));
    put(p, " answered");
    end_tile(p);
}

static void put_queue_tile(struct page *p)
{
    const struct dash *d = p->d;
    begin_tile(p, "Waiting", "queue");
    put_count(p, dash_waiting(&d->queue, 0));
    about_tile(p);
    if (d->sending.paused)
        put(p, "the queue is paused");
    else if (dash_known(&d->queue, 0, S("oldestSeconds"))) {
        put(p, "the oldest for ");
        put_seconds(p, dash_number(&d->queue, 0, S("oldestSeconds")));
    } else
        put(p, "nothing to send");
    end_tile(p);
}

static void put_sent_tile(struct page *p)
{
    const struct table *t = &p->d->rates;
    int64_t attempts = dash_number(t, 0, S("attempts")), rate = dash_number(t, 0, S("successRate"));
    begin_tile(p, "Sent", "rates");
    put_count(p, dash_number(t, 0, S("sent")));
    about_tile(p);
    if (attempts) {
        buf_fmt(p->to, "%lld.%lld %% of ", (long long)(rate / 100), (long long)(rate % 100 / 10));
        put_count(p, attempts);
        put(p, attempts == 1 ? " attempt" : " attempts");
    } else
        put(p, "no attempts");
    end_tile(p);
}

static void put_account_tile(struct page *p)
{
    const struct dash *d = p->d;
    int64_t well = 0;
    for (ptrdiff_t i = 0; i < d->accounts; i++)
        well += !d->account[i].worst || d->account[i].worst->status == HEALTH_OK;
    begin_tile(p, "Accounts", "accounts");
    put_count(p, d->accounts);
    about_tile(p);
    if (well == d->accounts)
        put(p, d->accounts ? "all of them well" : "none yet");
    else {
        put_count(p, d->accounts - well);
        put(p, d->accounts - well == 1 ? " needs a look" : " need a look");
    }
    end_tile(p);
}

static void put_error_tile(struct page *p)
{
    const struct dash *d = p->d;
    int64_t last = 0;
    for (ptrdiff_t i = 0; i < d->errors.n; i++)
        last = dash_number(&d->errors, i, S("lastAt")) > last ? dash_number(&d->errors, i, S("lastAt")) : last;
    begin_tile(p, "Errors", "errors");
    put_count(p, d->errors_n);
    about_tile(p);
    if (last) {
        put(p, "the last ");
        put_since(p, last);
    } else
        put(p, "none");
    end_tile(p);
}

/* ---- drawings ------------------------------------------------------------------------------------------------------------ */

static const char *short_form(enum by by)
{
    return by == BY_HOUR ? "%e %b %H:%M" : by == BY_MONTH ? "%b %Y" : by == BY_WEEK ? "W%V" : "%e %b";
}

static str period(struct page *p, const struct table *t, ptrdiff_t i, const char *format)
{
    struct buf b = buf_new(p->mem, 24);
    put_clock(&b, dash_number(t, i, S("startAt")), format);
    return str_trim(buf_str(&b));
}

static void put_legend(struct page *p, const char *first, const char *second)
{
    buf_fmt(p->to, "<p class=\"legend\" aria-hidden=\"true\"><span class=\"k0\">%s</span><span class=\"k1\">%s</span></p>\n", first, second);
}

/* The same figures as text, below the drawing. */
static void put_figures(struct page *p, const struct table *t, const str *columns, int n)
{
    struct buf text = buf_new(p->mem, 256);
    if (t->n > FIGURES || !t->n)
        return;
    put(p, "<details><summary>Figures</summary>\n<table>\n<thead><tr><th scope=\"col\">period</th>");
    for (int k = 0; k < n; k++) {
        text.len = 0;
        put_heading(&text, &t->column[dash_column(t, columns[k])]);
        buf_fmt(p->to, "<th scope=\"col\" class=\"n\">%.*s</th>", STR_ARG(buf_str(&text)));
    }
    put(p, "</tr></thead>\n<tbody>\n");
    for (ptrdiff_t i = t->n - 1; i >= 0; i--) {
        put(p, "<tr><th scope=\"row\">");
        put_safe(p, table_at(t, i)[t->key].text);
        put(p, "</th>");
        for (int k = 0; k < n; k++) {
            int column = dash_column(t, columns[k]);
            const struct cell *cell = &table_at(t, i)[column];
            put(p, "<td class=\"n\">");
            if (cell->known && t->column[column].kind == COLUMN_SECONDS)
                put_short(p->to, cell->number);
            else
                cell_show(p->to, &t->column[column], cell);
            put(p, "</td>");
        }
        put(p, "</tr>\n");
    }
    put(p, "</tbody>\n</table>\n</details>\n");
}

/* Two layers of a series: what `tip` says of them and how large they are. */
static void put_series(struct page *p, const struct table *t, const int64_t *low, const int64_t *high, enum column_kind kind, const char *low_name,
                       const char *high_name, str label)
{
    enum by by = p->d->request->by;
    str *name = ARENA_ARRAY(p->mem, str, t->n + 1), *tip = ARENA_ARRAY(p->mem, str, t->n + 1);
    for (ptrdiff_t i = 0; i < t->n; i++) {
        struct buf b = buf_new(p->mem, 64);
        name[i] = period(p, t, i, short_form(by));
        buf_put(&b, by == BY_DAY ? period(p, t, i, "%a %e %b") : name[i]);
        for (int k = 0; k < 2; k++) {
            int64_t n = k ? low[i] + high[i] : low[i];
            buf_fmt(&b, "%s %s ", k ? "," : ":", k ? high_name : low_name);
            if (n < 0)
                buf_put(&b, S("–"));
            else if (kind == COLUMN_SECONDS)
                put_short(&b, n);
            else
                put_grouped(&b, k ? high[i] : n);
        }
        tip[i] = buf_str(&b);
    }
    struct drawing d = {t->n, name, tip, {low, high}, kind, label, DASH_HIGH};
    dash_bars(p->to, &d);
}

static void put_volume(struct page *p)
{
    static const str columns[] = {S("emails"), S("inbound"), S("outbound"), S("octets")};
    const struct table *t = &p->d->volume;
    int64_t *others = ARENA_ARRAY(p->mem, int64_t, t->n + 1), *ours = ARENA_ARRAY(p->mem, int64_t, t->n + 1);
    for (ptrdiff_t i = 0; i < t->n; i++) {
        ours[i] = dash_number(t, i, S("outbound"));
        others[i] = dash_number(t, i, S("emails")) - ours[i];
    }
    str by = by_name(p->d->request->by);
    begin_card(p, "volume", "Mail", "two");
    put_legend(p, "from others", "from us");
    put_series(p, t, others, ours, COLUMN_COUNT, "from others", "from us",
               str_fmt(p->mem, "Mail by %.*s: %lld in all", STR_ARG(by), (long long)dash_sum(t, S("emails"))));
    put_figures(p, t, columns, 4);
    end_card(p, "volume", str_z(p->mem, str_fmt(p->mem, "volume --by %.*s", STR_ARG(by))), false);
}

static void put_response(struct page *p)
{
    static const str columns[] = {S("answered"), S("p50Seconds"), S("p90Seconds"), S("p99Seconds")};
    const struct table *t = &p->d->response, *all = &p->d->response_all;
    int64_t *half = ARENA_ARRAY(p->mem, int64_t, t->n + 1), *most = ARENA_ARRAY(p->mem, int64_t, t->n + 1);
    for (ptrdiff_t i = 0; i < t->n; i++) {
        half[i] = dash_known(t, i, S("p50Seconds")) ? dash_number(t, i, S("p50Seconds")) : -1;
        most[i] = half[i] < 0 ? 0 : dash_number(t, i, S("p90Seconds")) - half[i];
    }
    str by = by_name(p->d->request->by);
    begin_card(p, "response", "First answers", "two");
    put_legend(p, "half of them within", "nine of ten within");
    put_series(p, t, half, most, COLUMN_SECONDS, "half within", "nine of ten within",
               str_fmt(p->mem, "How long first answers took by %.*s: %lld answers", STR_ARG(by), (long long)dash_number(all, 0, S("answered"))));
    put(p, "<dl class=\"row\"><div><dt>half within</dt><dd id=\"n-p50\">");
    put_seconds_of(p, all, S("p50Seconds"));
    put(p, "</dd></div><div><dt>nine of ten</dt><dd id=\"n-p90\">");
    put_seconds_of(p, all, S("p90Seconds"));
    put(p, "</dd></div><div><dt>99 of 100</dt><dd id=\"n-p99\">");
    put_seconds_of(p, all, S("p99Seconds"));
    put(p, "</dd></div><div><dt>every answer, half within</dt><dd id=\"n-reply\">");
    put_seconds_of(p, all, S("replyP50Seconds"));
    put(p, "</dd></div></dl>\n");
    put_figures(p, t, columns, 4);
    end_card(p, "response", str_z(p->mem, str_fmt(p->mem, "response-time --by %.*s", STR_ARG(by))), false);
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

static void put_queue(struct page *p)
{
    static const str ages[] = {S("openUnder5m"), S("openUnder1h"), S("openUnder6h"), S("openUnder1d"), S("openOlder")};
    static const str names[] = {S("<5m"), S("<1h"), S("<6h"), S("<1d"), S("older")};
    const struct dash *d = p->d;
    int64_t age[5];
    str tip[5];
    for (int i = 0; i < 5; i++) {
        age[i] = dash_number(&d->queue, 0, ages[i]);
        tip[i] = str_fmt(p->mem, "%.*s: %lld", STR_ARG(names[i]), (long long)age[i]);
    }
    begin_card(p, "queue", "Queue", "");
    put(p, "<p class=\"legend\" aria-hidden=\"true\"><span>by age</span></p>\n");
    str label = str_fmt(p->mem, "Waiting by age: %lld recipients", (long long)dash_waiting(&d->queue, 0));
    struct drawing drawing = {5, names, tip, {age, NULL}, COLUMN_COUNT, label, DASH_LOW};
    dash_bars(p->to, &drawing);
    put(p, "<dl class=\"row\">");
    for (int i = 0; i < QUEUE_STATUSES; i++) {
        str status = queue_status_name((enum queue_status)i);
        int64_t n = dash_number(&d->queue, 0, status);
        if (!n && i != QUEUE_QUEUED && i != QUEUE_SENT)
            continue;
        buf_fmt(p->to, "<div><dt>%.*s</dt><dd id=\"n-%.*s\">", STR_ARG(status), STR_ARG(status));
        put_count(p, n);
        put(p, "</dd></div>");
    }
    put(p, "</dl>\n");
    if (d->domains.n) {
        put(p, "<ol class=\"ranks\">\n");
        for (ptrdiff_t i = 0; i < d->domains.n; i++) {
            put(p, "<li><span class=\"who\"><span>");
            put_safe(p, table_at(&d->domains, i)[d->domains.key].text);
            put(p, "</span></span> <span class=\"n\">");
            put_count(p, dash_waiting(&d->domains, i));
            put(p, "</span>");
            dash_meter(p->to, dash_waiting(&d->domains, i), dash_waiting(&d->domains, 0));
            put(p, "</li>\n");
        }
        put(p, "</ol>\n");
    }
    put_foot_line(p, "rates", dash_command(d, "rates --by all", false));
    end_card(p, "queue", "queue", true);
}

static void put_senders(struct page *p)
{
    const struct table *t = &p->d->senders;
    begin_card(p, "senders", "Senders", "");
    put(p, t->n ? "<ol class=\"ranks\">\n" : "<p class=\"none\">Nobody wrote.</p>\n");
    for (ptrdiff_t i = 0; i < t->n; i++) {
        const struct cell *row = table_at(t, i);
        put(p, "<li><span class=\"who\"><span>");
        if (row[1].known && row[1].text.len) {
            put_safe(p, row[1].text);
            put(p, "</span> <span class=\"dim\">");
        }
        put_safe(p, row[0].text);
        put(p, "</span></span> <span class=\"n\">");
        put_count(p, dash_number(t, i, S("emails")));
        put(p, "</span>");
        dash_meter(p->to, dash_number(t, i, S("emails")), dash_number(t, 0, S("emails")));
        put(p, "</li>\n");
    }
    put(p, t->n ? "</ol>\n" : "");
    end_card(p, "senders", str_z(p->mem, str_fmt(p->mem, "senders -n %lld", (long long)p->d->request->limit)), false);
}

static void put_accounts(struct page *p)
{
    const struct dash *d = p->d;
    begin_card(p, "accounts", "Accounts", "wide");
    put(p, d->accounts ? "<table>\n<thead><tr><th scope=\"col\">account</th><th scope=\"col\">health</th><th scope=\"col\" class=\"n\">mail</th>"
                         "<th scope=\"col\" class=\"n w\">polls</th><th scope=\"col\" class=\"n w\">failed</th><th scope=\"col\">good poll</th>"
                         "</tr></thead>\n<tbody>\n"
                       : "<p class=\"none\">There is no account: <code>mail-account add</code> makes one.</p>\n");
    for (ptrdiff_t i = 0; i < d->accounts; i++) {
        const struct dash_account *a = &d->account[i];
        put(p, "<tr><th scope=\"row\">");
        put_safe(p, a->name);
        put(p, "</th><td>");
        if (a->worst)
            put_status(p, a->worst->status, NULL);
        else
            put(p, a->configured ? "–" : "not configured");
        put(p, "</td><td class=\"n\">");
        put_count(p, a->emails);
        put(p, "</td><td class=\"n w\">");
        put_count(p, a->polls);
        put(p, "</td><td class=\"n w\">");
        put_count(p, a->failed);
        put(p, "</td><td>");
        if (a->last)
            put_since(p, a->last);
        else
            put(p, "–");
        put(p, "</td></tr>\n");
        if (a->worst && a->worst->status != HEALTH_OK) {
            put(p, "<tr class=\"more\"><td colspan=\"6\">");
            put_safe(p, a->worst->message);
            put(p, "</td></tr>\n");
        }
    }
    put(p, d->accounts ? "</tbody>\n</table>\n" : "");
    end_card(p, "accounts", "polls --by account", false);
}

static void put_errors(struct page *p)
{
    const struct table *t = &p->d->errors;
    begin_card(p, "errors", "Errors", "half");
    put(p, t->n ? "<table>\n<thead><tr><th scope=\"col\">error</th><th scope=\"col\" class=\"n\">times</th><th scope=\"col\">last</th></tr></thead>\n<tbody>\n"
                : "<p class=\"none\">None.</p>\n");
    for (ptrdiff_t i = 0; i < t->n; i++) {
        const struct cell *row = table_at(t, i);
        put(p, "<tr><th scope=\"row\"><code>");
        put_safe(p, row[dash_column(t, S("code"))].text);
        put(p, "</code> <span class=\"dim\">");
        put_safe(p, row[dash_column(t, S("source"))].text);
        put(p, "</span><span class=\"why\">");
        put_safe(p, row[dash_column(t, S("message"))].text);
        put(p, "</span></th><td class=\"n\">");
        put_count(p, dash_number(t, i, S("errors")));
        put(p, "</td><td>");
        put_since(p, dash_number(t, i, S("lastAt")));
        put(p, "</td></tr>\n");
    }
    put(p, t->n ? "</tbody>\n</table>\n" : "");
    end_card(p, "errors", "errors", false);
}

static enum health health_of(str status) { return str_eq(status, S("ok")) ? HEALTH_OK : str_eq(status, S("partial")) ? HEALTH_WARNING : HEALTH_CRITICAL; }

static void put_polls(struct page *p)
{
    const struct table *t = &p->d->polls;
    begin_card(p, "polls", "Last polls", "half");
    put(p, t->n ? "<table>\n<thead><tr><th scope=\"col\">mailbox</th><th scope=\"col\">outcome</th><th scope=\"col\" class=\"n\">fetched</th>"
                  "<th scope=\"col\" class=\"n w\">took</th><th scope=\"col\">when</th></tr></thead>\n<tbody>\n"
                : "<p class=\"none\">None.</p>\n");
    for (ptrdiff_t i = 0; i < t->n; i++) {
        const struct cell *row = table_at(t, i);
        put(p, "<tr><th scope=\"row\">");
        put_safe(p, row[0].text);
        put(p, " <span class=\"dim\">");
        put_safe(p, row[1].text);
        put(p, "</span></th><td>");
        put_status(p, health_of(row[2].text), str_z(p->mem, row[2].text));
        put(p, "</td><td class=\"n\">");
        put_count(p, dash_number(t, i, S("fetched")));
        put(p, "</td><td class=\"n w\">");
        put_short(p->to, dash_number(t, i, S("seconds")));
        put(p, "</td><td>");
        put_since(p, dash_number(t, i, S("startedAt")));
        put(p, "</td></tr>\n");
    }
    put(p, t->n ? "</tbody>\n</table>\n" : "");
    put_foot_line(p, "polls", str_fmt(p->mem, "%.*s | jq .polls", STR_ARG(dash_command(p->d, "dash -f json", false))));
    put(p, "</section>\n");
}

/* When mail leaves, and where all of this is. */
static void put_foot(struct page *p)
{
    const struct dash *d = p->d;
    int64_t next = dash_next_run(d);
    put(p, "<footer>\n<p>");
    if (d->window.known) {
        put(p, "Mail leaves within the window ");
        put_safe(p, d->window.name);
        put(p, d->window.open ? ", which is open. " : ", which is closed. ");
    }
    if (d->sending.last_at) {
        put(p, "The last attempt to send was ");
        put_since(p, d->sending.last_at);
        put(p, ". ");
    }
    if (next && dash_waiting(&d->queue, 0)) {
        put(p, "The next is due ");
        put_time(p, next, "%a %e %b, %H:%M");
        put(p, ". ");
    }
    put(p, "</p>\n<p>");
    put_safe(p, store_dir(d->request->store));
    buf_fmt(p->to, " · read in %lld ms · ", (long long)d->took_ms);
    put_command(p, dash_command(d, "dash -f html", false));
    put(p, "</p>\n</footer>\n");
}

static void put_tiles(struct page *p)
{
    put(p, "<ul class=\"tiles\" aria-label=\"At a glance\">\n");
    put_mail_tile(p);
    put_answer_tile(p);
    put_queue_tile(p);
    put_sent_tile(p);
    put_account_tile(p);
    put_error_tile(p);
    put(p, "</ul>\n");
}

static void put_numbers(struct page *p)
{
    put_volume(p);
    put_senders(p);
    put_response(p);
    put_queue(p);
    put_accounts(p);
}

void dash_page(const struct dash *d, struct buf *to)
{
    struct page p = {d, to, d->request->mem};
    put_page_head(&p);
    put_header(&p);
    put(&p, "<main>\n");
    if (!d->request->errors)
        put_tiles(&p);
    put(&p, "<div class=\"cards\">\n");
    if (d->findings.worst != HEALTH_OK)
        put_findings(&p);
    if (!d->request->errors)
        put_numbers(&p);
    put_errors(&p);
    put_polls(&p);
    if (d->findings.worst == HEALTH_OK)
        put_findings(&p);
    put(&p, "</div>\n</main>\n");
    put_foot(&p);
    put(&p, "</body>\n</html>\n");
}
