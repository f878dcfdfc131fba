/* Character references of HTML; private to lib/mime. */
#ifndef MIME_ENTITY_H
#define MIME_ENTITY_H

#include "str/str.h"

/* The reference that s begins with ("&eacute;", "&#233;", "&#xE9;", "&amp"): its length and character; 0: s begins with none. */
ptrdiff_t entity_read(str s, uint32_t *cp);

#endif
