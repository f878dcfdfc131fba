/* What the files of mail-send share: the command line, an account as a route, a message as a job, a run. */
#ifndef SEND_H
#define SEND_H

#include "config/config.h"
#include "lease/lease.h"
#include "record/record.h"
#include "smtp/smtp.h"
#include "sys/sys.h"

enum {
    SEND_JOBS = 128,              /* messages in memory at once */
    SEND_TOGETHER = 24,           /* handed to the connection at once, where they are small */
    WORKERS_MAX = 64,
    SEND_MESSAGE_MAX = 64 << 20   /* octets of a message on stdin or in a record (`raw`); larger ones come as files */
};

struct opts {
    str account, profile, url, secret, auth, ca_file;
    bool allow_plaintext, copy, dry_run, test, check_address, mx;
    int64_t connect_s, response_s, final_s; /* -1: not said */
    int64_t workers;
    str resolver;             /* of --mx; STR_NONE: the system's */
    str from, to;             /* of a message on stdin; of the test */
    struct strs recipients;   /* of a message on stdin: it is one where there are any; of --check-address */
    const char *config_path, *store_dir, *trace;
};

struct host {
    str name; /* or the path of a local socket */
    int port;
};

struct job;

/* An account (with a profile, maybe) and its connection. */
struct route {
    struct route *next;
    str account, profile;
    struct err bad;           /* its settings are wrong: nothing goes this way */
    struct smtp_settings set; /* net.host and net.port: where it is connected, or was tried last */
    str secret;               /* its reference */
    struct host *host;        /* in the order in which they are tried */
    ptrdiff_t n_hosts;
    bool keeps_copies;        /* the server puts what it sends into Sent itself */
    arena mem;                /* connection lifetime */
    struct smtp *smtp;        /* NULL: not connected */
    bool answered;            /* a message got its answer over this connection: it was good for something */
    struct err down;          /* no host answered; */
    int64_t down_until;       /* until then none is tried, in sys_clock.monotonic_ms; 0: not down */
    struct job *first, *last; /* not done yet, in order */
    ptrdiff_t unsent;         /* of them not yet handed to the dialog */
    int64_t unsent_octets;
};

/* A lease file that this run holds. */
struct held {
    struct held *next;
    arena mem;
    struct lease lease;
    struct err gone; /* it could not be held: nothing of it may be sent */
    ptrdiff_t jobs;  /* that are not done */
};

/* One submission. */
struct job {
    struct job *next;
    arena mem;
    struct submission s;
    struct smtp_message m;
    struct route *route;
    struct held *held; /* or NULL */
    bool handed;       /* to the dialog */
    int64_t begun_ms;  /* when a connection was first wanted for it, in sys_clock.monotonic_ms; 0: none was */
    int64_t took_ms;   /* from then to the last answer */
    const char *warning; /* the copy in Sent failed */
};

/* One run. */
struct run {
    const struct opts *opts;
    arena *mem; /* run lifetime */
    struct config config;
    struct out *out;
    bool shares_out; /* with other processes, one at a time by a lock on */
    int out_lock;
    struct route *routes;
    struct held *leases;
    struct job *idle; /* jobs that can be used again */
    ptrdiff_t made;   /* jobs */
    struct job *to_copy, **to_copy_end; /* sent, to be put into Sent, then printed */
    struct strs secrets; /* reference and value in turn */
    int64_t sent, deferred, failed, uncertain; /* recipients */
};

/* ---- account.c: settings ---- */

/* The route of an account, made at the first use; its `bad` says whether it can be used. */
struct route *route_for(struct run *r, str account, str profile);
/* Who sends a message of stdin or of test, where --from does not say it: the profile's address, else the account's. */
str sender_of(const struct run *r);
/* The secret behind a reference; env: variables are gone once they were read. */
struct secret_place;
bool run_secret(struct run *r, str reference, const struct secret_place *place, str *out, struct err *e);
void run_forget(struct run *r);
/* Settings to read and write the account's mailboxes by IMAP. */
struct imap_settings;
bool imap_settings_for(struct run *r, str account, struct imap_settings *out, struct err *e);

/* ---- job.c: submissions to messages, outcomes to records ---- */

struct job *job_new(struct run *r);
/* Everything that is needed to send it: recipients, message, lease, route. False: it ended here (its deliveries were printed). */
bool job_prepare(struct run *r, struct job *j);
/* All recipients have their status: the lease, then the records; j is idle then. */
void job_end(struct run *r, struct job *j);
/* --dry-run: say where it would go. */
void job_show(struct run *r, struct job *j);
/* The copy in Sent was tried: print the records of a job that job_end put into to_copy. */
void job_copied(struct run *r, struct job *j);
/* The recipients that are open end here with an error of our own. */
void job_defer(struct run *r, struct job *j, const struct err *e);

/* ---- route.c: messages over connections ---- */

/* Take the job; it may be sent now or with the next ones. */
void route_add(struct run *r, struct job *j);
/* Send what waits and hear all answers. */
void run_drain(struct run *r);
/* End the connections; no answers are owed. */
void run_disconnect(struct run *r);
/* Connect to the first host that answers. False with route->down. */
bool route_connect(struct run *r, struct route *x);

/* ---- held.c: lease files ---- */

struct held *held_for(struct run *r, str path);
/* Give up those that nothing is sent under. */
void held_release(struct run *r);

/* ---- the verbs ---- */

/* Records on stdin. */
void send_records(struct run *r, int fd);
/* The same by opts.workers processes; what belongs to one account goes to one of them. Returns in each of them. */
void send_shared(struct run *r);
/* A whole line to stdout; what is there is written. */
void run_put(struct run *r, str line);
void run_flush(struct run *r);
/* A message on stdin to opts.recipients. */
void send_message(struct run *r);
/* Connect, log in, ask for a recipient; `test` records. */
void test_account(struct run *r);

/* Addresses of the command line, else of stdin, to `address` records. */
void check_addresses(struct run *r);

/* Put what was sent into the Sent mailbox by IMAP, and print its deliveries. */
void copy_sent(struct run *r);

#endif
