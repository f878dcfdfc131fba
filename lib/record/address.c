#include "record/record.h"
#include "record/values.h"

/* "A <a@b>, c@d": what stands in <> is the address, what stands before it the name. */
static void from_text(arena *a, str s, struct addresses *out, ptrdiff_t *cap);

static void add(arena *a, struct addresses *out, ptrdiff_t *cap, struct address one)
{
    if (out->n == *cap) {
        ptrdiff_t more = *cap ? *cap * 2 : 4;
        out->item = arena_grow(a, out->item, (size_t)*cap * sizeof one, (size_t)more * sizeof one, _Alignof(struct address));
        *cap = more;
    }
    out->item[out->n++] = one;
}

static void from_text(arena *a, str s, struct addresses *out, ptrdiff_t *cap)
{
    str part;
    do {
        str_cut(s, ',', &part, &s);
        str name, email;
        part = str_trim(part);
        if (str_cut(part, '<', &name, &email))
            str_cut(email, '>', &email, &part);
        else
            email = part, name = STR_NONE;
        name = str_trim(name);
        if (name.len > 1 && name.ptr[0] == '"' && str_ends(name, S("\"")))
            name = str_slice(name, 1, name.len - 1);
        if (email.len)
            add(a, out, cap, (struct address){name.len ? name : STR_NONE, email});
    } while (s.ptr);
}

static bool from_node(arena *a, const struct jnode *node, struct addresses *out, ptrdiff_t *cap)
{
    struct address one;
    if (jread_is(node, JSON_STRING)) {
        from_text(a, jread_string(a, node), out, cap);
        return true;
    }
    if (!jread_is(node, JSON_OBJECT) || !value_text(a, jread_member(node, S("name")), &one.name) ||
        !value_text(a, jread_member(node, S("email")), &one.email))
        return false;
    add(a, out, cap, one);
    return true;
}

bool record_read_addresses(arena *a, const struct jnode *node, struct addresses *out)
{
    ptrdiff_t cap = 0;
    *out = (struct addresses){0};
    if (!jread_is(node, JSON_ARRAY))
        return jread_is(node, JSON_NULL) || from_node(a, node, out, &cap);
    for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it))
        if (!from_node(a, it, out, &cap))
            return false;
    return true;
}
