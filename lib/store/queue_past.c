/* What became of rows in the queue that they come from, as attempts of ours; and back. */
#include "store/queue.h"
#include "sys/sys.h"

#include <assert.h>

static bool log_attempt(struct store *s, int64_t submission, int64_t number, int64_t at, str status, str reason, struct err *e)
{
    return db_run(s, e,
                  "INSERT INTO attempt (recipient_id, number, at, status, server) SELECT id, ?1, ?2, ?3, ?4 FROM recipient WHERE submission_id = ?5", "iissi",
                  number, at, status, reason, submission);
}

bool queue_set_past(struct store *s, str key, const struct queue_past *past, struct err *e)
{
    assert(s->in_transaction);
    int64_t id, now = now_s();
    bool sent = past->status == QUEUE_SENT, settled = sent || past->status == QUEUE_FAILED;
    int64_t attempts = past->retries + sent, last = sent ? past->sent_at : past->last_retry_at;
    str reason = past->reason.len ? past->reason : STR_NONE;
    if (!db_number(s, e, 0, &id, "SELECT id FROM submission WHERE key = ?", "s", key))
        return false;
    bool tried = past->retries || past->last_retry_at || reason.ptr;
    if (tried && !log_attempt(s, id, past->retries, past->last_retry_at, past->status == QUEUE_FAILED ? S("failed") : S("deferred"), reason, e))
        return false;
    if (sent && !log_attempt(s, id, attempts, past->sent_at, S("sent"), STR_NONE, e))
        return false;
    return db_run(s, e,
                  "UPDATE recipient SET status = ?, next_at = CASE WHEN ? THEN NULL ELSE next_at END, attempts = ?, server = ?, last_at = ?, reported = ?, updated_at = ? "
                  "WHERE submission_id = ?",
                  "siisIiii", queue_status_name(past->status), (int64_t)settled, attempts, sent ? STR_NONE : reason, last ? &last : NULL, (int64_t)settled, now, id) &&
           db_run(s, e, "UPDATE submission SET attempts = ? WHERE id = ?", "ii", attempts, id) && queue_derive(s, id, now, e);
}

bool queue_past_of(arena *a, struct store *s, int64_t id, struct queue_past *out, struct err *e)
{
    bool failed;
    *out = (struct queue_past){0};
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT s.status, (SELECT max(attempts) - (s.status = 'sent' AND max(attempts) > 0) FROM recipient WHERE submission_id = s.id), "
                               "(SELECT max(t.at) FROM attempt t JOIN recipient r ON r.id = t.recipient_id WHERE r.submission_id = s.id AND t.status = 'sent'), "
                               "(SELECT max(t.at) FROM attempt t JOIN recipient r ON r.id = t.recipient_id WHERE r.submission_id = s.id AND t.status <> 'sent'), "
                               "coalesce((SELECT server FROM recipient WHERE submission_id = s.id AND status <> 'sent' AND server IS NOT NULL LIMIT 1), "
                               "(SELECT t.server FROM attempt t JOIN recipient r ON r.id = t.recipient_id WHERE r.submission_id = s.id AND t.status <> 'sent' "
                               "ORDER BY t.id DESC LIMIT 1)) FROM submission s WHERE s.id = ?",
                               "i", id);
    if (!db_row(s, q, &failed, e))
        return failed ? false : err_set(e, ERR_MISSING, "queue.missing", "see mail-queue list", "there is no submission %lld", (long long)id);
    bool known = queue_status_named(db_text(q, 0), &out->status);
    assert(known);
    (void)known;
    out->retries = db_i64(q, 1);
    out->sent_at = db_i64(q, 2);
    out->last_retry_at = db_i64(q, 3);
    out->reason = db_text_copy(a, q, 4);
    sqlite3_reset(q);
    return true;
}
