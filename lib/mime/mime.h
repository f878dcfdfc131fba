/* Messages: the tree of parts (RFC 2045, 2046), decoded text, attachments by digest, mbox files, HTML to text.
 *
 * The parser is pushed: octets of one message come in pieces of any size, nothing is read or kept but what the result needs, so
 * a message of any length is parsed in bounded memory and in linear time. It is total: any octets are a message; what was
 * wrong is a list of defects. Where the same octets come in other pieces the result is the same. */
#ifndef MIME_H
#define MIME_H

#include "header/header.h"

enum {
    MIME_DEPTH = 100,         /* levels of multipart and message: what is deeper is not opened, a leaf (mime.depth) */
    MIME_PARTS = 10000,       /* parts of a message: those behind are not seen (mime.parts) */
    MIME_BOUNDARY = 1000,     /* octets of a boundary: a longer one is not looked for (mime.boundary) */
    MIME_HEADER = 1 << 20,    /* octets of one header: what follows is body (header.long) */
    MIME_TEXT = 1 << 20,      /* octets of text, and of html, where max_text says nothing: cut (text_cut, html_cut) */
    MIME_NAME = 1024,         /* octets of a part's name, type and Content-ID: cut (mime.name) */
    MIME_DEFECTS = 100        /* defects of a message: those behind are not kept */
};

struct mime_defect {
    str code;       /* doc/leniency.md lists all */
    int64_t offset; /* octet of the message; -1: none */
};

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };

struct mime_part {
    int32_t parent;  /* index of the multipart or message that holds it, -1: the message itself */
    int32_t number;  /* among its siblings, from 1 */
    uint8_t kind;    /* enum mime_kind */
    bool inner;      /* lies in a message/… part, belongs to that one */
    bool attachment; /* size, sha256, id are set */
    str type;        /* lower case: "text/plain" */
    str name, disposition, cid; /* STR_NONE where there is none */
    str id;          /* part number (RFC 3501 6.4.5): "1", "2.1"; set where options.part_id is this one, too */
    int64_t size;    /* octets after the transfer decoding */
    str sha256;      /* hex, of the same; STR_NONE unless asked for */
};

struct bounce;
struct mime_message {
    struct header header; /* of the message; its views live as long as the result */
    struct mime_part *part; /* in the order of the message, part[0] is the message itself */
    ptrdiff_t n_parts;
    str text;             /* the inline text/plain leaves joined, lines end with LF; without any: the HTML as text */
    bool text_from_html, text_cut;
    ptrdiff_t text_parts; /* leaves that were joined; 1 where the text is from HTML; 0: there is no text */
    str html;             /* the first inline text/html leaf in UTF-8, STR_NONE: there is none */
    bool html_cut;
    str structure;        /* "multipart/mixed(text/plain,image/png)" */
    int64_t size;         /* octets */
    str sha256;           /* hex, of the message; STR_NONE unless asked for */
    const struct bounce *bounce; /* what it reports; NULL: it is no report */
    struct mime_defect *defect;
    ptrdiff_t n_defects;
};

struct mime_options {
    int64_t max_text; /* octets of text and of html, each; 0: MIME_TEXT */
    bool digest;      /* sha256 of the message */
    bool no_digests;  /* none of the attachments */
    /* Where put is set, the decoded octets of the part with this id go to it as they come; without an id, those of every
     * attachment, one after the other. next, where it is set, is told before them whose they are: all but size and sha256 is known. */
    str part_id;
    void (*next)(void *context, const struct mime_part *part);
    void (*put)(void *context, str octets);
    void *context;
};

/* One parser for each thread, used for message after message; run lifetime. The memory that it holds at rest is under 4 MiB. */
struct mime;
struct mime *mime_new(void);
struct charsets *mime_charsets(struct mime *m);

/* A message: begin, feed…, end. The options are copied. What mime_end gives lives until the next mime_begin. A message that is
 * begun and not ended is dropped by the next one. */
void mime_begin(struct mime *m, const struct mime_options *options);
void mime_feed(struct mime *m, str octets);
const struct mime_message *mime_end(struct mime *m);

/* Octets of the message so far; octets that are kept of it. */
int64_t mime_size(const struct mime *m);
ptrdiff_t mime_held(const struct mime *m);

/* More that was wrong, found while reading fields of the result: flags are CODEC_… and CHARSET_…. */
void mime_note(struct mime *m, unsigned flags, int64_t offset);
void mime_defect(struct mime *m, str code, int64_t offset);

/* ---- reports (RFC 3464, RFC 5965, RFC 8098, RFC 3834) ------------------------------------------------- */

enum {
    BOUNCE_RECIPIENTS = 1000, /* recipients of a report: those behind are not kept */
    BOUNCE_TEXT = 2000        /* octets of a diagnostic or another text: cut */
};

