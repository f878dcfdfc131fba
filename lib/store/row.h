/* Private to lib/store: the rows of one email, within a transaction of put. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/cursor.h"
#include "store/threads.h"

/* Numbers of accounts, mailboxes and addresses, found or made, and remembered. */
struct names;
struct names *names_new(arena *a, struct store *s);
/* After ROLLBACK: what was made is gone. */
void names_forget(struct names *n);
bool names_account(struct names *n, str account, int64_t *id, struct err *e);
bool names_mailbox(struct names *n, int64_t account, str mailbox, int64_t *id, struct err *e);
/* email in lower case. */
bool names_address(struct names *n, str email, int64_t *id, struct err *e);
void names_free(struct names *n);

enum row_outcome { ROW_NEW, ROW_CHANGED, ROW_SAME };

struct row_writer {
    struct store *store;
    struct names *names;
    struct threads *threads;
    struct cursors *cursors;
    int64_t now; /* seconds */
};
struct row_result {
    enum row_outcome outcome;
    bool parsed; /* false: a new email of which only the message is known */
    int64_t id, account, thread, seq; /* seq: of its event, where outcome is not ROW_SAME */
};
/* m is whole: account, blobId and size are known. a: of the message. False: the transaction must be rolled back. */
bool row_write(arena *a, struct row_writer *w, const struct email *m, struct row_result *out, struct err *e);
/* The `status` of a stored email. Its event is email.changed; nothing happens where it is so already. */
bool row_status(arena *a, struct store *s, int64_t id, str status, int64_t now, struct err *e);

#endif
