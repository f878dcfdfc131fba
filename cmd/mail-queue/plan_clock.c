/* The queue played forward: what is ready leaves by priority, each class of mail that the same rules hold waits together. */
#include "mail-queue/plan.h"

/* ---- heaps ------------------------------------------------------------------------------------------------ */

typedef bool before(const void *a, const void *b);

struct heap {
    void **item;
    ptrdiff_t n, cap;
    before *before;
};

static void push(arena *a, struct heap *h, void *x)
{
    if (h->n == h->cap) {
        ptrdiff_t cap = h->cap ? 2 * h->cap : 16;
        h->item = arena_grow(a, h->item, (size_t)h->cap * sizeof *h->item, (size_t)cap * sizeof *h->item, _Alignof(void *));
        h->cap = cap;
    }
    ptrdiff_t i = h->n++;
    for (; i > 0 && h->before(x, h->item[(i - 1) / 2]); i = (i - 1) / 2)
        h->item[i] = h->item[(i - 1) / 2];
    h->item[i] = x;
}

static void *pop(struct heap *h)
{
    void *top = h->item[0], *last = h->item[--h->n];
    ptrdiff_t i = 0;
    for (ptrdiff_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->before(h->item[child + 1], h->item[child]))
            child++;
        if (!h->before(h->item[child], last))
            break;
        h->item[i] = h->item[child];
    }
    h->item[i] = last;
    return top;
}

/* ---- classes: mail that windows and limits treat alike ------------------------------------------------------ */

struct count {
    struct limit *limit;
    struct limit_use *use;
    struct count *next;
};

struct class {
    struct window *window;
    struct count *counts;
    struct heap later, ready; /* units: by the time when their window lets them go; by the order of claim */
    int64_t wake;             /* nothing of it leaves before; */
    const struct limit *limit; /* because of this one */
};

struct clock {
    arena *mem;
    struct verb_call *call;
    int64_t now;
    struct windows windows;
    struct limits limits;
    struct pauses pauses;
    bool any_suppressed, by_domain;
    struct map classes;
    struct heap by_time, by_rank; /* classes: by wake; those that are awake, by their first unit */
};

static bool unit_earlier(const void *x, const void *y)
{
    const struct plan_unit *a = x, *b = y;
    return a->window_at < b->window_at;
}

/* As claim walks: priority, time, number; what has waited has the same time. */
static bool unit_first(const void *x, const void *y)
{
    const struct plan_unit *a = x, *b = y;
    if (a->row->priority != b->row->priority)
        return a->row->priority > b->row->priority;
    return a->row->submission != b->row->submission ? a->row->submission < b->row->submission : a->row->recipient < b->row->recipient;
}

static bool class_earlier(const void *x, const void *y) { return ((const struct class *)x)->wake < ((const struct class *)y)->wake; }

static bool class_first(const void *x, const void *y)
{
    return unit_first(((const struct class *)x)->ready.item[0], ((const struct class *)y)->ready.item[0]);
}

static bool is_named(const struct clock *k, str domain)
{
    for (ptrdiff_t i = 0; i < k->limits.n; i++)
        if (strs_have(&k->limits.item[i].domains, domain))
            return true;
    return false;
}

static bool add_counts(struct clock *k, struct class *x, const struct departure *d, struct err *e)
{
    for (ptrdiff_t i = 0; i < k->limits.n; i++) {
        struct limit *l = &k->limits.item[i];
        bool fresh;
        if (!limit_is_for(l, d))
            continue;
        struct count *count = ARENA_NEW(k->mem, struct count);
        *count = (struct count){l, limit_use_of(k->mem, l, d, &fresh), x->counts};
        x->counts = count;
        if (fresh && !limit_use_load(k->mem, k->call->store, l, count->use, k->now, e))
            return false;
    }
    return true;
}

static struct class *class_of(struct clock *k, const struct pending *row, struct err *e)
{
    str profile = row->profile.ptr ? row->profile : S(""), domain = k->by_domain || is_named(k, row->domain) ? row->domain : S("");
    arena scratch = *k->mem;
    str key = str_fmt(&scratch, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(row->account), STR_ARG(profile), STR_ARG(row->queue), STR_ARG(domain));
    struct map_slot *slot = map_get(&k->classes, key);
    if (slot)
        return slot->value.ptr;
    key = str_fmt(k->mem, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(row->account), STR_ARG(profile), STR_ARG(row->queue), STR_ARG(domain));
    struct class *x = ARENA_NEW(k->mem, struct class);
    *x = (struct class){.window = windows_for(&k->windows, row->account, row->profile, row->queue), .later.before = unit_earlier, .ready.before = unit_first};
    map_put(k->mem, &k->classes, key)->value.ptr = x;
    struct departure d = {.account = row->account, .profile = profile, .queue = row->queue, .domain = domain};
    return add_counts(k, x, &d, e) ? x : NULL;
}

/* ---- before the clock starts ---------------------------------------------------------------------------------- */

static bool is_paused(const struct clock *k, struct plan_unit *u)
{
    for (ptrdiff_t i = 0; i < k->pauses.n; i++) {
        const struct pause *p = &k->pauses.item[i];
        str name = str_eq(p->scope, S("account")) ? u->row->account : str_eq(p->scope, S("queue")) ? u->row->queue : STR_NONE;
        if (!str_eq(p->scope, S("all")) && !str_eq(p->name, name))
            continue;
        u->paused = name;
        return true;
    }
    return false;
}

static bool is_inactive(const struct clock *k, const struct pending *row)
{
    return policy_is_inactive(&k->call->config, row->account, row->profile);
}

