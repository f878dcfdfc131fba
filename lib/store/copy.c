#include "mime/mime.h"
#include "store/blob.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FRESH_MS = 60 * 60 * 1000 }; /* longer than a fetch takes to hand on what it wrote */

struct blob_copier {
    str blobs_dir; /* "…/blobs/" */
    int blobs;
    struct sha256 *sha;
    char *in, *out; /* BLOB_PIECE octets each */
    ptrdiff_t n_out;
    int target;     /* of the copy in hand; -1: only its digest is wanted */
    bool cloned;    /* it shares the extents of its source */
    bool failed;    /* a write failed: errno_ */
    int errno_;
    bool no_clone;  /* the file system shares no extents */
    bool no_nameless; /* nor has it files without a name */
    int span_fd;    /* the file whose spans come one after the other */
    char *span_path;
};

struct blob_copier *blob_copier_new(arena *a, str store_dir, int blobs)
{
    struct blob_copier *c = ARENA_NEW(a, struct blob_copier);
    c->blobs_dir = str_fmt(a, "%.*s/blobs/", STR_ARG(store_dir));
    c->blobs = blobs;
    c->sha = sha256_new(a);
    c->in = arena_alloc(a, BLOB_PIECE, 1);
    c->out = arena_alloc(a, BLOB_PIECE, 1);
    c->span_fd = -1;
    c->target = -1;
    return c;
}

void blob_copier_free(struct blob_copier *c)
{
    if (c->span_fd >= 0)
        close(c->span_fd);
    free(c->span_path);
    sha256_free(c->sha);
}

/* ---- octets on their way ------------------------------------------------------------------------------ */

static void emit(struct blob_copier *c, str octets)
{
    sha256_put(c->sha, octets);
    if (c->target < 0 || c->cloned || c->failed || fd_write_full(c->target, octets))
        return;
    c->failed = true;
    c->errno_ = errno;
}

static void emit_held(struct blob_copier *c)
{
    emit(c, str_of(c->out, c->n_out));
    c->n_out = 0;
}

/* Gathers what comes in small pieces. */
static void gather(void *context, str octets)
{
    struct blob_copier *c = context;
    if (octets.len > BLOB_PIECE - c->n_out)
        emit_held(c);
    if (octets.len > BLOB_PIECE) {
        emit(c, octets);
        return;
    }
    memcpy(c->out + c->n_out, octets.ptr, (size_t)octets.len);
    c->n_out += octets.len;
}

static bool read_failed(struct err *e, const char *path)
{
    return err_errno(e, ERR_IO, "blob.read", "", "cannot read %s", path);
}

static bool copy_whole(struct blob_copier *c, int fd, const char *path, struct err *e)
{
    for (;;) {
        ptrdiff_t n = fd_read_full(fd, c->in, BLOB_PIECE);
        if (n < 0)
            return read_failed(e, path);
        if (n)
            emit(c, str_of(c->in, n));
        if (n < BLOB_PIECE)
            return true;
    }
}

static bool copy_span(struct blob_copier *c, int fd, const struct blob_source *source, enum mbox_format format, struct err *e)
{
    struct mbox_unquote u = {.format = format};
    int64_t at = source->offset, end = source->offset + source->length;
    c->n_out = 0;
    while (at < end) {
        size_t want = end - at < BLOB_PIECE ? (size_t)(end - at) : BLOB_PIECE;
        ssize_t n = pread(fd, c->in, want, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return read_failed(e, c->span_path);
        if (n == 0)
            return err_set(e, ERR_INPUT, "blob.span", "the file has changed since it was parsed: parse it again", "%s ends at %lld, within a message",
                           c->span_path, (long long)at);
        mbox_unquote(&u, str_of(c->in, n), gather, c);
        at += n;
    }
    mbox_unquote_end(&u, gather, c);
    emit_held(c);
    return true;
}

static bool copy_raw(struct blob_copier *c, str raw)
{
    arena none = {0};
    struct base64 d = {0};
    struct buf b = {.ptr = c->out, .cap = BLOB_PIECE, .mem = &none};
    const ptrdiff_t step = BLOB_PIECE / 4 * 4 - 64;
    for (ptrdiff_t i = 0; i < raw.len; i += step) {
        b.len = 0;
        base64_decode(&d, str_slice(raw, i, i + step < raw.len ? i + step : raw.len), &b);
        emit(c, buf_str(&b));
    }
    b.len = 0;
    base64_end(&d, &b);
    emit(c, buf_str(&b));
    return true;
}

/* ---- sources ------------------------------------------------------------------------------------------ */

/* A regular file; others could block or never end. */
static int open_regular(const char *path, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0) {
        err_errno(e, ERR_IO, "blob.open", "", "cannot read the message %s", path);
    } else if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        err_set(e, ERR_INPUT, "blob.file", "", "%s is no regular file", path);
        close(fd);
        fd = -1;
    }
    return fd;
}

