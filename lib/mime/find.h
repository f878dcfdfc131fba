/* Finding lines by their first octet, many octets at a time. Private to lib/mime. */
#ifndef MIME_FIND_H
#define MIME_FIND_H

#include "str/str.h"

/* The smallest p > from with text[p - 1] == '\n' and text[p] == c; -1: none. Whether text[from] begins a line is the caller's
 * to know. */
ptrdiff_t find_line(str text, ptrdiff_t from, char c);

/* The same for one of two octets. */
ptrdiff_t find_line_of(str text, ptrdiff_t from, char c, char d);

/* Where the next line begins behind `from`: one behind its '\n'; text.len where there is none. */
ptrdiff_t find_next_line(str text, ptrdiff_t from);

#endif
