/* mail-queue: mail that is to be sent, and the truth about each of its recipients.
 *
 * In (add): `submission`; (settle): `delivery`; others pass through. Out: `submission` records, and reports. Touches: the store, lease files. */
#include "mail-queue/verb.h"

static const char usage[] =
    "usage: mail-queue VERB [OPTION...] [ARGUMENT...]\n"
    "\n"
    "  add               take the submissions of stdin, once each\n"
    "  run               send what is due: claim | mail-send | settle\n"
    "  claim             print what is due, for mail-send\n"
    "  settle            take the deliveries of stdin\n"
    "  list              what is in the queue\n"
    "  show ID...        everything about a submission, with its attempts\n"
    "  status            how much is in which state\n"
    "  plan              when each will leave, and what holds it\n"
    "  hold ID...        not to be sent before release\n"
    "  release ID...     let what was held go\n"
    "  cancel ID...      not to be sent at all\n"
    "  retry ID...       due now, before its time or again\n"
    "  force ID...       send it now, whatever holds it\n"
    "  mark ID... sent|failed\n"
    "                    say what became of an uncertain one\n"
    "  reconcile         look for what became of uncertain ones\n"
    "  bounce            take bounces from stdin\n"
    "  purge             remove what was settled long ago\n"
    "  pause             stop sending\n"
    "  resume            and start it again\n"
    "  window test|next|list|show|crontab|set\n"
    "                    when mail may leave\n"
    "  limit             how much may leave\n"
    "  suppress add|remove|list|export|why|import\n"
    "                    to whom nothing goes\n"
    "  import            rows of other queues\n"
    "  export            rows for them\n"
    "\n"
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "  -h, --help        this text; after a verb: that verb's options\n"
    "\n"
    "example: mail-compose --to ann@example.com --subject Hi --text Hello | mail-queue add && mail-queue run\n";

static const struct prog_verb verbs[] = {
    {"add", add_main},         {"claim", claim_main},   {"settle", settle_main}, {"run", run_main},
    {"force", force_main},     {"list", list_main},     {"show", show_main},     {"status", status_main},
    {"hold", hold_main},       {"release", release_main}, {"cancel", cancel_main}, {"retry", retry_main},
    {"mark", mark_main},       {"pause", pause_main},   {"resume", resume_main}, {"purge", purge_main},
    {"reconcile", reconcile_main},
    {"window", window_main},   {"limit", limit_main},   {"suppress", suppress_main}, {"plan", plan_main},
    {"import", import_main},   {"export", export_main},
    {"bounce", bounce_main},
    {NULL, NULL},
};

static const struct prog_form command = {.usage = usage, .before_verb = true};

int main(int argc, char **argv)
{
    prog_init("mail-queue");
    prog_signals(false);
    return prog_verbs(&command, verbs, argc, argv);
}
