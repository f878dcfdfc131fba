/* mail-queue: what claims let go under windows, limits and the list of suppressed addresses, on a clock of the test; and that plan says before
 * what claims then do.
 * uses cmd/mail-queue */
// uses cmd/mail-queue
#include "tap.h"

#include "date/date.h"
#include "lease/lease.h"
#include "mail-queue/plan.h"
#include "mail-queue/policy.h"

#include <unistd.h>

static arena mem;
static char folder[64];
static int64_t now;
static int store_number;

static int64_t now_ms(void) { return now * 1000; }

static uint64_t seed = 88172645463325252u;
static uint32_t roll(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static int64_t at(const char *text)
{
    int64_t seconds = -1;
    date_parse_3339(str_c(text), &seconds, NULL);
    return seconds;
}

static void patience(void *context, str account, struct queue_patience *out)
{
    (void)context;
    (void)account;
    *out = (struct queue_patience){.backoff_s = 300, .backoff_max_s = 4000, .lifetime_s = 30 * 86400};
}

/* ---- a queue of its own ------------------------------------------------------------------------------------------ */

static bool open_queue(struct verb_call *c, const char *config)
{
    struct err e;
    *c = (struct verb_call){.mem = mem};
    c->config.text = str_c(config);
    c->config.path = S("test.conf");
    c->dir = str_z(&c->mem, str_fmt(&c->mem, "%s/%d", folder, store_number++));
    bool good = config_reparse(&c->mem, &c->config, &e) && (c->store = store_open(&c->mem, c->dir, STORE_WRITE, &e)) != NULL;
    if (!good)
        ok(false, "a queue: %s", e.text);
    return good;
}

static int64_t add(struct verb_call *c, const char *account, const char *queue, const char *to, int64_t priority, int64_t send_at)
{
    static int number;
    struct err e = {0};
    struct queue_adder *q = queue_adder_new(&c->mem, c->store, patience, NULL, &e);
    struct submission m = {.account = str_c(account), .queue = str_c(queue), .priority = priority, .send_at = send_at, .envelope.has_from = true};
    str lines;
    m.key = str_fmt(&c->mem, "k%d", number++);
    m.raw = S("U3ViamVjdDogeA0KDQp5DQo=");
    m.envelope.mail_from = S("a@example.com");
    strs_add(&c->mem, &m.envelope.rcpt_to, str_c(to));
    submission_knows(&m, SUBMISSION_ENVELOPE);
    submission_knows(&m, SUBMISSION_PRIORITY);
    if (send_at)
        submission_knows(&m, SUBMISSION_SEND_AT);
    struct ids ids = {0};
    if (queue_add(q, &m, &e) != QUEUE_ADDED || !queue_add_commit(q, &lines, &e) || !queue_resolve(&c->mem, c->store, m.key, &ids, &e))
        ok(false, "add: %s", e.text);
    queue_adder_end(q);
    return ids.n ? ids.item[0] : 0;
}

/* How many left; *when gets the time of each by number. */
static int64_t claim(struct verb_call *c, struct policy *p, int64_t *when, int64_t most)
{
    struct queue_claim want = {.limit = 1000000, .gate = policy_gate, .context = p, .patience = patience};
    struct queue_claimed claimed;
    struct lease lease;
    struct err e;
    arena kept = c->mem;
    if (!queue_claim(&c->mem, c->store, &want, &lease, &claimed, &e)) {
        ok(false, "claim: %s", e.text);
        return 0;
    }
    lease_release(&lease);
    for (str rest = claimed.lines, line; rest.len;) {
        struct record r;
        str_cut(rest, '\n', &line, &rest);
        if (when && record_read_types(&c->mem, line, "claim", 0, RECORD_BIT(RECORD_SUBMISSION), &r, &e) && r.submission.id < most)
            when[r.submission.id] = now;
    }
    c->mem = kept;
    return claimed.recipients;
}

static struct policy *policy_of(struct verb_call *c, enum policy_force force)
{
    struct err e;
    struct policy *p = policy_new(&c->mem, c, force, &e);
    if (!p)
        ok(false, "policy: %s", e.text);
    return p;
}

/* ---- windows ------------------------------------------------------------------------------------------------------ */

static void windows(void)
{
    struct verb_call c;
    now = at("2026-08-24T08:00:00Z");
    if (!open_queue(&c, "[defaults]\nwindow = office\n[account free]\nwindow = none\n[queue bulk]\nwindow = night\n"
                        "[window office]\nstart = 09:00\nend = 18:00\ntimeZone = UTC\ndays = mon-fri\n"
                        "[window night]\nstart = 22:00\nend = 06:00\ntimeZone = UTC\ninterval = 60\n"))
        return;
    struct policy *p = policy_of(&c, POLICY_ALL);
    add(&c, "support", "", "a@example.org", 0, 0);
    add(&c, "free", "", "b@example.org", 0, 0);
    add(&c, "free", "bulk", "c@example.org", 0, 0);
    is_int(claim(&c, p, NULL, 0), 1, "window: an account without one sends at once");
    now = at("2026-08-24T08:59:59Z");
    is_int(claim(&c, p, NULL, 0), 0, "window: a second before it opens nothing leaves");
    now = at("2026-08-24T09:00:00Z");
    is_int(claim(&c, p, NULL, 0), 1, "window: it opens");
    now = at("2026-08-24T22:00:00Z");
    is_int(claim(&c, p, NULL, 0), 1, "window: that of a queue goes before that of its accounts");
    now = at("2026-08-25T03:30:00Z");
    add(&c, "free", "bulk", "d@example.org", 0, 0);
    is_int(claim(&c, p, NULL, 0), 0, "window: between two intervals nothing leaves");
    now = at("2026-08-25T04:10:00Z");
    is_int(claim(&c, p, NULL, 0), 1, "window: what an interval let go leaves with the next claim, late as it may be");
    now = at("2026-08-25T05:10:00Z");
    add(&c, "free", "bulk", "e@example.org", 0, 0);
    now = at("2026-08-25T07:00:00Z");
    is_int(claim(&c, p, NULL, 0), 0, "window: after it nothing leaves");
    now = at("2026-08-25T07:20:00Z");
    is_int(claim(&c, policy_of(&c, POLICY_NO_WINDOW), NULL, 0), 1, "window: force does not know it");
    store_close(c.store);
}

/* ---- limits and suppressed addresses ------------------------------------------------------------------------------ */

static void limits(void)
{
    struct verb_call c;
    now = at("2026-08-24T08:00:00Z");
    if (!open_queue(&c, "[limit gmail]\ndomains = Gmail.com, googlemail.com\nminute = 2\n[limit each]\nby = account\nhour = 5\n"))
        return;
    struct policy *p = policy_of(&c, POLICY_ALL);
    for (int i = 0; i < 4; i++) {
        add(&c, "one", "", i % 2 ? "a@gmail.com" : "b@GoogleMail.com", 0, 0);
        add(&c, "two", "", "c@example.org", 0, 0);
    }
    is_int(claim(&c, p, NULL, 0), 6, "limit: domains of one limit are counted together, others are free");
    now += 59;
    is_int(claim(&c, p, NULL, 0), 0, "limit: within the minute there is no room");
    now += 1;
    struct verb_call other = c;
    struct err e;
    other.store = store_open(&other.mem, c.dir, STORE_WRITE, &e);
    is_int(claim(&other, policy_of(&other, POLICY_ALL), NULL, 0), 2, "limit: then there is, for another process too");
    store_close(other.store);
    c.mem = other.mem;
    for (int i = 0; i < 4; i++)
        add(&c, "one", "", "d@example.org", 0, 0);
    is_int(claim(&c, p, NULL, 0), 1, "limit: each account has its own count, of all that left");
    is_int(claim(&c, policy_of(&c, POLICY_NO_WINDOW), NULL, 0), 0, "limit: a run by force is held");
    now = at("2026-08-24T09:00:00Z");
    for (int i = 0; i < 6; i++)
        claim(&c, p, NULL, 0);
    is_int(claim(&c, p, NULL, 0), 0, "limit: the hour rolls");
    struct queue_filter want = {.limit = -1};
    struct ids ids;
    ok(queue_list(&c.mem, c.store, &want, &ids, &e) && ids.n > 0, "limit: what waits is there");
    now = at("2026-08-24T10:00:00Z");
    claim(&c, p, NULL, 0);
    struct pendings rows;
    struct pauses pauses;
    ok(store_pending(&c.mem, c.store, &rows, &pauses, &e), "limit: what is left can be read");
    int64_t waits = 0;
    for (ptrdiff_t i = 0; i < rows.n; i++)
        waits += rows.item[i].status == QUEUE_QUEUED;
    is_int(waits, 0, "limit: an hour later all has left");
    store_close(c.store);
}

static void suppressed(void)
{
    struct verb_call c;
    struct err e;
    struct suppression found;
    bool known;
    now = at("2026-08-24T08:00:00Z");
    if (!open_queue(&c, ""))
        return;
    struct suppression list[] = {
        {.address = S("Ann@Example.ORG"), .reason = S("bounce"), .detail = S("550 no such user")},
        {.address = S("bob@example.org"), .reason = S("complaint"), .account = S("one")},
        {.address = S("@spam.example"), .reason = S("manual"), .expires_at = now + 3600},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        ok(store_suppress_add(c.store, &list[i], &known, &e) && !known, "suppress: row %d is added", (int)i);
    ok(store_suppress_add(c.store, &list[2], &known, &e) && known, "suppress: and renewed");
    ok(!store_suppress_add(c.store, &(struct suppression){.address = S("ann"), .reason = S("manual")}, &known, &e) && e.class == ERR_INPUT, "suppress: no address");
    ok(!store_suppress_add(c.store, &(struct suppression){.address = S("a@b"), .reason = S("x")}, &known, &e) && e.class == ERR_INPUT, "suppress: no reason");
    static const struct {
        const char *account, *address, *reason; /* "": nothing */
        int64_t later;
    } cases[] = {{"one", "Ann@example.org", "bounce", 0},     {"one", "Ann@EXAMPLE.ORG", "bounce", 0},  {"one", "ann@example.org", "", 0}, {"one", "bob@example.org", "complaint", 0},
                 {"two", "bob@example.org", "", 0},           {"two", "x@spam.example", "manual", 3599}, {"two", "x@spam.example", "", 3600}, {"two", "x@notspam.example", "", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool read = store_suppress_find(&c.mem, c.store, str_c(cases[i].account), str_c(cases[i].address), now + cases[i].later, &found, &e);
        ok(read && str_eq(found.reason, str_c(cases[i].reason)), "suppress: %s for %s after %lld s", cases[i].address, cases[i].account, (long long)cases[i].later);
    }
    int64_t refused = add(&c, "one", "", "Ann@example.org", 0, 0);
    add(&c, "two", "", "bob@example.org", 0, 0);
    is_int(claim(&c, policy_of(&c, POLICY_ALL), NULL, 0), 1, "suppress: who stands there is not claimed");
    struct buf line = buf_new(&c.mem, 1024);
    queue_lines(c.store, &refused, 1, true, &line, &e);
    ok(str_find(buf_str(&line), S("\"status\":\"failed\"")) > 0 && str_find(buf_str(&line), S("queue.suppressed")) > 0, "suppress: it failed, and says why");
    struct refused *rows;
    ptrdiff_t n;
    ok(store_suppress_refused(&c.mem, c.store, S("Ann@example.org"), STR_NONE, &rows, &n, &e) && n == 1 && rows[0].submission == refused, "suppress: who was refused is known");
    store_close(c.store);
}

/* ---- plan against claims ---------------------------------------------------------------------------------------- */

enum { MAILS = 60, MINUTES = 4 * 1440 };

static str random_config(void)
{
    static const int intervals[] = {15, 30, 45, 60, 90};
    struct buf b = buf_new(&mem, 1024);
    buf_put(&b, S("[account one]\nwindow = first\n[account two]\n[queue bulk]\nwindow = second\n"));
    for (int i = 0; i < 2; i++) {
        uint32_t start = roll(24), end = roll(24);
        buf_fmt(&b, "[window %s]\nstart = %02u:%02u\nend = %02u:%02u\ntimeZone = %s\n", i ? "second" : "first", start, roll(4) * 15, end, roll(4) * 15,
                i ? "Europe/Berlin" : "America/New_York");
        if (roll(2))
            buf_fmt(&b, "interval = %d\n", intervals[roll(5)]);
    }
    if (roll(4))
        buf_fmt(&b, "[limit hourly]\nhour = %u\n", 3 + roll(10));
    if (roll(2))
        buf_fmt(&b, "[limit domain]\nby = domain\nminute = 1\nday = %u\n", 10 + roll(20));
    if (roll(2))
        buf_fmt(&b, "[limit one]\naccounts = one\nby = queue\nhour = %u\n", 1 + roll(5));
    buf_byte(&b, 0);
    return buf_str(&b);
}

static bool play(struct verb_call *c, const struct plan *plan)
{
    static int64_t left[MAILS * 2 + 2];
    bool good = true;
    int64_t start = now;
    memset(left, 0, sizeof left);
    struct policy *p = policy_of(c, POLICY_ALL);
    for (int minute = 0; minute < MINUTES; minute++) {
        now = start + minute * 60;
        claim(c, p, left, MAILS * 2 + 2);
    }
    for (ptrdiff_t i = 0; i < plan->n; i++) {
        int64_t id = plan->unit[i].row->submission, said = plan->unit[i].leaves, did = left[id] ? left[id] : INT64_MAX;
        if (said != did && said - start < MINUTES * 60) {
            fprintf(stderr, "#     submission %lld: planned after %lld s, left after %lld s\n", (long long)id, (long long)(said - start), (long long)(did - start));
            good = false;
        }
    }
    return good;
}

static void plans(void)
{
    static const char *const accounts[] = {"one", "two"}, *const queues[] = {"", "", "bulk"}, *const people[] = {"a@x.org", "b@y.org", "c@z.org"};
    for (int round = 0; round < 8; round++) {
        struct verb_call c;
        struct plan plan;
        struct err e;
        str config = random_config();
        now = at(round % 2 ? "2026-10-24T10:00:00Z" : "2026-03-07T10:00:00Z");
        if (!open_queue(&c, config.ptr))
            return;
        for (int i = 0; i < MAILS; i++)
            add(&c, accounts[roll(2)], queues[roll(3)], people[roll(3)], (int64_t)roll(3) - 1, roll(3) ? 0 : now + roll(600) * 60);
        struct verb_call planning = c;
        planning.mem = arena_new((size_t)1 << 30);
        ok(plan_make(&planning.mem, &planning, now, &plan, &e) && plan.n == MAILS, "plan %d: it is made", round);
        if (!ok(play(&c, &plan), "plan %d: each leaves when it says", round))
            fprintf(stderr, "%s", config.ptr);
        arena_free(&planning.mem);
        store_close(c.store);
    }
}

int main(void)
{
    mem = arena_new((size_t)1 << 34);
    /* Hundreds of claims, each made to last: in memory, where that costs nothing. */
    snprintf(folder, sizeof folder, "%s/mailpipe-policy-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (!mkdtemp(folder))
        return 75;
    setenv("TZ", "UTC", 1);
    sys_clock.now_ms = now_ms;
    windows();
    limits();
    suppressed();
    plans();
    char *remove = str_z(&mem, str_fmt(&mem, "rm -rf %s", folder));
    return system(remove) == 0 ? done() : 74;
}
