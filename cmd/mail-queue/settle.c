/* mail-queue settle: deliveries in, rows out. */
#include "mail-queue/settle.h"

#include "mail-queue/sequel.h"

static const struct verb verb = {
    .name = "settle",
    .usage = "usage: mail-queue settle [-qv] [-s DIR] [-C FILE] [--events]\n"
             "\n"
             "Takes the delivery records of mail-send: what was sent is done, what was not is tried again later, what failed for good is told to the sender.\n"
             "Exits with 75 while any of them is to be tried again, with 1 where some failed for good.\n"
             "\n"
             "      --events          print an event record for each, once it lasts\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE     the configuration\n"
             "\n"
             "example: mail-queue claim | mail-send | mail-queue settle\n",
};

static void count(struct settling *s, str status)
{
    if (str_eq(status, S("sent")))
        s->sent++;
    else if (str_eq(status, S("deferred")))
        s->deferred++;
    else if (str_eq(status, S("failed")))
        s->failed++;
    else
        s->uncertain++;
}

static void take(struct stream *stream, const struct record *r)
{
    struct settling *s = stream->context;
    struct err e;
    /* Not of a queue: mail-send without a lease. */
    if (!delivery_has(&r->delivery, DELIVERY_SUBMISSION_ID) || !r->delivery.lease.len) {
        out_put(&stream->call->out, r->line);
        out_byte(&stream->call->out, '\n');
        return;
    }
    switch (queue_settle(s->settler, &r->delivery, &e)) {
    case QUEUE_ADDED: count(s, r->delivery.status); break;
    case QUEUE_LOST: stream_lose(stream, &e); break;
    default: prog_note("%s", e.text); s->ignored++;
    }
}

static int64_t pending(void *context, int64_t *since_ms) { return queue_settle_pending(((struct settling *)context)->settler, since_ms); }

static bool commit(void *context, str *print, struct err *e)
{
    struct settling *s = context;
    bool good = queue_settle_commit(s->settler, print, e);
    if (!s->events)
        *print = S("");
    return good;
}

bool settle_stream(struct verb_call *c, struct settling *s, int fd, struct err *e)
{
    s->settler = queue_settler_new(&c->mem, c->store, verb_patience, c, e);
    if (!s->settler)
        return false;
    struct stream stream = {.call = c, .name = "settle", .types = RECORD_BIT(RECORD_DELIVERY), .context = s, .take = take, .pending = pending, .commit = commit};
    stream_run(&stream, fd);
    s->lost = stream.lost;
    queue_settler_end(s->settler);
    return true;
}

int settle_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct settling s = {0};
    struct err e;
    int code;
    if (!verb_begin(&verb, &c, NULL, dir, argc, argv, &code))
        return code;
    prog_signals(true);
    s.events = c.events;
    if (!verb_config(&c) || !verb_open(&c, STORE_WRITE))
        return verb_end(&c);
    if (!settle_stream(&c, &s, 0, &e))
        return verb_fail(&c, &e);
    if (prog_stopping())
        prog_outcome(ERR_LATER);
    if (verb_take_back(&c) && !s.lost)
        sequel_all(&c);
    if (s.failed)
        prog_outcome(ERR_PARTIAL);
    if (s.deferred + s.uncertain)
        prog_outcome(ERR_LATER);
    prog_note("%lld sent, %lld deferred, %lld failed, %lld uncertain, %lld ignored", (long long)s.sent, (long long)s.deferred, (long long)s.failed,
              (long long)s.uncertain, (long long)s.ignored);
    return verb_end(&c);
}
