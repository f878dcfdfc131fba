/* Address lists (RFC 5322 3.4 and 4.4): one pass over the text, which never gives up. */
#include "header/header.h"

struct list {
    arena *mem;
    struct charsets *charsets;
    unsigned *flags;
    struct header_addresses *out;
    str s;
    ptrdiff_t at;
    /* Of the address that is being read. */
    struct buf phrase;  /* words, quotes removed, still encoded; a plain address stands here too */
    struct buf comment;
    struct buf angle;   /* what stood in <> */
    ptrdiff_t name_end;     /* of phrase where the <> stood */
    bool has_angle, in_group, quoted;
    bool open_quote;        /* one was met that nothing closes: those behind it count as missing, or time would be quadratic */
    ptrdiff_t no_word;      /* before this place no encoded word ends */
};

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* A run of white space is one space between words. */
static void put_space(struct buf *b)
{
    if (b->len && b->ptr[b->len - 1] != ' ')
        buf_byte(b, ' ');
}

/* The text of a comment, nested ones with their parentheses. An open one ends with the text. */
static void take_comment(struct list *l)
{
    int depth = 0;
    put_space(&l->comment);
    for (; l->at < l->s.len; l->at++) {
        char c = l->s.ptr[l->at];
        if (c == '\\' && l->at + 1 < l->s.len) {
            buf_byte(&l->comment, l->s.ptr[++l->at]);
            continue;
        }
        if (c == ')' && --depth == 0) {
            l->at++;
            return;
        }
        if (c == '(' && depth++ == 0)
            continue;
        if (is_blank(c))
            put_space(&l->comment);
        else
            buf_byte(&l->comment, c);
    }
}

/* Index of the quote that ends the string whose first is at `at`; -1: none. */
static ptrdiff_t closing_quote(str s, ptrdiff_t at)
{
    for (ptrdiff_t i = at + 1; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '"')
            return i;
    }
    return -1;
}

/* The same for the quote at which the list stands. */
static ptrdiff_t string_end(struct list *l)
{
    ptrdiff_t end = l->open_quote ? -1 : closing_quote(l->s, l->at);
    l->open_quote = end < 0;
    return end;
}

/* A quoted string into b, without quotes, backslashes and folds. A quote that nothing ends is left out. */
static void take_quoted(struct list *l, ptrdiff_t end, struct buf *b)
{
    l->at++;
    if (end < 0)
        return;
    for (; l->at < end; l->at++) {
        char c = l->s.ptr[l->at];
        if (c == '\\' && l->at + 1 < end)
            c = l->s.ptr[++l->at];
        if (c != '\r' && c != '\n')
            buf_byte(b, c);
    }
    l->at = end + 1;
}

/* An encoded word is taken as one, whatever it holds; false: there is none at this place. */
static bool take_word(struct list *l)
{
    str rest = str_skip(l->s, l->at);
    if (l->at < l->no_word || !str_starts(rest, S("=?")))
        return false;
    ptrdiff_t i = 2, marks = 0;
    for (; i < rest.len && !is_blank(rest.ptr[i]); i++) {
        if (rest.ptr[i] != '?')
            continue;
        if (marks++ >= 2 && i + 1 < rest.len && rest.ptr[i + 1] == '=') {
            buf_put(&l->phrase, str_first(rest, i + 2));
            l->at += i + 2;
            return true;
        }
    }
    l->no_word = l->at + i;
    return false;
}

/* What stands between < and >: white space and comments go, a route too (RFC5322-4.4). Without the >, a comma ends it. */
static void take_angle(struct list *l)
{
    l->has_angle = true;
    l->at++;
    while (l->at < l->s.len) {
        char c = l->s.ptr[l->at];
        bool route = l->angle.len && l->angle.ptr[0] == '@';
        if (c == '>') {
            l->at++;
            return;
        }
        if ((c == ',' || c == ';') && !route)
            return;
        if (c == '(') {
            take_comment(l);
            continue;
        }
        ptrdiff_t end = c == '"' ? string_end(l) : -1;
        if (end >= 0) {
            buf_put(&l->angle, str_slice(l->s, l->at, end + 1));
            l->at = end + 1;
            continue;
        }
        if (c == ':' && route)
            l->angle.len = 0;
        else if (!is_blank(c) && c != '<')
            buf_byte(&l->angle, c);
        l->at++;
    }
}

/* `"local"@domain` without its quotes, where it means the same. */
static str plain_email(arena *a, str email)
{
    ptrdiff_t end = email.len && email.ptr[0] == '"' ? closing_quote(email, 0) : -1;
    if (end < 2 || end + 1 >= email.len || email.ptr[end + 1] != '@')
        return email;
    str local = str_slice(email, 1, end);
    for (ptrdiff_t i = 0; i < local.len; i++)
        if (is_blank(local.ptr[i]) || strchr("()<>[]:;@\\,\"", local.ptr[i]) || local.ptr[i] == 0)
            return email;
    return str_fmt(a, "%.*s%.*s", STR_ARG(local), STR_ARG(str_skip(email, end + 1)));
}

static str clean_email(struct list *l, str email)
{
    email = str_trim(email);
    return charset_text(l->mem, l->charsets, STR_NONE, plain_email(l->mem, str_copy(l->mem, email)), NULL);
}

