#include "pool.h"

#include <pthread.h>
#include <stdlib.h>

enum { OUT_RESERVE = 128 << 20, MEM_RESERVE = 256 << 20 };

struct pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct out *out;
    void (*do_slot)(struct worker *, struct slot *);
    struct slot slot[POOL_SLOTS];
    int64_t submitted, written; /* slots so far; slot n lies at n % POOL_SLOTS */
    bool writing;
    bool closed;                /* nobody reads, or the disk is full: skip what is left */
    int threads, started;
    struct worker worker[POOL_THREADS];
    int64_t good;
    enum err_class failed;
};

static void lock(struct pool *p) { pthread_mutex_lock(&p->lock); }
static void unlock(struct pool *p) { pthread_mutex_unlock(&p->lock); }
static struct slot *slot_at(struct pool *p, int64_t order) { return &p->slot[order % POOL_SLOTS]; }

static void worker_init(struct pool *p, struct worker *w)
{
    w->pool = p;
    w->mime = mime_new();
    w->mem = arena_new(MEM_RESERVE);
    w->chunk = arena_alloc(&w->mem, WORKER_CHUNK, 16);
    w->mem.base = w->mem.next; /* what arena_reset leaves alone */
}

struct pool *pool_new(arena *run, struct out *out, int threads, void (*do_slot)(struct worker *, struct slot *))
{
    struct pool *p = ARENA_NEW(run, struct pool);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    p->out = out;
    p->do_slot = do_slot;
    p->threads = threads < 1 ? 1 : threads > POOL_THREADS ? POOL_THREADS : threads;
    worker_init(p, &p->worker[0]);
    return p;
}

struct worker *pool_own(struct pool *p) { return &p->worker[0]; }

/* Write the slots that are done, in order. Called with the lock; lets go of it while writing. */
static void write_done(struct pool *p)
{
    while (!p->writing && p->written < p->submitted && slot_at(p, p->written)->state == SLOT_DONE) {
        struct slot *s = slot_at(p, p->written);
        p->writing = true;
        unlock(p);
        out_put(p->out, buf_str(&s->out));
        arena_reset(&s->out_mem);
        s->out = (struct buf){.mem = &s->out_mem};
        lock(p);
        p->closed = !out_good(p->out);
        p->writing = false;
        s->state = SLOT_FREE;
        s->n_in = s->n_items = 0;
        s->file = NULL;
        p->written++;
        pthread_cond_broadcast(&p->changed);
    }
}

/* The oldest slot that nobody works on, done by this thread. Called with the lock. False: there is none. */
static bool work_once(struct worker *w)
{
    struct pool *p = w->pool;
    for (int64_t n = p->written; n < p->submitted; n++) {
        struct slot *s = slot_at(p, n);
        if (s->state != SLOT_READY)
            continue;
        s->state = SLOT_BUSY;
        unlock(p);
        w->has_turn = false;
        p->do_slot(w, s);
        lock(p);
        s->state = SLOT_DONE;
        write_done(p);
        return true;
    }
    return false;
}

static void *thread_main(void *context)
{
    struct worker *w = context;
    lock(w->pool);
    for (;;)
        if (!work_once(w))
            pthread_cond_wait(&w->pool->changed, &w->pool->lock);
    return NULL;
}

/* Threads are started when there is more than one slot to do, and live until the process ends. */
static void start_thread(struct pool *p)
{
    if (p->started + 1 >= p->threads || p->submitted - p->written < 2)
        return;
    pthread_t id;
    struct worker *w = &p->worker[p->started + 1];
    unlock(p);
    worker_init(p, w);
    bool ok = pthread_create(&id, NULL, thread_main, w) == 0;
    lock(p);
    p->started = ok ? p->started + 1 : POOL_THREADS;
}

struct slot *pool_slot(struct pool *p)
{
    lock(p);
    struct slot *s = slot_at(p, p->submitted);
    while (s->state != SLOT_FREE)
        if (!work_once(&p->worker[0]))
            pthread_cond_wait(&p->changed, &p->lock);
    unlock(p);
    if (!s->in) {
        s->in = malloc(SLOT_OCTETS);
        s->out_mem = arena_new(OUT_RESERVE);
        s->out = (struct buf){.mem = &s->out_mem};
        if (!s->in)
            abort();
    }
    return s;
}

void pool_submit(struct pool *p)
{
    lock(p);
    struct slot *s = slot_at(p, p->submitted);
    s->order = p->submitted++;
    s->state = SLOT_READY;
    start_thread(p);
    pthread_cond_broadcast(&p->changed);
    unlock(p);
}

void pool_drain(struct pool *p)
{
    if (pool_slot(p)->n_items)
        pool_submit(p);
    lock(p);
    while (p->written < p->submitted)
        if (!work_once(&p->worker[0]))
            pthread_cond_wait(&p->changed, &p->lock);
    unlock(p);
    out_flush(p->out);
    p->closed = !out_good(p->out);
}

void pool_turn(struct worker *w, struct slot *s)
{
    struct pool *p = w->pool;
    lock(p);
    while (p->written < s->order || p->writing)
        pthread_cond_wait(&p->changed, &p->lock);
    unlock(p);
    out_put(p->out, buf_str(&s->out));
    arena_reset(&s->out_mem);
    s->out = (struct buf){.mem = &s->out_mem};
    w->has_turn = true;
}

void pool_complain(struct pool *p, const struct err *e)
{
    struct err shown = *e;
    shown.class = ERR_NONE;
    lock(p);
    prog_error(&shown);
    unlock(p);
}

void pool_count(struct pool *p, enum err_class failed)
{
    lock(p);
    if (failed == ERR_NONE)
        p->good++;
    else
        p->failed = err_worse(p->failed, failed);
    unlock(p);
}

enum err_class pool_outcome(struct pool *p)
{
    return p->failed == ERR_NONE || p->failed == ERR_INPUT || !p->good ? p->failed : ERR_PARTIAL;
}

bool pool_good(struct pool *p)
{
    lock(p);
    bool good = !p->closed;
    unlock(p);
    return good;
}
