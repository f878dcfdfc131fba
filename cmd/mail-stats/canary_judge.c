/* Whether probes arrive: the whole circle of queue, server and fetch. */
#include "mail-stats/health_judge.h"

enum { LOOKED_AT = 200, WARNING_S = 900, CRITICAL_S = 3600, SENT_WARNING = 3, SENT_CRITICAL = 12 };

static bool is_lost(const struct health_probe *x) { return x->status == QUEUE_FAILED || x->status == QUEUE_EXPIRED; }

/* It left the queue, or nothing but the program that empties it keeps it there. */
static bool is_under_way(const struct health_probe *x)
{
    return !x->arrived_at && x->status != QUEUE_CANCELED && (x->status != QUEUE_QUEUED || !x->waits_for.len) && x->status != QUEUE_HELD;
}

struct probes {
    const struct health_probe *arrived; /* the newest that did */
    const struct health_probe *missing; /* the oldest behind that; before it, the oldest that was refused */
};

static struct probes probes_of(const struct health_probes *all)
{
    struct probes p = {NULL, NULL};
    for (ptrdiff_t i = 0; i < all->n && !p.arrived; i++) {
        const struct health_probe *x = &all->item[i];
        if (x->arrived_at)
            p.arrived = x;
        else if (is_under_way(x) && (is_lost(x) || !p.missing || !is_lost(p.missing)))
            p.missing = x;
    }
    return p;
}

static enum health level_of(struct judge *j, str account, const struct health_probe *missing)
{
    if (!missing || is_lost(missing))
        return missing ? HEALTH_CRITICAL : HEALTH_OK;
    return judge_level(j->r->now - missing->queued_at, judge_setting(j, account, S("canary.warning"), WARNING_S),
                       judge_setting(j, account, S("canary.critical"), CRITICAL_S));
}

static void add_fine(struct judge *j, struct finding f, const struct probes *p)
{
    if (!p->arrived) {
        judge_add(j, f, p->missing ? "a probe is under way" : "no probe is under way");
        return;
    }
    judge_add(j, f, "the last probe that arrived took %.*s, %.*s ago", STR_ARG(judge_duration(j, p->arrived->arrived_at - p->arrived->queued_at)),
              STR_ARG(judge_duration(j, j->r->now - p->arrived->arrived_at)));
}

static void add_missing(struct judge *j, struct finding f, const struct health_probe *x)
{
    str age = judge_duration(j, j->r->now - x->queued_at), status = queue_status_name(x->status);
    f.since = x->queued_at;
    f.hint = str_fmt(j->r->mem, x->left_at ? "it was sent: is it at the server? mail-fetch -a %.*s test; mail-queue show %lld"
                                           : "is the queue run, account %.*s? mail-queue show %lld tells",
                     STR_ARG(f.account), (long long)x->id);
    judge_add(j, f, "a probe has not arrived after %.*s; in the queue it is %.*s%s%.*s", STR_ARG(age), STR_ARG(status), x->server.len ? ": " : "", STR_ARG(x->server));
}

/* Without new probes, old ones say nothing. */
static void judge_probes(struct judge *j, str account, int64_t interval, const struct health_probes *all)
{
    struct finding f = {.check = S("canary"), .account = account};
    struct probes p = probes_of(all);
    int64_t silent = all->n ? j->r->now - all->item[0].queued_at : 0;
    enum health sending = all->n ? judge_level(silent / interval, SENT_WARNING, SENT_CRITICAL) : HEALTH_WARNING, arriving = level_of(j, account, p.missing);
    f.status = sending > arriving ? sending : arriving;
    if (f.status == HEALTH_OK) {
        add_fine(j, f, &p);
        return;
    }
    if (arriving >= sending) {
        add_missing(j, f, p.missing);
        return;
    }
    f.hint = S("does cron run mail-stats canary send?");
    f.since = all->n ? all->item[0].queued_at : 0;
    if (all->n)
        judge_add(j, f, "the last probe was sent %.*s ago", STR_ARG(judge_duration(j, silent)));
    else
        judge_add(j, f, "no probe was ever sent");
}

static void judge_canary(struct judge *j, str account, int64_t interval)
{
    struct health_probes all;
    struct err e;
    if (!health_probes(j->r->mem, j->r->store, account, LOOKED_AT, &all, &e))
        judge_error(j, S("store"), account, &e);
    else
        judge_probes(j, account, interval, &all);
}

void judge_canaries(struct judge *j)
{
    struct strs names = {0};
    config_accounts(j->r->mem, &j->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++) {
        int64_t interval = judge_setting(j, names.item[i], S("canary.interval"), 0);
        if (interval && judge_wants(j, names.item[i]) && !str_eq(config_get(&j->config, names.item[i], S("status")), S("inactive")))
            judge_canary(j, names.item[i], interval);
    }
}
