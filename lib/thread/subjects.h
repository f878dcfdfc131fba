/* Private to lib/thread: the places of messages, by pair and kind, in order of time. */
#ifndef THREAD_SUBJECTS_H
#define THREAD_SUBJECTS_H

#include "thread/numbers.h"
#include "thread/thread.h"

struct subjects {
    struct numbers set;    /* pair and kind */
    arena roots_mem, entries_mem;
    uint32_t *root;    /* of each set's search tree, root[number - 1] */
    struct subject_entry *entry; /* entry[index - 1] */
    uint32_t n;
    uint64_t random;
};

struct subjects subjects_new(void);
void subjects_free(struct subjects *s);
void subjects_reset(struct subjects *s);
void subjects_add(struct subjects *s, uint64_t pair, enum thread_kind kind, struct thread_place place);
bool subjects_seek(const struct subjects *s, const struct thread_range *range, struct thread_place *out);

#endif
