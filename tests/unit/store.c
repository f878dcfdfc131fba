/* The store's rooms below put: ranges of holes, texts for the index, blobs, cursors, what mail-fetch asks. */
#include "store/blob.h"
#include "store/checkpoint.h"
#include "store/cursor.h"
#include "store/fulltext.h"
#include "store/intake.h"

#include "sys/sys.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static arena mem;

/* ---- holes --------------------------------------------------------------------------------------------- */

static str shown(const struct holes *h)
{
    struct buf b = buf_new(&mem, 64);
    for (ptrdiff_t i = 0; i < h->n; i++)
        buf_fmt(&b, "%s%lld-%lld", i ? " " : "", (long long)h->item[i].first, (long long)h->item[i].last);
    return buf_str(&b);
}

static void holes(void)
{
    struct holes h = {0};
    holes_add(&mem, &h, 5, 4);
    is_str(shown(&h), S(""), "holes: an empty range is none");
    holes_add(&mem, &h, 1, 10);
    holes_add(&mem, &h, 11, 12);
    holes_add(&mem, &h, 20, 30);
    is_str(shown(&h), S("1-12 20-30"), "holes: neighbours join");
    ok(holes_close(&mem, &h, 5, 5), "holes: one inside");
    is_str(shown(&h), S("1-4 6-12 20-30"), "holes: it splits");
    ok(!holes_close(&mem, &h, 5, 5), "holes: again, nothing changes");
    ok(!holes_close(&mem, &h, 13, 19), "holes: between two, nothing changes");
    ok(holes_close(&mem, &h, 4, 22), "holes: over several");
    is_str(shown(&h), S("1-3 23-30"), "holes: the ends are cut");
    ok(holes_close(&mem, &h, 0, 99), "holes: all");
    is_str(shown(&h), S(""), "holes: none left");
}

/* Against a plain array of UIDs. */
static void holes_random(void)
{
    enum { UIDS = 60 };
    uint64_t seed = 7;
    bool same = true;
    for (int round = 0; round < 200 && same; round++) {
        bool open[UIDS + 1] = {0};
        struct holes h = {0};
        for (int64_t at = 1; at < UIDS;) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            int64_t first = at + (int64_t)(seed >> 40) % 5, last = first + (int64_t)(seed >> 50) % 6;
            if (last > UIDS)
                break;
            holes_add(&mem, &h, first, last);
            for (int64_t u = first; u <= last; u++)
                open[u] = true;
            at = last + 1;
        }
        for (int step = 0; step < 20; step++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            int64_t first = 1 + (int64_t)(seed >> 40) % UIDS, last = first + (int64_t)(seed >> 50) % 9;
            holes_close(&mem, &h, first, last);
            for (int64_t u = first; u <= last && u <= UIDS; u++)
                open[u] = false;
            bool now[UIDS + 1] = {0};
            for (ptrdiff_t i = 0; i < h.n; i++)
                for (int64_t u = h.item[i].first; u <= h.item[i].last; u++)
                    now[u] = true;
            same = same && memcmp(open, now, sizeof open) == 0;
        }
    }
    ok(same, "holes: 200 random histories are those of a plain set");
}

/* ---- full text ------------------------------------------------------------------------------------------- */

