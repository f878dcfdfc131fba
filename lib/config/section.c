#include "config/section.h"

struct reader {
    arena *mem;
    struct config *to;
    struct config_section *current;
    ptrdiff_t cap;
    int line;
    struct err *err;
};

static bool complain(struct reader *r, const char *what)
{
    return err_set(r->err, ERR_CONFIG, "config.syntax", "a line is [section], key = value, or a # comment", "%.*s, line %d: %s",
                   STR_ARG(r->to->path), r->line, what);
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

/* '#' and ';' begin a comment at the start or after white space: "cmd:pass show a;b" keeps its semicolon. */
static str without_comment(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((s.ptr[i] == '#' || s.ptr[i] == ';') && (i == 0 || is_blank(s.ptr[i - 1])))
            return str_first(s, i);
    return s;
}

/* "…" with \" and \\ inside; *rest is what stands behind it. */
static bool quoted(arena *a, str s, str *value, str *rest)
{
    struct buf b = buf_new(a, s.len + 1);
    for (ptrdiff_t i = 1; i < s.len; i++) {
        if (s.ptr[i] == '"') {
            *value = buf_str(&b);
            *rest = str_skip(s, i + 1);
            return true;
        }
        if (s.ptr[i] == '\\' && i + 1 < s.len)
            i++;
        buf_byte(&b, s.ptr[i]);
    }
    return false;
}

static bool begin_section(struct reader *r, str text, ptrdiff_t start, ptrdiff_t end)
{
    struct config *c = r->to;
    ptrdiff_t close = str_find_byte(text, ']');
    if (close < 0 || str_trim(without_comment(str_skip(text, close + 1))).len)
        return complain(r, "a section is written as [name] or [account NAME]");
    struct config_section s = {.line = r->line, .start = start, .end = end, .body = end};
    str inside = str_trim(str_slice(text, 1, close));
    if (str_cut(inside, ' ', &s.kind, &s.name))
        s.name = str_trim(s.name);
    if (!s.kind.len)
        return complain(r, "the section has no name");
    if (str_eq(s.kind, S("account")) && !s.name.len)
        return complain(r, "an account needs a name: [account NAME]");
    if (section_find(c, s.kind, s.name))
        return complain(r, "this section stands in the file twice");
    if (c->n == r->cap) {
        ptrdiff_t cap = r->cap ? r->cap * 2 : 8;
        c->sections = arena_grow(r->mem, c->sections, (size_t)r->cap * sizeof *c->sections, (size_t)cap * sizeof *c->sections,
                                 _Alignof(struct config_section));
        r->cap = cap;
    }
    c->sections[c->n] = s;
    r->current = &c->sections[c->n++];
    return true;
}

static bool add_entry(struct reader *r, str line, ptrdiff_t start, ptrdiff_t end)
{
    struct config_section *s = r->current;
    ptrdiff_t equals = str_find_byte(line, '=');
    if (equals < 0)
        return complain(r, "a line without '='");
    if (!s)
        return complain(r, "a setting before the first [section]");
    struct config_entry entry = {.key = str_trim(str_first(line, equals)), .line = r->line, .start = start, .end = end};
    ptrdiff_t from = equals + 1;
    while (from < line.len && is_blank(line.ptr[from]))
        from++;
    str raw = str_skip(line, from), rest;
    if (raw.len && raw.ptr[0] == '"') {
        if (!quoted(r->mem, raw, &entry.value, &rest) || str_trim(without_comment(rest)).len)
            return complain(r, "the quotes of this value do not close at its end");
        raw = str_first(raw, raw.len - rest.len);
    } else {
        raw = str_trim_right(without_comment(raw));
        entry.value = str_copy(r->mem, raw);
    }
    if (!entry.key.len)
        return complain(r, "there is nothing before the '='");
    if (section_entry(s, entry.key))
        return complain(r, "this setting stands in the section twice");
    entry.value_start = start + from;
    entry.value_end = entry.value_start + raw.len;
    if (s->n == s->cap) {
        ptrdiff_t cap = s->cap ? s->cap * 2 : 8;
        s->entries = arena_grow(r->mem, s->entries, (size_t)s->cap * sizeof entry, (size_t)cap * sizeof entry,
                                _Alignof(struct config_entry));
        s->cap = cap;
    }
    s->entries[s->n++] = entry;
    s->body = end;
    return true;
}

static bool read_line(struct reader *r, str line, ptrdiff_t start, ptrdiff_t end)
{
    if (str_find_byte(line, '\0') >= 0 || !utf8_valid(line))
        return complain(r, "not UTF-8 text");
    str text = str_trim(line);
    if (!text.len || text.ptr[0] == '#' || text.ptr[0] == ';')
        return true;
    return text.ptr[0] == '[' ? begin_section(r, text, start, end) : add_entry(r, str_trim_right(line), start, end);
}

bool sections_read(arena *a, struct config *c, struct err *e)
{
    struct reader r = {.mem = a, .to = c, .err = e};
    ptrdiff_t start = 0;
    while (start < c->text.len) {
        str line, rest;
        bool more = str_cut(str_skip(c->text, start), '\n', &line, &rest);
        ptrdiff_t end = start + line.len + more;
        r.line++;
        if (!read_line(&r, line, start, end))
            return false;
        if (r.current)
            r.current->end = end;
        start = end;
    }
    return true;
}
