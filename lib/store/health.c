#include "store/db.h"
#include "sys/sys.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

enum {
    LAST_ROWS = 200,          /* of each kind: what is newer than its neighbours shows here */
    LAST_ATTEMPTS = 1000
};

/* ---- polls ---------------------------------------------------------------------------------------------- */

static bool next_mailbox(arena *a, struct store *s, int64_t account, str *name, struct err *e)
{
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT mailbox FROM poll WHERE account_id = ? AND mailbox > ? ORDER BY mailbox LIMIT 1", "is", account, *name);
    *name = STR_NONE;
    while (q && db_row(s, q, &failed, e))
        *name = db_text_copy(a, q, 0);
    return q && !failed;
}

/* From the last poll back to one that did not fail. */
static bool read_polls(arena *a, struct store *s, int64_t account, struct health_poll *p, struct err *e)
{
    bool failed = false, first = true;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT status, host, code, error, ended_at FROM poll WHERE account_id = ? AND mailbox = ? "
                               "ORDER BY ended_at DESC, id DESC LIMIT ?",
                               "isi", account, p->mailbox, (int64_t)HEALTH_FAILURES_MAX);
    while (q && !p->last_good_at && db_row(s, q, &failed, e)) {
        if (first) {
            p->host = db_text_copy(a, q, 1);
            p->status = db_text_copy(a, q, 0);
            p->code = db_text_copy(a, q, 2);
            p->error = db_text_copy(a, q, 3);
            p->last_at = db_i64(q, 4);
        }
        first = false;
        if (str_eq(db_text(q, 0), S("failed"))) {
            p->failures++;
            p->failing_since = db_i64(q, 4);
        } else {
            p->last_good_at = db_i64(q, 4);
        }
    }
    if (q)
        sqlite3_reset(q);
    return q && !failed;
}

static void add_poll(arena *a, struct health_polls *out, const struct health_poll *p)
{
    if (out->n == out->cap) {
        ptrdiff_t cap = out->cap ? out->cap * 2 : 16;
        out->item = arena_grow(a, out->item, (size_t)out->cap * sizeof *p, (size_t)cap * sizeof *p, _Alignof(struct health_poll));
        out->cap = cap;
    }
    out->item[out->n++] = *p;
}

static bool read_account(arena *a, struct store *s, int64_t id, str account, struct health_polls *out, struct err *e)
{
    for (str name = S("");;) {
        if (!next_mailbox(a, s, id, &name, e))
            return false;
        if (!name.ptr)
            return true;
        struct health_poll p = {.account = account, .mailbox = name};
        if (!read_polls(a, s, id, &p, e))
            return false;
        add_poll(a, out, &p);
    }
}

struct account_names {
    struct ids id;
    struct strs name;
};

static bool read_accounts(arena *a, struct store *s, struct account_names *out, struct err *e)
{
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT id, name FROM account ORDER BY name", "");
    while (q && db_row(s, q, &failed, e)) {
        ids_add(a, &out->id, db_i64(q, 0));
        strs_add(a, &out->name, db_text_copy(a, q, 1));
    }
    return q && !failed;
}

bool health_polls(arena *a, struct store *s, struct health_polls *out, struct err *e)
{
    struct account_names names = {0};
    *out = (struct health_polls){0};
    if (!read_accounts(a, s, &names, e))
        return false;
    for (ptrdiff_t i = 0; i < names.id.n; i++)
        if (!read_account(a, s, names.id.item[i], names.name.item[i], out, e))
            return false;
    return true;
}

/* ---- the queue ------------------------------------------------------------------------------------------- */

static void add_waiting(arena *a, struct health_waitings *out, const struct health_waiting *w)
{
    if (out->n == out->cap) {
        ptrdiff_t cap = out->cap ? out->cap * 2 : 16;
        out->item = arena_grow(a, out->item, (size_t)out->cap * sizeof *w, (size_t)cap * sizeof *w, _Alignof(struct health_waiting));
        out->cap = cap;
    }
    out->item[out->n++] = *w;
}

