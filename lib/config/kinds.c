/* The sections that programs read. */
#include "config/section.h"

static const char *const window_keys[] = {"start", "end", "interval", "unit", "days", "timeZone", "holidays", NULL};
static const char *const limit_keys[] = {"accounts", "profiles", "queues", "domains", "by", "minute", "hour", "day", NULL};
static const char *const queue_keys[] = {"window", NULL};
static const char *const alert_keys[] = {"command", "webhook", "mail", "alive", "account", "least", NULL};

static const struct config_kind_of_section kinds[] = {
    {"defaults", "settings of all accounts", NULL, false},
    {"account", "a mailbox and its server", NULL, true},
    {"profile", "how some mail of an account is sent", NULL, true},
    {"window", "when mail may leave", window_keys, true},
    {"limit", "how much mail may leave", limit_keys, true},
    {"queue", "mail of one name in the queue", queue_keys, true},
    {"alert", "whom mail-stats alert tells", alert_keys, true},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const struct config_kind_of_section *config_section_kind(str name)
{
    for (int i = 0; i < KINDS; i++)
        if (str_eq(str_c(kinds[i].name), name))
            return &kinds[i];
    return NULL;
}

str config_section_kind_near(str name)
{
    for (int i = 0; i < KINDS; i++)
        if (key_is_near(name, str_c(kinds[i].name)))
            return str_c(kinds[i].name);
    return STR_NONE;
}

bool config_section_key(const struct config_kind_of_section *kind, str key, str *near)
{
    *near = STR_NONE;
    if (!kind->keys) {
        *near = config_key_near(key);
        return config_key(key) != NULL;
    }
    for (const char *const *it = kind->keys; *it; it++) {
        if (str_eq_nocase(key, str_c(*it)))
            return true;
        if (!near->len && key_is_near(key, str_c(*it)))
            *near = str_c(*it);
    }
    return false;
}
