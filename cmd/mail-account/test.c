#include "mail-account/account.h"

#include <stdio.h>
#include <unistd.h>

enum { ARGS_MAX = 256 };

/* The connection is tested by the program that uses it, so that a test that passes means that fetching works. */
bool account_test(struct request *r, struct err *e)
{
    char path[PROG_PATH];
    const char *fetch = prog_beside("mail-fetch", path);
    char *args[ARGS_MAX + 8] = {(char *)fetch};
    int n = 1;
    if (r->config_path) {
        args[n++] = (char *)"-C";
        args[n++] = (char *)r->config_path;
    }
    if (r->trace) {
        args[n++] = (char *)"--trace";
        args[n++] = (char *)r->trace;
    }
    if (prog_is() != NORMAL)
        args[n++] = (char *)(prog_is() == QUIET ? "-q" : "-v");
    if (!r->n_args)
        args[n++] = (char *)"--all";
    if (r->n_args > ARGS_MAX / 2)
        return err_set(e, ERR_USAGE, "account.many", "test fewer at once", "%d accounts are too many", r->n_args);
    for (int i = 0; i < r->n_args; i++) {
        args[n++] = (char *)"-a";
        args[n++] = r->args[i];
    }
    args[n++] = (char *)"test";
    out_flush(r->out);
    execvp(fetch, args);
    return err_errno(e, ERR_CONFIG, "account.test", "install mail-fetch beside mail-account", "cannot run mail-fetch");
}
