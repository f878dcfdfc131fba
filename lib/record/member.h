/* Members of a record by table: one row says how a field of a struct is read and written. */
#ifndef RECORD_MEMBER_H
#define RECORD_MEMBER_H

#include "record/record.h"

enum form {
    FORM_NUMBER,      /* int64_t from `min` on */
    FORM_TRUTH,       /* bool */
    FORM_TIME,        /* int64_t seconds, written in UTC */
    FORM_MOMENT,      /* the same, 0 being null */
    FORM_ZONED,       /* the same with its own offset: int minutes at `with` */
    FORM_TEXT,        /* str, any text */
    FORM_WORD,        /* str, one of the words of enum words at `min` */
    FORM_NAME,        /* str, not empty, no control character: accounts, mailboxes, ids */
    FORM_DIGEST,      /* str, sha256 in hex */
    FORM_PATH,        /* str, not empty, no NUL */
    FORM_TEXTS,       /* struct strs */
    FORM_NAMES,       /* struct strs of names */
    FORM_NUMBERS,     /* int64_t *, and ptrdiff_t how many at `with` */
    FORM_ADDRESSES,   /* struct addresses */
    FORM_ATTACHMENTS, /* struct attachment *, how many at `with` */
    FORM_DEFECTS,     /* struct defect *, how many at `with` */
    FORM_HEADERS,     /* struct header_field *, how many at `with` */
    FORM_SOURCE,      /* struct source */
    FORM_ENVELOPE,    /* struct envelope */
    FORM_OBJECT,      /* str, JSON as it stands */
    FORM_ARRAY        /* str, JSON as it stands */
};

enum words { WORDS_FORMAT, WORDS_TEXT_FROM, WORDS_IMPORTANCE, WORDS_DIRECTION, WORDS_POLL };

struct member {
    str name;
    enum form form;
    size_t at, with; /* offsets in the struct */
    int64_t min;
};

#define COUNT_OF(table) (ptrdiff_t)(sizeof(table) / sizeof *(table))

/* The row of that name, -1: none. guess: where it is likely, the row behind the last one. */
ptrdiff_t member_find(const struct member *table, ptrdiff_t n, str name, ptrdiff_t guess);
/* Numbers, truths and times are left as they are for null, which is for the caller to note; all else becomes empty.
 * NULL, or what the value must be: "an integer from 0 on". */
const char *member_read(arena *a, const struct member *m, const struct jnode *value, void *base);
bool member_has_null(const struct member *m); /* whether null is a value of its own in the struct */
void member_write(struct jwrite *w, const struct member *m, const void *base);
/* The members whose bit is set in known or nulls, then what is unknown. */
void members_write(struct jwrite *w, const struct member *table, ptrdiff_t n, const void *base, uint64_t known, uint64_t nulls, uint64_t kept,
                   str unknown);

/* Collects the members that a table does not know; of a repeated one only the last. */
struct unknowns {
    struct map seen;
};
void unknowns_add(arena *a, struct unknowns *u, const struct jnode *key);
/* `"a":1,"b":2` in the order in which they first came, STR_NONE where there are none. */
str unknowns_text(arena *a, const struct jnode *object, const struct unknowns *u);

#endif
