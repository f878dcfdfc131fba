/* Messages into parts: each case whole, cut in two at every octet, and octet by octet; limits; linear time. */
#include "mime/mime.h"
#include "tap.h"

#include <time.h>

static struct mime *parser;

static void put_flag(struct buf *b, const char *name, str value)
{
    if (value.ptr)
        buf_fmt(b, " %s=%.*s", name, STR_ARG(value));
}

/* The result as text: structure; text; html; attachments; defects. */
static str show(arena *a, const struct mime_message *m)
{
    struct buf b = {.mem = a};
    buf_fmt(&b, "%.*s\n", STR_ARG(m->structure));
    if (m->text_parts)
        buf_fmt(&b, "text%d%s: %.*s\n", (int)m->text_parts, m->text_from_html ? " html" : m->text_cut ? " cut" : "", STR_ARG(m->text));
    if (m->html.ptr)
        buf_fmt(&b, "html%s: %.*s\n", m->html_cut ? " cut" : "", STR_ARG(m->html));
    for (ptrdiff_t i = 0; i < m->n_parts; i++) {
        const struct mime_part *p = &m->part[i];
        if (!p->attachment)
            continue;
        buf_fmt(&b, "%.*s %.*s %d %.8s", STR_ARG(p->id), STR_ARG(p->type), (int)p->size, p->sha256.ptr);
        put_flag(&b, "name", p->name);
        put_flag(&b, "disposition", p->disposition);
        put_flag(&b, "cid", p->cid);
        buf_byte(&b, '\n');
    }
    for (ptrdiff_t i = 0; i < m->n_defects; i++)
        buf_fmt(&b, "! %.*s %d\n", STR_ARG(m->defect[i].code), (int)m->defect[i].offset);
    buf_fmt(&b, "%d octets %.8s", (int)m->size, m->sha256.ptr);
    return buf_str(&b);
}

static str parse(arena *a, str text, ptrdiff_t step, ptrdiff_t at)
{
    struct mime_options options = {.digest = true, .max_text = 200};
    mime_begin(parser, &options);
    if (step)
        for (ptrdiff_t i = 0; i < text.len; i += step)
            mime_feed(parser, str_slice(text, i, i + step));
    else {
        mime_feed(parser, str_first(text, at));
        mime_feed(parser, str_skip(text, at));
    }
    return show(a, mime_end(parser));
}

static str without_last_line(str s)
{
    while (s.len && s.ptr[s.len - 1] != '\n')
        s.len--;
    return s;
}

static void check(arena a, const char *name, str text, str want)
{
    str whole = parse(&a, text, text.len + 1, 0);
    is_str(without_last_line(whole), want, "%s", name);
    ptrdiff_t wrong = -1;
    for (ptrdiff_t at = 0; at < text.len && wrong < 0; at++) {
        arena scratch = a;
        if (!str_eq(parse(&scratch, text, 0, at), whole))
            wrong = at;
    }
    is_int(wrong, -1, "%s: cut anywhere", name);
    is_str(parse(&a, text, 1, 0), whole, "%s: octet by octet", name);
}

