#include "store/db.h"

#include "json/json.h"

/* Names by row number, read once: reports see a name for every email. */
struct names_of {
    str *item;
    ptrdiff_t n;
    bool *wanted; /* NULL: all are */
};

static bool read_names(arena *a, struct store *s, const char *sql, const char *count, struct names_of *out, struct err *e)
{
    int64_t max;
    if (!db_number(s, e, 0, &max, count, ""))
        return false;
    *out = (struct names_of){.item = ARENA_ARRAY(a, str, max + 1), .n = max + 1};
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, sql, "");
    while (q && db_row(s, q, &failed, e))
        if (db_i64(q, 0) < out->n)
            out->item[db_i64(q, 0)] = db_text_copy(a, q, 1);
    return q && !failed;
}

static bool read_accounts(arena *a, struct store *s, const struct stats_range *range, struct names_of *out, struct err *e)
{
    if (!read_names(a, s, "SELECT id, name FROM account", "SELECT max(id) FROM account", out, e))
        return false;
    if (!range->accounts || !range->accounts->n)
        return true;
    out->wanted = ARENA_ARRAY(a, bool, out->n);
    for (ptrdiff_t i = 0; i < out->n; i++)
        out->wanted[i] = out->item[i].ptr && strs_have(range->accounts, out->item[i]);
    return true;
}

static bool is_wanted(const struct names_of *accounts, int64_t id)
{
    return id >= 0 && id < accounts->n && (!accounts->wanted || accounts->wanted[id]);
}

static str name_at(const struct names_of *names, int64_t id) { return id >= 0 && id < names->n ? names->item[id] : STR_NONE; }

/* One transaction around a report's rows, so that its parts agree; the caller's where there is one (store_read_begin). */
static bool begin(struct store *s, bool *mine, struct err *e)
{
    *mine = sqlite3_get_autocommit(s->db);
    return !*mine || db_script(s, "BEGIN", e);
}

static bool end(struct store *s, bool mine, bool good, struct err *e) { return (!mine || db_script(s, "COMMIT", good ? e : NULL)) && good; }

/* ---- emails --------------------------------------------------------------------------------------- */

/* Rows come as calls of an aggregate function: SQLite's own loop over a table is twice as fast as a step and ten questions for each row. Reading a
 * column costs as much again, so each detail has but what it needs; take_email knows the order. */
#define SCAN(columns, join, where) "SELECT each_email(e.account_id, e.id, e.received_at, e.size" columns ") FROM email e " join " WHERE " where
#define SCANS(columns, join) {SCAN(columns, join, "? < ?"), SCAN(columns, join, "+e.received_at >= ? AND +e.received_at < ?"), \
                              SCAN(columns, join, "e.received_at >= ? AND e.received_at < ?")}

/* By detail; then: all of it; the whole table in its order; through the index on received_at. */
enum path { PATH_ALL, PATH_TABLE, PATH_INDEX, PATHS };
static const char *const scans[][PATHS] = {
    [STATS_SENDERS] = SCANS(", e.from_id", ""),
    [STATS_FLAGS] = SCANS(", e.direction, e.seen, e.has_attachment", ""),
    [STATS_THREADS] = SCANS(", e.direction, e.draft, e.thread, e.from_id", ""),
    [STATS_RECORD] = SCANS(", r.record", "CROSS JOIN email_record r ON r.id = e.id"),
    [STATS_MAILBOXES] = SCANS(", e.direction, e.seen, e.has_attachment, x.mailbox_id", "LEFT JOIN email_mailbox x ON x.email_id = e.id"),
};

struct scan {
    enum stats_detail detail;
    struct names_of accounts, mailboxes;
    stats_each_email *each;
    void *context;
};

static str text_of(sqlite3_value *v)
{
    const char *text = sqlite3_value_blob(v);
    return text ? str_of(text, sqlite3_value_bytes(v)) : STR_NONE;
}

