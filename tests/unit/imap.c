#include "imap/imap.h"
#include "tap.h"

static arena mem;

static void show(struct buf *to, str s)
{
    for (ptrdiff_t i = 0; i < s.len && i < 60; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c >= 0x7f)
            buf_fmt(to, "\\x%02x", c);
        else
            buf_byte(to, (char)c);
    }
    if (s.len > 60)
        buf_fmt(to, "~%lld", (long long)s.len);
}

static void show_response(struct buf *to, const struct imap_response *r)
{
    static const char *const names[] = {"", "OK", "NO", "BAD", "BYE", "PREAUTH"};
    show(to, r->tag);
    if (r->status)
        buf_fmt(to, " %s", names[r->status]);
    if (r->code.ptr) {
        buf_put(to, S(" ["));
        show(to, r->code);
        buf_byte(to, ']');
    }
    if (r->status || str_eq(r->tag, S("+"))) {
        buf_put(to, S(" <"));
        show(to, r->text);
        buf_byte(to, '>');
    }
    for (ptrdiff_t i = 0; i < r->n && !r->status; i++) {
        const struct imap_token *t = &r->token[i];
        buf_byte(to, ' ');
        if (t->type == IMAP_BODY)
            buf_put(to, S("BODY"));
        else if (t->type == IMAP_STRING)
            buf_byte(to, '"');
        show(to, t->text);
        if (t->type == IMAP_STRING)
            buf_byte(to, '"');
    }
    buf_put(to, r->malformed ? S(" !;") : S(";"));
}

/* All events of the text as one line, fed in pieces of `step` octets, the first one of `first`. */
static str events(str text, ptrdiff_t first, ptrdiff_t step)
{
    static struct imap_parse p;
    static bool ready;
    if (!ready)
        imap_parse_init(&mem, &p);
    ready = true;
    p = (struct imap_parse){.text = p.text, .token = p.token};
    struct buf b = buf_new(&mem, 256);
    struct imap_part part;
    bool data = false;
    while (text.len) {
        str piece = str_first(text, first);
        text = str_skip(text, piece.len);
        first = step;
        for (enum imap_event e; (e = imap_parse(&p, &piece, &part)) != IMAP_NEED;) {
            if (e == IMAP_BODY_DATA) {
                if (!data)
                    buf_put(&b, S("data "));
                data = true;
                show(&b, part.octets);
                continue;
            }
            data = false;
            if (e == IMAP_RESPONSE)
                show_response(&b, &part.response);
            else if (e == IMAP_UIDS)
                buf_fmt(&b, "%u-%u,", part.first, part.last);
            else if (e == IMAP_BODY_BEGIN)
                buf_fmt(&b, "begin %.*s %lld:", STR_ARG(part.octets), (long long)part.size);
            else
                buf_put(&b, S("|"));
        }
    }
    return buf_str(&b);
}

