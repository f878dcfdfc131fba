/* Private to lib/mime: what the splitter shares with mbox_unquote. */
#ifndef MIME_UNQUOTE_H
#define MIME_UNQUOTE_H

#include "mime/mime.h"

/* mbox_unquote of octets that are body. */
void unquote_body(struct mbox_unquote *u, str octets, void (*put)(void *context, str octets), void *context);

#endif
