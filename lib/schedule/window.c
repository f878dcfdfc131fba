#include "schedule/schedule.h"

#include "date/date.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAY_S = 86400, DAY_MIN = 1440, MARGIN_S = 26 * 3600 /* further than any zone is from UTC */ };

/* ---- the zone ----------------------------------------------------------------------------------------------- */

struct zone {
    bool changed, had;
    char old[PATH_MAX];
};

static void enter(struct zone *z, str name)
{
    const char *old = getenv("TZ");
    *z = (struct zone){.changed = name.len && !(old && str_eq(str_c(old), name)), .had = old && strlen(old) < sizeof z->old};
    if (!z->changed) {
        tzset();
        return;
    }
    if (z->had)
        strcpy(z->old, old);
    char wanted[PATH_MAX];
    snprintf(wanted, sizeof wanted, "%.*s", STR_ARG(name));
    setenv("TZ", wanted, 1);
    tzset();
}

static void leave(const struct zone *z)
{
    if (!z->changed)
        return;
    if (z->had)
        setenv("TZ", z->old, 1);
    else
        unsetenv("TZ");
    tzset();
}

static int64_t offset(int64_t t)
{
    time_t at = t;
    struct tm tm;
    return localtime_r(&at, &tm) ? tm.tm_gmtoff : 0;
}

/* The first moment at which the clock shows `local` (seconds of the calendar) or later. One change of the clock within two days. */
static int64_t edge(int64_t local)
{
    int64_t low = local - MARGIN_S, high = local + MARGIN_S;
    int64_t before = offset(low), after = offset(high);
    if (before == after)
        return local - before;
    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;
        if (offset(middle) == before)
            low = middle;
        else
            high = middle;
    }
    if (local - before < high)
        return local - before;
    return local - after > high ? local - after : high;
}

static int64_t day_of(int64_t local) { return local >= 0 ? local / DAY_S : -((DAY_S - 1 - local) / DAY_S); }

/* ---- openings ------------------------------------------------------------------------------------------------- */

static bool is_holiday(const struct schedule *s, int64_t day)
{
    int year, month, in_month;
    date_civil(day, &year, &month, &in_month);
    for (ptrdiff_t i = 0; i < s->n_holidays; i++) {
        const struct schedule_holiday *h = &s->holidays[i];
        if (h->month ? h->month == month && h->day == in_month : day >= h->first && day <= h->last)
            return true;
    }
    return false;
}

static bool opens_on(const struct schedule *s, int64_t day)
{
    int64_t weekday = ((day + 3) % 7 + 7) % 7; /* 1970-01-01 was a Thursday */
    return (s->days >> weekday & 1) && !is_holiday(s, day);
}

bool schedule_opening(const struct schedule *s, int64_t t, struct schedule_opening *out)
{
    struct zone zone;
    bool found = false;
    int start = s->start % DAY_MIN, end = s->end > start ? s->end : s->end + DAY_MIN;
    enter(&zone, s->zone);
    int64_t first = day_of(t + offset(t)) - 2; /* over midnight; and a zone that leaves out a day */
    for (int64_t day = first; !found && day <= first + SCHEDULE_YEARS * 366 + 2; day++) {
        if (!opens_on(s, day))
            continue;
        struct schedule_opening o = {edge(day * DAY_S + start * 60), edge(day * DAY_S + end * 60)};
        found = o.closes > t && o.closes > o.opens;
        if (found)
            *out = o;
    }
    leave(&zone);
    return found;
}

bool schedule_is_open(const struct schedule *s, int64_t t)
{
    struct schedule_opening o;
    return schedule_opening(s, t, &o) && schedule_holds(&o, t);
}

bool schedule_next(const struct schedule *s, int64_t t, int64_t *out)
{
    struct schedule_opening o;
    if (!schedule_opening(s, t, &o))
        return false;
    int64_t at = t > o.opens ? t : o.opens;
    if (s->interval_s)
        at = o.opens + (at - o.opens + s->interval_s - 1) / s->interval_s * s->interval_s;
    if (at >= o.closes) {
        if (!schedule_opening(s, o.closes, &o))
            return false;
        at = o.opens;
    }
    *out = at;
    return true;
}

int schedule_zone_at(const struct schedule *s, int64_t t)
{
    struct zone zone;
    enter(&zone, s->zone);
    int minutes = (int)(offset(t) / 60);
    leave(&zone);
    return minutes;
}
