#include "store/migrate.h"

#include "date/date.h"
#include "store/schema.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int migrate_latest(void)
{
    int latest = 0;
    for (int i = 0; i < schema_sql_count; i++)
        if (schema_sql[i].version > latest)
            latest = schema_sql[i].version;
    return latest;
}

static const struct schema_sql *step(int version, int up)
{
    for (int i = 0; i < schema_sql_count; i++)
        if (schema_sql[i].version == version && schema_sql[i].up == up)
            return &schema_sql[i];
    return NULL;
}

static int pragma(struct store *s, const char *sql)
{
    int64_t n;
    return db_number(s, NULL, 0, &n, sql, "") ? (int)n : -1;
}

int migrate_version(struct store *s) { return pragma(s, "PRAGMA user_version"); }

bool migrate_prepare(struct store *s, struct err *e)
{
    char sql[200];
    snprintf(sql, sizeof sql, "PRAGMA page_size = 4096; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA application_id = %d",
             STORE_APPLICATION);
    return db_script(s, sql, e);
}

static bool one_step(struct store *s, int from, int to, struct err *e)
{
    const struct schema_sql *m = to > from ? step(to, 1) : step(from, 0);
    if (!m)
        return err_set(e, ERR_CONFIG, "store.version", "", "no migration leads from version %d to %d", from, to);
    char version[48];
    snprintf(version, sizeof version, "PRAGMA user_version = %d", to);
    if (!db_begin(s, e))
        return false;
    bool done = migrate_version(s) == from
                    ? db_script(s, m->sql, e) && db_script(s, version, e)
                    : err_set(e, ERR_LATER, "store.version", "", "another program changes the version of %.*s", STR_ARG(s->dir));
    if (done && db_commit(s, e))
        return true;
    db_rollback(s);
    return false;
}

bool migrate_to(struct store *s, int version, struct err *e)
{
    for (int now = migrate_version(s); now != version; now += now < version ? 1 : -1)
        if (!one_step(s, now, now < version ? now + 1 : now - 1, e))
            return false;
    return true;
}

bool migrate_check(struct store *s, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e, "PRAGMA user_version", "");
    if (!db_row(s, q, &failed, e))
        return !failed;
    int version = (int)db_i64(q, 0), latest = migrate_latest();
    sqlite3_reset(q);
    if (pragma(s, "PRAGMA application_id") != STORE_APPLICATION)
        return err_set(e, ERR_CONFIG, "store.foreign", "name another folder with -s DIR", "mail.db in %.*s is no store of mailpipe",
                       STR_ARG(s->dir));
    if (version == latest)
        return true;
    return err_set(e, ERR_CONFIG, "store.version",
                   version < latest ? "run mail-store migrate; it makes a backup first"
                                    : "install a newer mailpipe, or use another store with -s DIR",
                   "the store %.*s has version %d, this program needs %d", STR_ARG(s->dir), version, latest);
}

/* ---- the verb ------------------------------------------------------------------------------------- */

static bool backup(arena *a, struct store *s, int version, str *path, struct err *e)
{
    struct buf time = buf_new(a, 32);
    date_put_utc(&time, now_s());
    for (ptrdiff_t n = 0;; n++) {
        *path = str_fmt(a, "%.*s/mail.db.v%d-%.*s%s%.*td", STR_ARG(s->dir), version, STR_ARG(buf_str(&time)), n ? "-" : "", n ? 1 : 0, n);
        if (access(str_z(a, *path), F_OK) != 0)
            break;
    }
    int fd = open(str_z(a, *path), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_errno(e, ERR_IO, "store.backup", "", "cannot write the backup %.*s", STR_ARG(*path));
    bool done = db_run(s, e, "VACUUM INTO ?", "s", *path);
    if (done && fsync(fd) != 0)
        done = err_errno(e, ERR_IO, "store.backup", "", "cannot write the backup %.*s", STR_ARG(*path));
    close(fd);
    if (!done)
        unlink(str_z(a, *path));
    return done && dir_sync(str_z(a, s->dir), e);
}

/* Lines "-- Loses TABLE: what" at the start of a step down name what the older version has no table for; those with rows. */
static bool losses_of(arena *a, struct store *s, const char *sql, struct buf *losses, struct err *e)
{
    for (str rest = str_c(sql), line, table, what; str_cut(rest, '\n', &line, &rest) && str_starts(line, S("-- Loses "));) {
        int64_t some;
        if (!str_cut(str_skip(line, S("-- Loses ").len), ':', &table, &what))
            continue;
        /* Statements are known by their address. */
        char *query = str_z(a, str_fmt(a, "SELECT EXISTS (SELECT 1 FROM \"%.*s\")", STR_ARG(table)));
        if (!db_number(s, e, 0, &some, query, ""))
            return false;
        if (some && losses->len)
            buf_byte(losses, ',');
        if (some)
            buf_put(losses, what);
    }
    return true;
}

/* False where the way to an older version loses something. */
static bool keeps_all(arena *a, struct store *s, int from, int to, struct err *e)
{
    struct buf losses = buf_new(a, 256);
    for (int version = from; version > to; version--) {
        const struct schema_sql *m = step(version, 0);
        if (m && !losses_of(a, s, m->sql, &losses, e))
            return false;
    }
    return !losses.len || err_set(e, ERR_USAGE, "store.loses", "--force goes there; the backup beside it keeps them", "version %d has no place for%.*s of %.*s",
                                  to, STR_ARG(buf_str(&losses)), STR_ARG(s->dir));
}

bool store_migrate(arena *a, struct store *s, int to, bool force, struct migration *out, struct err *e)
{
    if (pragma(s, "PRAGMA application_id") != STORE_APPLICATION)
        return migrate_check(s, e);
    out->from = migrate_version(s);
    out->to = to < 0 ? migrate_latest() : to;
    out->backup = STR_NONE;
    if (out->from > migrate_latest())
        return migrate_check(s, e);
    if (out->to > migrate_latest())
        return err_set(e, ERR_USAGE, "store.version", "", "version %d is not known; the newest is %d", out->to, migrate_latest());
    if (!force && !keeps_all(a, s, out->from, out->to, e))
        return false;
    return out->from == out->to || (backup(a, s, out->from, &out->backup, e) && migrate_to(s, out->to, e));
}
