#include "store/blob.h"

#include "store/migrate.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- names ---------------------------------------------------------------------------------------- */

/* A digit's value plus 16, 0 for any other character. A table: which of a digest's digits are letters no processor foresees. */
static const unsigned char hex_digit[256] = {
    ['0'] = 0x10, ['1'] = 0x11, ['2'] = 0x12, ['3'] = 0x13, ['4'] = 0x14, ['5'] = 0x15, ['6'] = 0x16, ['7'] = 0x17,
    ['8'] = 0x18, ['9'] = 0x19, ['a'] = 0x1a, ['b'] = 0x1b, ['c'] = 0x1c, ['d'] = 0x1d, ['e'] = 0x1e, ['f'] = 0x1f,
};

static unsigned digit(char c) { return hex_digit[(unsigned char)c]; }

bool blob_id_valid(str blob_id)
{
    unsigned all = 0x10;
    for (ptrdiff_t i = 0; i < blob_id.len; i++)
        all &= digit(blob_id.ptr[i]);
    return all && blob_id.len == 64;
}

void blob_name(str blob_id, char name[BLOB_NAME])
{
    memcpy(name, blob_id.ptr, 2);
    name[2] = '/';
    memcpy(name + 3, blob_id.ptr + 2, 62);
    name[BLOB_NAME - 1] = 0;
}

void blob_octets(str blob_id, unsigned char out[32])
{
    for (int i = 0; i < 32; i++)
        out[i] = (unsigned char)(digit(blob_id.ptr[2 * i]) << 4 | (digit(blob_id.ptr[2 * i + 1]) & 0xf));
}

str blob_hex(arena *a, const unsigned char octets[32])
{
    char *hex = arena_alloc(a, 64, 1);
    for (int i = 0; i < 32; i++) {
        hex[2 * i] = "0123456789abcdef"[octets[i] >> 4];
        hex[2 * i + 1] = "0123456789abcdef"[octets[i] & 15];
    }
    return str_of(hex, 64);
}

str blob_path(arena *a, const struct store *s, str blob_id)
{
    return str_fmt(a, "%.*s/blobs/%.2s/%.62s", STR_ARG(s->dir), blob_id.ptr, blob_id.ptr + 2);
}

/* ---- files ---------------------------------------------------------------------------------------- */

int blobs_open(struct store *s, struct err *e)
{
    if (s->blobs >= 0)
        return s->blobs;
    arena scratch = s->work;
    char *path = store_file(&scratch, s, "blobs");
    if (!dir_make(path, e))
        return -1;
    s->blobs = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s->blobs < 0)
        err_errno(e, ERR_IO, "blob.folder", "", "cannot open %s", path);
    return s->blobs;
}

int blob_temporary(int blobs, str blob_id, char name[64])
{
    static _Atomic int64_t serial;
    char sub[3] = "in";
    if (blob_id.len)
        memcpy(sub, blob_id.ptr, 2);
    for (;;) {
        snprintf(name, 64, "%s/new-%ld-%lld", sub, (long)getpid(), (long long)atomic_fetch_add(&serial, 1));
        int fd = openat(blobs, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || (errno != EEXIST && errno != ENOENT))
            return fd;
        if (errno == ENOENT && mkdirat(blobs, sub, 0700) != 0 && errno != EEXIST)
            return -1;
    }
}

/* After a file could not get its name: whether it can now, because the folder was missing. */
static bool make_folder(int blobs, str blob_id)
{
    char sub[3] = {blob_id.ptr[0], blob_id.ptr[1], 0};
    return errno == ENOENT && (mkdirat(blobs, sub, 0700) == 0 || errno == EEXIST);
}

bool blob_place(int blobs, const char *temporary, str blob_id)
{
    char name[BLOB_NAME];
    blob_name(blob_id, name);
    return renameat(blobs, temporary, blobs, name) == 0 || (make_folder(blobs, blob_id) && renameat(blobs, temporary, blobs, name) == 0);
}

int blob_nameless(int blobs) { return openat(blobs, ".", O_RDWR | O_TMPFILE | O_CLOEXEC, 0600); }

