/* The records of the pipe (design.md section 2, mail-records(7)) as structs, and their only mapping to and from JSON.
 *
 * Every member has three states: absent (its bit in `known` is clear), null (bit set, value empty: STR_NONE, n == 0, …)
 * and a value. Numbers, times and truths have no empty value: for null their bit is set in `nulls` and clear in `known`, so
 * that email_has says whether there is one to use. Members are written in a fixed order; members that this version does
 * not know are kept and written last.
 * Everything read from a line points into the line or into the arena that was passed: message lifetime. */
#ifndef RECORD_H
#define RECORD_H

#include "err/err.h"
#include "json/json.h"

struct address {
    str name;  /* decoded phrase, or the comment; STR_NONE where there is none */
    str email; /* addr-spec */
};
struct addresses {
    struct address *item;
    ptrdiff_t n;
};

struct attachment {
    str part_id; /* "1", "2.1": IMAP part numbers (RFC 3501 6.4.5) */
    str name;    /* decoded; never to be used as a path */
    str type;    /* lower case, "application/pdf" */
    int64_t size; /* octets after the transfer encoding */
    str sha256;  /* hex, of the same */
    str disposition; /* "attachment", "inline" or none */
    str cid;     /* Content-ID without <> */
};

struct defect {
    str code;       /* "charset.unknown", "header.no-colon", … : doc/leniency.md lists all */
    int64_t offset; /* octet in the message where it was seen; -1 where it has no place */
};

struct header_field {
    str name, value; /* as it stands, unfolded, RFC 2047 decoded */
};

/* Where a fetched message came from; what makes the cursor move (design.md section 3). */
struct source {
    str protocol;         /* "imap", "pop3" */
    str host;
    str mailbox;          /* UTF-8 name on the server */
    int64_t uid_validity, uid;
    int64_t after;        /* the UID that this run asked for before this one; 0: none */
    str modseq;           /* digits; may be none */
    int64_t fetched_at;   /* seconds since 1970 UTC */
};

/* Members of an email, in the order in which they are written. */
enum email_member {
    EMAIL_ID, EMAIL_BLOB_ID, EMAIL_PATH, EMAIL_OFFSET, EMAIL_LENGTH, EMAIL_FORMAT, EMAIL_RAW, EMAIL_SIZE, EMAIL_ACCOUNT,
    EMAIL_MAILBOXES, EMAIL_KEYWORDS, EMAIL_RECEIVED_AT, EMAIL_SENT_AT, EMAIL_MESSAGE_ID, EMAIL_IN_REPLY_TO,
    EMAIL_REFERENCES, EMAIL_THREAD_ID, EMAIL_MERGED_THREADS, EMAIL_FROM, EMAIL_TO, EMAIL_CC, EMAIL_BCC, EMAIL_REPLY_TO,
    EMAIL_SENDER, EMAIL_SUBJECT, EMAIL_PREVIEW, EMAIL_TEXT, EMAIL_TEXT_FROM, EMAIL_TEXT_PARTS, EMAIL_HTML,
    EMAIL_TRUNCATED, EMAIL_ATTACHMENTS, EMAIL_HAS_ATTACHMENT, EMAIL_STRUCTURE, EMAIL_IMPORTANCE, EMAIL_LIST,
    EMAIL_DIRECTION, EMAIL_AUTO_SUBMITTED, EMAIL_CATEGORY, EMAIL_STATUS, EMAIL_BOUNCE, EMAIL_EXTRACTED, EMAIL_DEFECTS,
    EMAIL_REPAIRS, EMAIL_HEADERS, EMAIL_SOURCE, EMAIL_MEMBERS
};
#define EMAIL_BIT(member) (UINT64_C(1) << (member))

