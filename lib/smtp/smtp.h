/* SMTP (RFC 5321, 6409) and LMTP (RFC 2033) as a client: sending, never receiving.
 *
 * Of the extensions: PIPELINING 2920, SIZE 1870, 8BITMIME 6152, SMTPUTF8 6531, CHUNKING 3030, DSN 3461, ENHANCEDSTATUSCODES 2034, AUTH 4954.
 * parse: octets to replies; owns no descriptor. wire: a message as it goes over the line. dialog: a connection and the messages
 * that are on their way over it. */
#ifndef SMTP_H
#define SMTP_H

#include "err/err.h"
#include "net/net.h"

/* ---- parse ---------------------------------------------------------------------------------------- */

enum {
    SMTP_WORDS = 8 << 10,         /* octets of one reply's words; the rest is dropped */
    SMTP_REPLY_OCTETS = 256 << 10 /* of one reply; one that goes on is malformed */
};

/* One reply (RFC5321-4.2). Views are valid until the next call of smtp_parse. */
struct smtp_reply {
    int code;      /* 200 to 599 of its last line; 0: malformed */
    str enhanced;  /* "5.1.1", or none (RFC 2034) */
    str words;     /* without the codes; an LF between lines */
    bool malformed; /* no reply at all: the connection is of no more use */
};

/* Private to parse, but for its size. Begin with {0}. */
struct smtp_parse {
    int column, code, digits;
    bool last, malformed;
    int64_t octets;
    ptrdiff_t len, line_at, enhanced_len;
    char head[4];
    char enhanced[16];
    char words[SMTP_WORDS];
};

/* The next whole reply of *in, which is moved behind what was used: true. False: give more. Total; the same replies whatever the pieces. */
bool smtp_parse(struct smtp_parse *p, str *in, struct smtp_reply *out);

/* Seconds until the server wants to be asked again, where its words say it ("try again in 5 minutes"), else 0; at most a day. */
int64_t smtp_retry_after(str words);

/* The id that a server gives a message in its last reply ("queued as 4F2…"), a view of words, or none. */
str smtp_queue_id(str words);

/* ---- wire ----------------------------------------------------------------------------------------- */

/* What a message is, before it is sent. Begin with {0}; add all pieces in order. */
struct smtp_scan {
    int64_t octets; /* as it came */
    int64_t breaks; /* octets to be added so that every line ends with CRLF */
    bool eight_bit; /* octets above 127 */
    char last;
};
void smtp_scan(struct smtp_scan *s, str piece);
/* Octets on the wire, without dots that are added: every line, the last one too, ends with CRLF. */
int64_t smtp_scan_size(const struct smtp_scan *s);

/* The same octets as they are sent: bare CR and bare LF become CRLF (RFC5321-2.3.8); with `dots` a dot at the begin of a line is
 * doubled (RFC5321-4.5.2). Begin with .dots only. */
struct smtp_wire {
    bool dots, in_line, cr;
};
void smtp_wire(struct smtp_wire *w, str piece, struct buf *to);
/* The end of the last line; with `dots` the final dot. */
void smtp_wire_end(struct smtp_wire *w, struct buf *to);

/* An address as it stands between < and >. IDN becomes A-labels (RFC 5891) where only the domain is beyond ASCII; *utf8: it
 * still wants SMTPUTF8. False (class input, "smtp.address") for what is no address: control characters, blanks, angle
 * brackets outside of quotes, no "@" (but for postmaster), a domain that has no A-labels, over 254 octets. */
bool smtp_address(arena *a, str address, str *out, bool *utf8, struct err *e);
/* RFC3461-4 xtext. */
str smtp_xtext(arena *a, str s);

/* ---- dialog --------------------------------------------------------------------------------------- */

struct smtp_settings {
    struct net_target net;   /* protocol "smtp" or "lmtp" */
    bool allow_plaintext;    /* a login without TLS is allowed */
    bool plain_dialog;       /* no PIPELINING, no CHUNKING, whatever is offered */
    str user, secret, auth;  /* as in imap/imap.h; no user: no login */
    int64_t window;          /* messages that are committed and not answered, 1 to SMTP_WINDOW; 0: SMTP_WINDOW_USUAL */
    int64_t reply_ms;        /* longest silence before a reply */
    int64_t final_ms;        /* the same behind the end of a message: RFC5321-4.5.3.2.6 wants ten minutes */
};

