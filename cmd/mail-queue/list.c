/* mail-queue list, show and status: what is in the queue. */
#include "lease/lease.h"
#include "mail-queue/runners.h"
#include "mail-queue/verb.h"

#include <unistd.h>

static const struct verb list_verb = {
    .name = "list",
    .usage = "usage: mail-queue list [-qv] [-s DIR] [-n N] [-a ACCOUNT...] [--queue NAME...] [--status STATUS...] [--due] [--all]\n"
             "\n"
             "Prints submission records: what is not settled yet, in the order in which it was added.\n"
             "\n"
             "      --status STATUS   queued, sending, sent, deferred, failed, held, canceled, expired or uncertain; may be repeated\n"
             "      --due             only what would be sent now\n"
             "      --all             what is settled too\n"
             "  -n, --max N           the newest N\n"
             "  -a, --account NAME    only of this account; may be repeated\n"
             "      --queue NAME      only of this queue; may be repeated\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "\n"
             "example: mail-queue list --status uncertain | jq -r '[.id, .subject] | @tsv'\n",
};
static const struct verb show_verb = {
    .name = "show",
    .usage = "usage: mail-queue show [-s DIR] ID...\n"
             "\n"
             "Prints submissions with all their recipients and attempts, in the words of the server. ID: a number of mail-queue list, an idempotency key,\n"
             "a message id, or the queue id that a server gave.\n"
             "\n"
             "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "\n"
             "example: mail-queue show 4711 | jq '.recipients[].log'\n",
    .min_args = 1,
    .max_args = -1,
};
static const struct verb status_verb = {
    .name = "status",
    .usage = "usage: mail-queue status [-qv] [-s DIR] [-C FILE]\n"
             "\n"
             "Prints one queue record: recipients by state, what is due, the age of the oldest submission, and what is paused by whom.\n"
             "\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE     the configuration\n"
             "\n"
             "example: mail-queue status | jq '{queued, deferred, oldestAgeS}'\n",
};

enum { OWN_DUE = VERB_OWN };
static const struct prog_name own[] = {{"due", OWN_DUE}, {NULL, 0}};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    (void)val;
    (void)arg;
    *(bool *)c->context = true;
    return 0;
}

/* In pages: no transaction is open while one is written. */
static bool print_lines(struct verb_call *c, const struct ids *ids, bool full, struct err *e)
{
    for (ptrdiff_t i = 0; i < ids->n && out_good(&c->out); i += STORE_PAGE) {
        arena scratch = c->mem;
        struct buf lines = buf_new(&scratch, 1 << 16);
        if (!queue_lines(c->store, ids->item + i, ids->n - i < STORE_PAGE ? ids->n - i : STORE_PAGE, full, &lines, e))
            return false;
        out_put(&c->out, buf_str(&lines));
    }
    return true;
}

int list_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct verb v = list_verb;
    struct ids ids;
    struct err e;
    bool due = false;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, &c, &due, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    struct queue_filter want = {&c.accounts, &c.queues, &c.statuses, c.all, due, c.limit};
    if (!queue_list(&c.mem, c.store, &want, &ids, &e) || !print_lines(&c, &ids, false, &e))
        return verb_fail(&c, &e);
    return verb_end(&c);
}

int show_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&show_verb, &c, NULL, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    for (int i = 0; i < c.n_args; i++) {
        struct ids ids;
        if (!queue_resolve(&c.mem, c.store, str_c(c.args[i]), &ids, &e) || !print_lines(&c, &ids, true, &e))
            prog_error(&e);
    }
    return verb_end(&c);
}

/* Leases that may be dead ones', in a store that can be written. */
static bool may_take_back(struct verb_call *c)
{
    struct strs leases = {0};
    struct err e;
    arena scratch = c->mem;
    str dir = store_dir(c->store);
    return access(str_z(&scratch, str_fmt(&scratch, "%.*s/mail.db", STR_ARG(dir))), W_OK) == 0 &&
           lease_list(&scratch, str_fmt(&scratch, "%.*s/queue", STR_ARG(dir)), &leases, &e) && leases.n > 0;
}

int status_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&status_verb, &c, NULL, dir, argc, argv, &code))
        return code;
    if (!verb_config(&c) || !verb_open(&c, STORE_READ))
        return verb_end(&c);
    if (may_take_back(&c)) {
        store_close(c.store);
        if (!verb_open(&c, STORE_WRITE) || !verb_take_back(&c))
            return verb_end(&c);
    }
    struct buf line = buf_new(&c.mem, 1024);
    if (!queue_state(c.store, &line, &e))
        return verb_fail(&c, &e);
    line.len -= 2; /* its end, "}" and LF, stands behind the runners */
    runners_put(&(struct jwrite){&line, true}, str_fmt(&c.mem, "%.*s/queue", STR_ARG(store_dir(c.store))));
    buf_put(&line, S("}\n"));
    out_put(&c.out, buf_str(&line));
    return verb_end(&c);
}
