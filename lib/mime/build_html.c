/* HTML made harmless, and made of text. One pass over the input, a stack of what is open. */
#include "mime/build.h"

#include "mime/entity.h"
#include "mime/html.h"

enum {
    OPEN = 200,       /* elements within each other; the tags of deeper ones are left out */
    ATTRIBUTE = 4000, /* octets of an attribute; a longer one is left out */
    TEXT = 1 << 20    /* octets of the text of HTML */
};

enum kind {
    KEEP,    /* element and attributes on the list */
    VOID,    /* the same, without end tag */
    BLOCK,   /* KEEP, and one directly within another ends it */
    RAW,     /* goes, with all up to its end tag: nothing in it is a tag */
    DROP     /* goes, with all that is in it */
};

struct element {
    const char *name;
    enum kind kind;
};

static const struct element elements[] = {
    {"a", KEEP}, {"abbr", KEEP}, {"address", KEEP}, {"article", KEEP}, {"b", KEEP}, {"bdi", KEEP}, {"bdo", KEEP}, {"big", KEEP},
    {"blockquote", KEEP}, {"br", VOID}, {"caption", KEEP}, {"center", KEEP}, {"cite", KEEP}, {"code", KEEP}, {"col", VOID},
    {"colgroup", KEEP}, {"dd", BLOCK}, {"del", KEEP}, {"dfn", KEEP}, {"div", KEEP}, {"dl", KEEP}, {"dt", BLOCK}, {"em", KEEP},
    {"font", KEEP}, {"h1", KEEP}, {"h2", KEEP}, {"h3", KEEP}, {"h4", KEEP}, {"h5", KEEP}, {"h6", KEEP}, {"hr", VOID}, {"i", KEEP},
    {"img", VOID}, {"ins", KEEP}, {"kbd", KEEP}, {"li", BLOCK}, {"ol", KEEP}, {"p", BLOCK}, {"pre", KEEP}, {"q", KEEP}, {"s", KEEP},
    {"samp", KEEP}, {"section", KEEP}, {"small", KEEP}, {"span", KEEP}, {"strike", KEEP}, {"strong", KEEP}, {"sub", KEEP},
    {"sup", KEEP}, {"table", KEEP}, {"tbody", KEEP}, {"td", BLOCK}, {"tfoot", KEEP}, {"th", BLOCK}, {"thead", KEEP}, {"tr", BLOCK},
    {"tt", KEEP}, {"u", KEEP}, {"ul", KEEP}, {"var", KEEP}, {"wbr", VOID},
    {"script", RAW}, {"style", RAW}, {"title", RAW}, {"textarea", RAW}, {"xmp", RAW}, {"iframe", RAW}, {"noembed", RAW},
    {"noframes", RAW}, {"noscript", RAW}, {"plaintext", RAW},
    {"object", DROP}, {"applet", DROP}, {"svg", DROP}, {"math", DROP}, {"template", DROP}, {"audio", DROP}, {"video", DROP},
    {"canvas", DROP}, {"select", DROP}, {"button", DROP}, {"frameset", DROP},
};

static const char *const plain_attributes[] = {
    "alt", "title", "width", "height", "align", "valign", "bgcolor", "color", "border", "cellpadding", "cellspacing", "colspan",
    "rowspan", "dir", "lang", "size", "face", "type", "start",
};

struct cleaner {
    arena *mem;
    struct buf out;
    str html;
    ptrdiff_t at, limit;
    bool images;
    const struct element *open[OPEN];
    int n_open;
    const struct element *dropped; /* the element whose contents go; NULL: none */
    int drop_depth;                /* of its name that are open */
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

static const struct element *element_of(str name)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (str_eq_nocase(str_c(elements[i].name), name))
            return &elements[i];
    return NULL;
}

static void put_escaped(struct buf *to, str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case '<': buf_put(to, S("&lt;")); break;
        case '>': buf_put(to, S("&gt;")); break;
        case '&': buf_put(to, S("&amp;")); break;
        case '"': buf_put(to, S("&quot;")); break;
        default:
            if ((unsigned char)s.ptr[i] >= 32 || is_blank(s.ptr[i]))
                buf_byte(to, s.ptr[i]);
        }
}

/* ---- attributes ---- */

static str decoded(arena *a, str value)
{
    struct buf b = buf_new(a, value.len + 4);
    for (ptrdiff_t i = 0; i < value.len;) {
        uint32_t cp;
        char utf8[4];
        ptrdiff_t n = value.ptr[i] == '&' ? entity_read(str_skip(value, i), &cp) : 0;
        if (n)
            buf_put(&b, str_of(utf8, utf8_encode(cp, utf8)));
        else
            buf_byte(&b, value.ptr[i]);
        i += n ? n : 1;
    }
    return buf_str(&b);
}

