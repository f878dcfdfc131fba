/* Private to lib/thread: the state behind a thread_builder, and what its steps hand to each other. */
#ifndef THREAD_BUILDER_H
#define THREAD_BUILDER_H

#include "thread/forest.h"
#include "thread/numbers.h"
#include "thread/thread.h"

struct tree_message {
    int64_t date;
    uint64_t subject;
    uint32_t node;
    bool has_subject, reply;
};

/* A place in the tree that comes out; node[x - 1] for a message id, a message without one, or a parent made up for a subject. */
struct tree_node {
    uint32_t number;      /* of its message, 0: not there */
    uint32_t under;       /* the node it hangs under at last: one whose message is there, or a root */
    uint32_t first, next; /* children; siblings */
    uint32_t children;
    uint32_t oldest;      /* child */
};

struct thread_builder {
    enum thread_algorithm algorithm;
    arena messages_mem, nodes_mem, mem;
    struct tree_message *message; /* message[number - 1] */
    uint32_t n;
    struct numbers ids;       /* the numbers of nodes */
    struct forest forest; /* their parents by References */
    struct tree_node *node;
    uint32_t n_nodes;
};

static inline struct tree_node *tree_at(const struct thread_builder *b, uint32_t x) { return &b->node[x - 1]; }
static inline const struct tree_message *tree_message(const struct thread_builder *b, uint32_t number)
{
    return &b->message[number - 1];
}
/* By date, then by number. Both are there. */
static inline bool tree_older(const struct thread_builder *b, uint32_t number, uint32_t than)
{
    int64_t x = tree_message(b, number)->date, y = tree_message(b, than)->date;
    return x != y ? x < y : number < than;
}

/* Nodes up to n exist afterwards. */
void tree_reach(struct thread_builder *b, uint32_t n);
/* Hang child under parent. */
void tree_adopt(struct thread_builder *b, uint32_t parent, uint32_t child);
/* Numbers of all messages, oldest first, in b->mem. */
uint32_t *tree_order(struct thread_builder *b);

/* A tree under the root of all, while they are put in order and joined. */
struct tree_root {
    uint32_t node;
    uint32_t number; /* 0: the node's message is not there */
    int64_t date;    /* what it is sorted by, then by tie, then by node */
    uint32_t tie;
    uint32_t joined; /* index + 1 of the root that it joins by its subject, 0: none */
    bool reply;
    bool gone;
};
struct tree_roots {
    struct tree_root *item;
    uint32_t n, cap;
};
/* Steps 2 and 3: roots, and what hangs under them without the missing messages. */
struct tree_roots tree_prune(struct thread_builder *b);
void tree_sort_roots(struct tree_roots *roots);
/* Step 4 of REFERENCES. */
void tree_date_roots(const struct thread_builder *b, struct tree_roots *roots);
/* Step 5. True where something changed. */
bool tree_gather_subjects(struct thread_builder *b, struct tree_roots *roots);

#endif
