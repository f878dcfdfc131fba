/* The store: a folder with mail.db (SQLite), blobs/ and locks; the only SQL of the project is in this room.
 *
 * Where a folder is asked for: -s DIR, else $MAILPIPE_STORE, else ~/.local/share/mailpipe. */
#ifndef STORE_H
#define STORE_H

#include "err/err.h"
#include "query/query.h"
#include "record/record.h"

enum store_mode {
    STORE_WRITE, /* made where it is missing (0700, atomically) */
    STORE_READ,  /* query_only; falls back to mode=ro, then immutable=1 where there is no -wal */
    STORE_MIGRATE /* as STORE_WRITE, whatever version it has: for store_migrate only */
};

struct store;

/* dir: the -s option or NULL. NULL with *e: class missing where there is no store to read (hint: mail-store init), configuration
 * where another version wrote it, io where it cannot be opened. a: run lifetime. */
struct store *store_open(arena *a, const char *dir, enum store_mode mode, struct err *e);
void store_close(struct store *s);
/* The folder that dir means, an absolute path, whether or not there is a store; STR_NONE with *e. */
str store_folder(arena *a, const char *dir, struct err *e);
/* The folder's absolute path. */
str store_dir(const struct store *s);

struct migration {
    int from, to;
    str backup; /* the file that holds mail.db as it was; none where there was nothing to do */
};
/* Bring a store that was opened with STORE_MIGRATE to a version (-1: the newest), up or down, after a backup beside it. Down
 * where the older version has no table for what is there: class usage, unless force is set; then only the backup has it. */
bool store_migrate(arena *a, struct store *s, int to, bool force, struct migration *out, struct err *e);

/* ---- blobs: messages as received, under their sha256 ---------------------------------------------- */

/* Write a message of unknown length: begin, put…, then end (renames it to blobs/ab/cdef…; *blob_id and *path in the arena) or drop.
 * Nothing is synced: store_put does that in batches before it commits (design.md section 3). */
struct blob_writer;
struct blob_writer *blob_begin(arena *a, struct store *s, struct err *e);
bool blob_put(struct blob_writer *w, str octets, struct err *e);
bool blob_end(arena *a, struct blob_writer *w, str *blob_id, str *path, int64_t *size, struct err *e);
void blob_drop(struct blob_writer *w);
/* blobs/ab/cdef… of the store; whether the file is there is not looked at. */
str blob_path(arena *a, const struct store *s, str blob_id);

/* ---- cursors: what of a mailbox has been committed ------------------------------------------------
 *
 * put moves them by the chain of source.after: a UID that was asked for and did not come leaves a hole. Ranges of a hole that hold no
 * message any more close when a run names the UIDs on both sides of them: where a record's `after` is known (not 0), all
 * between it and its uid counts as asked for. So a run asks for all holes of a mailbox, ascending, before anything newer. */

struct uid_range {
    int64_t first, last;
};
struct cursor {
    bool found;            /* false: this mailbox was never seen */
    int64_t uid_validity;
    int64_t last_uid;      /* everything up to it is stored, but for the holes */
    struct uid_range *holes; /* ascending: to be asked for again */
    ptrdiff_t n_holes;
};
/* The newest uidValidity's cursor of (account, mailbox). */
bool store_cursor(arena *a, struct store *s, str account, str mailbox, struct cursor *out, struct err *e);

/* A message of this account that is already stored (from any mailbox and uidValidity) with the same Message-ID, size and receivedAt;
 * *blob_id is STR_NONE where there is none, or where more than one fits. Used after a change of UIDVALIDITY. */
bool store_match(arena *a, struct store *s, str account, str message_id, int64_t size, int64_t received_at, str *blob_id, struct err *e);

/* ---- put: records to rows -------------------------------------------------------------------------- */

/* One writer. Lines are read, and blobs copied and checked, by threads of its own, a bounded number of lines ahead; rows are written in the
 * order of the lines, by one more. It commits after PUT_BATCH lines or PUT_BATCH_MS, and when the caller says so. What a commit makes
 * lasting, it makes lasting together: blobs, rows, cursors, holes, full text. */
struct put;
struct put_options {
    bool skip_gaps; /* a gap in the chain of source.after leaves no hole */
    bool events;    /* a commit gives event lines */
    /* Called from another thread, one at a time, in the order of the lines, never once put_commit has returned. refused: a line that is no record, or an email that lacks what it
     * needs: blobId, size, its message, the digest that it says. other: each record that is no email. */
    void *context;
    void (*refused)(void *context, const struct err *why);
    void (*other)(void *context, const struct record *r);
    void (*committed)(void *context, str events); /* lines to print, now that they last; not called where there are none */
};
struct put_counts {
    int64_t stored, known, refused; /* emails */
    int64_t unparsed; /* of those stored: nothing but the message is known, until a parsed record of it comes */
};
enum { PUT_BATCH = 10000, PUT_BATCH_MS = 1000 };

