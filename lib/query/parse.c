#include "query/private.h"

#include <stdarg.h>
#include <stdio.h>

struct parser {
    arena *mem;
    str text;
    ptrdiff_t at;
    int64_t now;
    int terms;
    struct query_fault *fault;
};

enum token { END, OPEN, CLOSE, AND, OR, NOT, MINUS, TERM };

struct query_shown query_show(str s)
{
    struct query_shown shown;
    str cut = utf8_first(s, (ptrdiff_t)sizeof shown.text - 6);
    snprintf(shown.text, sizeof shown.text, "\"%.*s%s\"", STR_ARG(cut), cut.len < s.len ? "..." : "");
    for (char *p = shown.text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = '?';
    return shown;
}

bool query_refuse(struct query_fault *fault, ptrdiff_t at, const char *hint, const char *format, ...)
{
    va_list args;
    fault->at = at;
    va_start(args, format);
    vsnprintf(fault->text, sizeof fault->text, format, args);
    va_end(args);
    snprintf(fault->hint, sizeof fault->hint, "%s", hint ? hint : "");
    return false;
}

/* ---- tokens ---------------------------------------------------------------------------------------- */

static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

static bool ends_word(char c) { return is_space(c) || c == '(' || c == ')' || c == '"'; }

static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static char peek_char(const struct parser *p, ptrdiff_t at) { return at < p->text.len ? p->text.ptr[at] : ' '; }

static void skip_space(struct parser *p)
{
    while (p->at < p->text.len && is_space(p->text.ptr[p->at]))
        p->at++;
}

/* From `at` to the next space, parenthesis or quotation mark. */
static str word_at(const struct parser *p, ptrdiff_t at)
{
    ptrdiff_t end = at;
    while (end < p->text.len && !ends_word(p->text.ptr[end]))
        end++;
    return str_slice(p->text, at, end);
}

static enum token peek(struct parser *p)
{
    skip_space(p);
    if (p->at == p->text.len)
        return END;
    switch (p->text.ptr[p->at]) {
    case '(': return OPEN;
    case ')': return CLOSE;
    case '-': return MINUS;
    default: break;
    }
    str word = word_at(p, p->at);
    if (str_eq_nocase(word, S("and")))
        return AND;
    if (str_eq_nocase(word, S("or")))
        return OR;
    return str_eq_nocase(word, S("not")) ? NOT : TERM;
}

/* The length of NAME where the text goes on with NAME: and that is no URL; else 0. */
static ptrdiff_t field_length(const struct parser *p)
{
    str word = word_at(p, p->at);
    ptrdiff_t n = 0;
    while (n < word.len && (is_letter(word.ptr[n]) || (n > 0 && word.ptr[n] == '-')))
        n++;
    bool colon = n > 0 && n < word.len && word.ptr[n] == ':';
    return colon && !str_starts(str_skip(word, n + 1), S("//")) ? n : 0;
}

static bool read_quoted(struct parser *p, str *out)
{
    ptrdiff_t start = p->at++;
    struct buf b = buf_new(p->mem, 64);
    for (; p->at < p->text.len && p->text.ptr[p->at] != '"'; p->at++) {
        bool escape = p->text.ptr[p->at] == '\\' && (peek_char(p, p->at + 1) == '"' || peek_char(p, p->at + 1) == '\\');
        p->at += escape;
        buf_byte(&b, p->text.ptr[p->at]);
    }
    if (p->at == p->text.len)
        return query_refuse(p->fault, start, "put one at the end of the phrase", "the quotation mark is not closed");
    p->at++;
    *out = buf_str(&b);
    return true;
}

/* What stands at p->at, as value, quoted and prefix of *t. */
static bool read_value(struct parser *p, struct query_term *t)
{
    t->value_at = p->at;
    if (peek_char(p, p->at) == '"') {
        t->quoted = true;
        if (!read_quoted(p, &t->value))
            return false;
        t->prefix = peek_char(p, p->at) == '*';
        p->at += t->prefix;
        return true;
    }
    str word = word_at(p, p->at);
    p->at += word.len;
    t->prefix = str_ends(word, S("*"));
    t->value = str_first(word, word.len - t->prefix);
    ptrdiff_t star = str_find_byte(t->value, '*');
    if (star >= 0)
        return query_refuse(p->fault, t->value_at + star, "it means any end of the last word; quotation marks make it a plain character",
                            "a star stands before the end of the word");
    return true;
}

/* ---- the tree -------------------------------------------------------------------------------------- */

struct chain {
    enum query_op op;
    struct query *head, *tail;
    ptrdiff_t n;
};

static void chain_add(struct chain *c, struct query *q)
{
    struct query *first = q->op == c->op ? q->child : q;
    if (c->tail)
        c->tail->next = first;
    else
        c->head = first;
    for (; first; first = first->next, c->n++)
        c->tail = first;
}

static struct query *chain_end(struct parser *p, const struct chain *c)
{
    if (c->n == 1)
        return c->head;
    struct query *q = ARENA_NEW(p->mem, struct query);
    q->op = c->op;
    q->child = c->head;
    q->at = c->head->at;
    return q;
}

static struct query *negate(struct parser *p, struct query *q)
{
    if (q->op == QUERY_NOT)
        return q->child;
    struct query *not = ARENA_NEW(p->mem, struct query);
    not->op = QUERY_NOT;
    not->child = q;
    not->at = q->at;
    return not;
}

static struct query *refuse(struct parser *p, ptrdiff_t at, const char *hint, const char *text)
{
    query_refuse(p->fault, at, hint, "%s", text);
    return NULL;
}

static struct query *parse_or(struct parser *p, str field, int depth);

static struct query *parse_group(struct parser *p, str field, int depth)
{
    ptrdiff_t open = p->at++;
    if (depth == QUERY_DEPTH) {
        query_refuse(p->fault, open, NULL, "parentheses are nested deeper than %d", QUERY_DEPTH);
        return NULL;
    }
    if (peek(p) == CLOSE)
        return refuse(p, open, "text with parentheses needs quotation marks", "nothing stands between the parentheses");
    struct query *q = parse_or(p, field, depth + 1);
    if (!q)
        return NULL;
    if (peek(p) != CLOSE)
        return refuse(p, open, "text with parentheses needs quotation marks", "the parenthesis is not closed");
    p->at++;
    return q;
}

/* A term, or field:(…) whose terms without a field of their own take this one. */
static struct query *parse_term(struct parser *p, str field, int depth)
{
    struct query_term t = {.field = field, .at = p->at};
    ptrdiff_t n = field_length(p);
    if (n) {
        t.field = str_slice(p->text, p->at, p->at + n);
        if (!query_field_known(t.field, p->at, p->fault))
            return NULL;
        p->at += n + 1;
        if (peek_char(p, p->at) == '(')
            return parse_group(p, t.field, depth);
    }
    if (++p->terms > QUERY_TERMS) {
        query_refuse(p->fault, t.at, NULL, "the query has more than %d terms", QUERY_TERMS);
        return NULL;
    }
    return read_value(p, &t) ? query_term(p->mem, &t, p->now, p->fault) : NULL;
}

static struct query *parse_factor(struct parser *p, str field, int depth)
{
    bool negated = false;
    enum token token;
    for (; (token = peek(p)) == NOT || token == MINUS; negated = !negated) {
        ptrdiff_t length = token == NOT ? 3 : 1;
        if (token == MINUS && is_space(peek_char(p, p->at + 1)))
            return refuse(p, p->at, "a minus stands right before what it excludes", "the minus stands alone");
        p->at += length;
    }
    struct query *q = NULL;
    switch (token) {
    case END: return refuse(p, p->text.len, NULL, "the query ends where a term should stand");
    case CLOSE: return refuse(p, p->at, NULL, "a term is missing before the parenthesis");
    case AND:
    case OR: return refuse(p, p->at, "to find the word itself, quote it", token == AND ? "a term is missing before \"and\"" : "a term is missing before \"or\"");
    case OPEN: q = parse_group(p, field, depth); break;
    default: q = parse_term(p, field, depth); break;
    }
    return q && negated ? negate(p, q) : q;
}

static struct query *parse_and(struct parser *p, str field, int depth)
{
    struct chain c = {.op = QUERY_AND};
    for (;;) {
        struct query *q = parse_factor(p, field, depth);
        if (!q)
            return NULL;
        chain_add(&c, q);
        enum token token = peek(p);
        if (token == END || token == CLOSE || token == OR)
            return chain_end(p, &c);
        if (token == AND)
            p->at += 3;
    }
}

static struct query *parse_or(struct parser *p, str field, int depth)
{
    struct chain c = {.op = QUERY_OR};
    for (;;) {
        struct query *q = parse_and(p, field, depth);
        if (!q)
            return NULL;
        chain_add(&c, q);
        if (peek(p) != OR)
            return chain_end(p, &c);
        p->at += 2;
    }
}

struct query *query_parse(arena *a, str text, int64_t now, struct query_fault *fault)
{
    struct parser p = {.mem = a, .text = text, .now = now, .fault = fault};
    *fault = (struct query_fault){0};
    ptrdiff_t valid = utf8_valid_prefix(text);
    if (text.len > QUERY_OCTETS) {
        query_refuse(fault, QUERY_OCTETS, NULL, "the query is longer than %d octets", QUERY_OCTETS);
        return NULL;
    }
    if (valid < text.len || memchr(text.ptr ? text.ptr : "", 0, (size_t)text.len))
        return refuse(&p, valid < text.len ? valid : str_find_byte(text, 0), NULL, "the query is no UTF-8 text");
    if (peek(&p) == END)
        return ARENA_NEW(a, struct query);
    struct query *q = parse_or(&p, STR_NONE, 0);
    if (q && peek(&p) != END)
        return refuse(&p, p.at, "text with parentheses needs quotation marks", "nothing opens the parenthesis");
    return q;
}
