#include "thread/forest.h"

#include "thread/numbers.h"

#include <assert.h>

struct forest forest_new(void)
{
    struct forest f = {.mem = arena_new((size_t)1 << RESERVE_LOG2)};
    f.node = arena_alloc(&f.mem, 0, _Alignof(struct forest_node));
    return f;
}

void forest_free(struct forest *f) { arena_free(&f->mem); }

void forest_reach(struct forest *f, uint32_t n)
{
    if (n > f->n) {
        (void)ARENA_ARRAY(&f->mem, struct forest_node, n - f->n);
        f->n = n;
    }
}

static struct forest_node *at(struct forest *f, uint32_t x) { return &f->node[x - 1]; }

static bool tops_path(struct forest *f, uint32_t x)
{
    uint32_t p = at(f, x)->path;
    return !p || (at(f, p)->left != x && at(f, p)->right != x);
}

static void rotate(struct forest *f, uint32_t x)
{
    uint32_t p = at(f, x)->path, g = at(f, p)->path;
    bool top = tops_path(f, p), is_left = at(f, p)->left == x;
    uint32_t moved = is_left ? at(f, x)->right : at(f, x)->left;
    if (!top)
        *(at(f, g)->left == p ? &at(f, g)->left : &at(f, g)->right) = x;
    *(is_left ? &at(f, x)->right : &at(f, x)->left) = p;
    *(is_left ? &at(f, p)->left : &at(f, p)->right) = moved;
    if (moved)
        at(f, moved)->path = p;
    at(f, p)->path = x;
    at(f, x)->path = g;
}

static void splay(struct forest *f, uint32_t x)
{
    while (!tops_path(f, x)) {
        uint32_t p = at(f, x)->path;
        if (!tops_path(f, p)) {
            uint32_t g = at(f, p)->path;
            bool same_side = (at(f, p)->left == x) == (at(f, g)->left == p);
            rotate(f, same_side ? p : x);
        }
        rotate(f, x);
    }
}

/* Make the path from the root to x one splay tree, x on top. */
static void access(struct forest *f, uint32_t x)
{
    uint32_t below = 0;
    for (uint32_t y = x; y; y = at(f, y)->path) {
        splay(f, y);
        at(f, y)->right = below;
        below = y;
    }
    splay(f, x);
}

static uint32_t root_of(struct forest *f, uint32_t x)
{
    access(f, x);
    while (at(f, x)->left)
        x = at(f, x)->left;
    splay(f, x);
    return x;
}

void forest_link(struct forest *f, uint32_t parent, uint32_t child)
{
    assert(!at(f, child)->up);
    if (parent == child || (at(f, child)->above && root_of(f, parent) == child))
        return;
    access(f, child);
    at(f, child)->path = parent;
    at(f, child)->up = parent;
    at(f, parent)->above = true;
}

void forest_cut(struct forest *f, uint32_t x)
{
    access(f, x);
    uint32_t rest = at(f, x)->left;
    assert(rest && at(f, x)->up);
    at(f, rest)->path = 0;
    at(f, x)->left = 0;
    at(f, x)->up = 0;
}
