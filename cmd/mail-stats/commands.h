/* Other programs that mail-stats runs: curl, a person's command, mail-compose and mail-queue. */
#ifndef MAIL_STATS_COMMANDS_H
#define MAIL_STATS_COMMANDS_H

#include "err/err.h"

enum { COMMANDS = 2, COMMAND_WORDS = 40, COMMAND_OUTPUT = 1 << 20 };

/* The words of one command; the first is a program. */
struct command {
    const char *word[COMMAND_WORDS + 1];
    int n;
};
void command_word(struct command *c, const char *word);
/* "mail-queue": the one beside this program, else from PATH. path in the arena. */
void command_ours(arena *a, struct command *c, const char *name);

/* Run one, or two with a pipe between them: the first reads input, what the last prints (at most COMMAND_OUTPUT octets) is *output (may be NULL: not
 * wanted). All of them are ended (SIGKILL, with what they started) after seconds. False, class later, where one cannot be run, does not exit with 0 or
 * is too slow: the sentence names what (for sentences, in place of the words, which may be secret), the server words are the last line of its stderr. */
bool commands_run(arena *a, const struct command *c, int n, const char *what, str input, int seconds, str *output, struct err *e);

/* Ask for a URL, or post body (JSON) to it where that is not STR_NONE, with curl. Neither is seen in the list of processes. False as above, and where the
 * server says anything but 2xx; the sentence names what, and not the URL, which may be a secret. */
bool curl_run(arena *a, str url, str body, const char *what, struct err *e);

#endif
