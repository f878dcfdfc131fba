/* Each set is a treap: a search tree whose shape is as if its entries had come in random order, so that messages in any
 * order of time, a million of one subject among them, cost log n. Nothing is ever taken out. */
#include "thread/subjects.h"

#include "sys/sys.h"

#include <assert.h>

struct subject_entry {
    struct thread_place place;
    uint32_t left, right; /* indices, 0: none */
    uint32_t priority;    /* of a parent: at least that of its children */
};

static int place_cmp(struct thread_place a, struct thread_place b)
{
    if (a.time != b.time)
        return a.time < b.time ? -1 : 1;
    int64_t x = (int64_t)a.id, y = (int64_t)b.id;
    return x < y ? -1 : x > y;
}

static uint64_t set_key(uint64_t pair, enum thread_kind kind)
{
    uint64_t key = pair + (uint64_t)kind * 0x9e3779b97f4a7c15u;
    return key ? key : 1;
}

static struct subject_entry *at(const struct subjects *s, uint32_t index) { return &s->entry[index - 1]; }

struct subjects subjects_new(void)
{
    struct subjects s = {
        .set = numbers_new(),
        .roots_mem = arena_new((size_t)1 << RESERVE_LOG2),
        .entries_mem = arena_new((size_t)1 << RESERVE_LOG2),
    };
    sys_clock.random(&s.random, sizeof s.random);
    s.random |= 1;
    subjects_reset(&s);
    return s;
}

void subjects_free(struct subjects *s)
{
    numbers_free(&s->set);
    arena_free(&s->roots_mem);
    arena_free(&s->entries_mem);
}

void subjects_reset(struct subjects *s)
{
    numbers_reset(&s->set);
    arena_reset(&s->roots_mem);
    arena_reset(&s->entries_mem);
    s->root = arena_alloc(&s->roots_mem, 0, _Alignof(uint32_t));
    s->entry = arena_alloc(&s->entries_mem, 0, _Alignof(struct subject_entry));
    s->n = 0;
}

static uint32_t next_random(struct subjects *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 7;
    s->random ^= s->random << 17;
    return (uint32_t)(s->random >> 32);
}

static uint32_t *set_root(struct subjects *s, uint64_t pair, enum thread_kind kind)
{
    uint32_t before = s->set.n;
    uint32_t set = numbers_put(&s->set, set_key(pair, kind));
    if (s->set.n > before)
        *(uint32_t *)arena_alloc(&s->roots_mem, sizeof(uint32_t), _Alignof(uint32_t)) = 0;
    return &s->root[set - 1];
}

void subjects_add(struct subjects *s, uint64_t pair, enum thread_kind kind, struct thread_place place)
{
    uint32_t *link = set_root(s, pair, kind);
    uint32_t priority = next_random(s);
    while (*link && at(s, *link)->priority >= priority) {
        int order = place_cmp(place, at(s, *link)->place);
        if (order == 0)
            return;
        link = order < 0 ? &at(s, *link)->left : &at(s, *link)->right;
    }
    uint32_t rest = *link;
    struct subject_entry *e = arena_alloc(&s->entries_mem, sizeof *e, _Alignof(struct subject_entry));
    *e = (struct subject_entry){.place = place, .priority = priority};
    *link = ++s->n;
    uint32_t *less = &e->left, *more = &e->right;
    while (rest) {
        struct subject_entry *x = at(s, rest);
        uint32_t **side = place_cmp(x->place, place) < 0 ? &less : &more;
        **side = rest;
        *side = side == &less ? &x->right : &x->left;
        rest = **side;
    }
    *less = *more = 0;
}

bool subjects_seek(const struct subjects *s, const struct thread_range *range, struct thread_place *out)
{
    uint32_t set = numbers_get(&s->set, set_key(range->pair, range->kind));
    uint32_t best = 0;
    for (uint32_t i = set ? s->root[set - 1] : 0; i;) {
        const struct subject_entry *x = at(s, i);
        bool inside = range->backward ? place_cmp(x->place, range->to) <= 0 : place_cmp(x->place, range->from) >= 0;
        if (inside)
            best = i;
        i = inside == range->backward ? x->right : x->left;
    }
    if (!best)
        return false;
    struct thread_place p = at(s, best)->place;
    if (place_cmp(p, range->from) < 0 || place_cmp(p, range->to) > 0)
        return false;
    *out = p;
    return true;
}
