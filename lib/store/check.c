#include "codec/codec.h"
#include "store/blob.h"
#include "store/fulltext.h"
#include "sys/sys.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct checker {
    struct store *store;
    arena *mem;
    bool full;
    store_say *say;
    void *context;
    int64_t faults;
    struct sha256 *sha;
    char *piece;
};

__attribute__((format(printf, 2, 3))) static void fault(struct checker *c, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    c->faults++;
    c->say(c->context, text);
}

/* Each row's first column is a fault. */
static bool faults_of(struct checker *c, const char *sql, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(c->store, e, sql, "");
    while (db_row(c->store, q, &failed, e))
        if (!str_eq(db_text(q, 0), S("ok")))
            fault(c, "%.*s", STR_ARG(db_text(q, 0)));
    return !failed;
}

static const char *const questions[] = {
    "SELECT 'database: ' || quick_check FROM pragma_quick_check WHERE quick_check <> 'ok'",
    "SELECT 'row ' || rowid || ' of ' || \"table\" || ' names a row of ' || parent || ' that is not there' FROM pragma_foreign_key_check",
    "SELECT 'email ' || id || ' has no record' FROM email WHERE id NOT IN (SELECT id FROM email_record)",
    "SELECT 'email ' || id || ' is not in the full text: run mail-store gc' FROM email WHERE extraction > 0 AND id NOT IN (SELECT id FROM "
    "email_text_docsize)",
    "SELECT 'full text knows ' || count(*) || ' removed emails: run mail-store gc' FROM email_text_docsize WHERE id NOT IN (SELECT id FROM "
    "email) "
    "HAVING count(*) > 0",
    "SELECT 'email ' || e.id || ' is in thread row ' || e.thread || ', which is not there or was joined to another' FROM email e "
    "WHERE e.thread IS NOT NULL AND e.thread NOT IN (SELECT id FROM thread WHERE joined IS NULL)",
    "SELECT 'mailbox ' || m.name || ' has a hole up to UID ' || h.last || ' behind its cursor ' || c.last_uid FROM hole h "
    "JOIN cursor c ON c.id = h.cursor_id JOIN mailbox m ON m.id = c.mailbox_id WHERE h.last > c.last_uid",
    "SELECT 'mailbox ' || m.name || ' holds UID ' || l.uid || ', which its cursor ' || c.last_uid || ' has not reached' FROM "
    "message_location l "
    "JOIN cursor c ON c.mailbox_id = l.mailbox_id AND c.uid_validity = l.uid_validity JOIN mailbox m ON m.id = l.mailbox_id WHERE l.uid > "
    "c.last_uid",
    "SELECT 'mailbox ' || m.name || ' has a hole where UID ' || l.uid || ' is stored' FROM hole h JOIN cursor c ON c.id = h.cursor_id "
    "JOIN message_location l ON l.mailbox_id = c.mailbox_id AND l.uid_validity = c.uid_validity AND l.uid BETWEEN h.first AND h.last "
    "JOIN mailbox m ON m.id = c.mailbox_id",
    "SELECT 'submission ' || id || ' has no recipient' FROM submission s WHERE NOT EXISTS (SELECT 1 FROM recipient r WHERE r.submission_id = s.id)",
    "SELECT 'submission ' || submission_id || ' to ' || address || ' is sending without a lease' FROM recipient WHERE status = 'sending' AND lease IS NULL",
    "SELECT 'submission ' || submission_id || ' to ' || address || ' is ' || status || ' and never due' FROM recipient "
    "WHERE (status = 'queued' OR status = 'deferred') AND next_at IS NULL",
    "SELECT 'submission ' || s.id || ' is not due when its recipients are' FROM submission s "
    "WHERE s.next_at IS NOT (SELECT min(next_at) FROM recipient r WHERE r.submission_id = s.id)",
};

static bool check_extraction(struct checker *c, struct err *e)
{
    int64_t n;
    if (!db_number(c->store, e, 0, &n, "SELECT count(*) FROM email WHERE extraction > 0 AND extraction <> ?", "i", (int64_t)EXTRACTION))
        return false;
    if (n)
        fault(c, "the full text of %lld emails is of another version: run mail-store gc", (long long)n);
    return true;
}

/* FTS5 compares the index with itself; the command counts as a write, though it writes nothing. */
static bool check_fulltext(struct checker *c, struct err *e)
{
    struct store *s = c->store;
    if (sqlite3_db_readonly(s->db, "main") == 1)
        return true;
    sqlite3_exec(s->db, "PRAGMA query_only = 0", NULL, NULL, NULL);
    if (db_begin(s, e)) {
        if (sqlite3_exec(s->db, "INSERT INTO email_text (email_text) VALUES ('integrity-check')", NULL, NULL, NULL) != SQLITE_OK)
            fault(c, "full text: %s: run mail-store gc", sqlite3_errmsg(s->db));
        db_rollback(s);
    }
    sqlite3_exec(s->db, "PRAGMA query_only = 1", NULL, NULL, NULL);
    return true;
}

