/* Private to lib/store: a query's tree as SQL and full-text matches. The public part is in store.h.
 *
 * A tree falls into three kinds of subtrees: words, which one FTS5 match answers; terms that an index lists (tags, mailboxes, …), and
 * terms that are read from a row. The first two make sets of row numbers (idset.h), the last a WHERE. */
#ifndef STORE_SEARCH_H
#define STORE_SEARCH_H

#include "query/query.h"
#include "store/db.h"

enum {
    SEARCH_LEVELS = 16 /* parentheses within parentheses of one match or WHERE: the parsers of SQLite and FTS5 have a stack of 100. What
                          is nested deeper is put together from sets */
};

enum search_kind {
    SEARCH_MATCH, /* one FTS5 match */
    SEARCH_INDEX, /* one term that an index lists */
    SEARCH_ROW,   /* terms that a row answers, no index lists: one WHERE */
    SEARCH_MIXED  /* all else */
};
enum search_kind search_kind(const struct query *q);
/* Whether rows answer it, index or not: no words are in it. */
bool search_rowable(const struct query *q);

/* -- match.c -- */
/* The FTS5 expression of a SEARCH_MATCH. False: a text has no word in it (class usage). */
bool match_write(arena *a, struct buf *to, const struct query *q, struct err *e);

/* -- clause.c: SQL with its parameters in order -- */
struct clause {
    arena *mem;
    struct buf sql;
    struct clause_value {
        str text; /* STR_NONE: number counts */
        int64_t number;
    } *value;
    ptrdiff_t n, cap;
};
struct clause clause_new(arena *a);
void clause_text(struct clause *c, str text);
void clause_number(struct clause *c, int64_t number);
/* FROM and WHERE for rows that must answer q: unread mail has an index of its own, also in the order of time. */
void clause_from(struct clause *c, const struct query *q);
/* A condition on the row e of email; never NULL. */
bool clause_row(struct clause *c, struct store *s, const struct query *q, struct err *e);
/* A SELECT of the numbers of emails, for a SEARCH_INDEX. */
bool clause_index(struct clause *c, struct store *s, const struct query *q, struct err *e);
/* The statement with its values; the caller finalizes it. NULL with *e. */
sqlite3_stmt *clause_prepare(struct clause *c, struct store *s, struct err *e);

#endif
