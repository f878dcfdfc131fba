/* Private to lib/store: the database behind a struct store, its statements and transactions.
 *
 * SQL texts are string literals, each prepared once and kept; a statement that db_query gave is good until the same text
 * is asked for again. Every failure is a struct err: a full disk and I/O are class io, a lock that was waited for in vain
 * is class later. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "store/store.h"

#include <sqlite3.h>

enum {
    DB_BUSY_MS = 60 * 1000,   /* how long a writer waits while no other gets on */
    DB_WAL_PAGES = 8192,      /* of the WAL, after which a commit brings them into the database */
    DB_STATEMENTS = 192,      /* different SQL texts in one process: more is a bug */
    DB_PLACES = 256           /* for them, by their addresses */
};

struct db_statement {
    const char *sql; /* compared by address; NULL: the place is free */
    sqlite3_stmt *handle;
};

struct store {
    arena *mem; /* run lifetime */
    arena work; /* texts of one statement, where the caller's memory may be a scratch copy of mem: taken by value, by one function at a time */
    sqlite3 *db;
    str dir;
    enum store_mode mode;
    bool in_transaction;
    char *wal;               /* path of mail.db-wal: tells a waiting writer that others get on */
    int64_t wal_stamp, waits_since_ms;
    int blobs;               /* descriptor of blobs/, -1 until it is needed */
    struct blob_writer *idle; /* writers that wait for their next message */
    struct db_statement statement[DB_PLACES];
    int statements;
    struct scan *scan; /* stats.c: who gets the rows that each_email is called with */
    bool has_each_email;
};

/* Whether a WAL that begins anew is cut to what is kept of it: as it is opened, yes. */
void db_limit_wal(struct store *s, bool limited);

/* Prepare (or take from the cache), reset and bind. types has a letter for each ? in order:
 *   i  int64_t                    I  const int64_t *, NULL is SQL NULL
 *   s  str, STR_NONE is SQL NULL  b  str as a blob
 * Texts are not copied: they must live until the statement is stepped for the last time. NULL with *e. */
sqlite3_stmt *db_query(struct store *s, struct err *e, const char *sql, const char *types, ...);

/* The next row: true while there is one. At the end, and on failure, the statement is reset, and *failed says which. */
bool db_row(struct store *s, sqlite3_stmt *q, bool *failed, struct err *e);

/* Run a statement that returns no rows: prepare, bind, step, reset. */
bool db_run(struct store *s, struct err *e, const char *sql, const char *types, ...);

/* One integer of the first row; otherwise where there is no row or it is NULL. */
bool db_number(struct store *s, struct err *e, int64_t otherwise, int64_t *out, const char *sql, const char *types, ...);

/* SQL of more than one statement, without results. */
bool db_script(struct store *s, const char *sql, struct err *e);

/* Columns of the current row. Texts are views that the next step or reset ends; SQL NULL is STR_NONE and 0. */
str db_text(sqlite3_stmt *q, int column);
str db_text_copy(arena *a, sqlite3_stmt *q, int column);
static inline int64_t db_i64(sqlite3_stmt *q, int column) { return sqlite3_column_int64(q, column); }
static inline bool db_is_null(sqlite3_stmt *q, int column) { return sqlite3_column_type(q, column) == SQLITE_NULL; }

/* BEGIN IMMEDIATE: waits for another writer up to DB_BUSY_MS, then class later. */
bool db_begin(struct store *s, struct err *e);
bool db_commit(struct store *s, struct err *e);
/* Never fails; nothing happens outside a transaction. */
void db_rollback(struct store *s);

/* What the last call of SQLite said, as an error: false. what: "cannot read the cursor of INBOX". */
bool db_error(struct store *s, struct err *e, const char *what);

/* The wire form of a thread's number, t and 16 hex digits, and back. */
str db_thread_name(arena *a, int64_t thread);
bool db_thread_number(str name, int64_t *out);

#endif
