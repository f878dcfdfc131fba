#include "header/header.h"
#include "tap.h"

static arena mem;
static struct charsets *sets;

/* ---- fields ---- */

static const struct {
    const char *name, *text;
    const char *want; /* name=body| of each, then the length, then defects */
} blocks[] = {
    {"plain", "From: a\nTo: b\n\nbody", "From=a|To=b| 15"},
    {"CRLF", "From: a\r\nTo: b\r\n\r\nbody", "From=a|To=b| 18"},
    {"folded", "A: one\n two\n\tthree\nB:\n four\n\n", "A=one\n two\n\tthree|B=four| 29"},
    {"space before the colon", "From : a\nTo\t: b\n\n", "From=a|To=b| 17"},
    {"no space behind it", "From:a\n\n", "From=a| 8"},
    {"nothing behind it", "A:\nB: \n\n", "A=|B=| 8"},
    {"no body", "From: a\n", "From=a| 8"},
    {"no end of line", "From: a", "From=a| 7"},
    {"empty", "", " 0"},
    {"no header", "\nbody", " 1"},
    {"From line", "From x@y Thu Nov  4 12:34:56 2021\nA: b\n\n", "A=b| 40 header.from-line@0"},
    {"quoted From line inside", "A: b\n>From x@y Thu Nov  4 12:34:56 2021\nC: d\n\n", "A=b|C=d| 46 header.from-line@5"},
    {"forgotten empty line", "A: b\nbody text\nmore text\n", "A=b| 5 header.no-blank@5"},
    {"broken line among fields", "A: b\nbroken line\nC: d\n\nbody", "A=b|C=d| 23 header.no-colon@5"},
    {"no field at all", "body text\nmore\n", " 0 header.no-colon@0"},
    {"fold before any field", " x\nA: b\n\n", "A=b| 9 header.no-colon@0"},
    {"blank line that is a fold", "A: b\n \n c\nD: e\n\n", "A=b\n \n c|D=e| 16"},
    {"CR alone", "A: b\rC: d\r\rbody", "A=b|C=d| 11 header.cr@0"},
    {"CR inside", "A: b\rc\nD: e\n\n", "A=b\rc|D=e| 13"},
};

static str show(const struct header *h)
{
    struct buf b = buf_new(&mem, 64);
    for (ptrdiff_t i = 0; i < h->n; i++)
        buf_fmt(&b, "%.*s=%.*s|", STR_ARG(h->field[i].name), STR_ARG(h->field[i].body));
    buf_fmt(&b, " %td", h->length);
    for (ptrdiff_t i = 0; i < h->n_defects; i++)
        buf_fmt(&b, " %s@%td", h->defect[i].code, h->defect[i].offset);
    return buf_str(&b);
}

static void check_blocks(void)
{
    struct header h;
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        str text = str_c(blocks[i].text);
        header_parse(&mem, text, true, &h);
        str whole = show(&h);
        is_str(whole, str_c(blocks[i].want), "header: %s", blocks[i].name);
        bool same = true;
        for (ptrdiff_t n = 0; n <= text.len; n++) {
            char *cut = malloc((size_t)n + !n);
            memcpy(cut, text.ptr, (size_t)n);
            if (header_parse(&mem, str_of(cut, n), false, &h))
                same = same && str_eq(show(&h), whole);
            free(cut);
        }
        ok(same, "header: %s: what is taken early is the same", blocks[i].name);
    }
}

