#include "template/nodes.h"

#include <stdio.h>

/* A place in one source. */
struct scan {
    arena *mem;
    struct template *t;
    struct unit *unit; /* where nodes go; t->unit may move when partials are added, so it is set again */
    ptrdiff_t index;
    const struct template_partials *partials;
    str text;
    ptrdiff_t at;
    int64_t line;        /* of text[counted] */
    ptrdiff_t counted;
    str open, close;     /* the delimiters */
    ptrdiff_t section[TEMPLATE_DEPTH]; /* nodes of the sections that are open */
    int n_sections;
    struct err *e;
};

/* One tag as it stands. */
struct tag {
    char sigil;          /* '#', '^', '/', '!', '=', '>', '&', '{', or 0 */
    str body;            /* between sigil and close, trimmed */
    ptrdiff_t from, end; /* octets from the opening to behind the closing delimiter */
    int64_t line;
};

bool source_fault(struct err *e, const struct template_source *s, int64_t line, const char *format, ...)
{
    char what[400];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(e, ERR_CONFIG, "template.syntax", NULL, "%.*s, line %lld: %s", STR_ARG(s->name), (long long)line, what);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }
static bool is_space(char c) { return is_blank(c) || c == '\n' || c == '\r'; }

static int64_t line_at(struct scan *s, ptrdiff_t offset)
{
    for (; s->counted < offset; s->counted++)
        s->line += s->text.ptr[s->counted] == '\n';
    return s->line;
}

static struct node *add_node(struct scan *s, enum node_kind kind, str text, int64_t line)
{
    struct unit *u = s->unit;
    if (u->n == u->cap) {
        ptrdiff_t cap = u->cap ? 2 * u->cap : 32;
        u->node = arena_grow(s->mem, u->node, (size_t)u->cap * sizeof *u->node, (size_t)cap * sizeof *u->node, _Alignof(struct node));
        u->cap = cap;
    }
    u->node[u->n] = (struct node){.kind = kind, .text = text, .line = line};
    return &u->node[u->n++];
}

static void add_text(struct scan *s, ptrdiff_t from, ptrdiff_t to)
{
    if (to > from)
        add_node(s, NODE_TEXT, str_slice(s->text, from, to), 0);
}

/* The tag that opens at `from`. */
static bool read_tag(struct scan *s, ptrdiff_t from, struct tag *tag)
{
    const struct template_source *source = &s->unit->source;
    *tag = (struct tag){.from = from, .line = line_at(s, from)};
    ptrdiff_t inner = from + s->open.len;
    if (inner < s->text.len && strchr("#^/!=>&{", s->text.ptr[inner]) && s->text.ptr[inner])
        tag->sigil = s->text.ptr[inner++];
    if (inner < s->text.len && !tag->sigil && strchr("<$", s->text.ptr[inner]) && s->text.ptr[inner])
        return source_fault(s->e, source, tag->line, "%.*s%c is no tag that is known here", STR_ARG(s->open), s->text.ptr[inner]);
    char before = tag->sigil == '{' ? '}' : tag->sigil == '=' ? '=' : 0;
    str close = before ? str_fmt(s->mem, "%c%.*s", before, STR_ARG(s->close)) : s->close;
    ptrdiff_t length = str_find(str_skip(s->text, inner), close);
    if (length < 0)
        return source_fault(s->e, source, tag->line, "a tag has no closing %.*s", STR_ARG(close));
    tag->body = str_trim(str_slice(s->text, inner, inner + length));
    tag->end = inner + length + close.len;
    return true;
}

static bool good_name(struct scan *s, const struct tag *tag)
{
    const struct template_source *source = &s->unit->source;
    str name = tag->body;
    if (!name.len)
        return source_fault(s->e, source, tag->line, "a tag has no name");
    for (ptrdiff_t i = 0; i < name.len; i++) {
        if ((unsigned char)name.ptr[i] <= ' ' || name.ptr[i] == 0x7F)
            return source_fault(s->e, source, tag->line, "a name has no spaces: \"%.*s\"", STR_ARG(name));
        bool edge = i == 0 || i == name.len - 1 || name.ptr[i - 1] == '.';
        if (name.ptr[i] == '.' && edge && name.len > 1 && tag->sigil != '>')
            return source_fault(s->e, source, tag->line, "a part of the name \"%.*s\" is empty", STR_ARG(name));
    }
    return true;
}

