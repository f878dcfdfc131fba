/* What the files about secrets share. */
#ifndef ACCOUNT_SECRET_H
#define ACCOUNT_SECRET_H

#include "mail-account/account.h"

#include "secret/secret.h"

enum { SECRET_LIMIT = 16384 /* octets, as in lib/secret */ };

/* From the terminal, without echo, or all of standard input without its last line end. */
bool secret_ask(struct request *r, str what, str *out, struct err *e);

/* Where a setting stands: its name for sealing, and where the keys are. */
struct secret_place secret_place_of(const struct request *r, const struct config_item *it);
/* The next one of references that commas separate (a comma inside a command is none); false at the end. */
bool secret_next(str *rest, str *one);

/* Each sealed text of the file under another key: all of them, or *e and none. */
bool secret_reseal(struct request *r, const struct seal_keys *old, const struct seal_key *key, int *n, struct err *e);
bool secret_rekey(struct request *r, struct err *e);
bool secret_rotate(struct request *r, struct err *e);

#endif
