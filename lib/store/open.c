#include "store/blob.h"
#include "store/db.h"
#include "store/migrate.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    WRITER_CACHE_KIB = 40 << 10, /* pages of the database that a writer keeps */
    WORK_OCTETS = 64 << 20,      /* texts that a statement needs */
    WORK_COMMON = 64 << 10,      /* mostly so many: scratch copies find them ready */
    WAL_KEPT_OCTETS = 64 << 20   /* of the WAL while it is in use, but in a long import; the last one who closes it empties it */
};

static str absolute(arena *a, str path)
{
    if (str_starts(path, S("/")))
        return path;
    char *here = getcwd(NULL, 0);
    if (!here)
        return path;
    str full = str_fmt(a, "%s/%.*s", here, STR_ARG(path));
    free(here);
    return full;
}

str store_folder(arena *a, const char *dir, struct err *e)
{
    if (dir && !*dir) { /* a shell's variable that is not set must not lead to another store */
        err_set(e, ERR_USAGE, "store.folder", "name a folder", "no folder for the store: -s is empty");
        return STR_NONE;
    }
    const char *wanted = dir ? dir : getenv("MAILPIPE_STORE");
    if (wanted && *wanted) {
        str path = str_c(wanted);
        while (path.len > 1 && path.ptr[path.len - 1] == '/')
            path.len--;
        return absolute(a, path);
    }
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && data[0] == '/')
        return str_fmt(a, "%s/mailpipe", data);
    if (home && *home)
        return absolute(a, str_fmt(a, "%s/.local/share/mailpipe", home));
    err_set(e, ERR_CONFIG, "store.folder", "say where with -s DIR or MAILPIPE_STORE", "no folder for the store: HOME is not set");
    return STR_NONE;
}

char *store_file(arena *a, const struct store *s, const char *name) { return str_z(a, str_fmt(a, "%.*s/%s", STR_ARG(s->dir), name)); }

static struct store *store_new(arena *a, str dir, enum store_mode mode)
{
    struct store *s = ARENA_NEW(a, struct store);
    s->mem = a;
    s->dir = dir;
    s->mode = mode;
    s->blobs = -1;
    s->work = arena_new(WORK_OCTETS);
    arena_alloc(&s->work, WORK_COMMON, 1);
    arena_reset(&s->work);
    s->wal = store_file(a, s, "mail.db-wal");
    return s;
}

/* Waits for a writer as long as writers get on: DB_BUSY_MS count from the last change of the WAL. Looks again every few
 * milliseconds, because a writer of many batches lets go for no longer. */
static int wait_for_writer(void *context, int tries)
{
    struct store *s = context;
    struct stat st;
    int64_t now = sys_clock.monotonic_ms();
    bool changed = false;
    if (tries % 16 == 0 && stat(s->wal, &st) == 0) {
        int64_t stamp = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec + st.st_size;
        changed = stamp != s->wal_stamp;
        s->wal_stamp = stamp;
    }
    if (tries == 0 || changed)
        s->waits_since_ms = now;
    if (now - s->waits_since_ms > DB_BUSY_MS)
        return 0;
    int64_t us = tries < 4 ? 200 : 1000 + now % 7 * 300;
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
    return 1;
}

static bool connect_to(struct store *s, const char *name, int flags, struct err *e)
{
    if (sqlite3_open_v2(name, &s->db, flags | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return db_error(s, e, "cannot open mail.db");
    sqlite3_extended_result_codes(s->db, 1);
    sqlite3_busy_handler(s->db, wait_for_writer, s);
    return true;
}

/* The last one who closes the database would unlink -wal and -shm, and the next program make them again: half of what a small
 * query takes. */
static void keep_wal(struct store *s)
{
    int on = 1;
    sqlite3_file_control(s->db, "main", SQLITE_FCNTL_PERSIST_WAL, &on);
    db_limit_wal(s, true);
}

void db_limit_wal(struct store *s, bool limited)
{
    char limit[64];
    snprintf(limit, sizeof limit, "PRAGMA journal_size_limit = %d", limited ? WAL_KEPT_OCTETS : -1);
    sqlite3_exec(s->db, limit, NULL, NULL, NULL);
}

static void disconnect(struct store *s)
{
    for (int i = 0; i < DB_PLACES; i++)
        sqlite3_finalize(s->statement[i].handle);
    memset(s->statement, 0, sizeof s->statement);
    s->statements = 0;
    sqlite3_close(s->db);
    s->db = NULL;
}

/* ---- making a store ------------------------------------------------------------------------------- */

/* A database under a temporary name, complete and closed: linking it into place is the moment of birth, and of two
 * that make one at the same time the second finds it made. */
static bool make_database(arena a, struct store *s, const char *path, struct err *e)
{
    char *temporary = str_z(&a, str_fmt(&a, "%s.new-%ld", path, (long)getpid()));
    int fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, ERR_IO, "store.create", "", "cannot make a store in %.*s", STR_ARG(s->dir));
    close(fd);
    bool made = connect_to(s, temporary, SQLITE_OPEN_READWRITE, e) && migrate_prepare(s, e) && migrate_to(s, migrate_latest(), e);
    disconnect(s);
    if (made && link(temporary, path) != 0 && errno != EEXIST)
        made = err_errno(e, ERR_IO, "store.create", "", "cannot make %s", path);
    unlink(temporary);
    return made && dir_sync(str_z(&a, s->dir), e);
}

static bool make_folders(arena a, struct store *s, struct err *e)
{
    return dir_make(store_file(&a, s, "blobs"), e) && dir_make(store_file(&a, s, "queue"), e);
}

static bool no_store(const struct store *s, struct err *e)
{
    return err_set(e, ERR_MISSING, "store.missing", "make one with mail-store init, or name one with -s DIR", "there is no store in %.*s",
                   STR_ARG(s->dir));
}

static bool make_missing(arena a, struct store *s, const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) == 0)
        return true;
    if (errno != ENOENT && errno != ENOTDIR)
        return err_errno(e, ERR_IO, "store.open", "", "cannot open %s", path);
    if (s->mode == STORE_MIGRATE)
        return no_store(s, e);
    return make_folders(a, s, e) && make_database(a, s, path, e);
}

