/* Small messages that a thread writes while the caller goes on. */
#include "store/blob.h"
#include "sys/sys.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <unistd.h>

enum { SLOTS = 32, ID_OCTETS = 64 };

struct slot {
    char *octets; /* BLOB_LATER_OCTETS */
    ptrdiff_t len;
    char blob_id[ID_OCTETS];
};

struct blob_later {
    arena *mem;
    struct store *store;
    int blobs;
    struct sha256 *sha; /* of whoever writes */
    struct slot slot[SLOTS];
    pthread_t thread;
    bool threaded; /* else the caller writes */
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t work, ready;
    int64_t given, written; /* of all ever */
    bool idle, caller_waits, ends;
    int failed; /* errno of the first one that could not be written */
};

static int write_one(const struct blob_later *l, const struct slot *s)
{
    char name[64];
    str blob_id = str_of(s->blob_id, ID_OCTETS), octets = str_of(s->octets, s->len);
    if (blob_make(l->blobs, l->sha, blob_id, octets) || blob_lies(l->blobs, l->sha, blob_id, s->len))
        return 0;
    int fd = blob_temporary(l->blobs, blob_id, name);
    if (fd < 0)
        return errno;
    bool good = fd_write_full(fd, octets);
    int failed = good ? 0 : errno;
    close(fd);
    if (good && !blob_place(l->blobs, name, blob_id))
        failed = errno;
    if (failed)
        unlinkat(l->blobs, name, 0);
    return failed;
}

static void *run(void *context)
{
    struct blob_later *l = context;
    pthread_mutex_lock(&l->lock);
    while (!l->ends || l->written < l->given) {
        if (l->written == l->given) {
            l->idle = true;
            pthread_cond_wait(&l->work, &l->lock);
            l->idle = false;
            continue;
        }
        const struct slot *next = &l->slot[l->written % SLOTS];
        pthread_mutex_unlock(&l->lock);
        int failed = write_one(l, next);
        pthread_mutex_lock(&l->lock);
        l->written++;
        l->failed = l->failed ? l->failed : failed;
        if (l->caller_waits)
            pthread_cond_signal(&l->ready);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

struct blob_later *blob_later_new(arena *a, struct store *s, struct err *e)
{
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return NULL;
    struct blob_later *l = ARENA_NEW(a, struct blob_later);
    l->mem = a;
    l->store = s;
    l->blobs = blobs;
    l->sha = sha256_new(a);
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->work, NULL);
    pthread_cond_init(&l->ready, NULL);
    l->threaded = thread_start(&l->thread, "store blobs", run, l);
    return l;
}

void blob_later_put(struct blob_later *l, str blob_id, str octets)
{
    assert(blob_id.len == ID_OCTETS && octets.len <= BLOB_LATER_OCTETS);
    pthread_mutex_lock(&l->lock);
    while (l->given - l->written == SLOTS) {
        l->caller_waits = true;
        pthread_cond_wait(&l->ready, &l->lock);
        l->caller_waits = false;
    }
    pthread_mutex_unlock(&l->lock);
    struct slot *s = &l->slot[l->given % SLOTS];
    if (!s->octets)
        s->octets = arena_alloc(l->mem, BLOB_LATER_OCTETS, 1);
    memcpy(s->blob_id, blob_id.ptr, ID_OCTETS);
    memcpy(s->octets, octets.ptr, (size_t)octets.len);
    s->len = octets.len;
    int failed = l->threaded ? 0 : write_one(l, s);
    pthread_mutex_lock(&l->lock);
    l->given++;
    if (!l->threaded)
        l->written++;
    l->failed = l->failed ? l->failed : failed;
    if (l->idle)
        pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
}

bool blob_later_wait(struct blob_later *l, struct err *e)
{
    pthread_mutex_lock(&l->lock);
    while (l->written < l->given) {
        l->caller_waits = true;
        pthread_cond_wait(&l->ready, &l->lock);
        l->caller_waits = false;
    }
    int failed = l->failed;
    l->failed = 0;
    pthread_mutex_unlock(&l->lock);
    errno = failed;
    return !failed || err_errno(e, ERR_IO, "blob.write", "make room on the disk and run it again", "cannot write a message into %.*s/blobs",
                                STR_ARG(l->store->dir));
}

void blob_later_end(struct blob_later *l)
{
    pthread_mutex_lock(&l->lock);
    l->ends = true;
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
    if (l->threaded)
        pthread_join(l->thread, NULL);
}
