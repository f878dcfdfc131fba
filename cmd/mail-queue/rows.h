/* Rows of the table that other mailers keep their queue in: CSV (RFC 4180) with a line of names, or a JSON object a line. */
#ifndef MAIL_QUEUE_ROWS_H
#define MAIL_QUEUE_ROWS_H

#include "sys/sys.h"

enum row_column {
    ROW_SRNO, ROW_DOCUMENT, ROW_FILENAME, ROW_TO, ROW_CC, ROW_SUBJECT, ROW_BODY, ROW_FLAG, ROW_PROFILE, ROW_RETRIES, ROW_SENT, ROW_REASON, ROW_LAST_RETRY,
    ROW_COLUMNS
};
extern const str row_names[ROW_COLUMNS]; /* "dd_srno", … */

struct row {
    str value[ROW_COLUMNS]; /* STR_NONE: null, or not there */
    int64_t line;           /* where it begins, from 1 */
};

struct row_reader {
    struct lines in;
    const char *name; /* of the file */
    bool begun, json;
    char separator;   /* of CSV: what stands behind the first name */
    int *column;      /* of CSV: the column of each field, -1: one that we do not have */
    ptrdiff_t n_columns;
};
enum row_status { ROW_GOOD, ROW_END, ROW_WRONG };

struct row_reader rows_open(int fd, const char *name);
void rows_close(struct row_reader *r);
/* The next row, in the arena. ROW_WRONG: *e names the line; the ones behind it can be read, unless *last. run: lifetime of the reader. */
enum row_status rows_next(struct row_reader *r, arena *run, arena *a, struct row *out, bool *last, struct err *e);

/* Append a row as a line of CSV, or as a request record; the names, as the first line of CSV. */
void rows_put_names(struct buf *to);
void rows_put_csv(struct buf *to, const struct row *row);
void rows_put_json(struct buf *to, const struct row *row);

#endif