/* Until put_end the store and the arena are its own. */
struct put *put_new(arena *a, struct store *s, struct put_options options, struct err *e);
/* Take a line: email, poll and error records are stored. Waits while too much is not written yet. False with *e: a batch was lost (nothing
 * of it is stored) and the run must end. */
bool put_take(struct put *p, str line, int64_t number, struct err *e);
/* Make lasting all that was taken, and wait for it. False as above. */
bool put_commit(struct put *p, struct err *e);
/* Both as of the last put_commit. */
struct put_counts put_counts(const struct put *p);
/* A mailbox of which mail of a fetch was seen since its last closing poll: "support INBOX"; false where there is none. */
bool put_unclosed(const struct put *p, str *out);
/* Rolls back what was not committed. */
void put_end(struct put *p);

/* ---- rows: email records of the store ------------------------------------------------------------- */

/* Numbers of emails, in the order in which they are to be printed. */
struct ids {
    int64_t *item;
    ptrdiff_t n, cap;
};
void ids_add(arena *a, struct ids *list, int64_t id);

enum { STORE_PAGE = 512 /* rows that are read in one transaction */ };

/* members: EMAIL_BIT of what is wanted, 0: all that rows hold. Appends one line for each id that is (still) there. */
bool store_lines(struct store *s, const int64_t *id, ptrdiff_t n, uint64_t members, struct buf *to, struct err *e);
/* The same as a struct; false with class missing where there is no such id. */
bool store_email(arena *a, struct store *s, int64_t id, struct email *out, struct err *e);

/* id: digits, blob id, message id (all of them), or thread id (all of it): what a person or a script has in hand; "id:" before it is
 * skipped. Class missing where there is none. */
bool store_resolve(arena *a, struct store *s, str id, struct ids *out, struct err *e);
/* The emails of a thread, by any name that it ever had, oldest first. */
bool store_thread(arena *a, struct store *s, str name, struct ids *out, struct err *e);
/* The threads that have the most recent mail first; limit -1: all. */
bool store_thread_list(arena *a, struct store *s, int64_t limit, struct ids *out, struct err *e);
/* A thread record for each, by what store_thread_list gave; n of them in one transaction. */
bool store_thread_lines(struct store *s, const int64_t *thread, ptrdiff_t n, struct buf *to, struct err *e);
/* mailbox records, by account and name. */
bool store_mailboxes(arena *a, struct store *s, const struct strs *accounts, struct buf *to, struct err *e);

/* ---- what happened ---------------------------------------------------------------------------------- */

struct store_log {
    int64_t since, until;         /* seconds; since <= at < until */
    const struct strs *accounts;  /* by name; none: all */
    const struct strs *kinds;     /* "queue.sent", or "queue" for all that begin with "queue."; none: all */
    int64_t limit;                /* the last so many; -1: all */
    int64_t seq;                  /* where the pages have got to; 0 at first */
};
/* The next STORE_PAGE event records, the oldest first: appended. Nothing appended: that was all. No transaction is left open. */
bool store_log_lines(struct store *s, struct store_log *wish, struct buf *to, struct err *e);

/* ---- search (mail-query(7)) ------------------------------------------------------------------------- */

/* Where one page of hits ends; the next begins behind it, whatever was stored or removed meanwhile. */
struct search_place {
    int64_t received_at;
    uint64_t blob; /* the first 8 octets of the blob's id */
    int64_t id;
};
/* "2026-08-22T10:01:07Z,<16 hex digits>,4711" and back. */
str search_place_write(arena *a, const struct search_place *p);
bool search_place_read(str text, struct search_place *out);

struct search {
    const struct query *query;
    int64_t limit;                    /* -1: all */
    const struct search_place *after; /* NULL: from the newest */
    struct buf *explain;              /* not NULL: gets the tree, each statement with its plan, and what it found */
};
struct search_hits {
    struct ids ids;           /* newest first: receivedAt, then blobId, both descending */
    bool more;                /* limit left some out; */
    struct search_place next; /* then this is the place of the last of ids */
};
/* All in memory when it returns, and no transaction is open: 32 octets a hit. False:
 * class usage where words of the query hold nothing that can be searched. */
bool store_search(arena *a, struct store *s, const struct search *want, struct search_hits *out, struct err *e);

