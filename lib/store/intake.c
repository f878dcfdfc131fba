#include "store/intake.h"
#include "sys/sys.h"

#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SLOT_OCTETS = 16 << 20, /* addresses for one record of a line up to SLOT_LINE */
    SLOT_LINE = 64 << 10,
    FEW_SLOTS = 4, LEAST_OCTETS = 256 << 10, /* under a limit */
    LONG_OCTETS = 1 << 30,  /* for a longer one */
    SLOT_KEPT = 32 << 10,   /* of memory behind a record; what a larger one took is given back */
    LESS_URGENT = 4,        /* nice(2) of the threads: what the taker does is done by nobody else */
    UNREAD_LINES = 64,      /* more need no memory before a thread has time for them */
    WAKE_LINES = 12,        /* for fewer no thread is woken, the taker's neither, unless somebody waits for them or there are no more */
    EARLY_OCTETS = 32 << 20 /* of messages after which they are sent to the disk, so that the commit has little left to wait for */
};

struct intake {
    struct store *store;
    struct taken slot[INTAKE_SLOTS];

    struct worker {
        struct intake *intake;
        struct blob_copier *copier;
        struct index_cutter *cutter;
        pthread_t thread;
    } worker[INTAKE_THREADS], own; /* own: works in the taker's thread */
    int workers;
    pthread_mutex_t lock; /* of all that follows, and of taken.done */
    pthread_cond_t work, ready, room; /* for the workers, the taker, the giver */
    int64_t given, begun, done, next; /* of all lines ever: handed in, worked on, ready, handed out */
    ptrdiff_t octets;           /* of the lines between given and next */
    arena memory;               /* of all records but the long ones, in pieces */
    size_t piece, pieces;       /* octets of one; in use so far */
    int64_t most;               /* lines ahead: INTAKE_SLOTS, or fewer where a limit on addresses leaves no more pieces */
    arena spare[INTAKE_SLOTS];  /* memory of records that were handed out; the latest is taken first, it is still in the caches */
    int spares;
    int64_t epoch;
    int idle;
    bool taker_waits, giver_waits;
    bool holds; /* the taker has the line at next in its hands */
    bool settles, stops, ends;
    int64_t unsynced;       /* octets of messages since the last early sync */
    bool early;             /* one is under way */
    int early_errno;        /* what one of them came to */
    struct blob_sync *sync; /* wanted */
    bool synced, sync_good;
    struct err sync_err;
};

/* ---- memory of a record ---------------------------------------------------------------------------------------------- */

static bool is_piece(const struct intake *in, const arena *mem) { return mem->base >= in->memory.base && mem->base < in->memory.end; }

static void reserve(struct intake *in)
{
    in->memory = arena_new((size_t)INTAKE_SLOTS * SLOT_OCTETS);
    size_t all = (size_t)(in->memory.end - in->memory.base);
    for (in->piece = SLOT_OCTETS; all / in->piece < FEW_SLOTS && in->piece > LEAST_OCTETS;)
        in->piece /= 2;
    in->most = (int64_t)(all / in->piece);
}

/* For the giver. */
static arena new_memory(struct intake *in, bool is_long)
{
    return is_long ? arena_new(LONG_OCTETS) : arena_piece(&in->memory, in->pieces++, in->piece);
}

static void release(struct intake *in, arena *mem)
{
    if (is_piece(in, mem))
        arena_rejoin(mem);
    else
        arena_free(mem);
}

/* ---- one line ------------------------------------------------------------------------------------------------- */

static bool is_complete(const struct taken *t, struct err *why)
{
    const struct email *m = &t->record.email;
    if (!blob_id_valid(m->blob_id))
        return err_set(why, ERR_INPUT, "put.blob", "the records of mail-fetch and mail-parse have one", "standard input: line %lld: an email without a blobId",
                       (long long)t->number);
    if (!email_has(m, EMAIL_SIZE))
        return err_set(why, ERR_INPUT, "put.size", "the records of mail-fetch and mail-parse have one", "email %.*s has no size",
                       STR_ARG(m->blob_id));
    return true;
}

static bool lies_there(const struct intake *in, str blob_id)
{
    char name[BLOB_NAME];
    blob_name(blob_id, name);
    return faccessat(in->store->blobs, name, F_OK, 0) == 0;
}