struct email {
    uint64_t known; /* EMAIL_BIT of each member that is not absent */
    uint64_t nulls; /* EMAIL_BIT of each number, time and truth that is null: sentAt of a message without a date */
    uint64_t kept;  /* EMAIL_BIT of each text that is JSON as it stands, quotes included: record_read_keeping */
    int64_t id;
    str blob_id;              /* sha256 hex of the message as received */
    str path;                 /* file that holds it; with offset, length (octets) and format for a span of a mbox */
    int64_t offset, length;
    str format;               /* "mboxrd", "mboxo", "mboxcl2": how the span is quoted; absent: a whole file */
    str raw;                  /* base64 as in the record (--inline) */
    int64_t size;             /* octets of the unquoted message */
    str account;
    struct strs mailboxes, keywords;
    int64_t received_at;      /* seconds since 1970 UTC */
    int64_t sent_at;          /* the same; */
    int sent_zone;            /* minutes east of UTC */
    struct strs message_id, in_reply_to, references;
    str thread_id;
    struct strs merged_threads;
    struct addresses from, to, cc, bcc, reply_to, sender;
    str subject, preview, text;
    str text_from;            /* "plain" or "html" */
    int64_t text_parts;
    str html;
    struct strs truncated;    /* names of the members that were cut: "text", "html", … */
    struct attachment *attachments;
    ptrdiff_t n_attachments;
    bool has_attachment;
    str structure, importance;
    str list;                 /* JSON object as it stands: {"id":…,"post":…,"unsubscribe":[…],"oneClick":bool} */
    str direction, auto_submitted, category, status;
    str bounce;               /* JSON as it stands, or none: record_bounce_read */
    str extracted;            /* JSON object as it stands, or none: {"name":…,"company":…,"phones":[…],"signature":…,"ids":[…]} */
    struct defect *defects;
    ptrdiff_t n_defects;
    str repairs;              /* JSON array as it stands, or none */
    struct header_field *headers;
    ptrdiff_t n_headers;
    struct source source;
    str unknown;              /* members that this version does not know: `"a":1,"b":2` as they stood, or none */
};

static inline bool email_has(const struct email *m, enum email_member x) { return (m->known & EMAIL_BIT(x)) != 0; }
static inline void email_knows(struct email *m, enum email_member x)
{
    m->known |= EMAIL_BIT(x);
    m->nulls &= ~EMAIL_BIT(x);
}
/* Known to be none, for a number, a time or a truth. */
static inline void email_null(struct email *m, enum email_member x)
{
    m->nulls |= EMAIL_BIT(x);
    m->known &= ~EMAIL_BIT(x);
}

/* Closing line of one mailbox of one run of mail-fetch. */
struct poll {
    str account, host, protocol, mailbox;
    int64_t uid_validity;
    int64_t started_at, ended_at; /* seconds since 1970 UTC */
    int64_t found, fetched, failed, octets; /* messages, messages, messages, octets received */
    str status;  /* "ok", "partial", "failed" */
    str code, error; /* why, where status is not ok */
    int64_t certificate_until; /* when the certificate of the server ends, seconds since 1970 UTC; 0: not known, or no TLS */
    str unknown;   /* as in struct email */
};

/* Lines that mail-store prints: what it holds of a mailbox, and a thread. */
struct mailbox_hole {
    int64_t first, last; /* UIDs that are to be fetched again */
};
struct mailbox {
    str account, name;
    int64_t total, unread;         /* messages */
    int64_t uid_validity, last_uid; /* 0: never fetched */
    struct mailbox_hole *holes;    /* ascending */
    ptrdiff_t n_holes;
    str more;                      /* further members: `"role":"sent"`, or none */
};

struct participant {
    str name, email;
    int64_t count; /* messages of the thread that are from them */
};
struct thread {
    str id;
    struct strs aliases; /* older ids that mean this thread; absent where there are none, or they are not known */
    str subject;         /* of its first message */
    struct participant *participants;
    ptrdiff_t n_participants;
    int64_t total, unread;     /* messages */
    int64_t first_at, last_at; /* seconds since 1970 UTC; 0: none */
    int64_t *email_ids;        /* oldest first */
    ptrdiff_t n_email_ids;
    str status;
    str more;
};

/* An account as mail-account prints it. The secret never is: `secret` is its reference as it may be shown ("cmd:…"). */
struct account {
    str name, email, provider;
    str protocol; /* "imap", "pop3": the name of the member that holds what follows; none: no server */
    str host;
    int64_t port;
    str security; /* "tls", "starttls", "none" */
    str user, auth, secret;
    struct strs mailboxes;
    int64_t sync_interval; /* seconds; 0: none */
    str status;
    str more;
};

/* A message that is to be sent; names of JMAP's EmailSubmission where it has one. */
struct envelope {
    bool has_from;  /* mailFrom is known; else it is the first of `from` */
    str mail_from;  /* addr-spec; STR_NONE: the null sender */
    struct strs rcpt_to;
};

/* Members of a submission, in the order in which they are written. */
enum submission_member {
    SUBMISSION_ID, SUBMISSION_KEY, SUBMISSION_ACCOUNT, SUBMISSION_PROFILE, SUBMISSION_QUEUE, SUBMISSION_BLOB_ID, SUBMISSION_PATH,
    SUBMISSION_RAW, SUBMISSION_SIZE, SUBMISSION_MESSAGE_ID, SUBMISSION_ENVELOPE, SUBMISSION_FROM, SUBMISSION_TO, SUBMISSION_CC,
    SUBMISSION_BCC, SUBMISSION_SUBJECT, SUBMISSION_THREAD_ID, SUBMISSION_EMAIL_ID, SUBMISSION_IN_REPLY_TO, SUBMISSION_PRIORITY,
    SUBMISSION_SEND_AT, SUBMISSION_UNDO_UNTIL, SUBMISSION_EXPIRES_AT, SUBMISSION_NOTIFY, SUBMISSION_RET, SUBMISSION_ENVID,
    SUBMISSION_SMTPUTF8, SUBMISSION_BODY_8BIT, SUBMISSION_TAGS, SUBMISSION_ATTEMPT, SUBMISSION_LEASE, SUBMISSION_LEASE_PATH,
    SUBMISSION_STATUS, SUBMISSION_CREATED_AT, SUBMISSION_AUTO_SUBMITTED, SUBMISSION_MEMBERS
};
#define SUBMISSION_BIT(member) (UINT64_C(1) << (member))

