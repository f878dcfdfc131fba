#include "mime/parser.h"

/* What the header of a part says about it; texts live as long as the header. */
struct said {
    str type, disposition, name, charset, boundary, cid;
    enum transfer_encoding encoding;
};

static int64_t field_at(const struct mime *m, const struct field *f) { return f ? m->header_at + f->offset : -1; }

static bool in_digest(const struct mime *m)
{
    if (!m->depth)
        return false;
    return str_eq(m->result.part[m->level[m->depth - 1].part].type, S("multipart/digest"));
}

static void read_type(struct mime *m, const struct header *h, struct said *out)
{
    unsigned flags = 0;
    const struct field *f = header_first(h, HEADER_CONTENT_TYPE);
    out->type = in_digest(m) ? S("message/rfc822") : S("text/plain"); /* RFC2045-5.2, RFC2046-5.1.5 */
    if (!f)
        return;
    struct header_value v;
    header_content_type(m->header.mem, m->charsets, f->body, &v, &flags);
    if (v.value.len)
        out->type = v.value;
    else
        mime_defect(m, S("mime.type"), field_at(m, f));
    out->charset = param_get(&v.params, S("charset"));
    out->boundary = str_trim_right(param_get(&v.params, S("boundary")));
    out->name = param_get(&v.params, S("name"));
    mime_note(m, flags, field_at(m, f));
}

static void read_disposition(struct mime *m, const struct header *h, struct said *out)
{
    unsigned flags = 0;
    const struct field *f = header_first(h, HEADER_CONTENT_DISPOSITION);
    if (!f)
        return;
    struct header_value v;
    header_disposition(m->header.mem, m->charsets, f->body, &v, &flags);
    out->disposition = v.value;
    str name = param_get(&v.params, S("filename"));
    if (name.len)
        out->name = name;
    mime_note(m, flags, field_at(m, f));
}

static void read_rest(struct mime *m, const struct header *h, struct said *out)
{
    const struct field *f = header_first(h, HEADER_CONTENT_TRANSFER_ENCODING);
    out->encoding = f ? header_transfer_encoding(f->body) : ENCODING_7BIT;
    if (out->encoding == ENCODING_UNKNOWN)
        mime_defect(m, S("mime.encoding"), field_at(m, f));
    str id = str_trim(header_unfold(m->header.mem, header_body(h, HEADER_CONTENT_ID)));
    if (str_starts(id, S("<")) && str_ends(id, S(">")))
        id = str_slice(id, 1, id.len - 1);
    out->cid = id;
}

/* A copy that outlives the header, cut at MIME_NAME. */
static str keep(struct mime *m, str s, int64_t offset)
{
    if (!s.len)
        return STR_NONE;
    if (s.len > MIME_NAME)
        mime_defect(m, S("mime.name"), offset);
    return str_copy(&m->keep, utf8_first(s, MIME_NAME));
}

static str part_number(struct mime *m, int32_t i)
{
    const struct mime_part *p = m->result.part;
    char text[MIME_DEPTH * 12 + 16];
    int at = sizeof text;
    /* A multipart that is the message, or the body of one, adds no number of its own (RFC3501-6.4.5). */
    for (; i >= 0; i = p[i].parent) {
        int32_t up = p[i].parent;
        bool root = up < 0 || p[up].kind == MIME_MESSAGE;
        if (root && p[i].kind == MIME_MULTIPART)
            continue;
        int32_t n = root ? 1 : p[i].number;
        if (at < (int)sizeof text)
            text[--at] = '.';
        do
            text[--at] = (char)('0' + n % 10);
        while (n /= 10);
    }
    return str_copy(&m->keep, str_of(text + at, (ptrdiff_t)sizeof text - at));
}

static struct mime_part *add_part(struct mime *m, const struct said *said)
{
    struct mime_message *r = &m->result;
    if (r->n_parts == m->cap_parts) {
        ptrdiff_t cap = m->cap_parts ? m->cap_parts * 2 : 8;
        size_t size = sizeof *r->part;
        r->part = arena_grow(&m->keep, r->part, (size_t)m->cap_parts * size, (size_t)cap * size, _Alignof(struct mime_part));
        m->cap_parts = cap;
    }
    struct mime_part *p = &r->part[r->n_parts++];
    struct level *up = m->depth ? &m->level[m->depth - 1] : NULL;
    *p = (struct mime_part){
        .parent = up ? up->part : -1,
        .number = up ? ++up->children : 1,
        .inner = m->tap_depth >= 0,
        .type = keep(m, said->type, m->header_at),
        .name = keep(m, said->name, m->header_at),
        .disposition = keep(m, said->disposition, m->header_at),
        .cid = keep(m, said->cid, m->header_at),
    };
    return p;
}