struct sender {
    int64_t address; /* the first of `from`, a row of address */
    int64_t emails, newest; /* how many; the one that was stored last */
};
struct senders {
    struct sender *item;
    ptrdiff_t n;
};
/* Who wrote what the query finds, the most frequent first. query QUERY_ALL needs no search. */
bool store_senders(arena *a, struct store *s, const struct search *want, struct senders *out, struct err *e);
/* Appends a sender record for each: {"type":"sender","v":1,"email":…,"name":…,"emails":…}. Reads n rows in one transaction. */
bool store_sender_lines(struct store *s, const struct sender *item, ptrdiff_t n, struct buf *to, struct err *e);

/* ---- the queue (doc/queue.md) ------------------------------------------------------------------------ */

enum queue_status { QUEUE_QUEUED, QUEUE_SENDING, QUEUE_SENT, QUEUE_DEFERRED, QUEUE_FAILED, QUEUE_HELD, QUEUE_CANCELED, QUEUE_EXPIRED, QUEUE_UNCERTAIN, QUEUE_STATUSES };
/* "queued", …; and back: false for another word. */
str queue_status_name(enum queue_status status);
bool queue_status_named(str name, enum queue_status *out);

enum {
    QUEUE_BATCH = 10000, QUEUE_BATCH_MS = 1000, /* a commit of add and settle: whichever comes first */
    QUEUE_LIFETIME_S = 5 * 86400,
    QUEUE_BACKOFF_S = 300, QUEUE_BACKOFF_MAX_S = 4000
};

/* How often and how long it is tried: settings queue.* of each account. */
struct queue_patience {
    int64_t backoff_s, backoff_max_s; /* after the first failure, doubled with each further one */
    int64_t max_attempts;             /* 0: no limit but the lifetime */
    int64_t lifetime_s;
    int64_t undo_s;                   /* of what is added without undoUntil; 0: none */
    bool no_copy;                     /* what was sent is not kept among the emails */
};
typedef void queue_patience_of(void *context, str account, struct queue_patience *out);

/* -- add -- */
struct queue_adder;
struct queue_adder *queue_adder_new(arena *a, struct store *s, queue_patience_of *patience, void *context, struct err *e);
enum queue_taken_in { QUEUE_ADDED, QUEUE_KNOWN, QUEUE_REFUSED, QUEUE_LOST };
/* Take a submission: its message is copied into blobs/, its row written. QUEUE_KNOWN: it was there already. QUEUE_REFUSED: *e says why, the
 * others stand. QUEUE_LOST: nothing of the batch is stored, and the run must end. */
enum queue_taken_in queue_add(struct queue_adder *q, const struct submission *m, struct err *e);
/* Submissions taken since the last commit, and when the first came (sys_clock.monotonic_ms). */
int64_t queue_add_pending(const struct queue_adder *q, int64_t *since_ms);
/* A line of another kind, to be printed in its place. False where nothing is pending: print it at once. */
bool queue_add_pass(struct queue_adder *q, str line);
/* Make lasting what was taken. *lines: their submission records with ids, in the order taken, valid until the next call. */
bool queue_add_commit(struct queue_adder *q, str *lines, struct err *e);
/* For --dry-run: the lines, and nothing is stored. */
bool queue_add_forget(struct queue_adder *q, str *lines);
/* Rolls back what was not committed. */
void queue_adder_end(struct queue_adder *q);

/* -- who may leave now: asked for each recipient within the transaction of claim, so that what it counts is shared by all -- */
struct queue_candidate {
    int64_t submission, recipient; /* rows */
    str account, profile, queue;   /* profile may be none */
    str address, domain;           /* domain in lower case */
    int64_t size;                  /* octets */
    int64_t priority, attempts, created_at;
    int64_t ready_at; /* when it became due, or was to be asked for again */
    int64_t now;
};
enum queue_verdict { QUEUE_GO, QUEUE_WAIT, QUEUE_REFUSE };
struct queue_answer {
    enum queue_verdict verdict; /* QUEUE_GO where it is not set */
    int64_t until;              /* QUEUE_WAIT: ask again then; at most QUEUE_ASK_S later, because settings change */
    str waits_for;              /* QUEUE_WAIT: "window", "limit" */
    str reason;                 /* QUEUE_REFUSE: becomes the server's words of a failed recipient: "suppressed: hard bounce on 2026-08-01" */
    str error_code;             /* QUEUE_REFUSE: "queue.suppressed" */
};
enum { QUEUE_ASK_S = 900 };
/* False: *e, and nothing is claimed. */
typedef bool queue_gate(void *context, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e);

