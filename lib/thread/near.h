/* Private to lib/thread: the messages that a subject links to a new one, or enough of them. */
#ifndef THREAD_NEAR_H
#define THREAD_NEAR_H

#include "thread/thread.h"

/* Called with the id of each. False ends it. */
typedef bool near_take(void *ctx, uint64_t id, struct err *e);

/* Ask `known` about every pair of m. Messages that are linked to one that was taken may be left out, provided that all
 * that known knows went through here: their threads are one already. So each message is taken a bounded number of times in
 * a run, however many there are of one subject. */
bool near_each(const struct thread_mail *m, const struct thread_known *known, near_take *take, void *ctx, struct err *e);

#endif
