/* The seam between programs and the system: messages and exit, lines in, octets out, durable files,
 * locks, clock and randomness. */
#ifndef SYS_H
#define SYS_H

#include "err/err.h"

#include <pthread.h>
#include <unistd.h> /* optarg, optind */

/* ---- prog: one program's name, messages and outcome -------------------------------------------- */

enum verbosity { QUIET = -1, NORMAL = 0, VERBOSE = 1, DEBUGGING = 2 };

/* Call first in main: the name for messages, how they are written ($MAILPIPE_LOG, $LOG_LEVEL, $MAIL_LOG), and standard descriptors that
 * are closed are held, so that no file becomes one. No locale is needed or set; everything is UTF-8. */
void prog_init(const char *name);
const char *prog_name(void);
void prog_verbosity(enum verbosity v); /* -q, -v */
enum verbosity prog_is(void);

/* To stderr as "NAME: text\n", without control characters; or as prog_log says. warn speaks unless with -q, note only with -v, debug only
 * with --log-level debug. */
void prog_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));
void prog_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void prog_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* One line for an error: "NAME: text (server words); hint". Printed with -q too; the outcome becomes
 * the worse of what it was and e's class. */
void prog_error(const struct err *e);
/* Remember an outcome without a message. */
void prog_outcome(enum err_class class);
enum err_class prog_worst(void);

/* "NAME: text" and "try 'NAME -h'" on stderr; the exit code 64. Use: return prog_misuse(…); */
int prog_misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Usage to stdout and 0; version to stdout and 0 (74 where stdout cannot be written). */
int prog_usage(const char *text);
int prog_version(void);

/* ---- log: how messages are written --------------------------------------------------------------- */

/* Who wants it; the later one wins: settings are those of the configuration, which config_load gives here. */
enum prog_wish { PROG_BY_DEFAULT, PROG_BY_ENVIRONMENT, PROG_BY_SETTING, PROG_BY_OPTION };
/* form: text, json (a record `log` for each message), syslog (facility mail; nothing on stderr). level: error, warning, info or debug, and
 * what others call them (warn, critical, INFO …). False, and all as it was, for another word. */
bool prog_log_form(str form, enum prog_wish by);
bool prog_log_level(str level, enum prog_wish by);
bool prog_is_log_form(str form);
/* Whether a person reads stderr: carets and progress bars are for nobody else. */
bool prog_logs_text(void);
bool prog_is_log_level(str level);
/* The account that messages are about from here on, a member of `log` (STR_NONE: none). */
void prog_account(str name);

/* ---- options: the text of -h is their table ------------------------------------------------------- */

/* A line of usage that begins with white space and '-' is an option; deeper lines under it go on with its meaning:
 *       -s, --store DIR   the store (else …
 *           --ids         without an argument
 * and one that begins with two blanks and a letter is a verb of the program:
 *       get ID...         emails with their text
 * Two blanks or more stand before the meaning. One that begins with verbs and a colon ("add, set: …") is an option of those only.
 * -q -v -h -V --log --log-level come by themselves, in the text too where it has not its own. */
struct prog_name {
    const char *name; /* of an option without a letter */
    int val;          /* over 255 */
};
struct prog_form {
    const char *usage;
    const struct prog_name *names, *more; /* ended by a row of zeros; either may be NULL */
    const char *verb;                     /* that has these options, in messages; NULL: the program's */
    bool before_verb;                     /* the program's options end where its verb stands */
};

/* As getopt_long: the next option (its letter, or val; optarg), -1 behind the last (optind). What comes by itself is done or
 * becomes a value for prog_answer. */
int prog_option(const struct prog_form *form, int argc, char **argv);
/* The exit code for every value that is not the caller's own: usage, version, the table (--help-table: verb, option, argument and meaning
 * in tab-separated columns), or a misuse that prog_option has told. */
int prog_answer(const struct prog_form *form, int option);

/* main of a program whose verbs have options of their own; dir is -s before the verb. The last row is zeros. */
struct prog_verb {
    const char *name;
    int (*run)(const char *dir, int argc, char **argv); /* argv[0] is the verb */
};
int prog_verbs(const struct prog_form *form, const struct prog_verb *verbs, int argc, char **argv);

enum { PROG_PATH = 4096 };
/* The path of a program of the same installation, or just its name where it does not lie beside this one: for execvp. It may lie in path. */
const char *prog_beside(const char *program, char path[PROG_PATH]);

/* ---- signals and the end -------------------------------------------------------------------------- */

/* Ignore SIGPIPE (always), and with finish_unit turn SIGINT, SIGTERM, SIGHUP into prog_stopping(). */
void prog_signals(bool finish_unit);
/* True after such a signal: finish the unit in hand, start no other. */
bool prog_stopping(void);

