/* mail-stats canary: sends probes, and tells what became of them. */

#include "mail-stats/commands.h"
#include "mail-stats/health_judge.h"
#include "mail-stats/verb.h"

#include <poll.h>

enum { OPT_WAIT = VERB_OWN, SEND_SECONDS = 60, WAIT_MOST = 86400, LISTED = 1000, EARLY_PART = 10, STEP_MS = 1000 };

static const char usage[] =
    "usage: mail-stats canary send [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [--wait SECONDS] [--dry-run]\n"
    "       mail-stats canary check [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [-f FORMAT]\n"
    "       mail-stats canary list [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [-f FORMAT]\n"
    "\n"
    "send queues a mail to ourselves: from the accounts of -a now, else from each whose canary.interval is over. check says whether they arrived, and\n"
    "exits as mail-stats health does, which looks at them too: 0, 1, 2. list prints probes, the newest first.\n"
    "\n"
    "      --wait SECONDS  send: until they are in the store; 2 where one is not by then\n"
    "      --dry-run       send: only say from which accounts\n"
    "  -f, --format F      json, tsv, table, html\n"
    VERB_USAGE;

static const struct prog_name own_names[] = {{"wait", OPT_WAIT}, VERB_NAMES};
static const struct prog_form form = {.usage = usage, .names = own_names, .verb = "canary"};

struct canary {
    struct verb_call call;
    struct config config;
    struct strs accounts; /* chosen */
    int64_t wait_s;
};

/* ---- send -------------------------------------------------------------------------------------------------- */

static void place_words(struct command *c, const struct verb_call *call)
{
    if (call->request.config) {
        command_word(c, "-C");
        command_word(c, call->request.config);
    }
    if (call->request.dir) {
        command_word(c, "-s");
        command_word(c, call->request.dir);
    }
}

/* Two that begin in the same second are one: the second knows the key. */
static bool send_probe(struct canary *w, str account, struct err *e)
{
    arena *a = &w->call.mem;
    struct command run[2] = {{.n = 0}, {.n = 0}};
    str to = config_get(&w->config, account, S("canary.to"));
    to = to.len ? to : config_get(&w->config, account, S("email"));
    if (!to.len)
        return err_set(e, ERR_CONFIG, "canary.to", "set canary.to or email", "account %.*s has no address that a probe could go to", STR_ARG(account));
    str key = str_fmt(a, HEALTH_PROBE "%.*s:%012lld", STR_ARG(account), (long long)w->call.request.now);
    const char *const words[] = {"--raw", "-a", str_z(a, account), "--to", str_z(a, to), "--subject", "mailpipe probe", "--text",
                                 "A probe of mailpipe: it shows that mail goes out and comes in. It can be removed.", "--auto-submitted", "auto-generated",
                                 "--no-signature", "--key", key.ptr};
    command_ours(a, &run[0], "mail-compose");
    place_words(&run[0], &w->call);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        command_word(&run[0], words[i]);
    command_ours(a, &run[1], "mail-queue");
    command_word(&run[1], "add");
    place_words(&run[1], &w->call);
    return commands_run(a, run, 2, str_fmt(a, "the probe of %.*s", STR_ARG(account)).ptr, STR_NONE, SEND_SECONDS, NULL, e);
}

/* A store that is not there yet has seen no probe. */
static bool last_probe(struct canary *w, str account, struct health_probe *out, struct err *e)
{
    struct health_probes all = {0};
    struct err missing;
    *out = (struct health_probe){0};
    if (!w->call.request.store && !verb_open(&w->call, &missing)) {
        *e = missing;
        return missing.class == ERR_MISSING;
    }
    if (!health_probes(&w->call.mem, w->call.request.store, account, 1, &all, e))
        return false;
    if (all.n)
        *out = all.item[0];
    return true;
}

/* -a is now; else each whose interval is over, give or take what cron gives or takes. */
static bool choose(struct canary *w, struct err *e)
{
    arena *a = &w->call.mem;
    struct strs names = {0};
    const struct strs *wanted = &w->call.request.accounts;
    config_accounts(a, &w->config, &names);
    for (ptrdiff_t i = 0; i < wanted->n; i++) {
        if (!config_has_account(&w->config, wanted->item[i]))
            return err_set(e, ERR_MISSING, "config.account", "mail-account list shows what is there", "there is no account %.*s", STR_ARG(wanted->item[i]));
        strs_add(a, &w->accounts, wanted->item[i]);
    }
    for (ptrdiff_t i = 0; i < names.n && !wanted->n; i++) {
        int64_t interval;
        struct health_probe last;
        if (!config_i64(&w->config, names.item[i], S("canary.interval"), 1, INT64_MAX, 0, &interval, e))
            return false;
        if (!interval || str_eq(config_get(&w->config, names.item[i], S("status")), S("inactive")))
            continue;
        if (!last_probe(w, names.item[i], &last, e))
            return false;
        if (w->call.request.now >= last.queued_at + interval - interval / EARLY_PART || last.queued_at > w->call.request.now)
            strs_add(a, &w->accounts, names.item[i]);
    }
    return true;
}

/* *left: those that have not arrived. */
static bool count_missing(struct canary *w, int64_t *left, struct err *e)
{
    *left = 0;
    for (ptrdiff_t i = 0; i < w->accounts.n; i++) {
        struct health_probe last;
        if (!last_probe(w, w->accounts.item[i], &last, e))
            return false;
        *left += !last.arrived_at;
    }
    return true;
}

