#include "date/date.h"
#include "tap.h"

#include <time.h>

static arena mem;

static const struct {
    const char *text, *want; /* NULL: no date */
} mail[] = {
    {"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"},
    {"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"},
    {"Tue,  1 Jul 2003 10:52:37 +0200 (CEST)", "2003-07-01T10:52:37+02:00"},
    {"1 Jul 2003 10:52:37 +0200", "2003-07-01T10:52:37+02:00"},
    {"Thu,\r\n   13\r\n  Feb\r\n    1969\r\n  23:32\r\n  -0330 (Newfoundland Time)", "1969-02-13T23:32:00-03:30"},
    {"1 Jul 2003 (a ( \\) nested) comment) 10:52:37 +0200", "2003-07-01T10:52:37+02:00"},
    {"Wed, 20 Sep 1995 00:19:00 (EDT) -0400", "1995-09-20T00:19:00-04:00"},
    {"Mon, 9 Jul 2001 (unclosed 10:52:37 +0200", "2001-07-09T00:00:00+00:00"},
    {"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06+00:00"},
    {"21 Nov 49 09:55:06 GMT", "2049-11-21T09:55:06+00:00"},
    {"21 Nov 102 09:55:06 GMT", "2002-11-21T09:55:06+00:00"},
    {"Tue, 029 Apr 2019 23:34:45 -0800", "2019-04-29T23:34:45-08:00"},
    {"Fri, 23 Aug 2002 2:32:53 -0400", "2002-08-23T02:32:53-04:00"},
    {"Fri, 25 Sep 92 14:13:02 PDT", "1992-09-25T14:13:02-07:00"},
    {"Sun, 27 Oct 2002 23:57:07 est", "2002-10-27T23:57:07-05:00"},
    {"Thu, 10 Jul 1997 14:53:31 EST5EDT", "1997-07-10T14:53:31-05:00"},
    {"Thu, 10 Jul 1997 14:53:31 A", "1997-07-10T14:53:31+00:00"},
    {"Thu, 9 Apr 2006 23:34:45 JST", "2006-04-09T23:34:45+00:00"},
    {"Fri, 23 Aug 2002 22:46:34 GMT+1", "2002-08-23T22:46:34+00:00"},
    {"Fri, 23 Aug 2002 22:46:34 GMT+0200", "2002-08-23T22:46:34+02:00"},
    {"Thu, 29 Aug 2002 15:36:58 +-0500", "2002-08-29T15:36:58+00:00"},
    {"Fri, 30 Aug 02 21:48:08 Eastern Daylight Time", "2002-08-30T21:48:08+00:00"},
    {"Thu, 29 Apr 1995 23:34:45 -0800 From: A <b@c.example>", "1995-04-29T23:34:45-08:00"},
    {"Sat Sep 21 08:18:08 2002", "2002-09-21T08:18:08+00:00"},
    {"Sat Sep 21 08:18:08 -0400 2002", "2002-09-21T08:18:08-04:00"},
    {"Thursday, April 09, 2003 9:00 AM", "2003-04-09T09:00:00+00:00"},
    {"Wed 29 May 2019 06:09:22 PM EDT", "2019-05-29T18:09:22-04:00"},
    {"Wed 29 May 2019 12:09 AM", "2019-05-29T00:09:00+00:00"},
    {"2002/09/14 Sat 02:29:32 CDT", "2002-09-14T02:29:32-05:00"},
    {"29-04-2017 23:34", "2017-04-29T23:34:00+00:00"},
    {"08/22/2002 10:00", "2002-08-22T10:00:00+00:00"},
    {"22/08/2002 10:00", "2002-08-22T10:00:00+00:00"},
    {"2016-02-29T12:34:56+01:00", "2016-02-29T12:34:56+01:00"},
    {"2016-02-29T12:34:56.789Z", "2016-02-29T12:34:56+00:00"},
    {"10:00 4-Nov-2002", "2002-11-04T10:00:00+00:00"},
    {"01 Jan 2001 00:01+0000", "2001-01-01T00:01:00+00:00"},
    {"Sat, 31 Dec 2016 23:59:60 +0000", "2016-12-31T23:59:59+00:00"},
    {"1 Jan 2001 00:00:00 +9999", "2001-01-01T00:00:00+00:00"},
    {"4 Nov 2021", "2021-11-04T00:00:00+00:00"},
    {"1 Sept 2021 10:00:00 +0000", "2021-09-01T10:00:00+00:00"},
    {"Tue, 30 Feb 2021 10:00:00 +0000", NULL},
    {"13 zzz 2021 09:55:06 +0200", NULL},
    {"Tue, 7 00 2026 19:14:51 +0000", NULL},
    {"Thu Jan 01 00:00:10 +0000", NULL},
    {"1 Jan 2021 25:00:00 +0000", NULL},
    {"1 Jan 2021 10:61:00 +0000", NULL},
    {"1 Jan 2021 10:", NULL},
    {"1 Jan 0000 00:00:00 +0000", NULL},
    {"1 Jan 0001 00:00:00 +0100", NULL},
    {"1 Jan 10000 00:00:00 +0000", NULL},
    {"99999999999 Jan 2001", NULL},
    {"Whenever", NULL},
    {"some numbers 0 1 2 but invalid", NULL},
    {"", NULL},
    {"(", NULL},
    {"(\\", NULL},
};

