/* Taking back what dead ones hold (design.md section 3). */
#include "lease/lease.h"
#include "store/migrate.h"
#include "store/queue.h"
#include "sys/sys.h"

struct taking {
    arena *mem;
    struct store *store;
    str folder;
    int64_t grace_s, now;
    queue_patience_of *patience;
    void *context;
    struct queue_taken *out;
};

struct sending {
    int64_t id, submission;
    str address;
};

static bool read_sending(struct taking *t, str lease, struct sending **rows, ptrdiff_t *n, struct err *e)
{
    bool failed;
    ptrdiff_t cap = 0;
    *n = 0;
    *rows = NULL;
    sqlite3_stmt *q = db_query(t->store, e, "SELECT id, submission_id, address FROM recipient WHERE lease = ? AND status = 'sending' ORDER BY submission_id, id",
                               "s", lease);
    while (db_row(t->store, q, &failed, e)) {
        if (*n == cap) {
            *rows = arena_grow(t->mem, *rows, (size_t)cap * sizeof **rows, (size_t)(cap ? 2 * cap : 64) * sizeof **rows, _Alignof(struct sending));
            cap = cap ? 2 * cap : 64;
        }
        (*rows)[(*n)++] = (struct sending){db_i64(q, 0), db_i64(q, 1), db_text_copy(t->mem, q, 2)};
    }
    return !failed;
}

/* Nothing was sent: as if it had never been claimed. */
static bool give_back(struct taking *t, const struct sending *row, struct err *e)
{
    t->out->queued++;
    return db_run(t->store, e,
                  "UPDATE recipient SET status = CASE WHEN last_at IS NULL THEN 'queued' ELSE 'deferred' END, next_at = ?, lease = NULL, attempts = attempts - 1, "
                  "updated_at = ? WHERE id = ?",
                  "iii", t->now, t->now, row->id);
}

static bool decide(struct taking *t, const struct sending *row, const struct lease_entry *entry, str why, struct err *e)
{
    struct queue_recipient r;
    struct queue_patience patience;
    enum queue_status status;
    if (!queue_recipient_find(t->mem, t->store, row->submission, row->address, &r, e))
        return false;
    t->patience(t->context, r.account, &patience);
    struct delivery d = {.known = DELIVERY_BIT(DELIVERY_CODE), .lease = r.lease};
    if (entry && entry->state == LEASE_REPLY && queue_status_named(entry->status, &status) &&
        (status == QUEUE_SENT || status == QUEUE_DEFERRED || status == QUEUE_FAILED)) {
        d.code = entry->code;
        d.enhanced_code = entry->enhanced_code;
        d.server = entry->server;
        d.phase = S("reply");
        t->out->settled++;
        return queue_outcome(t->store, &r, &status, entry->status, &d, &patience, t->now, e);
    }
    status = QUEUE_UNCERTAIN;
    d.phase = S("data");
    d.error_code = why;
    d.hint = S("it may have arrived: see mail-queue reconcile, or say what became of it with mail-queue mark");
    t->out->uncertain++;
    return queue_outcome(t->store, &r, &status, S("uncertain"), &d, &patience, t->now, e);
}

/* file_lost: nobody can say what was sent. */
static bool take_rows(struct taking *t, const struct lease *l, bool file_lost, struct err *e)
{
    struct sending *rows;
    ptrdiff_t n;
    if (!read_sending(t, l->name, &rows, &n, e))
        return false;
    for (ptrdiff_t i = 0; i < n; i++) {
        const struct lease_entry *entry = file_lost ? NULL : lease_find(l, rows[i].submission, rows[i].address);
        bool untouched = !entry && !file_lost;
        if (!(untouched ? give_back(t, &rows[i], e) : decide(t, &rows[i], entry, file_lost ? S("lease.lost") : S("send.died"), e)))
            return false;
        if ((i + 1 == n || rows[i + 1].submission != rows[i].submission) && !queue_derive(t->store, rows[i].submission, t->now, e))
            return false;
    }
    return true;
}

static bool take_one(struct taking *t, str name, struct err *e)
{
    struct lease l;
    enum lease_taking how = lease_take(t->mem, t->folder, name, t->grace_s, &l, e);
    if (how == LEASE_FAILED || how == LEASE_BUSY)
        return how == LEASE_BUSY;
    bool good = db_begin(t->store, e);
    /* Before the transaction a settle may just have removed it, with its rows done: then none is found. */
    l.name = name;
    good = good && take_rows(t, &l, how == LEASE_GONE, e) && db_commit(t->store, e);
    db_rollback(t->store);
    if (how == LEASE_GONE)
        return good;
    t->out->leases++;
    if (good)
        return lease_remove(&l, e);
    lease_release(&l);
    return false;
}

/* One step of the index for each: a SELECT DISTINCT would walk over every row that is on its way. */
static bool read_leases(struct taking *t, struct strs *names, struct err *e)
{
    str last = S("");
    for (;;) {
        bool failed;
        sqlite3_stmt *q = db_query(t->store, e, "SELECT lease FROM recipient WHERE status = 'sending' AND lease > ? ORDER BY lease LIMIT 1", "s", last);
        if (!db_row(t->store, q, &failed, e))
            return !failed;
        last = db_text_copy(t->mem, q, 0);
        sqlite3_reset(q);
        if (!strs_have(names, last))
            strs_add(t->mem, names, last);
    }
}

bool queue_take_back(arena *a, struct store *s, int64_t grace_s, queue_patience_of *patience, void *context, struct queue_taken *out, struct err *e)
{
    struct strs names = {0};
    arena scratch = *a;
    *out = (struct queue_taken){0};
    struct taking t = {.mem = &scratch, .store = s, .grace_s = grace_s, .now = now_s(), .patience = patience, .context = context, .out = out};
    t.folder = str_c(store_file(&scratch, s, "queue"));
    if (!lease_list(&scratch, t.folder, &names, e) || !read_leases(&t, &names, e))
        return false;
    for (ptrdiff_t i = 0; i < names.n; i++) {
        arena one = scratch;
        t.mem = &one;
        if (!take_one(&t, names.item[i], e))
            return false;
    }
    return true;
}

bool queue_take_lease(arena *a, struct store *s, str name, queue_patience_of *patience, void *context, struct queue_taken *out, struct err *e)
{
    arena scratch = *a;
    *out = (struct queue_taken){0};
    struct taking t = {.mem = &scratch, .store = s, .now = now_s(), .patience = patience, .context = context, .out = out};
    t.folder = str_c(store_file(&scratch, s, "queue"));
    return take_one(&t, name, e);
}
