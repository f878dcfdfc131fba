/* --due: which accounts have waited for long enough, by the polls that the store holds. So any number of runs may begin at any time.
 *
 * syncInterval counts from one beginning to the next. After F failures in a row it is doubled F - 1 times, up to an hour. With --adaptive
 * it is half of the mean time between the last polls that brought mail, from a fifth of syncInterval to five times that. */
#include "fetch.h"

#include <stdlib.h>

enum {
    EARLY_PART = 10, EARLY_S = 30, /* so much may be missing: cron begins at a minute, and not to the second */
    BACKOFF_MAX_S = 3600,
    ADAPTIVE_PART = 5, ADAPTIVE_LEAST_S = 60
};

static int64_t adapted(int64_t interval, const struct poll_past *p, int64_t now)
{
    int64_t least = interval / ADAPTIVE_PART > ADAPTIVE_LEAST_S ? interval / ADAPTIVE_PART : interval < ADAPTIVE_LEAST_S ? interval : ADAPTIVE_LEAST_S;
    int64_t most = interval * ADAPTIVE_PART, half = p->news ? (now - p->news_since) / p->news / 2 : most;
    return half < least ? least : half > most ? most : half;
}

static int64_t backed_off(int64_t interval, int64_t failures)
{
    int64_t most = interval > BACKOFF_MAX_S ? interval : BACKOFF_MAX_S;
    while (failures-- > 1 && interval < most)
        interval *= 2;
    return interval < most ? interval : most;
}

static int64_t due_at(const struct run *r, const struct target *a, const struct poll_past *p, int64_t now)
{
    int64_t interval = backed_off(r->opts->adaptive ? adapted(a->interval_s, p, now) : a->interval_s, p->failures);
    int64_t early = interval / EARLY_PART < EARLY_S ? interval / EARLY_PART : EARLY_S;
    return p->last_at + interval - early;
}

/* A poll of the future was stored by a clock that was wrong. */
static bool is_due(const struct run *r, const struct target *a, const struct poll_past *p)
{
    int64_t now = now_s(), at = due_at(r, a, p, now);
    bool yes = r->opts->force || !p->last_at || now >= at || p->last_at > now + EARLY_S;
    if (!yes)
        prog_note("%.*s: due in %lld s%s", STR_ARG(a->name), (long long)(at - now), p->failures > 1 ? ", because it failed again and again" : "");
    return yes;
}

static bool read_past(struct run *r, const struct target *a, struct poll_past *p, struct err *e)
{
    arena scratch = r->message;
    return store_poll_past(&scratch, r->store, a->name, &a->mailboxes, p, e);
}

bool due_now(struct run *r, const struct target *a, bool *yes, struct err *e)
{
    struct poll_past p;
    if (!read_past(r, a, &p, e))
        return false;
    *yes = is_due(r, a, &p);
    return true;
}

struct candidate {
    struct target target;
    int64_t failures;
    ptrdiff_t place; /* in the configuration */
};

static int by_failures(const void *a, const void *b)
{
    const struct candidate *x = a, *y = b;
    if (x->failures != y->failures)
        return x->failures < y->failures ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

bool due_choose(struct run *r, struct targets *accounts, struct err *e)
{
    struct candidate *all = ARENA_ARRAY(r->mem, struct candidate, accounts->n);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < accounts->n; i++) {
        struct poll_past p;
        if (!read_past(r, &accounts->item[i], &p, e))
            return false;
        if (is_due(r, &accounts->item[i], &p))
            all[n++] = (struct candidate){accounts->item[i], p.failures, i};
    }
    if (n)
        qsort(all, (size_t)n, sizeof *all, by_failures);
    for (ptrdiff_t i = 0; i < n; i++)
        accounts->item[i] = all[i].target;
    accounts->n = n;
    return true;
}