static void check_lookups(void)
{
    struct header h;
    str text = S("Received: 1\nSUBJECT: s\nReceived: 2\nX-Own: a\nx-own: b\nContent-Transfer-Encoding: base64\n\n");
    ok(header_parse(&mem, text, false, &h), "a header that ends");
    is_str(header_body(&h, HEADER_SUBJECT), S("s"), "by id, whatever the case");
    is_str(header_first(&h, HEADER_RECEIVED)->body, S("1"), "the first");
    is_str(header_next(&h, header_first(&h, HEADER_RECEIVED))->body, S("2"), "the next");
    is_str(header_last(&h, HEADER_RECEIVED)->body, S("2"), "the last");
    ok(!header_next(&h, header_last(&h, HEADER_RECEIVED)), "none behind the last");
    is_str(header_body(&h, HEADER_CONTENT_TRANSFER_ENCODING), S("base64"), "a long name");
    const struct field *own = header_named(&h, S("X-OWN"), NULL);
    is_str(own->body, S("a"), "by name");
    is_str(header_named(&h, S("x-own"), own)->body, S("b"), "by name, the next");
    ok(!header_body(&h, HEADER_TO).ptr && !header_first(&h, HEADER_TO), "what is not there");
    static const char *const names[] = {"Auto-Submitted", "Bcc", "Cc", "Content-Description", "Content-Disposition", "Content-ID", "Content-Language",
        "Content-Location", "Content-Transfer-Encoding", "Content-Type", "Date", "Delivered-To", "From", "Importance", "In-Reply-To", "List-Help", "List-Id",
        "List-Post", "List-Unsubscribe", "List-Unsubscribe-Post", "Message-ID", "MIME-Version", "Precedence", "Priority", "Received", "References", "Reply-To",
        "Return-Path", "Sender", "Status", "Subject", "To", "X-Autoreply", "X-Auto-Response-Suppress", "X-Autorespond", "X-Loop", "X-MSMail-Priority",
        "X-Priority", "X-Status"};
    bool all = true;
    for (int id = 1; id < HEADER_NAMES; id++) {
        header_parse(&mem, str_fmt(&mem, "%s: x\n\n", names[id - 1]), true, &h);
        all = all && h.field[0].id == (enum header_name)id;
    }
    ok(all, "every name has its id");
    is_str(header_unfold(&mem, S("a\r\n b\n\tc")), S("a b\tc"), "unfolded");
    is_str(header_text(&mem, sets, S(" =?utf-8?q?=C3=A4?=\r\n b "), NULL), S("\xc3\xa4 b"), "text of a field");
}

static void check_limits(void)
{
    arena big = arena_new((size_t)1 << 28);
    struct buf b = buf_new(&big, 1 << 24);
    struct header h;
    for (int i = 0; i < HEADER_FIELDS + 10; i++)
        buf_put(&b, S("A: b\n"));
    buf_put(&b, S("\nbody"));
    header_parse(&mem, buf_str(&b), true, &h);
    ok(h.n == HEADER_FIELDS && h.n_defects == 1 && str_eq(str_c(h.defect[0].code), S("header.many")), "fields behind the limit are not kept");
    is_int(h.length, b.len - 4, "but the body begins behind them");
    b.len = 0;
    buf_put(&b, S("A: "));
    while (b.len < HEADER_OCTETS + 10)
        buf_put(&b, S("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n "));
    ok(header_parse(&mem, buf_str(&b), false, &h), "a header without end");
    ok(h.length == HEADER_OCTETS && str_eq(str_c(h.defect[0].code), S("header.long")), "ends at the limit");
    arena_free(&big);
}

/* ---- addresses ---- */

static const struct {
    const char *in, *want; /* name <email>| */
} address_cases[] = {
    {"jdoe@example.org", "<jdoe@example.org>|"},
    {"John Doe <jdoe@machine.example>", "John Doe <jdoe@machine.example>|"},
    {"\"Joe Q. Public\" <john.q@example.com>", "Joe Q. Public <john.q@example.com>|"},
    {"Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>", "Mary Smith <mary@x.test>|<jdoe@example.org>|Who? <one@y.test>|"},
    {"<boss@nil.test>, \"Giant; \\\"Big\\\" Box\" <s@example.net>", "<boss@nil.test>|Giant; \"Big\" Box <s@example.net>|"},
    {"A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;", "Ed Jones <c@a.test>|<joe@where.test>|John <jdoe@one.test>|"},
    {"Undisclosed recipients:;", ""},
    {"undisclosed-recipients: ;, a@b.example", "<a@b.example>|"},
    {"List 1: a@b.test; \"List 2\": c@d.test; e@f.test", "<a@b.test>|<c@d.test>|<e@f.test>|"},
    {"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", "Pete <pete@silly.test>|"},
    {"pete@silly.test (Pete (the) Silly)", "Pete (the) Silly <pete@silly.test>|"},
    {"(Pete) pete@silly.test", "Pete <pete@silly.test>|"},
    {"<pete@silly.test> (Pete)", "Pete <pete@silly.test>|"},
    {"(=?iso-8859-1?q?P=E9t?=) pete@silly.test", "P\xc3\xa9t <pete@silly.test>|"},
    {"Mary Smith <@node.test,@b.test:mary@example.net>, , jdoe@test  . example", "Mary Smith <mary@example.net>|<jdoe@test.example>|"},
    {"@node.test:mary@example.net", "<mary@example.net>|"},
    {"=?ISO-8859-1?Q?Keld_J=F8rn?= <keld@dkuug.dk>", "Keld J\xc3\xb8rn <keld@dkuug.dk>|"},
    {"=?ISO-8859-1?Q?a?=\r\n   =?ISO-8859-1?Q?b?= <t@test.com>", "ab <t@test.com>|"},
    {"\"=?ISO-8859-1?Q?a?= b\" <t@test.com>", "a b <t@test.com>|"},
    {"=?utf-8?q?Doe,_John?= <j@d.example>", "Doe, John <j@d.example>|"},
    {"=? <name@domain.com>", "=? <name@domain.com>|"},
    {"\"john doe\"@example.org", "<\"john doe\"@example.org>|"},
    {"\"john.doe\"@example.org", "<john.doe@example.org>|"},
    {"x <\"john doe\"@example.org>", "x <\"john doe\"@example.org>|"},
    {"a@b.example; c@d.example", "<a@b.example>|<c@d.example>|"},
    {"John <j@d.example, Jane <k@d.example>", "John <j@d.example>|Jane <k@d.example>|"},
    {"John <j@d.example", "John <j@d.example>|"},
    {"\"John <j@d.example>", "John <j@d.example>|"},
    {"John Doe j@d.example", "John Doe <j@d.example>|"},
    {"One <a@b.example> Two <c@d.example>", "One <a@b.example>|Two <c@d.example>|"},
    {"<a@b.example> Doe", "Doe <a@b.example>|"},
    {"phil@example.com <phil@example.com>", "phil@example.com <phil@example.com>|"},
    {"user@[192.0.2.1], u@[IPv6:2001:db8::1]", "<user@[192.0.2.1]>|<u@[IPv6:2001:db8::1]>|"},
    {"\xe4\xbd\xa0 <\xe5\xa5\xbd@example.cn>", "\xe4\xbd\xa0 <\xe5\xa5\xbd@example.cn>|"},
    {"J\xf8rn <j@d.example>", "J\xc3\xb8rn <j@d.example>|"},
    {"postmaster", "<postmaster>|"},
    {"a@b.example (open", "open <a@b.example>|"},
    {"", ""},
    {",;,<>,\"\",()", ""},
    {"a@b.example,\r\n\tc@d.example\r\n", "<a@b.example>|<c@d.example>|"},
};

