// uses cmd/mail-stats
/* cmd/mail-stats: periods against the clock on the wall of zones that change theirs, groups, percentiles, business hours. */
#include "tap.h"

#include "date/date.h"
#include "mail-stats/mails.h"
#include "mail-stats/period.h"
#include "mail-stats/table.h"

#include <time.h>

static arena mem;

static int64_t at(const char *text)
{
    int64_t seconds = -1;
    date_parse_3339(str_c(text), &seconds, NULL);
    return seconds;
}

static void zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static str named(enum by by, int64_t start)
{
    struct buf b = buf_new(&mem, 32);
    period_name(by, start, &b);
    return buf_str(&b);
}

/* ---- periods ----------------------------------------------------------------------------------------------- */

static void edges(void)
{
    static const struct {
        const char *zone, *time, *name;
        enum by by;
        int hours; /* that the period has */
    } cases[] = {
        {"UTC", "2026-08-22T10:01:07Z", "2026-08-22", BY_DAY, 24},
        {"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-03-29", BY_DAY, 23},
        {"Europe/Berlin", "2026-10-25T12:00:00Z", "2026-10-25", BY_DAY, 25},
        {"Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T02:00:00+02:00", BY_HOUR, 1},
        {"Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-25T02:00:00+01:00", BY_HOUR, 1},
        {"Europe/Berlin", "2026-03-29T00:59:59Z", "2026-03-29T01:00:00+01:00", BY_HOUR, 1},
        {"Europe/Berlin", "2026-03-29T12:00:00Z", "2026-W13", BY_WEEK, 7 * 24 - 1},
        {"Europe/Berlin", "2026-10-31T23:30:00Z", "2026-11", BY_MONTH, 30 * 24},
        {"Asia/Kolkata", "2026-08-22T18:29:59Z", "2026-08-22T23:00:00+05:30", BY_HOUR, 1},
        {"Asia/Kolkata", "2026-08-22T18:30:00Z", "2026-08-23", BY_DAY, 24},
        {"UTC", "2027-01-03T23:59:59Z", "2026-W53", BY_WEEK, 7 * 24},
        {"UTC", "2024-02-29T00:00:00Z", "2024-02", BY_MONTH, 29 * 24},
        {"UTC", "2026-12-31T23:59:59Z", "2026-12", BY_MONTH, 31 * 24},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        zone(cases[i].zone);
        int64_t t = at(cases[i].time), start = period_start(cases[i].by, t), next = period_next(cases[i].by, start);
        ok(start <= t && t < next, "%s lies in its period", cases[i].time);
        is_int((next - start) / 3600, cases[i].hours, "%s: hours", cases[i].name);
        is_str(named(cases[i].by, start), str_c(cases[i].name), "%s in %s", cases[i].time, cases[i].zone);
    }
}

