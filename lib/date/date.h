/* Times of mail: RFC 5322 (with its obsolete forms), the mbox "From " line, IMAP, RFC 3339; and the civil calendar.
 *
 * Times are seconds since 1970-01-01T00:00:00Z, zones minutes east of UTC. Years 0001 to 9999; beyond that a text is no
 * date. Parsers return false where they find none and then leave *seconds and *zone alone; either pointer may be NULL.
 * Nothing here allocates but what is put into a buf, and only date_local_* look at TZ. */
#ifndef DATE_H
#define DATE_H

#include "str/str.h"

/* RFC 5322 3.3 and 4.3, folded or not, with comments. Also read: no or a wrong weekday, no seconds, two and three digit years,
 * no zone (UTC), names of zones that RFC 5322 does not have (UTC, as it says), "GMT+0200", AM and PM, asctime and ISO 8601 order, '-',
 * '/' or '.' between the parts of the day, month before day, no time of day (midnight), junk behind. A leap second counts as the
 * second before it. */
bool date_parse_5322(str s, int64_t *seconds, int *zone);

/* What follows the sender in a mbox "From " line: "Thu Nov  4 12:34:56 2021", with or without seconds and weekday, a
 * zone before or after the year. The whole text must be one (a test for "From " lines hangs on it). */
bool date_parse_asctime(str s, int64_t *seconds, int *zone);

/* INTERNALDATE (RFC 3501 date-time, without its quotes): " 4-Nov-2021 12:34:56 +0100". */
bool date_parse_internal(str s, int64_t *seconds, int *zone);

/* RFC 3339 date-time; a fraction is cut, 't', 'z' and a space for the T are taken. The whole text must be one. */
bool date_parse_3339(str s, int64_t *seconds, int *zone);

/* "2021-11-04T11:34:56Z"; "2021-11-04T12:34:56+01:00"; "Thu, 04 Nov 2021 12:34:56 +0100"; " 4-Nov-2021 12:34:56 +0100";
 * "Thu Nov  4 11:34:56 2021" (UTC). Times outside the range are clamped to it. */
void date_put_utc(struct buf *to, int64_t seconds);
void date_put_zone(struct buf *to, int64_t seconds, int zone);
void date_put_5322(struct buf *to, int64_t seconds, int zone);
void date_put_internal(struct buf *to, int64_t seconds, int zone);
void date_put_asctime(struct buf *to, int64_t seconds);

/* -- The proleptic Gregorian calendar, without libc. -- */
/* Days since 1970-01-01; month 1 to 12, day 1 to 31. */
int64_t date_days(int year, int month, int day);
void date_civil(int64_t days, int *year, int *month, int *day);
int date_month_days(int year, int month);

/* -- Days in the TZ of the process. -- */
/* "2021-11-04": the second at which that day begins in TZ; "2021-11" and "2021": the first day of it. */
bool date_local_day(str s, int64_t *seconds);
/* The beginning of the day that is `days` days after (before, if negative) the day that holds the given second. */
int64_t date_local_midnight(int64_t seconds, int days);

#endif
