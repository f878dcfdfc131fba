#include "mime/html.h"
#include "mime/parser.h"

/* Lines end with LF; the buffer is the parser's own. */
static str with_lf(struct buf *b)
{
    char *from = b->len ? memchr(b->ptr, '\r', (size_t)b->len) : NULL;
    if (!from)
        return buf_str(b);
    ptrdiff_t to = from - b->ptr;
    for (ptrdiff_t i = to; i < b->len; i++)
        if (b->ptr[i] != '\r' || i + 1 == b->len || b->ptr[i + 1] != '\n')
            b->ptr[to++] = b->ptr[i];
    b->len = to;
    return buf_str(b);
}

static str finish(struct mime *m, struct buf *b, bool *cut)
{
    *cut = b->len > max_text(m);
    if (*cut)
        b->len = utf8_first(buf_str(b), (ptrdiff_t)max_text(m)).len;
    return with_lf(b);
}

void result_text(struct mime *m)
{
    struct mime_message *r = &m->result;
    if (m->has_html)
        r->html = finish(m, &m->html, &r->html_cut);
    if (r->text_parts) {
        r->text = finish(m, &m->text, &r->text_cut);
    } else if (m->has_html) {
        ptrdiff_t limit = (ptrdiff_t)max_text(m);
        r->text = html_to_text(&m->keep, r->html, limit);
        r->text_cut = r->html_cut || r->text.len >= limit;
        r->text_from_html = true;
        r->text_parts = 1;
    }
}

str result_structure(struct mime *m)
{
    const struct mime_message *r = &m->result;
    struct buf b = buf_new(&m->keep, 64);
    int32_t open = -1; /* the container that is not closed yet */
    for (int32_t i = 0; i < r->n_parts; i++) {
        const struct mime_part *p = &r->part[i];
        for (; open != p->parent; open = r->part[open].parent)
            buf_byte(&b, ')');
        if (p->number > 1)
            buf_byte(&b, ',');
        buf_put(&b, p->type);
        if (p->kind == MIME_LEAF)
            continue;
        buf_byte(&b, '(');
        open = i;
    }
    for (; open >= 0; open = r->part[open].parent)
        buf_byte(&b, ')');
    return buf_str(&b);
}
