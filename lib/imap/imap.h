/* IMAP (RFC 3501, tolerant; of its extensions LITERAL+ 7888, SASL-IR 4959, ESEARCH 4731, SPECIAL-USE 6154, LIST-EXTENDED 5258).
 *
 * parse: octets to events; owns no descriptor. dialog: a connection that is logged in, its commands, and UID FETCH in a
 * pipelined window. Reading changes nothing on the server: EXAMINE and BODY.PEEK only. */
#ifndef IMAP_H
#define IMAP_H

#include "err/err.h"
#include "net/net.h"

/* ---- parse ---------------------------------------------------------------------------------------- */

enum {
    IMAP_TEXT = 128 << 10, /* octets of one response's tokens, streamed literals excepted; the rest is dropped: malformed */
    IMAP_TOKENS = 4096,    /* tokens of one response; the rest is dropped: malformed */
    IMAP_WORDS = 8 << 10,  /* octets of a status text; the rest is dropped */
    IMAP_TAG = 64          /* octets of a tag; the rest is dropped: malformed */
};
#define IMAP_LITERAL_MAX (INT64_C(1) << 40) /* a bigger {n} is no literal but a word */

enum imap_token_type {
    IMAP_ATOM,   /* NIL, numbers, flags and BODY[…] are atoms, too */
    IMAP_STRING, /* quoted, or a literal that was not streamed */
    IMAP_OPEN,
    IMAP_CLOSE,
    IMAP_BODY    /* stands for a literal that was streamed */
};
struct imap_token {
    enum imap_token_type type;
    str text;
};

enum imap_status { IMAP_NONE, IMAP_OK, IMAP_NO, IMAP_BAD, IMAP_BYE, IMAP_PREAUTH };

/* One response. Views are valid until the next call of imap_parse. */
struct imap_response {
    str tag;                 /* "*", "+", or the command's */
    enum imap_status status; /* OK NO BAD BYE PREAUTH: code and text follow; else tokens */
    str code;                /* what stands between [ and ] */
    str text;                /* the words behind it; of "+" all of it */
    struct imap_token *token;
    ptrdiff_t n;
    bool malformed;          /* cut short or against the grammar; what could be read is there */
};

enum imap_event {
    IMAP_NEED,       /* the input is used up: give more */
    IMAP_RESPONSE,   /* part.response */
    IMAP_BODY_BEGIN, /* a literal behind BODY[…] begins: part.octets is that atom, part.size its octets */
    IMAP_BODY_DATA,  /* part.octets: some of it, a view of the input */
    IMAP_BODY_END,   /* all of it came */
    IMAP_UIDS,       /* of SEARCH or of ESEARCH's ALL: part.first to part.last, first <= last; not kept as tokens */
    IMAP_PAUSE,      /* imap_next only: nothing came within wait_ms */
    IMAP_GONE        /* imap_next only: the connection is over */
};

struct imap_part {
    struct imap_response response;
    str octets;
    int64_t size;
    uint32_t first, last;
};

/* Private to parse, but for its size. */
struct imap_parse {
    int state;
    bool searching; /* numbers are IMAP_UIDS */
    bool streaming; /* the literal goes out as it comes */
    int64_t left;   /* octets of a literal that are to come; while its length is read: that length */
    uint64_t number, from;
    bool range;
    ptrdiff_t token_at; /* where the open token begins in text */
    ptrdiff_t text_len, n;
    ptrdiff_t words_at;
    enum imap_status status;
    bool malformed;
    ptrdiff_t tag_len;
    char tag[IMAP_TAG];
    char *text; /* IMAP_TEXT */
    struct imap_token *token; /* IMAP_TOKENS */
};

/* a: lifetime of the parser (some 230 KB). */
void imap_parse_init(arena *a, struct imap_parse *p);

/* The next event of *in, which is moved behind what was used. Total: any octets give events, and it never waits for more than the
 * grammar needs; fed one octet at a time it gives the same events, but for the cuts of IMAP_BODY_DATA. */
enum imap_event imap_parse(struct imap_parse *p, str *in, struct imap_part *part);

/* ---- dialog --------------------------------------------------------------------------------------- */

struct imap_settings {
    struct net_target net;  /* protocol is set by imap_open */
    bool allow_plaintext;   /* a login without TLS is allowed */
    str user, secret;       /* secret: password or token */
    str auth;               /* "auto" or none, "login", "plain", "scram-sha-1", "scram-sha-256", "xoauth2", "oauthbearer" */
};

struct imap;

/* Connect and log in. NULL with *e; its stage is one of net's, or "login". Class login where the server refuses the user for
 * good, later where it says that it is only now (UNAVAILABLE, INUSE, LIMIT, BYE), configuration where no mechanism fits or TLS is missing.
 * settings must live as long as the result. a: run lifetime. */
