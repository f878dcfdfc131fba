#include "date/date.h"
#include "store/blob.h"
#include "store/row.h"
#include "sys/sys.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

enum {
    COPIERS = 2,                   /* threads that copy and check messages */
    SLOTS = 64,                    /* records between the reader and the rows: what the copying threads may run ahead */
    SLOT_OCTETS = 1 << 30,         /* addresses for one record */
    QUEUE_OCTETS = 12 << 20,       /* octets of lines in the slots, beyond which the reader waits */
    REFUSALS = 64,                 /* that are kept between two calls of put_refused; SLOTS at most can come */
    HOLD_MS = 200, PAUSE_MS = 4    /* after a transaction of that length another writer gets its turn */
};

/* A record on its way: its blob is copied first, by the other thread, then its row is written. */
struct slot {
    arena mem;
    struct email email;
    ptrdiff_t octets;
    struct blob_source source;
    bool wanted;  /* there is a blob to copy; else no other thread knows the slot */
    bool copied;  /* a copying thread is through with it; under the lock */
    bool good;
    struct err err;
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
    struct names *names;
    struct cursors cursors;
    struct row_writer row;
    struct blob_sync sync;
    struct buf events;
    struct put_counts counts;
    struct open_fetch *fetches;
    int64_t pending, since_ms;

    struct slot slot[SLOTS];
    int64_t taken, written; /* of all slots ever: taken by the reader, written as rows */
    ptrdiff_t octets;       /* of lines between the two */
    struct err refusal[REFUSALS];
    int refusals;

    struct copying {
        struct put *put;
        struct blob_copier *copier;
        pthread_t thread;
    } copying[COPIERS];
    int running; /* threads */
    pthread_mutex_t lock;
    pthread_cond_t work, ready;
    struct slot *job[SLOTS];       /* for the copying threads, in order; under the lock, as what follows */
    int64_t given, begun;          /* jobs, of all */
    int threads_wait;
    bool row_waits, ends;
    bool sync_wanted, sync_done, sync_good;
    struct err sync_err;
};

/* ---- the copying threads -------------------------------------------------------------------------------- */

/* Called with the lock held. */
static void sync_blobs(struct put *p)
{
    p->sync_wanted = false;
    pthread_mutex_unlock(&p->lock);
    bool good = blob_sync(p->store, &p->sync, &p->sync_err);
    pthread_mutex_lock(&p->lock);
    p->sync_good = good;
    p->sync_done = true;
    if (p->row_waits)
        pthread_cond_signal(&p->ready);
}

static void *copy_blobs(void *context)
{
    struct copying *c = context;
    struct put *p = c->put;
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->begun == p->given && !p->sync_wanted && !p->ends) {
            p->threads_wait++;
            pthread_cond_wait(&p->work, &p->lock);
            p->threads_wait--;
        }
        if (p->sync_wanted) {
            sync_blobs(p);
            continue;
        }
        if (p->begun == p->given)
            break;
        struct slot *s = p->job[p->begun++ % SLOTS];
        pthread_mutex_unlock(&p->lock);
        bool good = blob_copy(c->copier, &s->source, &s->err);
        pthread_mutex_lock(&p->lock);
        s->good = good;
        s->copied = true;
        if (p->row_waits)
            pthread_cond_signal(&p->ready);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