/* -- claim -- */
struct queue_claim {
    int64_t limit;              /* submissions */
    const struct strs *accounts, *queues; /* NULL or empty: all */
    const int64_t *ids;         /* only these; NULL: all */
    ptrdiff_t n_ids;
    bool force;                 /* paused ones and what the gate made wait; of `ids` also what is not due yet */
    bool batch;                 /* order what is printed by server */
    bool dry_run;
    queue_gate *gate;           /* NULL: everything may leave */
    void *context;
    queue_patience_of *patience;
    void *patience_context;
};
struct lease;
struct queue_claimed {
    str lines;          /* submission records to send */
    int64_t n;          /* of them */
    int64_t recipients;
    int64_t refused;    /* recipients that the gate refused */
    int64_t expired;    /* recipients that were given up */
};
/* Whether a claim may find anything: without a lock, because a claim of nothing must cost nothing. */
bool queue_due(struct store *s, const struct queue_claim *want, bool *due, struct err *e);
/* Mark what is due as sending under a new lease, lasting when it returns. *lease (lib/lease) is held shared: release it when the lines are
 * on their way. Nothing due: n 0, no lease (fd -1). Lines live in a. */
bool queue_claim(arena *a, struct store *s, const struct queue_claim *want, struct lease *lease, struct queue_claimed *out, struct err *e);

/* -- settle -- */
struct queue_settler;
struct queue_settler *queue_settler_new(arena *a, struct store *s, queue_patience_of *patience, void *context, struct err *e);
/* Take a delivery. QUEUE_KNOWN: nobody waits for it (another lease, settled before, no such submission), and *e says so. */
enum queue_taken_in queue_settle(struct queue_settler *q, const struct delivery *d, struct err *e);
int64_t queue_settle_pending(const struct queue_settler *q, int64_t *since_ms);
/* *events: event lines of what became of them. Leases that nobody waits for any more are removed. */
bool queue_settle_commit(struct queue_settler *q, str *events, struct err *e);
void queue_settler_end(struct queue_settler *q);

/* Take back what dead ones hold. Done first by every claim, settle, run and status. */
struct queue_taken {
    int64_t leases, queued, uncertain, settled; /* recipients */
};
bool queue_take_back(arena *a, struct store *s, int64_t grace_s, queue_patience_of *patience, void *context, struct queue_taken *out, struct err *e);
/* Only this one, whatever its age; for who made it and has released it. */
bool queue_take_lease(arena *a, struct store *s, str name, queue_patience_of *patience, void *context, struct queue_taken *out, struct err *e);
/* Recipients that were tried and are not sent yet, and those that a limit holds back: a run is not finished while there are any. */
bool queue_unsent(struct store *s, int64_t *n, struct err *e);

/* ---- suppressed addresses: to whom nothing goes ------------------------------------------------------- */

struct suppression {
    str address;    /* addr-spec; its domain has no case. "@example.com": everyone there */
    str account;    /* STR_NONE: every account */
    str reason;     /* "bounce", "complaint", "manual", "unsubscribe" */
    str detail;     /* the server's words, or a person's; may be none */
    int64_t submission; /* what bounced; 0: none */
    str by;         /* who said so; may be none */
    int64_t created_at, expires_at; /* seconds since 1970 UTC; created_at 0: now; expires_at 0: never */
};
bool suppress_reason_ok(str reason);

/* Add, or renew what stands for the same address and account (*known): a row keeps its created_at, takes the new reason and detail, and the
 * later end of both. Within the caller's transaction where there is one, else in its own. False with class input: no address, or an
 * unknown reason. */
bool store_suppress_add(struct store *s, const struct suppression *x, bool *known, struct err *e);
/* Several in one transaction: begin, add each, then commit. Not across a read that may wait. */
bool store_suppress_begin(struct store *s, struct err *e);
bool store_suppress_commit(struct store *s, struct err *e);
/* account: STR_NONE is the row for every account. *removed: there was one. */
bool store_suppress_remove(struct store *s, str address, str account, bool *removed, struct err *e);
/* What keeps mail of an account from an address, at `now`; the row of the address goes before that of its domain. out->address
 * STR_NONE: nothing does. */
bool store_suppress_find(arena *a, struct store *s, str account, str address, int64_t now, struct suppression *out, struct err *e);
/* All rows that concern the address, expired ones too; STR_NONE: the whole list. Those with an id over `after`, at most STORE_PAGE
 * of them; *last: the id of the last one, 0: there are no more. */
struct suppressions {
    struct suppression *item;
    ptrdiff_t n;
};
bool store_suppress_list(arena *a, struct store *s, str address, int64_t after, struct suppressions *out, int64_t *last, struct err *e);
/* Recipients of submissions that still could leave, which were refused only because of this address. */
struct refused {
    int64_t submission;
    str address;
};
bool store_suppress_refused(arena *a, struct store *s, str address, str account, struct refused **out, ptrdiff_t *n, struct err *e);

/* ---- departures: what limits are counted on ----------------------------------------------------------- */