static void fulltext(void)
{
    static const struct {
        str text, index, query;
    } cases[] = {
        {S("plain words"), S("plain words"), S("\"plain words\"")},
        {S("Größe"), S("Größe"), S("\"Größe\"")},
        {S("日本語"), S(" 日本 本語 語 "), S("\" 日本 本語 \"")},
        {S("日"), S(" 日 "), S("\" 日 \" *")},
        {S("abc日本xyz"), S("abc 日本 本 xyz"), S("\"abc 日本 本 xyz\"")},
        {S("見積 P-40"), S(" 見積 積  P-40"), S("\" 見積 積  P-40\"")},
        {S("日 x"), S(" 日  x"), S("\" 日  x\"")},
        {S("한국어"), S(" 한국 국어 어 "), S("\" 한국 국어 \"")},
        {S("Ｆｕｌｌ　１２"), S("Full　12"), S("\"Full　12\"")},
        {S("say \"no\""), S("say \"no\""), S("\"say \"\"no\"\"\"")},
        {S("--"), S("--"), S("")},
        {S(""), S(""), S("")},
        {S("𠀀𠀁"), S(" 𠀀𠀁 𠀁 "), S("\" 𠀀𠀁 \"")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_str(text_for_index(&mem, cases[i].text), cases[i].index, "index: %.*s", STR_ARG(cases[i].text));
        is_str(text_for_query(&mem, cases[i].text, false), cases[i].query, "query: %.*s", STR_ARG(cases[i].text));
    }
    is_str(text_for_query(&mem, S("inv"), true), S("\"inv\" *"), "query: a prefix");
    is_str(text_for_index(&mem, S("cut \xE6\x97")), S("cut \xE6\x97"), "index: broken UTF-8 stays as it is");
    str same = S("no change");
    ok(text_for_index(&mem, same).ptr == same.ptr, "index: a view where nothing changes");

    struct index_texts t = {S("subject of it"), S("a"), S("b"), S(""), S(""), S(""), S("0123456789abcdef")}, other = t;
    int64_t digest = index_digest(&t);
    is_int(digest, INT64_C(-428912983091298610), "digest: the same on every machine, as long as EXTRACTION is");
    other.body = S("0123456789abcdeg");
    ok(index_digest(&other) != digest, "digest: another body");
    other = t;
    other.from = S("");
    other.to = S("ab");
    ok(index_digest(&other) != digest, "digest: what moves between columns counts");
}

/* ---- blobs ----------------------------------------------------------------------------------------------- */

static const char hello[] = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

static void blobs(struct store *s)
{
    struct err e;
    str id, path;
    int64_t size;
    struct blob_writer *w = blob_begin(&mem, s, &e);
    ok(w && blob_put(w, S("hel"), &e) && blob_put(w, S("lo"), &e), "blob: written in pieces");
    ok(blob_end(&mem, w, &id, &path, &size, &e), "blob: ended");
    is_str(id, str_c(hello), "blob: its id is the digest");
    is_int(size, 5, "blob: its size");
    is_str(path, blob_path(&mem, s, id), "blob: its path");
    str read;
    ok(file_read(&mem, str_z(&mem, path), 100, &read, &e) && str_eq(read, S("hello")), "blob: its octets");

    /* It lies there: whole, cut short, and of the right size with other octets. */
    static const char *const found[] = {"hello", "hel", "HELLO"};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        int fd = open(str_z(&mem, path), O_WRONLY | O_TRUNC);
        ok(fd >= 0 && fd_write_full(fd, str_c(found[i])) && close(fd) == 0, "blob: \"%s\" lies there", found[i]);
        w = blob_begin(&mem, s, &e);
        ok(w && blob_put(w, S("hello"), &e) && blob_end(&mem, w, &id, &path, &size, &e) && file_read(&mem, str_z(&mem, path), 100, &read, &e) &&
               str_eq(read, S("hello")),
           "blob: then \"hello\" does");
    }

    char *big = arena_alloc(&mem, 3 * BLOB_PIECE, 1);
    memset(big, 'x', 3 * BLOB_PIECE);
    struct blob_writer *one = blob_begin(&mem, s, &e), *two = blob_begin(&mem, s, &e);
    ok(one && two && one != two, "blob: two at once");
    ok(blob_put(two, S("a"), &e) && blob_put(two, str_of(big, 3 * BLOB_PIECE), &e) && blob_end(&mem, two, &id, &path, &size, &e),
       "blob: larger than the buffer");
    is_int(size, 3 * BLOB_PIECE + 1, "blob: nothing is lost");
    blob_drop(one);
    w = blob_begin(&mem, s, &e);
    ok(blob_end(&mem, w, &id, &path, &size, &e), "blob: an empty message");
    is_str(id, S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "blob: after a dropped one the digest begins anew");

    ok(blob_id_valid(str_c(hello)) && !blob_id_valid(S("2CF24DBA")) && !blob_id_valid(STR_NONE), "blob: what an id looks like");
    unsigned char octets[32];
    blob_octets(str_c(hello), octets);
    is_str(blob_hex(&mem, octets), str_c(hello), "blob: to octets and back");
}

static ino_t file_number(str path)
{
    struct stat st;
    return stat(str_z(&mem, path), &st) == 0 ? st.st_ino : 0;
}

static int64_t files_in(str path)
{
    int64_t n = 0;
    DIR *d = opendir(str_z(&mem, path));
    for (struct dirent *entry; d && (entry = readdir(d));)
        n += entry->d_name[0] != '.';
    if (d)
        closedir(d);
    return n;
}

