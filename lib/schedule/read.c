/* The values of a window as people write them. */
#include "schedule/schedule.h"

#include "date/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LONGEST_INTERVAL_S = 86400, LONGEST_ZONE = 64 };

static bool refuse(struct err *e, const char *what, str text, const char *wanted)
{
    return err_set(e, ERR_CONFIG, "schedule.value", NULL, "%s is %s, not \"%.*s\"", what, wanted, STR_ARG(text));
}

bool schedule_read_time(str text, int *minutes, struct err *e)
{
    str hour, minute;
    int64_t h, m;
    bool good = str_cut(text, ':', &hour, &minute) && hour.len <= 2 && minute.len == 2 && str_i64(hour, 0, 24, &h) && str_i64(minute, 0, 59, &m) &&
                h * 60 + m <= 1440;
    if (!good)
        return refuse(e, "a time of day", text, "written as 09:00, from 00:00 to 24:00");
    *minutes = (int)(h * 60 + m);
    return true;
}

/* ---- days ------------------------------------------------------------------------------------------------------ */

static bool read_day(str name, int *day)
{
    static const str names[] = {S("monday"), S("tuesday"), S("wednesday"), S("thursday"), S("friday"), S("saturday"), S("sunday")};
    for (int i = 0; i < 7; i++)
        if ((name.len == 2 || name.len == 3 || name.len == names[i].len) && str_starts_nocase(names[i], name)) {
            *day = i;
            return true;
        }
    return false;
}

bool schedule_read_days(str text, unsigned *days, struct err *e)
{
    static const char *const wanted = "days like mon-fri or sat, sun";
    unsigned set = 0;
    str rest = text, item, from, to;
    while (rest.ptr) {
        int first, last;
        str_cut(rest, ',', &item, &rest);
        item = str_trim(item);
        if (str_eq_nocase(item, S("all"))) {
            set = SCHEDULE_EVERY_DAY;
            continue;
        }
        bool range = str_cut(item, '-', &from, &to);
        if (!read_day(str_trim(from), &first))
            return refuse(e, "days", text, wanted);
        last = first;
        if (range && !read_day(str_trim(to), &last))
            return refuse(e, "days", text, wanted);
        set |= 1u << last;
        for (int day = first; day != last; day = (day + 1) % 7)
            set |= 1u << day;
    }
    if (!set)
        return refuse(e, "days", text, wanted);
    *days = set;
    return true;
}

/* ---- holidays -------------------------------------------------------------------------------------------------- */

static bool is_day(str s, ptrdiff_t year_octets)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (i == year_octets || i == s.len - 3 ? s.ptr[i] != '-' : s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
    return true;
}

/* "2026-12-25" */
static bool read_date(str s, int64_t *day)
{
    int64_t year, month, in_month;
    if (s.len != 10 || !is_day(s, 4) || !str_i64(str_first(s, 4), 1, 9999, &year) || !str_i64(str_slice(s, 5, 7), 1, 12, &month) ||
        !str_i64(str_skip(s, 8), 1, date_month_days((int)year, (int)month), &in_month))
        return false;
    *day = date_days((int)year, (int)month, (int)in_month);
    return true;
}

static bool read_holiday(str item, struct schedule_holiday *out)
{
    int64_t month, day;
    *out = (struct schedule_holiday){0};
    if (item.len == 5 && is_day(item, 2)) {
        if (!str_i64(str_first(item, 2), 1, 12, &month) || !str_i64(str_skip(item, 3), 1, date_month_days(2000, (int)month), &day))
            return false;
        out->month = (int)month;
        out->day = (int)day;
        return true;
    }
    ptrdiff_t dots = str_find(item, S(".."));
    if (!read_date(str_trim(dots < 0 ? item : str_first(item, dots)), &out->first))
        return false;
    out->last = out->first;
    return dots < 0 || (read_date(str_trim(str_skip(item, dots + 2)), &out->last) && out->last >= out->first);
}

bool schedule_read_holidays(arena *a, str text, struct schedule_holiday **list, ptrdiff_t *n, struct err *e)
{
    str rest = text, item;
    struct schedule_holiday *all = *list;
    ptrdiff_t count = *n;
    while (rest.len) {
        struct schedule_holiday holiday;
        str_cut(rest, ',', &item, &rest);
        item = str_trim(item);
        if (!item.len)
            continue;
        if (!read_holiday(item, &holiday))
            return refuse(e, "a holiday", item, "written as 2026-12-25, 12-25 (each year) or 2026-12-27..2027-01-02");
        all = arena_grow(a, all, (size_t)count * sizeof *all, (size_t)(count + 1) * sizeof *all, _Alignof(struct schedule_holiday));
        all[count++] = holiday;
    }
    *list = all;
    *n = count;
    return true;
}

/* ---- interval and zone ------------------------------------------------------------------------------------------- */

static int64_t unit_seconds(str unit)
{
    if (!unit.len || str_eq_nocase(unit, S("minutes")) || str_eq_nocase(unit, S("minute")) || str_eq_nocase(unit, S("m")))
        return 60;
    if (str_eq_nocase(unit, S("hours")) || str_eq_nocase(unit, S("hour")) || str_eq_nocase(unit, S("h")))
        return 3600;
    return str_eq_nocase(unit, S("seconds")) || str_eq_nocase(unit, S("second")) || str_eq_nocase(unit, S("s")) ? 1 : 0;
}

bool schedule_read_interval(str number, str unit, int64_t *seconds, struct err *e)
{
    int64_t count, each = unit_seconds(unit);
    if (!each)
        return refuse(e, "the unit of an interval", unit, "minutes, hours or seconds");
    if (!str_i64(number, 1, LONGEST_INTERVAL_S / each, &count))
        return refuse(e, "an interval", number, "a number from 1 on, and a day at most");
    *seconds = count * each;
    return true;
}

static bool is_zone_name(str name)
{
    for (ptrdiff_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        bool fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '+' || c == '/';
        if (!fine)
            return false;
    }
    return name.len > 0 && name.len < LONGEST_ZONE && name.ptr[0] != '/' && name.ptr[0] != '-';
}

/* libc takes a name that it does not know for UTC, without a word. */
bool schedule_read_zone(str name, struct err *e)
{
    char path[512];
    const char *folder = getenv("TZDIR");
    if (str_eq(name, S("UTC")))
        return true;
    snprintf(path, sizeof path, "%s/%.*s", folder && *folder ? folder : "/usr/share/zoneinfo", STR_ARG(name));
    if (!is_zone_name(name) || access(path, R_OK) != 0)
        return refuse(e, "a time zone", name, "a name like Europe/Berlin that this system knows");
    return true;
}