enum smtp_status { SMTP_OPEN, SMTP_SENT, SMTP_DEFERRED, SMTP_FAILED, SMTP_UNCERTAIN };

struct smtp_rcpt {
    str address;             /* as asked for */
    enum smtp_status status; /* only SMTP_OPEN ones are sent to */
    const char *phase;       /* "mail", "rcpt", "data", "reply": to what it was the answer */
    int code;                /* of the server, or 0 */
    str enhanced, words;     /* of the server, in the message's memory, or none */
    const char *error, *hint; /* where no server spoke: as in struct err; else NULL */
    bool accepted;           /* private: RCPT was answered with 2xx */
};

/* A message on its way. The caller's, until done was called for it or smtp_close. */
struct smtp_message {
    arena *mem;              /* for words */
    str from;                /* empty: the null sender */
    struct smtp_rcpt *rcpt;
    ptrdiff_t n;
    str octets;              /* the message; or none, and */
    int fd;                  /* a file that holds it */
    struct smtp_scan scan;   /* of all of it */
    bool utf8;               /* its header needs SMTPUTF8 */
    str notify, ret, envid;  /* DSN: "never" or "success,failure,delay"; "full" or "hdrs"; none: not asked for */
    void *context;           /* the caller's */
    /* private */
    ptrdiff_t pending;       /* replies that are owed for it */
    bool written;            /* no more will be sent for it */
    bool mail_refused;
    int64_t end_at;          /* octets of the connection up to its end; 0: it cannot be complete at the server */
};

struct smtp_hooks {
    void *context;
    /* Before octets go out that make these messages complete at the server. False with *e: they are not sent, the connection ends. */
    bool (*commit)(void *context, struct smtp_message *const *m, ptrdiff_t n, struct err *e);
    /* Every recipient of m has its status. May not call back into the dialog. */
    void (*done)(void *context, struct smtp_message *m);
};

enum {
    SMTP_WINDOW = 64,       /* messages that are committed and not answered, at most; after a cut, or the death of the program, so many may be uncertain */
    SMTP_WINDOW_USUAL = 16, /* 20 ms away 16 carried 200 messages a second, 8 carried 117 */
    SMTP_SMALL = 64 << 10 /* octets of one that is small; a bigger one is committed by itself, just before its end is sent */
};

struct smtp;

/* Connect, greet, log in. NULL with *e; stages as those of net, "greeting", "login". Class login where the server refuses the user,
 * later where it says 4xx, configuration where no mechanism fits or TLS is missing. settings must live as long as the result. a:
 * lifetime of the connection. */
struct smtp *smtp_open(arena *a, const struct smtp_settings *settings, struct err *e);
/* QUIT if it still can be said, and close. May be given NULL. */
void smtp_close(struct smtp *c);

/* Hand over n messages: they are sent in order as far as the window allows, and outcomes come through done, now or in a later call.
 * False with *e: the connection is over, and c is only good for smtp_close. What may have been complete at the server was given
 * to done as uncertain; what was not given to done was not accepted by the server: its open recipients may be tried again. */
bool smtp_send(struct smtp *c, struct smtp_message *const *m, ptrdiff_t n, const struct smtp_hooks *hooks, struct err *e);
/* Wait until nothing is on its way. */
bool smtp_drain(struct smtp *c, const struct smtp_hooks *hooks, struct err *e);
/* Messages on their way. */
ptrdiff_t smtp_in_flight(const struct smtp *c);

/* For a test of the account: ask whether it would take a message from one to the other, and take it back (RSET). The reply that decided
 * is in *rcpt (status, phase, code, words in a). */
bool smtp_ask(arena *a, struct smtp *c, str from, struct smtp_rcpt *rcpt, struct err *e);

struct net_times smtp_took(const struct smtp *c);
/* The mechanism of the login, or NULL where there was none. */
const char *smtp_login_by(const struct smtp *c);
/* What the server offers, as it said it, newest list. */
const struct strs *smtp_offers(const struct smtp *c);

#endif
