/* Any octets: refused with a place in the text, or a tree whose spans fit together and whose strings, written again, are the
 * same text when they are read again. */
#include "json/json.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static arena mem;

static void check_string(const struct jnode *node)
{
    str s = jread_string(&mem, node);
    assert(s.ptr && utf8_valid(s));
    struct buf b = buf_new(&mem, s.len + 16);
    jwrite_string(&(struct jwrite){&b, false}, s);
    struct json_fault fault;
    const struct jnode *again = jread(&mem, buf_str(&b), &fault);
    assert(again && str_eq(jread_string(&mem, again), s));
}

static void check_node(const struct jnode *node, str text)
{
    str raw = jread_raw(node);
    assert(raw.ptr >= text.ptr && raw.ptr + raw.len <= text.ptr + text.len && raw.len > 0);
    const struct jnode *end = node + 1;
    for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it)) {
        assert(node->type == JSON_ARRAY || node->type == JSON_OBJECT);
        end = it + it->span;
        if (node->type == JSON_OBJECT) {
            assert(it->type == JSON_STRING && it->span == 1);
            end += it[1].span;
        }
    }
    assert(end == node + node->span);
    int64_t n;
    bool b;
    if (jread_i64(node, -5, 5, &n))
        assert(n >= -5 && n <= 5);
    if (jread_bool(node, &b))
        assert(node->type == (b ? JSON_TRUE : JSON_FALSE));
    if (node->type == JSON_STRING)
        check_string(node);
    if (node->type == JSON_OBJECT && node->span > 1)
        assert(jread_member(node, jread_string(&mem, node + 1)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!mem.base)
        mem = arena_new((size_t)1 << 32);
    arena_reset(&mem);
    char *copy = malloc(size ? size : 1); /* so that a read past the end is seen */
    if (!copy)
        abort();
    if (size)
        memcpy(copy, data, size);
    str text = str_of(copy, (ptrdiff_t)size);
    struct json_fault fault = {-1, NULL};
    const struct jnode *root = jread(&mem, text, &fault);
    if (root)
        for (uint32_t i = 0; i < root->span; i++)
            check_node(root + i, text);
    else
        assert(fault.offset >= 0 && fault.offset <= text.len && fault.what);
    free(copy);
    return 0;
}
