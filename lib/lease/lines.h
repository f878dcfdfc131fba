/* Private to lib/lease: the text of a lease. */
#ifndef LEASE_LINES_H
#define LEASE_LINES_H

#include "lease/lease.h"

#define LEASE_TAKEN_SUFFIX S(".taken")

/* Entries, boot and time from the whole file. */
bool lease_read(arena *a, struct lease *l, struct err *e);
/* Lines of the two kinds, with their LF. */
void lease_put_data(struct buf *to, const struct lease_mark *mark);
void lease_put_reply(struct buf *to, const struct lease_entry *entry);
/* The first line of a new one. */
str lease_first_line(arena *a, int64_t now);
/* Whether its path still leads to the file that is open. */
bool lease_still_named(const struct lease *l);

#endif
