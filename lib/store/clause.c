#include "store/search.h"
#include "store/threads.h"

struct clause clause_new(arena *a) { return (struct clause){.mem = a, .sql = buf_new(a, 512)}; }

static void add_value(struct clause *c, struct clause_value v)
{
    if (c->n == c->cap) {
        ptrdiff_t cap = c->cap ? c->cap * 2 : 16;
        c->value = arena_grow(c->mem, c->value, (size_t)c->cap * sizeof *c->value, (size_t)cap * sizeof *c->value, _Alignof(struct clause_value));
        c->cap = cap;
    }
    c->value[c->n++] = v;
}

void clause_text(struct clause *c, str text) { add_value(c, (struct clause_value){.text = text}); }

void clause_number(struct clause *c, int64_t number) { add_value(c, (struct clause_value){.number = number}); }

sqlite3_stmt *clause_prepare(struct clause *c, struct store *s, struct err *e)
{
    sqlite3_stmt *q;
    bool good = sqlite3_prepare_v2(s->db, c->sql.ptr, (int)c->sql.len, &q, NULL) == SQLITE_OK;
    for (ptrdiff_t i = 0; i < c->n && good; i++) {
        const struct clause_value *v = &c->value[i];
        int at = (int)i + 1;
        if (v->text.ptr)
            good = sqlite3_bind_text64(q, at, v->text.ptr, (sqlite3_uint64)v->text.len, SQLITE_STATIC, SQLITE_UTF8) == SQLITE_OK;
        else
            good = sqlite3_bind_int64(q, at, v->number) == SQLITE_OK;
    }
    if (good)
        return q;
    db_error(s, e, "cannot search");
    sqlite3_finalize(q);
    return NULL;
}

static void put(struct clause *c, const char *sql) { buf_put(&c->sql, str_c(sql)); }

/* ---- conditions on one value ------------------------------------------------------------------------ */

/* column is the query's text, or begins with it, blind to ASCII case. */
static void put_equals(struct clause *c, const char *column, const struct query *q)
{
    if (q->prefix) {
        buf_fmt(&c->sql, "substr(%s, 1, length(?)) = ? COLLATE NOCASE", column);
        clause_text(c, q->text);
    } else {
        buf_fmt(&c->sql, "%s = ? COLLATE NOCASE", column);
    }
    clause_text(c, q->text);
}

/* The values of an indexed column that the term means, found by leaping from one to the next. */
static void put_values(struct clause *c, const char *column, const char *table, const struct query *q)
{
    buf_fmt(&c->sql,
            "WITH RECURSIVE d (x) AS (SELECT min(%s) FROM %s WHERE %s IS NOT NULL UNION ALL "
            "SELECT (SELECT min(%s) FROM %s WHERE %s > d.x) FROM d WHERE d.x IS NOT NULL) SELECT x FROM d WHERE ",
            column, table, column, column, table, column);
    put_equals(c, "x", q);
}

static void put_ids_by_name(struct clause *c, const char *table, const struct query *q)
{
    buf_fmt(&c->sql, "SELECT id FROM %s WHERE ", table);
    put_equals(c, "name", q);
}

/* A list of thread numbers. */
static bool put_threads(struct clause *c, struct store *s, const struct query *q, struct err *e)
{
    int64_t thread;
    if (!db_thread_number(q->text, &thread)) {
        put(c, "SELECT thread FROM email WHERE message_id = ?");
        clause_text(c, q->text);
        return true;
    }
    if (!threads_find(s, q->text, &thread, e))
        return false;
    put(c, "?");
    clause_number(c, thread);
    return true;
}

/* The column for those keywords that have one. */
static const char *flag_column(const struct query *q)
{
    if (q->op != QUERY_EQUALS || q->field != QUERY_TAG || q->prefix)
        return NULL;
    if (str_eq_nocase(q->text, S("$seen")))
        return "e.seen";
    if (str_eq_nocase(q->text, S("$flagged")))
        return "e.flagged";
    if (str_eq_nocase(q->text, S("$answered")))
        return "e.answered";
    return str_eq_nocase(q->text, S("$draft")) ? "e.draft" : NULL;
}

/* ---- terms ------------------------------------------------------------------------------------------ */

static void put_between(struct clause *c, const struct query *q)
{
    const char *column = q->field == QUERY_SIZE ? "e.size" : "e.received_at";
    buf_fmt(&c->sql, "%s >= ? AND %s <= ?", column, column);
    clause_number(c, q->min);
    clause_number(c, q->max);
}

