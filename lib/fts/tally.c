/* The words of one message. */
#include "fts/fts.h"
#include "fts/octets.h"
#include "fts/varint.h"

#include <assert.h>

enum {
    SLOTS_FIRST = 1 << 10,
    TALLY_OCTETS = 1 << 30, /* addresses */
    TALLY_KEPT = 512 << 10, /* of memory after a message */
    PLACE_OCTETS = 2 + 5,   /* at most: a column, a position of 32 bits */
    SIZE_OCTETS = 5         /* of a poslist, at most */
};

struct term {
    uint32_t hash, at, len;
    uint32_t first, last; /* of its places */
};

struct place {
    uint32_t next; /* of the same term; 0: no more */
    uint32_t position;
    int column;
};

struct fts_tally {
    arena mem; /* of all that follows */
    uint32_t *slot; /* number of a term; 0: free */
    uint32_t slots; /* a power of two, at least twice the terms */
    struct term *term; /* the first one is none, as with places */
    uint32_t terms, term_cap;
    struct place *place;
    uint32_t places, place_cap;
    char *text;
    uint32_t text_len, text_cap;
    unsigned char *octets; /* of the result */
    uint32_t octets_cap;
    int column;
    uint32_t tokens[FTS_COLUMNS];
};

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static void start(struct fts_tally *t)
{
    t->slots = SLOTS_FIRST;
    t->term_cap = SLOTS_FIRST / 2;
    t->place_cap = SLOTS_FIRST;
    t->text_cap = SLOTS_FIRST * 4;
    t->slot = ARENA_ARRAY(&t->mem, uint32_t, t->slots);
    t->term = ARENA_ARRAY(&t->mem, struct term, t->term_cap);
    t->place = ARENA_ARRAY(&t->mem, struct place, t->place_cap);
    t->text = arena_alloc(&t->mem, t->text_cap, 1);
    t->octets_cap = t->text_cap * 4;
    t->octets = arena_alloc(&t->mem, t->octets_cap, 1);
}

struct fts_tally *fts_tally_new(arena *a)
{
    struct fts_tally *t = ARENA_NEW(a, struct fts_tally);
    t->mem = arena_new(TALLY_OCTETS);
    start(t);
    return t;
}

void fts_tally_free(struct fts_tally *t) { arena_free(&t->mem); }

static void *doubled(struct fts_tally *t, void *old, uint32_t *cap, size_t size)
{
    void *grown = arena_grow(&t->mem, old, *cap * size, 2 * *cap * size, _Alignof(max_align_t));
    *cap *= 2;
    return grown;
}

void fts_begin(struct fts_tally *t)
{
    if (t->mem.next - t->mem.base > TALLY_KEPT) {
        arena_reset(&t->mem);
        start(t);
    } else {
        memset(t->slot, 0, t->slots * sizeof *t->slot);
    }
    t->terms = t->places = 1;
    t->text_len = 0;
    memset(t->tokens, 0, sizeof t->tokens);
}

/* ---- terms --------------------------------------------------------------------------------------------------------- */

/* Eight octets a step: words are short. */
static uint32_t hash_of(const char *text, uint32_t len)
{
    const uint64_t factor = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t hash = len * factor, piece;
    uint32_t i = 0;
    for (; i + 8 <= len; i += 8) {
        memcpy(&piece, text + i, 8);
        hash = (hash ^ piece) * factor;
        hash ^= hash >> 32;
    }
    for (piece = 0; i < len; i++)
        piece = piece << 8 | (unsigned char)text[i];
    hash = (hash ^ piece) * factor;
    return (uint32_t)(hash >> 32);
}

static void grow_slots(struct fts_tally *t)
{
    t->slots *= 2;
    t->slot = ARENA_ARRAY(&t->mem, uint32_t, t->slots);
    for (uint32_t i = 1; i < t->terms; i++) {
        uint32_t at = t->term[i].hash & (t->slots - 1);
        while (t->slot[at])
            at = (at + 1) & (t->slots - 1);
        t->slot[at] = i;
    }
}

