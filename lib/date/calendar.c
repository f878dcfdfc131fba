#include "date/date.h"

#include <time.h>

/* March is the first month here, so that the leap day is the last of a year: a 400-year era has 146097 days. */
int64_t date_days(int year, int month, int day)
{
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_era = y - era * 400;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

void date_civil(int64_t days, int *year, int *month, int *day)
{
    int64_t z = days + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t day_of_era = z - era * 146097;
    int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t m = (5 * day_of_year + 2) / 153;
    *day = (int)(day_of_year - (153 * m + 2) / 5 + 1);
    *month = (int)(m < 10 ? m + 3 : m - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2));
}

int date_month_days(int year, int month)
{
    static const int8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month < 1 || month > 12 ? 0 : days[month] + (month == 2 && leap);
}

/* First second of a day in TZ. Where the clock jumps over midnight, mktime may land in the day before. */
static int64_t local_start(struct tm day)
{
    for (int hour = 0; hour < 4; hour++) {
        struct tm t = day;
        struct tm check;
        t.tm_hour = hour;
        t.tm_min = t.tm_sec = 0;
        t.tm_isdst = -1;
        time_t at = mktime(&t);
        struct tm noon = day;
        noon.tm_hour = 12;
        noon.tm_isdst = -1;
        (void)mktime(&noon);
        if (localtime_r(&at, &check) && check.tm_mday == noon.tm_mday)
            return at;
    }
    day.tm_isdst = -1;
    return mktime(&day);
}

bool date_local_day(str s, int64_t *seconds)
{
    int64_t year = 0, month = 1, day = 1;
    str rest;
    str_cut(s, '-', &s, &rest);
    if (s.len != 4 || !str_i64(s, 1, 9999, &year))
        return false;
    if (rest.ptr) {
        str_cut(rest, '-', &s, &rest);
        if (s.len < 1 || s.len > 2 || !str_i64(s, 1, 12, &month))
            return false;
    }
    if (rest.ptr && (rest.len < 1 || rest.len > 2 || !str_i64(rest, 1, date_month_days((int)year, (int)month), &day)))
        return false;
    *seconds = local_start((struct tm){.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day});
    return true;
}

int64_t date_local_midnight(int64_t seconds, int days)
{
    time_t at = seconds;
    struct tm t;
    if (!localtime_r(&at, &t))
        return seconds;
    return local_start((struct tm){.tm_year = t.tm_year, .tm_mon = t.tm_mon, .tm_mday = t.tm_mday + days});
}
