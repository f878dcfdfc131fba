/* The words of many messages. */
#include "fts/fts.h"
#include "fts/octets.h"
#include "fts/segment.h"
#include "fts/varint.h"

#include <stdlib.h>

enum {
    SLOTS_FIRST = 1 << 16,
    CHUNK_FIRST = 16, /* octets of the first chunk of a term; the next ones double; behind each stands a pointer to the next */
    CHUNK_LARGEST = 4096,
    LINK = sizeof(unsigned char *),
    LINE = 64, /* of the processor's caches */
    AHEAD = 16 /* words whose memory is on its way while others are written */
};

/* Its text follows, then the first chunk of its doclist: most fit into one line of the caches. */
struct term {
    int64_t rowid; /* the last one */
    unsigned char *next; /* where the doclist goes on, in its last chunk */
    uint32_t octets; /* of the doclist */
    uint16_t len; /* of the text */
    uint16_t chunk, room; /* of the last chunk: octets, and those that are free */
    char text[];
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
    p->mem = arena_huge((size_t)1 << 30);
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

bool fts_postings_full(const struct fts_postings *p, ptrdiff_t most)
{
    ptrdiff_t half = (p->mem.end - p->mem.base) / 2;
    return fts_postings_octets(p) > (most < half ? most : half);
}

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
    size_t size = offsetof(struct term, text) + w->len + CHUNK_FIRST + LINK;
    bool crosses = (uintptr_t)p->mem.next % LINE + size > LINE && size <= LINE;
    struct term *t = arena_alloc(&p->mem, size, crosses ? LINE : UNIT);
    *t = (struct term){.len = (uint16_t)w->len, .chunk = CHUNK_FIRST, .room = CHUNK_FIRST};
    octets_copy(t->text, text, w->len);
    t->next = first_chunk(t);
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
        if (t->len == w->len && octets_same(t->text, text, w->len))
            return t;
    }
    return add_term(p, &p->slot[at], w, text);
}

/* ---- doclists ------------------------------------------------------------------------------------------------------ */

/* Of a chunk after one of that size. */
static uint16_t chunk_after(uint16_t size) { return size < CHUNK_LARGEST ? (uint16_t)(size * 2) : CHUNK_LARGEST; }

/* The last one is full: its link is where the next octet would stand. */
static void add_chunk(struct fts_postings *p, struct term *t)
{
    t->chunk = chunk_after(t->chunk);
    t->room = t->chunk;
    unsigned char *c = arena_alloc(&p->mem, t->chunk + LINK, UNIT);
    memcpy(t->next, &c, LINK);
    t->next = c;
}

static void append(struct fts_postings *p, struct term *t, const void *octets, uint32_t n)
{
    const unsigned char *from = octets;
    t->octets += n;
    while (n > t->room) {
        memcpy(t->next, from, t->room);
        from += t->room;
        n -= t->room;
        t->next += t->room;
        add_chunk(p, t);
    }
    octets_copy(t->next, from, n);
    t->next += n;
    t->room -= (uint16_t)n;
}

static void add_entry(struct fts_postings *p, struct term *t, int64_t rowid, const char *poslist, uint32_t n)
{
    unsigned char delta[VARINT_MAX];
    append(p, t, delta, (uint32_t)varint_put(delta, (uint64_t)(rowid - t->rowid)));
    append(p, t, poslist, n);
    t->rowid = rowid;
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
            add_entry(p, t[i], rowid, words->octets + w[i].at + w[i].len, w[i].poslist);
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

/* Of two that begin alike. */
static int compare(const void *a, const void *b)
{
    const struct sorted *x = a, *y = b;
    size_t n = x->term->len < y->term->len ? x->term->len : y->term->len;
    int order = memcmp(x->term->text, y->term->text, n);
    return order ? order : x->term->len < y->term->len ? -1 : x->term->len > y->term->len;
}

/* An octet a pass, the last one first; returns the one of both lists that holds the result. */
static struct sorted *sort_by_head(struct sorted *list, struct sorted *other, uint32_t n)
{
    for (int shift = 0; shift < 64; shift += 8) {
        uint32_t at[256] = {0}, sum = 0;
        for (uint32_t i = 0; i < n; i++)
            at[list[i].head >> shift & 0xff]++;
        for (int octet = 0; octet < 256; octet++) {
            uint32_t count = at[octet];
            at[octet] = sum;
            sum += count;
        }
        for (uint32_t i = 0; i < n; i++)
            other[at[list[i].head >> shift & 0xff]++] = list[i];
        struct sorted *swap = list;
        list = other;
        other = swap;
    }
    return list;
}

static struct sorted *sort_terms(struct fts_postings *p)
{
    struct sorted *list = arena_alloc(&p->mem, 2 * p->terms * sizeof *list, _Alignof(struct sorted));
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->slots; i++) {
        if (!p->slot[i].term)
            continue;
        struct term *t = term_at(p, p->slot[i].term);
        list[n++] = (struct sorted){head_of(t), t};
    }
    list = sort_by_head(list, list + n, n);
    for (uint32_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && list[end].head == list[i].head;)
            end++;
        if (end - i > 1)
            qsort(list + i, end - i, sizeof *list, compare);
    }
    return list;
}

/* The chunk behind that one. */
static unsigned char *link_of(const unsigned char *chunk, uint16_t size)
{
    unsigned char *next;
    memcpy(&next, chunk + size, LINK);
    return next;
}

/* In one piece. */
static str doclist(arena *a, struct term *t)
{
    const unsigned char *chunk = first_chunk(t);
    if (t->octets <= CHUNK_FIRST)
        return str_of((const char *)chunk, t->octets);
    struct buf b = buf_new(a, t->octets);
    uint16_t size = CHUNK_FIRST;
    while (t->octets - b.len > size) {
        buf_put(&b, str_of((const char *)chunk, size));
        chunk = link_of(chunk, size);
        size = chunk_after(size);
    }
    buf_put(&b, str_of((const char *)chunk, t->octets - b.len));
    return buf_str(&b);
}

static void fetch_ahead(const struct sorted *list, uint32_t i, uint32_t n)
{
    if (i + AHEAD < n)
        __builtin_prefetch(list[i + AHEAD].term);
    struct term *soon = i + AHEAD / 2 < n ? list[i + AHEAD / 2].term : NULL;
    if (soon && soon->octets > CHUNK_FIRST)
        __builtin_prefetch(link_of(first_chunk(soon), CHUNK_FIRST));
}

bool fts_postings_write(struct fts_postings *p, const struct fts_sink *sink, int64_t *pages)
{
    struct sorted *list = sort_terms(p);
    struct segment *s = segment_begin(&p->mem, sink);
    bool good = true;
    for (uint32_t i = 0; good && i < p->terms; i++) {
        arena scratch = p->mem;
        fetch_ahead(list, i, p->terms);
        good = segment_term(s, str_of(list[i].term->text, list[i].term->len), doclist(&scratch, list[i].term));
    }
    return good && segment_end(s, pages);
}