static int64_t just_booted(void) { return 0; }

/* Of the right size with other octets: only reading tells. */
static void fresh(struct store *s, struct blob_copier *c)
{
    struct err e;
    struct blob_source source = {.blob_id = str_c(hello), .size = 5};
    struct sys_clock real = sys_clock;
    int fd = open(str_z(&mem, blob_path(&mem, s, str_c(hello))), O_WRONLY | O_TRUNC);
    ok(fd >= 0 && fd_write_full(fd, S("HELLO")) && close(fd) == 0, "copy: what was written a moment ago");
    ok(blob_copy(c, &source, &e), "copy: is not read again");
    source.size = 6;
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: but for another size");
    source.size = 5;
    sys_clock.since_boot_ms = just_booted;
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: or where the machine was started since");
    sys_clock = real;
    struct timespec old[2] = {{.tv_sec = 1000000000}, {.tv_sec = 1000000000}};
    ok(utimensat(AT_FDCWD, str_z(&mem, blob_path(&mem, s, str_c(hello))), old, 0) == 0 && !blob_copy(c, &source, &e), "copy: or where only its name is new");
    source.raw = S("aGVsbG8=");
    ok(blob_copy(c, &source, &e), "copy: \"hello\" lies there again");
}

static void copies(struct store *s)
{
    struct err e;
    struct blob_copier *c = blob_copier_new(&mem, s->dir, blobs_open(s, &e));
    struct blob_source source = {.blob_id = str_c(hello)};
    ok(blob_copy(c, &source, &e), "copy: it lies there already");
    ok(truncate(str_z(&mem, blob_path(&mem, s, str_c(hello))), 4) == 0, "copy: cut short, as by a failure of power");
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: then it is refused");
    source.raw = S("aGVsbG8=");
    ok(blob_copy(c, &source, &e), "copy: from base64, over the one that was cut");
    ino_t lies = file_number(blob_path(&mem, s, str_c(hello)));
    ok(blob_copy(c, &source, &e) && lies == file_number(blob_path(&mem, s, str_c(hello))), "copy: a whole one stays");
    source.raw = STR_NONE;
    ok(blob_copy(c, &source, &e), "copy: whole again");
    source.raw = S("aGVsbG9v");
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: other octets are refused");
    is_int(files_in(str_fmt(&mem, "%.*s/blobs/2c", STR_ARG(s->dir))), 1, "copy: and leave nothing");
    source.raw = STR_NONE;
    source.path = S("/nowhere/at/all");
    ok(!blob_copy(c, &source, &e) && e.class == ERR_MISSING, "copy: a path that is not there");
    source.path = S("/dev/null");
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: a device is no message");
    str box = str_fmt(&mem, "%.*s/box", STR_ARG(s->dir));
    ok(file_replace(str_z(&mem, box), S("From x\nhello\n"), 0600, &e), "copy: a mbox");
    source = (struct blob_source){.blob_id = str_c(hello), .path = box, .offset = 7, .length = 5, .format = S("mboxcl2")};
    ok(blob_copy(c, &source, &e), "copy: a span of it");
    source.length = 50;
    ok(!blob_copy(c, &source, &e) && strstr(e.text, "ends at"), "copy: a span behind its end");
    source.format = S("tar");
    ok(!blob_copy(c, &source, &e) && e.class == ERR_INPUT, "copy: a format that is none");
    fresh(s, c);
    blob_copier_free(c);
}

/* ---- cursors ---------------------------------------------------------------------------------------------- */

static void stored(struct cursors *c, int64_t mailbox, int64_t validity, int64_t uid, int64_t after)
{
    struct err e;
    struct source from = {.uid_validity = validity, .uid = uid, .after = after};
    if (!cursors_stored(c, mailbox, &from, &e))
        ok(false, "%s", e.text);
}

