/* HTML to text that a person can read.
 *
 * Blocks become lines, lists "- " or "1. ", quotes "> ", links `text <url>` (where the text is not the url), images their alt
 * text, <pre> stays as it is; head, scripts, styles and comments go. Total and linear for any input, without recursion; nesting
 * that is deeper than a fixed limit is shown as if it were at that limit. */
#ifndef MIME_HTML_H
#define MIME_HTML_H

#include "str/str.h"

/* html is UTF-8. The text lies in the arena, lines end with LF, and it is cut at `limit` octets, on a character. */
str html_to_text(arena *a, str html, ptrdiff_t limit);

#endif
