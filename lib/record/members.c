#include "record/read.h"

bool members_read(const struct reading *r, const struct jnode *root, const struct member *table, ptrdiff_t n, uint64_t kept, void *base,
                  struct members_found *out)
{
    struct unknowns unknowns = {0};
    ptrdiff_t row = -1;
    *out = (struct members_found){0};
    for (const struct jnode *key = jread_first(root); key; key = jread_next(root, key)) {
        str name = jread_string(r->mem, key);
        ptrdiff_t found = member_find(table, n, name, row + 1);
        if (found < 0) {
            if (!str_eq(name, S("type")) && !str_eq(name, S("v")))
                unknowns_add(r->mem, &unknowns, key);
            continue;
        }
        row = found;
        uint64_t bit = UINT64_C(1) << row;
        bool keep = (kept & bit) && jread_is(key + 1, JSON_STRING);
        const char *must = keep ? NULL : member_read(r->mem, &table[row], key + 1, base);
        if (keep)
            *(str *)((char *)base + table[row].at) = jread_raw(key + 1);
        if (must)
            return reading_fault(r, "mail-records(7) tells the form of each member", "%.*s must be %s", STR_ARG(name), must);
        bool null = jread_is(key + 1, JSON_NULL) && !member_has_null(&table[row]);
        out->known = null ? out->known & ~bit : out->known | bit;
        out->nulls = null ? out->nulls | bit : out->nulls & ~bit;
    }
    out->unknown = unknowns_text(r->mem, root, &unknowns);
    return true;
}
