/* The dashboard: what was read for it, and the three forms of it. */
#ifndef MAIL_STATS_DASH_H
#define MAIL_STATS_DASH_H

#include "mail-stats/health.h"
#include "mail-stats/table.h"

enum { DASH_ROWS = 8 /* of each list, where -n does not say it */, DASH_DAYS = 30 };

struct dash_account {
    str name;
    const struct finding *worst;         /* NULL: nothing was looked at */
    bool configured;
    int64_t emails, polls, failed, last; /* within the range; last: when a poll ended well, 0: none did */
};

struct dash_window {
    bool known, open;
    str name, start, end, interval, unit;
    int64_t next_at; /* when mail may leave that is ready now; 0: never */
};

/* Tables are those of the reports of their names, for the range of the request; the queue is as it is now, whatever the range. */
struct dash {
    struct request *request; /* its range has a beginning */
    struct table volume, response, response_all, rates, queue, domains, senders, errors;
    struct table polls; /* one row each, the last one first; with --errors those that did not end well */
    struct findings findings;
    struct dash_account *account; /* by name */
    ptrdiff_t accounts;
    struct dash_window window; /* that of [defaults], else the only one */
    struct stats_sending sending;
    int64_t errors_n; /* of all errors */
    int64_t took_ms;  /* reading the store */
};

bool dash_read(struct request *r, struct dash *out, struct err *e);
/* A cell by the column's name; 0 where it is null or there is no such row. */
int64_t dash_number(const struct table *t, ptrdiff_t row, str column);
bool dash_known(const struct table *t, ptrdiff_t row, str column);
int64_t dash_sum(const struct table *t, str column);
int dash_column(const struct table *t, str name);
/* How many recipients of the queue are not settled. */
int64_t dash_waiting(const struct table *t, ptrdiff_t row);
/* The command line that prints a report of the same store and accounts, and of the same range where it is not about now. */
str dash_command(const struct dash *d, const char *report, bool now);
/* The next moment at which mail leaves; 0: none is known, or the queue is paused. */
int64_t dash_next_run(const struct dash *d);
/* "the last 30 days", "since 2026-08-01" */
str dash_range(const struct dash *d);

void dash_json(const struct dash *d, struct buf *to);
void dash_legacy(const struct dash *d, struct buf *to);
void dash_text(const struct dash *d, struct buf *to);
void dash_page(const struct dash *d, struct buf *to);

/* dash_chart.c: bars over names, each of layers that stand on each other; as wide as the room that it gets. */
struct drawing {
    ptrdiff_t n;
    const str *name, *tip;  /* of each: below it (some of them), and what it says when pointed at */
    const int64_t *layer[2]; /* the second may be NULL; below 0: nothing is known there */
    enum column_kind kind;
    str label;              /* for those who do not see it */
    int high;               /* DASH_HIGH, DASH_LOW: pixels of the highest bar, which dash_style knows too */
};
enum { DASH_HIGH = 236, DASH_LOW = 110 };
void dash_bars(struct buf *to, const struct drawing *d);
/* part of whole, as a thin bar. */
void dash_meter(struct buf *to, int64_t part, int64_t whole);
/* "1h 30m", "2d"; in its largest unit alone: "1h" */
void put_short(struct buf *to, int64_t seconds);
void put_age(struct buf *to, int64_t seconds);
/* "12 345", with narrow spaces */
void put_grouped(struct buf *to, int64_t n);

extern const char dash_style[];

#endif
