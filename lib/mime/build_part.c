/* A tree of parts: how each is encoded, and the writing of it. */
#include "mime/build.h"

#include "sys/sys.h"

#include <assert.h>

enum { CHUNK = 57 * 512 /* octets that become whole lines of base64 */ };

/* ---- what octets need ---- */

bool build_survey_put(void *to, str octets, struct err *e)
{
    struct build_survey *s = to;
    (void)e;
    s->octets += octets.len;
    for (ptrdiff_t i = 0; i < octets.len; i++) {
        unsigned char c = (unsigned char)octets.ptr[i];
        if ((s->after_cr && c != '\n') || (c < 32 && !strchr("\t\n\r", c)))
            s->odd = true;
        s->after_cr = c == '\r';
        s->high += c > 127;
        s->nul = s->nul || c == 0;
        s->line = c == '\n' ? 0 : s->line + 1;
        if (s->line > s->longest)
            s->longest = s->line;
    }
    return true;
}

static enum build_encoding text_encoding(const struct build_survey *s, const struct build_options *options)
{
    bool fits = s->longest <= BUILD_LINE_MAX - 8 && !s->nul && !s->odd;
    if (fits && !s->high)
        return BUILD_7BIT;
    if (fits && options->eight_bit && !options->seven_bit)
        return BUILD_8BIT;
    return s->high * 6 > s->octets ? BUILD_BASE64 : BUILD_QP;
}

static str boundary(arena *a)
{
    unsigned char random[12];
    sys_clock.random(random, sizeof random);
    struct buf b = buf_new(a, 32);
    buf_put(&b, S("=_")); /* RFC2045-6.7: stands in no quoted-printable or base64 text */
    for (size_t i = 0; i < sizeof random; i++)
        buf_fmt(&b, "%02x", random[i]);
    return buf_str(&b);
}

static bool is_message(const struct build_part *p) { return str_eq(p->type, S("message/rfc822")); }

static bool plan_message(arena *a, struct build_part *p, const struct build_options *options, struct err *e)
{
    struct build_survey s = {0};
    if (!p->source.pour(p->source.context, build_survey_put, &s, e))
        return false;
    bool lines = s.longest <= BUILD_LINE_MAX + 1 && !s.nul;
    p->encoding = s.high ? BUILD_8BIT : BUILD_7BIT;
    if (lines && !(s.high && options->seven_bit))
        return true;
    /* RFC2046-5.2.1 allows a message no encoding that would make it plain. */
    p->long_lines = !lines;
    p->type = S("application/octet-stream");
    p->name = p->name.len ? p->name : str_copy(a, S("message.eml"));
    p->encoding = BUILD_BASE64;
    return true;
}

static bool plan(arena *a, struct build_part *p, const struct build_options *options, int depth, struct err *e)
{
    assert(depth < BUILD_DEPTH);
    if (p->child) {
        p->boundary = boundary(a);
        p->encoding = BUILD_7BIT;
        for (struct build_part *c = p->child; c; c = c->next) {
            if (!plan(a, c, options, depth + 1, e))
                return false;
            if (c->encoding == BUILD_8BIT)
                p->encoding = BUILD_8BIT; /* RFC2045-6.4: a multipart is what is in it */
        }
        return true;
    }
    if (p->source.pour && is_message(p))
        return plan_message(a, p, options, e);
    p->encoding = BUILD_BASE64;
    if (!p->source.pour) {
        struct build_survey s = {0};
        build_survey_put(&s, p->content, e);
        p->encoding = text_encoding(&s, options);
        /* An escape in a text that calls itself ASCII would be taken for ISO-2022. */
        p->charset = s.high || s.odd ? S("utf-8") : S("us-ascii");
    }
    return true;
}

bool build_plan(arena *a, struct build_part *root, const struct build_options *options, struct err *e) { return plan(a, root, options, 0, e); }

bool build_is_8bit(const struct build_part *root) { return root->encoding == BUILD_8BIT; }

/* ---- fields of a part ---- */

static void put_fields(const struct build_part *p, struct buf *to)
{
    static const char *const names[] = {"7bit", "8bit", "quoted-printable", "base64"};
    buf_put(to, S("Content-Type: "));
    buf_put(to, p->type);
    if (p->boundary.len)
        buf_fmt(to, ";\r\n boundary=\"%.*s\"", STR_ARG(p->boundary));
    if (p->charset.len && str_starts(p->type, S("text/")))
        buf_fmt(to, "; charset=%.*s", STR_ARG(p->charset));
    if (p->name.len)
        codec_param_put(to, S("name"), p->name);
    buf_fmt(to, "\r\nContent-Transfer-Encoding: %s\r\n", names[p->encoding]);
    if (p->disposition.len) {
        buf_fmt(to, "Content-Disposition: %.*s", STR_ARG(p->disposition));
        if (p->name.len)
            codec_param_put(to, S("filename"), p->name);
        buf_put(to, S("\r\n"));
    }
    if (p->cid.len)
        buf_fmt(to, "Content-ID: <%.*s>\r\n", STR_ARG(p->cid));
}

