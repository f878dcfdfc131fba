/* Private to lib/store: files of blobs/. */
#ifndef STORE_BLOB_H
#define STORE_BLOB_H

#include "codec/codec.h"
#include "store/db.h"

enum {
    BLOB_PIECE = 1 << 18,    /* octets that are read, hashed and written at once */
    BLOB_NAME = 2 + 1 + 62 + 1, /* "ab/cdef…" and its NUL */
    BLOB_SYNC_EACH = 8       /* up to so many new files are synced one by one, more by syncfs(2): 100 files took 58 ms and 5 ms */
};

/* 64 hex digits in lower case. */
bool blob_id_valid(str blob_id);
void blob_name(str blob_id, char name[BLOB_NAME]);
/* 32 octets and back. */
void blob_octets(str blob_id, unsigned char out[32]);
str blob_hex(arena *a, const unsigned char octets[32]);

/* The descriptor of blobs/; -1 with *e. */
int blobs_open(struct store *s, struct err *e);
/* Every writer has ended. */
void blobs_close(struct store *s);

/* A new file under a temporary name: in the folder where a message with this id will lie, or in blobs/in, where the id is not known yet (in
 * blobs/ itself, between its many folders, making and renaming files takes twice the time). The folder is made if it is missing. -1 with
 * errno. Any thread. */
int blob_temporary(int blobs, str blob_id, char name[64]);
/* Whether a message of this id and size lies there already, whole. Then it stays: a row may name it, and it may be lasting, which a new file in
 * its place is not yet. Any thread, with a digest of its own. */
bool blob_lies(int blobs, struct sha256 *sha, str blob_id, int64_t size);
/* Give it its lasting name, making the folder if that is missing. Any thread. */
bool blob_place(int blobs, const char *temporary, str blob_id);
/* A new file without a name: to make and to name it takes less time, and where its writer dies nothing is left. All are made in blobs/, because
 * a file system that keeps what belongs to a folder together (ext4) then writes them one after the other, wherever their names will stand.
 * -1 with errno where it has none (EOPNOTSUPP, EISDIR): then it takes a temporary name. Any thread. */
int blob_nameless(int blobs);
/* Give it its lasting name, making the folder if that is missing, or find that a message lies there, whole: that one stays, as in blob_lies.
 * False: it takes a temporary name to put another in the place of what lies there, or the system gives no name to a file that has none. Any
 * thread, with a digest of its own. */
bool blob_link(int blobs, int fd, struct sha256 *sha, str blob_id);
/* All of it for octets at hand. False: try a temporary name. */
bool blob_make(int blobs, struct sha256 *sha, str blob_id, str octets);

/* Make files that were written since the last sync, and the folders they lie in, lasting. */
struct blob_sync {
    int64_t files;
    char name[BLOB_SYNC_EACH][BLOB_NAME]; /* the first of them */
};
void blob_sync_add(struct blob_sync *y, str blob_id);
bool blob_sync(struct store *s, struct blob_sync *y, struct err *e);
/* The error of a sync that failed with this errno: false. */
bool blob_sync_failed(const struct store *s, int failed, struct err *e);

/* ---- writing small ones while the caller goes on (blob_later.c) ----------------------------------------- */

enum { BLOB_LATER_OCTETS = 64 << 10 };
struct blob_later;
/* a: run lifetime. NULL with *e. */
struct blob_later *blob_later_new(arena *a, struct store *s, struct err *e);
/* The octets, up to BLOB_LATER_OCTETS, are copied. Waits while some dozens are not written yet. */
void blob_later_put(struct blob_later *l, str blob_id, str octets);
/* Until all are written. False with *e where one since the last wait could not be: which ones are there is not known. */
bool blob_later_wait(struct blob_later *l, struct err *e);
void blob_later_end(struct blob_later *l);

/* ---- taking a message in (copy.c); nothing here touches the database --------------------------------- */

struct blob_source {
    str blob_id;
    str path;               /* STR_NONE: raw, or what lies in blobs/ already */
    int64_t offset, length; /* a span of path, where format is set */
    str format;
    str raw;                /* base64 */
    int64_t size;           /* of the message; 0: not known */
};

/* One for each thread. */
struct blob_copier;
struct blob_copier *blob_copier_new(arena *a, str store_dir, int blobs);
void blob_copier_free(struct blob_copier *c);
/* Whether the path is the one where that blob lies in the store. */
bool blob_is_own(const struct blob_copier *c, str blob_id, str path);
/* Copy the source into blobs/, or find that it lies there whole: by its octets, or where it was written and named in the last hour, since the
 * machine was started, and has its size: then it is what mail-fetch has just written, and no failure of power can have cut it. Refused where
 * the octets are others than the blob id says (class input), the file is gone (missing) or no message is named (input). */
bool blob_copy(struct blob_copier *c, const struct blob_source *source, struct err *e);

#endif
