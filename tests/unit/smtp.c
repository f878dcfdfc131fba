#include "smtp/smtp.h"
#include "tap.h"

static arena mem;

/* ---- replies ---------------------------------------------------------------------------------------- */

static void show_words(struct buf *to, str s)
{
    for (ptrdiff_t i = 0; i < s.len && i < 60; i++)
        buf_byte(to, s.ptr[i] == '\n' ? '|' : s.ptr[i]);
    if (s.len > 60)
        buf_fmt(to, "~%lld", (long long)s.len);
}

/* All replies of the text as one line, fed in pieces: the first one of `first` octets, the others of `step`. */
static str replies(str text, ptrdiff_t first, ptrdiff_t step)
{
    static struct smtp_parse p;
    struct smtp_reply r;
    struct buf b = buf_new(&mem, 256);
    p = (struct smtp_parse){0};
    while (text.len) {
        str piece = str_first(text, first);
        text = str_skip(text, piece.len);
        first = step;
        while (smtp_parse(&p, &piece, &r)) {
            buf_fmt(&b, "%d %.*s <", r.code, STR_ARG(r.enhanced));
            show_words(&b, r.words);
            buf_put(&b, r.malformed ? S("> !;") : S(">;"));
        }
    }
    return buf_str(&b);
}

static const struct {
    const char *name, *in, *out;
} reply_cases[] = {
    {"one line", "250 2.1.0 Ok\r\n", "250 2.1.0 <Ok>;"},
    {"no enhanced code", "220 mx.example.com ESMTP\r\n", "220  <mx.example.com ESMTP>;"},
    {"RFC5321-4.2: a code alone", "250\r\n354\r\n", "250  <>;354  <>;"},
    {"a code and a blank", "250 \r\n", "250  <>;"},
    {"bare LF", "250 ok\n", "250  <ok>;"},
    {"lines of one reply", "250-mx\r\n250-SIZE 1000\r\n250 HELP\r\n", "250  <mx|SIZE 1000|HELP>;"},
    {"an enhanced code on every line", "550-5.7.1 Our system\r\n550-5.7.1 has detected\r\n550 5.7.1 spam\r\n",
     "550 5.7.1 <Our system|has detected|spam>;"},
    {"the enhanced code alone", "452 4.5.3\r\n", "452 4.5.3 <>;"},
    {"of another class it is words", "250 5.1.1 odd\r\n", "250  <5.1.1 odd>;"},
    {"an address is no code", "250 2.168.0.1 hello\r\n", "250  <2.168.0.1 hello>;"},
    {"of too many digits", "550 5.1234.1 x\r\n", "550  <5.1234.1 x>;"},
    {"RFC5321-4.2.1: the last line's code counts", "250-one\r\n251 two\r\n", "251  <one|two>;"},
    {"pipelined", "250 a\r\n250 b\r\n550 5.1.1 c\r\n354 d\r\n", "250  <a>;250  <b>;550 5.1.1 <c>;354  <d>;"},
    {"no reply", "hello\r\n250 ok\r\n", "0  <hello> !;250  <ok>;"},
    {"an empty line", "\r\n250 ok\r\n", "0  <> !;250  <ok>;"},
    {"two digits", "25 ok\r\n", "0  <25 ok> !;"},
    {"four digits", "2500 ok\r\n", "0  <2500 ok> !;"},
    {"another separator", "250_ok\r\n", "0  <250_ok> !;"},
    {"codes that are none", "150 x\r\n600 y\r\n", "0  <x> !;0  <y> !;"},
    {"a cut line is none yet", "250 ok", ""},
    {"a cut reply is none yet", "250-ok\r\n", ""},
};

static void test_replies(void)
{
    for (int i = 0; i < (int)(sizeof reply_cases / sizeof *reply_cases); i++) {
        str in = str_c(reply_cases[i].in), want = str_c(reply_cases[i].out);
        bool same = true;
        is_str(replies(in, in.len, in.len), want, "%s", reply_cases[i].name);
        for (ptrdiff_t at = 1; at < in.len; at++)
            same &= str_eq(replies(in, at, in.len), want);
        ok(same && str_eq(replies(in, 1, 1), want), "%s: cut anywhere", reply_cases[i].name);
    }
}

