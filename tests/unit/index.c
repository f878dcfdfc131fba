/* The full-text index as lib/fts and lib/store/index.c write it, against the one that FTS5 makes of the same texts. */
#include "fts/octets.h"
#include "fts/varint.h"
#include "store/index.h"
#include "store/migrate.h"

#include "sys/sys.h"
#include "tap.h"

#include <unistd.h>

static arena mem;
static uint64_t seed = 11;

static uint64_t some(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

/* ---- integers ------------------------------------------------------------------------------------------- */

static void integers(void)
{
    static const struct {
        uint64_t n;
        int len;
    } cases[] = {{0, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {UINT32_MAX, 5}, {(UINT64_C(1) << 56) - 1, 8}, {UINT64_C(1) << 56, 9}, {UINT64_MAX, 9}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned char octets[VARINT_MAX];
        uint64_t n = 1;
        int len = varint_put(octets, cases[i].n);
        str whole = str_of((const char *)octets, len), cut = str_first(whole, len - 1);
        ok(len == cases[i].len && varint_length(octets) == len && !varint_take(&cut, &n) && varint_take(&whole, &n) && n == cases[i].n && !whole.len,
           "%llu takes %d octets", (unsigned long long)cases[i].n, cases[i].len);
    }
}

/* ---- few octets ------------------------------------------------------------------------------------------ */

static void few_octets(void)
{
    bool copied = true, same = true, differ = true;
    for (size_t n = 0; n <= 40; n++) {
        char from[48], to[48], other[48], want[48] = {0};
        for (int i = 0; i < 48; i++)
            from[i] = (char)(i + 1);
        memset(to, 0, sizeof to);
        octets_copy(to, from, n);
        memcpy(want, from, n);
        copied &= memcmp(to, want, sizeof to) == 0;
        same &= octets_same(to, from, n);
        for (size_t i = 0; i < n; i++) {
            memcpy(other, from, sizeof other);
            other[i] ^= 0x40;
            differ &= !octets_same(other, from, n);
        }
    }
    ok(copied, "0 to 40 octets are copied, and no more");
    ok(same && differ, "and told from others by each of them");
}

/* ---- two indexes ----------------------------------------------------------------------------------------- */

struct pair {
    struct store *store;
    struct index_writer *writer;
    struct index_cutter *cutter;
    arena work; /* of one message */
};

static void script(sqlite3 *db, const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK)
        ok(false, "%s: %s", sql, why);
    sqlite3_free(why);
}

static sqlite3 *another(struct pair *p)
{
    sqlite3 *db = NULL;
    sqlite3_open(store_file(&mem, p->store, "mail.db"), &db);
    sqlite3_busy_timeout(db, 10000);
    return db;
}

static int64_t number_of(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *q = NULL;
    int64_t n = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &q, NULL) == SQLITE_OK && sqlite3_step(q) == SQLITE_ROW)
        n = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return n;
}

static void add_to(struct store *s, const char *sql, int64_t id, const struct index_texts *t)
{
    struct err e;
    ok(db_run(s, &e, sql, "isssssss", id, t->subject, t->from, t->to, t->cc, t->bcc, t->filename, t->body), "FTS5 takes %lld", (long long)id);
}

static const char plain[] = "INSERT INTO plain (rowid, subject, \"from\", \"to\", cc, bcc, filename, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
static const char fts5[] = "INSERT INTO email_text (rowid, subject, \"from\", \"to\", cc, bcc, filename, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";

static bool add_quietly(struct pair *p, int64_t id, const struct index_texts *t)
{
    struct err e;
    struct fts_words words;
    arena_reset(&p->work);
    index_cut(p->cutter, &p->work, t, &words);
    return index_add(p->writer, id, &words, &e) &&
           db_run(p->store, &e, plain, "isssssss", id, t->subject, t->from, t->to, t->cc, t->bcc, t->filename, t->body);
}

static void begin(struct pair *p)
{
    struct err e;
    if (!p->store->in_transaction)
        ok(db_begin(p->store, &e), "a transaction");
}

static void commit(struct pair *p)
{
    struct err e = {0};
    ok(index_flush(p->writer, &e) && db_commit(p->store, &e) && index_merge(p->writer, &e), "written, committed, merged %s", e.text);
}

static void same(struct pair *p, const char *what)
{
    static const char vocabulary[] = "CREATE VIRTUAL TABLE temp.ours USING fts5vocab (main, email_text, instance);"
                                     "CREATE VIRTUAL TABLE temp.theirs USING fts5vocab (main, plain, instance)";
    sqlite3 *db = another(p);
    script(db, vocabulary);
    script(db, "INSERT INTO email_text (email_text) VALUES ('integrity-check')");
    ok(number_of(db, "SELECT count(*) FROM ours") == number_of(db, "SELECT count(*) FROM theirs"), "%s: as many words", what);
    is_int(number_of(db, "SELECT count(*) FROM (SELECT * FROM theirs EXCEPT SELECT * FROM ours)"), 0, "%s: the same words at the same places", what);
    is_int(number_of(db, "SELECT count(*) FROM (SELECT id, sz FROM plain_docsize EXCEPT SELECT id, sz FROM email_text_docsize)"), 0, "%s: the same sizes", what);
    is_int(number_of(db, "SELECT (SELECT block FROM plain_data WHERE id = 1) IS (SELECT block FROM email_text_data WHERE id = 1)"), 1, "%s: the same averages",
           what);
    sqlite3_close(db);
}