struct submission {
    uint64_t known, nulls;    /* as in struct email */
    int64_t id;               /* number in the queue; absent before mail-queue add */
    str key;                  /* idempotencyKey: adding it twice adds it once */
    str account;
    str profile;              /* SMTP identity; absent: the account's own */
    str queue;                /* named queue; absent: "default" */
    str blob_id;              /* sha256 hex of the message */
    str path;                 /* the file that holds it, whole */
    str raw;                  /* base64 of it */
    int64_t size;             /* octets */
    struct strs message_id;
    struct envelope envelope; /* a claimed one names only the recipients that are due */
    struct addresses from, to, cc, bcc;
    str subject;              /* decoded */
    str thread_id;
    int64_t email_id;         /* number of the email that it answers or forwards */
    struct strs in_reply_to;
    int64_t priority;         /* 0 normal, higher first */
    int64_t send_at, undo_until, expires_at; /* seconds since 1970 UTC: not before; until then it can be undone; not after */
    str notify;               /* DSN: "failure,delay", "success", "never" (RFC 3461) */
    str ret;                  /* "hdrs" or "full" */
    str envid;
    bool smtputf8, body_8bit;
    struct strs tags;
    int64_t attempt;          /* from 1; of the claim that printed it */
    str lease, lease_path;    /* its name, and the absolute path of its file (lease/lease.h) */
    str status;               /* queued sending sent deferred failed held canceled expired uncertain */
    int64_t created_at;
    str auto_submitted;       /* as the field: "no", "auto-generated", "auto-replied" */
    str unknown;              /* as in struct email */
};

static inline bool submission_has(const struct submission *s, enum submission_member x) { return (s->known & SUBMISSION_BIT(x)) != 0; }
static inline void submission_knows(struct submission *s, enum submission_member x)
{
    s->known |= SUBMISSION_BIT(x);
    s->nulls &= ~SUBMISSION_BIT(x);
}

/* What became of a submission for one recipient. */
enum delivery_member {
    DELIVERY_SUBMISSION_ID, DELIVERY_LEASE, DELIVERY_LEASE_PATH, DELIVERY_ACCOUNT, DELIVERY_RECIPIENT, DELIVERY_MESSAGE_ID,
    DELIVERY_STATUS, DELIVERY_PHASE, DELIVERY_CODE, DELIVERY_ENHANCED_CODE, DELIVERY_SERVER, DELIVERY_HOST, DELIVERY_PORT,
    DELIVERY_SERVER_ID, DELIVERY_AT, DELIVERY_ATTEMPT, DELIVERY_RETRY_AT, DELIVERY_ERROR_CODE, DELIVERY_HINT, DELIVERY_DURATION_MS,
    DELIVERY_MEMBERS
};
#define DELIVERY_BIT(member) (UINT64_C(1) << (member))

struct delivery {
    uint64_t known, nulls;
    int64_t submission_id;
    str lease, lease_path, account;
    str recipient;            /* addr-spec, as in the submission's rcptTo */
    struct strs message_id;
    str status;               /* "sent", "deferred", "failed", "uncertain" */
    str phase;                /* resolve connect tls login mail rcpt data reply: where it ended */
    int64_t code;             /* SMTP reply code, 200 to 599 */
    str enhanced_code;        /* RFC 3463: "5.1.1" */
    str server;               /* the server's own words, without secrets */
    str host;
    int64_t port;
    str server_id;            /* the server's queue id, as its reply names it */
    int64_t at;
    int64_t attempt;
    int64_t retry_at;         /* the server's hint, or ours */
    str error_code, hint;     /* as in struct err, where no server spoke */
    int64_t duration_ms;      /* from the first try to hand it to a connection to the last answer */
    str unknown;
};

static inline bool delivery_has(const struct delivery *d, enum delivery_member x) { return (d->known & DELIVERY_BIT(x)) != 0; }
static inline void delivery_knows(struct delivery *d, enum delivery_member x)
{
    d->known |= DELIVERY_BIT(x);
    d->nulls &= ~DELIVERY_BIT(x);
}

