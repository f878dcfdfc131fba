/* Any label of a character set to UTF-8, never failing.
 *
 * Labels are taken as the WHATWG encoding standard does (iso-8859-1 is windows-1252, gb2312 is gb18030, …), then by IANA name and
 * alias as iconv knows them, then after cleaning ("cp-1252", "x-cp1252", "windows1252", "charset=utf-8", quotes, spaces). An unknown
 * label is a guess, decided at the first octets that are not ASCII: UTF-8 where they are a character of it, ISO-2022 at an escape
 * of it, else windows-1252. Output is valid UTF-8 in which each octet sequence that cannot be read is U+FFFD; a byte order mark at the
 * beginning is dropped. NUL stays NUL. */
#ifndef CHARSET_H
#define CHARSET_H

#include "str/str.h"

/* Opened converters and tables, kept for the next text. One for each thread; run lifetime. */
struct charsets;
struct charsets *charsets_new(arena *a);
void charsets_free(struct charsets *c); /* closes the iconv descriptors */

/* What was wrong, or'ed together. */
enum {
    CHARSET_UNKNOWN = 1, /* the label is not known, the text was guessed: defect charset.unknown */
    CHARSET_INVALID = 2  /* octets that are not of this set: defect charset.invalid */
};

/* The whole of a text: a view of it where it needs no change, else in the arena. label may be STR_NONE or empty (us-ascii: then
 * UTF-8 where it is valid, else windows-1252, without a flag). *flags is or'ed into, may be NULL. */
str charset_text(arena *a, struct charsets *c, str label, str text, unsigned *flags);

/* The same in chunks: begin, put…, end. A character may be split between chunks. Output is appended; it is seldom more than
 * CHARSET_GROWTH times as long as the input of this call plus 64 octets. What was put may be looked at after each call.
 * A stream uses its owner's converter: only one may be open at a time, and no charset_text may come between. */
enum { CHARSET_GROWTH = 4 };
struct charset_stream {
    struct charsets *owner;
    struct charset *set;
    unsigned flags;   /* CHARSET_… so far */
    int state, n_rest;
    bool begun;       /* the place of a byte order mark is behind */
    bool foreign;     /* guessing: a character of UTF-8 was seen */
    char rest[64];    /* the beginning of a character that is not yet whole */
};
void charset_begin(struct charset_stream *s, struct charsets *c, str label);
void charset_put(struct charset_stream *s, str in, struct buf *out);
void charset_end(struct charset_stream *s, struct buf *out);

/* UTF-8 as search compares it: letters of Greek, Cyrillic and Arabic without their accents and hamzas (ά is α, ё is е, й is и, أ is ا),
 * and no combining accents (U+0300 to U+036F, U+0483 to U+0487) and points of Hebrew and Arabic at all. Letters of other scripts
 * stay, Latin ones among them. A view of the text where nothing had to change; what is no UTF-8 stays, too. */
str charset_without_accents(arena *a, str text);

/* True where the label is known. */
bool charset_known(struct charsets *c, str label);

#endif