struct departure {
    int64_t at, n; /* recipients that were handed to mail-send in this second */
    str account, profile, queue, domain; /* profile: "" where there is none */
};
enum { DEPARTURE_KEEP_S = 86400 };
typedef void departure_each(void *context, const struct departure *d);
/* Those after `since`, in the order of time; of one domain where it is said, else of one account where that is (STR_NONE: any). */
bool store_departures(struct store *s, str domain, str account, int64_t since, departure_each *each, void *context, struct err *e);
/* Within the transaction of claim. Rows older than DEPARTURE_KEEP_S go. */
bool store_depart(struct store *s, const struct departure *d, struct err *e);
/* Another value each time another process has written since. */
bool store_stamp(struct store *s, int64_t *stamp, struct err *e);

/* -- reading it -- */
struct queue_filter {
    const struct strs *accounts, *queues, *statuses; /* NULL or empty: all */
    bool settled;  /* those too of which nothing is open */
    bool due;      /* only what is due now */
    int64_t limit; /* -1: all; the newest where there are more */
};
/* Numbers of submissions, ascending. */
bool queue_list(arena *a, struct store *s, const struct queue_filter *want, struct ids *out, struct err *e);
/* Appends a submission record with nextAt for each that is there; with recipients where full, and their attempts. One transaction. */
bool queue_lines(struct store *s, const int64_t *id, ptrdiff_t n, bool full, struct buf *to, struct err *e);
/* Numbers that a person has in hand: digits, an idempotency key, a message id, a queue id of a server. Class missing where there is none. */
bool queue_resolve(arena *a, struct store *s, str word, struct ids *out, struct err *e);
/* Appends one queue record: recipients by state, ages, what is due, what is paused. */
bool queue_state(struct store *s, struct buf *to, struct err *e);

/* -- what follows: a copy of what was sent among the emails, word to the sender of what failed -- */
struct queue_failure {
    int64_t id; /* row */
    str address;
    enum queue_status status; /* QUEUE_FAILED or QUEUE_EXPIRED */
    int64_t code;             /* 0: none */
    str enhanced_code, server, host, error_code;
    int64_t at;
};
struct queue_sequel {
    struct submission m;
    bool copy; /* else the failures are to be told */
    struct queue_failure *failure;
    ptrdiff_t n;
};
enum { QUEUE_SEQUELS = 200 /* that are given at once */ };
/* What is still to be done, the oldest first. */
bool queue_sequels(arena *a, struct store *s, struct queue_sequel **out, ptrdiff_t *n, struct err *e);
/* They are done. */
bool queue_sequels_done(struct store *s, const struct queue_sequel *done, ptrdiff_t n, struct err *e);

/* -- what a person says; who: for the event -- */
enum queue_order { QUEUE_HOLD, QUEUE_RELEASE, QUEUE_CANCEL, QUEUE_RETRY, QUEUE_MARK_SENT, QUEUE_MARK_FAILED };
struct queue_change {
    enum queue_order order;
    str recipient; /* only this one; none: all */
    str who, reason;
    bool uncertain; /* QUEUE_RETRY: uncertain ones too, which may arrive twice */
    bool dry_run;
};
/* *changed: recipients. Class input where nothing of the submission can be changed so; missing where there is none. */
bool queue_change(struct store *s, int64_t submission, const struct queue_change *change, int64_t *changed, struct err *e);
/* scope: "all", "account", "queue". *changed: false where it was so already. */
bool queue_pause(struct store *s, str scope, str name, str who, str reason, bool *changed, struct err *e);
bool queue_resume(struct store *s, str scope, str name, str who, bool *changed, struct err *e);
/* Remove submissions that were settled before `before` (of these statuses, NULL: all of them) with their log. */
bool queue_purge(struct store *s, int64_t before, const struct strs *statuses, bool dry_run, int64_t *n, struct err *e);
/* Uncertain recipients of which the store holds a copy that came from a server: sent. */
bool queue_reconcile(struct store *s, bool dry_run, int64_t *settled, int64_t *left, struct err *e);

/* ---- bounces: what other servers report of it (doc/bounces.md) ------------------------------------------- */

struct bounce_counts {
    int64_t reports;    /* delivery reports and complaints */
    int64_t failed;     /* recipients that were sent or uncertain, and are failed now */
    int64_t noted;      /* recipients of which nothing else follows */
    int64_t complaints, suppressed; /* suppressed: addresses that were not before */
    int64_t unmatched;  /* nothing in the queue fits; kept all the same */
    int64_t known;      /* taken before */
};
/* Take the report that an email carries (`bounce`, blobId): its recipients are settled, hard ones and complaints suppressed, the stored
 * copy of what was sent becomes bounced. Taking it again changes nothing. Nothing happens for other mail. Within the caller's transaction where
 * there is one, else in its own. counts are added to. */
