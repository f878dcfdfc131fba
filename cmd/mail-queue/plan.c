/* mail-queue plan: when each submission will leave, what holds it, and when the queue is empty. */
#include "mail-queue/plan.h"

#include "date/date.h"

#include <stdlib.h>

static const struct verb verb = {
    .name = "plan",
    .usage = "usage: mail-queue plan [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [--queue NAME] [-n N] [--window NAME.KEY=VALUE] [--limit NAME.KEY=VALUE]\n"
             "\n"
             "Prints for each submission that waits when it will leave and what holds it, and last when the queue will be empty: what claim would do\n"
             "if it ran at every moment and each delivery succeeded. Changes nothing.\n"
             "\n"
             "      --window NAME.KEY=VALUE  what if this window were so; may be repeated\n"
             "      --limit NAME.KEY=VALUE   what if this limit were so; may be repeated\n"
             "  -a, --account NAME           print only what is of this account; may be repeated\n"
             "      --queue NAME             print only what is in this queue; may be repeated\n"
             "  -n, --max N                  print the first N and the last line\n"
             "  -s, --store DIR              the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE            the configuration\n"
             "\n"
             "example: mail-queue plan --limit gmail.hour=500 | jq -r 'select(.drainsAt).drainsAt'\n",
    .max_args = 0,
};

enum { OWN_WINDOW = VERB_OWN, OWN_LIMIT };
static const struct prog_name own[] = {{"window", OWN_WINDOW}, {"limit", OWN_LIMIT}, {NULL, 0}};

struct planning {
    struct verb_call call;
    struct strs windows, limits; /* what if */
    int64_t now;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct planning *p = c->context;
    strs_add(&c->mem, val == OWN_WINDOW ? &p->windows : &p->limits, str_c(arg));
    return 0;
}

/* ---- one submission ------------------------------------------------------------------------------------------ */

struct departing {
    const struct plan_unit *unit; /* the first of n */
    ptrdiff_t n;
    int64_t first, last; /* INT64_MAX: never */
    bool stays;          /* nobody but a person lets it go */
};

static bool is_stuck(const struct plan_unit *u)
{
    bool gone = u->hold == PLAN_SENDING || u->hold == PLAN_SUPPRESSED || u->hold == PLAN_EXPIRES;
    return u->leaves == INT64_MAX && !gone;
}

static struct departing departing_of(const struct plan_unit *unit, ptrdiff_t left)
{
    struct departing d = {.unit = unit, .first = INT64_MAX};
    int64_t last = 0;
    bool never = false;
    for (; d.n < left && unit[d.n].row->submission == unit->row->submission; d.n++) {
        const struct plan_unit *u = &unit[d.n];
        d.stays = d.stays || is_stuck(u);
        never = never || u->leaves == INT64_MAX;
        d.first = u->leaves < d.first ? u->leaves : d.first;
        last = u->leaves < INT64_MAX && u->leaves > last ? u->leaves : last;
    }
    d.last = d.stays || (never && d.first == INT64_MAX) ? INT64_MAX : last;
    return d;
}

static int by_time(const void *x, const void *y)
{
    const struct departing *a = x, *b = y;
    if (a->last != b->last)
        return a->last < b->last ? -1 : 1;
    return a->unit->row->submission < b->unit->row->submission ? -1 : 1;
}

/* ---- what holds it ------------------------------------------------------------------------------------------- */

struct waits {
    struct jwrite *w;
    str seen[16]; /* what stands there already, for another recipient */
    int n;
};

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_time(struct jwrite *w, str key, int64_t t)
{
    char room[64];
    arena none = {0};
    struct buf b = {.ptr = room, .cap = sizeof room, .mem = &none};
    jwrite_key(w, key);
    if (t == INT64_MAX) {
        jwrite_null(w);
        return;
    }
    date_put_utc(&b, t);
    jwrite_string(w, buf_str(&b));
}

static void put_wait(struct waits *x, str why, str name, int64_t until)
{
    for (int i = 0; i < x->n; i++)
        if (str_eq(x->seen[i], why))
            return;
    x->seen[x->n++] = why;
    jwrite_object(x->w);
    put_text(x->w, S("for"), why);
    put_text(x->w, S("name"), name);
    if (until && until < INT64_MAX)
        put_time(x->w, S("until"), until);
    jwrite_end_object(x->w);
}

static void put_hold(struct waits *x, const struct plan_unit *u)
{
    switch (u->hold) {
    case PLAN_NONE: break;
    case PLAN_SENDING: put_wait(x, S("sending"), STR_NONE, 0); break;
    case PLAN_HELD: put_wait(x, S("hold"), STR_NONE, 0); break;
    case PLAN_UNCERTAIN: put_wait(x, S("uncertain"), STR_NONE, 0); break;
    case PLAN_PAUSED: put_wait(x, S("pause"), u->paused, 0); break;
    case PLAN_INACTIVE: put_wait(x, S("inactive"), u->row->profile.len ? u->row->profile : u->row->account, 0); break;
    case PLAN_SUPPRESSED: put_wait(x, S("suppressed"), u->row->address, 0); break;
    case PLAN_EXPIRES: put_wait(x, S("expiry"), STR_NONE, u->row->expires_at); break;
    }
}

