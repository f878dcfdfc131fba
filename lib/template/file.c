#include "template/template.h"

#include <stdio.h>

/* A template file while it is read, line by line. */
struct reading {
    arena *mem;
    struct template_file *file;
    str text;
    ptrdiff_t at;
    int64_t number; /* of the line that was read last */
    str field, value; /* of the header, its continuations joined */
    int64_t field_line;
    struct strs seen;
    bool global;
    struct err *e;
};

static bool fault(struct reading *r, int64_t line, const char *hint, const char *format, ...) __attribute__((format(printf, 4, 5)));

static bool fault(struct reading *r, int64_t line, const char *hint, const char *format, ...)
{
    char what[300];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    return err_set(r->e, ERR_CONFIG, "template.file", hint, "%.*s, line %lld: %s", STR_ARG(r->file->path), (long long)line, what);
}

static bool next_line(struct reading *r, str *line)
{
    if (r->at >= r->text.len)
        return false;
    str rest;
    str_cut(str_skip(r->text, r->at), '\n', line, &rest);
    r->at += line->len + 1;
    if (line->len && line->ptr[line->len - 1] == '\r')
        *line = str_first(*line, line->len - 1);
    r->number++;
    return true;
}

static bool is_separator(str line) { return str_starts(line, S("---")); }

static bool begins_part(str line)
{
    str word = str_trim(str_skip(line, 3));
    return is_separator(line) && (str_eq(word, S("text")) || str_eq(word, S("html")));
}

/* ---- fields ------------------------------------------------------------------------------------------------ */

/* A default: plain to the next comma, or "quoted" with \" and \\. *rest is what follows it and its comma. */
static bool take_default(struct reading *r, str text, str *value, str *rest)
{
    text = str_trim(text);
    if (!str_starts(text, S("\""))) {
        str_cut(text, ',', value, rest);
        *value = str_trim(*value);
        return true;
    }
    struct buf b = buf_new(r->mem, text.len);
    ptrdiff_t i = 1;
    for (; i < text.len && text.ptr[i] != '"'; i++) {
        if (text.ptr[i] == '\\' && i + 1 < text.len)
            i++;
        buf_byte(&b, text.ptr[i]);
    }
    str behind = str_trim(str_skip(text, i + 1));
    if (i >= text.len || (behind.len && behind.ptr[0] != ','))
        return fault(r, r->field_line, NULL, "a default in quotes ends with a quote, and a comma before the next name");
    *value = buf_str(&b);
    *rest = behind.len ? str_skip(behind, 1) : STR_NONE;
    return true;
}

static bool name_is_good(str name)
{
    for (ptrdiff_t i = 0; i < name.len; i++) {
        unsigned char c = (unsigned char)name.ptr[i];
        bool edge = i == 0 || i == name.len - 1 || name.ptr[i - 1] == '.';
        if (c <= ' ' || c == 0x7F || strchr("{}\"#^/!>&", c) || (c == '.' && edge))
            return false;
    }
    return name.len > 0;
}

static void add_variable(struct reading *r, struct template_variable v)
{
    struct template_file *f = r->file;
    if (f->n_variables == f->cap_variables) {
        ptrdiff_t cap = f->cap_variables ? 2 * f->cap_variables : 8;
        f->variables = arena_grow(r->mem, f->variables, (size_t)f->cap_variables * sizeof v, (size_t)cap * sizeof v,
                                  _Alignof(struct template_variable));
        f->cap_variables = cap;
    }
    f->variables[f->n_variables++] = v;
}

static bool take_variables(struct reading *r)
{
    str rest = r->value;
    while (rest.len) {
        struct template_variable v = {.line = r->field_line};
        ptrdiff_t comma = str_find_byte(rest, ','), equals = str_find_byte(rest, '=');
        if (equals >= 0 && (comma < 0 || equals < comma)) {
            v.name = str_trim(str_first(rest, equals));
            if (!take_default(r, str_skip(rest, equals + 1), &v.otherwise, &rest))
                return false;
        } else {
            str_cut(rest, ',', &v.name, &rest);
            v.name = str_trim(v.name);
        }
        if (!name_is_good(v.name))
            return fault(r, r->field_line, NULL, "\"%.*s\" is no name of a variable", STR_ARG(v.name));
        add_variable(r, v);
    }
    return true;
}

