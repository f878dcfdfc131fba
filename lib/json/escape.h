#ifndef JSON_ESCAPE_H
#define JSON_ESCAPE_H

#include "str/str.h"

/* What an escape of two octets stands for, by its second one; 0: there is no such escape. */
static inline char jread_short_escape(char name)
{
    static const char values[256] = {
        ['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
    };
    return values[(unsigned char)name];
}

/* The escape whose backslash stands at text.ptr[at], a surrogate pair being one: its length and *cp; 0 where there is
 * no such escape, -1 for half a surrogate pair. */
int jread_escape(str text, ptrdiff_t at, uint32_t *cp);

#endif