static str show_addresses(const struct header_addresses *list)
{
    struct buf b = buf_new(&mem, 64);
    for (ptrdiff_t i = 0; i < list->n; i++)
        buf_fmt(&b, "%.*s%s<%.*s>|", STR_ARG(list->item[i].name), list->item[i].name.ptr ? " " : "", STR_ARG(list->item[i].email));
    return buf_str(&b);
}

static void check_addresses(void)
{
    for (size_t i = 0; i < sizeof address_cases / sizeof *address_cases; i++) {
        str in = str_c(address_cases[i].in);
        struct header_addresses list = {0};
        header_addresses(&mem, sets, in, &list, NULL);
        is_str(show_addresses(&list), str_c(address_cases[i].want), "address %zu: %.*s", i, STR_ARG(str_first(in, 30)));
        for (ptrdiff_t n = 0; n < in.len; n++) {
            char *cut = malloc((size_t)n + !n);
            memcpy(cut, in.ptr, (size_t)n);
            list.n = 0;
            header_addresses(&mem, sets, str_of(cut, n), &list, NULL);
            for (ptrdiff_t k = 0; k < list.n; k++)
                if (!utf8_valid(list.item[k].name) || !utf8_valid(list.item[k].email))
                    ok(false, "address %zu: cut at %td is UTF-8", i, n);
            free(cut);
        }
    }
    static const char *const hostile[] = {"(", "\"", "<", "=?a?q?", "a:", "[", "\"\\", "=?a?q?x", "=?a?q?x ", "a@b,", "<@a,"};
    for (size_t i = 0; i < sizeof hostile / sizeof *hostile; i++) {
        struct buf b = buf_new(&mem, 1 << 20);
        while (b.len < 1 << 20)
            buf_put(&b, str_c(hostile[i]));
        struct header_addresses list = {0};
        header_addresses(&mem, sets, buf_str(&b), &list, NULL);
        ok(list.n <= HEADER_ADDRESSES, "a megabyte of %s", hostile[i]);
        arena_reset(&mem);
    }
}

/* ---- ids, values, meanings ---- */

static str join(const struct strs *list)
{
    struct buf b = buf_new(&mem, 64);
    for (ptrdiff_t i = 0; i < list->n; i++)
        buf_fmt(&b, "%.*s|", STR_ARG(list->item[i]));
    return buf_str(&b);
}