static bool take_accounts(struct reading *r)
{
    str rest = r->value, one;
    while (rest.len) {
        str_cut(rest, ',', &one, &rest);
        one = str_trim(one);
        if (one.len)
            strs_add(r->mem, &r->file->accounts, one);
    }
    return r->file->accounts.n || fault(r, r->field_line, NULL, "Account names none");
}

static bool take_global(struct reading *r)
{
    r->global = str_eq_nocase(r->value, S("yes")) || str_eq_nocase(r->value, S("true"));
    bool no = str_eq_nocase(r->value, S("no")) || str_eq_nocase(r->value, S("false"));
    return r->global || no || fault(r, r->field_line, NULL, "Global is yes or no");
}

/* The field that has been gathered. */
static bool end_field(struct reading *r)
{
    struct template_file *f = r->file;
    str name = r->field;
    r->field = STR_NONE;
    r->value = str_trim(r->value);
    if (!name.ptr)
        return true;
    str folded = str_lower(r->mem, name);
    if (strs_have(&r->seen, folded))
        return fault(r, r->field_line, NULL, "%.*s stands here for the second time", STR_ARG(name));
    strs_add(r->mem, &r->seen, folded);
    if (str_eq(folded, S("name")))
        return str_eq(r->value, f->name) ||
               fault(r, r->field_line, "the name of a template is that of its file", "Name is \"%.*s\", and the file is called \"%.*s\"",
                     STR_ARG(r->value), STR_ARG(f->name));
    if (str_eq(folded, S("type"))) {
        f->kind = r->value.len ? r->value : STR_NONE;
        return str_find_byte(r->value, ' ') < 0 || fault(r, r->field_line, NULL, "Type is one word");
    }
    if (str_eq(folded, S("subject"))) {
        f->subject = (struct template_source){r->value, f->path, r->field_line};
        return true;
    }
    if (str_eq(folded, S("account")))
        return take_accounts(r);
    if (str_eq(folded, S("global")))
        return take_global(r);
    if (str_eq(folded, S("variables")))
        return take_variables(r);
    return fault(r, r->field_line, "fields are Name, Type, Subject, Account, Global and Variables",
                 "there is no field %.*s in a template", STR_ARG(name));
}

static bool take_header_line(struct reading *r, str line)
{
    if (line.len && (line.ptr[0] == ' ' || line.ptr[0] == '\t') && str_trim(line).len) {
        if (!r->field.ptr)
            return fault(r, r->number, NULL, "this line continues nothing");
        r->value = str_fmt(r->mem, "%.*s %.*s", STR_ARG(r->value), STR_ARG(str_trim(line)));
        return true;
    }
    if (!end_field(r))
        return false;
    if (!str_trim(line).len || line.ptr[0] == '#')
        return true;
    if (!str_cut(line, ':', &r->field, &r->value))
        return fault(r, r->number, "the header ends with the line --- text or --- html", "\"%.*s\" is no field",
                     STR_ARG(utf8_first(line, 60)));
    r->field = str_trim(r->field);
    r->field_line = r->number;
    return true;
}

/* ---- parts ------------------------------------------------------------------------------------------------- */

/* line: its separator. Reads to behind the next separator, which becomes *line; false at the end of the file. */
static bool take_part(struct reading *r, str *line, bool *good)
{
    str word = str_trim(str_skip(*line, 3));
    bool is_text = str_eq(word, S("text"));
    struct template_source *to = is_text ? &r->file->text : &r->file->html;
    *good = is_text || str_eq(word, S("html"));
    if (!*good)
        return fault(r, r->number, NULL, "\"%.*s\": a part is --- text or --- html", STR_ARG(utf8_first(*line, 60)));
    *good = !to->text.ptr;
    if (!*good)
        return fault(r, r->number, NULL, "there is a second %.*s part", STR_ARG(word));
    ptrdiff_t from = r->at < r->text.len ? r->at : r->text.len;
    *to = (struct template_source){.name = r->file->path, .line = r->number + 1};
    ptrdiff_t to_end = from;
    bool more;
    while ((more = next_line(r, line)) && !begins_part(*line))
        to_end = r->at < r->text.len ? r->at : r->text.len;
    to->text = str_slice(r->text, from, to_end);
    return more;
}

