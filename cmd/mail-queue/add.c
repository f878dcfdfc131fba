/* mail-queue add: submissions in, each once; out as records with their numbers, when they last. */
#include "mail-queue/stream.h"

static const struct verb verb = {
    .name = "add",
    .usage = "usage: mail-queue add [-qv] [-s DIR] [-a ACCOUNT] [-C FILE] [--key KEY] [--queue NAME] [--hold] [--dry-run]\n"
             "\n"
             "Takes the submission records of stdin into the queue and prints each with its number, once it will survive a crash.\n"
             "What was added before (the same idempotencyKey; else the same message, sender and recipients) is printed again, not added again.\n"
             "\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe); made where it is missing\n"
             "  -a, --account NAME    the account of submissions that name none\n"
             "  -C, --config FILE     the configuration\n"
             "      --key KEY         the idempotency key, for input of one submission\n"
             "      --queue NAME      the queue of submissions that name none\n"
             "      --hold            hold them until they are released\n"
             "      --dry-run         print what would be added, and add nothing\n"
             "\n"
             "example: mail-compose --to ann@example.com --subject Hi --text Hello | mail-queue add\n",
};

enum { OWN_KEY = VERB_OWN, OWN_HOLD };
static const struct prog_name own[] = {
    {"key", OWN_KEY},
    {"hold", OWN_HOLD},
    {NULL, 0},
};

struct adding {
    struct verb_call call;
    struct queue_adder *adder;
    str key;
    bool hold;
    int64_t added, known, refused;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct adding *a = c->context;
    if (val == OWN_HOLD)
        a->hold = true;
    else
        a->key = str_c(arg);
    return val == OWN_KEY && !*arg ? prog_misuse("--key is empty") : 0;
}

static void refuse(struct adding *a, const struct err *e)
{
    a->refused++;
    prog_error(e);
}

/* What the command line adds to a record. */
static bool apply_options(struct adding *a, struct submission *m, struct err *e)
{
    if (!m->account.len && a->call.accounts.n)
        m->account = a->call.accounts.item[0];
    if (!m->queue.len && a->call.queues.n)
        m->queue = a->call.queues.item[0];
    if (a->hold) {
        m->status = S("held");
        submission_knows(m, SUBMISSION_STATUS);
    }
    if (!a->key.len)
        return true;
    if (a->added + a->known)
        return err_set(e, ERR_INPUT, "queue.key", "give each record its own idempotencyKey", "--key is for one submission, and this is another");
    m->key = a->key;
    return true;
}

static void take(struct stream *s, const struct record *r)
{
    struct adding *a = s->context;
    struct submission m = r->submission;
    struct err e;
    if (!apply_options(a, &m, &e)) {
        refuse(a, &e);
        return;
    }
    switch (queue_add(a->adder, &m, &e)) {
    case QUEUE_ADDED: a->added++; break;
    case QUEUE_KNOWN: a->known++; break;
    case QUEUE_REFUSED: refuse(a, &e); break;
    case QUEUE_LOST: stream_lose(s, &e); break;
    }
}

static int64_t pending(void *context, int64_t *since_ms) { return queue_add_pending(((struct adding *)context)->adder, since_ms); }

static bool pass(void *context, str line) { return queue_add_pass(((struct adding *)context)->adder, line); }

static bool commit(void *context, str *print, struct err *e)
{
    struct adding *a = context;
    return a->call.dry_run ? queue_add_forget(a->adder, print) : queue_add_commit(a->adder, print, e);
}

int add_main(const char *dir, int argc, char **argv)
{
    struct adding a = {0};
    struct verb v = verb;
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, &a.call, &a, dir, argc, argv, &code))
        return code;
    prog_signals(true);
    if (!verb_config(&a.call) || !verb_open(&a.call, STORE_WRITE))
        return verb_end(&a.call);
    a.adder = queue_adder_new(&a.call.mem, a.call.store, verb_patience, &a.call, &e);
    if (!a.adder)
        return verb_fail(&a.call, &e);
    struct stream s = {.call = &a.call,
                       .name = "add",
                       .types = RECORD_BIT(RECORD_SUBMISSION),
                       .context = &a,
                       .take = take,
                       .pass = pass,
                       .pending = pending,
                       .commit = commit};
    stream_run(&s, 0);
    if (prog_stopping())
        prog_outcome(ERR_LATER);
    if (!s.lost && a.refused)
        prog_warn("%lld added, %lld known, %lld refused", (long long)a.added, (long long)a.known, (long long)a.refused);
    else if (!s.lost)
        prog_note("%lld added, %lld known", (long long)a.added, (long long)a.known);
    queue_adder_end(a.adder);
    return verb_end(&a.call);
}
