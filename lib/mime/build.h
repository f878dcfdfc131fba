/* Writing a message: fields (RFC 5322, RFC 2047), addresses, and a tree of parts (RFC 2045, 2046, 2183, 2231) with its encodings. Included by
 * mime/mime.h.
 *
 * Nothing of a part but text is held in memory: what a file or another message holds is poured through the encoder. What is
 * written has CRLF line ends, lines of at most BUILD_LINE_MAX octets, header lines of at most BUILD_LINE where words allow it. */
#ifndef MIME_BUILD_H
#define MIME_BUILD_H

#include "err/err.h"
#include "header/header.h"

enum {
    BUILD_LINE = 78,          /* RFC5322-2.1.1: where fields are folded */
    BUILD_LINE_MAX = 998,     /* RFC5322-2.1.1: a text with longer lines is encoded */
    BUILD_VALUE = 32 << 10,   /* octets of the value of a field: a longer one is refused */
    BUILD_NAME = 500,         /* octets of the name of an address: a longer one is refused */
    BUILD_DEPTH = 16,         /* multiparts within each other; more is a bug of the caller */
    BUILD_REFERENCES = 50     /* ids of References that are written: the first, and the last ones */
};

/* ---- what may stand in a field ---------------------------------------------------------------------------- */

/* UTF-8 without control characters other than TAB, at most BUILD_VALUE octets: nothing in it can end a field. False (class input) with a
 * sentence that names `what`. */
bool build_value_ok(str value, const char *what, struct err *e);
/* The name of a field, RFC5322-2.2: printable ASCII without colon and space. */
bool build_name_ok(str name, struct err *e);

/* Addresses as people write them, `Ann <a@b>, c@d; "Doe, J." <e@f>, g@h (Jo)`, strictly: each must be one, in UTF-8 (RFC 6531). Appends;
 * false (class wrong: usage or input, as the caller says; input for control characters) with a sentence that names `what` and the
 * one that is none. Views of text and the arena. */
bool build_address_read(arena *a, str text, const char *what, enum err_class wrong, struct header_addresses *out, struct err *e);
/* One that is apart already: name (may be STR_NONE) and addr-spec. */
bool build_address_ok(arena scratch, struct header_address address, const char *what, enum err_class wrong, struct err *e);
void build_address_add(arena *a, struct header_addresses *list, struct header_address x);
/* The addr-spec as it is written into a message and an envelope: a domain that is not ASCII as A-labels, unless the local part needs
 * RFC 6531 anyhow (*utf8 is then set, else left alone; may be NULL). */
str build_address_wire(arena *a, str email, bool *utf8);

/* ---- fields: `Name: value` CRLF is appended. Values must have passed the checks above (asserted) ------------ */

void build_text(struct buf *to, str name, str value);      /* unstructured: encoded words where it is not plain ASCII */
void build_structured(struct buf *to, str name, str value); /* ASCII as it is, folded at spaces */
/* Where list has none: nothing. */
void build_addresses(arena *scratch, struct buf *to, str name, const struct header_addresses *list);
void build_ids(struct buf *to, str name, const struct strs *ids); /* each in <>; those that fit in no line are left out */
void build_date(struct buf *to, str name, int64_t seconds, int zone);

/* ---- parts ------------------------------------------------------------------------------------------------- */

/* Where octets go. False with *e: no more. */
typedef bool build_put(void *to, str octets, struct err *e);

/* Octets that are not in memory: pour puts all of them, from the beginning, each time it is called. */
struct build_source {
    void *context;
    bool (*pour)(void *context, build_put *put, void *to, struct err *e);
};

/* A build_put to pour through: puts lines on, each ended by CRLF; a CR or LF alone ends one, too. Begin with put and to. */
struct build_lines {
    build_put *put;
    void *to;
    bool after_cr, in_line; /* in_line: what came last is not ended */
};
bool build_lines_put(void *lines, str octets, struct err *e);

/* Another: what octets need. Begin with zeroes. */
struct build_survey {
    int64_t octets, high, line, longest; /* high: above 127; longest: octets of a line */
    bool nul, odd;                       /* odd: a CR that ends no line, or another control character */
    bool after_cr;
};
bool build_survey_put(void *survey, str octets, struct err *e);

enum build_encoding { BUILD_7BIT, BUILD_8BIT, BUILD_QP, BUILD_BASE64 };

struct build_part {
    str type;          /* "text/plain", "multipart/mixed", "message/rfc822" */
    str charset;       /* of a text that comes from a source; for content it is found */
    str name;          /* UTF-8; STR_NONE: none */
    str disposition;   /* "attachment", "inline" or STR_NONE */
    str cid;           /* Content-ID without <> or STR_NONE */
    str content;       /* text in UTF-8, lines end as they like: the part has no source */
    struct build_source source; /* where pour is set: as it is (base64); of a message/rfc822: its lines, 7bit or 8bit */
    struct build_part *child, *next; /* of a multipart: its parts */

    enum build_encoding encoding; /* set by build_plan, as the rest */
    str boundary;
    bool long_lines;   /* a message/rfc822 with lines over BUILD_LINE_MAX, or NULs: better attached as octets */
};

struct build_options {
    bool eight_bit;  /* the server takes 8BITMIME: text may go as it is */
    bool seven_bit;  /* nothing may be 8bit (S/MIME, RFC8551-3.1.3) */
};

/* Choose encodings and boundaries of a tree; pours each message/rfc822 once to look at it. With seven_bit one that is not plain becomes
 * application/octet-stream. */
bool build_plan(arena *a, struct build_part *root, const struct build_options *options, struct err *e);
/* After build_plan: some part is 8bit, so the message needs 8BITMIME. */
bool build_is_8bit(const struct build_part *root);
/* Put the message: fields as made above, the fields of MIME, the body. */
bool build_write(arena *a, const struct build_part *root, str fields, build_put *put, void *to, struct err *e);

/* ---- HTML -------------------------------------------------------------------------------------------------- */

/* The text of HTML, for the other half of a multipart/alternative. */
str build_html_text(arena *a, str html);
/* HTML that can stand within another document: what is not on a list of harmless elements and attributes goes (scripts, styles, forms,
 * frames, comments, handlers, addresses but http, https, mailto, tel, cid), every element that is open is closed, none is closed that
 * was not opened here. images: keep <img>; else its alternative text. Total, linear; cut at about `limit` octets. */
str build_html_clean(arena *a, str html, bool images, ptrdiff_t limit);
/* Text as HTML: escaped, line ends as <br>, runs of spaces kept. */
str build_html_of_text(arena *a, str text);

#endif