struct imap *imap_open(arena *a, const struct imap_settings *settings, struct err *e);
/* LOGOUT, and close. May be given NULL. */
void imap_close(struct imap *c);
bool imap_can(const struct imap *c, const char *capability);
struct net_times imap_took(const struct imap *c);
/* As net_certificate_ends. */
int64_t imap_certificate_ends(const struct imap *c);
/* The mechanism of the login, "PREAUTH" where there was none. */
const char *imap_login_by(const struct imap *c);

struct imap_mailbox {
    str name;      /* UTF-8 */
    str delimiter; /* one character, or none where there are no levels */
    str role;      /* "inbox", "sent", "trash", "drafts", "junk", "archive", "all", "flagged", "important" or none (RFC 8621 2) */
    bool selectable;
    bool counted;  /* the rest is known */
    int64_t messages, unseen, uid_validity, uid_next;
};
struct imap_mailboxes {
    struct imap_mailbox *item;
    ptrdiff_t n, cap;
};
enum { IMAP_MAX_MAILBOXES = 100000 }; /* more are not listed */

/* LIST "" "*", in the server's order; with counts: STATUS of each, pipelined. */
bool imap_list(arena *a, struct imap *c, bool counts, struct imap_mailboxes *out, struct err *e);

struct imap_box {
    int64_t messages, uid_validity, uid_next; /* uid_next 0: not told */
    int64_t modseq;                           /* HIGHESTMODSEQ, 0: not told */
};
/* EXAMINE. name: UTF-8. ahead: what imap_search will be asked for next, in all likelihood (or none): the server is asked at once, a round
 * trip earlier. Class missing (imap.no-mailbox) where there is none. */
bool imap_examine(struct imap *c, str name, str ahead, struct imap_box *out, struct err *e);

struct imap_uids {
    uint32_t *uid; /* ascending, each once */
    ptrdiff_t n, cap;
};
enum { IMAP_MAX_UIDS = 5000000 }; /* of one search; more is an error */
/* UID SEARCH: "UID 3:7,12:*" tells which of these the mailbox holds, "120:*" is by message numbers. Appended to out. */
bool imap_search(arena *a, struct imap *c, str what, struct imap_uids *out, struct err *e);
void imap_uids_sort(struct imap_uids *u);

/* The next octets of a literal, at least one. False with *e ends the connection: it cannot be finished. */
typedef bool imap_source(void *context, str *piece, struct err *e);
/* APPEND (RFC3501-6.3.11): a message of `size` octets with CRLF line ends, as read (\Seen). The only thing here that changes the server. After
 * class later and code net.… the connection is of no more use. */
bool imap_append(struct imap *c, str mailbox, int64_t size, imap_source *next, void *context, struct err *e);

/* -- UID FETCH in a window -- */

struct imap_message {
    uint32_t uid;
    struct strs flags;     /* as the server spells them */
    bool has_date;
    int64_t internal_date; /* seconds since 1970 UTC */
    int64_t size;          /* RFC822.SIZE, -1: not told */
    str modseq;            /* digits, or none */
};

/* What the caller does with what comes. Functions with *e return false to end the run with that error. */
struct imap_sink {
    void *context;
    bool (*begin)(void *context, int64_t size, struct err *e); /* a body of so many octets */
    bool (*octets)(void *context, str octets, struct err *e);
    bool (*message)(void *context, const struct imap_message *m, struct err *e); /* the body was complete, this is the rest */
    void (*drop)(void *context);                               /* the body that began is not wanted or was cut */
    void (*failed)(void *context, uint32_t uid, const struct err *why); /* the server cannot give this one */
    bool (*stop)(void *context, bool pause); /* asked after whatever came, and when nothing came for a moment (pause) */
};

enum imap_uid_state { IMAP_TODO, IMAP_ASKED, IMAP_ALONE, IMAP_ASKED_ALONE, IMAP_DONE, IMAP_VANISHED, IMAP_FAILED };

enum { IMAP_BATCH = 500, IMAP_WINDOW = 2000, IMAP_COMMANDS = 16 };
/* UIDs in one command, UIDs and commands on their way */

struct imap_fetch {
    struct imap *c;
    const char *items;    /* "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])" */
    const struct imap_uids *uids;
    unsigned char *state; /* enum imap_uid_state of each; IMAP_DONE and on are left alone. The caller's, kept over reconnects */
    struct imap_sink sink;
    uint32_t in_hand;     /* out, with IMAP_CUT: the lowest UID that was on its way, or 0 */
};

enum imap_end {
    IMAP_FETCHED, /* every UID is done, vanished or failed */
    IMAP_STOPPED, /* sink.stop said so: close the connection, there is more on its way */
    IMAP_CUT,     /* the connection is gone, with *e: open another and call again */
    IMAP_BROKEN   /* the sink failed, with *e */
};
/* Ask for all that is to do; deliver each as it comes. What a command did not bring is asked for once more by itself. */
enum imap_end imap_fetch(struct imap_fetch *f, struct err *e);

#endif
