/* mail-queue hold, release, cancel, retry, mark, pause, resume, purge, reconcile: what a person says. */
#include "mail-queue/verb.h"

#include <pwd.h>
#include <unistd.h>

#define ID_OPTIONS                                                                             \
    "      --recipient ADDRESS   only this recipient\n"                                        \
    "      --reason TEXT         kept with who did it and when\n"                              \
    "      --dry-run             only say what would change\n"                                 \
    "  -s, --store DIR           the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"

enum { OWN_RECIPIENT = VERB_OWN, OWN_UNCERTAIN, OWN_AGE };
static const struct prog_name own[] = {{"recipient", OWN_RECIPIENT}, {"uncertain", OWN_UNCERTAIN}, {"age", OWN_AGE}, {NULL, 0}};

enum { PURGE_AGE_S = 90 * 86400 };

struct changing {
    struct verb_call call;
    struct queue_change change;
    int64_t age_s;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct changing *x = c->context;
    switch (val) {
    case OWN_RECIPIENT: x->change.recipient = str_c(arg); return 0;
    case OWN_UNCERTAIN: x->change.uncertain = true; return 0;
    default: return str_i64(str_c(arg), 0, INT64_MAX / 86400, &x->age_s) ? 0 : prog_misuse("--age takes seconds, not '%s'", arg);
    }
}

/* The login name; what is remembered of who did something. */
static str who(arena *a)
{
    const struct passwd *user = getpwuid(geteuid());
    return user ? str_copy(a, str_c(user->pw_name)) : str_fmt(a, "uid %ld", (long)geteuid());
}

static bool change_one(struct changing *x, const char *id, int64_t *total, struct err *e)
{
    struct ids ids;
    if (!queue_resolve(&x->call.mem, x->call.store, str_c(id), &ids, e))
        return false;
    for (ptrdiff_t k = 0; k < ids.n; k++) {
        int64_t changed;
        if (!queue_change(x->call.store, ids.item[k], &x->change, &changed, e))
            return false;
        *total += changed;
    }
    return true;
}

static bool begin(struct changing *x, const struct verb *verb, const char *dir, int argc, char **argv, int *code)
{
    struct verb v = *verb;
    v.more = own;
    v.own = take_option;
    return verb_begin(&v, &x->call, x, dir, argc, argv, code);
}

static int change_all(struct changing *x, enum queue_order order, const char *did, int n_ids)
{
    struct err e;
    int64_t total = 0;
    if (!verb_open(&x->call, STORE_WRITE))
        return verb_end(&x->call);
    x->change.order = order;
    x->change.who = who(&x->call.mem);
    x->change.reason = str_c(x->call.reason);
    x->change.dry_run = x->call.dry_run;
    for (int i = 0; i < n_ids; i++)
        if (!change_one(x, x->call.args[i], &total, &e))
            prog_error(&e);
    if (x->call.dry_run)
        prog_warn("%s %lld deliveries, were this no --dry-run", did, (long long)total);
    else
        prog_note("%s %lld deliveries", did, (long long)total);
    return verb_end(&x->call);
}

static int change_each(const struct verb *verb, enum queue_order order, const char *did, const char *dir, int argc, char **argv)
{
    struct changing x = {0};
    int code;
    return begin(&x, verb, dir, argc, argv, &code) ? change_all(&x, order, did, x.call.n_args) : code;
}

static const struct verb hold_verb = {.name = "hold",
                                      .usage = "usage: mail-queue hold [-qv] [-s DIR] [--recipient ADDRESS] [--reason TEXT] [--dry-run] ID...\n"
                                               "\n"
                                               "Holds submissions: they are not sent before they are released.\n"
                                               "\n" ID_OPTIONS "\n"
                                               "example: mail-queue hold 4711 --reason 'wrong price'\n",
                                      .min_args = 1,
                                      .max_args = -1};
static const struct verb release_verb = {.name = "release",
                                         .usage = "usage: mail-queue release [-qv] [-s DIR] [--recipient ADDRESS] [--reason TEXT] [--dry-run] ID...\n"
                                                  "\n"
                                                  "Lets held submissions go.\n"
                                                  "\n" ID_OPTIONS "\n"
                                                  "example: mail-queue list --status held | jq .id | xargs mail-queue release\n",
                                         .min_args = 1,
                                         .max_args = -1};