/* A tag that shows nothing, and is alone on its line, takes the line with it. */
static bool alone(const struct scan *s, const struct tag *tag, ptrdiff_t *line_start, ptrdiff_t *line_end)
{
    if (!tag->sigil || !strchr("#^/!=>", tag->sigil))
        return false;
    ptrdiff_t from = tag->from, to = tag->end;
    while (from > 0 && is_blank(s->text.ptr[from - 1]))
        from--;
    if (from > 0 && s->text.ptr[from - 1] != '\n')
        return false;
    while (to < s->text.len && is_blank(s->text.ptr[to]))
        to++;
    if (to < s->text.len && s->text.ptr[to] == '\r' && to + 1 < s->text.len && s->text.ptr[to + 1] == '\n')
        to++;
    if (to < s->text.len && s->text.ptr[to] != '\n')
        return false;
    *line_start = from;
    *line_end = to < s->text.len ? to + 1 : to;
    return true;
}

static bool open_section(struct scan *s, const struct tag *tag)
{
    if (s->n_sections == TEMPLATE_DEPTH)
        return source_fault(s->e, &s->unit->source, tag->line, "more than %d sections within each other", TEMPLATE_DEPTH);
    s->section[s->n_sections++] = s->unit->n;
    add_node(s, tag->sigil == '#' ? NODE_SECTION : NODE_INVERTED, tag->body, tag->line);
    return true;
}

static bool close_section(struct scan *s, const struct tag *tag)
{
    const struct template_source *source = &s->unit->source;
    if (!s->n_sections)
        return source_fault(s->e, source, tag->line, "{{/%.*s}} closes nothing", STR_ARG(tag->body));
    ptrdiff_t index = s->section[--s->n_sections];
    struct node *section = &s->unit->node[index];
    if (!str_eq(section->text, tag->body))
        return source_fault(s->e, source, tag->line, "{{/%.*s}} stands where {{/%.*s}} of line %lld is expected", STR_ARG(tag->body),
                            STR_ARG(section->text), (long long)section->line);
    section->span = s->unit->n - index - 1;
    return true;
}

static bool set_delimiters(struct scan *s, const struct tag *tag)
{
    ptrdiff_t end = 0, start = tag->body.len;
    while (end < tag->body.len && !is_space(tag->body.ptr[end]))
        end++;
    while (start > 0 && !is_space(tag->body.ptr[start - 1]))
        start--;
    str open = str_first(tag->body, end), close = str_skip(tag->body, start);
    bool two = start > end && !str_trim(str_slice(tag->body, end, start)).len && open.len && close.len;
    if (!two || str_find_byte(open, '=') >= 0 || str_find_byte(close, '=') >= 0)
        return source_fault(s->e, &s->unit->source, tag->line, "delimiters are set as {{=<%% %%>=}}, two words without =");
    s->open = open;
    s->close = close;
    return true;
}

/* The text of a partial, each line of it behind the white space that its tag stood behind. */
static str indented(arena *a, str text, str indent)
{
    if (!indent.len)
        return text;
    struct buf b = buf_new(a, text.len + 64);
    while (text.len && b.len <= TEMPLATE_OCTETS) {
        ptrdiff_t end = str_find_byte(text, '\n');
        str line = end < 0 ? text : str_first(text, end + 1);
        buf_put(&b, indent);
        buf_put(&b, line);
        text = str_skip(text, line.len);
    }
    return buf_str(&b);
}

