/* Private to lib/mime: the parser's state, shared by parse.c (lines and boundaries), part.c (what a part is), sink.c (what
 * becomes of a body) and result.c (what it gives). */
#ifndef MIME_PARSER_H
#define MIME_PARSER_H

#include "mime/mime.h"
#include "mime/report.h"

enum {
    STEP = 1 << 14,        /* octets that are decoded at a time */
    BOUNDARY_LINE = MIME_BOUNDARY + 64 /* a longer line is no boundary */
};

/* What becomes of the octets of a body. */
enum sink_use { SINK_NONE, SINK_DIGEST, SINK_TEXT, SINK_HTML };

struct sink {
    enum sink_use use;
    enum transfer_encoding encoding;
    int32_t part;
    int64_t offset;   /* of the body, for defects */
    bool wanted;      /* decoded octets go to options.put, too */
    struct buf *copy; /* and to this, where the part tells of a delivery; NULL: nowhere */
    char held[2];     /* a line end: it belongs to the boundary if one follows (RFC2046-5.1.1) */
    int n_held;
    unsigned flags;
    int64_t size;     /* decoded */
    union {
        struct base64 base64;
        struct qp qp;
        struct uu uu;
    } decoder;
    struct charset_stream charset; /* SINK_TEXT, SINK_HTML */
};

/* An open multipart, or message. */
struct level {
    str boundary; /* STR_NONE: a message */
    int32_t part;
    int32_t children;
};

struct mime {
    struct mime_options options;
    arena keep;    /* what the result needs */
    arena head;    /* the octets of a header other than the first, and what is read of it */
    arena replay;  /* octets that were taken for header */
    arena text_mem, html_mem;
    struct charsets *charsets;
    struct sha256 *whole, *part_hash; /* made at first use */
    arena run;

    int64_t offset;   /* octets fed, up to the one that is looked at */
    bool running;   /* between begin and end */
    bool in_header;
    struct buf header; /* octets of the header that is open: keep for the first one, else head */
    ptrdiff_t line;    /* where its last line begins */
    int junk;          /* lines in it that are no fields, and were tried as its end */
    bool after_junk;   /* its last line is none */
    int64_t header_at; /* its offset */

    bool line_start;
    char held[BOUNDARY_LINE]; /* a line that may be a boundary, its end has not come */
    ptrdiff_t n_held;

    struct level level[MIME_DEPTH + 1];
    int depth;
    struct sink leaf;   /* the body that is open */
    struct sink tap;    /* the outermost message/… part that is open: all its octets */
    int tap_depth;      /* levels that were open when it began; -1: none */

    ptrdiff_t cap_parts, cap_defects;
    bool parts_full;
    struct buf text, html, decoded;
    bool text_full, html_full, has_html;
    struct report report;
    struct mime_message result;
    struct header root;
};

/* part.c: the header of a part has ended; opens what follows. */
void part_begin(struct mime *m, const struct header *h);

/* sink.c */
void sink_open(struct mime *m, struct sink *s, enum sink_use use, int32_t part, enum transfer_encoding encoding);
void sink_put(struct mime *m, struct sink *s, str octets);
/* boundary: the line end that is held belongs to it. */
void sink_close(struct mime *m, struct sink *s, bool boundary);

/* result.c */
void result_text(struct mime *m);
str result_structure(struct mime *m);

static inline int64_t max_text(const struct mime *m) { return m->options.max_text ? m->options.max_text : MIME_TEXT; }

#endif
