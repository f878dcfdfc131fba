/* Taking back the lease of somebody who died. */
#include "lease/lines.h"
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum lease_taking give_up(struct lease *l, enum lease_taking how)
{
    lease_release(l);
    return how;
}

/* The file under its own name, or under the one that an earlier taker gave it before it died. */
static bool open_either(arena *a, struct lease *l)
{
    str own = l->path;
    for (int tries = 0; tries < 2; tries++) {
        l->path = own;
        l->fd = open(l->path.ptr, O_RDWR | O_APPEND | O_CLOEXEC);
        if (l->fd >= 0 || errno != ENOENT)
            return l->fd >= 0;
        l->path = str_c(str_z(a, str_fmt(a, "%.*s%.*s", STR_ARG(own), STR_ARG(LEASE_TAKEN_SUFFIX))));
        l->fd = open(l->path.ptr, O_RDWR | O_APPEND | O_CLOEXEC);
        if (l->fd >= 0 || errno != ENOENT)
            return l->fd >= 0;
    }
    return false;
}

static bool is_young(const struct lease *l, int64_t grace_s)
{
    struct stat st;
    if (l->other_boot || str_ends(l->path, LEASE_TAKEN_SUFFIX) || fstat(l->fd, &st) != 0)
        return false;
    int64_t age = now_s() - st.st_mtim.tv_sec;
    /* Where the clock was set back, a file from the future is as old as one can tell. */
    return age < grace_s && age > -grace_s;
}

enum lease_taking lease_take(arena *a, str folder, str name, int64_t grace_s, struct lease *out, struct err *e)
{
    *out = (struct lease){.name = str_copy(a, name), .path = str_c(str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name))))};
    if (!open_either(a, out)) {
        if (errno == ENOENT || errno == ENOTDIR)
            return LEASE_GONE;
        err_errno(e, ERR_IO, "lease.open", "", "cannot open the lease %.*s", STR_ARG(out->path));
        return LEASE_FAILED;
    }
    if (flock(out->fd, LOCK_EX | LOCK_NB) != 0)
        return give_up(out, LEASE_BUSY);
    /* Another taker was at it between open and lock: next time the file tells how far it came. */
    if (!lease_still_named(out))
        return give_up(out, LEASE_BUSY);
    if (!lease_read(a, out, e))
        return give_up(out, LEASE_FAILED);
    if (is_young(out, grace_s))
        return give_up(out, LEASE_BUSY);
    if (str_ends(out->path, LEASE_TAKEN_SUFFIX))
        return LEASE_TAKEN;
    char *taken = str_z(a, str_fmt(a, "%.*s%.*s", STR_ARG(out->path), STR_ARG(LEASE_TAKEN_SUFFIX)));
    if (rename(out->path.ptr, taken) != 0) {
        err_errno(e, ERR_IO, "lease.take", "", "cannot take back the lease %.*s", STR_ARG(out->path));
        return give_up(out, LEASE_FAILED);
    }
    out->path = str_c(taken);
    return LEASE_TAKEN;
}

bool lease_remove(struct lease *l, struct err *e)
{
    bool done = unlink(l->path.ptr) == 0 || errno == ENOENT;
    if (!done)
        err_errno(e, ERR_IO, "lease.remove", "", "cannot remove the lease %.*s", STR_ARG(l->path));
    lease_release(l);
    return done;
}

static bool is_lease_name(str name)
{
    for (ptrdiff_t i = 1; i < name.len; i++)
        if (!((name.ptr[i] >= '0' && name.ptr[i] <= '9') || (name.ptr[i] >= 'a' && name.ptr[i] <= 'f')))
            return false;
    return name.len == 17 && name.ptr[0] == 'l';
}

bool lease_list(arena *a, str folder, struct strs *names, struct err *e)
{
    DIR *d = opendir(str_z(a, folder));
    if (!d)
        return errno == ENOENT || err_errno(e, ERR_IO, "lease.list", "", "cannot read %.*s", STR_ARG(folder));
    for (struct dirent *entry; (entry = readdir(d));) {
        str name = str_c(entry->d_name);
        if (str_ends(name, LEASE_TAKEN_SUFFIX))
            name = str_first(name, name.len - LEASE_TAKEN_SUFFIX.len);
        if (is_lease_name(name) && !strs_have(names, name))
            strs_add(a, names, str_copy(a, name));
    }
    closedir(d);
    return true;
}
