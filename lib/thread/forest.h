/* Private to lib/thread: parents that come and go one at a time, and never a loop.
 *
 * A link-cut tree (Sleator and Tarjan 1983): the question "is this one above that one?" costs log n, amortized, in a chain a
 * million deep as well; walking up parents would square that. */
#ifndef THREAD_FOREST_H
#define THREAD_FOREST_H

#include "str/str.h"

struct forest_node {
    uint32_t up;          /* parent; 0: none */
    uint32_t left, right; /* in the splay tree of its path, ordered by depth */
    uint32_t path;        /* parent in the splay tree, or where the whole path hangs */
    bool above;           /* it is or was somebody's parent */
};

struct forest {
    arena mem;
    struct forest_node *node; /* node[number - 1] */
    uint32_t n;
};

struct forest forest_new(void);
void forest_free(struct forest *f);
/* Nodes up to n exist afterwards, new ones without a parent. */
void forest_reach(struct forest *f, uint32_t n);
static inline uint32_t forest_up(const struct forest *f, uint32_t x) { return f->node[x - 1].up; }
/* Put child, which has no parent, under parent, unless that makes a loop. */
void forest_link(struct forest *f, uint32_t parent, uint32_t child);
/* Take a node away from its parent. */
void forest_cut(struct forest *f, uint32_t x);

#endif
