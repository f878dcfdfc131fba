/* What follows a settled delivery: the copy in Sent, the report to the sender. */
#ifndef MAIL_QUEUE_SEQUEL_H
#define MAIL_QUEUE_SEQUEL_H

#include "mail-queue/verb.h"

/* Store what is due of both among the emails. What fails is told and tried again next time; that a mail was sent stays true. */
void sequel_all(struct verb_call *c);

/* report.c: the message (RFC 3464) that tells a sender of failures, the same each time it is made. head: the header of what was sent. */
str report_message(arena *a, const struct queue_sequel *s, str head);

#endif
