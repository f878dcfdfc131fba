/* mail-send as a child of mail-queue run, mail-compose as one of import. */
#ifndef MAIL_QUEUE_CHILD_H
#define MAIL_QUEUE_CHILD_H

#include "err/err.h"
#include "lease/lease.h"

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
    int out; /* what it prints */
    sigset_t mask; /* signals as they were: none comes between until child_end, so that every delivery is read */
};

/* Its stdin is a file in memory, so that it can read as it likes while we read what it prints. */
bool child_start(struct child *c, const struct child_command *command, str input, struct err *e);
/* Wait for it. Its exit code is left alone: what it printed says all. A program that cannot be run is told. */
void child_end(struct child *c);

#endif
