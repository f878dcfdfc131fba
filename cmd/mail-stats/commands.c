#include "mail-stats/commands.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_RUN = 127, PAUSE_MS = 5, CURL_SECONDS = 30 };

void command_word(struct command *c, const char *word)
{
    if (c->n < COMMAND_WORDS)
        c->word[c->n++] = word;
}

void command_ours(arena *a, struct command *c, const char *name)
{
    char path[PROG_PATH];
    command_word(c, str_z(a, str_c(prog_beside(name, path))));
}

struct running {
    int in, out, err; /* files in memory: nothing has to be read while it is written */
    int between[2];
    pid_t pid[COMMANDS];
    int n;
};

static void become(const struct command *c, int in, int out, int err)
{
    setpgid(0, 0);
    if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
        _exit(CANNOT_RUN);
    signal(SIGPIPE, SIG_DFL);
    execvp(c->word[0], (char **)c->word);
    dprintf(2, "%s: %s\n", c->word[0], strerror(errno));
    _exit(CANNOT_RUN);
}

static bool start(struct running *r, const struct command *c, int n)
{
    if (n > 1 && pipe2(r->between, O_CLOEXEC) != 0)
        return false;
    for (int i = 0; i < n; i++) {
        pid_t pid = fork();
        if (pid < 0)
            return false;
        if (pid == 0)
            become(&c[i], i ? r->between[0] : r->in, i < n - 1 ? r->between[1] : r->out, r->err);
        r->pid[r->n++] = pid;
    }
    return true;
}

static void close_between(struct running *r)
{
    for (int i = 0; i < 2; i++)
        if (r->between[i] >= 0)
            close(r->between[i]);
    r->between[0] = r->between[1] = -1;
}

/* Waits for all. *status: of the last one that did not exit with 0. False: too slow. */
static bool wait_all(struct running *r, int seconds, int *status)
{
    int64_t until = sys_clock.monotonic_ms() + (int64_t)seconds * 1000;
    bool in_time = true;
    *status = 0;
    for (int i = 0; i < r->n; i++) {
        int s;
        pid_t done;
        while ((done = waitpid(r->pid[i], &s, in_time ? WNOHANG : 0)) <= 0) {
            if (done < 0 && errno != EINTR)
                break;
            if (in_time && sys_clock.monotonic_ms() > until) {
                in_time = false;
                for (int k = i; k < r->n; k++)
                    kill(-r->pid[k], SIGKILL);
            } else if (in_time) {
                poll(NULL, 0, PAUSE_MS);
            }
        }
        if (done > 0 && s != 0)
            *status = s;
    }
    return in_time;
}

static str read_back(arena *a, int fd)
{
    char *octets = arena_alloc(a, COMMAND_OUTPUT, 1);
    ptrdiff_t n = lseek(fd, 0, SEEK_SET) == 0 ? fd_read_full(fd, octets, COMMAND_OUTPUT) : 0;
    return str_of(octets, n > 0 ? n : 0);
}

static str last_line(str text)
{
    text = str_trim_right(text);
    ptrdiff_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != '\n')
        at--;
    return str_skip(text, at);
}

static bool failed(struct err *e, const char *what, int status, bool in_time, str words)
{
    if (!in_time)
        err_set(e, ERR_LATER, "command.slow", NULL, "%s took too long and was ended", what);
    else if (WIFSIGNALED(status))
        err_set(e, ERR_LATER, "command.killed", NULL, "%s was ended by signal %d", what, WTERMSIG(status));
    else
        err_set(e, ERR_LATER, "command.failed", NULL, "%s exited with %d", what, WEXITSTATUS(status));
    err_server(e, last_line(words));
    return false;
}

bool commands_run(arena *a, const struct command *c, int n, const char *what, str input, int seconds, str *output, struct err *e)
{
    struct running r = {memfd_create("input", MFD_CLOEXEC), memfd_create("output", MFD_CLOEXEC), memfd_create("errors", MFD_CLOEXEC), {-1, -1}, {0}, 0};
    int status = 0;
    bool good = r.in >= 0 && r.out >= 0 && r.err >= 0 && fd_write_full(r.in, input) && lseek(r.in, 0, SEEK_SET) == 0;
    bool started = good && start(&r, c, n);
    if (!started)
        err_errno(e, ERR_LATER, "command.start", NULL, "cannot start %s", what);
    close_between(&r);
    bool in_time = wait_all(&r, seconds, &status);
    if (started && (!in_time || status != 0))
        failed(e, what, status, in_time, read_back(a, r.err));
    if (output && started)
        *output = read_back(a, r.out);
    close(r.in);
    close(r.out);
    close(r.err);
    return started && in_time && status == 0;
}

/* ---- curl ----------------------------------------------------------------------------------------------------- */

static void put_quoted(struct buf *to, str text)
{
    buf_byte(to, '"');
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '"' || c == '\\')
            buf_byte(to, '\\');
        buf_byte(to, c == '\n' || c == '\r' ? ' ' : c);
    }
    buf_put(to, S("\"\n"));
}

/* What it is to do, for its stdin. */
static str curl_request(arena *a, str url, str body)
{
    struct buf b = buf_new(a, url.len + body.len + 256);
    buf_put(&b, S("url = "));
    put_quoted(&b, url);
    if (body.ptr) {
        buf_put(&b, S("header = \"Content-Type: application/json\"\ndata-raw = "));
        put_quoted(&b, body);
    }
    return buf_str(&b);
}

bool curl_run(arena *a, str url, str body, const char *what, struct err *e)
{
    static const char *const words[] = {"curl", "-q", "-g", "-fsS", "--proto", "=http,https", "--connect-timeout", "10", "--max-time", "25",
                                        "-o", "/dev/null", "-w", "%{http_code}", "-K", "-"};
    struct command curl = {0};
    str code;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        command_word(&curl, words[i]);
    if (!commands_run(a, &curl, 1, what, curl_request(a, url, body), CURL_SECONDS, &code, e))
        return false;
    return str_starts(code, S("2")) || err_set(e, ERR_LATER, "command.http", NULL, "%s: the server says %.*s", what, STR_ARG(str_first(code, code.len < 3 ? code.len : 3)));
}