static void cursors(struct store *s)
{
    struct err e;
    struct cursors c;
    struct cursor at;
    ok(db_begin(s, &e) && db_script(s, "INSERT INTO account (id, name) VALUES (1, 'a'); INSERT INTO mailbox (id, account_id, name) VALUES (1, 1, 'b')", &e),
       "cursor: a mailbox");
    cursors_begin(&c, s, &mem, false);
    stored(&c, 1, 7, 5, 0);
    stored(&c, 1, 7, 9, 8);
    ok(cursors_write(&c, &e) && db_commit(s, &e), "cursor: written");
    ok(store_cursor(&mem, s, S("a"), S("b"), &at, &e) && at.found, "cursor: found");
    ok(at.uid_validity == 7 && at.last_uid == 9 && at.n_holes == 1 && at.holes[0].first == 6 && at.holes[0].last == 8, "cursor: with its hole");
    ok(db_begin(s, &e), "cursor: a transaction that fails");
    cursors_begin(&c, s, &mem, false);
    stored(&c, 1, 7, 50, 9);
    ok(cursors_write(&c, &e), "cursor: written");
    db_rollback(s);
    ok(store_cursor(&mem, s, S("a"), S("b"), &at, &e) && at.last_uid == 9, "cursor: stays where it was");
    ok(db_begin(s, &e), "cursor: records that make no sense");
    cursors_begin(&c, s, &mem, false);
    stored(&c, 1, 7, 10, 10);
    stored(&c, 1, 7, 11, 4000000000);
    stored(&c, 1, 7, 3, 9);
    ok(cursors_write(&c, &e) && db_commit(s, &e), "cursor: are taken");
    ok(store_cursor(&mem, s, S("a"), S("b"), &at, &e) && at.last_uid == 11 && at.n_holes == 1, "cursor: and make no hole");
    ok(store_cursor(&mem, s, S("a"), S("c"), &at, &e) && !at.found, "cursor: none for an unknown mailbox");
}

/* ---- errors ----------------------------------------------------------------------------------------------- */

static void locks(struct store *s)
{
    struct err e;
    int one, two;
    ok(store_lock_account(s, S("../a b"), &one, &e), "lock: any name");
    ok(!store_lock_account(s, S("../a b"), &two, &e) && e.class == ERR_LATER && strstr(e.text, "account ../a b"), "lock: held, and by whom");
    close(one);
    ok(store_lock_account(s, S("../a b"), &one, &e), "lock: free again");
    close(one);
}

/* What gc could do between the work on a line and the transaction that takes it. */
static void intake_again(struct store *s)
{
    static const char hex[] = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
    struct err e;
    struct taken *t = NULL;
    char name[BLOB_NAME];
    struct stat st;
    struct intake *in = intake_new(&mem, s, &e);
    if (!ok(in != NULL, "intake: begins"))
        return;
    blob_name(str_c(hex), name);
    int blobs = blobs_open(s, &e);
    intake_give(in, str_fmt(&mem, "{\"type\":\"email\",\"v\":1,\"blobId\":\"%s\",\"size\":6,\"raw\":\"aGVsbG8K\"}", hex), 1);
    ok(intake_next(in, &t) == INTAKE_RECORD && t->good && t->copied && t->epoch == 0, "intake: a line, worked on outside of a transaction");
    ok(intake_see(in, t), "intake: its message lies there");
    ok(unlinkat(blobs, name, 0) == 0 && intake_see(in, t) && faccessat(blobs, name, F_OK, 0) == 0, "intake: gone, and copied again");
    t->record.email.raw = STR_NONE;
    ok(unlinkat(blobs, name, 0) == 0 && !intake_see(in, t) && t->err.class == ERR_MISSING, "intake: gone for good");
    int cut = openat(blobs, name, O_WRONLY | O_CREAT, 0600);
    ok(write(cut, "hel", 3) == 3 && close(cut) == 0, "intake: a file that a failure of power cut short");
    intake_give(in, str_fmt(&mem, "{\"type\":\"email\",\"v\":1,\"blobId\":\"%s\",\"size\":6,\"raw\":\"aGVsbG8K\"}", hex), 1);
    ok(intake_next(in, &t) == INTAKE_RECORD && t->good && t->unseen && !t->copied, "intake: it lies there, that is all");
    ok(intake_see(in, t) && t->copied && !t->unseen && fstatat(blobs, name, &st, 0) == 0 && st.st_size == 6, "intake: looked at, and put right");
    intake_epoch(in, 7);
    intake_give(in, S("{\"type\":\"other\"}"), 2);
    ok(intake_next(in, &t) == INTAKE_RECORD && t->epoch == 7, "intake: the next belongs to the transaction");
    intake_stop(in);
    ok(intake_next(in, &t) == INTAKE_STOP, "intake: stopped");
    intake_end(in);
}

