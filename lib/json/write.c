#include "json/json.h"
#include "json/stride.h"

static const int64_t EXACT = INT64_C(1) << 53;

static void separate(struct jwrite *w)
{
    if (w->comma)
        buf_byte(w->to, ',');
    w->comma = true;
}

static void open_with(struct jwrite *w, char c)
{
    separate(w);
    buf_byte(w->to, c);
    w->comma = false;
}

static void close_with(struct jwrite *w, char c)
{
    buf_byte(w->to, c);
    w->comma = true;
}

void jwrite_object(struct jwrite *w) { open_with(w, '{'); }
void jwrite_array(struct jwrite *w) { open_with(w, '['); }
void jwrite_end_object(struct jwrite *w) { close_with(w, '}'); }
void jwrite_end_array(struct jwrite *w) { close_with(w, ']'); }

void jwrite_key(struct jwrite *w, str key)
{
    char *to = buf_room(w->to, key.len + 4);
    ptrdiff_t n = 0;
    if (w->comma)
        to[n++] = ',';
    to[n++] = '"';
    memcpy(to + n, key.ptr, (size_t)key.len);
    n += key.len;
    to[n++] = '"';
    to[n++] = ':';
    w->to->len += n;
    w->comma = false;
}

static int escape(char *to, char c)
{
    static const char names[0x60] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r', ['"'] = '"', ['\\'] = '\\',
    };
    to[0] = '\\';
    to[1] = names[(unsigned char)c];
    if (to[1])
        return 2;
    memcpy(to + 1, "u00", 3);
    to[4] = (char)('0' + (c >> 4));
    to[5] = "0123456789abcdef"[c & 15];
    return 6;
}

static void put_escaped(struct buf *b, str s)
{
    enum { LONGEST = 6, ESCAPES = 64 * LONGEST };
    ptrdiff_t i = 0;
    while (i < s.len) {
        char *start = buf_room(b, s.len - i + ESCAPES), *to = start;
        for (int n = 0; i < s.len && n < ESCAPES; n += LONGEST) {
            ptrdiff_t plain = stride_copy(to, s.ptr + i, s.len - i);
            i += plain;
            to += plain;
            if (i < s.len)
                to += escape(to, s.ptr[i++]);
        }
        b->len += to - start;
    }
}

void jwrite_string(struct jwrite *w, str s)
{
    if (!s.ptr) {
        jwrite_null(w);
        return;
    }
    separate(w);
    buf_byte(w->to, '"');
    for (;;) {
        ptrdiff_t valid = utf8_valid_prefix(s);
        put_escaped(w->to, str_first(s, valid));
        if (valid == s.len)
            break;
        buf_put(w->to, S("\xEF\xBF\xBD"));
        s = str_skip(s, valid + 1);
    }
    buf_byte(w->to, '"');
}

void jwrite_i64(struct jwrite *w, int64_t n)
{
    bool exact = n >= -EXACT && n <= EXACT;
    separate(w);
    if (!exact)
        buf_byte(w->to, '"');
    buf_i64(w->to, n);
    if (!exact)
        buf_byte(w->to, '"');
}

void jwrite_raw(struct jwrite *w, str json)
{
    separate(w);
    buf_put(w->to, json);
}

void jwrite_bool(struct jwrite *w, bool b) { jwrite_raw(w, b ? S("true") : S("false")); }
void jwrite_null(struct jwrite *w) { jwrite_raw(w, S("null")); }
