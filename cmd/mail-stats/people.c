/* Who wrote, to whom, from which domains: each the most frequent first. */
#include "mail-stats/stats.h"

#include "json/json.h"

#include <stdlib.h>

struct person {
    int64_t key;    /* row of address, or the place in names; breaks ties */
    int64_t emails, octets, last_at;
    int64_t newest; /* the email that last_at is of */
    int64_t senders;
};

/* Items by a small number. */
struct crowd {
    arena *mem;
    struct person *item;
    ptrdiff_t n, cap;
};

static struct person *crowd_at(struct crowd *c, int64_t key)
{
    if (key >= c->cap) {
        ptrdiff_t cap = c->cap ? c->cap : 1024;
        while (cap <= key)
            cap *= 2;
        c->item = arena_grow(c->mem, c->item, (size_t)c->cap * sizeof *c->item, (size_t)cap * sizeof *c->item, _Alignof(struct person));
        memset(c->item + c->cap, 0, (size_t)(cap - c->cap) * sizeof *c->item);
        c->cap = cap;
    }
    c->n = key >= c->n ? (ptrdiff_t)key + 1 : c->n;
    struct person *p = &c->item[key];
    p->key = key;
    return p;
}

static void add(struct person *p, const struct stats_email *m)
{
    bool newer = !p->emails || m->received_at > p->last_at || (m->received_at == p->last_at && m->id > p->newest);
    p->emails++;
    p->octets += m->size;
    if (newer) {
        p->last_at = m->received_at;
        p->newest = m->id;
    }
}

static int by_emails(const void *a, const void *b)
{
    const struct person *x = a, *y = b;
    if (x->emails != y->emails)
        return x->emails < y->emails ? 1 : -1;
    return (x->key > y->key) - (x->key < y->key);
}

/* Those with mail, the most frequent first; no more than are to be shown. */
static void rank(struct crowd *c, int64_t limit)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < c->n; i++)
        if (c->item[i].emails)
            c->item[n++] = c->item[i];
    if (n)
        qsort(c->item, (size_t)n, sizeof *c->item, by_emails);
    c->n = limit >= 0 && limit < n ? (ptrdiff_t)limit : n;
}

static void count_sender(void *context, const struct stats_email *m)
{
    if (m->from)
        add(crowd_at(context, m->from), m);
}

static struct cell *put_person(struct table *t, str email, const struct person *p)
{
    struct cell *row = table_row(t);
    row[0] = cell_text(email);
    row[t->columns - 3] = cell_number(p->emails);
    row[t->columns - 2] = cell_number(p->octets);
    row[t->columns - 1] = cell_number(p->last_at);
    return row;
}

static void count_columns(struct table *t)
{
    t->chart = table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("octets"), COLUMN_OCTETS);
    table_column(t, S("lastAt"), COLUMN_TIME);
}

bool senders_run(struct request *r, struct table *t, struct err *e)
{
    struct crowd c = {.mem = r->mem};
    if (!stats_emails(r->mem, r->store, &r->range, STATS_SENDERS, count_sender, &c, e))
        return false;
    rank(&c, r->limit);
    t->key = table_column(t, S("email"), COLUMN_TEXT);
    table_column(t, S("name"), COLUMN_TEXT);
    count_columns(t);
    struct stats_person *people = ARENA_ARRAY(r->mem, struct stats_person, c.n + 1);
    for (ptrdiff_t i = 0; i < c.n; i++)
        people[i] = (struct stats_person){.address = c.item[i].key, .newest = c.item[i].newest};
    if (!stats_people(r->mem, r->store, people, c.n, e))
        return false;
    for (ptrdiff_t i = 0; i < c.n; i++)
        put_person(t, people[i].email, &c.item[i])[1] = cell_text(people[i].name);
    return true;
}

/* ---- domains of senders ------------------------------------------------------------------------------------------ */

/* In lower case; STR_NONE where there is none. */
static str domain_of(arena *a, str email)
{
    ptrdiff_t at = email.len;
    while (at > 0 && email.ptr[at - 1] != '@')
        at--;
    return at && at < email.len ? str_lower(a, str_skip(email, at)) : STR_NONE;
}

