/* How the installation is, judged by work that was completed (doc/health.md). */
#ifndef MAIL_STATS_HEALTH_H
#define MAIL_STATS_HEALTH_H

#include "mail-stats/stats.h"

enum health { HEALTH_OK, HEALTH_WARNING, HEALTH_CRITICAL };
/* "ok", "warning", "critical" */
str health_name(enum health status);

/* What was looked at, and how it is. check and object together name it: they stay as long as it lasts. */
struct finding {
    enum health status;
    str check;       /* "poll", "failures", "queue", "send", "certificate", "disk", "store", "clock", "canary", … */
    str account;     /* STR_NONE: of the whole installation */
    str object;      /* what of it: the account, a mailbox, a host; STR_NONE: nothing narrower */
    str message;     /* one sentence, without a dot; it may hold words of servers: escape it */
    str hint;        /* what to do next; STR_NONE where it is ok */
    int64_t since;   /* when it became so, seconds since 1970 UTC; 0: not known, or it is ok */
};
struct findings {
    arena *mem;
    struct finding *item; /* the worst first, then in the order of checks */
    ptrdiff_t n, cap;
    enum health worst;
    bool blind; /* something could not be looked at: what is not here may be all the same */
};

/* All of them: also those that are ok, so that one sees what was looked at. Of r: mem, store, config, accounts, now. Never fails: what cannot
 * be looked at is a finding that is critical. r->store may be NULL: `why` then says why it could not be opened. Reads no more than indexes give:
 * a few milliseconds, whatever is in the store. */
void health_findings(struct request *r, const struct err *why, struct findings *out);

/* Adds what mail-fetch test and mail-send test say of each account: the only part that speaks to servers. */
void health_probe(struct request *r, struct findings *all);
/* The worst first. */
void findings_sort(struct findings *all);

/* Nothing is critical, and no work that should have been completed is not. */
bool health_is_alive(const struct findings *all);
/* Touch the file, or ask for the URL; `where` may be a reference to it (secret/secret.h). what: for sentences. */
bool health_say_alive(arena *a, str where, const char *what, struct err *e);

/* The report `health`, and its rows; problems: not those that are ok. */
report_run health_run;
void health_table(struct request *r, struct table *t, const struct findings *all, bool problems);

#endif
