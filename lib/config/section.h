/* The text of a configuration, taken apart with the place of each piece, so that an edit changes only that. */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "config/config.h"

struct config_entry {
    str key, value;         /* the value without quotes and comment */
    int line;               /* from 1 */
    ptrdiff_t start, end;   /* octets of the whole line, its LF included */
    ptrdiff_t value_start, value_end; /* of the value as written */
};

struct config_section {
    str kind, name; /* [account support]: "account", "support"; [defaults]: "defaults", none */
    int line;
    ptrdiff_t start, end; /* from the [ line up to the next section */
    ptrdiff_t body;       /* where its last entry ends (or the [ line): new entries go here */
    struct config_entry *entries;
    ptrdiff_t n, cap;
};

/* Take c->text apart. False (class configuration) naming path and line. */
bool sections_read(arena *a, struct config *c, struct err *e);

const struct config_section *section_find(const struct config *c, str kind, str name);
const struct config_entry *section_entry(const struct config_section *s, str key);

/* A slip of one or two letters. */
bool key_is_near(str a, str b);

#endif
