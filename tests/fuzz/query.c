/* Any octets are a query or have a fault within them; a tree keeps to its limits. */
#include "query/query.h"

#include <assert.h>

static int terms(const struct query *q, int level)
{
    assert(level <= QUERY_LEVELS);
    int n = !q->child, children = 0;
    for (const struct query *child = q->child; child; child = child->next, children++) {
        assert(child->op != q->op);
        n += terms(child, level + 1);
    }
    assert(children == 0 || (q->op == QUERY_NOT ? children == 1 : children >= 2));
    assert((q->op >= QUERY_AND && q->op <= QUERY_NOT) == (children > 0));
    assert((q->op != QUERY_WORDS && q->op != QUERY_EQUALS) || q->text.len > 0);
    return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new((size_t)64 << 20);
    arena_reset(&mem);
    struct query_fault fault;
    str text = str_of((const char *)data, (ptrdiff_t)size);
    struct query *q = query_parse(&mem, text, 1787918400, &fault);
    if (q) {
        assert(terms(q, 1) <= QUERY_TERMS);
        struct buf b = buf_new(&mem, 256);
        query_write(&b, q);
        assert(utf8_valid(buf_str(&b)));
    } else {
        assert(fault.at >= 0 && fault.at <= text.len && fault.text[0]);
        assert(utf8_valid(query_caret(&mem, text, fault.at)));
    }
    return 0;
}
