#include "tap.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct feed {
    int fd;
    str text;
    ptrdiff_t step;
};

static void *write_in_steps(void *p)
{
    struct feed *f = p;
    for (str s = f->text; s.len; s = str_skip(s, f->step))
        fd_write_full(f->fd, str_first(s, f->step));
    close(f->fd);
    return NULL;
}

/* The lines of text, each as "status:content|". */
static str read_all(arena *a, str text, ptrdiff_t step, ptrdiff_t limit)
{
    int ends[2];
    if (pipe(ends) != 0)
        return S("no pipe");
    struct feed feed = {ends[1], text, step};
    pthread_t thread;
    pthread_create(&thread, NULL, write_in_steps, &feed);
    struct lines l = lines_new(ends[0], limit);
    struct buf b = buf_new(a, 64);
    enum line_status status;
    str line;
    while ((status = lines_next(&l, &line)) != LINE_END && status != LINE_ERROR) {
        buf_fmt(&b, "%d:%.*s|", (int)status, line.len > 9 ? 9 : STR_ARG(line));
        if (status == LINE_CUT)
            break;
    }
    pthread_join(thread, NULL);
    lines_free(&l);
    close(ends[0]);
    return buf_str(&b);
}

static void line_reader(arena *a)
{
    for (ptrdiff_t step = 1; step <= 20; step++) {
        is_str(read_all(a, S("one\n\nthree\n"), step, 100), S("0:one|0:|0:three|"), "whole lines, %td octets at a time", step);
        is_str(read_all(a, S("one\ntwo"), step, 100), S("0:one|2:two|"), "a cut last line, %td at a time", step);
    }
    struct buf b = buf_new(a, 300000);
    memset(buf_room(&b, 200000), 'x', 200000);
    b.len = 200000;
    buf_put(&b, S("\nshort\n"));
    is_str(read_all(a, buf_str(&b), 4096, 1000), S("3:xxxxxxxxx|0:short|"), "a line over the limit is skipped, the next is read");
    is_str(read_all(a, buf_str(&b), 4096, 200000), S("0:xxxxxxxxx|0:short|"), "a line at the limit is read");
    is_str(read_all(a, S(""), 1, 100), S(""), "no input");
    struct lines l = lines_new(-1, 100);
    str line;
    struct err e;
    ok(lines_next(&l, &line) == LINE_ERROR && !lines_err(&l, LINE_ERROR, "stdin", &e) && e.class == ERR_IO,
       "a failed read is an error");
    ok(!lines_err(&l, LINE_CUT, "stdin", &e) && e.class == ERR_INPUT && strstr(e.text, "line 1"), "a cut line is named");
    lines_free(&l);
}

static void writer(arena *a)
{
    int full = open("/dev/full", O_WRONLY);
    struct out o = out_new(a, full);
    out_put(&o, S("text"));
    ok(out_good(&o), "nothing is written before the flush");
    ok(!out_flush(&o) && o.error == ENOSPC && !o.closed, "a full disk is seen");
    close(full);
    int ends[2];
    signal(SIGPIPE, SIG_IGN);
    if (pipe(ends) != 0)
        return;
    close(ends[0]);
    struct out p = out_new(a, ends[1]);
    out_put(&p, S("text"));
    ok(!out_flush(&p) && p.closed, "a reader that went away is told from a failure");
    close(ends[1]);
}

