/* The migrations of schema/sql, compiled in by contrib/embed-sql. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

struct schema_sql {
    int version;      /* the number that the file's name begins with */
    int up;           /* 1: from version-1 to version; 0: back */
    const char *name; /* the file's name */
    const char *sql;
};

extern const struct schema_sql schema_sql[];
extern const int schema_sql_count;

#endif
