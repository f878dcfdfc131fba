#include "mime/mime.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static arena mem;
static struct charsets *sets;

/* One field of short lines, whatever the value was. */
static str one_field(const struct buf *b)
{
    struct header h;
    str text = buf_str(b), line;
    assert(header_parse(&mem, text, true, &h) && h.n == 1 && h.n_defects == 0 && h.length == text.len);
    for (str rest = text; rest.len;) {
        assert(str_cut(rest, '\n', &line, &rest) && str_ends(line, S("\r")) && line.len <= BUILD_LINE_MAX + 1);
        assert(str_find_byte(str_first(line, line.len - 1), '\r') < 0);
    }
    return h.field[0].body;
}

/* What may stand in a field comes back from it. */
static void try_text(str text)
{
    struct err e;
    struct buf b = buf_new(&mem, 256);
    if (!build_value_ok(text, "it", &e) || !str_trim(text).len || str_find(text, S("\xef\xbb\xbf")) >= 0)
        return; /* a byte order mark at the beginning of a word is dropped */
    build_text(&b, S("Subject"), text);
    str back = header_text(&mem, sets, one_field(&b), NULL);
    assert(str_eq(back, str_trim(text)));
}

static void try_addresses(str text)
{
    struct err e;
    struct header_addresses list = {0}, back = {0};
    struct buf b = buf_new(&mem, 256);
    if (!build_address_read(&mem, text, "it", ERR_USAGE, &list, &e) || !list.n)
        return;
    build_addresses(&mem, &b, S("To"), &list);
    header_addresses(&mem, sets, one_field(&b), &back, NULL);
    assert(back.n == list.n);
    for (ptrdiff_t i = 0; i < list.n; i++) {
        assert(str_find_byte(list.item[i].email, '\n') < 0);
        assert(list.item[i].email.ptr[0] == '"' || str_eq(back.item[i].email, build_address_wire(&mem, list.item[i].email, NULL)));
    }
}

static bool collect(void *to, str octets, struct err *e)
{
    (void)e;
    buf_put(to, octets);
    return true;
}

static void try_parts(str text)
{
    static struct mime *parser;
    struct err e;
    struct build_part p = {.type = S("text/plain"), .content = text}, html = {.type = S("text/html"), .content = S("<p>x</p>\n")};
    struct build_part root = {.type = S("multipart/alternative"), .child = &p};
    struct build_options options = {.eight_bit = text.len % 2};
    struct buf b = buf_new(&mem, 4096);
    if (!utf8_valid(text) || str_find_byte(text, '\r') >= 0 || text.len > 100000 || str_starts(text, S("\xef\xbb\xbf")))
        return;
    if (!parser)
        parser = mime_new();
    p.next = &html;
    assert(build_plan(&mem, &root, &options, &e) && build_write(&mem, &root, S("From: a@b\r\n"), collect, &b, &e));
    mime_begin(parser, &(struct mime_options){0});
    mime_feed(parser, buf_str(&b));
    const struct mime_message *m = mime_end(parser);
    assert(str_eq(m->structure, S("multipart/alternative(text/plain,text/html)")) && m->n_defects == 0);
    assert(str_eq(m->text, text));
}

static void try_html(str text)
{
    str once = build_html_clean(&mem, text, text.len % 2, 1 << 16);
    assert(str_eq(build_html_clean(&mem, once, text.len % 2, 1 << 20), once));
    assert(str_find_nocase(once, S("<script")) < 0 && str_find_nocase(once, S("href=\"javascript:")) < 0);
    build_html_of_text(&mem, text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!mem.base) {
        static arena run;
        mem = arena_new((size_t)1 << 30);
        run = arena_new(1 << 24);
        sets = charsets_new(&run);
    }
    str text = str_of((const char *)data, (ptrdiff_t)size);
    try_text(text);
    try_addresses(text);
    try_parts(text);
    try_html(text);
    arena_reset(&mem);
    return 0;
}
