#include "mime/parser.h"

#include "mime/find.h"

#include <assert.h>

enum {
    KEEP_SIZE = 256 << 20, /* addresses, not memory */
    JUNK_TRIES = 8,        /* lines without a colon that are tried as the end of a header */
    HASH_STEP = 1 << 16    /* octets that are hashed, then parsed, while they are in the cache */
};

static void eat(struct mime *m, str octets);

/* ---- one for each thread ---- */

struct mime *mime_new(void)
{
    arena run = arena_new(1 << 20);
    struct mime *m = ARENA_NEW(&run, struct mime);
    m->run = run;
    m->keep = arena_new(KEEP_SIZE);
    m->head = arena_new(KEEP_SIZE);
    m->replay = arena_new(KEEP_SIZE);
    m->text_mem = arena_new(KEEP_SIZE);
    m->html_mem = arena_new(KEEP_SIZE);
    m->charsets = charsets_new(&m->run);
    m->decoded = buf_new(&m->run, STEP + 256);
    return m;
}

struct charsets *mime_charsets(struct mime *m) { return m->charsets; }

int64_t mime_size(const struct mime *m) { return m->result.size; }

ptrdiff_t mime_held(const struct mime *m)
{
    return (m->keep.next - m->keep.base) + (m->head.next - m->head.base) + m->text.cap + m->html.cap;
}

void mime_defect(struct mime *m, str code, int64_t offset)
{
    struct mime_message *r = &m->result;
    if (r->n_defects == MIME_DEFECTS)
        return;
    if (r->n_defects == m->cap_defects) {
        ptrdiff_t cap = m->cap_defects ? m->cap_defects * 2 : 8;
        size_t size = sizeof *r->defect;
        r->defect = arena_grow(&m->keep, r->defect, (size_t)m->cap_defects * size, (size_t)cap * size, _Alignof(struct mime_defect));
        m->cap_defects = cap;
    }
    r->defect[r->n_defects++] = (struct mime_defect){code, offset};
}