static void files(arena *a)
{
    char folder[] = "/tmp/mailpipe-sys-XXXXXX";
    struct err e;
    if (!mkdtemp(folder)) {
        ok(false, "a folder to write in");
        return;
    }
    char *deep = str_fmt(a, "%s/a/b/c", folder).ptr ? str_z(a, str_fmt(a, "%s/a/b/c", folder)) : NULL;
    struct stat st;
    ok(dir_make(deep, &e) && stat(deep, &st) == 0 && (st.st_mode & 0777) == 0700, "folders on the way are made, 0700");
    ok(dir_make(deep, &e), "making them again is fine");
    char *file = str_z(a, str_fmt(a, "%s/f", deep));
    str text;
    ok(file_replace(file, S("first"), 0600, &e) && file_replace(file, S("second"), 0640, &e), "a file is replaced");
    ok(file_read(a, file, 100, &text, &e) && str_eq(text, S("second")), "and read");
    ok(stat(file, &st) == 0 && (st.st_mode & 0777) == 0640, "with its mode");
    char *pipe_name = str_z(a, str_fmt(a, "%s/pipe", folder)), *full = str_z(a, str_fmt(a, "%s/full", folder)), got[8];
    int reader = mkfifo(pipe_name, 0600) == 0 ? open(pipe_name, O_RDONLY | O_NONBLOCK) : -1;
    ok(file_replace(pipe_name, S("into"), 0644, &e) && read(reader, got, sizeof got) == 4 && lstat(pipe_name, &st) == 0 && S_ISFIFO(st.st_mode),
       "a pipe is written into, and stays a pipe");
    close(reader);
    ok(symlink("/dev/full", full) == 0 && !file_replace(full, S("x"), 0644, &e) && e.class == ERR_IO && lstat(full, &st) == 0 && S_ISLNK(st.st_mode),
       "a device is written into, not replaced");
    ok(!file_read(a, file, 3, &text, &e) && e.class == ERR_INPUT, "a file over the limit is refused");
    ok(!file_read(a, "/nonexistent/x", 3, &text, &e) && e.class == ERR_MISSING && strstr(e.text, "/nonexistent/x"),
       "a missing file is named");
    int fd, other;
    char *lock = str_z(a, str_fmt(a, "%s/lock", folder));
    prog_init("holder");
    ok(lock_take(lock, "account x", &fd, &e), "a lock is taken");
    ok(!lock_take(lock, "account x", &other, &e) && e.class == ERR_LATER && strstr(e.text, "holder, pid"), "the second is told who holds it");
    close(fd);
    ok(lock_take(lock, "account x", &fd, &e), "and gets it once it is free");
    close(fd);
    pid_t child = fork();
    if (child == 0)
        execl("/bin/rm", "rm", "-rf", folder, (char *)NULL);
    waitpid(child, NULL, 0);
}

static void errors(void)
{
    struct err e;
    ok(!err_set(&e, ERR_LOGIN, "x.y", "do this", "a \x1b[31mred\n %s", "thing"), "setting an error is false");
    is_str(str_c(e.text), S("a ?[31mred? thing"), "control characters do not reach a terminal");
    err_server(&e, S("NO\r\n [X] \xFFno"));
    is_str(str_c(e.server), S("NO?? [X] ?no"), "nor in the server's words");
    errno = EACCES;
    err_errno(&e, ERR_IO, "f", NULL, "cannot open %s", "x");
    ok(e.class == ERR_LOGIN && strstr(e.text, "Permission denied"), "errno chooses the class");
    is_int(err_worse(ERR_PARTIAL, ERR_NONE), ERR_PARTIAL, "some failed is worse than none");
    is_int(err_worse(ERR_LATER, ERR_LOGIN), ERR_LOGIN, "a refused login is worse than try later");
    is_int(err_worse(ERR_IO, ERR_LATER), ERR_IO, "a full disk is worse than try later");
}

/* ---- options ---- */

static const char form_text[] = "usage: x [OPTION...]\n"
                                "\n"
                                "Not a row: -z, --zero\n"
                                "  verb ARG...        does it\n"
                                "  -s, --store DIR    where, and\n"
                                "                     further\n"
                                "      --ids          no argument\n"
                                "      --long-one N   a number\n"
                                "  -t                 a letter alone\n"
                                "  -j N               a letter with an argument\n"
                                "  -q, --quiet        in its own words\n"
                                "\n"
                                "example: x --ids\n";

/* The options that are read of a line, each as "val=argument;", then the first argument. */
static str options_of(arena *a, const char *line)
{
    static const struct prog_name names[] = {{"ids", 300}, {"long-one", 301}, {NULL, 0}};
    const struct prog_form form = {.usage = form_text, .names = names};
    char *copy = str_z(a, str_fmt(a, "%s", line)), *args[16] = {copy};
    int n = 0;
    for (char *word = strtok(copy, " "); word && n < 15; word = strtok(NULL, " "))
        args[n++] = word;
    struct buf b = buf_new(a, 100);
    for (int o; (o = prog_option(&form, n, args)) != -1;) {
        if (o < 256)
            buf_fmt(&b, "%c=%s;", o, o != '?' && optarg ? optarg : "");
        else
            buf_fmt(&b, "%d=%s;", o, optarg ? optarg : "");
        if (o == '?')
            return buf_str(&b);
    }
    buf_fmt(&b, "%s", optind < n ? args[optind] : "");
    return buf_str(&b);
}

