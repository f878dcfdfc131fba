#include "sys/sys.h"

enum { LOCKS_OCTETS = 1 << 20 };

static str next_word(str *rest)
{
    str word;
    while (rest->len && rest->ptr[0] == ' ')
        *rest = str_skip(*rest, 1);
    str_cut(*rest, ' ', &word, rest);
    return word;
}

/* "1: FLOCK  ADVISORY  WRITE 16337 00:2a:108 0 EOF"; one who waits has "->" before FLOCK. */
static bool read_lock(str line, struct held_lock *out)
{
    next_word(&line);
    if (!str_eq(next_word(&line), S("FLOCK")))
        return false;
    next_word(&line);
    next_word(&line);
    bool has_pid = str_i64(next_word(&line), 1, INT32_MAX, &out->pid);
    str inode = next_word(&line);
    for (str device; str_find_byte(inode, ':') >= 0;)
        str_cut(inode, ':', &device, &inode);
    return has_pid && str_i64(inode, 0, INT64_MAX, &out->inode);
}

void locks_held(arena *a, struct held_locks *out)
{
    struct err unseen;
    str line, rest;
    ptrdiff_t cap = 0;
    *out = (struct held_locks){0};
    if (!file_read(a, "/proc/locks", LOCKS_OCTETS, &rest, &unseen))
        return;
    while (str_cut(rest, '\n', &line, &rest)) {
        struct held_lock lock;
        if (!read_lock(line, &lock))
            continue;
        if (out->n == cap) {
            ptrdiff_t had = cap;
            cap = cap ? cap * 2 : 32;
            out->item = arena_grow(a, out->item, (size_t)had * sizeof lock, (size_t)cap * sizeof lock, _Alignof(struct held_lock));
        }
        out->item[out->n++] = lock;
    }
}

int64_t locks_holder(const struct held_locks *locks, int64_t inode)
{
    for (ptrdiff_t i = 0; i < locks->n; i++)
        if (locks->item[i].inode == inode)
            return locks->item[i].pid;
    return 0;
}
