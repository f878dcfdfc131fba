#include "mail-store/verb.h"
#include "mime/mime.h"

#include <unistd.h>

enum { PIECE = 1 << 18 };

bool feed_blob(struct mime *mime, arena scratch, struct store *s, const struct email *m, struct err *e)
{
    int fd = open_blob(&scratch, s, m, e);
    if (fd < 0)
        return false;
    char *piece = arena_alloc(&scratch, PIECE, 16);
    ptrdiff_t n;
    while ((n = fd_read_full(fd, piece, PIECE)) > 0)
        mime_feed(mime, str_of(piece, n));
    close(fd);
    return n == 0 || err_errno(e, ERR_IO, "blob.read", "", "cannot read the message of email %lld", (long long)m->id);
}

/* What the row says wins, except for what only the message holds. */
static bool print_body(arena a, struct store *s, struct mime *mime, int64_t id, bool headers, struct out *out, struct err *e)
{
    struct email row;
    if (!store_email(&a, s, id, &row, e))
        return false;
    mime_begin(mime, &(struct mime_options){.no_digests = true});
    if (!feed_blob(mime, a, s, &row, e))
        return false;
    struct email parsed = {0};
    const struct mime_message *message = mime_end(mime);
    record_from_mime(&a, mime, message, &parsed);
    if (headers)
        record_headers_from_mime(&a, mime, message, &parsed);
    const uint64_t bits = EMAIL_BIT(EMAIL_TEXT) | EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_HEADERS) | EMAIL_BIT(EMAIL_TRUNCATED);
    row.text = parsed.text;
    row.html = parsed.html;
    row.headers = parsed.headers;
    row.n_headers = parsed.n_headers;
    row.truncated = parsed.truncated;
    row.known = (row.known & ~bits) | (parsed.known & bits);
    row.nulls = (row.nulls & ~bits) | (parsed.nulls & bits);
    struct buf line = buf_new(&a, 1 << 16);
    record_write_email(&line, &row);
    out_put(out, buf_str(&line));
    return true;
}

void print_bodies(arena *mem, struct store *s, const struct ids *ids, bool headers, struct out *out)
{
    static struct mime *mime; /* one for all calls */
    struct err e;
    if (!mime)
        mime = mime_new();
    for (ptrdiff_t i = 0; i < ids->n && out_good(out); i++)
        if (!print_body(*mem, s, mime, ids->item[i], headers, out, &e))
            prog_error(&e);
}
