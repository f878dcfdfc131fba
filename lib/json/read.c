#include "json/escape.h"
#include "json/json.h"
#include "json/stride.h"

enum { FIRST_NODES = 128 };

struct reader {
    arena *mem;
    str text;
    ptrdiff_t at;
    struct jnode *node;
    uint32_t n, cap;
    uint32_t open[JSON_DEPTH]; /* nodes of the containers that are not closed yet, outermost first */
    int depth;
    struct json_fault fault;
};

static bool fault(struct reader *r, ptrdiff_t offset, const char *what)
{
    r->fault = (struct json_fault){offset, what};
    return false;
}

static bool push(struct reader *r, enum json_type type, ptrdiff_t from, ptrdiff_t to, bool escaped)
{
    if (r->n == r->cap) {
        if (r->cap == JSON_NODES)
            return fault(r, from, "too many values");
        uint32_t cap = r->cap ? r->cap * 2 : FIRST_NODES;
        r->node = arena_grow(r->mem, r->node, r->cap * sizeof *r->node, cap * sizeof *r->node, _Alignof(struct jnode));
        r->cap = cap;
    }
    r->node[r->n++] = (struct jnode){str_of(r->text.ptr + from, to - from), 1, (uint8_t)type, escaped};
    return true;
}

/* The octet at this place; NUL, which is no part of JSON's grammar, at the end. */
static char here(const struct reader *r) { return r->at < r->text.len ? r->text.ptr[r->at] : 0; }

static char skip_space(struct reader *r)
{
    for (;; r->at++) {
        char c = here(r);
        if (c != ' ' && c != '\n' && c != '\r' && c != '\t')
            return c;
    }
}

static ptrdiff_t plain_octets(const char *p, ptrdiff_t n)
{
    ptrdiff_t i = 0;
    for (; n - i >= 8; i += 8) {
        uint64_t marks = stride_marks(stride_load(p + i));
        if (marks)
            return i + stride_first(marks);
    }
    while (i < n && stride_is_plain(p[i]))
        i++;
    return i;
}

/* The value of the four hex digits behind "\u" at this place, or -1. */
static int32_t hex4(str text, ptrdiff_t at)
{
    int32_t value = 0;
    if (text.len - at < 6 || text.ptr[at] != '\\' || text.ptr[at + 1] != 'u')
        return -1;
    for (ptrdiff_t i = at + 2; i < at + 6; i++) {
        char c = text.ptr[i];
        char small = (char)(c | 0x20);
        bool is_digit = c >= '0' && c <= '9';
        if (!is_digit && (small < 'a' || small > 'f'))
            return -1;
        value = value << 4 | (is_digit ? c - '0' : small - 'a' + 10);
    }
    return value;
}

int jread_escape(str text, ptrdiff_t at, uint32_t *cp)
{
    if (text.len - at < 2)
        return 0;
    *cp = (unsigned char)jread_short_escape(text.ptr[at + 1]);
    if (*cp)
        return 2;
    int32_t high = hex4(text, at);
    if (high < 0)
        return 0;
    *cp = (uint32_t)high;
    if (high < 0xD800 || high > 0xDFFF)
        return 6;
    int32_t low = high < 0xDC00 ? hex4(text, at + 6) : -1;
    if (low < 0xDC00 || low > 0xDFFF)
        return -1;
    *cp = 0x10000u + (((uint32_t)high - 0xD800u) << 10) + ((uint32_t)low - 0xDC00u);
    return 12;
}

static bool read_string(struct reader *r)
{
    const str text = r->text;
    ptrdiff_t start = r->at + 1, i = start;
    bool escaped = false;
    for (;;) {
        i += plain_octets(text.ptr + i, text.len - i);
        if (i == text.len)
            return fault(r, i, "a string without its end");
        if (text.ptr[i] == '"')
            break;
        if (text.ptr[i] != '\\')
            return fault(r, i, "a control character in a string");
        uint32_t cp;
        bool simple = text.len - i > 1 && jread_short_escape(text.ptr[i + 1]);
        int n = simple ? 2 : jread_escape(text, i, &cp);
        if (n <= 0)
            return fault(r, i, n ? "half a surrogate pair" : "an unknown escape");
        escaped = true;
        i += n;
    }
    r->at = i + 1;
    return push(r, JSON_STRING, start, i, escaped);
}

