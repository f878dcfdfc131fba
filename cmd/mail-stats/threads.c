/* Threads: how many were opened, how large and how old they became; and how long answers took. */
#include "mail-stats/mails.h"

static struct cell percentile(const struct samples *s, int percent)
{
    return s->n ? cell_number(samples_percentile(s, percent)) : (struct cell){0};
}

/* ---- threads -------------------------------------------------------------------------------------------------------- */

struct opened {
    int64_t threads, emails, single;
    struct samples sizes, ages;
};

static void add_thread(struct request *r, struct opened *o, const struct mail *m, ptrdiff_t n)
{
    o->threads++;
    o->emails += n;
    o->single += n == 1;
    samples_add(r->mem, &o->sizes, n);
    samples_add(r->mem, &o->ages, m[n - 1].received_at - m[0].received_at);
}

static void put_opened(struct opened *o, struct cell *row)
{
    samples_sort(&o->sizes);
    samples_sort(&o->ages);
    row[0] = cell_number(o->threads);
    row[1] = cell_number(o->emails);
    row[2] = cell_number(o->single);
    row[3] = percentile(&o->sizes, 50);
    row[4] = percentile(&o->sizes, 100);
    row[5] = percentile(&o->ages, 50);
    row[6] = percentile(&o->ages, 90);
    row[7] = percentile(&o->ages, 100);
}

bool threads_run(struct request *r, struct table *t, struct err *e)
{
    struct groups g;
    struct mails mails;
    if (!email_groups(r, sizeof(struct opened), &g, e) || !mails_read(r, r->by == BY_ACCOUNT, true, &mails, e))
        return false;
    for (ptrdiff_t i = 0, next; i < mails.n; i = next) {
        next = mails_end(&mails, i);
        const struct mail *first = &mails.item[i];
        if (in_range(r, first->received_at))
            add_thread(r, groups_at(&g, first->received_at, first->account), first, next - i);
    }
    if (!groups_close(r, &g, e))
        return false;
    key_columns(r, t);
    t->chart = table_column(t, S("threads"), COLUMN_COUNT);
    table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("single"), COLUMN_COUNT);
    table_column(t, S("p50Emails"), COLUMN_COUNT);
    table_column(t, S("maxEmails"), COLUMN_COUNT);
    table_column(t, S("p50Seconds"), COLUMN_SECONDS);
    table_column(t, S("p90Seconds"), COLUMN_SECONDS);
    table_column(t, S("maxSeconds"), COLUMN_SECONDS);
    for (ptrdiff_t i = 0; i < g.n; i++) {
        struct cell *row = table_row(t);
        key_cells(r, &g, i, row);
        put_opened(groups_item(&g, i), row + 3);
    }
    return true;
}

/* ---- answers -------------------------------------------------------------------------------------------------------- */

struct answers {
    int64_t threads; /* that others opened */
    struct samples first, every;
};

struct answering {
    struct request *request;
    struct groups groups;
    struct business business;
};

static void add_answer(struct answering *a, const struct mail *question, const struct mail *answer, bool first)
{
    struct request *r = a->request;
    if (!in_range(r, question->received_at))
        return;
    int64_t took = r->business ? business_between(&a->business, question->received_at, answer->received_at)
                               : answer->received_at - question->received_at;
    struct answers *to = groups_at(&a->groups, question->received_at, question->account);
    samples_add(r->mem, &to->every, took);
    if (first)
        samples_add(r->mem, &to->first, took);
}

/* What waits longest is what an answer is to. */
static void read_thread(struct answering *a, const struct mail *m, ptrdiff_t n)
{
    const struct mail *waiting = NULL;
    if (!m[0].ours && in_range(a->request, m[0].received_at)) {
        struct answers *to = groups_at(&a->groups, m[0].received_at, m[0].account);
        to->threads++;
    }
    for (ptrdiff_t i = 0; i < n; i++) {
        if (m[i].ours && waiting)
            add_answer(a, waiting, &m[i], waiting == m);
        waiting = m[i].ours ? NULL : waiting ? waiting : &m[i];
    }
}

static void put_answers(struct answers *a, struct cell *row)
{
    samples_sort(&a->first);
    samples_sort(&a->every);
    row[0] = cell_number(a->threads);
    row[1] = cell_number(a->first.n);
    row[2] = percentile(&a->first, 50);
    row[3] = percentile(&a->first, 90);
    row[4] = percentile(&a->first, 99);
    row[5] = cell_number(a->every.n);
    row[6] = percentile(&a->every, 50);
    row[7] = percentile(&a->every, 90);
    row[8] = percentile(&a->every, 99);
}

static void answer_columns(struct table *t)
{
    table_column(t, S("threads"), COLUMN_COUNT);
    table_column(t, S("answered"), COLUMN_COUNT);
    t->chart = table_column(t, S("p50Seconds"), COLUMN_SECONDS);
    table_column(t, S("p90Seconds"), COLUMN_SECONDS);
    table_column(t, S("p99Seconds"), COLUMN_SECONDS);
    table_column(t, S("replies"), COLUMN_COUNT);
    table_column(t, S("replyP50Seconds"), COLUMN_SECONDS);
    table_column(t, S("replyP90Seconds"), COLUMN_SECONDS);
    table_column(t, S("replyP99Seconds"), COLUMN_SECONDS);
}

bool response_run(struct request *r, struct table *t, struct err *e)
{
    struct answering a = {.request = r};
    struct mails own = {0}, *mails = r->mails ? r->mails : &own;
    if (!email_groups(r, sizeof(struct answers), &a.groups, e) || (!mails->mem && !mails_read(r, true, false, mails, e)))
        return false;
    if (r->business)
        a.business = business_of(r, mails);
    for (ptrdiff_t i = 0, next; i < mails->n; i = next) {
        next = mails_end(mails, i);
        read_thread(&a, &mails->item[i], next - i);
    }
    if (!groups_close(r, &a.groups, e))
        return false;
    key_columns(r, t);
    answer_columns(t);
    for (ptrdiff_t i = 0; i < a.groups.n; i++) {
        struct cell *row = table_row(t);
        key_cells(r, &a.groups, i, row);
        put_answers(groups_item(&a.groups, i), row + 3);
    }
    return true;
}
