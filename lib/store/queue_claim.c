/* mail-queue claim: what is due becomes "sending" under a lease. */
#include "lease/lease.h"
#include "store/migrate.h"
#include "store/queue.h"
#include "sys/sys.h"

#include <stdlib.h>

enum { CHUNK = 256 /* numbers of rows that are read at once: their index changes under the walk */ };

struct line {
    str text, server; /* server: what --batch sorts by */
    int64_t order;
};

struct claiming {
    arena *mem; /* of the caller: lines */
    arena one;  /* of one submission */
    struct store *store;
    const struct queue_claim *want;
    struct strs paused_accounts, paused_queues;
    bool paused;
    struct lease *lease;
    int64_t now;
    struct line *lines;
    ptrdiff_t n, cap;
    struct queue_claimed *out;
};

/* ---- what stands still ------------------------------------------------------------------------------------ */

static bool read_pauses(struct claiming *c, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(c->store, e, "SELECT scope, name FROM pause", "");
    while (db_row(c->store, q, &failed, e)) {
        str scope = db_text(q, 0), name = db_text_copy(c->mem, q, 1);
        if (str_eq(scope, S("all")))
            c->paused = true;
        else
            strs_add(c->mem, str_eq(scope, S("account")) ? &c->paused_accounts : &c->paused_queues, name);
    }
    return !failed;
}

static bool is_wanted(const struct claiming *c, str account, str queue)
{
    const struct queue_claim *w = c->want;
    if (w->accounts && w->accounts->n && !strs_have(w->accounts, account))
        return false;
    if (w->queues && w->queues->n && !strs_have(w->queues, queue))
        return false;
    return w->force || (!strs_have(&c->paused_accounts, account) && !strs_have(&c->paused_queues, queue));
}

/* ---- one recipient ---------------------------------------------------------------------------------------- */

struct due {
    int64_t id, attempts, ready_at;
    str address, domain;
};

static bool give_up(struct claiming *c, const struct queue_recipient *r, const struct queue_answer *why, struct err *e)
{
    struct queue_patience patience = {0};
    struct delivery d = {.status = S("failed"), .server = why->reason, .error_code = why->error_code};
    enum queue_status became = QUEUE_FAILED;
    c->out->refused++;
    return queue_outcome(c->store, r, &became, S("failed"), &d, &patience, c->now, e);
}

static bool expire(struct claiming *c, int64_t submission, int64_t recipient, struct err *e)
{
    c->out->expired++;
    return queue_event(c->store, S("queue.expired"), submission, STR_NONE, c->now, e) &&
           db_run(c->store, e, "UPDATE recipient SET status = 'expired', next_at = NULL, error_code = coalesce(error_code, 'queue.expired'), updated_at = ? WHERE id = ?",
                  "ii", c->now, recipient);
}

/* The earliest moment at which the gate may say something else. */
static bool wait_until(struct claiming *c, const struct due *r, const struct queue_answer *answer, struct err *e)
{
    int64_t until = answer->until > c->now ? answer->until : c->now + 1;
    if (until > c->now + QUEUE_ASK_S)
        until = c->now + QUEUE_ASK_S;
    return db_run(c->store, e, "UPDATE recipient SET next_at = ?, updated_at = ? WHERE id = ?", "iii", until, c->now, r->id);
}

static bool ask(struct claiming *c, const struct submission *m, const struct due *r, struct queue_answer *answer, struct err *e)
{
    *answer = (struct queue_answer){.verdict = QUEUE_GO};
    if (!c->want->gate)
        return true;
    struct queue_candidate candidate = {.submission = m->id,
                                        .recipient = r->id,
                                        .account = m->account,
                                        .profile = m->profile,
                                        .queue = m->queue,
                                        .address = r->address,
                                        .domain = r->domain,
                                        .size = m->size,
                                        .priority = m->priority,
                                        .attempts = r->attempts,
                                        .created_at = m->created_at,
                                        .ready_at = r->ready_at,
                                        .now = c->now};
    return c->want->gate(c->want->context, c->store, &candidate, answer, e);
}

static bool mark(struct claiming *c, const struct due *r, struct err *e)
{
    return db_run(c->store, e, "UPDATE recipient SET status = 'sending', lease = ?, attempts = attempts + 1, next_at = NULL, updated_at = ? WHERE id = ?", "sii",
                  c->lease->name, c->now, r->id);
}

/* ---- one submission --------------------------------------------------------------------------------------- */

static int by_id(const void *x, const void *y)
{
    const struct due *a = x, *b = y;
    return (a->id > b->id) - (a->id < b->id);
}

