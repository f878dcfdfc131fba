/* -j N: a process for each of N servers at once. This one deals the lines, the others send and write to the same stdout. */
#include "send.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIPE_OCTETS = 1 << 20, LINE_MEMORY = 1 << 27 };

struct worker {
    pid_t pid;
    int fd; /* where its lines go; -1: gone */
};

struct dealer {
    struct run *run;
    arena line;
    struct worker worker[WORKERS_MAX];
    ptrdiff_t n, next;
    struct map routes; /* account and profile, to a worker: what goes one way goes over one connection */
};

/* ---- stdout of several processes --------------------------------------------------------------------- */

static void lock(const struct run *r, short type)
{
    struct flock all = {.l_type = type, .l_whence = SEEK_SET};
    while (r->shares_out && fcntl(r->out_lock, F_SETLKW, &all) != 0 && errno == EINTR)
        continue;
}

void run_flush(struct run *r)
{
    lock(r, F_WRLCK);
    out_flush(r->out);
    lock(r, F_UNLCK);
}

void run_put(struct run *r, str line)
{
    if (line.len > r->out->cap - r->out->len)
        run_flush(r);
    if (line.len <= r->out->cap) {
        out_put(r->out, line);
        return;
    }
    lock(r, F_WRLCK);
    out_put(r->out, line);
    lock(r, F_UNLCK);
}

/* ---- workers ----------------------------------------------------------------------------------------- */

/* True in the worker. */
static bool start_worker(struct dealer *d, struct err *e)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        return err_errno(e, ERR_LATER, "send.workers", NULL, "cannot make a pipe");
    fcntl(ends[1], F_SETPIPE_SZ, PIPE_OCTETS);
    pid_t pid = fork();
    if (pid < 0)
        return err_errno(e, ERR_LATER, "send.workers", NULL, "cannot start a process");
    if (pid > 0) {
        close(ends[0]);
        d->worker[d->n++] = (struct worker){pid, ends[1]};
        return false;
    }
    for (ptrdiff_t i = 0; i < d->n; i++)
        close(d->worker[i].fd);
    close(ends[1]);
    dup2(ends[0], 0);
    close(ends[0]);
    return true;
}

static struct worker *worker_for(struct dealer *d, const struct submission *s)
{
    struct run *r = d->run;
    str key = str_fmt(&d->line, "%.*s\n%.*s", STR_ARG(s->account), STR_ARG(s->profile));
    struct map_slot *slot = map_get(&d->routes, key);
    if (!slot) {
        slot = map_put(r->mem, &d->routes, str_copy(r->mem, key));
        slot->value.num = d->next++ % d->n;
    }
    return &d->worker[slot->value.num];
}

static void deal(struct dealer *d, str line, int64_t number)
{
    struct record record;
    struct err e;
    arena_reset(&d->line);
    if (!record_read_types(&d->line, line, "stdin", number, RECORD_BIT(RECORD_SUBMISSION), &record, &e)) {
        prog_error(&e);
        return;
    }
    str whole = str_fmt(&d->line, "%.*s\n", STR_ARG(line));
    if (record.type != RECORD_SUBMISSION) {
        run_put(d->run, whole);
        return;
    }
    struct worker *w = worker_for(d, &record.submission);
    if (w->fd >= 0 && !fd_write_full(w->fd, whole)) {
        close(w->fd);
        w->fd = -1;
    }
    if (w->fd < 0) {
        err_set(&e, ERR_LATER, "send.workers", "its lease brings it back", "line %lld was not sent: its process has ended", (long long)number);
        prog_error(&e);
    }
}

static void deal_all(struct dealer *d)
{
    struct lines in = lines_new(0, LINE_MAX_OCTETS);
    enum line_status status;
    struct err e;
    str line;
    do {
        if (!lines_ready(&in, 0))
            run_flush(d->run);
        status = lines_next(&in, &line);
        if (status == LINE_OK)
            deal(d, line, in.number);
        else if (!lines_err(&in, status, "stdin", &e))
            prog_error(&e);
    } while ((status == LINE_OK || status == LINE_LONG) && !prog_stopping() && out_good(d->run->out));
    lines_free(&in);
}

static void end_workers(struct dealer *d)
{
    for (ptrdiff_t i = 0; i < d->n; i++) {
        if (d->worker[i].fd >= 0)
            close(d->worker[i].fd);
        if (prog_stopping())
            kill(d->worker[i].pid, SIGTERM);
    }
    for (ptrdiff_t i = 0; i < d->n; i++) {
        int status = 0;
        while (waitpid(d->worker[i].pid, &status, 0) < 0 && errno == EINTR)
            if (prog_stopping())
                kill(d->worker[i].pid, SIGTERM);
        prog_outcome(WIFEXITED(status) ? (enum err_class)WEXITSTATUS(status) : ERR_LATER);
    }
}

void send_shared(struct run *r)
{
    struct dealer *d = ARENA_NEW(r->mem, struct dealer);
    struct err e = {0};
    d->run = r;
    r->out_lock = memfd_create("mail-send", MFD_CLOEXEC);
    r->shares_out = r->out_lock >= 0;
    for (int64_t i = 0; i < r->opts->workers && !e.class; i++)
        if (start_worker(d, &e)) {
            send_records(r, 0);
            return;
        }
    if (e.class)
        prog_error(&e);
    d->line = arena_new(LINE_MEMORY);
    if (d->n)
        deal_all(d);
    end_workers(d);
}
