#include "store/db.h"

#include "sys/sys.h"

enum {
    NEWS = 8,                /* polls with mail that are looked at */
    NEWS_S = 7 * 86400,      /* and how far back */
    FAILURES = 64            /* in one mailbox: more makes no difference */
};

/* The next mailbox of an account that was ever polled, by name; STR_NONE behind the last. */
static bool next_mailbox(arena *a, struct store *s, int64_t account, str after, str *out, struct err *e)
{
    bool failed;
    sqlite3_stmt *q = db_query(s, e, "SELECT min(mailbox) FROM poll WHERE account_id = ? AND mailbox > ?", "is", account, after);
    *out = STR_NONE;
    if (!q)
        return false;
    while (db_row(s, q, &failed, e))
        *out = db_text_copy(a, q, 0);
    return !failed;
}

static bool polled_mailboxes(arena *a, struct store *s, int64_t account, struct strs *out, struct err *e)
{
    for (str name = S("");;) {
        if (!next_mailbox(a, s, account, name, &name, e))
            return false;
        if (!name.len)
            return true;
        strs_add(a, out, name);
    }
}

static bool last_of(struct store *s, int64_t account, str mailbox, int64_t *started_at, struct err *e)
{
    return db_number(s, e, 0, started_at, "SELECT started_at FROM poll WHERE account_id = ? AND mailbox = ? ORDER BY ended_at DESC, id DESC LIMIT 1",
                     "is", account, mailbox);
}

/* When it was last polled: the mailbox of those wanted that waits for longest; of "*" the one that was polled last. */
static bool find_last(struct store *s, int64_t account, const struct strs *wanted, const struct strs *polled, int64_t *out, struct err *e)
{
    bool all = strs_have(wanted, S("*"));
    const struct strs *names = all ? polled : wanted;
    int64_t at;
    *out = 0;
    for (ptrdiff_t i = 0; i < names->n; i++) {
        str name = str_eq_nocase(names->item[i], S("INBOX")) ? S("INBOX") : names->item[i];
        if (!last_of(s, account, name, &at, e))
            return false;
        if (i == 0 || (all ? at > *out : at < *out))
            *out = at;
    }
    return true;
}

/* Since the last poll that did not fail, whatever mailbox: the largest number of failures of one. */
static bool find_failures(struct store *s, int64_t account, const struct strs *polled, int64_t *out, struct err *e)
{
    int64_t good = 0, last = 0, n;
    for (ptrdiff_t i = 0; i < polled->n; i++) {
        if (!db_number(s, e, 0, &n, "SELECT id FROM poll WHERE account_id = ? AND mailbox = ? AND status <> 'failed' ORDER BY ended_at DESC, id DESC LIMIT 1",
                       "is", account, polled->item[i]))
            return false;
        good = n > good ? n : good;
    }
    for (ptrdiff_t i = 0; i < polled->n; i++) {
        if (!db_number(s, e, 0, &n,
                       "SELECT count(*) FROM (SELECT id FROM poll WHERE account_id = ? AND mailbox = ? ORDER BY ended_at DESC, id DESC LIMIT ?) WHERE id > ?",
                       "isii", account, polled->item[i], (int64_t)FAILURES, good))
            return false;
        last = n > last ? n : last;
    }
    *out = last;
    return true;
}

static void add_news(struct poll_past *out, int64_t *at, int64_t ended_at)
{
    ptrdiff_t i = out->news < NEWS ? out->news++ : NEWS;
    for (; i > 0 && at[i - 1] < ended_at; i--)
        if (i < NEWS)
            at[i] = at[i - 1];
    if (i < NEWS)
        at[i] = ended_at;
}

static bool find_news(struct store *s, int64_t account, const struct strs *polled, struct poll_past *out, struct err *e)
{
    int64_t at[NEWS] = {0};
    bool failed;
    for (ptrdiff_t i = 0; i < polled->n; i++) {
        sqlite3_stmt *q = db_query(s, e, "SELECT ended_at FROM poll WHERE account_id = ? AND mailbox = ? AND ended_at > ? AND fetched > 0 ORDER BY ended_at DESC LIMIT ?",
                                   "isii", account, polled->item[i], now_s() - NEWS_S, (int64_t)NEWS);
        if (!q)
            return false;
        while (db_row(s, q, &failed, e))
            add_news(out, at, db_i64(q, 0));
        if (failed)
            return false;
    }
    out->news_since = out->news ? at[out->news - 1] : 0;
    return true;
}

bool store_poll_past(arena *a, struct store *s, str account, const struct strs *mailboxes, struct poll_past *out, struct err *e)
{
    int64_t id;
    struct strs polled = {0};
    *out = (struct poll_past){0};
    if (!db_number(s, e, 0, &id, "SELECT id FROM account WHERE name = ?", "s", account))
        return false;
    if (!id)
        return true;
    return polled_mailboxes(a, s, id, &polled, e) && find_last(s, id, mailboxes, &polled, &out->last_at, e) &&
           find_failures(s, id, &polled, &out->failures, e) && find_news(s, id, &polled, out, e);
}
