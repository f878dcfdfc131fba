/* Rows of the queue: one recipient's outcome, and what follows for its submission. */
#include "store/queue.h"

#include "sys/sys.h"

#include <assert.h>

static const str names[QUEUE_STATUSES] = {
    [QUEUE_QUEUED] = S("queued"),     [QUEUE_SENDING] = S("sending"), [QUEUE_SENT] = S("sent"),
    [QUEUE_DEFERRED] = S("deferred"), [QUEUE_FAILED] = S("failed"),   [QUEUE_HELD] = S("held"),
    [QUEUE_CANCELED] = S("canceled"), [QUEUE_EXPIRED] = S("expired"), [QUEUE_UNCERTAIN] = S("uncertain"),
};

str queue_status_name(enum queue_status status)
{
    assert(status < QUEUE_STATUSES);
    return names[status];
}

bool queue_status_named(str name, enum queue_status *out)
{
    for (int i = 0; i < QUEUE_STATUSES; i++)
        if (str_eq(names[i], name)) {
            *out = (enum queue_status)i;
            return true;
        }
    return false;
}

bool queue_event(struct store *s, str kind, int64_t submission, str detail, int64_t now, struct err *e)
{
    arena scratch = s->work;
    str text = detail.len ? detail : str_fmt(&scratch, "{\"submissionId\":%lld}", (long long)submission);
    return db_run(s, e,
                  "INSERT INTO event (at, kind, account_id, detail) VALUES (?1, ?2, (SELECT account_id FROM submission WHERE id = ?3), ?4)", "isis",
                  now, kind, submission, text);
}

/* RFC5321-2.4: the local part keeps its case, the domain has none. */
str queue_address(arena *a, str address)
{
    ptrdiff_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    return str_fmt(a, "%.*s%.*s", STR_ARG(str_first(address, at)), STR_ARG(str_lower(a, str_skip(address, at))));
}

bool queue_recipient_find(arena *a, struct store *s, int64_t submission, str address, struct queue_recipient *out, struct err *e)
{
    bool failed;
    *out = (struct queue_recipient){0};
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT r.id, r.submission_id, r.attempts, r.status, c.name, r.address, r.lease, r.created_at, s.expires_at "
                               "FROM recipient r JOIN submission s ON s.id = r.submission_id JOIN account c ON c.id = s.account_id "
                               "WHERE r.submission_id = ? AND r.address = ?",
                               "is", submission, queue_address(a, address));
    if (!db_row(s, q, &failed, e))
        return !failed;
    *out = (struct queue_recipient){.id = db_i64(q, 0),
                                    .submission = db_i64(q, 1),
                                    .attempts = db_i64(q, 2),
                                    .account = db_text_copy(a, q, 4),
                                    .address = db_text_copy(a, q, 5),
                                    .lease = db_is_null(q, 6) ? STR_NONE : db_text_copy(a, q, 6),
                                    .created_at = db_i64(q, 7),
                                    .expires_at = db_i64(q, 8)};
    bool known = queue_status_named(db_text(q, 3), &out->status);
    assert(known);
    (void)known;
    sqlite3_reset(q);
    return true;
}

/* ---- outcomes --------------------------------------------------------------------------------------------- */

static const int64_t *number(const struct delivery *d, enum delivery_member member, const int64_t *value)
{
    return delivery_has(d, member) && *value ? value : NULL;
}

bool queue_log(struct store *s, int64_t recipient, int64_t attempt, str logged, const struct delivery *d, int64_t now, struct err *e)
{
    return db_run(s, e,
                  "INSERT INTO attempt (recipient_id, number, at, lease, status, phase, code, enhanced_code, server, host, port, server_id, retry_at, "
                  "error_code, hint, duration_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "iiisssIsssIsIssI", recipient, attempt, delivery_has(d, DELIVERY_AT) ? d->at : now, d->lease, logged, d->phase,
                  number(d, DELIVERY_CODE, &d->code), d->enhanced_code, d->server, d->host, number(d, DELIVERY_PORT, &d->port), d->server_id,
                  number(d, DELIVERY_RETRY_AT, &d->retry_at), d->error_code, d->hint,
                  delivery_has(d, DELIVERY_DURATION_MS) ? &d->duration_ms : NULL);
}

/* Doubled with each attempt, and a tenth up or down, so that what failed together does not come back together. */
static int64_t backoff(const struct queue_patience *patience, int64_t attempts)
{
    int64_t delay = patience->backoff_s;
    for (int64_t i = 1; i < attempts && delay < patience->backoff_max_s; i++)
        delay *= 2;
    if (delay > patience->backoff_max_s)
        delay = patience->backoff_max_s;
    uint32_t random;
    sys_clock.random(&random, sizeof random);
    int64_t tenth = delay / 10;
    return delay - tenth + (int64_t)(random % (uint64_t)(2 * tenth + 1));
}

