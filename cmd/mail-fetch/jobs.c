/* Several accounts at once: a process for each, so that a server that hangs holds up only its own account.
 *
 * A child writes its records to a pipe; the parent hands on whole lines, so that those of different accounts never mix, and those of one
 * keep their order. It reads no faster than stdout takes, and a full pipe makes the child wait. */
#include "fetch.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <stdnoreturn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

enum {
    JOBS = 4,           /* where -j is not said */
    PIECE = 64 << 10,   /* of one read; Linux's pipes hold as much */
    LOOK_AGAIN_MS = 1000 /* a signal that comes just before poll(2) does not end it */
};

struct child {
    pid_t pid; /* 0: this place is free */
    int fd;    /* where its records come from */
    const struct target *account;
    char *ptr; /* len octets of a line that has not ended yet; kept for the next child */
    ptrdiff_t len, cap;
};

struct jobs {
    struct run *run;
    struct child *child;
    struct pollfd *look; /* of each child, and last of stdout */
    ptrdiff_t n, running;
    bool told;           /* the children are to end */
};

int64_t run_claim(struct run *r, int64_t n)
{
    int64_t left = atomic_load(r->left), take;
    do
        take = n < left ? n : left;
    while (!atomic_compare_exchange_weak(r->left, &left, left - take));
    return take;
}

void run_give_back(struct run *r, int64_t n) { atomic_fetch_add(r->left, n); }

/* ---- the child ------------------------------------------------------------------------------------- */

/* A parent that is killed takes us with it: the account is free, and what was under way is as after a crash. */
static void follow(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(ERR_LATER);
}

/* A connection to SQLite must not pass a fork, so each has its own. */
static noreturn void read_account(struct jobs *j, const struct target *a, int to)
{
    struct run *r = j->run;
    struct err e;
    for (ptrdiff_t i = 0; i < j->n; i++)
        if (j->child[i].pid)
            close(j->child[i].fd);
    *r->out = out_new(r->mem, to);
    r->beside_others = true;
    if (run_open_store(r, &e))
        run_account(r, a);
    else
        emit_error(r, &e, a->name, STR_NONE, 0);
    exit(run_end(r));
}

/* ---- the parent ------------------------------------------------------------------------------------ */

static struct child *free_place(struct jobs *j)
{
    struct child *c = j->child;
    while (c->pid)
        c++;
    return c;
}

static bool start(struct jobs *j, const struct target *a, struct err *e)
{
    int fd[2];
    pid_t parent = getpid();
    out_flush(j->run->out);
    if (pipe2(fd, O_CLOEXEC) != 0)
        return err_errno(e, ERR_LATER, "fetch.process", "fewer at once: -j 1", "cannot make a pipe");
    pid_t pid = fork();
    if (pid < 0) {
        err_errno(e, ERR_LATER, "fetch.process", "fewer at once: -j 1", "cannot start a process");
        close(fd[0]);
        close(fd[1]);
        return false;
    }
    if (!pid) {
        follow(parent);
        close(fd[0]);
        read_account(j, a, fd[1]);
    }
    close(fd[1]);
    struct child *c = free_place(j);
    *c = (struct child){.pid = pid, .fd = fd[0], .account = a, .ptr = c->ptr, .cap = c->cap};
    j->running++;
    return true;
}

/* What was begun of a line when it died is no record. */
static void reap(struct jobs *j, struct child *c)
{
    int status = 0;
    if (c->fd >= 0)
        close(c->fd);
    while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
        ;
    c->pid = 0;
    c->len = 0;
    j->running--;
    if (!out_good(j->run->out))
        return;
    if (WIFEXITED(status)) {
        prog_outcome((enum err_class)WEXITSTATUS(status));
        return;
    }
    struct err e;
    err_set(&e, ERR_LATER, "fetch.process", "run it again", "the process that read it was ended by signal %d", WTERMSIG(status));
    arena_reset(&j->run->message);
    emit_error(j->run, &e, c->account->name, STR_NONE, 0);
}