/* Before Linux 6.10 only root may name a file by its descriptor alone. */
static bool link_fd(int blobs, int fd, const char *name)
{
    char path[32];
    if (linkat(fd, "", blobs, name, AT_EMPTY_PATH) == 0)
        return true;
    if (errno == EEXIST)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, blobs, name, AT_SYMLINK_FOLLOW) == 0;
}

bool blob_link(int blobs, int fd, struct sha256 *sha, str blob_id)
{
    char name[BLOB_NAME];
    struct stat st;
    blob_name(blob_id, name);
    return link_fd(blobs, fd, name) || (make_folder(blobs, blob_id) && link_fd(blobs, fd, name)) ||
           (errno == EEXIST && fstat(fd, &st) == 0 && blob_lies(blobs, sha, blob_id, st.st_size));
}

/* ---- making them last ------------------------------------------------------------------------------- */

void blob_sync_add(struct blob_sync *y, str blob_id)
{
    if (y->files < BLOB_SYNC_EACH)
        blob_name(blob_id, y->name[y->files]);
    y->files++;
}

static bool sync_at(int blobs, const char *name, int flags)
{
    int fd = openat(blobs, name, O_RDONLY | O_CLOEXEC | flags);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

static bool sync_each(int blobs, const struct blob_sync *y)
{
    for (int64_t i = 0; i < y->files; i++) {
        char sub[3] = {y->name[i][0], y->name[i][1], 0};
        if (!sync_at(blobs, y->name[i], 0) || !sync_at(blobs, sub, O_DIRECTORY))
            return false;
    }
    return fsync(blobs) == 0;
}

bool blob_sync_failed(const struct store *s, int failed, struct err *e)
{
    errno = failed;
    return err_errno(e, ERR_IO, "blob.sync", "make room on the disk and run it again", "cannot make messages lasting in %.*s/blobs", STR_ARG(s->dir));
}

bool blob_sync(struct store *s, struct blob_sync *y, struct err *e)
{
    if (y->files == 0)
        return true;
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return false;
    bool done = y->files <= BLOB_SYNC_EACH ? sync_each(blobs, y) : syncfs(blobs) == 0;
    y->files = 0;
    return done || blob_sync_failed(s, errno, e);
}

/* ---- writing what comes from a server ---------------------------------------------------------------- */

struct blob_writer {
    struct store *store;
    struct blob_writer *next;
    struct sha256 *sha;
    char *ptr; /* BLOB_PIECE octets */
    ptrdiff_t len;
    int64_t size;
    int fd; /* -1: it has no file yet */
    char name[64];
};

static struct blob_writer *writer(struct store *s)
{
    struct blob_writer *w = s->idle;
    if (w) {
        s->idle = w->next;
        return w;
    }
    w = ARENA_NEW(s->mem, struct blob_writer);
    w->store = s;
    w->sha = sha256_new(s->mem);
    w->ptr = arena_alloc(s->mem, BLOB_PIECE, 1);
    return w;
}

static void retire(struct blob_writer *w)
{
    if (w->fd >= 0)
        close(w->fd);
    w->fd = -1;
    w->next = w->store->idle;
    w->store->idle = w;
}

void blobs_close(struct store *s)
{
    for (; s->idle; s->idle = s->idle->next)
        sha256_free(s->idle->sha);
    if (s->blobs >= 0)
        close(s->blobs);
    s->blobs = -1;
}

struct blob_writer *blob_begin(arena *a, struct store *s, struct err *e)
{
    (void)a;
    if (blobs_open(s, e) < 0)
        return NULL;
    struct blob_writer *w = writer(s);
    w->len = 0;
    w->size = 0;
    w->fd = -1;
    return w;
}

static bool create(struct blob_writer *w, str blob_id, struct err *e)
{
    w->fd = blob_temporary(w->store->blobs, blob_id, w->name);
    return w->fd >= 0 || err_errno(e, ERR_IO, "blob.create", "make room on the disk and run it again", "cannot write into %.*s/blobs",
                                   STR_ARG(w->store->dir));
}

static bool write_out(struct blob_writer *w, str octets, struct err *e)
{
    return fd_write_full(w->fd, octets) || err_errno(e, ERR_IO, "blob.write", "make room on the disk and run it again",
                                                     "cannot write a message into %.*s/blobs", STR_ARG(w->store->dir));
}

static bool hash_and_write(struct blob_writer *w, str octets, struct err *e)
{
    if (w->fd < 0 && !create(w, STR_NONE, e))
        return false;
    sha256_put(w->sha, octets);
    return write_out(w, octets, e);
}

static bool flush(struct blob_writer *w, struct err *e)
{
    str held = str_of(w->ptr, w->len);
    w->len = 0;
    return held.len == 0 || hash_and_write(w, held, e);
}

bool blob_put(struct blob_writer *w, str octets, struct err *e)
{
    w->size += octets.len;
    if (octets.len > BLOB_PIECE - w->len && !flush(w, e))
        return false;
    if (octets.len >= BLOB_PIECE)
        return hash_and_write(w, octets, e);
    memcpy(w->ptr + w->len, octets.ptr, (size_t)octets.len);
    w->len += octets.len;
    return true;
}

bool blob_lies(int blobs, struct sha256 *sha, str blob_id, int64_t size)
{
    char name[BLOB_NAME], found[65], piece[16 << 10];
    struct stat st;
    ptrdiff_t n = 0;
    blob_name(blob_id, name);
    int fd = openat(blobs, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return false;
    bool same = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == size;
    while (same && (n = fd_read_full(fd, piece, sizeof piece)) > 0)
        sha256_put(sha, str_of(piece, n));
    sha256_end(sha, found);
    same = same && n == 0 && str_eq(str_c(found), blob_id);
    if (same)
        fchmod(fd, 0600); /* renews its ctime, so that gc leaves it */
    close(fd);
    return same;
}

bool blob_make(int blobs, struct sha256 *sha, str blob_id, str octets)
{
    int fd = blob_nameless(blobs);
    bool made = fd >= 0 && fd_write_full(fd, octets) && blob_link(blobs, fd, sha, blob_id);
    if (fd >= 0)
        close(fd);
    return made;
}

/* What fits into one piece has its id before it has a file, and so needs no rename from one folder to another. */
static bool write_held(struct blob_writer *w, str blob_id, struct err *e)
{
    return create(w, blob_id, e) && write_out(w, str_of(w->ptr, w->len), e);
}

static bool place(struct blob_writer *w, bool held, str blob_id, struct err *e)
{
    bool there = blob_lies(w->store->blobs, w->sha, blob_id, w->size), whole = there || !held || write_held(w, blob_id, e);
    if (whole && !there && !blob_place(w->store->blobs, w->name, blob_id))
        whole = err_errno(e, ERR_IO, "blob.name", "make room on the disk and run it again", "cannot name a message in %.*s/blobs",
                          STR_ARG(w->store->dir));
    if ((!whole || there) && w->fd >= 0)
        unlinkat(w->store->blobs, w->name, 0);
    return whole;
}

bool blob_end(arena *a, struct blob_writer *w, str *blob_id, str *path, int64_t *size, struct err *e)
{
    char hex[65];
    str octets = str_of(w->ptr, w->len);
    bool held = w->fd < 0, whole = held || flush(w, e);
    if (held)
        sha256_put(w->sha, octets);
    sha256_end(w->sha, hex);
    if (!whole)
        unlinkat(w->store->blobs, w->name, 0);
    else if (!held || !blob_make(w->store->blobs, w->sha, str_c(hex), octets))
        whole = place(w, held, str_c(hex), e);
    *blob_id = str_copy(a, str_c(hex));
    *path = blob_path(a, w->store, *blob_id);
    *size = w->size;
    retire(w);
    return whole;
}

void blob_drop(struct blob_writer *w)
{
    char hex[65];
    sha256_end(w->sha, hex);
    if (w->fd >= 0)
        unlinkat(w->store->blobs, w->name, 0);
    retire(w);
}
