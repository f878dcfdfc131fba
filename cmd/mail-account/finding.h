/* What check and audit found: "PATH:LINE: sentence; hint" on standard output, as compilers write it. */
#ifndef ACCOUNT_FINDING_H
#define ACCOUNT_FINDING_H

#include "mail-account/secret.h"

struct findings {
    struct request *r;
    int n;
};

/* line 0: of the whole file. */
void finding(struct findings *f, int line, const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* "[account support]" in the arena. */
str finding_section(const struct findings *f, const struct config_item *it);
/* The value that counts for the section (its own, else that of the defaults), and the line where it stands; STR_NONE and 0. */
str finding_value(const struct findings *f, const struct config_item *section, const char *key, int *line);

/* check_rule.c: a setting of [window NAME] or [limit NAME]. */
void check_rule(struct findings *f, const struct config_item *it);

#endif
