/* Addresses that must not be written to. */
#include "store/queue.h"
#include "sys/sys.h"

bool suppress_reason_ok(str reason)
{
    return str_eq(reason, S("bounce")) || str_eq(reason, S("complaint")) || str_eq(reason, S("manual")) || str_eq(reason, S("unsubscribe"));
}

static str domain_of(str address)
{
    ptrdiff_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    return at ? str_skip(address, at - 1) : STR_NONE;
}

static bool is_address(str address)
{
    for (ptrdiff_t i = 0; i < address.len; i++)
        if ((unsigned char)address.ptr[i] <= 0x20 || address.ptr[i] == 0x7F)
            return false;
    return domain_of(address).len > 1 && utf8_valid(address);
}

static str text_or_empty(str s) { return s.ptr ? s : S(""); }
static str none_if_empty(str s) { return s.len ? s : STR_NONE; }

static bool write_row(struct store *s, const struct suppression *x, str address, bool *known, struct err *e)
{
    int64_t found, now = now_s(), created = x->created_at ? x->created_at : now;
    const int64_t *expires = x->expires_at ? &x->expires_at : NULL, *submission = x->submission ? &x->submission : NULL;
    str account = text_or_empty(x->account);
    if (!db_number(s, e, 0, &found, "SELECT id FROM suppression WHERE address = ? AND account = ?", "ss", address, account))
        return false;
    *known = found != 0;
    if (*known)
        return db_run(s, e,
                      "UPDATE suppression SET reason = ?1, detail = coalesce(?2, detail), submission_id = coalesce(?3, submission_id), by = coalesce(?4, by), "
                      "expires_at = CASE WHEN ?5 IS NULL OR expires_at IS NULL THEN NULL ELSE max(expires_at, ?5) END WHERE id = ?6",
                      "ssIsIi", x->reason, none_if_empty(x->detail), submission, none_if_empty(x->by), expires, found);
    return db_run(s, e,
                  "INSERT INTO suppression (address, account, reason, detail, submission_id, by, created_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                  "ssssIsiI", address, account, x->reason, none_if_empty(x->detail), submission, none_if_empty(x->by), created, expires);
}

bool store_suppress_add(struct store *s, const struct suppression *x, bool *known, struct err *e)
{
    arena scratch = s->work;
    if (!is_address(x->address))
        return err_set(e, ERR_INPUT, "suppress.address", "write ann@example.com, or @example.com for everyone there", "\"%.*s\" is no address",
                       STR_ARG(x->address));
    if (!suppress_reason_ok(x->reason))
        return err_set(e, ERR_INPUT, "suppress.reason", "bounce, complaint, manual or unsubscribe", "\"%.*s\" is no reason", STR_ARG(x->reason));
    bool own = !s->in_transaction;
    if (own && !db_begin(s, e))
        return false;
    bool good = write_row(s, x, queue_address(&scratch, x->address), known, e) && (!own || db_commit(s, e));
    if (own)
        db_rollback(s);
    return good;
}

bool store_suppress_begin(struct store *s, struct err *e) { return db_begin(s, e); }

bool store_suppress_commit(struct store *s, struct err *e)
{
    bool good = db_commit(s, e);
    db_rollback(s);
    return good;
}

bool store_suppress_remove(struct store *s, str address, str account, bool *removed, struct err *e)
{
    arena scratch = s->work;
    bool own = !s->in_transaction;
    if (own && !db_begin(s, e))
        return false;
    bool good = db_run(s, e, "DELETE FROM suppression WHERE address = ? AND account = ?", "ss", queue_address(&scratch, address), text_or_empty(account));
    *removed = good && sqlite3_changes(s->db) > 0;
    good = good && (!own || db_commit(s, e));
    if (own)
        db_rollback(s);
    return good;
}

#define COLUMNS "address, account, reason, detail, submission_id, by, created_at, expires_at, id"

static struct suppression row(arena *a, sqlite3_stmt *q)
{
    return (struct suppression){.address = db_text_copy(a, q, 0),
                                .account = none_if_empty(db_text_copy(a, q, 1)),
                                .reason = db_text_copy(a, q, 2),
                                .detail = db_text_copy(a, q, 3),
                                .submission = db_i64(q, 4),
                                .by = db_text_copy(a, q, 5),
                                .created_at = db_i64(q, 6),
                                .expires_at = db_i64(q, 7)};
}

bool store_suppress_find(arena *a, struct store *s, str account, str address, int64_t now, struct suppression *out, struct err *e)
{
    bool failed;
    str kept = queue_address(a, address);
    *out = (struct suppression){0};
    int64_t any;
    /* The usual answer, without the tables that IN and ORDER BY make: claim asks for each recipient. */
    if (!db_number(s, e, 0, &any, "SELECT EXISTS (SELECT 1 FROM suppression WHERE address = ?1) OR EXISTS (SELECT 1 FROM suppression WHERE address = ?2)", "ss",
                   kept, domain_of(kept)))
        return false;
    if (!any)
        return true;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT " COLUMNS " FROM suppression WHERE address IN (?1, ?2) AND account IN ('', ?3) AND (expires_at IS NULL OR expires_at > ?4) "
                               "ORDER BY address = ?2, account DESC LIMIT 1",
                               "sssi", kept, domain_of(kept), account, now);
    if (!db_row(s, q, &failed, e))
        return !failed;
    *out = row(a, q);
    sqlite3_reset(q);
    return true;
}

bool store_suppress_list(arena *a, struct store *s, str address, int64_t after, struct suppressions *out, int64_t *last, struct err *e)
{
    bool failed;
    str kept = address.ptr ? queue_address(a, address) : STR_NONE;
    *out = (struct suppressions){ARENA_ARRAY(a, struct suppression, STORE_PAGE), 0};
    *last = 0;
    sqlite3_stmt *q = db_query(s, e, "SELECT " COLUMNS " FROM suppression WHERE id > ?1 AND (?2 IS NULL OR address IN (?2, ?3)) ORDER BY id LIMIT ?4", "issi", after,
                               kept, address.ptr ? domain_of(kept) : STR_NONE, (int64_t)STORE_PAGE);
    while (db_row(s, q, &failed, e)) {
        out->item[out->n++] = row(a, q);
        *last = db_i64(q, 8);
    }
    return !failed;
}

bool store_suppress_refused(arena *a, struct store *s, str address, str account, struct refused **out, ptrdiff_t *n, struct err *e)
{
    bool failed, whole_domain = str_starts(address, S("@"));
    str kept = queue_address(a, address);
    *out = NULL;
    *n = 0;
    ptrdiff_t cap = 0;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT r.submission_id, r.address FROM recipient r JOIN submission s ON s.id = r.submission_id JOIN account c ON c.id = s.account_id "
                               "WHERE r.error_code = 'queue.suppressed' AND r.status = 'failed' AND (r.address = ?1 OR (?2 AND r.domain = ?3)) "
                               "AND (?4 IS NULL OR c.name = ?4) AND s.expires_at > ?5 ORDER BY 1, 2",
                               "sissi", kept, (int64_t)whole_domain, str_skip(kept, 1), none_if_empty(account), now_s());
    while (db_row(s, q, &failed, e)) {
        if (*n == cap) {
            *out = arena_grow(a, *out, (size_t)cap * sizeof **out, (size_t)(cap ? 2 * cap : 16) * sizeof **out, _Alignof(struct refused));
            cap = cap ? 2 * cap : 16;
        }
        (*out)[(*n)++] = (struct refused){db_i64(q, 0), db_text_copy(a, q, 1)};
    }
    return !failed;
}
