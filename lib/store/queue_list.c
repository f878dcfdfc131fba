/* What is in the queue: lists, details, counts. */
#include "date/date.h"
#include "store/queue.h"
#include "sys/sys.h"

static str json_list(arena *a, const struct strs *list)
{
    if (!list || !list->n)
        return STR_NONE;
    struct buf b = buf_new(a, 256);
    record_json_strs(&b, list);
    return buf_str(&b);
}

bool queue_list(arena *a, struct store *s, const struct queue_filter *want, struct ids *out, struct err *e)
{
    bool failed, settled = want->settled || (want->statuses && want->statuses->n);
    arena scratch = s->work;
    str accounts = json_list(&scratch, want->accounts), queues = json_list(&scratch, want->queues), statuses = json_list(&scratch, want->statuses);
    const char *all = "SELECT id FROM (SELECT s.id FROM submission s JOIN account c ON c.id = s.account_id WHERE "
                      "(?1 IS NULL OR c.name IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR s.queue IN (SELECT value FROM json_each(?2))) AND "
                      "(?3 IS NULL OR s.status IN (SELECT value FROM json_each(?3)) OR EXISTS (SELECT 1 FROM recipient r WHERE r.submission_id = s.id AND "
                      "r.status IN (SELECT value FROM json_each(?3)))) AND (?4 = 0 OR s.next_at <= ?5) ORDER BY s.id DESC LIMIT ?6) ORDER BY id";
    const char *open = "SELECT id FROM (SELECT s.id FROM submission s JOIN account c ON c.id = s.account_id WHERE s.settled_at IS NULL AND "
                       "(?1 IS NULL OR c.name IN (SELECT value FROM json_each(?1))) AND (?2 IS NULL OR s.queue IN (SELECT value FROM json_each(?2))) AND "
                       "?3 IS NULL AND (?4 = 0 OR s.next_at <= ?5) ORDER BY s.id DESC LIMIT ?6) ORDER BY id";
    sqlite3_stmt *q = db_query(s, e, settled ? all : open, "sssiii", accounts, queues, statuses, (int64_t)want->due, now_s(), want->limit);
    *out = (struct ids){0};
    while (db_row(s, q, &failed, e))
        ids_add(a, out, db_i64(q, 0));
    return !failed;
}

bool queue_resolve(arena *a, struct store *s, str word, struct ids *out, struct err *e)
{
    bool failed;
    int64_t id = 0;
    *out = (struct ids){0};
    str_i64(word, 1, INT64_MAX, &id);
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT id FROM submission WHERE id = ?1 UNION SELECT id FROM submission WHERE key = ?2 UNION "
                               "SELECT id FROM submission WHERE message_id = ?2 UNION SELECT submission_id FROM recipient WHERE server_id = ?2 ORDER BY 1",
                               "is", id, word);
    while (db_row(s, q, &failed, e))
        ids_add(a, out, db_i64(q, 0));
    if (failed)
        return false;
    return out->n || err_set(e, ERR_MISSING, "queue.missing", "see mail-queue list", "there is no submission '%.*s'", STR_ARG(word));
}

/* ---- records ---------------------------------------------------------------------------------------------- */

static void text(struct jwrite *w, str key, sqlite3_stmt *q, int column)
{
    if (db_is_null(q, column))
        return;
    jwrite_key(w, key);
    jwrite_string(w, db_text(q, column));
}

static void integer(struct jwrite *w, str key, sqlite3_stmt *q, int column)
{
    if (db_is_null(q, column))
        return;
    jwrite_key(w, key);
    jwrite_i64(w, db_i64(q, column));
}

static void time_of(struct jwrite *w, str key, int64_t seconds)
{
    char room[64];
    arena none = {0};
    struct buf b = {.ptr = room, .cap = sizeof room, .mem = &none};
    date_put_utc(&b, seconds);
    jwrite_key(w, key);
    jwrite_string(w, buf_str(&b));
}

static void when(struct jwrite *w, str key, sqlite3_stmt *q, int column)
{
    if (!db_is_null(q, column))
        time_of(w, key, db_i64(q, column));
}

static bool put_log(struct store *s, int64_t recipient, struct jwrite *w, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT number, at, status, phase, code, enhanced_code, server, host, port, server_id, retry_at, error_code, hint, lease, "
                               "duration_ms FROM attempt WHERE recipient_id = ? ORDER BY id",
                               "i", recipient);
    jwrite_key(w, S("log"));
    jwrite_array(w);
    while (db_row(s, q, &failed, e)) {
        jwrite_object(w);
        integer(w, S("attempt"), q, 0);
        when(w, S("at"), q, 1);
        text(w, S("status"), q, 2);
        text(w, S("phase"), q, 3);
        integer(w, S("code"), q, 4);
        text(w, S("enhancedCode"), q, 5);
        text(w, S("server"), q, 6);
        text(w, S("host"), q, 7);
        integer(w, S("port"), q, 8);
        text(w, S("serverId"), q, 9);
        when(w, S("retryAt"), q, 10);
        text(w, S("errorCode"), q, 11);
        text(w, S("hint"), q, 12);
        text(w, S("lease"), q, 13);
        integer(w, S("durationMs"), q, 14);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
    return !failed;
}

