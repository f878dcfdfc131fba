/* Submissions to messages, and outcomes to lines of the lease and to records. */
#include "send.h"

#include "codec/codec.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { JOB_MEMORY = 1 << 28, PIECE = 64 << 10 };

struct job *job_new(struct run *r)
{
    struct job *j = r->idle;
    if (j) {
        r->idle = j->next;
        arena mem = j->mem;
        arena_reset(&mem);
        *j = (struct job){.mem = mem, .m.fd = -1};
        return j;
    }
    j = ARENA_NEW(r->mem, struct job);
    *j = (struct job){.mem = arena_new(JOB_MEMORY), .m.fd = -1};
    r->made++;
    return j;
}

/* ---- outcomes --------------------------------------------------------------------------------------- */

static str status_word(enum smtp_status status)
{
    static const str words[] = {S("deferred"), S("sent"), S("deferred"), S("failed"), S("uncertain")};
    return words[status];
}

static void count(struct run *r, enum smtp_status status)
{
    r->sent += status == SMTP_SENT;
    r->deferred += status == SMTP_DEFERRED || status == SMTP_OPEN;
    r->failed += status == SMTP_FAILED;
    r->uncertain += status == SMTP_UNCERTAIN;
}

static void know(struct delivery *d, enum delivery_member x, bool yes)
{
    if (yes)
        delivery_knows(d, x);
}

static str warnings(arena *a, const char *warning)
{
    struct buf b = buf_new(a, 512);
    struct jwrite w = {.to = &b};
    buf_put(&b, S("\"warnings\":"));
    jwrite_array(&w);
    jwrite_string(&w, str_c(warning));
    jwrite_end_array(&w);
    return buf_str(&b);
}

static void emit(struct run *r, struct job *j, const struct smtp_rcpt *x)
{
    const struct submission *s = &j->s;
    const struct route *way = j->route;
    struct delivery d = {.submission_id = s->id, .lease = s->lease, .lease_path = s->lease_path, .account = s->account, .recipient = x->address,
                         .message_id = s->message_id, .status = status_word(x->status), .phase = str_c(x->phase), .code = x->code,
                         .enhanced_code = x->enhanced, .server = utf8_scrub(&j->mem, x->words), .at = now_s(), .attempt = s->attempt,
                         .error_code = str_c(x->error), .hint = str_c(x->hint), .duration_ms = j->took_ms};
    if (way && !s->account.len)
        d.account = way->account;
    if (way && way->set.net.host.len) {
        d.host = way->set.net.host;
        d.port = way->set.net.port;
    }
    int64_t wait = x->status == SMTP_DEFERRED ? smtp_retry_after(x->words) : 0;
    d.retry_at = d.at + wait;
    d.server_id = x->status == SMTP_SENT ? smtp_queue_id(d.server) : STR_NONE;
    if (j->warning)
        d.unknown = warnings(&j->mem, j->warning);
    know(&d, DELIVERY_SUBMISSION_ID, submission_has(s, SUBMISSION_ID));
    know(&d, DELIVERY_LEASE, s->lease.len > 0);
    know(&d, DELIVERY_LEASE_PATH, s->lease_path.len > 0);
    know(&d, DELIVERY_ACCOUNT, d.account.len > 0);
    know(&d, DELIVERY_RECIPIENT, true);
    know(&d, DELIVERY_MESSAGE_ID, s->message_id.n > 0);
    know(&d, DELIVERY_STATUS, true);
    know(&d, DELIVERY_PHASE, d.phase.len > 0);
    know(&d, DELIVERY_CODE, d.code > 0);
    know(&d, DELIVERY_ENHANCED_CODE, d.enhanced_code.len > 0);
    know(&d, DELIVERY_SERVER, d.server.len > 0);
    know(&d, DELIVERY_HOST, d.host.len > 0);
    know(&d, DELIVERY_PORT, d.port > 0);
    know(&d, DELIVERY_SERVER_ID, d.server_id.len > 0);
    know(&d, DELIVERY_AT, true);
    know(&d, DELIVERY_ATTEMPT, submission_has(s, SUBMISSION_ATTEMPT));
    know(&d, DELIVERY_RETRY_AT, wait > 0);
    know(&d, DELIVERY_ERROR_CODE, d.error_code.len > 0);
    know(&d, DELIVERY_HINT, d.hint.len > 0);
    know(&d, DELIVERY_DURATION_MS, j->begun_ms > 0);
    struct buf line = buf_new(&j->mem, 1024);
    record_write_delivery(&line, &d);
    run_put(r, buf_str(&line));
}

