/* References to secrets, as they stand in the configuration or after --secret, and sealing; the secret itself is in neither.
 *
 *     cmd:pass show mail/support    first line of a command's output: /bin/sh -c, no tty, stdin /dev/null, 30 s
 *     env:MAIL_PASSWORD             an environment variable; unset once it is read, so that no child sees it
 *     file:/etc/mailpipe/pw         first line of a file that only its owner can read (else refused)
 *     keyring:service mail user ann what `secret-tool lookup service mail user ann` prints; no tty, 30 s
 *     netrc:imap.example.com/ann    the password of a machine (and login, where one is named) in $NETRC or ~/.netrc, as file:
 *     sealed:v1:BASE64              AES-256-GCM: 4 octets that name the key, a random nonce of 12, the text, a tag of 16. The name of the
 *                                   setting is associated data: copied to another setting, it does not open */
#ifndef SECRET_H
#define SECRET_H

#include "err/err.h"

/* True where the text has one of the forms above. */
bool secret_is_reference(str reference);
bool secret_is_sealed(str reference);
/* The forms in one phrase, for hints. */
#define SECRET_FORMS "cmd:COMMAND, env:VARIABLE, file:PATH, keyring:ATTRIBUTE VALUE, netrc:MACHINE or sealed:"

/* Where a reference stands, which only sealed: asks. */
struct secret_place {
    str name;   /* of the setting: "support.imap.secret" */
    str config; /* path of the configuration: a key may lie beside it */
    str key;    /* reference to the key (cmd:, env:, file:); STR_NONE: what seal_key_find describes */
};

/* The secret in the arena. Class login (77) where the command fails, the variable or file is missing or open to others, or the key is
 * another one; configuration (78) for a reference of another form. The sentence names the reference, never the secret; of sealed: the
 * setting. place may be NULL: sealed: is refused then. */
bool secret_get_at(arena *a, str reference, const struct secret_place *place, str *out, struct err *e);
bool secret_get(arena *a, str reference, str *out, struct err *e);

/* The same with all its lines (at most 16 KiB): a private key in PEM. */
bool secret_get_text_at(arena *a, str reference, const struct secret_place *place, str *out, struct err *e);
bool secret_get_text(arena *a, str reference, str *out, struct err *e);

/* Overwrite a secret that is no longer needed (the compiler may not drop it). */
void secret_wipe(str s);

/* ---- Sealing. ---- */

/* 32 octets, written as 64 hexadecimal digits or as base64 (44 characters, either alphabet); any other text of at least 8 octets is
 * a passphrase, and the key is made of it by scrypt (N 2^15, r 8, p 1). */
struct seal_key {
    unsigned char octets[32];
};

enum { SEAL_KEYS = 3 };
/* The keys that a place has: the first one seals. Of a file also FILE.new and FILE.old, so that a rotation that was cut short, and
 * what was sealed before one, still opens. */
struct seal_keys {
    struct seal_key key[SEAL_KEYS];
    int n;
    str file; /* the file, STR_NONE where it comes from elsewhere */
    str from; /* for sentences: "/home/ann/.config/mailpipe/seal.key", "the variable MAIL_KEY" */
};

/* place->key where it is set, else the first that is there of $MAILPIPE_KEY, $MAIL_KEY, $DATABASE_ENCRYPTION_KEY, seal.key beside the
 * configuration, seal.key in ~/.config/mailpipe. None of them is *out with n 0 and, in file, the one that should be made: true.
 * False (class login): one that cannot be read, is open to others, or is no key. Variables stay set; commands of cmd: do not see them. */
bool seal_keys_find(arena *a, const struct secret_place *place, struct seal_keys *out, struct err *e);
/* A key by its reference alone. */
bool seal_key_read(arena *a, str reference, struct seal_key *out, struct err *e);
/* A random key, and its text (base64 and a line end) in the arena. */
str seal_key_new(arena *a, struct seal_key *out);

/* sealed:v1:… in the arena. Secrets are at most 16 KiB. */
str secret_seal(arena *a, const struct seal_key *key, str name, str secret);
/* False (class login): "secret.key" sealed under no key of these, "secret.moved" sealed for another setting or changed;
 * (class configuration) "secret.form" no sealed text. */
bool secret_unseal(arena *a, const struct seal_keys *keys, str name, str reference, str *out, struct err *e);

#endif
