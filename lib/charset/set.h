/* One character set and the ways to read it; private to lib/charset. */
#ifndef CHARSET_SET_H
#define CHARSET_SET_H

#include "charset/charset.h"

#include <iconv.h>

enum reader {
    READ_UTF8,
    READ_GUESS,   /* ASCII, then whatever comes first */
    READ_TABLE,   /* one octet a character */
    READ_UTF16,   /* two octets and four, byte order in `big` */
    READ_UTF32,
    READ_SHIFTED, /* escapes between two sets: ISO-2022-JP, ISO-2022-KR, HZ; `inner` reads what they say */
    READ_ICONV    /* everything else */
};

struct glyph {
    uint8_t len; /* 0: invalid */
    char utf8[3];
};

enum shift { SHIFT_JP, SHIFT_KR, SHIFT_HZ };

struct charset {
    enum reader reader;
    bool big;              /* READ_UTF16, READ_UTF32 */
    bool sniffs;           /* a byte order mark decides over `big` */
    bool ascii;            /* octets below 128 at the beginning of a character are ASCII, and no escape begins there */
    bool unknown;          /* READ_GUESS for a label that nobody knows */
    enum shift shift;
    struct charset *inner;
    struct glyph *table;
    iconv_t cd;
    struct charset *next;  /* of all that have a descriptor */
    const char *name;      /* for iconv */
};

/* labels.c: the name under which iconv, or a reader of ours, knows a label; NULL: not in the tables. Names of ours: "UTF-8", "ASCII",
 * "UTF-16", "UTF-16BE", "UTF-16LE", "UTF-32", "UTF-32BE", "UTF-32LE", "HZ", "ISO-2022-JP", "ISO-2022-KR", "x-user-defined". */
const char *label_name(str label);
/* Other names to try with iconv_open, from the likeliest on: the n-th, or false. name has 64 octets. */
bool label_guess(str label, int n, char *name);

/* table.c: READ_TABLE from a descriptor, if the set has one octet a character; else READ_ICONV. */
void table_probe(arena *a, struct charset *set);
struct glyph *table_windows_1252(arena *a);
struct glyph *table_user_defined(arena *a);

/* Each reads a chunk: appends what it says, returns how many octets are done with. What is left is the beginning of a character;
 * with `last` nothing is left. */
ptrdiff_t read_utf8(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_guess(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_table(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_utf16(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_utf32(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_shifted(struct charset_stream *s, str in, bool last, struct buf *out);
ptrdiff_t read_iconv(struct charset_stream *s, struct charset *set, str in, bool last, struct buf *out);

/* The set of a name of ours or of iconv's, opened and kept; NULL where iconv does not know it. */
struct charset *charsets_open(struct charsets *c, const char *name);

/* Octets at the beginning that are ASCII. */
ptrdiff_t ascii_prefix(str s);

#define REPLACEMENT S("\xEF\xBF\xBD")

#endif
