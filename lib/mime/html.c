/* One pass: text goes out with white space folded, tags move the state of the line. */
#include "mime/html.h"

#include "mime/entity.h"

enum {
    LIST_DEPTH = 12,  /* deeper lists are shown at this depth */
    QUOTE_DEPTH = 12, /* and so are deeper quotes */
    URL_MAX = 2000,   /* a longer address of a link is left out */
    ALT_MAX = 500,    /* a longer text for an image is cut */
    PRE_BLANKS = 100  /* more empty lines in a row are left out of <pre>; elsewhere more than one */
};

struct list {
    bool ordered;
    int number;
};

struct writer {
    arena *mem;
    struct buf out;
    ptrdiff_t limit;
    int newlines;        /* to put before the next text: 1 a line, 2 a blank one too */
    int spaces;          /* the same of spaces: 2 between the cells of a row */
    int pre;             /* depth of <pre> */
    int quotes, lists;   /* depths; may be over the limits above */
    int gap;             /* the least depth of quotes since the last text: what an empty line shows */
    bool pre_begins;     /* a line end here is none (HTML 13.1.2.5) */
    struct list list[LIST_DEPTH];
    bool bullet;         /* the next line begins an item */
    str href;            /* of the open link; STR_NONE: none */
    ptrdiff_t link_text; /* where its text begins in out */
    str hidden;          /* name of the element that hides what is in it; STR_NONE: none */
    int hidden_depth;    /* elements of that name that are open */
};