static bool read_due(struct claiming *c, int64_t submission, bool any_time, struct due **due, ptrdiff_t *n, struct err *e)
{
    bool failed;
    ptrdiff_t cap = 0;
    *n = 0;
    *due = NULL;
    sqlite3_stmt *q = db_query(c->store, e,
                               "SELECT id, attempts, next_at, address, domain FROM recipient WHERE submission_id = ? AND (status = 'queued' OR status = 'deferred') AND "
                               "(next_at <= ? OR ?)",
                               "iii", submission, c->now, (int64_t)any_time);
    while (db_row(c->store, q, &failed, e)) {
        if (*n == cap) {
            *due = arena_grow(&c->one, *due, (size_t)cap * sizeof **due, (size_t)(cap ? 2 * cap : 4) * sizeof **due, _Alignof(struct due));
            cap = cap ? 2 * cap : 4;
        }
        (*due)[(*n)++] = (struct due){db_i64(q, 0), db_i64(q, 1), db_i64(q, 2), db_text_copy(&c->one, q, 3), db_text_copy(&c->one, q, 4)};
    }
    if (*n > 1) /* ORDER BY would make SQLite a sorter of a quarter megabyte for each submission */
        qsort(*due, (size_t)*n, sizeof **due, by_id);
    return !failed;
}

static bool settle_waiting(struct claiming *c, const struct submission *m, str waits_for, struct err *e)
{
    return queue_derive(c->store, m->id, c->now, e) &&
           db_run(c->store, e, "UPDATE submission SET waits_for = ? WHERE id = ? AND waits_for IS NOT ?", "sis", waits_for, m->id, waits_for);
}

static void print(struct claiming *c, struct submission *m, str domain)
{
    struct buf b = buf_new(c->mem, 1024);
    m->status = S("sending");
    m->attempt++;
    m->lease = c->lease->name;
    m->lease_path = c->lease->path;
    submission_knows(m, SUBMISSION_ATTEMPT);
    submission_knows(m, SUBMISSION_LEASE);
    submission_knows(m, SUBMISSION_LEASE_PATH);
    submission_knows(m, SUBMISSION_ENVELOPE);
    record_write_submission(&b, m);
    if (c->n == c->cap) {
        ptrdiff_t cap = c->cap ? 2 * c->cap : 64;
        c->lines = arena_grow(c->mem, c->lines, (size_t)c->cap * sizeof *c->lines, (size_t)cap * sizeof *c->lines, _Alignof(struct line));
        c->cap = cap;
    }
    str server = c->want->batch ? str_fmt(c->mem, "%.*s\n%.*s\n%.*s", STR_ARG(m->account), STR_ARG(m->profile), STR_ARG(domain)) : STR_NONE;
    c->lines[c->n] = (struct line){buf_str(&b), server, c->n};
    c->n++;
}

static bool claim_recipient(struct claiming *c, struct submission *m, const struct due *r, str *waits_for, bool *goes, struct err *e)
{
    struct queue_answer answer;
    *goes = false;
    if (c->now >= m->expires_at)
        return expire(c, m->id, r->id, e);
    if (!ask(c, m, r, &answer, e))
        return false;
    if (answer.verdict == QUEUE_WAIT) {
        *waits_for = answer.waits_for;
        return wait_until(c, r, &answer, e);
    }
    if (answer.verdict == QUEUE_REFUSE) {
        struct queue_recipient row;
        return queue_recipient_find(&c->one, c->store, m->id, r->address, &row, e) && give_up(c, &row, &answer, e);
    }
    *goes = true;
    return mark(c, r, e);
}

/* any_time: its own times do not count. */
static bool claim_one(struct claiming *c, int64_t id, bool any_time, struct err *e)
{
    struct submission m;
    struct due *due;
    struct strs going = {0};
    ptrdiff_t n;
    str waits_for = STR_NONE, domain = STR_NONE;
    arena_reset(&c->one);
    if (!queue_row(&c->one, c->store, id, &m, NULL, e))
        return false;
    if (!is_wanted(c, m.account, m.queue))
        return true;
    if (!read_due(c, id, any_time, &due, &n, e))
        return false;
    for (ptrdiff_t i = 0; i < n; i++) {
        bool goes;
        if (!claim_recipient(c, &m, &due[i], &waits_for, &goes, e))
            return false;
        if (!goes)
            continue;
        strs_add(&c->one, &going, due[i].address);
        domain = due[i].domain;
    }
    if (!going.n)
        return n == 0 || settle_waiting(c, &m, waits_for, e);
    m.envelope.rcpt_to = going;
    c->out->recipients += going.n;
    print(c, &m, domain);
    /* With one that is sending it needs no queue_derive. */
    return db_run(c->store, e,
                  "UPDATE submission SET status = 'sending', next_at = (SELECT min(next_at) FROM recipient WHERE submission_id = ?1), waits_for = ?2, "
                  "attempts = attempts + 1, updated_at = ?3 WHERE id = ?1",
                  "isi", id, waits_for, c->now);
}

/* ---- all that are due ------------------------------------------------------------------------------------- */

struct walk {
    int64_t priority, next_at, id; /* the last one that was read */
    int64_t ids[CHUNK];
    bool waits[CHUNK];
    int n;
};

