/* Settings from the environment. */
#include "config/config.h"

#include <stdlib.h>

static const struct config_variable variables[] = {
    {"EMAIL_INTEGRATION_POLL_FREQUENCY", "syncInterval", NULL, false},
    {"EMAIL_DEFAULT_POLL_FREQUENCY", "syncInterval", NULL, false},
    {"EMAIL_INTEGRATION_MAX_EMAILS_PER_POLL", "maxPerPoll", NULL, false},
    {"EMAIL_MAX_RETRY_ATTEMPTS", "queue.maxAttempts", NULL, false},
    {"EMAIL_MAX_ATTACHMENT_SIZE", "maxAttachment", NULL, false},
    {"EMAIL_RETENTION_DAYS", "retentionDays", NULL, false},
    {"IMAP_TIMEOUT", "responseTimeout", NULL, false},
    {"IMAP_TIMEOUT", "connectTimeout", NULL, false},
    {"IMAP_HOSTNAME", "service.host", NULL, false},
    {"IMAP_PORT", "service.port", NULL, false},
    {"IMAP_MAX_WORKERS", "service.maxWorkers", NULL, false},
    {"IMAP_POOL_SIZE", "service.poolSize", NULL, false},
    {"IMAP_MAX_CONNECTIONS", "service.maxConnections", NULL, false},
    {"IMAP_IDLE_TIMEOUT", "service.idleTimeout", NULL, false},
    {"LOG_LEVEL", "log.level", NULL, false},
    {"MAILPIPE_CONFIG", NULL, "the configuration, where -C names none", false},
    {"MAILPIPE_STORE", NULL, "the store, where -s names none", false},
    {"MAILPIPE_LOG", NULL, "form and level of messages: json,info", false},
    {"MAIL_LOG", NULL, "as MAILPIPE_LOG", false},
    {"MAILPIPE_KEY", NULL, "the key of sealed secrets", false},
    {"MAIL_KEY", NULL, "as MAILPIPE_KEY", false},
    {"DATABASE_ENCRYPTION_KEY", NULL, "as MAILPIPE_KEY", false},
    {"JWT_SECRET_KEY", NULL, "not read yet: it will sign the tokens of mail-cgi", true},
    {"STORAGE_URL", NULL, "not read: the store is a folder, see MAILPIPE_STORE", true},
    {"REDIS_URL", NULL, "not read: the queue lies in the store", true},
    {"CELERY_BROKER_URL", NULL, "not read: the queue lies in the store", true},
    {"CELERY_RESULT_BACKEND", NULL, "not read: the queue lies in the store", true},
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
        const char *value = variables[i].key && str_eq_nocase(str_c(variables[i].key), key) ? getenv(variables[i].name) : NULL;
        if (value && value[0])
            return &variables[i];
    }
    return NULL;
}
