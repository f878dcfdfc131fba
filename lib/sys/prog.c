#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *name = "mailpipe";
static enum verbosity verbosity = NORMAL;
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
    hold_standard(0, O_WRONLY);
    hold_standard(1, O_RDONLY);
    hold_standard(2, O_WRONLY);
}

const char *prog_name(void) { return name; }

void prog_verbosity(enum verbosity v) { verbosity = v; }

enum verbosity prog_is(void) { return verbosity; }

static void say(const char *format, va_list args)
{
    char text[2048], line[2048 + 1];
    int n = snprintf(text, sizeof text, "%s: ", name);
    vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    err_printable(line, sizeof line - 1, str_c(text));
    size_t len = strlen(line);
    line[len] = '\n';
    fd_write_full(2, str_of(line, (ptrdiff_t)len + 1));
}

void prog_note(const char *format, ...)
{
    if (verbosity < VERBOSE)
        return;
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void prog_warn(const char *format, ...)
{
    if (verbosity < NORMAL)
        return;
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

static void complain(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(format, args);
    va_end(args);
}

void prog_error(const struct err *e)
{
    bool server = e->server[0] != 0, hint = e->hint[0] != 0;
    complain("%s%s%s%s%s%s", e->text, server ? " (server: " : "", e->server, server ? ")" : "", hint ? "; " : "", e->hint);
    prog_outcome(e->class);
}

void prog_outcome(enum err_class class) { worst = err_worse(worst, class); }

enum err_class prog_worst(void) { return worst; }

int prog_misuse(const char *format, ...)
{
    if (format) {
        va_list args;
        va_start(args, format);
        say(format, args);
        va_end(args);
    }
    complain("try '%s -h'", name);
    return ERR_USAGE;
}

static int print(str text)
{
    signal(SIGPIPE, SIG_IGN); /* it comes before prog_signals */
    if (!fd_write_full(1, text) && errno != EPIPE) {
        complain("cannot write the output: %s", strerror(errno));
        prog_outcome(ERR_IO);
    }
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
    if (out && !out_flush(out) && !out->closed) {
        complain("cannot write the output: %s", strerror(out->error));
        prog_outcome(ERR_IO);
    }
    return (int)worst;
}