static void put_waits(struct waits *x, const struct plan_unit *u, int64_t now)
{
    const struct pending *row = u->row;
    if (u->own_at > now && u->hold != PLAN_SENDING) {
        bool undo = u->own_at == row->undo_until, later = u->own_at == row->send_at;
        if (undo || later || row->status == QUEUE_DEFERRED)
            put_wait(x, undo ? S("undo") : later ? S("sendAt") : S("backoff"), STR_NONE, u->own_at);
        else if (row->waits_for.len && !u->window && !u->limit && u->hold != PLAN_INACTIVE)
            put_wait(x, row->waits_for, STR_NONE, u->own_at);
    }
    bool was_closed = u->window && str_eq(row->waits_for, S("window"));
    if (u->window && (u->window_at > u->own_at || (was_closed && u->own_at > now)))
        put_wait(x, S("window"), u->window->name, u->window_at);
    if (u->limit)
        put_wait(x, S("limit"), u->limit->name, u->leaves);
    put_hold(x, u);
}

static void print(struct planning *p, const struct departing *d)
{
    arena scratch = p->call.mem;
    struct buf b = buf_new(&scratch, 512);
    struct jwrite w = {&b, false};
    struct waits waits = {.w = &w};
    const struct pending *row = d->unit->row;
    jwrite_object(&w);
    put_text(&w, S("type"), S("plan"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    jwrite_key(&w, S("id"));
    jwrite_i64(&w, row->submission);
    put_text(&w, S("account"), row->account);
    put_text(&w, S("queue"), row->queue);
    put_text(&w, S("subject"), row->subject);
    jwrite_key(&w, S("recipients"));
    jwrite_i64(&w, d->n);
    put_time(&w, S("leavesAt"), d->last);
    if (d->first != d->last && d->first < INT64_MAX)
        put_time(&w, S("firstAt"), d->first);
    jwrite_key(&w, S("waits"));
    jwrite_array(&w);
    for (ptrdiff_t i = 0; i < d->n; i++)
        put_waits(&waits, &d->unit[i], p->now);
    jwrite_end_array(&w);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(&p->call.out, buf_str(&b));
}

static void print_last(struct planning *p, int64_t submissions, int64_t stays, int64_t drains)
{
    struct buf b = buf_new(&p->call.mem, 256);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    put_text(&w, S("type"), S("plan"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_time(&w, S("drainsAt"), stays || !submissions ? INT64_MAX : drains);
    jwrite_key(&w, S("submissions"));
    jwrite_i64(&w, submissions);
    jwrite_key(&w, S("stays"));
    jwrite_i64(&w, stays);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(&p->call.out, buf_str(&b));
}

static bool is_wanted(const struct verb_call *c, const struct pending *row)
{
    return (!c->accounts.n || strs_have(&c->accounts, row->account)) && (!c->queues.n || strs_have(&c->queues, row->queue));
}

static void print_all(struct planning *p, const struct plan *plan)
{
    struct departing *all = ARENA_ARRAY(&p->call.mem, struct departing, plan->n + 1);
    int64_t n = 0, stays = 0, drains = p->now;
    for (ptrdiff_t i = 0; i < plan->n;) {
        struct departing d = departing_of(&plan->unit[i], plan->n - i);
        i += d.n;
        if (!is_wanted(&p->call, d.unit->row))
            continue;
        all[n++] = d;
        stays += d.stays;
        drains = d.last < INT64_MAX && d.last > drains ? d.last : drains;
    }
    qsort(all, (size_t)n, sizeof *all, by_time);
    for (int64_t i = 0; i < n && (p->call.limit < 0 || i < p->call.limit) && out_good(&p->call.out); i++)
        print(p, &all[i]);
    print_last(p, n, stays, drains);
}

int plan_main(const char *dir, int argc, char **argv)
{
    struct planning p = {0};
    struct verb_call *c = &p.call;
    struct verb v = verb;
    struct plan plan;
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &p, dir, argc, argv, &code))
        return code;
    if (!verb_config(c))
        return verb_end(c);
    for (ptrdiff_t i = 0; i < p.windows.n + p.limits.n; i++) {
        bool window = i < p.windows.n;
        code = policy_what_if(c, window ? "window" : "limit", window ? p.windows.item[i].ptr : p.limits.item[i - p.windows.n].ptr);
        if (code)
            return code;
    }
    if (!verb_open(c, STORE_READ))
        return verb_end(c);
    p.now = now_s();
    if (!plan_make(&c->mem, c, p.now, &plan, &e))
        return verb_fail(c, &e);
    print_all(&p, &plan);
    return verb_end(c);
}
