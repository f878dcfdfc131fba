/* Private to mail-parse: its settings, and what its files do for each other. */
#ifndef PARSE_H
#define PARSE_H

#include "pool.h"
#include "record/record.h"

enum {
    INLINE_OCTETS = 8 << 20, /* a longer message is not put in raw: it would not fit into a record (truncated) */
    SHORT_TEXT = 1 << 16     /* octets of text and html in a record that would be over LINE_MAX_OCTETS */
};

/* What the command line says; read only once work begins. */
struct settings {
    str account;    /* -a; STR_NONE: local, for what is no record */
    str mailbox;    /* -m */
    struct strs me; /* --me: addresses of the account's own people */
    enum mbox_format quoting;
    int64_t max_text;
    uint64_t members; /* --fields: EMAIL_BIT of what is printed; 0: everything */
    bool headers, inline_raw, mbox;
    bool contacts;        /* --contacts */
    const char *patterns; /* its --patterns; NULL: none */
    int threads;
    str cwd;
};
extern struct settings settings;

/* A mbox or a Maildir that items come from. */
struct source_file {
    char *path;       /* absolute; NULL: a pipe */
    int fd;           /* of a mbox */
    bool seekable;
    int64_t modified; /* seconds since 1970 UTC, -1: not known */
    bool maildir;
    str mailbox;      /* of a Maildir: "INBOX", "Lists/users" */
};

/* ---- input.c: from arguments to items ---- */
void input_named(struct pool *p, arena *run, const char *name);
void input_stdin(struct pool *p, arena *run);

/* ---- maildir.c. False where the folder is none, with *e. ---- */
bool maildir_submit(struct pool *p, arena *run, const char *path, struct err *e);
/* Keywords of the flags behind ":2,". */
void maildir_keywords(arena *a, str name, struct strs *out);

/* ---- box.c: splits a mbox. first: octets that were read from it already. The file may be closed then. ---- */
void box_submit(struct pool *p, arena *run, struct source_file *file, str first);

/* ---- work.c: from items to records ---- */
void work_slot(struct worker *w, struct slot *s);
/* Room for one more item in the slot that is being filled: its text is copied into slot.in. */
struct item *work_item(struct pool *p, const struct source_file *file, str text);
/* A message that is pushed in pieces by the producer itself, when the pool is drained. */
struct stream {
    struct job *job;
};
void stream_begin(struct pool *p, const struct source_file *file, struct stream *st);
void stream_feed(struct stream *st, str octets);
void stream_end(struct stream *st, const struct mbox_message *box);
/* A line of records, too long for a slot, when the pool is drained. */
void work_line(struct pool *p, str line, int64_t number);
/* An error record in its place among the others, and on stderr. */
void work_error(struct pool *p, const struct err *e, str path);

/* ---- contacts.c: who writes (--contacts). begin, before other work: file of --patterns, or NULL. ---- */
bool contacts_begin(arena *run, const char *file, struct err *e);
void contacts_find(arena *a, struct charsets *charsets, const struct mime_message *m, struct email *e);

/* ---- email.c: what a record says that the message does not ---- */
struct about {
    str path;
    const struct mbox_message *box;
    const struct source_file *file;
    struct mbox_from from; /* of a file that begins with a From line */
    int64_t modified;      /* -1: not known */
    bool from_record;      /* the email was read from a record: what it says stays */
};
void email_about(arena *a, const struct mime_message *m, const struct about *about, struct email *e);
/* Only the members that --fields names stay. */
void email_narrow(struct email *e);
/* Octets go to raw in pieces (--inline). */
struct inline_raw {
    struct buf text;
    char rest[3];
    int n_rest;
    int64_t octets;
};
void inline_put(struct inline_raw *r, str octets);
void inline_end(arena *a, struct inline_raw *r, struct email *e);
/* Appends the record; what would make it longer than LINE_MAX_OCTETS, with some room for the members of later programs, is cut. */
void email_write(arena *a, struct buf *out, struct email *e);

/* ---- sandbox.c: no network, no exec, no writing, from here on. Where the system cannot do it, it is not done. ---- */
void sandbox_enter(void);

#endif
