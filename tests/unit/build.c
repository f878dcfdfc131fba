/* Writing messages: what comes out is read back by the parser of this room. */
#include "mime/mime.h"
#include "sys/sys.h"
#include "tap.h"

static arena mem;
static struct charsets *sets;

static int column_max(str s)
{
    int longest = 0;
    for (str line; s.len;) {
        str_cut(s, '\n', &line, &s);
        int n = (int)line.len - str_ends(line, S("\r"));
        longest = n > longest ? n : longest;
    }
    return longest;
}

/* ---- fields ---- */

static str repeat(const char *s, int n)
{
    struct buf b = buf_new(&mem, 64);
    for (int i = 0; i < n; i++)
        buf_put(&b, str_c(s));
    return buf_str(&b);
}

static str field(str value)
{
    struct buf b = buf_new(&mem, 256);
    build_text(&b, S("Subject"), value);
    return buf_str(&b);
}

static void test_text(void)
{
    static const char *const texts[] = {
        "plain", "", "two  spaces", "=?UTF-8?Q?not_a_word?=", "a =?x", ("Re: Gr\xc3\xbc\xc3\x9f" "e aus K\xc3\xb6ln"),
        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe3\x81\xae\xe4\xbb\xb6\xe5\x90\x8d\xe3\x81\xa7\xe3\x81\x99\xe3\x80\x82\xe9\x95\xb7\xe3\x81\x84\xe8\xa1\x8c\xe3\x81\xaf\xe6\x8a\x98\xe3\x82\x8a\xe8\xbf\x94\xe3\x81\x95\xe3\x82\x8c\xe3\x81\xbe\xe3\x81\x99",
        "\xd0\x9f\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82, \xd0\xbc\xd0\xb8\xd1\x80", "\xf0\x9f\x8c\xb1\xf0\x9f\x8d\x8e", "tab\there",
        "one, two and three words, and so many more of them that the line must be folded somewhere between two of its words, twice",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        str out = field(str_c(texts[i]));
        is_str(header_text(&mem, sets, str_slice(out, 8, out.len - 2), NULL), str_c(texts[i]), "comes back: %s", texts[i]);
        ok(column_max(out) <= BUILD_LINE, "and no line is over %d", BUILD_LINE);
    }
    str many = str_trim(repeat("word ", 300)), one = repeat("x", 5000);
    is_str(header_unfold(&mem, str_slice(field(many), 9, field(many).len - 2)), many, "many words come back");
    ok(column_max(field(many)) <= BUILD_LINE, "folded");
    is_str(header_text(&mem, sets, str_slice(field(one), 8, field(one).len - 2), NULL), one, "a word of 5,000 letters comes back");
    ok(column_max(field(one)) <= BUILD_LINE, "and no line is too long");
    is_str(field(S("Re: \xc3\xa4")), S("Subject: Re: =?UTF-8?B?w6Q=?=\r\n"), "plain words before stay plain");
}

/* ---- what may not stand in a field ---- */

