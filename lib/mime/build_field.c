#include "mime/build.h"

#include "date/date.h"

#include <assert.h>

enum { LONG_WORD = 900, WORD_OCTETS = 45 /* of an encoded word in base64: 60 characters */ };

static bool is_control(char c) { return ((unsigned char)c < 0x20 && c != '\t') || c == 0x7F; }

static bool is_one_line(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (is_control(s.ptr[i]))
            return false;
    return true;
}

bool build_value_ok(str value, const char *what, struct err *e)
{
    if (!is_one_line(value))
        return err_set(e, ERR_INPUT, "header.control", "a field of a message is one line; leave line breaks and control characters out",
                       "%s holds a line break or another control character", what);
    if (!utf8_valid(value))
        return err_set(e, ERR_INPUT, "header.utf8", NULL, "%s is not UTF-8", what);
    if (value.len > BUILD_VALUE)
        return err_set(e, ERR_INPUT, "header.long", NULL, "%s is longer than %d octets", what, BUILD_VALUE);
    return true;
}

bool build_name_ok(str name, struct err *e)
{
    bool good = name.len > 0 && name.len <= 76;
    for (ptrdiff_t i = 0; i < name.len; i++)
        good = good && name.ptr[i] > 32 && name.ptr[i] < 127 && name.ptr[i] != ':';
    return good || err_set(e, ERR_INPUT, "header.name", "a header is 'Name: value'", "\"%.*s\" is no name of a header field",
                           (int)(name.len > 80 ? 80 : name.len), name.ptr ? name.ptr : "");
}

/* ---- folding ---- */

static int column(const struct buf *to)
{
    ptrdiff_t i = to->len;
    while (i > 0 && to->ptr[i - 1] != '\n')
        i--;
    return (int)(to->len - i);
}

static void begin(struct buf *to, str name)
{
    assert(is_one_line(name) && str_find_byte(name, ':') < 0);
    buf_put(to, name);
    buf_byte(to, ':');
}

/* A piece behind a space, on a new line where it does not fit into this one. */
static void put_piece(struct buf *to, str piece)
{
    if (column(to) + 1 + piece.len > BUILD_LINE)
        buf_put(to, S("\r\n"));
    buf_byte(to, ' ');
    buf_put(to, piece);
}

static bool is_plain(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (s.ptr[i] < 32 || s.ptr[i] > 126)
            return false;
    return str_find(s, S("=?")) < 0;
}

static bool has_long_word(str s)
{
    ptrdiff_t run = 0;
    for (ptrdiff_t i = 0; i < s.len && run <= LONG_WORD; i++)
        run = s.ptr[i] == ' ' ? 0 : run + 1;
    return run > LONG_WORD;
}

/* Words with the spaces before them; a line is broken before spaces, so that none ends with one. */
static void put_words(struct buf *to, str text)
{
    for (ptrdiff_t i = 0; i < text.len;) {
        ptrdiff_t from = i;
        while (i < text.len && text.ptr[i] == ' ')
            i++;
        while (i < text.len && text.ptr[i] != ' ')
            i++;
        if (column(to) + (i - from) > BUILD_LINE && column(to) > 1)
            buf_put(to, text.ptr[from] == ' ' ? S("\r\n") : S("\r\n "));
        buf_put(to, str_slice(text, from, i));
    }
}

/* ASCII that no line could hold. */
static void put_encoded(struct buf *to, str text)
{
    for (ptrdiff_t i = 0; i < text.len; i += WORD_OCTETS) {
        buf_put(to, i ? S("\r\n =?UTF-8?B?") : S("\r\n =?UTF-8?B?"));
        base64_encode(str_slice(text, i, i + WORD_OCTETS), 0, to);
        buf_put(to, S("?="));
    }
}

/* The words before the first that must be encoded, with the one space behind them: "Re: ". */
static str plain_words(str s)
{
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s.len && is_plain(str_first(s, i + 1)) && i < BUILD_LINE; i++)
        if (s.ptr[i] == ' ' && i + 1 < s.len && s.ptr[i + 1] != ' ' && i && s.ptr[i - 1] != ' ')
            n = i + 1;
    return str_first(s, n);
}