static void take_email(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    const struct scan *scan = ((struct store *)sqlite3_user_data(c))->scan;
    struct stats_email m = {.account_id = sqlite3_value_int64(v[0])};
    if (!is_wanted(&scan->accounts, m.account_id))
        return;
    m.account = name_at(&scan->accounts, m.account_id);
    m.id = sqlite3_value_int64(v[1]);
    m.received_at = sqlite3_value_int64(v[2]);
    m.size = sqlite3_value_int64(v[3]);
    switch (scan->detail) {
    case STATS_SENDERS: m.from = sqlite3_value_int64(v[4]); break;
    case STATS_THREADS:
        m.direction = text_of(v[4]);
        m.draft = sqlite3_value_int(v[5]);
        m.thread = sqlite3_value_int64(v[6]);
        m.from = sqlite3_value_int64(v[7]);
        break;
    case STATS_RECORD: m.record = text_of(v[4]); break;
    case STATS_MAILBOXES: m.mailbox = name_at(&scan->mailboxes, sqlite3_value_int64(v[7])); /* fall through */
    case STATS_FLAGS:
        m.direction = text_of(v[4]);
        m.seen = sqlite3_value_int(v[5]);
        m.has_attachment = sqlite3_value_int(v[6]);
    }
    scan->each(scan->context, &m);
}

static void no_more_emails(sqlite3_context *c) { sqlite3_result_null(c); }

/* What a scan reads it reads once: with few pages to put them in, these stay in the processor's cache. */
static bool have_each_email(struct store *s, struct err *e)
{
    if (s->has_each_email)
        return true;
    if (!db_script(s, "PRAGMA cache_size = -200", e))
        return false;
    if (sqlite3_create_function(s->db, "each_email", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY, s, NULL, take_email, no_more_emails) != SQLITE_OK)
        return db_error(s, e, "cannot read emails");
    s->has_each_email = true;
    return true;
}

enum { COST_LOOKUP = 4 /* what a row costs through the index, in rows of the table in its order */ };

static bool choose_path(struct store *s, const struct stats_range *range, enum path *out, struct err *e)
{
    int64_t all, some;
    *out = PATH_ALL;
    if (range->since == INT64_MIN && range->until == INT64_MAX)
        return true;
    if (!db_number(s, e, 0, &all, "SELECT max(id) FROM email", "") ||
        !db_number(s, e, 0, &some, "SELECT count(*) FROM email WHERE received_at >= ? AND received_at < ?", "ii", range->since, range->until))
        return false;
    *out = some < all / COST_LOOKUP ? PATH_INDEX : PATH_TABLE;
    return true;
}

static bool read_emails(arena *a, struct store *s, const struct stats_range *range, struct scan *scan, struct err *e)
{
    enum path path;
    bool failed = false;
    if (!read_accounts(a, s, range, &scan->accounts, e) || !choose_path(s, range, &path, e) || !have_each_email(s, e))
        return false;
    if (scan->detail == STATS_MAILBOXES && !read_names(a, s, "SELECT id, name FROM mailbox", "SELECT max(id) FROM mailbox", &scan->mailboxes, e))
        return false;
    s->scan = scan;
    sqlite3_stmt *q = db_query(s, e, scans[scan->detail][path], "ii", range->since, range->until);
    while (q && db_row(s, q, &failed, e))
        ;
    s->scan = NULL;
    return q && !failed;
}

bool stats_emails(arena *a, struct store *s, const struct stats_range *range, enum stats_detail detail, stats_each_email *each,
                  void *context, struct err *e)
{
    bool mine;
    struct scan scan = {.detail = detail, .each = each, .context = context};
    return begin(s, &mine, e) && end(s, mine, read_emails(a, s, range, &scan, e), e);
}

