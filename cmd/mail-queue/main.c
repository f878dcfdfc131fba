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
    "  hold, release, cancel, retry, force ID...\n"
    "  mark ID sent|failed     say what became of an uncertain one\n"
    "  reconcile         look for what became of uncertain ones\n"
    "  bounce            take bounces from stdin\n"
    "  purge             remove what was settled long ago\n"
    "  pause, resume     stop and start sending\n"
    "  window, limit, suppress   when, how much, and to whom not\n"
    "  import, export    rows of other queues\n"
    "\n"
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "  -h, --help        this text; after a verb: that verb's options\n"
    "  -V, --version     the version\n"
    "\n"
    "example: mail-compose --to ann@example.com --subject Hi --text Hello | mail-queue add && mail-queue run\n";

static const struct {
    const char *name;
    verb_main *run;
} verbs[] = {
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

static const struct option options[] = {
    {"store", required_argument, NULL, 's'},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
    {NULL, 0, NULL, 0},
};

int main(int argc, char **argv)
{
    const char *dir = NULL;
    prog_init("mail-queue");
    prog_signals(false);
    for (int o; (o = getopt_long(argc, argv, "+s:qvhV", options, NULL)) != -1;) {
        switch (o) {
        case 's': dir = optarg; break;
        case 'q': prog_verbosity(QUIET); break;
        case 'v': prog_verbosity(VERBOSE); break;
        case 'h': return prog_usage(usage);
        case 'V': return prog_version();
        default: return prog_misuse("options of a verb come after it");
        }
    }
    if (optind == argc)
        return prog_misuse("which verb?");
    for (size_t i = 0; verbs[i].name; i++)
        if (strcmp(verbs[i].name, argv[optind]) == 0)
            return verbs[i].run(dir, argc - optind, argv + optind);
    return prog_misuse("there is no verb '%s'", argv[optind]);
}
