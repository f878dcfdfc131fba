#include "date/date.h"
#include "mime/find.h"
#include "mime/unquote.h"

#include <assert.h>

enum {
    NEXT_LINE = 256,                      /* octets looked at of the line behind a From line */
    HOLD = MBOX_FROM_LINE + NEXT_LINE + 8, /* the most that stays undecided: empty line, From line, begin of the next */
    LENGTH_LINE = 200                     /* a longer Content-Length field is not looked at */
};

enum answer { NO, YES, MORE };

struct mbox {
    struct mbox_sink sink;
    struct mbox_message message;
    enum mbox_format quoting;
    struct mbox_unquote unquote;
    int64_t offset;    /* in the file, of what mbox_feed gets next, less what is held */
    int64_t counted;   /* octets of the body that Content-Length vouches for */
    int64_t length;    /* Content-Length, -1: none */
    bool open;         /* a message has begun */
    bool in_header;
    bool line_start;   /* what comes next begins a line */
    bool after_empty;  /* and an empty line (or nothing) stands before it */
    bool patches;      /* the first From line is one of git */
    bool any;          /* a From line was seen */
    char carry[2 * HOLD];
    ptrdiff_t n_carry;
};

/* ---- From lines ---- */

str mbox_format_name(enum mbox_format f) { return f == MBOX_CL2 ? S("mboxcl2") : f == MBOX_O ? S("mboxo") : S("mboxrd"); }

bool mbox_format_of(str name, enum mbox_format *out)
{
    for (enum mbox_format f = MBOX_RD; f <= MBOX_CL2; f++)
        if (str_eq(name, mbox_format_name(f))) {
            *out = f;
            return true;
        }
    return false;
}

/* "0123…ef Mon Sep 17 00:00:00 2001": what git format-patch writes, the same date always. */
static bool is_patch(str sender, str date)
{
    if (sender.len != 40 || !str_eq(date, S("Mon Sep 17 00:00:00 2001")))
        return false;
    for (ptrdiff_t i = 0; i < sender.len; i++)
        if (!memchr("0123456789abcdef", sender.ptr[i], 16))
            return false;
    return true;
}

/* A sender may hold spaces (quoted local parts): the date is what stands behind one of the first four. */
static bool split_date(str rest, struct mbox_from *out)
{
    ptrdiff_t at = 0;
    for (int tries = 0; tries < 4; tries++) {
        ptrdiff_t space = str_find_byte(str_skip(rest, at), ' ');
        if (space < 0)
            return false;
        at += space + 1;
        str date = str_trim(str_skip(rest, at));
        if (date_parse_asctime(date, &out->time, NULL)) {
            out->sender = str_trim(str_first(rest, at));
            out->dated = true;
            out->patch = is_patch(out->sender, date);
            return true;
        }
    }
    return false;
}

bool mbox_from_line(str line, struct mbox_from *out)
{
    *out = (struct mbox_from){0};
    if (!str_starts(line, S("From ")) || line.len > MBOX_FROM_LINE)
        return false;
    str rest = str_trim(str_skip(line, 5));
    if (split_date(rest, out))
        return true;
    /* Netscape and Mozilla write "From - ", Takeout "From 1844347792267117879@xxx". */
    if (str_find_byte(rest, ' ') >= 0 || (!str_eq(rest, S("-")) && str_find_byte(rest, '@') < 1))
        return false;
    out->sender = rest;
    return true;
}

/* Whether a line begins with the name of a field. */
static bool is_field(str line)
{
    ptrdiff_t i = 0;
    while (i < line.len && line.ptr[i] > ' ' && line.ptr[i] < 127 && line.ptr[i] != ':')
        i++;
    return i > 0 && i < line.len && line.ptr[i] == ':';
}

static str without_mark(str s) { return str_starts(s, S("\xEF\xBB\xBF")) ? str_skip(s, 3) : s; }

bool mbox_begins(str start)
{
    start = without_mark(start);
    ptrdiff_t end = find_next_line(start, 0);
    struct mbox_from from;
    return mbox_from_line(str_first(start, end), &from) && (from.dated || is_field(str_skip(start, end)));
}

/* ---- what goes out ---- */

static void put(struct mbox *b, str octets)
{
    if (!octets.len)
        return;
    if (b->in_header)
        b->sink.put(b->sink.context, octets);
    else
        unquote_run(&b->unquote, octets, b->sink.put, b->sink.context);
}

static void begin(struct mbox *b, const struct mbox_from *from, int64_t offset)
{
    b->message = (struct mbox_message){.offset = offset, .format = b->quoting, .from = *from};
    b->unquote = (struct mbox_unquote){.format = b->quoting, .in_body = true};
    b->open = b->in_header = b->line_start = true;
    b->after_empty = false;
    b->length = -1;
    b->counted = 0;
    b->sink.begin(b->sink.context, &b->message);
}

