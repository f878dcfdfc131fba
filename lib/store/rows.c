#include "date/date.h"
#include "header/header.h"
#include "store/blob.h"
#include "store/threads.h"

#include <assert.h>
#include <stdlib.h>

void ids_add(arena *a, struct ids *list, int64_t id)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 64;
        list->item = arena_grow(a, list->item, (size_t)list->cap * sizeof *list->item, (size_t)cap * sizeof *list->item, _Alignof(int64_t));
        list->cap = cap;
    }
    list->item[list->n++] = id;
}

/* ---- a row as its record ------------------------------------------------------------------------------- */

enum { COL_ID, COL_BLOB, COL_SIZE, COL_ACCOUNT, COL_THREAD, COL_MAILBOXES, COL_KEYWORDS, COL_SPLIT, COL_RECORD };

static const char row_sql[] =
    "SELECT e.id, e.blob_id, e.size, a.name, t.hash, r.mailboxes, r.keywords, r.split, r.record FROM email e "
    "JOIN email_record r ON r.id = e.id JOIN account a ON a.id = e.account_id LEFT JOIN thread t ON t.id = e.thread WHERE e.id = ?";

static void put_hex(struct buf *to, const unsigned char *octets, ptrdiff_t n)
{
    char *at = buf_room(to, 2 * n);
    for (ptrdiff_t i = 0; i < n; i++) {
        *at++ = "0123456789abcdef"[octets[i] >> 4];
        *at++ = "0123456789abcdef"[octets[i] & 15];
    }
    to->len += 2 * n;
}

static void put_thread(struct buf *to, int64_t hash)
{
    unsigned char octets[8];
    for (int i = 0; i < 8; i++)
        octets[i] = (unsigned char)((uint64_t)hash >> (56 - 8 * i));
    buf_put(to, S(",\"threadId\":\"t"));
    put_hex(to, octets, 8);
    buf_byte(to, '"');
}

static void put_list(struct buf *to, str key, str json)
{
    buf_put(to, key);
    buf_put(to, json.len ? json : S("null"));
}

/* folder: the beginning of every path, quote and all: `"/home/a/.local/share/mailpipe/blobs/`. */
static void put_row(struct buf *to, sqlite3_stmt *q, str folder)
{
    const unsigned char *blob = sqlite3_column_blob(q, COL_BLOB);
    str record = db_text(q, COL_RECORD);
    ptrdiff_t split = (ptrdiff_t)db_i64(q, COL_SPLIT);
    buf_put(to, S("{\"type\":\"email\",\"v\":1,\"id\":"));
    buf_i64(to, db_i64(q, COL_ID));
    buf_put(to, S(",\"blobId\":\""));
    put_hex(to, blob, 32);
    buf_put(to, S("\",\"path\":"));
    buf_put(to, folder);
    put_hex(to, blob, 1);
    buf_byte(to, '/');
    put_hex(to, blob + 1, 31);
    buf_put(to, S("\",\"size\":"));
    buf_i64(to, db_i64(q, COL_SIZE));
    buf_put(to, S(",\"account\":"));
    jwrite_string(&(struct jwrite){to, false}, db_text(q, COL_ACCOUNT));
    put_list(to, S(",\"mailboxes\":"), db_text(q, COL_MAILBOXES));
    put_list(to, S(",\"keywords\":"), db_text(q, COL_KEYWORDS));
    if (split > 1) {
        buf_byte(to, ',');
        buf_put(to, str_slice(record, 1, split));
    }
    if (!db_is_null(q, COL_THREAD))
        put_thread(to, db_i64(q, COL_THREAD));
    str rest = str_skip(record, split);
    if (split == 1 && rest.len > 1)
        buf_byte(to, ',');
    buf_put(to, rest);
    buf_byte(to, '\n');
}

static str folder_json(arena *a, const struct store *s)
{
    struct buf path = buf_new(a, 256), json = buf_new(a, 256);
    buf_put(&path, s->dir);
    buf_put(&path, S("/blobs/"));
    jwrite_string(&(struct jwrite){&json, false}, buf_str(&path));
    return str_first(buf_str(&json), json.len - 1);
}

/* Only some members: the line is read again, and written with these. */
static void put_some(arena scratch, struct buf *to, str line, uint64_t members)
{
    struct record r;
    struct err e;
    bool read = record_read(&scratch, line, "the store", 0, &r, &e);
    assert(read);
    (void)read;
    r.email.known &= members;
    r.email.nulls &= members;
    r.email.unknown = STR_NONE;
    record_write_email(to, &r.email);
}

