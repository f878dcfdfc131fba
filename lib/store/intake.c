#include "store/intake.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum {
    SLOT_OCTETS = 1 << 30,  /* addresses for one record */
    WAKE_LINES = 12,        /* for fewer no thread is woken, unless the caller waits */
    EARLY_OCTETS = 32 << 20 /* of messages after which they are sent to the disk, so that the commit has little left to wait for */
};

struct intake {
    struct store *store;
    struct store *reader; /* another connection, for the question whether a row names a blob */
    arena reader_mem;
    pthread_mutex_t reader_lock;

    struct taken slot[INTAKE_SLOTS];
    int64_t given, next; /* of all lines ever */
    ptrdiff_t octets;    /* of the lines between the two */

    struct worker {
        struct intake *intake;
        struct blob_copier *copier;
        pthread_t thread;
    } worker[INTAKE_THREADS];
    int workers;
    pthread_mutex_t lock; /* of all that follows, and of taken.done */
    pthread_cond_t work, ready;
    int64_t begun, queued; /* of all lines ever */
    int idle;
    bool caller_waits, ends;
    int64_t unsynced;       /* octets of messages since the last early sync */
    bool early;             /* one is under way */
    int early_errno;        /* what one of them came to */
    struct blob_sync *sync; /* wanted */
    bool synced, sync_good;
    struct err sync_err;
};

/* ---- one line ------------------------------------------------------------------------------------------------- */

static bool is_complete(const struct email *m, struct err *why)
{
    if (!blob_id_valid(m->blob_id))
        return err_set(why, ERR_INPUT, "put.blob", "the records of mail-fetch and mail-parse have one", "an email without a blobId");
    if (!email_has(m, EMAIL_SIZE))
        return err_set(why, ERR_INPUT, "put.size", "the records of mail-fetch and mail-parse have one", "email %.*s has no size",
                       STR_ARG(m->blob_id));
    return true;
}

/* Whether any row, of any account, names the blob: then it is there, checked and lasting. */
static bool is_named(struct intake *in, str blob_id, bool *named, struct err *e)
{
    unsigned char octets[32];
    int64_t id = 0;
    blob_octets(blob_id, octets);
    pthread_mutex_lock(&in->reader_lock);
    bool good = db_number(in->reader, e, 0, &id, "SELECT id FROM email WHERE blob_id = ?", "b", str_of((const char *)octets, 32));
    pthread_mutex_unlock(&in->reader_lock);
    *named = id != 0;
    return good;
}

static bool take_message(struct worker *w, struct taken *t)
{
    struct email *m = &t->record.email;
    bool named;
    if (!m->account.len)
        m->account = S("local");
    if (!is_complete(m, &t->err) || !is_named(w->intake, m->blob_id, &named, &t->err))
        return false;
    t->copied = !named;
    struct blob_source source = {m->blob_id, m->path, m->offset, m->length, m->format, m->raw};
    return named || blob_copy(w->copier, &source, &t->err);
}

static const unsigned types = RECORD_BIT(RECORD_EMAIL) | RECORD_BIT(RECORD_POLL) | RECORD_BIT(RECORD_ERROR);
/* Of these a row holds what stands in the line, or nothing. */
static const uint64_t kept = EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_PREVIEW);

static void work(struct worker *w, struct taken *t)
{
    t->read = record_read_keeping(&t->mem, t->line, "standard input", t->number, types, kept, &t->record, &t->err);
    t->good = t->read && (t->record.type != RECORD_EMAIL || take_message(w, t));
}

/* ---- the threads ------------------------------------------------------------------------------------------------ */

/* Called with the lock held, as work_next and sync_now. */
static void sync_early(struct intake *in)
{
    in->early = true;
    in->unsynced = 0;
    pthread_mutex_unlock(&in->lock);
    int failed = syncfs(in->store->blobs) == 0 ? 0 : errno;
    pthread_mutex_lock(&in->lock);
    in->early = false;
    if (failed)
        in->early_errno = failed;
}

static void work_next(struct worker *w)
{
    struct intake *in = w->intake;
    struct taken *t = &in->slot[in->begun++ % INTAKE_SLOTS];
    pthread_mutex_unlock(&in->lock);
    work(w, t);
    pthread_mutex_lock(&in->lock);
    t->done = true;
    if (in->caller_waits)
        pthread_cond_signal(&in->ready);
    if (t->copied && t->good)
        in->unsynced += t->record.email.size;
    if (in->unsynced >= EARLY_OCTETS && !in->early)
        sync_early(in);
}