/* Members that have no column are read from the record's JSON. */
#define FROM_RECORD(expression) "(SELECT " expression " FROM email_record r WHERE r.id = e.id)"

static const char *present(enum query_field field)
{
    switch (field) {
    case QUERY_ATTACHMENT: return "e.has_attachment = 1";
    case QUERY_LIST: return "e.list_id IS NOT NULL";
    case QUERY_CATEGORY: return "e.category IS NOT NULL";
    case QUERY_TAG: return "EXISTS (SELECT 1 FROM email_keyword k WHERE k.email_id = e.id AND k.keyword NOT GLOB '$*')";
    case QUERY_CC: return FROM_RECORD("json_array_length(r.record, '$.cc') > 0");
    case QUERY_BCC: return FROM_RECORD("json_array_length(r.record, '$.bcc') > 0");
    case QUERY_PARENT: return FROM_RECORD("json_array_length(r.record, '$.inReplyTo') > 0");
    case QUERY_SUBJECT: return FROM_RECORD("json_extract(r.record, '$.subject') <> ''");
    case QUERY_AUTOMATIC: return FROM_RECORD("json_extract(r.record, '$.autoSubmitted') <> 'no'");
    case QUERY_FILENAME:
        return FROM_RECORD("EXISTS (SELECT 1 FROM json_each(r.record, '$.attachments') a WHERE json_extract(a.value, '$.name') <> '')");
    default: return "0";
    }
}

static bool put_value(struct clause *c, struct store *s, const struct query *q, struct err *e)
{
    const char *flag = flag_column(q);
    if (flag) {
        buf_fmt(&c->sql, "%s = 1", flag);
        return true;
    }
    switch (q->field) {
    case QUERY_TAG:
        put(c, "EXISTS (SELECT 1 FROM email_keyword k WHERE k.email_id = e.id AND ");
        put_equals(c, "k.keyword", q);
        put(c, ")");
        return true;
    case QUERY_MAILBOX:
        put(c, "EXISTS (SELECT 1 FROM email_mailbox x WHERE x.email_id = e.id AND x.mailbox_id IN (");
        put_ids_by_name(c, "mailbox", q);
        put(c, "))");
        return true;
    case QUERY_ACCOUNT:
        put(c, "e.account_id IN (");
        put_ids_by_name(c, "account", q);
        put(c, ")");
        return true;
    case QUERY_THREAD:
        put(c, "e.thread IN (");
        if (!put_threads(c, s, q, e))
            return false;
        put(c, ")");
        return true;
    case QUERY_ID:
        put(c, "e.id = ?");
        clause_number(c, q->number);
        return true;
    case QUERY_MSGID:
        put(c, "e.message_id = ?");
        clause_text(c, q->text);
        return true;
    case QUERY_LIST: put_equals(c, "e.list_id", q); return true;
    case QUERY_CATEGORY: put_equals(c, "e.category", q); return true;
    case QUERY_DIRECTION: put_equals(c, "e.direction", q); return true;
    case QUERY_IMPORTANCE: put_equals(c, "e.importance", q); return true;
    default: put(c, "0"); return true;
    }
}

/* The children from `child` to before `end`, halved again and again: the parser of SQL counts how deep a chain of ANDs is. */
static bool put_children(struct clause *c, struct store *s, const struct query *child, ptrdiff_t n, const char *join, struct err *e)
{
    if (n == 1)
        return clause_row(c, s, child, e);
    const struct query *middle = child;
    for (ptrdiff_t i = 0; i < n / 2; i++)
        middle = middle->next;
    put(c, "(");
    if (!put_children(c, s, child, n / 2, join, e))
        return false;
    put(c, join);
    if (!put_children(c, s, middle, n - n / 2, join, e))
        return false;
    put(c, ")");
    return true;
}

static bool put_not(struct clause *c, struct store *s, const struct query *child, struct err *e)
{
    const char *flag = flag_column(child);
    if (flag) { /* as the partial index on unread mail wants it */
        buf_fmt(&c->sql, "%s = 0", flag);
        return true;
    }
    put(c, "NOT (");
    if (!clause_row(c, s, child, e))
        return false;
    put(c, ")");
    return true;
}

static bool is_unread(const struct query *q) { return q->op == QUERY_NOT && flag_column(q->child) && str_eq_nocase(q->child->text, S("$seen")); }

void clause_from(struct clause *c, const struct query *q)
{
    bool unread = is_unread(q);
    for (const struct query *child = q->op == QUERY_AND ? q->child : NULL; child; child = child->next)
        unread |= is_unread(child);
    put(c, unread ? " FROM email e INDEXED BY email_unread WHERE " : " FROM email e WHERE ");
}

