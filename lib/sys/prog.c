#include "sys/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *name = "mailpipe";
static int64_t begun_ms;
static enum err_class worst = ERR_NONE;
static volatile sig_atomic_t stopping;

/* A descriptor that is closed would become that of the next file: records would be written into the database. What stands
 * in its place fails as a closed one does. */
static void hold_standard(int fd, int flags)
{
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags) < 0)
        _exit(ERR_LATER);
}

void prog_init(const char *program)
{
    name = program;
    begun_ms = sys_clock.monotonic_ms();
    hold_standard(0, O_WRONLY);
    hold_standard(1, O_RDONLY);
    hold_standard(2, O_WRONLY);
    log_init();
}

const char *prog_name(void) { return name; }

static void say(enum verbosity level, const char *format, va_list args)
{
    char text[2048];
    vsnprintf(text, sizeof text, format, args);
    log_say(&(struct log_message){level, text, "", "", "", "", "", 0});
}

void prog_debug(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(DEBUGGING, format, args);
    va_end(args);
}

void prog_note(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(VERBOSE, format, args);
    va_end(args);
}

void prog_warn(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(NORMAL, format, args);
    va_end(args);
}

const char *prog_beside(const char *program, char path[PROG_PATH])
{
    enum { NAME_OCTETS = 64 };
    ssize_t n = readlink("/proc/self/exe", path, PROG_PATH - NAME_OCTETS);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n <= 0 || strlen(program) >= NAME_OCTETS)
        return program;
    strcpy(path + n, program);
    return access(path, X_OK) == 0 ? path : program;
}

void prog_error(const struct err *e)
{
    log_say(&(struct log_message){QUIET, e->text, "", e->code, e->stage, e->server, e->hint, (int)e->class});
    prog_outcome(e->class);
}

void prog_outcome(enum err_class class) { worst = err_worse(worst, class); }

enum err_class prog_worst(void) { return worst; }

int prog_misuse(const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    log_misuse("", text);
    return ERR_USAGE;
}

static void complain_output(int error)
{
    struct err e;
    errno = error;
    err_errno(&e, ERR_IO, "io.write", NULL, "cannot write the output");
    e.class = ERR_IO;
    prog_error(&e);
}

static int print(str text)
{
    signal(SIGPIPE, SIG_IGN); /* it comes before prog_signals */
    if (!fd_write_full(1, text) && errno != EPIPE)
        complain_output(errno);
    return prog_finish(NULL);
}

int prog_usage(const char *text) { return print(str_c(text)); }

int prog_version(void)
{
    char text[128];
    snprintf(text, sizeof text, "%s (mailpipe) " MAILPIPE_VERSION "\n", name);
    return print(str_c(text));
}

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

void prog_signals(bool finish_unit)
{
    signal(SIGPIPE, SIG_IGN);
    if (!finish_unit)
        return;
    /* No SA_RESTART: a read or poll that waits must notice. */
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

bool prog_stopping(void) { return stopping != 0; }

int prog_finish(struct out *out)
{
    if (out && !out_flush(out) && !out->closed)
        complain_output(out->error);
    if (prog_is() >= DEBUGGING)
        prog_debug("ends with %d after %lld ms", (int)worst, (long long)(sys_clock.monotonic_ms() - begun_ms));
    return (int)worst;
}