static bool put_recipients(struct store *s, int64_t id, struct jwrite *w, struct err *e)
{
    bool failed, good = true;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT id, address, status, attempts, next_at, code, enhanced_code, server, host, server_id, error_code, hint, lease "
                               "FROM recipient WHERE submission_id = ? ORDER BY id",
                               "i", id);
    jwrite_key(w, S("recipients"));
    jwrite_array(w);
    while (good && db_row(s, q, &failed, e)) {
        jwrite_object(w);
        text(w, S("recipient"), q, 1);
        text(w, S("status"), q, 2);
        integer(w, S("attempts"), q, 3);
        when(w, S("nextAt"), q, 4);
        integer(w, S("code"), q, 5);
        text(w, S("enhancedCode"), q, 6);
        text(w, S("server"), q, 7);
        text(w, S("host"), q, 8);
        text(w, S("serverId"), q, 9);
        text(w, S("errorCode"), q, 10);
        text(w, S("hint"), q, 11);
        text(w, S("lease"), q, 12);
        good = put_log(s, db_i64(q, 0), w, e);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
    return good && !failed;
}

static bool put_submission(struct store *s, arena scratch, int64_t id, bool full, struct buf *to, struct err *e)
{
    struct submission m;
    struct err why = {0};
    int64_t next_at;
    if (!queue_row(&scratch, s, id, &m, &next_at, &why)) {
        if (e)
            *e = why;
        return why.class == ERR_MISSING;
    }
    struct buf more = buf_new(&scratch, 1024);
    struct jwrite w = {&more, m.unknown.len > 0};
    buf_put(&more, m.unknown);
    if (next_at)
        time_of(&w, S("nextAt"), next_at);
    if (full && !put_recipients(s, id, &w, e))
        return false;
    m.unknown = buf_str(&more);
    record_write_submission(to, &m);
    return true;
}

bool queue_lines(struct store *s, const int64_t *id, ptrdiff_t n, bool full, struct buf *to, struct err *e)
{
    arena scratch = arena_new((size_t)1 << 30);
    bool good = store_read_begin(s, e);
    for (ptrdiff_t i = 0; good && i < n; i++)
        good = put_submission(s, scratch, id[i], full, to, e);
    store_read_end(s);
    arena_free(&scratch);
    return good;
}

/* ---- counts ----------------------------------------------------------------------------------------------- */

bool queue_unsent(struct store *s, int64_t *n, struct err *e)
{
    return db_number(s, e, 0, n,
                     "SELECT (SELECT count(*) FROM recipient WHERE status = 'deferred') + (SELECT count(*) FROM submission WHERE waits_for = 'limit' AND "
                     "next_at IS NOT NULL)",
                     "");
}

static bool put_states(struct store *s, struct jwrite *w, struct err *e)
{
    int64_t count[QUEUE_STATUSES] = {0};
    bool failed;
    sqlite3_stmt *q = db_query(s, e, "SELECT status, count(*) FROM recipient GROUP BY status", "");
    while (db_row(s, q, &failed, e)) {
        enum queue_status status;
        if (queue_status_named(db_text(q, 0), &status))
            count[status] = db_i64(q, 1);
    }
    for (int i = 0; i < QUEUE_STATUSES; i++) {
        jwrite_key(w, queue_status_name((enum queue_status)i));
        jwrite_i64(w, count[i]);
    }
    return !failed;
}

static bool put_pauses(struct store *s, struct jwrite *w, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e, "SELECT scope, name, by, at, reason FROM pause ORDER BY scope, name", "");
    jwrite_key(w, S("paused"));
    jwrite_array(w);
    while (db_row(s, q, &failed, e)) {
        jwrite_object(w);
        text(w, S("scope"), q, 0);
        text(w, S("name"), q, 1);
        text(w, S("by"), q, 2);
        when(w, S("at"), q, 3);
        text(w, S("reason"), q, 4);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
    return !failed;
}

static bool put_number(struct store *s, struct jwrite *w, str key, const char *sql, struct err *e)
{
    int64_t n;
    if (!db_number(s, e, 0, &n, sql, "i", now_s()))
        return false;
    jwrite_key(w, key);
    jwrite_i64(w, n);
    return true;
}

static bool put_moment(struct store *s, struct jwrite *w, str key, const char *sql, struct err *e)
{
    int64_t n;
    if (!db_number(s, e, 0, &n, sql, ""))
        return false;
    if (n) {
        time_of(w, key, n);
    } else {
        jwrite_key(w, key);
        jwrite_null(w);
    }
    return true;
}

bool queue_state(struct store *s, struct buf *to, struct err *e)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"queue\",\"v\":1"));
    bool good = store_read_begin(s, e) && put_states(s, &w, e) &&
                put_number(s, &w, S("due"), "SELECT count(*) FROM submission WHERE next_at IS NOT NULL AND next_at <= ?", e) &&
                put_number(s, &w, S("oldestAgeS"), "SELECT ? - min(created_at) FROM submission WHERE settled_at IS NULL", e) &&
                put_moment(s, &w, S("nextAt"), "SELECT min(next_at) FROM submission WHERE next_at IS NOT NULL", e) &&
                put_moment(s, &w, S("lastActivity"), "SELECT max(at) FROM attempt", e) &&
                put_moment(s, &w, S("lastSentAt"), "SELECT max(last_at) FROM recipient WHERE status = 'sent'", e) &&
                put_number(s, &w, S("leases"), "SELECT count(DISTINCT lease) FROM recipient WHERE status = 'sending' AND ? > 0", e) &&
                put_pauses(s, &w, e);
    store_read_end(s);
    buf_put(to, S("}\n"));
    return good;
}
