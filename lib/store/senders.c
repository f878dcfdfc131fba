#include "store/idset.h"
#include "store/search.h"

#include <stdlib.h>

enum { FEW = 4096 }; /* hits whose senders are looked up one by one */

/* One step of counting: runs of equal addresses, of which the last email has the largest number. */
struct counter {
    arena *mem;
    struct sender *item;
    ptrdiff_t n, cap;
};

static void count(struct counter *c, int64_t address, int64_t id)
{
    if (c->n && c->item[c->n - 1].address == address) {
        struct sender *last = &c->item[c->n - 1];
        last->emails++;
        last->newest = id > last->newest ? id : last->newest;
        return;
    }
    if (c->n == c->cap) {
        ptrdiff_t cap = c->cap ? c->cap * 2 : 256;
        c->item = arena_grow(c->mem, c->item, (size_t)c->cap * sizeof *c->item, (size_t)cap * sizeof *c->item, _Alignof(struct sender));
        c->cap = cap;
    }
    c->item[c->n++] = (struct sender){.address = address, .emails = 1, .newest = id};
}

static int by_address(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static int by_emails(const void *a, const void *b)
{
    const struct sender *x = a, *y = b;
    if (x->emails != y->emails)
        return x->emails < y->emails ? 1 : -1;
    return (x->address > y->address) - (x->address < y->address);
}

static bool count_few(struct store *s, const struct ids *ids, struct counter *c, struct err *e)
{
    struct pair {
        int64_t address, id;
    } *pair = ARENA_ARRAY(c->mem, struct pair, ids->n);
    ptrdiff_t n = 0;
    bool failed = false;
    for (ptrdiff_t i = 0; i < ids->n && !failed; i++) {
        sqlite3_stmt *q = db_query(s, e, "SELECT from_id FROM email WHERE id = ? AND from_id IS NOT NULL", "i", ids->item[i]);
        if (!q)
            return false;
        while (db_row(s, q, &failed, e))
            pair[n++] = (struct pair){db_i64(q, 0), ids->item[i]};
    }
    if (n)
        qsort(pair, (size_t)n, sizeof *pair, by_address);
    for (ptrdiff_t i = 0; i < n; i++)
        count(c, pair[i].address, pair[i].id);
    return !failed;
}

/* Through the index on from_id, which lists the emails of each address together. ids NULL: all. */
static bool count_many(struct store *s, const struct ids *ids, struct counter *c, struct err *e)
{
    struct idset set = {.inverted = true};
    int64_t max = 0;
    for (ptrdiff_t i = 0; ids && i < ids->n; i++)
        max = ids->item[i] > max ? ids->item[i] : max;
    if (ids)
        set = idset_new(c->mem, max);
    for (ptrdiff_t i = 0; ids && i < ids->n; i++)
        idset_add(&set, ids->item[i]);
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT from_id, id FROM email WHERE from_id IS NOT NULL ORDER BY from_id, id", "");
    while (q && db_row(s, q, &failed, e))
        if (idset_has(&set, db_i64(q, 1)))
            count(c, db_i64(q, 0), db_i64(q, 1));
    return q && !failed;
}

bool store_senders(arena *a, struct store *s, const struct search *want, struct senders *out, struct err *e)
{
    struct counter c = {.mem = a};
    struct search all = *want;
    struct search_hits hits = {0};
    all.limit = -1;
    bool every = want->query->op == QUERY_ALL;
    if (!every && !store_search(a, s, &all, &hits, e))
        return false;
    if (!(every || hits.ids.n > FEW ? count_many(s, every ? NULL : &hits.ids, &c, e) : count_few(s, &hits.ids, &c, e)))
        return false;
    if (c.n)
        qsort(c.item, (size_t)c.n, sizeof *c.item, by_emails);
    bool cut = want->limit >= 0 && want->limit < c.n;
    *out = (struct senders){.item = c.item, .n = cut ? (ptrdiff_t)want->limit : c.n};
    return true;
}

static bool write_sender(struct store *s, const struct sender *one, struct buf *to, struct err *e)
{
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT a.email, (SELECT json_extract(r.record, '$.from[0].name') FROM email_record r WHERE r.id = ?) "
                               "FROM address a WHERE a.id = ?",
                               "ii", one->newest, one->address);
    bool failed = false;
    while (q && db_row(s, q, &failed, e)) {
        struct jwrite w = {.to = to};
        jwrite_object(&w);
        jwrite_key(&w, S("type"));
        jwrite_string(&w, S("sender"));
        jwrite_key(&w, S("v"));
        jwrite_i64(&w, 1);
        jwrite_key(&w, S("email"));
        jwrite_string(&w, db_text(q, 0));
        jwrite_key(&w, S("name"));
        jwrite_string(&w, db_text(q, 1));
        jwrite_key(&w, S("emails"));
        jwrite_i64(&w, one->emails);
        jwrite_end_object(&w);
        buf_byte(to, '\n');
    }
    return q && !failed;
}

bool store_sender_lines(struct store *s, const struct sender *item, ptrdiff_t n, struct buf *to, struct err *e)
{
    if (!db_script(s, "BEGIN", e))
        return false;
    bool good = true;
    for (ptrdiff_t i = 0; i < n && good; i++)
        good = write_sender(s, &item[i], to, e);
    return db_script(s, "COMMIT", good ? e : NULL) && good;
}
