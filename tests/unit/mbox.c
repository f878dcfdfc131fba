/* mbox files into messages: where From lines are, what is quoted, and that the pieces in which a file comes do not matter. */
#include "mime/mime.h"
#include "tap.h"

struct run {
    str file;
    bool seekable;
    arena *a;
    struct buf got;   /* messages, each ended by '|' and the first letter of what its format is */
    struct buf spans; /* the same, made again from the spans */
    int n;
    ptrdiff_t begin;
};

static void begin(void *context, const struct mbox_message *m)
{
    struct run *r = context;
    (void)m;
    r->begin = r->got.len;
}

static void put(void *context, str octets) { buf_put(&((struct run *)context)->got, octets); }
static void put_span(void *context, str octets) { buf_put(&((struct run *)context)->spans, octets); }

static void mark(struct buf *b, const struct mbox_message *m) { buf_put(b, str_eq(mbox_format_name(m->format), S("mboxcl2")) ? S("|C") : S("|")); }

static void end(void *context, const struct mbox_message *m)
{
    struct run *r = context;
    r->n++;
    mark(&r->got, m);
    struct mbox_unquote u = {.format = m->format};
    str span = str_slice(r->file, (ptrdiff_t)m->offset, (ptrdiff_t)(m->offset + m->length));
    for (ptrdiff_t i = 0; i < span.len; i += 3)
        mbox_unquote(&u, str_slice(span, i, i + 3), put_span, r);
    mbox_unquote_end(&u, put_span, r);
    mark(&r->spans, m);
}

static ptrdiff_t look(void *context, int64_t offset, char *out, ptrdiff_t n)
{
    struct run *r = context;
    if (!r->seekable)
        return -1;
    str s = str_first(str_skip(r->file, (ptrdiff_t)offset), n);
    if (s.len)
        memcpy(out, s.ptr, (size_t)s.len);
    return s.len;
}

/* step 0: in two pieces, cut at `at`. */
static struct run split(arena *a, str file, enum mbox_format quoting, bool seekable, ptrdiff_t step, ptrdiff_t at)
{
    struct run r = {.file = file, .seekable = seekable, .a = a, .got = {.mem = a}, .spans = {.mem = a}};
    struct mbox_sink sink = {&r, begin, put, end, look};
    struct mbox *b = mbox_new(a, quoting, &sink);
    if (step)
        for (ptrdiff_t i = 0; i < file.len; i += step)
            mbox_feed(b, str_slice(file, i, i + step));
    else {
        mbox_feed(b, str_first(file, at));
        mbox_feed(b, str_skip(file, at));
    }
    mbox_end(b);
    return r;
}

static void check(arena a, enum mbox_format quoting, bool seekable, const char *name, str file, str want)
{
    struct run r = split(&a, file, quoting, seekable, file.len + 1, 0);
    is_str(buf_str(&r.got), want, "%s", name);
    is_str(buf_str(&r.spans), want, "%s: from the spans", name);
    ptrdiff_t wrong = -1;
    for (ptrdiff_t at = 0; at < file.len && wrong < 0; at++) {
        arena scratch = a;
        r = split(&scratch, file, quoting, seekable, 0, at);
        if (!str_eq(buf_str(&r.got), want) || !str_eq(buf_str(&r.spans), want))
            wrong = at;
    }
    is_int(wrong, -1, "%s: cut anywhere", name);
    r = split(&a, file, quoting, seekable, 1, 0);
    is_str(buf_str(&r.got), want, "%s: octet by octet", name);
}

#define DATE "Thu Nov  4 12:34:56 2021"
#define FROM "From a@b " DATE "\n"

