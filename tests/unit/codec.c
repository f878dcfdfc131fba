#include "codec/codec.h"
#include "tap.h"

static arena mem;

/* Each decoder behind one face, so that one check splits all of them at each byte. */
enum kind { BASE64, QP, UU };
union decoder {
    struct base64 base64;
    struct qp qp;
    struct uu uu;
};

static void put(enum kind kind, union decoder *d, str in, struct buf *out)
{
    switch (kind) {
    case BASE64: base64_decode(&d->base64, in, out); break;
    case QP: qp_decode(&d->qp, in, out); break;
    case UU: uu_decode(&d->uu, in, out); break;
    }
}

static unsigned end(enum kind kind, union decoder *d, struct buf *out)
{
    switch (kind) {
    case BASE64: base64_end(&d->base64, out); return d->base64.flags;
    case QP: qp_end(&d->qp, out); return d->qp.flags;
    case UU: uu_end(&d->uu, out); return d->uu.flags;
    }
    return 0;
}

/* step: octets a piece; cut: where the first of two pieces ends (step 0). */
static str decode(enum kind kind, str in, ptrdiff_t step, ptrdiff_t cut, unsigned *flags)
{
    union decoder d;
    memset(&d, 0, sizeof d);
    struct buf out = buf_new(&mem, 16);
    for (ptrdiff_t i = 0; i < in.len;) {
        ptrdiff_t next = step ? i + step : i < cut ? cut : in.len;
        /* In its own block, so that a read behind it is seen. */
        str piece = str_slice(in, i, next);
        char *copy = malloc((size_t)piece.len);
        memcpy(copy, piece.ptr, (size_t)piece.len);
        put(kind, &d, str_of(copy, piece.len), &out);
        free(copy);
        i += piece.len;
    }
    *flags = end(kind, &d, &out);
    return buf_str(&out);
}

static void check(enum kind kind, str in, str want, unsigned want_flags, const char *name)
{
    unsigned flags;
    is_str(decode(kind, in, in.len ? in.len : 1, 0, &flags), want, "%s", name);
    is_int(flags, want_flags, "%s: flags", name);
    bool same = true;
    for (ptrdiff_t cut = 1; cut < in.len; cut++) {
        unsigned f;
        same = same && str_eq(decode(kind, in, 0, cut, &f), want) && f == want_flags;
    }
    unsigned f;
    same = same && str_eq(decode(kind, in, 1, 0, &f), want) && f == want_flags;
    ok(same, "%s: split anywhere", name);
}

static const struct {
    const char *in, *want;
    unsigned flags;
} base64_cases[] = {
    {"", "", 0},
    {"YQ==", "a", 0},
    {"YWI=", "ab", 0},
    {"YWJj", "abc", 0},
    {"YWJj\r\nZGVm\r\n", "abcdef", 0},
    {"Y W\tJ\nj", "abc", 0},
    {"YQ==YWI=\r\nYWJj", "aababc", 0},
    {"YQ", "a", CODEC_BASE64},
    {"YWI", "ab", CODEC_BASE64},
    {"YWJjY", "abc", CODEC_BASE64},
    {"Y!W?J.j", "abc", CODEC_BASE64},
    {"====", "", 0},
    {"YWJj=ZGVm", "abcdef", 0},
    {"YWJj\xff\x80ZGVm", "abcdef", CODEC_BASE64},
    {"VGhlIHF1aWNrIGJyb3duIGZveCBqdW1wcyBvdmVyIHRoZSBsYXp5IGRvZyBhbmQgcnVucyBhd2F5\r\n"
     "IGZyb20gaXQgYWdhaW4gYW5kIGFnYWluIHVudGlsIGl0IGlzIHRpcmVkLg==\r\n",
     "The quick brown fox jumps over the lazy dog and runs away from it again and again until it is tired.", 0},
    {"//79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eDf3t3c29rZ2NfW1dTT0tHQz87NzMvKycjHxsXEw8LBwA==",
     "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8\xf7\xf6\xf5\xf4\xf3\xf2\xf1\xf0\xef\xee\xed\xec\xeb\xea\xe9\xe8\xe7\xe6\xe5\xe4\xe3\xe2\xe1\xe0"
     "\xdf\xde\xdd\xdc\xdb\xda\xd9\xd8\xd7\xd6\xd5\xd4\xd3\xd2\xd1\xd0\xcf\xce\xcd\xcc\xcb\xca\xc9\xc8\xc7\xc6\xc5\xc4\xc3\xc2\xc1\xc0", 0},
};

