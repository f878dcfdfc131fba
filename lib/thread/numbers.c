#include "thread/numbers.h"

#include "sys/sys.h"

#include <assert.h>

enum { FIRST_SLOTS_LOG2 = 10 };

static void make_slots(struct numbers *t, uint32_t log2)
{
    arena_reset(&t->slots);
    t->shift = 64 - log2;
    t->slot = ARENA_ARRAY(&t->slots, uint32_t, (size_t)1 << log2);
}

struct numbers numbers_new(void)
{
    struct numbers t = {.keys = arena_new((size_t)1 << RESERVE_LOG2), .slots = arena_new((size_t)1 << RESERVE_LOG2)};
    sys_clock.random(&t.factor, sizeof t.factor);
    t.factor |= 1;
    numbers_reset(&t);
    return t;
}

void numbers_free(struct numbers *t)
{
    arena_free(&t->keys);
    arena_free(&t->slots);
}

void numbers_reset(struct numbers *t)
{
    arena_reset(&t->keys);
    t->key = arena_alloc(&t->keys, 0, _Alignof(uint64_t));
    t->n = 0;
    make_slots(t, FIRST_SLOTS_LOG2);
}

/* The slot that holds key, or the free one where it belongs. */
static uint32_t *find_slot(const struct numbers *t, uint64_t key)
{
    size_t mask = ((size_t)1 << (64 - t->shift)) - 1;
    size_t i = (size_t)(key * t->factor >> t->shift);
    while (t->slot[i] && t->key[t->slot[i] - 1] != key)
        i = (i + 1) & mask;
    return &t->slot[i];
}

uint32_t numbers_get(const struct numbers *t, uint64_t key) { return *find_slot(t, key); }

uint32_t numbers_anonymous(struct numbers *t)
{
    assert(t->n < UINT32_MAX - 1);
    uint64_t *key = arena_alloc(&t->keys, sizeof *key, _Alignof(uint64_t));
    *key = 0;
    return ++t->n;
}

static void grow_slots(struct numbers *t)
{
    make_slots(t, 64 - t->shift + 1);
    for (uint32_t i = 1; i <= t->n; i++)
        if (t->key[i - 1])
            *find_slot(t, t->key[i - 1]) = i;
}

uint32_t numbers_put(struct numbers *t, uint64_t key)
{
    assert(key);
    uint32_t *slot = find_slot(t, key), found = *slot;
    if (found)
        return found;
    if ((uint64_t)t->n * 8 >= ((uint64_t)5 << (64 - t->shift))) {
        grow_slots(t);
        slot = find_slot(t, key);
    }
    *slot = numbers_anonymous(t);
    t->key[t->n - 1] = key;
    return t->n;
}
