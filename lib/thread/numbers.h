/* Private to lib/thread: 64-bit ids to small numbers, 1 to n in the order in which they came. */
#ifndef THREAD_NUMBERS_H
#define THREAD_NUMBERS_H

#include "str/str.h"

enum { RESERVE_LOG2 = 35 }; /* addresses for one array, not memory; more than any of them can need */

struct numbers {
    arena keys, slots; /* one array each, so that they grow where they are */
    uint64_t *key;     /* key[number - 1] */
    uint32_t *slot;    /* numbers; 0: free */
    uint32_t n, shift; /* 1 << (64 - shift) slots */
    uint64_t factor;   /* odd, random: nobody can choose ids that collide */
};

struct numbers numbers_new(void);
void numbers_free(struct numbers *t);
void numbers_reset(struct numbers *t);
/* 0: not there. */
uint32_t numbers_get(const struct numbers *t, uint64_t key);
/* The number, given where it is new: then it is t->n. */
uint32_t numbers_put(struct numbers *t, uint64_t key);
/* A number that no key leads to. */
uint32_t numbers_anonymous(struct numbers *t);

#endif