static void check_ids(void)
{
    static const struct {
        const char *in, *want;
    } cases[] = {
        {"<a@b> <c@d>", "a@b|c@d|"}, {"<a@b>\r\n\t<c@d>", "a@b|c@d|"}, {"<a@b><c@d>", "a@b|c@d|"}, {"a@b c@d", "a@b|c@d|"}, {"a@b,c@d", "a@b|c@d|"},
        {"Message from X of \"Tue\" <a@b>", "a@b|"}, {"x@y's message of Tue", ""}, {"<a@b", "a@b|"}, {"<a@b <c@d>", "a@b|c@d|"}, {"<long\r\n er@d>", "longer@d|"},
        {"<>", ""}, {"", ""}, {"your mail", ""}, {"< a@b >", "a@b|"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct strs list = {0};
        header_ids(&mem, str_c(cases[i].in), &list);
        is_str(join(&list), str_c(cases[i].want), "ids: %s", cases[i].in);
    }
    is_str(header_message_id(&mem, S("<a@b>")), S("a@b"), "message id");
    is_str(header_message_id(&mem, S(" bare@id ")), S("bare@id"), "message id without brackets");
    ok(!header_message_id(&mem, S("<>")).ptr && !header_message_id(&mem, S("")).ptr, "no message id");
}

static void check_values(void)
{
    static const struct {
        const char *in, *want;
    } types[] = {
        {"TEXT/Plain; charset=x", "text/plain charset=x"}, {"(hello) text (plain) / (world) plain (eod);a=b", "text/plain a=b"}, {"image/ jpeg", "image/jpeg"},
        {"text/plain charset=x", "text/plain charset=x"}, {"text", "text/plain"}, {"text/", ""}, {"/plain", ""}, {"", ""}, {"inline", ""}, {";charset=x", " charset=x"},
        {"charset=x", " charset=x"}, {"application/pdf\r\n name=x", "application/pdf name=x"}, {"\"text/html\"", "text/html"},
    };
    struct header_value v;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        header_content_type(&mem, sets, str_c(types[i].in), &v, NULL);
        struct buf b = buf_new(&mem, 64);
        buf_put(&b, v.value);
        for (ptrdiff_t k = 0; k < v.params.n; k++)
            buf_fmt(&b, " %.*s=%.*s", STR_ARG(v.params.item[k].name), STR_ARG(v.params.item[k].value));
        is_str(buf_str(&b), str_c(types[i].want), "type: %s", types[i].in);
    }
    header_disposition(&mem, sets, S("Attachment; filename=a.pdf"), &v, NULL);
    is_str(v.value, S("attachment"), "disposition");
    is_str(param_get(&v.params, S("filename")), S("a.pdf"), "its file name");
    static const struct {
        const char *in;
        enum transfer_encoding want;
    } encodings[] = {{"7bit", ENCODING_7BIT}, {"BASE64", ENCODING_BASE64}, {" Quoted-Printable (x)", ENCODING_QP}, {"\"8bit\"", ENCODING_8BIT},
                     {"x-uuencode", ENCODING_UU}, {"binary;", ENCODING_BINARY}, {"", ENCODING_7BIT}, {"x-foo", ENCODING_UNKNOWN}};
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
        is_int(header_transfer_encoding(str_c(encodings[i].in)), encodings[i].want, "encoding: %s", encodings[i].in);
    int64_t at = 0;
    ok(header_received_date(S("from a; b by c; Tue, 1 Jul 2003 10:52:37 +0200"), &at, NULL) && at == 1057049557, "time of a Received field");
    ok(!header_received_date(S("from a by c"), &at, NULL), "none");
}

