#include "template/nodes.h"

static struct template_use *add_use(arena *a, struct template_uses *list, struct template_use use)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? 2 * list->cap : 16;
        list->item =
            arena_grow(a, list->item, (size_t)list->cap * sizeof use, (size_t)cap * sizeof use, _Alignof(struct template_use));
        list->cap = cap;
    }
    list->item[list->n] = use;
    return &list->item[list->n++];
}

/* A section that is open: where it ends, and its index among the uses. */
struct open_section {
    ptrdiff_t end, use;
};

/* within: the section around the unit; where[]: the same for each partial, set where it is met first (-2: not met yet). */
static void unit_uses(arena *a, const struct unit *u, ptrdiff_t within, ptrdiff_t *where, struct template_uses *out)
{
    struct open_section open[TEMPLATE_DEPTH];
    int n_open = 0;
    for (ptrdiff_t i = 0; i < u->n; i++) {
        const struct node *node = &u->node[i];
        while (n_open && open[n_open - 1].end <= i)
            n_open--;
        ptrdiff_t around = n_open ? open[n_open - 1].use : within;
        if (node->kind == NODE_PARTIAL && where[node->unit] == -2)
            where[node->unit] = around;
        if (node->kind == NODE_TEXT || node->kind == NODE_PARTIAL)
            continue;
        bool section = node->kind == NODE_SECTION || node->kind == NODE_INVERTED;
        add_use(a, out, (struct template_use){node->text, u->source.name, node->line, section, around});
        if (node->kind == NODE_SECTION)
            open[n_open++] = (struct open_section){i + 1 + node->span, out->n - 1};
    }
}

void template_uses(arena *a, const struct template *t, struct template_uses *out)
{
    *out = (struct template_uses){0};
    ptrdiff_t *where = ARENA_ARRAY(a, ptrdiff_t, t->n);
    for (ptrdiff_t i = 0; i < t->n; i++)
        where[i] = i ? -2 : -1;
    /* A partial is appended behind the unit that names it first, so that its place is known when its turn comes. */
    for (ptrdiff_t i = 0; i < t->n; i++)
        unit_uses(a, &t->unit[i], where[i], where, out);
}