static void test_values(void)
{
    static const char *const bad[] = {"a\nBcc: x@y", "a\r\nBcc: x@y", "a\rb", "\n", "a\x01", "a\x7f", ("a\x0b" "b"), "a\x1b[31m", "\xff", "a\xc0\x8a"};
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        ok(!build_value_ok(str_c(bad[i]), "it", &e) && e.class == ERR_INPUT, "refused: value %zu", i);
    ok(!build_value_ok(S("a\0b"), "it", &e), "refused: NUL");
    ok(!build_value_ok(repeat("x", BUILD_VALUE + 1), "it", &e), "refused: too long");
    ok(build_value_ok(S("tab\t and \xc3\xa4 \xe2\x80\xa8"), "it", &e), "fine: TAB, letters, U+2028");
    static const char *const names[] = {"", "a b", "a:", "a\n", "\xc3\xa4", "a\r\nb", " a"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ok(!build_name_ok(str_c(names[i]), &e), "refused: name %zu", i);
    ok(build_name_ok(S("X-My_Field!"), &e), "fine: a name");
}

/* ---- addresses ---- */

static str show(const struct header_addresses *list)
{
    struct buf b = buf_new(&mem, 128);
    for (ptrdiff_t i = 0; i < list->n; i++)
        buf_fmt(&b, "[%.*s|%.*s]", STR_ARG(list->item[i].name), STR_ARG(list->item[i].email));
    return buf_str(&b);
}

static const struct {
    const char *text, *want;
} good_addresses[] = {
    {"a@b", "[|a@b]"},
    {"Ann <a@b.example>", "[Ann|a@b.example]"},
    {"Ann Lee <a@b>, c@d;e@f", "[Ann Lee|a@b][|c@d][|e@f]"},
    {"\"Doe, J.\" <a@b>", "[Doe, J.|a@b]"},
    {"\"a \\\"q\\\" b\" <a@b>", "[a \"q\" b|a@b]"},
    {"a@b (Ann)", "[Ann|a@b]"},
    {"<a@b>", "[|a@b]"},
    {" , a@b , ", "[|a@b]"},
    {"J. R. Doe <a@b>", "[J. R. Doe|a@b]"},
    {"\"a b\"@c", "[|\"a b\"@c]"},
    {"\"x@y\" <a@b>", "[x@y|a@b]"},
    {"M\xc3\xbcller <a@b>", "[M\xc3\xbcller|a@b]"},
    {"\xc3\xa4@b\xc3\xbc.example", "[|\xc3\xa4@b\xc3\xbc.example]"},
    {"a@[192.0.2.1]", "[|a@[192.0.2.1]]"},
    {"a@[IPv6:2001:db8::1]", "[|a@[IPv6:2001:db8::1]]"},
    {"a+b=c@d-e.example", "[|a+b=c@d-e.example]"},
    {"", ""},
};

static const char *const bad_addresses[] = {
    "a", "a@", "@b", "a@b@c", "a b@c", "a@b c", "Ann a@b", "Ann <a@b", "Ann a@b>", "<a@b> Ann", "a@-b", "a@b-", "a@b..c", "a..b@c",
    ".a@b", "a.@b", "a@b.", "a@[1", "a@[x\"y]", "Doe, J. <a@b>", "\"a@b", "\"a\tb\"@c", "\"<x>\"@c", "a@b, c", "a@b,c@", "<>", "()",
    "a(x)@b", "Ann <a@b> <c@d>", "undisclosed-recipients:;", "a@b\x7f", "a@b\nBcc: x@y", "a\r\n@b",
    "a\xc2\xa0@b", ("\xef\xbb\xbf" "a@b"), "a\xe2\x80\xae@b", "a@b\xe2\x80\x8b.example",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b",
    "a@aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
};

static void test_addresses(void)
{
    struct err e;
    for (size_t i = 0; i < sizeof good_addresses / sizeof *good_addresses; i++) {
        struct header_addresses list = {0}, back = {0};
        ok(build_address_read(&mem, str_c(good_addresses[i].text), "it", ERR_USAGE, &list, &e), "read: %s", good_addresses[i].text);
        is_str(show(&list), str_c(good_addresses[i].want), "as meant: %s", good_addresses[i].text);
        struct buf b = buf_new(&mem, 64);
        build_addresses(&mem, &b, S("To"), &list);
        if (list.n)
            header_addresses(&mem, sets, str_slice(buf_str(&b), 3, b.len - 2), &back, NULL);
        is_int(back.n, list.n, "as many come back: %s", good_addresses[i].text);
        for (ptrdiff_t k = 0; k < back.n && k < list.n; k++)
            is_str(back.item[k].name, list.item[k].name, "name %td comes back", k);
    }
    for (size_t i = 0; i < sizeof bad_addresses / sizeof *bad_addresses; i++) {
        struct header_addresses list = {0};
        ok(!build_address_read(&mem, str_c(bad_addresses[i]), "it", ERR_USAGE, &list, &e), "refused: address %zu", i);
    }
    struct header_addresses many = {0};
    for (int i = 0; i < 40; i++)
        build_address_add(&mem, &many, (struct header_address){i % 2 ? S("J\xc3\xb6rg \"von\" Doe, Dr.") : S("O'Neil, \"Jo\" \\ x"), S("someone.somewhere@example.com")});
    struct buf b = buf_new(&mem, 4096);
    struct header_addresses back = {0};
    build_addresses(&mem, &b, S("To"), &many);
    header_addresses(&mem, sets, str_slice(buf_str(&b), 3, b.len - 2), &back, NULL);
    is_int(back.n, 40, "forty come back");
    is_str(back.item[38].name, S("O'Neil, \"Jo\" \\ x"), "with quotes and backslashes");
    is_str(back.item[39].name, S("J\xc3\xb6rg \"von\" Doe, Dr."), "and letters");
    ok(column_max(buf_str(&b)) <= BUILD_LINE, "folded");
}

static void test_idna(void)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"example.com", "example.com"}, {"b\xc3\xbc" "cher.example", "xn--bcher-kva.example"}, {"B\xc3\x9c" "CHER.example", "xn--bcher-kva.example"},
        {"\xe4\xbe\x8b\xe3\x81\x88.\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", "xn--r8jz45g.xn--zckzah"},
        {"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbc\xd0\xb5\xd1\x80.\xd0\xb8\xd1\x81\xd0\xbf\xd1\x8b\xd1\x82\xd0\xb0\xd0\xbd\xd0\xb8\xd0\xb5", "xn--e1afmkfd.xn--80akhbyknj4f"},
        {"\xd9\x85\xd8\xab\xd8\xa7\xd9\x84.\xd8\xa5\xd8\xae\xd8\xaa\xd8\xa8\xd8\xa7\xd8\xb1", "xn--mgbh0fb.xn--kgbechtv"},
        {"\xce\xb4\xce\xbf\xce\xba\xce\xb9\xce\xbc\xce\xae.gr", "xn--jxalpdlp.gr"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(codec_idna(&mem, str_c(cases[i].from)), str_c(cases[i].to), "A-labels: %s", cases[i].to);
    ok(!codec_idna(&mem, repeat("\xc3\xa4", 63)).ptr, "a label that would be too long");
    bool utf8 = false;
    is_str(build_address_wire(&mem, S("a@b\xc3\xbc.example"), &utf8), S("a@xn--b-eha.example"), "a domain becomes ASCII");
    ok(!utf8, "without RFC 6531");
    is_str(build_address_wire(&mem, S("\xc3\xa4@b\xc3\xbc.example"), &utf8), S("\xc3\xa4@b\xc3\xbc.example"), "a local part needs it");
    ok(utf8, "and says so");
}

