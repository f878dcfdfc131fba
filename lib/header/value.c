/* MIME's structured fields: a value, then parameters (RFC 2045 5, RFC 2183). */
#include "header/header.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static ptrdiff_t skip_comment(str s, ptrdiff_t i)
{
    int depth = 0;
    for (; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')' && --depth == 0)
            return i + 1;
    }
    return s.len;
}

static ptrdiff_t skip_blanks(str s, ptrdiff_t i)
{
    while (i < s.len && (is_blank(s.ptr[i]) || s.ptr[i] == '('))
        i = s.ptr[i] == '(' ? skip_comment(s, i) : i + 1;
    return i;
}

/* The value up to ';' in lower case, white space and comments only around its slash; *rest: the parameters. */
static str take_value(arena *a, str s, str *rest)
{
    struct buf out = buf_new(a, 48);
    ptrdiff_t i = skip_blanks(s, 0);
    while (i < s.len && s.ptr[i] != ';') {
        char c = s.ptr[i];
        if (is_blank(c) || c == '(') {
            i = skip_blanks(s, i);
            bool joins = i < s.len && (s.ptr[i] == '/' || (out.len && out.ptr[out.len - 1] == '/'));
            if (!joins)
                break;
            continue;
        }
        /* A value that is a parameter: the value was forgotten. */
        if (c == '=') {
            *rest = s;
            return STR_NONE;
        }
        if (c != '"')
            buf_byte(&out, c >= 'A' && c <= 'Z' ? (char)(c + 32) : c);
        i++;
    }
    *rest = str_skip(s, i);
    return out.len ? utf8_scrub(a, buf_str(&out)) : STR_NONE;
}

void header_content_type(arena *a, struct charsets *c, str body, struct header_value *out, unsigned *flags)
{
    str rest, type, subtype;
    out->value = take_value(a, body, &rest);
    codec_params(a, c, rest, &out->params, flags);
    /* Sun's mailers wrote "text". */
    if (str_eq(out->value, S("text")))
        out->value = S("text/plain");
    if (!str_cut(out->value, '/', &type, &subtype) || !type.len || !subtype.len)
        out->value = STR_NONE;
}

void header_disposition(arena *a, struct charsets *c, str body, struct header_value *out, unsigned *flags)
{
    str rest;
    out->value = take_value(a, body, &rest);
    codec_params(a, c, rest, &out->params, flags);
}

enum transfer_encoding header_transfer_encoding(str body)
{
    static const struct {
        const char *name;
        enum transfer_encoding encoding;
    } known[] = {{"7bit", ENCODING_7BIT},   {"8bit", ENCODING_8BIT},     {"quoted-printable", ENCODING_QP}, {"base64", ENCODING_BASE64},
                 {"binary", ENCODING_BINARY}, {"x-uuencode", ENCODING_UU}, {"uuencode", ENCODING_UU},         {"x-uue", ENCODING_UU},
                 {"7-bit", ENCODING_7BIT},  {"8-bit", ENCODING_8BIT},    {"quoted_printable", ENCODING_QP}, {"base-64", ENCODING_BASE64}};
    ptrdiff_t from = skip_blanks(body, 0);
    while (from < body.len && (body.ptr[from] == '"' || body.ptr[from] == '\''))
        from++;
    ptrdiff_t to = from;
    while (to < body.len && !is_blank(body.ptr[to]) && !strchr(";(\"',", body.ptr[to]))
        to++;
    str word = str_slice(body, from, to);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_eq_nocase(word, str_c(known[i].name)))
            return known[i].encoding;
    return word.len ? ENCODING_UNKNOWN : ENCODING_7BIT;
}
