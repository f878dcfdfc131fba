#include "store/checkpoint.h"
#include "sys/sys.h"

#include <pthread.h>

enum {
    WORTH_PAGES = 1024,            /* of the WAL: less is left to who closes the database */
    LONG_PAGES = 8 * DB_WAL_PAGES  /* then it is waited for */
};

struct checkpoint {
    struct store *store;
    pthread_t thread;
    bool started;
    bool more; /* is expected: the WAL has no limit */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool alone; /* no thread can do it: the caller does */
    bool wanted, busy, last, ends;
    int pages; /* of the WAL */
};

/* A failure (a full disk, say) leaves the pages in the WAL, where they are as good; the next one tries again. The last time, what is left then
 * is brought over with other writers shut out, and the WAL emptied: a moment. */
static void transfer(struct store *s, bool last)
{
    sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (last)
        sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

/* Called with the lock; lets go of it while it works. */
static void transfer_unlocked(struct checkpoint *c, struct store *s)
{
    bool last = c->last;
    c->wanted = false;
    c->busy = true;
    pthread_mutex_unlock(&c->lock);
    transfer(s, last);
    pthread_mutex_lock(&c->lock);
    c->busy = false;
    pthread_cond_broadcast(&c->changed);
}

static void *run(void *context)
{
    struct checkpoint *c = context;
    struct err ignored;
    arena mem = arena_new(1 << 24);
    /* A connection of its own: that of the caller is in the next transaction by now. */
    struct store *s = store_open(&mem, str_z(&mem, c->store->dir), STORE_WRITE, &ignored);
    pthread_mutex_lock(&c->lock);
    if (s)
        sqlite3_busy_timeout(s->db, 0);
    c->alone = !s;
    c->wanted = c->wanted && s;
    pthread_cond_broadcast(&c->changed);
    while (!c->alone && (!c->ends || c->wanted)) {
        if (c->wanted)
            transfer_unlocked(c, s);
        else
            pthread_cond_wait(&c->changed, &c->lock);
    }
    pthread_mutex_unlock(&c->lock);
    store_close(s);
    arena_free(&mem);
    return NULL;
}

/* False where no thread does it. */
static bool ask(struct checkpoint *c, bool last, int pages)
{
    pthread_mutex_lock(&c->lock);
    bool asked = !c->alone;
    c->wanted = asked;
    c->last = last;
    c->pages = pages;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    return asked;
}

static int committed(void *context, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *c = context;
    (void)db, (void)name;
    if (pages < WORTH_PAGES)
        return SQLITE_OK;
    if (!c->started && !c->alone) {
        c->started = thread_start(&c->thread, "store wal", run, c);
        if (!c->started)
            c->alone = true;
    }
    if (!ask(c, false, pages) && pages >= DB_WAL_PAGES)
        transfer(c->store, false);
    return SQLITE_OK;
}

struct checkpoint *checkpoint_new(arena *a, struct store *s)
{
    struct checkpoint *c = ARENA_NEW(a, struct checkpoint);
    c->store = s;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->changed, NULL);
    sqlite3_wal_hook(s->db, committed, c);
    return c;
}

void checkpoint_expect(struct checkpoint *c, bool more)
{
    if (more != c->more)
        db_limit_wal(c->store, !more);
    c->more = more;
}

void checkpoint_wait(struct checkpoint *c)
{
    if (!c->started)
        return;
    pthread_mutex_lock(&c->lock);
    while (c->pages > LONG_PAGES && (c->wanted || c->busy))
        pthread_cond_wait(&c->changed, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

void checkpoint_last(struct checkpoint *c)
{
    if (c->started)
        ask(c, true, 0);
}

void checkpoint_end(struct checkpoint *c)
{
    sqlite3_wal_autocheckpoint(c->store->db, DB_WAL_PAGES);
    checkpoint_expect(c, false);
    if (!c->started)
        return;
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
}
