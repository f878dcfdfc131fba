/* Step 1 of REFERENCES (RFC 5256 section 3) as messages come, and the tree as it is handed out. */
#include "thread/builder.h"

#include <stdlib.h>

enum { NO_SUBJECT = 1 }; /* key of messages whose base subject is empty: they are one thread to ORDEREDSUBJECT */

struct thread_builder *thread_builder_new(arena *a, enum thread_algorithm algorithm)
{
    struct thread_builder *b = ARENA_NEW(a, struct thread_builder);
    b->algorithm = algorithm;
    b->messages_mem = arena_new((size_t)1 << RESERVE_LOG2);
    b->nodes_mem = arena_new((size_t)1 << RESERVE_LOG2);
    b->mem = arena_new((size_t)1 << RESERVE_LOG2);
    b->message = arena_alloc(&b->messages_mem, 0, _Alignof(struct tree_message));
    b->node = arena_alloc(&b->nodes_mem, 0, _Alignof(struct tree_node));
    b->ids = numbers_new();
    b->forest = forest_new();
    return b;
}

void thread_builder_free(struct thread_builder *b)
{
    arena_free(&b->messages_mem);
    arena_free(&b->nodes_mem);
    arena_free(&b->mem);
    numbers_free(&b->ids);
    forest_free(&b->forest);
}

void tree_reach(struct thread_builder *b, uint32_t n)
{
    if (n > b->n_nodes) {
        (void)ARENA_ARRAY(&b->nodes_mem, struct tree_node, n - b->n_nodes);
        b->n_nodes = n;
    }
}

static uint32_t node_of(struct thread_builder *b, uint64_t id)
{
    uint32_t x = id ? numbers_put(&b->ids, id) : numbers_anonymous(&b->ids);
    tree_reach(b, x);
    forest_reach(&b->forest, x);
    return x;
}

/* Links between references hold only where nobody said otherwise before; what a message says of itself goes before that. */
static void link_references(struct thread_builder *b, uint32_t node, const struct thread_entry *m)
{
    uint32_t parent = 0;
    for (ptrdiff_t i = 0; i < m->n_references; i++) {
        uint32_t x = node_of(b, m->reference[i]);
        if (parent && !forest_up(&b->forest, x))
            forest_link(&b->forest, parent, x);
        parent = x;
    }
    uint32_t up = forest_up(&b->forest, node);
    if (up && up != parent)
        forest_cut(&b->forest, node);
    if (parent && up != parent)
        forest_link(&b->forest, parent, node);
}

void thread_builder_add(struct thread_builder *b, const struct thread_entry *m)
{
    struct tree_message *t = arena_alloc(&b->messages_mem, sizeof *t, _Alignof(struct tree_message));
    *t = (struct tree_message){.date = m->date, .subject = m->subject, .has_subject = m->has_subject, .reply = m->reply};
    b->n++;
    if (b->algorithm == THREAD_ORDEREDSUBJECT) {
        t->node = b->n;
        tree_reach(b, b->n);
    } else {
        t->node = node_of(b, m->id);
        if (tree_at(b, t->node)->number) /* a second message of the same id is a message without one */
            t->node = node_of(b, 0);
        link_references(b, t->node, m);
    }
    tree_at(b, t->node)->number = b->n;
}

void tree_adopt(struct thread_builder *b, uint32_t parent, uint32_t child)
{
    struct tree_node *p = tree_at(b, parent), *c = tree_at(b, child);
    c->under = parent;
    c->next = p->first;
    p->first = child;
    p->children++;
    if (!p->oldest || tree_older(b, c->number, tree_at(b, p->oldest)->number))
        p->oldest = child;
}

struct dated {
    int64_t date;
    uint32_t number;
};

