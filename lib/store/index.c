#include "store/index.h"

/* ---- words -------------------------------------------------------------------------------------------------------- */

struct index_cutter {
    fts5_tokenizer by;
    Fts5Tokenizer *tokenizer;
    struct fts_tally *tally;
};

/* The way that FTS5 has for this: https://sqlite.org/fts5.html#extending_fts5 */
static fts5_api *api_of(sqlite3 *db)
{
    fts5_api *api = NULL;
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(db, "SELECT fts5(?1)", -1, &q, NULL) == SQLITE_OK) {
        sqlite3_bind_pointer(q, 1, &api, "fts5_api_ptr", NULL);
        sqlite3_step(q);
    }
    sqlite3_finalize(q);
    return api;
}

struct index_cutter *index_cutter_new(arena *a, struct store *s, struct err *e)
{
    const char *args[] = {FULLTEXT_TOKENIZER_ARGS};
    struct index_cutter *c = ARENA_NEW(a, struct index_cutter);
    void *context;
    fts5_api *api = api_of(s->db);
    if (!api || api->xFindTokenizer(api, FULLTEXT_TOKENIZER, &context, &c->by) != SQLITE_OK ||
        c->by.xCreate(context, args, (int)(sizeof args / sizeof *args), &c->tokenizer) != SQLITE_OK) {
        err_set(e, ERR_BUG, "store.tokenizer", "install SQLite with FTS5", "this SQLite has no tokenizer unicode61");
        return NULL;
    }
    c->tally = fts_tally_new(a);
    return c;
}

void index_cutter_free(struct index_cutter *c)
{
    if (!c)
        return;
    c->by.xDelete(c->tokenizer);
    fts_tally_free(c->tally);
}

/* ASCII in FTS5's tokenizer: letters and digits are of words, in lower case. 0: not of a word. */
static char of_word(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (char)(c | 0x20);
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : 0;
}

static int take_token(void *context, int flags, const char *token, int len, int start, int end)
{
    (void)flags, (void)start, (void)end;
    fts_token(context, token, len);
    return SQLITE_OK;
}

/* From i on, what may belong to a word. */
static ptrdiff_t run_end(str text, ptrdiff_t i)
{
    while (i < text.len && ((unsigned char)text.ptr[i] >= 0x80 || of_word(text.ptr[i])))
        i++;
    return i;
}

/* What FTS5's tokenizer makes of it. That looks at nothing behind an octet of ASCII which is not of a word: it is asked only for what stands
 * between two of these and is not all ASCII. */
static void cut(struct index_cutter *c, str text)
{
    char word[FTS_TOKEN_MAX];
    ptrdiff_t n = 0, start = 0;
    for (ptrdiff_t i = 0; i <= text.len; i++) {
        char octet = i < text.len ? text.ptr[i] : ' ', letter = of_word(octet);
        if (letter) {
            if (n < FTS_TOKEN_MAX)
                word[n++] = letter;
            continue;
        }
        if ((unsigned char)octet >= 0x80) {
            i = run_end(text, i);
            c->by.xTokenize(c->tokenizer, c->tally, FTS5_TOKENIZE_DOCUMENT, text.ptr + start, (int)(i - start), take_token);
        } else if (n) {
            fts_token(c->tally, word, n);
        }
        start = i + 1;
        n = 0;
    }
}

void index_cut(struct index_cutter *c, arena *a, const struct index_texts *texts, struct fts_words *out)
{
    const str column[] = {texts->subject, texts->from, texts->to, texts->cc, texts->bcc, texts->filename, texts->body};
    fts_begin(c->tally);
    for (int i = 0; i < INDEX_COLUMNS; i++) {
        fts_column(c->tally, i);
        cut(c, column[i]);
    }
    fts_end(c->tally, a, out);
}

/* ---- the index ------------------------------------------------------------------------------------------------------ */

enum {
    GATHERED_OCTETS = 64 << 20, /* of memory, then a segment is written */
    MERGE_CROWD = 16,           /* segments of a level; a search looks into each, merging writes all of them again */
    MERGE_PAGES = 64            /* at least, in one go */
};

struct index_writer {
    struct store *store;
    struct fts_postings *postings;
    int64_t last; /* id */
    int64_t rows, tokens[INDEX_COLUMNS]; /* since index_flush */
    struct fts_shape shape;
    int64_t pages; /* written since the last merging */
    int64_t segment; /* in the making */
    struct err *e;
    struct store *merger; /* another connection, opened when it is needed */
    arena merger_mem;
};

struct index_writer *index_writer_new(arena *a, struct store *s)
{
    struct index_writer *w = ARENA_NEW(a, struct index_writer);
    w->store = s;
    w->postings = fts_postings_new(a);
    return w;
}

void index_writer_free(struct index_writer *w)
{
    fts_postings_free(w->postings);
    store_close(w->merger);
    arena_free(&w->merger_mem);
}

void index_forget(struct index_writer *w)
{
    if (fts_postings_octets(w->postings))
        fts_postings_clear(w->postings);
    w->last = w->rows = 0;
    memset(w->tokens, 0, sizeof w->tokens);
}

static bool put_sizes(struct index_writer *w, int64_t id, const struct fts_words *words, struct err *e)
{
    unsigned char sizes[FTS_SIZES_MAX];
    int n = fts_sizes(sizes, words, INDEX_COLUMNS);
    for (int i = 0; i < INDEX_COLUMNS; i++)
        w->tokens[i] += words->tokens[i];
    w->rows++;
    return db_run(w->store, e, "INSERT INTO email_text_docsize (id, sz) VALUES (?, ?)", "ib", id, str_of((const char *)sizes, n));
}

