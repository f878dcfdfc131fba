#include "json/escape.h"
#include "json/json.h"
#include "json/stride.h"

const struct jnode *jread_first(const struct jnode *container)
{
    return container && container->span > 1 ? container + 1 : NULL;
}

const struct jnode *jread_next(const struct jnode *container, const struct jnode *it)
{
    if (container->type == JSON_OBJECT)
        it++;
    it += it->span;
    return it < container + container->span ? it : NULL;
}

bool jread_is(const struct jnode *node, enum json_type type) { return node && node->type == type; }

static str unescape(arena *a, str text)
{
    char *to = arena_alloc(a, (size_t)text.len, 1);
    ptrdiff_t n = 0, at = 0;
    for (;;) {
        ptrdiff_t plain = stride_copy(to + n, text.ptr + at, text.len - at);
        n += plain;
        at += plain;
        if (at == text.len)
            break;
        char simple = jread_short_escape(text.ptr[at + 1]);
        uint32_t cp;
        if (simple) {
            to[n++] = simple;
            at += 2;
        } else {
            at += jread_escape(text, at, &cp);
            n += utf8_encode(cp, to + n);
        }
    }
    return str_of(to, n);
}

str jread_string(arena *a, const struct jnode *node)
{
    if (!jread_is(node, JSON_STRING))
        return STR_NONE;
    return node->escaped ? unescape(a, node->text) : node->text;
}

/* Whether the escaped text says the same as key. */
static bool says(str escaped, str key)
{
    ptrdiff_t at = 0, n = 0;
    while (at < escaped.len) {
        char octets[4] = {escaped.ptr[at]};
        uint32_t cp;
        int length = 1;
        if (octets[0] == '\\') {
            at += jread_escape(escaped, at, &cp);
            length = utf8_encode(cp, octets);
        } else {
            at++;
        }
        if (!str_eq(str_slice(key, n, n + length), str_of(octets, length)))
            return false;
        n += length;
    }
    return n == key.len;
}

const struct jnode *jread_member(const struct jnode *object, str key)
{
    const struct jnode *found = NULL;
    if (!jread_is(object, JSON_OBJECT))
        return NULL;
    for (const struct jnode *it = jread_first(object); it; it = jread_next(object, it))
        if (it->escaped ? says(it->text, key) : str_eq(it->text, key))
            found = it + 1;
    return found;
}

bool jread_i64(const struct jnode *node, int64_t min, int64_t max, int64_t *out)
{
    if (!jread_is(node, JSON_NUMBER) && !jread_is(node, JSON_STRING))
        return false;
    str whole = node->text, fraction;
    if (node->type == JSON_NUMBER && str_cut(node->text, '.', &whole, &fraction))
        for (ptrdiff_t i = 0; i < fraction.len; i++)
            if (fraction.ptr[i] != '0')
                return false;
    return str_i64(whole, min, max, out);
}

bool jread_bool(const struct jnode *node, bool *out)
{
    if (!jread_is(node, JSON_TRUE) && !jread_is(node, JSON_FALSE))
        return false;
    *out = node->type == JSON_TRUE;
    return true;
}

str jread_raw(const struct jnode *node)
{
    if (!node)
        return STR_NONE;
    return node->type == JSON_STRING ? str_of(node->text.ptr - 1, node->text.len + 2) : node->text;
}
