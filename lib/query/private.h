/* What the files of this room share. */
#ifndef QUERY_PRIVATE_H
#define QUERY_PRIVATE_H

#include "query/query.h"

/* Fill *fault and return false. hint may be NULL. */
bool query_refuse(struct query_fault *fault, ptrdiff_t at, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* "quoted" for a fault: cut, without control characters. */
struct query_shown {
    char text[48];
};
struct query_shown query_show(str s);

/* -- values.c: what stands behind the colon. False: *fault says why, but for its place, which the caller sets. -- */

/* A day, month, year (2026-08-01, 2026-08, 2026), today, yesterday or an RFC 3339 time: seconds [*first, *past). */
bool query_time(str s, int64_t now, int64_t *first, int64_t *past, struct query_fault *fault);
/* FROM..TO, both included, either may be missing; or one such time. */
bool query_times(str s, int64_t now, int64_t *min, int64_t *max, struct query_fault *fault);
/* 12h 30d 2w 3m 1y before now; m and y go back in the calendar of TZ. */
bool query_ago(str s, int64_t now, int64_t *out, struct query_fault *fault);

/* -- terms.c: what a field makes of its value -- */

struct query_term {
    str field;           /* as written; STR_NONE: none */
    str value;           /* without quotation marks and the star; may be empty */
    bool quoted, prefix; /* it stood in quotation marks; a star stood behind it */
    ptrdiff_t at, value_at;
};
/* The term as a node, a QUERY_NOT over it for such as is:unread; NULL with *fault. */
struct query *query_term(arena *a, const struct query_term *t, int64_t now, struct query_fault *fault);
/* Whether there is a field of this name; else *fault, with the nearest name as its hint. */
bool query_field_known(str name, ptrdiff_t at, struct query_fault *fault);

#endif