/* Each period begins where the one before it ended, in every zone and through every change. */
static void chains(void)
{
    static const char *const zones[] = {"UTC", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Cairo"};
    for (size_t z = 0; z < sizeof zones / sizeof *zones; z++) {
        zone(zones[z]);
        for (enum by by = BY_HOUR; by <= BY_MONTH; by++) {
            int64_t start = period_start(by, at("2011-06-15T12:00:00Z")), end = at(by == BY_HOUR ? "2013-06-01T00:00:00Z" : "2026-12-01T00:00:00Z");
            int64_t most = by == BY_HOUR ? 7200 : by == BY_DAY ? 49 * 3600 : by == BY_WEEK ? 8 * 86400 : 32 * 86400;
            int bad = 0;
            while (start < end) {
                int64_t next = period_next(by, start);
                bad += next <= start || next - start > most;
                if (next <= start)
                    break;
                start = next;
            }
            is_int(bad, 0, "%s: one %.*s after the other", zones[z], STR_ARG(by_name(by)));
        }
    }
}

static void times(void)
{
    zone("Europe/Berlin");
    int64_t now = at("2026-03-30T10:00:00Z"), t = 0;
    static const struct {
        const char *text, *time; /* NULL: refused */
    } cases[] = {{"0d", "2026-03-29T22:00:00Z"}, {"1d", "2026-03-28T23:00:00Z"}, {"2d", "2026-03-27T23:00:00Z"}, {"1w", "2026-03-22T23:00:00Z"},
                 {"36h", "2026-03-28T22:00:00Z"}, {"2026-08", "2026-07-31T22:00:00Z"}, {"2026", "2025-12-31T23:00:00Z"}, {"2026-08-22", "2026-08-21T22:00:00Z"},
                 {"2026-08-22T10:00:00+02:00", "2026-08-22T08:00:00Z"}, {"", NULL}, {"d", NULL}, {"-1d", NULL}, {"1y", NULL}, {"2026-13", NULL}, {"999999d", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool read = period_read(str_c(cases[i].text), now, &t);
        ok(read == (cases[i].time != NULL), "\"%s\" is taken or refused", cases[i].text);
        if (read && cases[i].time)
            is_int(t, at(cases[i].time), "\"%s\"", cases[i].text);
    }
}

/* ---- groups -------------------------------------------------------------------------------------------------- */

static void groups(void)
{
    zone("UTC");
    struct groups g = groups_new(&mem, BY_DAY, sizeof(int64_t), at("2026-01-01T05:00:00Z"));
    ++*(int64_t *)groups_at(&g, at("2026-01-05T00:00:00Z"), STR_NONE);
    ++*(int64_t *)groups_at(&g, at("2026-01-01T06:00:00Z"), STR_NONE);
    ++*(int64_t *)groups_at(&g, at("2026-01-04T23:59:59Z"), STR_NONE);
    ++*(int64_t *)groups_at(&g, at("2026-01-05T23:59:59Z"), STR_NONE);
    is_int(g.n, 5, "days between are there");
    static const int64_t want[] = {1, 0, 0, 1, 2};
    for (int i = 0; i < 5 && i < g.n; i++)
        is_int(*(int64_t *)groups_item(&g, i), want[i], "day %d", i + 1);
    is_str(groups_key(&g, &mem, 3), S("2026-01-04"), "and have their names");

    struct groups many = groups_new(&mem, BY_HOUR, 1, at("1000-01-01T00:00:00Z"));
    groups_fill(&many, at("2026-01-01T00:00:00Z"));
    ok(many.too_many && many.n <= PERIODS_MAX + 1, "a wrong year does not fill the memory");

    struct groups names = groups_new(&mem, BY_ACCOUNT, sizeof(int64_t), INT64_MIN);
    static const char *const words[] = {"b", "a", "b", "c", NULL, "a", "a"};
    for (int i = 0; i < 7; i++)
        ++*(int64_t *)groups_at(&names, 0, str_c(words[i]));
    groups_sort(&names);
    is_int(names.n, 4, "names");
    is_str(groups_key(&names, &mem, 0), S("(none)"), "what has none");
    is_str(groups_key(&names, &mem, 1), S("a"), "in their order");
    is_int(*(int64_t *)groups_item(&names, 1), 3, "with their items");
}

static void percentiles(void)
{
    struct samples s = {0};
    samples_add(&mem, &s, 7);
    is_int(samples_percentile(&s, 50), 7, "of one");
    is_int(samples_percentile(&s, 99), 7, "of one, p99");
    s.n = 0;
    for (int64_t i = 100; i > 0; i--)
        samples_add(&mem, &s, i);
    samples_sort(&s);
    is_int(samples_percentile(&s, 50), 50, "p50 of 1 to 100");
    is_int(samples_percentile(&s, 90), 90, "p90");
    is_int(samples_percentile(&s, 99), 99, "p99");
    is_int(samples_percentile(&s, 100), 100, "the last");
    samples_add(&mem, &s, 101);
    is_int(samples_percentile(&s, 50), 51, "p50 of 101");
}

static void business(void)
{
    zone("Europe/Berlin");
    struct schedule hours = {.start = 540, .end = 1080, .days = 31};
    int64_t first = at("2026-03-20T00:00:00Z"), last = at("2026-04-20T00:00:00Z");
    struct business b = business_new(&mem, &hours, first, last);
    int bad = 0;
    uint32_t roll = 7;
    for (int i = 0; i < 300; i++) {
        roll = roll * 1664525u + 1013904223u;
        int64_t from = first + (int64_t)(roll >> 8) % (20 * 86400), to = from + (int64_t)(roll >> 4) % (9 * 86400), open = 0;
        from -= from % 60;
        to -= to % 60;
        for (int64_t t = from; t < to; t += 60)
            open += 60 * schedule_is_open(&hours, t);
        bad += business_between(&b, from, to) != open;
        if (i > 30)
            i += 8; /* minute by minute is slow */
    }
    is_int(bad, 0, "business hours are the open minutes, counted one by one");
    is_int(business_between(&b, at("2026-03-28T00:00:00Z"), at("2026-03-29T00:00:00Z")), 0, "a Saturday has none");
    struct business none = business_new(&mem, &hours, 5, 4);
    is_int(business_between(&none, 0, 100), 0, "no opening, no time");
}

/* ---- tables ---------------------------------------------------------------------------------------------------- */

static void cells(void)
{
    struct table t = {.mem = &mem};
    table_column(&t, S("n"), COLUMN_COUNT);
    for (int i = 0; i < 100; i++)
        table_row(&t)[0] = cell_number(i);
    struct table last = t;
    last.series = true;
    table_limit(&t, 3);
    table_limit(&last, 3);
    is_int(table_at(&t, 2)->number, 2, "the first rows");
    is_int(table_at(&last, 0)->number, 97, "the last rows of a series");
    is_int(cell_rate(1, 3).number, 3333, "a third");
    is_int(cell_rate(2, 3).number, 6667, "two thirds, rounded");
    ok(!cell_rate(0, 0).known, "nothing of nothing is not known");
    struct buf b = buf_new(&mem, 64);
    struct column text = {S("x"), COLUMN_TEXT, false}, octets = {S("x"), COLUMN_OCTETS, false}, seconds = {S("x"), COLUMN_SECONDS, false};
    struct cell c = cell_text(S("a\tb\n\033[1m\xe2\x80\xae z"));
    cell_show(&b, &text, &c);
    is_str(buf_str(&b), S("a b  [1m  z"), "nothing that moves a cursor or turns a line");
    b.len = 0;
    c = cell_text(S("\xff\xef\xbf\xbf" "a"));
    cell_show(&b, &text, &c);
    is_str(buf_str(&b), S("\xef\xbf\xbd" " a"), "nor what is no character");
    b.len = 0;
    c = cell_number(1536);
    cell_show(&b, &octets, &c);
    is_str(buf_str(&b), S("1.5 K"), "octets");
    b.len = 0;
    c = cell_number(90061);
    cell_show(&b, &seconds, &c);
    is_str(buf_str(&b), S("1d 1h"), "a duration");
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    edges();
    chains();
    times();
    groups();
    percentiles();
    business();
    cells();
    return done();
}