static bool push(struct mime *m, str boundary, int32_t part)
{
    if (m->depth == MIME_DEPTH) {
        mime_defect(m, S("mime.depth"), m->header_at);
        return false;
    }
    m->level[m->depth++] = (struct level){.boundary = boundary, .part = part};
    return true;
}

static void begin_multipart(struct mime *m, str boundary, int32_t part)
{
    m->result.part[part].kind = MIME_MULTIPART;
    if (!boundary.len || boundary.len > MIME_BOUNDARY)
        mime_defect(m, S("mime.boundary"), m->header_at);
    else
        push(m, str_copy(&m->keep, boundary), part);
    struct buf *preamble = report_preamble(&m->report, &m->keep);
    if (preamble)
        sink_open(m, &m->leaf, SINK_NONE, part, ENCODING_7BIT);
    m->leaf.copy = preamble;
}

static bool opens(str type)
{
    return str_eq(type, S("message/rfc822")) || str_eq(type, S("message/global")) || str_eq(type, S("message/news"));
}

static bool is_wanted(struct mime *m, int32_t part)
{
    const struct mime_options *o = &m->options;
    struct mime_part *p = &m->result.part[part];
    if (!o->put)
        return false;
    str id = o->part_id.len ? part_number(m, part) : p->id;
    if (o->part_id.len ? !str_eq(id, o->part_id) : !p->attachment)
        return false;
    p->id = id;
    if (o->next)
        o->next(o->context, p);
    return true;
}

static void begin_message(struct mime *m, enum transfer_encoding encoding, int32_t part)
{
    int depth = m->depth;
    if (!push(m, STR_NONE, part))
        return;
    m->result.part[part].kind = MIME_MESSAGE;
    m->in_header = true;
    /* A message that is nothing but another message: what is inside is what a person reads. */
    if (m->tap_depth >= 0 || part == 0)
        return;
    m->result.part[part].attachment = true;
    m->result.part[part].id = part_number(m, part);
    sink_open(m, &m->tap, SINK_DIGEST, part, encoding);
    m->tap.wanted = is_wanted(m, part);
    m->tap_depth = depth;
}

static enum sink_use use_of_text(struct mime *m, str type)
{
    if (str_eq(type, S("text/plain"))) {
        m->result.text_parts++;
        if (m->text.len && m->text.ptr[m->text.len - 1] != '\n')
            buf_byte(&m->text, '\n');
        return SINK_TEXT;
    }
    if (!str_eq(type, S("text/html")) || m->has_html)
        return SINK_NONE;
    m->has_html = true;
    return SINK_HTML;
}

static void begin_leaf(struct mime *m, const struct said *said, int32_t part)
{
    struct mime_part *p = &m->result.part[part];
    enum sink_use use = SINK_NONE;
    if (!p->inner) {
        p->attachment = str_eq(p->disposition, S("attachment")) || p->name.len || !str_starts(p->type, S("text/"));
        use = p->attachment ? SINK_DIGEST : use_of_text(m, p->type);
    }
    if (p->attachment)
        p->id = part_number(m, part);
    sink_open(m, &m->leaf, use, part, said->encoding);
    m->leaf.wanted = is_wanted(m, part);
    m->leaf.copy = report_leaf(&m->report, &m->keep, p);
    if (use == SINK_TEXT || use == SINK_HTML)
        charset_begin(&m->leaf.charset, m->charsets, said->charset);
}

void part_begin(struct mime *m, const struct header *h)
{
    if (m->result.n_parts == MIME_PARTS) {
        if (!m->parts_full)
            mime_defect(m, S("mime.parts"), m->header_at);
        m->parts_full = true;
        return;
    }
    struct said said = {0};
    read_type(m, h, &said);
    read_disposition(m, h, &said);
    read_rest(m, h, &said);
    int32_t part = (int32_t)m->result.n_parts;
    str type = add_part(m, &said)->type;
    report_part(&m->report, &m->keep, m->result.part, part, h, m->header.ptr);
    if (str_starts(type, S("multipart/")))
        begin_multipart(m, said.boundary, part);
    else if (opens(type))
        begin_message(m, said.encoding, part);
    else
        begin_leaf(m, &said, part);
}