bool template_file_read(arena *a, str text, str path, str name, struct template_file *out, struct err *e)
{
    *out = (struct template_file){.path = path, .name = name};
    struct reading r = {.mem = a, .file = out, .text = text, .e = e};
    str line = STR_NONE;
    bool more, good = true;
    if (!utf8_valid(text)) {
        for (ptrdiff_t valid = utf8_valid_prefix(text); r.at <= valid && next_line(&r, &line);)
            continue;
        return fault(&r, r.number, NULL, "this is not UTF-8");
    }
    while ((more = next_line(&r, &line)) && !is_separator(line))
        if (!take_header_line(&r, line))
            return false;
    if (!end_field(&r))
        return false;
    while (more && good)
        more = take_part(&r, &line, &good);
    if (!good)
        return false;
    if (r.global && out->accounts.n)
        return fault(&r, 1, NULL, "a template has either Account or Global");
    return out->text.text.ptr || out->html.text.ptr || fault(&r, r.number, "begin one with the line --- text", "there is no part");
}

str template_file_defaults(arena *a, const struct template_file *f)
{
    str all = S("{}");
    for (ptrdiff_t i = 0; i < f->n_variables; i++) {
        const struct template_variable *v = &f->variables[i];
        str one;
        struct err e;
        if (v->otherwise.ptr && template_set(a, str_fmt(a, "%.*s=%.*s", STR_ARG(v->name), STR_ARG(v->otherwise)), &one, &e))
            all = template_merge(a, all, one);
    }
    return all;
}

/* ---- what it uses --------------------------------------------------------------------------------------------- */

static bool same_or_inside(str name, str outer)
{
    return str_starts(name, outer) && (name.len == outer.len || name.ptr[outer.len] == '.');
}

/* A variable of more than `least` octets, a part of one ("a" of "a.b"), or a member of one ("a.b" of "a"). */
static bool declared(const struct template_file *f, str name, ptrdiff_t least)
{
    for (ptrdiff_t i = 0; i < f->n_variables; i++) {
        str v = f->variables[i].name;
        if (v.len > least && (same_or_inside(name, v) || same_or_inside(v, name)))
            return true;
    }
    return false;
}

static bool built_in(const struct strs *builtin, str name)
{
    str first, rest;
    str_cut(name, '.', &first, &rest);
    return strs_have(builtin, first);
}

static bool known(arena *a, const struct template_file *f, const struct template_uses *uses, const struct template_use *use,
                  const struct strs *builtin)
{
    if (str_eq(use->name, S(".")) || declared(f, use->name, 0) || built_in(builtin, use->name))
        return true;
    str path = use->name;
    for (ptrdiff_t w = use->within; w >= 0; w = uses->item[w].within) {
        str outer = uses->item[w].name;
        if (str_eq(outer, S(".")))
            continue;
        str member = str_fmt(a, "%.*s.%.*s", STR_ARG(outer), STR_ARG(use->name));
        path = str_fmt(a, "%.*s.%.*s", STR_ARG(outer), STR_ARG(path));
        /* That x itself is declared says nothing of its members. */
        if (built_in(builtin, outer) || declared(f, member, outer.len) || declared(f, path, path.len - use->name.len - 1))
            return true;
    }
    return false;
}

const struct template_use *template_file_unknown(arena *a, const struct template_file *f, const struct template *t,
                                                 const struct strs *builtin)
{
    struct template_uses uses;
    template_uses(a, t, &uses);
    for (ptrdiff_t i = 0; i < uses.n; i++)
        if (!known(a, f, &uses, &uses.item[i], builtin))
            return &uses.item[i];
    return NULL;
}
