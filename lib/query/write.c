#include "query/private.h"

/* ---- for people: the place of a fault -------------------------------------------------------------- */

enum { CARET_BEFORE = 60, CARET_AFTER = 30 }; /* octets of a long query that are shown */

/* How many columns of a terminal a character takes: two for those of East Asia and for emoji, none for combining marks. */
static int columns(uint32_t c)
{
    if ((c >= 0x300 && c <= 0x36f) || c == 0x200d || (c >= 0xfe00 && c <= 0xfe0f))
        return 0;
    bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
                (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) || (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1faff) ||
                (c >= 0x20000 && c <= 0x3fffd);
    return wide ? 2 : 1;
}

str query_caret(arena *a, str text, ptrdiff_t at)
{
    struct buf line = buf_new(a, 256), mark = buf_new(a, 128);
    ptrdiff_t from = at > CARET_BEFORE ? at - CARET_BEFORE : 0;
    while (from > 0 && from < text.len && ((unsigned char)text.ptr[from] & 0xc0) == 0x80)
        from--;
    str shown = str_slice(text, from, from + utf8_first(str_skip(text, from), at - from + CARET_AFTER).len);
    buf_put(&line, from > 0 ? S("    ...") : S("    "));
    buf_put(&mark, from > 0 ? S("       ") : S("    "));
    for (ptrdiff_t i = 0; i < shown.len;) {
        uint32_t c;
        str rest = str_skip(shown, i);
        int n = utf8_decode(rest, &c);
        bool plain = c >= ' ' && !(c >= 0x7f && c < 0xa0) && !(c >= 0x202a && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) && !(n == 1 && c > 0x7f);
        buf_put(&line, plain ? str_first(rest, n) : S("?"));
        if (from + i < at)
            buf_put(&mark, str_first(S("  "), plain ? columns(c) : 1));
        i += n;
    }
    if (from + shown.len < text.len)
        buf_put(&line, S("..."));
    buf_byte(&line, '\n');
    buf_put(&line, buf_str(&mark));
    buf_put(&line, S("^\n"));
    return buf_str(&line);
}

/* ---- for programs: the tree ------------------------------------------------------------------------ */

static const char *const field_names[QUERY_FIELDS] = {
    [QUERY_ANYWHERE] = "anywhere", [QUERY_FROM] = "from", [QUERY_TO] = "to", [QUERY_CC] = "cc", [QUERY_BCC] = "bcc",
    [QUERY_SUBJECT] = "subject", [QUERY_BODY] = "body", [QUERY_FILENAME] = "filename", [QUERY_LIST] = "list",
    [QUERY_ACCOUNT] = "account", [QUERY_MAILBOX] = "mailbox", [QUERY_THREAD] = "thread", [QUERY_MSGID] = "msgid",
    [QUERY_TAG] = "tag", [QUERY_CATEGORY] = "category", [QUERY_DIRECTION] = "direction",
    [QUERY_IMPORTANCE] = "importance", [QUERY_ID] = "id", [QUERY_ATTACHMENT] = "attachment", [QUERY_PARENT] = "parent",
    [QUERY_AUTOMATIC] = "automatic", [QUERY_RECEIVED] = "received", [QUERY_SIZE] = "size",
};
static const char *const op_names[] = {
    [QUERY_ALL] = "all", [QUERY_AND] = "and", [QUERY_OR] = "or", [QUERY_NOT] = "not", [QUERY_WORDS] = "words",
    [QUERY_EQUALS] = "equals", [QUERY_PRESENT] = "present", [QUERY_BETWEEN] = "between",
};

static void write_text(struct buf *to, str s)
{
    buf_put(to, S(" \""));
    for (ptrdiff_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"' || s.ptr[i] == '\\')
            buf_byte(to, '\\');
        buf_byte(to, (unsigned char)s.ptr[i] < ' ' ? '?' : s.ptr[i]);
    }
    buf_byte(to, '"');
}

static void write_bound(struct buf *to, int64_t n)
{
    buf_byte(to, ' ');
    if (n == INT64_MIN || n == INT64_MAX)
        buf_byte(to, '*');
    else
        buf_i64(to, n);
}

/* Recursion: at most QUERY_LEVELS. */
void query_write(struct buf *to, const struct query *q)
{
    buf_byte(to, '(');
    buf_put(to, str_c(op_names[q->op]));
    for (const struct query *child = q->child; child; child = child->next) {
        buf_byte(to, ' ');
        query_write(to, child);
    }
    if (!q->child && q->op != QUERY_ALL) {
        buf_byte(to, ' ');
        buf_put(to, str_c(field_names[q->field]));
    }
    if (q->op == QUERY_WORDS || q->op == QUERY_EQUALS)
        write_text(to, q->text);
    if (q->prefix)
        buf_byte(to, '*');
    if (q->op == QUERY_BETWEEN) {
        write_bound(to, q->min);
        write_bound(to, q->max);
    }
    buf_byte(to, ')');
}