/* Without accounts the index on received_at has both ends; with them each row is looked at. */
bool stats_span(struct store *s, const struct stats_range *range, int64_t *first, int64_t *last, bool *any, struct err *e)
{
    static const char lowest[] = "SELECT received_at FROM email WHERE received_at >= ? AND received_at < ? ORDER BY received_at LIMIT 1";
    static const char highest[] = "SELECT received_at FROM email WHERE received_at >= ? AND received_at < ? ORDER BY received_at DESC LIMIT 1";
    static const char of_account[] = "SELECT min(e.received_at), max(e.received_at) FROM email e JOIN account a ON a.id = e.account_id "
                                     "WHERE e.received_at >= ? AND e.received_at < ? AND a.name = ?";
    *any = false;
    if (!range->accounts || !range->accounts->n) {
        *any = true;
        if (!db_number(s, e, INT64_MIN, first, lowest, "ii", range->since, range->until) ||
            !db_number(s, e, INT64_MIN, last, highest, "ii", range->since, range->until))
            return false;
        *any = *first != INT64_MIN;
        return true;
    }
    bool failed = false;
    for (ptrdiff_t i = 0; i < range->accounts->n && !failed; i++) {
        sqlite3_stmt *q = db_query(s, e, of_account, "iis", range->since, range->until, range->accounts->item[i]);
        while (db_row(s, q, &failed, e)) {
            if (db_is_null(q, 0))
                continue;
            *first = !*any || db_i64(q, 0) < *first ? db_i64(q, 0) : *first;
            *last = !*any || db_i64(q, 1) > *last ? db_i64(q, 1) : *last;
            *any = true;
        }
    }
    return !failed;
}

bool stats_ever(struct store *s, const struct stats_range *range, int64_t *first, int64_t *last, bool *any, struct err *e)
{
    static const char span[] = "SELECT min(lowest), max(highest) FROM (SELECT min(received_at) AS lowest, max(received_at) AS highest FROM email "
                               "UNION ALL SELECT min(started_at), max(started_at) FROM poll UNION ALL SELECT min(at), max(at) FROM attempt "
                               "UNION ALL SELECT min(created_at), max(created_at) FROM submission "
                               "UNION ALL SELECT min(at), max(at) FROM event WHERE kind = 'error')";
    bool failed = false;
    *any = false;
    sqlite3_stmt *q = db_query(s, e, span, "");
    while (q && db_row(s, q, &failed, e)) {
        *first = db_i64(q, 0) > range->since ? db_i64(q, 0) : range->since;
        *last = db_i64(q, 1) < range->until ? db_i64(q, 1) : range->until - 1;
        *any = !db_is_null(q, 0) && *first <= *last;
    }
    return q && !failed;
}

bool stats_accounts(arena *a, struct store *s, struct strs *out, struct err *e)
{
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT name FROM account ORDER BY name", "");
    while (q && db_row(s, q, &failed, e))
        strs_add(a, out, db_text_copy(a, q, 0));
    return q && !failed;
}

/* ---- people ---------------------------------------------------------------------------------------- */

static bool one_text(arena *a, struct store *s, const char *sql, int64_t id, str *out, struct err *e)
{
    bool failed = false;
    *out = STR_NONE;
    sqlite3_stmt *q = db_query(s, e, sql, "i", id);
    while (q && db_row(s, q, &failed, e))
        *out = db_text_copy(a, q, 0);
    return q && !failed;
}

enum { MANY_PEOPLE = 64 /* of more all rows of address are read at once */ };

/* No text of JSON holds such a key: its quotes would be escaped. */
str stats_record_part(arena *a, str record, str first, str behind)
{
    ptrdiff_t start = str_find(record, first), n = start < 0 ? -1 : str_find(str_skip(record, start), behind);
    if (n <= 0)
        return record;
    char *part = arena_alloc(a, (size_t)n + 1, 1);
    memcpy(part, record.ptr + start, (size_t)n);
    part[0] = '{'; /* for the comma */
    part[n] = '}';
    return str_of(part, n + 1);
}

/* The name of the first of `from`, as it stands in the record. */
static str name_in(arena *a, str record)
{
    struct json_fault fault;
    const struct jnode *from = jread_first(jread_member(jread(a, stats_record_part(a, record, S(",\"from\":"), S(",\"to\":")), &fault), S("from")));
    return jread_string(a, jread_member(from, S("name")));
}

