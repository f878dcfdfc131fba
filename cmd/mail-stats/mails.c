#include "mail-stats/mails.h"

#include <stdlib.h>

/* ---- addresses of the accounts ------------------------------------------------------------------------------- */

struct own {
    str account;
    int64_t address;
};
struct owns {
    struct own *item;
    ptrdiff_t n;
};

static bool add_own(struct request *r, struct owns *o, ptrdiff_t *cap, str account, str email, struct err *e)
{
    struct ids found = {0};
    if (!stats_address_find(r->mem, r->store, email, &found, e))
        return false;
    for (ptrdiff_t i = 0; i < found.n; i++) {
        if (o->n == *cap) {
            ptrdiff_t more = *cap ? *cap * 2 : 16;
            o->item = arena_grow(r->mem, o->item, (size_t)*cap * sizeof *o->item, (size_t)more * sizeof *o->item, _Alignof(struct own));
            *cap = more;
        }
        o->item[o->n++] = (struct own){account, found.item[i]};
    }
    return true;
}

static bool read_own(struct request *r, struct owns *out, struct err *e)
{
    struct config config;
    struct strs accounts = {0};
    ptrdiff_t cap = 0;
    *out = (struct owns){0};
    if (!config_load(r->mem, r->config, &config, e))
        return false;
    config_accounts(r->mem, &config, &accounts);
    for (ptrdiff_t i = 0; i < accounts.n; i++) {
        struct strs mine = {0};
        str account = accounts.item[i];
        if (r->accounts.n && !strs_have(&r->accounts, account))
            continue;
        config_list(r->mem, &config, account, S("aliases"), &mine);
        strs_add(r->mem, &mine, config_get(&config, account, S("email")));
        for (ptrdiff_t k = 0; k < mine.n; k++)
            if (mine.item[k].len && !add_own(r, out, &cap, account, mine.item[k], e))
                return false;
    }
    return true;
}

static bool is_own(const struct owns *o, const struct stats_email *m)
{
    for (ptrdiff_t i = 0; i < o->n && m->from; i++)
        if (o->item[i].address == m->from && str_eq(o->item[i].account, m->account))
            return true;
    return false;
}

/* ---- mail ------------------------------------------------------------------------------------------------------- */

struct collecting {
    struct mails *mails;
    struct owns owns;
    bool drafts;
};

static void collect(void *context, const struct stats_email *m)
{
    struct collecting *c = context;
    struct mails *to = c->mails;
    if (!m->thread || (m->draft && !c->drafts))
        return;
    if (to->n == to->cap) {
        ptrdiff_t cap = to->cap ? to->cap * 2 : 1024;
        to->item = arena_grow(to->mem, to->item, (size_t)to->cap * sizeof *to->item, (size_t)cap * sizeof *to->item, _Alignof(struct mail));
        to->cap = cap;
    }
    to->item[to->n++] = (struct mail){m->thread, m->account_id, m->received_at, m->id, m->from, m->account,
                                      str_eq(m->direction, S("outbound")) || is_own(&c->owns, m)};
}

static int by_thread(const void *a, const void *b)
{
    const struct mail *x = a, *y = b;
    if (x->thread != y->thread)
        return x->thread < y->thread ? -1 : 1;
    if (x->received_at != y->received_at)
        return x->received_at < y->received_at ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_account_and_thread(const void *a, const void *b)
{
    const struct mail *x = a, *y = b;
    if (x->account_id != y->account_id)
        return x->account_id < y->account_id ? -1 : 1;
    return by_thread(a, b);
}

bool mails_read(struct request *r, bool by_account, bool drafts, struct mails *out, struct err *e)
{
    *out = (struct mails){.mem = r->mem, .by_account = by_account};
    struct collecting c = {.mails = out, .drafts = drafts};
    struct stats_range ever = r->range;
    ever.since = INT64_MIN;
    ever.until = INT64_MAX;
    if (!read_own(r, &c.owns, e) || !stats_emails(r->mem, r->store, &ever, STATS_THREADS, collect, &c, e))
        return false;
    if (out->n)
        qsort(out->item, (size_t)out->n, sizeof *out->item, by_account ? by_account_and_thread : by_thread);
    return true;
}

ptrdiff_t mails_end(const struct mails *m, ptrdiff_t from)
{
    ptrdiff_t to = from + 1;
    while (to < m->n && m->item[to].thread == m->item[from].thread && (!m->by_account || m->item[to].account_id == m->item[from].account_id))
        to++;
    return to;
}

/* ---- business hours ------------------------------------------------------------------------------------------------- */

struct business business_new(arena *a, const struct schedule *hours, int64_t first, int64_t last)
{
    struct business b = {0};
    struct schedule_opening o;
    int64_t sum = 0;
    for (int64_t t = first; t <= last && schedule_opening(hours, t, &o) && o.closes > t; t = o.closes) {
        if (b.n == b.cap) {
            ptrdiff_t cap = b.cap ? b.cap * 2 : 512;
            int64_t **lists[] = {&b.opens, &b.closes, &b.before};
            for (int i = 0; i < 3; i++)
                *lists[i] = arena_grow(a, *lists[i], (size_t)b.cap * sizeof(int64_t), (size_t)cap * sizeof(int64_t), _Alignof(int64_t));
            b.cap = cap;
        }
        b.opens[b.n] = o.opens;
        b.closes[b.n] = o.closes;
        b.before[b.n++] = sum;
        sum += o.closes - o.opens;
    }
    return b;
}

/* Open seconds from the first opening to t. */
static int64_t open_until(const struct business *b, int64_t t)
{
    ptrdiff_t low = 0, high = b->n;
    if (!b->n || t <= b->opens[0])
        return 0;
    while (high - low > 1) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (b->opens[middle] <= t)
            low = middle;
        else
            high = middle;
    }
    return b->before[low] + (t < b->closes[low] ? t : b->closes[low]) - b->opens[low];
}

struct business business_of(struct request *r, const struct mails *m)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    for (ptrdiff_t i = 0; i < m->n; i++) {
        first = m->item[i].received_at < first ? m->item[i].received_at : first;
        last = m->item[i].received_at > last ? m->item[i].received_at : last;
    }
    return business_new(r->mem, &r->hours, first, last);
}

int64_t business_between(const struct business *b, int64_t from, int64_t to) { return open_until(b, to) - open_until(b, from); }
