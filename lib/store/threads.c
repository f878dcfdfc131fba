#include "store/threads.h"

#include "header/header.h"
#include "store/db.h"
#include "thread/thread.h"

enum {
    REMEMBERED_IDS = 1 << 20, /* message ids that a writer keeps in memory at most: about 30 MB */
    ROWS_REMEMBERED = 1 << 14,
    SMALLER_FIRST_LOOK = 16,  /* rows that are counted at first to find the smaller thread */
    ORPHAN_BITS = 1 << 20     /* one that two pairs share costs a question, no more */
};

struct threads {
    struct store *store;
    struct known_row {
        uint64_t hash;
        int64_t id;
    } row[ROWS_REMEMBERED]; /* of threads by their smallest hash; whichever came last of those that share a place */
    struct thread_links *links; /* what the tables say about the ids that were seen, for as long as nobody else writes */
    int64_t version;            /* PRAGMA data_version */
    /* The tables were empty: all that they hold went through here and is remembered, so what is not need not be looked for. A first import
     * asks for each person and each id of each message otherwise. */
    bool knows_all;
    uint64_t orphans[ORPHAN_BITS / 64]; /* a bit for each pair that has an orphan; others may share it */
};

void store_thread_mail(arena *a, const struct email *m, struct thread_mail *out)
{
    struct base_subject base;
    header_base_subject(a, m->subject, SUBJECT_WIDE, &base);
    ptrdiff_t most = m->from.n + m->to.n + m->cc.n, n = 0;
    str *people = ARENA_ARRAY(a, str, most);
    const struct addresses *lists[] = {&m->from, &m->to, &m->cc};
    for (int i = 0; i < 3; i++)
        for (ptrdiff_t j = 0; j < lists[i]->n; j++)
            people[n++] = lists[i]->item[j].email;
    struct thread_source source = {
        .message_id = &m->message_id, .in_reply_to = &m->in_reply_to, .references = &m->references,
        .blob_id = m->blob_id,
        .subject = base.text, .reply = base.reply,
        .time = email_has(m, EMAIL_SENT_AT) && m->sent_at > 0 ? m->sent_at : m->received_at,
        .sender = m->from.n ? m->from.item[0].email : STR_NONE,
        .people = people, .n_people = n,
    };
    thread_mail_of(a, &source, out);
}

/* -- Reading ---------------------------------------------------------------------------------------------------- */

/* The living thread of a message id: its row (0: unknown id), and its smallest hash. */
static bool find_thread(struct store *s, uint64_t id, int64_t *row, uint64_t *hash, struct err *e)
{
    sqlite3_stmt *q = db_query(s, e,
        "SELECT t.id, t.hash, t.joined FROM thread_message_id m JOIN thread t ON t.id = m.thread WHERE m.hash = ?",
        "i", (int64_t)id);
    *row = 0;
    for (;;) {
        bool failed;
        if (!q)
            return false;
        if (!db_row(s, q, &failed, e))
            return !failed;
        *row = db_i64(q, 0);
        *hash = (uint64_t)db_i64(q, 1);
        int64_t joined = db_i64(q, 2); /* a smaller thread each time: log n steps */
        sqlite3_reset(q);
        if (!joined)
            return true;
        q = db_query(s, e, "SELECT id, hash, joined FROM thread WHERE id = ?", "i", joined);
    }
}

static bool known_find(void *ctx, uint64_t id, bool *found, uint64_t *root, struct err *e)
{
    int64_t row;
    if (!find_thread(ctx, id, &row, root, e))
        return false;
    *found = row != 0;
    return true;
}

static bool known_seek(void *ctx, const struct thread_range *r, bool *found, struct thread_place *out, struct err *e)
{
    static const char forward[] = "SELECT time, message FROM thread_subject WHERE pair = ? AND kind = ? "
        "AND (time, message) >= (?, ?) ORDER BY time, message LIMIT 1";
    static const char backward[] = "SELECT time, message FROM thread_subject WHERE pair = ? AND kind = ? "
        "AND (time, message) <= (?, ?) ORDER BY time DESC, message DESC LIMIT 1";
    struct thread_place begin = r->backward ? r->to : r->from;
    sqlite3_stmt *q = db_query(ctx, e, r->backward ? backward : forward, "iiii", (int64_t)r->pair, (int64_t)r->kind,
                               begin.time, (int64_t)begin.id);
    bool failed;
    *found = false;
    if (!q)
        return false;
    if (!db_row(ctx, q, &failed, e))
        return !failed;
    *out = (struct thread_place){db_i64(q, 0), (uint64_t)db_i64(q, 1)};
    sqlite3_reset(q);
    *found = out->time >= r->from.time && out->time <= r->to.time;
    return true;
}

