/* mail-store put: records in, rows, blobs and full text out; and event lines, if they are wanted.
 *
 * A record of a type that has no place in the store passes through to stdout. */
#include "mail-store/verb.h"

#include <stdatomic.h>

static const struct verb verb = {
    "put",
    "usage: mail-store put [-qv] [-s DIR] [--events] [--skip-gaps]\n"
    "\n"
    "Stores the email, poll and error records of stdin; other records pass through to stdout.\n"
    "\n"
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe); made where it is missing\n"
    "      --events      print an event record for each email that was stored or changed, once that lasts\n"
    "      --skip-gaps   a filter before it drops mail on purpose: do not fetch that again\n"
    "\n"
    "example: mail-fetch --all | mail-parse | mail-thread | mail-store put\n",
    0, 0};

enum {
    HEAP_OCTETS = 96 << 20, /* of SQLite's pages */
    PATIENCE_MS = 20 /* a pipe that has nothing for so long pauses: less, and a slow producer would get a commit a message */
};

struct putting {
    struct verb_call call;
    struct put *put;
    struct lines in;
    bool lost;          /* a batch is gone; nothing more is stored */
    atomic_bool unread; /* nobody reads what is printed */
    bool pending;       /* lines were taken since the last commit */
    int64_t commit_ms;  /* what that took */
};

static void lose(struct putting *p, const struct err *e)
{
    prog_error(e);
    p->lost = true;
}

static void refused(void *context, const struct err *why)
{
    (void)context;
    prog_error(why);
}

static void other(void *context, const struct record *r)
{
    struct putting *p = context;
    if (r->type == RECORD_ERROR)
        prog_outcome(r->error.class);
    else if (r->type == RECORD_POLL && !str_eq(r->poll.status, S("ok")))
        prog_outcome(str_eq(r->poll.status, S("partial")) ? ERR_PARTIAL : ERR_LATER);
    if (r->type == RECORD_POLL || r->type == RECORD_ERROR)
        return;
    out_put(&p->call.out, r->line);
    out_byte(&p->call.out, '\n');
    atomic_store(&p->unread, !out_good(&p->call.out));
}

static void committed(void *context, str events)
{
    struct putting *p = context;
    out_put(&p->call.out, events);
    out_flush(&p->call.out);
    atomic_store(&p->unread, !out_good(&p->call.out));
}

static void commit(struct putting *p)
{
    struct err e;
    int64_t start = sys_clock.monotonic_ms();
    p->pending = false;
    if (p->lost)
        return;
    if (!put_commit(p->put, &e))
        lose(p, &e);
    p->commit_ms = sys_clock.monotonic_ms() - start;
    out_flush(&p->call.out);
}

/* Before a read that may wait. */
static void commit_at_pause(struct putting *p)
{
    int64_t patience = p->commit_ms < PATIENCE_MS ? p->commit_ms : PATIENCE_MS;
    if (p->pending && !lines_ready(&p->in, (int)patience))
        commit(p);
}

/* Behind a commit, when no other thread has something to say. */
static void tell(struct putting *p, const struct err *e)
{
    commit(p);
    prog_error(e);
}

static void read_all(struct putting *p)
{
    struct err e;
    while (!p->lost && !prog_stopping() && !atomic_load(&p->unread)) {
        commit_at_pause(p);
        if (p->lost)
            return;
        str line;
        enum line_status status = lines_next(&p->in, &line);
        if (prog_stopping())
            return;
        if (!lines_err(&p->in, status, "standard input", &e))
            tell(p, &e);
        if (status == LINE_END || status == LINE_ERROR || status == LINE_CUT)
            return;
        if (status != LINE_OK)
            continue;
        p->pending = true;
        if (!put_take(p->put, line, p->in.number, &e))
            lose(p, &e);
    }
}

static void tell_outcome(struct putting *p)
{
    str open;
    if (prog_stopping())
        prog_outcome(ERR_LATER);
    if (put_unclosed(p->put, &open) && !p->lost) {
        prog_warn("the fetch of %.*s did not come to its end; run the pipeline again", STR_ARG(open));
        prog_outcome(ERR_LATER);
    }
    struct put_counts n = put_counts(p->put);
    if (p->lost)
        return;
    if (n.unparsed)
        prog_warn("%lld of them are not parsed and cannot be searched; now: mail-store list --all | mail-parse | mail-thread | mail-store put",
                  (long long)n.unparsed);
    if (n.refused)
        prog_warn("%lld new, %lld known, %lld refused", (long long)n.stored, (long long)n.known, (long long)n.refused);
    else
        prog_warn("%lld new, %lld known", (long long)n.stored, (long long)n.known);
}

int put_main(const char *dir, int argc, char **argv)
{
    struct putting p = {0};
    struct err e;
    int code;
    if (!verb_begin(&verb, &p.call, dir, argc, argv, &code))
        return code;
    heap_huge(HEAP_OCTETS);
    prog_signals(true);
    p.in = lines_new(0, LINE_MAX_OCTETS);
    p.commit_ms = PATIENCE_MS;
    if (!verb_open(&p.call, STORE_WRITE))
        return verb_end(&p.call);
    p.put = put_new(&p.call.mem, p.call.store, (struct put_options){p.call.skip_gaps, p.call.events, &p, refused, other, committed}, &e);
    if (!p.put) {
        prog_error(&e);
        return verb_end(&p.call);
    }
    read_all(&p);
    commit(&p);
    tell_outcome(&p);
    put_end(p.put);
    lines_free(&p.in);
    return verb_end(&p.call);
}