/* Rows of account, queue, number, since. */
static bool add_rows(arena *a, struct store *s, sqlite3_stmt *q, enum health_wait kind, struct health_waitings *out, struct err *e)
{
    bool failed = false;
    while (q && db_row(s, q, &failed, e)) {
        struct health_waiting w = {kind, db_text_copy(a, q, 0), db_text_copy(a, q, 1), db_i64(q, 2), db_i64(q, 3)};
        add_waiting(a, out, &w);
    }
    return q && !failed;
}

/* A paused row waits for a person, and not for a run. */
#define NOT_PAUSED "NOT EXISTS (SELECT 1 FROM pause p WHERE p.scope = 'all' OR (p.scope = 'account' AND p.name = a.name) OR (p.scope = 'queue' AND p.name = m.queue))"

static bool add_due(arena *a, struct store *s, int64_t before, struct health_waitings *out, struct err *e)
{
    for (int64_t priority = INT64_MAX, next;; priority = next) {
        if (!db_number(s, e, INT64_MIN, &next, "SELECT max(priority) FROM submission WHERE next_at IS NOT NULL AND priority < ?", "i", priority))
            return false;
        if (next == INT64_MIN)
            return true;
        sqlite3_stmt *q = db_query(s, e,
                                   "SELECT account, queue, count(*), min(next_at) FROM "
                                   "(SELECT a.name AS account, m.queue, m.next_at FROM submission m JOIN account a ON a.id = m.account_id "
                                   "WHERE m.next_at IS NOT NULL AND m.priority = ? AND m.next_at <= ? AND " NOT_PAUSED " ORDER BY m.next_at LIMIT ?) GROUP BY 1, 2",
                                   "iii", next, before, (int64_t)HEALTH_WAITING_MAX);
        if (!add_rows(a, s, q, HEALTH_DUE, out, e))
            return false;
    }
}

bool health_waiting(arena *a, struct store *s, int64_t due_before, int64_t old_before, struct health_waitings *out, struct err *e)
{
    *out = (struct health_waitings){0};
    return add_due(a, s, due_before, out, e) &&
           add_rows(a, s,
                    db_query(s, e,
                             "SELECT a.name, m.queue, count(*), min(m.updated_at) FROM submission m JOIN account a ON a.id = m.account_id "
                             "WHERE m.status = 'sending' AND m.updated_at <= ? GROUP BY m.account_id, m.queue",
                             "i", due_before),
                    HEALTH_SENDING, out, e) &&
           add_rows(a, s,
                    db_query(s, e,
                             "SELECT a.name, m.queue, count(*), min(m.since) FROM (SELECT account_id, queue, max(created_at, coalesce(send_at, 0)) AS since FROM submission "
                             "WHERE status = 'deferred' AND created_at <= ?1 AND coalesce(send_at, 0) <= ?1 ORDER BY created_at LIMIT ?2) m "
                             "JOIN account a ON a.id = m.account_id GROUP BY 1, 2",
                             "ii", old_before, (int64_t)HEALTH_WAITING_MAX),
                    HEALTH_DEFERRED, out, e) &&
           add_rows(a, s,
                    db_query(s, e,
                             "SELECT a.name, m.queue, count(*), min(r.last_at) FROM (SELECT submission_id, last_at FROM recipient WHERE status = 'uncertain' "
                             "ORDER BY last_at LIMIT ?) r JOIN submission m ON m.id = r.submission_id JOIN account a ON a.id = m.account_id GROUP BY 1, 2",
                             "i", (int64_t)HEALTH_WAITING_MAX),
                    HEALTH_UNCERTAIN, out, e) &&
           add_rows(a, s, db_query(s, e, "SELECT CASE scope WHEN 'account' THEN name END, CASE scope WHEN 'queue' THEN name END, 1, at FROM pause ORDER BY scope, name", ""),
                    HEALTH_PAUSED, out, e);
}

/* ---- attempts -------------------------------------------------------------------------------------------- */

