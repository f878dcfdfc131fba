#include "query/query.h"

static struct query *node(arena *a, enum query_op op, struct query *child)
{
    struct query *q = ARENA_NEW(a, struct query);
    q->op = op;
    q->child = child;
    return q;
}

struct query *query_any_of(arena *a, enum query_field field, const struct strs *names)
{
    struct query *first = NULL, **end = &first;
    for (ptrdiff_t i = 0; i < names->n; i++, end = &(*end)->next) {
        *end = node(a, QUERY_EQUALS, NULL);
        (*end)->field = field;
        (*end)->text = names->item[i];
    }
    return names->n > 1 ? node(a, QUERY_OR, first) : first;
}

struct query *query_both(arena *a, struct query *x, struct query *y)
{
    bool no_x = !x || x->op == QUERY_ALL, no_y = !y || y->op == QUERY_ALL;
    if (no_x || no_y)
        return !no_x ? x : !no_y ? y : node(a, QUERY_ALL, NULL);
    struct query *last = x;
    if (x->op == QUERY_AND)
        for (last = x->child; last->next;)
            last = last->next;
    last->next = y->op == QUERY_AND ? y->child : y;
    return x->op == QUERY_AND ? x : node(a, QUERY_AND, x);
}
