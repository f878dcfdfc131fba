/* mail-stats prom: numbers for Prometheus, in its text format 0.0.4. */
#include "mail-stats/verb.h"

#include <sys/stat.h>

static const char usage[] =
    "usage: mail-stats prom [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [-o FILE]\n"
    "\n"
    "Prints what Prometheus reads: for a program that answers its requests, or as a file for the textfile collector of its node exporter.\n"
    "\n"
    "  -o, --output FILE   not to stdout; the file is replaced at once, when all is written\n"
    VERB_USAGE;

static const struct prog_name own_names[] = {VERB_NAMES};
static const struct prog_form form = {.usage = usage, .names = own_names, .verb = "prom"};

struct label {
    const char *name;
    str value; /* STR_NONE: the label is left out */
};

struct page {
    struct request *r;
    struct buf text;
};

/* ---- the format --------------------------------------------------------------------------------------------- */

static void head(struct page *p, const char *name, const char *type, const char *help)
{
    buf_fmt(&p->text, "# HELP mailpipe_%s %s\n# TYPE mailpipe_%s %s\n", name, help, name, type);
}

static void put_label(struct buf *to, str value)
{
    for (ptrdiff_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        if (c == '\\' || c == '"')
            buf_byte(to, '\\');
        if (c == '\n')
            buf_put(to, S("\\n"));
        else
            buf_byte(to, c);
    }
}

static void sample(struct page *p, const char *name, const struct label *labels, int n, int64_t value)
{
    struct buf *b = &p->text;
    int said = 0;
    buf_fmt(b, "mailpipe_%s", name);
    for (int i = 0; i < n; i++) {
        if (!labels[i].value.ptr)
            continue;
        buf_fmt(b, "%s%s=\"", said++ ? "," : "{", labels[i].name);
        put_label(b, utf8_scrub(p->r->mem, labels[i].value));
        buf_byte(b, '"');
    }
    buf_fmt(b, "%s %lld\n", said ? "}" : "", (long long)value);
}

static void single(struct page *p, const char *name, const char *type, const char *help, int64_t value)
{
    head(p, name, type, help);
    sample(p, name, NULL, 0, value);
}

/* ---- what --------------------------------------------------------------------------------------------------- */

static bool wanted(const struct page *p, str account) { return !p->r->accounts.n || strs_have(&p->r->accounts, account); }

typedef int64_t poll_value(const struct health_poll *x);
static int64_t last_at(const struct health_poll *x) { return x->last_at; }
static int64_t last_good_at(const struct health_poll *x) { return x->last_good_at; }
static int64_t failures(const struct health_poll *x) { return x->failures; }

static void put_polls(struct page *p, const struct health_polls *polls, const char *name, const char *help, poll_value *value)
{
    head(p, name, "gauge", help);
    for (ptrdiff_t i = 0; i < polls->n; i++) {
        const struct health_poll *x = &polls->item[i];
        if (wanted(p, x->account))
            sample(p, name, (struct label[]){{"account", x->account}, {"mailbox", x->mailbox}}, 2, value(x));
    }
}

static bool put_all_polls(struct page *p, struct err *e)
{
    struct health_polls polls;
    if (!health_polls(p->r->mem, p->r->store, &polls, e))
        return false;
    put_polls(p, &polls, "poll_last_timestamp_seconds", "End of the last poll.", last_at);
    put_polls(p, &polls, "poll_last_good_timestamp_seconds", "End of the last poll that did not fail; 0 where there is none.", last_good_at);
    put_polls(p, &polls, "poll_failures", "Polls in a row that failed, up to now.", failures);
    return true;
}

static bool put_numbers(struct page *p, struct err *e)
{
    struct health_counts n;
    if (!health_counts(p->r->store, p->r->now, &n, e))
        return false;
    single(p, "emails_stored_total", "counter", "Emails that were ever stored.", n.stored);
    single(p, "events_total", "counter", "Events that were ever written.", n.events);
    single(p, "polls_total", "counter", "Polls that were ever stored.", n.polls);
    single(p, "attempts_total", "counter", "Attempts to send that were ever made.", n.attempts);
    single(p, "emails_missing", "gauge", "Messages of servers that could not be fetched yet.", n.missing);
    head(p, "recipients", "gauge", "Recipients in the queue, by status.");
    for (int i = 0; i < QUEUE_STATUSES; i++)
        sample(p, "recipients", (struct label[]){{"status", queue_status_name((enum queue_status)i)}}, 1, n.recipients[i]);
    head(p, "queue_oldest_seconds", "gauge", "Age of the oldest submission that is not settled, by status.");
    static const enum queue_status open[] = {QUEUE_QUEUED, QUEUE_SENDING, QUEUE_DEFERRED, QUEUE_HELD, QUEUE_UNCERTAIN};
    for (int i = 0; i < 5; i++)
        sample(p, "queue_oldest_seconds", (struct label[]){{"status", queue_status_name(open[i])}}, 1, n.oldest_at[open[i]] ? p->r->now - n.oldest_at[open[i]] : 0);
    single(p, "queue_due", "gauge", "Submissions that could leave now.", n.due);
    single(p, "queue_due_seconds", "gauge", "How long the oldest of them could have left.", n.due ? p->r->now - n.due_since : 0);
    single(p, "suppressed_addresses", "gauge", "Addresses to which nothing is sent.", n.suppressed);
    return true;
}