bool store_bounce(arena *a, struct store *s, const struct email *m, bool dry_run, struct bounce_counts *counts, struct err *e);

/* ---- what is still to leave, for mail-queue plan -------------------------------------------------------- */

/* One recipient that is queued, deferred, held, sending or uncertain. */
struct pending {
    int64_t submission, recipient;
    enum queue_status status;
    str account, profile, queue, address, domain, subject;
    str waits_for; /* as its submission has it; may be none */
    int64_t priority, next_at, send_at, undo_until, expires_at; /* 0: none */
};
struct pendings {
    struct pending *item; /* by submission, then recipient */
    ptrdiff_t n;
};
struct pause {
    str scope, name; /* "all", "account", "queue" */
};
struct pauses {
    struct pause *item;
    ptrdiff_t n;
};
bool store_pending(arena *a, struct store *s, struct pendings *out, struct pauses *pauses, struct err *e);

/* ---- rows of another queue: what became of them there --------------------------------------------------- */

struct queue_past {
    enum queue_status status; /* QUEUE_QUEUED, QUEUE_SENT or QUEUE_FAILED; when read: what the submission is */
    int64_t retries;          /* attempts that did not send it */
    int64_t sent_at, last_retry_at; /* 0: not known */
    str reason;               /* why it was not sent; may be none */
};
/* Of the submission with this key, between queue_add and queue_add_commit. Nothing is told or copied of what is settled so. */
bool queue_set_past(struct store *s, str key, const struct queue_past *past, struct err *e);
/* The same of any submission, from its attempts. */
bool queue_past_of(arena *a, struct store *s, int64_t id, struct queue_past *out, struct err *e);

/* ---- care -------------------------------------------------------------------------------------------- */

/* Faults and plans are sentences for `say`, in scratch memory. */
typedef void store_say(void *context, const char *sentence);
/* The database, its references, blobs (full: their digests too), full text, cursors. */
bool store_check(struct store *s, bool full, store_say *say, void *context, int64_t *faults, struct err *e);
/* How SQLite answers what the readers ask; *scans counts tables that are read from end to end. */
bool store_explain(struct store *s, store_say *say, void *context, int64_t *scans, struct err *e);

struct gc_counts {
    int64_t blobs, octets, temporary; /* removed: messages that no row names, their octets, temporary files */
    int64_t reindexed;                /* emails whose full text was made again, because the index knew removed ones */
};
enum { STORE_GC_AGE_S = 86400 };
/* What is younger than age_s (by ctime) stays: a fetch that runs may be about to name it. */
bool store_gc(struct store *s, int64_t age_s, bool dry_run, struct gc_counts *out, struct err *e);

/* ---- threads: what mail-thread asks ------------------------------------------------------------------ */

struct thread_mail;
struct thread_known;
/* What links an email (thread/thread.h). Needs no store. */
void store_thread_mail(arena *a, const struct email *m, struct thread_mail *out);
/* What the store knows of threads; each question is a read of its own, unless the caller holds a read open. */
bool store_thread_known(struct store *s, struct thread_known *out, struct err *e);
/* Several questions in one read; not across a read of stdin that waits or a write to stdout. store_read_end never fails. */
bool store_read_begin(struct store *s, struct err *e);
void store_read_end(struct store *s);

/* The lock of one account's fetch: fetch-ACCOUNT.lock in the store's folder. */
bool store_lock_account(struct store *s, str account, int *fd, struct err *e);

/* -- what the polls of an account say of when it is due (mail-fetch --due) -- */
struct poll_past {
    int64_t last_at;    /* start of the last poll of the one of `mailboxes` that waits for longest; "*": of any mailbox; 0: never */
    int64_t failures;   /* in a row, counted in one mailbox, since the last poll of any that did not fail */
    int64_t news;       /* of its polls of the last seven days, those that brought mail: the last ones, at most eight */
    int64_t news_since; /* when the first of them ended */
};
bool store_poll_past(arena *a, struct store *s, str account, const struct strs *mailboxes, struct poll_past *out, struct err *e);

/* ---- reports: rows for mail-stats to count ------------------------------------------------------------------ */

/* since <= time < until, of these accounts. Each function below gives the rows to `each` within one read transaction: it must neither write nor
 * wait, nor ask the store. Texts are views that the next row ends, but for names of accounts and mailboxes, which live in the arena. */
