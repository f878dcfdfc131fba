/* Reading records that are stored in batches: add and settle. */
#ifndef MAIL_QUEUE_STREAM_H
#define MAIL_QUEUE_STREAM_H

#include "mail-queue/verb.h"

struct stream {
    struct verb_call *call;
    const char *name;  /* of the verb, for sentences about lines */
    unsigned types;    /* RECORD_BIT of what `take` gets; others pass through */
    arena line;        /* of one record */
    struct lines in;
    int64_t commit_ms; /* what the last one took */
    bool lost;         /* the batch is gone; nothing more is stored */
    void *context;
    void (*take)(struct stream *s, const struct record *r);
    /* A line that passes through, where it must wait for what stands before it; false: print it. May be NULL. */
    bool (*pass)(void *context, str line);
    int64_t (*pending)(void *context, int64_t *since_ms);
    /* *print: what it gives to stdout. */
    bool (*commit)(void *context, str *print, struct err *e);
};

/* Until the end of input: each record to take, commits after QUEUE_BATCH records, QUEUE_BATCH_MS, or when the pipe pauses. Then the
 * last commit. fd: where the lines come from. */
void stream_run(struct stream *s, int fd);
void stream_lose(struct stream *s, const struct err *e);

#endif
