/* Private to lib/store: how far each mailbox of a server is stored, while a transaction of put lasts. */
#ifndef STORE_CURSOR_H
#define STORE_CURSOR_H

#include "store/db.h"

struct cursors {
    struct store *store;
    arena *mem; /* of the transaction */
    bool skip_gaps;
    struct mark *first;
};

/* First thing in each transaction; nothing of the last one is kept. */
void cursors_begin(struct cursors *c, struct store *s, arena *mem, bool skip_gaps);

/* A message of (mailbox, uidValidity) is stored: `after` is the UID that its run asked for before it, 0 where it was the first. */
bool cursors_stored(struct cursors *c, int64_t mailbox, const struct source *from, struct err *e);

/* Write what has changed; before COMMIT. */
bool cursors_write(struct cursors *c, struct err *e);

/* -- The ranges themselves, ascending and apart; for tests. -- */
struct holes {
    struct uid_range *item;
    ptrdiff_t n, cap;
};
void holes_add(arena *a, struct holes *h, int64_t first, int64_t last);
/* Everything within first…last is there now. True where something changed. */
bool holes_close(arena *a, struct holes *h, int64_t first, int64_t last);

#endif
