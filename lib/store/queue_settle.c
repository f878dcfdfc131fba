/* mail-queue settle: deliveries to rows. */
#include "date/date.h"
#include "store/migrate.h"
#include "store/queue.h"
#include "sys/sys.h"

#include <errno.h>
#include <unistd.h>

struct queue_settler {
    struct store *store;
    arena mem;   /* of one delivery */
    arena batch; /* events, leases */
    struct buf events;
    struct strs leases; /* whose rows were settled in this batch */
    struct map seen;    /* the same */
    queue_patience_of *patience;
    void *context;
    int64_t pending, since_ms;
    int64_t underived; /* the submission of the last delivery: its own row follows when another one comes; 0: none */
};

struct queue_settler *queue_settler_new(arena *a, struct store *s, queue_patience_of *patience, void *context, struct err *e)
{
    (void)e;
    struct queue_settler *q = ARENA_NEW(a, struct queue_settler);
    *q = (struct queue_settler){.store = s, .mem = arena_new(64 << 20), .batch = arena_new((size_t)1 << 30), .patience = patience, .context = context};
    return q;
}

void queue_settler_end(struct queue_settler *q)
{
    db_rollback(q->store);
    arena_free(&q->mem);
    arena_free(&q->batch);
}

static enum queue_taken_in lose(struct queue_settler *q)
{
    db_rollback(q->store);
    q->pending = 0;
    q->underived = 0;
    return QUEUE_LOST;
}

static bool begin(struct queue_settler *q, struct err *e)
{
    if (q->store->in_transaction)
        return true;
    if (!db_begin(q->store, e))
        return false;
    arena_reset(&q->batch);
    q->events = buf_new(&q->batch, 1024);
    q->leases = (struct strs){0};
    q->seen = (struct map){0};
    q->since_ms = sys_clock.monotonic_ms();
    return true;
}

/* Once for each submission: some have thousands of recipients, and each time all are read. */
static bool derive_before(struct queue_settler *q, int64_t submission, int64_t now, struct err *e)
{
    int64_t before = q->underived;
    q->underived = submission;
    return !before || before == submission || queue_derive(q->store, before, now, e);
}

static void remember_lease(struct queue_settler *q, str lease)
{
    if (map_get(&q->seen, lease))
        return;
    str copy = str_copy(&q->batch, lease);
    map_put(&q->batch, &q->seen, copy);
    strs_add(&q->batch, &q->leases, copy);
}

static void put_event(struct queue_settler *q, const struct queue_recipient *r, enum queue_status became, int64_t seq, int64_t now)
{
    struct jwrite w = {&q->events, false};
    struct buf time = buf_new(&q->mem, 32);
    date_put_utc(&time, now);
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("event"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    jwrite_key(&w, S("seq"));
    jwrite_i64(&w, seq);
    jwrite_key(&w, S("at"));
    jwrite_string(&w, buf_str(&time));
    jwrite_key(&w, S("kind"));
    jwrite_string(&w, str_fmt(&q->mem, "queue.%.*s", STR_ARG(queue_status_name(became))));
    jwrite_key(&w, S("submissionId"));
    jwrite_i64(&w, r->submission);
    jwrite_key(&w, S("recipient"));
    jwrite_string(&w, r->address);
    jwrite_end_object(&w);
    buf_byte(&q->events, '\n');
}

/* Nobody else may say what became of it: the lease is the ticket. One that was taken back as uncertain still learns the truth. */
static bool is_awaited(const struct queue_recipient *r, const struct delivery *d, struct err *e)
{
    if (!r->id)
        return err_set(e, ERR_INPUT, "queue.unknown", "", "submission %lld has no recipient %.*s", (long long)d->submission_id, STR_ARG(d->recipient));
    bool open = r->status == QUEUE_SENDING || (r->status == QUEUE_UNCERTAIN && !str_eq(d->status, S("uncertain")));
    if (!open)
        return err_set(e, ERR_INPUT, "queue.settled", "", "submission %lld to %.*s is %.*s already", (long long)d->submission_id, STR_ARG(d->recipient),
                       STR_ARG(queue_status_name(r->status)));
    if (!str_eq(r->lease, d->lease))
        return err_set(e, ERR_INPUT, "queue.lease", "", "submission %lld to %.*s is not sent under the lease %.*s", (long long)d->submission_id,
                       STR_ARG(d->recipient), STR_ARG(d->lease));
    return true;
}

enum queue_taken_in queue_settle(struct queue_settler *q, const struct delivery *d, struct err *e)
{
    struct queue_recipient r;
    struct queue_patience patience;
    enum queue_status status = QUEUE_UNCERTAIN;
    int64_t now = now_s();
    arena_reset(&q->mem);
    if (!begin(q, e) || !queue_recipient_find(&q->mem, q->store, d->submission_id, d->recipient, &r, e))
        return lose(q);
    if (!is_awaited(&r, d, e))
        return QUEUE_KNOWN;
    queue_status_named(d->status, &status);
    q->patience(q->context, r.account, &patience);
    if (!queue_outcome(q->store, &r, &status, d->status, d, &patience, now, e))
        return lose(q);
    int64_t seq = sqlite3_last_insert_rowid(q->store->db);
    if (!derive_before(q, r.submission, now, e))
        return lose(q);
    remember_lease(q, r.lease);
    put_event(q, &r, status, seq, now);
    q->pending++;
    return QUEUE_ADDED;
}

int64_t queue_settle_pending(const struct queue_settler *q, int64_t *since_ms)
{
    *since_ms = q->since_ms;
    return q->pending;
}

/* A lease with nothing left to send or to settle. Whoever still holds it has nothing to do. */
static bool remove_done(struct queue_settler *q, struct err *e)
{
    for (ptrdiff_t i = 0; i < q->leases.n; i++) {
        int64_t open;
        arena scratch = q->batch;
        if (!db_number(q->store, e, 0, &open, "SELECT count(*) FROM recipient WHERE lease = ? AND status = 'sending'", "s", q->leases.item[i]))
            return false;
        str folder = str_c(store_file(&scratch, q->store, "queue"));
        char *path = str_z(&scratch, str_fmt(&scratch, "%.*s/%.*s", STR_ARG(folder), STR_ARG(q->leases.item[i])));
        if (!open && unlink(path) != 0 && errno != ENOENT)
            return err_errno(e, ERR_IO, "lease.remove", "", "cannot remove the lease %s", path);
    }
    return true;
}

bool queue_settle_commit(struct queue_settler *q, str *events, struct err *e)
{
    *events = S("");
    if (!q->store->in_transaction)
        return true;
    if (!derive_before(q, 0, now_s(), e) || !db_commit(q->store, e)) {
        lose(q);
        return false;
    }
    q->pending = 0;
    *events = buf_str(&q->events);
    return remove_done(q, e);
}