enum record_type { RECORD_OTHER, RECORD_EMAIL, RECORD_POLL, RECORD_ERROR, RECORD_SUBMISSION, RECORD_DELIVERY };
#define RECORD_BIT(type) (1u << (type))

struct record {
    enum record_type type;
    str type_name;      /* as it stands: "email", "submission", … */
    str line;           /* the line itself: what passes through untouched */
    const struct jnode *root;
    struct email email; /* RECORD_EMAIL */
    struct poll poll;   /* RECORD_POLL */
    struct err error;   /* RECORD_ERROR */
    struct submission submission; /* RECORD_SUBMISSION */
    struct delivery delivery;     /* RECORD_DELIVERY */
};

/* Read one line. False (class input; the sentence names `what` and the line's number, and the octet, from 1) where it is no
 * JSON object, has no type, or is of a type that is handled here and of a later version (v > 1) or with a member of the
 * wrong form. number 0: not a line of a stream, `what` says it all. Records of other types are RECORD_OTHER: pass their
 * line through. Addresses may be "A <a@b>", {name,email}, or arrays of either. */
bool record_read(arena *a, str line, const char *what, int64_t number, struct record *out, struct err *e);
/* record_read handles email, poll and error. Here the caller says which types it handles (RECORD_BIT of each); all others are
 * RECORD_OTHER, whatever is in them. */
bool record_read_types(arena *a, str line, const char *what, int64_t number, unsigned types, struct record *out, struct err *e);

/* Of an email the texts of `kept` (EMAIL_BIT of text, html, preview, …) are only to be written again: they stay JSON. */
bool record_read_keeping(arena *a, str line, const char *what, int64_t number, unsigned types, uint64_t kept, struct record *out,
                         struct err *e);

/* Where the envelope says no sender, the first of `from`; where it says no recipients, those of to, cc and bcc, each once. */
void submission_fill_envelope(arena *a, struct submission *s);

/* EMAIL_BIT of each member that a list like "from,subject" names; false with the name that is none in *wrong. */
bool record_email_members(str names, uint64_t *members, str *wrong);

/* Append the record as one line, with its LF. */
void record_write_email(struct buf *to, const struct email *m);
/* Its members of `wanted` into an open object; with unknown, those that this version does not know, too. */
void record_write_email_members(struct jwrite *w, const struct email *m, uint64_t wanted, bool unknown);
void record_write_poll(struct buf *to, const struct poll *p);
void record_write_submission(struct buf *to, const struct submission *s);
void record_write_delivery(struct buf *to, const struct delivery *d);
/* {"type":"error","v":1,"program":…,"class":…,"code":…,"stage":…,"message":…,"server":…,"hint":…,"retryable":…,"object":{…}}
 * object: JSON members that say what it is about (account, mailbox, uid, path, id), or STR_NONE. */
void record_write_error(struct buf *to, const char *program, const struct err *e, str object);

/* The members that the message itself tells, from what the parser found (lib/mime): blobId (where it was asked for), size, times of
 * the header, people, ids, subject, text, attachments, … and defects; other members stay as they are. Views of the result and
 * the arena: valid until the next mime_begin. What is too long is cut and named in `truncated`. */
struct mime;
struct mime_message;
void record_from_mime(arena *a, struct mime *mime, const struct mime_message *m, struct email *out);
/* headers: all fields in their order. */
void record_headers_from_mime(arena *a, struct mime *mime, const struct mime_message *m, struct email *out);

/* The member `bounce` (struct bounce of mime/mime.h): JSON of it, and the struct of what struct email holds, false where that is none.
 * Both live in the arena; views of json. */
struct bounce;
str record_bounce_json(arena *a, const struct bounce *b);
bool record_bounce_read(arena *a, str json, struct bounce *out);

void record_write_mailbox(struct buf *to, const struct mailbox *m);
void record_write_thread(struct buf *to, const struct thread *t);
void record_write_account(struct buf *to, const struct account *a);

/* What an account or a mailbox may be called: not empty, and without control characters. */
bool record_is_name(str s);

/* Only the member as JSON, for columns of the store: addresses as [{"name":…,"email":…}], attachments, strings. */
void record_json_addresses(struct buf *to, const struct addresses *list);
void record_json_attachments(struct buf *to, const struct attachment *list, ptrdiff_t n);
void record_json_strs(struct buf *to, const struct strs *list);
bool record_read_addresses(arena *a, const struct jnode *node, struct addresses *out);
bool record_read_attachments(arena *a, const struct jnode *node, struct attachment **out, ptrdiff_t *n);
bool record_read_strs(arena *a, const struct jnode *node, struct strs *out);

#endif