/* ---- bodies ---- */

struct writer {
    build_put *put;
    void *to;
    struct buf chunk; /* encoded octets */
    char held[CHUNK]; /* of base64, less than a chunk */
    int n_held;
    bool in_line;
};

static bool flush_chunk(struct writer *w, struct err *e)
{
    str octets = buf_str(&w->chunk);
    w->chunk.len = 0;
    return !octets.len || w->put(w->to, octets, e);
}

static bool put_base64(void *to, str octets, struct err *e)
{
    struct writer *w = to;
    while (octets.len) {
        str part = str_first(octets, CHUNK - w->n_held);
        memcpy(w->held + w->n_held, part.ptr, (size_t)part.len);
        w->n_held += (int)part.len;
        octets = str_skip(octets, part.len);
        if (w->n_held < CHUNK)
            break;
        w->n_held = 0;
        base64_encode(str_of(w->held, CHUNK), 76, &w->chunk);
        if (!flush_chunk(w, e))
            return false;
    }
    return true;
}

bool build_lines_put(void *lines, str octets, struct err *e)
{
    struct build_lines *l = lines;
    while (octets.len) {
        ptrdiff_t n = 0;
        while (n < octets.len && octets.ptr[n] != '\r' && octets.ptr[n] != '\n')
            n++;
        if (n && !l->put(l->to, str_first(octets, n), e))
            return false;
        l->in_line = l->in_line || n;
        l->after_cr = l->after_cr && !n;
        octets = str_skip(octets, n);
        if (!octets.len)
            break;
        bool ends = !(octets.ptr[0] == '\n' && l->after_cr);
        if (ends && !l->put(l->to, S("\r\n"), e))
            return false;
        l->after_cr = octets.ptr[0] == '\r';
        l->in_line = false;
        octets = str_skip(octets, 1);
    }
    return true;
}

static bool put_chunk(void *to, str octets, struct err *e)
{
    struct writer *w = to;
    buf_put(&w->chunk, octets);
    return w->chunk.len <= CHUNK || flush_chunk(w, e);
}

static bool pour(const struct build_part *p, build_put *put, void *to, struct err *e)
{
    return p->source.pour ? p->source.pour(p->source.context, put, to, e) : put(to, p->content, e);
}

static bool put_body(struct writer *w, const struct build_part *p, struct err *e)
{
    w->n_held = 0;
    w->in_line = false;
    struct build_lines lines = {.put = put_chunk, .to = w};
    if (p->encoding == BUILD_BASE64) {
        if (!pour(p, put_base64, w, e))
            return false;
        base64_encode(str_of(w->held, w->n_held), 76, &w->chunk);
        w->n_held = 0;
    } else if (p->encoding == BUILD_QP) {
        qp_encode(p->content, &w->chunk);
        w->in_line = !str_ends(p->content, S("\n"));
    } else if (!pour(p, build_lines_put, &lines, e)) {
        return false;
    } else {
        w->in_line = lines.in_line;
    }
    return flush_chunk(w, e);
}

static bool put_part(struct writer *w, const struct build_part *p, struct err *e)
{
    buf_put(&w->chunk, S("\r\n"));
    if (!p->child)
        return flush_chunk(w, e) && put_body(w, p, e);
    for (const struct build_part *c = p->child; c; c = c->next) {
        buf_fmt(&w->chunk, "%s--%.*s\r\n", c == p->child ? "" : "\r\n", STR_ARG(p->boundary));
        put_fields(c, &w->chunk);
        if (!put_part(w, c, e))
            return false;
    }
    buf_fmt(&w->chunk, "\r\n--%.*s--", STR_ARG(p->boundary));
    w->in_line = true;
    return true;
}

bool build_write(arena *a, const struct build_part *root, str fields, build_put *put, void *to, struct err *e)
{
    struct writer *w = ARENA_NEW(a, struct writer);
    w->put = put;
    w->to = to;
    w->chunk = buf_new(a, 3 * CHUNK);
    buf_put(&w->chunk, fields);
    buf_put(&w->chunk, S("MIME-Version: 1.0\r\n"));
    put_fields(root, &w->chunk);
    if (!put_part(w, root, e))
        return false;
    if (w->in_line)
        buf_put(&w->chunk, S("\r\n"));
    return flush_chunk(w, e);
}