static bool read_people(arena *a, struct store *s, struct stats_person *list, ptrdiff_t n, struct err *e)
{
    struct names_of all = {0};
    bool failed = false, many = n > MANY_PEOPLE;
    arena *work = &s->work;
    if (many && !read_names(a, s, "SELECT id, email FROM address", "SELECT max(id) FROM address", &all, e))
        return false;
    for (ptrdiff_t i = 0; i < n; i++) {
        struct stats_person *p = &list[i];
        p->email = name_at(&all, p->address);
        if (!many && !one_text(a, s, "SELECT email FROM address WHERE id = ?", p->address, &p->email, e))
            return false;
        if (!p->newest)
            continue;
        sqlite3_stmt *q = db_query(s, e, "SELECT record FROM email_record WHERE id = ?", "i", p->newest);
        while (q && db_row(s, q, &failed, e)) {
            arena scratch = *work;
            str name = name_in(&scratch, db_text(q, 0));
            p->name = name.ptr ? str_copy(a, name) : STR_NONE;
        }
        if (!q || failed)
            return false;
    }
    return true;
}

bool stats_people(arena *a, struct store *s, struct stats_person *list, ptrdiff_t n, struct err *e)
{
    bool mine;
    return begin(s, &mine, e) && end(s, mine, read_people(a, s, list, n, e), e);
}

bool stats_address_find(arena *a, struct store *s, str email, struct ids *out, struct err *e)
{
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT id FROM address WHERE email = ? COLLATE NOCASE", "s", email);
    while (q && db_row(s, q, &failed, e))
        ids_add(a, out, db_i64(q, 0));
    return q && !failed;
}

/* ---- polls ---------------------------------------------------------------------------------------- */

#define POLLS "SELECT account_id, mailbox, host, status, code, error, started_at, ended_at, found, fetched, failed, octets FROM poll " \
              "WHERE started_at >= ? AND started_at < ? AND (? OR status <> 'ok') ORDER BY "

static bool read_polls(arena *a, struct store *s, const struct stats_range *range, stats_each_poll *each, void *context, struct err *e)
{
    struct names_of accounts;
    if (!read_accounts(a, s, range, &accounts, e))
        return false;
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, range->any_order ? POLLS "id DESC" : POLLS "started_at, id", "iii", range->since, range->until,
                               (int64_t)!range->failed);
    while (q && db_row(s, q, &failed, e)) {
        struct stats_poll p = {name_at(&accounts, db_i64(q, 0)), db_text(q, 1), db_text(q, 2), db_text(q, 3), db_text(q, 4), db_text(q, 5),
                               db_i64(q, 6), db_i64(q, 7), db_i64(q, 8), db_i64(q, 9), db_i64(q, 10), db_i64(q, 11)};
        if (is_wanted(&accounts, db_i64(q, 0)))
            each(context, &p);
    }
    return q && !failed;
}

bool stats_polls(arena *a, struct store *s, const struct stats_range *range, stats_each_poll *each, void *context, struct err *e)
{
    bool mine;
    return begin(s, &mine, e) && end(s, mine, read_polls(a, s, range, each, context, e), e);
}

/* ---- the queue ------------------------------------------------------------------------------------ */

#define RECIPIENTS "SELECT m.account_id, m.queue, r.address, r.domain, r.status, m.size, r.attempts, m.created_at, r.last_at " \
                   "FROM recipient r JOIN submission m ON m.id = r.submission_id WHERE m.created_at >= ? AND m.created_at < ? ORDER BY "

static bool read_recipients(arena *a, struct store *s, const struct stats_range *range, stats_each_recipient *each, void *context, struct err *e)
{
    struct names_of accounts;
    if (!read_accounts(a, s, range, &accounts, e))
        return false;
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, range->any_order ? RECIPIENTS "r.id" : RECIPIENTS "m.created_at, r.id", "ii", range->since, range->until);
    while (q && db_row(s, q, &failed, e)) {
        struct stats_recipient r = {.account = name_at(&accounts, db_i64(q, 0)), .queue = db_text(q, 1), .address = db_text(q, 2),
                                    .domain = db_text(q, 3), .size = db_i64(q, 5), .attempts = db_i64(q, 6), .created_at = db_i64(q, 7),
                                    .last_at = db_i64(q, 8)};
        if (is_wanted(&accounts, db_i64(q, 0)) && queue_status_named(db_text(q, 4), &r.status))
            each(context, &r);
    }
    return q && !failed;
}

