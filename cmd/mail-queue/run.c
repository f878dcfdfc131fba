/* mail-queue run: claim | mail-send | settle, until nothing is due. */
#include "mail-queue/child.h"
#include "mail-queue/policy.h"
#include "mail-queue/sequel.h"
#include "mail-queue/settle.h"

#include <poll.h>

static const struct verb run_verb = {
    .name = "run",
    .usage = "usage: mail-queue run [-qv] [-s DIR] [-C FILE] [-n N] [-a ACCOUNT...] [--queue NAME...] [--force] [--loop SECONDS] [--with PROGRAM]\n"
             "                      [--dry-run] [-- OPTION-OF-MAIL-SEND...]\n"
             "\n"
             "Sends what is due: mail-queue claim | mail-send | mail-queue settle, again and again until nothing is due. Several at once share the work.\n"
             "Exits with 75 while something is to be tried again, with 1 where something failed for good.\n"
             "\n"
             "  -n, --max N           at most N submissions in this run\n"
             "  -a, --account NAME    only of this account; may be repeated\n"
             "      --queue NAME      only of this queue; may be repeated\n"
             "      --force           although the queue is paused or its window is closed\n"
             "      --loop SECONDS    do not end; look again after that time\n"
             "      --with PROGRAM    what sends (mail-send)\n"
             "      --dry-run         print what would be sent, and send nothing\n"
             "      --events          print an event record for each delivery, once it lasts\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE     the configuration\n"
             "  -q, --quiet           errors only, no summary\n"
             "\n"
             "example: * * * * * mail-queue run -q\n",
    .max_args = -1,
};
static const struct verb force_verb = {
    .name = "force",
    .usage = "usage: mail-queue force [-qv] [-s DIR] [-C FILE] [--with PROGRAM] ID...\n"
             "\n"
             "Sends these submissions now, whatever window, limit, pause or time holds them.\n"
             "\n"
             "      --with PROGRAM    what sends (mail-send)\n"
             "      --dry-run         print what would be sent, and send nothing\n"
             "      --events          print an event record for each delivery, once it lasts\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE     the configuration\n"
             "  -q, --quiet           errors only, no summary\n"
             "\n"
             "example: mail-queue force 4711\n",
    .min_args = 1,
    .max_args = -1,
};

/* Submissions that one mail-send gets, which is what a crash can leave to be taken back: more where the server is quick. */
enum { ROUND = 200, ROUND_GROWS = 4, ROUND_MAX = 3200, ROUND_QUICK_MS = 1000 };
enum { OWN_FORCE = VERB_OWN, OWN_LOOP, OWN_WITH };
static const struct prog_name own[] = {{"force", OWN_FORCE}, {"loop", OWN_LOOP}, {"with", OWN_WITH}, {NULL, 0}};

struct running {
    struct verb_call call;
    struct child_command command;
    struct settling settled;
    int64_t claimed; /* submissions */
    int64_t expired, refused, loop_s;
    struct ids ids; /* of force */
    bool force;
    arena round; /* what one claim prints, and its policy */
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct running *r = c->context;
    switch (val) {
    case OWN_FORCE: r->force = true; return 0;
    case OWN_LOOP: return str_i64(str_c(arg), 1, 86400, &r->loop_s) ? 0 : prog_misuse("--loop takes seconds, not '%s'", arg);
    default: r->command.program = arg; return 0;
    }
}

/* What this mail-send left behind comes back at once: nobody else can know of its lease. */
static bool take_rest(struct running *r, struct lease *lease, struct err *e)
{
    struct queue_taken taken;
    lease_release(lease);
    if (!queue_take_lease(&r->round, r->call.store, lease->name, verb_patience, &r->call, &taken, e))
        return false;
    r->settled.uncertain += taken.uncertain;
    if (taken.uncertain + taken.queued + taken.settled)
        prog_warn("mail-send ended early: %lld deliveries go back into the queue, %lld are uncertain", (long long)taken.queued, (long long)taken.uncertain);
    return true;
}

static void count_claimed(struct running *r, const struct queue_claimed *claimed)
{
    r->claimed += claimed->n;
    r->expired += claimed->expired;
    r->refused += claimed->refused;
}

/* What was claimed goes to the child, and what it says into the rows. *progress: whether anything came of it. */
static bool send_claimed(struct running *r, struct child *child, str lines, struct lease *lease, bool *progress, struct err *e)
{
    struct settling *s = &r->settled;
    struct err why;
    int64_t before = s->sent + s->deferred + s->failed + s->uncertain;
    bool good = true, fed = child_feed(child, lines, &why);
    if (!fed)
        prog_error(&why);
    if (fed) {
        good = settle_stream(&r->call, s, child->out, e);
        child_end(child);
    }
    *progress = s->sent + s->deferred + s->failed + s->uncertain > before;
    return take_rest(r, lease, e) && good && !s->lost;
}

/* One claim, sent and settled; mail-send starts while it is made. *n: submissions. */
static bool round_once(struct running *r, const struct queue_claim *want, int64_t *n, bool *progress, struct err *e)
{
    struct lease lease;
    struct queue_claimed claimed = {0};
    struct child child;
    bool due;
    *n = 0;
    *progress = false;
    if (!queue_due(r->call.store, want, &due, e))
        return false;
    if (!due)
        return true;
    if (!child_start(&child, &r->command, e))
        return false;
    bool good = queue_claim(&r->round, r->call.store, want, &lease, &claimed, e);
    count_claimed(r, &claimed);
    *n = claimed.n;
    if (good && claimed.n)
        return send_claimed(r, &child, claimed.lines, &lease, progress, e);
    child_end(&child);
    return good;
}

