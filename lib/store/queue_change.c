/* What a person says to the queue, kept as events with who said it. */
#include "store/queue.h"
#include "sys/sys.h"

#include <assert.h>

static str detail_of(arena *a, int64_t submission, str recipient, str who, str reason)
{
    struct buf b = buf_new(a, 256);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    if (submission) {
        jwrite_key(&w, S("submissionId"));
        jwrite_i64(&w, submission);
    }
    if (recipient.len) {
        jwrite_key(&w, S("recipient"));
        jwrite_string(&w, recipient);
    }
    jwrite_key(&w, S("by"));
    jwrite_string(&w, who);
    if (reason.len) {
        jwrite_key(&w, S("reason"));
        jwrite_string(&w, reason);
    }
    jwrite_end_object(&w);
    return buf_str(&b);
}

/* ---- submissions ------------------------------------------------------------------------------------------ */

static const struct {
    str event;
    const char *nothing; /* why nothing may have changed */
} orders[] = {
    [QUEUE_HOLD] = {S("queue.hold"), "only what is queued or deferred can be held"},
    [QUEUE_RELEASE] = {S("queue.release"), "only what is held can be released"},
    [QUEUE_CANCEL] = {S("queue.cancel"), "what is sent, or on its way, cannot be canceled"},
    [QUEUE_RETRY] = {S("queue.retry"), "what is sent is not tried again; what is uncertain needs --uncertain, and may arrive twice"},
    [QUEUE_MARK_SENT] = {S("queue.mark"), "what is on its way cannot be marked"},
    [QUEUE_MARK_FAILED] = {S("queue.mark"), "what is on its way cannot be marked"},
};

/* ?1 submission, ?2 recipient or NULL, ?3 now, ?4 whether uncertain ones too. */
static const char *update_of(enum queue_order order)
{
    switch (order) {
    case QUEUE_HOLD:
        return "UPDATE recipient SET status = 'held', next_at = NULL, updated_at = ?3 WHERE submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND "
               "status IN ('queued', 'deferred') AND ?4 IN (0, 1)";
    case QUEUE_RELEASE:
        return "UPDATE recipient SET status = CASE WHEN last_at IS NULL THEN 'queued' ELSE 'deferred' END, updated_at = ?3, next_at = max(?3, "
               "coalesce((SELECT send_at FROM submission WHERE id = ?1), 0)) WHERE submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND "
               "status = 'held' AND ?4 IN (0, 1)";
    case QUEUE_CANCEL:
        return "UPDATE recipient SET status = 'canceled', next_at = NULL, updated_at = ?3 WHERE submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND "
               "status IN ('queued', 'deferred', 'held') AND ?4 IN (0, 1)";
    case QUEUE_RETRY:
        return "UPDATE recipient SET status = CASE WHEN last_at IS NULL THEN 'queued' ELSE 'deferred' END, next_at = ?3, lease = NULL, updated_at = ?3, "
               "reported = 0 WHERE submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND "
               "(status IN ('queued', 'deferred', 'failed', 'expired', 'canceled') OR (status = 'uncertain' AND ?4))";
    case QUEUE_MARK_SENT:
        return "UPDATE recipient SET status = 'sent', next_at = NULL, lease = NULL, updated_at = ?3, last_at = coalesce(last_at, ?3) WHERE "
               "submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND status NOT IN ('sending', 'sent') AND ?4 IN (0, 1)";
    case QUEUE_MARK_FAILED:
        return "UPDATE recipient SET status = 'failed', next_at = NULL, lease = NULL, updated_at = ?3, error_code = 'queue.marked', reported = 1 WHERE "
               "submission_id = ?1 AND (?2 IS NULL OR address = ?2) AND status NOT IN ('sending', 'failed') AND ?4 IN (0, 1)";
    }
    assert(false && "an order that nobody knows");
    return NULL;
}

/* A life of its own length again, where the first is over. */
static bool live_again(struct store *s, int64_t submission, int64_t now, struct err *e)
{
    return db_run(s, e, "UPDATE submission SET expires_at = ?2 + max(expires_at - created_at, 86400) WHERE id = ?1 AND expires_at <= ?2", "ii", submission, now);
}

static bool apply(struct store *s, int64_t submission, const struct queue_change *c, int64_t now, int64_t *changed, struct err *e)
{
    arena scratch = s->work;
    str recipient = c->recipient.len ? queue_address(&scratch, c->recipient) : STR_NONE;
    int64_t found;
    if (!db_number(s, e, 0, &found, "SELECT 1 FROM submission WHERE id = ?", "i", submission))
        return false;
    if (!found)
        return err_set(e, ERR_MISSING, "queue.missing", "see mail-queue list", "there is no submission %lld", (long long)submission);
    if (!db_run(s, e, update_of(c->order), "isii", submission, recipient, now, (int64_t)c->uncertain))
        return false;
    *changed = sqlite3_changes(s->db);
    if (!*changed)
        return err_set(e, ERR_INPUT, "queue.state", orders[c->order].nothing, "submission %lld%s%.*s stays as it is", (long long)submission,
                       recipient.len ? " to " : "", STR_ARG(recipient));
    return (c->order != QUEUE_RETRY || live_again(s, submission, now, e)) && queue_derive(s, submission, now, e) &&
           queue_event(s, orders[c->order].event, submission, detail_of(&scratch, submission, recipient, c->who, c->reason), now, e);
}