static bool find_hold(struct clock *k, struct plan_unit *u, struct err *e)
{
    struct suppression x = {0};
    arena scratch = *k->mem;
    if (k->any_suppressed && !store_suppress_find(&scratch, k->call->store, u->row->account, u->row->address, k->now, &x, e))
        return false;
    enum queue_status status = u->row->status;
    u->hold = status == QUEUE_SENDING     ? PLAN_SENDING
              : status == QUEUE_HELD      ? PLAN_HELD
              : status == QUEUE_UNCERTAIN ? PLAN_UNCERTAIN
              : is_paused(k, u)           ? PLAN_PAUSED
              : is_inactive(k, u->row)    ? PLAN_INACTIVE
              : x.address.ptr             ? PLAN_SUPPRESSED
                                          : PLAN_NONE;
    return true;
}

static bool place(struct clock *k, struct plan_unit *u, struct err *e)
{
    u->own_at = u->row->next_at > k->now ? u->row->next_at : k->now;
    u->leaves = u->window_at = INT64_MAX;
    if (!find_hold(k, u, e))
        return false;
    if (u->hold == PLAN_SENDING)
        u->leaves = u->window_at = k->now;
    if (u->hold != PLAN_NONE)
        return true;
    struct class *x = class_of(k, u->row, e);
    if (!x)
        return false;
    u->window = x->window;
    u->window_at = x->window ? window_leaves(x->window, u->row->next_at, u->own_at) : u->own_at;
    if (u->window_at < INT64_MAX)
        push(k->mem, &x->later, u);
    return true;
}

static bool prepare(struct clock *k, struct err *e)
{
    struct suppressions some;
    int64_t last;
    if (!windows_read(k->mem, &k->call->config, &k->windows, e) || !limits_read(k->mem, &k->call->config, &k->limits, e) ||
        !store_suppress_list(k->mem, k->call->store, STR_NONE, 0, &some, &last, e))
        return false;
    k->any_suppressed = some.n > 0;
    for (ptrdiff_t i = 0; i < k->limits.n; i++)
        k->by_domain = k->by_domain || k->limits.item[i].by_domain;
    return true;
}

/* ---- the clock ------------------------------------------------------------------------------------------------- */

static void sleep_until(struct clock *k, struct class *x, int64_t t)
{
    struct plan_unit *next = x->later.n ? x->later.item[0] : NULL;
    if (x->ready.n == 0 && !next)
        return;
    x->wake = x->ready.n ? t : next->window_at > t ? next->window_at : t;
    if (x->wake < INT64_MAX)
        push(k->mem, &k->by_time, x);
}

static void wake(struct clock *k, struct class *x, int64_t t)
{
    while (x->later.n && ((struct plan_unit *)x->later.item[0])->window_at <= t)
        push(k->mem, &x->ready, pop(&x->later));
    push(k->mem, &k->by_rank, x);
}

static int64_t room_of(struct class *x, int64_t t)
{
    int64_t room = t;
    for (struct count *c = x->counts; c; c = c->next) {
        int64_t at = limit_room(c->limit, c->use, t);
        if (at > room) {
            room = at;
            x->limit = c->limit;
        }
    }
    return room;
}

/* The first unit of the class leaves, or all of it waits. */
static void step(struct clock *k, struct class *x, int64_t t)
{
    struct plan_unit *u = x->ready.item[0];
    if (t >= u->row->expires_at) {
        u->hold = PLAN_EXPIRES;
        pop(&x->ready);
    } else {
        int64_t room = room_of(x, t);
        if (room > t) {
            sleep_until(k, x, room == INT64_MAX || !x->window ? room : window_leaves(x->window, room, room));
            return;
        }
        pop(&x->ready);
        u->leaves = t;
        u->limit = t > u->window_at ? x->limit : NULL;
        for (struct count *c = x->counts; c; c = c->next)
            schedule_log_add(k->mem, &c->use->log, t, 1);
    }
    if (x->ready.n)
        push(k->mem, &k->by_rank, x);
    else
        sleep_until(k, x, t);
}

/* What no room ever comes for. */
static void strand(struct class *x)
{
    for (ptrdiff_t i = 0; i < x->ready.n; i++)
        ((struct plan_unit *)x->ready.item[i])->limit = x->limit;
    for (ptrdiff_t i = 0; i < x->later.n; i++)
        ((struct plan_unit *)x->later.item[i])->limit = x->limit;
}

static void run(struct clock *k)
{
    k->by_time.before = class_earlier;
    k->by_rank.before = class_first;
    for (ptrdiff_t i = 0; i < k->classes.cap; i++)
        if (k->classes.slots[i].hash)
            sleep_until(k, k->classes.slots[i].value.ptr, k->now);
    while (k->by_time.n) {
        int64_t t = ((struct class *)k->by_time.item[0])->wake;
        while (k->by_time.n && ((struct class *)k->by_time.item[0])->wake <= t)
            wake(k, pop(&k->by_time), t);
        while (k->by_rank.n)
            step(k, pop(&k->by_rank), t);
    }
    for (ptrdiff_t i = 0; i < k->classes.cap; i++)
        if (k->classes.slots[i].hash)
            strand(k->classes.slots[i].value.ptr);
}

bool plan_make(arena *a, struct verb_call *c, int64_t now, struct plan *out, struct err *e)
{
    struct clock k = {.mem = a, .call = c, .now = now};
    struct pendings rows;
    if (!prepare(&k, e) || !store_pending(a, c->store, &rows, &k.pauses, e))
        return false;
    *out = (struct plan){ARENA_ARRAY(a, struct plan_unit, rows.n + 1), rows.n};
    for (ptrdiff_t i = 0; i < rows.n; i++) {
        out->unit[i].row = &rows.item[i];
        if (!place(&k, &out->unit[i], e))
            return false;
    }
    run(&k);
    return true;
}