static int open_span(struct blob_copier *c, const char *path, struct err *e)
{
    if (c->span_fd >= 0 && strcmp(c->span_path, path) == 0)
        return c->span_fd;
    if (c->span_fd >= 0)
        close(c->span_fd);
    free(c->span_path);
    c->span_path = strdup(path);
    c->span_fd = open_regular(path, e);
    return c->span_fd;
}

static bool share_extents(struct blob_copier *c, int fd)
{
    if (c->target < 0 || c->no_clone)
        return false;
    c->cloned = ioctl(c->target, FICLONE, fd) == 0;
    c->no_clone = !c->cloned && (errno == EOPNOTSUPP || errno == ENOTTY || errno == EXDEV || errno == ENOSYS);
    return c->cloned;
}

static bool transfer(struct blob_copier *c, const struct blob_source *source, const char *path, struct err *e)
{
    enum mbox_format format;
    if (!path)
        return copy_raw(c, source->raw);
    if (source->format.len) {
        if (!mbox_format_of(source->format, &format) || source->offset < 0 || source->length < 0)
            return err_set(e, ERR_INPUT, "blob.format", "", "%s: no span of a mbox: format %.*s", path, STR_ARG(source->format));
        int fd = open_span(c, path, e);
        return fd >= 0 && copy_span(c, fd, source, format, e);
    }
    int fd = open_regular(path, e);
    if (fd < 0)
        return false;
    /* Extents are shared first and read then, so that what is checked is what stays. */
    bool done = copy_whole(c, share_extents(c, fd) ? c->target : fd, path, e);
    close(fd);
    return done;
}

static bool same_digest(const struct blob_source *source, const char *hex, const char *path, struct err *e)
{
    if (str_eq(source->blob_id, str_c(hex)))
        return true;
    return err_set(e, ERR_INPUT, "blob.digest", "parse or fetch it again", "%s holds another message than %.*s", path ? path : "raw",
                   STR_ARG(source->blob_id));
}

static int64_t age_ms(struct timespec t) { return sys_clock.now_ms() - ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000); }

static bool is_recent(int64_t ms) { return ms >= 0 && ms < FRESH_MS && ms < sys_clock.since_boot_ms(); }

/* Written and named. gc leaves it alone, too: it goes by the time of its name. */
static bool is_fresh(const struct blob_copier *c, const char *name, int64_t size)
{
    struct stat st;
    if (fstatat(c->blobs, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) || st.st_size != size || size == 0)
        return false;
    return is_recent(age_ms(st.st_mtim)) && is_recent(age_ms(st.st_ctim));
}

/* What lies in blobs/ without a row that names it may have been cut short by a failure of power. */
static bool verify(struct blob_copier *c, const struct blob_source *source, const char *name, const char *path, struct err *e)
{
    char hex[65];
    if (is_fresh(c, name, source->size))
        return true;
    int fd = open_regular(path, e);
    if (fd < 0)
        return false;
    bool whole = copy_whole(c, fd, path, e);
    sha256_end(c->sha, hex);
    whole = whole && same_digest(source, hex, path, e);
    if (whole)
        fchmod(fd, 0600); /* renews its ctime, so that gc leaves it; where that fails gc may take it in a day, and check tells */
    close(fd);
    return whole;
}

