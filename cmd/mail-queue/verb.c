#include "mail-queue/verb.h"

#include "lease/lease.h"

enum { OPT_DRY_RUN = 256, OPT_QUEUE, OPT_STATUS, OPT_ALL, OPT_EVENTS, OPT_REASON };

static const struct prog_name names[] = {{"queue", OPT_QUEUE},   {"status", OPT_STATUS}, {"all", OPT_ALL}, {"dry-run", OPT_DRY_RUN},
                                         {"events", OPT_EVENTS}, {"reason", OPT_REASON}, {NULL, 0}};

static int take_status(struct verb_call *c, const char *word)
{
    enum queue_status status;
    if (!queue_status_named(str_c(word), &status))
        return prog_misuse("--status is queued, sending, sent, deferred, failed, held, canceled, expired or uncertain, not '%s'", word);
    strs_add(&c->mem, &c->statuses, str_c(word));
    return 0;
}

static int read_option(const struct verb *v, const struct prog_form *form, struct verb_call *c, int option)
{
    switch (option) {
    case 's': c->dir = optarg; return 0;
    case 'a': strs_add(&c->mem, &c->accounts, str_c(optarg)); return 0;
    case 'C': c->config_path = optarg; return 0;
    case 'n': return str_i64(str_c(optarg), 0, INT64_MAX, &c->limit) ? 0 : prog_misuse("-n takes a number, not '%s'", optarg);
    case OPT_QUEUE: strs_add(&c->mem, &c->queues, str_c(optarg)); return 0;
    case OPT_STATUS: return take_status(c, optarg);
    case OPT_ALL: c->all = true; return 0;
    case OPT_DRY_RUN: c->dry_run = true; return 0;
    case OPT_EVENTS: c->events = true; return 0;
    case OPT_REASON: c->reason = optarg; return 0;
    default:
        if (option >= VERB_OWN)
            return v->own(c, option, optarg);
        c->answered = true;
        return prog_answer(form, option);
    }
}

bool verb_begin(const struct verb *v, struct verb_call *c, void *context, const char *dir, int argc, char **argv, int *code)
{
    const struct prog_form form = {.usage = v->usage, .names = names, .more = v->more, .verb = v->name};
    *c = (struct verb_call){.mem = arena_new((size_t)1 << 36), .dir = dir, .limit = -1, .context = context};
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        *code = read_option(v, &form, c, o);
        if (*code || c->answered)
            return false;
    }
    c->n_args = argc - optind;
    c->args = argv + optind;
    c->out = out_new(&c->mem, 1);
    if (c->n_args < v->min_args)
        *code = prog_misuse("%s needs %s", v->name, v->max_args == 1 ? "an argument" : "more arguments");
    else if (v->max_args >= 0 && c->n_args > v->max_args)
        *code = prog_misuse("%s: '%s' is one argument too many", v->name, c->args[v->max_args]);
    else
        return true;
    return false;
}

bool verb_open(struct verb_call *c, enum store_mode mode)
{
    struct err e;
    c->store = store_open(&c->mem, c->dir, mode, &e);
    if (!c->store)
        prog_error(&e);
    return c->store != NULL;
}

bool verb_config(struct verb_call *c)
{
    struct err e;
    bool good = config_load(&c->mem, c->config_path, &c->config, &e);
    if (!good)
        prog_error(&e);
    return good;
}

int verb_end(struct verb_call *c)
{
    store_close(c->store);
    return prog_finish(&c->out);
}

int verb_fail(struct verb_call *c, const struct err *e)
{
    prog_error(e);
    return verb_end(c);
}

bool verb_ids(struct verb_call *c, struct ids *ids)
{
    *ids = (struct ids){0};
    for (int i = 0; i < c->n_args; i++) {
        struct ids some;
        struct err e;
        if (!queue_resolve(&c->mem, c->store, str_c(c->args[i]), &some, &e)) {
            prog_error(&e);
            return false;
        }
        for (ptrdiff_t k = 0; k < some.n; k++)
            ids_add(&c->mem, ids, some.item[k]);
    }
    return true;
}

static void number(struct verb_call *c, str account, const char *key, int64_t *to)
{
    struct err e;
    if (!config_i64(&c->config, account, str_c(key), 0, INT64_MAX / 4, *to, to, &e))
        prog_error(&e);
}

void verb_patience(void *context, str account, struct queue_patience *out)
{
    struct verb_call *c = context;
    *out = (struct queue_patience){.backoff_s = QUEUE_BACKOFF_S, .backoff_max_s = QUEUE_BACKOFF_MAX_S, .lifetime_s = QUEUE_LIFETIME_S};
    number(c, account, "queue.backoff", &out->backoff_s);
    number(c, account, "queue.backoffMax", &out->backoff_max_s);
    number(c, account, "queue.maxAttempts", &out->max_attempts);
    number(c, account, "queue.lifetime", &out->lifetime_s);
    number(c, account, "queue.undo", &out->undo_s);
    struct err e;
    bool saves;
    if (!config_bool(&c->config, account, S("queue.saveSent"), true, &saves, &e))
        prog_error(&e);
    out->no_copy = !saves;
}

bool verb_take_back(struct verb_call *c)
{
    struct queue_taken taken;
    struct err e;
    int64_t grace = LEASE_GRACE_S;
    if (!config_i64(&c->config, STR_NONE, S("queue.grace"), 0, 86400, LEASE_GRACE_S, &grace, &e)) {
        prog_error(&e);
        return false;
    }
    if (!queue_take_back(&c->mem, c->store, grace, verb_patience, c, &taken, &e)) {
        prog_error(&e);
        return false;
    }
    if (taken.uncertain)
        prog_warn("%lld deliveries are uncertain, because whoever sent them died: see mail-queue list --status uncertain", (long long)taken.uncertain);
    if (taken.queued + taken.settled)
        prog_note("took back %lld leases: %lld deliveries queued again, %lld settled", (long long)taken.leases, (long long)taken.queued, (long long)taken.settled);
    return true;
}
