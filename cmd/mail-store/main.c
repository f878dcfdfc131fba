/* mail-store: rows, blobs and full text of mail, and everything that is asked of them.
 *
 * In (put): `email`, `poll` and `error` records; others pass through. Out: records of what is stored. Touches: the store. */
#include "mail-store/search.h"
#include "mail-store/verb.h"

static const char usage[] =
    "usage: mail-store VERB [OPTION...] [ARGUMENT...]\n"
    "\n"
    "  put               store the records of stdin\n"
    "  search [QUERY]    what a query finds, newest first; see mail-query(7)\n"
    "  list              the newest mail, by account and mailbox\n"
    "  get ID...         emails with their text and html\n"
    "  thread ID...      the emails of a thread\n"
    "  threads           the threads with the most recent mail\n"
    "  raw ID            the message itself, byte for byte\n"
    "  attach ID [PART]  attachments, into files or to stdout\n"
    "  mailboxes         how much mail, and how far it was fetched\n"
    "  log               what happened, the newest last\n"
    "  init              make a store\n"
    "  check             is everything in order?\n"
    "  gc                take away what nothing needs\n"
    "  migrate           bring the store to another version, after a backup\n"
    "\n"
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "  -h, --help        this text; after a verb: that verb's options\n"
    "\n"
    "example: mail-parse ~/Maildir | mail-thread | mail-store put && mail-store search from:alice\n";

static const struct prog_verb verbs[] = {
    {"put", put_main},       {"search", search_main}, {"list", list_main},           {"get", get_main},   {"thread", thread_main},
    {"threads", threads_main}, {"raw", raw_main},     {"attach", attach_main},       {"mailboxes", mailboxes_main},
    {"log", log_main},       {"init", init_main},     {"check", check_main},   {"gc", gc_main},               {"migrate", migrate_main},
    {NULL, NULL},
};

static const struct prog_form command = {.usage = usage, .before_verb = true};

int main(int argc, char **argv)
{
    prog_init("mail-store");
    prog_signals(false);
    return prog_verbs(&command, verbs, argc, argv);
}
