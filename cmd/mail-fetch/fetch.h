/* What the files of mail-fetch share: the command line, an account, a run. */
#ifndef FETCH_H
#define FETCH_H

#include "config/config.h"
#include "imap/imap.h"
#include "record/record.h"
#include "secret/secret.h"
#include "store/store.h"
#include "sys/sys.h"

#include <stdatomic.h>

/* UIDs of --uid. */
struct wanted {
    struct uid_range *item;
    ptrdiff_t n;
};

struct opts {
    struct strs accounts, mailboxes;
    bool all, due, adaptive, force;
    str url, secret, auth, ca_file;
    bool allow_plaintext;
    int64_t max, recent;      /* -1: all */
    int64_t jobs;             /* accounts at once; 0: not said */
    int64_t connect_s, response_s, limit_s; /* -1: not said */
    const char *config_path, *store_dir, *trace;
    const char *verb;         /* "fetch", "get", "folders", "test" */
    struct wanted uids;       /* of "get" */
};

/* An account as it is to be read. All of it has run lifetime. */
struct target { /* of one run: an account, from the configuration or a URL */
    str name;
    struct imap_settings set; /* without the secret */
    str secret;               /* its reference */
    struct secret_place place; /* where that stands */
    struct strs mailboxes;
    int64_t max;              /* of one mailbox and run, -1: all */
    int64_t interval_s;       /* between two runs of --due */
    struct err wrong;         /* class set: it cannot be read, and why; one of several accounts does not stop the others */
};
struct targets {
    struct target *item;
    ptrdiff_t n;
};

/* What is to be read: --url, or of the configuration -a and --all. With --due that may be nothing. */
bool accounts_choose(arena *a, const struct opts *o, struct targets *out, struct err *e);
/* imaps://user@host:port/MAILBOX (TLS), imap:// (STARTTLS; with --allow-plaintext none). */
bool account_from_url(arena *a, const struct opts *o, struct target *out, struct err *e);

struct progress {
    bool shown;
    char line[160];   /* what it is about */
    int64_t total, octets, began_ms, drawn_ms;
};

/* One run over all accounts. */
struct run {
    const struct opts *opts;
    arena *mem;               /* run lifetime */
    arena message;            /* reset for each record */
    struct out *out;
    struct store *store;      /* NULL for the verbs folders and test */
    _Atomic int64_t *left;    /* of -n, by all who fetch at once */
    bool beside_others;       /* other accounts are read at the same time: no progress bar */
    int64_t until_ms;         /* --time-limit, in sys_clock.monotonic_ms; 0: none */
    int64_t flushed_ms;
    struct strs secrets;      /* reference and value in turn, of env: variables that were read */
    struct progress progress;
};
/* Whether to start nothing more: a signal, the time limit, nobody reads our output, or the disk is full. */
bool run_over(const struct run *r);
/* So many of n messages may still be fetched; what of them was not, is to be given back. */
int64_t run_claim(struct run *r, int64_t n);
void run_give_back(struct run *r, int64_t n);
/* The store, for the verbs that need it. */
bool run_open_store(struct run *r, struct err *e);
void run_close_store(struct run *r);
/* One account, as the verb says. */
void run_account(struct run *r, const struct target *a);
/* Close all, forget the secrets; the exit code. */
int run_end(struct run *r);
/* Read the env: secrets of all accounts at once: they must be gone from the environment before the command of another's secret
 * runs, and several accounts may share one. What cannot be read is told by session_open. */
void run_keep_env(struct run *r, const struct targets *accounts);
/* Overwrite the secrets that were kept for other accounts. */
void run_forget(struct run *r);

/* -- --due: whose interval is over -- */
/* Leave those that are due; what failed last time comes last, so that it does not hold up the others. */
bool due_choose(struct run *r, struct targets *accounts, struct err *e);
/* To be asked again once its lock is held: another run may have read it meanwhile. */
bool due_now(struct run *r, const struct target *a, bool *yes, struct err *e);

/* -- several accounts at once -- */
/* How many processes: -j, else four for fetching; never more than accounts. Below two, none is needed. */
ptrdiff_t jobs_wanted(const struct opts *o, ptrdiff_t accounts);
/* All accounts, each in a child of its own; their outcomes become ours. Closes the store. */
void jobs_run(struct run *r, const struct targets *accounts, ptrdiff_t at_once);

/* One account and its connection. */
struct session {
    struct run *run;
    const struct target *account;
    struct imap_settings set; /* with the secret */
    struct imap *imap;        /* NULL: not connected */
    arena mem;                /* account lifetime */
};
/* The secret, then the connection. What fails is reported (error record, stderr, outcome) and kept in *e. */
bool session_open(struct run *r, const struct target *a, struct session *s, struct err *e);
bool session_again(struct session *s, struct err *e);
void session_close(struct session *s);

/* The mailboxes asked for: those of -m, else the account's; "*" is all that can be opened. */
bool session_mailboxes(struct session *s, struct strs *out, struct err *e);
/* Up to three names that look like a mailbox that does not exist, ", " between them; STR_NONE where there are none. */
str names_near(arena *a, const struct imap_mailboxes *all, str name);

/* The verbs; each reports what failed. */
void fetch_account(struct run *r, const struct target *a);
void list_folders(struct run *r, const struct target *a);
void test_account(struct run *r, const struct target *a);

/* One mailbox: email records and the closing poll. False with *e where the connection is of no more use. */
bool fetch_mailbox(struct session *s, str name, struct err *e);

/* -- the messages that --uid names -- */
/* "7", "3:9,12", "100:*"; false where it is no such set. */
bool wanted_read(arena *a, str set, struct wanted *out);
/* Where the range that holds this UID begins; 0: none does. */
uint32_t wanted_from(const struct wanted *w, uint32_t uid);
/* An error for each number or range of which the mailbox holds nothing. there: the ones wanted that it holds. */
void wanted_tell_absent(struct run *r, str account, str mailbox, const struct imap_uids *there);

/* -- records -- */
struct place_of_mail {
    str account, host, mailbox;
    int64_t uid_validity;
};
/* The email record of a message whose blob is written. */
void emit_email(struct run *r, const struct place_of_mail *where, const struct imap_message *m, uint32_t after, str blob_id, str path,
                int64_t size);
void emit_poll(struct run *r, const struct poll *p);
/* An error record and its line on stderr. uid 0, mailbox none: not about one. */
void emit_error(struct run *r, const struct err *e, str account, str mailbox, uint32_t uid);

/* -- progress on a terminal -- */
void progress_begin(struct progress *p, str account, str mailbox, int64_t total);
void progress_draw(struct progress *p, int64_t done, int64_t octets);
void progress_clear(struct progress *p);

#endif
