/* Which messages belong together: the links behind threadId, and the trees of RFC 5256.
 *
 * Pure: no input, no output, neither record nor store. Message ids are 64-bit hashes (thread_id_hash) throughout, so that a
 * hundred thousand messages take a few megabytes. Everything is bounded by n log n, whatever the messages say: loops, chains
 * a million deep, a million messages of one subject. */
#ifndef THREAD_H
#define THREAD_H

#include "err/err.h"

enum {
    THREAD_PEOPLE = 16,           /* other people of a message behind these make no subject link */
    THREAD_WINDOW_S = 30 * 86400, /* a subject links messages that are no further apart */
    THREAD_BARE_ID = 16,          /* octets of the shortest id without @ that links: "yes", "no.id" and the like do not */
    THREAD_NAME = 17              /* octets of a thread's name: t and 16 hex digits */
};

/* ---- what links a message ------------------------------------------------------------------------------- */

/* What is read of a message. Nothing is kept. */
struct thread_source {
    const struct strs *message_id, *in_reply_to, *references; /* without <>; NULL or empty: none */
    str blob_id;      /* stands for the Message-ID where there is none */
    str subject;      /* base subject in the wide sense (header_base_subject), STR_NONE: none */
    bool reply;       /* it had a reply prefix */
    int64_t time;     /* seconds since 1970 UTC, the sender's where it is known: copies must agree */
    str sender;       /* first From, addr-spec */
    const str *people; /* From, To and Cc, addr-specs */
    ptrdiff_t n_people;
};

enum thread_kind {
    THREAD_ORPHAN,  /* a reply by its prefix, that does not say to what */
    THREAD_REPLY,   /* says to what: In-Reply-To or References */
    THREAD_ORIGINAL /* neither */
};

/* Two messages belong together where
 * - they have a message id in common: their own, or one in References or In-Reply-To, whether that message is there or not (an
 *   id that is not whole and shorter than THREAD_BARE_ID is none); or
 * - their base subjects are equal and not empty, one of them is an orphan, the sender of each is among the other's people (or
 *   both have the same sender, and another person in common), they are at most THREAD_WINDOW_S apart, and an original is not
 *   later than the orphan.
 * Each is a question about two messages only, so threads do not depend on the order of arrival. */
struct thread_mail {
    const uint64_t *id;   /* its own first; at least one */
    ptrdiff_t n_ids;
    const uint64_t *pair; /* hashes of subject and two people; none without a subject */
    ptrdiff_t n_pairs;
    int64_t time;
    enum thread_kind kind;
};

/* Allocates in a. Case of subjects and addresses does not matter (ASCII). */
void thread_mail_of(arena *a, const struct thread_source *s, struct thread_mail *out);

/* Never 0. */
uint64_t thread_id_hash(str message_id);
/* left@right (RFC 5322 3.6.4): what counts as an id in a tree. */
bool thread_id_whole(str message_id);
/* 0 for an empty subject; ASCII case does not matter. */
uint64_t thread_subject_hash(arena scratch, str base_subject);

/* The name of a thread: "t" and the smallest hash of its message ids. */
void thread_name(uint64_t id, char out[THREAD_NAME]);
bool thread_name_read(str name, uint64_t *id);

/* ---- linking --------------------------------------------------------------------------------------------- */

/* A message that can be linked by its subject. */
struct thread_place {
    int64_t time;
    uint64_t id;
};

/* The first place (the last one where backward) between the two, both included, of messages with this pair and of this kind.
 * Places are ordered by time, then by id as a signed number. */
struct thread_range {
    uint64_t pair;
    enum thread_kind kind;
    bool backward;
    struct thread_place from, to;
};

/* Others who know about messages: the store. Functions return false, with *e, where they fail. */
struct thread_known {
    void *ctx;
    /* The smallest id of the thread that id belongs to. */
    bool (*find)(void *ctx, uint64_t id, bool *found, uint64_t *root, struct err *e);
    bool (*seek)(void *ctx, const struct thread_range *range, bool *found, struct thread_place *out, struct err *e);
};

/* What has been linked so far: about 30 octets for each message id, and 50 for each pair where subjects are kept. */
struct thread_links;

/* subjects: keep what thread_mail.pair says of each message; without, only the other's knowledge makes subject links. */
struct thread_links *thread_links_new(arena *a, bool subjects);
void thread_links_free(struct thread_links *l);
/* Forget all. */
void thread_links_reset(struct thread_links *l);
/* The smallest id of the thread of an id; the id itself where it was not seen. */
uint64_t thread_links_root(struct thread_links *l, uint64_t id);
/* Message ids that are remembered. */
ptrdiff_t thread_links_count(const struct thread_links *l);

struct thread_linked {
    uint64_t root;          /* the smallest id of the message's thread, now */
    const uint64_t *joined; /* what threads were called that are part of it now, but root */
    ptrdiff_t n_joined;
    const uint64_t *fresh;  /* ids of this message that nobody knew */
    ptrdiff_t n_fresh;
};

/* Add a message. known may be NULL; it is asked about ids that were not seen yet, and about every pair. The result lives
 * in a. False: known failed; then the links may lack this message. */
bool thread_link(arena *a, struct thread_links *l, const struct thread_mail *m, const struct thread_known *known,
                 struct thread_linked *out, struct err *e);

/* ---- trees (RFC 5256) ------------------------------------------------------------------------------------- */

enum thread_algorithm {
    THREAD_REFERENCES,    /* THREAD=REFERENCES */
    THREAD_REFS,          /* Dovecot's REFS: no merging by subject, roots by their newest message */
    THREAD_ORDEREDSUBJECT /* THREAD=ORDEREDSUBJECT */
};

struct thread_entry {
    uint64_t id;          /* hash of the Message-ID, 0: it has none */
    const uint64_t *reference; /* of References; where there are none, the first of In-Reply-To */
    ptrdiff_t n_references;
    uint64_t subject;     /* hash of the base subject (RFC 5256 2.1), 0: it is empty */
    bool has_subject;     /* there is a Subject */
    bool reply;           /* the subject was one of a reply or forward */
    int64_t date;         /* sent, or where that is unknown received: seconds since 1970 UTC */
};

struct thread_builder;
struct thread_builder *thread_builder_new(arena *a, enum thread_algorithm algorithm);
void thread_builder_free(struct thread_builder *b);
/* Messages are numbered from 1 in the order of these calls. */
void thread_builder_add(struct thread_builder *b, const struct thread_entry *m);

/* Preorder: a node is followed by its children, in order. */
struct thread_node {
    uint32_t number;   /* of the message; 0: a parent that is not there, always a root */
    uint32_t depth;    /* 0: root */
    uint32_t children;
};
struct thread_tree {
    const struct thread_node *node;
    ptrdiff_t n;
};
/* Once, at the end. The tree lives until thread_builder_free. */
struct thread_tree thread_builder_finish(struct thread_builder *b);

#endif
