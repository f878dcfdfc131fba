/* mail-store search: what a query (mail-query(7)) finds, newest first. */
#ifndef MAIL_STORE_SEARCH_H
#define MAIL_STORE_SEARCH_H

/* dir: -s before the verb, or NULL. argv[0] is the verb, its options and the query follow. Returns the exit code. */
int search_main(const char *dir, int argc, char **argv);

#endif
