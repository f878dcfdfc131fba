/* What settle and run share. */
#ifndef MAIL_QUEUE_SETTLE_H
#define MAIL_QUEUE_SETTLE_H

#include "mail-queue/stream.h"

struct settling {
    struct queue_settler *settler;
    bool events; /* print them */
    bool lost;   /* what was not committed is gone */
    int64_t sent, deferred, failed, uncertain, ignored; /* deliveries */
};
/* Settle the delivery records of fd until its end; counts are added to. False: it could not begin. */
bool settle_stream(struct verb_call *c, struct settling *s, int fd, struct err *e);

#endif