bool store_lines(struct store *s, const int64_t *id, ptrdiff_t n, uint64_t members, struct buf *to, struct err *e)
{
    arena mem = arena_new((size_t)1 << 30);
    str folder = folder_json(&mem, s);
    struct buf whole = buf_new(&mem, 1 << 16);
    bool failed = !db_script(s, "BEGIN", e);
    for (ptrdiff_t i = 0; i < n && !failed; i++) {
        sqlite3_stmt *q = db_query(s, e, row_sql, "i", id[i]);
        if (!db_row(s, q, &failed, e))
            continue;
        if (members) {
            whole.len = 0;
            put_row(&whole, q, folder);
            put_some(mem, to, buf_str(&whole), members);
        } else {
            put_row(to, q, folder);
        }
        sqlite3_reset(q);
    }
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    arena_free(&mem);
    return !failed;
}

bool store_email(arena *a, struct store *s, int64_t id, struct email *out, struct err *e)
{
    struct buf line = buf_new(a, 4096);
    struct record r;
    if (!store_lines(s, &id, 1, 0, &line, e))
        return false;
    if (line.len == 0)
        return err_set(e, ERR_MISSING, "store.id", "mail-store list shows what there is", "there is no email %lld in %.*s", (long long)id,
                       STR_ARG(s->dir));
    if (!record_read(a, buf_str(&line), "the store", 0, &r, e))
        return false;
    *out = r.email;
    return true;
}

/* ---- what people have in hand ---------------------------------------------------------------------------- */

static bool collect(arena *a, struct store *s, sqlite3_stmt *q, struct ids *out, struct err *e)
{
    bool failed;
    while (db_row(s, q, &failed, e))
        ids_add(a, out, db_i64(q, 0));
    return !failed;
}

bool store_thread(arena *a, struct store *s, str name, struct ids *out, struct err *e)
{
    int64_t thread;
    *out = (struct ids){0};
    if (!threads_find(s, name, &thread, e))
        return false;
    if (thread &&
        !collect(a, s, db_query(s, e, "SELECT id FROM email WHERE thread = ? ORDER BY received_at, blob_id", "i", thread), out, e))
        return false;
    return out->n > 0 || err_set(e, ERR_MISSING, "store.thread", "mail-store threads shows what there is",
                                 "there is no thread %.*s in %.*s", STR_ARG(name), STR_ARG(s->dir));
}

static bool by_blob(arena *a, struct store *s, str id, struct ids *out, struct err *e)
{
    unsigned char octets[32];
    blob_octets(id, octets);
    return collect(a, s, db_query(s, e, "SELECT id FROM email WHERE blob_id = ? ORDER BY id", "b", str_of((const char *)octets, 32)), out,
                   e);
}

static bool by_message_id(arena *a, struct store *s, str id, struct ids *out, struct err *e)
{
    if (str_starts(id, S("<")) && str_ends(id, S(">")))
        id = str_slice(id, 1, id.len - 1);
    return collect(a, s, db_query(s, e, "SELECT id FROM email WHERE message_id = ? ORDER BY received_at, blob_id", "s", id), out, e);
}

bool store_resolve(arena *a, struct store *s, str id, struct ids *out, struct err *e)
{
    int64_t number;
    str bare = str_starts(id, S("id:")) ? str_skip(id, 3) : id;
    *out = (struct ids){0};
    bool found;
    if (str_i64(bare, 1, INT64_MAX, &number))
        found = collect(a, s, db_query(s, e, "SELECT id FROM email WHERE id = ?", "i", number), out, e);
    else if (blob_id_valid(bare))
        found = by_blob(a, s, bare, out, e);
    else if (db_thread_number(bare, &number))
        return store_thread(a, s, bare, out, e);
    else
        found = by_message_id(a, s, bare, out, e);
    if (!found)
        return false;
    return out->n > 0 || err_set(e, ERR_MISSING, "store.id", "mail-store list shows what there is", "there is no email %.*s in %.*s",
                                 STR_ARG(id), STR_ARG(s->dir));
}

/* ---- threads and mailboxes --------------------------------------------------------------------------------- */

bool store_thread_list(arena *a, struct store *s, int64_t limit, struct ids *out, struct err *e)
{
    *out = (struct ids){0};
    return collect(a, s,
                   db_query(s, e,
                            "SELECT thread FROM email WHERE thread IS NOT NULL GROUP BY thread ORDER BY max(received_at) DESC, "
                            "(SELECT hash FROM thread WHERE id = email.thread) LIMIT ?",
                            "i", limit),
                   out, e);
}

static void count_participant(arena *a, struct thread *t, str email, str name)
{
    ptrdiff_t i = 0;
    if (!email.len)
        return;
    while (i < t->n_participants && !str_eq(t->participants[i].email, email))
        i++;
    if (i == t->n_participants) {
        size_t had = (size_t)i * sizeof *t->participants;
        t->participants = arena_grow(a, t->participants, had, had + sizeof *t->participants, _Alignof(struct participant));
        t->participants[t->n_participants++] = (struct participant){.email = str_copy(a, email)};
    }
    if (!t->participants[i].name.len && name.len)
        t->participants[i].name = str_copy(a, name);
    t->participants[i].count++;
}

