/* What follows when a recipient is settled: a copy of what was sent, word to the sender of what failed. */
#include "store/queue.h"
#include "sys/sys.h"

struct numbers {
    int64_t id[QUEUE_SEQUELS];
    bool copy[QUEUE_SEQUELS];
    ptrdiff_t n;
};

static bool read_numbers(struct store *s, struct numbers *out, struct err *e)
{
    bool failed;
    out->n = 0;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT * FROM (SELECT id, 1 FROM submission WHERE copied = 1 ORDER BY id LIMIT ?1) UNION ALL "
                               "SELECT * FROM (SELECT DISTINCT submission_id, 0 FROM recipient WHERE reported = 0 AND (status = 'failed' OR status = 'expired') "
                               "ORDER BY submission_id LIMIT ?1) LIMIT ?1",
                               "i", (int64_t)QUEUE_SEQUELS);
    for (; db_row(s, q, &failed, e); out->n++) {
        out->id[out->n] = db_i64(q, 0);
        out->copy[out->n] = db_i64(q, 1) != 0;
    }
    return !failed;
}

static bool read_failures(arena *a, struct store *s, struct queue_sequel *to, struct err *e)
{
    bool failed;
    int64_t count;
    if (!db_number(s, e, 0, &count, "SELECT count(*) FROM recipient WHERE submission_id = ? AND reported = 0 AND (status = 'failed' OR status = 'expired')",
                   "i", to->m.id))
        return false;
    to->failure = ARENA_ARRAY(a, struct queue_failure, count);
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT id, address, status, code, enhanced_code, server, host, error_code, coalesce(last_at, updated_at) FROM recipient "
                               "WHERE submission_id = ? AND reported = 0 AND (status = 'failed' OR status = 'expired') ORDER BY id",
                               "i", to->m.id);
    for (; db_row(s, q, &failed, e); to->n++) {
        struct queue_failure *f = &to->failure[to->n];
        *f = (struct queue_failure){.id = db_i64(q, 0), .address = db_text_copy(a, q, 1), .code = db_i64(q, 3), .at = db_i64(q, 8)};
        queue_status_named(db_text(q, 2), &f->status);
        str *const texts[] = {&f->enhanced_code, &f->server, &f->host, &f->error_code};
        for (int i = 0; i < 4; i++)
            *texts[i] = db_is_null(q, 4 + i) ? STR_NONE : db_text_copy(a, q, 4 + i);
    }
    return !failed;
}

bool queue_sequels(arena *a, struct store *s, struct queue_sequel **out, ptrdiff_t *n, struct err *e)
{
    struct numbers list;
    *n = 0;
    bool good = store_read_begin(s, e) && read_numbers(s, &list, e);
    *out = good ? ARENA_ARRAY(a, struct queue_sequel, list.n) : NULL;
    for (ptrdiff_t i = 0; good && i < list.n; i++) {
        struct queue_sequel *to = &(*out)[*n];
        to->copy = list.copy[i];
        good = queue_row(a, s, list.id[i], &to->m, NULL, e) && (to->copy || read_failures(a, s, to, e));
        ++*n;
    }
    store_read_end(s);
    return good;
}

static bool mark_done(struct store *s, const struct queue_sequel *done, struct err *e)
{
    if (done->copy)
        return db_run(s, e, "UPDATE submission SET copied = 2 WHERE id = ?", "i", done->m.id);
    for (ptrdiff_t i = 0; i < done->n; i++)
        if (!db_run(s, e, "UPDATE recipient SET reported = 1 WHERE id = ?", "i", done->failure[i].id))
            return false;
    return true;
}

bool queue_sequels_done(struct store *s, const struct queue_sequel *done, ptrdiff_t n, struct err *e)
{
    bool good = n == 0 || db_begin(s, e);
    for (ptrdiff_t i = 0; good && i < n; i++)
        good = mark_done(s, &done[i], e);
    good = good && (n == 0 || db_commit(s, e));
    db_rollback(s);
    return good;
}
