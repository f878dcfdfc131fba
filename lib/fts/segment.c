/* A leaf: two octets where its first rowid stands, if that is before its first term; two octets where its footer begins; terms and
 * doclists; the footer with the places of its terms, each as the distance from the one before. */
#include "fts/segment.h"

#include "fts/octets.h"
#include "fts/varint.h"

enum {
    LEAF_OCTETS = 4050, /* as FTS5's pgsz: with its row it fills a page of the database */
    LEAF_HEAD = 4,
    MAIN_INDEX = '0', /* before each term; other octets are those of prefix indexes */
    TERM_OCTETS = FTS_TOKEN_MAX + 1,
    SLACK = TERM_OCTETS + 4 * VARINT_MAX /* a leaf of one term may be longer */
};

struct segment {
    const struct fts_sink *sink;
    int64_t page;
    ptrdiff_t len, footer_len;
    ptrdiff_t last_term; /* its place on the page */
    bool has_term, has_rowid; /* the page */
    ptrdiff_t term_len;
    unsigned char leaf[LEAF_OCTETS + SLACK + LEAF_OCTETS + VARINT_MAX]; /* and in the end its footer */
    unsigned char footer[LEAF_OCTETS + VARINT_MAX];
    char term[TERM_OCTETS]; /* the last one */
};

static void begin_leaf(struct segment *s)
{
    s->page++;
    memset(s->leaf, 0, LEAF_HEAD);
    s->len = LEAF_HEAD;
    s->footer_len = s->last_term = 0;
    s->has_term = s->has_rowid = false;
}

struct segment *segment_begin(arena *a, const struct fts_sink *sink)
{
    struct segment *s = arena_alloc(a, sizeof *s, _Alignof(struct segment));
    s->sink = sink;
    s->page = 0;
    s->term_len = 0;
    begin_leaf(s);
    return s;
}

static void put_u16(unsigned char *to, ptrdiff_t n)
{
    to[0] = (unsigned char)(n >> 8);
    to[1] = (unsigned char)n;
}

static bool end_leaf(struct segment *s)
{
    put_u16(s->leaf + 2, s->len);
    memcpy(s->leaf + s->len, s->footer, (size_t)s->footer_len);
    bool good = s->sink->leaf(s->sink->context, s->page, str_of((const char *)s->leaf, s->len + s->footer_len));
    begin_leaf(s);
    return good;
}

static ptrdiff_t room(const struct segment *s) { return LEAF_OCTETS - s->len - s->footer_len; }

static void put(struct segment *s, const void *octets, ptrdiff_t n)
{
    octets_copy(s->leaf + s->len, octets, (size_t)n);
    s->len += n;
}

static void put_varint(struct segment *s, uint64_t n) { s->len += varint_put(s->leaf + s->len, n); }

/* ---- terms --------------------------------------------------------------------------------------------------------- */

static ptrdiff_t common(const struct segment *s, str term)
{
    ptrdiff_t n = 0, most = s->term_len < term.len ? s->term_len : term.len;
    while (n < most && s->term[n] == term.ptr[n])
        n++;
    return n;
}

/* The first term of a leaf stands there whole, the others without what they share with the one before. */
static bool begin_term(struct segment *s, str term)
{
    if (room(s) <= term.len + 2 && s->len > LEAF_HEAD && !end_leaf(s))
        return false;
    s->footer_len += varint_put(s->footer + s->footer_len, (uint64_t)(s->len - s->last_term));
    s->last_term = s->len;
    ptrdiff_t shared = common(s, term);
    if (!s->has_term) {
        str least = s->page == 1 ? S("") : str_first(term, shared + 1);
        if (!s->sink->term(s->sink->context, s->page, least))
            return false;
        shared = 0;
    } else {
        put_varint(s, (uint64_t)shared);
    }
    put_varint(s, (uint64_t)(term.len - shared));
    put(s, term.ptr + shared, term.len - shared);
    octets_copy(s->term, term.ptr, (size_t)term.len);
    s->term_len = term.len;
    s->has_term = s->has_rowid = true;
    return true;
}

/* ---- doclists ------------------------------------------------------------------------------------------------------ */

/* The first rowid of a leaf stands there whole, and its head tells where, if no term comes before it. */
static void put_rowid(struct segment *s, int64_t rowid, uint64_t delta)
{
    if (s->has_rowid) {
        put_varint(s, delta);
        return;
    }
    put_u16(s->leaf, s->len);
    put_varint(s, (uint64_t)rowid);
    s->has_rowid = true;
}

/* As many whole integers as fit, but one at least. */
static ptrdiff_t fitting(const struct segment *s, const unsigned char *octets, ptrdiff_t n)
{
    ptrdiff_t most = room(s), end = varint_length(octets);
    if (n <= most)
        return n;
    for (ptrdiff_t next = end; next <= most; next += varint_length(octets + end))
        end = next;
    return end;
}

static bool put_poslist(struct segment *s, const unsigned char *octets, ptrdiff_t n)
{
    for (;;) {
        ptrdiff_t part = fitting(s, octets, n);
        put(s, octets, part);
        octets += part;
        n -= part;
        if (room(s) <= 0 && !end_leaf(s))
            return false;
        if (n == 0)
            return true;
    }
}

static bool put_doclist(struct segment *s, str doclist)
{
    int64_t rowid = 0;
    uint64_t delta, size;
    while (varint_take(&doclist, &delta)) {
        const unsigned char *poslist = (const unsigned char *)doclist.ptr;
        rowid += (int64_t)delta;
        put_rowid(s, rowid, delta);
        varint_take(&doclist, &size);
        doclist = str_skip(doclist, (ptrdiff_t)(size / 2));
        if (!put_poslist(s, poslist, (const unsigned char *)doclist.ptr - poslist))
            return false;
    }
    return true;
}

bool segment_term(struct segment *s, str text, str doclist)
{
    char term[TERM_OCTETS];
    term[0] = MAIN_INDEX;
    octets_copy(term + 1, text.ptr, (size_t)text.len);
    if (!begin_term(s, str_of(term, text.len + 1)))
        return false;
    if (doclist.len + 1 > room(s))
        return put_doclist(s, doclist);
    put(s, doclist.ptr, doclist.len);
    return true;
}

bool segment_end(struct segment *s, int64_t *pages)
{
    if (s->len > LEAF_HEAD && !end_leaf(s))
        return false;
    *pages = s->page - 1;
    return true;
}