static void test_ids(void)
{
    struct strs ids = {0};
    for (int i = 0; i < 200; i++)
        strs_add(&mem, &ids, str_fmt(&mem, "%d.abcdefghijk@example.com", i));
    strs_add(&mem, &ids, S("bad id\r\nBcc: x"));
    strs_add(&mem, &ids, repeat("x", 2000));
    strs_add(&mem, &ids, S("last@example.com"));
    struct buf b = buf_new(&mem, 4096);
    struct strs back = {0};
    build_ids(&b, S("References"), &ids);
    header_ids(&mem, str_skip(buf_str(&b), 11), &back);
    ok(back.n >= BUILD_REFERENCES - 2 && back.n <= BUILD_REFERENCES, "as many ids as are written");
    is_str(back.item[0], S("0.abcdefghijk@example.com"), "the first stays");
    is_str(back.item[back.n - 1], S("last@example.com"), "and the last");
    ok(column_max(buf_str(&b)) <= BUILD_LINE && str_find(buf_str(&b), S("Bcc")) < 0, "folded, nothing comes in");
}

/* ---- parts ---- */

static bool collect(void *to, str octets, struct err *e)
{
    (void)e;
    buf_put(to, octets);
    return true;
}

struct bytes {
    str octets;
    int pieces;
};

static bool pour_bytes(void *context, build_put *put, void *to, struct err *e)
{
    const struct bytes *b = context;
    for (ptrdiff_t i = 0; i < b->octets.len; i += b->pieces)
        if (!put(to, str_slice(b->octets, i, i + b->pieces), e))
            return false;
    return true;
}

static str made(struct build_part *root, struct build_options options)
{
    struct buf b = buf_new(&mem, 4096);
    struct err e;
    ok(build_plan(&mem, root, &options, &e), "planned");
    ok(build_write(&mem, root, S("From: a@b\r\n"), collect, &b, &e), "written");
    return buf_str(&b);
}

static struct mime *parser;

static const struct mime_message *parsed(str message)
{
    mime_begin(parser, &(struct mime_options){0});
    mime_feed(parser, message);
    return mime_end(parser);
}