static const struct {
    const char *in, *want;
    unsigned flags;
} qp_cases[] = {
    {"", "", 0},
    {"plain text\r\nand more\n", "plain text\r\nand more\n", 0},
    {"a=3Db=C3=A4=c3=a4", "a=b\xc3\xa4\xc3\xa4", 0},
    {"soft=\r\nbreak=\nagain=  \t\r\nand=", "softbreakagainand", 0},
    {"trailing  \t\r\nblank \nend  ", "trailing\r\nblank\nend", 0},
    {"kept=20\r\nkept=09  \n", "kept \r\nkept\t\n", 0},
    {"bad =zz =4 =4x = x", "bad =zz =4 =4x = x", CODEC_QP},
    {"==41", "=A", CODEC_QP},
    {"=4", "=4", CODEC_QP},
    {"=4\r\n", "=4\r\n", CODEC_QP},
    {"a\rb\r\r\nc", "a\rb\r\nc", 0},
    {"=\rx", "=\rx", CODEC_QP},
    {"=\n=\n=\n", "", 0},
    {"\n\n \n", "\n\n\n", 0},
    {"=0D=0A=00", "\r\n", 0}, /* and a NUL, see below */
    {"                                                                                          x", "                              "
     "                                                            x", 0},
};

static const struct {
    const char *in, *want;
    unsigned flags;
} uu_cases[] = {
    {"begin 644 a.txt\n#0V%T\n`\nend\n", "Cat", 0},
    {"text before\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\nbehind", "Cat", 0},
    {"begin 644 a\n%:&5L;&\\ \n`\nend\n", "hello", 0},
    {"begin 644 a\n%:&5L;&\\\n`\nend\n", "hello", 0},
    {"begin 644 a\n#0V%T\n", "Cat", CODEC_UU},
    {"no such thing", "", CODEC_UU},
    {"begin 644 a\nM0V%T\n`\nend\n", "Cat", CODEC_UU},
    {"begin 644 a\n#0V%T and junk\n`\nend\n", "Cat", 0},
};

static void check_encoders(void)
{
    unsigned char all[256];
    for (int i = 0; i < 256; i++)
        all[i] = (unsigned char)i;
    bool base64 = true, qp = true;
    for (ptrdiff_t n = 0; n <= 256; n++) {
        struct buf b = buf_new(&mem, 16);
        unsigned flags;
        str in = str_of((char *)all + 256 - n, n);
        base64_encode(in, n % 2 ? 76 : 0, &b);
        base64 = base64 && str_eq(decode(BASE64, buf_str(&b), 7, 0, &flags), in) && !flags;
    }
    str text = S("a b \r\n=\r\n\t\r\n\xc3\xa4 very long line that goes on and on and on until it has to be broken somewhere, \xc3\xa4\xc3\xa4\r\nend ");
    struct buf b = buf_new(&mem, 16);
    unsigned flags;
    qp_encode(text, &b);
    qp = str_eq(decode(QP, buf_str(&b), 100000, 0, &flags), text) && !flags;
    str rest = buf_str(&b), line;
    while (rest.len) {
        str_cut(rest, '\n', &line, &rest);
        qp = qp && line.len <= 77;
    }
    ok(base64, "base64 there and back, every length");
    ok(qp, "quoted-printable there and back, no line over 76");
    b.len = 0;
    qp_encode(S("a\nb\n"), &b);
    is_str(buf_str(&b), S("a\r\nb\r\n"), "LF becomes CRLF");
}

