/* Steps 2 to 5 of REFERENCES (RFC 5256 section 3). */
#include "thread/builder.h"

#include <stdlib.h>

/* The node under which children of a missing message come to hang: the nearest one above it whose message is there, or else
 * the topmost. Each missing message is passed once: what was found is kept in `under`. */
static uint32_t anchor(struct thread_builder *b, uint32_t missing)
{
    uint32_t end = missing;
    while (!tree_at(b, end)->number && !tree_at(b, end)->under && forest_up(&b->forest, end))
        end = forest_up(&b->forest, end);
    uint32_t found = !tree_at(b, end)->number && tree_at(b, end)->under ? tree_at(b, end)->under : end;
    for (uint32_t x = missing; x != end;) {
        uint32_t up = forest_up(&b->forest, x);
        tree_at(b, x)->under = found;
        x = up;
    }
    return found;
}

static struct tree_root *add_root(struct thread_builder *b, struct tree_roots *roots, uint32_t node)
{
    if (roots->n == roots->cap) {
        uint32_t cap = roots->cap ? roots->cap * 2 : 256;
        roots->item = arena_grow(&b->mem, roots->item, roots->cap * sizeof *roots->item, cap * sizeof *roots->item,
                                 _Alignof(struct tree_root));
        roots->cap = cap;
    }
    struct tree_root *r = &roots->item[roots->n++];
    *r = (struct tree_root){.node = node, .number = tree_at(b, node)->number};
    return r;
}

struct tree_roots tree_prune(struct thread_builder *b)
{
    struct tree_roots roots = {0};
    uint32_t nodes = b->n_nodes;
    for (uint32_t x = 1; x <= nodes; x++) {
        uint32_t up = forest_up(&b->forest, x);
        if (!up)
            add_root(b, &roots, x);
        else if (tree_at(b, x)->number)
            tree_adopt(b, tree_at(b, up)->number ? up : anchor(b, up), x);
    }
    return roots;
}

static int root_cmp(const void *a, const void *b)
{
    const struct tree_root *x = a, *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    if (x->tie != y->tie)
        return x->tie < y->tie ? -1 : 1;
    return x->node < y->node ? -1 : x->node > y->node;
}

void tree_sort_roots(struct tree_roots *roots)
{
    if (roots->n > 1)
        qsort(roots->item, roots->n, sizeof *roots->item, root_cmp);
}

void tree_date_roots(const struct thread_builder *b, struct tree_roots *roots)
{
    for (uint32_t i = 0; i < roots->n; i++) {
        struct tree_root *r = &roots->item[i];
        if (r->gone)
            continue;
        const struct tree_node *node = tree_at(b, r->node);
        r->tie = r->number;
        if (!r->number && !node->children) {
            r->gone = true;
            continue;
        }
        if (!r->number) {
            r->tie = tree_at(b, node->oldest)->number;
            if (node->children == 1) { /* an only child takes its parent's place */
                r->node = node->oldest;
                r->number = r->tie;
            }
        }
        r->date = tree_message(b, r->tie)->date;
    }
}

/* Step 5.B: r meets the root that stands for its subject so far; the one that is left standing for it is returned. */
static uint32_t meet(struct tree_roots *roots, uint32_t holder, uint32_t r, bool reply)
{
    struct tree_root *old = &roots->item[holder], *new = &roots->item[r];
    if (old->number && (!new->number || (old->reply && !reply))) {
        old->joined = r + 1;
        return r;
    }
    new->joined = holder + 1;
    return holder;
}

static void join_by_subject(const struct thread_builder *b, struct tree_roots *roots)
{
    struct numbers subjects = numbers_new();
    arena scratch = arena_new((size_t)1 << RESERVE_LOG2);
    uint32_t *holder = ARENA_ARRAY(&scratch, uint32_t, roots->n);
    for (uint32_t i = 0; i < roots->n; i++) {
        struct tree_root *r = &roots->item[i];
        if (r->gone)
            continue;
        const struct tree_message *m = tree_message(b, r->tie);
        if (!m->has_subject || !m->subject)
            continue;
        uint32_t before = subjects.n;
        uint32_t subject = numbers_put(&subjects, m->subject);
        holder[subject - 1] = subjects.n > before ? i : meet(roots, holder[subject - 1], i, m->reply);
        r->reply = m->reply;
    }
    arena_free(&scratch);
    numbers_free(&subjects);
}

static void move_children(struct thread_builder *b, uint32_t to, uint32_t from)
{
    uint32_t next;
    for (uint32_t x = tree_at(b, from)->first; x; x = next) {
        next = tree_at(b, x)->next;
        tree_adopt(b, to, x);
    }
    tree_at(b, from)->first = tree_at(b, from)->children = tree_at(b, from)->oldest = 0;
}

/* Step 5.C for one root. A subject's holder changes at most twice, so the way up is short. */
static void merge_root(struct thread_builder *b, struct tree_roots *roots, uint32_t current)
{
    struct tree_root *cur = &roots->item[current], *top = cur;
    while (top->joined)
        top = &roots->item[top->joined - 1];
    cur->gone = true;
    if (!cur->number) {
        move_children(b, top->node, cur->node);
    } else if (!top->number || (cur->reply && !top->reply)) {
        tree_adopt(b, top->node, cur->node);
    } else { /* neither answers the other: a parent that is not there holds both */
        tree_reach(b, b->n_nodes + 1);
        uint32_t made = b->n_nodes;
        tree_adopt(b, made, top->node);
        tree_adopt(b, made, cur->node);
        top->gone = true;
        top->joined = roots->n + 1;
        add_root(b, roots, made);
    }
}

bool tree_gather_subjects(struct thread_builder *b, struct tree_roots *roots)
{
    join_by_subject(b, roots);
    bool changed = false;
    uint32_t n = roots->n;
    for (uint32_t i = 0; i < n; i++) {
        if (roots->item[i].joined && !roots->item[i].gone) {
            merge_root(b, roots, i);
            changed = true;
        }
    }
    return changed;
}
