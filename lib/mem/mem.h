/* Arenas: memory with three lifetimes (run, message, scratch) and no free per object.
 *
 * An arena reserves a range of addresses once and commits pages as they are used, so a block never
 * moves. Passing an arena by value makes a scratch arena: what the callee allocates is gone when it
 * returns. Running out of memory ends the program with 75 (try again later); nothing else in lib/ exits. */
#ifndef MEM_H
#define MEM_H

#include <stddef.h>

typedef struct arena {
    char *base;      /* start of the reserved range */
    char *next;      /* first free byte */
    char *committed; /* end of the pages that can be used */
    char *end;       /* end of the reserved range */
} arena;

enum {
    ARENA_KEEP = 1 << 20 /* octets that stay committed when an arena is reset; the rest goes back */
};

/* Reserve up to size octets of addresses (less where a limit on address space says so). */
arena arena_new(size_t size);

/* The same for what is visited at random: on huge pages where the system has them. */
arena arena_huge(size_t size);

/* Piece i of an arena from which nothing is allocated, as an arena of `size` octets (a multiple of 256 KB): many arenas are made and given back
 * at once. The whole must reach so far. Each goes by arena_rejoin, then the whole by arena_free. */
arena arena_piece(const arena *whole, size_t i, size_t size);
void arena_rejoin(arena *piece);

/* Give everything back to the system. */
void arena_free(arena *a);

/* Forget all allocations. Pages above ARENA_KEEP are returned; under ASan the rest is poisoned. */
void arena_reset(arena *a);

/* The same with another limit, a multiple of a page. */
void arena_reset_keeping(arena *a, size_t keep);

/* n octets aligned to align (a power of two), not initialised. Never NULL. */
void *arena_alloc(arena *a, size_t n, size_t align);

/* The same for count * size octets, zeroed; an overflow of the product counts as running out. */
void *arena_zero(arena *a, size_t count, size_t size, size_t align);

/* Grow a block from old to n octets: in place where it is the last one, else by copying.
 * p may be NULL with old 0. */
void *arena_grow(arena *a, void *p, size_t old, size_t n, size_t align);

/* Give malloc, for all threads, `octets` of addresses in one piece, on huge pages where the system has them: for a library that keeps
 * a great many small blocks and visits them at random. Pages count as memory when they are used. Call it once, early. */
void heap_huge(size_t octets);

#define ARENA_NEW(a, type)      ((type *)arena_zero((a), 1, sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zero((a), (size_t)(n), sizeof(type), _Alignof(type)))

#endif
