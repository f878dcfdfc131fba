#include "date/date.h"
#include "store/idset.h"
#include "store/search.h"

#include <stdlib.h>

/* What one step costs, in steps over an index. */
enum {
    COST_LOOKUP = 8, /* finding one row by its number */
    COST_ROW = 4     /* reading the row, too, while walking through the index */
};

struct searcher {
    arena *mem; /* of this search */
    struct store *store;
    int64_t max; /* the largest row number */
    struct buf *explain;
    struct err *e;
};

/* ---- telling what is done ----------------------------------------------------------------------- */

static void explain_plan(struct searcher *x, sqlite3_stmt *q)
{
    char *sql = sqlite3_expanded_sql(q);
    buf_fmt(x->explain, "%s\n", sql ? sql : sqlite3_sql(q));
    char *ask = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql ? sql : sqlite3_sql(q));
    sqlite3_stmt *plan = NULL;
    if (ask && sqlite3_prepare_v2(x->store->db, ask, -1, &plan, NULL) == SQLITE_OK)
        while (sqlite3_step(plan) == SQLITE_ROW)
            buf_fmt(x->explain, "    %s\n", (const char *)sqlite3_column_text(plan, 3));
    sqlite3_finalize(plan);
    sqlite3_free(ask);
    sqlite3_free(sql);
}

static void explain_count(struct searcher *x, int64_t n, const char *what)
{
    if (x->explain)
        buf_fmt(x->explain, "    -> %lld %s\n", (long long)n, what);
}

static sqlite3_stmt *prepare(struct searcher *x, struct clause *c)
{
    sqlite3_stmt *q = clause_prepare(c, x->store, x->e);
    if (q && x->explain)
        explain_plan(x, q);
    return q;
}

static bool failed(struct searcher *x) { return db_error(x->store, x->e, "cannot search"); }

/* ---- sets --------------------------------------------------------------------------------------- */

/* Run a statement whose first column is row numbers. */
static bool collect(struct searcher *x, struct clause *c, struct idset *out)
{
    sqlite3_stmt *q = prepare(x, c);
    if (!q)
        return false;
    int code;
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        idset_add(out, sqlite3_column_int64(q, 0));
    bool good = code == SQLITE_DONE || failed(x);
    sqlite3_finalize(q);
    if (x->explain)
        explain_count(x, idset_bits(out), "found");
    return good;
}

static bool set_of_match(struct searcher *x, const struct query *q, struct idset *out)
{
    struct buf match = buf_new(x->mem, 256);
    if (!match_write(x->mem, &match, q, x->e))
        return false;
    struct clause c = clause_new(x->mem);
    buf_put(&c.sql, S("SELECT rowid FROM email_text WHERE email_text MATCH ?"));
    clause_text(&c, buf_str(&match));
    return collect(x, &c, out);
}

static bool set_of_rows(struct searcher *x, const struct query *q, struct idset *out)
{
    struct clause c = clause_new(x->mem);
    buf_put(&c.sql, S("SELECT e.id"));
    clause_from(&c, q);
    return clause_row(&c, x->store, q, x->e) && collect(x, &c, out);
}

static bool set_of_index(struct searcher *x, const struct query *q, struct idset *out)
{
    struct clause c = clause_new(x->mem);
    return clause_index(&c, x->store, q, x->e) && collect(x, &c, out);
}

/* Children of an and or an or, parted by kind. Words under a not go with the words of an and. */
struct parts {
    struct query match, row; /* nodes of the same op, with copies of the children */
    struct query *rest;
};

static void take(struct searcher *x, struct query **list, const struct query *child)
{
    struct query *copy = ARENA_NEW(x->mem, struct query);
    *copy = *child;
    copy->next = *list;
    *list = copy;
}

