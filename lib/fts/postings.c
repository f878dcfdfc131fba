/* The words of many messages. */
#include "fts/fts.h"
#include "fts/segment.h"
#include "fts/varint.h"

#include <stdlib.h>

enum {
    SLOTS_FIRST = 1 << 16,
    CHUNK_FIRST = 16, /* octets of the first chunk of a term; the next ones double, and begin with a pointer to their next */
    CHUNK_LARGEST = 4096,
    AHEAD = 16 /* words whose memory is on its way while others are written */
};

/* Its text follows, then the first chunk of its doclist. */
struct term {
    uint32_t hash, len;
    int64_t rowid; /* the last one */
    unsigned char *next, *end; /* where the doclist goes on, in its last chunk */
    struct chunk *chunks; /* from the second on */
    struct chunk *last;
    uint32_t octets; /* of the doclist */
    char text[];
};

struct chunk {
    struct chunk *next;
    unsigned char octets[];
};

struct fts_postings {
    arena mem; /* of all that follows */
    struct slot {
        uint32_t hash;
        uint32_t term; /* its place in mem, in units; 0: free */
    } *slot;
    uint32_t slots; /* a power of two, at least twice the terms */
    uint32_t terms;
};

enum { UNIT = 8 };

static void start(struct fts_postings *p)
{
    arena_alloc(&p->mem, UNIT, UNIT); /* no term lies at 0 */
    p->slots = SLOTS_FIRST;
    p->slot = ARENA_ARRAY(&p->mem, struct slot, p->slots);
    p->terms = 0;
}

struct fts_postings *fts_postings_new(arena *a)
{
    struct fts_postings *p = ARENA_NEW(a, struct fts_postings);
    p->mem = arena_huge((size_t)1 << 33);
    start(p);
    return p;
}

void fts_postings_free(struct fts_postings *p) { arena_free(&p->mem); }

/* The pages stay: the next ones will need as many. */
void fts_postings_clear(struct fts_postings *p)
{
    p->mem.next = p->mem.base;
    start(p);
}

ptrdiff_t fts_postings_octets(const struct fts_postings *p) { return p->terms ? p->mem.next - p->mem.base : 0; }

static struct term *term_at(const struct fts_postings *p, uint32_t place) { return (struct term *)(void *)(p->mem.base + (size_t)place * UNIT); }

static uint32_t place_of(const struct fts_postings *p, const struct term *t) { return (uint32_t)(((const char *)t - p->mem.base) / UNIT); }

static unsigned char *first_chunk(struct term *t) { return (unsigned char *)t->text + t->len; }

/* ---- terms --------------------------------------------------------------------------------------------------------- */

static void grow_slots(struct fts_postings *p)
{
    const struct slot *old = p->slot;
    uint32_t slots = p->slots;
    p->slots *= 2;
    p->slot = ARENA_ARRAY(&p->mem, struct slot, p->slots);
    for (uint32_t i = 0; i < slots; i++) {
        if (!old[i].term)
            continue;
        uint32_t at = old[i].hash & (p->slots - 1);
        while (p->slot[at].term)
            at = (at + 1) & (p->slots - 1);
        p->slot[at] = old[i];
    }
}

static struct term *add_term(struct fts_postings *p, struct slot *slot, const struct fts_word *w, const char *text)
{
    struct term *t = arena_alloc(&p->mem, sizeof *t + w->len + CHUNK_FIRST, UNIT);
    *t = (struct term){.hash = w->hash, .len = w->len};
    memcpy(t->text, text, w->len);
    t->next = first_chunk(t);
    t->end = t->next + CHUNK_FIRST;
    *slot = (struct slot){w->hash, place_of(p, t)};
    p->terms++;
    return t;
}

/* There is room for one more. */
static struct term *find_term(struct fts_postings *p, const struct fts_word *w, const char *text)
{
    uint32_t at = w->hash & (p->slots - 1);
    for (; p->slot[at].term; at = (at + 1) & (p->slots - 1)) {
        if (p->slot[at].hash != w->hash)
            continue;
        struct term *t = term_at(p, p->slot[at].term);
        if (t->len == w->len && memcmp(t->text, text, w->len) == 0)
            return t;
    }
    return add_term(p, &p->slot[at], w, text);
}

/* ---- doclists ------------------------------------------------------------------------------------------------------ */

/* Of a chunk after one of that size. */
static ptrdiff_t chunk_after(ptrdiff_t size) { return size * 2 < CHUNK_LARGEST ? size * 2 : CHUNK_LARGEST; }

static void add_chunk(struct fts_postings *p, struct term *t)
{
    ptrdiff_t size = CHUNK_FIRST;
    if (t->last)
        size = t->end - t->last->octets;
    size = chunk_after(size);
    struct chunk *c = arena_alloc(&p->mem, sizeof *c + (size_t)size, UNIT);
    c->next = NULL;
    if (t->last)
        t->last->next = c;
    else
        t->chunks = c;
    t->last = c;
    t->next = c->octets;
    t->end = c->octets + size;
}