/* The index of its unit, -1 with the error. */
static ptrdiff_t find_partial(struct scan *s, const struct tag *tag, str indent)
{
    struct template *t = s->t;
    for (ptrdiff_t i = 0; i < t->n; i++)
        if (t->unit[i].partial.ptr && str_eq(t->unit[i].partial, tag->body) && str_eq(t->unit[i].indent, indent))
            return i;
    const struct template_source *source = &s->unit->source;
    if (t->n > TEMPLATE_PARTIALS) {
        source_fault(s->e, source, tag->line, "more than %d partials", TEMPLATE_PARTIALS);
        return -1;
    }
    struct unit new = {.partial = tag->body, .indent = indent};
    struct err why = {0};
    if (!s->partials || !s->partials->find(s->partials->with, s->mem, tag->body, &new.source, &why)) {
        if (why.class)
            *s->e = why;
        else
            source_fault(s->e, source, tag->line, "there is no partial \"%.*s\"", STR_ARG(tag->body));
        return -1;
    }
    new.source.text = indented(s->mem, new.source.text, indent);
    if (t->n == t->cap) {
        ptrdiff_t cap = 2 * t->cap;
        t->unit = arena_grow(s->mem, t->unit, (size_t)t->cap * sizeof new, (size_t)cap * sizeof new, _Alignof(struct unit));
        t->cap = cap;
        s->unit = &t->unit[s->index];
    }
    t->unit[t->n] = new;
    return t->n++;
}

static bool add_partial(struct scan *s, const struct tag *tag, str indent)
{
    ptrdiff_t index = find_partial(s, tag, indent);
    if (index >= 0)
        add_node(s, NODE_PARTIAL, tag->body, tag->line)->unit = index;
    return index >= 0;
}

static bool take_tag(struct scan *s, const struct tag *tag, str indent)
{
    if (++s->t->tags > TEMPLATE_TAGS)
        return source_fault(s->e, &s->unit->source, tag->line, "more than %d tags", TEMPLATE_TAGS);
    if (tag->sigil == '!')
        return true;
    if (tag->sigil == '=')
        return set_delimiters(s, tag);
    if (!good_name(s, tag))
        return false;
    switch (tag->sigil) {
    case '#':
    case '^': return open_section(s, tag);
    case '/': return close_section(s, tag);
    case '>': return add_partial(s, tag, indent);
    default: add_node(s, tag->sigil ? NODE_RAW : NODE_ESCAPED, tag->body, tag->line); return true;
    }
}

bool unit_read(arena *a, struct template *t, ptrdiff_t i, const struct template_partials *partials, struct err *e)
{
    struct scan s = {.mem = a, .t = t, .unit = &t->unit[i], .index = i, .partials = partials, .open = S("{{"), .close = S("}}"), .e = e};
    s.text = s.unit->source.text;
    s.line = s.unit->source.line;
    if (!utf8_valid(s.text))
        return source_fault(e, &s.unit->source, line_at(&s, utf8_valid_prefix(s.text)), "this is not UTF-8");
    for (;;) {
        ptrdiff_t found = str_find(str_skip(s.text, s.at), s.open);
        if (found < 0)
            break;
        struct tag tag;
        if (!read_tag(&s, s.at + found, &tag))
            return false;
        ptrdiff_t line_start, line_end;
        bool whole_line = alone(&s, &tag, &line_start, &line_end);
        add_text(&s, s.at, whole_line ? line_start : tag.from);
        if (!take_tag(&s, &tag, whole_line ? str_slice(s.text, line_start, tag.from) : STR_NONE))
            return false;
        s.at = whole_line ? line_end : tag.end;
    }
    add_text(&s, s.at, s.text.len);
    if (!s.n_sections)
        return true;
    const struct node *open = &s.unit->node[s.section[s.n_sections - 1]];
    return source_fault(e, &s.unit->source, open->line, "{{#%.*s}} is never closed", STR_ARG(open->text));
}

const struct template *template_parse(arena *a, const struct template_source *source, const struct template_partials *partials,
                                      struct err *e)
{
    struct template *t = ARENA_NEW(a, struct template);
    t->cap = 4;
    t->unit = ARENA_ARRAY(a, struct unit, t->cap);
    t->unit[t->n++].source = *source;
    for (ptrdiff_t i = 0; i < t->n; i++)
        if (!unit_read(a, t, i, partials, e))
            return NULL;
    return t;
}