static void test_messages(arena a)
{
    static const struct {
        const char *name, *file, *want;
    } cases[] = {
        {"none", "", ""},
        {"one", FROM "A: b\n\nbody\n", "A: b\n\nbody\n|"},
        {"the last empty line is the separator's", FROM "A: b\n\nbody\n\n", "A: b\n\nbody\n|"},
        {"only one", FROM "A: b\n\nbody\n\n\n", "A: b\n\nbody\n\n|"},
        {"two", FROM "A: b\n\nbody\n\n" FROM "C: d\n\n2\n", "A: b\n\nbody\n|C: d\n\n2\n|"},
        {"CRLF", "From a@b " DATE "\r\nA: b\r\n\r\nbody\r\n\r\nFrom a@b " DATE "\r\nC: d\r\n\r\n2\r\n\r\n",
         "A: b\r\n\r\nbody\r\n|C: d\r\n\r\n2\r\n|"},
        {"no line end at the end", FROM "A: b\n\nbody", "A: b\n\nbody|"},
        {"no body", FROM "A: b\n\n" FROM "C: d\n", "A: b\n\n|C: d\n|"},
        {"no header", FROM "\nbody\n", "\nbody\n|"},
        {"empty messages", FROM "\n" FROM "\n", "\n|\n|"},
        {"From without a date is text", FROM "A: b\n\nx\n\nFrom here on\n\ny\n", "A: b\n\nx\n\nFrom here on\n\ny\n|"},
        {"From in a line", FROM "A: b\n\nx\n\n " FROM "y\n", "A: b\n\nx\n\n " FROM "y\n|"},
        {"no empty line, no field behind it", FROM "A: b\n\nx\n" FROM "y z\n", "A: b\n\nx\n" FROM "y z\n|"},
        {"no empty line, a field behind it", FROM "A: b\n\nx\n" FROM "C: d\n\ny\n", "A: b\n\nx\n|C: d\n\ny\n|"},
        {"Mozilla", "From - \nA: b\n\nx\n\nFrom -\nC: d\n\ny\n", "A: b\n\nx\n|C: d\n\ny\n|"},
        {"Takeout", "From 1844347792267117879@xxx\nA: b\n\nx\n\nFrom 1844347792267117880@xxx\nC: d\n\ny\n", "A: b\n\nx\n|C: d\n\ny\n|"},
        {"a sender alone and no field", FROM "A: b\n\nx\n\nFrom me@b.c\nhello\n", "A: b\n\nx\n\nFrom me@b.c\nhello\n|"},
        {"two From lines", FROM FROM "A: b\n\nx\n", FROM "A: b\n\nx\n|"},
        {"mark before it", "\xEF\xBB\xBF" FROM "A: b\n\nx\n", "A: b\n\nx\n|"},
        {"empty lines before it", "\n\r\n" FROM "A: b\n\nx\n", "A: b\n\nx\n|"},
        {"text before it", "A: b\n\nx\n\n" FROM "C: d\n\ny\n", "A: b\n\nx\n|C: d\n\ny\n|"},
        {"a patch of git inside", FROM "A: b\n\nFrom 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nC: d\n",
         "A: b\n\nFrom 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nC: d\n|"},
        {"patches of git",
         "From 0123456789abcdef0123456789abcdef01234567 Mon Sep 17 00:00:00 2001\nA: b\n\nx\n\n"
         "From 0123456789abcdef0123456789abcdef01234568 Mon Sep 17 00:00:00 2001\nC: d\n\ny\n",
         "A: b\n\nx\n|C: d\n\ny\n|"},
        {"Status of a message without an end", FROM "A: b\n" FROM "C: d\n\ny\n", "A: b\n|C: d\n\ny\n|"},
        {"a lone CR", FROM "A: b\n\nx\n\rFrom y\n\r", "A: b\n\nx\n\rFrom y\n\r|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(a, MBOX_RD, false, cases[i].name, str_c(cases[i].file), str_c(cases[i].want));
}

static void test_quoting(arena a)
{
    str file = S(FROM ">From h: x\nA: b\n\n>From x\n>>From y\n> From z\n>Fro\n>From\n >From w\n>>>\n>\n\n>From ");
    check(a, MBOX_RD, false, "mboxrd", file, S(">From h: x\nA: b\n\nFrom x\n>From y\n> From z\n>Fro\n>From\n >From w\n>>>\n>\n\nFrom |"));
    check(a, MBOX_O, false, "mboxo", file, S(">From h: x\nA: b\n\nFrom x\n>>From y\n> From z\n>Fro\n>From\n >From w\n>>>\n>\n\nFrom |"));
}

static void test_length(arena a)
{
    str exact = S(FROM "Content-Length: 42\n\n" FROM ">From x\n\n" FROM "A: b\n\nz\n");
    check(a, MBOX_RD, true, "Content-Length leads to a From line", exact, S("Content-Length: 42\n\n" FROM ">From x\n|CA: b\n\nz\n|"));
    str end = S(FROM "content-length:  4  \n\nabcd");
    check(a, MBOX_RD, true, "Content-Length leads to the end", end, S("content-length:  4  \n\nabcd|C"));
    str none = S(FROM "Content-Length: 4\n\nabc\n" FROM "A: b\n\nz\n");
    check(a, MBOX_RD, true, "Content-Length and no empty line", none, S("Content-Length: 4\n\nabc\n|CA: b\n\nz\n|"));
    str wrong = S(FROM "Content-Length: 6\n\n>From x\n\n" FROM "A: b\n\nz\n");
    check(a, MBOX_RD, true, "a wrong Content-Length", wrong, S("Content-Length: 6\n\nFrom x\n|A: b\n\nz\n|"));
    str beyond = S(FROM "Content-Length: 999\n\nx\n");
    check(a, MBOX_RD, true, "Content-Length beyond the end", beyond, S("Content-Length: 999\n\nx\n|"));
    check(a, MBOX_RD, false, "a pipe cannot be looked ahead in", end, S("content-length:  4  \n\nabcd|"));
}

static void test_from_line(void)
{
    static const struct {
        const char *line;
        int is; /* 0: none, 1: without a date, 2: with one */
        const char *sender;
    } cases[] = {
        {"From a@b Thu Nov  4 12:34:56 2021\n", 2, "a@b"},
        {"From a@b  Thu Nov  4 12:34 2021", 2, "a@b"},
        {"From \"a b\"@c Thu Nov  4 12:34:56 2021\r\n", 2, "\"a b\"@c"},
        {"From MAILER-DAEMON Thu Nov 04 12:34:56 2021 +0100", 2, "MAILER-DAEMON"},
        {"From -", 1, "-"},
        {"From a@b", 1, "a@b"},
        {"From a", 0, ""},
        {"From here on", 0, ""},
        {"From: a@b Thu Nov  4 12:34:56 2021", 0, ""},
        {"from a@b Thu Nov  4 12:34:56 2021", 0, ""},
        {"From ", 0, ""},
        {"", 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mbox_from from;
        bool is = mbox_from_line(str_c(cases[i].line), &from);
        is_int(is ? 1 + from.dated : 0, cases[i].is, "From line: %s", cases[i].line);
        if (is)
            is_str(from.sender, str_c(cases[i].sender), "sender of: %s", cases[i].line);
    }
    ok(mbox_begins(S(FROM "A: b\n")), "a mbox begins with a From line");
    ok(mbox_begins(S("From -\nA: b\n")), "also with one of Mozilla");
    ok(!mbox_begins(S("From -\nhello\n")), "but not without a field");
    ok(!mbox_begins(S("From: a@b\n\n" FROM)), "a message is no mbox");
}

/* Long lines, long runs of '>' and no end of anything: linear, and nothing is kept. */
static void test_long(arena a)
{
    struct buf b = {.mem = &a};
    buf_put(&b, S(FROM "A: b\n\n"));
    for (int i = 0; i < 300000; i++)
        buf_byte(&b, '>');
    buf_put(&b, S("From x\n"));
    for (int i = 0; i < 300000; i++)
        buf_put(&b, S("From "));
    struct run r = split(&a, buf_str(&b), MBOX_RD, false, 1000, 0);
    is_int(r.n, 1, "a line of From and one of '>' are one message");
    is_int(r.got.len, b.len - (ptrdiff_t)strlen(FROM) - 1 + 1, "and lose one '>'");
}

int main(void)
{
    arena a = arena_new(1 << 30);
    test_messages(a);
    test_quoting(a);
    test_length(a);
    test_from_line();
    test_long(a);
    return done();
}