static const struct {
    const char *text, *want;
} from_lines[] = {
    {"Thu Nov  4 12:34:56 2021", "2021-11-04T12:34:56+00:00"},
    {"Thu Nov 04 12:34:56 2021\r\n", "2021-11-04T12:34:56+00:00"},
    {"Thu Nov  4 12:34 2021", "2021-11-04T12:34:00+00:00"},
    {"Nov 4 12:34:56 2021", "2021-11-04T12:34:56+00:00"},
    {"Thu Nov  4 12:34:56 EDT 2021", "2021-11-04T12:34:56-04:00"},
    {"Thu Nov  4 12:34:56 MET DST 2021", "2021-11-04T12:34:56+00:00"},
    {"Thu Nov  4 12:34:56 2021 +0100", "2021-11-04T12:34:56+01:00"},
    {"Thu Nov  4 12:34:56 +0100 2021", "2021-11-04T12:34:56+01:00"},
    {"Thu Nov  4 12:34:56 1996 remote from sirius", "1996-11-04T12:34:56+00:00"},
    {"Thu Nov  4 12:34:56 96", "1996-11-04T12:34:56+00:00"},
    {"Thu Nov  4 12:34:56", NULL},
    {"Thu Nov  4 2021", NULL},
    {"the house Thu Nov  4 12:34:56 2021", NULL},
    {"Thu Nov  4 12:34:56 2021 and more", NULL},
    {"Thu Nov  4 12:34:56 the 2021", NULL},
    {"", NULL},
};

static const struct {
    const char *text, *want;
} internal[] = {
    {" 4-Nov-2021 12:34:56 +0100", "2021-11-04T12:34:56+01:00"},
    {"04-Nov-2021 12:34:56 -0330", "2021-11-04T12:34:56-03:30"},
    {"14-nov-2021 12:34:56 +0000", "2021-11-14T12:34:56+00:00"},
    {"14-Nov-2021", NULL},
    {"14 Nov 2021 12:34:56 +0000", NULL},
    {"", NULL},
};