static const struct {
    const char *name, *text, *want;
} cases[] = {
    {"nothing", "", "text/plain\ntext1: \n"},
    {"only a header", "Subject: x\n", "text/plain\ntext1: \n"},
    {"only a body", "\nhello\n", "text/plain\ntext1: hello\n\n"},
    {"a plain one", "Subject: x\r\n\r\nhello\r\nyou\r\n", "text/plain\ntext1: hello\nyou\n\n"},
    {"RFC2045-6.7 quoted-printable, ISO 8859-1",
     "Content-Type: text/plain; charset=iso-8859-1\nContent-Transfer-Encoding: quoted-printable\n\ncaf=E9 =\nau lait\n",
     "text/plain\ntext1: caf\xC3\xA9 au lait\n\n"},
    {"RFC2045-6.8 base64, UTF-8", "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: base64\n\ncMO2\nbA==\n",
     "text/plain\ntext1: p\xC3\xB6l\n"},
    {"HTML alone", "Content-Type: text/html\n\n<p>hello</p>\n", "text/html\ntext1 html: hello\nhtml: <p>hello</p>\n\n"},
    {"RFC2046-5.1.4 alternative",
     "Content-Type: multipart/alternative; boundary=b\n\npreamble\n--b\n\nplain\n--b\nContent-Type: text/html\n\n<b>html</b>\n--b--\nepilogue\n--b\n",
     "multipart/alternative(text/plain,text/html)\ntext1: plain\nhtml: <b>html</b>\n"},
    {"texts are joined", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo\n\n--b--\n",
     "multipart/mixed(text/plain,text/plain)\ntext2: one\ntwo\n\n"},
    {"an attachment",
     "Content-Type: multipart/mixed; boundary=\"b b\"\r\n\r\n--b b\r\n\r\nhi\r\n--b b\r\nContent-Type: application/pdf; name=a.pdf\r\n"
     "Content-Disposition: attachment; filename=\"b.pdf\"\r\nContent-ID: <i@d>\r\nContent-Transfer-Encoding: base64\r\n\r\naGVs\r\nbG8=\r\n--b b--\r\n",
     "multipart/mixed(text/plain,application/pdf)\ntext1: hi\n2 application/pdf 5 2cf24dba name=b.pdf disposition=attachment cid=i@d\n"},
    {"the line end before a boundary is not of the part",
     "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: a/b\r\n\r\nhello\r\n--b\r\nContent-Type: a/c\r\n\r\nhello\n--b--\r\n",
     "multipart/mixed(a/b,a/c)\n1 a/b 5 2cf24dba\n2 a/c 5 2cf24dba\n"},
    {"a text with a name is an attachment", "Content-Type: text/plain; name=x.txt\n\nhello", "text/plain\n1 text/plain 5 2cf24dba name=x.txt\n"},
    {"RFC2046-5.2.1 message/rfc822",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nouter\n--b\nContent-Type: message/rfc822\n\nA: b\nContent-Type: multipart/mixed; "
     "boundary=c\n\n--c\nContent-Type: image/png\n\nx\n--c--\nend\n--b--\n",
     "multipart/mixed(text/plain,message/rfc822(multipart/mixed(image/png)))\ntext1: outer\n2 message/rfc822 88 9891f838\n"},
    {"RFC2046-5.1.5 digest", "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: x\n\ny\n--b--\n",
     "multipart/digest(message/rfc822(text/plain))\n1 message/rfc822 13 f50713dc\n"},
    {"a message that is nothing but another one", "Content-Type: message/rfc822\n\nA: b\n\nc\n", "message/rfc822(text/plain)\ntext1: c\n\n"},
    {"a boundary that is the beginning of another",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b\n\ny\n--b--\n",
     "multipart/mixed(multipart/mixed(text/plain),text/plain)\ntext2: x\ny\n"},
    {"white space behind a boundary, dashes in text",
     "Content-Type: multipart/mixed; boundary=b\n\n--b \t\n\n--\n-- b\n--bc\n-\n--b--x\n--b-- \n", "multipart/mixed(text/plain)\ntext1: --\n-- b\n--bc\n-\n--b--x\n"},
    {"no last boundary", "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhello\n", "multipart/mixed(text/plain)\ntext1: hello\n\n! mime.no-end 54\n"},
    {"the inner one has no end",
     "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--a\n\ny\n--a--\n",
     "multipart/mixed(multipart/mixed(text/plain),text/plain)\ntext2: x\ny\n! mime.no-end 97\n"},
    {"a boundary in a header", "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: a/b\n--b\n\nx\n--b--\n",
     "multipart/mixed(a/b,text/plain)\ntext1: x\n1 a/b 0 e3b0c442\n! mime.no-body 65\n"},
    {"a multipart without a boundary", "Content-Type: multipart/mixed\n\nx\n", "multipart/mixed()\n! mime.boundary 0\n"},
    {"a multipart whose boundary never comes", "Content-Type: multipart/mixed; boundary=b\n\nx\n", "multipart/mixed()\n! mime.no-end 45\n"},
    {"an unknown encoding", "Content-Transfer-Encoding: x\n\ny\n", "text/plain\ntext1: y\n\n! mime.encoding 0\n"},
    {"other text is no attachment and no text",
     "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/calendar\n\nBEGIN\n--b--\n", "multipart/mixed(text/calendar)\n"},
    {"text is cut", "\n0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
                    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789x\n",
     "text/plain\ntext1 cut: 0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\n"},
};

static void test_cases(arena a)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(a, cases[i].name, str_c(cases[i].text), str_c(cases[i].want));
}

static bool has_defect(const struct mime_message *m, const char *code)
{
    for (ptrdiff_t i = 0; i < m->n_defects; i++)
        if (str_eq(m->defect[i].code, str_c(code)))
            return true;
    return false;
}

static const struct mime_message *parse_text(str text)
{
    mime_begin(parser, &(struct mime_options){0});
    mime_feed(parser, text);
    return mime_end(parser);
}