static void forward(struct jobs *j, struct child *c)
{
    if (c->cap - c->len < PIECE) {
        assert(c->len < LINE_MAX_OCTETS);
        c->cap = 2 * c->cap + PIECE;
        c->ptr = realloc(c->ptr, (size_t)c->cap);
        if (!c->ptr)
            abort();
    }
    ptrdiff_t n = read(c->fd, c->ptr + c->len, PIECE);
    if (n < 0 && errno == EINTR)
        return;
    if (n <= 0) {
        reap(j, c);
        return;
    }
    const char *end = memrchr(c->ptr + c->len, '\n', (size_t)n);
    c->len += n;
    if (!end)
        return;
    ptrdiff_t whole = end + 1 - c->ptr;
    out_put(j->run->out, str_of(c->ptr, whole));
    c->len -= whole;
    memmove(c->ptr, c->ptr + whole, (size_t)c->len);
}

static void tell_to_end(struct jobs *j)
{
    j->told = true;
    for (ptrdiff_t i = 0; i < j->n; i++)
        if (j->child[i].pid)
            kill(j->child[i].pid, SIGTERM);
}

/* Nobody reads us any more, so nobody reads them. */
static void give_up(struct jobs *j)
{
    for (ptrdiff_t i = 0; i < j->n; i++)
        if (j->child[i].pid) {
            close(j->child[i].fd);
            j->child[i].fd = -1;
        }
    tell_to_end(j);
    for (ptrdiff_t i = 0; i < j->n; i++)
        if (j->child[i].pid)
            reap(j, &j->child[i]);
}

/* Hand on what is there; waits where nothing is. */
static void serve(struct jobs *j)
{
    struct run *r = j->run;
    for (ptrdiff_t i = 0; i < j->n; i++)
        j->look[i] = (struct pollfd){.fd = j->child[i].pid ? j->child[i].fd : -1, .events = POLLIN};
    j->look[j->n] = (struct pollfd){.fd = r->out->fd};
    int some = poll(j->look, (nfds_t)j->n + 1, LOOK_AGAIN_MS);
    for (ptrdiff_t i = 0; some > 0 && i < j->n; i++)
        if (j->look[i].revents)
            forward(j, &j->child[i]);
    if (some > 0 && j->look[j->n].revents) /* an error or a hang-up, as nothing was asked for */
        r->out->closed = true;
    out_flush(r->out);
    if (!out_good(r->out))
        give_up(j);
    else if (prog_stopping() && !j->told)
        tell_to_end(j);
}

/* The -n of all of them is counted in memory that they share. */
static bool share_count(struct run *r, struct err *e)
{
    _Atomic int64_t *left = mmap(NULL, sizeof *left, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (left == MAP_FAILED)
        return err_errno(e, ERR_LATER, "fetch.process", NULL, "cannot share memory");
    *left = *r->left;
    r->left = left;
    return true;
}

ptrdiff_t jobs_wanted(const struct opts *o, ptrdiff_t accounts)
{
    int64_t most = o->jobs ? o->jobs : strcmp(o->verb, "fetch") == 0 ? JOBS : 1;
    return accounts < most ? accounts : (ptrdiff_t)most;
}

void jobs_run(struct run *r, const struct targets *accounts, ptrdiff_t at_once)
{
    struct jobs j = {.run = r, .n = at_once};
    struct err e;
    if (!share_count(r, &e)) {
        prog_error(&e);
        return;
    }
    run_close_store(r);
    j.child = ARENA_ARRAY(r->mem, struct child, j.n);
    j.look = ARENA_ARRAY(r->mem, struct pollfd, j.n + 1);
    for (ptrdiff_t next = 0; j.running || (next < accounts->n && !run_over(r));) {
        while (next < accounts->n && j.running < j.n && !run_over(r)) {
            const struct target *a = &accounts->item[next++];
            arena_reset(&r->message);
            if (!start(&j, a, &e))
                emit_error(r, &e, a->name, STR_NONE, 0);
        }
        if (j.running)
            serve(&j);
    }
    for (ptrdiff_t i = 0; i < j.n; i++)
        free(j.child[i].ptr);
}
