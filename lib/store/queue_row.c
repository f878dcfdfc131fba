/* Rows of the queue as records. */
#include "store/blob.h"
#include "store/queue.h"

#include <stdio.h>

static void set_time(struct submission *m, enum submission_member member, int64_t *to, int64_t value)
{
    if (!value)
        return;
    *to = value;
    submission_knows(m, member);
}

bool queue_row(arena *a, struct store *s, int64_t id, struct submission *out, int64_t *next_at, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT s.record, s.key, c.name, s.queue, s.blob_id, s.size, s.status, s.created_at, s.attempts, s.next_at, s.expires_at "
                               "FROM submission s JOIN account c ON c.id = s.account_id WHERE s.id = ?",
                               "i", id);
    if (!db_row(s, q, &failed, e))
        return failed ? false : err_set(e, ERR_MISSING, "queue.missing", "see mail-queue list", "there is no submission %lld", (long long)id);
    struct record r;
    char what[48];
    str line = db_text_copy(a, q, 0);
    snprintf(what, sizeof what, "submission %lld", (long long)id);
    bool good = record_read_types(a, line, what, 0, RECORD_BIT(RECORD_SUBMISSION), &r, e);
    struct submission m = r.submission;
    m.id = id;
    m.key = db_text_copy(a, q, 1);
    m.account = db_text_copy(a, q, 2);
    m.queue = db_text_copy(a, q, 3);
    m.blob_id = blob_hex(a, sqlite3_column_blob(q, 4));
    m.path = blob_path(a, s, m.blob_id);
    m.size = db_i64(q, 5);
    m.status = db_text_copy(a, q, 6);
    static const enum submission_member known[] = {SUBMISSION_ID, SUBMISSION_KEY, SUBMISSION_ACCOUNT, SUBMISSION_QUEUE, SUBMISSION_BLOB_ID,
                                                   SUBMISSION_PATH, SUBMISSION_SIZE, SUBMISSION_STATUS};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        submission_knows(&m, known[i]);
    set_time(&m, SUBMISSION_CREATED_AT, &m.created_at, db_i64(q, 7));
    set_time(&m, SUBMISSION_EXPIRES_AT, &m.expires_at, db_i64(q, 10));
    m.attempt = db_i64(q, 8);
    if (m.attempt)
        submission_knows(&m, SUBMISSION_ATTEMPT);
    if (next_at)
        *next_at = db_i64(q, 9);
    sqlite3_reset(q);
    *out = m;
    return good;
}
