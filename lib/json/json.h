/* JSON (RFC 8259), one text at a time: a strict reader and an append-only writer.
 *
 * The reader makes a flat array of nodes that point into the text; strings without escapes stay views, numbers
 * stay text until asked for. It refuses: invalid UTF-8, lone surrogates, control characters in strings, depth over
 * JSON_DEPTH, over JSON_NODES values, anything behind the value. Of repeated keys the last one counts. */
#ifndef JSON_H
#define JSON_H

#include "str/str.h"

enum {
    JSON_DEPTH = 64,     /* containers within each other; a deeper text is refused */
    JSON_NODES = 1 << 20 /* values and names of one text; more are refused, so that a line costs 24 MB at most */
};

enum json_type { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* In preorder. An object's children alternate key (a JSON_STRING) and value. */
struct jnode {
    str text;        /* strings: between the quotes, escaped as it stood; all others: the whole span of the value */
    uint32_t span;   /* nodes of this subtree, itself included: node + node->span is the next sibling */
    uint8_t type;    /* enum json_type */
    bool escaped;    /* a string holds a backslash */
};

struct json_fault {
    ptrdiff_t offset; /* octet of the text at which it went wrong */
    const char *what; /* "a comma or } expected", "invalid UTF-8", … */
};

/* The root node, or NULL with *fault. Nodes live in the arena and point into text. */
const struct jnode *jread(arena *a, str text, struct json_fault *fault);

/* -- Reading nodes. node may be NULL everywhere: it then has no members, is of no type. -- */
const struct jnode *jread_member(const struct jnode *object, str key);
/* for (it = jread_first(x); it; it = jread_next(x, it)): array: elements; object: keys (the value is it + 1). */
const struct jnode *jread_first(const struct jnode *container);
const struct jnode *jread_next(const struct jnode *container, const struct jnode *it);
bool jread_is(const struct jnode *node, enum json_type type);
/* The unescaped string (a view where it can be); STR_NONE where it is no string. */
str jread_string(arena *a, const struct jnode *node);
/* An integer within [min, max], from a number or from a string of digits (the wire form beyond 2^53). */
bool jread_i64(const struct jnode *node, int64_t min, int64_t max, int64_t *out);
bool jread_bool(const struct jnode *node, bool *out);
/* The value's span as it stands in the text, quotes included. */
str jread_raw(const struct jnode *node);

/* -- Writing: appends to a buf; commas are set by itself. Keys are literals of ours, ASCII without escapes. -- */
struct jwrite {
    struct buf *to;
    bool comma; /* a value stands before this place */
};
void jwrite_object(struct jwrite *w);
void jwrite_array(struct jwrite *w);
void jwrite_end_object(struct jwrite *w);
void jwrite_end_array(struct jwrite *w);
void jwrite_key(struct jwrite *w, str key);
/* Escapes what must be; invalid UTF-8 becomes U+FFFD. STR_NONE is written as null. */
void jwrite_string(struct jwrite *w, str s);
/* Beyond +-2^53 as a string, which jq would round. */
void jwrite_i64(struct jwrite *w, int64_t n);
void jwrite_bool(struct jwrite *w, bool b);
void jwrite_null(struct jwrite *w);
/* A value that is JSON already. */
void jwrite_raw(struct jwrite *w, str json);

#endif