static struct parts part(struct searcher *x, enum query_op op, const struct query *children)
{
    struct parts p = {.match = {.op = op}, .row = {.op = op}};
    bool positive = false; /* FTS5 knows "not" only as "this, but not that" */
    for (const struct query *child = children; child; child = child->next)
        positive |= child->op != QUERY_NOT && search_kind(child) == SEARCH_MATCH;
    for (const struct query *child = children; child; child = child->next) {
        bool without = op == QUERY_AND && positive && child->op == QUERY_NOT && search_kind(child->child) == SEARCH_MATCH;
        enum search_kind kind = search_kind(child);
        take(x, without || kind == SEARCH_MATCH ? &p.match.child : kind == SEARCH_ROW ? &p.row.child : &p.rest, child);
    }
    return p;
}

static bool set_of(struct searcher *x, const struct query *q, struct idset *out);

static bool combine(struct searcher *x, enum query_op op, const struct query *q, struct idset *out)
{
    struct idset one;
    arena scratch = *x->mem;
    struct searcher inner = *x;
    if (!x->explain) /* its buffer grows in the same arena */
        inner.mem = &scratch;
    if (!set_of(&inner, q, &one))
        return false;
    if (op == QUERY_AND)
        idset_and(out, &one);
    else
        idset_or(out, &one);
    return true;
}

static bool combine_all(struct searcher *x, enum query_op op, const struct query *child, struct idset *out)
{
    for (; child; child = child->next)
        if (!combine(x, op, child, out))
            return false;
    return true;
}

/* The children of one kind: together, but where that makes a node of another kind. */
static bool combine_group(struct searcher *x, const struct query *group, enum search_kind kind, struct idset *out)
{
    if (group->child && group->child->next && search_kind(group) == kind)
        return combine(x, group->op, group, out);
    return combine_all(x, group->op, group->child, out);
}

static bool set_of_children(struct searcher *x, const struct query *q, struct idset *out)
{
    struct parts p = part(x, q->op, q->child);
    out->inverted = q->op == QUERY_AND;
    return combine_group(x, &p.match, SEARCH_MATCH, out) && combine_group(x, &p.row, SEARCH_ROW, out) && combine_all(x, q->op, p.rest, out);
}

/* Recursion: at most QUERY_LEVELS, and one more for each group of children. */
static bool set_of(struct searcher *x, const struct query *q, struct idset *out)
{
    *out = idset_new(x->mem, x->max);
    switch (search_kind(q)) {
    case SEARCH_MATCH: return set_of_match(x, q, out);
    case SEARCH_INDEX: return set_of_index(x, q, out);
    case SEARCH_ROW: return set_of_rows(x, q, out);
    default: break;
    }
    if (q->op == QUERY_AND || q->op == QUERY_OR)
        return set_of_children(x, q, out);
    if (!set_of(x, q->child, out))
        return false;
    idset_not(out);
    return true;
}

/* ---- hits --------------------------------------------------------------------------------------- */

struct plan {
    struct idset set;   /* a hit is in it */
    bool everything;    /* set holds all */
    struct query where; /* an and of what each row must answer too; may have one child, or none */
};

static bool narrow(struct searcher *x, struct plan *plan, const struct query *q)
{
    plan->everything = false;
    return combine(x, QUERY_AND, q, &plan->set);
}

/* Words first. Where they leave few rows, these answer the rest one by one; else the indexes make sets. */
static bool make_plan(struct searcher *x, const struct query *q, struct plan *plan)
{
    struct query alone = *q;
    alone.next = NULL;
    struct parts p = part(x, QUERY_AND, q->op == QUERY_AND ? q->child : &alone);
    *plan = (struct plan){.everything = !p.match.child, .where = p.row, .set = idset_new(x->mem, x->max)};
    idset_not(&plan->set);
    if (!combine_group(x, &p.match, SEARCH_MATCH, &plan->set))
        return false;
    bool few = !plan->set.inverted && idset_bits(&plan->set) < x->max / COST_LOOKUP / COST_ROW;
    for (const struct query *child = p.rest; child; child = child->next) {
        if (few && search_rowable(child))
            take(x, &plan->where.child, child);
        else if (!narrow(x, plan, child))
            return false;
    }
    return true;
}

