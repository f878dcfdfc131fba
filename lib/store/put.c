#include "date/date.h"
#include "store/checkpoint.h"
#include "store/intake.h"
#include "store/row.h"
#include "sys/sys.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum {
    HOLD_MS = 200, PAUSE_MS = 4, /* after a transaction of that length another writer gets its turn */
    MANY = PUT_BATCH / 10        /* messages of a batch that hardly is the last one */
};

struct open_fetch {
    struct open_fetch *next;
    str name; /* "support INBOX" */
    bool open;
};

struct put {
    struct store *store;
    struct put_options options;
    arena *mem;
    arena batch; /* of the transaction */
    struct intake *intake;
    struct checkpoint *checkpoint;
    struct names *names;
    struct cursors cursors;
    struct row_writer row;
    struct blob_sync sync;
    struct buf events;
    struct put_counts counts;
    struct bounce_counts bounces;
    struct open_fetch *fetches;
    int64_t pending, since_ms; /* of the transaction */
    int64_t epoch;
    pthread_t writer;
    atomic_bool lost; /* and why: written before */
    struct err why;
};

static void *write_rows(void *context);

static void release(struct put *p)
{
    db_rollback(p->store);
    checkpoint_last(p->checkpoint);
    intake_end(p->intake);
    checkpoint_end(p->checkpoint);
    index_writer_free(p->row.index);
    threads_free(p->row.threads);
    names_free(p->names);
    arena_free(&p->batch);
}

struct put *put_new(arena *a, struct store *s, struct put_options options, struct err *e)
{
    struct intake *in = intake_new(a, s, e);
    if (!in)
        return NULL;
    struct put *p = ARENA_NEW(a, struct put);
    p->store = s;
    p->options = options;
    p->mem = a;
    p->intake = in;
    p->batch = arena_new((size_t)4 << 30);
    p->checkpoint = checkpoint_new(a, s);
    p->names = names_new(a, s);
    p->row = (struct row_writer){.store = s, .index = index_writer_new(a, s), .cutter = intake_cutter(in), .names = p->names,
                                 .threads = threads_new(a, s), .cursors = &p->cursors};
    if (thread_start(&p->writer, "store rows", write_rows, p))
        return p;
    err_set(e, ERR_LATER, "put.thread", "raise the limit on processes (ulimit -u), or try again later", "put cannot start a thread");
    release(p);
    return NULL;
}

void put_end(struct put *p)
{
    intake_stop(p->intake);
    pthread_join(p->writer, NULL);
    release(p);
}

/* ---- a batch ---------------------------------------------------------------------------------------------- */

static bool begin(struct put *p, struct err *e)
{
    if (p->store->in_transaction)
        return true;
    checkpoint_wait(p->checkpoint);
    if (!db_begin(p->store, e))
        return false;
    arena_reset(&p->batch);
    p->events = buf_new(&p->batch, 4096);
    cursors_begin(&p->cursors, p->store, &p->batch, p->options.skip_gaps);
    p->row.now = now_s();
    p->since_ms = sys_clock.monotonic_ms();
    intake_epoch(p->intake, ++p->epoch);
    return threads_begin(p->row.threads, e);
}

