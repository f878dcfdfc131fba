/* Replies of RFC5321-4.2: any octets can be fed in any pieces. */
#include "smtp/smtp.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* class "." 1*3digit "." 1*3digit (RFC3463-2), followed by a blank or the end; its length, or 0. */
static ptrdiff_t enhanced_code(str s, int code)
{
    ptrdiff_t i = 1;
    if (s.len < 5 || s.ptr[0] != '0' + code / 100 || !(s.ptr[0] == '2' || s.ptr[0] == '4' || s.ptr[0] == '5'))
        return 0;
    for (int part = 0; part < 2; part++) {
        if (i >= s.len || s.ptr[i] != '.')
            return 0;
        ptrdiff_t from = ++i;
        while (i < s.len && is_digit(s.ptr[i]))
            i++;
        if (i == from || i - from > 3)
            return 0;
    }
    return i == s.len || s.ptr[i] == ' ' ? i : 0;
}

/* The line is whole: its enhanced code goes out of the words. */
static void end_line(struct smtp_parse *p)
{
    if (p->len > p->line_at && p->words[p->len - 1] == '\r')
        p->len--;
    str line = str_of(p->words + p->line_at, p->len - p->line_at);
    ptrdiff_t cut = enhanced_code(line, p->code);
    if (!cut)
        return;
    if (!p->enhanced_len) {
        memcpy(p->enhanced, line.ptr, (size_t)cut);
        p->enhanced_len = cut;
    }
    cut += cut < line.len;
    memmove(p->words + p->line_at, line.ptr + cut, (size_t)(line.len - cut));
    p->len -= cut;
}

static void take_words(struct smtp_parse *p, str s)
{
    s = str_first(s, SMTP_WORDS - p->len);
    if (s.len)
        memcpy(p->words + p->len, s.ptr, (size_t)s.len);
    p->len += s.len;
}

/* The first four columns: code and separator. */
static void take_column(struct smtp_parse *p, char c)
{
    if (p->column < 3 && is_digit(c))
        p->code = p->code * 10 + (c - '0');
    else if (p->column == 3 && (c == ' ' || c == '-' || c == '\r'))
        p->last = c != '-';
    else
        p->malformed = true;
    if (p->malformed) /* then it is words from the start */
        take_words(p, str_of(p->head, p->column));
    else
        p->head[p->column++] = c;
}

/* Begin a line of the same reply, or of the next one. */
static void begin_line(struct smtp_parse *p, bool next_reply)
{
    if (next_reply) {
        p->len = p->enhanced_len = 0;
        p->octets = 0;
        p->malformed = false;
    } else {
        take_words(p, S("\n"));
    }
    p->line_at = p->len;
    p->column = p->code = 0;
    p->last = true; /* "250" alone (RFC5321-4.2) */
}

bool smtp_parse(struct smtp_parse *p, str *in, struct smtp_reply *out)
{
    if (!p->octets)
        begin_line(p, true);
    while (in->len) {
        const char *lf = memchr(in->ptr, '\n', (size_t)in->len);
        str part = str_first(*in, lf ? lf - in->ptr : in->len);
        *in = str_skip(*in, part.len + (lf != NULL));
        p->octets += part.len + (lf != NULL);
        while (part.len && p->column < 4 && !p->malformed) {
            take_column(p, part.ptr[0]);
            part = str_skip(part, !p->malformed);
        }
        take_words(p, part);
        if (p->octets > SMTP_REPLY_OCTETS)
            p->malformed = true;
        if (!lf && p->octets <= SMTP_REPLY_OCTETS)
            continue;
        p->malformed |= p->column < 3 || p->code < 200 || p->code > 599;
        end_line(p);
        if (!p->last && !p->malformed) {
            begin_line(p, false);
            continue;
        }
        *out = (struct smtp_reply){.code = p->malformed ? 0 : p->code, .malformed = p->malformed, .words = str_of(p->words, p->len)};
        out->enhanced = p->enhanced_len ? str_of(p->enhanced, p->enhanced_len) : STR_NONE;
        p->octets = 0;
        return true;
    }
    return false;
}

/* ---- ids ------------------------------------------------------------------------------------------ */

static bool in_id(char c) { return (unsigned char)c > ' ' && !strchr(",;>()[]<", c); }

static str id_at(str s)
{
    ptrdiff_t n = 0;
    while (n < s.len && in_id(s.ptr[n]))
        n++;
    return n ? str_first(s, n) : STR_NONE;
}

str smtp_queue_id(str words)
{
    /* Postfix, Exim, Exchange, qmail; what follows is the id. */
    static const char *const before[] = {"queued as ", "id=", "InternalId=", " qp ", "queued-as "};
    for (int i = 0; i < (int)(sizeof before / sizeof *before); i++) {
        ptrdiff_t at = str_find_nocase(words, str_c(before[i]));
        if (at >= 0)
            return id_at(str_skip(words, at + (ptrdiff_t)strlen(before[i])));
    }
    /* Sendmail: what stands before is. */
    ptrdiff_t at = str_find_nocase(words, S(" Message accepted for delivery"));
    if (at <= 0)
        return STR_NONE;
    str id = str_first(words, at);
    for (ptrdiff_t i = id.len; i > 0; i--)
        if (!in_id(id.ptr[i - 1]))
            return id_at(str_skip(id, i));
    return id_at(id);
}

int64_t smtp_retry_after(str words)
{
    static const struct {
        const char *name;
        int seconds;
    } units[] = {{"sec", 1}, {"min", 60}, {"hour", 3600}};
    enum { DAY_S = 86400 };
    for (ptrdiff_t i = 0; i < words.len; i++) {
        if (!is_digit(words.ptr[i]) || (i && (is_digit(words.ptr[i - 1]) || words.ptr[i - 1] == '.')))
            continue;
        ptrdiff_t n = 1;
        while (i + n < words.len && is_digit(words.ptr[i + n]))
            n++;
        int64_t number;
        str rest = str_trim(str_skip(words, i + n));
        for (int u = 0; u < 3; u++)
            if (str_starts_nocase(rest, str_c(units[u].name)) && str_i64(str_slice(words, i, i + n), 1, DAY_S / units[u].seconds, &number))
                return number * units[u].seconds;
    }
    return 0;
}