static bool put_files(struct page *p, struct err *e)
{
    struct health_files x;
    if (!health_files(p->r->mem, p->r->store, &x, e))
        return false;
    single(p, "disk_free_bytes", "gauge", "Room on the disk of the store.", x.free_octets);
    single(p, "disk_size_bytes", "gauge", "Size of that disk.", x.disk_octets);
    single(p, "database_bytes", "gauge", "Size of mail.db.", x.database_octets);
    single(p, "wal_bytes", "gauge", "Size of mail.db-wal.", x.log_octets);
    return true;
}

static bool put_probes(struct page *p, struct err *e)
{
    struct config config;
    struct strs names = {0};
    struct health_probes all[2];
    if (!config_load(p->r->mem, p->r->config, &config, e))
        return false;
    config_accounts(p->r->mem, &config, &names);
    for (int pass = 0; pass < 2; pass++) {
        const char *name = pass ? "canary_seconds" : "canary_last_arrival_timestamp_seconds";
        head(p, name, "gauge", pass ? "How long the last probe that arrived took." : "When the last probe arrived; 0 where none did.");
        for (ptrdiff_t i = 0; i < names.n; i++) {
            const struct health_probe *last = NULL;
            if (!wanted(p, names.item[i]))
                continue;
            if (!health_probes(p->r->mem, p->r->store, names.item[i], 20, &all[pass], e))
                return false;
            for (ptrdiff_t k = 0; k < all[pass].n && !last; k++)
                last = all[pass].item[k].arrived_at ? &all[pass].item[k] : NULL;
            if (all[pass].n)
                sample(p, name, (struct label[]){{"account", names.item[i]}}, 1, !last ? 0 : pass ? last->arrived_at - last->queued_at : last->arrived_at);
        }
    }
    return true;
}

/* A time series comes once in a page. */
static bool is_repeated(const struct findings *all, ptrdiff_t at)
{
    const struct finding *f = &all->item[at];
    for (ptrdiff_t i = 0; i < at; i++)
        if (str_eq(all->item[i].check, f->check) && str_eq(all->item[i].account, f->account) && str_eq(all->item[i].object, f->object))
            return true;
    return false;
}

static void put_health(struct page *p, const struct err *why)
{
    struct findings all;
    health_findings(p->r, why, &all);
    single(p, "health", "gauge", "The worst of all findings: 0 ok, 1 warning, 2 critical.", all.worst);
    head(p, "finding", "gauge", "One finding: 0 ok, 1 warning, 2 critical.");
    for (ptrdiff_t i = 0; i < all.n; i++) {
        const struct finding *f = &all.item[i];
        if (!is_repeated(&all, i))
            sample(p, "finding", (struct label[]){{"check", f->check}, {"account", f->account}, {"object", f->object}}, 3, f->status);
    }
}

static void put_page(struct page *p, const struct err *why)
{
    struct err e;
    head(p, "info", "gauge", "The version that made this page.");
    sample(p, "info", (struct label[]){{"version", S(MAILPIPE_VERSION)}}, 1, 1);
    single(p, "up", "gauge", "1: the store could be opened.", p->r->store != NULL);
    single(p, "page_timestamp_seconds", "gauge", "When this page was made.", p->r->now);
    put_health(p, why);
    if (p->r->store && !(put_all_polls(p, &e) && put_numbers(p, &e) && put_files(p, &e) && put_probes(p, &e)))
        prog_error(&e);
}

static bool replace(const char *path, str text, struct err *e)
{
    mode_t mask = umask(0);
    umask(mask);
    return file_replace(path, text, 0666 & ~mask, e);
}

int prom_main(int argc, char **argv)
{
    struct verb_call c;
    struct err e = {0};
    const char *output = NULL;
    int code = 0;
    verb_begin(&c);
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        if (o == 'o')
            output = optarg;
        else
            code = verb_option(&c, &form, o);
        if (code || c.answered)
            return code;
    }
    if (argc - optind > 1)
        return prog_misuse("prom takes no '%s'", argv[optind + 1]);
    struct page p = {.r = &c.request, .text = buf_new(&c.mem, 1 << 16)};
    verb_open(&c, &e);
    put_page(&p, &e);
    if (!output)
        out_put(&c.out, buf_str(&p.text));
    else if (!replace(output, buf_str(&p.text), &e))
        prog_error(&e);
    return verb_end(&c);
}
