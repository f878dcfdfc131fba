/* mail-queue bounce: what reports among the emails of stdin say of what was sent. */
#include "mail-queue/stream.h"

static const struct verb verb = {
    .name = "bounce",
    .usage = "usage: mail-queue bounce [-qv] [-s DIR] [--dry-run]\n"
             "\n"
             "Takes delivery reports and complaints among parsed email records, and passes all records on. A report is matched to what was sent by\n"
             "its envelope id, its Message-ID, or the address that it came to; the recipient becomes failed, one that does not exist or complains is\n"
             "suppressed, and the stored copy of the message becomes bounced. mail-store put does the same with all that it stores.\n"
             "\n"
             "      --dry-run         change nothing; count what would follow\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "\n"
             "example: mail-parse ~/Maildir | mail-queue bounce >/dev/null\n",
};

struct bouncing {
    struct bounce_counts counts;
    int64_t passed, since_ms; /* records since the last flush */
};

static void take(struct stream *stream, const struct record *r)
{
    struct bouncing *b = stream->context;
    struct verb_call *c = stream->call;
    struct err e;
    if (!b->passed++)
        b->since_ms = sys_clock.monotonic_ms();
    if (!store_bounce(&stream->line, c->store, &r->email, c->dry_run, &b->counts, &e)) {
        stream_lose(stream, &e);
        return;
    }
    out_put(&c->out, r->line);
    out_byte(&c->out, '\n');
}

static int64_t pending(void *context, int64_t *since_ms)
{
    const struct bouncing *b = context;
    *since_ms = b->since_ms;
    return b->passed;
}

/* Each report is its own transaction: they are few. What is left to do is to let the records go on. */
static bool commit(void *context, str *print, struct err *e)
{
    (void)e;
    ((struct bouncing *)context)->passed = 0;
    *print = S("");
    return true;
}

static void tell(const struct bounce_counts *n)
{
    prog_note("%lld reports: %lld recipients failed, %lld complaints, %lld noted, %lld suppressed, %lld unmatched, %lld taken before", (long long)n->reports,
              (long long)n->failed, (long long)n->complaints, (long long)n->noted, (long long)n->suppressed, (long long)n->unmatched, (long long)n->known);
}

int bounce_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct bouncing b = {0};
    int code;
    if (!verb_begin(&verb, &c, NULL, dir, argc, argv, &code))
        return code;
    prog_signals(true);
    if (!verb_open(&c, STORE_WRITE))
        return verb_end(&c);
    struct stream stream = {.call = &c, .name = "bounce", .types = RECORD_BIT(RECORD_EMAIL), .context = &b, .take = take, .pending = pending, .commit = commit};
    stream_run(&stream, 0);
    if (prog_stopping())
        prog_outcome(ERR_LATER);
    if (b.counts.reports)
        tell(&b.counts);
    return verb_end(&c);
}