static const struct {
    const char *text, *want;
} rfc3339[] = {
    {"2021-11-04T12:34:56Z", "2021-11-04T12:34:56+00:00"},
    {"2021-11-04t12:34:56.123456789z", "2021-11-04T12:34:56+00:00"},
    {"2021-11-04 12:34:56-03:30", "2021-11-04T12:34:56-03:30"},
    {"1969-12-31T23:59:59Z", "1969-12-31T23:59:59+00:00"},
    {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"},
    {"9999-12-31T23:59:59Z", "9999-12-31T23:59:59+00:00"},
    {"2021-11-04T12:34:56", NULL},
    {"2021-11-04T12:34:56Z ", NULL},
    {"2021-11-04T12:34:56+0100", NULL},
    {"2021-11-04", NULL},
    {"2021-13-04T12:34:56Z", NULL},
    {"21-11-04T12:34:56Z", NULL},
    {"", NULL},
};

typedef bool parser(str, int64_t *, int *);

static void check(parser *parse, const char *text, const char *want)
{
    int64_t seconds = 12345;
    int zone = 678;
    bool found = parse(str_c(text), &seconds, &zone);
    struct buf b = buf_new(&mem, 32);
    if (found)
        date_put_zone(&b, seconds, zone);
    else
        buf_put(&b, seconds == 12345 && zone == 678 ? S("none") : S("touched"));
    is_str(buf_str(&b), str_c(want ? want : "none"), "%s", *text ? text : "(empty)");
    /* Every prefix gives something or nothing, and reads no further. */
    for (size_t n = 0; n < strlen(text); n++) {
        char *cut = str_z(&mem, str_of(text, (ptrdiff_t)n));
        parse(str_of(cut, (ptrdiff_t)n), NULL, NULL);
    }
}

static void check_days(void)
{
    int64_t day = date_days(1, 1, 1);
    bool good = true;
    int year = 1, month = 1, mday = 1;
    for (; year < 10000; day++) {
        int y, m, d;
        date_civil(day, &y, &m, &d);
        good = good && y == year && m == month && d == mday && date_days(y, m, d) == day;
        if (++mday > date_month_days(year, month)) {
            mday = 1;
            if (++month > 12) {
                month = 1;
                year++;
            }
        }
    }
    ok(good, "every day from 0001 to 9999 there and back");
    is_int(date_days(1970, 1, 1), 0, "the first of January 1970 is day 0");
    is_int(date_days(10000, 1, 1), day, "the last day is 9999-12-31");
}

static void check_writers(void)
{
    struct buf b = buf_new(&mem, 16);
    date_put_utc(&b, 1636025696);
    buf_byte(&b, '|');
    date_put_5322(&b, 1636025696, -210);
    buf_byte(&b, '|');
    date_put_internal(&b, 1636025696, 60);
    buf_byte(&b, '|');
    date_put_asctime(&b, 1636025696);
    buf_byte(&b, '|');
    date_put_utc(&b, INT64_MAX);
    buf_byte(&b, '|');
    date_put_zone(&b, INT64_MIN, -60);
    buf_byte(&b, '|');
    date_put_asctime(&b, -1);
    is_str(buf_str(&b),
           S("2021-11-04T11:34:56Z|Thu, 04 Nov 2021 08:04:56 -0330| 4-Nov-2021 12:34:56 +0100|Thu Nov  4 11:34:56 2021|"
             "9999-12-31T23:59:59Z|0001-01-01T00:00:00-01:00|Wed Dec 31 23:59:59 1969"),
           "writers");
}

static void check_local(const char *tz, const char *day, int64_t want)
{
    setenv("TZ", tz, 1);
    tzset();
    int64_t at = -1;
    ok(date_local_day(str_c(day), &at), "%s is a day in %s", day, tz);
    is_int(at, want, "its first second");
    is_int(date_local_midnight(at + 7200, 0), want, "and midnight of what lies in it");
}

int main(void)
{
    mem = arena_new(1 << 26);
    for (size_t i = 0; i < sizeof mail / sizeof *mail; i++)
        check(date_parse_5322, mail[i].text, mail[i].want);
    for (size_t i = 0; i < sizeof from_lines / sizeof *from_lines; i++)
        check(date_parse_asctime, from_lines[i].text, from_lines[i].want);
    for (size_t i = 0; i < sizeof internal / sizeof *internal; i++)
        check(date_parse_internal, internal[i].text, internal[i].want);
    for (size_t i = 0; i < sizeof rfc3339 / sizeof *rfc3339; i++)
        check(date_parse_3339, rfc3339[i].text, rfc3339[i].want);
    check_days();
    check_writers();
    check_local("UTC", "2021-11-04", 1635984000);
    check_local("CET-1CEST,M3.5.0,M10.5.0/3", "2021-07-01", 1625090400);
    check_local("CET-1CEST,M3.5.0,M10.5.0/3", "2021", 1609455600);
    check_local("EST5EDT,M3.2.0,M11.1.0", "2021-11", 1635739200);
    /* Summer begins at midnight, so that this day begins at one. */
    check_local("XXX3YYY,M10.3.0/0,M2.3.0/0", "2018-10-21", 1540090800);
    is_int(date_local_midnight(1635984000 + 10800, -1), 1635984000 + 7200 - 86400, "a day before, at two hours west");
    int64_t at;
    const char *bad[] = {"", "21", "2021-", "2021-13", "2021-02-30", "2021-02-03-04", "2021-002", "x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!date_local_day(str_c(bad[i]), &at), "\"%s\" is no day", bad[i]);
    return done();
}