struct hits {
    arena *mem;
    struct search_place *item;
    ptrdiff_t n, cap;
};

static void hit(struct hits *h, struct search_place one)
{
    if (h->n == h->cap) {
        ptrdiff_t cap = h->cap ? h->cap * 2 : 256;
        h->item = arena_grow(h->mem, h->item, (size_t)h->cap * sizeof *h->item, (size_t)cap * sizeof *h->item, _Alignof(struct search_place));
        h->cap = cap;
    }
    h->item[h->n++] = one;
}

/* Newest first, as store_list: receivedAt, blobId, both descending; then the one that was stored last. */
static int order(const void *a, const void *b)
{
    const struct search_place *x = a, *y = b;
    if (x->received_at != y->received_at)
        return x->received_at < y->received_at ? 1 : -1;
    if (x->blob != y->blob)
        return x->blob < y->blob ? 1 : -1;
    return (x->id < y->id) - (x->id > y->id);
}

/* Of the columns received_at, blob_id, id of the current row. */
static struct search_place place_of(sqlite3_stmt *q)
{
    struct search_place p = {.received_at = sqlite3_column_int64(q, 0), .id = sqlite3_column_int64(q, 2)};
    const unsigned char *blob = sqlite3_column_blob(q, 1);
    for (int i = 0; blob && i < 8 && i < sqlite3_column_bytes(q, 1); i++)
        p.blob = p.blob << 8 | blob[i];
    return p;
}

/* What `after` and the rows' conditions add to a statement that has a WHERE. */
static bool put_conditions(struct searcher *x, struct clause *c, const struct plan *plan, const struct search_place *after)
{
    if (after) {
        buf_put(&c->sql, S(" AND e.received_at <= ?"));
        clause_number(c, after->received_at);
    }
    if (!plan->where.child)
        return true;
    buf_put(&c->sql, S(" AND "));
    return clause_row(c, x->store, &plan->where, x->e);
}

/* Hits that came newest first, but those of one second in any order. */
static void sort_seconds(struct hits *h)
{
    for (ptrdiff_t from = 0, to; from < h->n; from = to) {
        for (to = from + 1; to < h->n && h->item[to].received_at == h->item[from].received_at;)
            to++;
        if (to - from > 1)
            qsort(h->item + from, (size_t)(to - from), sizeof *h->item, order);
    }
}

/* Through an index on received_at, newest first, until there are more than the limit and the second is over. */
static bool walk(struct searcher *x, const struct plan *plan, const struct search *want, struct hits *h)
{
    struct clause c = clause_new(x->mem);
    buf_put(&c.sql, S("SELECT e.received_at, e.blob_id, e.id"));
    clause_from(&c, &plan->where);
    buf_put(&c.sql, S("1"));
    if (!put_conditions(x, &c, plan, want->after))
        return false;
    buf_put(&c.sql, S(" ORDER BY e.received_at DESC"));
    sqlite3_stmt *q = prepare(x, &c);
    if (!q)
        return false;
    int code;
    while ((code = sqlite3_step(q)) == SQLITE_ROW) {
        bool enough = want->limit >= 0 && h->n > want->limit;
        if (enough && h->item[h->n - 1].received_at != sqlite3_column_int64(q, 0))
            break;
        if (!plan->everything && !idset_has(&plan->set, sqlite3_column_int64(q, 2)))
            continue;
        struct search_place one = place_of(q);
        if (!want->after || order(&one, want->after) > 0)
            hit(h, one);
    }
    sort_seconds(h);
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || failed(x);
    sqlite3_finalize(q);
    return good;
}