static void check_subjects(void)
{
    static const struct {
        const char *in;
        enum subject_rules rules;
        const char *want; /* r for a reply, f for a forward, then the text */
    } cases[] = {
        {"Hello", SUBJECT_RFC5256, " Hello"}, {"Re: Hello", SUBJECT_RFC5256, "r Hello"}, {"RE : re: \t Hello  there", SUBJECT_RFC5256, "r Hello there"},
        {"Fwd: Hello", SUBJECT_RFC5256, "f Hello"}, {"fw: Hello (fwd)", SUBJECT_RFC5256, "f Hello"}, {"Hello (FWD) (fwd) ", SUBJECT_RFC5256, "f Hello"},
        {"[list] Re: Hello", SUBJECT_RFC5256, "r Hello"}, {"Re: [list] Hello", SUBJECT_RFC5256, "r Hello"}, {"Re[2]: Hello", SUBJECT_RFC5256, "r Hello"},
        {"[a] [b]", SUBJECT_RFC5256, " [b]"}, {"[fwd: Re: Hello]", SUBJECT_RFC5256, "rf Hello"}, {"[Fwd: Hello (fwd)]", SUBJECT_RFC5256, "f Hello"},
        {"Re:", SUBJECT_RFC5256, "r "}, {"", SUBJECT_RFC5256, " "}, {"AW: Hello", SUBJECT_RFC5256, " AW: Hello"}, {"Reply: x", SUBJECT_RFC5256, " Reply: x"},
        {"AW: SV: Antw: Hello", SUBJECT_WIDE, "r Hello"}, {"WG: Hello", SUBJECT_WIDE, "f Hello"}, {"Re(3): Hello", SUBJECT_WIDE, "r Hello"},
        {"Re^2: Hello", SUBJECT_WIDE, "r Hello"}, {"\xe5\x9b\x9e\xe5\xa4\x8d\xef\xbc\x9aHello", SUBJECT_WIDE, "r Hello"}, {"Re\xef\xbc\x9a Hello", SUBJECT_WIDE, "r Hello"},
        {"Antwort: Hello", SUBJECT_WIDE, "r Hello"}, {"Research: x", SUBJECT_WIDE, " Research: x"}, {"RE: [Ticket#1] AW: Hello", SUBJECT_WIDE, "r Hello"},
        {"Re(: x", SUBJECT_WIDE, " Re(: x"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct base_subject s;
        header_base_subject(&mem, str_c(cases[i].in), cases[i].rules, &s);
        is_str(str_fmt(&mem, "%s%s %.*s", s.reply ? "r" : "", s.forward ? "f" : "", STR_ARG(s.text)), str_c(cases[i].want), "subject: %s", cases[i].in);
    }
    struct buf b = buf_new(&mem, 1 << 20);
    while (b.len < 1 << 20)
        buf_put(&b, S("[a] "));
    struct base_subject s;
    header_base_subject(&mem, str_first(buf_str(&b), 1 << 16), SUBJECT_WIDE, &s);
    ok(s.text.len == 3, "blobs without end");
}

static struct header parsed(const char *text)
{
    struct header h;
    header_parse(&mem, str_c(text), true, &h);
    return h;
}

static void check_meanings(void)
{
    static const struct {
        const char *text, *importance, *automatic;
    } cases[] = {
        {"A: b\n", "normal", "no"}, {"Importance: High\n", "high", "no"}, {"X-Priority: 1 (Highest)\n", "high", "no"}, {"X-Priority: 5\n", "low", "no"},
        {"Priority: urgent\n", "high", "no"}, {"X-MSMail-Priority: Low\n", "low", "no"}, {"Importance: normal\nX-Priority: 1\n", "normal", "no"},
        {"Auto-Submitted: auto-replied; owner=x\n", "normal", "auto-replied"}, {"Auto-Submitted: no\nPrecedence: auto_reply\n", "normal", "no"},
        {"Auto-Submitted: auto-strange\n", "normal", "auto-generated"}, {"Precedence: auto_reply\n", "normal", "auto-replied"},
        {"X-Autoreply: yes\n", "normal", "auto-replied"}, {"X-Autorespond: x\n", "normal", "auto-replied"}, {"Precedence: bulk\n", "normal", "no"},
        {"X-Auto-Response-Suppress: All\n", "normal", "auto-generated"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct header h = parsed(cases[i].text);
        is_str(header_importance(&h), str_c(cases[i].importance), "importance of %s", str_z(&mem, str_trim(str_c(cases[i].text))));
        is_str(header_auto_submitted(&h), str_c(cases[i].automatic), "automatic or not");
    }
    struct header h = parsed("List-Id: My (own) list <my.list.example>\nList-Post: <mailto:my@list.example> (Moderated)\n"
                             "List-Unsubscribe: <mailto:u@list.example?subject=u>,\n <https://list.example/u>\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\n");
    struct header_list list;
    ok(header_list(&mem, &h, &list) && list.one_click, "a list");
    is_str(list.id, S("my.list.example"), "its id");
    is_str(list.post, S("my@list.example"), "where to post");
    is_str(join(&list.unsubscribe), S("mailto:u@list.example?subject=u|https://list.example/u|"), "how to leave");
    h = parsed("List-Id: bare.example\nList-Post: NO (closed)\nList-Unsubscribe: https://x.example/u\n");
    ok(header_list(&mem, &h, &list) && !list.one_click, "another list");
    is_str(list.id, S("bare.example"), "a bare id");
    is_str(list.post, S("NO"), "no posts");
    is_str(join(&list.unsubscribe), S("https://x.example/u|"), "a bare URL");
    h = parsed("A: b\n");
    ok(!header_list(&mem, &h, &list), "no list");
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    arena run = arena_new((size_t)1 << 26);
    sets = charsets_new(&run);
    check_blocks();
    check_lookups();
    check_limits();
    check_addresses();
    check_ids();
    check_values();
    check_subjects();
    check_meanings();
    charsets_free(sets);
    return done();
}
