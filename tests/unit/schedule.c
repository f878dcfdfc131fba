/* lib/schedule: windows against the clock on the wall, minute by minute, in zones that change theirs; rates against counting. */
#include "tap.h"

#include "date/date.h"
#include "schedule/schedule.h"

#include <time.h>

static arena mem;

static uint64_t seed = 88172645463325252u;
static uint32_t roll(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static int64_t at(const char *text)
{
    int64_t seconds = -1;
    date_parse_3339(str_c(text), &seconds, NULL);
    return seconds;
}

static str shown(int64_t t)
{
    struct buf b = buf_new(&mem, 32);
    date_put_utc(&b, t);
    return buf_str(&b);
}

/* ---- values ---------------------------------------------------------------------------------------------------- */

static void times(void)
{
    static const struct {
        const char *text;
        int minutes; /* -1: refused */
    } cases[] = {{"09:00", 540}, {"9:00", 540},  {"00:00", 0},   {"24:00", 1440}, {"23:59", 1439}, {"24:01", -1}, {"9", -1},    {"9:0", -1},
                 {"", -1},       {"25:00", -1}, {"09:60", -1}, {"-1:00", -1},   {"09:00 ", -1}, {"009:00", -1}, {"+9:00", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int minutes = -1;
        struct err e = {0};
        bool read = schedule_read_time(str_c(cases[i].text), &minutes, &e);
        is_int(minutes, cases[i].minutes, "time: \"%s\"", cases[i].text);
        ok(read == (cases[i].minutes >= 0) && (read || e.class == ERR_CONFIG), "time: \"%s\" is taken or refused", cases[i].text);
    }
}

static void days(void)
{
    static const struct {
        const char *text;
        unsigned days; /* 0: refused */
    } cases[] = {{"mon-fri", 31}, {"sat, sun", 96}, {"fri-mon", 113}, {"Monday", 1},  {"all", 127},      {"mon,wed-thu", 13}, {"su", 64},
                 {"", 0},         {"mon,", 0},      {"funday", 0},    {"mon-xx", 0}, {"m", 0},          {"mond", 0},         {"sun-sun", 64}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned got = 0;
        struct err e;
        schedule_read_days(str_c(cases[i].text), &got, &e);
        is_int(got, cases[i].days, "days: \"%s\"", cases[i].text);
    }
}

static void holidays(void)
{
    static const struct {
        const char *text;
        int n; /* -1: refused */
    } cases[] = {{"2026-12-25", 1}, {"12-25, 12-26", 2}, {"2026-12-27..2027-01-02", 1}, {"02-29", 1},  {"", 0},          {"2026-02-29", -1},
                 {"13-01", -1},     {"2026-1-1", -1},    {"2027-01-02..2026-12-27", -1}, {"12-32", -1}, {"2026-12-25..", -1}, {"1-225", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule_holiday *list = NULL;
        ptrdiff_t n = 0;
        struct err e;
        bool read = schedule_read_holidays(&mem, str_c(cases[i].text), &list, &n, &e);
        is_int(read ? n : -1, cases[i].n, "holidays: \"%s\"", cases[i].text);
    }
}

static void intervals_and_zones(void)
{
    int64_t s = 0;
    struct err e;
    ok(schedule_read_interval(S("30"), STR_NONE, &s, &e) && s == 1800, "interval: minutes where no unit is given");
    ok(schedule_read_interval(S("2"), S("hours"), &s, &e) && s == 7200, "interval: hours");
    ok(!schedule_read_interval(S("0"), S("minutes"), &s, &e), "interval: none is refused");
    ok(!schedule_read_interval(S("25"), S("hours"), &s, &e), "interval: over a day is refused");
    ok(!schedule_read_interval(S("1"), S("weeks"), &s, &e), "interval: an unknown unit is refused");
    ok(schedule_read_zone(S("Europe/Berlin"), &e) && schedule_read_zone(S("UTC"), &e), "zone: what there is");
    ok(!schedule_read_zone(S("Europe/Berln"), &e), "zone: a typo, which libc would take for UTC");
    ok(!schedule_read_zone(S("../../../etc/passwd"), &e), "zone: a path");
    ok(!schedule_read_zone(S("/etc/passwd"), &e) && !schedule_read_zone(S(""), &e), "zone: an absolute path, and nothing");
}

/* ---- openings --------------------------------------------------------------------------------------------------- */

static struct schedule window(const char *start, const char *end, const char *on, const char *zone)
{
    struct schedule s = schedule_always();
    struct err e;
    bool good = schedule_read_time(str_c(start), &s.start, &e) && schedule_read_time(str_c(end), &s.end, &e) && schedule_read_days(str_c(on), &s.days, &e);
    if (!good)
        ok(false, "a window of the test is wrong");
    s.zone = str_c(zone);
    return s;
}

static const struct {
    const char *name, *start, *end, *days, *zone;
    const char *t, *opens, *closes;
} openings[] = {
    {"before it opens", "09:00", "18:00", "mon-fri", "UTC", "2026-08-24T08:59:59Z", "2026-08-24T09:00:00Z", "2026-08-24T18:00:00Z"},
    {"the last second", "09:00", "18:00", "mon-fri", "UTC", "2026-08-24T17:59:59Z", "2026-08-24T09:00:00Z", "2026-08-24T18:00:00Z"},
    {"its end is closed", "09:00", "18:00", "mon-fri", "UTC", "2026-08-24T18:00:00Z", "2026-08-25T09:00:00Z", "2026-08-25T18:00:00Z"},
    {"over a weekend", "09:00", "18:00", "mon-fri", "UTC", "2026-08-21T18:00:00Z", "2026-08-24T09:00:00Z", "2026-08-24T18:00:00Z"},
    {"over midnight, after it", "22:00", "06:00", "fri", "UTC", "2026-08-22T05:00:00Z", "2026-08-21T22:00:00Z", "2026-08-22T06:00:00Z"},
    {"over midnight, of a day that it does not open on", "22:00", "06:00", "fri", "UTC", "2026-08-21T05:00:00Z", "2026-08-21T22:00:00Z", "2026-08-22T06:00:00Z"},
    {"another zone", "09:00", "18:00", "all", "America/New_York", "2026-08-24T12:00:00Z", "2026-08-24T13:00:00Z", "2026-08-24T22:00:00Z"},
    {"the whole day", "00:00", "24:00", "all", "UTC", "2026-08-24T12:00:00Z", "2026-08-24T00:00:00Z", "2026-08-25T00:00:00Z"},
    {"the same start and end", "09:00", "09:00", "all", "UTC", "2026-08-24T08:00:00Z", "2026-08-23T09:00:00Z", "2026-08-24T09:00:00Z"},
    {"a start that is skipped", "02:30", "04:00", "all", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z"},
    {"an end that is skipped", "01:00", "02:30", "all", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"},
    {"all of it is skipped", "02:15", "02:45", "all", "Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-30T00:15:00Z", "2026-03-30T00:45:00Z"},
    {"a start that comes twice", "02:30", "04:00", "all", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z", "2026-10-25T03:00:00Z"},
    {"an end that comes twice", "01:00", "02:30", "all", "Europe/Berlin", "2026-10-25T00:00:00Z", "2026-10-24T23:00:00Z", "2026-10-25T00:30:00Z"},
    {"a short one opens once", "02:00", "02:30", "all", "America/New_York", "2026-11-01T06:30:00Z", "2026-11-01T07:00:00Z", "2026-11-01T07:30:00Z"},
    {"one that comes twice opens once", "01:00", "01:30", "all", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-02T06:00:00Z", "2026-11-02T06:30:00Z"},
    {"a night of 23 hours", "22:00", "06:00", "all", "Europe/Berlin", "2026-03-28T22:00:00Z", "2026-03-28T21:00:00Z", "2026-03-29T04:00:00Z"},
    {"half an hour of Lord Howe", "01:45", "03:00", "all", "Australia/Lord_Howe", "2026-04-04T14:00:00Z", "2026-04-04T14:45:00Z", "2026-04-04T16:30:00Z"},
    {"a midnight that was skipped", "00:00", "01:30", "all", "America/Sao_Paulo", "2018-11-04T02:00:00Z", "2018-11-04T03:00:00Z", "2018-11-04T03:30:00Z"},
    {"a day that was left out", "09:00", "18:00", "all", "Pacific/Apia", "2011-12-30T06:00:00Z", "2011-12-30T19:00:00Z", "2011-12-31T04:00:00Z"},
};

static void edges(void)
{
    for (size_t i = 0; i < sizeof openings / sizeof *openings; i++) {
        struct schedule s = window(openings[i].start, openings[i].end, openings[i].days, openings[i].zone);
        struct schedule_opening o = {0};
        ok(schedule_opening(&s, at(openings[i].t), &o), "opening: %s: there is one", openings[i].name);
        is_str(shown(o.opens), str_c(openings[i].opens), "opening: %s: opens", openings[i].name);
        is_str(shown(o.closes), str_c(openings[i].closes), "opening: %s: closes", openings[i].name);
    }
}

static void closed_days(void)
{
    struct schedule s = window("22:00", "06:00", "all", "UTC");
    struct schedule_opening o;
    struct err e;
    schedule_read_holidays(&mem, S("12-24, 2026-12-30..2027-01-02"), &s.holidays, &s.n_holidays, &e);
    ok(schedule_is_open(&s, at("2026-12-24T01:00:00Z")), "holidays: what opened the day before goes on into it");
    ok(!schedule_is_open(&s, at("2026-12-24T23:00:00Z")), "holidays: on it nothing opens");
    ok(!schedule_is_open(&s, at("2026-12-25T01:00:00Z")), "holidays: nor does its night go on");
    ok(!schedule_is_open(&s, at("2029-12-24T23:00:00Z")), "holidays: without a year it is every year's");
    ok(schedule_opening(&s, at("2026-12-30T12:00:00Z"), &o) && o.opens == at("2027-01-03T22:00:00Z"), "holidays: over several");
    ok(schedule_is_open(&s, at("2027-12-31T23:00:00Z")), "holidays: with a year it is that year's only");
    s.holidays = NULL;
    s.n_holidays = 0;
    schedule_read_holidays(&mem, S("2026-01-01..2036-01-01"), &s.holidays, &s.n_holidays, &e);
    ok(!schedule_opening(&s, at("2026-06-01T00:00:00Z"), &o), "holidays: a window that never opens says so");
    setenv("TZ", "America/New_York", 1);
    tzset();
    s = window("09:00", "18:00", "all", "Asia/Tokyo");
    schedule_is_open(&s, 0);
    ok(strcmp(getenv("TZ"), "America/New_York") == 0 && date_local_midnight(at("2026-08-24T12:00:00Z"), 0) == at("2026-08-24T04:00:00Z"),
       "zone: that of the process is as before");
    unsetenv("TZ");
    schedule_is_open(&s, 0);
    ok(getenv("TZ") == NULL, "zone: none stays none");
}

static void ticks(void)
{
    static const struct {
        const char *name, *start, *end, *zone;
        int minutes;
        const char *t, *next;
    } cases[] = {
        {"an opening", "09:00", "18:00", "UTC", 30, "2026-08-24T07:00:00Z", "2026-08-24T09:00:00Z"},
        {"on a tick", "09:00", "18:00", "UTC", 30, "2026-08-24T09:30:00Z", "2026-08-24T09:30:00Z"},
        {"after a tick", "09:00", "18:00", "UTC", 30, "2026-08-24T09:30:01Z", "2026-08-24T10:00:00Z"},
        {"the last one is before the end", "09:00", "18:00", "UTC", 30, "2026-08-24T17:30:01Z", "2026-08-25T09:00:00Z"},
        {"45 minutes do not drift", "09:00", "18:00", "UTC", 45, "2026-08-24T09:45:01Z", "2026-08-24T10:30:00Z"},
        {"elapsed over a skipped hour", "00:00", "06:00", "Europe/Berlin", 90, "2026-03-29T00:00:00Z", "2026-03-29T00:30:00Z"},
        {"and on", "00:00", "06:00", "Europe/Berlin", 90, "2026-03-29T00:31:00Z", "2026-03-29T02:00:00Z"},
        {"elapsed over a repeated hour", "00:00", "06:00", "Europe/Berlin", 120, "2026-10-25T00:01:00Z", "2026-10-25T02:00:00Z"},
        {"none", "09:00", "18:00", "UTC", 0, "2026-08-24T12:34:56Z", "2026-08-24T12:34:56Z"},
        {"none, and closed", "09:00", "18:00", "UTC", 0, "2026-08-24T18:00:00Z", "2026-08-25T09:00:00Z"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = window(cases[i].start, cases[i].end, "all", cases[i].zone);
        int64_t next = 0;
        s.interval_s = cases[i].minutes * 60;
        schedule_next(&s, at(cases[i].t), &next);
        is_str(shown(next), str_c(cases[i].next), "interval: %s", cases[i].name);
    }
}

/* ---- against every minute ----------------------------------------------------------------------------------------- */

enum { MINUTES = 12 * 1440, LEAD = 3 * 1440 };

/* What the clock of a zone shows in each of these minutes, by libc alone. TZ stays there, so that nothing needs to switch it. */
struct wall {
    int64_t from;
    int64_t shows[MINUTES]; /* minutes of the calendar */
    bool open[MINUTES], leaves[MINUTES];
};

static void watch(struct wall *w, const char *zone, int64_t from)
{
    setenv("TZ", zone, 1);
    tzset();
    w->from = from;
    for (int i = 0; i < MINUTES; i++) {
        time_t t = from + i * 60;
        struct tm tm;
        localtime_r(&t, &tm);
        w->shows[i] = date_days(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday) * 1440 + tm.tm_hour * 60 + tm.tm_min;
    }
}

static int first_that_shows(const struct wall *w, int64_t minute)
{
    for (int i = 0; i < MINUTES; i++)
        if (w->shows[i] >= minute)
            return i;
    return MINUTES;
}

static void by_definition(struct wall *w, const struct schedule *s)
{
    memset(w->open, 0, sizeof w->open);
    memset(w->leaves, 0, sizeof w->leaves);
    for (int64_t day = w->shows[0] / 1440 + 1; day <= w->shows[MINUTES - 1] / 1440; day++) {
        if (!(s->days >> ((day + 3) % 7) & 1))
            continue;
        bool holiday = false;
        for (ptrdiff_t i = 0; i < s->n_holidays; i++)
            holiday = holiday || s->holidays[i].first == day;
        if (holiday)
            continue;
        int opens = first_that_shows(w, day * 1440 + s->start), closes = first_that_shows(w, day * 1440 + s->end + (s->end <= s->start ? 1440 : 0));
        for (int i = opens; i < closes; i++) {
            w->open[i] = true;
            w->leaves[i] = !s->interval_s || (i - opens) % (s->interval_s / 60) == 0;
        }
    }
}

static bool agrees(const struct wall *w, const struct schedule *s)
{
    for (int i = LEAD; i < MINUTES - LEAD; i++) {
        int64_t t = w->from + i * 60, next = 0;
        if (schedule_is_open(s, t) != w->open[i]) {
            fprintf(stderr, "#     %.*s is open: %d\n", STR_ARG(shown(t)), !w->open[i]);
            return false;
        }
        if (i % 7)
            continue;
        int want = i;
        while (want < MINUTES && !w->leaves[want])
            want++;
        bool found = schedule_next(s, t, &next);
        if (want < MINUTES - LEAD && (!found || next != w->from + want * 60)) {
            fprintf(stderr, "#     after %.*s: %.*s, not %.*s\n", STR_ARG(shown(t)), STR_ARG(shown(next)), STR_ARG(shown(w->from + want * 60)));
            return false;
        }
    }
    return true;
}

static void random_windows(void)
{
    static const struct {
        const char *zone, *from;
    } places[] = {
        {"Europe/Berlin", "2026-03-23T00:00:00Z"},      {"Europe/Berlin", "2026-10-19T00:00:00Z"},     {"America/New_York", "2026-03-02T00:00:00Z"},
        {"America/New_York", "2026-10-26T00:00:00Z"},   {"Australia/Lord_Howe", "2026-03-30T00:00:00Z"}, {"Australia/Lord_Howe", "2026-09-28T00:00:00Z"},
        {"America/Sao_Paulo", "2018-10-29T00:00:00Z"},  {"America/Sao_Paulo", "2018-02-12T00:00:00Z"}, {"Pacific/Apia", "2011-12-24T00:00:00Z"},
        {"Africa/Casablanca", "2026-02-10T00:00:00Z"},  {"Asia/Kathmandu", "2026-06-01T00:00:00Z"},
    };
    static const int interval[] = {0, 0, 1, 7, 15, 30, 45, 60, 90, 120, 420, 1440};
    static struct wall w;
    for (size_t p = 0; p < sizeof places / sizeof *places; p++) {
        bool good = true;
        watch(&w, places[p].zone, at(places[p].from));
        for (int round = 0; round < 8 && good; round++) {
            struct schedule s = {.zone = str_c(places[p].zone)};
            s.start = (int)(roll(3) ? roll(1440) : roll(16) * 15);
            s.end = (int)(roll(3) ? roll(1441) : roll(20) * 15);
            s.days = roll(2) ? SCHEDULE_EVERY_DAY : 1 + roll(127);
            s.interval_s = interval[roll(12)] * 60;
            if (roll(2)) {
                s.holidays = ARENA_NEW(&mem, struct schedule_holiday);
                s.n_holidays = 1;
                s.holidays[0].first = s.holidays[0].last = w.shows[0] / 1440 + 4 + roll(4);
            }
            by_definition(&w, &s);
            good = agrees(&w, &s);
            if (!good)
                fprintf(stderr, "#     window %d-%d days %u interval %lld\n", s.start, s.end, s.days, (long long)s.interval_s);
        }
        ok(good, "every minute around %s in %s", places[p].from, places[p].zone);
    }
}

/* ---- crontab ---------------------------------------------------------------------------------------------------- */

static void crontabs(void)
{
    static const struct {
        const char *start, *end, *days;
        int seconds;
        bool exact;
        const char *want;
    } cases[] = {
        {"09:00", "18:00", "mon-fri", 1800, true, "*/30 9-17 * * 1-5"},
        {"09:05", "18:00", "all", 1800, true, "5,35 9-17 * * *"},
        {"00:00", "24:00", "all", 7200, true, "0 */2 * * *"},
        {"00:00", "24:00", "all", 0, true, "* * * * *"},
        {"09:00", "12:00", "sat,sun", 2700, true, "0,45 9 * * 0,6\n30 10 * * 0,6\n15 11 * * 0,6"},
        {"22:00", "02:00", "fri", 3600, true, "0 22,23 * * 5\n0 0,1 * * 6"},
        {"22:00", "02:00", "all", 3600, true, "0 0,1,22,23 * * *"},
        {"09:00", "10:30", "all", 0, true, "* 9 * * *\n0-29 10 * * *"},
        {"09:00", "10:00", "all", 90, false, "* 9 * * *"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = window(cases[i].start, cases[i].end, cases[i].days, "UTC");
        struct buf b = buf_new(&mem, 64);
        bool exact;
        s.interval_s = cases[i].seconds;
        schedule_crontab(&s, &b, &exact);
        is_str(buf_str(&b), str_c(cases[i].want), "crontab: %s to %s, %s", cases[i].start, cases[i].end, cases[i].days);
        ok(exact == cases[i].exact, "crontab: whether it is exact");
    }
}

/* ---- rates -------------------------------------------------------------------------------------------------------- */

static bool within_limit(const struct schedule_log *log, int64_t max, int64_t period, int64_t t)
{
    int64_t n = 0;
    for (ptrdiff_t i = 0; i < log->n; i++)
        n += log->at[i] > t - period && log->at[i] <= t;
    return n <= max;
}

static void rates(void)
{
    struct schedule_log empty = {0};
    is_int(schedule_log_room(&empty, 3, 60, 1000), 1000, "rate: nothing left yet");
    ok(schedule_log_room(&empty, 0, 60, 1000) == INT64_MAX, "rate: of none there is never room");
    schedule_log_add(&mem, &empty, 1000, 3);
    is_int(schedule_log_room(&empty, 3, 60, 1000), 1060, "rate: full until the period has passed");
    is_int(schedule_log_used(&empty, 60, 1059), 3, "rate: the last second in which they count");
    is_int(schedule_log_used(&empty, 60, 1060), 0, "rate: then they do not");
    bool never_over = true, never_late = true;
    for (int round = 0; round < 200; round++) {
        struct schedule_log log = {0};
        int64_t t = 1000, max = 1 + roll(6), period = 1 + roll(50);
        for (int i = 0; i < 60; i++) {
            int64_t room = schedule_log_room(&log, max, period, t);
            never_late = never_late && (room == t || schedule_log_used(&log, period, room - 1) >= max);
            t = room;
            schedule_log_add(&mem, &log, t, 1);
            never_over = never_over && within_limit(&log, max, period, t);
            t += roll(8) ? 0 : roll(20);
        }
    }
    ok(never_over, "rate: no period ever holds more than it may");
    ok(never_late, "rate: a second earlier there would have been no room");
}

int main(void)
{
    mem = arena_new(1 << 28);
    setenv("TZ", "UTC", 1);
    times();
    days();
    holidays();
    intervals_and_zones();
    edges();
    closed_days();
    setenv("TZ", "UTC", 1);
    ticks();
    crontabs();
    rates();
    random_windows();
    return done();
}
