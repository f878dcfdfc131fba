#include "store/idset.h"

#include <assert.h>

struct idset idset_new(arena *a, int64_t max)
{
    struct idset s = {.n = (ptrdiff_t)(max / 64) + 1};
    s.word = ARENA_ARRAY(a, uint64_t, s.n);
    return s;
}

void idset_add(struct idset *s, int64_t id)
{
    if (id >= 0 && id / 64 < s->n)
        s->word[id / 64] |= UINT64_C(1) << (id % 64);
}

void idset_and(struct idset *s, const struct idset *other)
{
    assert(s->n == other->n);
    bool a = s->inverted, b = other->inverted;
    for (ptrdiff_t i = 0; i < s->n; i++) {
        uint64_t x = s->word[i], y = other->word[i];
        s->word[i] = a && b ? x | y : a ? y & ~x : b ? x & ~y : x & y;
    }
    s->inverted = a && b;
}

void idset_or(struct idset *s, const struct idset *other)
{
    struct idset flipped = *other;
    idset_not(s);
    idset_not(&flipped);
    idset_and(s, &flipped);
    idset_not(s);
}

int64_t idset_bits(const struct idset *s)
{
    int64_t n = 0;
    for (ptrdiff_t i = 0; i < s->n; i++)
        n += __builtin_popcountll(s->word[i]);
    return n;
}

int64_t idset_next(const struct idset *s, int64_t after)
{
    int64_t from = after + 1;
    ptrdiff_t i = (ptrdiff_t)(from / 64);
    if (i >= s->n)
        return -1;
    uint64_t word = s->word[i] & (~UINT64_C(0) << (from % 64));
    while (!word) {
        if (++i == s->n)
            return -1;
        word = s->word[i];
    }
    return (int64_t)i * 64 + __builtin_ctzll(word);
}
