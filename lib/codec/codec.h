/* The encodings of mail: base64, quoted-printable, uuencode, encoded words (RFC 2047), parameters (RFC 2231), IMAP's modified
 * UTF-7, SHA-256.
 *
 * Decoders of bodies are total: any octets give a result, what was wrong is a flag. They work chunk by chunk: begin with a zeroed
 * struct, put any pieces, end; what is decoded is appended to a buf (whose len the caller may set back to 0 between calls). */
#ifndef CODEC_H
#define CODEC_H

#include "charset/charset.h"
#include "str/str.h"

/* What was wrong, or'ed together; CHARSET_… share the word. */
enum {
    CODEC_BASE64 = 0x100, /* octets that are no base64, or a last group that is cut: defect codec.base64 */
    CODEC_QP = 0x200,     /* an escape that is none: defect codec.qp */
    CODEC_UU = 0x400,     /* defect codec.uu */
    CODEC_WORD = 0x800,   /* a broken encoded word, left as it stands or decoded with guesses: defect codec.word */
    CODEC_PARAM = 0x1000, /* a parameter that breaks the grammar: defect codec.param */
    CODEC_8BIT = 0x2000   /* raw octets above 127 that are not UTF-8 in a header: defect header.8bit */
};

/* ---- base64 (RFC 4648 4, RFC 2045 6.8) ---------------------------------------------------------------- */

/* Octets outside the alphabet are skipped; '=' ends a group, and data behind it is decoded on. */
struct base64 {
    uint32_t bits;
    int n;          /* characters of an open group: 0 to 3 */
    unsigned flags;
};
/* Appends at most in.len / 4 * 3 + 3 octets. */
void base64_decode(struct base64 *d, str in, struct buf *out);
void base64_end(struct base64 *d, struct buf *out);
/* width: characters a line, each line ended by CRLF (76 in mail), 0: one line without end. */
void base64_encode(str in, int width, struct buf *out);

/* ---- quoted-printable (RFC 2045 6.7) ------------------------------------------------------------------ */

/* Line ends stay as they are (LF, CRLF); white space before them goes; soft breaks join; a wrong escape is kept as text. */
struct qp {
    int n_rest;     /* octets kept in rest: an escape or white space that is not yet decided */
    char rest[80];  /* longer white space is put out as it is */
    unsigned flags;
};
/* Appends at most in.len + 80 octets. */
void qp_decode(struct qp *d, str in, struct buf *out);
void qp_end(struct qp *d, struct buf *out);
/* A body in canonical form (CRLF or LF line ends; LF becomes CRLF): lines of at most 76 characters. */
void qp_encode(str in, struct buf *out);

/* ---- x-uuencode --------------------------------------------------------------------------------------- */

/* Text before "begin " and behind "end" is dropped, and so is what lies in a line behind its count of octets. */
struct uu {
    int state, n_line;
    unsigned flags;
    char line[128];
};
void uu_decode(struct uu *d, str in, struct buf *out);
void uu_end(struct uu *d, struct buf *out);

/* ---- encoded words (RFC 2047, RFC 2231 5) -------------------------------------------------------------- */

/* Unstructured text of a field, folded or not: UTF-8 without line breaks. Adjacent words of one set are joined before
 * they are decoded, white space between words goes; broken words stay as text; raw octets are UTF-8 or a guess.
 * A view of text where nothing had to change. *flags is or'ed into, may be NULL. */
str codec_words(arena *a, struct charsets *c, str text, unsigned *flags);
/* For writing: text as it is where it is printable ASCII, else as encoded words of UTF-8, each at most 75 characters and on a
 * line of its own (CRLF SP between them). `column`: where the first begins. */
void codec_words_put(struct buf *to, str text, int column);

/* ---- parameters (RFC 2045 5.1, RFC 2231) --------------------------------------------------------------- */

enum {
    CODEC_PARAMS = 128,           /* parameters beyond these are not read: codec.param */
    CODEC_PARAMS_OCTETS = 1 << 16 /* and what lies behind these octets */
};
struct param {
    str name;  /* lower case, without * parts */
    str value; /* UTF-8 */
};
struct params {
    struct param *item;
    ptrdiff_t n;
};
/* What follows the value of a field: `; a=b; c*0*=utf-8''d; c*1=e`. Continuations are joined, charsets decoded, encoded words
 * too, where people put them in spite of the standard. Of a repeated name the first counts, and RFC 2231's form before the plain one. */
void codec_params(arena *a, struct charsets *c, str text, struct params *out, unsigned *flags);
/* STR_NONE where there is none; name in lower case. */
str param_get(const struct params *p, str name);
/* `; name="value"`, as RFC 2231 continuations where the value is long or not ASCII. */
void codec_param_put(struct buf *to, str name, str value);

/* ---- IMAP mailbox names (RFC 3501 5.1.3) --------------------------------------------------------------- */

/* Modified UTF-7 to UTF-8 and back. Decoding is total: what is no UTF-7 stays as it is. */
str utf7_imap_decode(arena *a, str name);
str utf7_imap_encode(arena *a, str name);

/* ---- names of hosts that are not ASCII (RFC 5890, RFC 3492) ------------------------------------------- */

/* The domain with A-labels ("xn--bcher-kva.example") for labels that are not ASCII, in lower case; it must be UTF-8, and is taken as
 * composed (NFC). STR_NONE where a label would be longer than 63 octets. */
str codec_idna(arena *a, str domain);

/* ---- SHA-256 ------------------------------------------------------------------------------------------- */

/* libcrypto is touched by the first sha256_new, not before. Each context belongs to one thread and is used again and again:
 * put…, end, put…, end. sha256_free gives libcrypto's part back; a program that ends may leave that out. */
struct sha256;
struct sha256 *sha256_new(arena *a);
void sha256_put(struct sha256 *h, str octets);
void sha256_end(struct sha256 *h, char hex[65]); /* lower case, NUL-terminated; ready for the next text */
void sha256_free(struct sha256 *h);
str sha256_of(arena *a, str octets);

#endif
