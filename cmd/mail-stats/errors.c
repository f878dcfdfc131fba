/* What went wrong, by where it was seen and its code: polls, attempts to send, error records that put has stored. */
#include "mail-stats/stats.h"

#include "json/json.h"

#include <stdlib.h>

struct trouble {
    str source, code, message; /* message: of the last one */
    int64_t n, first_at, last_at;
};

struct troubles {
    struct request *request;
    struct map places; /* by "source code" */
    struct trouble *item;
    ptrdiff_t n, cap;
    arena scratch; /* of one row */
};

static struct trouble *find(struct troubles *t, str source, str code)
{
    arena scratch = t->scratch;
    str key = str_fmt(&scratch, "%.*s %.*s", STR_ARG(source), STR_ARG(code));
    struct map_slot *slot = map_get(&t->places, key);
    if (slot)
        return &t->item[slot->value.num];
    arena *a = t->request->mem;
    if (t->n == t->cap) {
        ptrdiff_t cap = t->cap ? t->cap * 2 : 32;
        t->item = arena_grow(a, t->item, (size_t)t->cap * sizeof *t->item, (size_t)cap * sizeof *t->item, _Alignof(struct trouble));
        t->cap = cap;
    }
    map_put(a, &t->places, str_copy(a, key))->value.num = t->n;
    t->item[t->n] = (struct trouble){.source = source, .code = str_copy(a, code)};
    return &t->item[t->n++];
}

static void add(struct troubles *t, str source, str code, str message, int64_t at)
{
    struct trouble *x = find(t, source, code.len ? code : S("unknown"));
    x->first_at = x->n && x->first_at < at ? x->first_at : at;
    if (!x->n || at >= x->last_at) {
        x->last_at = at;
        if (!str_eq(x->message, message))
            x->message = message.ptr ? str_copy(t->request->mem, message) : STR_NONE;
    }
    x->n++;
}

static void count_poll(void *context, const struct stats_poll *p)
{
    add(context, S("poll"), p->code, p->error, p->started_at);
}

static void count_attempt(void *context, const struct stats_attempt *m)
{
    struct troubles *t = context;
    char digits[24];
    arena none = {0};
    struct buf number = {.ptr = digits, .cap = sizeof digits, .mem = &none};
    if (m->code)
        buf_i64(&number, m->code);
    add(t, S("delivery"), m->error_code.len ? m->error_code : m->enhanced_code.len ? m->enhanced_code : buf_str(&number), m->server, m->at);
}

/* find makes its key behind what was read of the line. */
static void count_error(void *context, const struct stats_error *x)
{
    struct troubles *t = context;
    arena whole = t->scratch, *a = &t->scratch;
    struct json_fault fault;
    const struct jnode *record = jread(a, x->line, &fault);
    str account = jread_string(a, jread_member(jread_member(record, S("object")), S("account")));
    str code = jread_string(a, jread_member(record, S("code"))), message = jread_string(a, jread_member(record, S("message")));
    if (!t->request->accounts.n || strs_have(&t->request->accounts, account))
        add(t, S("record"), code, message, x->at);
    t->scratch = whole;
}

static int by_number(const void *a, const void *b)
{
    const struct trouble *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    if (x->last_at != y->last_at)
        return x->last_at < y->last_at ? 1 : -1;
    return str_cmp(x->code, y->code);
}

static bool read_all(struct troubles *t, struct err *e)
{
    struct request *r = t->request;
    struct stats_range failed = r->range;
    failed.failed = true;
    return stats_polls(r->mem, r->store, &failed, count_poll, t, e) && stats_attempts(r->mem, r->store, &failed, count_attempt, t, e) &&
           stats_errors(r->store, &r->range, count_error, t, e);
}

bool errors_run(struct request *r, struct table *t, struct err *e)
{
    struct troubles all = {.request = r, .scratch = arena_new((size_t)1 << 30)};
    bool read = read_all(&all, e);
    arena_free(&all.scratch);
    if (!read)
        return false;
    if (all.n)
        qsort(all.item, (size_t)all.n, sizeof *all.item, by_number);
    table_column(t, S("source"), COLUMN_TEXT);
    t->key = table_column(t, S("code"), COLUMN_TEXT);
    t->chart = table_column(t, S("errors"), COLUMN_COUNT);
    table_column(t, S("firstAt"), COLUMN_TIME);
    table_column(t, S("lastAt"), COLUMN_TIME);
    table_column(t, S("message"), COLUMN_TEXT);
    for (ptrdiff_t i = 0; i < all.n; i++) {
        struct cell *row = table_row(t);
        row[0] = cell_text(all.item[i].source);
        row[1] = cell_text(all.item[i].code);
        row[2] = cell_number(all.item[i].n);
        row[3] = cell_number(all.item[i].first_at);
        row[4] = cell_number(all.item[i].last_at);
        row[5] = cell_text(all.item[i].message);
    }
    return true;
}
