/* mailpipe.conf: INI text that a person keeps in git.
 *
 *     [defaults]                     keys of every account
 *     syncInterval = 300             seconds
 *     [account support]
 *     email = support@example.com
 *     imap.host = imap.example.com
 *     imap.port = 993
 *     imap.security = tls            tls | starttls | none (none: login refused unless allowPlaintext = yes)
 *     imap.user = support@example.com
 *     imap.secret = cmd:pass show mail/support
 *     mailboxes = INBOX, Sent
 *
 * '#' and ';' begin a comment at the start of a line or after white space. Found at -C FILE, $MAILPIPE_CONFIG (file or folder),
 * ~/.config/mailpipe/mailpipe.conf, /etc/mailpipe/mailpipe.conf; none at all is an empty configuration. */
#ifndef CONFIG_H
#define CONFIG_H

#include "err/err.h"

struct config {
    str path; /* of the file that was read; where there is none, of the one that would be written */
    bool exists;
    struct config_section *sections; /* private to lib/config */
    ptrdiff_t n;
    str text; /* the file as it stands */
};

/* path: the -C option, or NULL. False (class configuration, with path and line number) for text that is not of the form above. */
/* The form and level of messages that [defaults] wants (log.format, log.level) are given to sys; wrong words there are left to mail-account check. */
bool config_load(arena *a, const char *path, struct config *out, struct err *e);

/* The same, but a file that is named and not there yet is an empty configuration that config_save will write. */
bool config_load_or_new(arena *a, const char *path, struct config *out, struct err *e);

/* For whoever will change it, before it is loaded: of several programs that change it at the same time one waits for the other, or the change
 * of one would be lost. Held until the process ends; nothing is left of it. path as of config_load. False: class later, where another one
 * holds it for CONFIG_PATIENCE_S. */
enum { CONFIG_PATIENCE_S = 10 };
bool config_hold(arena *a, const char *path, struct err *e);

/* The value, STR_NONE where it is not set: an account's own, else the one of [defaults], else that of the environment (config_variables,
 * valid until that is changed). An empty variable is none. */
str config_get(const struct config *c, str account, str key);
bool config_bool(const struct config *c, str account, str key, bool otherwise, bool *out, struct err *e);
bool config_i64(const struct config *c, str account, str key, int64_t min, int64_t max, int64_t otherwise, int64_t *out, struct err *e);
/* A list that is separated by commas. */
void config_list(arena *a, const struct config *c, str account, str key, struct strs *out);
/* Names of the accounts, in the order of the file. */
void config_accounts(arena *a, const struct config *c, struct strs *out);
bool config_has_account(const struct config *c, str account);

/* The name of the place where config_get finds the value: "support.imap.secret", "[defaults].imap.secret"; a sealed secret opens only
 * there. Names of accounts hold no bracket. */
str config_place(arena *a, const struct config *c, str account, str key);

/* Read c->text again, after an edit has been put there. */
bool config_reparse(arena *a, struct config *c, struct err *e);

/* The whole text with one key of an account set (or removed, value STR_NONE); comments and order are kept, a missing section is added.
 * Write it with config_save: atomic, mode kept, 0600 for a new file, folder made 0700. */
str config_edit(arena *a, const struct config *c, str account, str key, str value);
str config_remove_account(arena *a, const struct config *c, str account);
bool config_save(const struct config *c, str text, struct err *e);

/* Everything that is set, in the order of the file: of each section first its head (key and value none), then its settings. */
struct config_item {
    str kind, name, key, value; /* [account support]: "account", "support" */
    int line;
};
/* The item number i from 0 on; false behind the last. */
bool config_item(const struct config *c, ptrdiff_t i, struct config_item *out);

/* ---- Other sections, [KIND NAME]: windows, limits, queues, profiles. ---- */

/* Names of the sections of a kind, in the order of the file. */
void config_sections(arena *a, const struct config *c, str kind, struct strs *out);
/* STR_NONE where it is not set; no [defaults] here. */
str config_section_get(const struct config *c, str kind, str name, str key);
/* A list that is separated by commas. */
void config_section_list(arena *a, const struct config *c, str kind, str name, str key, struct strs *out);
/* Every section of the kind has only these keys (ended by NULL). False: class configuration, with path, line and the key that may be meant. */
bool config_section_known(const struct config *c, str kind, const char *const *keys, struct err *e);
/* Puts path and line of the key (of the section, where it has none) before the sentence of *e; false, class configuration. */
bool config_section_wrong(const struct config *c, str kind, str name, str key, struct err *e);
/* "[KIND NAME].KEY" */
str config_section_place(arena *a, str kind, str name, str key);
/* As config_edit; [defaults] is the kind "defaults" without a name. */
str config_section_edit(arena *a, const struct config *c, str kind, str name, str key, str value);

/* What a section of a kind may hold: keys ended by NULL; NULL itself: those of an account. A program that reads a kind of its own
 * adds it to kinds.c. */
struct config_kind_of_section {
    const char *name, *meaning;
    const char *const *keys;
    bool named; /* [KIND NAME], else [KIND] */
};
/* NULL: nobody reads such a section. */
const struct config_kind_of_section *config_section_kind(str kind);
/* The kind that a person most likely meant, or STR_NONE. */
str config_section_kind_near(str kind);
/* Whether sections of the kind have the key, and where not, the one that may be meant, or STR_NONE. */
bool config_section_key(const struct config_kind_of_section *kind, str key, str *near);

/* Names under which other programs took settings of ours from the environment. Several of one key: the first that is set counts. */
struct config_variable {
    const char *name, *key;
    const char *meaning; /* where it stands for no key: what it is, or that it is not read and why */
    bool unread;         /* nobody */
};
const struct config_variable *config_variables(ptrdiff_t *n);
/* The variable that gives the key its value, or NULL. */
const struct config_variable *config_variable(str key);

/* ---- The keys of an account: one table for mail-account, its manual page and its tests. ---- */

enum config_kind {
    CONFIG_TEXT, CONFIG_ADDRESS, CONFIG_HOST, CONFIG_PORT, CONFIG_SECURITY, CONFIG_YES_NO, CONFIG_SECONDS, CONFIG_COUNT,
    CONFIG_SIZE, /* octets, with K, M or G */
    CONFIG_TYPE, CONFIG_STATUS, CONFIG_LOG_FORM, CONFIG_LOG_LEVEL,
    CONFIG_SECRET /* a reference (secret/secret.h) */
};
struct config_key {
    const char *name, *meaning;
    enum config_kind kind;
};
const struct config_key *config_keys(ptrdiff_t *n);
/* NULL where there is no such key; ASCII case does not count. */
const struct config_key *config_key(str name);
/* The key that a person most likely meant, or STR_NONE. */
str config_key_near(str name);
/* False (class usage) with what the value must be. */
bool config_key_accepts(const struct config_key *key, str value, struct err *e);

#endif