/* Each row of the set by its number. */
static bool look_up(struct searcher *x, const struct plan *plan, const struct search *want, struct hits *h)
{
    struct clause c = clause_new(x->mem);
    buf_put(&c.sql, S("SELECT e.received_at, e.blob_id, e.id FROM email e WHERE e.id = ?"));
    clause_number(&c, 0);
    if (!put_conditions(x, &c, plan, want->after))
        return false;
    sqlite3_stmt *q = prepare(x, &c);
    if (!q)
        return false;
    int code = SQLITE_DONE;
    for (int64_t id = idset_next(&plan->set, -1); id >= 0 && (code == SQLITE_DONE || code == SQLITE_ROW); id = idset_next(&plan->set, id)) {
        sqlite3_bind_int64(q, 1, id);
        code = sqlite3_step(q);
        struct search_place one = {0};
        if (code == SQLITE_ROW && (one = place_of(q), !want->after || order(&one, want->after) > 0))
            hit(h, one);
        sqlite3_reset(q);
    }
    bool good = code == SQLITE_ROW || code == SQLITE_DONE || failed(x);
    sqlite3_finalize(q);
    if (h->n)
        qsort(h->item, (size_t)h->n, sizeof *h->item, order);
    return good;
}

/* Whether the index on received_at holds all that the rows' conditions ask for. */
static bool covered(const struct plan *plan)
{
    for (const struct query *child = plan->where.child; child; child = child->next)
        if (child->op != QUERY_BETWEEN || child->field != QUERY_RECEIVED)
            return false;
    return true;
}

static bool few_enough(const struct searcher *x, const struct plan *plan, const struct search *want)
{
    if (plan->everything || plan->set.inverted)
        return false;
    int64_t bits = idset_bits(&plan->set), walked = x->max;
    if (want->limit >= 0 && want->limit < bits)
        walked = x->max / bits * (want->limit + 1);
    return bits * COST_LOOKUP <= walked * (covered(plan) ? 1 : COST_ROW);
}

static bool run(struct searcher *x, const struct search *want, struct hits *h)
{
    if (!db_number(x->store, x->e, 0, &x->max, "SELECT max(id) FROM email", ""))
        return false;
    if (x->explain) {
        query_write(x->explain, want->query);
        buf_byte(x->explain, '\n');
    }
    struct plan plan;
    if (!make_plan(x, want->query, &plan))
        return false;
    return few_enough(x, &plan, want) ? look_up(x, &plan, want, h) : walk(x, &plan, want, h);
}

bool store_search(arena *a, struct store *s, const struct search *want, struct search_hits *out, struct err *e)
{
    struct searcher x = {.mem = a, .store = s, .explain = want->explain, .e = e};
    struct hits h = {.mem = a};
    if (!db_script(s, "BEGIN", e))
        return false;
    bool good = run(&x, want, &h);
    if (!db_script(s, "COMMIT", good ? e : NULL) || !good)
        return false;
    *out = (struct search_hits){.more = want->limit >= 0 && h.n > want->limit};
    if (out->more)
        h.n = want->limit;
    for (ptrdiff_t i = 0; i < h.n; i++)
        ids_add(a, &out->ids, h.item[i].id);
    if (h.n)
        out->next = h.item[h.n - 1];
    explain_count(&x, h.n, "hits");
    return true;
}

/* ---- places ------------------------------------------------------------------------------------- */

str search_place_write(arena *a, const struct search_place *p)
{
    struct buf b = buf_new(a, 64);
    date_put_utc(&b, p->received_at);
    buf_fmt(&b, ",%016llx,%lld", (unsigned long long)p->blob, (long long)p->id);
    return buf_str(&b);
}

bool search_place_read(str text, struct search_place *out)
{
    str time, blob, id;
    if (!str_cut(text, ',', &time, &blob) || !str_cut(blob, ',', &blob, &id) || blob.len != 16)
        return false;
    uint64_t bits = 0;
    for (int i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, blob.ptr[i]);
        if (!digit || !*digit)
            return false;
        bits = bits << 4 | (uint64_t)(digit - digits);
    }
    out->blob = bits;
    return date_parse_3339(time, &out->received_at, NULL) && str_i64(id, 1, INT64_MAX, &out->id);
}