/* Programs that show HTML skip control characters and spaces in a scheme: one that has any is not ours to judge. */
static bool is_safe_url(str url, bool image)
{
    static const char *const schemes[] = {"http:", "https:", "cid:", "mailto:", "tel:"};
    for (ptrdiff_t i = 0; i < url.len; i++)
        if ((unsigned char)url.ptr[i] < 32)
            return false;
    for (int i = 0; i < (image ? 3 : 5); i++)
        if (str_starts_nocase(url, str_c(schemes[i])))
            return true;
    return false;
}

static bool is_safe_style(str css)
{
    static const char *const bad[] = {"url", "expression", "position", "behavior", "binding", "import", "image", "script"};
    for (ptrdiff_t i = 0; i < css.len; i++)
        if (strchr("\\@<>{}/", css.ptr[i]))
            return false;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (str_find_nocase(css, str_c(bad[i])) >= 0)
            return false;
    return true;
}

static bool is_kept(str element, str name, str value)
{
    if (str_eq_nocase(name, S("href")))
        return str_eq_nocase(element, S("a")) && is_safe_url(value, false);
    if (str_eq_nocase(name, S("src")))
        return str_eq_nocase(element, S("img")) && is_safe_url(value, true);
    if (str_eq_nocase(name, S("style")))
        return is_safe_style(value);
    for (size_t i = 0; i < sizeof plain_attributes / sizeof *plain_attributes; i++)
        if (str_eq_nocase(name, str_c(plain_attributes[i])))
            return true;
    return str_eq_nocase(element, S("blockquote")) && str_eq_nocase(name, S("type")) && str_eq_nocase(value, S("cite"));
}

/* The next attribute of the tag that html[at] lies in; false at its end, which is passed. */
static bool next_attribute(struct cleaner *c, str *name, str *value)
{
    str h = c->html;
    while (c->at < h.len && (is_blank(h.ptr[c->at]) || h.ptr[c->at] == '/'))
        c->at++;
    if (c->at >= h.len || h.ptr[c->at] == '>') {
        c->at++;
        return false;
    }
    ptrdiff_t from = c->at++;
    while (c->at < h.len && !is_blank(h.ptr[c->at]) && !strchr("=>/", h.ptr[c->at]))
        c->at++;
    *name = str_slice(h, from, c->at);
    *value = STR_NONE;
    while (c->at < h.len && is_blank(h.ptr[c->at]))
        c->at++;
    if (c->at >= h.len || h.ptr[c->at] != '=')
        return true;
    c->at++;
    while (c->at < h.len && is_blank(h.ptr[c->at]))
        c->at++;
    char quote = c->at < h.len ? h.ptr[c->at] : 0;
    if (quote == '"' || quote == '\'') {
        from = ++c->at;
        ptrdiff_t n = str_find_byte(str_skip(h, from), quote);
        c->at = n < 0 ? h.len : from + n + 1;
        *value = str_slice(h, from, n < 0 ? h.len : from + n);
        return true;
    }
    from = c->at;
    while (c->at < h.len && !is_blank(h.ptr[c->at]) && h.ptr[c->at] != '>')
        c->at++;
    *value = str_slice(h, from, c->at);
    return true;
}

/* ---- tags ---- */

static void put_end(struct cleaner *c)
{
    const struct element *e = c->open[--c->n_open];
    buf_fmt(&c->out, "</%s>", e->name);
}

static void start_tag(struct cleaner *c, const struct element *e)
{
    bool image = str_eq(str_c(e->name), S("img"));
    bool shown = (c->n_open < OPEN || e->kind == VOID) && !(image && !c->images);
    if (e->kind == BLOCK && c->n_open && c->open[c->n_open - 1] == e)
        put_end(c);
    if (shown)
        buf_fmt(&c->out, "<%s", e->name);
    for (str name, value; next_attribute(c, &name, &value);) {
        arena scratch = *c->mem;
        if (value.len > ATTRIBUTE)
            continue;
        value = decoded(&scratch, value);
        if (image && !c->images && str_eq_nocase(name, S("alt")))
            put_escaped(&c->out, value);
        if (!shown || !is_kept(str_c(e->name), name, value))
            continue;
        buf_byte(&c->out, ' ');
        buf_put(&c->out, str_lower(&scratch, name));
        buf_put(&c->out, S("=\""));
        put_escaped(&c->out, value);
        buf_byte(&c->out, '"');
    }
    if (shown)
        buf_byte(&c->out, '>');
    if (shown && e->kind != VOID)
        c->open[c->n_open++] = e;
}

