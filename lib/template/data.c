#include "template/template.h"

/* Recursion is bounded by JSON_DEPTH: both texts have been read by jread. */
static void merge(arena *a, struct jwrite *w, const struct jnode *under, const struct jnode *over);

static void merge_members(arena *a, struct jwrite *w, const struct jnode *under, const struct jnode *over)
{
    struct map last = {0}; /* of a name that is repeated the last one counts */
    for (const struct jnode *k = jread_first(over); k; k = jread_next(over, k))
        map_put(a, &last, jread_string(a, k))->value.num = k - over;
    jwrite_object(w);
    for (const struct jnode *k = jread_first(under); k; k = jread_next(under, k)) {
        if (map_get(&last, jread_string(a, k)))
            continue;
        jwrite_key(w, k->text);
        jwrite_raw(w, jread_raw(k + 1));
    }
    for (const struct jnode *k = jread_first(over); k; k = jread_next(over, k)) {
        str name = jread_string(a, k);
        if (map_get(&last, name)->value.num != k - over)
            continue;
        jwrite_key(w, k->text);
        merge(a, w, jread_member(under, name), k + 1);
    }
    jwrite_end_object(w);
}

static void merge(arena *a, struct jwrite *w, const struct jnode *under, const struct jnode *over)
{
    if (jread_is(under, JSON_OBJECT) && jread_is(over, JSON_OBJECT))
        merge_members(a, w, under, over);
    else
        jwrite_raw(w, jread_raw(over));
}

str template_merge(arena *a, str under, str over)
{
    struct json_fault fault;
    if (!under.len || !over.len)
        return under.len ? under : over.len ? over : S("{}");
    const struct jnode *low = jread(a, under, &fault), *high = jread(a, over, &fault);
    struct buf b = buf_new(a, under.len + over.len + 64);
    struct jwrite w = {.to = &b};
    merge(a, &w, low, high);
    return buf_str(&b);
}

bool template_set(arena *a, str assignment, str *out, struct err *e)
{
    str path, value, part;
    bool whole = str_cut(assignment, '=', &path, &value) && path.len;
    struct buf b = buf_new(a, assignment.len + 64);
    int depth = 0;
    for (str rest = path; whole && rest.ptr; depth++) {
        str_cut(rest, '.', &part, &rest);
        whole = part.len > 0 && depth < JSON_DEPTH - 1;
        struct jwrite w = {.to = &b};
        buf_byte(&b, '{');
        jwrite_string(&w, part);
        buf_byte(&b, ':');
    }
    if (!whole)
        return err_set(e, ERR_USAGE, "template.set", NULL, "--set takes NAME=VALUE, not \"%.*s\"", STR_ARG(assignment));
    struct jwrite w = {.to = &b};
    jwrite_string(&w, value.ptr ? value : S(""));
    while (depth--)
        buf_byte(&b, '}');
    *out = buf_str(&b);
    return true;
}
