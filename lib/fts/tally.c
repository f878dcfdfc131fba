/* The words of one message. */
#include "fts/fts.h"
#include "fts/varint.h"

#include <assert.h>

enum {
    SLOTS_FIRST = 1 << 10,
    TALLY_OCTETS = 1 << 30, /* addresses */
    TALLY_KEPT = 512 << 10   /* of memory after a message */
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
    memcpy(t->text + t->text_len, text, len);
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
        if (x->hash == hash && x->len == len && memcmp(t->text + x->at, text, len) == 0)
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

/* 01 and a column where it changes, then how far the position is from the one before, plus 2. */
static void put_positions(const struct fts_tally *t, const struct term *x, struct buf *to)
{
    enum { PLACE_MAX = 1 + 2 * VARINT_MAX };
    int column = 0;
    uint32_t before = 0;
    for (uint32_t i = x->first; i; i = t->place[i].next) {
        const struct place *at = &t->place[i];
        unsigned char *start = (unsigned char *)buf_room(to, PLACE_MAX), *end = start;
        if (at->column != column) {
            *end++ = 0x01;
            end += varint_put(end, (uint64_t)at->column);
            column = at->column;
            before = 0;
        }
        end += varint_put(end, (uint64_t)at->position - before + 2);
        before = at->position;
        to->len += end - start;
    }
}

void fts_end(struct fts_tally *t, arena *a, struct fts_words *out)
{
    uint32_t n = t->terms - 1;
    struct fts_word *word = arena_alloc(a, n * sizeof *word, _Alignof(struct fts_word));
    struct buf octets = buf_new(a, t->text_len + 3 * (ptrdiff_t)t->places);
    for (uint32_t i = 1; i <= n; i++) {
        const struct term *x = &t->term[i];
        ptrdiff_t at = octets.len;
        buf_put(&octets, str_of(t->text + x->at, x->len));
        put_positions(t, x, &octets);
        word[i - 1] = (struct fts_word){x->hash, (uint32_t)at, x->len, (uint32_t)(octets.len - at) - x->len};
    }
    *out = (struct fts_words){.word = word, .n = n, .octets = buf_str(&octets).ptr};
    memcpy(out->tokens, t->tokens, sizeof out->tokens);
}
