/* The store: a folder with mail.db (SQLite), blobs/ and locks; the only SQL of the project is in this room.
 *
 * Where a folder is asked for: -s DIR, else $MAILPIPE_STORE, else ~/.local/share/mailpipe. */
#ifndef STORE_H
#define STORE_H

#include "err/err.h"
#include "record/record.h"

enum store_mode {
    STORE_WRITE, /* made where it is missing (0700, atomically) */
    STORE_READ   /* query_only; falls back to mode=ro, then immutable=1 where there is no -wal */
};

struct store;

/* dir: the -s option or NULL. NULL with *e: class missing where there is no store to read (hint: mail-store init), configuration
 * where another version wrote it, io where it cannot be opened. a: run lifetime. */
struct store *store_open(arena *a, const char *dir, enum store_mode mode, struct err *e);
void store_close(struct store *s);
/* The folder's absolute path. */
str store_dir(const struct store *s);

/* ---- blobs: messages as received, under their sha256 ---------------------------------------------- */

/* Write a message of unknown length: begin, put…, then end (renames it to blobs/ab/cdef…; *blob_id and *path in the arena) or drop.
 * Nothing is synced: store_put does that in batches before it commits (design.md section 3). */
struct blob_writer;
struct blob_writer *blob_begin(arena *a, struct store *s, struct err *e);
bool blob_put(struct blob_writer *w, str octets, struct err *e);
bool blob_end(arena *a, struct blob_writer *w, str *blob_id, str *path, int64_t *size, struct err *e);
void blob_drop(struct blob_writer *w);
/* blobs/ab/cdef… of the store; whether the file is there is not looked at. */
str blob_path(arena *a, const struct store *s, str blob_id);

/* ---- cursors: what of a mailbox has been committed ------------------------------------------------ */

struct uid_range {
    int64_t first, last;
};
struct cursor {
    bool found;            /* false: this mailbox was never seen */
    int64_t uid_validity;
    int64_t last_uid;      /* everything up to it is stored, but for the holes */
    struct uid_range *holes; /* ascending: to be asked for again */
    ptrdiff_t n_holes;
};
/* The newest uidValidity's cursor of (account, mailbox). */
bool store_cursor(arena *a, struct store *s, str account, str mailbox, struct cursor *out, struct err *e);

/* A message of this account that is already stored (from any mailbox and uidValidity) with the same Message-ID, size and receivedAt;
 * *blob_id is STR_NONE where there is none, or where more than one fits. Used after a change of UIDVALIDITY. */
bool store_match(arena *a, struct store *s, str account, str message_id, int64_t size, int64_t received_at, str *blob_id, struct err *e);

/* The lock of one account's fetch: fetch-ACCOUNT.lock in the store's folder. */
bool store_lock_account(struct store *s, str account, int *fd, struct err *e);

#endif