struct named {
    struct crowd crowd;
    struct map places;
    struct strs names;
    arena scratch; /* of one record */
};

static struct person *named_at(struct named *d, str name)
{
    struct map_slot *slot = map_get(&d->places, name);
    if (!slot) {
        name = str_copy(d->crowd.mem, name);
        slot = map_put(d->crowd.mem, &d->places, name);
        slot->value.num = d->names.n;
        strs_add(d->crowd.mem, &d->names, name);
    }
    return crowd_at(&d->crowd, slot->value.num);
}

static void add_up(struct person *to, const struct person *p)
{
    to->emails += p->emails;
    to->octets += p->octets;
    to->last_at = !to->senders || p->last_at > to->last_at ? p->last_at : to->last_at;
    to->senders++;
}

bool domains_run(struct request *r, struct table *t, struct err *e)
{
    struct crowd senders = {.mem = r->mem};
    struct named d = {.crowd.mem = r->mem};
    if (!stats_emails(r->mem, r->store, &r->range, STATS_SENDERS, count_sender, &senders, e))
        return false;
    rank(&senders, -1);
    struct stats_person *people = ARENA_ARRAY(r->mem, struct stats_person, senders.n + 1);
    for (ptrdiff_t i = 0; i < senders.n; i++)
        people[i] = (struct stats_person){.address = senders.item[i].key};
    if (!stats_people(r->mem, r->store, people, senders.n, e))
        return false;
    for (ptrdiff_t i = 0; i < senders.n; i++) {
        str domain = domain_of(r->mem, people[i].email);
        if (domain.ptr)
            add_up(named_at(&d, domain), &senders.item[i]);
    }
    rank(&d.crowd, r->limit);
    t->key = table_column(t, S("domain"), COLUMN_TEXT);
    table_column(t, S("senders"), COLUMN_COUNT);
    count_columns(t);
    for (ptrdiff_t i = 0; i < d.crowd.n; i++)
        put_person(t, d.names.item[d.crowd.item[i].key], &d.crowd.item[i])[1] = cell_number(d.crowd.item[i].senders);
    return true;
}

/* ---- recipients ---------------------------------------------------------------------------------------------------- */

static void count_list(struct named *d, const struct jnode *list, const struct stats_email *m)
{
    for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it)) {
        str email = jread_string(&d->scratch, jread_member(it, S("email")));
        if (!email.len)
            continue;
        struct person *p = named_at(d, email);
        if (!p->emails || p->newest != m->id) /* newest: here the email that was counted last */
            p->emails++, p->octets += m->size;
        p->newest = m->id;
        p->last_at = p->emails == 1 || m->received_at > p->last_at ? m->received_at : p->last_at;
    }
}

static void count_recipients(void *context, const struct stats_email *m)
{
    static const str lists[] = {S("to"), S("cc"), S("bcc")};
    struct named *d = context;
    struct json_fault fault;
    arena_reset(&d->scratch);
    const struct jnode *record = jread(&d->scratch, stats_record_part(&d->scratch, m->record, S(",\"to\":"), S(",\"subject\":")), &fault);
    for (int i = 0; i < 3; i++)
        count_list(d, jread_member(record, lists[i]), m);
}

bool recipients_run(struct request *r, struct table *t, struct err *e)
{
    struct named d = {.crowd.mem = r->mem, .scratch = arena_new((size_t)1 << 30)};
    bool read = stats_emails(r->mem, r->store, &r->range, STATS_RECORD, count_recipients, &d, e);
    arena_free(&d.scratch);
    if (!read)
        return false;
    rank(&d.crowd, r->limit);
    t->key = table_column(t, S("email"), COLUMN_TEXT);
    count_columns(t);
    for (ptrdiff_t i = 0; i < d.crowd.n; i++)
        put_person(t, d.names.item[d.crowd.item[i].key], &d.crowd.item[i]);
    return true;
}