/* ---- opening -------------------------------------------------------------------------------------- */

static bool open_writer(arena a, struct store *s, const char *path, struct err *e)
{
    if (!make_missing(a, s, path, e) || !connect_to(s, path, SQLITE_OPEN_READWRITE, e))
        return false;
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return err_set(e, ERR_IO, "store.read-only", "look at the permissions of the folder and its files",
                       "the store %.*s cannot be written", STR_ARG(s->dir));
    char pragmas[160];
    keep_wal(s);
    snprintf(pragmas, sizeof pragmas,
             "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA cache_size = -%d; PRAGMA wal_autocheckpoint = %d",
             WRITER_CACHE_KIB, DB_WAL_PAGES);
    return db_script(s, pragmas, e);
}

/* A folder that cannot be written holds no -shm for a WAL: without a -wal the file is all there is, and does not change. */
static bool open_immutable(arena a, struct store *s, const char *path, struct err *e)
{
    struct stat st;
    if (stat(str_z(&a, str_fmt(&a, "%s-wal", path)), &st) == 0 && st.st_size > 0)
        return err_set(e, ERR_IO, "store.read-only", "open it once where it can be written (mail-store check), then it can be read here",
                       "the store %.*s cannot be written, and its last changes are still in mail.db-wal", STR_ARG(s->dir));
    disconnect(s);
    struct buf uri = buf_new(&a, 256);
    buf_put(&uri, S("file:"));
    for (const char *c = path; *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("/._-", *c);
        if (plain)
            buf_byte(&uri, *c);
        else
            buf_fmt(&uri, "%%%02x", (unsigned char)*c);
    }
    buf_put(&uri, S("?immutable=1"));
    return connect_to(s, str_z(&a, buf_str(&uri)), SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, e);
}

static bool open_reader(arena a, struct store *s, const char *path, struct err *e)
{
    struct stat st;
    if (stat(path, &st) != 0 && errno != ENOENT && errno != ENOTDIR)
        return err_errno(e, ERR_IO, "store.open", "", "cannot open %s", path);
    if (stat(path, &st) != 0)
        return no_store(s, e);
    if (!connect_to(s, path, SQLITE_OPEN_READWRITE, e))
        return false;
    /* The first read is what needs the -shm file. */
    if (sqlite3_exec(s->db, "PRAGMA application_id", NULL, NULL, NULL) != SQLITE_OK) {
        int code = sqlite3_errcode(s->db) & 0xff;
        bool closed = code == SQLITE_CANTOPEN || code == SQLITE_READONLY || code == SQLITE_PERM;
        if (!closed)
            return db_error(s, e, "cannot read mail.db");
        if (!open_immutable(a, s, path, e))
            return false;
    }
    keep_wal(s);
    /* No mmap_size: a command that lives for milliseconds pays more for the faults and the unmapping than for read(2). */
    return db_script(s, "PRAGMA query_only = 1", e);
}

struct store *store_open(arena *a, const char *dir, enum store_mode mode, struct err *e)
{
    str path = store_folder(a, dir, e);
    if (!path.ptr)
        return NULL;
    struct store *s = store_new(a, path, mode);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    char *file = store_file(a, s, "mail.db");
    bool opened = mode == STORE_READ ? open_reader(*a, s, file, e) : open_writer(*a, s, file, e);
    if (opened && mode != STORE_MIGRATE)
        opened = migrate_check(s, e);
    if (opened)
        return s;
    store_close(s);
    return NULL;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    db_rollback(s);
    disconnect(s);
    blobs_close(s);
    arena_free(&s->work);
}

str store_dir(const struct store *s) { return s->dir; }

bool store_lock_account(struct store *s, str account, int *fd, struct err *e)
{
    arena scratch = s->work;
    struct buf name = buf_new(&scratch, 64);
    buf_put(&name, S("fetch-"));
    /* Names of accounts never become paths as they stand. */
    for (ptrdiff_t i = 0; i < account.len; i++) {
        unsigned char c = (unsigned char)account.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '@' ||
                     (c == '.' && i > 0);
        if (plain)
            buf_byte(&name, (char)c);
        else
            buf_fmt(&name, "%%%02x", c);
    }
    buf_put(&name, S(".lock"));
    const char *path = store_file(&scratch, s, str_z(&scratch, buf_str(&name)));
    const char *what = str_z(&scratch, str_fmt(&scratch, "account %.*s", STR_ARG(account)));
    return lock_take(path, what, fd, e);
}
