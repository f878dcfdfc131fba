/* mail-queue claim: what is due, under a lease, for mail-send. */
#include "lease/lease.h"
#include "mail-queue/policy.h"

static const struct verb verb = {
    .name = "claim",
    .usage = "usage: mail-queue claim [-qv] [-s DIR] [-C FILE] [-n N] [-a ACCOUNT...] [--queue NAME...] [--batch] [--dry-run]\n"
             "\n"
             "Prints the submissions that are due, for mail-send, and marks them as sending. Give what mail-send prints to mail-queue settle.\n"
             "\n"
             "  -n, --max N           at most N submissions (200)\n"
             "  -a, --account NAME    only of this account; may be repeated\n"
             "      --queue NAME      only of this queue; may be repeated\n"
             "      --batch           those for one server one after the other\n"
             "      --dry-run         print what would be claimed, and claim nothing\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE     the configuration\n"
             "\n"
             "example: mail-queue claim -n 200 | mail-send | mail-queue settle\n",
};

enum { CLAIM_DEFAULT = 200, OWN_BATCH = VERB_OWN };
static const struct prog_name own[] = {{"batch", OWN_BATCH}, {NULL, 0}};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    (void)val;
    (void)arg;
    *(bool *)c->context = true;
    return 0;
}

int claim_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct verb v = verb;
    struct queue_claimed claimed;
    struct lease lease;
    struct err e;
    bool batch = false;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, &c, &batch, dir, argc, argv, &code))
        return code;
    if (!verb_config(&c) || !verb_open(&c, STORE_WRITE) || (!c.dry_run && !verb_take_back(&c)))
        return verb_end(&c);
    struct policy *policy = policy_new(&c.mem, &c, POLICY_ALL, &e);
    if (!policy)
        return verb_fail(&c, &e);
    struct queue_claim want = {.limit = c.limit < 0 ? CLAIM_DEFAULT : c.limit,
                               .accounts = &c.accounts,
                               .queues = &c.queues,
                               .batch = batch,
                               .dry_run = c.dry_run,
                               .gate = policy_gate,
                               .context = policy};
    if (!queue_claim(&c.mem, c.store, &want, &lease, &claimed, &e))
        return verb_fail(&c, &e);
    out_put(&c.out, claimed.lines);
    out_flush(&c.out);
    lease_release(&lease);
    prog_note("%lld submissions to %lld recipients", (long long)claimed.n, (long long)claimed.recipients);
    return verb_end(&c);
}
