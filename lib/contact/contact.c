#include "contact/lines.h"

/* Joined with LF, without the space at the ends of lines. */
static str signature_text(arena *a, const struct own_lines *own, int from, int to)
{
    struct buf b = buf_new(a, 256);
    for (int i = from; i < to; i++) {
        if (i > from)
            buf_byte(&b, '\n');
        buf_put(&b, str_trim_right(own->line[i]));
    }
    return utf8_first(buf_str(&b), CONTACT_SIGNATURE);
}

/* A name that is an address again says nothing. */
static str name_of(const struct contact_source *source)
{
    str name = str_trim(source->name);
    return str_find_byte(name, '@') >= 0 ? STR_NONE : name;
}

static void find_signed(arena *a, const struct own_lines *own, int from, int to, struct contact *out)
{
    out->signature = signature_text(a, own, from, to);
    for (int i = from; i < to; i++) {
        contact_find_phones(a, own->line[i], true, out);
        if (!out->company.len)
            out->company = contact_company(own->line[i]);
    }
    str first = str_trim(own->line[from]);
    if (!out->name.len && contact_is_name(first) && !contact_company(first).len && !contact_is_greeting(first))
        out->name = first;
}

static void find_ids(arena *a, const struct contact_source *source, const struct own_lines *own, const struct contact_patterns *patterns,
                     struct contact *out)
{
    ptrdiff_t seen = 0;
    contact_find_ids(a, source->subject, patterns, out);
    for (int i = 0; i < own->n && seen < CONTACT_ID_TEXT; i++) {
        contact_find_ids(a, own->line[i], patterns, out);
        seen += own->line[i].len + 1;
    }
}

void contact_find(arena *a, const struct contact_source *source, const struct contact_patterns *patterns, struct contact *out)
{
    struct own_lines own = contact_own_lines(a, source->text);
    int from, to;
    *out = (struct contact){.name = name_of(source)};
    if (contact_signature(&own, out->name, &from, &to))
        find_signed(a, &own, from, to, out);
    else
        from = to = own.n;
    for (int i = 0; i < own.n; i++)
        if (i < from || i >= to)
            contact_find_phones(a, own.line[i], false, out);
    if (!out->company.len)
        out->company = str_trim(source->organization);
    find_ids(a, source, &own, patterns, out);
}
