/* mail-queue export: submissions as rows of another mailer's table; what import took, it gives back. */
#include "codec/codec.h"
#include "mail-queue/rows.h"
#include "mail-queue/verb.h"
#include "mime/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

static const struct verb verb = {
    .name = "export",
    .usage = "usage: mail-queue export [-qv] [-s DIR] [-a ACCOUNT] [--queue NAME] [--status WORD] [--csv] [ID...]\n"
             "\n"
             "Prints submissions as rows with the columns of import: all of them, or those that are named. Of several attachments the first is given;\n"
             "times are of TZ.\n"
             "\n"
             "      --csv             CSV with a line of names, not a request record a line\n"
             "  -a, --account NAME    only of this account; may be repeated\n"
             "      --queue NAME      only of this queue; may be repeated\n"
             "      --status WORD     only in this state: queued, sent, failed, ...; may be repeated\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "\n"
             "example: mail-queue export --csv --status sent >sent.csv\n",
    .max_args = -1,
};

enum { OWN_CSV = VERB_OWN, PIECE = 1 << 18 };
static const struct prog_name own[] = {{"csv", OWN_CSV}, {NULL, 0}};

struct exporting {
    struct verb_call call;
    bool csv;
    struct mime *mime;
    arena one;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    (void)val;
    (void)arg;
    ((struct exporting *)c->context)->csv = true;
    return 0;
}

/* ---- the message ----------------------------------------------------------------------------------------------- */

static void collect(void *context, str octets) { buf_put(context, octets); }

/* part: whose octets to keep, or STR_NONE. */
static const struct mime_message *parse(struct exporting *x, const struct submission *m, str part, struct buf *document, struct err *e)
{
    arena scratch = x->call.mem;
    int fd = open(str_z(&scratch, m->path), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(e, ERR_IO, "blob.open", "see mail-store check", "cannot read the message of submission %lld", (long long)m->id);
        return NULL;
    }
    char *piece = arena_alloc(&scratch, PIECE, 16);
    ptrdiff_t n;
    mime_begin(x->mime, &(struct mime_options){.no_digests = true, .part_id = part, .put = part.len ? collect : NULL, .context = document});
    while ((n = fd_read_full(fd, piece, PIECE)) > 0)
        mime_feed(x->mime, str_of(piece, n));
    close(fd);
    if (n == 0)
        return mime_end(x->mime);
    err_errno(e, ERR_IO, "blob.read", "see mail-store check", "cannot read the message of submission %lld", (long long)m->id);
    return NULL;
}

static const struct mime_part *first_attachment(const struct mime_message *m)
{
    for (ptrdiff_t i = 0; i < m->n_parts; i++)
        if (m->part[i].attachment && !m->part[i].inner)
            return &m->part[i];
    return NULL;
}

static bool fill_content(struct exporting *x, const struct submission *m, struct row *row, struct err *e)
{
    const struct mime_message *message = parse(x, m, STR_NONE, NULL, e);
    if (!message)
        return false;
    str body = message->html.ptr ? message->html : message->text;
    row->value[ROW_BODY] = str_copy(&x->one, str_ends(body, S("\n")) ? str_first(body, body.len - 1) : body);
    const struct mime_part *part = first_attachment(message);
    if (!part)
        return true;
    struct buf document = buf_new(&x->one, part->size), text = buf_new(&x->one, part->size / 3 * 4 + 4);
    row->value[ROW_FILENAME] = part->name.ptr ? str_copy(&x->one, part->name) : STR_NONE;
    if (!parse(x, m, str_copy(&x->one, part->id), &document, e))
        return false;
    base64_encode(buf_str(&document), 0, &text);
    row->value[ROW_DOCUMENT] = buf_str(&text);
    return true;
}

/* ---- the row ----------------------------------------------------------------------------------------------------- */

static str local_time(arena *a, int64_t t)
{
    time_t at = t;
    struct tm tm;
    char text[32];
    if (!t || !localtime_r(&at, &tm))
        return STR_NONE;
    return str_copy(a, str_of(text, (ptrdiff_t)strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm)));
}

static str people(arena *a, const struct addresses *list)
{
    struct buf b = buf_new(a, 64);
    for (ptrdiff_t i = 0; i < list->n; i++)
        buf_fmt(&b, "%s%.*s", i ? "," : "", STR_ARG(list->item[i].email));
    return list->n ? buf_str(&b) : STR_NONE;
}

