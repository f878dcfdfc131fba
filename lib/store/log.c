/* The events of a store, as records. */
#include "date/date.h"
#include "json/json.h"
#include "store/db.h"

/* What an event must have, with wish_binds; ?1: they come behind that seq. A list is text in which each entry stands between line ends. */
#define WISHED                                                                                                          \
    "FROM event e LEFT JOIN account a ON a.id = e.account_id LEFT JOIN email m ON m.id = e.email_id "                    \
    "WHERE e.seq > ?1 AND e.at >= ?2 AND e.at < ?3 AND (?4 IS NULL OR instr(?4, char(10) || a.name || char(10)) > 0) "   \
    "AND (?5 IS NULL OR instr(?5, char(10) || e.kind || char(10)) > 0 "                                                  \
    "OR instr(?5, char(10) || substr(e.kind, 1, max(instr(e.kind, '.') - 1, 0)) || char(10)) > 0) "

static str as_text(arena *a, const struct strs *list)
{
    struct buf b = buf_new(a, 256);
    if (!list->n)
        return STR_NONE;
    buf_byte(&b, '\n');
    for (ptrdiff_t i = 0; i < list->n; i++) {
        buf_put(&b, list->item[i]);
        buf_byte(&b, '\n');
    }
    return buf_str(&b);
}

/* The seq before the last `limit` of them. */
static bool find_start(struct store *s, struct store_log *w, str accounts, str kinds, struct err *e)
{
    if (!w->limit) {
        w->seq = INT64_MAX;
        return true;
    }
    return db_number(s, e, 0, &w->seq, "SELECT e.seq - 1 " WISHED "ORDER BY e.seq DESC LIMIT 1 OFFSET ?6", "iiissi", w->seq, w->since, w->until, accounts,
                     kinds, w->limit - 1);
}

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_number(struct jwrite *w, str key, int64_t value)
{
    if (!value)
        return;
    jwrite_key(w, key);
    jwrite_i64(w, value);
}

/* Columns as in the SELECT of store_log_lines. */
static void put_event(arena scratch, sqlite3_stmt *q, struct buf *to)
{
    struct jwrite w = {to, false};
    struct buf time = buf_new(&scratch, 32);
    str kind = db_text(q, 2), detail = db_text(q, 7);
    date_put_utc(&time, db_i64(q, 1));
    jwrite_object(&w);
    put_text(&w, S("type"), S("event"));
    put_number(&w, S("v"), 1);
    put_number(&w, S("seq"), db_i64(q, 0));
    put_text(&w, S("at"), buf_str(&time));
    put_text(&w, S("kind"), kind);
    put_number(&w, S("id"), db_i64(q, 3));
    put_text(&w, S("account"), db_text(q, 4));
    put_text(&w, S("blobId"), db_text(q, 5));
    if (!db_is_null(q, 6))
        put_text(&w, S("threadId"), db_thread_name(&scratch, db_i64(q, 6)));
    if (str_eq(kind, S("error")) && detail.len) {
        jwrite_key(&w, S("error"));
        jwrite_raw(&w, detail);
    } else if (detail.len > 2) {
        buf_byte(to, ',');
        buf_put(to, str_first(str_skip(detail, 1), detail.len - 2));
    }
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}

bool store_log_lines(struct store *s, struct store_log *wish, struct buf *to, struct err *e)
{
    arena scratch = s->work;
    str accounts = as_text(&scratch, wish->accounts), kinds = as_text(&scratch, wish->kinds);
    bool failed;
    if (!wish->seq && wish->limit >= 0 && !find_start(s, wish, accounts, kinds, e))
        return false;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT e.seq, e.at, e.kind, e.email_id, a.name, lower(hex(m.blob_id)), e.thread, e.detail " WISHED
                               "ORDER BY e.seq LIMIT ?6",
                               "iiissi", wish->seq, wish->since, wish->until, accounts, kinds, (int64_t)STORE_PAGE);
    if (!q)
        return false;
    while (db_row(s, q, &failed, e)) {
        wish->seq = db_i64(q, 0);
        put_event(scratch, q, to);
    }
    return !failed;
}
