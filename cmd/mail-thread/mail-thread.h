/* The parts of mail-thread. */
#ifndef MAIL_THREAD_H
#define MAIL_THREAD_H

#include "record/record.h"
#include "store/store.h"
#include "sys/sys.h"
#include "thread/thread.h"

enum {
    MESSAGE_MEMORY = 1 << 30, /* addresses for one record and what is made of it */
    LINKS_REMEMBERED = 4 << 20 /* message ids; beyond, a run with a store begins to remember anew */
};

/* Records in, the same with threadId out. s: NULL for none. */
void filter_run(struct lines *in, struct store *s, struct out *out);

/* ---- trees ------------------------------------------------------------------------------------------------- */

enum tree_form { TREE_NONE, TREE_IMAP, TREE_TEXT, TREE_JSON };

/* What is printed of a message; texts are STR_NONE where they are not known. */
struct leaf {
    int64_t id; /* in the store, 0: none */
    int64_t date; /* seconds since 1970 UTC */
    str blob_id, message_id, from_name, from_email, subject;
    uint64_t subject_hash, thread;
};
struct leaves {
    struct leaf *item; /* item[number - 1] */
    ptrdiff_t n;
};

/* Reads all, then prints the trees. */
void tree_run(arena *a, struct lines *in, enum thread_algorithm algorithm, enum tree_form form, struct out *out);

/* The THREAD response of RFC 5256 without "* THREAD ", one line. */
void print_imap(const struct thread_tree *t, struct out *out);
/* A line for each message, for people. width: columns of the terminal, 0: lines are not cut. */
void print_text(const struct thread_tree *t, const struct leaves *leaves, int width, struct out *out);
/* A `thread` record for each root. */
void print_json(const struct thread_tree *t, const struct leaves *leaves, struct out *out);

/* The next record; false at the end of input. What is wrong with a line is said on stderr and, where errors is not NULL, as
 * an `error` record. */
bool next_record(struct lines *in, arena *a, struct record *r, struct out *errors);

#endif