static struct health_sender *sender_of(arena *a, struct health_senders *all, str account)
{
    for (ptrdiff_t i = 0; i < all->n; i++)
        if (str_eq(all->item[i].account, account))
            return &all->item[i];
    if (all->n == all->cap) {
        ptrdiff_t cap = all->cap ? all->cap * 2 : 16;
        all->item = arena_grow(a, all->item, (size_t)all->cap * sizeof *all->item, (size_t)cap * sizeof *all->item, _Alignof(struct health_sender));
        all->cap = cap;
    }
    all->item[all->n] = (struct health_sender){.account = str_copy(a, account)};
    return &all->item[all->n++];
}

/* Before a recipient is named nothing is wrong with the recipient. */
static bool is_ours(str status, str phase)
{
    static const str phases[] = {S("resolve"), S("connect"), S("tls"), S("login")};
    for (int i = 0; i < 4; i++)
        if (str_eq(phase, phases[i]))
            return !str_eq(status, S("sent"));
    return false;
}

bool health_senders(arena *a, struct store *s, int64_t since, struct health_senders *out, struct err *e)
{
    bool failed = false;
    *out = (struct health_senders){0};
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT a.name, t.status, t.phase, t.host, t.error_code, t.server, t.at FROM attempt t JOIN recipient r ON r.id = t.recipient_id "
                               "JOIN submission m ON m.id = r.submission_id JOIN account a ON a.id = m.account_id "
                               "WHERE t.at >= ? AND t.status <> 'bounced' ORDER BY t.at DESC, t.id DESC LIMIT ?",
                               "ii", since, (int64_t)LAST_ATTEMPTS);
    while (q && db_row(s, q, &failed, e)) {
        struct health_sender *x = sender_of(a, out, db_text(q, 0));
        if (x->reached)
            continue;
        x->reached = !is_ours(db_text(q, 1), db_text(q, 2));
        if (x->reached)
            continue;
        if (!x->failures++) {
            x->phase = db_text_copy(a, q, 2);
            x->host = db_text_copy(a, q, 3);
            x->code = db_text_copy(a, q, 4);
            x->server = db_text_copy(a, q, 5);
        }
        x->failing_since = db_i64(q, 6);
    }
    return q && !failed;
}

/* ---- probes ---------------------------------------------------------------------------------------------- */

/* What came back differs from what was queued: those who carried it wrote their lines above it. A copy of what was sent is none. */
#define ARRIVED                                                                                                                  \
    "(SELECT min(e.created_at) FROM email e WHERE e.message_id = m.message_id AND e.blob_id <> m.blob_id AND e.direction IS NOT 'outbound' " \
    "AND (NOT EXISTS (SELECT 1 FROM email_mailbox x WHERE x.email_id = e.id) OR EXISTS (SELECT 1 FROM email_mailbox x JOIN mailbox b ON b.id = x.mailbox_id " \
    "WHERE x.email_id = e.id AND b.role IS NOT 'sent' AND b.role IS NOT 'drafts' AND b.name NOT LIKE '%sent%')))"

bool health_probes(arena *a, struct store *s, str account, int64_t limit, struct health_probes *out, struct err *e)
{
    bool failed = false;
    str first = str_fmt(a, HEALTH_PROBE "%.*s:", STR_ARG(account)), behind = str_fmt(a, HEALTH_PROBE "%.*s;", STR_ARG(account));
    *out = (struct health_probes){0};
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT m.id, m.message_id, m.status, m.waits_for, m.created_at, "
                               "(SELECT max(r.last_at) FROM recipient r WHERE r.submission_id = m.id AND r.status = 'sent'), "
                               "(SELECT r.server FROM recipient r WHERE r.submission_id = m.id LIMIT 1), " ARRIVED
                               " FROM submission m WHERE m.key >= ? AND m.key < ? ORDER BY m.key DESC LIMIT ?",
                               "ssi", first, behind, limit);
    while (q && db_row(s, q, &failed, e)) {
        if (out->n == out->cap) {
            ptrdiff_t cap = out->cap ? out->cap * 2 : 16;
            out->item = arena_grow(a, out->item, (size_t)out->cap * sizeof *out->item, (size_t)cap * sizeof *out->item, _Alignof(struct health_probe));
            out->cap = cap;
        }
        struct health_probe *x = &out->item[out->n++];
        *x = (struct health_probe){.id = db_i64(q, 0), .message_id = db_text_copy(a, q, 1), .waits_for = db_text_copy(a, q, 3), .queued_at = db_i64(q, 4),
                                   .left_at = db_i64(q, 5), .server = db_text_copy(a, q, 6), .arrived_at = db_i64(q, 7)};
        if (!queue_status_named(db_text(q, 2), &x->status))
            x->status = QUEUE_QUEUED;
    }
    return q && !failed;
}