/* Pages that are mapped count as memory of the process, and questions go all over the file: a small cache instead. */
bool store_thread_known(struct store *s, struct thread_known *out, struct err *e)
{
    *out = (struct thread_known){.ctx = s, .find = known_find, .seek = known_seek};
    return db_script(s, "PRAGMA mmap_size = 0; PRAGMA cache_size = -8192", e);
}

bool store_read_begin(struct store *s, struct err *e) { return db_script(s, "BEGIN", e); }

void store_read_end(struct store *s)
{
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
}

bool threads_find(struct store *s, str name, int64_t *thread, struct err *e)
{
    uint64_t id, hash;
    *thread = 0;
    return !thread_name_read(name, &id) || find_thread(s, id, thread, &hash, e);
}

/* -- Writing ---------------------------------------------------------------------------------------------------- */

struct threads *threads_new(arena *a, struct store *s)
{
    struct threads *t = ARENA_NEW(a, struct threads);
    t->store = s;
    t->links = thread_links_new(a, false);
    return t;
}

void threads_free(struct threads *t) { thread_links_free(t->links); }

void threads_forget(struct threads *t)
{
    thread_links_reset(t->links);
    memset(t->row, 0, sizeof t->row);
    memset(t->orphans, 0, sizeof t->orphans);
    t->knows_all = false;
}

static bool are_empty(struct store *s, bool *empty, struct err *e)
{
    int64_t any;
    if (!db_number(s, e, 1, &any, "SELECT EXISTS (SELECT 1 FROM thread_message_id)", ""))
        return false;
    *empty = !any;
    return true;
}

bool threads_begin(struct threads *t, struct err *e)
{
    int64_t version;
    if (!db_number(t->store, e, 0, &version, "PRAGMA data_version", ""))
        return false;
    if (version != t->version || thread_links_count(t->links) > REMEMBERED_IDS)
        threads_forget(t);
    t->version = version;
    return thread_links_count(t->links) > 0 || are_empty(t->store, &t->knows_all, e);
}

/* What thread_link asks: the tables, where they may hold more than is remembered. */
static bool own_find(void *ctx, uint64_t id, bool *found, uint64_t *root, struct err *e)
{
    struct threads *t = ctx;
    *found = false;
    return t->knows_all || known_find(t->store, id, found, root, e);
}

static uint64_t *orphan_word(struct threads *t, uint64_t pair) { return &t->orphans[pair % ORPHAN_BITS / 64]; }

static uint64_t orphan_bit(uint64_t pair) { return UINT64_C(1) << pair % 64; }

static bool own_seek(void *ctx, const struct thread_range *r, bool *found, struct thread_place *out, struct err *e)
{
    struct threads *t = ctx;
    bool none = t->knows_all && r->kind == THREAD_ORPHAN && !(*orphan_word(t, r->pair) & orphan_bit(r->pair));
    *found = false;
    return none || known_seek(t->store, r, found, out, e);
}

static bool count_upto(struct store *s, int64_t row, int64_t limit, int64_t *n, struct err *e)
{
    return db_number(s, e, 0, n, "SELECT count(*) FROM (SELECT 1 FROM email WHERE thread = ? LIMIT ?)", "ii", row, limit);
}

/* Whether a has fewer emails than b, in time that the smaller one sets. */
static bool is_smaller(struct store *s, int64_t a, int64_t b, bool *smaller, struct err *e)
{
    for (int64_t limit = SMALLER_FIRST_LOOK;; limit *= 4) {
        int64_t n_a, n_b;
        if (!count_upto(s, a, limit, &n_a, e) || !count_upto(s, b, limit, &n_b, e))
            return false;
        *smaller = n_a < n_b;
        if (n_a < limit || n_b < limit)
            return true;
    }
}

