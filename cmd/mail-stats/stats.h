/* What is shared by main.c and the reports, each in a file of its topic. */
#ifndef MAIL_STATS_H
#define MAIL_STATS_H

#include "config/config.h"
#include "mail-stats/period.h"
#include "mail-stats/table.h"
#include "schedule/schedule.h"
#include "store/store.h"

struct mails;
struct request {
    arena *mem; /* run lifetime */
    struct store *store;
    const char *config;             /* -C */
    const char *dir, *since, *until; /* -s, --since, --until as they were written; NULL: not */
    struct strs accounts;
    struct stats_range range;
    enum by by;
    int64_t now, limit; /* limit -1: all rows */
    struct schedule hours;
    bool business;
    bool legacy; /* --names legacy: members are called as in the service that came before */
    bool errors; /* --errors: only what went wrong */
    struct mails *mails; /* for response_run: what it reads is kept here for its next run; NULL: not */
};

/* Fills the table; nothing is printed while rows of the store are read. */
typedef bool report_run(struct request *r, struct table *t, struct err *e);

/* For what is no table: appends all of it. */
typedef bool page_print(struct request *r, enum format f, struct buf *to, struct err *e);

struct report {
    const char *name, *type, *title;
    report_run *run;
    unsigned by;  /* bits of enum by */
    enum by otherwise; /* where --by is not said */
    page_print *print; /* instead of run; alone may have -o FILE */
    unsigned formats;  /* of print: bits of enum format */
    bool each;         /* run knows BY_ALL only: it runs once for each period or account */
};

report_run volume_run, senders_run, recipients_run, domains_run, threads_run, response_run, attachments_run, polls_run;
report_run queue_run, rates_run, bounces_run, errors_run, service_run, connections_run, customers_run;
page_print dash_print;
/* The rows of a report that has `each`, for what --by says; at most `limit` of each. */
bool each_run(struct request *r, const struct report *report, struct table *t, struct err *e);

/* ---- groups.c: what reports have in common -------------------------------------------------------------------- */

/* The columns by, key and startAt. */
void key_columns(struct request *r, struct table *t);
void key_cells(struct request *r, const struct groups *g, ptrdiff_t i, struct cell *row);
/* Groups of emails: begins where the store or the range begins. */
bool email_groups(struct request *r, size_t size, struct groups *out, struct err *e);
/* Of rows that come in the order of time; of those of row_range too, which leaves this order where groups can do without it. */
struct groups row_groups(struct request *r, size_t size);
struct stats_range row_range(const struct request *r);
/* Empty periods up to the end of the range (where only its beginning was said: up to now), names in order. False: too many periods. */
bool groups_close(struct request *r, struct groups *g, struct err *e);

#endif
