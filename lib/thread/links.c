/* Union-find over message ids. The smallest id of a thread is its root; hashes come in random order, so trees stay flat. */
#include "thread/numbers.h"
#include "thread/near.h"
#include "thread/subjects.h"
#include "thread/thread.h"

struct thread_links {
    struct numbers ids;
    arena parents_mem;
    uint32_t *parent; /* parent[number - 1]; a root is its own */
    bool keeps_subjects;
    struct subjects subjects;
};

struct thread_links *thread_links_new(arena *a, bool subjects)
{
    struct thread_links *l = ARENA_NEW(a, struct thread_links);
    l->ids = numbers_new();
    l->parents_mem = arena_new((size_t)1 << RESERVE_LOG2);
    l->keeps_subjects = subjects;
    if (subjects)
        l->subjects = subjects_new();
    l->parent = arena_alloc(&l->parents_mem, 0, _Alignof(uint32_t));
    return l;
}

void thread_links_free(struct thread_links *l)
{
    numbers_free(&l->ids);
    arena_free(&l->parents_mem);
    if (l->keeps_subjects)
        subjects_free(&l->subjects);
}

void thread_links_reset(struct thread_links *l)
{
    numbers_reset(&l->ids);
    arena_reset(&l->parents_mem);
    l->parent = arena_alloc(&l->parents_mem, 0, _Alignof(uint32_t));
    if (l->keeps_subjects)
        subjects_reset(&l->subjects);
}

ptrdiff_t thread_links_count(const struct thread_links *l) { return l->ids.n; }

static uint64_t id_of(const struct thread_links *l, uint32_t node) { return l->ids.key[node - 1]; }

static uint32_t root_of(struct thread_links *l, uint32_t node)
{
    uint32_t *parent = l->parent;
    while (parent[node - 1] != node)
        node = parent[node - 1] = parent[parent[node - 1] - 1];
    return node;
}

uint64_t thread_links_root(struct thread_links *l, uint64_t id)
{
    uint32_t node = numbers_get(&l->ids, id);
    return node ? id_of(l, root_of(l, node)) : id;
}

/* One call of thread_link: the thread so far, and what it took in. */
struct linking {
    arena *mem;
    struct thread_links *links;
    const struct thread_known *known;
    uint32_t root; /* 0: nothing yet */
    struct id_list {
        uint64_t *id;
        ptrdiff_t n, cap;
    } joined, fresh;
};

static void list_add(arena *a, struct id_list *list, uint64_t id)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 8;
        list->id = arena_grow(a, list->id, (size_t)list->cap * sizeof *list->id, (size_t)cap * sizeof *list->id,
                              _Alignof(uint64_t));
        list->cap = cap;
    }
    list->id[list->n++] = id;
}

/* The node of an id; *made: it was not there. */
static uint32_t node_of(struct thread_links *l, uint64_t id, bool *made)
{
    uint32_t before = l->ids.n;
    uint32_t node = numbers_put(&l->ids, id);
    *made = l->ids.n > before;
    if (*made)
        *(uint32_t *)arena_alloc(&l->parents_mem, sizeof(uint32_t), _Alignof(uint32_t)) = node;
    return node;
}

/* The node of an id, and whether nobody knew it. What another knows of its thread is taken over. */
static bool learn(struct linking *k, uint64_t id, uint32_t *node, bool *fresh, struct err *e)
{
    *node = node_of(k->links, id, fresh);
    if (!*fresh || !k->known || !k->known->find)
        return true;
    bool found;
    uint64_t root;
    if (!k->known->find(k->known->ctx, id, &found, &root, e))
        return false;
    if (!found)
        return true;
    *fresh = false;
    if (root != id) {
        bool made;
        uint32_t up = root_of(k->links, node_of(k->links, root, &made));
        k->links->parent[*node - 1] = up;
    }
    return true;
}

static void join(struct linking *k, uint32_t node, bool fresh)
{
    uint32_t root = root_of(k->links, node);
    if (root == k->root)
        return;
    if (!fresh)
        list_add(k->mem, &k->joined, id_of(k->links, root));
    if (!k->root) {
        k->root = root;
        return;
    }
    bool smaller = id_of(k->links, root) < id_of(k->links, k->root);
    uint32_t winner = smaller ? root : k->root, loser = smaller ? k->root : root;
    k->links->parent[loser - 1] = winner;
    k->root = winner;
}

static bool take(void *ctx, uint64_t id, struct err *e)
{
    struct linking *k = ctx;
    uint32_t node;
    bool fresh;
    if (!learn(k, id, &node, &fresh, e))
        return false;
    join(k, node, false);
    return true;
}

static bool seek_own(void *ctx, const struct thread_range *range, bool *found, struct thread_place *out, struct err *e)
{
    (void)e;
    *found = subjects_seek(ctx, range, out);
    return true;
}

static void report(struct linking *k, struct thread_linked *out)
{
    uint64_t root = id_of(k->links, k->root);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < k->joined.n; i++)
        if (k->joined.id[i] != root)
            k->joined.id[n++] = k->joined.id[i];
    *out = (struct thread_linked){root, k->joined.id, n, k->fresh.id, k->fresh.n};
}

bool thread_link(arena *a, struct thread_links *l, const struct thread_mail *m, const struct thread_known *known,
                 struct thread_linked *out, struct err *e)
{
    struct linking k = {.mem = a, .links = l, .known = known};
    for (ptrdiff_t i = 0; i < m->n_ids; i++) {
        uint32_t node;
        bool fresh;
        if (!learn(&k, m->id[i], &node, &fresh, e))
            return false;
        join(&k, node, fresh);
        if (fresh)
            list_add(a, &k.fresh, m->id[i]);
    }
    if (known && known->seek && !near_each(m, known, take, &k, e))
        return false;
    if (l->keeps_subjects) {
        struct thread_known own = {.ctx = &l->subjects, .seek = seek_own};
        if (!near_each(m, &own, take, &k, e))
            return false;
        for (ptrdiff_t i = 0; i < m->n_pairs; i++)
            subjects_add(&l->subjects, m->pair[i], m->kind, (struct thread_place){m->time, m->id[0]});
    }
    report(&k, out);
    return true;
}
