/* Private to lib/secret: one function a form. Each puts the whole text in the arena, all lines, or explains. */
#ifndef SECRET_PRIVATE_H
#define SECRET_PRIVATE_H

#include "secret/secret.h"

enum { SECRET_MAX = 16384 /* octets; more is no secret but a mistake */ };

bool from_command(arena *a, str reference, str *out, struct err *e);
bool from_keyring(arena *a, str reference, str *out, struct err *e);
bool from_netrc(arena *a, str reference, str *out, struct err *e);
/* A file that only its owner can read; named as `what` in the sentences. */
bool secret_file(arena *a, const char *path, str what, str *out, struct err *e);
str secret_first_line(str s);

/* Variables that may hold the key; NULL ends them. */
extern const char *const seal_variables[];

#endif