static int open_target(struct blob_copier *c, str blob_id, bool nameless, char temporary[64])
{
    temporary[0] = 0;
    int fd = nameless && !c->no_nameless ? blob_nameless(c->blobs) : -1;
    if (fd >= 0)
        return fd;
    if (nameless && (errno == EOPNOTSUPP || errno == EISDIR))
        c->no_nameless = true;
    return blob_temporary(c->blobs, blob_id, temporary);
}

/* From the source into the target. */
static bool fill(struct blob_copier *c, const struct blob_source *source, const char *path, struct err *e)
{
    char hex[65];
    c->failed = c->cloned = false;
    bool whole = transfer(c, source, path, e);
    sha256_end(c->sha, hex);
    if (whole && c->failed) {
        errno = c->errno_;
        whole = err_errno(e, ERR_IO, "blob.write", "make room on the disk and run it again", "cannot write into %.*s", STR_ARG(c->blobs_dir));
    }
    return whole && same_digest(source, hex, path, e);
}

/* A file without a name first; where that cannot be given one, all over again under a temporary name. */
static bool copy_in(struct blob_copier *c, const struct blob_source *source, const char *path, bool nameless, struct err *e)
{
    char temporary[64];
    c->target = open_target(c, source->blob_id, nameless, temporary);
    if (c->target < 0)
        return err_errno(e, ERR_IO, "blob.create", "make room on the disk and run it again", "cannot write into %.*s", STR_ARG(c->blobs_dir));
    bool named = temporary[0], whole = fill(c, source, path, e), placed = false;
    if (whole)
        placed = named ? blob_place(c->blobs, temporary, source->blob_id) : blob_link(c->blobs, c->target, c->sha, source->blob_id);
    if (whole && named && !placed)
        err_errno(e, ERR_IO, "blob.name", "make room on the disk and run it again", "cannot name a message in %.*s", STR_ARG(c->blobs_dir));
    if (named && !placed)
        unlinkat(c->blobs, temporary, 0);
    close(c->target);
    c->target = -1;
    return whole && !named && !placed ? copy_in(c, source, path, false, e) : placed;
}

bool blob_is_own(const struct blob_copier *c, str blob_id, str path)
{
    char name[BLOB_NAME];
    blob_name(blob_id, name);
    return str_starts(path, c->blobs_dir) && str_eq(str_skip(path, c->blobs_dir.len), str_c(name));
}

bool blob_copy(struct blob_copier *c, const struct blob_source *source, struct err *e)
{
    char name[BLOB_NAME], own[4096], path[4096];
    blob_name(source->blob_id, name);
    if (c->blobs_dir.len + (ptrdiff_t)sizeof name > (ptrdiff_t)sizeof own || source->path.len >= (ptrdiff_t)sizeof path)
        return err_set(e, ERR_INPUT, "blob.path", "", "the path of a message is too long: %.80s", source->path.ptr);
    memcpy(own, c->blobs_dir.ptr, (size_t)c->blobs_dir.len);
    memcpy(own + c->blobs_dir.len, name, sizeof name);
    if (source->path.len && !source->raw.len) { /* what the line holds may come from another host */
        memcpy(path, source->path.ptr, (size_t)source->path.len);
        path[source->path.len] = 0;
        if (!blob_is_own(c, source->blob_id, source->path) || source->format.len)
            return copy_in(c, source, path, true, e);
        return verify(c, source, name, own, e);
    }
    if (source->raw.len)
        return copy_in(c, source, NULL, true, e);
    if (faccessat(c->blobs, name, F_OK, 0) != 0 && errno == ENOENT)
        return err_set(e, ERR_MISSING, "blob.absent", "parse it from a file, or with mail-parse --inline",
                       "cannot read the message %.*s: its record neither holds it nor names a file", STR_ARG(source->blob_id));
    return verify(c, source, name, own, e);
}
