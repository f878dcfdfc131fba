/* The query language of mail-query(7): text to a tree. What a tree finds is decided by its evaluators: lib/store makes SQL and
 * full-text matches of it, lib/record looks at an email, the search of mail-fetch makes IMAP SEARCH keys.
 *
 *     from:bob subject:"unpaid invoice" (has:attachment or larger:1M) -is:read newer:7d tag:billing list:users.example.com
 *
 * An evaluator is a switch over op with a recursion for QUERY_AND, QUERY_OR and QUERY_NOT; a tree is at most QUERY_LEVELS deep. */
#ifndef QUERY_H
#define QUERY_H

#include "str/str.h"

/* Limits; a query beyond one is refused with a fault that says so. */
enum {
    QUERY_OCTETS = 64 << 10, /* the whole text */
    QUERY_TERMS = 1000,      /* terms: what is compared with a message */
    QUERY_DEPTH = 32,        /* parentheses within parentheses */
    QUERY_LEVELS = 3 * (QUERY_DEPTH + 1) + 1 /* each pair of parentheses may add an or, an and, a not; and the term */
};

enum query_op {
    QUERY_ALL,     /* every message */
    QUERY_AND,     /* child, then its next: two or more */
    QUERY_OR,      /* the same */
    QUERY_NOT,     /* one child */
    QUERY_WORDS,   /* the field holds the words of text one after the other, blind to case and accents;
                      with prefix the last word may go on. Fields QUERY_ANYWHERE to QUERY_FILENAME */
    QUERY_EQUALS,  /* a value of the field is text, blind to ASCII case but for QUERY_THREAD, QUERY_MSGID; with prefix
                      it begins with text. Fields QUERY_LIST to QUERY_IMPORTANCE; QUERY_ID has number, not text */
    QUERY_PRESENT, /* the field has a value: QUERY_CC, _BCC, _SUBJECT, _FILENAME, _LIST, _TAG, _CATEGORY, _ATTACHMENT, _PARENT, _AUTOMATIC;
                      a tag that begins with $ is none */
    QUERY_BETWEEN  /* min <= the field <= max: QUERY_RECEIVED (seconds since 1970 UTC), QUERY_SIZE (octets) */
};

enum query_field {
    QUERY_ANYWHERE, /* a word without a field: any of the fields from QUERY_FROM to QUERY_FILENAME */
    QUERY_FROM,     /* names and addresses */
    QUERY_TO,
    QUERY_CC,
    QUERY_BCC,
    QUERY_SUBJECT,
    QUERY_BODY,
    QUERY_FILENAME, /* names of attachments */
    QUERY_LIST,     /* List-Id without <> */
    QUERY_ACCOUNT,
    QUERY_MAILBOX,
    QUERY_THREAD,   /* a thread's id (t and 16 hex digits), else the Message-ID of any message in it, without <> */
    QUERY_MSGID,    /* without <> */
    QUERY_TAG,      /* a keyword: "billing", "$seen" */
    QUERY_CATEGORY,
    QUERY_DIRECTION,  /* "inbound", "outbound", "internal" */
    QUERY_IMPORTANCE, /* "high", "normal", "low" */
    QUERY_ID,         /* the store's number of a message, > 0 */
    QUERY_ATTACHMENT, /* hasAttachment */
    QUERY_PARENT,     /* inReplyTo */
    QUERY_AUTOMATIC,  /* autoSubmitted is something other than "no" */
    QUERY_RECEIVED,
    QUERY_SIZE,
    QUERY_FIELDS
};

struct query {
    enum query_op op;
    enum query_field field;
    struct query *child, *next;
    str text; /* never empty for QUERY_WORDS and QUERY_EQUALS; valid UTF-8 */
    bool prefix;
    int64_t min, max; /* QUERY_BETWEEN; INT64_MIN, INT64_MAX: open */
    int64_t number;   /* QUERY_ID */
    ptrdiff_t at;     /* octet of the query's text at which it stands */
};

struct query_fault {
    ptrdiff_t at;   /* octet of the query's text; its length: at the end */
    char text[160]; /* what is wrong, one sentence without an end: no field is called "form" */
    char hint[160]; /* what to do: did you mean from:? May be empty */
};

/* now: seconds since 1970 UTC, where newer, older, today and yesterday begin. Days are those of TZ. The tree and its texts lie in the
 * arena. A text of nothing but white space is QUERY_ALL. NULL with *fault where the text is no query. */
struct query *query_parse(arena *a, str text, int64_t now, struct query_fault *fault);

/* Trees from options: a QUERY_EQUALS for each name, any of which will do; NULL where there is none. */
struct query *query_any_of(arena *a, enum query_field field, const struct strs *names);
/* Both; NULL stands for every message. Takes the nodes into its own tree. */
struct query *query_both(arena *a, struct query *x, struct query *y);

/* The query's text with a mark under octet `at`, two lines that end with LF, each indented: for people. A long text is cut around the
 * mark; control characters and invalid UTF-8 are shown as '?'. */
str query_caret(arena *a, str text, ptrdiff_t at);

/* The tree, on one line: (and (words from "bob") (not (equals tag "$seen"))). */
void query_write(struct buf *to, const struct query *q);

#endif
