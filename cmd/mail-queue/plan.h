/* Who leaves when: the rules of claim on a clock of its own. */
#ifndef MAIL_QUEUE_PLAN_H
#define MAIL_QUEUE_PLAN_H

#include "mail-queue/policy.h"

enum plan_hold { PLAN_NONE, PLAN_SENDING, PLAN_HELD, PLAN_UNCERTAIN, PLAN_PAUSED, PLAN_INACTIVE, PLAN_SUPPRESSED, PLAN_EXPIRES };

/* One recipient. */
struct plan_unit {
    const struct pending *row;
    enum plan_hold hold;        /* why it does not leave */
    str paused;                 /* PLAN_PAUSED: the account or queue, none: all */
    int64_t own_at;             /* when its own times let it go: backoff, sendAt, undo */
    int64_t window_at;          /* when its window does, INT64_MAX: never */
    int64_t leaves;             /* INT64_MAX: never */
    const struct window *window; /* NULL: none */
    const struct limit *limit;  /* what held it behind window_at */
};
struct plan {
    struct plan_unit *unit; /* as the rows */
    ptrdiff_t n;
};
/* Everything that waits, from now on, if each moment has a claim and every delivery succeeds. */
bool plan_make(arena *a, struct verb_call *c, int64_t now, struct plan *out, struct err *e);

#endif
