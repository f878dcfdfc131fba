/* Private to lib/store: lines become records whose messages lie in blobs/, worked on by threads, handed on in their order.
 *
 * A thread reads the JSON of a line, and if it is an email whose message does not lie there yet, copies it, checks the digest and makes the
 * draft of its row. What is
 * ahead of the taker is bounded: INTAKE_SLOTS lines, and about INTAKE_OCTETS; so much is worked on while the taker commits. One thread
 * gives the lines, another one takes the records. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "store/blob.h"
#include "store/row.h"

enum {
    INTAKE_THREADS = 3, /* one of them may be waiting for the disk */
    INTAKE_SLOTS = 1792,
    INTAKE_OCTETS = 12 << 20
};

struct taken {
    arena mem; /* what the record points to, and room for who works on it */
    str line;
    int64_t number; /* of the line */
    struct record record;
    bool read;   /* the line is a record; else err says why not */
    bool good;   /* an email is complete and its message lies in blobs/; else err */
    bool unseen; /* the message lay there before: fine if a row names it, else intake_see */
    bool copied; /* the message was put there now, or verified: it is not lasting yet */
    struct row_draft draft;
    struct err err;
    int64_t epoch; /* what intake_epoch had said when the work began */

    bool done; /* private to intake.c */
};

struct intake;
/* NULL with *e. Ends with intake_end; the store must stay open until then. */
struct intake *intake_new(arena *a, struct store *s, struct err *e);
void intake_end(struct intake *in);

/* -- The giver -- */
/* The line is copied. Waits while too much is ahead. */
void intake_give(struct intake *in, str line, int64_t number);
/* Until the taker has had all and said intake_settled. */
void intake_settle(struct intake *in);
/* The taker gets INTAKE_STOP from now on, whatever is left. */
void intake_stop(struct intake *in);

/* -- The taker -- */
enum intake_news { INTAKE_RECORD, INTAKE_SETTLE, INTAKE_STOP };
/* Waits. *t: the oldest line when it is done, valid until the next call; or all are taken and the giver waits, or is gone. */
enum intake_news intake_next(struct intake *in, struct taken **t);
void intake_settled(struct intake *in);
/* Of the transaction that begins, another number each time; 0 when it has ended. */
void intake_epoch(struct intake *in, int64_t epoch);
/* For the taker's own thread. */
struct index_cutter *intake_cutter(struct intake *in);
/* For a message that no row names, if it is unseen, or was worked on before this transaction: gc may have been at work in between, and can no
 * more. Whether it is there, checked, or could be copied again; as taken.good. */
bool intake_see(struct intake *in, struct taken *t);

/* blob_sync by one of the threads: begin it, then wait for it. */
void intake_sync(struct intake *in, struct blob_sync *sync);
bool intake_synced(struct intake *in, struct err *e);

#endif
