/* Private to lib/store: a thread that brings committed pages from the WAL into mail.db while the next transaction is made.
 *
 * SQLite does it within COMMIT, where nothing else goes on: a third of the time that a large commit takes. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/db.h"

struct checkpoint;
/* From now on commits of s leave it to the thread, which begins when there is enough to do for the first time. a: run lifetime. */
struct checkpoint *checkpoint_new(arena *a, struct store *s);
/* Before each COMMIT: whether as much will follow. Then the WAL is not cut when it begins anew, for it will be as long again in a moment; else
 * it is, to what is kept of it. */
void checkpoint_expect(struct checkpoint *c, bool more);
/* Before each BEGIN: where the WAL has become long, waits until it can begin anew. Only with no transaction open does it. */
void checkpoint_wait(struct checkpoint *c);
/* There are no more transactions: the WAL is emptied, as the last one who closes the database would do, while the caller cleans up. */
void checkpoint_last(struct checkpoint *c);
/* Waits for it. */
void checkpoint_end(struct checkpoint *c);

#endif