static void check_utf7(void)
{
    static const struct {
        const char *name, *utf8;
        bool back;
    } cases[] = {
        {"INBOX", "INBOX", true},
        {"~peter/mail/&U,BTFw-/&ZeVnLIqe-", "~peter/mail/\xe5\x8f\xb0\xe5\x8c\x97/\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e", true},
        {"Entw&APw-rfe", "Entw\xc3\xbcrfe", true},
        {"R&-D", "R&D", true},
        {"&2D3eAA-", "\xf0\x9f\x98\x80", true},
        {"R&D", "R&D", false},
        {"&!!-", "&!!-", false},
        {"&AP", "&AP", false},
        {"&2D0-", "&2D0-", false},
        {"&AGE-", "a", false},
        {"\xc3\xbc", "\xc3\xbc", false},
        {"\xfc", "\xef\xbf\xbd", false},
        {"", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        is_str(utf7_imap_decode(&mem, str_c(cases[i].name)), str_c(cases[i].utf8), "UTF-7 %s", cases[i].name);
        if (cases[i].back)
            is_str(utf7_imap_encode(&mem, str_c(cases[i].utf8)), str_c(cases[i].name), "UTF-7 to %s", cases[i].name);
    }
}

static void check_sha256(void)
{
    is_str(sha256_of(&mem, S("")), S("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), "SHA-256 of nothing");
    struct sha256 *h = sha256_new(&mem);
    char hex[65];
    for (int i = 0; i < 2; i++) {
        sha256_put(h, S("a"));
        sha256_put(h, S(""));
        sha256_put(h, S("bc"));
        sha256_end(h, hex);
        is_str(str_c(hex), S("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"), "SHA-256 of abc, in pieces, time %d", i);
    }
    sha256_end(h, hex);
    is_str(str_c(hex), sha256_of(&mem, S("")), "a context without a put");
    sha256_free(h);
}

static const struct {
    const char *in, *want;
    unsigned flags;
} word_cases[] = {
    {"plain", "plain", 0},
    {"", "", 0},
    {"folded\r\n text\n\tand more", "folded text and more", 0},
    {"=?utf-8?q?a=C3=A4_b?=", "a\xc3\xa4 b", 0},
    {"=?UTF-8?B?w6Q=?=", "\xc3\xa4", 0},
    {"=?utf-8?B?w6Q?=", "\xc3\xa4", 0},
    {"=?iso-8859-1?q?this is some text?=", "this is some text", 0},
    {"=?US-ASCII*EN?Q?Keith_Moore?= x", "Keith Moore x", 0},
    {"a =?utf-8?q?b?= c", "a b c", 0},
    {"=?utf-8?q?a?= =?utf-8?q?b?=", "ab", 0},
    {"=?utf-8?q?a?=\r\n  =?iso-8859-1?q?=E4?=", "a\xc3\xa4", 0},
    {"=?utf-8?q?=E2=82?= =?UTF-8?B?rA==?=", "\xe2\x82\xac", 0},
    {"=?utf-8?b?YQ==?= =?utf-8?b?YQ==?= =?utf-8?b?YQ==?=", "aaa", 0},
    {"[x]=?utf-8?B?w6Q=?=.", "[x]\xc3\xa4.", 0},
    {"=?utf-8?Q?Hello\r\n   \t  _there!?=", "Hello there!", 0},
    {"=?utf-8?B?VGhpcyBpcyB0aGUgb\r\n 3JpZ2luYWwgc3ViamVjdA==?=", "This is the original subject", 0},
    {"=?iso-2022-jp?B?GyRCJUYbKEI=?= =?iso-2022-jp?B?GyRCJTkbKEI=?=", "\xe3\x83\x86\xe3\x82\xb9", 0},
    {"=?utf-8?q?=zz=?=", "=zz=", CODEC_WORD},
    {"=?utf-8?q?" "?=here", "here", 0},
    {"a =?= ?= =?x?y?z?= =?", "a =?= ?= =?x?y?z?= =?", CODEC_WORD},
    {"=?utf-8?q?a", "=?utf-8?q?a", CODEC_WORD},
    {"=?nosuchset?q?caf=E9?=", "caf\xc3\xa9", CHARSET_UNKNOWN},
    {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac", 0},
    {"caf\xe9", "caf\xc3\xa9", CODEC_8BIT},
    {"=?utf-8?q?caf\xe9?=", "caf\xef\xbf\xbd", CHARSET_INVALID},
    {"=?utf-8?q?a=0D=0Ab=00?=", "a  b ", 0},
};

static void check_words(struct charsets *sets)
{
    for (size_t i = 0; i < sizeof word_cases / sizeof *word_cases; i++) {
        unsigned flags = 0;
        str in = str_c(word_cases[i].in);
        is_str(codec_words(&mem, sets, in, &flags), str_c(word_cases[i].want), "words %zu", i);
        is_int(flags, word_cases[i].flags, "words %zu: flags", i);
        for (ptrdiff_t n = 0; n < in.len; n++) {
            char *cut = malloc((size_t)n + !n);
            memcpy(cut, in.ptr, (size_t)n);
            if (!utf8_valid(codec_words(&mem, sets, str_of(cut, n), NULL)))
                ok(false, "words %zu: cut at %td is UTF-8", i, n);
            free(cut);
        }
    }
    static const char *const texts[] = {"plain", "", "Gr\xc3\xbc\xc3\x9f\145 aus M\xc3\xbcnchen, und noch viel mehr Text, der nicht in ein Wort geht; so lang ist er",
                                        "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e",
                                        "=?not?q?a word", "a\tb"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct buf b = buf_new(&mem, 16);
        codec_words_put(&b, str_c(texts[i]), 9);
        is_str(codec_words(&mem, sets, buf_str(&b), NULL), str_c(texts[i]), "words written %zu", i);
        str rest = buf_str(&b), line;
        bool narrow = true;
        for (ptrdiff_t column = 9; rest.len; column = 0) {
            str_cut(rest, '\n', &line, &rest);
            narrow = narrow && column + line.len <= 78;
        }
        ok(narrow, "words written %zu: narrow lines", i);
    }
    struct buf b = buf_new(&mem, 1 << 20);
    while (b.len < 4 << 20)
        buf_put(&b, S("=?a?q?x"));
    ok(codec_words(&mem, sets, buf_str(&b), NULL).len == b.len, "open words without end, in linear time");
}

static const struct {
    const char *in, *want; /* name=value| */
    unsigned flags;
} param_cases[] = {
    {"", "", 0},
    {"; charset=utf-8", "charset=utf-8|", 0},
    {";CHARSET = \"us-ascii\" (Plain text) ; format=flowed", "charset=us-ascii|format=flowed|", 0},
    {"; charset=us-ascii (Plain text)", "charset=us-ascii|", 0},
    {"; boundary=\"foo\r\n bar\"", "boundary=foo bar|", 0},
    {"; name=\"a \\\"b\\\" \\\\ c\"", "name=a \"b\" \\ c|", 0},
    {"; name=my file (1).pdf; x=y", "name=my file (1).pdf|x=y|", 0},
    {"; access-type=mail-server\n server=\"x@y\"", "access-type=mail-server|server=x@y|", CODEC_PARAM},
    {"; a=1; A=2", "a=1|", 0},
    {"; name=  ; = ;; x", "", CODEC_PARAM},
    {"; name=\"\"", "name=|", 0},
    {"; name=\"open; x=y", "name=open; x=y|", CODEC_PARAM},
    {"; name=\"a\" b; x=y", "name=a|x=y|", CODEC_PARAM},
    {"; url*0=\"ftp://\"; url*1=\"x/y\"", "url=ftp://x/y|", 0},
    {"; url*1=\"x/y\"; url*0=\"ftp://\"", "url=ftp://x/y|", 0},
    {"; title*=us-ascii'en-us'This%20is%20%2A%2A", "title=This is **|", 0},
    {"; title*0*=us-ascii'en'even%20more%20; title*1*=%2A%2A; title*2=\" isn't it!\"", "title=even more ** isn't it!|", 0},
    {"; f*0*=utf-8''%E2%82; f*1*=%AC.txt", "f=\xe2\x82\xac.txt|", 0},
    {"; f*=iso-8859-1''Fr%F6sche.txt; f=Fr?sche.txt", "f=Fr\xc3\xb6sche.txt|", 0},
    {"; f=Fr?sche.txt; f*=iso-8859-1''Fr%F6sche.txt", "f=Fr\xc3\xb6sche.txt|", 0},
    {"; name*=\"iso-8859-1''Fr%F6sche\"", "name=Fr\xc3\xb6sche|", 0},
    {"; name*=foo%20bar%", "name=foo bar%|", 0},
    {"; name=\"=?utf-8?q?=C3=A4?=.png\"", "name=\xc3\xa4.png|", 0},
    {"; name==?iso-8859-1?B?4Q==?= =?utf-8?B?w6k=?=.png", "name=\xc3\xa1\xc3\xa9.png|", 0},
    {"; f*0=\"=?utf-8?q?=C3?=\"; f*1=\" =?utf-8?q?=A4?=\"", "f=\xc3\xa4|", 0},
    {"; name=\"caf\xe9\"", "name=caf\xc3\xa9|", CODEC_8BIT},
    {"; name=\"caf\xc3\xa9\"", "name=caf\xc3\xa9|", 0},
    {"; n*2*=c; n*0*=utf-8''a; n*1*=b; n*1*=x", "n=abc|", 0},
    {"; a*b*c=d; *=e; **0=f", "a=d|", CODEC_PARAM},
};

static str show(const struct params *p)
{
    struct buf b = buf_new(&mem, 64);
    for (ptrdiff_t i = 0; i < p->n; i++)
        buf_fmt(&b, "%.*s=%.*s|", STR_ARG(p->item[i].name), STR_ARG(p->item[i].value));
    return buf_str(&b);
}

static void check_params(struct charsets *sets)
{
    struct params p;
    for (size_t i = 0; i < sizeof param_cases / sizeof *param_cases; i++) {
        unsigned flags = 0;
        str in = str_c(param_cases[i].in);
        codec_params(&mem, sets, in, &p, &flags);
        is_str(show(&p), str_c(param_cases[i].want), "parameters %zu", i);
        is_int(flags, param_cases[i].flags, "parameters %zu: flags", i);
        for (ptrdiff_t n = 0; n < in.len; n++) {
            char *cut = malloc((size_t)n + !n);
            memcpy(cut, in.ptr, (size_t)n);
            codec_params(&mem, sets, str_of(cut, n), &p, NULL);
            free(cut);
        }
    }
    ok(!param_get(&p, S("nothing")).ptr, "a parameter that is not there");
    static const char *const values[] = {"a.txt", "with \"quotes\" and \\", "\xc3\xa4.txt", "", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e.pdf",
                                         "a name that is much longer than what fits into one line of a header, so that it is cut.txt"};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct buf b = buf_new(&mem, 64);
        codec_param_put(&b, S("filename"), str_c(values[i]));
        codec_params(&mem, sets, buf_str(&b), &p, NULL);
        is_str(param_get(&p, S("filename")), str_c(values[i]), "parameter written %zu", i);
    }
    struct buf b = buf_new(&mem, 64);
    for (int i = 0; i < 1000; i++)
        buf_fmt(&b, "; p%d=%d", i, i);
    unsigned flags = 0;
    codec_params(&mem, sets, buf_str(&b), &p, &flags);
    ok(p.n == CODEC_PARAMS && flags == CODEC_PARAM, "no more parameters than the limit");
}

int main(void)
{
    mem = arena_new((size_t)1 << 28);
    arena run = arena_new((size_t)1 << 26);
    struct charsets *sets = charsets_new(&run);
    check_words(sets);
    check_params(sets);
    charsets_free(sets);
    for (size_t i = 0; i < sizeof base64_cases / sizeof *base64_cases; i++)
        check(BASE64, str_c(base64_cases[i].in), str_c(base64_cases[i].want), base64_cases[i].flags, str_fmt(&mem, "base64 %zu", i).ptr);
    for (size_t i = 0; i < sizeof qp_cases / sizeof *qp_cases; i++)
        if (!strstr(qp_cases[i].in, "=00"))
            check(QP, str_c(qp_cases[i].in), str_c(qp_cases[i].want), qp_cases[i].flags, str_fmt(&mem, "quoted-printable %zu", i).ptr);
        else
            check(QP, str_c(qp_cases[i].in), S("\r\n\0"), 0, "quoted-printable NUL");
    for (size_t i = 0; i < sizeof uu_cases / sizeof *uu_cases; i++)
        check(UU, str_c(uu_cases[i].in), str_c(uu_cases[i].want), uu_cases[i].flags, str_fmt(&mem, "uuencode %zu", i).ptr);
    check_encoders();
    check_utf7();
    check_sha256();
    return done();
}