static str clean_name(struct list *l, const struct buf *b)
{
    str name = str_trim(buf_str(b));
    if (!name.len)
        return STR_NONE;
    name = str_trim(codec_words(l->mem, l->charsets, str_copy(l->mem, name), l->flags));
    return name.len ? name : STR_NONE;
}

static void add(struct list *l, str name, str email)
{
    struct header_addresses *out = l->out;
    if ((!name.ptr && !email.len) || out->n == HEADER_ADDRESSES)
        return;
    if (out->n == out->cap) {
        ptrdiff_t cap = out->cap ? out->cap * 2 : 4;
        size_t size = sizeof *out->item;
        out->item = arena_grow(l->mem, out->item, (size_t)out->cap * size, (size_t)cap * size, _Alignof(struct header_address));
        out->cap = cap;
    }
    out->item[out->n++] = (struct header_address){name, email};
}

/* Text without <>: white space around dots and @ is of an obsolete address (RFC5322-4.4), else it parts words. The
 * word with the @ is the address and the others are a name. */
static void add_bare(struct list *l)
{
    str text = str_trim(buf_str(&l->phrase));
    struct buf tight = buf_new(l->mem, text.len + 1);
    for (ptrdiff_t i = 0; i < text.len; i++) {
        char before = tight.len ? tight.ptr[tight.len - 1] : 0, after = i + 1 < text.len ? text.ptr[i + 1] : 0;
        if (text.ptr[i] == ' ' && !l->quoted && (before == '.' || before == '@' || after == '.' || after == '@'))
            continue;
        buf_byte(&tight, text.ptr[i]);
    }
    str all = buf_str(&tight), email = all, name = STR_NONE;
    ptrdiff_t at = str_find_byte(all, '@'), from = at, to = at;
    if (at >= 0 && !l->quoted) {
        while (from > 0 && all.ptr[from - 1] != ' ')
            from--;
        while (to < all.len && all.ptr[to] != ' ')
            to++;
        email = str_slice(all, from, to);
        struct buf rest = buf_new(l->mem, all.len + 1);
        buf_put(&rest, str_trim(str_first(all, from)));
        put_space(&rest);
        buf_put(&rest, str_trim(str_skip(all, to)));
        name = clean_name(l, &rest);
    }
    if (!name.ptr)
        name = clean_name(l, &l->comment);
    add(l, name, clean_email(l, email));
}

static void finish(struct list *l)
{
    if (l->has_angle) {
        str name = clean_name(l, &l->phrase);
        if (!name.ptr)
            name = clean_name(l, &l->comment);
        add(l, name, clean_email(l, buf_str(&l->angle)));
    } else if (str_trim(buf_str(&l->phrase)).len) {
        add_bare(l);
    }
    l->phrase.len = l->comment.len = l->angle.len = 0;
    l->has_angle = l->quoted = false;
}

/* A second <> without a comma: what stood between the two is the second one's name. */
static void split(struct list *l)
{
    str between = str_copy(l->mem, str_skip(buf_str(&l->phrase), l->name_end));
    l->phrase.len = l->name_end;
    finish(l);
    buf_put(&l->phrase, between);
}

/* A quoted string, that may be the local part of a plain address: then it keeps its quotes. */
static void take_string(struct list *l)
{
    ptrdiff_t end = string_end(l);
    if (end >= 0 && end + 1 < l->s.len && l->s.ptr[end + 1] == '@') {
        buf_put(&l->phrase, str_slice(l->s, l->at, end + 1));
        l->at = end + 1;
        l->quoted = true;
        return;
    }
    take_quoted(l, end, &l->phrase);
}

/* The colon behind a group's name; in a plain route it ends the route. */
static void take_colon(struct list *l)
{
    l->at++;
    str text = str_trim(buf_str(&l->phrase));
    bool route = text.len && text.ptr[0] == '@';
    if (!route && str_find_byte(text, '@') >= 0 && !l->has_angle) {
        buf_byte(&l->phrase, ':');
        return;
    }
    l->in_group = !route;
    l->phrase.len = l->comment.len = 0;
}

static void take_literal(struct list *l)
{
    while (l->at < l->s.len) {
        char c = l->s.ptr[l->at++];
        buf_byte(&l->phrase, c);
        if (c == ']')
            return;
    }
}

static void take_one(struct list *l)
{
    char c = l->s.ptr[l->at];
    switch (c) {
    case ',':
    case ';':
        finish(l);
        l->in_group = l->in_group && c == ',';
        l->at++;
        return;
    case '(': take_comment(l); return;
    case '"': take_string(l); return;
    case '<':
        if (l->has_angle)
            split(l);
        l->name_end = l->phrase.len;
        take_angle(l);
        return;
    case ':': take_colon(l); return;
    case '[':
        if (l->phrase.len && l->phrase.ptr[l->phrase.len - 1] == '@') {
            take_literal(l);
            return;
        }
        break;
    case '=':
        if (take_word(l))
            return;
        break;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
        put_space(&l->phrase);
        l->at++;
        return;
    default: break;
    }
    buf_byte(&l->phrase, c);
    l->at++;
}

void header_addresses(arena *a, struct charsets *c, str body, struct header_addresses *out, unsigned *flags)
{
    struct list l = {.mem = a, .charsets = c, .flags = flags, .out = out, .s = body};
    l.phrase = buf_new(a, 96);
    l.comment = buf_new(a, 32);
    l.angle = buf_new(a, 64);
    while (l.at < body.len)
        take_one(&l);
    finish(&l);
}
