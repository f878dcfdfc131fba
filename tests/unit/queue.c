/* The queue below mail-queue: order of claims, gates, times of the next attempt, who may settle, what a person may say. */
#include "lease/lease.h"
#include "store/queue.h"

#include "sys/sys.h"
#include "tap.h"

#include <unistd.h>

static arena mem;
static struct store *store;
static char dir[64];
static struct queue_patience patience = {.backoff_s = 300, .backoff_max_s = 4000, .lifetime_s = 5 * 86400};
static int64_t now = 1800000000;
static uint32_t dice; /* what random gives */

static int64_t now_ms(void) { return now * 1000; }
static void roll(void *p, size_t n)
{
    static uint64_t serial;
    memset(p, 0, n);
    if (n == sizeof dice)
        memcpy(p, &dice, n);
    else
        memcpy(p, &(uint64_t){++serial}, n < 8 ? n : 8);
}
static void patience_of(void *context, str account, struct queue_patience *out)
{
    (void)context;
    (void)account;
    *out = patience;
}

/* ---- helpers of this test ---------------------------------------------------------------------------------- */

static int64_t number(const char *sql)
{
    int64_t n = -1;
    struct err e;
    sqlite3_stmt *q;
    (void)e;
    if (sqlite3_prepare_v2(store->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static str text(const char *sql)
{
    sqlite3_stmt *q;
    str s = STR_NONE;
    if (sqlite3_prepare_v2(store->db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        s = db_text_copy(&mem, q, 0);
    sqlite3_finalize(q);
    return s;
}

static void run(const char *sql)
{
    struct err e;
    ok(db_script(store, sql, &e), "%s", sql);
}

static void forget_all(void)
{
    struct strs names = {0};
    struct err e;
    str folder = str_fmt(&mem, "%s/queue", dir);
    lease_list(&mem, folder, &names, &e);
    for (ptrdiff_t i = 0; i < names.n; i++)
        unlink(str_z(&mem, str_fmt(&mem, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names.item[i]))));
    sqlite3_exec(store->db, "DELETE FROM submission; DELETE FROM pause; DELETE FROM sqlite_sequence WHERE name = 'submission'", NULL, NULL, NULL);
}

/* A submission to these, separated by spaces; its number. */
static int64_t add(const char *key, const char *recipients, int64_t priority, int64_t send_at)
{
    struct err e = {0};
    str lines, rest = str_c(recipients), one;
    struct submission m = {.key = str_c(key), .account = S("ann"), .raw = S("aGk="), .priority = priority, .send_at = send_at};
    m.envelope.has_from = true;
    m.envelope.mail_from = S("ann@x");
    m.known = SUBMISSION_BIT(SUBMISSION_KEY) | SUBMISSION_BIT(SUBMISSION_ACCOUNT) | SUBMISSION_BIT(SUBMISSION_RAW) | SUBMISSION_BIT(SUBMISSION_PRIORITY) |
              SUBMISSION_BIT(SUBMISSION_ENVELOPE) | (send_at ? SUBMISSION_BIT(SUBMISSION_SEND_AT) : 0);
    while (rest.len) {
        str_cut(rest, ' ', &one, &rest);
        strs_add(&mem, &m.envelope.rcpt_to, one);
    }
    struct queue_adder *q = queue_adder_new(&mem, store, patience_of, NULL, &e);
    bool good = q && queue_add(q, &m, &e) == QUEUE_ADDED && queue_add_commit(q, &lines, &e);
    ok(good, "add %s%s", key, e.text);
    queue_adder_end(q);
    return number("SELECT max(id) FROM submission");
}

static struct lease lease;
static struct queue_claimed claimed;

/* Numbers of what a claim prints, in its order. */
static str claim(struct queue_claim want)
{
    struct err e = {0};
    want.limit = want.limit ? want.limit : 100;
    if (!queue_claim(&mem, store, &want, &lease, &claimed, &e))
        return str_fmt(&mem, "failed: %s", e.text);
    lease_release(&lease);
    struct buf b = buf_new(&mem, 64);
    str rest = claimed.lines, line;
    while (str_cut(rest, '\n', &line, &rest)) {
        struct record r;
        ok(record_read_types(&mem, line, "claim", 1, ~0u, &r, &e) && r.type == RECORD_SUBMISSION, "a submission");
        buf_fmt(&b, "%s%lld", b.len ? " " : "", (long long)r.submission.id);
    }
    return buf_str(&b);
}

static enum queue_taken_in settle(int64_t id, const char *recipient, const char *status, str under, int64_t retry_at)
{
    struct err e = {0};
    str events;
    struct delivery d = {.submission_id = id, .recipient = str_c(recipient), .status = str_c(status), .lease = under, .retry_at = retry_at, .code = 451};
    d.known = DELIVERY_BIT(DELIVERY_CODE) | (retry_at ? DELIVERY_BIT(DELIVERY_RETRY_AT) : 0);
    d.server = S("words");
    struct queue_settler *q = queue_settler_new(&mem, store, patience_of, NULL, &e);
    enum queue_taken_in how = queue_settle(q, &d, &e);
    ok(how != QUEUE_LOST && queue_settle_commit(q, &events, &e), "settle %s", e.text);
    queue_settler_end(q);
    return how;
}

/* ---- states ------------------------------------------------------------------------------------------------- */

static void derived(void)
{
    static const struct {
        const char *of, *want;
    } cases[] = {{"sent sent", "sent"},         {"sent failed", "failed"},     {"failed deferred", "deferred"},   {"queued deferred", "queued"},
                 {"sending queued", "sending"}, {"uncertain sent", "uncertain"}, {"uncertain deferred", "deferred"}, {"held sent", "held"},
                 {"expired sent", "expired"},   {"canceled sent", "sent"},     {"canceled canceled", "canceled"}, {"expired failed", "failed"}};
    int64_t id = add("derive", "a@x b@x", 0, 0);
    struct err e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str first, second;
        str_cut(str_c(cases[i].of), ' ', &first, &second);
        const char *sql = str_z(&mem, str_fmt(&mem, "UPDATE recipient SET status = CASE address WHEN 'a@x' THEN '%.*s' ELSE '%.*s' END", STR_ARG(first), STR_ARG(second)));
        sqlite3_exec(store->db, sql, NULL, NULL, NULL);
        queue_derive(store, id, now, &e);
        is_str(text("SELECT status FROM submission"), str_c(cases[i].want), "%s", cases[i].of);
        bool over = number("SELECT status IN ('sent', 'failed', 'expired', 'canceled') FROM submission") == 1;
        is_int(number("SELECT settled_at IS NOT NULL FROM submission"), over, "%s: %s", cases[i].of, over ? "is over" : "is open");
    }
    forget_all();
}

/* ---- order -------------------------------------------------------------------------------------------------- */

static bool refuse_y(void *context, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e)
{
    (void)s;
    (void)e;
    ++*(int *)context;
    if (str_eq(c->domain, S("wait.example")))
        *out = (struct queue_answer){.verdict = QUEUE_WAIT, .until = c->now + 60, .waits_for = S("window")};
    if (str_eq(c->domain, S("far.example")))
        *out = (struct queue_answer){.verdict = QUEUE_WAIT, .until = c->now + 86400, .waits_for = S("window")};
    if (str_eq(c->domain, S("no.example")))
        *out = (struct queue_answer){.verdict = QUEUE_REFUSE, .reason = S("suppressed"), .error_code = S("queue.suppressed")};
    return true;
}

static void order(void)
{
    add("1", "a@x", 0, 0);
    add("2", "a@x", 5, 0);
    add("3", "a@x", -1, 0);
    add("4", "a@x", 0, now + 100);
    add("5", "a@x", 5, now + 50);
    is_str(claim((struct queue_claim){.dry_run = true}), S("2 1 3"), "priority, then time");
    is_int(number("SELECT count(*) FROM recipient WHERE status = 'queued'"), 5, "--dry-run marks nothing");
    is_str(claim((struct queue_claim){.limit = 2}), S("2 1"), "at most so many");
    is_str(claim((struct queue_claim){0}), S("3"), "the rest");
    is_str(claim((struct queue_claim){0}), S(""), "nothing is due");
    is_int(lease.fd, -1, "and no lease is made");
    int64_t named[] = {4};
    is_str(claim((struct queue_claim){.ids = named, .n_ids = 1}), S(""), "a named one before its time");
    is_str(claim((struct queue_claim){.ids = named, .n_ids = 1, .force = true}), S("4"), "unless it is forced");
    now += 50;
    is_str(claim((struct queue_claim){.force = true}), S("5"), "when its time has come");
    forget_all();
}

static void gates(void)
{
    int asked = 0;
    struct queue_claim want = {.gate = refuse_y, .context = &asked};
    add("1", "a@x b@wait.example c@no.example d@X.Example", 0, 0);
    add("2", "e@far.example", 0, 0);
    is_str(claim(want), S("1"), "some may leave");
    is_int(claimed.recipients, 2, "two of four");
    is_int(claimed.refused, 1, "one is refused");
    is_int(asked, 5, "each is asked for");
    is_str(text("SELECT group_concat(status) FROM (SELECT status FROM recipient WHERE submission_id = 1 ORDER BY id)"), S("sending,queued,failed,sending"), "their states");
    is_int(number("SELECT next_at FROM recipient WHERE address = 'b@wait.example'") - now, 60, "waits until then");
    is_int(number("SELECT next_at FROM submission WHERE id = 2") - now, QUEUE_ASK_S, "is asked again soon enough, because settings change");
    is_str(text("SELECT waits_for FROM submission WHERE id = 2"), S("window"), "what it waits for");
    is_str(text("SELECT server FROM recipient WHERE address = 'c@no.example'"), S("suppressed"), "why it was refused");
    is_str(claim((struct queue_claim){.force = true}), S("1 2"), "--force takes what waits");
    is_int(claimed.recipients, 2, "one of each");
    forget_all();
}

static void paused(void)
{
    struct err e;
    bool changed;
    struct strs other = {0}, own = {0};
    strs_add(&mem, &other, S("bob"));
    strs_add(&mem, &own, S("ann"));
    add("1", "a@x", 0, 0);
    is_str(claim((struct queue_claim){.accounts = &other}), S(""), "another account");
    ok(queue_pause(store, S("account"), S("ann"), S("root"), S("why"), &changed, &e) && changed, "pause");
    ok(queue_pause(store, S("account"), S("ann"), S("root"), STR_NONE, &changed, &e) && !changed, "once");
    is_str(claim((struct queue_claim){.accounts = &own}), S(""), "nothing leaves");
    is_str(text("SELECT by || ' ' || reason FROM pause"), S("root why"), "who and why");
    ok(queue_resume(store, S("account"), S("ann"), S("root"), &changed, &e) && changed, "resume");
    ok(queue_pause(store, S("all"), S(""), S("root"), STR_NONE, &changed, &e) && changed, "pause all");
    is_str(claim((struct queue_claim){0}), S(""), "nothing leaves");
    is_str(claim((struct queue_claim){.force = true}), S("1"), "unless it is forced");
    forget_all();
}

/* ---- outcomes ------------------------------------------------------------------------------------------------- */

static int64_t next_in(void) { return number("SELECT next_at FROM recipient") - now; }

static void backoff(void)
{
    static const int64_t middle[] = {300, 600, 1200, 2400, 4000, 4000};
    int64_t id = add("1", "a@x", 0, 0);
    for (size_t i = 0; i < sizeof middle / sizeof *middle; i++) {
        claim((struct queue_claim){0});
        dice = i % 2 ? (uint32_t)(middle[i] / 5) : 0;
        is_int(settle(id, "a@x", "deferred", lease.name, 0), QUEUE_ADDED, "attempt %zu", i + 1);
        is_int(next_in(), i % 2 ? middle[i] + middle[i] / 10 : middle[i] - middle[i] / 10, "%lld, a tenth %s", (long long)middle[i], i % 2 ? "more" : "less");
        now += next_in();
    }
    is_int(number("SELECT count(*) FROM attempt WHERE server = 'words'"), 6, "all are in the log");
    is_int(number("SELECT max(number) FROM attempt"), 6, "numbered");
    claim((struct queue_claim){0});
    settle(id, "a@x", "deferred", lease.name, now + 7);
    is_int(next_in(), 7, "the wish of the server wins");
    now += 7;
    claim((struct queue_claim){0});
    settle(id, "a@x", "deferred", lease.name, now + 10 * 86400);
    is_int(number("SELECT next_at - expires_at FROM v_queue"), 0, "but not beyond its life");
    now = number("SELECT expires_at FROM submission");
    is_str(claim((struct queue_claim){0}), S(""), "its time is over");
    is_int(claimed.expired, 1, "it is given up");
    is_str(text("SELECT status || ' ' || (SELECT status || ' ' || server FROM recipient) FROM submission"), S("expired expired words"), "with the last words");
    forget_all();

    patience.max_attempts = 2;
    id = add("2", "a@x", 0, 0);
    for (int i = 0; i < 2; i++) {
        now += 5000;
        claim((struct queue_claim){0});
        settle(id, "a@x", "deferred", lease.name, 0);
    }
    is_str(text("SELECT status FROM submission"), S("failed"), "after its attempts");
    patience.max_attempts = 0;
    forget_all();
}

static void who_settles(void)
{
    int64_t id = add("1", "a@x b@x", 0, 0);
    is_int(settle(id, "a@x", "sent", S("l0"), 0), QUEUE_KNOWN, "nobody waits for it");
    claim((struct queue_claim){0});
    str path = str_copy(&mem, lease.path);
    is_int(settle(id, "a@x", "sent", S("l0123456789abcdef"), 0), QUEUE_KNOWN, "of another lease");
    is_int(settle(id, "c@x", "sent", lease.name, 0), QUEUE_KNOWN, "of nobody");
    is_int(settle(99, "a@x", "sent", lease.name, 0), QUEUE_KNOWN, "of nothing");
    is_int(settle(id, "a@X", "sent", lease.name, 0), QUEUE_ADDED, "the domain has no case");
    is_int(settle(id, "a@x", "failed", lease.name, 0), QUEUE_KNOWN, "twice");
    ok(access(path.ptr, F_OK) == 0, "the lease stays while something is open");
    is_int(settle(id, "b@x", "uncertain", lease.name, 0), QUEUE_ADDED, "uncertain");
    ok(access(path.ptr, F_OK) != 0, "then it goes");
    is_str(text("SELECT status FROM submission"), S("uncertain"), "and says so");
    str name = str_copy(&mem, lease.name);
    is_str(claim((struct queue_claim){0}), S(""), "never again by itself");
    is_int(settle(id, "b@x", "sent", name, 0), QUEUE_ADDED, "the truth may come late");
    is_str(text("SELECT status FROM submission"), S("sent"), "and is taken");
    forget_all();
}

/* ---- taking back ---------------------------------------------------------------------------------------------- */

static void take_back(void)
{
    struct err e = {0};
    struct lease send;
    struct queue_taken taken;
    int64_t id = add("1", "a@x b@x c@x d@x", 0, 0);
    claim((struct queue_claim){0});
    str name = str_copy(&mem, lease.name);
    ok(lease_hold(&mem, lease.path, &send, &e), "a sender");
    const struct lease_mark marks[] = {{id, S("b@x")}, {id, S("c@x")}, {id, S("d@x")}};
    lease_data(&send, marks, 3, &e);
    lease_reply(&send, &(struct lease_entry){LEASE_REPLY, id, S("c@x"), S("sent"), 250, S("2.0.0"), S("ok")}, &e);
    lease_reply(&send, &(struct lease_entry){LEASE_REPLY, id, S("d@x"), S("failed"), 550, S("5.1.1"), S("nobody")}, &e);
    ok(queue_take_back(&mem, store, 0, patience_of, NULL, &taken, &e) && taken.leases == 0, "it lives");
    lease_release(&send);
    ok(queue_take_back(&mem, store, 1 << 30, patience_of, NULL, &taken, &e), "too young");
    /* The file is as old as this machine's clock says, and ours stands still. */
    ok(queue_take_lease(&mem, store, name, patience_of, NULL, &taken, &e), "it died%s", e.text);
    is_int(taken.queued, 1, "one was not sent");
    is_int(taken.uncertain, 1, "one is uncertain");
    is_int(taken.settled, 2, "two are settled");
    is_str(text("SELECT group_concat(status) FROM (SELECT status FROM recipient ORDER BY id)"), S("queued,uncertain,sent,failed"), "their states");
    is_str(text("SELECT server FROM recipient WHERE address = 'd@x'"), S("nobody"), "the words of the server");
    is_int(number("SELECT attempts FROM recipient WHERE address = 'a@x'"), 0, "what was not sent was no attempt");
    is_str(claim((struct queue_claim){0}), S("1"), "it is claimed again");
    is_int(claimed.recipients, 1, "alone");

    unlink(lease.path.ptr);
    ok(queue_take_back(&mem, store, 1 << 30, patience_of, NULL, &taken, &e), "its lease was removed by hand");
    is_int(taken.uncertain, 1, "nobody can say what was sent");
    is_str(text("SELECT error_code FROM recipient WHERE address = 'a@x'"), S("lease.lost"), "and why");
    forget_all();
}

/* ---- people ----------------------------------------------------------------------------------------------------- */

static void people(void)
{
    static const char *const states[] = {"queued", "sending", "sent", "deferred", "failed", "held", "canceled", "expired", "uncertain"};
    /* For each order, what each state becomes; "-": stays. */
    static const struct {
        enum queue_order order;
        bool uncertain;
        const char *becomes[9];
    } cases[] = {
        {QUEUE_HOLD, false, {"held", "-", "-", "held", "-", "-", "-", "-", "-"}},
        {QUEUE_RELEASE, false, {"-", "-", "-", "-", "-", "queued", "-", "-", "-"}},
        {QUEUE_CANCEL, false, {"canceled", "-", "-", "canceled", "-", "canceled", "-", "-", "-"}},
        {QUEUE_RETRY, false, {"queued", "-", "-", "queued", "queued", "-", "queued", "queued", "-"}},
        {QUEUE_RETRY, true, {"queued", "-", "-", "queued", "queued", "-", "queued", "queued", "queued"}},
        {QUEUE_MARK_SENT, false, {"sent", "-", "-", "sent", "sent", "sent", "sent", "sent", "sent"}},
        {QUEUE_MARK_FAILED, false, {"failed", "-", "failed", "failed", "-", "failed", "failed", "failed", "failed"}},
    };
    int64_t id = add("1", "a@x", 0, 0), changed;
    struct err e;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < 9; k++) {
            sqlite3_exec(store->db, str_z(&mem, str_fmt(&mem, "UPDATE recipient SET last_at = NULL, status = '%s'", states[k])), NULL, NULL, NULL);
            queue_derive(store, id, now, &e);
            struct queue_change change = {.order = cases[i].order, .uncertain = cases[i].uncertain, .who = S("root")};
            bool stays = cases[i].becomes[k][0] == '-';
            is_int(queue_change(store, id, &change, &changed, &e), !stays, "order %d of %s", (int)cases[i].order, states[k]);
            is_str(text("SELECT status FROM recipient"), str_c(stays ? states[k] : cases[i].becomes[k]), "what it becomes");
            is_str(text("SELECT status FROM submission"), str_c(stays ? states[k] : cases[i].becomes[k]), "and its submission");
        }
    ok(!queue_change(store, 99, &(struct queue_change){.order = QUEUE_HOLD}, &changed, &e) && e.class == ERR_MISSING, "one that is not there");
    run("UPDATE recipient SET status = 'queued'");
    ok(queue_change(store, id, &(struct queue_change){.order = QUEUE_HOLD, .dry_run = true, .who = S("root")}, &changed, &e) && changed == 1, "--dry-run");
    is_str(text("SELECT status FROM recipient"), S("queued"), "changes nothing");
    ok(!queue_change(store, id, &(struct queue_change){.order = QUEUE_HOLD, .recipient = S("b@x")}, &changed, &e), "another recipient");
    forget_all();
}

static void purge(void)
{
    int64_t n, changed, id = add("1", "a@x", 0, 0);
    struct err e;
    add("2", "a@x", 0, 0);
    queue_change(store, id, &(struct queue_change){.order = QUEUE_CANCEL, .who = S("root")}, &changed, &e);
    ok(queue_purge(store, now, NULL, false, &n, &e) && n == 0, "not yet");
    ok(queue_purge(store, now + 1, NULL, true, &n, &e) && n == 1, "--dry-run");
    struct strs sent = {0};
    strs_add(&mem, &sent, S("sent"));
    ok(queue_purge(store, now + 1, &sent, false, &n, &e) && n == 0, "only sent ones");
    ok(queue_purge(store, now + 1, NULL, false, &n, &e) && n == 1, "what was settled");
    is_int(number("SELECT count(*) FROM submission"), 1, "the other stays");
    is_int(number("SELECT count(*) FROM recipient"), 1, "with its recipient");
    forget_all();
}

int main(void)
{
    struct err e;
    mem = arena_new((size_t)1 << 32);
    snprintf(dir, sizeof dir, "/tmp/mailpipe-queue.XXXXXX");
    sys_clock.now_ms = now_ms;
    sys_clock.random = roll;
    if (!mkdtemp(dir))
        return 1;
    store = store_open(&mem, dir, STORE_WRITE, &e);
    if (!ok(store != NULL, "a store"))
        return done();
    derived();
    order();
    gates();
    paused();
    backoff();
    who_settles();
    take_back();
    people();
    purge();
    store_close(store);
    char command[96];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ok(system(command) == 0, "cleared");
    return done();
}
