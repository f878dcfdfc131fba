/* The message that is answered, passed on or resent: found by its record, parsed again from its octets. */
#include "compose.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* ---- octets ---- */

struct unquoting {
    build_put *put;
    void *to;
    struct err *e;
    bool good;
};

static void put_unquoted(void *context, str octets)
{
    struct unquoting *u = context;
    u->good = u->good && u->put(u->to, octets, u->e);
}

struct span {
    struct mbox_unquote unquote;
    struct unquoting to;
};

static bool put_quoted(void *context, str octets, struct err *e)
{
    struct span *s = context;
    (void)e;
    mbox_unquote(&s->unquote, octets, put_unquoted, &s->to);
    return s->to.good;
}

static bool pour_span(const struct original *o, build_put *put, void *to, struct err *e)
{
    struct span s = {.unquote.format = o->format, .to = {put, to, e, true}};
    if (!pour_fd(o->fd, o->offset, o->length, put_quoted, &s, e))
        return false;
    mbox_unquote_end(&s.unquote, put_unquoted, &s.to);
    return s.to.good;
}

static bool pour_original(void *context, build_put *put, void *to, struct err *e)
{
    const struct original *o = context;
    if (o->fd < 0)
        return put(to, o->raw, e);
    return o->span ? pour_span(o, put, to, e) : pour_fd(o->fd, 0, -1, put, to, e);
}

/* ---- finding it ---- */

static bool decode_raw(arena *a, str raw, str *out, struct err *e)
{
    struct base64 d = {0};
    struct buf b = buf_new(a, raw.len / 4 * 3 + 4);
    base64_decode(&d, raw, &b);
    base64_end(&d, &b);
    *out = buf_str(&b);
    return !d.flags || err_set(e, ERR_INPUT, "record.raw", NULL, "raw of an email is not base64");
}

static bool find(struct compose *c, const struct email *m, struct original *o, struct err *e)
{
    str path = m->path;
    if (m->raw.len)
        return decode_raw(&c->message, m->raw, &o->raw, e);
    if (!path.len && m->blob_id.len == 64) {
        struct store *s = compose_store(c, e);
        if (!s)
            return e->class ? false : err_set(e, ERR_MISSING, "original.missing", "-s names the store that holds it",
                                              "there is no store that holds message %.*s", STR_ARG(m->blob_id));
        path = blob_path(&c->message, s, m->blob_id);
    }
    if (!path.len)
        return err_set(e, ERR_INPUT, "record.no-message", "it needs blobId, path or raw", "an email has neither blobId nor path nor raw");
    o->span = email_has(m, EMAIL_OFFSET) && email_has(m, EMAIL_LENGTH);
    o->offset = m->offset;
    o->length = m->length;
    if (o->span && m->format.len && !mbox_format_of(m->format, &o->format))
        return err_set(e, ERR_INPUT, "record.format", NULL, "%.*s: no such mbox format: %.*s", STR_ARG(path), STR_ARG(m->format));
    o->name = str_z(&c->message, path);
    o->fd = open(o->name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    return o->fd >= 0 || err_errno(e, ERR_MISSING, "file.open", NULL, "cannot open %s", o->name);
}

static bool feed(void *context, str octets, struct err *e)
{
    (void)e;
    mime_feed(context, octets);
    return true;
}

bool original_open(struct compose *c, const struct email *record, struct original *out, struct err *e)
{
    struct mime_options options = {.no_digests = true};
    *out = (struct original){.email = *record, .fd = -1, .source = {out, pour_original}};
    if (!find(c, record, out, e))
        return false;
    if (!c->mime)
        c->mime = mime_new();
    mime_begin(c->mime, &options);
    if (!pour_original(out, feed, c->mime, e)) {
        original_close(out);
        return false;
    }
    out->m = mime_end(c->mime);
    int64_t size = record->size;
    record_from_mime(&c->message, c->mime, out->m, &out->email);
    if (email_has(record, EMAIL_SIZE) && size != out->m->size) {
        original_close(out);
        return err_set(e, ERR_IO, "file.changed", "search for it again", "%s holds %lld octets, its record says %lld",
                       out->name ? out->name : "raw", (long long)out->m->size, (long long)size);
    }
    return true;
}

void original_close(struct original *o)
{
    if (o->fd >= 0)
        close(o->fd);
    o->fd = -1;
}

/* ---- its parts ---- */

struct part_of {
    struct original *original;
    str id;
};

/* One parser for all parts, since they are read one after the other. */
static bool pour_part(void *context, build_put *put, void *to, struct err *e)
{
    static struct mime *mime;
    const struct part_of *p = context;
    struct unquoting u = {put, to, e, true};
    struct mime_options options = {.no_digests = true, .max_text = 1, .part_id = p->id, .put = put_unquoted, .context = &u};
    if (!mime)
        mime = mime_new();
    mime_begin(mime, &options);
    if (!pour_original(p->original, feed, mime, e))
        return false;
    mime_end(mime);
    return u.good;
}

void original_enclose(arena *a, struct original *o, bool pictures, struct request *r)
{
    for (ptrdiff_t i = 0; i < o->m->n_parts; i++) {
        const struct mime_part *p = &o->m->part[i];
        if (!p->attachment || p->inner || r->n_enclosures == ENCLOSURES)
            continue;
        bool picture = pictures && p->cid.len && str_starts(p->type, S("image/"));
        struct part_of *part = ARENA_NEW(a, struct part_of);
        *part = (struct part_of){o, str_copy(a, p->id)};
        struct enclosure x = {.type = str_copy(a, p->type), .name = p->name, .cid = picture ? str_copy(a, p->cid) : STR_NONE, .is_inline = picture,
                              .fd = -1, .size = p->size, .source = {part, pour_part}};
        /* Names of others may hold anything; those of ours may not. */
        struct err e;
        if (!build_value_ok(x.name, "a name", &e) || x.name.len > BUILD_NAME)
            x.name = STR_NONE;
        x.name = str_copy(a, x.name);
        enclose(a, r, &x);
    }
}
