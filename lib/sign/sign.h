/* What is done to a whole message before it leaves: DKIM (RFC 6376, RFC 8301, RFC 8463) and S/MIME (RFC 8551, RFC 5652).
 *
 * Messages have CRLF line ends; a bare LF counts as one, because SMTP makes it one. Keys and certificates are PEM text; where they
 * lie and who may read them is the caller's affair. What has a _free holds memory of libcrypto. No key ever gets into a message of
 * an error. Nothing asks for a passphrase: an encrypted key is refused. */
#ifndef SIGN_H
#define SIGN_H

#include "err/err.h"

/* ---- DKIM ------------------------------------------------------------------------------------------------- */

enum {
    DKIM_SIGNERS = 8,          /* signatures of one message */
    DKIM_HEADER = 10 << 20,    /* octets of header; a longer one is refused */
    DKIM_RSA_BITS = 1024       /* a shorter RSA key is refused (RFC8301-3.2) */
};

struct dkim_key; /* RSA or Ed25519 */
/* what: for messages ("file:/etc/mailpipe/dkim.pem"). NULL (class configuration): no PEM private key, encrypted, of another kind, or
 * too short. */
struct dkim_key *dkim_key_read(arena *a, str pem, str what, struct err *e);
void dkim_key_free(struct dkim_key *k); /* NULL is fine */

struct dkim_signer {
    str domain, selector; /* d=, s=: letters, digits, '-', '_' and dots; IDN as A-labels */
    const struct dkim_key *key;
    int64_t lifetime_s;   /* x= is t= and this; 0: no x= */
};
/* Whether a text can stand as d= or s=. */
bool dkim_name_is_good(str name);

/* Relaxed/relaxed, SHA-256 (rsa-sha256 or ed25519-sha256 by the key); l= never. Signed are the fields of RFC6376-5.4.1 and those of lists
 * (RFC8058-4) as often as they stand; From, To, Subject, Date and Content-Type once more than that, so that none can be added.
 * Any chunks; what is appended to fields are whole DKIM-Signature fields, each with its CRLF, to stand before the message.
 * now: t=, seconds since 1970. dkim_end frees, whatever it returns; dkim_drop frees one that is not ended.
 * False (class input): the header is too long, a line of it is no field, or it has no From; then nothing is appended. */
struct dkim;
struct dkim *dkim_begin(arena *a, const struct dkim_signer *signers, int n, int64_t now);
void dkim_put(struct dkim *d, str chunk);
bool dkim_end(struct dkim *d, struct buf *fields, struct err *e);
void dkim_drop(struct dkim *d);

/* ---- S/MIME ----------------------------------------------------------------------------------------------- */

/* Who signs: a certificate (further ones in the text are sent along as its chain) and its key. NULL (class configuration): not PEM, key and
 * certificate do not belong together, or the certificate has expired. */
struct smime_signer;
struct smime_signer *smime_signer_read(arena *a, str certificates, str key, str what, struct err *e);
void smime_signer_free(struct smime_signer *s);

/* The message as multipart/signed (RFC8551-3.5.3), SHA-256, detached. Fields of the content go into the signed part, the others stay
 * outside. False (class input): the content has octets above 127 (RFC8551-3.1.3: a relay might encode it again). */
bool smime_sign(arena *a, const struct smime_signer *s, str message, str *out, struct err *e);

/* For whom: the first certificate of each text. False (class configuration): none there, or it has expired. */
struct smime_recipients;
struct smime_recipients *smime_recipients_new(arena *a);
bool smime_recipients_add(struct smime_recipients *r, str certificate, str what, struct err *e);
void smime_recipients_free(struct smime_recipients *r);

/* The message as application/pkcs7-mime, enveloped-data, AES-256-CBC, which readers of all ages open. Subject and addresses stay readable. */
bool smime_encrypt(arena *a, const struct smime_recipients *r, str message, str *out, struct err *e);

/* When the first certificate of a PEM text to end ends, seconds since 1970 UTC. False (class configuration): there is none in it. */
bool certificate_ends(str pem, str what, int64_t *at, struct err *e);

#endif