static void test_texts(void)
{
    static const struct {
        const char *text, *encoding;
        bool eight_bit, seven_bit;
    } cases[] = {
        {"plain\n", "7bit", false, false}, {"gr\xc3\xbc\xc3\x9f" "e and many more plain letters\n", "quoted-printable", false, false},
        {"gr\xc3\xbc\xc3\x9f" "e and many more plain letters\n", "8bit", true, false},
        {"gr\xc3\xbc\xc3\x9f" "e and many more plain letters\n", "quoted-printable", true, true},
        {"\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\n", "base64", false, false}, {"a = b ; trailing \n.\n..\nFrom x\n\n", "7bit", false, false},
        {"\x1b$B no ISO-2022 \x1b[1m\n", "quoted-printable", true, false},
        {"a\x01" "b =3D \xc3\xa4 \n.\nFrom here\nlast \n", "quoted-printable", false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct build_part p = {.type = S("text/plain"), .content = str_c(cases[i].text)};
        str out = made(&p, (struct build_options){cases[i].eight_bit, cases[i].seven_bit});
        str wanted = str_fmt(&mem, "Content-Transfer-Encoding: %s\r\n", cases[i].encoding);
        ok(str_find(out, wanted) >= 0, "text %zu is %s", i, cases[i].encoding);
        is_str(parsed(out)->text, str_c(cases[i].text), "and comes back");
        is_int(parsed(out)->n_defects, 0, "without defects");
    }
    struct build_part p = {.type = S("text/plain"), .content = str_fmt(&mem, "%.*s\nx\n", STR_ARG(repeat("long ", 400)))};
    str out = made(&p, (struct build_options){true, false});
    ok(column_max(out) <= BUILD_LINE, "long lines are encoded");
    is_str(parsed(out)->text, p.content, "and come back");
}

static void test_files(void)
{
    struct buf all = buf_new(&mem, 100000);
    for (int i = 0; i < 100000; i++)
        buf_byte(&all, (char)(i * 7 + i / 256));
    static const int pieces[] = {1, 57, 1000, 29184, 100000};
    static const int sizes[] = {0, 1, 2, 3, 56, 57, 58, 29183, 29184, 29185, 100000};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct bytes b = {str_first(buf_str(&all), sizes[k]), pieces[k % 5]};
        struct build_part file = {.type = S("application/x"), .name = S("a \"b\" \xc3\xa4\xe2\x98\x83.bin"), .disposition = S("attachment"), .source = {&b, pour_bytes}};
        struct build_part text = {.type = S("text/plain"), .content = S("hi\n"), .next = &file}, root = {.type = S("multipart/mixed"), .child = &text};
        str out = made(&root, (struct build_options){0});
        const struct mime_message *m = parsed(out);
        is_str(m->structure, S("multipart/mixed(text/plain,application/x)"), "structure, file of %d", sizes[k]);
        is_str(m->part[2].sha256, sha256_of(&mem, b.octets), "octets come back");
        is_str(m->part[2].name, file.name, "and the name");
        ok(column_max(out) <= BUILD_LINE, "and no line is too long");
    }
}