bool queue_change(struct store *s, int64_t submission, const struct queue_change *change, int64_t *changed, struct err *e)
{
    bool inside = s->in_transaction;
    *changed = 0;
    bool good = (inside || db_begin(s, e)) && apply(s, submission, change, now_s(), changed, e) && (inside || change->dry_run || db_commit(s, e));
    if (!inside)
        db_rollback(s);
    return good;
}

/* ---- pauses ----------------------------------------------------------------------------------------------- */

static bool tell(struct store *s, str kind, str scope, str name, str who, str reason, struct err *e)
{
    arena scratch = s->work;
    struct buf b = buf_new(&scratch, 256);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    jwrite_key(&w, S("scope"));
    jwrite_string(&w, scope);
    jwrite_key(&w, S("name"));
    jwrite_string(&w, name);
    jwrite_key(&w, S("by"));
    jwrite_string(&w, who);
    if (reason.len) {
        jwrite_key(&w, S("reason"));
        jwrite_string(&w, reason);
    }
    jwrite_end_object(&w);
    return queue_event(s, kind, 0, buf_str(&b), now_s(), e);
}

static bool write_pause(struct store *s, const char *sql, const char *types, str scope, str name, str who, str reason, bool *changed, struct err *e)
{
    bool pausing = types[2] != 0;
    bool good = db_begin(s, e) &&
                (pausing ? db_run(s, e, sql, types, scope, name, who, now_s(), reason) : db_run(s, e, sql, types, scope, name));
    *changed = good && sqlite3_changes(s->db) > 0;
    good = good && (!*changed || tell(s, pausing ? S("queue.pause") : S("queue.resume"), scope, name, who, reason, e)) && db_commit(s, e);
    db_rollback(s);
    return good;
}

bool queue_pause(struct store *s, str scope, str name, str who, str reason, bool *changed, struct err *e)
{
    return write_pause(s, "INSERT INTO pause (scope, name, by, at, reason) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", "sssis", scope, name, who, reason,
                       changed, e);
}

bool queue_resume(struct store *s, str scope, str name, str who, bool *changed, struct err *e)
{
    return write_pause(s, "DELETE FROM pause WHERE scope = ? AND name = ?", "ss", scope, name, who, STR_NONE, changed, e);
}

/* ---- purge ------------------------------------------------------------------------------------------------ */

bool queue_purge(struct store *s, int64_t before, const struct strs *statuses, bool dry_run, int64_t *n, struct err *e)
{
    arena scratch = s->work;
    struct buf b = buf_new(&scratch, 128);
    if (statuses && statuses->n)
        record_json_strs(&b, statuses);
    str list = b.len ? buf_str(&b) : STR_NONE;
    bool good = db_begin(s, e) && db_run(s, e,
                                         "DELETE FROM submission WHERE settled_at IS NOT NULL AND settled_at < ? AND (?2 IS NULL OR status IN (SELECT value FROM "
                                         "json_each(?2)))",
                                         "is", before, list);
    *n = good ? sqlite3_changes(s->db) : 0;
    good = good && (dry_run || db_commit(s, e));
    db_rollback(s);
    return good;
}

/* ---- reconcile -------------------------------------------------------------------------------------------- */

/* A copy that came from a server, and is no draft, shows that a server took the message whole: with it all the recipients that
 * it had accepted. */
static const char seen_somewhere[] = "SELECT r.id, r.submission_id FROM recipient r JOIN submission s ON s.id = r.submission_id WHERE r.status = 'uncertain' AND "
                                     "EXISTS (SELECT 1 FROM email m JOIN message_location l ON l.email_id = m.id JOIN mailbox b ON b.id = l.mailbox_id "
                                     "WHERE m.message_id = s.message_id AND m.draft = 0 AND coalesce(b.role, '') <> 'drafts') LIMIT 1";

static bool reconcile_all(struct store *s, int64_t *settled, struct err *e)
{
    for (;;) {
        int64_t now = now_s(), row, submission;
        bool failed;
        sqlite3_stmt *q = db_query(s, e, seen_somewhere, "");
        if (!db_row(s, q, &failed, e))
            return !failed;
        row = db_i64(q, 0);
        submission = db_i64(q, 1);
        sqlite3_reset(q);
        if (!db_run(s, e, "UPDATE recipient SET status = 'sent', lease = NULL, hint = 'a copy of it was seen on a server', updated_at = ? WHERE id = ?", "ii", now,
                    row) ||
            !queue_derive(s, submission, now, e) || !queue_event(s, S("queue.reconciled"), submission, STR_NONE, now, e))
            return false;
        ++*settled;
    }
}

bool queue_reconcile(struct store *s, bool dry_run, int64_t *settled, int64_t *left, struct err *e)
{
    *settled = *left = 0;
    int64_t any;
    if (!db_number(s, e, 0, &any, "SELECT EXISTS (SELECT 1 FROM recipient WHERE status = 'uncertain')", ""))
        return false;
    if (!any)
        return true;
    bool good = db_begin(s, e) && reconcile_all(s, settled, e) && db_number(s, e, 0, left, "SELECT count(*) FROM recipient WHERE status = 'uncertain'", "") &&
                (dry_run || db_commit(s, e));
    db_rollback(s);
    return good;
}
