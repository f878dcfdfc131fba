/* Reports: what of a message is kept while it is parsed, and how its fields or its text are read. Private to lib/mime.
 * Ordinary mail costs a look at four fields of its header. */
#ifndef MIME_REPORT_H
#define MIME_REPORT_H

#include "mime/mime.h"

enum {
    REPORT_OCTETS = 256 << 10, /* of each part that is kept: what follows is not seen */
    REPORT_NOTICE = 64 << 10   /* of the text that is looked at */
};

/* What in the header of a message speaks for a report. */
enum {
    REPORT_TYPE = 1,    /* multipart/report */
    REPORT_SENDER = 2,  /* a mail system, a postmaster, a feedback loop */
    REPORT_PATH = 4,    /* the null sender */
    REPORT_SUBJECT = 8,
    REPORT_FAILED = 16  /* X-Failed-Recipients */
};

enum report_part {
    REPORT_STATUS,      /* message/delivery-status */
    REPORT_FEEDBACK,    /* message/feedback-report */
    REPORT_DISPOSITION, /* message/disposition-notification */
    REPORT_ORIGINAL,    /* header of the returned message */
    REPORT_PREAMBLE,    /* what stands before the first boundary, in reports whose boundaries are broken */
    REPORT_PARTS
};

struct report {
    unsigned evidence;
    bool parts; /* one of the machine-readable parts was there */
    struct buf part[REPORT_PARTS];
};

/* ---- report.c: while the message is parsed ---- */

/* A part has begun; header: its octets. */
void report_part(struct report *r, arena *keep, const struct mime_part *parts, int32_t part, const struct header *h, const char *header);
/* Where the decoded octets of a leaf go, of what stands before the first boundary; NULL: nowhere. */
struct buf *report_leaf(struct report *r, arena *keep, const struct mime_part *p);
struct buf *report_preamble(struct report *r, arena *keep);
void report_put(struct buf *to, str octets);
/* The whole, once everything else of the result is there. */
const struct bounce *report_read(const struct report *r, arena *keep, struct charsets *c, const struct mime_message *m);

/* ---- what reads a report, shared ---- */

struct reading_report {
    arena *mem;
    struct charsets *charsets;
    const struct report *report;
    const struct mime_message *m;
    struct bounce *out;
    ptrdiff_t cap; /* of out->recipient */
    str text;      /* for people */
    str notice;    /* the same without the returned message */
};

struct bounce_recipient *report_recipient(struct reading_report *r); /* a new one; NULL: BOUNCE_RECIPIENTS are there */
/* Valid UTF-8, cut at BOUNCE_TEXT, white space folded to one space. */
str report_words(arena *a, str s);
str report_address(arena *a, str s); /* behind "type;", without <> */

/* report_fields.c: RFC 3464, 5965, 8098. report_status: false where the fields say nothing. */
bool report_status(struct reading_report *r, str fields);
void report_feedback(struct reading_report *r, str fields);
void report_disposition(struct reading_report *r, str fields);
void report_original(struct reading_report *r, str header);

/* report_text.c: a notice for people. False: it is none. */
bool report_text(struct reading_report *r);
/* The text up to the returned message, which begins at *original. */
str report_notice(str text, str *original);

/* report_ses.c: what Amazon SES tells by way of SNS, a JSON text. */
bool report_ses(struct reading_report *r);

/* report_class.c */
/* The class that status, the other server's words, and where neither says enough the notice, amount to. */
str report_class(arena *a, const struct bounce_recipient *p, str notice);
/* The status that goes with words; STR_NONE: none. */
str report_guess(arena *a, str words);
/* RFC3463-2: "5.1.1" where s holds one, and an SMTP reply code; STR_NONE where not. */
void report_codes(str s, str *status, str *reply);
/* Of the worst recipient; where there is none, of the notice. */
str report_worst(arena *a, const struct bounce *b, str notice);

/* report_vacation.c: automatic replies (RFC 3834). */
bool report_vacation(arena scratch, struct charsets *c, const struct header *h, unsigned evidence);

#endif
