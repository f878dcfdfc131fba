#include "lease/lines.h"

#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static str name_of(str path)
{
    ptrdiff_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '/')
        at--;
    return str_skip(path, at);
}

static bool cannot(struct lease *l, struct err *e, const char *what)
{
    err_errno(e, ERR_IO, "lease.write", "make room on the disk and run it again", "cannot %s the lease %.*s", what, STR_ARG(l->path));
    lease_release(l);
    return false;
}

bool lease_still_named(const struct lease *l)
{
    struct stat held, named;
    return fstat(l->fd, &held) == 0 && stat(l->path.ptr, &named) == 0 && held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

/* A file of its own under a lock of its own. Between the two somebody with no patience may have taken it for a dead one's. */
static bool make_file(arena *a, str folder, struct lease *l)
{
    do {
        uint64_t number;
        lease_release(l);
        sys_clock.random(&number, sizeof number);
        l->name = str_fmt(a, "l%016llx", (unsigned long long)number);
        l->path = str_c(str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(l->name))));
        l->fd = open(l->path.ptr, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (l->fd < 0 ? errno != EEXIST : flock(l->fd, LOCK_SH) != 0)
            return false;
    } while (l->fd < 0 || !lease_still_named(l));
    return true;
}

bool lease_create(arena *a, str folder, struct lease *out, struct err *e)
{
    *out = (struct lease){.fd = -1, .made_at = now_s()};
    if (!make_file(a, folder, out))
        return cannot(out, e, "make");
    if (!fd_write_full(out->fd, lease_first_line(a, out->made_at)) || fsync(out->fd) != 0)
        return cannot(out, e, "write");
    if (dir_sync(str_z(a, folder), e))
        return true;
    lease_release(out);
    return false;
}

bool lease_hold(arena *a, str path, struct lease *out, struct err *e)
{
    char *file = str_z(a, path);
    int got;
    *out = (struct lease){.path = str_c(file), .name = name_of(str_c(file)), .fd = -1};
    out->fd = open(file, O_RDWR | O_APPEND | O_CLOEXEC);
    if (out->fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return cannot(out, e, "open");
    do
        got = out->fd < 0 ? -1 : flock(out->fd, LOCK_SH);
    while (got != 0 && out->fd >= 0 && errno == EINTR);
    if (out->fd >= 0 && got != 0)
        return cannot(out, e, "lock");
    if (out->fd < 0 || !lease_still_named(out)) {
        lease_release(out);
        return err_set(e, ERR_LATER, "lease.gone", "claim it again with mail-queue claim", "the lease %.*s was taken back", STR_ARG(out->name));
    }
    if (!lease_read(a, out, e)) {
        lease_release(out);
        return false;
    }
    /* Somebody died within a line. */
    off_t end = lseek(out->fd, 0, SEEK_END);
    char last = '\n';
    if (end > 0 && pread(out->fd, &last, 1, end - 1) == 1 && last != '\n' && !fd_write_full(out->fd, S("\n")))
        return cannot(out, e, "write");
    return true;
}

const struct lease_entry *lease_find(const struct lease *l, int64_t id, str rcpt)
{
    char small[512];
    int n = snprintf(small, sizeof small, "%lld %.*s", (long long)id, STR_ARG(rcpt));
    if (n < (int)sizeof small) {
        const struct map_slot *slot = map_get(&l->index, str_of(small, n));
        return slot ? slot->value.ptr : NULL;
    }
    for (ptrdiff_t i = 0; i < l->n; i++)
        if (l->entries[i].id == id && str_eq(l->entries[i].rcpt, rcpt))
            return &l->entries[i];
    return NULL;
}

static bool append(struct lease *l, str lines, bool lasting, struct err *e)
{
    if (fd_write_full(l->fd, lines) && (!lasting || fdatasync(l->fd) == 0))
        return true;
    return err_errno(e, ERR_IO, "lease.write", "make room on the disk and run it again", "cannot write the lease %.*s", STR_ARG(l->path));
}

enum { REPLY_OCTETS = 128 }; /* of a line without its texts */

/* Room for lines of so many octets: mostly few, and then without a system call. */
struct room {
    struct buf lines;
    arena mem; /* where they are many */
    char few[2048];
};

static void room_make(struct room *r, ptrdiff_t octets)
{
    r->mem = (arena){0};
    r->lines = (struct buf){.ptr = r->few, .cap = sizeof r->few, .mem = &r->mem};
    if (octets <= r->lines.cap)
        return;
    r->mem = arena_new((size_t)octets + 4096);
    r->lines = buf_new(&r->mem, octets);
}

bool lease_data(struct lease *l, const struct lease_mark *mark, ptrdiff_t n, struct err *e)
{
    struct room r;
    ptrdiff_t octets = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        octets += 32 + 3 * mark[i].rcpt.len;
    room_make(&r, octets);
    for (ptrdiff_t i = 0; i < n; i++)
        lease_put_data(&r.lines, &mark[i]);
    bool done = append(l, buf_str(&r.lines), true, e);
    arena_free(&r.mem);
    return done;
}

bool lease_reply(struct lease *l, const struct lease_entry *entry, struct err *e)
{
    struct room r;
    room_make(&r, REPLY_OCTETS + 3 * entry->rcpt.len + entry->status.len + entry->enhanced_code.len + entry->server.len);
    lease_put_reply(&r.lines, entry);
    bool done = append(l, buf_str(&r.lines), false, e);
    arena_free(&r.mem);
    return done;
}

void lease_release(struct lease *l)
{
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