static void end(struct mbox *b, int64_t offset)
{
    if (!b->open)
        return;
    mbox_unquote_end(&b->unquote, b->sink.put, b->sink.context);
    b->message.length = offset - b->message.offset;
    b->open = false;
    b->sink.end(b->sink.context, &b->message);
}

/* Octets of the line end if an empty line stands at i, else 0. */
static ptrdiff_t empty_line(str text, ptrdiff_t i)
{
    if (i < text.len && text.ptr[i] == '\n')
        return 1;
    return str_starts(str_skip(text, i), S("\r\n")) ? 2 : 0;
}

/* ---- Content-Length ---- */

static void note_length(struct mbox *b, str line)
{
    if (line.len > LENGTH_LINE || !str_starts_nocase(line, S("Content-Length:")))
        return;
    int64_t n;
    if (str_i64(str_trim(str_skip(line, 15)), 0, INT64_MAX / 2, &n))
        b->length = n;
}

/* Whether the file goes on with a From line, or ends, where the body has `length` octets from `body` on. */
static bool leads_to_next(struct mbox *b, int64_t body)
{
    char next[9];
    if (b->length < 0 || !b->sink.look)
        return false;
    ptrdiff_t n = b->sink.look(b->sink.context, body + b->length - 1, next, sizeof next);
    if (n < 1)
        return false;
    str s = str_of(next + 1, n - 1);
    s = str_skip(s, empty_line(s, 0));
    return !s.len || str_starts(s, S("From "));
}

static void end_header(struct mbox *b, int64_t body)
{
    b->in_header = false;
    b->after_empty = true;
    if (leads_to_next(b, body)) {
        b->counted = b->length;
        b->message.format = b->unquote.format = MBOX_CL2;
    }
}

/* ---- the decision ---- */

/* Whether the line at i separates messages; *next is where it ends. */
static enum answer separates(struct mbox *b, str text, ptrdiff_t i, bool after_empty, bool last, struct mbox_from *from, ptrdiff_t *next)
{
    str rest = str_skip(text, i);
    if (!str_starts(rest, str_first(S("From "), rest.len < 5 ? rest.len : 5)))
        return NO;
    ptrdiff_t n = find_next_line(rest, 0);
    bool whole = n > 0 && rest.ptr[n - 1] == '\n';
    if (!whole && !last)
        return rest.len > MBOX_FROM_LINE ? NO : MORE;
    if (!mbox_from_line(str_first(rest, n), from))
        return NO;
    *next = i + n;
    if (from->patch && b->any && !b->patches)
        return NO;
    if (from->dated && after_empty)
        return YES;
    str follows = str_skip(rest, n);
    ptrdiff_t shown = find_next_line(follows, 0);
    if (!last && shown == follows.len && follows.len < NEXT_LINE && (!shown || follows.ptr[shown - 1] != '\n'))
        return MORE;
    return is_field(str_first(follows, NEXT_LINE)) ? YES : NO;
}

/* ---- the scan: runs from i to where the next one begins; none consumes what is not decided ---- */

static ptrdiff_t separator(struct mbox *b, ptrdiff_t i, ptrdiff_t next, const struct mbox_from *from)
{
    end(b, b->offset + i);
    b->patches = b->any ? b->patches : from->patch;
    b->any = true;
    begin(b, from, b->offset + next);
    return next;
}

static ptrdiff_t counted_run(struct mbox *b, str text, ptrdiff_t i)
{
    ptrdiff_t n = text.len - i < b->counted ? text.len - i : (ptrdiff_t)b->counted;
    put(b, str_slice(text, i, i + n));
    b->counted -= n;
    b->line_start = b->after_empty = true;
    return i + n;
}

/* A line, or a part of a long one; i itself where its end is needed. */
static ptrdiff_t header_run(struct mbox *b, str text, ptrdiff_t i, bool last)
{
    ptrdiff_t next = find_next_line(text, i);
    bool whole = text.ptr[next - 1] == '\n';
    if (!whole && !last && next - i < LENGTH_LINE)
        return i;
    put(b, str_slice(text, i, next));
    if (b->line_start && empty_line(text, i)) {
        end_header(b, b->offset + next);
        return next;
    }
    if (b->line_start)
        note_length(b, str_slice(text, i, next));
    b->line_start = whole;
    return next;
}

/* to begins a line: where the empty line before it begins, if there is one behind i. */
static ptrdiff_t before_empty(str text, ptrdiff_t i, ptrdiff_t to)
{
    if (to - 2 >= i && text.ptr[to - 2] == '\n')
        return to - 1;
    if (to - 3 >= i && text.ptr[to - 2] == '\r' && text.ptr[to - 3] == '\n')
        return to - 2;
    return to;
}