static int at_most(int n, int limit) { return n < limit ? n : limit; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f'; }

static bool is_letter(char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; }

/* ---- lines ---- */

static void put_prefix(struct writer *w, bool blank)
{
    int quotes = at_most(blank ? w->gap : w->quotes, QUOTE_DEPTH);
    for (int i = 0; i < quotes; i++)
        buf_put(&w->out, blank && i + 1 == quotes ? S(">") : S("> "));
    if (blank)
        return;
    int depth = at_most(w->lists, LIST_DEPTH);
    for (int i = 0; i < depth - w->bullet; i++)
        buf_put(&w->out, S("  "));
    if (!w->bullet)
        return;
    w->bullet = false;
    struct list *list = depth ? &w->list[depth - 1] : NULL;
    if (list && list->ordered)
        buf_fmt(&w->out, "%d. ", list->number++);
    else
        buf_put(&w->out, S("- "));
}

/* What has to stand before text: line ends with their prefixes, or spaces. */
static void open_line(struct writer *w)
{
    bool first = w->out.len == 0;
    if (first || w->newlines) {
        for (int i = first ? w->newlines : 0; i < w->newlines; i++) {
            buf_byte(&w->out, '\n');
            if (i + 1 < w->newlines)
                put_prefix(w, true);
        }
        put_prefix(w, false);
    } else {
        for (int i = 0; i < w->spaces; i++)
            buf_byte(&w->out, ' ');
    }
    w->newlines = w->spaces = 0;
    w->gap = w->quotes;
    w->pre_begins = false;
}

static void need_lines(struct writer *w, int n)
{
    if (w->newlines < n)
        w->newlines = n;
    w->spaces = 0;
}

static void add_line(struct writer *w)
{
    w->newlines = at_most(w->newlines + 1, 2);
    w->spaces = 0;
}

static void put_text(struct writer *w, str s)
{
    if (!s.len)
        return;
    open_line(w);
    buf_put(&w->out, s);
}

static void put_blank(struct writer *w, char c)
{
    if (!w->pre)
        w->spaces = w->spaces ? w->spaces : 1;
    else if (c == '\n' && w->pre_begins)
        w->pre_begins = false;
    else if (c == '\n')
        w->newlines += w->newlines < PRE_BLANKS;
    else if (c != '\r')
        put_text(w, str_of(&c, 1));
}

static void put_char(struct writer *w, uint32_t cp)
{
    enum { NBSP = 0xA0, SHY = 0xAD, JOINER = 0x34F, ZWSP = 0x200B, ZWNJ = 0x200C, BOM = 0xFEFF };
    if (cp == NBSP || cp == ' ' || cp == '\t' || cp == '\n') {
        put_blank(w, cp == '\n' ? '\n' : ' ');
        return;
    }
    /* Fillers that keep a preview line empty. */
    bool between = w->spaces || w->newlines || !w->out.len;
    if (cp < 32 || cp == 127 || cp == SHY || cp == JOINER || cp == ZWSP || cp == BOM || (cp == ZWNJ && between))
        return;
    char utf8[4];
    put_text(w, str_of(utf8, utf8_encode(cp, utf8)));
}

/* ---- text ---- */

static bool is_special(char c) { return (unsigned char)c <= ' ' || c == '&' || c == 127 || (unsigned char)c == 0xC2 || (unsigned char)c == 0xE2 ||
                                        (unsigned char)c == 0xCD || (unsigned char)c == 0xEF; }

/* Text between two tags. */
static void take_text(struct writer *w, str s)
{
    for (ptrdiff_t i = 0; i < s.len && w->out.len < w->limit;) {
        ptrdiff_t from = i;
        while (i < s.len && !is_special(s.ptr[i]))
            i++;
        put_text(w, str_slice(s, from, i));
        if (i == s.len)
            return;
        uint32_t cp;
        ptrdiff_t n = s.ptr[i] == '&' ? entity_read(str_skip(s, i), &cp) : 0;
        if (!n && is_blank(s.ptr[i])) {
            put_blank(w, s.ptr[i++]);
            continue;
        }
        if (!n)
            n = utf8_decode(str_skip(s, i), &cp);
        put_char(w, cp);
        i += n;
    }
}

static ptrdiff_t plain_length(str s, ptrdiff_t i)
{
    ptrdiff_t from = i;
    while (i < s.len && s.ptr[i] >= ' ' && s.ptr[i] < 127 && s.ptr[i] != '&')
        i++;
    return i - from;
}

/* The value of an attribute: references resolved, at most `max` octets. A view where nothing had to change. */
static str plain_value(arena *a, str s, ptrdiff_t max)
{
    ptrdiff_t i = plain_length(s, 0);
    if (i == s.len && i <= max)
        return str_trim(s);
    struct buf out = buf_new(a, i + 64);
    buf_put(&out, str_first(s, i));
    while (i < s.len && out.len < max) {
        uint32_t cp;
        ptrdiff_t n = s.ptr[i] == '&' ? entity_read(str_skip(s, i), &cp) : 0;
        if (!n)
            n = utf8_decode(str_skip(s, i), &cp);
        char utf8[4];
        buf_put(&out, str_of(utf8, utf8_encode(cp < 32 || cp == 127 || cp == 0xA0 ? ' ' : cp, utf8)));
        i += n;
        n = plain_length(s, i);
        buf_put(&out, str_slice(s, i, i + n));
        i += n;
    }
    return str_trim(utf8_first(buf_str(&out), max + 3));
}

/* ---- tags ---- */

struct tag {
    str name;   /* as it stands */
    bool close; /* </name> */
    str href, alt, style, start;
    bool hidden;
    ptrdiff_t length; /* with its < and > */
};

static ptrdiff_t skip_blanks(str s, ptrdiff_t i)
{
    while (i < s.len && is_blank(s.ptr[i]))
        i++;
    return i;
}

static void keep_attribute(struct tag *t, str name, str value)
{
    if (str_eq_nocase(name, S("href")))
        t->href = value;
    else if (str_eq_nocase(name, S("alt")))
        t->alt = value;
    else if (str_eq_nocase(name, S("style")))
        t->style = value;
    else if (str_eq_nocase(name, S("start")))
        t->start = value;
    else if (str_eq_nocase(name, S("hidden")))
        t->hidden = true;
}

/* A value behind its '='; in quotes, or up to white space. A quote that nothing closes is a character like others. */
static str take_value(str s, ptrdiff_t *at)
{
    ptrdiff_t i = skip_blanks(s, *at), from = i;
    char quote = i < s.len ? s.ptr[i] : 0;
    if (quote == '"' || quote == '\'') {
        ptrdiff_t end = str_find_byte(str_skip(s, i + 1), quote);
        if (end >= 0) {
            *at = i + 1 + end + 1;
            return str_slice(s, i + 1, i + 1 + end);
        }
    }
    while (i < s.len && !is_blank(s.ptr[i]) && s.ptr[i] != '>')
        i++;
    *at = i;
    return str_slice(s, from, i);
}

/* The tag that s begins with; false: its < is text. */
static bool take_tag(str s, struct tag *t)
{
    *t = (struct tag){0};
    ptrdiff_t i = 1;
    t->close = s.len > 1 && s.ptr[1] == '/';
    i += t->close;
    if (i >= s.len || !is_letter(s.ptr[i]))
        return false;
    ptrdiff_t from = i;
    while (i < s.len && !is_blank(s.ptr[i]) && s.ptr[i] != '>' && s.ptr[i] != '/')
        i++;
    t->name = str_slice(s, from, i);
    while (i < s.len && s.ptr[i] != '>') {
        if (is_blank(s.ptr[i]) || s.ptr[i] == '/' || s.ptr[i] == '=') {
            i++;
            continue;
        }
        from = i;
        while (i < s.len && !is_blank(s.ptr[i]) && s.ptr[i] != '>' && s.ptr[i] != '=' && s.ptr[i] != '/')
            i++;
        str name = str_slice(s, from, i), value = STR_NONE;
        ptrdiff_t equals = skip_blanks(s, i);
        if (equals < s.len && s.ptr[equals] == '=') {
            i = equals + 1;
            value = take_value(s, &i);
        }
        keep_attribute(t, name, value);
    }
    t->length = i < s.len ? i + 1 : i;
    return true;
}

static bool one_of(str name, const char *const *names)
{
    char first = name.len ? (char)(name.ptr[0] | 32) : 0;
    for (; *names; names++)
        if ((*names)[0] == first && str_eq_nocase(name, str_c(*names)))
            return true;
    return false;
}

/* ---- links ---- */

/* Without what people leave out of an address: scheme, last slash. */
static str bare_url(str url)
{
    static const char *const schemes[] = {"https://", "http://", "mailto:", "tel:", "ftp://"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (str_starts_nocase(url, str_c(schemes[i]))) {
            url = str_skip(url, (ptrdiff_t)strlen(schemes[i]));
            break;
        }
    while (str_ends(url, S("/")))
        url.len--;
    return url;
}

static bool is_worth(str url)
{
    static const char *const schemes[] = {"http://", "https://", "mailto:", "ftp://", "tel:"};
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (str_starts_nocase(url, str_c(schemes[i])))
            return url.len > (ptrdiff_t)strlen(schemes[i]) && url.len < URL_MAX;
    return false;
}

static void close_link(struct writer *w)
{
    str url = w->href;
    w->href = STR_NONE;
    if (!url.ptr)
        return;
    str text = str_trim(str_skip(buf_str(&w->out), w->link_text));
    if (!is_worth(url) || str_eq_nocase(bare_url(url), bare_url(text)))
        return;
    int newlines = w->newlines, spaces = w->spaces;
    if (text.len) {
        w->newlines = 0;
        w->spaces = 1;
    }
    put_text(w, S("<"));
    buf_put(&w->out, url);
    buf_byte(&w->out, '>');
    if (text.len) {
        w->newlines = newlines;
        w->spaces = spaces;
    }
}

/* An address that was broken over lines. */
static str without_blanks(arena *a, str url)
{
    if (str_find_byte(url, ' ') < 0)
        return url;
    struct buf out = buf_new(a, url.len + 1);
    for (ptrdiff_t i = 0; i < url.len; i++)
        if (url.ptr[i] != ' ')
            buf_byte(&out, url.ptr[i]);
    return buf_str(&out);
}

static void open_link(struct writer *w, const struct tag *t)
{
    close_link(w);
    if (!t->href.ptr)
        return;
    w->href = without_blanks(w->mem, plain_value(w->mem, t->href, URL_MAX));
    w->link_text = w->out.len;
}

/* ---- elements ---- */

static const char *const lines[] = {"div", "tr", "table", "tbody", "thead", "tfoot", "caption", "dt", "dd", "address", "article", "aside", "center",
                                    "section", "header", "footer", "main", "nav", "figure", "figcaption", "form", "fieldset", "legend", "option",
                                    "body", "html", "details", "summary", "dir", "menu", NULL};
static const char *const paragraphs[] = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "dl", NULL};
static const char *const unseen[] = {"head", "title", "script", "style", "template", "object", "applet", "iframe", "svg", "math", "map",
                                     "noframes", "xml", "select", "textarea", NULL};
static const char *const voids[] = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr", NULL};

static void open_list(struct writer *w, const struct tag *t, bool ordered)
{
    need_lines(w, w->lists ? 1 : 2);
    if (w->lists < LIST_DEPTH) {
        int64_t start = 1;
        str_i64(str_trim(t->start), 0, 100000, &start);
        w->list[w->lists] = (struct list){ordered, (int)start};
    }
    w->lists += w->lists < INT32_MAX;
}

static void list_tag(struct writer *w, const struct tag *t, bool ordered)
{
    if (!t->close) {
        open_list(w, t, ordered);
        return;
    }
    w->lists -= w->lists > 0;
    w->bullet = false;
    need_lines(w, w->lists ? 1 : 2);
}

static void count_tag(struct writer *w, const struct tag *t, int *depth)
{
    /* The blank line before a quote lies outside of it, the one behind it too. */
    need_lines(w, 2);
    if (t->close)
        *depth -= *depth > 0;
    else
        *depth += *depth < INT32_MAX;
    w->gap = at_most(w->gap, w->quotes);
    w->pre_begins = depth == &w->pre && !t->close;
}

static bool is_hiding(const struct tag *t)
{
    if (t->hidden)
        return true;
    ptrdiff_t at = str_find_nocase(t->style, S("display"));
    if (at < 0)
        return false;
    str rest = str_trim(str_skip(t->style, at + 7));
    return str_starts(rest, S(":")) && str_starts_nocase(str_trim(str_skip(rest, 1)), S("none"));
}

/* Tags within what is not shown: the end of the element shows again, and so does a body after its head. */
static void hidden_tag(struct writer *w, const struct tag *t)
{
    bool same = str_eq_nocase(t->name, w->hidden);
    if (same)
        w->hidden_depth += t->close ? -1 : 1;
    /* A paragraph ends where the next one begins. */
    bool paragraph = same && str_eq_nocase(t->name, S("p"));
    bool body = str_eq_nocase(w->hidden, S("head")) && str_eq_nocase(t->name, S("body"));
    if (paragraph)
        need_lines(w, 2);
    if (paragraph || body || w->hidden_depth <= 0)
        w->hidden = STR_NONE;
}

static void image(struct writer *w, const struct tag *t)
{
    if (!t->close)
        take_text(w, str_trim(utf8_first(t->alt, ALT_MAX)));
}

static void take_element(struct writer *w, const struct tag *t)
{
    str name = t->name;
    if (w->hidden.ptr) {
        hidden_tag(w, t);
    } else if (!t->close && (one_of(name, unseen) || (is_hiding(t) && !one_of(name, voids)))) {
        w->hidden = name;
        w->hidden_depth = 1;
    } else if (str_eq_nocase(name, S("br"))) {
        add_line(w);
    } else if (str_eq_nocase(name, S("a"))) {
        t->close ? close_link(w) : open_link(w, t);
    } else if (str_eq_nocase(name, S("td")) || str_eq_nocase(name, S("th"))) {
        w->spaces = w->newlines ? 0 : 2;
    } else if (one_of(name, lines)) {
        need_lines(w, 1);
    } else if (one_of(name, paragraphs)) {
        need_lines(w, 2);
    } else if (str_eq_nocase(name, S("li"))) {
        need_lines(w, 1);
        w->bullet = !t->close;
    } else if (str_eq_nocase(name, S("ul")) || str_eq_nocase(name, S("ol"))) {
        list_tag(w, t, (name.ptr[0] | 32) == 'o');
    } else if (str_eq_nocase(name, S("blockquote"))) {
        count_tag(w, t, &w->quotes);
    } else if (str_eq_nocase(name, S("pre"))) {
        count_tag(w, t, &w->pre);
    } else if (str_eq_nocase(name, S("hr"))) {
        need_lines(w, 1);
        put_text(w, S("----------"));
        need_lines(w, 1);
    } else if (str_eq_nocase(name, S("img"))) {
        image(w, t);
    } else if (str_eq_nocase(name, S("q"))) {
        put_text(w, S("\""));
    }
}

/* Comments, declarations, and scripts, in which a < is nothing special: how much to skip; 0: none of these. */
static ptrdiff_t skip_opaque(str s)
{
    static const char *const pairs[][2] = {{"<!--", "-->"}, {"<!", ">"}, {"<?", ">"}};
    if (s.len < 2 || (s.ptr[1] != '!' && s.ptr[1] != '?'))
        return 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        if (str_starts(s, str_c(pairs[i][0]))) {
            str end = str_c(pairs[i][1]);
            /* "<!-->" is a whole comment. */
            ptrdiff_t at = str_find(str_skip(s, 2), end);
            return at < 0 ? s.len : 2 + at + end.len;
        }
    return 0;
}

/* The end of a script or style: the < of its closing tag. */
static ptrdiff_t raw_length(str s, str name)
{
    ptrdiff_t i = 0;
    for (;;) {
        ptrdiff_t at = str_find(str_skip(s, i), S("</"));
        if (at < 0)
            return s.len;
        i += at;
        if (str_starts_nocase(str_skip(s, i + 2), name))
            return i;
        i += 2;
    }
}

/* What begins with <: returns its length. */
static ptrdiff_t take_markup(struct writer *w, str s)
{
    struct tag t;
    ptrdiff_t n = skip_opaque(s);
    if (n)
        return n;
    if (!take_tag(s, &t)) {
        if (!w->hidden.ptr)
            put_text(w, S("<"));
        return 1;
    }
    bool raw = !t.close && (str_eq_nocase(t.name, S("script")) || str_eq_nocase(t.name, S("style")));
    if (raw)
        return t.length + raw_length(str_skip(s, t.length), t.name);
    take_element(w, &t);
    return t.length;
}

str html_to_text(arena *a, str html, ptrdiff_t limit)
{
    struct writer w = {.mem = a, .limit = limit};
    w.out = buf_new(a, html.len / 4 + 256);
    for (ptrdiff_t i = 0; i < html.len && w.out.len < limit;) {
        if (html.ptr[i] == '<') {
            i += take_markup(&w, str_skip(html, i));
            continue;
        }
        ptrdiff_t next = str_find_byte(str_skip(html, i), '<');
        str text = next < 0 ? str_skip(html, i) : str_slice(html, i, i + next);
        if (!w.hidden.ptr)
            take_text(&w, text);
        i += text.len;
    }
    close_link(&w);
    return str_trim_right(utf8_first(utf8_scrub(a, buf_str(&w.out)), limit));
}
