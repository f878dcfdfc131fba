/* Who works on the queue now. */
#ifndef MAIL_QUEUE_RUNNERS_H
#define MAIL_QUEUE_RUNNERS_H

#include "json/json.h"
#include "sys/sys.h"

/* The member `runners` of a queue record: each process that holds a lease in folder ("…/queue"), with pid, program, startedAt, cpuMs and
 * memory (octets); processes of others and of other machines are not seen. */
void runners_put(struct jwrite *w, str folder);

#endif
