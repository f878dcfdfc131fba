/* The verbs of mail-store: each in a file of its name, and the frame that those share which have no options of their own kind.
 *
 * dir: -s before the verb, or NULL. argv[0] is the verb. Each returns the exit code. */
#ifndef MAIL_STORE_VERB_H
#define MAIL_STORE_VERB_H

#include "store/store.h"
#include "sys/sys.h"

int put_main(const char *dir, int argc, char **argv);
int list_main(const char *dir, int argc, char **argv);
int get_main(const char *dir, int argc, char **argv);
int raw_main(const char *dir, int argc, char **argv);
int attach_main(const char *dir, int argc, char **argv);
int thread_main(const char *dir, int argc, char **argv);
int threads_main(const char *dir, int argc, char **argv);
int mailboxes_main(const char *dir, int argc, char **argv);
int log_main(const char *dir, int argc, char **argv);
int init_main(const char *dir, int argc, char **argv);
int migrate_main(const char *dir, int argc, char **argv);
int check_main(const char *dir, int argc, char **argv);
int gc_main(const char *dir, int argc, char **argv);

/* ---- the frame ------------------------------------------------------------------------------------------ */

enum verb_option {
    OPT_ALL = 256, OPT_CURSOR, OPT_EVENTS, OPT_SKIP_GAPS, OPT_HEADERS, OPT_FULL, OPT_EXPLAIN, OPT_TO, OPT_FORCE, OPT_DRY_RUN, OPT_AGE, OPT_HTML, OPT_TEXT,
    OPT_SINCE, OPT_UNTIL, OPT_KIND
};

struct verb {
    const char *name, *usage; /* the options are those of the usage (sys/sys.h) */
    int min_args, max_args; /* max -1: any number */
};

struct verb_call {
    arena mem; /* run lifetime */
    struct out out;
    const char *dir, *to, *folder;
    struct strs accounts, mailboxes, kinds;
    str since, until;
    int64_t limit; /* -1: not said */
    int64_t age_s; /* -1: not said */
    struct search_place after;
    bool has_after, all, events, skip_gaps, headers, full, explain, force, dry_run, answered;
    int n_args;
    char **args;
    struct store *store;
};

/* In the usage of verbs that take an id: what one is, and -s; the options of every verb. */
#define VERB_IDS                                                                                                \
    "ID: the number of an email (4711 or id:4711), its blob id, its message id, or the id of a whole thread.\n" \
    "\n"                                                                                                       \
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
/* Read the command line. False: *code is what to return at once (usage was asked for, or a misuse). */
bool verb_begin(const struct verb *v, struct verb_call *c, const char *dir, int argc, char **argv, int *code);
/* Open the store into c->store; false after telling why. */
bool verb_open(struct verb_call *c, enum store_mode mode);
/* Close it, flush, and the exit code. */
int verb_end(struct verb_call *c);

/* Print the records of these emails in pages; no transaction is open while one is written. */
bool print_emails(struct verb_call *c, const struct ids *ids, struct err *e);
/* The first of what the first argument stands for. */
bool one_email(struct verb_call *c, struct email *m, struct err *e);
/* The blob of an email, opened; -1 with *e. */
int open_blob(arena *a, struct store *s, const struct email *m, struct err *e);

struct mime;
/* body.c: feed the parser the message of an email, between mime_begin and mime_end. */
bool feed_blob(struct mime *mime, arena scratch, struct store *s, const struct email *m, struct err *e);
/* The records with what only the message itself tells (text, html, and with headers its header fields), parsed again. One whose message cannot be
 * read is reported, and the next one follows. */
void print_bodies(arena *mem, struct store *s, const struct ids *ids, bool headers, struct out *out);

#endif