static void member(struct jwrite *w, str key, str value)
{
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void number(struct jwrite *w, str key, int64_t value)
{
    jwrite_key(w, key);
    jwrite_i64(w, value);
}

static void put_event(struct put *p, arena scratch, const struct email *m, const struct row_result *r)
{
    struct jwrite w = {&p->events, false};
    struct buf time = buf_new(&scratch, 32);
    date_put_utc(&time, p->row.now);
    jwrite_object(&w);
    member(&w, S("type"), S("event"));
    number(&w, S("v"), 1);
    number(&w, S("seq"), r->seq);
    member(&w, S("at"), buf_str(&time));
    member(&w, S("kind"), r->outcome == ROW_NEW ? S("email.stored") : S("email.changed"));
    number(&w, S("id"), r->id);
    member(&w, S("account"), m->account);
    member(&w, S("blobId"), m->blob_id);
    jwrite_end_object(&w);
    buf_byte(&p->events, '\n');
}

/* ---- which fetches came to their end ------------------------------------------------------------------------ */

static struct open_fetch *fetch_named(struct put *p, str account, str mailbox)
{
    arena scratch = *p->mem;
    str name = str_fmt(&scratch, "%.*s %.*s", STR_ARG(account), STR_ARG(mailbox));
    for (struct open_fetch *f = p->fetches; f; f = f->next)
        if (str_eq(f->name, name))
            return f;
    struct open_fetch *f = ARENA_NEW(p->mem, struct open_fetch);
    f->name = str_fmt(p->mem, "%.*s %.*s", STR_ARG(account), STR_ARG(mailbox));
    f->next = p->fetches;
    p->fetches = f;
    return f;
}

bool put_unclosed(const struct put *p, str *out)
{
    for (const struct open_fetch *f = p->fetches; f; f = f->next) {
        if (!f->open)
            continue;
        *out = f->name;
        return true;
    }
    return false;
}

/* ---- records ---------------------------------------------------------------------------------------------- */

static bool put_certificate(struct put *p, const struct poll *m, int64_t account, str protocol, str host, struct err *e)
{
    if (!m->certificate_until)
        return true;
    if (!db_run(p->store, e, "UPDATE certificate SET ends_at = ?, seen_at = ? WHERE account_id = ? AND protocol = ? AND host = ?", "iiiss",
                m->certificate_until, m->ended_at, account, protocol, host))
        return false;
    return sqlite3_changes(p->store->db) > 0 ||
           db_run(p->store, e, "INSERT INTO certificate (account_id, protocol, host, ends_at, seen_at) VALUES (?, ?, ?, ?, ?)", "issii", account,
                  protocol, host, m->certificate_until, m->ended_at);
}

static bool put_poll(struct put *p, const struct poll *m, struct err *e)
{
    int64_t account;
    fetch_named(p, m->account, m->mailbox)->open = false;
    str status = str_eq(m->status, S("ok")) || str_eq(m->status, S("partial")) ? m->status : S("failed");
    str mailbox = m->mailbox.ptr ? m->mailbox : S(""), protocol = m->protocol.ptr ? m->protocol : S(""), host = m->host.ptr ? m->host : S("");
    return names_account(p->names, m->account.len ? m->account : S("local"), &account, e) &&
           db_run(p->store, e,
                  "INSERT INTO poll (account_id, mailbox, protocol, host, uid_validity, started_at, ended_at, found, fetched, failed, octets, "
                  "status, code, error, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "isssIiiiiiisssi", account, mailbox, protocol, host, m->uid_validity ? &m->uid_validity : NULL, m->started_at, m->ended_at,
                  m->found, m->fetched, m->failed, m->octets, status, m->code, m->error, p->row.now) &&
           put_certificate(p, m, account, protocol, host, e);
}

static bool put_error(struct put *p, const struct record *r, struct err *e)
{
    return db_run(p->store, e, "INSERT INTO event (at, kind, detail) VALUES (?, 'error', ?)", "is", p->row.now, r->line);
}

/* Our own disk, not that of the file which cannot be read: no other message can be stored either. */
static bool is_ours(const struct err *e)
{
    return e->class == ERR_IO && strcmp(e->code, "blob.read") != 0 && strcmp(e->code, "blob.open") != 0;
}

/* A new row needs a message that lies there. */
static bool find_row(struct put *p, struct taken *t, struct row_result *out, struct err *e)
{
    bool named;
    if (!row_find(&p->row, &t->record.email, out, &named, e))
        return false;
    if (!out->id && (t->unseen ? !named : t->epoch != p->epoch))
        t->good = intake_see(p->intake, t);
    return true;
}

static bool put_email(struct put *p, struct taken *t, struct err *e)
{
    struct email *m = &t->record.email;
    struct row_result result;
    if (m->source.protocol.len && !email_has(m, EMAIL_ID))
        fetch_named(p, m->account, m->source.mailbox)->open = true;
    if (t->good && !find_row(p, t, &result, e))
        return false;
    if (!t->good) {
        if (is_ours(&t->err)) {
            *e = t->err;
            return false;
        }
        p->counts.refused++;
        p->options.refused(p->options.context, &t->err);
        return true;
    }
    if (t->copied)
        blob_sync_add(&p->sync, m->blob_id);
    if (!row_write(&t->mem, &p->row, m, &t->draft, &result, e))
        return false;
    if (m->bounce.len && result.outcome != ROW_SAME && !store_bounce(&t->mem, p->store, m, false, &p->bounces, e))
        return false;
    if (result.outcome == ROW_NEW) {
        p->counts.stored++;
        p->counts.unparsed += !result.parsed;
    } else {
        p->counts.known++;
    }
    if (p->options.events && result.outcome != ROW_SAME)
        put_event(p, t->mem, m, &result);
    return true;
}

static bool put_taken(struct put *p, struct taken *t, struct err *e)
{
    if (!t->read) {
        p->options.refused(p->options.context, &t->err);
        return true;
    }
    if (t->record.type != RECORD_EMAIL)
        p->options.other(p->options.context, &t->record);
    switch (t->record.type) {
    case RECORD_EMAIL: return put_email(p, t, e);
    case RECORD_POLL: return put_poll(p, &t->record.poll, e);
    case RECORD_ERROR: return put_error(p, &t->record, e);
    default: return true;
    }
}

/* ---- commit ----------------------------------------------------------------------------------------------- */

static bool write_batch(struct put *p, struct err *e)
{
    struct err sync_err;
    /* The full text goes from memory to pages while blobs go to the disk. */
    intake_sync(p->intake, &p->sync);
    bool written = index_flush(p->row.index, e) && cursors_write(&p->cursors, e);
    bool synced = intake_synced(p->intake, &sync_err);
    if (written && !synced)
        *e = sync_err;
    return written && synced && db_commit(p->store, e);
}

/* What the database did not take is gone, and the run ends. */
static void lose(struct put *p, const struct err *e)
{
    db_rollback(p->store);
    index_forget(p->row.index);
    p->why = *e;
    atomic_store(&p->lost, true);
}

static void commit(struct put *p)
{
    struct err e;
    if (!p->store->in_transaction || atomic_load(&p->lost))
        return;
    checkpoint_expect(p->checkpoint, p->pending >= MANY);
    bool good = write_batch(p, &e);
    intake_epoch(p->intake, 0);
    if (!good) {
        lose(p, &e);
        return;
    }
    p->pending = 0;
    if (p->events.len)
        p->options.committed(p->options.context, buf_str(&p->events));
    if (!index_merge(p->row.index, &e))
        lose(p, &e);
    /* Others wait by looking again every few milliseconds; who begins again at once would win each time. */
    if (sys_clock.monotonic_ms() - p->since_ms >= HOLD_MS)
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
}

/* ---- the thread that writes ---------------------------------------------------------------------------------- */

static void take(struct put *p, struct taken *t)
{
    struct err e;
    if (atomic_load(&p->lost))
        return;
    if (!begin(p, &e) || !put_taken(p, t, &e)) {
        lose(p, &e);
        return;
    }
    p->pending++;
    if (p->pending >= PUT_BATCH || sys_clock.monotonic_ms() - p->since_ms >= PUT_BATCH_MS)
        commit(p);
}

static void *write_rows(void *context)
{
    struct put *p = context;
    for (;;) {
        struct taken *t;
        switch (intake_next(p->intake, &t)) {
        case INTAKE_RECORD: take(p, t); break;
        case INTAKE_SETTLE:
            commit(p);
            intake_settled(p->intake);
            break;
        case INTAKE_STOP: return NULL;
        }
    }
}

/* ---- the caller ------------------------------------------------------------------------------------------------ */

static bool is_lost(struct put *p, struct err *e)
{
    bool lost = atomic_load(&p->lost);
    if (lost)
        *e = p->why;
    return lost;
}

bool put_take(struct put *p, str line, int64_t line_number, struct err *e)
{
    if (is_lost(p, e))
        return false;
    intake_give(p->intake, line, line_number);
    return true;
}

bool put_commit(struct put *p, struct err *e)
{
    intake_settle(p->intake);
    return !is_lost(p, e);
}

struct put_counts put_counts(const struct put *p) { return p->counts; }