bool clause_row(struct clause *c, struct store *s, const struct query *q, struct err *e)
{
    ptrdiff_t n = 0;
    switch (q->op) {
    case QUERY_ALL: put(c, "1"); return true;
    case QUERY_NOT: return put_not(c, s, q->child, e);
    case QUERY_BETWEEN: put_between(c, q); return true;
    case QUERY_AND:
    case QUERY_OR:
        for (const struct query *child = q->child; child; child = child->next)
            n++;
        return put_children(c, s, q->child, n, q->op == QUERY_AND ? " AND " : " OR ", e);
    default: break;
    }
    put(c, "ifnull(");
    if (q->op == QUERY_PRESENT)
        put(c, present(q->field));
    else if (!put_value(c, s, q, e))
        return false;
    put(c, ", 0)");
    return true;
}

bool clause_index(struct clause *c, struct store *s, const struct query *q, struct err *e)
{
    switch (q->field) {
    case QUERY_TAG:
        put(c, "SELECT email_id FROM email_keyword WHERE keyword IN (");
        put_values(c, "keyword", "email_keyword", q);
        break;
    case QUERY_MAILBOX:
        put(c, "SELECT email_id FROM email_mailbox WHERE mailbox_id IN (");
        put_ids_by_name(c, "mailbox", q);
        break;
    case QUERY_LIST:
        put(c, "SELECT id FROM email WHERE list_id IN (");
        put_values(c, "list_id", "email", q);
        break;
    case QUERY_CATEGORY:
        put(c, "SELECT id FROM email WHERE category IN (");
        put_values(c, "category", "email", q);
        break;
    case QUERY_THREAD:
        put(c, "SELECT id FROM email WHERE thread IN (");
        if (!put_threads(c, s, q, e))
            return false;
        break;
    case QUERY_MSGID:
        put(c, "SELECT id FROM email WHERE message_id IN (?");
        clause_text(c, q->text);
        break;
    default:
        put(c, "SELECT id FROM email WHERE id IN (?");
        clause_number(c, q->number);
        break;
    }
    put(c, ")");
    return true;
}

/* ---- kinds ------------------------------------------------------------------------------------------ */

struct shape {
    int levels; /* of parentheses: children are halved again and again */
    bool words, others; /* terms of either sort are in it */
    bool index;         /* an index lists one of the others */
};

static bool is_indexed(const struct query *q)
{
    if (q->op != QUERY_EQUALS || flag_column(q))
        return false;
    switch (q->field) {
    case QUERY_TAG:
    case QUERY_MAILBOX:
    case QUERY_LIST:
    case QUERY_CATEGORY:
    case QUERY_THREAD:
    case QUERY_MSGID:
    case QUERY_ID: return true;
    default: return false;
    }
}

static struct shape shape(const struct query *q)
{
    if (!q->child)
        return (struct shape){.levels = 1, .words = q->op == QUERY_WORDS, .others = q->op != QUERY_WORDS, .index = is_indexed(q)};
    struct shape all = {0};
    int children = 0;
    for (const struct query *child = q->child; child; child = child->next, children++) {
        struct shape one = shape(child);
        all.levels = one.levels > all.levels ? one.levels : all.levels;
        all.words |= one.words;
        all.others |= one.others;
        all.index |= one.index;
    }
    for (int n = q->op == QUERY_NOT ? 2 : children; n > 1; n = (n + 1) / 2)
        all.levels++;
    return all;
}

/* FTS5 knows "not" only as "this, but not that". */
static bool matchable(const struct query *q)
{
    if (q->op == QUERY_WORDS)
        return true;
    if (q->op != QUERY_AND && q->op != QUERY_OR)
        return false;
    bool positive = false;
    for (const struct query *child = q->child; child; child = child->next) {
        bool without = q->op == QUERY_AND && child->op == QUERY_NOT;
        if (!matchable(without ? child->child : child))
            return false;
        positive |= !without;
    }
    return positive;
}

bool search_rowable(const struct query *q)
{
    struct shape s = shape(q);
    return !s.words && s.levels <= SEARCH_LEVELS;
}

enum search_kind search_kind(const struct query *q)
{
    struct shape s = shape(q);
    if (is_indexed(q))
        return SEARCH_INDEX;
    if (s.levels > SEARCH_LEVELS)
        return SEARCH_MIXED;
    if (!s.others)
        return matchable(q) ? SEARCH_MATCH : SEARCH_MIXED;
    return !s.words && !s.index ? SEARCH_ROW : SEARCH_MIXED;
}
