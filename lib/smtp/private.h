/* Inside of the room: what open, login, send and replies share. */
#ifndef SMTP_PRIVATE_H
#define SMTP_PRIVATE_H

#include "smtp/smtp.h"

enum {
    SMTP_SLOTS = 256,     /* replies that may be owed: what a server says of them fits where it is read */
    SMTP_MAX_OFFERS = 100 /* lines of EHLO; more are dropped */
};

enum slot_kind { SLOT_RSET, SLOT_MAIL, SLOT_RCPT, SLOT_DATA, SLOT_END };

/* A reply that is owed. */
struct slot {
    enum slot_kind kind;
    struct smtp_message *m; /* NULL: of no message */
    ptrdiff_t rcpt;
};

struct smtp {
    arena *mem;
    arena offers_mem;
    const struct smtp_settings *set;
    struct net *net;
    const char *host; /* for sentences */
    const char *login_by;
    bool lmtp, secure;
    struct smtp_parse parse;
    str in; /* read, but not yet parsed: a view of net's buffer */

    struct strs offers;
    bool pipelining, chunking, eight_bit, utf8, dsn, size;
    int64_t size_limit; /* 0: none told */
    struct strs mechanisms;

    struct slot slot[SMTP_SLOTS]; /* a ring */
    ptrdiff_t slot_from, slots;
    ptrdiff_t ends;               /* of them SLOT_END: the server may think for long */
    struct smtp_message *flight[SMTP_WINDOW]; /* in the order in which they were sent */
    ptrdiff_t flights, window;
    bool in_transaction; /* a MAIL may stand at the server without its end: RSET before the next one */
    int data_code;       /* of the last reply to DATA */
    bool closing;        /* the server said 421: it does nothing more */
    bool over;
    int64_t passed;      /* octets given to net */
    int64_t stop_at;     /* a signal came: how long the unit in hand may take, in sys_clock.monotonic_ms */
    struct err why;      /* of closing */
    const struct smtp_hooks *hooks; /* of the call that is under way */
};

/* Wait for the next reply that nobody pipelined. False: the connection is gone. */
bool smtp_await(struct smtp *c, struct smtp_reply *r, struct err *e);
/* Give octets to the connection. */
bool smtp_put(struct smtp *c, str octets, struct err *e);
/* A command alone and its reply. */
bool smtp_command(struct smtp *c, str line, struct smtp_reply *r, struct err *e);
bool smtp_ehlo(struct smtp *c, struct err *e);
void smtp_take_offers(struct smtp *c, str words);
bool smtp_login(struct smtp *c, struct err *e);
/* An error from a reply: class later for 4xx, else class. Returns false. */
bool smtp_refused(struct err *e, enum err_class class, const char *code, const char *stage, const struct smtp_reply *r, const char *hint,
                  const char *format, ...) __attribute__((format(printf, 7, 8)));

/* Owe a reply; where too many are, some are read first. False as smtp_read_some. */
bool smtp_owe(struct smtp *c, enum slot_kind kind, struct smtp_message *m, ptrdiff_t rcpt, struct err *e);
/* Send what was put, take one reply that is owed, and those that came with it. False with *e: the connection is over, and smtp_give_up was
 * called. */
bool smtp_read_some(struct smtp *c, struct err *e);
/* The connection is lost or ends: settle what was on its way. Returns false. */
bool smtp_give_up(struct smtp *c, struct err *e);
/* Hand m to its owner if nothing more is owed for it. */
void smtp_settle(struct smtp *c, struct smtp_message *m);
/* The same status for every recipient that is open (and was accepted, where `accepted`): the server's words, or from our own side. */
void smtp_decide(struct smtp_message *m, bool accepted, const char *phase, const struct smtp_reply *r);
void smtp_decide_here(struct smtp_message *m, enum smtp_status status, const char *phase, const char *error, const char *hint);

#endif