/* Where nobody keeps a log, a person should see what was not sent. */
static void tell(struct job *j, const struct smtp_rcpt *x)
{
    struct err e;
    if (x->status == SMTP_SENT || j->held || (!x->code && x->status != SMTP_UNCERTAIN && x->status != SMTP_FAILED))
        return;
    const char *what = x->status == SMTP_FAILED      ? "is refused for good"
                       : x->status == SMTP_UNCERTAIN ? "may have it, or not: no answer came after the message"
                                                     : "cannot be sent to now";
    err_set(&e, ERR_NONE, "", x->hint, "%.*s %s", STR_ARG(x->address), what);
    if (x->code) {
        char words[512];
        snprintf(words, sizeof words, "%d %.*s%s%.*s", x->code, STR_ARG(x->enhanced), x->enhanced.len ? " " : "", STR_ARG(str_first(x->words, 400)));
        err_server(&e, str_c(words));
    }
    prog_account(j->route ? j->route->account : j->s.account);
    prog_error(&e);
}

static void note_reply(struct job *j, const struct smtp_rcpt *x)
{
    struct lease_entry entry = {.state = LEASE_REPLY, .id = j->s.id, .rcpt = x->address, .status = status_word(x->status), .code = x->code,
                                .enhanced_code = x->enhanced, .server = x->words.len ? x->words : str_c(x->error)};
    struct err e;
    if (!lease_reply(&j->held->lease, &entry, &e))
        prog_error(&e);
}

static void finish(struct run *r, struct job *j)
{
    for (ptrdiff_t i = 0; i < j->m.n; i++)
        emit(r, j, &j->m.rcpt[i]);
    if (j->m.fd >= 0)
        close(j->m.fd);
    if (j->held)
        j->held->jobs--;
    j->next = r->idle;
    r->idle = j;
}

static bool any_sent(const struct job *j)
{
    for (ptrdiff_t i = 0; i < j->m.n; i++)
        if (j->m.rcpt[i].status == SMTP_SENT)
            return true;
    return false;
}

void job_end(struct run *r, struct job *j)
{
    j->took_ms = j->begun_ms ? sys_clock.monotonic_ms() - j->begun_ms : 0;
    for (ptrdiff_t i = 0; i < j->m.n; i++) {
        struct smtp_rcpt *x = &j->m.rcpt[i];
        if (j->held && !j->held->gone.class && x->phase)
            note_reply(j, x);
        count(r, x->status);
        tell(j, x);
    }
    bool copied = r->opts->copy && j->route && !j->route->keeps_copies && any_sent(j);
    if (!copied) {
        finish(r, j);
        return;
    }
    j->next = NULL;
    *r->to_copy_end = j;
    r->to_copy_end = &j->next;
}

void job_copied(struct run *r, struct job *j) { finish(r, j); }

/* No server spoke: what happened, and what to do about it. */
static const char *explained(struct job *j, const struct err *e)
{
    return str_z(&j->mem, str_fmt(&j->mem, "%s%s%s", e->text, e->hint[0] ? "; " : "", e->hint));
}

void job_defer(struct run *r, struct job *j, const struct err *e)
{
    for (ptrdiff_t i = 0; i < j->m.n; i++) {
        struct smtp_rcpt *x = &j->m.rcpt[i];
        if (x->status != SMTP_OPEN)
            continue;
        x->status = SMTP_DEFERRED;
        x->phase = e->stage[0] ? str_z(&j->mem, str_c(e->stage)) : "connect";
        x->error = str_z(&j->mem, str_c(e->code));
        x->hint = explained(j, e);
        x->words = e->server[0] ? str_copy(&j->mem, str_c(e->server)) : STR_NONE;
    }
    job_end(r, j);
}