/* ---- certificates ----------------------------------------------------------------------------------------- */

bool health_certificates(arena *a, struct store *s, struct health_certificates *out, struct err *e)
{
    bool failed = false;
    *out = (struct health_certificates){0};
    sqlite3_stmt *q = db_query(s, e, "SELECT a.name, c.protocol, c.host, c.ends_at, c.seen_at FROM certificate c JOIN account a ON a.id = c.account_id ORDER BY 1, 2, 3", "");
    while (q && db_row(s, q, &failed, e)) {
        if (out->n == out->cap) {
            ptrdiff_t cap = out->cap ? out->cap * 2 : 16;
            out->item = arena_grow(a, out->item, (size_t)out->cap * sizeof *out->item, (size_t)cap * sizeof *out->item, _Alignof(struct health_certificate));
            out->cap = cap;
        }
        out->item[out->n++] = (struct health_certificate){db_text_copy(a, q, 0), db_text_copy(a, q, 1), db_text_copy(a, q, 2), db_i64(q, 3), db_i64(q, 4)};
    }
    return q && !failed;
}

/* ---- the clock ------------------------------------------------------------------------------------------- */

static bool latest(struct store *s, const char *sql, int64_t *newest, struct err *e)
{
    int64_t at;
    if (!db_number(s, e, 0, &at, sql, "i", (int64_t)LAST_ROWS))
        return false;
    *newest = at > *newest ? at : *newest;
    return true;
}

bool health_clock(struct store *s, struct health_clock *out, struct err *e)
{
    *out = (struct health_clock){0};
    if (!latest(s, "SELECT max(at) FROM (SELECT at FROM event ORDER BY seq DESC LIMIT ?)", &out->newest_at, e) ||
        !latest(s, "SELECT max(ended_at) FROM (SELECT ended_at FROM poll ORDER BY id DESC LIMIT ?)", &out->newest_at, e) ||
        !latest(s, "SELECT max(created_at) FROM (SELECT created_at FROM email ORDER BY id DESC LIMIT ?)", &out->newest_at, e) ||
        !latest(s, "SELECT max(created_at) FROM (SELECT created_at FROM submission ORDER BY id DESC LIMIT ?)", &out->newest_at, e) ||
        !latest(s, "SELECT max(at) FROM (SELECT at FROM attempt ORDER BY at DESC LIMIT ?)", &out->newest_at, e))
        return false;
    bool failed = false;
    int64_t later = 0; /* of the event that was written behind this one */
    sqlite3_stmt *q = db_query(s, e, "SELECT at FROM event ORDER BY seq DESC LIMIT ?", "i", (int64_t)LAST_ROWS);
    while (q && db_row(s, q, &failed, e)) {
        int64_t at = db_i64(q, 0);
        if (later && at - later > out->back_s) {
            out->back_s = at - later;
            out->back_at = later;
        }
        later = at;
    }
    return q && !failed;
}

/* ---- numbers --------------------------------------------------------------------------------------------- */

static bool count_recipients(struct store *s, struct health_counts *out, struct err *e)
{
    bool failed = false;
    enum queue_status status;
    sqlite3_stmt *q = db_query(s, e, "SELECT status, count(*) FROM recipient GROUP BY status", "");
    while (q && db_row(s, q, &failed, e))
        if (queue_status_named(db_text(q, 0), &status))
            out->recipients[status] = db_i64(q, 1);
    return q && !failed;
}

