/* The error value of everything that can fail because of the world (disk, network, server, user).
 *
 * Functions that can fail return false (or NULL) and fill a struct err of the caller's; bad mail is never
 * an error, and our own bugs are assertions. Library code neither prints nor exits. */
#ifndef ERR_H
#define ERR_H

#include "str/str.h"

/* Classes, each with its exit code (sysexits(3)); ordered by how bad a run is that saw one. */
enum err_class {
    ERR_NONE = 0,     /* 0 */
    ERR_PARTIAL = 1,  /* 1: done, but some records failed */
    ERR_USAGE = 64,   /* command line */
    ERR_INPUT = 65,   /* input of the wrong form */
    ERR_MISSING = 66, /* no such file, id, mailbox, store */
    ERR_REFUSED = 69, /* a server says no for good */
    ERR_BUG = 70,     /* our own fault */
    ERR_IO = 74,      /* disk, stdout */
    ERR_LATER = 75,   /* try again later: network, lock, quota */
    ERR_LOGIN = 77,   /* login refused, permission */
    ERR_CONFIG = 78   /* configuration */
};

struct err {
    enum err_class class;
    char code[32];    /* stable word for programs: "io.write", "imap.login", "store.version" */
    char stage[32];   /* where in a dialog: "connect", "tls", "login", "select", "fetch"; may be empty */
    char text[512];   /* one sentence that names the object */
    char server[512]; /* the server's own words, redacted; may be empty */
    char hint[256];   /* what to do next; may be empty */
};

/* Fill *e (the rest is cleared) and return false, so that a caller can "return err_set(...)".
 * Control characters and invalid UTF-8 in the text and the hint become '?'. e may be NULL. */
bool err_set(struct err *e, enum err_class class, const char *code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* The same with ": strerror(errno)" appended; the class follows errno where it says more
 * (ENOENT: missing, EACCES and EPERM: login, EAGAIN and ENOMEM: later, else class). */
bool err_errno(struct err *e, enum err_class class, const char *code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* Copy as one line that does not steer a terminal: control characters and invalid UTF-8 become '?'; cut to cap - 1 octets. */
void err_printable(char *out, size_t cap, str s);

void err_stage(struct err *e, const char *stage);
/* The server's words: one line, control characters out, cut to fit. */
void err_server(struct err *e, str words);

/* Whether the same command may succeed later without a change (class 74 or 75). */
bool err_retryable(const struct err *e);

/* The worse of two outcomes, for the exit code of a run that saw both. Order from harmless to worst:
 * 0, 1, 66, 65, 75, 69, 77, 78, 74, 64, 70. */
enum err_class err_worse(enum err_class a, enum err_class b);

#endif
