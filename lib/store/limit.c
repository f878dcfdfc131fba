/* What left when: the rows that limits are counted on. */
#include "store/queue.h"

static bool each_row(struct store *s, sqlite3_stmt *q, departure_each *each, void *context, struct err *e)
{
    bool failed;
    while (db_row(s, q, &failed, e)) {
        struct departure d = {.at = db_i64(q, 0),
                              .n = db_i64(q, 1),
                              .account = db_text(q, 2),
                              .profile = db_text(q, 3),
                              .queue = db_text(q, 4),
                              .domain = db_text(q, 5)};
        each(context, &d);
    }
    return !failed;
}

#define COLUMNS "SELECT at, n, account, profile, queue, domain FROM departure "

bool store_departures(struct store *s, str domain, str account, int64_t since, departure_each *each, void *context, struct err *e)
{
    sqlite3_stmt *q;
    if (domain.ptr)
        q = db_query(s, e, COLUMNS "WHERE domain = ?1 AND at > ?2 AND (?3 IS NULL OR account = ?3) ORDER BY at", "sis", domain, since, account);
    else if (account.ptr)
        q = db_query(s, e, COLUMNS "WHERE account = ? AND at > ? ORDER BY at", "si", account, since);
    else
        q = db_query(s, e, COLUMNS "WHERE at > ? ORDER BY at", "i", since);
    return each_row(s, q, each, context, e);
}

static str text(str s) { return s.ptr ? s : S(""); }

bool store_depart(struct store *s, const struct departure *d, struct err *e)
{
    return db_run(s, e, "DELETE FROM departure WHERE at < ?", "i", d->at - DEPARTURE_KEEP_S) &&
           db_run(s, e,
                  "INSERT INTO departure (domain, at, account, profile, queue, n) VALUES (?, ?, ?, ?, ?, ?) "
                  "ON CONFLICT (domain, at, account, profile, queue) DO UPDATE SET n = n + excluded.n",
                  "sisssi", text(d->domain), d->at, text(d->account), text(d->profile), text(d->queue), d->n);
}

bool store_stamp(struct store *s, int64_t *stamp, struct err *e) { return db_number(s, e, 0, stamp, "PRAGMA data_version", ""); }