static uint32_t add_term(struct fts_tally *t, uint32_t at, uint32_t hash, const char *text, uint32_t len)
{
    if (t->terms == t->term_cap)
        t->term = doubled(t, t->term, &t->term_cap, sizeof *t->term);
    while (t->text_cap - t->text_len < len)
        t->text = doubled(t, t->text, &t->text_cap, 1);
    octets_copy(t->text + t->text_len, text, len);
    uint32_t number = t->terms++;
    t->term[number] = (struct term){hash, t->text_len, len, 0, 0};
    t->text_len += len;
    t->slot[at] = number;
    if (t->terms * 2 > t->slots)
        grow_slots(t);
    return number;
}

static uint32_t find_term(struct fts_tally *t, const char *text, uint32_t len)
{
    uint32_t hash = hash_of(text, len), at = hash & (t->slots - 1);
    for (; t->slot[at]; at = (at + 1) & (t->slots - 1)) {
        const struct term *x = &t->term[t->slot[at]];
        if (x->hash == hash && x->len == len && octets_same(t->text + x->at, text, len))
            return t->slot[at];
    }
    return add_term(t, at, hash, text, len);
}

void fts_column(struct fts_tally *t, int column)
{
    assert(column >= 0 && column < FTS_COLUMNS);
    t->column = column;
}

void fts_token(struct fts_tally *t, const char *text, ptrdiff_t len)
{
    uint32_t found = find_term(t, text, len < FTS_TOKEN_MAX ? (uint32_t)len : FTS_TOKEN_MAX);
    struct term *x = &t->term[found];
    if (t->places == t->place_cap)
        t->place = doubled(t, t->place, &t->place_cap, sizeof *t->place);
    uint32_t number = t->places++;
    t->place[number] = (struct place){0, t->tokens[t->column]++, t->column};
    if (x->first)
        t->place[x->last].next = number;
    else
        x->first = number;
    x->last = number;
}

/* ---- the result ---------------------------------------------------------------------------------------------------- */

/* 01 and a column where it changes, then how far the position is from the one before, plus 2. Returns the end. */
static unsigned char *put_positions(const struct fts_tally *t, const struct term *x, unsigned char *to)
{
    int column = 0;
    uint32_t before = 0;
    for (uint32_t i = x->first; i; i = t->place[i].next) {
        const struct place *at = &t->place[i];
        if (at->column != column) {
            *to++ = 0x01;
            *to++ = (unsigned char)at->column;
            column = at->column;
            before = 0;
        }
        to += varint_put(to, (uint64_t)at->position - before + 2);
        before = at->position;
    }
    return to;
}

/* Behind their size, which is twice the octets: one octet for all but a few. */
static unsigned char *put_poslist(const struct fts_tally *t, const struct term *x, unsigned char *to)
{
    unsigned char size[VARINT_MAX], *end = put_positions(t, x, to + 1);
    ptrdiff_t n = end - to - 1;
    int len = varint_put(size, (uint64_t)n * 2);
    if (len > 1)
        memmove(to + len, to + 1, (size_t)n);
    memcpy(to, size, (size_t)len);
    return to + len + n;
}

static unsigned char *room_for_all(struct fts_tally *t)
{
    size_t most = t->text_len + (size_t)t->places * PLACE_OCTETS + (size_t)t->terms * SIZE_OCTETS;
    while (t->octets_cap < most)
        t->octets = doubled(t, t->octets, &t->octets_cap, 1);
    return t->octets;
}

void fts_end(struct fts_tally *t, arena *a, struct fts_words *out)
{
    uint32_t n = t->terms - 1;
    struct fts_word *word = arena_alloc(a, n * sizeof *word, _Alignof(struct fts_word));
    unsigned char *octets = room_for_all(t), *end = octets;
    for (uint32_t i = 1; i <= n; i++) {
        const struct term *x = &t->term[i];
        unsigned char *start = end;
        octets_copy(start, t->text + x->at, x->len);
        end = put_poslist(t, x, start + x->len);
        word[i - 1] = (struct fts_word){x->hash, (uint32_t)(start - octets), x->len, (uint32_t)(end - start) - x->len};
    }
    char *kept = arena_alloc(a, (size_t)(end - octets), 1);
    memcpy(kept, octets, (size_t)(end - octets));
    *out = (struct fts_words){.word = word, .n = n, .octets = kept};
    memcpy(out->tokens, t->tokens, sizeof out->tokens);
}
