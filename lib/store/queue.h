/* Private to lib/store: rows of the queue. Everything here runs within the caller's transaction (db_begin). */
#ifndef STORE_QUEUE_H
#define STORE_QUEUE_H

#include "store/db.h"

/* One recipient's row with what is needed of its submission. */
struct queue_recipient {
    int64_t id, submission, attempts;
    enum queue_status status;
    str account, address, lease; /* lease: none unless sending */
    int64_t created_at, expires_at;
};

/* The form in which addresses are kept: the domain in lower case. */
str queue_address(arena *a, str address);

/* The recipient of a submission; 0 in out->id where there is none. */
bool queue_recipient_find(arena *a, struct store *s, int64_t submission, str address, struct queue_recipient *out, struct err *e);

/* Write an outcome: the row, the attempt log, an event (sqlite3_last_insert_rowid is its seq). *became: what the row becomes;
 * QUEUE_DEFERRED gets its next time from patience and d->retry_at, or turns into expired or failed where that was the last attempt. logged: the word of the attempt log
 * ("sent", "deferred", "failed", "uncertain", "bounced"). Call queue_derive afterwards, once for each submission. */
bool queue_outcome(struct store *s, const struct queue_recipient *r, enum queue_status *became, str logged, const struct delivery *d,
                   const struct queue_patience *patience, int64_t now, struct err *e);

/* What one attempt log row says, without changing the recipient: bounces that come late. */
bool queue_log(struct store *s, int64_t recipient, int64_t number, str logged, const struct delivery *d, int64_t now, struct err *e);

/* Status, next time and settled_at of a submission from its recipients. */
bool queue_derive(struct store *s, int64_t submission, int64_t now, struct err *e);

/* A submission as its row has it: members that do not change, id, path, size, status, createdAt, attempt (claims so far).
 * next_at: NULL, or when it is due (0: not again). False with class missing where there is no such number. */
bool queue_row(arena *a, struct store *s, int64_t id, struct submission *out, int64_t *next_at, struct err *e);

/* An event row: kind "queue.sent", detail a JSON object or STR_NONE. */
bool queue_event(struct store *s, str kind, int64_t submission, str detail, int64_t now, struct err *e);

#endif