static void sync_now(struct intake *in)
{
    struct blob_sync *sync = in->sync;
    int failed = in->early_errno;
    in->sync = NULL;
    in->early_errno = 0;
    in->unsynced = 0;
    pthread_mutex_unlock(&in->lock);
    bool good = blob_sync(in->store, sync, &in->sync_err);
    if (good && failed)
        good = blob_sync_failed(in->store, failed, &in->sync_err);
    pthread_mutex_lock(&in->lock);
    in->sync_good = good;
    in->synced = true;
    if (in->caller_waits)
        pthread_cond_signal(&in->ready);
}

static void *run(void *context)
{
    struct worker *w = context;
    struct intake *in = w->intake;
    pthread_mutex_lock(&in->lock);
    while (!in->ends) {
        if (in->sync) {
            sync_now(in);
        } else if (in->begun < in->queued) {
            work_next(w);
        } else {
            in->idle++;
            pthread_cond_wait(&in->work, &in->lock);
            in->idle--;
        }
    }
    pthread_mutex_unlock(&in->lock);
    return NULL;
}

/* Signals are for the thread that reads stdin: it must notice. */
static bool start(struct intake *in, arena *a, int blobs)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (int i = 0; i < INTAKE_THREADS; i++) {
        struct worker *w = &in->worker[i];
        *w = (struct worker){.intake = in, .copier = blob_copier_new(a, store_dir(in->store), blobs)};
        if (pthread_create(&w->thread, NULL, run, w) != 0) {
            blob_copier_free(w->copier);
            break;
        }
        pthread_setname_np(w->thread, "store intake");
        in->workers++;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return in->workers > 0;
}

struct intake *intake_new(arena *a, struct store *s, struct err *e)
{
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return NULL;
    struct intake *in = ARENA_NEW(a, struct intake);
    in->store = s;
    in->reader_mem = arena_new(SLOT_OCTETS);
    pthread_mutex_init(&in->lock, NULL);
    pthread_mutex_init(&in->reader_lock, NULL);
    pthread_cond_init(&in->work, NULL);
    pthread_cond_init(&in->ready, NULL);
    in->reader = store_open(&in->reader_mem, str_z(a, store_dir(s)), STORE_READ, e);
    if (in->reader && start(in, a, blobs))
        return in;
    if (in->reader)
        err_set(e, ERR_LATER, "put.thread", "", "cannot start a thread");
    intake_end(in);
    return NULL;
}

void intake_end(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->ends = true;
    pthread_cond_broadcast(&in->work);
    pthread_mutex_unlock(&in->lock);
    for (int i = 0; i < in->workers; i++) {
        pthread_join(in->worker[i].thread, NULL);
        blob_copier_free(in->worker[i].copier);
    }
    store_close(in->reader);
    arena_free(&in->reader_mem);
    for (int i = 0; i < INTAKE_SLOTS; i++)
        if (in->slot[i].mem.base)
            arena_free(&in->slot[i].mem);
}

/* ---- the caller's side ------------------------------------------------------------------------------------------- */

static void wake(struct intake *in)
{
    if (in->idle)
        pthread_cond_signal(&in->work);
}

static void wait_until(struct intake *in, const bool *done)
{
    while (!*done) {
        if (in->begun < in->queued)
            wake(in);
        in->caller_waits = true;
        pthread_cond_wait(&in->ready, &in->lock);
        in->caller_waits = false;
    }
}

bool intake_full(const struct intake *in) { return in->given - in->next == INTAKE_SLOTS || in->octets > INTAKE_OCTETS; }

void intake_give(struct intake *in, str line, int64_t number)
{
    assert(!intake_full(in));
    struct taken *t = &in->slot[in->given++ % INTAKE_SLOTS];
    arena mem = t->mem.base ? t->mem : arena_new(SLOT_OCTETS);
    arena_reset(&mem);
    *t = (struct taken){.number = number, .mem = mem};
    t->line = str_copy(&t->mem, line);
    in->octets += line.len;
    pthread_mutex_lock(&in->lock);
    in->queued++;
    if (in->queued - in->begun >= WAKE_LINES)
        wake(in);
    pthread_mutex_unlock(&in->lock);
}

struct taken *intake_next(struct intake *in)
{
    if (in->next == in->given)
        return NULL;
    struct taken *t = &in->slot[in->next++ % INTAKE_SLOTS];
    pthread_mutex_lock(&in->lock);
    wait_until(in, &t->done);
    pthread_mutex_unlock(&in->lock);
    in->octets -= t->line.len;
    return t;
}

void intake_sync(struct intake *in, struct blob_sync *sync)
{
    pthread_mutex_lock(&in->lock);
    in->sync = sync;
    wake(in);
    pthread_mutex_unlock(&in->lock);
}

bool intake_synced(struct intake *in, struct err *e)
{
    pthread_mutex_lock(&in->lock);
    wait_until(in, &in->synced);
    in->synced = false;
    bool good = in->sync_good;
    pthread_mutex_unlock(&in->lock);
    if (!good)
        *e = in->sync_err;
    return good;
}