static void test_limits(arena a)
{
    struct buf b = {.mem = &a};
    for (int i = 0; i < MIME_DEPTH + 50; i++)
        buf_fmt(&b, "Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i);
    const struct mime_message *m = parse_text(buf_str(&b));
    ok(has_defect(m, "mime.depth"), "depth has a limit");
    is_int(m->n_parts, MIME_DEPTH + 1, "what is deeper is a leaf");

    b.len = 0;
    buf_put(&b, S("Content-Type: multipart/mixed; boundary=b\n\n"));
    for (int i = 0; i < MIME_PARTS + 10; i++)
        buf_put(&b, S("--b\n\n"));
    m = parse_text(buf_str(&b));
    ok(has_defect(m, "mime.parts"), "parts have a limit");
    is_int(m->n_parts, MIME_PARTS, "parts behind it are not seen");

    b.len = 0;
    for (int i = 0; i < 40000; i++)
        buf_put(&b, S("X-Field: 0123456789012345678901234567890123456789\n"));
    m = parse_text(buf_str(&b));
    ok(has_defect(m, "header.long"), "a header has a limit");
    is_int(m->size, b.len, "the message is seen to its end");

    b.len = 0;
    buf_put(&b, S("Content-Type: multipart/mixed; boundary="));
    for (int i = 0; i < MIME_BOUNDARY + 1; i++)
        buf_byte(&b, 'b');
    buf_put(&b, S("\n\n"));
    ok(has_defect(parse_text(buf_str(&b)), "mime.boundary"), "a boundary has a limit");

    b.len = 0;
    buf_put(&b, S("Content-Type: a/b; name="));
    for (int i = 0; i < MIME_NAME + 1; i++)
        buf_byte(&b, 'n');
    buf_put(&b, S("\n\n"));
    m = parse_text(buf_str(&b));
    ok(has_defect(m, "mime.name"), "a name has a limit");
    is_int(m->part[0].name.len, MIME_NAME, "it is cut there");
}

static void collect(void *context, str octets) { buf_put(context, octets); }

static void test_part(arena a)
{
    struct buf got = {.mem = &a};
    struct mime_options options = {.part_id = S("2.2"), .put = collect, .context = &got};
    mime_begin(parser, &options);
    mime_feed(parser, S("Content-Type: multipart/mixed; boundary=a\n\n--a\n\n1\n--a\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n2.1\n--b\n"
                        "Content-Transfer-Encoding: base64\n\naGVsbG8=\n--b--\n--a--\n"));
    mime_end(parser);
    is_str(buf_str(&got), S("hello"), "the octets of one part");

    got.len = 0;
    options.part_id = S("1");
    mime_begin(parser, &options);
    mime_feed(parser, S("Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: message/rfc822\n\nA: b\n\nc\n\n--x--\n"));
    mime_end(parser);
    is_str(buf_str(&got), S("A: b\n\nc\n"), "the octets of a message in a message");

    mime_begin(parser, &(struct mime_options){.digest = true});
    mime_feed(parser, S("never ended"));
    mime_begin(parser, &(struct mime_options){.digest = true});
    mime_feed(parser, S("hello"));
    is_str(mime_end(parser)->sha256, S("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"), "a message that is dropped leaves nothing");
}

static void collect_id(void *context, const struct mime_part *part)
{
    struct buf *got = context;
    buf_byte(got, '[');
    buf_put(got, part->id);
    buf_byte(got, ' ');
    buf_put(got, part->name);
    buf_byte(got, ']');
}

static void test_every_attachment(arena a)
{
    static const char text[] = "Content-Type: multipart/mixed; boundary=a\n\n--a\n\ntext\n--a\nContent-Type: a/b; name=n\n"
                               "Content-Transfer-Encoding: base64\n\naGVsbG8=\n--a\nContent-Disposition: attachment\n\n--a\nContent-Type: message/rfc822\n\n"
                               "Content-Type: c/d; name=inner\n\nx\n--a\nContent-Type: e/f\n\nlast\n--a--\n";
    struct buf got = {.mem = &a};
    mime_begin(parser, &(struct mime_options){.next = collect_id, .put = collect, .context = &got});
    mime_feed(parser, str_c(text));
    mime_end(parser);
    is_str(buf_str(&got), S("[2 n]hello[3 ][4 ]Content-Type: c/d; name=inner\n\nx[5 ]last"), "the octets of every attachment, in one pass");
}

static double seconds(str unit, int times)
{
    struct timespec from, to;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
    mime_begin(parser, &(struct mime_options){.digest = true});
    mime_feed(parser, S("Content-Type: multipart/mixed; boundary=b\n\n--b\n"));
    for (int i = 0; i < times; i++)
        mime_feed(parser, unit);
    mime_end(parser);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

/* Input that is made to be slow: eight times as much takes about eight times as long, and not sixty. */
static void test_time(void)
{
    static const struct {
        const char *name, *unit;
    } hostile[] = {
        {"lines of dashes", "--\n--x\n-\n"},
        {"dashes", "--------"},
        {"headers without colons", "x y z\n"},
        {"parts", "--b\n"},
        {"messages in messages", "Content-Type: message/rfc822\n\n"},
        {"multiparts", "Content-Type: multipart/mixed; boundary=c\n\n--c\n"},
        {"fields", "a:b\n"},
        {"folds", " x\n"},
        {"carriage returns", "\r"},
        {"tags", "Content-Type: text/html\n\n<div <div <div \n--b\n"},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        seconds(str_c(hostile[i].unit), 5000);
        double once = seconds(str_c(hostile[i].unit), 20000), eight = seconds(str_c(hostile[i].unit), 160000);
        ok(eight < once * 24 + 0.05, "linear: %s (%.1f ms, %.1f ms)", hostile[i].name, once * 1e3, eight * 1e3);
    }
}

int main(void)
{
    arena a = arena_new((size_t)1 << 30);
    parser = mime_new();
    test_cases(a);
    test_limits(a);
    test_part(a);
    test_every_attachment(a);
    test_time();
    return done();
}
