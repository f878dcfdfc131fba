/* The verbs that are more than a report, each with options of its own beside those that all have. */
#ifndef MAIL_STATS_VERB_H
#define MAIL_STATS_VERB_H

#include "mail-stats/health.h"

/* argv[0] is the program; among the rest stands the verb. Each returns the exit code. */
int health_main(int argc, char **argv);
int alert_main(int argc, char **argv);
int canary_main(int argc, char **argv);
int prom_main(int argc, char **argv);

/* Where a verb stands among the words, it is run and *code is its exit code; so is --help-table, to which verbs add their options. */
bool verb_run(const struct prog_form *program, int argc, char **argv, int *code);

struct verb_call {
    arena mem; /* run lifetime */
    struct out out;
    struct request request; /* store is NULL until verb_open */
    enum format format;
    bool answered, dry_run;
};

enum { VERB_DRY_RUN = 256, VERB_OWN /* numbers of options of the verb's own begin here */ };
#define VERB_NAMES {"dry-run", VERB_DRY_RUN}, {NULL, 0}

#define VERB_USAGE                                                                             \
    "  -a, --account NAME  only this account (repeatable)\n"                                   \
    VERB_USAGE_ALL
#define VERB_USAGE_ALL                                                                         \
    "  -C, --config FILE   the configuration\n"                                                \
    "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"

void verb_begin(struct verb_call *c);
/* An option that several have: 0, or the exit code of a misuse; with c->answered it is that of the program. Where -f is not said, it is a table on a
 * terminal, else json; svg it is not. */
int verb_option(struct verb_call *c, const struct prog_form *form, int option);
/* The store for reading; NULL with *e. */
bool verb_open(struct verb_call *c, struct err *e);
/* Closes everything: the exit code. */
int verb_end(struct verb_call *c);

#endif