static bool count_due(struct store *s, int64_t now, struct health_counts *out, struct err *e)
{
    for (int64_t priority = INT64_MAX, next;; priority = next) {
        bool failed = false;
        if (!db_number(s, e, INT64_MIN, &next, "SELECT max(priority) FROM submission WHERE next_at IS NOT NULL AND priority < ?", "i", priority))
            return false;
        if (next == INT64_MIN)
            return true;
        sqlite3_stmt *q = db_query(s, e, "SELECT count(*), min(next_at) FROM submission WHERE next_at IS NOT NULL AND priority = ? AND next_at <= ?", "ii", next, now);
        while (q && db_row(s, q, &failed, e)) {
            int64_t since = db_i64(q, 1);
            out->due += db_i64(q, 0);
            if (db_i64(q, 0) && (!out->due_since || since < out->due_since))
                out->due_since = since;
        }
        if (!q || failed)
            return false;
    }
}

static bool find_oldest(struct store *s, struct health_counts *out, struct err *e)
{
    for (int i = 0; i < QUEUE_STATUSES; i++)
        if (!db_number(s, e, 0, &out->oldest_at[i], "SELECT min(created_at) FROM submission WHERE status = ?", "s", queue_status_name((enum queue_status)i)))
            return false;
    return true;
}

bool health_counts(struct store *s, int64_t now, struct health_counts *out, struct err *e)
{
    *out = (struct health_counts){0};
    return db_number(s, e, 0, &out->stored, "SELECT seq FROM sqlite_sequence WHERE name = 'email'", "") &&
           db_number(s, e, 0, &out->events, "SELECT max(seq) FROM event", "") && db_number(s, e, 0, &out->polls, "SELECT max(id) FROM poll", "") &&
           db_number(s, e, 0, &out->attempts, "SELECT max(id) FROM attempt", "") && find_oldest(s, out, e) && count_recipients(s, out, e) && count_due(s, now, out, e) &&
           db_number(s, e, 0, &out->missing, "SELECT sum(last - first + 1) FROM hole", "") &&
           db_number(s, e, 0, &out->suppressed, "SELECT count(*) FROM suppression WHERE expires_at IS NULL OR expires_at > ?", "i", now);
}

/* ---- files ----------------------------------------------------------------------------------------------- */

bool health_files(arena *a, struct store *s, struct health_files *out, struct err *e)
{
    struct statvfs disk;
    struct stat st;
    *out = (struct health_files){0};
    if (statvfs(str_z(a, s->dir), &disk) != 0)
        return err_errno(e, ERR_IO, "store.disk", "", "cannot ask for the room on the disk of %.*s", STR_ARG(s->dir));
    out->free_octets = (int64_t)(disk.f_bavail * (uint64_t)disk.f_frsize);
    out->disk_octets = (int64_t)(disk.f_blocks * (uint64_t)disk.f_frsize);
    out->free_files = disk.f_files ? (int64_t)disk.f_favail : -1;
    if (stat(str_fmt(a, "%.*s/mail.db", STR_ARG(s->dir)).ptr, &st) == 0)
        out->database_octets = st.st_size;
    if (stat(s->wal, &st) == 0)
        out->log_octets = st.st_size;
    return true;
}

/* ---- the last check of the store ------------------------------------------------------------------------ */

static const char *verdict_path(arena *a, const struct store *s) { return str_fmt(a, "%.*s/checked", STR_ARG(s->dir)).ptr; }

void store_keep_verdict(arena *a, struct store *s, const struct store_verdict *v)
{
    struct err ignored; /* a store that may only be read keeps none */
    file_replace(verdict_path(a, s), str_fmt(a, "%lld %lld %s\n", (long long)v->at, (long long)v->faults, v->full ? "full" : "quick"), 0600, &ignored);
}

bool store_verdict(arena *a, const struct store *s, struct store_verdict *out)
{
    str text, at, faults, word;
    struct err ignored;
    *out = (struct store_verdict){0};
    if (!file_read(a, verdict_path(a, s), 256, &text, &ignored))
        return false;
    str_cut(str_trim(text), ' ', &at, &faults);
    str_cut(faults, ' ', &faults, &word);
    out->full = str_eq(word, S("full"));
    return str_i64(at, 0, INT64_MAX, &out->at) && str_i64(faults, 0, INT64_MAX, &out->faults);
}
