/* The thread-list grammar of RFC 5256 section 5: a list in parentheses wherever siblings must be told apart. */
#include "mail-thread.h"

void print_imap(const struct thread_tree *t, struct out *out)
{
    arena mem = arena_new((size_t)1 << 34);
    uint32_t *open = ARENA_ARRAY(&mem, uint32_t, t->n + 1); /* depths of open parentheses */
    uint32_t *siblings = ARENA_ARRAY(&mem, uint32_t, t->n + 1); /* by depth: how many there are around the last node */
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < t->n; i++) {
        const struct thread_node *x = &t->node[i];
        for (; n > 0 && open[n - 1] >= x->depth; n--)
            out_byte(out, ')');
        if (x->depth == 0 || siblings[x->depth] > 1) {
            open[n++] = x->depth;
            out_byte(out, '(');
        }
        if (x->number)
            out_fmt(out, x->children ? "%u " : "%u", x->number);
        siblings[x->depth + 1] = x->children;
    }
    for (; n > 0; n--)
        out_byte(out, ')');
    out_byte(out, '\n');
    arena_free(&mem);
}