bool index_add(struct index_writer *w, int64_t id, const struct fts_words *words, struct err *e)
{
    bool behind = id <= w->last; /* a doclist ascends */
    if ((behind || fts_postings_full(w->postings, GATHERED_OCTETS)) && !index_flush(w, e))
        return false;
    w->last = id;
    fts_postings_add(w->postings, id, words);
    return put_sizes(w, id, words, e);
}

static bool put_leaf(void *context, int64_t page, str octets)
{
    struct index_writer *w = context;
    return db_run(w->store, w->e, "INSERT INTO email_text_data (id, block) VALUES (?, ?)", "ib", fts_leaf_row(w->segment, page), octets);
}

/* The lowest bit of pgno tells of a doclist index: such segments are small enough to do without. */
static bool put_term(void *context, int64_t page, str least)
{
    struct index_writer *w = context;
    return db_run(w->store, w->e, "INSERT INTO email_text_idx (segid, term, pgno) VALUES (?, ?, ?)", "ibi", w->segment, least, page << 1);
}

static bool read_block(struct store *s, arena *a, int64_t row, str *out, struct err *e)
{
    bool failed;
    *out = S("");
    sqlite3_stmt *q = db_query(s, e, "SELECT block FROM email_text_data WHERE id = ?", "i", row);
    if (!db_row(s, q, &failed, e))
        return !failed;
    *out = db_text_copy(a, q, 0);
    sqlite3_reset(q);
    return true;
}

static bool write_block(struct store *s, int64_t row, str block, struct err *e)
{
    return db_run(s, e, "UPDATE email_text_data SET block = ? WHERE id = ?", "bi", block, row);
}

static bool unknown(const struct store *s, struct err *e)
{
    return err_set(e, ERR_IO, "store.index", "look with mail-store check; where it finds nothing, a newer SQLite has written: a newer mailpipe may know it",
                   "the full text of %.*s has a form that is not known", STR_ARG(s->dir));
}

/* The version of the form: 5 is 4 with entries taken out in place. */
static bool is_known(struct store *s, struct err *e)
{
    int64_t version;
    if (!db_number(s, e, 4, &version, "SELECT v FROM email_text_config WHERE k = 'version'", ""))
        return false;
    return version == 4 || version == 5 || unknown(s, e);
}

static bool write_segment(struct index_writer *w, arena scratch, struct err *e)
{
    const struct fts_sink sink = {w, put_leaf, put_term};
    str structure, changed;
    int64_t pages;
    struct store *s = w->store;
    w->e = e;
    /* Its number is needed first, its length is known last. */
    if (!is_known(s, e) || !read_block(s, &scratch, FTS_STRUCTURE_ROW, &structure, e))
        return false;
    if (!fts_structure_add(&scratch, structure, 1, &changed, &w->segment, &w->shape))
        return unknown(s, e);
    if (!fts_postings_write(w->postings, &sink, &pages))
        return false;
    w->pages += pages;
    fts_structure_add(&scratch, structure, pages, &changed, &w->segment, &w->shape);
    return write_block(s, FTS_STRUCTURE_ROW, changed, e);
}

static bool write_averages(struct index_writer *w, arena scratch, struct err *e)
{
    str averages, changed;
    if (!read_block(w->store, &scratch, FTS_AVERAGES_ROW, &averages, e))
        return false;
    if (!fts_averages_add(&scratch, averages, w->rows, w->tokens, INDEX_COLUMNS, &changed))
        return unknown(w->store, e);
    return write_block(w->store, FTS_AVERAGES_ROW, changed, e);
}

bool index_flush(struct index_writer *w, struct err *e)
{
    if (w->rows && ((fts_postings_octets(w->postings) && !write_segment(w, w->store->work, e)) || !write_averages(w, w->store->work, e)))
        return false;
    index_forget(w);
    return true;
}

/* ---- merging -------------------------------------------------------------------------------------------------------- */

static bool open_merger(struct index_writer *w, struct err *e)
{
    if (w->merger)
        return true;
    w->merger_mem = arena_new(1 << 24);
    w->merger = store_open(&w->merger_mem, str_z(&w->merger_mem, w->store->dir), STORE_WRITE, e);
    /* What is lost with the power was not merged, no more. */
    return w->merger && sqlite3_busy_timeout(w->merger->db, 0) == SQLITE_OK &&
           db_script(w->merger, "PRAGMA synchronous = NORMAL; PRAGMA cache_size = -2048; PRAGMA wal_autocheckpoint = 0", e);
}

bool index_merge(struct index_writer *w, struct err *e)
{
    if (w->shape.crowd < MERGE_CROWD && !w->shape.merging)
        return true;
    int64_t pages = (w->pages > MERGE_PAGES ? w->pages : MERGE_PAGES) * w->shape.levels;
    w->shape = (struct fts_shape){0};
    w->pages = 0;
    if (!open_merger(w, e))
        return false;
    if (db_run(w->merger, e, "INSERT INTO email_text (email_text, rank) VALUES ('merge', ?)", "i", pages))
        return true;
    return (sqlite3_errcode(w->merger->db) & 0xff) == SQLITE_BUSY;
}

bool index_clear(struct store *s, struct err *e)
{
    arena scratch = s->work;
    str structure;
    return read_block(s, &scratch, FTS_STRUCTURE_ROW, &structure, e) && db_script(s, "DELETE FROM email_text_idx; DELETE FROM email_text_docsize", e) &&
           db_run(s, e, "DELETE FROM email_text_data WHERE id <> ? AND id <> ?", "ii", (int64_t)FTS_AVERAGES_ROW, (int64_t)FTS_STRUCTURE_ROW) &&
           write_block(s, FTS_AVERAGES_ROW, S(""), e) && write_block(s, FTS_STRUCTURE_ROW, fts_structure_empty(&scratch, structure), e);
}