/* Without the prefixes of replies, where something is left then. */
static str subject_of_all(arena *a, str first)
{
    struct base_subject base;
    header_base_subject(a, first, SUBJECT_WIDE, &base);
    return base.text.len ? base.text : first;
}

static bool thread_line(arena *a, struct store *s, int64_t thread, struct buf *to, struct err *e)
{
    struct thread t = {0};
    struct ids ids = {0};
    bool failed;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT e.id, e.received_at, e.seen, f.email, json_extract(r.record, '$.from[0].name'), "
                               "json_extract(r.record, '$.subject'), (SELECT hash FROM thread WHERE id = e.thread) FROM email e "
                               "JOIN email_record r ON r.id = e.id LEFT JOIN address f ON f.id = e.from_id WHERE e.thread = ? "
                               "ORDER BY e.received_at, e.blob_id",
                               "i", thread);
    while (db_row(s, q, &failed, e)) {
        if (ids.n == 0) {
            t.id = db_thread_name(a, db_i64(q, 6));
            t.subject = subject_of_all(a, db_text_copy(a, q, 5));
            t.first_at = db_i64(q, 1);
        }
        t.last_at = db_i64(q, 1);
        t.unread += db_i64(q, 2) == 0;
        count_participant(a, &t, db_text(q, 3), db_text(q, 4));
        ids_add(a, &ids, db_i64(q, 0));
    }
    t.total = t.n_email_ids = ids.n;
    t.email_ids = ids.item;
    if (!failed && ids.n)
        record_write_thread(to, &t);
    return !failed;
}

bool store_thread_lines(struct store *s, const int64_t *thread, ptrdiff_t n, struct buf *to, struct err *e)
{
    arena mem = arena_new((size_t)1 << 30);
    bool good = db_script(s, "BEGIN", e);
    for (ptrdiff_t i = 0; i < n && good; i++) {
        arena_reset(&mem);
        good = thread_line(&mem, s, thread[i], to, e);
    }
    sqlite3_exec(s->db, "COMMIT", NULL, NULL, NULL);
    arena_free(&mem);
    return good;
}

static bool mailbox_holes(arena *a, struct store *s, struct mailbox *m, struct err *e)
{
    struct cursor c;
    if (!store_cursor(a, s, m->account, m->name, &c, e))
        return false;
    m->uid_validity = c.uid_validity;
    m->last_uid = c.last_uid;
    m->n_holes = c.n_holes;
    m->holes = ARENA_ARRAY(a, struct mailbox_hole, c.n_holes + 1);
    for (ptrdiff_t i = 0; i < c.n_holes; i++)
        m->holes[i] = (struct mailbox_hole){c.holes[i].first, c.holes[i].last};
    return true;
}

/* Of a row: the role, and when it was last read, each where it is known. */
static str mailbox_more(arena *a, sqlite3_stmt *q)
{
    struct buf to = buf_new(a, 64);
    struct jwrite w = {&to, false};
    if (!db_is_null(q, 2)) {
        jwrite_key(&w, S("role"));
        jwrite_string(&w, db_text(q, 2));
    }
    if (!db_is_null(q, 5)) {
        jwrite_key(&w, S("lastSyncAt"));
        jwrite_raw(&w, S("\""));
        date_put_utc(&to, db_i64(q, 5));
        buf_byte(&to, '"');
    }
    return buf_str(&to);
}

bool store_mailboxes(arena *a, struct store *s, const struct strs *accounts, struct buf *to, struct err *e)
{
    struct mailbox *all = NULL;
    ptrdiff_t n = 0;
    bool failed;
    sqlite3_stmt *q =
        db_query(s, e,
                 "SELECT a.name, m.name, m.role, "
                 "(SELECT count(*) FROM email_mailbox x WHERE x.mailbox_id = m.id), "
                 "(SELECT count(*) FROM email_mailbox x JOIN email e ON e.id = x.email_id WHERE x.mailbox_id = m.id AND e.seen = 0), "
                 "(SELECT max(p.ended_at) FROM poll p WHERE p.account_id = m.account_id AND p.mailbox = m.name AND p.status <> 'failed') "
                 "FROM mailbox m JOIN account a ON a.id = m.account_id ORDER BY a.name, m.name",
                 "");
    while (db_row(s, q, &failed, e)) {
        if (accounts->n && !strs_have(accounts, db_text(q, 0)))
            continue;
        all = arena_grow(a, all, (size_t)n * sizeof *all, (size_t)(n + 1) * sizeof *all, _Alignof(struct mailbox));
        struct mailbox *m = &all[n++];
        *m = (struct mailbox){
            .account = db_text_copy(a, q, 0), .name = db_text_copy(a, q, 1), .total = db_i64(q, 3), .unread = db_i64(q, 4)};
        m->more = mailbox_more(a, q);
    }
    for (ptrdiff_t i = 0; i < n && !failed; i++) {
        failed = !mailbox_holes(a, s, &all[i], e);
        if (!failed)
            record_write_mailbox(to, &all[i]);
    }
    return !failed;
}
