#include "mail-queue/child.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_RUN = 127 };

static void block_signals(sigset_t *before)
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_BLOCK, &stops, before);
}

static void run(const struct child_command *command, int in, int out, const sigset_t *mask)
{
    char path[PROG_PATH];
    const char *name = command->name ? command->name : "mail-send";
    const char *program = command->program ? command->program : prog_beside(name, path);
    char **argv = calloc((size_t)command->n_options + 6, sizeof *argv);
    int n = 0;
    if (!argv || dup2(in, 0) < 0 || dup2(out, 1) < 0 || (command->err && dup2(command->err, 2) < 0))
        _exit(CANNOT_RUN);
    argv[n++] = (char *)program;
    if (prog_is() == QUIET)
        argv[n++] = "-q";
    if (prog_is() == VERBOSE)
        argv[n++] = "-v";
    if (command->config) {
        argv[n++] = "-C";
        argv[n++] = (char *)command->config;
    }
    for (int i = 0; i < command->n_options; i++)
        argv[n++] = command->options[i];
    signal(SIGPIPE, SIG_DFL);
    sigprocmask(SIG_SETMASK, mask, NULL);
    execvp(program, argv);
    prog_warn("cannot run %s: %s", program, strerror(errno));
    _exit(CANNOT_RUN);
}

static bool cannot(struct err *e, const struct child_command *command, const char *what)
{
    return err_errno(e, ERR_LATER, "queue.child", "", "cannot %s %s", what, command->name ? command->name : "mail-send");
}

bool child_start(struct child *c, const struct child_command *command, struct err *e)
{
    int in[2], out[2];
    if (pipe2(in, O_CLOEXEC) != 0)
        return cannot(e, command, "make a pipe for");
    if (pipe2(out, O_CLOEXEC) != 0) {
        close(in[0]);
        close(in[1]);
        return cannot(e, command, "make a pipe for");
    }
    *c = (struct child){.in = in[1], .out = out[0]};
    block_signals(&c->mask);
    c->pid = fork();
    if (c->pid == 0)
        run(command, in[0], out[1], &c->mask);
    close(in[0]);
    close(out[1]);
    if (c->pid > 0)
        return true;
    close(c->in);
    close(c->out);
    sigprocmask(SIG_SETMASK, &c->mask, NULL);
    return cannot(e, command, "start");
}

/* Where the child ends early, the rest is not for anybody: its lease brings it back. */
static void *feed(void *context)
{
    struct child *c = context;
    fd_write_full(c->in, c->input);
    close(c->in);
    return NULL;
}

bool child_feed(struct child *c, str input, struct err *e)
{
    c->input = input;
    int failed = pthread_create(&c->feeder, NULL, feed, c);
    c->fed = failed == 0;
    if (c->fed)
        return true;
    child_end(c);
    errno = failed;
    return err_errno(e, ERR_LATER, "queue.child", "", "cannot start a thread");
}

void child_end(struct child *c)
{
    int status = 0;
    close(c->out);
    if (!c->fed)
        close(c->in);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    if (c->fed)
        pthread_join(c->feeder, NULL);
    if (WIFEXITED(status) && WEXITSTATUS(status) == CANNOT_RUN)
        prog_outcome(ERR_CONFIG);
    sigprocmask(SIG_SETMASK, &c->mask, NULL);
}
