#include "date/date.h"
#include "date/names.h"

#include <stdlib.h>

/* The range of years that a date may have. */
#define FIRST_SECOND INT64_C(-62135596800)
#define LAST_SECOND  INT64_C(253402300799)

struct moment {
    int year, month, day, hour, minute, second, weekday; /* weekday 0: Sunday */
};

static int64_t clamp(int64_t seconds)
{
    return seconds < FIRST_SECOND ? FIRST_SECOND : seconds > LAST_SECOND ? LAST_SECOND : seconds;
}

static struct moment moment_of(int64_t seconds, int zone)
{
    seconds = clamp(clamp(seconds) + zone * 60);
    struct moment m;
    int64_t days = seconds / 86400, rest = seconds % 86400;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    date_civil(days, &m.year, &m.month, &m.day);
    m.hour = (int)(rest / 3600);
    m.minute = (int)(rest / 60 % 60);
    m.second = (int)(rest % 60);
    m.weekday = (int)(((days + 4) % 7 + 7) % 7);
    return m;
}

static int clamp_zone(int zone) { return zone < -1439 || zone > 1439 ? 0 : zone; }

static char *put2(char *p, int n)
{
    p[0] = (char)('0' + n / 10);
    p[1] = (char)('0' + n % 10);
    return p + 2;
}

static char *put_name(char *p, const char name[4])
{
    memcpy(p, name, 3);
    return p + 3;
}

static char *put_clock(char *p, const struct moment *m)
{
    p = put2(p, m->hour);
    *p++ = ':';
    p = put2(p, m->minute);
    *p++ = ':';
    return put2(p, m->second);
}

static char *put_iso(char *p, const struct moment *m)
{
    p = put2(put2(p, m->year / 100), m->year % 100);
    *p++ = '-';
    p = put2(p, m->month);
    *p++ = '-';
    p = put2(p, m->day);
    *p++ = 'T';
    return put_clock(p, m);
}

static char *put_offset(char *p, int zone, bool colon)
{
    *p++ = zone < 0 ? '-' : '+';
    p = put2(p, abs(zone) / 60);
    if (colon)
        *p++ = ':';
    return put2(p, abs(zone) % 60);
}

void date_put_utc(struct buf *to, int64_t seconds)
{
    struct moment m = moment_of(seconds, 0);
    char *start = buf_room(to, 32), *p = put_iso(start, &m);
    *p++ = 'Z';
    to->len += p - start;
}

void date_put_zone(struct buf *to, int64_t seconds, int zone)
{
    zone = clamp_zone(zone);
    struct moment m = moment_of(seconds, zone);
    char *start = buf_room(to, 32), *p = put_iso(start, &m);
    to->len += put_offset(p, zone, true) - start;
}

void date_put_5322(struct buf *to, int64_t seconds, int zone)
{
    zone = clamp_zone(zone);
    struct moment m = moment_of(seconds, zone);
    char *start = buf_room(to, 40), *p = put_name(start, date_weekdays[m.weekday]);
    *p++ = ',';
    *p++ = ' ';
    p = put2(p, m.day);
    *p++ = ' ';
    p = put_name(p, date_months[m.month - 1]);
    *p++ = ' ';
    p = put2(put2(p, m.year / 100), m.year % 100);
    *p++ = ' ';
    p = put_clock(p, &m);
    *p++ = ' ';
    to->len += put_offset(p, zone, false) - start;
}

void date_put_internal(struct buf *to, int64_t seconds, int zone)
{
    zone = clamp_zone(zone);
    struct moment m = moment_of(seconds, zone);
    char *start = buf_room(to, 40), *p = put2(start, m.day);
    if (m.day < 10)
        *start = ' ';
    *p++ = '-';
    p = put_name(p, date_months[m.month - 1]);
    *p++ = '-';
    p = put2(put2(p, m.year / 100), m.year % 100);
    *p++ = ' ';
    p = put_clock(p, &m);
    *p++ = ' ';
    to->len += put_offset(p, zone, false) - start;
}

void date_put_asctime(struct buf *to, int64_t seconds)
{
    struct moment m = moment_of(seconds, 0);
    char *start = buf_room(to, 40), *p = put_name(start, date_weekdays[m.weekday]);
    *p++ = ' ';
    p = put_name(p, date_months[m.month - 1]);
    *p++ = ' ';
    p = put2(p, m.day);
    if (m.day < 10)
        p[-2] = ' ';
    *p++ = ' ';
    p = put_clock(p, &m);
    *p++ = ' ';
    p = put2(put2(p, m.year / 100), m.year % 100);
    to->len += p - start;
}
