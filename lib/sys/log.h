/* Inside of the room: one message on its way to whoever reads it. */
#ifndef SYS_LOG_H
#define SYS_LOG_H

#include "sys/sys.h"

/* Texts are never NULL; empty where there is nothing. */
struct log_message {
    enum verbosity level; /* QUIET: an error, which is always told */
    const char *text, *verb, *code, *stage, *server, *hint;
    int exit; /* the class of an error; 0: none */
};

void log_say(const struct log_message *m);

/* A misuse of the program or, where it is not empty, of its verb; with where help is. */
void log_misuse(const char *verb, const char *text);

/* What the environment wants; and the same for programs that this one starts, once an option has said so. */
void log_init(void);
void log_pass(void);

#endif
