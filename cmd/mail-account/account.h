/* What mail-account does with the configuration, a function a verb. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

#include "config/config.h"
#include "sys/sys.h"

struct request {
    arena *mem;
    const char *config_path, *trace; /* -C, or NULL */
    struct config config;
    char **args;             /* behind the verb */
    int n_args;
    bool dry_run;
    str old_key;             /* --old */
    str provider;            /* --provider */
    str profile;             /* --profile */
    struct out *out;
};

/* Each returns false with *e filled where it could not be done. */
bool account_add(struct request *r, struct err *e);
bool account_set(struct request *r, struct err *e);
bool account_show(struct request *r, struct err *e);
bool account_list(struct request *r, struct err *e);
bool account_remove(struct request *r, struct err *e);
bool account_test(struct request *r, struct err *e);
bool account_keys(struct request *r, struct err *e);
bool account_variables(struct request *r, struct err *e);

bool account_secret(struct request *r, struct err *e);
bool account_providers(struct request *r, struct err *e);
bool account_check(struct request *r, struct err *e);
bool account_audit(struct request *r, struct err *e);
bool account_exists(struct request *r, struct err *e);
bool account_get(struct request *r, struct err *e);
bool account_unset(struct request *r, struct err *e);

/* Of these accounts, or of all that have a server to send with. */
bool account_show_smtp(struct request *r, const struct strs *names, struct err *e);
/* What mail is sent with: as mail-send reads it. host STR_NONE: nothing. */
struct smtp_use {
    str protocol, host, security, user, auth, secret;
    struct strs others; /* hosts that are tried behind the first */
    int64_t port;
};
bool account_smtp(struct request *r, str account, struct smtp_use *out, struct err *e);
struct jwrite;
void account_put_smtp(struct request *r, struct jwrite *w, const struct smtp_use *s);
/* "cmd:pass show x" as "cmd:…". */
str account_masked(arena *a, str reference);

/* One setting of a section in r->config, and the text taken apart again; value STR_NONE takes it away. */
bool account_edit(struct request *r, str kind, str name, str key, str value, struct err *e);
/* To the disk, or with --dry-run to stdout; then the sentence is said. */
bool account_save(struct request *r, const char *sentence, struct err *e);
/* What --provider knows, for what the account does not say itself; *note is what a person has to know, or STR_NONE. */
bool provider_apply(struct request *r, str account, str *note, struct err *e);
/* The key of the table, or a sentence with the nearest one. */
const struct config_key *account_key(str key, struct err *e);

/* False: there is no such account. */
bool account_missing(const struct request *r, str account, struct err *e);

#endif