/* The next line that begins with F, behind runs that begin with a quoted line, which are put; -1: none, and *i is what is left. */
static ptrdiff_t find_f(struct mbox *b, str text, ptrdiff_t *i)
{
    ptrdiff_t at = *i;
    while ((at = find_line_of(text, at, 'F', '>')) >= 0 && text.ptr[at] == '>')
        if (unquote_may(text, at)) {
            put(b, str_slice(text, *i, at));
            *i = at;
        }
    return at;
}

/* The lines up to one that begins with F, or to the empty line before it. */
static ptrdiff_t body_run(struct mbox *b, str text, ptrdiff_t i)
{
    ptrdiff_t to = find_f(b, text, &i);
    b->line_start = true;
    if (to < 0) {
        to = text.len;
        if (text.ptr[to - 1] == '\r' && to - 2 >= i && text.ptr[to - 2] == '\n')
            to--;
        else
            b->line_start = text.ptr[to - 1] == '\n';
    }
    if (b->line_start)
        to = before_empty(text, i, to);
    put(b, str_slice(text, i, to));
    b->after_empty = false;
    return to;
}

/* At the start of a line: a separator is taken, an empty line passed; i itself: more is needed; -1: neither. */
static ptrdiff_t line_run(struct mbox *b, str text, ptrdiff_t i, bool last)
{
    struct mbox_from from;
    ptrdiff_t next = 0, gap = b->in_header ? 0 : empty_line(text, i);
    if (!last && str_eq(str_skip(text, i), S("\r")))
        return i;
    switch (separates(b, text, i + gap, gap > 0 || b->after_empty, last, &from, &next)) {
    case YES: return separator(b, i, next, &from);
    case MORE: return i;
    case NO: break;
    }
    if (!gap)
        return -1;
    /* The last empty line of the file is the separator's. */
    if (!last || i + gap < text.len)
        put(b, str_slice(text, i, i + gap));
    else
        end(b, b->offset + i);
    b->after_empty = true;
    return i + gap;
}

/* Before the first message: a byte order mark and empty lines; i itself: a message begins. */
static ptrdiff_t leading(struct mbox *b, str text, ptrdiff_t i, bool last)
{
    if (b->offset + i == 0 && str_starts(text, S("\xEF\xBB\xBF")))
        return 3;
    if (b->offset + i == 0 && !last && text.len < 3 && text.ptr[0] == '\xEF')
        return i;
    ptrdiff_t gap = empty_line(text, i);
    struct mbox_from from;
    ptrdiff_t next;
    if (gap)
        return i + gap;
    switch (separates(b, text, i, true, last, &from, &next)) {
    case YES: return separator(b, i, next, &from);
    case MORE: return i;
    case NO: break;
    }
    if (!last && str_eq(str_skip(text, i), S("\r")))
        return i;
    begin(b, &(struct mbox_from){0}, b->offset + i);
    return i;
}

/* How many octets of the text were consumed: all but less than HOLD. */
static ptrdiff_t scan(struct mbox *b, str text, bool last)
{
    ptrdiff_t i = 0;
    while (i < text.len) {
        ptrdiff_t to;
        bool was_open = b->open;
        bool begun = b->open && (!b->in_header || b->offset + i > b->message.offset);
        if (!b->open)
            to = leading(b, text, i, last);
        else if (b->counted)
            to = counted_run(b, text, i);
        else if (!b->line_start || !begun || (to = line_run(b, text, i, last)) < 0)
            to = b->in_header ? header_run(b, text, i, last) : body_run(b, text, i);
        if (to == i && b->open == was_open)
            break;
        i = to;
    }
    b->offset += i;
    return i;
}

/* ---- the public side ---- */

struct mbox *mbox_new(arena *a, enum mbox_format quoting, const struct mbox_sink *sink)
{
    struct mbox *b = ARENA_NEW(a, struct mbox);
    b->sink = *sink;
    b->quoting = quoting == MBOX_CL2 ? MBOX_RD : quoting;
    return b;
}

void mbox_feed(struct mbox *b, str octets)
{
    if (b->n_carry) {
        ptrdiff_t old = b->n_carry, more = octets.len < HOLD ? octets.len : HOLD;
        memcpy(b->carry + old, octets.ptr, (size_t)more);
        ptrdiff_t used = scan(b, str_of(b->carry, old + more), false);
        if (used < old) {
            assert(more == octets.len);
            b->n_carry = old + more - used;
            memmove(b->carry, b->carry + used, (size_t)b->n_carry);
            return;
        }
        octets = str_skip(octets, used - old);
    }
    ptrdiff_t used = scan(b, octets, false);
    b->n_carry = octets.len - used;
    assert(b->n_carry <= HOLD);
    if (b->n_carry)
        memcpy(b->carry, octets.ptr + used, (size_t)b->n_carry);
}

void mbox_end(struct mbox *b)
{
    scan(b, str_of(b->carry, b->n_carry), true);
    b->n_carry = 0;
    end(b, b->offset);
}
