#include "mail-stats/stats.h"

#include "json/json.h"

#include <stdlib.h>

struct kind {
    int64_t attachments, emails, octets, largest;
    int64_t email; /* that was counted last */
    ptrdiff_t at;
};

struct counting {
    struct groups groups; /* by type */
    arena scratch;        /* of one record */
};

static void count(void *context, const struct stats_email *m)
{
    struct counting *c = context;
    struct json_fault fault;
    if (str_find(m->record, S("\"attachments\":[")) < 0) /* most have none: spares reading them */
        return;
    arena *scratch = &c->scratch;
    arena_reset(scratch);
    const struct jnode *list = jread_member(jread(scratch, m->record, &fault), S("attachments"));
    for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it)) {
        int64_t size = 0;
        str type = jread_string(scratch, jread_member(it, S("type")));
        jread_i64(jread_member(it, S("size")), 0, INT64_MAX, &size);
        struct kind *k = groups_at(&c->groups, 0, type.len ? str_lower(scratch, type) : STR_NONE);
        k->attachments++;
        k->octets += size;
        k->largest = size > k->largest ? size : k->largest;
        k->emails += k->email != m->id;
        k->email = m->id;
    }
}

static int by_attachments(const void *a, const void *b)
{
    const struct kind *x = a, *y = b;
    if (x->attachments != y->attachments)
        return x->attachments < y->attachments ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

bool attachments_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {.groups = groups_new(r->mem, BY_NUMBER, sizeof(struct kind), 0), .scratch = arena_new((size_t)1 << 30)};
    bool read = stats_emails(r->mem, r->store, &r->range, STATS_RECORD, count, &c, e);
    arena_free(&c.scratch);
    if (!read)
        return false;
    groups_sort(&c.groups);
    t->key = table_column(t, S("mediaType"), COLUMN_TEXT);
    t->chart = table_column(t, S("attachments"), COLUMN_COUNT);
    table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("octets"), COLUMN_OCTETS);
    table_column(t, S("largest"), COLUMN_OCTETS);
    struct kind *kinds = (struct kind *)(void *)c.groups.item;
    for (ptrdiff_t i = 0; i < c.groups.n; i++)
        kinds[i].at = i;
    if (c.groups.n)
        qsort(kinds, (size_t)c.groups.n, sizeof *kinds, by_attachments);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        struct cell *row = table_row(t);
        row[0] = cell_text(c.groups.name[kinds[i].at]);
        row[1] = cell_number(kinds[i].attachments);
        row[2] = cell_number(kinds[i].emails);
        row[3] = cell_number(kinds[i].octets);
        row[4] = cell_number(kinds[i].largest);
    }
    return true;
}