static void check_digest(struct checker *c, int fd, const char *of, int64_t id, str blob_id)
{
    char hex[65];
    ptrdiff_t n;
    while ((n = fd_read_full(fd, c->piece, BLOB_PIECE)) > 0)
        sha256_put(c->sha, str_of(c->piece, n));
    sha256_end(c->sha, hex);
    if (n < 0)
        fault(c, "blob of %s %lld: cannot be read: %.*s", of, (long long)id, STR_ARG(blob_id));
    else if (!str_eq(str_c(hex), blob_id))
        fault(c, "blob of %s %lld holds other octets than its name says: %.*s", of, (long long)id, STR_ARG(blob_id));
}

static void check_blob(struct checker *c, int blobs, const char *of, int64_t id, int64_t size, str blob_id)
{
    char name[BLOB_NAME];
    struct stat st;
    blob_name(blob_id, name);
    int fd = openat(blobs, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0)
        fault(c, "blob of %s %lld is missing: %s", of, (long long)id, name);
    else if (st.st_size != size)
        fault(c, "blob of %s %lld has %lld octets, not %lld: %s", of, (long long)id, (long long)st.st_size, (long long)size, name);
    else if (c->full)
        check_digest(c, fd, of, id, blob_id);
    if (fd >= 0)
        close(fd);
}

/* sql: id, size and blob of rows with an id above ?, some of them, ascending. */
static bool check_blobs(struct checker *c, const char *of, const char *sql, struct err *e)
{
    bool failed = false;
    int blobs = blobs_open(c->store, e);
    if (blobs < 0)
        return false;
    for (int64_t after = 0, last = -1; after != last && !failed;) {
        last = after;
        sqlite3_stmt *q = db_query(c->store, e, sql, "i", after);
        while (db_row(c->store, q, &failed, e)) {
            arena scratch = *c->mem;
            after = db_i64(q, 0);
            check_blob(c, blobs, of, after, db_i64(q, 1), blob_hex(&scratch, sqlite3_column_blob(q, 2)));
        }
    }
    return !failed;
}

bool store_check(struct store *s, bool full, store_say *say, void *context, int64_t *faults, struct err *e)
{
    arena mem = arena_new(64 << 20);
    struct checker c = {.store = s, .mem = &mem, .full = full, .say = say, .context = context};
    c.piece = arena_alloc(&mem, BLOB_PIECE, 16);
    if (full)
        c.sha = sha256_new(&mem);
    bool good = true;
    for (size_t i = 0; i < sizeof questions / sizeof *questions && good; i++)
        good = faults_of(&c, questions[i], e);
    good = good && check_extraction(&c, e) && check_fulltext(&c, e) &&
           check_blobs(&c, "email", "SELECT id, size, blob_id FROM email WHERE id > ? ORDER BY id LIMIT 1000", e) &&
           check_blobs(&c, "submission", "SELECT id, size, blob_id FROM submission WHERE id > ? ORDER BY id LIMIT 1000", e);
    *faults = c.faults;
    arena_free(&mem);
    return good;
}

/* ---- plans ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name, *sql;
} plans[] = {
    {"the newest", "SELECT id FROM email ORDER BY received_at DESC, blob_id DESC LIMIT 100"},
    {"the newest of a day", "SELECT id FROM email WHERE received_at BETWEEN 1 AND 2 ORDER BY received_at DESC"},
    {"an email by id", "SELECT * FROM email e JOIN email_record r ON r.id = e.id WHERE e.id = 1"},
    {"an email by blob", "SELECT id FROM email WHERE blob_id = x'00' AND account_id = 1"},
    {"an email by Message-ID", "SELECT id FROM email WHERE message_id = 'a'"},
    {"a thread", "SELECT id FROM email WHERE thread = 1 ORDER BY received_at"},
    {"a sender", "SELECT e.id FROM address a JOIN email e ON e.from_id = a.id WHERE a.email = 'a'"},
    {"a list", "SELECT id FROM email WHERE list_id = 'a'"},
    {"unread", "SELECT id FROM email WHERE seen = 0 ORDER BY received_at DESC LIMIT 100"},
    {"a keyword", "SELECT email_id FROM email_keyword WHERE keyword = 'a'"},
    {"a mailbox", "SELECT x.email_id FROM mailbox m JOIN email_mailbox x ON x.mailbox_id = m.id WHERE m.account_id = 1 AND m.name = 'a'"},
    {"words", "SELECT rowid FROM email_text WHERE email_text MATCH 'a'"},
    {"a cursor", "SELECT last_uid FROM cursor WHERE mailbox_id = 1 AND uid_validity = 1"},
    {"a UID", "SELECT email_id FROM message_location WHERE mailbox_id = 1 AND uid_validity = 1 AND uid = 1"},
};

bool store_explain(struct store *s, store_say *say, void *context, int64_t *scans, struct err *e)
{
    *scans = 0;
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++) {
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", plans[i].sql);
        sqlite3_stmt *q = NULL;
        bool prepared = sql && sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) == SQLITE_OK;
        sqlite3_free(sql);
        while (prepared && sqlite3_step(q) == SQLITE_ROW) {
            char text[256];
            const char *step = (const char *)sqlite3_column_text(q, 3);
            bool scan = strncmp(step, "SCAN ", 5) == 0 && !strstr(step, "INDEX") && !strstr(step, "VIRTUAL TABLE");
            *scans += scan;
            snprintf(text, sizeof text, "%s: %s%s", plans[i].name, step, scan ? "  (reads the whole table)" : "");
            say(context, text);
        }
        sqlite3_finalize(q);
        if (!prepared)
            return db_error(s, e, "cannot explain");
    }
    return true;
}