static void test_messages(void)
{
    static const struct {
        const char *octets, *type;
        bool seven_bit;
    } cases[] = {
        {"Subject: x\n\nhello\n", "message/rfc822", false}, {"Subject: x\r\n\r\nhello", "message/rfc822", true},
        {"Subject: x\n\nh\xc3\xa4llo\n", "message/rfc822", false}, {"Subject: x\n\nh\xc3\xa4llo\n", "application/octet-stream", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct bytes b = {str_c(cases[i].octets), 3};
        struct build_part inner = {.type = S("message/rfc822"), .disposition = S("attachment"), .source = {&b, pour_bytes}};
        struct build_part root = {.type = S("multipart/mixed"), .child = &inner};
        str out = made(&root, (struct build_options){.seven_bit = cases[i].seven_bit});
        is_str(parsed(out)->part[1].type, str_c(cases[i].type), "message %zu goes as %s", i, cases[i].type);
        ok(build_is_8bit(&root) == (i == 2), "8bit where it is");
        ok(str_find(out, S("\r\r")) < 0, "line ends are CRLF");
    }
    struct bytes b = {str_fmt(&mem, "Subject: x\n\n%.*s\n", STR_ARG(repeat("x", 2000))), 100};
    struct build_part inner = {.type = S("message/rfc822"), .source = {&b, pour_bytes}}, root = {.type = S("multipart/mixed"), .child = &inner};
    ok(column_max(made(&root, (struct build_options){0})) <= BUILD_LINE_MAX, "a message with long lines becomes a file");
}

/* Names in parameters end no field, whatever they hold that a check has let through. */
static void test_nesting(void)
{
    struct build_part part[8];
    for (int i = 0; i < 8; i++)
        part[i] = (struct build_part){.type = i % 2 ? S("multipart/mixed") : S("multipart/related")};
    struct build_part leaf = {.type = S("text/plain"), .content = S("deep\n")};
    for (int i = 0; i < 7; i++)
        part[i].child = &part[i + 1];
    part[7].child = &leaf;
    const struct mime_message *m = parsed(made(&part[0], (struct build_options){0}));
    is_str(m->text, S("deep\n"), "eight multiparts within each other");
    is_int(m->n_defects, 0, "without defects");
}

/* ---- HTML ---- */

static const struct {
    const char *html, *want;
} cleaned[] = {
    {"<p>hi</p>", "<p>hi</p>"},
    {"<p>a<p>b", "<p>a</p><p>b</p>"},
    {"a<script>alert(1)</script>b", "ab"},
    {"a<SCRIPT >x</p></script >b", "ab"},
    {"a<script>never ends", "a"},
    {"<style>p{}</style>x<!-- <b> -->y", "xy"},
    {"<b onclick=\"x()\" title='q\"'>t</b>", "<b title=\"q&quot;\">t</b>"},
    {"<a href=\"javascript:x\">t</a>", "<a>t</a>"},
    {"<a href=\"java&#115;cript:x\">t</a>", "<a>t</a>"},
    {"<a href=\" javascript:x\">t</a>", "<a>t</a>"},
    {"<a href=\"java\nscript:x\">t</a>", "<a>t</a>"},
    {"<a href=https://x/?a=1&b=2>t</a>", "<a href=\"https://x/?a=1&amp;b=2\">t</a>"},
    {"<a href='data:text/html,x'>t</a>", "<a>t</a>"},
    {"</blockquote></div></body>x", "x"},
    {"<blockquote><div>x", "<blockquote><div>x</div></blockquote>"},
    {"<div><b>x</div>y</b>", "<div><b>x</b></div>y"},
    {"<iframe src=x><b>y</iframe>z", "z"},
    {"<object><b>x</b><object>y</object>z</object>w", "w"},
    {"<form action=x><input name=y>t</form>", "t"},
    {"<img src=https://x/y.png alt='a <b>'>", "a &lt;b&gt;"},
    {"<svg><script>x</script></svg>y", "y"},
    {"a < b > c & d &amp; e", "a &lt; b &gt; c & d &amp; e"},
    {"<p style=\"color:red\">x</p>", "<p style=\"color:red\">x</p>"},
    {"<p style=\"background:url(x)\">x</p>", "<p>x</p>"},
    {"<p style=\"width:exp\\72 ession(x)\">x</p>", "<p>x</p>"},
    {"<b title=\"", "<b title=\"\"></b>"},
    {"<", "&lt;"},
    {"<b", "<b></b>"},
    {"<meta http-equiv=refresh content=0><link rel=x><base href=y>z", "z"},
};

static void test_html(void)
{
    for (size_t i = 0; i < sizeof cleaned / sizeof *cleaned; i++) {
        is_str(build_html_clean(&mem, str_c(cleaned[i].html), false, 1 << 20), str_c(cleaned[i].want), "clean: %s", str_z(&mem, str_c(cleaned[i].want)));
        str once = build_html_clean(&mem, str_c(cleaned[i].html), false, 1 << 20);
        is_str(build_html_clean(&mem, once, false, 1 << 20), once, "what is clean stays");
    }
    is_str(build_html_clean(&mem, S("<img src=cid:a onerror=x><img src=http://x><img src=data:x>"), true, 1000),
           S("<img src=\"cid:a\"><img src=\"http://x\"><img>"), "pictures where they are wanted");
    str deep = build_html_clean(&mem, repeat("<div>", 5000), false, 1 << 20);
    ok(deep.len == 200 * 11, "what is deeper than a limit is left out");
    ok(build_html_clean(&mem, repeat("word <b>", 5000), false, 100).len < 200, "cut");
    is_str(build_html_of_text(&mem, S("a <b>\n  c & \"d\"\n")), S("a &lt;b&gt;<br>\n&nbsp;&nbsp;c &amp; &quot;d&quot;<br>\n"), "text as HTML");
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    sets = charsets_new(&mem);
    parser = mime_new();
    test_text();
    test_values();
    test_addresses();
    test_idna();
    test_ids();
    test_texts();
    test_files();
    test_messages();
    test_nesting();
    test_html();
    charsets_free(sets);
    return done();
}
