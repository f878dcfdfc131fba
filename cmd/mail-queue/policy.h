/* What may leave now, and what must wait: windows, limits, suppressed addresses. */
#ifndef MAIL_QUEUE_POLICY_H
#define MAIL_QUEUE_POLICY_H

#include "mail-queue/verb.h"
#include "schedule/schedule.h"

struct policy;
enum policy_force {
    POLICY_ALL,
    POLICY_NO_WINDOW, /* windows do not count */
    POLICY_NOW        /* nor do limits hold, though they count what leaves */
};
/* From c->config and c->store. NULL with *e (class configuration). a: run lifetime. */
struct policy *policy_new(arena *a, struct verb_call *c, enum policy_force force, struct err *e);
/* A queue_gate (store/store.h); context is a struct policy. */
bool policy_gate(void *context, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e);

/* Whose `status` (the profile's, else the account's) is inactive sends nothing until it is active again. */
bool policy_is_inactive(const struct config *c, str account, str profile);

/* ---- windows: policy_window.c -------------------------------------------------------------------------- */

/* [window office]: start = 09:00, end = 18:00, interval = 30, unit = minutes, days = mon-fri, timeZone = Europe/Berlin, holidays = 12-25.
 * Queues ([queue NAME]), profiles ([profile NAME]), accounts and [defaults] name the one that they obey (window = office); the first of
 * these that says something counts, `none` is no window. */
struct window {
    str name;
    struct schedule schedule;
    struct schedule_opening opening; /* the last one that was looked up */
    bool has_opening, never;         /* never: it does not open any more */
};
struct windows {
    const struct config *config;
    struct window *item;
    ptrdiff_t n;
};
/* All of them; *e names file and line of what is wrong, an account that names a window which is none included. */
bool windows_read(arena *a, const struct config *c, struct windows *out, struct err *e);
struct window *windows_find(const struct windows *w, str name);
/* The one that a submission obeys; NULL: none. */
struct window *windows_for(const struct windows *w, str account, str profile, str queue);
/* The first moment from `ready` on at which mail that is ready then may leave at `now` or later; INT64_MAX: never. */
int64_t window_leaves(struct window *w, int64_t ready, int64_t now);

/* ---- limits: policy_limit.c ------------------------------------------------------------------------------ */

/* [limit gmail]: domains = gmail.com, googlemail.com; by = account; minute = 5, hour = 100, day = 2000. Counts recipients that were handed to
 * mail-send. accounts, profiles, queues, domains: for which mail it is (all, where they are not said); by: of what each has a count
 * of its own (account, profile, queue, domain); without it, all that it is for is counted together. */
enum { LIMIT_RATES = 3 };
struct limit_rate {
    const char *per; /* "minute", "hour", "day" */
    int64_t period_s, max;
};
struct limit_use { /* one count */
    str account, profile, queue, domain; /* those that `by` names; else none */
    struct schedule_log log;
};
struct limit {
    str name;
    struct strs accounts, profiles, queues, domains;
    bool by_account, by_profile, by_queue, by_domain;
    struct limit_rate rate[LIMIT_RATES];
    int n_rates;
    struct map uses; /* key to struct limit_use */
};
struct limits {
    struct limit *item;
    ptrdiff_t n;
};
/* Who sends to whom: n and at do not count. */
bool limits_read(arena *a, const struct config *c, struct limits *out, struct err *e);
bool limit_is_for(const struct limit *l, const struct departure *d);
/* The count of d, made where it is missing; *fresh: it was. */
struct limit_use *limit_use_of(arena *a, struct limit *l, const struct departure *d, bool *fresh);
/* Fill a fresh count with what left within a day before now. */
bool limit_use_load(arena *a, struct store *s, struct limit *l, struct limit_use *u, int64_t now, struct err *e);
/* The first moment at or after now at which one more may leave; INT64_MAX: never. */
int64_t limit_room(const struct limit *l, const struct limit_use *u, int64_t now);
/* Forget all counts. */
void limits_forget(struct limits *l);

/* ---- for the verbs --------------------------------------------------------------------------------------- */

/* A time on the command line, RFC 3339, or now where text is NULL; false after prog_misuse. */
bool policy_time(const char *text, int64_t *out);
/* `NAME.KEY=VALUE`: the configuration as it would be with it. 0, or what prog_misuse returned; errors of the configuration show when it is read. */
int policy_what_if(struct verb_call *c, const char *kind, const char *setting);

#endif