static const struct {
    const char *name, *text, *want;
} cases[] = {
    {"greeting", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] Dovecot ready.\r\n", "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN] <Dovecot ready.>;"},
    {"tagged", "m12 NO [AUTHENTICATIONFAILED] no\r\nm13 OK\r\n", "m12 NO [AUTHENTICATIONFAILED] <no>;m13 OK <>;"},
    {"a status text is only text", "* OK a (b \"c {3}\r\n* BYE x\r\n", "* OK <a (b \"c {3}>;* BYE <x>;"},
    {"code without words", "* OK [UIDNEXT 7]\r\n", "* OK [UIDNEXT 7] <>;"},
    {"an open code is words", "* OK [UIDNEXT 7\r\n", "* OK <[UIDNEXT 7>;"},
    {"continuation", "+ dmFsdWU=\r\n+\r\n+ \r\n+ [x] y\r\n", "+ <dmFsdWU=>;+ <>;+ <>;+ <[x] y>;"},
    {"capability", "* CAPABILITY IMAP4rev1 LITERAL+\r\n", "* CAPABILITY IMAP4rev1 LITERAL+;"},
    {"list", "* LIST (\\HasNoChildren \\Sent) \".\" \"a \\\"b\\\\ c\"\r\n", "* LIST ( \\HasNoChildren \\Sent ) \".\" \"a \"b\\ c\";"},
    {"list with a literal", "* LIST () \"/\" {7}\r\nb\"r\r\n x\r\n", "* LIST ( ) \"/\" \"b\"r\\x0d\\x0a x\";"},
    {"list without levels", "* LIST () NIL INBOX\r\n", "* LIST ( ) NIL INBOX;"},
    {"exists", "* 172 EXISTS\r\n", "* 172 EXISTS;"},
    {"bare line feeds", "* 1 EXISTS\n* OK x\n", "* 1 EXISTS;* OK <x>;"},
    {"empty lines are nothing", "\r\n\r\n* 1 EXISTS\r\n\r\n", "* 1 EXISTS;"},
    {"search", "* SEARCH 2 84 882\r\n", "2-2,84-84,882-882,* SEARCH;"},
    {"search for nothing", "* SEARCH\r\n", "* SEARCH;"},
    {"search with a modseq", "* SEARCH 2 5 (MODSEQ 917162500)\r\n", "2-2,5-5,* SEARCH ( MODSEQ 917162500 );"},
    {"a UID over 32 bits", "* SEARCH 4294967295 4294967296 0 99999999999999999999999 7\r\n", "4294967295-4294967295,7-7,* SEARCH !;"},
    {"RFC4731-3.1", "* ESEARCH (TAG \"A285\") UID MIN 7 MAX 3800 COUNT 2 ALL 2,10:11,17\r\n",
     "2-2,10-11,17-17,* ESEARCH ( TAG \"A285\" ) UID MIN 7 MAX 3800 COUNT 2 ALL;"},
    {"esearch for nothing", "* ESEARCH (TAG \"m3\") UID\r\n", "* ESEARCH ( TAG \"m3\" ) UID;"},
    {"a range backwards", "* ESEARCH UID ALL 9:3\r\n", "3-9,* ESEARCH UID ALL;"},
    {"a range that is none", "* ESEARCH UID ALL 9:3:4,x\r\n", "3-9,* ESEARCH UID ALL :4,x;"},
    {"fetch", "* 12 FETCH (UID 5 FLAGS (\\Seen $x) INTERNALDATE \" 4-Nov-2021 12:34:56 +0100\" RFC822.SIZE 5 BODY[] {5}\r\na\r\n)b)\r\n",
     "begin BODY[] 5:data a\\x0d\\x0a)b|* 12 FETCH ( UID 5 FLAGS ( \\Seen $x ) INTERNALDATE \" 4-Nov-2021 12:34:56 +0100\" RFC822.SIZE 5 "
     "BODY[] BODY );"},
    {"an empty body", "* 1 FETCH (BODY[] {0}\r\n UID 5)\r\n", "begin BODY[] 0:|* 1 FETCH ( BODY[] BODY UID 5 );"},
    {"no body", "* 1 FETCH (BODY[] NIL UID 5)\r\n", "* 1 FETCH ( BODY[] NIL UID 5 );"},
    {"a quoted body", "* 1 FETCH (BODY[] \"x\" UID 5)\r\n", "* 1 FETCH ( BODY[] \"x\" UID 5 );"},
    {"fields", "* 1 FETCH (BODY[HEADER.FIELDS (\"Message-ID\")] {2}\r\nxy)\r\n",
     "begin BODY[HEADER.FIELDS (\"Message-ID\")] 2:data xy|* 1 FETCH ( BODY[HEADER.FIELDS (\"Message-ID\")] BODY );"},
    {"a part of a body", "* 1 FETCH (BODY[]<0> {2}\r\nxy)\r\n", "begin BODY[]<0> 2:data xy|* 1 FETCH ( BODY[]<0> BODY );"},
    {"literal8", "* 1 FETCH (BINARY[1] ~{3}\r\nx\ry)\r\n", "begin BINARY[1] 3:data x\\x0dy|* 1 FETCH ( BINARY[1] BODY );"},
    {"non-synchronizing", "* 1 FETCH (BODY[] {2+}\r\nxy)\r\n", "begin BODY[] 2:data xy|* 1 FETCH ( BODY[] BODY );"},
    {"no space before a list", "* 1 FETCH (FLAGS(\\Seen)UID 4)\r\n", "* 1 FETCH ( FLAGS ( \\Seen ) UID 4 );"},
    {"a brace in a word", "* LIST () \"/\" {5}x\r\n", "* LIST ( ) \"/\" {5}x;"},
    {"a length that is too long", "* LIST () \"/\" {99999999999999999999}\r\n* 1 EXISTS\r\n", "* LIST ( ) \"/\" {99999999999999999999};* 1 EXISTS;"},
    {"a length that is none", "* X {}\r\n* X {-1}\r\n* X {a}\r\n* X {+}\r\n* X {2+3}\r\n", "* X {};* X {-1};* X {a};* X {+};* X {2+3};"},
    {"an open string", "* LIST () \"/\" \"ab\r\n* 1 EXISTS\r\n", "* LIST ( ) \"/\" \"ab\\x0d\" !;* 1 EXISTS;"},
    {"an open section", "* 1 FETCH (BODY[HEADER\r\n* 1 EXISTS\r\n", "* 1 FETCH ( BODY[HEADER\\x0d !;* 1 EXISTS;"},
    {"nothing but a tag", "*\r\nm1\r\n", "*;m1;"},
    {"junk", "\x01\xff)(\"\\ \r\n", "\\x01\\xff)(\"\\;"},
};

