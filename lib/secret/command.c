/* Secrets that another program prints: cmd: and keyring:. */
#include "secret/private.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    COMMAND_DEADLINE_MS = 30000, /* a command that asks a person would wait for ever under cron */
    ARGUMENTS_MAX = 34           /* of keyring:, more are refused */
};

/* No terminal, no input, no key of ours, a process group of its own so that the whole of it can be ended. */
static _Noreturn void run(char *const *arguments, int to)
{
    setsid();
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(to, 1);
    signal(SIGPIPE, SIG_DFL);
    for (int i = 0; seal_variables[i]; i++)
        unsetenv(seal_variables[i]);
    execvp(arguments[0], arguments);
    _exit(127);
}

/* What it prints, at most SECRET_MAX octets; false when the deadline passed. */
static bool collect(int fd, struct buf *b)
{
    int64_t deadline = sys_clock.monotonic_ms() + COMMAND_DEADLINE_MS;
    while (b->len < SECRET_MAX) {
        int64_t left = deadline - sys_clock.monotonic_ms();
        struct pollfd p = {.fd = fd, .events = POLLIN};
        int ready = left > 0 ? poll(&p, 1, (int)left) : 0;
        if (ready < 0 && errno == EINTR && !prog_stopping())
            continue;
        if (ready <= 0)
            return false;
        ssize_t n = read(fd, buf_room(b, 1024), 1024);
        if (n <= 0)
            return true;
        b->len += n;
    }
    return true;
}

static bool outcome(str reference, const char *hint, bool in_time, int status, struct err *e)
{
    if (!in_time && prog_stopping())
        return err_set(e, ERR_LATER, "secret.stopped", NULL, "stopped by a signal while the secret %.*s was asked for", STR_ARG(reference));
    if (!in_time)
        return err_set(e, ERR_LOGIN, "secret.slow", "it must not ask a person: it has no terminal",
                       "the secret %.*s gave no answer in %d s", STR_ARG(reference), COMMAND_DEADLINE_MS / 1000);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(e, ERR_LOGIN, "secret.command", hint, "the command of the secret %.*s failed (%s %d)", STR_ARG(reference),
                       WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return true;
}

static bool printed(arena *a, str reference, char *const *arguments, const char *hint, str *out, struct err *e)
{
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return err_errno(e, ERR_LATER, "secret.pipe", NULL, "cannot run the secret %.*s", STR_ARG(reference));
    pid_t child = fork();
    if (child == 0)
        run(arguments, pipes[1]);
    close(pipes[1]);
    struct buf b = buf_new(a, 2048);
    bool in_time = child > 0 && collect(pipes[0], &b);
    close(pipes[0]);
    if (child < 0)
        return err_errno(e, ERR_LATER, "secret.fork", NULL, "cannot run the secret %.*s", STR_ARG(reference));
    if (!in_time)
        kill(-child, SIGKILL);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        continue;
    *out = buf_str(&b);
    return outcome(reference, hint, in_time, status, e);
}

bool from_command(arena *a, str reference, str *out, struct err *e)
{
    char *arguments[] = {(char *)"/bin/sh", (char *)"-c", str_z(a, str_skip(reference, 4)), NULL};
    return printed(a, reference, arguments, "run the command by hand to see what it says", out, e);
}

bool from_keyring(arena *a, str reference, str *out, struct err *e)
{
    char *arguments[ARGUMENTS_MAX + 1] = {(char *)"secret-tool", (char *)"lookup"};
    int n = 2;
    str rest = str_skip(reference, 8), word;
    while (rest.len && n < ARGUMENTS_MAX) {
        str_cut(rest, ' ', &word, &rest);
        if (word.len)
            arguments[n++] = str_z(a, word);
    }
    if (rest.len || n % 2 || n == 2)
        return err_set(e, ERR_CONFIG, "secret.form", "as in keyring:service mail user ann", "%.*s is not pairs of an attribute and a value",
                       STR_ARG(reference));
    return printed(a, reference, arguments, "secret-tool must be installed, the keyring open and its bus in reach; under cron use sealed:", out, e);
}
