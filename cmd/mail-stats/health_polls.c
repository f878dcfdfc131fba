/* Whether mail comes in: the last poll that ended well, against the account's interval. */
#include "mail-stats/health_judge.h"

enum { INTERVAL_S = 300, TIMES_WARNING = 6, TIMES_CRITICAL = 24, FAILURES_WARNING = 3, FAILURES_CRITICAL = 10, WEEK_S = 7 * 86400 };

/* What no further attempt mends. */
static bool wants_a_person(str code)
{
    static const str codes[] = {S("imap.login"),   S("imap.permission"), S("imap.no-mailbox"), S("secret."),         S("sasl."),   S("config."),
                                S("net.certificate"), S("net.no-starttls"), S("net.not-tls"),  S("net.ca-file"), S("net.host")};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (str_starts(code, codes[i]))
            return true;
    return false;
}

struct thresholds {
    int64_t interval, times_warning, times_critical, failures_warning, failures_critical;
};

static struct thresholds thresholds_of(struct judge *j, str account)
{
    return (struct thresholds){judge_setting(j, account, S("syncInterval"), INTERVAL_S), judge_setting(j, account, S("health.pollWarning"), TIMES_WARNING),
                               judge_setting(j, account, S("health.pollCritical"), TIMES_CRITICAL),
                               judge_setting(j, account, S("health.failuresWarning"), FAILURES_WARNING),
                               judge_setting(j, account, S("health.failuresCritical"), FAILURES_CRITICAL)};
}

static enum health level_of(const struct judge *j, const struct thresholds *t, const struct health_poll *p)
{
    int64_t good = p->last_good_at ? p->last_good_at : p->failing_since;
    enum health age = judge_level((j->r->now - good) / t->interval, t->times_warning, t->times_critical);
    enum health failures = judge_level(p->failures, t->failures_warning, t->failures_critical);
    if (p->failures && p->code.len && wants_a_person(p->code))
        return HEALTH_CRITICAL;
    return age > failures ? age : failures;
}

static str hint_of(struct judge *j, const struct health_poll *p)
{
    str name = p->account;
    arena *a = j->r->mem;
    if (!p->failures)
        return str_fmt(a, "does cron run mail-fetch --all --due? try mail-fetch -a %.*s | mail-parse | mail-thread | mail-store put", STR_ARG(name));
    if (str_eq(p->code, S("imap.login")) || str_starts(p->code, S("secret.")) || str_starts(p->code, S("sasl.")))
        return str_fmt(a, "mail-account secret set %.*s imap.secret, then mail-fetch -a %.*s test", STR_ARG(name), STR_ARG(name));
    return str_fmt(a, "mail-fetch -a %.*s test shows where it ends", STR_ARG(name));
}

static void add_mailbox(struct judge *j, const struct health_poll *p, enum health status)
{
    struct finding f = {.status = status, .check = S("poll"), .account = p->account};
    int64_t now = j->r->now;
    if (status != HEALTH_OK) {
        f.hint = hint_of(j, p);
        f.since = p->failures ? p->failing_since : p->last_good_at;
    }
    if (p->failures)
        judge_add(j, f, "%.*s: %lld poll%s in a row failed: %.*s", STR_ARG(p->mailbox), (long long)p->failures, p->failures > 1 ? "s" : "",
                  STR_ARG(p->error.len ? p->error : p->code));
    else
        judge_add(j, f, "%.*s: the last poll that ended well was %.*s ago", STR_ARG(p->mailbox), STR_ARG(judge_duration(j, now - p->last_good_at)));
}

/* A session that did not begin is a poll of "*" that failed: of every mailbox. */
static void apply_star(struct health_poll *p, const struct health_poll *star)
{
    if (!star || star->last_at <= p->last_at || !star->failures)
        return;
    p->failing_since = p->failures ? p->failing_since : star->failing_since;
    p->failures += star->failures;
    p->code = star->code;
    p->error = star->error;
}

