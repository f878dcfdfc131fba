/* mail-compose: what its files share. A request says what is wanted; reply.c fills it from the message that is answered; message.c makes
 * a message of it; emit.c writes that to where it belongs and prints its submission. */
#ifndef COMPOSE_H
#define COMPOSE_H

#include "compose-parts.h"
#include "mime/mime.h"
#include "store/store.h"

enum {
    MESSAGE_MEMORY = 1 << 30,     /* addresses of the arena of one message; what is not used costs nothing */
    MAX_SIZE = 25 << 20,          /* octets of a message where smtp.maxSize is not set */
    RAW_SIZE = 11 << 20,          /* a larger message fits into no record: it needs a store */
    QUOTE_SIZE = 256 << 10,       /* octets of the text, and of the HTML, that are quoted */
    TEXT_FILE = 16 << 20,         /* octets of --text @FILE */
    ENCLOSURES = 1000             /* files of one message */
};

enum verb { VERB_NEW, VERB_REPLY, VERB_FORWARD, VERB_RESEND, VERB_MESSAGE, VERB_TEMPLATES };

/* A file that goes with a message, or a picture within its HTML. */
struct enclosure {
    struct enclosure *next;
    str path, type, name, cid; /* type, name: STR_NONE: found from the path */
    bool is_inline;
    int fd;                    /* -1: its octets are `content` */
    str content;
    int64_t size;
    struct build_source source; /* context is the enclosure, or the part of another message */
};

struct extra_field {
    str name, value;
};

/* Zero, STR_NONE and empty lists: not said. Times are seconds since 1970 UTC. */
struct request {
    str account, profile, queue, key;
    bool has_mail_from;
    str mail_from;             /* envelope; STR_NONE with has_mail_from: the null sender */
    str from_name;             /* in place of the account's */
    struct header_addresses from, to, cc, bcc, reply_to;
    str subject, text, html, template, data;
    struct strs sets, tags, in_reply_to, references;
    struct strs recipients;    /* envelope; empty: those of to, cc and bcc */
    struct extra_field *field;
    ptrdiff_t n_fields;
    struct enclosure *enclosures; /* the last one first */
    int n_enclosures;
    str list_unsubscribe, auto_submitted, importance, notify, ret, envid;
    bool receipt, no_signature, no_quote, automatic;
    int64_t priority, send_at, undo_until, expires_at;

    /* Filled in by reply and forward. */
    str quote_text, quote_html;
    str default_subject;
    const struct email *original; /* NULL: none */
    str message_id;               /* set by message.c and others that make messages */
    int64_t now;
};

/* Who sends. */
struct identity {
    str account;             /* STR_NONE: none is configured */
    struct header_address from;
    str reply_to;
    int64_t max_size, max_attachment;
    bool eight_bit;
    str signature, signature_html, footer, footer_html;
};

struct compose {
    arena run, message;
    struct config config;
    const char *config_path, *store_dir, *template_folder;
    struct store *store;       /* NULL: there is none */
    bool store_asked;
    struct err no_store; /* why it cannot be used; nothing where there is none */
    enum verb verb;
    bool all, as_attachment, force, raw, dry_run, json, from_header, until_dot;
    int stdin_taken;           /* options that have read it */
    struct compose_crypto crypto;
    struct compose_signer *signer; /* of signer_account */
    str signer_account;
    struct request defaults;   /* what the command line says */
    struct strs arguments;     /* ids, or recipients */
    char **rest;               /* of the verb templates, itself first */
    int n_rest;
    struct mime *mime;         /* of the message that is answered */
    struct out *out;
};

/* ---- main.c ---- */
/* An error record on stdout, a sentence on stderr, the outcome. */
void say(struct compose *c, const struct err *e);

/* ---- options.c: the command line into c; -1: go on, else the exit code ---- */
int read_options(struct compose *c, int argc, char **argv);