static bool swallow(struct store *s, int64_t winner, int64_t loser, struct err *e)
{
    return db_run(s, e, "UPDATE email SET thread = ? WHERE thread = ?", "ii", winner, loser) &&
           db_run(s, e, "UPDATE thread SET joined = ? WHERE id = ?", "ii", winner, loser);
}

static struct known_row *remembered(struct threads *t, uint64_t hash) { return &t->row[hash % ROWS_REMEMBERED]; }

/* The row of the thread that is called so, now. */
static bool row_of(struct threads *t, uint64_t hash, int64_t *row, struct err *e)
{
    uint64_t same;
    if (remembered(t, hash)->hash == hash) {
        *row = remembered(t, hash)->id;
        return true;
    }
    return find_thread(t->store, hash, row, &same, e);
}

/* Join one more thread to *row (0: none yet), which is called *hash. */
static bool join_row(struct threads *t, uint64_t other_hash, int64_t *row, uint64_t *hash, struct err *e)
{
    struct store *s = t->store;
    int64_t other;
    if (!row_of(t, other_hash, &other, e))
        return false;
    if (!other)
        return err_set(e, ERR_IO, "store.damaged", "see mail-store check", "a message id of %.*s has no thread", STR_ARG(s->dir));
    if (*row && *row != other) {
        bool smaller;
        if (!is_smaller(s, other, *row, &smaller, e))
            return false;
        if (smaller)
            return swallow(s, *row, other, e);
        if (!swallow(s, other, *row, e))
            return false;
    }
    *row = other;
    *hash = other_hash;
    return true;
}

/* The row of the thread that was found or has come about, under its name of now. */
static bool thread_row(struct threads *t, const struct thread_linked *l, int64_t *row, struct err *e)
{
    struct store *s = t->store;
    uint64_t hash = 0;
    bool is_new = false;
    for (ptrdiff_t i = 0; i < l->n_fresh; i++)
        is_new |= l->fresh[i] == l->root;
    *row = 0;
    if (!is_new && !join_row(t, l->root, row, &hash, e))
        return false;
    for (ptrdiff_t i = 0; i < l->n_joined; i++)
        if (!join_row(t, l->joined[i], row, &hash, e))
            return false;
    if (!*row) {
        if (!db_run(s, e, "INSERT INTO thread (hash) VALUES (?)", "i", (int64_t)l->root))
            return false;
        *row = sqlite3_last_insert_rowid(s->db);
    } else if (hash != l->root && !db_run(s, e, "UPDATE thread SET hash = ? WHERE id = ?", "ii", (int64_t)l->root, *row)) {
        return false;
    }
    *remembered(t, l->root) = (struct known_row){l->root, *row};
    return true;
}

static bool add_rows(struct threads *t, const struct thread_mail *m, const struct thread_linked *l, int64_t row, struct err *e)
{
    struct store *s = t->store;
    for (ptrdiff_t i = 0; i < l->n_fresh; i++)
        if (!db_run(s, e, "INSERT INTO thread_message_id (hash, thread) VALUES (?, ?)", "ii", (int64_t)l->fresh[i], row))
            return false;
    for (ptrdiff_t i = 0; i < m->n_pairs; i++) {
        if (!db_run(s, e, "INSERT OR IGNORE INTO thread_subject (pair, kind, time, message) VALUES (?, ?, ?, ?)", "iiii",
                    (int64_t)m->pair[i], (int64_t)m->kind, m->time, (int64_t)m->id[0]))
            return false;
        if (m->kind == THREAD_ORPHAN)
            *orphan_word(t, m->pair[i]) |= orphan_bit(m->pair[i]);
    }
    return true;
}

bool threads_add(struct threads *t, arena scratch, const struct email *m, int64_t *thread, struct err *e)
{
    struct thread_mail mail;
    struct thread_linked linked;
    struct thread_known known = {.ctx = t, .find = own_find, .seek = own_seek};
    store_thread_mail(&scratch, m, &mail);
    return thread_link(&scratch, t->links, &mail, &known, &linked, e) && thread_row(t, &linked, thread, e) &&
           add_rows(t, &mail, &linked, *thread, e);
}
