/* Inside of the room: the text of -h, row by row. */
#ifndef SYS_ROWS_H
#define SYS_ROWS_H

#include "sys/sys.h"

/* One line of a text, with the deeper lines that go on with it. */
struct row {
    char letter; /* 0: none */
    str name;    /* of an option, without "--"; of a verb */
    str argument, meaning;
    str whole; /* to the end of its last line */
    int column; /* of the meaning */
    bool is_option;
};

/* The next one of *rest, which goes on behind it; false where there is none. */
bool row_next(str *rest, struct row *r);
/* Whether the text has that option, by its letter or name. */
bool row_has_option(const char *usage, const struct row *wanted);

/* The options that every program has: a text of the same form. */
extern const char rows_common[];

/* What prog_option makes of common options: values that no letter is, and no caller's. */
enum { ROW_LOG = 1, ROW_LOG_LEVEL, ROW_TABLE };

#endif
