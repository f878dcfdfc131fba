/* mail-stats alert: whoever is named hears of each finding once, and of its end. */
#include "mail-stats/alert.h"

#include "mail-stats/verb.h"

#include <stdlib.h>
#include <unistd.h>

enum { OPT_EXEC = VERB_OWN, OPT_WEBHOOK, OPT_MAIL, OPT_STATE };

static const char usage[] =
    "usage: mail-stats alert [-qv] [-s DIR] [-C FILE] [--exec COMMAND] [--webhook URL] [--mail ADDRESS] [--state FILE] [--dry-run]\n"
    "\n"
    "Tells of what mail-stats health finds: each finding once, again when it gets worse, and when it ends. Whom, stands in the sections\n"
    "[alert NAME] of the configuration, and in options. Whom it cannot tell it tells the next time. Prints a record for each that was told.\n"
    "\n"
    "      --exec COMMAND  a command of sh, which reads an alert record\n"
    "      --webhook URL   gets the record by POST; or a reference to the URL: file:PATH, cmd:COMMAND\n"
    "      --mail ADDRESS  gets a mail, through the queue\n"
    "      --state FILE    what was said (else `alerts` in the store)\n"
    "      --dry-run       only print what would be told\n"
    VERB_USAGE_ALL;

static const struct prog_name own_names[] = {{"exec", OPT_EXEC}, {"webhook", OPT_WEBHOOK}, {"mail", OPT_MAIL}, {"state", OPT_STATE}, VERB_NAMES};
static const struct prog_form form = {.usage = usage, .names = own_names, .verb = "alert"};

struct alerting {
    struct verb_call call;
    struct strs commands, webhooks, mails;
    const char *state; /* path */
    struct channels channels;
    struct alerts alerts;
};

/* What the channel is to hear, NULL: nothing. A finding that gets better without an end is no news, unless it is none of the channel's any more. */
static const char *news_for(const struct channel *c, const struct alert *x)
{
    enum health told = alert_told(x, c->name), now = x->status >= c->least ? x->status : HEALTH_OK;
    if (now == HEALTH_OK)
        return told == HEALTH_OK ? NULL : "ended";
    return told == HEALTH_OK ? "raised" : now > told ? "worse" : NULL;
}

static void tell(struct alerting *w, struct channel *c, struct alert *x)
{
    struct verb_call *call = &w->call;
    const char *event = c->alive.len ? NULL : news_for(c, x);
    struct err e;
    if (!event || c->broken)
        return;
    if (!call->dry_run && !channel_tell(&call->request, c, x, event, &e)) {
        c->broken = true;
        prog_error(&e);
        return;
    }
    out_put(&call->out, alert_record(call->request.mem, x, event, c->name, call->request.now));
    out_flush(&call->out);
    alert_tell(w->alerts.mem, x, c->name, x->status >= c->least ? x->status : HEALTH_OK);
}

/* After each telling the state is kept: whatever ends this program, nobody hears of it twice. */
static void tell_all(struct alerting *w)
{
    struct err e;
    for (ptrdiff_t i = 0; i < w->alerts.n; i++)
        for (ptrdiff_t k = 0; k < w->channels.n; k++) {
            struct alert *x = &w->alerts.item[i];
            enum health before = alert_told(x, w->channels.item[k].name);
            tell(w, &w->channels.item[k], x);
            if (w->call.dry_run || alert_told(x, w->channels.item[k].name) == before)
                continue;
            if (!alerts_write(&w->alerts, w->state, &e)) {
                prog_error(&e);
                return;
            }
        }
}

static void say_alive(struct alerting *w)
{
    struct err e;
    arena *a = w->call.request.mem;
    for (ptrdiff_t i = 0; i < w->channels.n; i++) {
        const struct channel *c = &w->channels.item[i];
        if (c->alive.len && !health_say_alive(a, c->alive, str_fmt(a, "alert %.*s", STR_ARG(c->name)).ptr, &e))
            prog_error(&e);
    }
}

static void run_locked(struct alerting *w, const struct err *why)
{
    struct verb_call *call = &w->call;
    struct findings found;
    struct err e;
    if (!alerts_read(&call->mem, w->state, &w->alerts, &e)) {
        prog_error(&e);
        return;
    }
    health_findings(&call->request, why, &found);
    alerts_update(&w->alerts, &found, call->request.now);
    if (!call->dry_run && !alerts_write(&w->alerts, w->state, &e))
        prog_error(&e); /* they hear of it all the same: better twice than never */
    tell_all(w);
    if (health_is_alive(&found) && !call->dry_run)
        say_alive(w);
    alerts_forget(&w->alerts, call->request.now);
    if (!call->dry_run && !alerts_write(&w->alerts, w->state, &e))
        prog_error(&e);
}

/* Where another one runs, it does the work. */
static void run(struct alerting *w)
{
    struct verb_call *call = &w->call;
    struct config config;
    struct err e, why = {0};
    int lock = -1;
    if (!config_load(&call->mem, call->request.config, &config, &e) ||
        !channels_read(&call->mem, &config, &w->commands, &w->webhooks, &w->mails, &w->channels, &e)) {
        prog_error(&e);
        return;
    }
    bool open = verb_open(call, &why);
    if (!w->state && (open || why.class != ERR_MISSING)) {
        str folder = store_folder(&call->mem, call->request.dir, &why);
        w->state = folder.ptr ? str_fmt(&call->mem, "%.*s/alerts", STR_ARG(folder)).ptr : NULL;
    }
    if (!w->state) {
        err_set(&e, why.class, why.code, "say --state FILE, so that it can be told", "%s", why.text);
        prog_error(&e);
        return;
    }
    if (!call->dry_run && !lock_take(str_fmt(&call->mem, "%s.lock", w->state).ptr, "mail-stats alert", &lock, &e)) {
        if (e.class == ERR_LATER)
            prog_note("%s", e.text);
        else
            prog_error(&e);
        return;
    }
    run_locked(w, &why);
    if (lock >= 0)
        close(lock);
}

int alert_main(int argc, char **argv)
{
    struct alerting w = {.state = NULL};
    int code = 0;
    verb_begin(&w.call);
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        switch (o) {
        case OPT_EXEC: strs_add(&w.call.mem, &w.commands, str_c(optarg)); break;
        case OPT_WEBHOOK: strs_add(&w.call.mem, &w.webhooks, str_c(optarg)); break;
        case OPT_MAIL: strs_add(&w.call.mem, &w.mails, str_c(optarg)); break;
        case OPT_STATE: w.state = optarg; break;
        default: code = verb_option(&w.call, &form, o);
        }
        if (code || w.call.answered)
            return code;
    }
    if (argc - optind > 1)
        return prog_misuse("alert takes no '%s'", argv[optind + 1]);
    run(&w);
    return verb_end(&w.call);
}