static bool digits(struct reader *r)
{
    ptrdiff_t start = r->at;
    while (here(r) >= '0' && here(r) <= '9')
        r->at++;
    return r->at > start || fault(r, r->at, "a digit expected");
}

static bool read_number(struct reader *r)
{
    ptrdiff_t start = r->at;
    if (here(r) == '-')
        r->at++;
    if (here(r) == '0')
        r->at++;
    else if (!digits(r))
        return false;
    if (here(r) == '.') {
        r->at++;
        if (!digits(r))
            return false;
    }
    if (here(r) == 'e' || here(r) == 'E') {
        r->at++;
        if (here(r) == '+' || here(r) == '-')
            r->at++;
        if (!digits(r))
            return false;
    }
    return push(r, JSON_NUMBER, start, r->at, false);
}

static bool read_word(struct reader *r, enum json_type type, str word)
{
    if (!str_starts(str_skip(r->text, r->at), word))
        return fault(r, r->at, "a value expected");
    r->at += word.len;
    return push(r, type, r->at - word.len, r->at, false);
}

static bool read_scalar(struct reader *r)
{
    char c = here(r);
    switch (c) {
    case '"': return read_string(r);
    case 't': return read_word(r, JSON_TRUE, S("true"));
    case 'f': return read_word(r, JSON_FALSE, S("false"));
    case 'n': return read_word(r, JSON_NULL, S("null"));
    default: break;
    }
    if (c == '-' || (c >= '0' && c <= '9'))
        return read_number(r);
    return fault(r, r->at, "a value expected");
}

static bool read_key(struct reader *r)
{
    if (skip_space(r) != '"')
        return fault(r, r->at, "a member's name in quotes expected");
    if (!read_string(r))
        return false;
    if (skip_space(r) != ':')
        return fault(r, r->at, "a colon expected");
    r->at++;
    return true;
}

static bool open_container(struct reader *r, char c)
{
    if (r->depth == JSON_DEPTH)
        return fault(r, r->at, "nested too deep");
    r->open[r->depth++] = r->n;
    r->at++;
    return push(r, c == '{' ? JSON_OBJECT : JSON_ARRAY, r->at - 1, r->at, false);
}

static void close_container(struct reader *r)
{
    uint32_t index = r->open[--r->depth];
    struct jnode *node = &r->node[index];
    r->at++;
    node->span = r->n - index;
    node->text.len = r->text.ptr + r->at - node->text.ptr;
}

/* Behind a value, or at the first place of a container: close what ends here, and stand where the next value begins
 * or, with all closed, behind the outermost. */
static bool to_next_value(struct reader *r, bool first)
{
    while (r->depth) {
        bool object = r->node[r->open[r->depth - 1]].type == JSON_OBJECT;
        char c = skip_space(r);
        if (c == (object ? '}' : ']')) {
            close_container(r);
            first = false;
            continue;
        }
        if (!first) {
            if (c != ',')
                return fault(r, r->at, object ? "a comma or } expected" : "a comma or ] expected");
            r->at++;
        }
        return !object || read_key(r);
    }
    return true;
}

static bool read_text(struct reader *r)
{
    ptrdiff_t valid = utf8_valid_prefix(r->text);
    if (valid < r->text.len)
        return fault(r, valid, "invalid UTF-8");
    do {
        char c = skip_space(r);
        bool opens = c == '{' || c == '[';
        if (!(opens ? open_container(r, c) : read_scalar(r)) || !to_next_value(r, opens))
            return false;
    } while (r->depth);
    skip_space(r);
    return r->at == r->text.len || fault(r, r->at, "nothing more expected");
}

const struct jnode *jread(arena *a, str text, struct json_fault *out)
{
    struct reader r = {.mem = a, .text = text};
    if (read_text(&r))
        return r.node;
    *out = r.fault;
    return NULL;
}
