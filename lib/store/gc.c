#include "mime/mime.h"
#include "store/blob.h"
#include "store/index.h"
#include "sys/sys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct collector {
    struct store *store;
    int blobs;
    int64_t before; /* ctime, seconds */
    bool dry_run;
    struct gc_counts *counts;
};

/* Its age, where it is a file old enough to go. */
static bool old_enough(const struct collector *c, int folder, const char *name, int64_t *size)
{
    struct stat st;
    if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode) || st.st_ctim.tv_sec > c->before)
        return false;
    *size = st.st_size;
    return true;
}

static bool is_referenced(struct store *s, str blob_id, bool *referenced, struct err *e)
{
    unsigned char octets[32];
    int64_t found;
    blob_octets(blob_id, octets);
    if (!db_number(s, e, 0, &found, "SELECT 1 FROM email WHERE blob_id = ?1 UNION ALL SELECT 1 FROM submission WHERE blob_id = ?1", "b",
                   str_of((const char *)octets, 32)))
        return false;
    *referenced = found != 0;
    return true;
}

static bool is_temporary(const char *name) { return strncmp(name, "new-", 4) == 0; }

static void collect_temporary(struct collector *c, int folder, const char *name)
{
    int64_t size;
    if (old_enough(c, folder, name, &size) && (c->dry_run || unlinkat(folder, name, 0) == 0))
        c->counts->temporary++;
}

static bool collect_blob(struct collector *c, int folder, const char *sub, const char *name, struct err *e)
{
    char hex[80];
    bool referenced = true;
    int64_t size;
    snprintf(hex, sizeof hex, "%.2s%.70s", sub, name);
    if (!blob_id_valid(str_c(hex)) || !old_enough(c, folder, name, &size))
        return true;
    if (!is_referenced(c->store, str_c(hex), &referenced, e))
        return false;
    if (referenced || (!c->dry_run && unlinkat(folder, name, 0) != 0))
        return true;
    c->counts->blobs++;
    c->counts->octets += size;
    return true;
}

/* One folder in one transaction: put holds the same lock while it checks a blob that no row names yet. */
static bool collect_folder(struct collector *c, const char *sub, struct err *e)
{
    int fd = openat(c->blobs, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        return fd < 0 ? true : err_errno(e, ERR_IO, "gc.read", "", "cannot read blobs/%s", sub);
    bool good = db_begin(c->store, e);
    for (struct dirent *entry; good && (entry = readdir(d));) {
        if (is_temporary(entry->d_name))
            collect_temporary(c, fd, entry->d_name);
        else
            good = collect_blob(c, fd, sub, entry->d_name, e);
    }
    db_rollback(c->store);
    closedir(d);
    return good;
}

static bool collect_all(struct collector *c, struct err *e)
{
    int fd = dup(c->blobs);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d)
        return err_errno(e, ERR_IO, "gc.read", "", "cannot read blobs");
    rewinddir(d);
    bool good = true;
    for (struct dirent *entry; good && (entry = readdir(d));) {
        if (strlen(entry->d_name) == 2 && entry->d_name[0] != '.')
            good = collect_folder(c, entry->d_name, e);
        else if (is_temporary(entry->d_name))
            collect_temporary(c, c->blobs, entry->d_name);
    }
    closedir(d);
    return good;
}

/* ---- full text --------------------------------------------------------------------------------------------- */

static bool needs_index(struct store *s, bool *needed, struct err *e)
{
    int64_t found;
    bool good = db_number(s, e, 0, &found,
                          "SELECT EXISTS (SELECT 1 FROM email_text_docsize WHERE id NOT IN (SELECT id FROM email)) OR "
                          "EXISTS (SELECT 1 FROM email WHERE extraction > 0 AND (extraction <> ? OR id NOT IN (SELECT id FROM email_text_docsize)))",
                          "i", (int64_t)EXTRACTION);
    *needed = found != 0;
    return good;
}

static bool parse(struct mime *mime, arena *a, int blobs, str blob_id, struct email *out)
{
    char name[BLOB_NAME];
    blob_name(blob_id, name);
    int fd = openat(blobs, name, O_RDONLY | O_CLOEXEC);
    mime_begin(mime, &(struct mime_options){.no_digests = true});
    char *piece = arena_alloc(a, BLOB_PIECE, 16);
    ptrdiff_t n = -1;
    while (fd >= 0 && (n = fd_read_full(fd, piece, BLOB_PIECE)) > 0)
        mime_feed(mime, str_of(piece, n));
    if (fd >= 0)
        close(fd);
    record_from_mime(a, mime, mime_end(mime), out);
    return n == 0;
}

struct indexer {
    struct index_writer *writer;
    struct index_cutter *cutter;
    struct mime *mime;
};

/* A blob that cannot be read leaves its row without words; check tells. */
static bool index_one(struct collector *c, struct indexer *x, arena a, int64_t id, str blob_id, struct err *e)
{
    struct email m = {0};
    struct index_texts t;
    struct fts_words words;
    if (!parse(x->mime, &a, c->blobs, blob_id, &m))
        m = (struct email){0};
    index_texts_of(&a, &m, &t);
    index_cut(x->cutter, &a, &t, &words);
    c->counts->reindexed++;
    return index_add(x->writer, id, &words, e) &&
           db_run(c->store, e, "UPDATE email SET extraction = ?, index_digest = ? WHERE id = ?", "iii", (int64_t)EXTRACTION,
                  index_digest(&t), id);
}

static bool index_each(struct collector *c, struct indexer *x, struct err *e)
{
    arena mem = arena_new((size_t)1 << 30);
    int64_t id = 0;
    bool failed = !db_begin(c->store, e) || !index_clear(c->store, e);
    while (!failed) {
        arena_reset(&mem);
        sqlite3_stmt *q = db_query(c->store, e, "SELECT id, blob_id FROM email WHERE id > ? ORDER BY id LIMIT 1", "i", id);
        if (!db_row(c->store, q, &failed, e))
            break;
        id = db_i64(q, 0);
        str blob_id = blob_hex(&mem, sqlite3_column_blob(q, 1));
        sqlite3_reset(q);
        failed = !index_one(c, x, mem, id, blob_id, e);
    }
    failed = failed || !index_flush(x->writer, e) || !db_commit(c->store, e) || !index_merge(x->writer, e);
    db_rollback(c->store);
    arena_free(&mem);
    return !failed;
}

static bool index_all(struct collector *c, struct err *e)
{
    arena mem = arena_new(1 << 24);
    struct indexer x = {index_writer_new(&mem, c->store), index_cutter_new(&mem, c->store, e), mime_new()};
    bool good = x.cutter && index_each(c, &x, e);
    index_cutter_free(x.cutter);
    index_writer_free(x.writer);
    arena_free(&mem);
    return good;
}

bool store_gc(struct store *s, int64_t age_s, bool dry_run, struct gc_counts *out, struct err *e)
{
    *out = (struct gc_counts){0};
    bool index = false;
    struct collector c = {.store = s, .blobs = blobs_open(s, e), .before = now_s() - age_s, .dry_run = dry_run, .counts = out};
    return c.blobs >= 0 && collect_all(&c, e) && needs_index(s, &index, e) && (!index || dry_run || index_all(&c, e));
}