struct bounce_recipient {
    str email;      /* Final-Recipient, or as the text of the notice names it */
    str original;   /* Original-Recipient: as the sender named it */
    str action;     /* "failed", "delayed", "delivered", "relayed", "expanded" */
    str status;     /* RFC 3463; guessed from the text only where the report has no fields at all */
    str reply;      /* SMTP reply code, "550" */
    str class;      /* as struct bounce's, of this recipient */
    str diagnostic; /* the other server's words */
    str remote_mta;
    int64_t last_attempt, retry_until; /* seconds since 1970 UTC; 0: not told */
};

/* What a delivery report, a complaint, a receipt or an automatic reply says. Members are STR_NONE or 0 where it does not. */
struct bounce {
    str kind;       /* "dsn", "arf", "mdn", "vacation"; "text": a notice for people that was understood */
    /* What it means, of the worst recipient: "hard" (no such address), "full" (mailbox), "block" (sender or host is not
     * wanted), "policy" (this message is not wanted), "soft" (for now), "other" (failed, nobody knows why), "delivered",
     * "complaint", "auto" (a receipt or reply by a program) */
    str class;
    str provider;   /* whose form the text had: "exim", "gmail", … */
    struct bounce_recipient *recipient;
    ptrdiff_t n_recipients;
    str reporting_mta, envid;
    int64_t arrival_date; /* seconds since 1970 UTC */
    str verp;       /* the recipient that our own envelope address names: list+ann=example.com@here */
    str original_id, original_from, original_to, original_subject, original_date; /* of the returned message; id without <>, the
                       others decoded as they stand */
    str feedback_type, user_agent, source_ip, mail_from; /* ARF */
    str disposition; /* MDN: "displayed", "deleted", "dispatched", "processed", … */
    str disposition_mode; /* "manual-action/mdn-sent-manually" */
};

/* ---- mbox (RFC 4155; mboxrd, mboxo, mboxcl2) --------------------------------------------------------- */

enum mbox_format {
    MBOX_RD, /* ">From ", ">>From ", … each lost one '>' */
    MBOX_O,  /* only ">From " did */
    MBOX_CL2 /* nothing is quoted, Content-Length tells where the message ends */
};
/* "mboxrd", "mboxo", "mboxcl2" */
str mbox_format_name(enum mbox_format f);
bool mbox_format_of(str name, enum mbox_format *out);

struct mbox_from {
    str sender;   /* "-" where there is none */
    bool dated;
    bool patch;   /* as git format-patch writes it */
    int64_t time; /* seconds since 1970 UTC, where dated */
};
/* Whether a line (with or without its end) is a From line: sender and date; or a sender alone, as Mozilla and Takeout write them,
 * which counts only where a field follows. A patch of git ("From <hash> Mon Sep 17 00:00:00 2001") is one, with .patch set. */
bool mbox_from_line(str line, struct mbox_from *out);

/* Whether a file that begins so is a mbox: its first line (behind a byte order mark) is a From line. Give it 1,024 octets or the
 * whole file. */
bool mbox_begins(str start);

enum { MBOX_FROM_LINE = 1000 }; /* octets of a From line: a longer line is none */

struct mbox_message {
    int64_t offset, length; /* of the span in the file, without From line and without the empty line before the next one */
    enum mbox_format format;
    struct mbox_from from; /* sender is a view: valid in the call only */
};

/* Receives what the splitter finds. begin: offset, format and from are known; put: unquoted octets, views of what was fed, or of
 * the splitter; end: length is known, too. */
struct mbox_sink {
    void *context;
    void (*begin)(void *context, const struct mbox_message *message);
    void (*put)(void *context, str octets);
    void (*end)(void *context, const struct mbox_message *message);
    /* The file's octets from offset on, up to n: how many there are; -1: not known (a pipe). May be NULL. Used to see whether a
     * Content-Length leads to a From line or to the end; where that is not known it is not honoured. */
    ptrdiff_t (*look)(void *context, int64_t offset, char *out, ptrdiff_t n);
};

struct mbox;
/* quoting: MBOX_RD or MBOX_O, for messages without a good Content-Length. */
struct mbox *mbox_new(arena *a, enum mbox_format quoting, const struct mbox_sink *sink);
void mbox_feed(struct mbox *b, str octets);
/* The end of the file. Octets before the first From line are a message of their own, without a date. */
void mbox_end(struct mbox *b);

/* A span of a mbox, as the splitter told it, back to the message that it holds: begin with zeroes and a format, feed…, end. */
struct mbox_unquote {
    enum mbox_format format;
    bool in_body;     /* the header is never quoted */
    bool in_line;     /* what comes next does not begin a line */
    int64_t quotes;   /* '>' at the start of a line that are not decided yet */
    int matched;      /* and how much of "From " stands behind them */
};
void mbox_unquote(struct mbox_unquote *u, str octets, void (*put)(void *context, str octets), void *context);
void mbox_unquote_end(struct mbox_unquote *u, void (*put)(void *context, str octets), void *context);

/* ---- writing messages ---------------------------------------------------------------------------------- */

#include "mime/build.h"

#endif