struct stats_range {
    int64_t since, until;        /* INT64_MIN, INT64_MAX: no bound */
    const struct strs *accounts; /* NULL or empty: all */
    /* What makes reading quicker: */
    bool any_order; /* polls and recipients need not come in the order of time: polls come as they were stored, the last first */
    bool failed;    /* only polls and attempts that did not end well */
};
enum stats_detail {
    /* All have id, account, received_at and size; */
    STATS_SENDERS,  /* from */
    STATS_FLAGS,    /* direction, seen, has_attachment */
    STATS_THREADS,  /* thread, from, direction, draft */
    STATS_RECORD,   /* record */
    STATS_MAILBOXES /* as STATS_FLAGS, and mailbox: once for each mailbox that an email is in, once with none where it is in none */
};
struct stats_email {
    int64_t id, account_id, received_at, size, thread; /* thread 0: none */
    int64_t from;      /* row of address, 0: none */
    str account, mailbox, direction; /* direction may be none */
    str record;        /* JSON members that do not change */
    bool seen, has_attachment, draft;
};
typedef void stats_each_email(void *context, const struct stats_email *m);
/* By receivedAt, in any order. */
bool stats_emails(arena *a, struct store *s, const struct stats_range *range, enum stats_detail detail, stats_each_email *each, void *context, struct err *e);
/* The first and the last receivedAt in the range; false in *any where there is none. */
bool stats_span(struct store *s, const struct stats_range *range, int64_t *first, int64_t *last, bool *any, struct err *e);
/* The same of everything that reports count; accounts are not looked at. */
bool stats_ever(struct store *s, const struct stats_range *range, int64_t *first, int64_t *last, bool *any, struct err *e);
/* Names of all that the store knows, in their order. */
bool stats_accounts(arena *a, struct store *s, struct strs *out, struct err *e);
struct stats_person {
    int64_t address, newest; /* rows of address and email: given; newest 0: the name is not wanted */
    str email, name;         /* filled in: what stands in the row, and how the email names its sender (STR_NONE: it does not) */
};
bool stats_people(arena *a, struct store *s, struct stats_person *list, ptrdiff_t n, struct err *e);
/* The members of a record from one to the one before another (given as `,"to":`), as an object; all of it where one is missing: reading less is
 * quicker. */
str stats_record_part(arena *a, str record, str first, str behind);
/* Rows of address that are this one, case aside. */
bool stats_address_find(arena *a, struct store *s, str email, struct ids *out, struct err *e);

struct stats_poll {
    str account, mailbox, host, status, code, error; /* code and error may be none */
    int64_t started_at, ended_at, found, fetched, failed, octets;
};
typedef void stats_each_poll(void *context, const struct stats_poll *p);
/* By when they began, in that order. */
bool stats_polls(arena *a, struct store *s, const struct stats_range *range, stats_each_poll *each, void *context, struct err *e);

struct stats_recipient {
    str account, queue, address, domain;
    enum queue_status status;
    int64_t size, attempts, created_at;
    int64_t last_at; /* of the last attempt; 0: none */
};
typedef void stats_each_recipient(void *context, const struct stats_recipient *r);
/* By when their submission was added, in that order. */
bool stats_recipients(arena *a, struct store *s, const struct stats_range *range, stats_each_recipient *each, void *context, struct err *e);

struct stats_attempt {
    str account, address, domain, status, phase, enhanced_code, server, host, error_code; /* the last five may be none */
    int64_t at, code; /* code 0: none */
};
typedef void stats_each_attempt(void *context, const struct stats_attempt *t);
/* By time, in that order. */
bool stats_attempts(arena *a, struct store *s, const struct stats_range *range, stats_each_attempt *each, void *context, struct err *e);

struct stats_bounce {
    str account; /* STR_NONE: nothing in the queue fits, or it is gone */
    str recipient, kind, class, status, diagnostic; /* the last two may be none */
    int64_t at;
};
typedef void stats_each_bounce(void *context, const struct stats_bounce *b);
/* By time, in that order. With accounts, only those of which the submission is known. */
bool stats_bounces(arena *a, struct store *s, const struct stats_range *range, stats_each_bounce *each, void *context, struct err *e);

struct stats_sending {
    int64_t last_at, next_at; /* 0: nothing was tried, nothing waits for a time */
    bool paused;              /* all of it */
};
bool stats_sending(struct store *s, struct stats_sending *out, struct err *e);

struct stats_error {
    int64_t at;
    str line; /* the error record as it came */
};
typedef void stats_each_error(void *context, const struct stats_error *x);
/* Error records that put has stored, by when, in that order. range->accounts is not looked at. */
bool stats_errors(struct store *s, const struct stats_range *range, stats_each_error *each, void *context, struct err *e);

/* ---- health: the latest of everything, by indexes ----------------------------------------------------------- */

enum { HEALTH_FAILURES_MAX = 10000 };

