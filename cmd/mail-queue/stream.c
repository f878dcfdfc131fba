#include "mail-queue/stream.h"

enum {
    PATIENCE_MS = 20, /* a pipe that has nothing for so long pauses: less, and a slow producer would get a commit a record */
    LINE_OCTETS = 1 << 30
};

void stream_lose(struct stream *s, const struct err *e)
{
    prog_error(e);
    s->lost = true;
}

static void commit(struct stream *s)
{
    struct err e;
    str print;
    int64_t start = sys_clock.monotonic_ms();
    if (!s->commit(s->context, &print, &e)) {
        stream_lose(s, &e);
        return;
    }
    s->commit_ms = sys_clock.monotonic_ms() - start;
    out_put(&s->call->out, print);
    out_flush(&s->call->out);
}

/* Before a read that may wait. */
static void commit_if_due(struct stream *s)
{
    int64_t since, pending = s->pending(s->context, &since);
    if (pending == 0)
        return;
    int64_t patience = s->commit_ms < PATIENCE_MS ? s->commit_ms : PATIENCE_MS;
    bool full = pending >= QUEUE_BATCH || sys_clock.monotonic_ms() - since >= QUEUE_BATCH_MS;
    if (full || (!lines_ready(&s->in, 0) && !lines_ready(&s->in, (int)patience)))
        commit(s);
}

static void take_line(struct stream *s, str line)
{
    struct record r;
    struct err e;
    arena_reset(&s->line);
    if (!record_read_types(&s->line, line, s->name, s->in.number, s->types | RECORD_BIT(RECORD_ERROR), &r, &e)) {
        prog_error(&e);
        return;
    }
    if (r.type != RECORD_OTHER && r.type != RECORD_ERROR) {
        s->take(s, &r);
        return;
    }
    /* What a program before this one failed at is part of how the pipeline ends. */
    if (r.type == RECORD_ERROR)
        prog_outcome(r.error.class);
    if (s->pass && s->pass(s->context, line))
        return;
    out_put(&s->call->out, line);
    out_byte(&s->call->out, '\n');
}

void stream_run(struct stream *s, int fd)
{
    struct err e;
    s->line = arena_new(LINE_OCTETS);
    s->in = lines_new(fd, LINE_MAX_OCTETS);
    while (!s->lost && !prog_stopping() && out_good(&s->call->out)) {
        commit_if_due(s);
        str line;
        enum line_status status = s->lost ? LINE_END : lines_next(&s->in, &line);
        if (!lines_err(&s->in, status, s->name, &e))
            prog_error(&e);
        if (status == LINE_END || status == LINE_ERROR || status == LINE_CUT)
            break;
        if (status == LINE_OK)
            take_line(s, line);
    }
    if (!s->lost)
        commit(s);
    lines_free(&s->in);
    arena_free(&s->line);
}
