#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOOK = 1024, LINES_AT_ONCE = SLOT_OCTETS / 2 };

static char *absolute(arena *run, const char *name)
{
    while (name[0] == '.' && name[1] == '/')
        for (name += 2; *name == '/';)
            name++;
    str s = str_c(name);
    while (s.len > 1 && s.ptr[s.len - 1] == '/')
        s.len--;
    if (name[0] == '/' || !settings.cwd.len)
        return str_z(run, s);
    return str_z(run, str_fmt(run, "%.*s/%.*s", STR_ARG(settings.cwd), STR_ARG(s)));
}

static int open_file(struct pool *p, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0 || errno != EMFILE)
        return fd;
    pool_drain(p); /* closes those that wait for their worker */
    return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
}

static struct source_file *source(arena *run, char *path, int fd, const struct stat *st)
{
    struct source_file *f = ARENA_NEW(run, struct source_file);
    bool file = S_ISREG(st->st_mode) && lseek(fd, 0, SEEK_CUR) == 0;
    *f = (struct source_file){.path = path, .fd = fd, .seekable = file, .modified = file ? st->st_mtime : -1};
    return f;
}

/* One message, from what cannot be read by its name again. */
static void submit_stream(struct pool *p, const struct source_file *file, str first)
{
    static char chunk[WORKER_CHUNK];
    struct stream st;
    struct err e;
    ssize_t n = 0;
    stream_begin(p, file, &st);
    stream_feed(&st, first);
    while ((n = read(file->fd, chunk, sizeof chunk)) > 0 || (n < 0 && errno == EINTR))
        if (n > 0)
            stream_feed(&st, str_of(chunk, n));
    if (n < 0 && !err_errno(&e, ERR_IO, "file.read", NULL, "cannot read %s", file->path ? file->path : "stdin"))
        work_error(p, &e, str_c(file->path));
    else
        stream_end(&st, NULL);
}

static bool named_so(const char *path, str ending) { return str_ends(str_c(path), ending); }

/* A file named .eml is one message, whatever its first line is. */
static void submit_file(struct pool *p, arena *run, char *path, int fd, const struct stat *st)
{
    char start[LOOK];
    bool regular = S_ISREG(st->st_mode);
    ptrdiff_t n = regular ? pread(fd, start, sizeof start, 0) : fd_read_full(fd, start, sizeof start);
    str first = regular ? STR_NONE : str_of(start, n > 0 ? n : 0);
    bool mbox = !named_so(path, S(".eml")) && n > 0 && mbox_begins(str_of(start, n));
    if (regular && !mbox) {
        if (st->st_size == 0 && named_so(path, S(".mbox"))) {
            close(fd);
            return;
        }
        struct item *it = work_item(p, NULL, str_c(path));
        it->what = ITEM_FILE;
        it->fd = fd;
        return;
    }
    struct source_file *f = source(run, regular ? path : NULL, fd, st);
    if (mbox)
        box_submit(p, run, f, first);
    else
        submit_stream(p, f, first);
    close(fd);
}

void input_named(struct pool *p, arena *run, const char *name)
{
    struct stat st;
    struct err e;
    char *path = absolute(run, name);
    int fd = open_file(p, path);
    if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
        submit_file(p, run, path, fd, &st);
        return;
    }
    if (fd < 0) { /* its worker says why */
        work_item(p, NULL, str_c(path))->what = ITEM_FILE;
        return;
    }
    close(fd);
    if (!maildir_submit(p, run, path, &e))
        work_error(p, &e, str_c(path));
}

/* ---- stdin ---- */

static bool begins_record(str s)
{
    s = str_trim(s);
    if (!str_starts(s, S("{")))
        return false;
    s = str_trim(str_skip(s, 1));
    return !s.len || s.ptr[0] == '"' || s.ptr[0] == '}';
}

static void submit_line(struct pool *p, str line, int64_t number)
{
    if (line.len + 1 > LINES_AT_ONCE) {
        work_line(p, line, number);
        return;
    }
    struct item *it = work_item(p, NULL, line);
    it->what = ITEM_LINE;
    it->number = number;
}

static void submit_lines(struct pool *p, str first)
{
    struct lines in = lines_new(0, LINE_MAX_OCTETS);
    struct err e;
    str line;
    enum line_status status;
    in.cap = WORKER_CHUNK;
    in.ptr = malloc((size_t)in.cap);
    if (!in.ptr)
        abort();
    memcpy(in.ptr, first.ptr, (size_t)first.len);
    in.len = first.len;
    do {
        if (!lines_ready(&in, 0))
            pool_drain(p);
        status = lines_next(&in, &line);
        if (status == LINE_OK)
            submit_line(p, line, in.number);
        else if (!lines_err(&in, status, "stdin", &e))
            work_error(p, &e, STR_NONE);
    } while ((status == LINE_OK || status == LINE_LONG) && pool_good(p));
    lines_free(&in);
}

/* The name of the file that stdin is, so that records can name it. */
static char *stdin_path(arena *run, const struct stat *st)
{
    char path[4096];
    struct stat there;
    ssize_t n = S_ISREG(st->st_mode) ? readlink("/proc/self/fd/0", path, sizeof path) : -1;
    if (n <= 0 || n == sizeof path || path[0] != '/')
        return NULL;
    char *name = str_z(run, str_of(path, n));
    bool same = stat(name, &there) == 0 && there.st_ino == st->st_ino && there.st_dev == st->st_dev;
    return same && lseek(0, 0, SEEK_CUR) == 0 ? name : NULL;
}

void input_stdin(struct pool *p, arena *run)
{
    char start[LOOK];
    struct stat st = {0};
    struct err e;
    fstat(0, &st);
    struct source_file *file = source(run, stdin_path(run, &st), 0, &st);
    ssize_t n;
    do
        n = read(0, start, sizeof start);
    while (n < 0 && errno == EINTR);
    if (n < 0 && !err_errno(&e, ERR_IO, "file.read", NULL, "cannot read stdin"))
        work_error(p, &e, STR_NONE);
    if (n <= 0)
        return;
    str first = str_of(start, n);
    if (settings.mbox)
        box_submit(p, run, file, first);
    else if (begins_record(first))
        submit_lines(p, first);
    else
        submit_stream(p, file, first);
}