static int64_t segments(struct pair *p)
{
    sqlite3 *db = another(p);
    int64_t n = number_of(db, "SELECT count(DISTINCT segid) FROM email_text_idx");
    sqlite3_close(db);
    return n;
}

/* ---- texts --------------------------------------------------------------------------------------------------- */

/* Few words that are frequent, many that are rare; letters that are folded, and others. */
static str random_text(arena *a, uint64_t words)
{
    struct buf b = buf_new(a, 64);
    for (uint64_t i = 0; i < words; i++) {
        switch (some(8)) {
        case 0: buf_fmt(&b, "w%llu ", (unsigned long long)some(100000)); break;
        case 1: buf_fmt(&b, "\xc3\x84rger%llu, ", (unsigned long long)some(30)); break;
        case 2: buf_put(&b, S("the THE \xe2\x80\x94 ")); break;
        case 3: buf_fmt(&b, "\xd0\x96%llu.", (unsigned long long)some(10)); break;
        default: buf_fmt(&b, "x%llu ", (unsigned long long)some(200)); break;
        }
    }
    return buf_str(&b);
}

static struct index_texts random_texts(arena *a, uint64_t words)
{
    return (struct index_texts){.subject = random_text(a, some(6)), .from = random_text(a, some(3)), .to = random_text(a, some(3)),
                                .cc = S(""), .bcc = some(9) ? S("") : random_text(a, 1), .filename = some(5) ? S("") : random_text(a, 2),
                                .body = random_text(a, some(words))};
}

static void add_many(struct pair *p, int64_t first, int64_t n, uint64_t words)
{
    bool good = true;
    begin(p);
    for (int64_t id = first; id < first + n && good; id++) {
        arena scratch = mem;
        struct index_texts t = random_texts(&scratch, words);
        good = add_quietly(p, id, &t);
    }
    ok(good, "%lld messages from %lld", (long long)n, (long long)first);
}

/* ---- cases ----------------------------------------------------------------------------------------------------- */

static void small(struct pair *p)
{
    struct index_texts one = {.subject = S("Re: Hello"), .from = S("A a@b.example"), .body = S("hello hello world")}, none = {0};
    begin(p);
    ok(add_quietly(p, 1, &one) && add_quietly(p, 2, &none), "a message, and one without words");
    struct buf b = buf_new(&mem, 1024);
    for (int c = 0; c < 128; c++)
        buf_fmt(&b, "%cx%cy ", c ? c : ' ', c ? c : ' ');
    buf_byte(&b, 0);
    buf_put(&b, S("behind"));
    struct index_texts ascii = {.subject = S("last"), .from = S(""), .body = buf_str(&b)};
    ok(add_quietly(p, 3, &ascii), "all of ASCII");
    commit(p);
    same(p, "small");
    begin(p);
    ok(add_quietly(p, 9, &none), "no word at all");
    commit(p);
    same(p, "none");
}

static void large(struct pair *p)
{
    enum { LONG = 40000, REPEATS = 70000 };
    struct buf b = buf_new(&mem, 1 << 20);
    for (int i = 0; i < LONG; i++)
        buf_byte(&b, (char)('a' + i % 26));
    struct index_texts t = {.subject = S("short"), .body = buf_str(&b)}, u = {.subject = buf_str(&b), .filename = S("zz")};
    begin(p);
    ok(add_quietly(p, 10, &t) && add_quietly(p, 11, &u), "a word longer than FTS5 keeps");
    struct buf many = buf_new(&mem, 1 << 20);
    for (int i = 0; i < REPEATS; i++)
        buf_put(&many, i % 200 ? S("again ") : S("and again "));
    t.body = buf_str(&many);
    ok(add_quietly(p, 12, &t) && add_quietly(p, 1000000, &t), "places over many pages");
    commit(p);
    same(p, "large");
}

static void many(struct pair *p)
{
    add_many(p, 2000000, 6000, 60);
    commit(p);
    same(p, "many");
    for (int i = 0; i < 40; i++) {
        add_many(p, 3000000 + i * 10, 3, 20);
        commit(p);
    }
    same(p, "small ones");
    ok(segments(p) < 16, "they were merged: %lld segments", (long long)segments(p));
}