bool stats_recipients(arena *a, struct store *s, const struct stats_range *range, stats_each_recipient *each, void *context, struct err *e)
{
    bool mine;
    return begin(s, &mine, e) && end(s, mine, read_recipients(a, s, range, each, context, e), e);
}

static bool read_attempts(arena *a, struct store *s, const struct stats_range *range, stats_each_attempt *each, void *context, struct err *e)
{
    struct names_of accounts;
    if (!read_accounts(a, s, range, &accounts, e))
        return false;
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT m.account_id, r.address, r.domain, t.status, t.phase, t.enhanced_code, t.server, t.host, t.error_code, t.at, t.code "
                               "FROM attempt t JOIN recipient r ON r.id = t.recipient_id JOIN submission m ON m.id = r.submission_id "
                               "WHERE t.at >= ? AND t.at < ? AND (? OR t.status <> 'sent') ORDER BY t.at, t.id",
                               "iii", range->since, range->until, (int64_t)!range->failed);
    while (q && db_row(s, q, &failed, e)) {
        struct stats_attempt t = {name_at(&accounts, db_i64(q, 0)), db_text(q, 1), db_text(q, 2), db_text(q, 3), db_text(q, 4), db_text(q, 5),
                                  db_text(q, 6), db_text(q, 7), db_text(q, 8), db_i64(q, 9), db_i64(q, 10)};
        if (is_wanted(&accounts, db_i64(q, 0)))
            each(context, &t);
    }
    return q && !failed;
}

bool stats_attempts(arena *a, struct store *s, const struct stats_range *range, stats_each_attempt *each, void *context, struct err *e)
{
    bool mine;
    return begin(s, &mine, e) && end(s, mine, read_attempts(a, s, range, each, context, e), e);
}

static bool read_bounces(arena *a, struct store *s, const struct stats_range *range, stats_each_bounce *each, void *context, struct err *e)
{
    struct names_of accounts;
    if (!read_accounts(a, s, range, &accounts, e))
        return false;
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e,
                               "SELECT coalesce(m.account_id, -1), b.recipient, b.kind, b.class, b.status, b.diagnostic, b.at "
                               "FROM bounce b LEFT JOIN submission m ON m.id = b.submission_id "
                               "WHERE b.at >= ? AND b.at < ? ORDER BY b.at, b.id",
                               "ii", range->since, range->until);
    while (q && db_row(s, q, &failed, e)) {
        struct stats_bounce b = {name_at(&accounts, db_i64(q, 0)), db_text(q, 1), db_text(q, 2), db_text(q, 3),
                                 db_text(q, 4), db_text(q, 5), db_i64(q, 6)};
        if (!accounts.wanted || is_wanted(&accounts, db_i64(q, 0)))
            each(context, &b);
    }
    return q && !failed;
}

bool stats_bounces(arena *a, struct store *s, const struct stats_range *range, stats_each_bounce *each, void *context, struct err *e)
{
    bool mine;
    return begin(s, &mine, e) && end(s, mine, read_bounces(a, s, range, each, context, e), e);
}

/* What was tried last, and what is tried next: of all accounts. */
bool stats_sending(struct store *s, struct stats_sending *out, struct err *e)
{
    int64_t paused;
    *out = (struct stats_sending){0};
    if (!db_number(s, e, 0, &out->last_at, "SELECT max(at) FROM attempt WHERE status <> 'bounced'", "") ||
        !db_number(s, e, 0, &out->next_at, "SELECT min(next_at) FROM submission WHERE next_at IS NOT NULL", "") ||
        !db_number(s, e, 0, &paused, "SELECT count(*) FROM pause WHERE scope = 'all'", ""))
        return false;
    out->paused = paused > 0;
    return true;
}

bool stats_errors(struct store *s, const struct stats_range *range, stats_each_error *each, void *context, struct err *e)
{
    bool failed = false;
    sqlite3_stmt *q = db_query(s, e, "SELECT at, detail FROM event WHERE kind = 'error' AND at >= ? AND at < ? ORDER BY seq", "ii", range->since,
                               range->until);
    while (q && db_row(s, q, &failed, e)) {
        struct stats_error x = {db_i64(q, 0), db_text(q, 1)};
        each(context, &x);
    }
    return q && !failed;
}
