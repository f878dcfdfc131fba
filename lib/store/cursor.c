#include "store/cursor.h"

#include "store/blob.h"
#include "sys/sys.h"

struct mark {
    struct mark *next;
    int64_t mailbox, uid_validity;
    int64_t id; /* 0: not in the table yet */
    int64_t last_uid;
    struct holes holes;
    bool moved, holes_changed;
};

/* ---- ranges --------------------------------------------------------------------------------------- */

static void insert(arena *a, struct holes *h, ptrdiff_t at, struct uid_range r)
{
    if (h->n == h->cap) {
        ptrdiff_t cap = h->cap ? h->cap * 2 : 16;
        h->item = arena_grow(a, h->item, (size_t)h->cap * sizeof *h->item, (size_t)cap * sizeof *h->item, _Alignof(struct uid_range));
        h->cap = cap;
    }
    memmove(h->item + at + 1, h->item + at, (size_t)(h->n - at) * sizeof *h->item);
    h->item[at] = r;
    h->n++;
}

/* The first range that ends at uid or behind it. */
static ptrdiff_t seek(const struct holes *h, int64_t uid)
{
    ptrdiff_t low = 0, high = h->n;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (h->item[middle].last < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void holes_add(arena *a, struct holes *h, int64_t first, int64_t last)
{
    ptrdiff_t at = h->n;
    if (first > last)
        return;
    if (at > 0 && h->item[at - 1].last + 1 == first)
        h->item[at - 1].last = last;
    else
        insert(a, h, at, (struct uid_range){first, last});
}

bool holes_close(arena *a, struct holes *h, int64_t first, int64_t last)
{
    ptrdiff_t from = seek(h, first), to = from;
    while (to < h->n && h->item[to].first <= last)
        to++;
    if (from == to)
        return false;
    struct uid_range left = {h->item[from].first, first - 1}, right = {last + 1, h->item[to - 1].last};
    memmove(h->item + from, h->item + to, (size_t)(h->n - to) * sizeof *h->item);
    h->n -= to - from;
    if (right.first <= right.last)
        insert(a, h, from, right);
    if (left.first <= left.last)
        insert(a, h, from, left);
    return true;
}

/* ---- marks ---------------------------------------------------------------------------------------- */

void cursors_begin(struct cursors *c, struct store *s, arena *mem, bool skip_gaps)
{
    *c = (struct cursors){.store = s, .mem = mem, .skip_gaps = skip_gaps};
}

static bool read_holes(struct store *s, arena *a, int64_t cursor, struct holes *h, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e, "SELECT first, last FROM hole WHERE cursor_id = ? ORDER BY first", "i", cursor);
    while (db_row(s, q, &failed, e))
        insert(a, h, h->n, (struct uid_range){db_i64(q, 0), db_i64(q, 1)});
    return !failed;
}

static struct mark *mark_of(struct cursors *c, int64_t mailbox, int64_t uid_validity, struct err *e)
{
    for (struct mark *m = c->first; m; m = m->next)
        if (m->mailbox == mailbox && m->uid_validity == uid_validity)
            return m;
    struct mark *m = ARENA_NEW(c->mem, struct mark);
    m->mailbox = mailbox;
    m->uid_validity = uid_validity;
    bool failed;
    sqlite3_stmt *q = db_query(c->store, e, "SELECT id, last_uid FROM cursor WHERE mailbox_id = ? AND uid_validity = ?", "ii", mailbox, uid_validity);
    if (db_row(c->store, q, &failed, e)) {
        m->id = db_i64(q, 0);
        m->last_uid = db_i64(q, 1);
        sqlite3_reset(q);
        failed = !read_holes(c->store, c->mem, m->id, &m->holes, e);
    }
    if (failed)
        return NULL;
    m->next = c->first;
    c->first = m;
    return m;
}

bool cursors_stored(struct cursors *c, int64_t mailbox, const struct source *from, struct err *e)
{
    struct mark *m = mark_of(c, mailbox, from->uid_validity, e);
    if (!m)
        return false;
    m->moved = true;
    if (from->uid > m->last_uid) {
        if (from->after > m->last_uid && from->after < from->uid && !c->skip_gaps) {
            holes_add(c->mem, &m->holes, m->last_uid + 1, from->after);
            m->holes_changed = true;
        }
        m->last_uid = from->uid;
    }
    int64_t settled = from->after > 0 && from->after < from->uid ? from->after + 1 : from->uid;
    m->holes_changed |= holes_close(c->mem, &m->holes, settled, from->uid);
    return true;
}

static bool write_holes(struct store *s, const struct mark *m, struct err *e)
{
    if (!db_run(s, e, "DELETE FROM hole WHERE cursor_id = ?", "i", m->id))
        return false;
    for (ptrdiff_t i = 0; i < m->holes.n; i++)
        if (!db_run(s, e, "INSERT INTO hole (cursor_id, first, last) VALUES (?, ?, ?)", "iii", m->id, m->holes.item[i].first, m->holes.item[i].last))
            return false;
    return true;
}

static bool write_mark(struct store *s, struct mark *m, struct err *e)
{
    if (!db_run(s, e,
                "INSERT INTO cursor (mailbox_id, uid_validity, last_uid, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) "
                "ON CONFLICT (mailbox_id, uid_validity) DO UPDATE SET last_uid = ?3, updated_at = ?4",
                "iiii", m->mailbox, m->uid_validity, m->last_uid, now_s()))
        return false;
    if (!m->id && !db_number(s, e, 0, &m->id, "SELECT id FROM cursor WHERE mailbox_id = ? AND uid_validity = ?", "ii", m->mailbox, m->uid_validity))
        return false;
    return !m->holes_changed || write_holes(s, m, e);
}

bool cursors_write(struct cursors *c, struct err *e)
{
    for (struct mark *m = c->first; m; m = m->next)
        if (m->moved && !write_mark(c->store, m, e))
            return false;
    return true;
}

/* ---- what mail-fetch asks ------------------------------------------------------------------------- */

bool store_cursor(arena *a, struct store *s, str account, str mailbox, struct cursor *out, struct err *e)
{
    *out = (struct cursor){0};
    bool failed;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT c.id, c.uid_validity, c.last_uid FROM cursor c JOIN mailbox m ON m.id = c.mailbox_id "
                               "JOIN account a ON a.id = m.account_id WHERE a.name = ? AND m.name = ? ORDER BY c.updated_at DESC, c.id DESC LIMIT 1",
                               "ss", account, mailbox);
    if (!db_row(s, q, &failed, e))
        return !failed;
    int64_t id = db_i64(q, 0);
    out->found = true;
    out->uid_validity = db_i64(q, 1);
    out->last_uid = db_i64(q, 2);
    sqlite3_reset(q);
    struct holes holes = {0};
    if (!read_holes(s, a, id, &holes, e))
        return false;
    out->holes = holes.item;
    out->n_holes = holes.n;
    return true;
}

bool store_match(arena *a, struct store *s, str account, str message_id, int64_t size, int64_t received_at, str *blob_id, struct err *e)
{
    *blob_id = STR_NONE;
    if (!message_id.len)
        return true;
    bool failed;
    int matches = 0;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT e.blob_id FROM email e JOIN account a ON a.id = e.account_id "
                               "WHERE e.message_id = ? AND e.size = ? AND e.received_at = ? AND a.name = ? LIMIT 2",
                               "siis", message_id, size, received_at, account);
    while (db_row(s, q, &failed, e)) {
        *blob_id = matches++ ? STR_NONE : blob_hex(a, (const unsigned char *)sqlite3_column_blob(q, 0));
    }
    return !failed;
}