/* ---- the WAL ---------------------------------------------------------------------------------------------- */

static int64_t wal_octets(const struct store *s)
{
    struct stat st;
    return stat(s->wal, &st) == 0 ? st.st_size : -1;
}

enum { MUCH = 16 << 20 };

static bool write_much(struct store *s, str kind, struct err *e)
{
    arena scratch = mem;
    char *words = arena_alloc(&scratch, MUCH, 1);
    memset(words, 'w', MUCH);
    return db_begin(s, e) && db_run(s, e, "INSERT INTO event (at, kind, detail) VALUES (1, ?, ?)", "ss", kind, str_of(words, MUCH)) && db_commit(s, e);
}

static void checkpoints(struct store *s, bool read_meanwhile)
{
    struct err e;
    const char *when = read_meanwhile ? "somebody reads" : "nobody reads";
    sqlite3 *reader;
    sqlite3_stmt *open = NULL;
    struct checkpoint *c = checkpoint_new(&mem, s);
    ok(sqlite3_open(str_z(&mem, str_fmt(&mem, "%.*s/mail.db", STR_ARG(s->dir))), &reader) == SQLITE_OK &&
           sqlite3_prepare_v2(reader, "SELECT count(*) FROM event", -1, &open, NULL) == SQLITE_OK && (!read_meanwhile || sqlite3_step(open) == SQLITE_ROW),
       "wal, %s: a reader", when);
    int times = read_meanwhile ? 20 : 2; /* 20: more than what is waited for */
    for (int i = 0; i < times; i++) {
        checkpoint_wait(c);
        if (!write_much(s, str_c(when), &e))
            ok(false, "wal: %s", e.text);
    }
    ok(wal_octets(s) > MUCH, "wal, %s: it is in use", when);
    checkpoint_last(c);
    checkpoint_end(c);
    ok(read_meanwhile == (wal_octets(s) > 0), "wal, %s: emptied where nobody does", when);
    sqlite3_finalize(open);
    sqlite3_close(reader);
    int64_t rows;
    ok(db_number(s, &e, 0, &rows, "SELECT count(*) FROM event WHERE kind = ? AND length(detail) = ?", "si", str_c(when), (int64_t)MUCH) && rows == times,
       "wal, %s: all is there", when);
}

/* In MB; -1: none. */
static int64_t wal_limit(struct store *s)
{
    struct err e;
    int64_t octets = 0;
    db_number(s, &e, 0, &octets, "PRAGMA journal_size_limit", "");
    return octets < 0 ? -1 : octets >> 20;
}

/* The connection outlives put, in mail-queue for days: then SQLite does it at commits again. */
static void checkpoints_after(struct store *s)
{
    struct err e;
    bool written = true;
    struct checkpoint *c = checkpoint_new(&mem, s);
    is_int(wal_limit(s), 64, "wal: 64 MB are kept of it");
    checkpoint_expect(c, true);
    is_int(wal_limit(s), -1, "wal: all where much is to follow");
    checkpoint_expect(c, false);
    is_int(wal_limit(s), 64, "wal: 64 MB where nothing is");
    checkpoint_expect(c, true);
    checkpoint_end(c);
    is_int(wal_limit(s), 64, "wal: and after put");
    for (int i = 0; i < 4; i++)
        written = written && write_much(s, S("after"), &e);
    ok(written && wal_octets(s) < 3 * MUCH, "wal: begun anew after two of four commits");
}

int main(void)
{
    char dir[] = "/tmp/mailpipe-unit.XXXXXX";
    struct err e;
    mem = arena_new((size_t)1 << 30);
    holes();
    holes_random();
    fulltext();
    if (!ok(mkdtemp(dir) != NULL, "a folder"))
        return done();
    struct store *s = store_open(&mem, str_z(&mem, str_fmt(&mem, "%s/s", dir)), STORE_WRITE, &e);
    if (!ok(s != NULL, "a store"))
        return done();
    blobs(s);
    copies(s);
    intake_again(s);
    cursors(s);
    locks(s);
    checkpoints(s, false);
    checkpoints_after(s); /* the WAL is empty now */
    checkpoints(s, true);
    store_close(s);
    char *command = str_z(&mem, str_fmt(&mem, "rm -rf '%s'", dir));
    ok(system(command) == 0, "cleaned up");
    return done();
}
