/* When mail may leave: windows of the day with their days, holidays, time zone and interval; and how much of it in a rolling time.
 * Neither knows a clock: every question names the second that it is about.
 *
 * A window belongs to the day on which it opens. Its edges are the first moments at which the clock on the wall of its zone shows them, or
 * what comes after: a start that a change of the clock skips is the moment of the change, and of one that comes twice the first
 * counts. So a window opens once a day at most, and intervals are elapsed time, whatever the clock does. */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "err/err.h"

struct schedule_holiday {
    int64_t first, last; /* days since 1970-01-01; */
    int month, day;      /* of every year where month is not 0 */
};

struct schedule {
    int start, end;     /* minutes from midnight, 0 to 1440; end at or before start: over midnight; equal: the whole day */
    unsigned days;      /* bit 0 is Monday */
    int64_t interval_s; /* mail leaves at the opening and each interval after it; 0: at any moment */
    str zone;           /* IANA name; STR_NONE: TZ of the process */
    struct schedule_holiday *holidays; /* days on which it does not open */
    ptrdiff_t n_holidays;
};
enum { SCHEDULE_EVERY_DAY = 127, SCHEDULE_YEARS = 2 /* how far ahead an opening is looked for: the 29th of February is not */ };

/* The whole day, every day. */
static inline struct schedule schedule_always(void) { return (struct schedule){.days = SCHEDULE_EVERY_DAY}; }

/* ---- values as people write them. False (class configuration): the sentence says what it must be; *out is unchanged. ---- */

/* "9:00", "09:00", "24:00", "00:00". */
bool schedule_read_time(str text, int *minutes, struct err *e);
/* "mon-fri", "sat, sun", "fri-mon", "monday", "all". */
bool schedule_read_days(str text, unsigned *days, struct err *e);
/* "2026-12-25, 12-24, 2026-12-27..2027-01-01": a day, a day of every year, all from one to another. Appends; a: lifetime of the schedule. */
bool schedule_read_holidays(arena *a, str text, struct schedule_holiday **list, ptrdiff_t *n, struct err *e);
/* interval and unit: "30" "minutes"; unit may be none (minutes), minutes, hours, seconds. At most a day. */
bool schedule_read_interval(str number, str unit, int64_t *seconds, struct err *e);
/* An IANA name that this system knows: "Europe/Berlin", "UTC". */
bool schedule_read_zone(str name, struct err *e);

/* ---- questions. A zone other than that of the process is looked up by setting TZ for the length of the call: one thread only. ---- */

struct schedule_opening {
    int64_t opens, closes; /* seconds since 1970 UTC; closes is the first moment at which it is closed */
};
/* The opening that holds t, or the first one after it. False: none within SCHEDULE_YEARS. */
bool schedule_opening(const struct schedule *s, int64_t t, struct schedule_opening *out);
static inline bool schedule_holds(const struct schedule_opening *o, int64_t t) { return t >= o->opens && t < o->closes; }
/* Whether it is open. */
bool schedule_is_open(const struct schedule *s, int64_t t);
/* The first moment at or after t at which mail may leave that is ready at t. False: none within SCHEDULE_YEARS. */
bool schedule_next(const struct schedule *s, int64_t t, int64_t *out);
/* Minutes east of UTC at t, in the zone of the schedule. */
int schedule_zone_at(const struct schedule *s, int64_t t);

/* The time fields of a crontab line ("*" "/30 9-17 * * 1-5") that comes as near as cron can, appended; of a window over midnight there are
 * two, separated by LF. *exact: cron keeps it as we do (but for the zone, holidays and changes of the clock). */
void schedule_crontab(const struct schedule *s, struct buf *to, bool *exact);

/* ---- rates: at most `max` in any `period_s` --------------------------------------------------------------------- */

/* The times of what left, ascending. Zero is empty. */
struct schedule_log {
    int64_t *at;
    ptrdiff_t n, cap;
};
/* n of them at t; where the clock went back, at the time of the last. */
void schedule_log_add(arena *a, struct schedule_log *log, int64_t t, int64_t n);
/* How many left in (t - period_s, t]. */
int64_t schedule_log_used(const struct schedule_log *log, int64_t period_s, int64_t t);
/* The first moment at or after t at which one more may leave; INT64_MAX where max is 0. */
int64_t schedule_log_room(const struct schedule_log *log, int64_t max, int64_t period_s, int64_t t);

#endif