void mime_note(struct mime *m, unsigned flags, int64_t offset)
{
    static const struct {
        unsigned flag;
        str code;
    } table[] = {
        {CHARSET_UNKNOWN, {"charset.unknown", 15}}, {CHARSET_INVALID, {"charset.invalid", 15}},
        {CODEC_BASE64, {"codec.base64", 12}},       {CODEC_QP, {"codec.qp", 8}},
        {CODEC_UU, {"codec.uu", 8}},                {CODEC_WORD, {"codec.word", 10}},
        {CODEC_PARAM, {"codec.param", 11}},         {CODEC_8BIT, {"header.8bit", 11}},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (flags & table[i].flag)
            mime_defect(m, table[i].code, offset);
}

/* ---- begin and end ---- */

static void begin_header(struct mime *m)
{
    bool first = m->result.n_parts == 0;
    if (!first)
        arena_reset(&m->head);
    m->header = buf_new(first ? &m->keep : &m->head, 4096);
    m->in_header = true;
    m->line = 0;
    m->junk = 0;
    m->after_junk = false;
    m->header_at = m->offset;
}

void mime_begin(struct mime *m, const struct mime_options *options)
{
    if (m->running) /* the digests must be ended */
        mime_end(m);
    m->running = true;
    arena_reset(&m->keep);
    arena_reset(&m->head);
    arena_reset(&m->replay);
    arena_reset(&m->text_mem);
    arena_reset(&m->html_mem);
    m->options = *options;
    m->result = (struct mime_message){0};
    m->cap_parts = m->cap_defects = 0;
    m->parts_full = m->text_full = m->html_full = m->has_html = false;
    m->text = (struct buf){.mem = &m->text_mem};
    m->html = (struct buf){.mem = &m->html_mem};
    m->offset = 0;
    m->n_held = 0;
    m->depth = 0;
    m->tap_depth = -1;
    m->leaf.use = m->tap.use = SINK_NONE;
    m->leaf.copy = m->tap.copy = NULL;
    m->report = (struct report){0};
    if (options->digest && !m->whole)
        m->whole = sha256_new(&m->run);
    begin_header(m);
}

/* ---- headers ---- */

/* The header is text[0..length]; what was collected behind it is body. */
static void end_header(struct mime *m)
{
    struct header parsed, *h = m->result.n_parts ? &parsed : &m->root;
    str text = buf_str(&m->header);
    header_parse(m->header.mem, text, true, h);
    for (ptrdiff_t i = 0; i < h->n_defects; i++)
        mime_defect(m, str_c(h->defect[i].code), m->header_at + h->defect[i].offset);
    m->in_header = false;
    m->line_start = true;
    if (m->tap_depth >= 0)
        sink_put(m, &m->tap, str_first(text, h->length));
    int64_t end = m->offset;
    m->offset = m->header_at + h->length;
    str behind = str_skip(text, h->length);
    char *mark = m->replay.next;
    if (behind.len) /* the arena of the header is used again by the next one */
        behind = str_copy(&m->replay, behind);
    part_begin(m, h);
    if (m->in_header)
        begin_header(m);
    if (behind.len)
        eat(m, behind);
    m->replay.next = mark;
    assert(m->offset == end);
}

/* A line that may end the header by itself, because fields do not look so: the line behind it tells. */
static bool is_junk(str line)
{
    if (!line.len || line.ptr[0] == ' ' || line.ptr[0] == '\t')
        return false;
    return str_find_byte(line, ':') < 1;
}

static bool junk_ends_header(struct mime *m)
{
    struct header h;
    arena scratch = *m->header.mem;
    return m->junk++ < JUNK_TRIES && header_parse(&scratch, buf_str(&m->header), false, &h);
}

static bool boundary_line(struct mime *m, str line);

/* Takes one line, or the part of it that is there. */
static str header_line(struct mime *m, str in)
{
    ptrdiff_t n = find_next_line(in, 0), room = MIME_HEADER - m->header.len;
    bool whole = in.ptr[n - 1] == '\n';
    if (n > room)
        n = room, whole = false;
    buf_put(&m->header, str_first(in, n));
    m->offset += n;
    in = str_skip(in, n);
    if (m->header.len == MIME_HEADER) {
        mime_defect(m, S("header.long"), m->offset);
        end_header(m);
        return in;
    }
    if (!whole)
        return in;
    str line = str_skip(buf_str(&m->header), m->line);
    if (m->depth && str_starts(line, S("--"))) {
        char copy[BOUNDARY_LINE];
        m->header.len = m->line; /* not of the header if it is a boundary */
        if (line.len <= BOUNDARY_LINE) {
            memcpy(copy, line.ptr, (size_t)line.len);
            if (boundary_line(m, str_of(copy, line.len)))
                return in;
        }
        m->header.len += line.len;
    }
    m->line = m->header.len;
    bool ask = m->after_junk;
    m->after_junk = is_junk(line);
    if (str_eq(line, S("\n")) || str_eq(line, S("\r\n")) || (ask && junk_ends_header(m)))
        end_header(m);
    return in;
}

/* ---- boundaries ---- */

/* The innermost open multipart whose boundary this line is; -1: none. */
static int match_boundary(const struct mime *m, str line, bool *last)
{
    str name = str_skip(str_trim_right(line), 2);
    for (int i = m->depth - 1; i >= 0; i--) {
        str b = m->level[i].boundary;
        if (!b.ptr || !str_starts(name, b))
            continue;
        str rest = str_skip(name, b.len);
        *last = str_eq(rest, S("--"));
        if (!rest.len || *last)
            return i;
    }
    return -1;
}

/* Multiparts from this level on have not seen their end. */
static void note_open(struct mime *m, int depth, int64_t offset)
{
    for (int i = depth; i < m->depth; i++)
        if (m->level[i].boundary.ptr) {
            mime_defect(m, S("mime.no-end"), offset);
            return;
        }
}

static void close_levels(struct mime *m, int depth, bool boundary)
{
    sink_close(m, &m->leaf, boundary);
    if (m->tap_depth >= depth) {
        sink_close(m, &m->tap, boundary);
        m->tap_depth = -1;
    }
    m->depth = depth;
}

/* The line stands behind m->offset already. False where it is no boundary; then nothing has changed. */
static bool boundary_line(struct mime *m, str line)
{
    bool last = false;
    int i = match_boundary(m, line, &last);
    if (i < 0)
        return false;
    int64_t behind = m->offset;
    if (m->in_header) {
        m->offset -= line.len;
        mime_defect(m, S("mime.no-body"), m->offset);
        do
            end_header(m);
        while (m->in_header);
    }
    m->offset = behind;
    note_open(m, i + 1, behind - line.len);
    close_levels(m, i + 1, true);
    if (m->tap_depth >= 0)
        sink_put(m, &m->tap, line);
    m->line_start = true;
    if (last)
        m->depth = i;
    else
        begin_header(m);
    return true;
}

/* ---- bodies ---- */

static void put_body(struct mime *m, str octets)
{
    sink_put(m, &m->leaf, octets);
    if (m->tap_depth >= 0)
        sink_put(m, &m->tap, octets);
}

/* A line that begins with "-" and whose end had not come; it ends now, or turns out to be no boundary. */
static str held_line(struct mime *m, str in)
{
    ptrdiff_t n = find_next_line(in, 0), room = BOUNDARY_LINE - m->n_held;
    if (n > room)
        n = room;
    memcpy(m->held + m->n_held, in.ptr, (size_t)n);
    m->n_held += n;
    m->offset += n;
    bool whole = n > 0 && in.ptr[n - 1] == '\n';
    if (!whole && m->n_held < BOUNDARY_LINE && (m->n_held < 2 || m->held[1] == '-'))
        return str_skip(in, n);
    str line = str_of(m->held, m->n_held);
    m->n_held = 0;
    if (!whole || !str_starts(line, S("--")) || !boundary_line(m, line)) {
        put_body(m, line);
        m->line_start = whole;
    }
    return str_skip(in, n);
}

/* Octets up to the next line that begins with "-"; that line. */
static str body_lines(struct mime *m, str in)
{
    ptrdiff_t at = 0;
    if (m->depth && !(m->line_start && in.ptr[0] == '-'))
        at = find_line(in, 0, '-');
    if (!m->depth || at < 0)
        at = in.len;
    if (at) {
        put_body(m, str_first(in, at));
        m->offset += at;
        m->line_start = in.ptr[at - 1] == '\n';
        return str_skip(in, at);
    }
    return held_line(m, in);
}

static void eat(struct mime *m, str in)
{
    while (in.len) {
        if (m->in_header)
            in = header_line(m, in);
        else if (m->n_held)
            in = held_line(m, in);
        else
            in = body_lines(m, in);
    }
}

void mime_feed(struct mime *m, str octets)
{
    m->result.size += octets.len;
    while (octets.len) {
        str step = str_first(octets, HASH_STEP);
        if (m->options.digest)
            sha256_put(m->whole, step);
        eat(m, step);
        octets = str_skip(octets, step.len);
    }
}

static str hex_copy(arena *a, struct sha256 *h)
{
    char hex[65];
    sha256_end(h, hex);
    return str_copy(a, str_of(hex, 64));
}

const struct mime_message *mime_end(struct mime *m)
{
    if (m->n_held) {
        str line = str_of(m->held, m->n_held);
        m->n_held = 0;
        if (!str_starts(line, S("--")) || !boundary_line(m, line))
            put_body(m, line);
    }
    while (m->in_header) /* a message/rfc822 part may have another one inside */
        end_header(m);
    note_open(m, 0, m->offset);
    close_levels(m, 0, false);
    m->running = false;
    struct mime_message *r = &m->result;
    r->header = m->root;
    if (m->options.digest)
        r->sha256 = hex_copy(&m->keep, m->whole);
    result_text(m);
    r->structure = result_structure(m);
    r->bounce = report_read(&m->report, &m->keep, m->charsets, r);
    return r;
}