void build_text(struct buf *to, str name, str value)
{
    assert(is_one_line(value));
    begin(to, name);
    value = str_trim(value);
    if (!is_plain(value)) {
        str words = plain_words(value);
        buf_byte(to, ' ');
        put_words(to, str_trim_right(words));
        buf_put(to, column(to) > BUILD_LINE / 2 ? S("\r\n ") : words.len ? S(" ") : S(""));
        codec_words_put(to, str_skip(value, words.len), column(to));
    } else if (has_long_word(value)) {
        put_encoded(to, value);
    } else {
        buf_byte(to, ' ');
        put_words(to, value);
    }
    buf_put(to, S("\r\n"));
}

void build_structured(struct buf *to, str name, str value)
{
    assert(is_one_line(value));
    begin(to, name);
    for (str rest = value, word; rest.len;) {
        str_cut(rest, ' ', &word, &rest);
        if (word.len)
            put_piece(to, word);
    }
    buf_put(to, S("\r\n"));
}

/* ---- addresses ---- */

/* RFC5322-3.2.3; a dot would be obsolete syntax. */
static bool is_atoms(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool atext = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
        if (!atext && !(c == ' ' && i && i + 1 < s.len && s.ptr[i - 1] != ' '))
            return false;
    }
    return s.len > 0;
}

static str quoted(arena *a, str s)
{
    struct buf b = buf_new(a, s.len + 8);
    buf_byte(&b, '"');
    for (ptrdiff_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            buf_byte(&b, '\\');
        buf_byte(&b, s.ptr[i]);
    }
    buf_byte(&b, '"');
    return buf_str(&b);
}

/* " phrase" behind what stands there, on the next line where that is fuller than it need be. */
static void put_phrase(arena *a, struct buf *to, str name)
{
    bool plain = is_plain(name);
    str text = plain && !is_atoms(name) ? quoted(a, name) : name;
    ptrdiff_t wanted = plain ? text.len : text.len > 16 ? 36 : 12 + text.len * 2;
    if (column(to) + 1 + wanted > BUILD_LINE && column(to) > 1)
        buf_put(to, S("\r\n"));
    buf_byte(to, ' ');
    if (plain)
        put_words(to, text);
    else
        codec_words_put(to, text, column(to));
}

void build_addresses(arena *scratch, struct buf *to, str name, const struct header_addresses *list)
{
    if (!list->n)
        return;
    begin(to, name);
    for (ptrdiff_t i = 0; i < list->n; i++) {
        const struct header_address *x = &list->item[i];
        str comma = i + 1 < list->n ? S(",") : STR_NONE;
        str wire = build_address_wire(scratch, x->email, NULL), phrase = str_trim(x->name);
        assert(is_one_line(wire) && is_one_line(phrase));
        if (phrase.len) {
            put_phrase(scratch, to, phrase);
            put_piece(to, str_fmt(scratch, "<%.*s>%.*s", STR_ARG(wire), STR_ARG(comma)));
        } else {
            put_piece(to, str_fmt(scratch, "%.*s%.*s", STR_ARG(wire), STR_ARG(comma)));
        }
    }
    buf_put(to, S("\r\n"));
}

/* ---- ids and dates ---- */

static bool is_id(str id)
{
    return id.len && id.len <= LONG_WORD && is_one_line(id) && str_find_byte(id, ' ') < 0 && str_find_byte(id, '\t') < 0 &&
           str_find_byte(id, '<') < 0 && str_find_byte(id, '>') < 0 && utf8_valid(id);
}

void build_ids(struct buf *to, str name, const struct strs *ids)
{
    ptrdiff_t from = to->len, left_out = ids->n > BUILD_REFERENCES ? ids->n - BUILD_REFERENCES : 0;
    bool any = false;
    begin(to, name);
    for (ptrdiff_t i = 0; i < ids->n; i++) {
        if (!is_id(ids->item[i]) || (i > 0 && i <= left_out))
            continue;
        str id = ids->item[i];
        if (column(to) + 3 + id.len > BUILD_LINE && any)
            buf_put(to, S("\r\n"));
        buf_put(to, S(" <"));
        buf_put(to, id);
        buf_byte(to, '>');
        any = true;
    }
    buf_put(to, S("\r\n"));
    if (!any)
        to->len = from;
}

void build_date(struct buf *to, str name, int64_t seconds, int zone)
{
    begin(to, name);
    buf_byte(to, ' ');
    date_put_5322(to, seconds, zone);
    buf_put(to, S("\r\n"));
}