static void give(struct put *p, struct slot *s)
{
    pthread_mutex_lock(&p->lock);
    p->job[p->given++ % SLOTS] = s;
    if (p->threads_wait)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

/* All blobs of the batch are in place. */
static void give_sync(struct put *p)
{
    pthread_mutex_lock(&p->lock);
    p->sync_wanted = true;
    if (p->threads_wait)
        pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

static bool wait_for_sync(struct put *p, struct err *e)
{
    pthread_mutex_lock(&p->lock);
    while (!p->sync_done) {
        p->row_waits = true;
        pthread_cond_wait(&p->ready, &p->lock);
        p->row_waits = false;
    }
    p->sync_done = false;
    bool good = p->sync_good;
    pthread_mutex_unlock(&p->lock);
    if (!good && e)
        *e = p->sync_err;
    return good;
}

static void wait_for(struct put *p, const struct slot *s)
{
    if (!s->wanted)
        return;
    pthread_mutex_lock(&p->lock);
    while (!s->copied) {
        p->row_waits = true;
        pthread_cond_wait(&p->ready, &p->lock);
        p->row_waits = false;
    }
    pthread_mutex_unlock(&p->lock);
}

/* ---- life ----------------------------------------------------------------------------------------------- */

/* One thread would do; more where they come. */
static bool start_copying(struct put *p, int blobs)
{
    for (int i = 0; i < COPIERS; i++) {
        struct copying *c = &p->copying[i];
        *c = (struct copying){.put = p, .copier = blob_copier_new(p->mem, p->store->dir, blobs)};
        if (pthread_create(&c->thread, NULL, copy_blobs, c) != 0) {
            blob_copier_free(c->copier);
            break;
        }
        pthread_setname_np(c->thread, "copy blobs");
        p->running++;
    }
    return p->running > 0;
}

struct put *put_new(arena *a, struct store *s, struct put_options options, struct err *e)
{
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return NULL;
    struct put *p = ARENA_NEW(a, struct put);
    p->store = s;
    p->options = options;
    p->mem = a;
    p->batch = arena_new((size_t)4 << 30);
    p->names = names_new(a, s);
    p->events = buf_new(a, 64);
    p->row = (struct row_writer){.store = s, .names = p->names, .threads = threads_new(a, s), .cursors = &p->cursors};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->ready, NULL);
    if (start_copying(p, blobs))
        return p;
    err_set(e, ERR_LATER, "put.thread", "", "cannot start a thread");
    put_end(p);
    return NULL;
}

void put_end(struct put *p)
{
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
    for (int i = 0; i < p->running; i++) {
        pthread_join(p->copying[i].thread, NULL);
        blob_copier_free(p->copying[i].copier);
    }
    p->running = 0;
    db_rollback(p->store);
    threads_free(p->row.threads);
    names_free(p->names);
    arena_free(&p->batch);
    for (int i = 0; i < SLOTS; i++)
        if (p->slot[i].mem.base)
            arena_free(&p->slot[i].mem);
}

/* ---- a batch ---------------------------------------------------------------------------------------------- */

static bool begin(struct put *p, struct err *e)
{
    if (p->store->in_transaction)
        return true;
    if (!db_begin(p->store, e))
        return false;
    arena_reset(&p->batch);
    p->events = buf_new(&p->batch, 4096);
    cursors_begin(&p->cursors, p->store, &p->batch, p->options.skip_gaps);
    p->row.now = now_s();
    p->since_ms = sys_clock.monotonic_ms();
    return threads_begin(p->row.threads, e);
}

/* What the database did not take is gone, and so is what was remembered of it. */
static bool lose(struct put *p)
{
    db_rollback(p->store);
    threads_forget(p->row.threads);
    names_forget(p->names);
    return false;
}

static void refuse(struct put *p, const struct err *why)
{
    p->counts.refused++;
    if (p->refusals < REFUSALS)
        p->refusal[p->refusals++] = *why;
}

static void put_event(struct put *p, arena scratch, const struct email *m, const struct row_result *r)
{
    struct jwrite w = {&p->events, false};
    struct buf time = buf_new(&scratch, 32);
    date_put_utc(&time, p->row.now);
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("event"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    jwrite_key(&w, S("seq"));
    jwrite_i64(&w, r->seq);
    jwrite_key(&w, S("at"));
    jwrite_string(&w, buf_str(&time));
    jwrite_key(&w, S("kind"));
    jwrite_string(&w, r->outcome == ROW_NEW ? S("email.stored") : S("email.changed"));
    jwrite_key(&w, S("id"));
    jwrite_i64(&w, r->id);
    jwrite_key(&w, S("account"));
    jwrite_string(&w, m->account);
    jwrite_key(&w, S("blobId"));
    jwrite_string(&w, m->blob_id);
    jwrite_end_object(&w);
    buf_byte(&p->events, '\n');
}

/* Our own disk, not that of the file which cannot be read: no other message can be stored either. */
static bool is_ours(const struct err *e)
{
    return e->class == ERR_IO && strcmp(e->code, "blob.read") != 0 && strcmp(e->code, "blob.open") != 0;
}

/* The oldest record that has no row yet. */
static bool write_next(struct put *p, struct err *e)
{
    struct slot *s = &p->slot[p->written % SLOTS];
    wait_for(p, s);
    p->written++;
    p->octets -= s->octets;
    if (!s->good) {
        if (is_ours(&s->err)) {
            *e = s->err;
            return lose(p);
        }
        refuse(p, &s->err);
        return true;
    }
    if (s->wanted)
        blob_sync_add(&p->sync, s->email.blob_id);
    struct row_result result;
    if (!row_write(&s->mem, &p->row, &s->email, &result, e))
        return lose(p);
    if (result.outcome == ROW_NEW) {
        p->counts.stored++;
        p->counts.unparsed += !result.parsed;
    }
    else
        p->counts.known++;
    if (p->options.events && result.outcome != ROW_SAME)
        put_event(p, s->mem, &s->email, &result);
    return true;
}

arena *put_slot(struct put *p, struct err *e)
{
    while (p->taken - p->written == SLOTS || p->octets > QUEUE_OCTETS)
        if (!write_next(p, e))
            return NULL;
    struct slot *s = &p->slot[p->taken % SLOTS];
    if (!s->mem.base)
        s->mem = arena_new(SLOT_OCTETS);
    arena_reset(&s->mem);
    return &s->mem;
}

/* ---- records ---------------------------------------------------------------------------------------------- */

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

static bool put_poll(struct put *p, const struct poll *m, struct err *e)
{
    int64_t account;
    fetch_named(p, m->account, m->mailbox)->open = false;
    str status = str_eq(m->status, S("ok")) || str_eq(m->status, S("partial")) ? m->status : S("failed");
    /* The rows of its mail come first. */
    while (p->written < p->taken)
        if (!write_next(p, e))
            return false;
    if (names_account(p->names, m->account.len ? m->account : S("local"), &account, e) &&
        db_run(p->store, e,
               "INSERT INTO poll (account_id, mailbox, protocol, host, uid_validity, started_at, ended_at, found, fetched, failed, octets, status, "
               "code, error, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
               "isssiiiiiiisssi", account, m->mailbox.ptr ? m->mailbox : S(""), m->protocol.ptr ? m->protocol : S(""), m->host.ptr ? m->host : S(""),
               m->uid_validity, m->started_at, m->ended_at, m->found, m->fetched, m->failed, m->octets, status, m->code, m->error, p->row.now))
        return true;
    return lose(p);
}

static bool put_error(struct put *p, const struct record *r, struct err *e)
{
    return db_run(p->store, e, "INSERT INTO event (at, kind, detail) VALUES (?, 'error', ?)", "is", p->row.now, r->line) || lose(p);
}

/* Whether any row, of any account, names the blob: then it is there, checked and lasting. */
static bool blob_is_named(struct put *p, str blob_id, bool *named, struct err *e)
{
    unsigned char octets[32];
    int64_t id;
    blob_octets(blob_id, octets);
    if (!db_number(p->store, e, 0, &id, "SELECT id FROM email WHERE blob_id = ?", "b", str_of((const char *)octets, 32)))
        return false;
    *named = id != 0;
    return true;
}

static bool complete(const struct email *m, struct err *why)
{
    if (!blob_id_valid(m->blob_id))
        return err_set(why, ERR_INPUT, "put.blob", "the records of mail-fetch and mail-parse have one", "an email without a blobId");
    if (!email_has(m, EMAIL_SIZE))
        return err_set(why, ERR_INPUT, "put.size", "the records of mail-fetch and mail-parse have one", "email %.*s has no size", STR_ARG(m->blob_id));
    return true;
}

static bool put_email(struct put *p, const struct record *r, struct err *e)
{
    struct slot *s = &p->slot[p->taken % SLOTS];
    struct err why;
    bool named = false;
    s->email = r->email;
    s->octets = r->line.len;
    if (!s->email.account.len)
        s->email.account = S("local");
    if (r->email.source.protocol.len && !email_has(&r->email, EMAIL_ID))
        fetch_named(p, s->email.account, s->email.source.mailbox)->open = true;
    if (!complete(&s->email, &why)) {
        refuse(p, &why);
        return true;
    }
    if (!blob_is_named(p, s->email.blob_id, &named, e))
        return lose(p);
    s->source = (struct blob_source){s->email.blob_id, s->email.path, s->email.offset, s->email.length, s->email.format, s->email.raw};
    s->wanted = !named;
    s->copied = false;
    s->good = true;
    p->taken++;
    p->octets += s->octets;
    if (s->wanted)
        give(p, s);
    return true;
}

bool put_record(struct put *p, const struct record *r, struct err *e)
{
    if (!begin(p, e))
        return lose(p);
    p->pending++;
    switch (r->type) {
    case RECORD_EMAIL: return put_email(p, r, e);
    case RECORD_POLL: return put_poll(p, &r->poll, e);
    case RECORD_ERROR: return put_error(p, r, e);
    case RECORD_SUBMISSION:
    case RECORD_DELIVERY:
    case RECORD_OTHER: break;
    }
    assert(!"a record that nobody stores");
    return true;
}

bool put_refused(struct put *p, struct err *out)
{
    if (p->refusals == 0)
        return false;
    *out = p->refusal[0];
    memmove(p->refusal, p->refusal + 1, (size_t)--p->refusals * sizeof *p->refusal);
    return true;
}

int64_t put_pending(const struct put *p, int64_t *since_ms)
{
    *since_ms = p->since_ms;
    return p->pending;
}

struct put_counts put_counts(const struct put *p) { return p->counts; }

/* ---- commit ----------------------------------------------------------------------------------------------- */

bool put_commit(struct put *p, str *events, struct err *e)
{
    *events = S("");
    if (!p->store->in_transaction)
        return true;
    while (p->written < p->taken)
        if (!write_next(p, e))
            return false;
    /* The full text goes from memory to pages at a savepoint: while blobs go to the disk. */
    give_sync(p);
    bool written = db_script(p->store, "SAVEPOINT pages; RELEASE pages", e) && cursors_write(&p->cursors, e);
    bool synced = wait_for_sync(p, written ? e : NULL);
    if (!written || !synced || !db_commit(p->store, e))
        return lose(p);
    p->pending = 0;
    *events = buf_str(&p->events);
    /* Others wait by looking again every few milliseconds; who begins again at once would win each time. */
    if (sys_clock.monotonic_ms() - p->since_ms >= HOLD_MS)
        nanosleep(&(struct timespec){.tv_nsec = PAUSE_MS * 1000000}, NULL);
    return true;
}
