/* References to secrets, as they stand in the configuration or after --secret; the secret itself is in neither.
 *
 *     cmd:pass show mail/support    first line of a command's output: /bin/sh -c, no tty, stdin /dev/null, 30 s
 *     env:MAIL_PASSWORD             an environment variable; unset once it is read, so that no child sees it
 *     file:/etc/mailpipe/pw         first line of a file that only its owner can read (else refused)
 */
#ifndef SECRET_H
#define SECRET_H

#include "err/err.h"

/* True where the text has one of the forms above. */
bool secret_is_reference(str reference);

/* The secret in the arena. Class login (77) where the command fails or the variable or file is missing or open to others;
 * configuration (78) for a reference of another form. The sentence names the reference, never the secret. */
bool secret_get(arena *a, str reference, str *out, struct err *e);

/* The same with all its lines (at most 16 KiB): a private key in PEM. */
bool secret_get_text(arena *a, str reference, str *out, struct err *e);

/* Overwrite a secret that is no longer needed (the compiler may not drop it). */
void secret_wipe(str s);

#endif