struct reading {
    str account;
    const struct health_polls *polls;
    struct strs wanted;
    bool all; /* the mailboxes are "*": those that were tried in the week before the last poll */
    int64_t last_at;
};

static bool is_wanted(const struct reading *x, const struct health_poll *p)
{
    if (!str_eq(p->account, x->account))
        return false;
    if (x->all)
        return !str_eq(p->mailbox, S("*")) && p->last_at > x->last_at - WEEK_S;
    for (ptrdiff_t i = 0; i < x->wanted.n; i++)
        if (str_eq(x->wanted.item[i], p->mailbox) || (str_eq_nocase(x->wanted.item[i], S("INBOX")) && str_eq(p->mailbox, S("INBOX"))))
            return true;
    return false;
}

static int64_t last_poll(const struct reading *x)
{
    int64_t last = 0;
    for (ptrdiff_t i = 0; i < x->polls->n; i++)
        if (str_eq(x->polls->item[i].account, x->account) && x->polls->item[i].last_at > last)
            last = x->polls->item[i].last_at;
    return last;
}

static const struct health_poll *star_of(const struct reading *x)
{
    for (ptrdiff_t i = 0; i < x->polls->n; i++)
        if (str_eq(x->polls->item[i].account, x->account) && str_eq(x->polls->item[i].mailbox, S("*")))
            return &x->polls->item[i];
    return NULL;
}

/* Of several mailboxes the one that is worst. */
static void judge_account(struct judge *j, struct reading *x)
{
    struct thresholds t = thresholds_of(j, x->account);
    struct health_poll worst = {0};
    const struct health_poll *star = x->all ? star_of(x) : NULL;
    enum health status = HEALTH_OK;
    ptrdiff_t seen = 0;
    for (ptrdiff_t i = 0; i < x->polls->n; i++) {
        struct health_poll p = x->polls->item[i];
        if (!is_wanted(x, &p))
            continue;
        apply_star(&p, star);
        enum health level = level_of(j, &t, &p);
        bool worse = !seen || level > status || (level == status && p.last_good_at < worst.last_good_at);
        worst = worse ? p : worst;
        status = level > status ? level : status;
        seen++;
    }
    if (!seen && star) {
        worst = *star;
        status = level_of(j, &t, star);
        seen = 1;
    }
    if (seen)
        add_mailbox(j, &worst, status);
    if (seen < (x->all ? 1 : x->wanted.n))
        judge_add(j, (struct finding){.status = HEALTH_WARNING, .check = seen ? S("mailboxes") : S("poll"), .account = x->account,
                                      .hint = str_fmt(j->r->mem, "run mail-fetch -a %.*s | mail-parse | mail-thread | mail-store put", STR_ARG(x->account))},
                  seen ? "a mailbox was never polled" : "it was never polled");
}

/* Without a configuration: what the store knows. */
static void accounts_of_polls(const struct judge *j, const struct health_polls *polls, struct strs *out)
{
    for (ptrdiff_t i = 0; i < polls->n; i++)
        if (judge_wants(j, polls->item[i].account) && !strs_have(out, polls->item[i].account))
            strs_add(j->r->mem, out, polls->item[i].account);
}

void judge_polls(struct judge *j)
{
    struct health_polls polls;
    struct strs accounts = j->accounts;
    struct err e;
    if (!health_polls(j->r->mem, j->r->store, &polls, &e)) {
        judge_error(j, S("store"), STR_NONE, &e);
        return;
    }
    if (!j->config.exists)
        accounts_of_polls(j, &polls, &accounts);
    for (ptrdiff_t i = 0; i < accounts.n; i++) {
        struct reading x = {.account = accounts.item[i], .polls = &polls, .all = !j->config.exists};
        config_list(j->r->mem, &j->config, x.account, S("mailboxes"), &x.wanted);
        if (!x.wanted.n)
            strs_add(j->r->mem, &x.wanted, S("INBOX"));
        x.all = x.all || strs_have(&x.wanted, S("*"));
        x.last_at = last_poll(&x);
        judge_account(j, &x);
    }
}
