/* mail-send as a child of mail-queue run, mail-compose as one of import. */
#ifndef MAIL_QUEUE_CHILD_H
#define MAIL_QUEUE_CHILD_H

#include "err/err.h"
#include "lease/lease.h"

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

struct child_command {
    const char *name;    /* NULL: mail-send */
    const char *program; /* NULL: the one of that name from the folder of this program, else from PATH */
    const char *config;  /* -C for it, or NULL */
    char **options;      /* further ones */
    int n_options;
    int err; /* its stderr; 0: ours */
};
struct child {
    pid_t pid;
    int in, out; /* its stdin; what it prints */
    sigset_t mask; /* signals as they were: none comes between until child_end, so that every delivery is read */
    pthread_t feeder; /* after child_feed */
    bool fed;
    str input;
};

/* It starts while its input is made. */
bool child_start(struct child *c, const struct child_command *command, struct err *e);
/* All of its stdin, which must live until child_end: a thread writes it, so that it can read as it likes while we read what it prints. False
 * with *e: the child has been ended. */
bool child_feed(struct child *c, str input, struct err *e);
/* Wait for it; without input it found none. Its exit code is left alone: what it printed says all. A program that cannot be run is told. */
void child_end(struct child *c);

#endif
