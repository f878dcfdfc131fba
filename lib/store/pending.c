/* What mail-queue plan asks. */
#include "store/queue.h"

#include <assert.h>

static struct pending row(arena *a, sqlite3_stmt *q)
{
    struct pending p = {.submission = db_i64(q, 0),
                        .recipient = db_i64(q, 1),
                        .account = db_text_copy(a, q, 3),
                        .profile = db_text_copy(a, q, 4),
                        .queue = db_text_copy(a, q, 5),
                        .address = db_text_copy(a, q, 6),
                        .domain = db_text_copy(a, q, 7),
                        .subject = db_text_copy(a, q, 8),
                        .waits_for = db_text_copy(a, q, 9),
                        .priority = db_i64(q, 10),
                        .next_at = db_i64(q, 11),
                        .send_at = db_i64(q, 12),
                        .undo_until = db_i64(q, 13),
                        .expires_at = db_i64(q, 14)};
    bool known = queue_status_named(db_text(q, 2), &p.status);
    assert(known);
    (void)known;
    return p;
}

static bool read_pauses(arena *a, struct store *s, struct pauses *out, struct err *e)
{
    bool failed;
    *out = (struct pauses){0};
    sqlite3_stmt *q = db_query(s, e, "SELECT scope, name FROM pause", "");
    while (db_row(s, q, &failed, e)) {
        size_t size = sizeof *out->item, n = (size_t)out->n;
        out->item = arena_grow(a, out->item, n * size, (n + 1) * size, _Alignof(struct pause));
        out->item[out->n++] = (struct pause){db_text_copy(a, q, 0), db_text_copy(a, q, 1)};
    }
    return !failed;
}

static bool read_all(arena *a, struct store *s, struct pendings *out, struct err *e)
{
    bool failed;
    int64_t count;
    *out = (struct pendings){0};
    if (!db_number(s, e, 0, &count,
                   "SELECT count(*) FROM submission s JOIN recipient r ON r.submission_id = s.id WHERE s.status IN ('queued', 'deferred', 'held', 'sending', 'uncertain')",
                   ""))
        return false;
    out->item = ARENA_ARRAY(a, struct pending, count + 1);
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT s.id, r.id, r.status, c.name, s.profile, s.queue, r.address, r.domain, json_extract(s.record, '$.subject'), s.waits_for, "
                               "s.priority, r.next_at, s.send_at, s.undo_until, s.expires_at "
                               "FROM submission s JOIN account c ON c.id = s.account_id JOIN recipient r ON r.submission_id = s.id "
                               "WHERE s.status IN ('queued', 'deferred', 'held', 'sending', 'uncertain') AND "
                               "r.status IN ('queued', 'deferred', 'held', 'sending', 'uncertain') ORDER BY s.id, r.id",
                               "");
    while (db_row(s, q, &failed, e))
        out->item[out->n++] = row(a, q);
    return !failed;
}

bool store_pending(arena *a, struct store *s, struct pendings *out, struct pauses *pauses, struct err *e)
{
    if (!store_read_begin(s, e))
        return false;
    bool good = read_all(a, s, out, e) && read_pauses(a, s, pauses, e);
    store_read_end(s);
    return good;
}