static void test_long_replies(void)
{
    struct buf b = buf_new(&mem, 1 << 20);
    buf_put(&b, S("250 "));
    for (int i = 0; i < 20000; i++)
        buf_byte(&b, 'x');
    buf_put(&b, S("\r\n250 ok\r\n"));
    str got = replies(buf_str(&b), 1000, 1000);
    ok(str_find(got, S("~8192>;250  <ok>;")) > 0, "words over the limit are dropped, the next reply is whole");
    b.len = 0;
    for (int i = 0; i < 30000; i++)
        buf_put(&b, S("250-and so on\r\n"));
    ok(str_find(replies(buf_str(&b), 4096, 4096), S("!;")) > 0, "a reply without end ends");
}

/* ---- what replies say --------------------------------------------------------------------------------- */

static const struct {
    const char *words, *id;
} id_cases[] = {
    {"Ok: queued as 4BD1F2C0A", "4BD1F2C0A"},
    {"Ok: 87 bytes queued as BB97FC3E044", "BB97FC3E044"},
    {"OK id=1tQx3A-000abc-2F", "1tQx3A-000abc-2F"},
    {"<x@y> [InternalId=4711, Hostname=a.b] 1234 bytes in 0.1, 12 KB/sec Queued mail for delivery", "4711"},
    {"ok 1234567890 qp 4321", "4321"},
    {"5AKLmXyz012345 Message accepted for delivery", "5AKLmXyz012345"},
    {"OK", ""},
    {"queued as ", ""},
};

static const struct {
    const char *words;
    int seconds;
} retry_cases[] = {
    {"Greylisted, please try again in 300 seconds", 300}, {"try again in 5 minutes", 300}, {"wait 1 hour", 3600},
    {"Recipient address rejected: Greylisted for 5min", 300}, {"come back later", 0}, {"from 192.0.2.5 second try", 0},
    {"in 999999999 hours", 0}, {"", 0},
};

static void test_words(void)
{
    for (int i = 0; i < (int)(sizeof id_cases / sizeof *id_cases); i++)
        is_str(smtp_queue_id(str_c(id_cases[i].words)), str_c(id_cases[i].id), "id of \"%s\"", id_cases[i].words);
    for (int i = 0; i < (int)(sizeof retry_cases / sizeof *retry_cases); i++)
        is_int(smtp_retry_after(str_c(retry_cases[i].words)), retry_cases[i].seconds, "when to retry: \"%s\"", retry_cases[i].words);
}

/* ---- the wire --------------------------------------------------------------------------------------- */

static str on_wire(str text, bool dots, ptrdiff_t first, ptrdiff_t step)
{
    struct smtp_wire w = {.dots = dots};
    struct buf b = buf_new(&mem, 64);
    while (text.len) {
        str piece = str_first(text, first);
        text = str_skip(text, piece.len);
        first = step;
        smtp_wire(&w, piece, &b);
    }
    smtp_wire_end(&w, &b);
    return buf_str(&b);
}

static struct smtp_scan scanned(str text, ptrdiff_t step)
{
    struct smtp_scan s = {0};
    for (str piece; text.len; text = str_skip(text, piece.len)) {
        piece = str_first(text, step);
        smtp_scan(&s, piece);
    }
    return s;
}