static void options(arena *a)
{
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"x", ""},
        {"x -s a --store b --store=c -sd", "s=a;s=b;s=c;s=d;"},
        {"x --ids --long-one 7 one", "300=;301=7;one"},
        {"x one --ids two", "300=;one"},
        {"x --long 7", "301=7;"},
        {"x -t -j 3 -tj4", "t=;j=3;t=;j=4;"},
        {"x -t -- --ids", "t=;--ids"},
        {"x -h", "h=;"},
        {"x -V --version", "V=;V=;"},
        {"x -z", "?=;"},
        {"x --zero", "?=;"},
        {"x --store", "?=;"},
        {"x --ids=x", "?=;"},
        {"x --log xml", "?=;"},
        {"x --log", "?=;"},
    };
    int quiet = open("/dev/null", O_WRONLY), before = dup(2);
    dup2(quiet, 2);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(options_of(a, cases[i].line), str_c(cases[i].want), "%s", cases[i].line);
    dup2(before, 2);
    close(before);
    close(quiet);
    is_str(options_of(a, "x -v"), S(""), "-v is done");
    ok(prog_is() == VERBOSE, "-v is done by itself");
    is_str(options_of(a, "x --log-level error"), S(""), "--log-level, too");
    ok(prog_is() == QUIET, "and it counts");
    is_str(options_of(a, "x -v"), S(""), "the last one");
    ok(prog_is() == VERBOSE, "counts");
    ok(prog_log_level(S("DEBUG"), PROG_BY_SETTING) && prog_is() == VERBOSE, "a setting does not, where an option has spoken");
    ok(!prog_log_level(S("loud"), PROG_BY_OPTION) && !prog_log_form(S("xml"), PROG_BY_OPTION), "other words are refused");
    ok(prog_is_log_level(S("Warn")) && !prog_is_log_level(S("")) && prog_is_log_form(S("JSON")), "words are known without case");
    prog_verbosity(NORMAL);
}

static void locks(void)
{
    char path[] = "/tmp/mailpipe-unit.XXXXXX", program[PROG_PATH];
    arena a = arena_new(1 << 24);
    struct held_locks held;
    struct stat info;
    struct err e;
    int lock = -1, fd = mkstemp(path);
    close(fd);
    ok(stat(path, &info) == 0 && lock_take(path, "it", &lock, &e), "a file is locked");
    locks_held(&a, &held);
    is_int(locks_holder(&held, (int64_t)info.st_ino), getpid(), "by this process");
    close(lock);
    locks_held(&a, &held);
    ok(locks_holder(&held, (int64_t)info.st_ino) != getpid(), "and no more");
    unlink(path);
    is_str(str_c(prog_beside("no-such-program", program)), S("no-such-program"), "a program that is elsewhere is looked for on PATH");
    ok(str_ends(str_c(prog_beside("sys", program)), S("/tests/unit/sys")), "one beside this is found");
    arena_free(&a);
}

static void *look_at_signals(void *context)
{
    sigset_t blocked;
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    *(bool *)context = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGINT) == 1;
    return NULL;
}

static void threads(void)
{
    pthread_t thread;
    sigset_t ours;
    bool deaf = false;
    ok(thread_start(&thread, "unit", look_at_signals, &deaf) && pthread_join(thread, NULL) == 0 && deaf, "a thread takes no signals");
    ok(pthread_sigmask(SIG_SETMASK, NULL, &ours) == 0 && sigismember(&ours, SIGTERM) == 0, "its maker does");
}

int main(void)
{
    arena a = arena_new(1 << 26);
    line_reader(&a);
    writer(&a);
    files(&a);
    errors();
    options(&a);
    ok(now_s() > 1700000000 && sys_clock.monotonic_ms() > 0, "there is a clock");
    locks();
    threads();
    return done();
}
