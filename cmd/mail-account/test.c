#include "mail-account/account.h"

#include <stdio.h>
#include <unistd.h>

enum { ARGS_MAX = 256, PATH_OCTETS = 4096 };

/* mail-fetch of the same installation, else the one on PATH. */
static void find_fetch(char path[PATH_OCTETS])
{
    ssize_t n = readlink("/proc/self/exe", path, PATH_OCTETS - 16);
    path[n > 0 ? n : 0] = 0;
    char *slash = strrchr(path, '/');
    if (slash)
        memcpy(slash + 1, "mail-fetch", sizeof "mail-fetch");
    if (!slash || access(path, X_OK) != 0)
        memcpy(path, "mail-fetch", sizeof "mail-fetch");
}

/* The connection is tested by the program that uses it, so that a test that passes means that fetching works. */
bool account_test(struct request *r, struct err *e)
{
    char path[PATH_OCTETS];
    char *args[ARGS_MAX + 8] = {path};
    int n = 1;
    find_fetch(path);
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
    execvp(path, args);
    return err_errno(e, ERR_CONFIG, "account.test", "install mail-fetch beside mail-account", "cannot run mail-fetch");
}
