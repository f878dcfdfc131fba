#include "store/checkpoint.h"

#include <pthread.h>
#include <signal.h>

enum {
    WORTH_PAGES = 1024,            /* of the WAL: less is left to who closes the database */
    LONG_PAGES = 4 * DB_WAL_PAGES  /* then it is waited for */
};

struct checkpoint {
    struct store *store;
    pthread_t thread;
    bool started, alone; /* alone: there is no thread, it is done at once */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool wanted, busy, last, ends;
    int pages; /* of the WAL */
};

/* A failure (a full disk, say) leaves the pages in the WAL, where they are as good; the next one tries again. */
static void transfer(struct store *s, int how) { sqlite3_wal_checkpoint_v2(s->db, NULL, how, NULL, NULL); }

static void *run(void *context)
{
    struct checkpoint *c = context;
    struct err ignored;
    arena mem = arena_new(1 << 24);
    /* A connection of its own: that of the caller is in the next transaction by now. */
    struct store *s = store_open(&mem, str_z(&mem, c->store->dir), STORE_WRITE, &ignored);
    if (s)
        sqlite3_busy_timeout(s->db, 0);
    pthread_mutex_lock(&c->lock);
    while (!c->ends || c->wanted) {
        if (!c->wanted) {
            pthread_cond_wait(&c->changed, &c->lock);
            continue;
        }
        int how = c->last ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
        c->wanted = false;
        c->busy = true;
        pthread_mutex_unlock(&c->lock);
        if (s)
            transfer(s, how);
        pthread_mutex_lock(&c->lock);
        c->busy = false;
        pthread_cond_broadcast(&c->changed);
    }
    pthread_mutex_unlock(&c->lock);
    store_close(s);
    arena_free(&mem);
    return NULL;
}

/* Signals are for the thread that reads stdin: it must notice. */
static void start(struct checkpoint *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    c->started = pthread_create(&c->thread, NULL, run, c) == 0;
    c->alone = !c->started;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (c->started)
        pthread_setname_np(c->thread, "store wal");
}

static int committed(void *context, sqlite3 *db, const char *name, int pages)
{
    struct checkpoint *c = context;
    (void)db, (void)name;
    if (pages < WORTH_PAGES)
        return SQLITE_OK;
    if (!c->started && !c->alone)
        start(c);
    if (c->alone) {
        transfer(c->store, SQLITE_CHECKPOINT_PASSIVE);
        return SQLITE_OK;
    }
    pthread_mutex_lock(&c->lock);
    c->wanted = true;
    c->pages = pages;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
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
    if (!c->started)
        return;
    pthread_mutex_lock(&c->lock);
    c->wanted = c->last = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void checkpoint_end(struct checkpoint *c)
{
    sqlite3_wal_hook(c->store->db, NULL, NULL);
    if (!c->started)
        return;
    pthread_mutex_lock(&c->lock);
    c->ends = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
}