static enum queue_status after_deferral(const struct queue_recipient *r, const struct delivery *d, const struct queue_patience *patience, int64_t now,
                                        int64_t *next_at)
{
    if (now >= r->expires_at)
        return QUEUE_EXPIRED;
    if (patience->max_attempts && r->attempts >= patience->max_attempts)
        return QUEUE_FAILED;
    *next_at = delivery_has(d, DELIVERY_RETRY_AT) && d->retry_at > now ? d->retry_at : now + backoff(patience, r->attempts);
    if (*next_at > r->expires_at)
        *next_at = r->expires_at;
    return QUEUE_DEFERRED;
}

bool queue_outcome(struct store *s, const struct queue_recipient *r, enum queue_status *became, str logged, const struct delivery *d,
                   const struct queue_patience *patience, int64_t now, struct err *e)
{
    arena scratch = s->work;
    int64_t next_at = 0;
    if (*became == QUEUE_DEFERRED)
        *became = after_deferral(r, d, patience, now, &next_at);
    enum queue_status status = *became;
    bool keeps_lease = status == QUEUE_UNCERTAIN;
    if (logged.len && !queue_log(s, r->id, r->attempts, logged, d, now, e))
        return false;
    if (!db_run(s, e,
                "UPDATE recipient SET status = ?, next_at = ?, lease = ?, code = ?, enhanced_code = ?, server = ?, host = coalesce(?, host), "
                "server_id = coalesce(?, server_id), error_code = ?, hint = ?, last_at = ?, updated_at = ? WHERE id = ?",
                "sIsIssssssiii", queue_status_name(status), next_at ? &next_at : NULL, keeps_lease ? r->lease : STR_NONE,
                number(d, DELIVERY_CODE, &d->code), d->enhanced_code, d->server, d->host, d->server_id, d->error_code, d->hint, now, now, r->id))
        return false;
    if (status == QUEUE_SENT && !patience->no_copy &&
        !db_run(s, e, "UPDATE submission SET copied = 1 WHERE id = ? AND copied = 0", "i", r->submission))
        return false;
    struct buf detail = buf_new(&scratch, 512);
    struct jwrite w = {&detail, false};
    jwrite_object(&w);
    jwrite_key(&w, S("submissionId"));
    jwrite_i64(&w, r->submission);
    jwrite_key(&w, S("recipient"));
    jwrite_string(&w, r->address);
    jwrite_key(&w, S("server"));
    jwrite_string(&w, d->server);
    jwrite_end_object(&w);
    str kind = str_fmt(&scratch, "queue.%.*s", STR_ARG(queue_status_name(status)));
    return queue_event(s, kind, r->submission, buf_str(&detail), now, e);
}

/* The recipient that is farthest from its end says the status of all. */
static const enum queue_status farthest[QUEUE_STATUSES] = {QUEUE_SENDING, QUEUE_QUEUED, QUEUE_DEFERRED, QUEUE_UNCERTAIN, QUEUE_HELD,
                                                           QUEUE_FAILED,  QUEUE_EXPIRED, QUEUE_SENT,    QUEUE_CANCELED};

/* In C, and with one statement for each table: what subqueries and lists of IN do, SQLite does with a temporary table a time. */
bool queue_derive(struct store *s, int64_t submission, int64_t now, struct err *e)
{
    bool failed, has[QUEUE_STATUSES] = {false};
    int64_t next_at = INT64_MAX;
    sqlite3_stmt *q = db_query(s, e, "SELECT status, next_at FROM recipient WHERE submission_id = ?", "i", submission);
    while (db_row(s, q, &failed, e)) {
        enum queue_status status = QUEUE_CANCELED;
        queue_status_named(db_text(q, 0), &status);
        has[status] = true;
        if (!db_is_null(q, 1) && db_i64(q, 1) < next_at)
            next_at = db_i64(q, 1);
    }
    if (failed)
        return false;
    int i = 0;
    while (i + 1 < QUEUE_STATUSES && !has[farthest[i]])
        i++;
    enum queue_status all = farthest[i];
    bool settled = all == QUEUE_FAILED || all == QUEUE_EXPIRED || all == QUEUE_SENT || all == QUEUE_CANCELED;
    return db_run(s, e,
                  "UPDATE submission SET status = ?1, next_at = ?2, settled_at = CASE WHEN ?3 THEN coalesce(settled_at, ?4) END, updated_at = ?4 WHERE id = ?5",
                  "sIiii", queue_status_name(all), next_at == INT64_MAX ? NULL : &next_at, (int64_t)settled, now, submission);
}
