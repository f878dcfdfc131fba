#include "query/private.h"

#include "date/date.h"

#include <stdio.h>
#include <time.h>

enum { YEAR_MIN = 1900, YEAR_MAX = 9998 };

static const char time_hint[] = "write 2026-08-01, 2026-08, 2026, today, yesterday or 2026-08-01T10:00:00Z";

/* 2026-08-01, 2026-08 or 2026: how many of its three numbers there are; 0 where it is none of these. */
static int read_civil(str s, int part[3])
{
    static const int64_t most[3] = {YEAR_MAX, 12, 31}, least[3] = {YEAR_MIN, 1, 1};
    str piece = s, rest = s;
    bool more = true;
    int n = 0;
    for (; n < 3 && more; n++) {
        more = str_cut(rest, '-', &piece, &rest);
        int64_t value;
        if (piece.len != (n == 0 ? 4 : 2) || !str_i64(piece, least[n], most[n], &value))
            return 0;
        part[n] = (int)value;
    }
    return more || (n == 3 && part[2] > date_month_days(part[0], part[1])) ? 0 : n;
}

static bool civil_span(str s, int64_t *first, int64_t *past)
{
    int part[3];
    int n = read_civil(s, part);
    char next[16];
    if (n == 0 || !date_local_day(s, first))
        return false;
    if (n == 3) {
        *past = date_local_midnight(*first, 1);
        return true;
    }
    if (n == 1)
        snprintf(next, sizeof next, "%04d", part[0] + 1);
    else
        snprintf(next, sizeof next, "%04d-%02d", part[0] + part[1] / 12, part[1] % 12 + 1);
    return date_local_day(str_c(next), past);
}

bool query_time(str s, int64_t now, int64_t *first, int64_t *past, struct query_fault *fault)
{
    if (str_eq_nocase(s, S("today")) || str_eq_nocase(s, S("yesterday"))) {
        int back = s.len == 5 ? 0 : -1;
        *first = date_local_midnight(now, back);
        *past = date_local_midnight(now, back + 1);
        return true;
    }
    if (civil_span(s, first, past))
        return true;
    if (date_parse_3339(s, first, NULL)) {
        *past = *first + 1;
        return true;
    }
    return query_refuse(fault, 0, time_hint, "%s is no day or time", query_show(s).text);
}

bool query_times(str s, int64_t now, int64_t *min, int64_t *max, struct query_fault *fault)
{
    ptrdiff_t dots = str_find(s, S(".."));
    str from = dots < 0 ? s : str_first(s, dots), to = dots < 0 ? s : str_skip(s, dots + 2);
    int64_t first = INT64_MIN, past = INT64_MIN;
    *min = INT64_MIN, *max = INT64_MAX;
    if (from.len + to.len == 0)
        return query_refuse(fault, 0, time_hint, "both ends of the dates are missing");
    if (from.len && !query_time(from, now, min, &past, fault))
        return false;
    if (to.len && !query_time(to, now, &first, &past, fault))
        return false;
    if (to.len)
        *max = past - 1;
    if (*min > *max)
        return query_refuse(fault, 0, "write the earlier one first", "the dates %s end before they begin", query_show(s).text);
    return true;
}

/* The same clock time so many months before, on the last day of a month that is too short. */
static int64_t months_back(int64_t now, int64_t months)
{
    time_t t = (time_t)now;
    struct tm tm;
    if (!localtime_r(&t, &tm))
        return INT64_MIN;
    int64_t month = ((int64_t)tm.tm_year + 1900) * 12 + tm.tm_mon - months;
    if (month < (int64_t)YEAR_MIN * 12)
        return INT64_MIN;
    tm.tm_year = (int)(month / 12) - 1900;
    tm.tm_mon = (int)(month % 12);
    int last = date_month_days(tm.tm_year + 1900, tm.tm_mon + 1);
    if (tm.tm_mday > last)
        tm.tm_mday = last;
    tm.tm_isdst = -1;
    return mktime(&tm);
}

bool query_ago(str s, int64_t now, int64_t *out, struct query_fault *fault)
{
    int64_t n;
    char unit = s.len ? s.ptr[s.len - 1] : 0;
    if (s.len < 2 || s.ptr[0] == '+' || !str_i64(str_first(s, s.len - 1), 0, 1000000, &n))
        return query_refuse(fault, 0, "write 12h, 30d, 2w, 3m (months) or 1y", "%s is no span of time", query_show(s).text);
    switch (unit | 0x20) {
    case 'h': *out = now - n * 3600; return true;
    case 'd': *out = now - n * 86400; return true;
    case 'w': *out = now - n * 7 * 86400; return true;
    case 'm': *out = months_back(now, n); return true;
    case 'y': *out = months_back(now, n * 12); return true;
    default: return query_refuse(fault, 0, "the units are h, d, w, m (months) and y", "%s has no unit of time", query_show(s).text);
    }
}
