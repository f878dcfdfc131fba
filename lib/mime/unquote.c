#include "mime/unquote.h"

#include "mime/find.h"

static const char FROM[] = "From ";
enum { FROM_LENGTH = 5 };

typedef void put_octets(void *context, str octets);

static void put_some(str octets, put_octets *put, void *context)
{
    if (octets.len)
        put(context, octets);
}

/* What was held back, less one '>' where it turned out to be quoting. */
static void release(struct mbox_unquote *u, bool quoted, put_octets *put, void *context)
{
    static const char marks[] = ">>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>>";
    if (quoted && (u->format == MBOX_RD || u->quotes == 1))
        u->quotes--;
    while (u->quotes) {
        ptrdiff_t n = u->quotes < (int64_t)sizeof marks - 1 ? (ptrdiff_t)u->quotes : (ptrdiff_t)sizeof marks - 1;
        put(context, str_of(marks, n));
        u->quotes -= n;
    }
    put_some(str_of(FROM, u->matched), put, context);
    u->matched = 0;
    u->in_line = true;
}

/* The start of a line, octet by octet: '>' and "From " are held until it is clear what they are. */
static ptrdiff_t line_start(struct mbox_unquote *u, str s, ptrdiff_t i, put_octets *put, void *context)
{
    while (i < s.len && !u->in_line) {
        if (!u->matched && s.ptr[i] == '>')
            u->quotes++;
        else if (u->quotes && s.ptr[i] == FROM[u->matched])
            u->matched++;
        else
            break;
        i++;
        if (u->matched == FROM_LENGTH)
            release(u, true, put, context);
    }
    if (i < s.len && !u->in_line)
        release(u, false, put, context);
    return i;
}

bool unquote_may(str text, ptrdiff_t i)
{
    while (i < text.len && text.ptr[i] == '>')
        i++;
    return i == text.len || text.ptr[i] == 'F';
}

void unquote_run(struct mbox_unquote *u, str s, put_octets *put, void *context)
{
    ptrdiff_t i = u->format == MBOX_CL2 ? 0 : line_start(u, s, 0, put, context);
    if (i == s.len)
        return;
    put(context, str_skip(s, i));
    u->in_line = s.ptr[s.len - 1] != '\n';
}

static void unquote_body(struct mbox_unquote *u, str s, put_octets *put, void *context)
{
    while (s.len) {
        ptrdiff_t to = find_line(s, 0, '>');
        while (to >= 0 && !unquote_may(s, to))
            to = find_line(s, to, '>');
        str run = to < 0 ? s : str_first(s, to);
        unquote_run(u, run, put, context);
        s = str_skip(s, run.len);
    }
}

/* The header goes through as it is; its end is looked for line by line. */
static ptrdiff_t header(struct mbox_unquote *u, str s)
{
    ptrdiff_t i = 0;
    while (i < s.len && !u->in_body) {
        ptrdiff_t next = find_next_line(s, i);
        str line = str_slice(s, i, next);
        /* matched counts the octets of an empty line that is cut: its '\r'. */
        bool begins = !u->in_line;
        bool bare = str_eq(line, S("\n")) || str_eq(line, S("\r\n"));
        u->in_body = (begins && bare) || (u->matched && str_eq(line, S("\n")));
        u->matched = begins && str_eq(line, S("\r"));
        u->in_line = line.ptr[line.len - 1] != '\n';
        i = next;
    }
    if (u->in_body)
        u->in_line = false, u->matched = 0;
    return i;
}

void mbox_unquote(struct mbox_unquote *u, str s, put_octets *put, void *context)
{
    if (!u->in_body) {
        ptrdiff_t n = header(u, s);
        put_some(str_first(s, n), put, context);
        s = str_skip(s, n);
    }
    if (s.len)
        unquote_body(u, s, put, context);
}

void mbox_unquote_end(struct mbox_unquote *u, put_octets *put, void *context)
{
    if (u->in_body && !u->in_line)
        release(u, false, put, context);
}
