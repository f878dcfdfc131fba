/* Private to lib/store: the rows of one email, within a transaction of put. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/cursor.h"
#include "store/index.h"
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

/* What can be made of an email before it is known whether it is new, by any thread. */
struct row_draft {
    bool made;
    str record;    /* the JSON of the members that do not change */
    int64_t split; /* see email_record */
    bool parsed;   /* there are words */
    struct fts_words words;
    int64_t digest; /* of their texts */
};
void row_draft(arena *a, struct index_cutter *c, const struct email *m, struct row_draft *out);

struct row_writer {
    struct store *store;
    struct index_writer *index;
    struct index_cutter *cutter; /* for what has no draft yet */
    struct names *names;
    struct threads *threads;
    struct cursors *cursors;
    int64_t now; /* seconds */
};
struct row_result {
    enum row_outcome outcome;
    bool parsed; /* false: an email of which only the message was known, or is, where it is new */
    unsigned char blob[32]; /* the octets of its blobId */
    int64_t id, account, thread, seq; /* seq: of its event, where outcome is not ROW_SAME */
};
/* m is whole: account, blobId and size are known. a: of the message. A draft that is not made yet is made where it is needed. False: the
 * transaction must be rolled back. First row_find: its row, id 0 where it has none. named: there is one, if only of another account. */
bool row_find(struct row_writer *w, const struct email *m, struct row_result *out, bool *named, struct err *e);
bool row_write(arena *a, struct row_writer *w, const struct email *m, struct row_draft *draft, struct row_result *out, struct err *e);
/* The `status` of a stored email. Its event is email.changed; nothing happens where it is so already. */
bool row_status(arena *a, struct store *s, int64_t id, str status, int64_t now, struct err *e);

#endif
