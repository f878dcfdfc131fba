/* Messages over the connection of their route. Where it is lost, what the server cannot have taken goes over a new one, once the old
 * one has carried anything at all; else it is deferred. */
#include "send.h"

enum { CONNECTION_MEMORY = 1 << 26, DOWN_MS = 60000 };

/* ---- the connection --------------------------------------------------------------------------------- */

static void disconnect(struct route *x)
{
    smtp_close(x->smtp);
    x->smtp = NULL;
}

static bool try_host(struct route *x, const struct host *h, struct err *e)
{
    x->set.net.host = h->name;
    x->set.net.port = h->port;
    if (!x->mem.base)
        x->mem = arena_new(CONNECTION_MEMORY);
    arena_reset(&x->mem);
    x->answered = false;
    x->smtp = smtp_open(&x->mem, &x->set, e);
    return x->smtp != NULL;
}

/* The next host may do better, but not with a login that is refused or settings that are wrong. */
static bool next_may_help(const struct err *e)
{
    return (e->class == ERR_LATER || e->class == ERR_REFUSED) && !prog_stopping();
}

bool route_connect(struct run *r, struct route *x)
{
    struct err e = {0};
    (void)r;
    if (x->down_until && sys_clock.monotonic_ms() < x->down_until)
        return false;
    x->down_until = 0;
    prog_account(x->account);
    for (ptrdiff_t i = 0; i < x->n_hosts; i++) {
        if (i)
            prog_warn("%.*s: %s; trying the next host", STR_ARG(x->account), e.text);
        if (try_host(x, &x->host[i], &e))
            return true;
        if (!next_may_help(&e))
            break;
    }
    x->down = e;
    x->down_until = sys_clock.monotonic_ms() + DOWN_MS;
    prog_error(&e);
    return false;
}

/* ---- what the dialog asks for ------------------------------------------------------------------------ */

static void forget(struct route *x, struct job *j)
{
    struct job **at = &x->first;
    struct job *before = NULL;
    for (; *at != j; at = &(*at)->next)
        before = *at;
    *at = j->next;
    if (x->last == j)
        x->last = before;
}

/* One write and one fdatasync for each lease that is concerned: mostly one. */
static bool commit(void *context, struct smtp_message *const *m, ptrdiff_t n, struct err *e)
{
    struct run *r = context;
    for (struct held *h = r->leases; h; h = h->next) {
        arena scratch = h->mem;
        ptrdiff_t room = 0, marks = 0;
        for (ptrdiff_t i = 0; i < n; i++)
            room += ((struct job *)m[i]->context)->held == h ? m[i]->n : 0;
        struct lease_mark *mark = ARENA_ARRAY(&scratch, struct lease_mark, room ? room : 1);
        for (ptrdiff_t i = 0; i < n; i++) {
            const struct job *j = m[i]->context;
            for (ptrdiff_t k = 0; j->held == h && k < m[i]->n; k++)
                if (m[i]->rcpt[k].status == SMTP_OPEN)
                    mark[marks++] = (struct lease_mark){j->s.id, m[i]->rcpt[k].address};
        }
        if (marks && !lease_data(&h->lease, mark, marks, e)) {
            err_stage(e, "data");
            return false;
        }
    }
    return true;
}

static bool was_answered(const struct smtp_message *m)
{
    for (ptrdiff_t i = 0; i < m->n; i++)
        if (m->rcpt[i].code && m->rcpt[i].phase)
            return true;
    return false;
}

static void done(void *context, struct smtp_message *m)
{
    struct job *j = m->context;
    j->route->answered |= was_answered(m);
    forget(j->route, j);
    job_end(context, j);
}

/* ---- sending ---------------------------------------------------------------------------------------- */

static void defer_all(struct run *r, struct route *x, const struct err *e)
{
    while (x->first) {
        struct job *j = x->first;
        forget(x, j);
        job_defer(r, j, e);
    }
    x->unsent = 0;
    x->unsent_octets = 0;
}

static ptrdiff_t take_unsent(struct route *x, struct smtp_message **list)
{
    ptrdiff_t n = 0;
    for (struct job *j = x->first; j; j = j->next)
        if (!j->handed) {
            j->handed = true;
            list[n++] = &j->m;
        }
    x->unsent = 0;
    x->unsent_octets = 0;
    return n;
}

static void note_begin(struct route *x)
{
    int64_t now = sys_clock.monotonic_ms();
    for (struct job *j = x->first; j; j = j->next)
        if (!j->begun_ms)
            j->begun_ms = now;
}

/* Whether what is left may go over a new connection; else it was deferred. */
static bool goes_on(struct run *r, struct route *x, const struct err *e)
{
    bool good = x->answered && e->class == ERR_LATER, not_its_fault = strcmp(e->code, "smtp.message") == 0;
    disconnect(x);
    if (!x->first) {
        prog_warn("%s", e->text); /* of nothing that could be tried again */
    } else if (prog_stopping() || !(good || not_its_fault)) {
        prog_error(e);
        defer_all(r, x, e);
    }
    for (struct job *j = x->first; j; j = j->next) {
        j->handed = false;
        x->unsent++;
    }
    return x->first != NULL;
}

/* Hand over what waits; with `all`, hear every answer, too. */
static void push(struct run *r, struct route *x, bool all)
{
    struct smtp_message *list[SEND_JOBS];
    const struct smtp_hooks hooks = {r, commit, done};
    struct err e = {0};
    note_begin(x);
    while (x->unsent || (all && x->first)) {
        if (!x->smtp && !route_connect(r, x)) {
            defer_all(r, x, &x->down);
            return;
        }
        ptrdiff_t n = take_unsent(x, list);
        if (smtp_send(x->smtp, list, n, &hooks, &e) && (!all || smtp_drain(x->smtp, &hooks, &e)))
            return;
        if (!goes_on(r, x, &e))
            return;
    }
}

void route_add(struct run *r, struct job *j)
{
    struct route *x = j->route;
    j->next = NULL;
    if (x->last)
        x->last->next = j;
    else
        x->first = j;
    x->last = j;
    x->unsent++;
    x->unsent_octets += j->m.scan.octets;
    if (x->unsent >= SEND_TOGETHER || x->unsent_octets > SMTP_SMALL)
        push(r, x, false);
    if (!r->idle && r->made == SEND_JOBS)
        run_drain(r);
}

void run_drain(struct run *r)
{
    for (struct route *x = r->routes; x; x = x->next)
        push(r, x, true);
    if (r->to_copy)
        copy_sent(r);
}

void run_disconnect(struct run *r)
{
    for (struct route *x = r->routes; x; x = x->next)
        disconnect(x);
}
