#include "mime/parser.h"

void sink_open(struct mime *m, struct sink *s, enum sink_use use, int32_t part, enum transfer_encoding encoding)
{
    *s = (struct sink){.use = use, .part = part, .encoding = encoding, .offset = m->offset};
    if (use == SINK_DIGEST && !m->options.no_digests && !m->part_hash)
        m->part_hash = sha256_new(&m->run);
}

/* Decoded octets, as far as the text may grow; in charset_put's own time the buffer has what it needs. */
static void put_text(struct mime *m, struct sink *s, str octets)
{
    struct buf *to = s->use == SINK_TEXT ? &m->text : &m->html;
    bool *full = s->use == SINK_TEXT ? &m->text_full : &m->html_full;
    while (octets.len && !*full) {
        str step = str_first(octets, STEP);
        charset_put(&s->charset, step, to);
        *full = to->len > max_text(m);
        octets = str_skip(octets, step.len);
    }
}

static void put_decoded(struct mime *m, struct sink *s, str octets)
{
    if (!octets.len)
        return;
    s->size += octets.len;
    if (s->use == SINK_TEXT || s->use == SINK_HTML)
        put_text(m, s, octets);
    else if (s->use == SINK_DIGEST && !m->options.no_digests)
        sha256_put(m->part_hash, octets);
    if (s->wanted)
        m->options.put(m->options.context, octets);
    if (s->copy)
        report_put(s->copy, octets);
}

static void decode(struct mime *m, struct sink *s, str octets)
{
    while (octets.len) {
        str step = str_first(octets, STEP);
        octets = str_skip(octets, step.len);
        m->decoded.len = 0;
        switch (s->encoding) {
        case ENCODING_BASE64: base64_decode(&s->decoder.base64, step, &m->decoded); break;
        case ENCODING_QP: qp_decode(&s->decoder.qp, step, &m->decoded); break;
        case ENCODING_UU: uu_decode(&s->decoder.uu, step, &m->decoded); break;
        default: put_decoded(m, s, step); continue;
        }
        put_decoded(m, s, buf_str(&m->decoded));
    }
}

static bool is_idle(const struct mime *m, const struct sink *s)
{
    if (s->wanted || s->copy)
        return false;
    return s->use == SINK_NONE || (s->use == SINK_TEXT && m->text_full) || (s->use == SINK_HTML && m->html_full);
}

static void flush_held(struct mime *m, struct sink *s)
{
    int n = s->n_held;
    s->n_held = 0;
    decode(m, s, str_of(s->held, n));
}

void sink_put(struct mime *m, struct sink *s, str octets)
{
    if (!octets.len || is_idle(m, s))
        return;
    if (s->n_held == 1 && s->held[0] == '\r' && octets.ptr[0] == '\n') {
        s->held[s->n_held++] = '\n';
        octets = str_skip(octets, 1);
        if (!octets.len)
            return;
    }
    flush_held(m, s);
    ptrdiff_t keep = octets.len;
    if (octets.ptr[keep - 1] == '\n')
        keep -= keep > 1 && octets.ptr[keep - 2] == '\r' ? 2 : 1;
    else if (octets.ptr[keep - 1] == '\r')
        keep--;
    decode(m, s, str_first(octets, keep));
    s->n_held = (int)(octets.len - keep);
    memcpy(s->held, octets.ptr + keep, (size_t)s->n_held);
}

static void end_decoder(struct mime *m, struct sink *s)
{
    m->decoded.len = 0;
    switch (s->encoding) {
    case ENCODING_BASE64: base64_end(&s->decoder.base64, &m->decoded); s->flags |= s->decoder.base64.flags; break;
    case ENCODING_QP: qp_end(&s->decoder.qp, &m->decoded); s->flags |= s->decoder.qp.flags; break;
    case ENCODING_UU: uu_end(&s->decoder.uu, &m->decoded); s->flags |= s->decoder.uu.flags; break;
    default: break;
    }
    put_decoded(m, s, buf_str(&m->decoded));
}

static void end_text(struct mime *m, struct sink *s, struct buf *to, bool *full)
{
    if (!*full)
        charset_end(&s->charset, to);
    *full = to->len > max_text(m);
    s->flags |= s->charset.flags;
}

void sink_close(struct mime *m, struct sink *s, bool boundary)
{
    if (s->use == SINK_NONE && !s->wanted && !s->copy)
        return;
    if (!boundary)
        flush_held(m, s);
    end_decoder(m, s);
    if (s->use == SINK_TEXT)
        end_text(m, s, &m->text, &m->text_full);
    if (s->use == SINK_HTML)
        end_text(m, s, &m->html, &m->html_full);
    if (s->use == SINK_DIGEST) {
        struct mime_part *part = &m->result.part[s->part];
        part->size = s->size;
        if (!m->options.no_digests) {
            char hex[65];
            sha256_end(m->part_hash, hex);
            part->sha256 = str_copy(&m->keep, str_of(hex, 64));
        }
    }
    mime_note(m, s->flags, s->offset);
    s->use = SINK_NONE;
    s->wanted = false;
    s->copy = NULL;
}