static const struct verb cancel_verb = {.name = "cancel",
                                        .usage = "usage: mail-queue cancel [-qv] [-s DIR] [--recipient ADDRESS] [--reason TEXT] [--dry-run] ID...\n"
                                                 "\n"
                                                 "Cancels what is not sent yet: its undo.\n"
                                                 "\n" ID_OPTIONS "\n"
                                                 "example: mail-queue cancel 4711\n",
                                        .min_args = 1,
                                        .max_args = -1};
static const struct verb retry_verb = {.name = "retry",
                                       .usage = "usage: mail-queue retry [-qv] [-s DIR] [--recipient ADDRESS] [--uncertain] [--reason TEXT] [--dry-run] ID...\n"
                                                "\n"
                                                "Makes submissions due now: deferred ones before their time; failed, expired and canceled ones again.\n"
                                                "\n"
                                                "      --uncertain           uncertain ones too, which may then arrive twice\n" ID_OPTIONS "\n"
                                                "example: mail-queue list --status deferred | jq .id | xargs mail-queue retry\n",
                                       .min_args = 1,
                                       .max_args = -1};
static const struct verb mark_verb = {.name = "mark",
                                      .usage = "usage: mail-queue mark [-qv] [-s DIR] [--recipient ADDRESS] [--reason TEXT] [--dry-run] ID... sent|failed\n"
                                               "\n"
                                               "Says what became of submissions, where a person knows better: of uncertain ones above all.\n"
                                               "\n" ID_OPTIONS "\n"
                                               "example: mail-queue mark 4711 sent --reason 'Ann has it'\n",
                                      .min_args = 2,
                                      .max_args = -1};

int hold_main(const char *dir, int argc, char **argv) { return change_each(&hold_verb, QUEUE_HOLD, "held", dir, argc, argv); }
int release_main(const char *dir, int argc, char **argv) { return change_each(&release_verb, QUEUE_RELEASE, "released", dir, argc, argv); }
int cancel_main(const char *dir, int argc, char **argv) { return change_each(&cancel_verb, QUEUE_CANCEL, "canceled", dir, argc, argv); }
int retry_main(const char *dir, int argc, char **argv) { return change_each(&retry_verb, QUEUE_RETRY, "queued again", dir, argc, argv); }

int mark_main(const char *dir, int argc, char **argv)
{
    struct changing x = {0};
    int code;
    if (!begin(&x, &mark_verb, dir, argc, argv, &code))
        return code;
    const char *word = x.call.args[x.call.n_args - 1];
    bool sent = strcmp(word, "sent") == 0;
    if (!sent && strcmp(word, "failed") != 0)
        return prog_misuse("mark: the last word is sent or failed, not '%s'", word);
    return change_all(&x, sent ? QUEUE_MARK_SENT : QUEUE_MARK_FAILED, "marked", x.call.n_args - 1);
}

/* ---- pause, resume ---------------------------------------------------------------------------------------- */

static const struct verb pause_verb = {.name = "pause",
                                       .usage = "usage: mail-queue pause [-qv] [-s DIR] [-a ACCOUNT...] [--queue NAME...] [--reason TEXT]\n"
                                                "\n"
                                                "Stops sending: everything, or only of the accounts and queues named. What is on its way still arrives.\n"
                                                "\n"
                                                "  -a, --account NAME    only this account; may be repeated\n"
                                                "      --queue NAME      only this queue; may be repeated\n"
                                                "      --reason TEXT     kept with who did it and when; mail-queue status shows it\n"
                                                "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
                                                "\n"
                                                "example: mail-queue pause --reason 'server moves'\n"};
static const struct verb resume_verb = {.name = "resume",
                                        .usage = "usage: mail-queue resume [-qv] [-s DIR] [-a ACCOUNT...] [--queue NAME...]\n"
                                                 "\n"
                                                 "Starts again what mail-queue pause stopped, under the same names.\n"
                                                 "\n"
                                                 "  -a, --account NAME    this account; may be repeated\n"
                                                 "      --queue NAME      this queue; may be repeated\n"
                                                 "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
                                                 "\n"
                                                 "example: mail-queue resume\n"};

