/* Who is on the other side of threads: how much they write, what they get back, and how soon. */
#include "mail-stats/mails.h"

#include <stdlib.h>

struct customer {
    int64_t address, emails, threads, answered, replies, first_at, last_at, newest;
    struct samples first; /* what first answers took */
};

struct customers {
    struct request *request;
    struct business business;
    struct customer *item; /* by row of address */
    ptrdiff_t n;
};

static struct customer *customer_at(struct customers *c, int64_t address)
{
    if (address >= c->n) {
        ptrdiff_t n = c->n ? c->n : 1024;
        while (n <= address)
            n *= 2;
        c->item = arena_grow(c->request->mem, c->item, (size_t)c->n * sizeof *c->item, (size_t)n * sizeof *c->item, _Alignof(struct customer));
        memset(c->item + c->n, 0, (size_t)(n - c->n) * sizeof *c->item);
        c->n = n;
    }
    c->item[address].address = address;
    return &c->item[address];
}

static void add_mail(struct customer *to, const struct mail *m)
{
    to->first_at = to->emails && to->first_at <= m->received_at ? to->first_at : m->received_at;
    to->newest = to->emails && to->last_at > m->received_at ? to->newest : m->id;
    to->last_at = to->emails && to->last_at > m->received_at ? to->last_at : m->received_at;
    to->emails++;
}

/* An answer is to what waits longest, as response-time has it. */
static void read_thread(struct customers *c, const struct mail *m, ptrdiff_t n)
{
    struct request *r = c->request;
    const struct mail *waiting = NULL;
    for (ptrdiff_t i = 0; i < n; i++) {
        if (m[i].ours && waiting && waiting->from && in_range(r, waiting->received_at)) {
            struct customer *to = customer_at(c, waiting->from);
            to->replies++;
            if (waiting == m) {
                to->answered++;
                samples_add(r->mem, &to->first, r->business ? business_between(&c->business, m->received_at, m[i].received_at)
                                                            : m[i].received_at - m->received_at);
            }
        }
        if (!m[i].ours && m[i].from && in_range(r, m[i].received_at)) {
            struct customer *from = customer_at(c, m[i].from);
            add_mail(from, &m[i]);
            from->threads += i == 0;
        }
        waiting = m[i].ours ? NULL : waiting ? waiting : &m[i];
    }
}

static int by_emails(const void *a, const void *b)
{
    const struct customer *x = a, *y = b;
    if (x->emails != y->emails)
        return x->emails < y->emails ? 1 : -1;
    return (x->address > y->address) - (x->address < y->address);
}

static void rank(struct customers *c, int64_t limit)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < c->n; i++)
        if (c->item[i].emails)
            c->item[n++] = c->item[i];
    if (n)
        qsort(c->item, (size_t)n, sizeof *c->item, by_emails);
    c->n = limit >= 0 && limit < n ? (ptrdiff_t)limit : n;
}

static void put_customer(struct table *t, const struct stats_person *who, struct customer *c)
{
    struct cell *row = table_row(t);
    const int64_t n[] = {c->emails, c->replies, c->threads, c->answered};
    row[0] = cell_text(who->email);
    row[1] = cell_text(who->name);
    for (int i = 0; i < 4; i++)
        row[2 + i] = cell_number(n[i]);
    samples_sort(&c->first);
    for (int i = 0; i < 2 && c->first.n; i++)
        row[6 + i] = cell_number(samples_percentile(&c->first, i ? 90 : 50));
    row[8] = cell_number(c->first_at);
    row[9] = cell_number(c->last_at);
}

bool customers_run(struct request *r, struct table *t, struct err *e)
{
    struct customers c = {.request = r};
    struct mails mails;
    if (!mails_read(r, true, false, &mails, e))
        return false;
    if (r->business)
        c.business = business_of(r, &mails);
    for (ptrdiff_t i = 0, next; i < mails.n; i = next) {
        next = mails_end(&mails, i);
        read_thread(&c, &mails.item[i], next - i);
    }
    rank(&c, r->limit);
    struct stats_person *people = ARENA_ARRAY(r->mem, struct stats_person, c.n + 1);
    for (ptrdiff_t i = 0; i < c.n; i++)
        people[i] = (struct stats_person){.address = c.item[i].address, .newest = c.item[i].newest};
    if (!stats_people(r->mem, r->store, people, c.n, e))
        return false;
    t->key = table_column(t, S("email"), COLUMN_TEXT);
    table_column(t, S("name"), COLUMN_TEXT);
    t->chart = table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("replies"), COLUMN_COUNT);
    table_column(t, S("threads"), COLUMN_COUNT);
    table_column(t, S("answered"), COLUMN_COUNT);
    table_column(t, S("p50Seconds"), COLUMN_SECONDS);
    table_column(t, S("p90Seconds"), COLUMN_SECONDS);
    table_column(t, S("firstAt"), COLUMN_TIME);
    table_column(t, S("lastAt"), COLUMN_TIME);
    for (ptrdiff_t i = 0; i < c.n; i++)
        put_customer(t, &people[i], &c.item[i]);
    return true;
}
