/* mail-stats alert: tells channels of findings, once, and again when they end. */
#ifndef MAIL_STATS_ALERT_H
#define MAIL_STATS_ALERT_H

#include "mail-stats/health.h"

/* ---- alert_state.c: what was said ---------------------------------------------------------------------------- */

struct told {
    str channel;
    enum health status; /* the worst that the channel was told of */
};
/* One finding from the run that found it until every channel that was told of it was told of its end. */
struct alert {
    str check, account, object, message, hint;
    enum health status;     /* HEALTH_OK: it has ended */
    int64_t since, ended_at; /* ended_at 0: it lasts */
    struct told *told;
    ptrdiff_t n, cap;
    bool found;             /* by this run */
};
struct alerts {
    arena *mem;
    struct alert *item;
    ptrdiff_t n, cap;
};

/* No file is no alerts; so is a file of another form, with a warning: what lasts is told again then. */
bool alerts_read(arena *a, const char *path, struct alerts *out, struct err *e);
/* Replaces the file; where the disk is full, overwrites it in its place as long as it fits. */
bool alerts_write(const struct alerts *all, const char *path, struct err *e);
/* Takes over what was found: new ones are added, those that are not found any more end. A run that could not look at everything ends none. */
void alerts_update(struct alerts *all, const struct findings *found, int64_t now);
/* What the channel was told of; HEALTH_OK: nothing. */
enum health alert_told(const struct alert *x, str channel);
void alert_tell(arena *a, struct alert *x, str channel, enum health status);
/* Those that ended, and of which nobody has to hear any more, go; so do those that ended long ago. */
void alerts_forget(struct alerts *all, int64_t now);

/* ---- alert_channels.c: whom to tell ---------------------------------------------------------------------------- */

struct channel {
    str name;                   /* of [alert NAME], or made of an option */
    str command, webhook, mail, alive; /* one of them; alive: not told of findings, but that there is nothing to tell */
    str account;                /* mail: from whom; STR_NONE: the first one */
    enum health least;          /* what is less does not concern it */
    bool broken;                /* in this run: one report is enough */
};
struct channels {
    struct channel *item;
    ptrdiff_t n;
};
/* Those of the configuration, and those of options. */
bool channels_read(arena *a, const struct config *c, const struct strs *commands, const struct strs *webhooks, const struct strs *mails, struct channels *out,
                   struct err *e);
/* An alert record as one line: what a command reads and a webhook gets. event: "raised", "worse" or "ended". */
str alert_record(arena *a, const struct alert *x, const char *event, str channel, int64_t now);
/* Tell it. False with *e, where it could not be told. */
bool channel_tell(struct request *r, const struct channel *c, const struct alert *x, const char *event, struct err *e);

#endif
