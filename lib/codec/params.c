/* Parameters of Content-Type and Content-Disposition (RFC 2045 5.1, RFC 2231), and what mail has instead of them. */
#include "codec/codec.h"

/* One `name*2*="value"` as it stands. */
struct piece {
    str name;      /* lower case, before the first * */
    int section;   /* -1: not continued */
    bool extended; /* percent signs and a charset */
    bool quoted;
    str value;     /* without quotes and their backslashes */
};

struct pieces {
    struct piece item[CODEC_PARAMS];
    int n;
};

static bool is_fold(char c) { return c == '\r' || c == '\n'; }

static bool is_blank(char c) { return c == ' ' || c == '\t' || is_fold(c); }

static char at(str s, ptrdiff_t i) { return i < s.len ? s.ptr[i] : 0; }

static ptrdiff_t skip_blanks(str s, ptrdiff_t i)
{
    while (i < s.len && is_blank(s.ptr[i]))
        i++;
    return i;
}

static bool is_name_char(char c) { return (unsigned char)c > 32 && c != 127 && !strchr("()<>@,;:\\\"/[]?=", c); }

/* Behind a comment that begins at i, or i where it does not end soon. */
static ptrdiff_t skip_comment(str s, ptrdiff_t i)
{
    enum { COMMENT = 1000 };
    int depth = 0;
    for (ptrdiff_t p = i; p < s.len && p - i < COMMENT; p++) {
        char c = s.ptr[p];
        if (c == '\\')
            p++;
        else if (c == '(')
            depth++;
        else if (c == ')' && --depth == 0)
            return p + 1;
    }
    return i;
}

/* Whether `name =` begins at i: then a semicolon was forgotten before it. */
static bool begins_param(str s, ptrdiff_t i)
{
    enum { NAME = 60 };
    ptrdiff_t from = i;
    while (i < s.len && i - from < NAME && is_name_char(s.ptr[i]))
        i++;
    return i > from && (at(s, i) == '=' || (is_blank(at(s, i)) && at(s, skip_blanks(s, i)) == '='));
}

/* Up to the ';' behind a value that is done. */
static ptrdiff_t skip_rest(str s, ptrdiff_t i, unsigned *flags)
{
    while (i < s.len && s.ptr[i] != ';') {
        if (is_blank(s.ptr[i])) {
            i = skip_blanks(s, i);
            if (begins_param(s, i)) {
                *flags |= CODEC_PARAM;
                return i;
            }
            continue;
        }
        ptrdiff_t next = s.ptr[i] == '(' ? skip_comment(s, i) : i;
        if (next == i) {
            *flags |= CODEC_PARAM;
            next++;
        }
        i = next;
    }
    return i;
}

/* From behind the opening quote; *next is behind the closing one, or the end. */
static str take_quoted(arena *a, str s, ptrdiff_t i, ptrdiff_t *next, unsigned *flags)
{
    struct buf out = buf_new(a, 32);
    bool closed = false;
    while (i < s.len && !closed) {
        char c = s.ptr[i];
        if (c == '"') {
            closed = true;
        } else if (c == '\\' && i + 1 < s.len && !is_fold(s.ptr[i + 1])) {
            buf_byte(&out, s.ptr[++i]);
        } else if (!is_fold(c)) {
            buf_byte(&out, c == '\t' && i > 0 && is_fold(s.ptr[i - 1]) ? ' ' : c);
        }
        i++;
    }
    if (!closed)
        *flags |= CODEC_PARAM;
    *next = i;
    return buf_str(&out);
}

/* A value without quotes reaches to the ';', spaces and all, unless another parameter begins behind a space. */
static str take_bare(str s, ptrdiff_t i, ptrdiff_t *next, unsigned *flags)
{
    ptrdiff_t from = i, end = i;
    while (i < s.len && s.ptr[i] != ';') {
        if (!is_blank(s.ptr[i])) {
            end = ++i;
            continue;
        }
        i = skip_blanks(s, i);
        if (begins_param(s, i)) {
            *flags |= CODEC_PARAM;
            break;
        }
        ptrdiff_t behind = at(s, i) == '(' ? skip_blanks(s, skip_comment(s, i)) : i;
        if (behind > i && (behind == s.len || s.ptr[behind] == ';'))
            i = behind;
    }
    *next = i;
    return str_slice(s, from, end);
}

/* name, name*, name*0, name*0* */
static void split_name(arena *a, str name, struct piece *p)
{
    str rest, digits, more;
    p->section = -1;
    if (str_cut(name, '*', &name, &rest)) {
        bool star = str_cut(str_trim(rest), '*', &digits, &more);
        int64_t section;
        if (str_i64(str_trim(digits), 0, 9999, &section))
            p->section = (int)section;
        p->extended = star || !digits.len;
    }
    p->name = str_lower(a, str_trim(name));
}

