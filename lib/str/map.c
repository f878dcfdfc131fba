#include "str/str.h"

/* Open addressing with linear probing; cap is a power of two, at most half full. An empty slot has hash 0. */

static uint64_t slot_hash(str key)
{
    uint64_t h = str_hash(key);
    return h ? h : 1;
}

static struct map_slot *probe(const struct map *m, str key, uint64_t hash)
{
    ptrdiff_t i = (ptrdiff_t)(hash & (uint64_t)(m->cap - 1));
    while (m->slots[i].hash && !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

struct map_slot *map_get(const struct map *m, str key)
{
    if (!m->cap)
        return NULL;
    struct map_slot *slot = probe(m, key, slot_hash(key));
    return slot->hash ? slot : NULL;
}

static void grow(arena *a, struct map *m)
{
    struct map bigger = {.n = m->n, .cap = m->cap ? m->cap * 2 : 16};
    bigger.slots = ARENA_ARRAY(a, struct map_slot, bigger.cap);
    for (ptrdiff_t i = 0; i < m->cap; i++)
        if (m->slots[i].hash)
            *probe(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    *m = bigger;
}

struct map_slot *map_put(arena *a, struct map *m, str key)
{
    if (m->n * 2 >= m->cap)
        grow(a, m);
    uint64_t hash = slot_hash(key);
    struct map_slot *slot = probe(m, key, hash);
    if (!slot->hash) {
        slot->key = key;
        slot->hash = hash;
        m->n++;
    }
    return slot;
}
