/* Threads in the store: which thread each message id belongs to, and what a subject link needs to know of each email.
 *
 * The logic is lib/thread's; here are its tables (schema/sql/0002) and its place in put's transaction. Threads are global in a
 * store: the accounts of one team answer each other. What was linked stays linked when an email is removed, because the ids that
 * it named may be all that holds its answers together; a thread without emails is nobody's.
 * The alias of a thread is the hash of a message id in it, as its name is: no table of aliases is needed. */
#ifndef STORE_THREADS_H
#define STORE_THREADS_H

#include "store/store.h"

struct threads; /* what one writer remembers between its messages */

/* a: run lifetime. */
struct threads *threads_new(arena *a, struct store *s);
void threads_free(struct threads *t);

/* First thing in each transaction, after BEGIN IMMEDIATE. Forgets what another process may have changed since the last one. */
bool threads_begin(struct threads *t, struct err *e);

/* The thread of an email that is about to be stored, for email.thread. Makes it, and joins what the email brings together:
 * email rows of a thread that is swallowed are re-pointed (index on email(thread)), so the row of each email must be inserted
 * before the next call. The same email again changes nothing. False: the transaction must be rolled back. */
bool threads_add(struct threads *t, arena scratch, const struct email *m, int64_t *thread, struct err *e);

/* After ROLLBACK. */
void threads_forget(struct threads *t);

/* The thread that has, or ever had, this name ("t" and 16 hex digits); 0 where there is none. */
bool threads_find(struct store *s, str name, int64_t *thread, struct err *e);

#endif