struct out;
/* The only normal way out of main: flush out (may be NULL), report a failed write, return the exit code. */
int prog_finish(struct out *out);

/* ---- out: checked, buffered writing ------------------------------------------------------------- */

enum { OUT_BUFFER = 1 << 18 };

struct out {
    int fd;
    char *ptr;
    ptrdiff_t len, cap;
    int error;   /* errno of the first failed write, sticky; later output is dropped */
    bool closed; /* the reader went away (EPIPE): not an error, but nothing more is wanted */
};

struct out out_new(arena *a, int fd);
void out_put(struct out *o, str s);
void out_byte(struct out *o, char c);
void out_fmt(struct out *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* True while writing makes sense. */
bool out_good(const struct out *o);
bool out_flush(struct out *o);

/* ---- lines: bounded reading --------------------------------------------------------------------- */

enum { LINE_MAX_OCTETS = 16 << 20 }; /* a longer record is refused (design.md section 2) */

enum line_status {
    LINE_OK,
    LINE_END,  /* clean end of input */
    LINE_CUT,  /* input ended without a newline: never taken for a whole line; *line has what came */
    LINE_LONG, /* over the limit: *line has its first octets, the rest was skipped */
    LINE_ERROR /* read failed: errno in lines.error */
};

struct lines {
    int fd;
    char *ptr;
    ptrdiff_t start, len, cap, limit, scanned;
    int64_t number; /* of the line that was returned last, from 1 */
    int error;
    bool ended, skipping;
};

/* limit: octets of the longest line, LINE_MAX_OCTETS for records. The buffer is malloc'ed and grows to what lines need. */
struct lines lines_new(int fd, ptrdiff_t limit);
void lines_free(struct lines *l);
/* The next line without its LF; valid until the next call. */
enum line_status lines_next(struct lines *l, str *line);
/* Whether lines_next would answer without waiting; waits up to timeout_ms (0: just look; -1: for ever).
 * Interrupted by a signal: false. */
bool lines_ready(struct lines *l, int timeout_ms);
/* False, and a sentence for LINE_CUT, LINE_LONG and LINE_ERROR that names the line (class input, or io);
 * true for LINE_OK and LINE_END. */
bool lines_err(const struct lines *l, enum line_status status, const char *what, struct err *e);

/* ---- file: durable files and locks -------------------------------------------------------------- */

/* read(2) and write(2) until all is done; retries EINTR. False: errno says why. read_full: octets, or -1. */
ptrdiff_t fd_read_full(int fd, void *p, ptrdiff_t n);
bool fd_write_full(int fd, str s);

/* The whole file, at most limit octets, in the arena. */
bool file_read(arena *a, const char *path, ptrdiff_t limit, str *out, struct err *e);
/* Replace path atomically: temporary name beside it, mode, fsync, rename, fsync of the folder. A device, a pipe and what stdout is are written
 * into instead, and keep their mode. */
bool file_replace(const char *path, str content, int mode, struct err *e);
/* mkdir -p with mode 0700 for what is new. */
bool dir_make(const char *path, struct err *e);
/* fsync a folder, so that names in it last. */
bool dir_sync(const char *path, struct err *e);

/* Take an exclusive flock on path (made 0600, never deleted; freed by the holder's death) without
 * waiting. On success *fd is the lock (close it to give it up) and the file says who holds it. Where
 * it is held: class later, and the sentence says what is held and by whom ("mail-fetch, pid 812"). */
bool lock_take(const char *path, const char *what, int *fd, struct err *e);

/* Who holds flocks of files now, as the kernel tells (Linux: /proc/locks), in its order. Processes of other machines, and of others where the
 * kernel hides them, are not seen; nothing is locked to find out. */
struct held_lock {
    int64_t pid, inode;
};
struct held_locks {
    struct held_lock *item;
    ptrdiff_t n;
};
void locks_held(arena *a, struct held_locks *out);
/* The process that holds it; 0: none that is seen. */
int64_t locks_holder(const struct held_locks *locks, int64_t inode);

/* ---- threads ------------------------------------------------------------------------------------ */

/* A thread that takes no signals: they are for the one that reads stdin, which must notice. name: up to 15 letters, for top(1). */
bool thread_start(pthread_t *thread, const char *name, void *(*run)(void *), void *context);

/* ---- clock and randomness, replaceable in tests ------------------------------------------------- */

struct sys_clock {
    int64_t (*now_ms)(void);       /* milliseconds since 1970 UTC */
    int64_t (*monotonic_ms)(void); /* for deadlines */
    int64_t (*since_boot_ms)(void); /* the time that the machine slept included */
    void (*random)(void *p, size_t n);
};
extern struct sys_clock sys_clock;

static inline int64_t now_s(void) { return sys_clock.now_ms() / 1000; }

#endif