static bool copy_message(struct worker *w, struct taken *t)
{
    const struct email *m = &t->record.email;
    struct blob_source source = {m->blob_id, m->path, m->offset, m->length, m->format, m->raw, m->size};
    t->unseen = false;
    t->copied = true;
    if (!t->draft.made)
        row_draft(&t->mem, w->cutter, m, &t->draft);
    return blob_copy(w->copier, &source, &t->err);
}

/* What mail-fetch has put there is new in most cases, what comes from elsewhere is not. */
static bool take_message(struct worker *w, struct taken *t)
{
    struct email *m = &t->record.email;
    if (!m->account.len)
        m->account = S("local");
    if (!is_complete(t, &t->err))
        return false;
    t->unseen = !blob_is_own(w->copier, m->blob_id, m->path) && lies_there(w->intake, m->blob_id);
    return t->unseen || copy_message(w, t);
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

/* Called with the lock held, as all that follow up to sync_now. */
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

static bool is_next_done(const struct intake *in) { return in->next < in->given && in->slot[in->next % INTAKE_SLOTS].done; }

/* Not at each line: then it would be woken for each. */
static void wake_giver(struct intake *in)
{
    if (in->giver_waits && in->given - in->next <= in->most - in->most / 8 && in->octets <= INTAKE_OCTETS / 8 * 7 &&
        in->given - in->begun <= UNREAD_LINES / 2)
        pthread_cond_signal(&in->room);
}

static void work_next(struct worker *w)
{
    struct intake *in = w->intake;
    struct taken *t = &in->slot[in->begun++ % INTAKE_SLOTS];
    t->epoch = in->epoch;
    wake_giver(in);
    pthread_mutex_unlock(&in->lock);
    work(w, t);
    pthread_mutex_lock(&in->lock);
    t->done = true;
    in->done++;
    if (in->taker_waits && is_next_done(in) && (in->done - in->next >= WAKE_LINES || in->begun == in->given))
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
    if (in->taker_waits)
        pthread_cond_signal(&in->ready);
}

static void *run(void *context)
{
    struct worker *w = context;
    struct intake *in = w->intake;
    setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + LESS_URGENT);
    pthread_mutex_lock(&in->lock);
    while (!in->ends) {
        if (in->sync) {
            sync_now(in);
        } else if (in->begun < in->given) {
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

static bool equip(struct worker *w, struct intake *in, arena *a, int blobs, struct err *e)
{
    *w = (struct worker){.intake = in, .copier = blob_copier_new(a, store_dir(in->store), blobs), .cutter = index_cutter_new(a, in->store, e)};
    return w->cutter != NULL;
}

static void strip(struct worker *w)
{
    blob_copier_free(w->copier);
    index_cutter_free(w->cutter);
}

static bool start(struct intake *in, arena *a, int blobs, struct err *e)
{
    err_set(e, ERR_LATER, "put.thread", "raise the limit on processes (ulimit -u), or try again later", "put cannot start a thread");
    for (int i = 0; i < INTAKE_THREADS; i++) {
        struct worker *w = &in->worker[i];
        if (!equip(w, in, a, blobs, e) || !thread_start(&w->thread, "store intake", run, w)) {
            strip(w);
            break;
        }
        in->workers++;
    }
    return in->workers > 0;
}

struct intake *intake_new(arena *a, struct store *s, struct err *e)
{
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return NULL;
    struct intake *in = ARENA_NEW(a, struct intake);
    in->store = s;
    reserve(in);
    pthread_mutex_init(&in->lock, NULL);
    pthread_cond_init(&in->work, NULL);
    pthread_cond_init(&in->ready, NULL);
    pthread_cond_init(&in->room, NULL);
    if (equip(&in->own, in, a, blobs, e) && start(in, a, blobs, e))
        return in;
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
        strip(&in->worker[i]);
    }
    strip(&in->own);
    for (int i = 0; i < INTAKE_SLOTS; i++)
        release(in, &in->slot[i].mem);
    while (in->spares)
        release(in, &in->spare[--in->spares]);
    arena_free(&in->memory);
}

/* ---- the giver --------------------------------------------------------------------------------------------------- */

/* Called with the lock held, as all that follow but the functions of intake.h. */
static void wake(struct intake *in)
{
    if (in->idle && in->begun < in->given)
        pthread_cond_signal(&in->work);
}

static void wait_for_taker(struct intake *in)
{
    wake(in);
    in->giver_waits = true;
    pthread_cond_wait(&in->room, &in->lock);
    in->giver_waits = false;
}

static bool is_full(const struct intake *in)
{
    return in->given - in->next >= in->most || in->octets > INTAKE_OCTETS || in->given - in->begun == UNREAD_LINES;
}

void intake_give(struct intake *in, str line, int64_t number)
{
    pthread_mutex_lock(&in->lock);
    while (is_full(in))
        wait_for_taker(in);
    struct taken *t = &in->slot[in->given % INTAKE_SLOTS];
    bool is_long = line.len > SLOT_LINE;
    arena mem = !is_long && in->spares ? in->spare[--in->spares] : (arena){0};
    pthread_mutex_unlock(&in->lock);
    if (mem.base)
        arena_reset_keeping(&mem, SLOT_KEPT);
    else
        mem = new_memory(in, is_long);
    *t = (struct taken){.number = number, .mem = mem};
    t->line = str_copy(&t->mem, line);
    pthread_mutex_lock(&in->lock);
    in->given++;
    in->octets += line.len;
    if (in->given - in->begun >= WAKE_LINES)
        wake(in);
    pthread_mutex_unlock(&in->lock);
}

void intake_settle(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->settles = true;
    pthread_cond_signal(&in->ready);
    while (in->settles)
        wait_for_taker(in);
    pthread_mutex_unlock(&in->lock);
}

void intake_stop(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->stops = true;
    pthread_cond_signal(&in->ready);
    pthread_mutex_unlock(&in->lock);
}

/* ---- the taker --------------------------------------------------------------------------------------------------- */

static void wait_for_work(struct intake *in)
{
    wake(in);
    in->taker_waits = true;
    pthread_cond_wait(&in->ready, &in->lock);
    in->taker_waits = false;
}

static void give_back(struct intake *in)
{
    if (!in->holds)
        return;
    struct taken *t = &in->slot[in->next++ % INTAKE_SLOTS];
    in->holds = false;
    in->octets -= t->line.len;
    if (is_piece(in, &t->mem))
        in->spare[in->spares++] = t->mem;
    else
        arena_free(&t->mem);
    t->mem = (arena){0};
    wake_giver(in);
}

enum intake_news intake_next(struct intake *in, struct taken **t)
{
    enum intake_news news = INTAKE_RECORD;
    pthread_mutex_lock(&in->lock);
    give_back(in);
    while (!in->stops && !is_next_done(in) && !(in->settles && in->next == in->given))
        wait_for_work(in);
    if (in->stops) {
        news = INTAKE_STOP;
    } else if (in->next == in->given) {
        news = INTAKE_SETTLE;
    } else {
        in->holds = true;
        *t = &in->slot[in->next % INTAKE_SLOTS];
    }
    pthread_mutex_unlock(&in->lock);
    return news;
}

void intake_settled(struct intake *in)
{
    pthread_mutex_lock(&in->lock);
    in->settles = false;
    pthread_cond_signal(&in->room);
    pthread_mutex_unlock(&in->lock);
}

void intake_epoch(struct intake *in, int64_t epoch)
{
    pthread_mutex_lock(&in->lock);
    in->epoch = epoch;
    pthread_mutex_unlock(&in->lock);
}

struct index_cutter *intake_cutter(struct intake *in) { return in->own.cutter; }

bool intake_see(struct intake *in, struct taken *t)
{
    bool seen = !t->unseen && lies_there(in, t->record.email.blob_id);
    return seen || copy_message(&in->own, t);
}

void intake_sync(struct intake *in, struct blob_sync *sync)
{
    pthread_mutex_lock(&in->lock);
    in->sync = sync;
    pthread_cond_signal(&in->work);
    pthread_mutex_unlock(&in->lock);
}

bool intake_synced(struct intake *in, struct err *e)
{
    pthread_mutex_lock(&in->lock);
    while (!in->synced)
        wait_for_work(in);
    in->synced = false;
    bool good = in->sync_good;
    pthread_mutex_unlock(&in->lock);
    if (!good)
        *e = in->sync_err;
    return good;
}
