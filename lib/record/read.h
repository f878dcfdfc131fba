/* What the readers of one type of record share. */
#ifndef RECORD_READ_H
#define RECORD_READ_H

#include "record/member.h"

struct reading {
    arena *mem;
    const char *what;
    int64_t number; /* of the line; 0: none */
    struct err *err;
};

/* False with "WHAT: line N: …". */
bool reading_fault(const struct reading *r, const char *hint, const char *format, ...) __attribute__((format(printf, 3, 4)));

bool email_read(const struct reading *r, const struct jnode *root, uint64_t kept, struct email *out);
bool poll_read(const struct reading *r, const struct jnode *root, struct poll *out);
bool submission_read(const struct reading *r, const struct jnode *root, struct submission *out);
bool delivery_read(const struct reading *r, const struct jnode *root, struct delivery *out);
/* All members of an object by a table of n rows; known and nulls get the bit of each row that is there. Texts whose bit is in
 * kept stay JSON. */
struct members_found {
    uint64_t known, nulls;
    str unknown;
};
bool members_read(const struct reading *r, const struct jnode *root, const struct member *table, ptrdiff_t n, uint64_t kept, void *base,
                  struct members_found *out);
bool error_read(const struct reading *r, const struct jnode *root, struct err *out);

#endif
