/* Inside of the room: what dialog, login and fetch share. */
#ifndef IMAP_PRIVATE_H
#define IMAP_PRIVATE_H

#include "imap/imap.h"

enum { IMAP_REPLY_WORDS = 400, IMAP_REPLY_CODE = 100, IMAP_MAX_CAPABILITIES = 256 };

struct imap {
    arena *mem;
    const struct imap_settings *set;
    struct net *net;
    struct imap_parse parse;
    str in;                    /* read, but not yet parsed: a view of net's buffer */
    struct strs capabilities;  /* the newest list, upper case */
    int capability_lists;      /* how many came */
    arena caps_mem;
    const char *login_by;
    char *host;                /* for sentences */
    unsigned tag;              /* of the last command */
    bool bye;
    char bye_words[IMAP_REPLY_WORDS];
    int64_t messages;          /* newest EXISTS */
    str ahead;                 /* what was searched for ahead, and by which command; or none */
    unsigned ahead_tag;
    int64_t patience_ms;       /* how long imap_next may still wait and read for the answer that is due */
};

/* An answer may take IMAP_ANSWER times the longest silence. A message gains time by its octets, up to the same again: one that comes at
 * less than IMAP_RATE octets a second ends. What the caller does between two calls of imap_next does not count. */
enum { IMAP_ANSWER = 10, IMAP_RATE = 100 };
/* From now on an answer is due, or a whole message of it came. */
void imap_await_anew(struct imap *c);
/* So many octets of a message came. */
void imap_await_on(struct imap *c, ptrdiff_t octets);

/* How a command ended. */
struct imap_reply {
    enum imap_status status;
    char code[IMAP_REPLY_CODE];
    char words[IMAP_REPLY_WORDS];
};

/* The next event. wait_ms as in net_read; IMAP_PAUSE only where wait_ms >= 0 or a signal came (also while octets come that are no event). Capabilities, BYE and EXISTS
 * are noted by the way; of IMAP_GONE *e tells. */
enum imap_event imap_next(struct imap *c, int wait_ms, struct imap_part *part, struct err *e);

/* Send "TAG command CRLF" with the next imap_next; the tag is c->tag then. */
bool imap_send(struct imap *c, str command, struct err *e);
/* Whether the response closes the command with that tag. */
bool imap_is_end(const struct imap_response *r, unsigned tag);
void imap_note_reply(struct imap_reply *reply, const struct imap_response *r);

/* Send a command and wait for its end; untagged responses go to on (may be NULL). False only where the connection is gone or a signal
 * asked to stop; what the server said is in *reply. */
typedef void imap_handler(void *context, const struct imap_part *part, enum imap_event event);
bool imap_command(struct imap *c, str command, imap_handler *on, void *context, struct imap_reply *reply, struct err *e);
/* The same without sending, for command `tag`. */
bool imap_await(struct imap *c, unsigned tag, imap_handler *on, void *context, struct imap_reply *reply, struct err *e);

/* An error from a command that was refused: later for UNAVAILABLE, INUSE, LIMIT, SERVERBUG, CONTACTADMIN; else class. */
bool imap_refused(struct err *e, enum err_class class, const char *code, const char *stage, const struct imap_reply *reply,
                  const char *hint, const char *format, ...) __attribute__((format(printf, 7, 8)));

/* A string for a command: quoted where it can be, "" where it holds CR, LF, NUL or an octet above 127 (then *literal). */
str imap_quoted(arena *a, str s, bool *literal);

bool imap_login(struct imap *c, struct err *e);
bool imap_ask_capabilities(struct imap *c, struct err *e);

#endif
