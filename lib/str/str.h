/* Text as a pointer and a length; growing buffers; checked numbers; UTF-8; a map.
 *
 * A str is a view: it owns nothing, may hold any octet, and is not NUL-terminated. A str whose ptr is
 * NULL is "none" (STR_NONE); its len is 0, and it equals the empty string in every comparison. */
#ifndef STR_H
#define STR_H

#include "mem/mem.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct str {
    const char *ptr;
    ptrdiff_t len;
} str;

#define S(literal) ((str){"" literal, (ptrdiff_t)sizeof(literal) - 1})
#define STR_NONE   ((str){0})
/* For printf's %.*s. Texts of people are far below INT_MAX. */
#define STR_ARG(s) (int)(s).len, (s).ptr ? (s).ptr : ""

static inline str str_of(const char *ptr, ptrdiff_t len) { return (str){ptr, len}; }
static inline str str_c(const char *z) { return z ? (str){z, (ptrdiff_t)strlen(z)} : STR_NONE; }
static inline bool str_eq(str a, str b) { return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, (size_t)a.len) == 0); }

/* ASCII case only: header names, parameters, keywords. */
bool str_eq_nocase(str a, str b);
/* <0, 0, >0 by octets, shorter first. */
int str_cmp(str a, str b);
bool str_starts(str s, str prefix);
bool str_starts_nocase(str s, str prefix);
bool str_ends(str s, str suffix);

/* The part from octet `from` on; the first n octets. Out of range is clamped. */
static inline str str_slice(str s, ptrdiff_t from, ptrdiff_t to)
{
    to = to < 0 ? 0 : to > s.len ? s.len : to;
    from = from < 0 ? 0 : from > to ? to : from;
    return s.ptr ? (str){s.ptr + from, to - from} : STR_NONE;
}
static inline str str_skip(str s, ptrdiff_t from) { return str_slice(s, from, s.len); }
static inline str str_first(str s, ptrdiff_t n) { return str_slice(s, 0, n); }
/* Without spaces, tabs, CR, LF at both ends / at the right end. */
str str_trim(str s);
str str_trim_right(str s);

/* Index of the first occurrence, -1 where there is none. */
ptrdiff_t str_find_byte(str s, char c);
ptrdiff_t str_find(str s, str needle);
ptrdiff_t str_find_nocase(str s, str needle);

/* Cut at the first c: *head is what stands before it and *tail what follows; false (head = all, tail =
 * none) where there is no c. */
bool str_cut(str s, char c, str *head, str *tail);

/* 64-bit hash (FNV-1a with a final mix): the same on every machine and in every version; it is stored. */
uint64_t str_hash(str s);

/* Copies in the arena; str_z is NUL-terminated (an inner NUL ends what C sees). */
str str_copy(arena *a, str s);
char *str_z(arena *a, str s);
str str_lower(arena *a, str s); /* ASCII */
/* %40 becomes @, and so on (RFC 3986-2.1); what is no such escape stays. */
str str_percent_decoded(arena *a, str s);
str str_fmt(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
str str_vfmt(arena *a, const char *format, va_list args);

/* -- Numbers: the whole text must be one, within [min, max]; else false and *out is unchanged. -- */
bool str_i64(str s, int64_t min, int64_t max, int64_t *out);
/* Octets with an optional K, M or G (powers of 1024): 512, 10K, 1M. */
bool str_size(str s, int64_t *out);

/* -- UTF-8 (RFC 3629: no surrogates, nothing overlong, nothing above U+10FFFF) -- */
enum { UTF8_REPLACEMENT = 0xFFFD };
/* Length of the longest valid prefix. */
ptrdiff_t utf8_valid_prefix(str s);
bool utf8_valid(str s);
/* Length of the longest prefix of ASCII. */
ptrdiff_t utf8_ascii_prefix(str s);
/* One character at s.ptr[0]: its length, 1 to 4; *cp is U+FFFD for one invalid octet. s.len > 0. */
int utf8_decode(str s, uint32_t *cp);
/* Writes 1 to 4 octets; surrogates and values above U+10FFFF become U+FFFD. */
int utf8_encode(uint32_t cp, char out[4]);
/* s itself where it is valid, else a copy with U+FFFD for each maximal invalid part. */
str utf8_scrub(arena *a, str s);
/* At most n octets, never ending inside a character. */
str utf8_first(str s, ptrdiff_t n);
/* At most n characters. */
str utf8_first_chars(str s, ptrdiff_t n);

/* -- A buffer that grows in an arena (in place while it is the arena's last block). -- */
struct buf {
    char *ptr;
    ptrdiff_t len, cap;
    arena *mem;
};
struct buf buf_new(arena *a, ptrdiff_t cap);
/* Room for n more octets; the pointer to write to. Then add what was written to len. */
char *buf_room(struct buf *b, ptrdiff_t n);
void buf_put(struct buf *b, str s);
static inline void buf_byte(struct buf *b, char c)
{
    if (b->len == b->cap)
        buf_room(b, 1);
    b->ptr[b->len++] = c;
}
void buf_fmt(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_i64(struct buf *b, int64_t n);
static inline str buf_str(const struct buf *b) { return (str){b->ptr ? b->ptr : "", b->len}; }

/* -- A growing list of texts. -- */
struct strs {
    str *item;
    ptrdiff_t n, cap;
};
void strs_add(arena *a, struct strs *list, str s);
bool strs_have(const struct strs *list, str s);

/* -- A map from text to a pointer-sized value. Keys are views: they must outlive the map. -- */
struct map {
    struct map_slot *slots;
    ptrdiff_t n, cap;
};
struct map_slot {
    str key;
    uint64_t hash;
    union {
        void *ptr;
        int64_t num;
    } value;
};
/* The slot of key, or NULL. */
struct map_slot *map_get(const struct map *m, str key);
/* The slot of key, made (value zero) where it is missing; valid until the next map_put. */
struct map_slot *map_put(arena *a, struct map *m, str key);

#endif
