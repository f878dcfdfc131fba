/* The header of a message or part: fields, and what the structured ones say (RFC 5322, RFC 2045, RFC 2369, RFC 3834).
 *
 * Total: any octets give fields and a list of defects. Fields are views of the text that was passed; decoded values lie in the
 * arena or are views. `c` converts character sets, *flags collects CODEC_… and CHARSET_… and may be NULL. */
#ifndef HEADER_H
#define HEADER_H

#include "codec/codec.h"
#include "str/str.h"

enum {
    HEADER_OCTETS = 10 << 20, /* a header that is longer ends here, the rest is body: header.long */
    HEADER_FIELDS = 10000,    /* fields behind these are not kept: header.many */
    HEADER_DEFECTS = 100,     /* defects behind these are not kept */
    HEADER_ADDRESSES = 10000,  /* addresses of one list behind these are not kept */
    HEADER_IDS = 10000         /* message ids of one list behind these are not kept */
};

/* Names that are looked up without comparing text. */
enum header_name {
    HEADER_OTHER,
    HEADER_AUTO_SUBMITTED, HEADER_BCC, HEADER_CC, HEADER_CONTENT_DESCRIPTION, HEADER_CONTENT_DISPOSITION, HEADER_CONTENT_ID,
    HEADER_CONTENT_LANGUAGE, HEADER_CONTENT_LOCATION, HEADER_CONTENT_TRANSFER_ENCODING, HEADER_CONTENT_TYPE, HEADER_DATE,
    HEADER_DELIVERED_TO, HEADER_FROM, HEADER_IMPORTANCE, HEADER_IN_REPLY_TO, HEADER_LIST_HELP, HEADER_LIST_ID, HEADER_LIST_POST,
    HEADER_LIST_UNSUBSCRIBE, HEADER_LIST_UNSUBSCRIBE_POST, HEADER_MESSAGE_ID, HEADER_MIME_VERSION, HEADER_PRECEDENCE,
    HEADER_PRIORITY, HEADER_RECEIVED, HEADER_REFERENCES, HEADER_REPLY_TO, HEADER_RETURN_PATH, HEADER_SENDER, HEADER_STATUS,
    HEADER_SUBJECT, HEADER_TO, HEADER_X_AUTOREPLY, HEADER_X_AUTO_RESPONSE_SUPPRESS, HEADER_X_AUTORESPOND, HEADER_X_LOOP,
    HEADER_X_MSMAIL_PRIORITY, HEADER_X_PRIORITY, HEADER_X_STATUS,
    HEADER_NAMES
};

struct field {
    str name;            /* as it stands, without space before the colon */
    str body;            /* what follows the colon, folded, without leading space and without the last line end */
    ptrdiff_t offset;    /* of the name, in the text that was parsed */
    enum header_name id;
    int32_t next;        /* index of the next field of the same id (not for HEADER_OTHER), -1: none */
};

struct header_defect {
    const char *code; /* literal: "header.no-colon", "header.from-line", "header.no-blank", "header.long", "header.many", "header.cr" */
    ptrdiff_t offset;
};

struct header {
    struct field *field; /* in the order of the message */
    ptrdiff_t n;
    ptrdiff_t length;    /* octets of the header with its empty line: the body begins here */
    struct header_defect *defect;
    ptrdiff_t n_defects;
    int32_t first[HEADER_NAMES], last[HEADER_NAMES]; /* index of a field, -1: none */
};

/* Read the header at the beginning of text. False where its end is not in text yet and `all` is false (text may go on):
 * call again with more. With `all` true always true. A "From " or ">From " line before or between fields is a defect
 * and skipped. The result lives in the arena and points into text. */
bool header_parse(arena *a, str text, bool all, struct header *out);

/* The first, the last, the next one of the same name; NULL: none. */
const struct field *header_first(const struct header *h, enum header_name id);
const struct field *header_last(const struct header *h, enum header_name id);
const struct field *header_next(const struct header *h, const struct field *f);
/* By any name, ASCII case does not matter; after: NULL or the one before. */
const struct field *header_named(const struct header *h, str name, const struct field *after);
/* The body of the first; STR_NONE: none. */
str header_body(const struct header *h, enum header_name id);

/* Without line breaks: a view where it has none. White space of the folds stays. */
str header_unfold(arena *a, str body);
/* Unfolded, encoded words decoded, trimmed: Subject, Comments, any field for people. */
str header_text(arena *a, struct charsets *c, str body, unsigned *flags);

/* ---- addresses (RFC 5322 3.4, 4.4) --------------------------------------------------------------------- */

struct header_address {
    str name;  /* decoded phrase, or the comment where there is no phrase; STR_NONE where there is none */
    str email; /* local@domain, unquoted where it can be; without @ where the text has none */
};
struct header_addresses {
    struct header_address *item;
    ptrdiff_t n, cap;
};
/* Append the addresses of a list; groups give their members. Never fails; what cannot be read is left out. */
void header_addresses(arena *a, struct charsets *c, str body, struct header_addresses *out, unsigned *flags);

/* ---- message ids (RFC 5322 3.6.4) ---------------------------------------------------------------------- */

/* Without <>. Message-ID has one (STR_NONE: none); References and In-Reply-To a list that may hold other text. */
str header_message_id(arena *a, str body);
void header_ids(arena *a, str body, struct strs *out);

/* ---- MIME fields --------------------------------------------------------------------------------------- */

struct header_value {
    str value; /* lower case, without comments: "text/plain", "attachment"; STR_NONE: it could not be read */
    struct params params;
};
void header_content_type(arena *a, struct charsets *c, str body, struct header_value *out, unsigned *flags);
void header_disposition(arena *a, struct charsets *c, str body, struct header_value *out, unsigned *flags);

enum transfer_encoding { ENCODING_7BIT, ENCODING_8BIT, ENCODING_BINARY, ENCODING_QP, ENCODING_BASE64, ENCODING_UU, ENCODING_UNKNOWN };
enum transfer_encoding header_transfer_encoding(str body);

/* ---- what people and programs mean ---------------------------------------------------------------------- */

/* The time of a Date or Received field (behind the last ';'). */
bool header_date(str body, int64_t *seconds, int *zone);
bool header_received_date(str body, int64_t *seconds, int *zone);

/* Base subject (RFC 5256 2.1) of a decoded subject. */
enum subject_rules {
    SUBJECT_RFC5256, /* re, fw, fwd, "(fwd)", [fwd: ] and blobs, to the letter */
    SUBJECT_WIDE     /* and prefixes of other languages: AW, SV, Antw, VS, Odp, RV, RES, TR, WG, Re[2], full-width colons, … */
};
struct base_subject {
    str text; /* white space folded to one space; case kept */
    bool reply, forward;
};
void header_base_subject(arena *a, str subject, enum subject_rules rules, struct base_subject *out);

/* "low", "normal" or "high" of Importance, X-Priority, X-MSMail-Priority, Priority, in this order. */
str header_importance(const struct header *h);

/* "no", "auto-generated", "auto-replied", "auto-notified" (RFC 3834, RFC 5436); where the field is missing, guessed from
 * Precedence, X-Autoreply, X-Autorespond. */
str header_auto_submitted(const struct header *h);

struct header_list {
    str id;                  /* List-Id without <>, STR_NONE: none (RFC 2919) */
    str post;                /* address or URL, STR_NONE: none, or "NO" (RFC 2369) */
    struct strs unsubscribe; /* URLs */
    bool one_click;          /* RFC 8058 */
};
/* False where no field of a list is there. */
bool header_list(arena *a, const struct header *h, struct header_list *out);

#endif