/* The number that it came with, else ours. */
static str number_of(arena *a, const struct submission *m)
{
    static const str prefix = S("dd_srno:");
    for (ptrdiff_t i = 0; i < m->tags.n; i++)
        if (str_starts(m->tags.item[i], prefix))
            return str_skip(m->tags.item[i], prefix.len);
    return str_fmt(a, "%lld", (long long)m->id);
}

static str flag_of(enum queue_status status)
{
    switch (status) {
    case QUEUE_SENT: return S("Y");
    case QUEUE_FAILED: case QUEUE_CANCELED: case QUEUE_EXPIRED: return S("F");
    default: return S("N");
    }
}

static bool read_submission(struct exporting *x, int64_t id, struct submission *out, struct err *e)
{
    struct buf line = buf_new(&x->one, 4096);
    struct record r;
    if (!queue_lines(x->call.store, &id, 1, false, &line, e))
        return false;
    if (!line.len)
        return err_set(e, ERR_MISSING, "queue.missing", "see mail-queue list", "there is no submission %lld", (long long)id);
    if (!record_read_types(&x->one, str_first(buf_str(&line), line.len - 1), "the queue", 0, RECORD_BIT(RECORD_SUBMISSION), &r, e))
        return false;
    *out = r.submission;
    return true;
}

static bool print(struct exporting *x, int64_t id, struct err *e)
{
    struct submission m;
    struct queue_past past;
    struct row row = {0};
    arena_reset(&x->one);
    if (!read_submission(x, id, &m, e) || !queue_past_of(&x->one, x->call.store, id, &past, e) || !fill_content(x, &m, &row, e))
        return false;
    row.value[ROW_SRNO] = number_of(&x->one, &m);
    row.value[ROW_TO] = people(&x->one, &m.to);
    row.value[ROW_CC] = people(&x->one, &m.cc);
    row.value[ROW_SUBJECT] = m.subject;
    row.value[ROW_PROFILE] = m.profile;
    row.value[ROW_FLAG] = flag_of(past.status);
    row.value[ROW_RETRIES] = str_fmt(&x->one, "%lld", (long long)past.retries);
    row.value[ROW_SENT] = local_time(&x->one, past.sent_at);
    row.value[ROW_REASON] = past.reason;
    row.value[ROW_LAST_RETRY] = local_time(&x->one, past.last_retry_at);
    struct buf line = buf_new(&x->one, 4096);
    (x->csv ? rows_put_csv : rows_put_json)(&line, &row);
    out_put(&x->call.out, buf_str(&line));
    return true;
}

static bool all(struct exporting *x, struct ids *out, struct err *e)
{
    struct verb_call *c = &x->call;
    struct queue_filter want = {.accounts = &c->accounts, .queues = &c->queues, .statuses = &c->statuses, .settled = true, .limit = -1};
    return queue_list(&c->mem, c->store, &want, out, e);
}

int export_main(const char *dir, int argc, char **argv)
{
    struct exporting x = {0};
    struct verb_call *c = &x.call;
    struct verb v = verb;
    struct ids ids = {0};
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &x, dir, argc, argv, &code))
        return code;
    if (!verb_open(c, STORE_READ))
        return verb_end(c);
    if (c->n_args == 0 && !all(&x, &ids, &e))
        return verb_fail(c, &e);
    for (int i = 0; i < c->n_args; i++) {
        struct ids some;
        if (!queue_resolve(&c->mem, c->store, str_c(c->args[i]), &some, &e))
            prog_error(&e);
        for (ptrdiff_t k = 0; k < some.n; k++)
            ids_add(&c->mem, &ids, some.item[k]);
    }
    x.mime = mime_new();
    x.one = arena_new((size_t)1 << 36);
    if (x.csv) {
        struct buf names = buf_new(&c->mem, 256);
        rows_put_names(&names);
        out_put(&c->out, buf_str(&names));
    }
    for (ptrdiff_t i = 0; i < ids.n && out_good(&c->out); i++)
        if (!print(&x, ids.item[i], &e))
            prog_error(&e);
    return verb_end(c);
}