static bool next_chunk(struct claiming *c, struct walk *w, struct err *e)
{
    bool failed;
    int64_t until = c->want->force ? INT64_MAX : c->now, room = c->want->limit - c->n;
    sqlite3_stmt *q = db_query(c->store, e,
                               "SELECT id, next_at, waits_for IS NOT NULL FROM submission WHERE priority = ?1 AND next_at IS NOT NULL AND next_at <= ?2 AND "
                               "(next_at, id) > (?3, ?4) AND (next_at <= ?6 OR waits_for IS NOT NULL) ORDER BY next_at, id LIMIT ?5",
                               "iiiiii", w->priority, until, w->next_at, w->id, room < CHUNK ? room : CHUNK, c->now);
    for (w->n = 0; db_row(c->store, q, &failed, e); w->n++) {
        w->ids[w->n] = w->id = db_i64(q, 0);
        w->next_at = db_i64(q, 1);
        w->waits[w->n] = db_i64(q, 2) != 0;
    }
    return !failed;
}

static bool claim_priority(struct claiming *c, int64_t priority, struct err *e)
{
    struct walk w = {.priority = priority, .next_at = INT64_MIN};
    while (c->n < c->want->limit) {
        if (!next_chunk(c, &w, e))
            return false;
        for (int i = 0; i < w.n; i++)
            if (!claim_one(c, w.ids[i], c->want->force && w.waits[i], e))
                return false;
        if (w.n == 0)
            return true;
    }
    return true;
}

static bool claim_due(struct claiming *c, struct err *e)
{
    int64_t priority = INT64_MAX, found;
    while (c->n < c->want->limit) {
        if (!db_number(c->store, e, INT64_MIN, &found, "SELECT max(priority) FROM submission WHERE next_at IS NOT NULL AND priority < ?", "i", priority))
            return false;
        if (found == INT64_MIN)
            return true;
        if (!claim_priority(c, found, e))
            return false;
        priority = found;
    }
    return true;
}

static bool claim_named(struct claiming *c, struct err *e)
{
    for (ptrdiff_t i = 0; i < c->want->n_ids && c->n < c->want->limit; i++)
        if (!claim_one(c, c->want->ids[i], c->want->force, e))
            return false;
    return true;
}

static int by_server(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    int order = str_cmp(a->server, b->server);
    return order ? order : (a->order > b->order) - (a->order < b->order);
}

static str joined(struct claiming *c)
{
    if (c->want->batch && c->n)
        qsort(c->lines, (size_t)c->n, sizeof *c->lines, by_server);
    ptrdiff_t octets = 0;
    for (ptrdiff_t i = 0; i < c->n; i++)
        octets += c->lines[i].text.len;
    struct buf b = buf_new(c->mem, octets);
    for (ptrdiff_t i = 0; i < c->n; i++)
        buf_put(&b, c->lines[i].text);
    return buf_str(&b);
}

bool queue_due(struct store *s, const struct queue_claim *want, bool *due, struct err *e)
{
    int64_t found;
    if (!db_number(s, e, 0, &found,
                   "WITH RECURSIVE level(p) AS (SELECT max(priority) FROM submission WHERE next_at IS NOT NULL UNION ALL "
                   "SELECT (SELECT max(priority) FROM submission WHERE next_at IS NOT NULL AND priority < p) FROM level WHERE p IS NOT NULL) "
                   "SELECT 1 FROM level WHERE EXISTS (SELECT 1 FROM submission WHERE priority = p AND next_at IS NOT NULL AND next_at <= ?) LIMIT 1",
                   "i", want->force || want->ids ? INT64_MAX : now_s()))
        return false;
    *due = found != 0;
    if (!*due || want->force)
        return true;
    if (!db_number(s, e, 0, &found, "SELECT 1 FROM pause WHERE scope = 'all'", ""))
        return false;
    *due = found == 0;
    return true;
}

static bool claim_all(struct claiming *c, struct err *e)
{
    if (!db_begin(c->store, e))
        return false;
    if (!read_pauses(c, e))
        return false;
    if (c->paused && !c->want->force)
        return true;
    return c->want->ids ? claim_named(c, e) : claim_due(c, e);
}

bool queue_claim(arena *a, struct store *s, const struct queue_claim *want, struct lease *lease, struct queue_claimed *out, struct err *e)
{
    bool due;
    *out = (struct queue_claimed){0};
    *lease = (struct lease){.fd = -1};
    if (want->limit <= 0)
        return true;
    if (!queue_due(s, want, &due, e))
        return false;
    if (!due)
        return true;
    if (want->dry_run)
        lease->name = lease->path = S("none");
    else if (!lease_create(a, str_c(store_file(a, s, "queue")), lease, e))
        return false;
    struct claiming c = {.mem = a, .store = s, .want = want, .lease = lease, .now = now_s(), .out = out, .one = arena_new(64 << 20)};
    bool good = claim_all(&c, e) && (want->dry_run || db_commit(s, e));
    db_rollback(s);
    arena_free(&c.one);
    if (!good) {
        lease_release(lease); /* whatever became of the commit, the file is what take-back reads */
        return false;
    }
    if (c.n == 0 && lease->fd >= 0)
        lease_remove(lease, NULL);
    /* Whoever settles this will soon write again: moving the log into the database now would cost half of the whole claim. */
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    out->n = c.n;
    out->lines = joined(&c);
    return true;
}
