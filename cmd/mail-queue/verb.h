/* The verbs of mail-queue: each in a file of its name, and the frame that they share.
 *
 * A verb is `int NAME_main(const char *dir, int argc, char **argv)`, declared here and listed in main.c. dir: -s before the verb, or NULL;
 * argv[0] is the verb. Each returns the exit code. */
#ifndef MAIL_QUEUE_VERB_H
#define MAIL_QUEUE_VERB_H

#include "config/config.h"
#include "store/store.h"
#include "sys/sys.h"

typedef int verb_main(const char *dir, int argc, char **argv);
verb_main add_main, list_main, show_main, claim_main, settle_main, run_main, reconcile_main, hold_main, release_main, cancel_main, retry_main,
    force_main, mark_main, purge_main, status_main, pause_main, resume_main;
/* policy */
verb_main window_main, limit_main, suppress_main, plan_main, import_main, export_main;
/* bounces */
verb_main bounce_main;

/* ---- the frame ------------------------------------------------------------------------------------------ */

struct verb_call;
struct verb {
    const char *name, *usage; /* the options are those of the usage (sys/sys.h) */
    int min_args, max_args; /* max -1: any number */
    const struct prog_name *more; /* its own options, val from VERB_OWN on; or NULL */
    /* Takes one of them. 0, or what prog_misuse returned. */
    int (*own)(struct verb_call *c, int val, const char *arg);
};
enum { VERB_OWN = 1000 };

struct verb_call {
    arena mem; /* run lifetime */
    struct out out;
    const char *dir, *config_path, *reason;
    struct strs accounts, queues, statuses; /* statuses are checked words */
    int64_t limit; /* -1: not said */
    bool all, dry_run, events, answered;
    int n_args;
    char **args;
    void *context; /* of the verb */
    struct config config; /* after verb_config */
    struct store *store;  /* after verb_open */
};

/* Read the command line. own: for c->context, or NULL. False: *code is what to return at once. */
bool verb_begin(const struct verb *v, struct verb_call *c, void *context, const char *dir, int argc, char **argv, int *code);
/* Open the store into c->store; false after telling why. */
bool verb_open(struct verb_call *c, enum store_mode mode);
/* Load the configuration into c->config; false after telling why. */
bool verb_config(struct verb_call *c);
/* Close, flush, and the exit code. */
int verb_end(struct verb_call *c);
/* Tell an error and end: return verb_fail(&c, &e); */
int verb_fail(struct verb_call *c, const struct err *e);

/* The submissions that the arguments name (queue_resolve); false after telling which is none. */
bool verb_ids(struct verb_call *c, struct ids *ids);

/* Take back what dead ones hold, and say so; false after telling why it could not. */
bool verb_take_back(struct verb_call *c);

/* queue.* of the configuration; context is a struct verb_call that has its config. */
void verb_patience(void *context, str account, struct queue_patience *out);

#endif
