#include "store/db.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

bool db_error(struct store *s, struct err *e, const char *what)
{
    int code = s->db ? sqlite3_extended_errcode(s->db) : SQLITE_NOMEM;
    const char *says = s->db ? sqlite3_errmsg(s->db) : "out of memory";
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(e, ERR_LATER, "store.busy", "another program has been writing for a minute; try again", "%s in %.*s: %s", what,
                       STR_ARG(s->dir), says);
    case SQLITE_FULL:
        return err_set(e, ERR_IO, "store.full", "make room on the disk and run it again; what is stored is safe", "%s in %.*s: %s", what,
                       STR_ARG(s->dir), says);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return err_set(e, ERR_IO, "store.damaged", "see mail-store check", "%s in %.*s: %s", what, STR_ARG(s->dir), says);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return err_set(e, ERR_IO, "store.access", "look at the permissions of the store's folder and its files", "%s in %.*s: %s", what,
                       STR_ARG(s->dir), says);
    case SQLITE_CONSTRAINT: return err_set(e, ERR_INPUT, "store.constraint", "", "%s: %s", what, says);
    default: return err_set(e, ERR_IO, "store.sql", "see mail-store check", "%s in %.*s: %s", what, STR_ARG(s->dir), says);
    }
}

_Static_assert(DB_PLACES > DB_STATEMENTS, "a search ends at a free place");

/* Where that text is, or would be. */
static struct db_statement *place_of(struct store *s, const char *sql)
{
    uint64_t at = (uintptr_t)sql * UINT64_C(0x9E3779B97F4A7C15) >> 32;
    while (s->statement[at % DB_PLACES].sql && s->statement[at % DB_PLACES].sql != sql)
        at++;
    return &s->statement[at % DB_PLACES];
}

static sqlite3_stmt *prepare(struct store *s, const char *sql, struct err *e)
{
    struct db_statement *place = place_of(s, sql);
    if (place->sql)
        return place->handle;
    assert(s->statements < DB_STATEMENTS);
    sqlite3_stmt *q;
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &q, NULL) != SQLITE_OK) {
        db_error(s, e, "cannot prepare a statement");
        return NULL;
    }
    s->statements++;
    *place = (struct db_statement){sql, q};
    return q;
}

static int bind_text(sqlite3_stmt *q, int at, str text)
{
    if (!text.ptr)
        return sqlite3_bind_null(q, at);
    return sqlite3_bind_text64(q, at, text.ptr, (sqlite3_uint64)text.len, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_blob(sqlite3_stmt *q, int at, str octets)
{
    if (!octets.ptr)
        return sqlite3_bind_null(q, at);
    return sqlite3_bind_blob64(q, at, octets.ptr, (sqlite3_uint64)octets.len, SQLITE_STATIC);
}

static bool bind_all(struct store *s, sqlite3_stmt *q, const char *types, va_list args, struct err *e)
{
    int code = SQLITE_OK;
    for (int at = 1; types[at - 1] && code == SQLITE_OK; at++) {
        switch (types[at - 1]) {
        case 'i': code = sqlite3_bind_int64(q, at, va_arg(args, int64_t)); break;
        case 'I': {
            const int64_t *number = va_arg(args, const int64_t *);
            code = number ? sqlite3_bind_int64(q, at, *number) : sqlite3_bind_null(q, at);
            break;
        }
        case 's': code = bind_text(q, at, va_arg(args, str)); break;
        case 'b': code = bind_blob(q, at, va_arg(args, str)); break;
        default: assert(false); /* a letter that db_query does not know */
        }
    }
    return code == SQLITE_OK || db_error(s, e, "cannot bind a value");
}

static sqlite3_stmt *query(struct store *s, struct err *e, const char *sql, const char *types, va_list args)
{
    sqlite3_stmt *q = prepare(s, sql, e);
    if (!q)
        return NULL;
    sqlite3_reset(q);
    return bind_all(s, q, types, args, e) ? q : NULL;
}

sqlite3_stmt *db_query(struct store *s, struct err *e, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, e, sql, types, args);
    va_end(args);
    return q;
}

bool db_row(struct store *s, sqlite3_stmt *q, bool *failed, struct err *e)
{
    *failed = !q;
    if (!q)
        return false;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW)
        return true;
    if (code != SQLITE_DONE) {
        *failed = true;
        db_error(s, e, "cannot read rows");
    }
    sqlite3_reset(q);
    return false;
}

static bool run(struct store *s, sqlite3_stmt *q, struct err *e)
{
    int code = sqlite3_step(q);
    bool done = code == SQLITE_DONE || code == SQLITE_ROW;
    if (!done)
        db_error(s, e, "cannot write");
    sqlite3_reset(q);
    return done;
}

bool db_run(struct store *s, struct err *e, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, e, sql, types, args);
    va_end(args);
    return q && run(s, q, e);
}

bool db_number(struct store *s, struct err *e, int64_t otherwise, int64_t *out, const char *sql, const char *types, ...)
{
    va_list args;
    va_start(args, types);
    sqlite3_stmt *q = query(s, e, sql, types, args);
    va_end(args);
    *out = otherwise;
    bool failed;
    if (!db_row(s, q, &failed, e))
        return !failed;
    if (!db_is_null(q, 0))
        *out = db_i64(q, 0);
    sqlite3_reset(q);
    return true;
}

bool db_script(struct store *s, const char *sql, struct err *e)
{
    return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK || db_error(s, e, "cannot run a script");
}

str db_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_blob(q, column);
    int n = sqlite3_column_bytes(q, column);
    if (!text)
        return db_is_null(q, column) ? STR_NONE : S("");
    return str_of(text, n);
}

str db_text_copy(arena *a, sqlite3_stmt *q, int column)
{
    str view = db_text(q, column);
    return view.ptr ? str_copy(a, view) : STR_NONE;
}

bool db_begin(struct store *s, struct err *e)
{
    assert(!s->in_transaction);
    s->in_transaction = db_run(s, e, "BEGIN IMMEDIATE", "");
    return s->in_transaction;
}

bool db_commit(struct store *s, struct err *e)
{
    assert(s->in_transaction);
    if (!db_run(s, e, "COMMIT", ""))
        return false;
    s->in_transaction = false;
    return true;
}

void db_rollback(struct store *s)
{
    if (s->in_transaction && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    s->in_transaction = false;
}

str db_thread_name(arena *a, int64_t thread) { return str_fmt(a, "t%016llx", (unsigned long long)thread); }

bool db_thread_number(str name, int64_t *out)
{
    if (name.len != 17 || name.ptr[0] != 't')
        return false;
    uint64_t number = 0;
    for (ptrdiff_t i = 1; i < name.len; i++) {
        char c = name.ptr[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
        if (digit < 0)
            return false;
        number = number << 4 | (uint64_t)digit;
    }
    *out = (int64_t)number;
    return true;
}