static int wait_for(struct canary *w)
{
    int64_t until = sys_clock.monotonic_ms() + w->wait_s * 1000, left = 0;
    struct err e;
    for (;;) {
        if (!count_missing(w, &left, &e)) {
            prog_error(&e);
            return HEALTH_CRITICAL;
        }
        if (!left || sys_clock.monotonic_ms() >= until || prog_stopping())
            break;
        poll(NULL, 0, STEP_MS);
    }
    if (left)
        prog_warn("%lld of %lld probes did not arrive within %lld s; mail-stats canary list", (long long)left, (long long)w->accounts.n, (long long)w->wait_s);
    return left ? HEALTH_CRITICAL : HEALTH_OK;
}

static int send_main(struct canary *w)
{
    struct err e;
    if (!choose(w, &e)) {
        prog_error(&e);
        return verb_end(&w->call);
    }
    for (ptrdiff_t i = 0; i < w->accounts.n; i++) {
        str account = w->accounts.item[i];
        if (w->call.dry_run)
            prog_warn("would send a probe from %.*s", STR_ARG(account));
        else if (!send_probe(w, account, &e))
            prog_error(&e);
        else
            prog_note("a probe from %.*s is in the queue", STR_ARG(account));
    }
    int late = w->wait_s && !w->call.dry_run && !prog_worst() ? wait_for(w) : 0;
    int code = verb_end(&w->call);
    return code ? code : late;
}

/* ---- check, list ------------------------------------------------------------------------------------------- */

static void print(struct verb_call *c, struct table *t)
{
    format_begin(&c->out, c->format, t->title);
    format_table(&c->out, c->format, t);
    format_end(&c->out, c->format);
}

static int check_main(struct canary *w)
{
    struct verb_call *c = &w->call;
    struct findings all = {.mem = &c->mem};
    struct judge j = {.r = &c->request, .config = w->config, .out = &all};
    struct table t = {.mem = &c->mem, .type = S("health"), .title = S("Probes")};
    struct err e;
    if (!verb_open(c, &e))
        judge_error(&j, S("store"), STR_NONE, &e);
    else
        judge_canaries(&j);
    health_table(&c->request, &t, &all, false);
    print(c, &t);
    int code = verb_end(c);
    return code ? code : (int)all.worst;
}

static void add_probe(struct table *t, str account, const struct health_probe *x)
{
    struct cell *row = table_row(t);
    row[0] = cell_text(account);
    row[1] = cell_number(x->id);
    row[2] = cell_text(queue_status_name(x->status));
    row[3] = cell_number(x->queued_at);
    const int64_t times[] = {x->left_at, x->arrived_at};
    for (int i = 0; i < 2; i++)
        if (times[i])
            row[4 + i] = cell_number(times[i]);
    if (x->arrived_at)
        row[6] = cell_number(x->arrived_at - x->queued_at);
    row[7] = cell_text(x->message_id);
}

static int list_main(struct canary *w)
{
    struct verb_call *c = &w->call;
    struct table t = {.mem = &c->mem, .type = S("canary"), .title = S("Probes")};
    static const struct column columns[] = {{S("account"), COLUMN_TEXT, false}, {S("submissionId"), COLUMN_COUNT, false}, {S("status"), COLUMN_TEXT, false},
                                            {S("queuedAt"), COLUMN_TIME, false}, {S("leftAt"), COLUMN_TIME, false}, {S("arrivedAt"), COLUMN_TIME, false},
                                            {S("tookSeconds"), COLUMN_SECONDS, false}, {S("messageId"), COLUMN_TEXT, true}};
    struct err e;
    struct strs names = {0};
    for (int i = 0; i < 8; i++)
        if (columns[i].hidden)
            table_hidden(&t, columns[i].name, columns[i].kind);
        else
            table_column(&t, columns[i].name, columns[i].kind);
    config_accounts(&c->mem, &w->config, &names);
    bool good = verb_open(c, &e);
    for (ptrdiff_t i = 0; i < names.n && good; i++) {
        struct health_probes all;
        if (c->request.accounts.n && !strs_have(&c->request.accounts, names.item[i]))
            continue;
        good = health_probes(&c->mem, c->request.store, names.item[i], LISTED, &all, &e);
        for (ptrdiff_t k = 0; good && k < all.n; k++)
            add_probe(&t, names.item[i], &all.item[k]);
    }
    if (good)
        print(c, &t);
    else
        prog_error(&e);
    return verb_end(c);
}

int canary_main(int argc, char **argv)
{
    struct canary w = {.wait_s = 0};
    struct err e;
    int code = 0;
    verb_begin(&w.call);
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        if (o != OPT_WAIT)
            code = verb_option(&w.call, &form, o);
        else if (!str_i64(str_c(optarg), 1, WAIT_MOST, &w.wait_s))
            code = prog_misuse("--wait takes seconds, not '%s'", optarg);
        if (code || w.call.answered)
            return code;
    }
    str verb = argc - optind == 2 ? str_c(argv[optind + 1]) : STR_NONE;
    int (*run)(struct canary *) = str_eq(verb, S("send")) ? send_main : str_eq(verb, S("check")) ? check_main : str_eq(verb, S("list")) ? list_main : NULL;
    if (!run)
        return prog_misuse("canary what: send, check or list?");
    if (config_load(&w.call.mem, w.call.request.config, &w.config, &e))
        return run(&w);
    prog_error(&e);
    return verb_end(&w.call);
}
