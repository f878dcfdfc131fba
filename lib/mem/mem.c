#include "mem/mem.h"

#include <assert.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define MEM_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MEM_ASAN 1
#endif
#endif
#ifdef MEM_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n)   ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
#else
#define POISON(p, n)   ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#endif

enum { COMMIT_STEP = 1 << 18, SMALLEST = 1 << 20, SHARES = 32, EXIT_TRY_LATER = 75 };

static _Noreturn void out_of_memory(void)
{
    static const char text[] = "out of memory; raise the limit or try again later\n";
    ssize_t ignored = write(2, text, sizeof text - 1);
    (void)ignored;
    _exit(EXIT_TRY_LATER);
}

/* Under a limit no arena may take what all the others need. */
static size_t fair(size_t size)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || size <= limit.rlim_cur / SHARES)
        return size;
    size_t share = limit.rlim_cur / SHARES;
    return share > SMALLEST ? share : SMALLEST;
}

arena arena_new(size_t size)
{
    size = (fair(size) + COMMIT_STEP - 1) / COMMIT_STEP * COMMIT_STEP;
    for (bool limited = false;; limited = true) {
        char *p = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (p != MAP_FAILED) {
            /* Under a limit the first arenas must not take all that is left to the others. */
            size_t kept = limited && size / 8 > SMALLEST ? size / 8 / COMMIT_STEP * COMMIT_STEP : size;
            if (kept < size)
                munmap(p + kept, size - kept);
            return (arena){p, p, p, p + kept};
        }
        if (size <= SMALLEST)
            out_of_memory();
        size = size / 2 / COMMIT_STEP * COMMIT_STEP;
    }
}

/* Committed at once: what becomes usable piece by piece would get small pages. */
arena arena_huge(size_t size)
{
    arena a = arena_new(size);
    if (mprotect(a.base, (size_t)(a.end - a.base), PROT_READ | PROT_WRITE) != 0)
        return a;
    madvise(a.base, (size_t)(a.end - a.base), MADV_HUGEPAGE);
    a.committed = a.end;
    return a;
}

arena arena_piece(const arena *whole, size_t i, size_t size)
{
    assert(size % COMMIT_STEP == 0 && whole->committed == whole->base && i < (size_t)(whole->end - whole->base) / size);
    char *p = whole->base + i * size;
    return (arena){p, p, p, p + size};
}

void arena_rejoin(arena *piece)
{
    if (piece->base)
        UNPOISON(piece->base, (size_t)(piece->committed - piece->base));
    *piece = (arena){0};
}

void arena_free(arena *a)
{
    if (a->base) {
        UNPOISON(a->base, (size_t)(a->committed - a->base));
        munmap(a->base, (size_t)(a->end - a->base));
    }
    *a = (arena){0};
}

void arena_reset(arena *a) { arena_reset_keeping(a, ARENA_KEEP); }

void arena_reset_keeping(arena *a, size_t keep)
{
    if ((size_t)(a->next - a->base) > keep) {
        char *rest = a->base + keep;
        UNPOISON(rest, (size_t)(a->committed - rest));
        madvise(rest, (size_t)(a->next - rest), MADV_DONTNEED);
    }
    a->next = a->base;
    POISON(a->base, (size_t)(a->committed - a->base));
}

static void commit(arena *a, char *until)
{
    size_t need = (size_t)(until - a->committed);
    size_t step = (need + COMMIT_STEP - 1) / COMMIT_STEP * COMMIT_STEP;
    if (step > (size_t)(a->end - a->committed))
        step = (size_t)(a->end - a->committed);
    if (mprotect(a->committed, step, PROT_READ | PROT_WRITE) != 0)
        out_of_memory();
    POISON(a->committed, step);
    a->committed += step;
}

void *arena_alloc(arena *a, size_t n, size_t align)
{
    assert(align && !(align & (align - 1)));
    size_t pad = -(uintptr_t)a->next & (align - 1);
    if (pad > (size_t)(a->end - a->next) || n > (size_t)(a->end - a->next) - pad)
        out_of_memory();
    char *p = a->next + pad;
    if (p + n > a->committed)
        commit(a, p + n);
    a->next = p + n;
    UNPOISON(p, n);
    return p;
}

void *arena_zero(arena *a, size_t count, size_t size, size_t align)
{
    if (size && count > PTRDIFF_MAX / size)
        out_of_memory();
    void *p = arena_alloc(a, count * size, align);
    if (count) /* clearing nothing can be slow: a masked store to a page that is not there yet */
        memset(p, 0, count * size);
    return p;
}

void *arena_grow(arena *a, void *p, size_t old, size_t n, size_t align)
{
    assert(n >= old);
    if (p && (char *)p + old == a->next) {
        arena_alloc(a, n - old, 1);
        return p;
    }
    void *moved = arena_alloc(a, n, align);
    if (old)
        memcpy(moved, p, old);
    return moved;
}

/* malloc's heap grows at the break by M_TOP_PAD; what is mapped by itself would not be on those pages. */
void heap_huge(size_t octets)
{
    enum { HUGE_PAGE = 2 << 20, LARGEST_BLOCK = 16 << 20, FIRST_BLOCK = 1 << 20 };
    char *start = sbrk(0);
    mallopt(M_TOP_PAD, (int)octets);
    mallopt(M_TRIM_THRESHOLD, (int)octets);
    mallopt(M_MMAP_THRESHOLD, LARGEST_BLOCK);
    mallopt(M_ARENA_MAX, 1);
    free(malloc(FIRST_BLOCK));
    char *end = sbrk(0);
    char *first = start + (HUGE_PAGE - (uintptr_t)start % HUGE_PAGE) % HUGE_PAGE;
    if (end - first >= HUGE_PAGE)
        madvise(first, (size_t)(end - first), MADV_HUGEPAGE);
}