/* ---- request.c ---- */
/* A JSON request over what is in r already. *skip: it says itself that it was sent. */
bool request_read(struct compose *c, str line, int64_t number, struct request *r, bool *skip, struct err *e);
/* Pieces of requests, the same from both sides. wrong: the class of what is no time, …. */
bool request_address(arena *a, struct header_addresses *to, str text, const char *what, enum err_class wrong, struct err *e);
bool request_field(arena *a, struct request *r, str name, str value, struct err *e);
/* RFC 3339, 2026-08-22, or +30m, +2h, +1d from now. */
bool request_time(str text, int64_t now, const char *what, enum err_class wrong, int64_t *out, struct err *e);
bool request_word(str value, const char *words, const char *what, enum err_class wrong, struct err *e);
bool request_unsubscribe(str url, struct err *e);
bool request_id(arena *a, str text, const char *what, struct strs *out, struct err *e);

/* ---- account.c ---- */
/* Who sends r: -a, the account of its From, of the message it answers, of that one's recipients, or the first. */
bool identity_of(struct compose *c, const struct request *r, struct identity *out, struct err *e);
/* Whether it is an address of the account (its email and aliases); of any account where account is STR_NONE. */
bool is_own_address(struct compose *c, str account, str email);
/* A key that holds text: `\n` is a line end, @FILE a file beside the configuration. */
bool text_setting(struct compose *c, str account, const char *key, str *out, struct err *e);

/* ---- enclose.c ---- */
/* FILE[:type[:name]] opened and added to r; "-" is stdin. */
bool enclose_file(arena *a, struct request *r, str spec, bool is_inline, struct err *e);
bool enclose_path(arena *a, struct request *r, const struct enclosure *wanted, struct err *e);
void enclose(arena *a, struct request *r, const struct enclosure *x);
/* Close what was added since `kept`. */
void enclosures_close(struct request *r, const struct enclosure *kept);
str enclosure_type(str name);
/* A file without a name, for octets that come only once. -1 with *e. */
int spool_new(struct err *e);
bool pour_fd(int fd, int64_t offset, int64_t length, build_put *put, void *to, struct err *e);

/* ---- original.c: the message that is answered, passed on, or resent ---- */
struct original {
    struct email email;             /* the record, with what the message itself says */
    const struct mime_message *m;   /* until the next original_open */
    struct build_source source;     /* its octets */
    /* private */
    int fd;
    int64_t offset, length;
    bool span;
    enum mbox_format format;
    str raw;
    const char *name;
};
bool original_open(struct compose *c, const struct email *record, struct original *out, struct err *e);
void original_close(struct original *o);
/* Its attachments as enclosures of r (inline pictures keep their cid). */
void original_enclose(arena *a, struct original *o, bool pictures, struct request *r);

/* ---- quote.c ---- */
str quote_text(arena *a, const struct email *m);
str quote_html(arena *a, const struct email *m);
str forward_text(arena *a, const struct email *m);
str forward_html(arena *a, const struct email *m);

/* ---- reply.c ---- */
/* --auto, or a template of Type auto-reply. */
bool reply_is_automatic(struct compose *c, const struct request *r);
/* False (class refused) where the message must not be answered: automatic, of a list, without a sender, our own. */
bool reply_allowed(struct compose *c, const struct original *o, const struct request *r, struct err *e);
bool reply_fill(struct compose *c, struct original *o, struct request *r, struct err *e);
bool forward_fill(struct compose *c, struct original *o, struct request *r, struct err *e);

/* ---- message.c: a message of a request ---- */
bool compose_request(struct compose *c, struct request *r, struct err *e);
str message_id_new(arena *a, const struct request *r, str sender);
int local_zone(int64_t seconds);

/* ---- existing.c: messages that are there: stdin as sendmail takes it, and resending ---- */
bool send_stdin(struct compose *c, struct request *r, struct err *e);
bool resend(struct compose *c, struct original *o, struct request *r, struct err *e);

/* ---- emit.c ---- */
struct outgoing {
    const void *context;
    bool (*write)(const void *context, build_put *put, void *to, struct err *e); /* the whole message */
    bool eight_bit;
    const struct identity *identity;
};
/* Sign, write to the store, the record or (--dry-run) stdout; print the submission. Refuses what is over the account's size. */
bool emit(struct compose *c, struct request *r, const struct outgoing *o, struct err *e);
/* The store, opened for reading; NULL where there is none (no error), or with *e. */
struct store *compose_store(struct compose *c, struct err *e);
/* The signer of this account. */
bool compose_signer(struct compose *c, const struct identity *id, struct err *e);

#endif
