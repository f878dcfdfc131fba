/* Work in parallel, results in order: a ring of slots. One thread (the producer) fills slots and submits them; any thread, the
 * producer among them, does the work of one and writes out what is finished, in the order in which slots were submitted. */
#ifndef POOL_H
#define POOL_H

#include "mime/mime.h"
#include "sys/sys.h"

enum {
    POOL_THREADS = 4,
    POOL_SLOTS = POOL_THREADS + 4,
    SLOT_OCTETS = 1 << 19, /* of input; a message that does not fit is streamed */
    SLOT_ITEMS = 64,
    SLOT_LIGHT = 1 << 19   /* octets of output, or of one message, that a slot may hold while others are before it */
};

/* One thing to do: a message that lies in slot.in, a span of the slot's file, a file, or a line of records. */
struct item {
    enum { ITEM_MESSAGE, ITEM_SPAN, ITEM_FILE, ITEM_LINE } what;
    ptrdiff_t start, length; /* in slot.in: the octets, the path, the line */
    struct mbox_message box; /* ITEM_MESSAGE and ITEM_SPAN */
    int fd;                  /* ITEM_FILE: open already; -1: not yet */
    int64_t number;          /* ITEM_LINE */
};

struct slot {
    char *in; /* SLOT_OCTETS */
    ptrdiff_t n_in;
    struct item item[SLOT_ITEMS];
    int n_items;
    const struct source_file *file; /* where the items are from; NULL: each for itself */
    arena out_mem;
    struct buf out;
    int64_t order;
    enum { SLOT_FREE, SLOT_READY, SLOT_BUSY, SLOT_DONE } state;
};

struct worker {
    struct pool *pool;
    struct mime *mime;
    bool has_turn; /* pool_turn was called for the slot in hand: nobody is before it */
    arena mem;     /* reset for each message */
    char *chunk;
};
enum { WORKER_CHUNK = 1 << 16 };

struct pool;
/* do_slot does all items of a slot. threads: how many at once, the producer included. */
struct pool *pool_new(arena *run, struct out *out, int threads, void (*do_slot)(struct worker *w, struct slot *s));

/* For the producer. pool_slot: an empty slot to fill, the same one until it is submitted. */
struct slot *pool_slot(struct pool *p);
void pool_submit(struct pool *p);
/* Until everything that was submitted (the slot that is being filled too, unless it is empty) is written and flushed. */
void pool_drain(struct pool *p);
/* The producer's own worker, for what it does between slots, when the pool is drained. */
struct worker *pool_own(struct pool *p);

/* For workers: wait until everything before this slot is written; then write what it has so far. So memory that is not small
 * is held by one slot at a time. */
void pool_turn(struct worker *w, struct slot *s);

/* A message for people, whose class does not count as the outcome; how many records went wrong and well. Any thread. */
void pool_complain(struct pool *p, const struct err *e);
void pool_count(struct pool *p, enum err_class failed);
/* What the counted ones make of the run: 0; 65 where input was of the wrong form; 1 where some failed; else the class of what failed. */
enum err_class pool_outcome(struct pool *p);
bool pool_good(struct pool *p);

#endif
