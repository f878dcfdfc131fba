/* Settings from the environment. */
#include "config/config.h"

#include <stdlib.h>

static const struct config_variable variables[] = {
    {"EMAIL_INTEGRATION_POLL_FREQUENCY", "syncInterval"},
    {"EMAIL_DEFAULT_POLL_FREQUENCY", "syncInterval"},
    {"EMAIL_INTEGRATION_MAX_EMAILS_PER_POLL", "maxPerPoll"},
    {"EMAIL_MAX_RETRY_ATTEMPTS", "queue.maxAttempts"},
    {"IMAP_TIMEOUT", "responseTimeout"},
    {"IMAP_TIMEOUT", "connectTimeout"},
};

enum { VARIABLES = sizeof variables / sizeof *variables };

const struct config_variable *config_variables(ptrdiff_t *n)
{
    *n = VARIABLES;
    return variables;
}

const struct config_variable *config_variable(str key)
{
    for (int i = 0; i < VARIABLES; i++) {
        const char *value = str_eq_nocase(str_c(variables[i].key), key) ? getenv(variables[i].name) : NULL;
        if (value && value[0])
            return &variables[i];
    }
    return NULL;
}
