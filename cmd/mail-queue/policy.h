/* What may leave now, and what must wait: windows, limits, suppressed addresses. */
#ifndef MAIL_QUEUE_POLICY_H
#define MAIL_QUEUE_POLICY_H

#include "mail-queue/verb.h"

struct policy;
/* From c->config and c->store. force: windows do not count. NULL with *e (class configuration). a: run lifetime. */
struct policy *policy_new(arena *a, struct verb_call *c, bool force, struct err *e);
/* A queue_gate (store/store.h); context is a struct policy. */
bool policy_gate(void *context, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e);

#endif
