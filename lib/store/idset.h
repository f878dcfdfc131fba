/* Private to lib/store: sets of row numbers as bits, closed under and, or, not.
 *
 * All sets of one search know the numbers 0 to max; larger ones (rows that came meanwhile) are in none of them. */
#ifndef STORE_IDSET_H
#define STORE_IDSET_H

#include "mem/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct idset {
    uint64_t *word;
    ptrdiff_t n;   /* words */
    bool inverted; /* it holds what is not in the bits */
};

/* The empty set. */
struct idset idset_new(arena *a, int64_t max);
void idset_add(struct idset *s, int64_t id);
static inline bool idset_has(const struct idset *s, int64_t id)
{
    bool bit = id >= 0 && id / 64 < s->n && (s->word[id / 64] >> (id % 64) & 1);
    return bit != s->inverted;
}
static inline void idset_not(struct idset *s) { s->inverted = !s->inverted; }
/* *s becomes s and other, s or other. */
void idset_and(struct idset *s, const struct idset *other);
void idset_or(struct idset *s, const struct idset *other);
/* How many bits are set; of an inverted set, how many are not in it. */
int64_t idset_bits(const struct idset *s);
/* The first number above `after` whose bit is set; -1 where there is none. */
int64_t idset_next(const struct idset *s, int64_t after);

#endif
