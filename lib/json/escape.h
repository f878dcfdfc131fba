#ifndef JSON_ESCAPE_H
#define JSON_ESCAPE_H

#include "str/str.h"

/* The escape whose backslash stands at text.ptr[at], a surrogate pair being one: its length and *cp; 0 where there is
 * no such escape, -1 for half a surrogate pair. */
int jread_escape(str text, ptrdiff_t at, uint32_t *cp);

#endif
