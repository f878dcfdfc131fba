#include "header/header.h"
#include "record/record.h"
#include "record/values.h"

/* Addresses as they come; the converters of character sets are opened for the first that is text. */
struct reader {
    arena *mem;
    struct charsets *charsets;
    struct header_addresses list;
};

static void add(struct reader *r, struct header_address one)
{
    struct header_addresses *list = &r->list;
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 4;
        size_t old = (size_t)list->cap * sizeof one, size = (size_t)cap * sizeof one;
        list->item = arena_grow(r->mem, list->item, old, size, _Alignof(struct header_address));
        list->cap = cap;
    }
    list->item[list->n++] = one;
}

static bool read_one(struct reader *r, const struct jnode *node)
{
    if (jread_is(node, JSON_STRING)) {
        if (!r->charsets)
            r->charsets = charsets_new(r->mem);
        header_addresses(r->mem, r->charsets, jread_string(r->mem, node), &r->list, NULL);
        return true;
    }
    struct header_address one;
    if (!jread_is(node, JSON_OBJECT) || !value_text(r->mem, jread_member(node, S("name")), &one.name) ||
        !value_text(r->mem, jread_member(node, S("email")), &one.email))
        return false;
    add(r, one);
    return true;
}

static bool read_all(struct reader *r, const struct jnode *node)
{
    if (!jread_is(node, JSON_ARRAY))
        return jread_is(node, JSON_NULL) || read_one(r, node);
    for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it))
        if (!read_one(r, it))
            return false;
    return true;
}

bool record_read_addresses(arena *a, const struct jnode *node, struct addresses *out)
{
    struct reader r = {.mem = a};
    bool good = read_all(&r, node);
    if (r.charsets)
        charsets_free(r.charsets);
    *out = (struct addresses){ARENA_ARRAY(a, struct address, r.list.n), r.list.n};
    for (ptrdiff_t i = 0; i < r.list.n; i++)
        out->item[i] = (struct address){r.list.item[i].name, r.list.item[i].email};
    return good;
}
