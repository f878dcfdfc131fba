/* lib/thread: any messages give trees in which each stands once, and the same threads forwards and backwards. */
#include "thread/thread.h"

#include <stdlib.h>

enum { MOST = 200, REFERENCES = 7, PAIRS = 3 };

struct input {
    const uint8_t *at, *end;
};

static uint8_t next(struct input *in) { return in->at < in->end ? *in->at++ : 0; }

static void fail_unless(bool good)
{
    if (!good)
        abort();
}

struct message {
    uint64_t ids[1 + REFERENCES], pairs[PAIRS];
    struct thread_mail mail;
    struct thread_entry entry;
};

static void read_message(struct input *in, struct message *m)
{
    uint8_t shape = next(in), more = next(in);
    m->ids[0] = 1 + (next(in) & 63);
    ptrdiff_t n = shape & REFERENCES;
    for (ptrdiff_t i = 1; i <= n; i++)
        m->ids[i] = 1 + (next(in) & 63);
    int64_t time = next(in) * (THREAD_WINDOW_S / 16);
    for (int i = 0; i < PAIRS; i++)
        m->pairs[i] = 1 + (more >> (2 * i) & 3);
    m->mail = (struct thread_mail){.id = m->ids, .n_ids = 1 + n, .pair = m->pairs, .n_pairs = shape >> 3 & PAIRS, .time = time};
    m->mail.kind = n ? THREAD_REPLY : shape & 64 ? THREAD_ORPHAN : THREAD_ORIGINAL;
    m->entry = (struct thread_entry){.id = shape & 32 ? m->ids[0] : 0, .reference = m->ids + 1, .n_references = n,
                                     .subject = more >> 6, .has_subject = shape & 16, .reply = shape & 64, .date = time};
}

static void check_tree(const struct message *m, uint32_t n, enum thread_algorithm algorithm)
{
    arena a = arena_new(1 << 20);
    bool seen[MOST + 1] = {false};
    struct thread_builder *b = thread_builder_new(&a, algorithm);
    for (uint32_t i = 0; i < n; i++)
        thread_builder_add(b, &m[i].entry);
    struct thread_tree t = thread_builder_finish(b);
    uint32_t messages = 0, depth = 0, children = 0, roots = 0;
    for (ptrdiff_t i = 0; i < t.n; i++) {
        const struct thread_node *x = &t.node[i];
        fail_unless(x->number <= n && !seen[x->number] && x->depth <= (i ? depth + 1 : 0));
        fail_unless(x->number || (x->depth == 0 && x->children > 0));
        if (x->number)
            seen[x->number] = true;
        messages += x->number != 0;
        children += x->children;
        roots += x->depth == 0;
        depth = x->depth;
    }
    fail_unless(messages == n && children + roots == t.n);
    thread_builder_free(b);
    arena_free(&a);
}

static void check_links(const struct message *m, uint32_t n)
{
    arena a = arena_new(1 << 20), scratch = arena_new(1 << 24);
    struct thread_links *forward = thread_links_new(&a, true), *backward = thread_links_new(&a, true);
    struct thread_linked out;
    for (uint32_t i = 0; i < n; i++) {
        fail_unless(thread_link(&scratch, forward, &m[i].mail, NULL, &out, NULL));
        fail_unless(thread_link(&scratch, backward, &m[n - 1 - i].mail, NULL, &out, NULL));
        arena_reset(&scratch);
    }
    for (uint32_t i = 0; i < n; i++)
        for (ptrdiff_t j = 0; j < m[i].mail.n_ids; j++)
            fail_unless(thread_links_root(forward, m[i].ids[j]) == thread_links_root(backward, m[i].ids[j]));
    thread_links_free(forward);
    thread_links_free(backward);
    arena_free(&scratch);
    arena_free(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct message messages[MOST];
    struct input in = {data, data + size};
    uint32_t n = 0;
    while (in.at < in.end && n < MOST)
        read_message(&in, &messages[n++]);
    for (int algorithm = THREAD_REFERENCES; algorithm <= THREAD_ORDEREDSUBJECT; algorithm++)
        check_tree(messages, n, (enum thread_algorithm)algorithm);
    check_links(messages, n);
    return 0;
}