static void split(arena *a, str s, struct pieces *out, unsigned *flags)
{
    ptrdiff_t i = 0;
    while (i < s.len) {
        char c = s.ptr[i];
        if (c == ';' || is_blank(c)) {
            i++;
            continue;
        }
        ptrdiff_t behind = c == '(' ? skip_comment(s, i) : i;
        if (behind > i) {
            i = behind;
            continue;
        }
        ptrdiff_t from = i;
        while (i < s.len && s.ptr[i] != '=' && s.ptr[i] != ';')
            i++;
        str name = str_trim(str_slice(s, from, i));
        if (at(s, i) != '=') {
            *flags |= CODEC_PARAM;
            continue;
        }
        i = skip_blanks(s, i + 1);
        struct piece p = {0};
        split_name(a, name, &p);
        p.quoted = at(s, i) == '"';
        if (p.quoted) {
            p.value = take_quoted(a, s, i + 1, &i, flags);
            i = skip_rest(s, i, flags);
        } else {
            p.value = take_bare(s, i, &i, flags);
        }
        bool empty = !p.name.len || (!p.value.len && !p.quoted);
        if (empty || out->n == CODEC_PARAMS)
            *flags |= CODEC_PARAM;
        else
            out->item[out->n++] = p;
    }
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_percent(str s, struct buf *out)
{
    for (ptrdiff_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '%' && i + 2 < s.len && hex(s.ptr[i + 1]) >= 0 && hex(s.ptr[i + 2]) >= 0) {
            buf_byte(out, (char)(hex(s.ptr[i + 1]) << 4 | hex(s.ptr[i + 2])));
            i += 2;
        } else {
            buf_byte(out, s.ptr[i]);
        }
    }
}

/* charset'language'text; without the quotes it is all text. */
static str cut_charset(str value, str *set)
{
    str head, tail, language, text;
    *set = STR_NONE;
    if (!str_cut(value, '\'', &head, &tail) || !str_cut(tail, '\'', &language, &text))
        return value;
    *set = head;
    return text;
}

/* All sections of a name, in their order; octets of one character may lie in two of them. */
static str join(arena *a, struct charsets *c, const struct pieces *all, str name, unsigned *flags)
{
    struct buf octets = buf_new(a, 64);
    str set = STR_NONE;
    bool extended = false;
    for (int last = -1;;) {
        const struct piece *next = NULL;
        for (int i = 0; i < all->n; i++) {
            const struct piece *p = &all->item[i];
            bool part = (p->section >= 0 || p->extended) && str_eq(p->name, name);
            int section = p->section < 0 ? 0 : p->section;
            if (part && section > last && (!next || section < (next->section < 0 ? 0 : next->section)))
                next = p;
        }
        if (!next)
            break;
        str value = next->extended && last < 0 ? cut_charset(next->value, &set) : next->value;
        if (next->extended)
            put_percent(value, &octets);
        else
            buf_put(&octets, value);
        extended = extended || next->extended;
        last = next->section < 0 ? 0 : next->section;
    }
    return extended ? charset_text(a, c, set, buf_str(&octets), flags) : codec_words(a, c, buf_str(&octets), flags);
}

static bool is_listed(const struct params *list, str name)
{
    for (ptrdiff_t i = 0; i < list->n; i++)
        if (str_eq(list->item[i].name, name))
            return true;
    return false;
}

void codec_params(arena *a, struct charsets *c, str text, struct params *out, unsigned *flags)
{
    unsigned seen = 0;
    *out = (struct params){0};
    if (!text.len)
        return;
    if (text.len > CODEC_PARAMS_OCTETS) {
        seen |= CODEC_PARAM;
        text = str_first(text, CODEC_PARAMS_OCTETS);
    }
    struct pieces all;
    all.n = 0;
    split(a, text, &all, &seen);
    out->item = ARENA_ARRAY(a, struct param, all.n);
    /* RFC2231 forms first: where a plain one stands beside them, it is the poorer one. */
    for (int plain = 0; plain < 2; plain++)
        for (int i = 0; i < all.n; i++) {
            const struct piece *p = &all.item[i];
            if ((p->section < 0 && !p->extended) != plain || is_listed(out, p->name))
                continue;
            str value = plain ? codec_words(a, c, p->value, &seen) : join(a, c, &all, p->name, &seen);
            out->item[out->n++] = (struct param){p->name, value};
        }
    if (flags)
        *flags |= seen;
}

str param_get(const struct params *p, str name)
{
    for (ptrdiff_t i = 0; i < p->n; i++)
        if (str_eq(p->item[i].name, name))
            return p->item[i].value;
    return STR_NONE;
}

/* ---- writing ---- */

static bool is_attribute_char(char c)
{
    return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("!#$&+-.^_`{|}~", c));
}

void codec_param_put(struct buf *to, str name, str value)
{
    enum { PLAIN = 60, SECTION = 50 };
    bool plain = value.len <= PLAIN;
    for (ptrdiff_t i = 0; i < value.len; i++)
        plain = plain && value.ptr[i] >= 32 && value.ptr[i] <= 126;
    if (plain) {
        buf_fmt(to, ";\r\n %.*s=\"", STR_ARG(name));
        for (ptrdiff_t i = 0; i < value.len; i++) {
            if (value.ptr[i] == '"' || value.ptr[i] == '\\')
                buf_byte(to, '\\');
            buf_byte(to, value.ptr[i]);
        }
        buf_byte(to, '"');
        return;
    }
    ptrdiff_t i = 0;
    for (int section = 0; i < value.len || !section; section++) {
        buf_fmt(to, ";\r\n %.*s*%d*=%s", STR_ARG(name), section, section ? "" : "UTF-8''");
        for (int width = 0; i < value.len && width < SECTION; i++) {
            char ch = value.ptr[i];
            bool bare = is_attribute_char(ch);
            width += bare ? 1 : 3;
            if (bare)
                buf_byte(to, ch);
            else
                buf_fmt(to, "%%%02X", (unsigned)(unsigned char)ch);
        }
    }
}
