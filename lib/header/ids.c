/* Message ids (RFC 5322 3.6.4): what stands in <>, without white space. */
#include "header/header.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static str without_blanks(arena *a, str s)
{
    ptrdiff_t i = 0;
    while (i < s.len && !is_blank(s.ptr[i]))
        i++;
    if (i == s.len)
        return s;
    struct buf out = buf_new(a, s.len);
    for (i = 0; i < s.len; i++)
        if (!is_blank(s.ptr[i]))
            buf_byte(&out, s.ptr[i]);
    return buf_str(&out);
}

/* The next id in <> at *at or behind it. One that nothing closes ends at white space or the next one. */
static bool next_id(arena *a, str s, ptrdiff_t *at, str *id)
{
    ptrdiff_t open = str_find_byte(str_skip(s, *at), '<');
    if (open < 0)
        return false;
    ptrdiff_t from = *at + open + 1, i = from, blank = -1;
    while (i < s.len && s.ptr[i] != '>' && s.ptr[i] != '<') {
        if (blank < 0 && i > from && is_blank(s.ptr[i]))
            blank = i;
        i++;
    }
    bool closed = i < s.len && s.ptr[i] == '>';
    *id = without_blanks(a, str_slice(s, from, closed || blank < 0 ? i : blank));
    *at = closed ? i + 1 : i;
    return true;
}

void header_ids(arena *a, str body, struct strs *out)
{
    ptrdiff_t at = 0;
    str id;
    while (out->n < HEADER_IDS && next_id(a, body, &at, &id))
        if (id.len)
            strs_add(a, out, id);
    if (str_find_byte(body, '<') >= 0)
        return;
    /* No brackets at all: a list of words with an @ is meant, and anything else is prose ("X's message of …"). */
    ptrdiff_t kept = out->n;
    for (ptrdiff_t i = 0; i < body.len && out->n < HEADER_IDS;) {
        ptrdiff_t from = i;
        while (i < body.len && !is_blank(body.ptr[i]) && body.ptr[i] != ',')
            i++;
        str word = str_slice(body, from, i);
        if (str_find_byte(word, '@') > 0) {
            strs_add(a, out, word);
        } else if (word.len) {
            out->n = kept;
            return;
        }
        i += i == from || i < body.len;
    }
}

str header_message_id(arena *a, str body)
{
    ptrdiff_t at = 0;
    str id;
    if (next_id(a, body, &at, &id))
        return id.len ? id : STR_NONE;
    id = without_blanks(a, str_trim(body));
    return id.len ? id : STR_NONE;
}
