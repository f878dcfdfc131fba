#include "secret/secret.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    SECRET_MAX = 16384,         /* octets; more is no secret but a mistake */
    COMMAND_DEADLINE_MS = 30000 /* a command that asks a person would wait for ever under cron */
};

static const str forms[] = {{"cmd:", 4}, {"env:", 4}, {"file:", 5}};

bool secret_is_reference(str reference)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_starts(reference, forms[i]) && reference.len > forms[i].len)
            return true;
    return false;
}

void secret_wipe(str s)
{
    if (s.len)
        explicit_bzero((char *)s.ptr, (size_t)s.len);
}

static str first_line(str s)
{
    str line, rest;
    str_cut(s, '\n', &line, &rest);
    return line.len && line.ptr[line.len - 1] == '\r' ? str_first(line, line.len - 1) : line;
}

static bool accept(str reference, str value, str *out, struct err *e)
{
    *out = value;
    if (!first_line(value).len)
        return err_set(e, ERR_LOGIN, "secret.empty", NULL, "the secret %.*s is empty", STR_ARG(reference));
    return true;
}

static bool from_env(arena *a, str reference, str *out, struct err *e)
{
    char *name = str_z(a, str_skip(reference, 4));
    char *value = getenv(name);
    if (!value)
        return err_set(e, ERR_LOGIN, "secret.env", "export it for this command", "the variable of the secret %.*s is not set",
                       STR_ARG(reference));
    str copy = str_copy(a, str_c(value));
    secret_wipe(str_c(value));
    unsetenv(name);
    return accept(reference, copy, out, e);
}

static bool from_file(arena *a, str reference, str *out, struct err *e)
{
    char *path = str_z(a, str_skip(reference, 5));
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_errno(e, ERR_LOGIN, "secret.file", NULL, "cannot open the secret %.*s", STR_ARG(reference));
        e->class = ERR_LOGIN;
        return false;
    }
    close(fd);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_LOGIN, "secret.file", "name a plain file", "the secret %.*s is no file", STR_ARG(reference));
    if ((st.st_mode & 077) != 0)
        return err_set(e, ERR_LOGIN, "secret.open", "chmod 600 it", "others can read the secret %.*s", STR_ARG(reference));
    str text;
    if (!file_read(a, path, SECRET_MAX, &text, e)) {
        e->class = ERR_LOGIN;
        return false;
    }
    return accept(reference, text, out, e);
}

/* No terminal, no input, a process group of its own so that the whole of it can be ended. */
static _Noreturn void run_command(const char *command, int to)
{
    setsid();
    int null = open("/dev/null", O_RDONLY);
    dup2(null, 0);
    dup2(to, 1);
    signal(SIGPIPE, SIG_DFL);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
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

static bool from_command(arena *a, str reference, str *out, struct err *e)
{
    char *command = str_z(a, str_skip(reference, 4));
    int pipes[2];
    if (pipe2(pipes, O_CLOEXEC) != 0)
        return err_errno(e, ERR_LATER, "secret.pipe", NULL, "cannot run the secret %.*s", STR_ARG(reference));
    pid_t child = fork();
    if (child == 0)
        run_command(command, pipes[1]);
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
    if (!in_time)
        return err_set(e, ERR_LOGIN, "secret.slow", "it must not ask a person: it has no terminal",
                       "the secret %.*s gave no answer in %d s", STR_ARG(reference), COMMAND_DEADLINE_MS / 1000);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return err_set(e, ERR_LOGIN, "secret.command", "run the command by hand to see what it says",
                       "the command of the secret %.*s failed (%s %d)", STR_ARG(reference),
                       WIFEXITED(status) ? "exit" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
    return accept(reference, buf_str(&b), out, e);
}

bool secret_get_text(arena *a, str reference, str *out, struct err *e)
{
    *out = STR_NONE;
    if (!secret_is_reference(reference))
        return err_set(e, ERR_CONFIG, "secret.form", "write cmd:COMMAND, env:VARIABLE or file:PATH; the secret itself never stands here",
                       "a secret is not a reference");
    if (str_starts(reference, S("env:")))
        return from_env(a, reference, out, e);
    if (str_starts(reference, S("file:")))
        return from_file(a, reference, out, e);
    return from_command(a, reference, out, e);
}

bool secret_get(arena *a, str reference, str *out, struct err *e)
{
    if (!secret_get_text(a, reference, out, e))
        return false;
    *out = first_line(*out);
    return true;
}