static const struct {
    const char *name, *in, *plain, *dotted;
} wire_cases[] = {
    {"nothing", "", "", ".\r\n"},
    {"CRLF stays", "a\r\nb\r\n", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
    {"RFC5321-2.3.8: bare LF", "a\nb\n", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
    {"bare CR", "a\rb\r", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
    {"no line end at the end", "a\r\nb", "a\r\nb\r\n", "a\r\nb\r\n.\r\n"},
    {"CR CR LF", "a\r\r\nb", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n.\r\n"},
    {"LF CR", "a\n\rb", "a\r\n\r\nb\r\n", "a\r\n\r\nb\r\n.\r\n"},
    {"RFC5321-4.5.2: dots", ".a\r\n..\r\nb.\r\n.\r\n", ".a\r\n..\r\nb.\r\n.\r\n", "..a\r\n...\r\nb.\r\n..\r\n.\r\n"},
    {"a dot behind a bare LF cannot end it", "a\n.\nQUIT\n", "a\r\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"},
    {"a dot behind a bare CR cannot end it", "a\r.\rQUIT", "a\r\n.\r\nQUIT\r\n", "a\r\n..\r\nQUIT\r\n.\r\n"},
    {"a dot between CR and LF", "a\r.\nb", "a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n.\r\n"},
    {"empty lines", "\n\n\r\n", "\r\n\r\n\r\n", "\r\n\r\n\r\n.\r\n"},
};

static void test_wire(void)
{
    for (int i = 0; i < (int)(sizeof wire_cases / sizeof *wire_cases); i++) {
        const char *name = wire_cases[i].name;
        str in = str_c(wire_cases[i].in), plain = str_c(wire_cases[i].plain), dotted = str_c(wire_cases[i].dotted);
        bool same = true;
        is_str(on_wire(in, false, in.len, in.len), plain, "%s", name);
        is_str(on_wire(in, true, in.len, in.len), dotted, "%s, with dots", name);
        for (ptrdiff_t at = 1; at <= in.len; at++) {
            struct smtp_scan s = scanned(in, at);
            same &= str_eq(on_wire(in, false, at, in.len), plain) && str_eq(on_wire(in, true, at, 1), dotted) && smtp_scan_size(&s) == plain.len;
        }
        ok(same, "%s: cut anywhere, and counted right", name);
    }
    struct smtp_scan s = scanned(S("gr\xc3\xbc\xc3\x9f"), 3);
    ok(s.eight_bit && !scanned(S("plain text that is long enough"), 7).eight_bit, "octets above 127 are seen");
}

/* ---- addresses ---------------------------------------------------------------------------------------- */

static const struct {
    const char *in, *out;
    bool utf8;
} address_cases[] = {
    {"ann@example.com", "ann@example.com", false},
    {"\"a b\"@example.com", "\"a b\"@example.com", false},
    {"\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com", false},
    {"\"a@b\"@example.com", "\"a@b\"@example.com", false},
    {"ann@[192.0.2.1]", "ann@[192.0.2.1]", false},
    {"ann@[IPv6:2001:db8::1]", "ann@[IPv6:2001:db8::1]", false},
    {"postmaster", "postmaster", false},
    {"ann@b\xc3\xbc" "cher.example", "ann@xn--bcher-kva.example", false},
    {"\xc3\xa4nn@b\xc3\xbc" "cher.example", "\xc3\xa4nn@b\xc3\xbc" "cher.example", true},
    {"ann", NULL, false},
    {"@example.com", NULL, false},
    {"ann@", NULL, false},
    {"", NULL, false},
    {"a b@example.com", NULL, false},
    {"ann@example.com> SIZE=1", NULL, false},
    {"ann@example.com\r\nRCPT TO:<eve@example.com", NULL, false},
    {"\"ann\r\n\"@example.com", NULL, false},
    {"\"ann@example.com", NULL, false},
    {"<ann@example.com>", NULL, false},
    {"ann@exa\xffmple.com", NULL, false},
};

static void test_addresses(void)
{
    for (int i = 0; i < (int)(sizeof address_cases / sizeof *address_cases); i++) {
        str out = STR_NONE;
        bool utf8 = false;
        struct err e;
        bool good = smtp_address(&mem, str_c(address_cases[i].in), &out, &utf8, &e);
        if (!address_cases[i].out)
            ok(!good && strcmp(e.code, "smtp.address") == 0, "no address (%d)", i);
        else
            ok(good && str_eq(out, str_c(address_cases[i].out)) && utf8 == address_cases[i].utf8, "%s", address_cases[i].in);
    }
    struct buf b = buf_new(&mem, 300);
    for (int i = 0; i < 250; i++)
        buf_byte(&b, 'a');
    buf_put(&b, S("@example.com"));
    str out;
    bool utf8;
    ok(!smtp_address(&mem, buf_str(&b), &out, &utf8, NULL), "too long an address");
    is_str(smtp_xtext(&mem, S("a+b=c d\x01")), S("a+2Bb+3Dc+20d+01"), "RFC3461-4: xtext");
}

int main(void)
{
    mem = arena_new(1 << 26);
    test_replies();
    test_long_replies();
    test_words();
    test_wire();
    test_addresses();
    return done();
}
