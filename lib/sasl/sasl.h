/* Login mechanisms as pure octets in and out; the protocols carry them (base64 in IMAP, POP3 and SMTP alike is theirs).
 *
 *     PLAIN (RFC 4616), LOGIN (draft-murchison-sasl-login), SCRAM-SHA-1 and SCRAM-SHA-256 (RFC 5802, RFC 7677, without channel
 *     binding; the server's signature is checked), XOAUTH2 (Google's), OAUTHBEARER (RFC 7628)
 *
 * Names and passwords are sent as they are: UTF-8 that SASLprep (RFC 4013) would change is the caller's to write in that form.
 * The secret is a password, or for XOAUTH2 and OAUTHBEARER an access token. */
#ifndef SASL_H
#define SASL_H

#include "err/err.h"

enum sasl_mechanism { SASL_NONE, SASL_LOGIN, SASL_PLAIN, SASL_SCRAM_SHA_1, SASL_SCRAM_SHA_256, SASL_XOAUTH2, SASL_OAUTHBEARER };

enum {
    SASL_MAX_ROUNDS = 2000000, /* of SCRAM's PBKDF2 (about a second); a server that wants more is refused */
    SASL_MAX_OCTETS = 8192     /* of a challenge; a longer one is refused */
};

struct sasl {
    arena *mem;
    enum sasl_mechanism mechanism;
    str user, secret, host;
    int port;
    int step;
    bool proved;       /* the server has shown what the mechanism wants of it */
    str nonce;         /* ours; tests may set it before sasl_initial */
    str first_bare;    /* SCRAM: client-first-message-bare */
    str server_proof;  /* SCRAM: the signature to expect */
};

/* "SCRAM-SHA-256" and so on, upper case; SASL_NONE for others. */
enum sasl_mechanism sasl_by_name(str name);
const char *sasl_name(enum sasl_mechanism m);

/* The strongest one that is offered. offered: names as the server lists them. wanted: the account's choice ("plain", "xoauth2", …), or
 * none or "auto": then never a token mechanism. SASL_NONE where there is none. */
enum sasl_mechanism sasl_choose(const struct strs *offered, str wanted);

/* a: lives as long as the login; what it keeps is secret in part. */
void sasl_start(arena *a, struct sasl *s, enum sasl_mechanism m, str user, str secret, str host, int port);

/* The first message, if the mechanism lets the client begin: true. False (LOGIN): wait for a challenge. */
bool sasl_initial(struct sasl *s, str *message);

/* Answer a challenge. False with *e (class login; "sasl.server", "sasl.proof", "sasl.order") where the server does not keep to the
 * mechanism: give up the connection. */
bool sasl_answer(struct sasl *s, str challenge, str *message, struct err *e);

/* Whether the answer to the next challenge is empty whatever that says (SCRAM: it is the server's proof). It may be sent along with the one
 * before, a round trip earlier; the challenge still goes to sasl_answer. */
bool sasl_next_is_empty(const struct sasl *s);

/* After the server's success: false with *e where it has not proved that it knows the password (SCRAM). */
bool sasl_finish(const struct sasl *s, struct err *e);

#endif