/* Letters, marks and separators of ASCII and of others in any neighbourhood. */
static void mixed(struct pair *p)
{
    static const str piece[] = {S("a"), S("B"), S("9"), S("_"), S("-"), S(" "), {"", 1}, S("\t"), S("\x7f"), S("e\xcc\x81"), S("\xcc\x81"),
                                S("\xc3\x84"), S("\xd0\x96"), S("\xe2\x80\x94"), S("\xc2\xa0"), S("\xc2\xb2"), S("\xe4\xb8\xad"), S("\xf0\x9f\x98\x80"), S("\xef\xbc\xa1"),
                                S("\xc3"), S("\x80"), S("\xf0\x9f")};
    bool good = true;
    begin(p);
    for (int64_t id = 2500000; id < 2502000 && good; id++) {
        arena scratch = mem;
        struct buf b = buf_new(&scratch, 256);
        for (uint64_t n = some(60); n; n--)
            buf_put(&b, piece[some(sizeof piece / sizeof *piece)]);
        struct index_texts t = {.subject = S("mixed"), .body = buf_str(&b)};
        good = add_quietly(p, id, &t);
    }
    enum { LONG = 40000 };
    struct buf b = buf_new(&mem, LONG + 64);
    for (int i = 0; i < LONG; i++)
        buf_put(&b, i == LONG / 4 ? S("\xc3\x84") : S("b"));
    buf_put(&b, S("\xd0\x96"));
    struct index_texts t = {.subject = buf_str(&b), .body = str_first(buf_str(&b), LONG / 4 + 1)}; /* it ends within a letter */
    good = good && add_quietly(p, 2502000, &t);
    ok(good, "mixed texts");
    commit(p);
    same(p, "mixed");
}

static void order(struct pair *p)
{
    add_many(p, 4000010, 5, 20);
    add_many(p, 4000000, 5, 20);
    add_many(p, 4000005, 5, 20);
    commit(p);
    same(p, "ids that descend");
}

static void forgotten(struct pair *p)
{
    begin(p);
    struct index_texts t = {.body = S("never seen")};
    ok(add_quietly(p, 5000000, &t), "a message");
    db_rollback(p->store);
    index_forget(p->writer);
    same(p, "rolled back");
    add_many(p, 5000000, 5, 20);
    commit(p);
    same(p, "and others");
}

/* FTS5 itself may write, too: an older program, a person. */
static void together(struct pair *p)
{
    arena others = arena_new(1 << 24);
    struct err e;
    struct store *s = store_open(&others, str_z(&others, p->store->dir), STORE_WRITE, &e);
    for (int i = 0; i < 12; i++) {
        struct index_texts t = random_texts(&mem, 30);
        add_to(s, fts5, 6000000 + i * 10, &t);
        add_to(s, plain, 6000000 + i * 10, &t);
        add_many(p, 6000001 + i * 10, 3, 30);
        commit(p);
    }
    same(p, "together with FTS5");
    store_close(s);
    arena_free(&others);
}

static void optimized(struct pair *p)
{
    sqlite3 *db = another(p);
    script(db, "INSERT INTO email_text (email_text) VALUES ('optimize')");
    sqlite3_close(db);
    same(p, "optimized");
    add_many(p, 7000000, 20, 50);
    commit(p);
    same(p, "and more");
}

static void cleared(struct pair *p)
{
    struct err e;
    begin(p);
    ok(index_clear(p->store, &e), "cleared");
    script(p->store->db, "INSERT INTO plain (plain) VALUES ('delete-all')");
    add_many(p, 1, 50, 50);
    commit(p);
    same(p, "from the beginning");
}

static void unknown(struct pair *p)
{
    static const char *const wrong[] = {
        "UPDATE email_text_data SET block = x'00000000FF00000101' WHERE id = 10",
        "UPDATE email_text_data SET block = x'00' WHERE id = 10",
        "UPDATE email_text_config SET v = 6 WHERE k = 'version'",
        "UPDATE email_text_data SET block = x'01' WHERE id = 1",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct err e = {0};
        struct index_texts t = {.body = S("word")};
        begin(p);
        script(p->store->db, wrong[i]);
        ok(add_quietly(p, 8000000, &t) && !index_flush(p->writer, &e), "refused: %s", e.text);
        is_str(str_c(e.code), S("store.index"), "with its code");
        db_rollback(p->store);
        index_forget(p->writer);
    }
    same(p, "nothing has changed");
}

int main(void)
{
    char dir[] = "/tmp/mailpipe-unit.XXXXXX";
    struct err e;
    mem = arena_new((size_t)1 << 30);
    integers();
    few_octets();
    if (!mkdtemp(dir))
        return 1;
    struct pair p = {.work = arena_new((size_t)1 << 28)};
    p.store = store_open(&mem, dir, STORE_WRITE, &e);
    if (!ok(p.store != NULL, "a store"))
        return done();
    p.cutter = index_cutter_new(&mem, p.store, &e);
    p.writer = index_writer_new(&mem, p.store);
    script(p.store->db, "CREATE VIRTUAL TABLE plain USING fts5 (subject, \"from\", \"to\", cc, bcc, filename, body, content = '', "
                        "tokenize = 'unicode61 remove_diacritics 2')");
    small(&p);
    large(&p);
    many(&p);
    mixed(&p);
    order(&p);
    forgotten(&p);
    together(&p);
    optimized(&p);
    cleared(&p);
    unknown(&p);
    index_cutter_free(p.cutter);
    index_writer_free(p.writer);
    store_close(p.store);
    char remove[64];
    snprintf(remove, sizeof remove, "rm -rf %s", dir);
    return system(remove) == 0 ? done() : 1;
}
