#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_OCTETS = 4096 };

bool file_read(arena *a, const char *path, ptrdiff_t limit, str *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "file.open", NULL, "cannot open %s", path);
    struct buf b = buf_new(a, 4096);
    for (;;) {
        ptrdiff_t n = fd_read_full(fd, buf_room(&b, 4096), 4096);
        if (n < 0) {
            err_errno(e, ERR_IO, "file.read", NULL, "cannot read %s", path);
            break;
        }
        b.len += n;
        if (b.len > limit) {
            err_set(e, ERR_INPUT, "file.large", NULL, "%s is over %lld octets", path, (long long)limit);
            break;
        }
        if (n < 4096) {
            close(fd);
            *out = buf_str(&b);
            return true;
        }
    }
    close(fd);
    return false;
}

static void folder_of(const char *path, char folder[PATH_OCTETS])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, PATH_OCTETS, ".");
    else
        snprintf(folder, PATH_OCTETS, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

bool dir_sync(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "dir.open", NULL, "cannot open the folder %s", path);
    bool done = fsync(fd) == 0;
    if (!done)
        err_errno(e, ERR_IO, "dir.sync", NULL, "cannot make the folder %s durable", path);
    close(fd);
    return done;
}

/* A device, a pipe, and what stdout is. */
static bool is_to_stay(const char *path)
{
    struct stat there, out;
    if (stat(path, &there) != 0)
        return false;
    return (!S_ISREG(there.st_mode) && !S_ISDIR(there.st_mode)) ||
           (fstat(STDOUT_FILENO, &out) == 0 && out.st_dev == there.st_dev && out.st_ino == there.st_ino);
}

static bool write_into(const char *path, str content, struct err *e)
{
    int fd = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    bool written = fd >= 0 && fd_write_full(fd, content);
    if (!written)
        err_errno(e, ERR_IO, "file.write", NULL, "cannot write %s", path);
    if (fd >= 0)
        close(fd);
    return written;
}

bool file_replace(const char *path, str content, int mode, struct err *e)
{
    char temporary[PATH_OCTETS], folder[PATH_OCTETS];
    if (is_to_stay(path))
        return write_into(path, content, e);
    if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
        return err_set(e, ERR_USAGE, "file.name", NULL, "the name %.80s… is too long", path);
    folder_of(path, folder);
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "file.create", NULL, "cannot write beside %s", path);
    bool written = fchmod(fd, (mode_t)mode) == 0 && fd_write_full(fd, content) && fsync(fd) == 0;
    if (!written)
        err_errno(e, ERR_IO, "file.write", NULL, "cannot write %s", path);
    close(fd);
    if (written && rename(temporary, path) == 0)
        return dir_sync(folder, e);
    if (written)
        err_errno(e, ERR_IO, "file.rename", NULL, "cannot replace %s", path);
    unlink(temporary);
    return false;
}

bool dir_make(const char *path, struct err *e)
{
    char part[PATH_OCTETS];
    if (!*path)
        return err_set(e, ERR_USAGE, "dir.name", NULL, "a folder has no name");
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part)
        return err_set(e, ERR_USAGE, "dir.name", NULL, "the name %.80s… is too long", path);
    for (char *p = part + 1;; p++) {
        if (*p && *p != '/')
            continue;
        char end = *p;
        *p = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return err_errno(e, ERR_IO, "dir.make", NULL, "cannot make the folder %s", part);
        if (!end)
            return true;
        *p = end;
    }
}

bool lock_take(const char *path, const char *what, int *fd, struct err *e)
{
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (*fd < 0)
        return err_errno(e, ERR_IO, "lock.open", NULL, "cannot open the lock %s", path);
    char who[128];
    if (flock(*fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) {
            err_errno(e, ERR_IO, "lock.take", "the file system must know flock(2)", "cannot lock %s", path);
            close(*fd);
            *fd = -1;
            return false;
        }
        ssize_t n = pread(*fd, who, sizeof who - 1, 0);
        who[n > 0 ? n : 0] = 0;
        close(*fd);
        *fd = -1;
        return err_set(e, ERR_LATER, "lock.held", "wait for it to end, or stop it", "%s is in use by %s", what,
                       who[0] ? who : "another process");
    }
    int n = snprintf(who, sizeof who, "%s, pid %ld", prog_name(), (long)getpid());
    /* The words are for people: the lock holds without them. */
    if (ftruncate(*fd, 0) == 0 && pwrite(*fd, who, (size_t)n, 0) < 0)
        errno = 0;
    return true;
}
