/* Any octets as a lease file: what is read of it is written again, and then read as the same. */
#include "lease/lines.h"

#include "sys/sys.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static arena mem;

static struct lease read_text(str text)
{
    struct lease l = {.path = S("fuzz"), .fd = memfd_create("lease", 0)};
    struct err e;
    if (l.fd < 0 || !fd_write_full(l.fd, text) || !lease_read(&mem, &l, &e))
        abort();
    close(l.fd);
    return l;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!mem.base)
        mem = arena_new((size_t)1 << 32);
    arena_reset(&mem);
    struct lease first = read_text(str_of((const char *)data, (ptrdiff_t)size));
    struct buf b = buf_new(&mem, (ptrdiff_t)size + 64);
    buf_put(&b, lease_first_line(&mem, 1));
    for (ptrdiff_t i = 0; i < first.n; i++) {
        const struct lease_entry *x = &first.entries[i];
        assert(lease_find(&first, x->id, x->rcpt) == x);
        if (x->state == LEASE_DATA)
            lease_put_data(&b, &(struct lease_mark){x->id, x->rcpt});
        else
            lease_put_reply(&b, x);
    }
    struct lease again = read_text(buf_str(&b));
    assert(again.n == first.n && !again.other_boot);
    for (ptrdiff_t i = 0; i < first.n; i++) {
        const struct lease_entry *x = &first.entries[i], *y = &again.entries[i];
        assert(x->state == y->state && x->id == y->id && str_eq(x->rcpt, y->rcpt) && x->code == y->code);
    }
    return 0;
}