static int dated_cmp(const void *a, const void *b)
{
    const struct dated *x = a, *y = b;
    if (x->date != y->date)
        return x->date < y->date ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

uint32_t *tree_order(struct thread_builder *b)
{
    struct dated *list = ARENA_ARRAY(&b->mem, struct dated, b->n);
    uint32_t *order = ARENA_ARRAY(&b->mem, uint32_t, b->n);
    for (uint32_t i = 0; i < b->n; i++)
        list[i] = (struct dated){b->message[i].date, i + 1};
    qsort(list, b->n, sizeof *list, dated_cmp);
    for (uint32_t i = 0; i < b->n; i++)
        order[i] = list[i].number;
    return order;
}

/* Siblings oldest first: each is put in front of the younger ones. */
static void sort_children(struct thread_builder *b)
{
    for (uint32_t x = 1; x <= b->n_nodes; x++)
        tree_at(b, x)->first = tree_at(b, x)->next = 0;
    uint32_t *order = tree_order(b);
    for (uint32_t i = b->n; i-- > 0;) {
        uint32_t x = tree_message(b, order[i])->node;
        struct tree_node *node = tree_at(b, x);
        if (!node->under)
            continue;
        node->next = tree_at(b, node->under)->first;
        tree_at(b, node->under)->first = x;
    }
}

static void put_node(struct thread_builder *b, struct thread_tree *out, uint32_t x, uint32_t depth)
{
    struct thread_node *to = arena_alloc(&b->mem, sizeof *to, _Alignof(struct thread_node));
    *to = (struct thread_node){tree_at(b, x)->number, depth, tree_at(b, x)->children};
    if (!out->n)
        out->node = to;
    out->n++;
}

static void put_tree(struct thread_builder *b, struct thread_tree *out, uint32_t root)
{
    uint32_t depth = 0;
    for (uint32_t x = root;;) {
        put_node(b, out, x, depth);
        if (tree_at(b, x)->first) {
            x = tree_at(b, x)->first;
            depth++;
            continue;
        }
        while (x != root && !tree_at(b, x)->next) {
            x = tree_at(b, x)->under;
            depth--;
        }
        if (x == root)
            return;
        x = tree_at(b, x)->next;
    }
}

/* ORDEREDSUBJECT: the oldest message of a subject has the others for its children. */
static void order_by_subject(struct thread_builder *b, struct thread_tree *out)
{
    uint32_t *order = tree_order(b);
    uint32_t *root = ARENA_ARRAY(&b->mem, uint32_t, b->n);
    for (uint32_t i = 0; i < b->n; i++) {
        const struct tree_message *m = tree_message(b, order[i]);
        uint32_t before = b->ids.n;
        uint32_t subject = numbers_put(&b->ids, m->subject ? m->subject : NO_SUBJECT);
        if (b->ids.n > before)
            root[subject - 1] = m->node;
        else
            tree_adopt(b, root[subject - 1], m->node);
    }
    sort_children(b);
    for (uint32_t i = 0; i < b->ids.n; i++)
        put_tree(b, out, root[i]);
}

/* Dovecot's REFS: roots in the order of the newest message that hangs under each by its references. */
static void date_by_newest(struct thread_builder *b, struct tree_roots *roots)
{
    uint32_t *index = ARENA_ARRAY(&b->mem, uint32_t, b->n_nodes + 1);
    for (uint32_t i = 0; i < roots->n; i++) {
        struct tree_root *r = &roots->item[i];
        index[r->node] = i + 1;
        r->date = r->number ? tree_message(b, r->number)->date : INT64_MIN;
        r->tie = r->number;
        r->gone = !r->number && !tree_at(b, r->node)->children;
    }
    for (uint32_t number = 1; number <= b->n; number++) {
        uint32_t top = tree_message(b, number)->node, x = top;
        while (!index[top])
            top = tree_at(b, top)->under;
        while (x != top) { /* the next one from here is one step away */
            uint32_t up = tree_at(b, x)->under;
            index[x] = index[top];
            x = up;
        }
        struct tree_root *r = &roots->item[index[top] - 1];
        if (r->date < tree_message(b, number)->date)
            r->date = tree_message(b, number)->date;
    }
}

struct thread_tree thread_builder_finish(struct thread_builder *b)
{
    struct thread_tree out = {0};
    if (b->algorithm == THREAD_ORDEREDSUBJECT) {
        order_by_subject(b, &out);
        return out;
    }
    struct tree_roots roots = tree_prune(b);
    if (b->algorithm == THREAD_REFS) {
        date_by_newest(b, &roots);
    } else {
        tree_date_roots(b, &roots);
        tree_sort_roots(&roots);
        if (tree_gather_subjects(b, &roots))
            tree_date_roots(b, &roots);
    }
    tree_sort_roots(&roots);
    sort_children(b);
    for (uint32_t i = 0; i < roots.n; i++)
        if (!roots.item[i].gone)
            put_tree(b, &out, roots.item[i].node);
    return out;
}