static void every_way(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str text = str_c(cases[i].text), want = str_c(cases[i].want);
        is_str(events(text, text.len, 1), want, "%s", cases[i].name);
        is_str(events(text, 1, 1), want, "%s, octet by octet", cases[i].name);
        bool same = true;
        for (ptrdiff_t at = 1; at < text.len; at++)
            same &= str_eq(events(text, at, text.len), want);
        ok(same, "%s, cut anywhere", cases[i].name);
    }
}

/* Limits: what is too much is dropped and said so, and the next response is read as if nothing had been. */
static void limits(void)
{
    struct imap_parse p;
    struct imap_part part;
    imap_parse_init(&mem, &p);
    struct buf b = buf_new(&mem, 1 << 20);
    buf_put(&b, S("* X \""));
    for (int i = 0; i < IMAP_TEXT + 10; i++)
        buf_byte(&b, 'a');
    buf_put(&b, S("\"\r\n* 1 EXISTS\r\n"));
    str in = buf_str(&b);
    ok(imap_parse(&p, &in, &part) == IMAP_RESPONSE && part.response.malformed, "a response over the limit is malformed");
    ok(imap_parse(&p, &in, &part) == IMAP_RESPONSE && !part.response.malformed && part.response.n == 2, "the next is whole");
    b.len = 0;
    buf_fmt(&b, "* X {%d}\r\n", IMAP_TEXT * 2);
    for (int i = 0; i < IMAP_TEXT * 2; i++)
        buf_byte(&b, '\n');
    buf_put(&b, S(" y\r\n* 1 EXISTS\r\n"));
    in = buf_str(&b);
    ok(imap_parse(&p, &in, &part) == IMAP_RESPONSE && part.response.malformed, "so is one with such a literal");
    ok(imap_parse(&p, &in, &part) == IMAP_RESPONSE && part.response.n == 2, "whose octets are skipped as a whole");
    b.len = 0;
    buf_put(&b, S("* X "));
    for (int i = 0; i < IMAP_TOKENS * 2; i++)
        buf_byte(&b, '(');
    buf_put(&b, S("\r\n"));
    in = buf_str(&b);
    ok(imap_parse(&p, &in, &part) == IMAP_RESPONSE && part.response.malformed && part.response.n == IMAP_TOKENS, "too many tokens, too deep");
    b.len = 0;
    buf_put(&b, S("* SEARCH"));
    for (int i = 1; i <= 300000; i++)
        buf_fmt(&b, " %d", i);
    buf_put(&b, S("\r\n"));
    in = buf_str(&b);
    int hits = 0;
    enum imap_event e;
    while ((e = imap_parse(&p, &in, &part)) == IMAP_UIDS)
        hits++;
    ok(e == IMAP_RESPONSE && !part.response.malformed && hits == 300000, "300,000 hits in one line are no trouble");
}

static void sorting(void)
{
    uint32_t some[] = {5, 3, 9, 3, 5, 1};
    struct imap_uids u = {some, 6, 6};
    imap_uids_sort(&u);
    ok(u.n == 4 && some[0] == 1 && some[1] == 3 && some[2] == 5 && some[3] == 9, "UIDs in order, each once");
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    every_way();
    limits();
    sorting();
    return done();
}