/* ---- the message ------------------------------------------------------------------------------------ */

static bool scan_file(struct job *j, int64_t octets, struct err *e)
{
    arena scratch = j->mem;
    char *room = arena_alloc(&scratch, PIECE, 1);
    for (int64_t at = 0; at < octets;) {
        ssize_t n = pread(j->m.fd, room, PIECE, (off_t)at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return err_set(e, ERR_IO, "send.message", NULL, "%.*s cannot be read to its end", STR_ARG(j->s.path));
        smtp_scan(&j->m.scan, str_of(room, n));
        at += n;
    }
    return true;
}

static bool take_small(struct job *j, int64_t octets, struct err *e)
{
    char *room = arena_alloc(&j->mem, (size_t)octets + 1, 1);
    ptrdiff_t n = fd_read_full(j->m.fd, room, (ptrdiff_t)octets);
    close(j->m.fd);
    j->m.fd = -1;
    if (n != octets)
        return err_set(e, ERR_IO, "send.message", NULL, "%.*s cannot be read to its end", STR_ARG(j->s.path));
    j->m.octets = str_of(room, n);
    smtp_scan(&j->m.scan, j->m.octets);
    return true;
}

static bool take_file(struct job *j, struct err *e)
{
    const char *path = str_z(&j->mem, j->s.path);
    struct stat st;
    j->m.fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (j->m.fd < 0 || fstat(j->m.fd, &st) != 0)
        return err_errno(e, ERR_IO, "send.message", NULL, "cannot read the message %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INPUT, "send.message", NULL, "%s is no file", path);
    /* A power cut can leave a blob short (design.md section 3). */
    if (submission_has(&j->s, SUBMISSION_SIZE) && j->s.size != st.st_size)
        return err_set(e, ERR_IO, "send.message", "mail-store check tells more", "%s has %lld octets, not %lld", path, (long long)st.st_size,
                       (long long)j->s.size);
    return st.st_size <= SMTP_SMALL ? take_small(j, st.st_size, e) : scan_file(j, st.st_size, e);
}

static bool take_raw(struct job *j, struct err *e)
{
    struct buf b = buf_new(&j->mem, j->s.raw.len / 4 * 3 + 8);
    struct base64 d = {0};
    base64_decode(&d, j->s.raw, &b);
    base64_end(&d, &b);
    if (d.flags)
        return err_set(e, ERR_INPUT, "send.message", NULL, "raw is no base64");
    j->m.octets = buf_str(&b);
    smtp_scan(&j->m.scan, j->m.octets);
    return true;
}

static str blob_of(struct run *r, struct job *j)
{
    const char *given = r->opts->store_dir ? r->opts->store_dir : getenv("MAILPIPE_STORE"), *home = getenv("HOME");
    str id = j->s.blob_id, store = given ? str_c(given) : str_fmt(&j->mem, "%s/.local/share/mailpipe", home ? home : "");
    return str_fmt(&j->mem, "%.*s/blobs/%.*s/%.*s", STR_ARG(store), STR_ARG(str_first(id, 2)), STR_ARG(str_skip(id, 2)));
}

static bool take_message(struct run *r, struct job *j, struct err *e)
{
    if (j->m.octets.ptr)
        return true; /* of stdin */
    if (j->s.raw.len)
        return take_raw(j, e);
    if (!j->s.path.len && j->s.blob_id.len > 2)
        j->s.path = blob_of(r, j);
    return j->s.path.len ? take_file(j, e) : err_set(e, ERR_INPUT, "send.message", NULL, "the submission has no message: no path, blobId or raw");
}

/* ---- the recipients --------------------------------------------------------------------------------- */

/* What an earlier mail-send did under this lease stands; it is told again. */
static void take_over(struct job *j, struct smtp_rcpt *x, const struct lease_entry *old)
{
    static const struct {
        str word;
        enum smtp_status status;
    } words[] = {{S("sent"), SMTP_SENT}, {S("deferred"), SMTP_DEFERRED}, {S("failed"), SMTP_FAILED}, {S("uncertain"), SMTP_UNCERTAIN}};
    x->status = SMTP_UNCERTAIN;
    x->error = old->state == LEASE_DATA ? "lease.data" : NULL;
    for (int i = 0; i < 4 && old->state == LEASE_REPLY; i++)
        if (str_eq(old->status, words[i].word))
            x->status = words[i].status;
    x->code = (int)old->code;
    x->enhanced = old->enhanced_code.len ? str_copy(&j->mem, old->enhanced_code) : STR_NONE;
    x->words = old->server.len ? str_copy(&j->mem, old->server) : STR_NONE;
}

static bool take_recipients(struct job *j)
{
    struct submission *s = &j->s;
    submission_fill_envelope(&j->mem, s);
    j->m.n = s->envelope.rcpt_to.n;
    j->m.rcpt = ARENA_ARRAY(&j->mem, struct smtp_rcpt, j->m.n ? j->m.n : 1);
    bool open = false;
    for (ptrdiff_t i = 0; i < j->m.n; i++) {
        struct smtp_rcpt *x = &j->m.rcpt[i];
        x->address = s->envelope.rcpt_to.item[i];
        const struct lease_entry *old = j->held && !j->held->gone.class ? lease_find(&j->held->lease, s->id, x->address) : NULL;
        if (old)
            take_over(j, x, old);
        open |= !old;
    }
    return open;
}

static void fail_all(struct run *r, struct job *j, const struct err *e)
{
    for (ptrdiff_t i = 0; i < j->m.n; i++) {
        struct smtp_rcpt *x = &j->m.rcpt[i];
        if (x->status != SMTP_OPEN)
            continue;
        bool later = err_retryable(e) || e->class == ERR_CONFIG || e->class == ERR_LOGIN;
        x->status = later ? SMTP_DEFERRED : SMTP_FAILED;
        x->error = str_z(&j->mem, str_c(e->code));
        x->hint = explained(j, e);
    }
    job_end(r, j);
}

static bool wanting(struct run *r, struct job *j, const char *code, const char *what)
{
    struct err e;
    err_set(&e, ERR_INPUT, code, NULL, "submission %lld %s", (long long)j->s.id, what);
    prog_error(&e);
    fail_all(r, j, &e);
    return false;
}

bool job_prepare(struct run *r, struct job *j)
{
    struct err e;
    const struct submission *s = &j->s;
    j->m.mem = &j->mem;
    j->m.context = j;
    if (s->lease_path.len) {
        j->held = held_for(r, s->lease_path);
        j->held->jobs++;
    }
    bool open = take_recipients(j);
    if (!j->m.n)
        return wanting(r, j, "send.recipients", "has no recipients");
    if (j->held && j->held->gone.class) {
        fail_all(r, j, &j->held->gone);
        return false;
    }
    if (!open) {
        job_end(r, j);
        return false;
    }
    if (!s->envelope.has_from)
        return wanting(r, j, "send.sender", "has no sender: neither envelope.mailFrom nor from");
    j->route = route_for(r, s->account, s->profile);
    prog_account(j->route->account);
    if (j->route->bad.class) {
        fail_all(r, j, &j->route->bad);
        return false;
    }
    if (!take_message(r, j, &e)) {
        prog_error(&e);
        fail_all(r, j, &e);
        return false;
    }
    j->m.from = s->envelope.mail_from;
    j->m.utf8 = s->smtputf8;
    j->m.notify = s->notify;
    j->m.ret = s->ret;
    j->m.envid = s->envid;
    return true;
}

void job_show(struct run *r, struct job *j)
{
    const struct host *h = j->route->host;
    for (ptrdiff_t i = 0; i < j->m.n; i++)
        prog_warn("would send %lld octets from <%.*s> to <%.*s> through %.*s:%d", (long long)smtp_scan_size(&j->m.scan), STR_ARG(j->m.from),
                  STR_ARG(j->m.rcpt[i].address), STR_ARG(h->name), h->port);
    j->m.n = 0; /* no records */
    finish(r, j);
}