static void append(struct fts_postings *p, struct term *t, const void *octets, ptrdiff_t n)
{
    const unsigned char *from = octets;
    t->octets += (uint32_t)n;
    while (n > t->end - t->next) {
        ptrdiff_t part = t->end - t->next;
        memcpy(t->next, from, (size_t)part);
        from += part;
        n -= part;
        add_chunk(p, t);
    }
    memcpy(t->next, from, (size_t)n);
    t->next += n;
}

static void add_entry(struct fts_postings *p, struct term *t, int64_t rowid, const char *positions, uint32_t n)
{
    unsigned char head[2 * VARINT_MAX];
    int len = varint_put(head, (uint64_t)(rowid - t->rowid));
    len += varint_put(head + len, (uint64_t)n * 2);
    t->rowid = rowid;
    append(p, t, head, len);
    append(p, t, positions, n);
}

/* Where a word lies is known only when what leads there has come from memory: some words are looked for at the same time. */
void fts_postings_add(struct fts_postings *p, int64_t rowid, const struct fts_words *words)
{
    while ((p->terms + words->n) * 2 > p->slots)
        grow_slots(p);
    for (ptrdiff_t base = 0; base < words->n; base += AHEAD) {
        const struct fts_word *w = words->word + base;
        ptrdiff_t n = words->n - base < AHEAD ? words->n - base : AHEAD;
        struct term *t[AHEAD];
        for (ptrdiff_t i = 0; i < n; i++)
            __builtin_prefetch(&p->slot[w[i].hash & (p->slots - 1)]);
        for (ptrdiff_t i = 0; i < n; i++)
            __builtin_prefetch(term_at(p, p->slot[w[i].hash & (p->slots - 1)].term));
        for (ptrdiff_t i = 0; i < n; i++) {
            t[i] = find_term(p, &w[i], words->octets + w[i].at);
            __builtin_prefetch(t[i]->next, 1);
        }
        for (ptrdiff_t i = 0; i < n; i++)
            add_entry(p, t[i], rowid, words->octets + w[i].at + w[i].len, w[i].positions);
    }
}

/* ---- in their order ------------------------------------------------------------------------------------------------ */

struct sorted {
    uint64_t head; /* its first eight octets */
    struct term *term;
};

static uint64_t head_of(const struct term *t)
{
    uint64_t head = 0;
    for (uint32_t i = 0; i < 8; i++)
        head = head << 8 | (i < t->len ? (unsigned char)t->text[i] : 0);
    return head;
}

static int compare(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    if (x->head != y->head)
        return x->head < y->head ? -1 : 1;
    uint32_t n = x->term->len < y->term->len ? x->term->len : y->term->len;
    int order = memcmp(x->term->text, y->term->text, n);
    return order ? order : x->term->len < y->term->len ? -1 : x->term->len > y->term->len;
}

static struct sorted *sort_terms(struct fts_postings *p)
{
    struct sorted *list = arena_alloc(&p->mem, p->terms * sizeof *list, _Alignof(struct sorted));
    size_t n = 0;
    for (uint32_t i = 0; i < p->slots; i++) {
        if (!p->slot[i].term)
            continue;
        struct term *t = term_at(p, p->slot[i].term);
        list[n++] = (struct sorted){head_of(t), t};
    }
    qsort(list, n, sizeof *list, compare);
    return list;
}

/* In one piece. */
static str doclist(arena *a, struct term *t)
{
    if (t->octets <= CHUNK_FIRST)
        return str_of((const char *)first_chunk(t), t->octets);
    struct buf b = buf_new(a, t->octets);
    ptrdiff_t size = CHUNK_FIRST, left = t->octets - size;
    buf_put(&b, str_of((const char *)first_chunk(t), size));
    for (const struct chunk *c = t->chunks; c; c = c->next) {
        size = chunk_after(size);
        buf_put(&b, str_of((const char *)c->octets, left < size ? left : size));
        left -= size;
    }
    return buf_str(&b);
}

bool fts_postings_write(struct fts_postings *p, const struct fts_sink *sink, int64_t *pages)
{
    struct sorted *list = sort_terms(p);
    struct segment *s = segment_begin(&p->mem, sink);
    bool good = true;
    for (uint32_t i = 0; good && i < p->terms; i++) {
        arena scratch = p->mem;
        if (i + AHEAD < p->terms)
            __builtin_prefetch(list[i + AHEAD].term);
        good = segment_term(s, str_of(list[i].term->text, list[i].term->len), doclist(&scratch, list[i].term));
    }
    return good && segment_end(s, pages);
}
