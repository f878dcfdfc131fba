/* The lease files that a run holds: each once, as long as something is sent under it. */
#include "send.h"

enum { LEASE_MEMORY = 1 << 28 };

struct held *held_for(struct run *r, str path)
{
    for (struct held *h = r->leases; h; h = h->next)
        if (str_eq(h->lease.path, path))
            return h;
    arena mem = arena_new(LEASE_MEMORY);
    struct held *h = ARENA_NEW(&mem, struct held);
    h->mem = mem;
    h->next = r->leases;
    if (!lease_hold(&h->mem, path, &h->lease, &h->gone))
        prog_error(&h->gone);
    h->lease.path = str_copy(&h->mem, path);
    r->leases = h;
    return h;
}

void held_release(struct run *r)
{
    for (struct held **at = &r->leases; *at;) {
        struct held *h = *at;
        if (h->jobs) {
            at = &h->next;
            continue;
        }
        *at = h->next;
        lease_release(&h->lease);
        arena mem = h->mem;
        arena_free(&mem);
    }
}
