/* Private to lib/thread: 64-bit ids to small numbers, 1 to n in the order in which they came. */
#ifndef THREAD_IDS_H
#define THREAD_IDS_H

#include "str/str.h"

enum { IDS_RESERVE_LOG2 = 35 }; /* addresses for one array, not memory; more than any of them can need */

struct ids {
    arena keys, slots; /* one array each, so that they grow where they are */
    uint64_t *key;     /* key[number - 1] */
    uint32_t *slot;    /* numbers; 0: free */
    uint32_t n, shift; /* 1 << (64 - shift) slots */
    uint64_t factor;   /* odd, random: nobody can choose ids that collide */
};

struct ids ids_new(void);
void ids_free(struct ids *t);
void ids_reset(struct ids *t);
/* 0: not there. */
uint32_t ids_get(const struct ids *t, uint64_t key);
/* The number, given where it is new: then it is t->n. */
uint32_t ids_put(struct ids *t, uint64_t key);
/* A number that no key leads to. */
uint32_t ids_anonymous(struct ids *t);

#endif
