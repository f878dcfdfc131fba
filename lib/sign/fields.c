#include "sign/fields.h"

ptrdiff_t header_length(str text, ptrdiff_t from)
{
    for (ptrdiff_t at = from; at < text.len;) {
        ptrdiff_t found = str_find_byte(str_skip(text, at), '\n');
        if (found < 0)
            return -1;
        ptrdiff_t lf = at + found, start = lf;
        if (start > 0 && text.ptr[start - 1] == '\r')
            start--;
        if (start == 0 || text.ptr[start - 1] == '\n')
            return lf + 1;
        at = lf + 1;
    }
    return -1;
}

static void add_field(arena *a, struct signed_fields *f, struct signed_field field)
{
    if (f->n == f->cap) {
        ptrdiff_t cap = f->cap ? 2 * f->cap : 32;
        f->item = arena_grow(a, f->item, (size_t)f->cap * sizeof field, (size_t)cap * sizeof field, _Alignof(struct signed_field));
        f->cap = cap;
    }
    f->item[f->n++] = field;
}

/* Octets from `at` to behind the end of its line. */
static ptrdiff_t line_end(str text, ptrdiff_t at)
{
    ptrdiff_t lf = str_find_byte(str_skip(text, at), '\n');
    return lf < 0 ? text.len : at + lf + 1;
}

static bool is_name(str name)
{
    for (ptrdiff_t i = 0; i < name.len; i++)
        if (name.ptr[i] <= ' ' || name.ptr[i] > '~')
            return false;
    return name.len > 0;
}

bool signed_fields_read(arena *a, str text, struct signed_fields *out, struct err *e)
{
    *out = (struct signed_fields){0};
    ptrdiff_t at = 0;
    for (int line = 1; at < text.len; line++) {
        ptrdiff_t end = line_end(text, at);
        if (!str_trim(str_slice(text, at, end)).len) {
            at = end;
            break;
        }
        ptrdiff_t start = at;
        while (end < text.len && (text.ptr[end] == ' ' || text.ptr[end] == '\t')) {
            end = line_end(text, end);
            line++;
        }
        struct signed_field f = {.whole = str_slice(text, start, end)};
        bool colon = str_cut(f.whole, ':', &f.name, &f.body);
        f.name = str_trim_right(f.name);
        if (!colon || !is_name(f.name))
            return err_set(e, ERR_INPUT, "sign.header", NULL, "line %d of the message's header is no field", line);
        add_field(a, out, f);
        at = end;
    }
    out->length = at;
    return true;
}