static bool show_due(struct running *r, const struct queue_claim *want, int64_t *n, struct err *e)
{
    struct lease lease;
    struct queue_claimed claimed;
    if (!queue_claim(&r->round, r->call.store, want, &lease, &claimed, e))
        return false;
    count_claimed(r, &claimed);
    *n = claimed.n;
    out_put(&r->call.out, claimed.lines);
    return true;
}

/* What was uncertain, and of which a copy was fetched since. */
static bool reconcile(struct running *r, struct err *e)
{
    int64_t settled, left;
    if (!queue_reconcile(r->call.store, r->call.dry_run, &settled, &left, e))
        return false;
    if (settled)
        prog_note("%lld uncertain deliveries were sent: copies of them were fetched", (long long)settled);
    return true;
}

static bool send_due(struct running *r, struct err *e)
{
    int64_t n = 1, limit = r->call.limit < 0 ? INT64_MAX : r->call.limit, round = ROUND;
    bool progress = true, dry_run = r->call.dry_run;
    while (n && progress && limit > r->claimed && !prog_stopping()) {
        int64_t start = sys_clock.monotonic_ms(), room = limit - r->claimed;
        arena_reset(&r->round);
        struct policy *policy = policy_new(&r->round, &r->call, r->ids.n ? POLICY_NOW : r->force ? POLICY_NO_WINDOW : POLICY_ALL, e);
        struct queue_claim want = {.limit = room < round || dry_run ? room : round,
                                   .accounts = &r->call.accounts,
                                   .queues = &r->call.queues,
                                   .ids = r->ids.item,
                                   .n_ids = r->ids.n,
                                   .force = r->force,
                                   .batch = true,
                                   .dry_run = dry_run,
                                   .gate = policy_gate,
                                   .context = policy};
        if (!policy)
            return false;
        if (dry_run)
            return show_due(r, &want, &n, e);
        if (!round_once(r, &want, &n, &progress, e))
            return false;
        bool quick = sys_clock.monotonic_ms() - start < ROUND_QUICK_MS;
        round = !quick ? ROUND : round < ROUND_MAX ? round * ROUND_GROWS : ROUND_MAX;
    }
    if (n && !progress)
        prog_outcome(ERR_LATER);
    return true;
}

/* {"type":"run",…}: what this run did. */
static void print_summary(struct running *r)
{
    const struct settling *s = &r->settled;
    out_fmt(&r->call.out,
            "{\"type\":\"run\",\"v\":1,\"submissions\":%lld,\"processed\":%lld,\"success\":%lld,\"deferred\":%lld,\"failed\":%lld,\"uncertain\":%lld,"
            "\"expired\":%lld,\"refused\":%lld}\n",
            (long long)r->claimed, (long long)s->sent + s->deferred + s->failed + s->uncertain, (long long)s->sent, (long long)s->deferred,
            (long long)s->failed, (long long)s->uncertain, (long long)r->expired, (long long)r->refused);
    out_flush(&r->call.out);
}

static void forget_counts(struct running *r)
{
    r->settled = (struct settling){.events = r->call.events};
    r->claimed = r->expired = r->refused = 0;
}

static int run_all(struct running *r)
{
    struct err e;
    bool good;
    r->round = arena_new((size_t)4 << 30);
    for (;;) {
        good = (r->call.dry_run || verb_take_back(&r->call)) && reconcile(r, &e) && send_due(r, &e);
        if (good && !r->call.dry_run)
            sequel_all(&r->call);
        if (r->claimed + r->expired + r->refused && prog_is() != QUIET && !r->call.dry_run)
            print_summary(r);
        if (!good || !r->loop_s || prog_stopping())
            break;
        forget_counts(r);
        poll(NULL, 0, (int)(r->loop_s * 1000));
        if (prog_stopping())
            break;
    }
    if (r->settled.failed + r->refused + r->expired)
        prog_outcome(ERR_PARTIAL);
    int64_t unsent = 0;
    if (good && !r->call.dry_run && !queue_unsent(r->call.store, &unsent, &e))
        good = false;
    if (!good && prog_worst() == ERR_NONE)
        prog_error(&e);
    if (unsent + r->settled.uncertain)
        prog_outcome(ERR_LATER);
    return verb_end(&r->call);
}

static int begin(struct running *r, const struct verb *verb, const char *dir, int argc, char **argv, int *code)
{
    struct verb v = *verb;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, &r->call, r, dir, argc, argv, code))
        return false;
    prog_signals(true);
    r->settled.events = r->call.events;
    r->command.config = r->call.config_path;
    if (verb_config(&r->call) && verb_open(&r->call, STORE_WRITE))
        return true;
    *code = verb_end(&r->call);
    return false;
}

int run_main(const char *dir, int argc, char **argv)
{
    struct running r = {0};
    int code;
    if (!begin(&r, &run_verb, dir, argc, argv, &code))
        return code;
    r.command.options = r.call.args;
    r.command.n_options = r.call.n_args;
    return run_all(&r);
}

int force_main(const char *dir, int argc, char **argv)
{
    struct running r = {0};
    int code;
    if (!begin(&r, &force_verb, dir, argc, argv, &code))
        return code;
    if (!verb_ids(&r.call, &r.ids))
        return verb_end(&r.call);
    r.force = true;
    r.call.limit = r.ids.n;
    return run_all(&r);
}