static void skip_tag(struct cleaner *c)
{
    for (str name, value; next_attribute(c, &name, &value);)
        ;
}

static void end_tag(struct cleaner *c, const struct element *e)
{
    int i = c->n_open - 1;
    while (i >= 0 && c->open[i] != e)
        i--;
    while (i >= 0 && c->n_open > i)
        put_end(c);
}

/* All up to the end tag of a RAW element, or to the end. */
static void skip_raw(struct cleaner *c, const struct element *e)
{
    while (c->at < c->html.len) {
        ptrdiff_t n = str_find(str_skip(c->html, c->at), S("</"));
        if (n < 0)
            break;
        c->at += n + 2;
        if (str_starts_nocase(str_skip(c->html, c->at), str_c(e->name))) {
            skip_tag(c);
            return;
        }
    }
    c->at = c->html.len;
}

static void drop_tag(struct cleaner *c, const struct element *e, bool end)
{
    skip_tag(c);
    if (e == c->dropped)
        c->drop_depth += end ? -1 : 1;
    if (c->drop_depth == 0)
        c->dropped = NULL;
}

/* html[at] is behind the '<' of a tag, with or without a '/'. */
static void take_tag(struct cleaner *c, bool end)
{
    ptrdiff_t from = c->at;
    while (c->at < c->html.len && !is_blank(c->html.ptr[c->at]) && !strchr("/>", c->html.ptr[c->at]))
        c->at++;
    const struct element *e = element_of(str_slice(c->html, from, c->at));
    if (e && e->kind == RAW && !end) {
        skip_tag(c);
        skip_raw(c, e);
    } else if (c->dropped) {
        drop_tag(c, e, end);
    } else if (e && e->kind == DROP && !end) {
        c->dropped = e;
        c->drop_depth = 0;
        drop_tag(c, e, false);
    } else if (!e || e->kind == DROP || e->kind == RAW) {
        skip_tag(c);
    } else if (end) {
        skip_tag(c);
        end_tag(c, e);
    } else {
        start_tag(c, e);
    }
}

static void skip_past(struct cleaner *c, str what)
{
    ptrdiff_t n = str_find(str_skip(c->html, c->at), what);
    c->at = n < 0 ? c->html.len : c->at + n + what.len;
}

static void take_text(struct cleaner *c)
{
    ptrdiff_t from = c->at++;
    while (c->at < c->html.len && c->html.ptr[c->at] != '<')
        c->at++;
    str text = utf8_first(str_slice(c->html, from, c->at), c->limit - c->out.len);
    for (ptrdiff_t i = 0; i < text.len && !c->dropped; i++)
        if (text.ptr[i] == '<' || text.ptr[i] == '>')
            buf_put(&c->out, text.ptr[i] == '<' ? S("&lt;") : S("&gt;"));
        else if ((unsigned char)text.ptr[i] >= 32 || is_blank(text.ptr[i]))
            buf_byte(&c->out, text.ptr[i]);
}

str build_html_clean(arena *a, str html, bool images, ptrdiff_t limit)
{
    arena scratch = arena_new((size_t)1 << 20);
    struct cleaner c = {.mem = &scratch, .out = buf_new(a, html.len < limit ? html.len : limit), .html = html,
                        .limit = limit, .images = images};
    while (c.at < html.len && c.out.len < limit) {
        str rest = str_skip(html, c.at);
        char next = rest.len > 1 ? rest.ptr[1] : 0;
        if (rest.ptr[0] != '<') {
            take_text(&c);
        } else if (str_starts(rest, S("<!--"))) {
            skip_past(&c, S("-->"));
        } else if (next == '!' || next == '?') {
            skip_past(&c, S(">"));
        } else if (is_letter(next) || (next == '/' && rest.len > 2 && is_letter(rest.ptr[2]))) {
            c.at += next == '/' ? 2 : 1;
            take_tag(&c, next == '/');
        } else {
            take_text(&c);
        }
    }
    while (c.n_open)
        put_end(&c);
    arena_free(&scratch);
    return buf_str(&c.out);
}

str build_html_text(arena *a, str html) { return html_to_text(a, html, TEXT); }

str build_html_of_text(arena *a, str text)
{
    struct buf b = buf_new(a, text.len + text.len / 8 + 16);
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '\n')
            buf_put(&b, S("<br>\n"));
        else if (c == ' ' && (i == 0 || text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\n'))
            buf_put(&b, S("&nbsp;"));
        else
            put_escaped(&b, str_of(&c, 1));
    }
    return buf_str(&b);
}
