/* Periods of the wall clock of TZ, and rows that stand for them.
 *
 * A day has 23 or 25 hours where the clock changes; the hour that comes twice is two periods. */
#ifndef MAIL_STATS_PERIOD_H
#define MAIL_STATS_PERIOD_H

#include "str/str.h"

enum by { BY_ALL, BY_HOUR, BY_DAY, BY_WEEK, BY_MONTH, BY_ACCOUNT, BY_MAILBOX, BY_DIRECTION, BY_DOMAIN, BY_QUEUE, BY_NUMBER };
enum { BY_TIMES = 1 << BY_HOUR | 1 << BY_DAY | 1 << BY_WEEK | 1 << BY_MONTH, PERIODS_MAX = 1000000 /* more are refused: a wrong year somewhere */ };

str by_name(enum by by);
bool by_named(str name, enum by *out);
static inline bool by_is_time(enum by by) { return BY_TIMES >> by & 1; }

/* by is a time. The first second of the period that holds t, and of the one after the period that begins at `start`. */
int64_t period_start(enum by by, int64_t t);
int64_t period_next(enum by by, int64_t start);
/* "2026-10-25T02:00:00+02:00", "2026-10-25", "2026-W43" (ISO 8601), "2026-10". */
void period_name(enum by by, int64_t start, struct buf *to);

/* "90d", "12w": that many days, weeks before today's midnight; "36h": hours before now; "2026-08-22", "2026-08", "2026": the first second of it in TZ;
 * an RFC 3339 time. */
bool period_read(str text, int64_t now, int64_t *out);

/* One item for each period or name that was asked for; periods between two that were are there too. */
struct groups {
    enum by by;
    arena *mem;
    size_t size;     /* of an item */
    char *item;      /* n of them, zeroed when made */
    int64_t *edge;   /* n + 1: periods; */
    str *name;       /* n: names */
    ptrdiff_t n, cap, last;
    int64_t first;
    struct map names;
    bool too_many;   /* PERIODS_MAX were not enough: the last one holds the rest */
};
/* first: no time below it will be asked for; the first period is the one that holds it. INT64_MIN: times are asked for in their order. */
struct groups groups_new(arena *a, enum by by, size_t size, int64_t first);
/* The item of time t or of the name (STR_NONE: "(none)"), whichever `by` is; valid until the next call. */
void *groups_at(struct groups *g, int64_t t, str name);
/* Periods up to the one that holds t are there. */
void groups_fill(struct groups *g, int64_t t);
static inline void *groups_item(const struct groups *g, ptrdiff_t i) { return g->item + (size_t)i * g->size; }
/* What it is called, in a. */
str groups_key(const struct groups *g, arena *a, ptrdiff_t i);
/* Names in their order; items move with them. */
void groups_sort(struct groups *g);

/* -- samples, of which percentiles are asked -- */
struct samples {
    int64_t *item;
    ptrdiff_t n, cap;
};
void samples_add(arena *a, struct samples *s, int64_t value);
void samples_sort(struct samples *s);
/* The nearest rank of a sorted list that has at least one: the smallest value that percent of all do not exceed. */
int64_t samples_percentile(const struct samples *s, int percent);

#endif
