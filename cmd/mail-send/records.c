/* Where messages come from: records on stdin, or one message. */
#include "send.h"

#include <unistd.h>

/* After so long without a line: leases are given up; connections are closed. */
enum { LEASE_PAUSE_MS = 2000, PAUSE_MS = 28000 };

static void take_line(struct run *r, str line, int64_t number)
{
    struct job *j = job_new(r);
    struct record record;
    struct err e;
    if (!record_read_types(&j->mem, str_copy(&j->mem, line), "stdin", number, RECORD_BIT(RECORD_SUBMISSION), &record, &e)) {
        prog_error(&e);
    } else if (record.type == RECORD_SUBMISSION) {
        j->s = record.submission;
        if (!job_prepare(r, j))
            return;
        if (r->opts->dry_run)
            job_show(r, j);
        else
            route_add(r, j);
        return;
    } else {
        run_put(r, str_fmt(&j->mem, "%.*s\n", STR_ARG(line)));
    }
    j->next = r->idle;
    r->idle = j;
}

/* What waits in the pipe is sent together; where it pauses, all is told. */
static bool wait_for_line(struct run *r, struct lines *in)
{
    if (lines_ready(in, 0))
        return true;
    run_drain(r);
    run_flush(r);
    if (!prog_stopping() && out_good(r->out) && !lines_ready(in, LEASE_PAUSE_MS)) {
        held_release(r);
        if (!prog_stopping() && !lines_ready(in, PAUSE_MS))
            run_disconnect(r);
    }
    return !prog_stopping() && out_good(r->out);
}

void send_records(struct run *r, int fd)
{
    struct lines in = lines_new(fd, LINE_MAX_OCTETS);
    enum line_status status = LINE_END;
    struct err e;
    str line;
    while (!prog_stopping() && out_good(r->out) && wait_for_line(r, &in)) {
        status = lines_next(&in, &line);
        prog_account(STR_NONE);
        if (status == LINE_OK)
            take_line(r, line, in.number);
        else if (!lines_err(&in, status, "stdin", &e))
            prog_error(&e);
        if (status != LINE_OK && status != LINE_LONG)
            break;
    }
    run_drain(r);
    run_flush(r);
    if (prog_stopping()) {
        err_set(&e, ERR_LATER, "net.stopped", "what has a lease comes back by itself", "stopped by a signal; what was not read was not sent");
        prog_error(&e);
    }
    lines_free(&in);
}

/* ---- a message --------------------------------------------------------------------------------------- */

static bool read_stdin(struct job *j, struct err *e)
{
    struct buf b = buf_new(&j->mem, 1 << 16);
    for (ptrdiff_t n;;) {
        n = fd_read_full(0, buf_room(&b, 1 << 16), 1 << 16);
        if (n < 0)
            return err_errno(e, ERR_IO, "send.message", NULL, "cannot read stdin");
        b.len += n;
        if (b.len > SEND_MESSAGE_MAX)
            return err_set(e, ERR_INPUT, "send.message", "put it into a submission record, by path", "the message on stdin is over %d MB",
                           SEND_MESSAGE_MAX >> 20);
        if (n < 1 << 16)
            break;
    }
    j->m.octets = buf_str(&b);
    smtp_scan(&j->m.scan, j->m.octets);
    return b.len || err_set(e, ERR_INPUT, "send.message", NULL, "there is no message on stdin");
}

void send_message(struct run *r)
{
    struct job *j = job_new(r);
    struct err e;
    struct submission *s = &j->s;
    if (route_for(r, r->opts->account, STR_NONE)->bad.class == ERR_USAGE)
        return;
    if (!read_stdin(j, &e)) {
        prog_error(&e);
        return;
    }
    s->account = r->opts->account;
    s->envelope = (struct envelope){.has_from = true, .rcpt_to = r->opts->recipients};
    s->envelope.mail_from = r->opts->from.ptr ? r->opts->from : sender_of(r);
    if (!r->opts->from.ptr && !s->envelope.mail_from.len) {
        err_set(&e, ERR_USAGE, "send.sender", "--from ADDRESS ('' is the null sender)", "there is no sender");
        prog_error(&e);
        return;
    }
    if (job_prepare(r, j)) {
        if (r->opts->dry_run)
            job_show(r, j);
        else
            route_add(r, j);
    }
    run_drain(r);
}