/* One mailbox of an account that was ever polled. */
struct health_poll {
    str account, mailbox;
    str host, status, code, error; /* of the last poll; code and error may be none */
    int64_t last_at;       /* its end */
    int64_t last_good_at;  /* end of the last one that did not fail: ok, or partial; 0: none, or not among the last HEALTH_FAILURES_MAX */
    int64_t failures;      /* since then; at most HEALTH_FAILURES_MAX */
    int64_t failing_since; /* end of the first of these; 0: none */
};
struct health_polls {
    struct health_poll *item; /* by account, then mailbox */
    ptrdiff_t n, cap;
};
bool health_polls(arena *a, struct store *s, struct health_polls *out, struct err *e);

/* What is in the queue and does not go on. */
enum health_wait {
    HEALTH_DUE,       /* submissions that could leave, and no run took them; what is paused is left out */
    HEALTH_SENDING,   /* submissions that a run took and never settled */
    HEALTH_DEFERRED,  /* submissions that were tried again and again */
    HEALTH_UNCERTAIN, /* recipients */
    HEALTH_PAUSED     /* who is paused: account, queue, or neither: all */
};
enum { HEALTH_WAITING_MAX = 10000 /* rows of a kind that are looked at, the oldest */ };
struct health_waiting {
    enum health_wait kind;
    str account, queue;
    int64_t n, since;
};
struct health_waitings {
    struct health_waiting *item;
    ptrdiff_t n, cap;
};
/* due_before: what was due, or taken, then; old_before: deferred submissions that were to leave then. */
bool health_waiting(arena *a, struct store *s, int64_t due_before, int64_t old_before, struct health_waitings *out, struct err *e);

/* Of each account, the last attempts to send that ended before a server was told of a message. */
struct health_sender {
    str account;
    bool reached;           /* one that got further is among those looked at (the last 1,000 since `since`) */
    int64_t failures;       /* after it */
    int64_t failing_since;
    str phase, host, code, server; /* of the last one */
};
struct health_senders {
    struct health_sender *item;
    ptrdiff_t n, cap;
};
bool health_senders(arena *a, struct store *s, int64_t since, struct health_senders *out, struct err *e);

/* Submissions whose idempotency key begins so: HEALTH_PROBE ACCOUNT ":" TIME, which sorts by age. */
#define HEALTH_PROBE "canary:"
struct health_probe {
    int64_t id;
    str message_id, waits_for, server; /* the last two may be none */
    enum queue_status status;
    int64_t queued_at, left_at, arrived_at; /* 0: not yet. arrived_at: when put stored what came back */
};
struct health_probes {
    struct health_probe *item; /* the newest first */
    ptrdiff_t n, cap;
};
bool health_probes(arena *a, struct store *s, str account, int64_t limit, struct health_probes *out, struct err *e);

struct health_clock {
    int64_t newest_at;        /* the latest time that the newest rows have; 0: there are none */
    int64_t back_s, back_at;  /* the widest step back among the newest events, and the time after it; 0: none */
};
bool health_clock(struct store *s, struct health_clock *out, struct err *e);

/* What the last poll of an account saw of a server. */
struct health_certificate {
    str account, protocol, host;
    int64_t ends_at, seen_at;
};
struct health_certificates {
    struct health_certificate *item;
    ptrdiff_t n, cap;
};
bool health_certificates(arena *a, struct store *s, struct health_certificates *out, struct err *e);

/* Counted through indexes; what grows with the mail is never read from end to end. */
struct health_counts {
    int64_t stored;                   /* emails ever */
    int64_t events, polls, attempts;  /* ever */
    int64_t oldest_at[QUEUE_STATUSES]; /* when the oldest submission of that status was added; 0: there is none */
    int64_t recipients[QUEUE_STATUSES];
    int64_t due, due_since;           /* submissions that could leave now, and since when the first could; 0: none */
    int64_t missing;                  /* messages that servers have and the store not yet */
    int64_t suppressed;               /* addresses */
};
bool health_counts(struct store *s, int64_t now, struct health_counts *out, struct err *e);

struct health_files {
    int64_t free_octets, disk_octets; /* of the disk of the store's folder; free: to us */
    int64_t free_files;               /* -1: it has no such limit */
    int64_t database_octets, log_octets; /* mail.db and mail.db-wal */
};
bool health_files(arena *a, struct store *s, struct health_files *out, struct err *e);

/* What the last mail-store check found, kept in the file `checked` of the folder; false where there was none. */
struct store_verdict {
    int64_t at, faults;
    bool full;
};
bool store_verdict(arena *a, const struct store *s, struct store_verdict *out);
/* Never fails: where the folder may only be read, nothing is kept. */
void store_keep_verdict(arena *a, struct store *s, const struct store_verdict *v);

#endif
