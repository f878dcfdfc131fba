/* Private to lib/mime: what the splitter shares with mbox_unquote. */
#ifndef MIME_UNQUOTE_H
#define MIME_UNQUOTE_H

#include "mime/mime.h"

/* mbox_unquote of octets that are body, and hold no quoted line but the one that they may begin with. */
void unquote_run(struct mbox_unquote *u, str octets, void (*put)(void *context, str octets), void *context);

/* Whether the line at i, which begins with '>', may be quoted: ">From", ">>", or cut before that is clear. */
bool unquote_may(str text, ptrdiff_t i);

#endif
