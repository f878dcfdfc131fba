/* The mail of each thread in the order of time, and who of it is ours. */
#ifndef MAIL_STATS_MAILS_H
#define MAIL_STATS_MAILS_H

#include "mail-stats/stats.h"

struct mail {
    int64_t thread, account_id, received_at, id, from; /* from: row of address, 0: none */
    str account;
    bool ours; /* direction outbound, or From is an address of the account in the configuration */
};
struct mails {
    arena *mem;
    struct mail *item; /* by account (where they are parted), thread, time */
    ptrdiff_t n, cap;
    bool by_account;
};

/* All mail of the request's accounts that is in a thread, whatever its range; without drafts where they are not wanted. */
bool mails_read(struct request *r, bool by_account, bool drafts, struct mails *out, struct err *e);
/* One past the last mail of the thread that begins at `from`. */
ptrdiff_t mails_end(const struct mails *m, ptrdiff_t from);
static inline bool in_range(const struct request *r, int64_t t) { return t >= r->range.since && t < r->range.until; }

/* -- business hours: what of a time lies within them -- */
struct business {
    int64_t *opens, *closes, *before; /* before: seconds that were open until then */
    ptrdiff_t n, cap;
};
/* Of these hours, from the one time to the other. */
struct business business_new(arena *a, const struct schedule *hours, int64_t first, int64_t last);
/* Of the hours of the request, from the first to the last of these. */
struct business business_of(struct request *r, const struct mails *m);
int64_t business_between(const struct business *b, int64_t from, int64_t to);

#endif
