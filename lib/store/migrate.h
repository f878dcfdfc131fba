/* Private to lib/store: the version of a database, and the way from one to another. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

enum { STORE_APPLICATION = 0x6d706970 /* "mpip" in the file's header */ };

/* The version that this program writes. */
int migrate_latest(void);
int migrate_version(struct store *s);

/* What a new, empty database needs before its first table. */
bool migrate_prepare(struct store *s, struct err *e);

/* Up or down, one transaction a step. False: the database stands at the last step that went well. */
bool migrate_to(struct store *s, int version, struct err *e);

/* False, class configuration, where the database is none of ours or of another version. */
bool migrate_check(struct store *s, struct err *e);

/* A path in the store's folder; in the arena. */
char *store_file(arena *a, const struct store *s, const char *name);

#endif
