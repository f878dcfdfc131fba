/* Whether mail goes out: what waits in the queue, and how the last attempts ended. */
#include "mail-stats/health_judge.h"

enum {
    DUE_WARNING = 900, DUE_CRITICAL = 3600,
    DEFERRED_WARNING = 14400, DEFERRED_CRITICAL = 172800,
    PAUSED_WARNING = 86400,
    ATTEMPTS_WARNING = 5, ATTEMPTS_CRITICAL = 20, WEEK_S = 7 * 86400
};

struct wait {
    str check, warning, critical; /* keys of its thresholds; STR_NONE: a warning, whatever its age */
    int64_t warning_s, critical_s;
    const char *what, *hint;
};
static const struct wait waits[] = {
    [HEALTH_DUE] = {S("queue"), S("health.queueWarning"), S("health.queueCritical"), DUE_WARNING, DUE_CRITICAL, "due, and no run took %s",
                    "does cron run mail-queue run? mail-queue plan tells what holds it"},
    [HEALTH_SENDING] = {S("sending"), S("health.queueWarning"), S("health.queueCritical"), DUE_WARNING, DUE_CRITICAL, "taken by a run that never said what became of %s",
                        "does cron run mail-queue run? it takes back what a dead one left"},
    [HEALTH_DEFERRED] = {S("deferred"), S("health.deferredWarning"), S("health.deferredCritical"), DEFERRED_WARNING, DEFERRED_CRITICAL,
                         "tried again and again, and not sent", "mail-queue list --status deferred shows the words of the servers"},
    [HEALTH_UNCERTAIN] = {S("uncertain"), STR_NONE, STR_NONE, 0, 0, "uncertain: the connection broke before the server confirmed %s",
                          "mail-queue reconcile, then mail-queue mark ID sent or failed"},
    [HEALTH_PAUSED] = {S("pause"), STR_NONE, STR_NONE, PAUSED_WARNING, INT64_MAX, "paused", "mail-queue resume"},
};

/* The least of what any account has: rows are asked for once. */
static int64_t least(struct judge *j, str key, int64_t otherwise)
{
    struct strs names = {0};
    int64_t least = judge_setting(j, STR_NONE, key, otherwise);
    config_accounts(j->r->mem, &j->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++) {
        int64_t n = judge_setting(j, names.item[i], key, otherwise);
        least = n < least ? n : least;
    }
    return least;
}

static enum health level_of(struct judge *j, const struct wait *w, const struct health_waiting *x)
{
    int64_t age = j->r->now - x->since;
    if (!w->warning.ptr)
        return judge_level(age, w->warning_s, w->critical_s ? w->critical_s : INT64_MAX);
    return judge_level(age, judge_setting(j, x->account, w->warning, w->warning_s), judge_setting(j, x->account, w->critical, w->critical_s));
}

static void add_paused(struct judge *j, const struct wait *w, const struct health_waiting *x, struct finding f)
{
    str what = x->account.ptr ? S("the account") : x->queue.ptr ? S("its queue") : S("all of the queue");
    judge_add(j, f, "%.*s was paused %.*s ago", STR_ARG(what), STR_ARG(judge_duration(j, j->r->now - x->since)));
    (void)w;
}

static void add_waiting(struct judge *j, const struct health_waiting *x, enum health status)
{
    const struct wait *w = &waits[x->kind];
    struct finding f = {.status = status, .check = w->check, .account = x->account, .object = x->queue, .since = x->since,
                        .hint = status == HEALTH_OK ? STR_NONE : str_c(w->hint)};
    if (x->kind == HEALTH_PAUSED) {
        add_paused(j, w, x, f);
        return;
    }
    bool one = x->n == 1;
    str what = str_fmt(j->r->mem, "%s%lld %s%s %s ", x->n == HEALTH_WAITING_MAX ? "at least " : "", (long long)x->n, x->kind == HEALTH_UNCERTAIN ? "recipient" : "submission", one ? "" : "s", one ? "is" : "are");
    str state = str_fmt(j->r->mem, w->what, one ? "it" : "them");
    judge_add(j, f, "%.*s%.*s; the oldest for %.*s", STR_ARG(what), STR_ARG(state), STR_ARG(judge_duration(j, j->r->now - x->since)));
}

void judge_queue(struct judge *j)
{
    struct health_waitings all;
    struct err e;
    int64_t now = j->r->now, due = least(j, S("health.queueWarning"), DUE_WARNING), old = least(j, S("health.deferredWarning"), DEFERRED_WARNING);
    if (!health_waiting(j->r->mem, j->r->store, now - due, now - old, &all, &e)) {
        judge_error(j, S("store"), STR_NONE, &e);
        return;
    }
    bool overdue = false;
    for (ptrdiff_t i = 0; i < all.n; i++) {
        const struct health_waiting *x = &all.item[i];
        enum health status = level_of(j, &waits[x->kind], x);
        if ((x->account.ptr && !judge_wants(j, x->account)) || (status == HEALTH_OK && x->kind != HEALTH_PAUSED))
            continue;
        add_waiting(j, x, status);
        overdue |= x->kind == HEALTH_DUE;
    }
    if (!overdue)
        judge_add(j, (struct finding){.check = S("queue")}, "nothing is overdue");
}

/* ---- attempts ----------------------------------------------------------------------------------------------- */

static bool wants_a_person(const struct health_sender *x)
{
    return str_eq(x->code, S("smtp.login")) || str_starts(x->code, S("secret.")) || str_starts(x->code, S("sasl.")) ||
           str_starts(x->code, S("net.certificate")) || str_starts(x->code, S("config."));
}

static void judge_sender(struct judge *j, const struct health_sender *x)
{
    struct finding f = {.check = S("send"), .account = x->account};
    if (!x->failures) {
        judge_add(j, f, "the last attempt reached a server");
        return;
    }
    f.status = judge_level(x->failures, judge_setting(j, x->account, S("health.sendWarning"), ATTEMPTS_WARNING),
                           judge_setting(j, x->account, S("health.sendCritical"), ATTEMPTS_CRITICAL));
    if (wants_a_person(x))
        f.status = HEALTH_CRITICAL;
    f.since = x->failing_since;
    if (f.status != HEALTH_OK)
        f.hint = str_fmt(j->r->mem, "mail-send -a %.*s test shows where it ends", STR_ARG(x->account));
    judge_add(j, f, "%lld attempt%s in a row ended at %.*s%s%.*s%s%.*s", (long long)x->failures, x->failures > 1 ? "s" : "", STR_ARG(x->phase),
              x->host.len ? " of " : "", STR_ARG(x->host), x->server.len ? ": " : x->code.len ? ": " : "", STR_ARG(x->server.len ? x->server : x->code));
}

void judge_senders(struct judge *j)
{
    struct health_senders all;
    struct err e;
    if (!health_senders(j->r->mem, j->r->store, j->r->now - WEEK_S, &all, &e)) {
        judge_error(j, S("store"), STR_NONE, &e);
        return;
    }
    for (ptrdiff_t i = 0; i < all.n; i++)
        if (judge_wants(j, all.item[i].account))
            judge_sender(j, &all.item[i]);
}
