/* Private to lib/store: lines become records whose messages lie in blobs/, worked on by threads, handed on in their order.
 *
 * A thread reads the JSON of a line, and if it is an email that no row names yet, copies its message and checks the digest. What is
 * ahead of the caller is bounded: INTAKE_SLOTS lines, and about INTAKE_OCTETS. All functions are for one thread, the caller's. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "store/blob.h"

enum {
    INTAKE_THREADS = 2,
    INTAKE_SLOTS = 32,
    INTAKE_OCTETS = 12 << 20
};

struct taken {
    arena mem; /* what the record points to, and room for who works on it */
    str line;
    int64_t number; /* of the line */
    struct record record;
    bool read;   /* the line is a record; else err says why not */
    bool good;   /* an email is complete and its message lies in blobs/; else err */
    bool copied; /* the message was put there now, or verified: it is not lasting yet */
    struct err err;

    bool done; /* private to intake.c, as what follows */
};

struct intake;
/* NULL with *e. Ends with intake_end; the store must stay open until then. */
struct intake *intake_new(arena *a, struct store *s, struct err *e);
void intake_end(struct intake *in);

/* True where intake_next must be called before the next intake_give. */
bool intake_full(const struct intake *in);
/* The line is copied. */
void intake_give(struct intake *in, str line, int64_t number);
/* The oldest, when it is done; NULL where there is none. Valid until the next intake_give. */
struct taken *intake_next(struct intake *in);

/* blob_sync by one of the threads: begin it when intake_next gave NULL, then wait for it. */
void intake_sync(struct intake *in, struct blob_sync *sync);
bool intake_synced(struct intake *in, struct err *e);

#endif
