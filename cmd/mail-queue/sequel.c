#include "mail-queue/sequel.h"

#include "codec/codec.h"
#include "mime/mime.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    HEAD_OCTETS = 64 << 10, /* of the header of what was sent: the rest is left out of the report */
    PIECE = 1 << 16
};

struct sequels {
    struct verb_call *call;
    arena mem;  /* of one batch */
    arena line; /* of one email */
    struct mime *mime;
    struct put *put;
    int64_t number;
};

/* ---- the emails ------------------------------------------------------------------------------------------- */

static void set_common(arena *a, struct email *m, str account, str mailbox, str direction, int64_t received_at)
{
    m->account = account;
    strs_add(a, &m->mailboxes, mailbox);
    m->direction = direction;
    m->received_at = received_at;
    email_knows(m, EMAIL_ACCOUNT);
    email_knows(m, EMAIL_MAILBOXES);
    email_knows(m, EMAIL_DIRECTION);
    email_knows(m, EMAIL_RECEIVED_AT);
}

static bool parse_file(struct sequels *q, arena *a, const struct submission *s, struct email *out, struct err *e)
{
    char *path = str_z(a, s->path), *piece = arena_alloc(a, PIECE, 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_errno(e, ERR_IO, "blob.open", "see mail-store check", "cannot read the message of submission %lld", (long long)s->id);
    mime_begin(q->mime, &(struct mime_options){0});
    ptrdiff_t n;
    while ((n = fd_read_full(fd, piece, PIECE)) > 0)
        mime_feed(q->mime, str_of(piece, n));
    close(fd);
    record_from_mime(a, q->mime, mime_end(q->mime), out);
    return n == 0 || err_errno(e, ERR_IO, "blob.read", "see mail-store check", "cannot read the message of submission %lld", (long long)s->id);
}

static bool copy_of(struct sequels *q, arena *a, const struct submission *s, struct email *out, struct err *e)
{
    if (!parse_file(q, a, s, out, e))
        return false;
    out->blob_id = s->blob_id;
    out->path = s->path;
    out->size = s->size;
    email_knows(out, EMAIL_BLOB_ID);
    email_knows(out, EMAIL_PATH);
    email_knows(out, EMAIL_SIZE);
    strs_add(a, &out->keywords, S("$seen"));
    email_knows(out, EMAIL_KEYWORDS);
    set_common(a, out, s->account, S("Sent"), S("outbound"), now_s());
    return true;
}

static str header_of(arena *a, str path)
{
    char *octets = arena_alloc(a, HEAD_OCTETS, 1);
    int fd = open(str_z(a, path), O_RDONLY | O_CLOEXEC);
    ptrdiff_t n = fd < 0 ? 0 : fd_read_full(fd, octets, HEAD_OCTETS);
    if (fd >= 0)
        close(fd);
    str head = str_of(octets, n > 0 ? n : 0);
    ptrdiff_t end = str_find(head, S("\r\n\r\n"));
    if (end >= 0)
        return str_first(head, end);
    end = str_find(head, S("\n\n"));
    return end < 0 ? head : str_first(head, end);
}

static void report_of(struct sequels *q, arena *a, const struct queue_sequel *s, struct email *out)
{
    str message = report_message(a, s, header_of(a, s->m.path));
    struct buf raw = buf_new(a, message.len * 4 / 3 + 8);
    mime_begin(q->mime, &(struct mime_options){0});
    mime_feed(q->mime, message);
    record_from_mime(a, q->mime, mime_end(q->mime), out);
    base64_encode(message, 0, &raw);
    out->blob_id = sha256_of(a, message);
    out->raw = buf_str(&raw);
    out->size = message.len;
    email_knows(out, EMAIL_BLOB_ID);
    email_knows(out, EMAIL_RAW);
    email_knows(out, EMAIL_SIZE);
    set_common(a, out, s->m.account, S("INBOX"), S("inbound"), s->failure[s->n - 1].at);
}

/* ---- what is wanted --------------------------------------------------------------------------------------- */

static bool wanted(struct sequels *q, const struct queue_sequel *s)
{
    struct err e;
    bool yes = true;
    if (!config_bool(&q->call->config, s->m.account, s->copy ? S("queue.saveSent") : S("queue.reportFailures"), true, &yes, &e))
        prog_error(&e);
    return yes && (s->copy || (s->n > 0 && s->m.envelope.mail_from.len && !str_eq(s->m.notify, S("never"))));
}

static bool put_one(struct sequels *q, const struct queue_sequel *s, struct err *e)
{
    struct email m = {0};
    struct err why;
    arena_reset(&q->line);
    if (!wanted(q, s))
        return true;
    if (!s->copy) {
        report_of(q, &q->line, s, &m);
    } else if (!copy_of(q, &q->line, &s->m, &m, &why)) {
        /* Behind a commit: until then put's thread may say something, too. */
        if (!put_commit(q->put, e))
            return false;
        prog_error(&why);
        return true;
    }
    struct buf line = buf_new(&q->line, 4096);
    record_write_email(&line, &m);
    return put_take(q->put, str_first(buf_str(&line), line.len - 1), ++q->number, e);
}

static void refused(void *context, const struct err *why)
{
    (void)context;
    prog_error(why);
}

static void nothing(void *context, const struct record *r)
{
    (void)context;
    (void)r;
}

static bool put_all(struct sequels *q, const struct queue_sequel *list, ptrdiff_t n, struct err *e)
{
    q->put = put_new(&q->mem, q->call->store, (struct put_options){.context = q, .refused = refused, .other = nothing}, e);
    if (!q->put)
        return false;
    bool good = true;
    for (ptrdiff_t i = 0; good && i < n; i++)
        good = put_one(q, &list[i], e);
    good = good && put_commit(q->put, e);
    put_end(q->put);
    return good;
}

void sequel_all(struct verb_call *c)
{
    struct sequels q = {.call = c};
    struct err e;
    struct queue_sequel *list;
    ptrdiff_t n;
    bool good = true;
    q.mem = arena_new((size_t)8 << 30);
    do {
        arena_reset(&q.mem);
        good = queue_sequels(&q.mem, c->store, &list, &n, &e);
        if (!good || n == 0)
            break;
        if (!q.mime) {
            q.mime = mime_new();
            q.line = arena_new((size_t)1 << 32);
        }
        good = put_all(&q, list, n, &e) && queue_sequels_done(c->store, list, n, &e);
    } while (good && n == QUEUE_SEQUELS && !prog_stopping());
    if (!good)
        prog_error(&e);
    arena_free(&q.mem);
    if (q.mime)
        arena_free(&q.line);
}