static void pause_or_resume(struct verb_call *c, bool pausing, str scope, str name)
{
    struct err e;
    bool changed;
    str user = who(&c->mem);
    bool good = pausing ? queue_pause(c->store, scope, name, user, str_c(c->reason), &changed, &e) : queue_resume(c->store, scope, name, user, &changed, &e);
    if (!good)
        prog_error(&e);
    else if (!changed)
        prog_warn("%.*s%s%.*s %s", STR_ARG(scope), name.len ? " " : "", STR_ARG(name), pausing ? "is paused already" : "is not paused");
}

static int pause_verbs(const struct verb *verb, bool pausing, const char *dir, int argc, char **argv)
{
    struct verb_call c;
    int code;
    if (!verb_begin(verb, &c, NULL, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_WRITE))
        return verb_end(&c);
    for (ptrdiff_t i = 0; i < c.accounts.n; i++)
        pause_or_resume(&c, pausing, S("account"), c.accounts.item[i]);
    for (ptrdiff_t i = 0; i < c.queues.n; i++)
        pause_or_resume(&c, pausing, S("queue"), c.queues.item[i]);
    if (c.accounts.n + c.queues.n == 0)
        pause_or_resume(&c, pausing, S("all"), S(""));
    return verb_end(&c);
}

int pause_main(const char *dir, int argc, char **argv) { return pause_verbs(&pause_verb, true, dir, argc, argv); }
int resume_main(const char *dir, int argc, char **argv) { return pause_verbs(&resume_verb, false, dir, argc, argv); }

/* ---- purge, reconcile ------------------------------------------------------------------------------------- */

static const struct verb purge_verb = {.name = "purge",
                                       .usage = "usage: mail-queue purge [-qv] [-s DIR] [--age SECONDS] [--status STATUS...] [--dry-run]\n"
                                                "\n"
                                                "Removes submissions that were settled long ago, with their attempts. mail-store gc then takes their messages.\n"
                                                "Their idempotency keys are forgotten too.\n"
                                                "\n"
                                                "      --age SECONDS     settled so long ago (90 days)\n"
                                                "      --status STATUS   only sent, failed, canceled or expired ones; may be repeated\n"
                                                "      --dry-run         only say how many\n"
                                                "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
                                                "\n"
                                                "example: mail-queue purge --status sent --age 2592000\n"};
static const struct verb reconcile_verb = {.name = "reconcile",
                                           .usage = "usage: mail-queue reconcile [-qv] [-s DIR] [--dry-run]\n"
                                                    "\n"
                                                    "Looks for what became of uncertain deliveries: a copy of the message that was fetched from a server shows that it\n"
                                                    "was taken. mail-queue bounce settles those that came back. What is left waits for mail-queue mark.\n"
                                                    "Exits with 75 while something is left.\n"
                                                    "\n"
                                                    "      --dry-run         only say how many\n"
                                                    "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
                                                    "\n"
                                                    "example: mail-queue reconcile || mail-queue list --status uncertain\n"};

int purge_main(const char *dir, int argc, char **argv)
{
    struct changing x = {.age_s = PURGE_AGE_S};
    struct verb v = purge_verb;
    struct err e;
    int64_t n;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, &x.call, &x, dir, argc, argv, &code))
        return code;
    if (!verb_open(&x.call, STORE_WRITE))
        return verb_end(&x.call);
    if (!queue_purge(x.call.store, now_s() - x.age_s, &x.call.statuses, x.call.dry_run, &n, &e))
        return verb_fail(&x.call, &e);
    prog_warn("%lld submissions %s", (long long)n, x.call.dry_run ? "would be removed" : "removed");
    return verb_end(&x.call);
}

int reconcile_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int64_t settled, left;
    int code;
    if (!verb_begin(&reconcile_verb, &c, NULL, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_WRITE))
        return verb_end(&c);
    if (!queue_reconcile(c.store, c.dry_run, &settled, &left, &e))
        return verb_fail(&c, &e);
    prog_warn("%lld uncertain deliveries were sent, %lld wait for a person", (long long)settled, (long long)left);
    if (left)
        prog_outcome(ERR_LATER);
    return verb_end(&c);
}
