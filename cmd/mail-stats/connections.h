/* Who is at work on the store now. */
#ifndef MAIL_STATS_CONNECTIONS_H
#define MAIL_STATS_CONNECTIONS_H

#include "mail-stats/stats.h"

struct connection {
    str kind;           /* fetch, send */
    str account, lease; /* what it holds: one of the two */
    str program;        /* none where it has just ended */
    int64_t pid, since;
};
struct connections {
    arena *mem;
    struct connection *item;
    ptrdiff_t n, cap, processes; /* a process may hold several */
};
/* store: its folder. Never fails: what cannot be read is not there. */
void connections_read(arena *a, str store, struct connections *out);

#endif
