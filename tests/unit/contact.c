/* lib/contact: what is a number, a company, a signature; what is none; patterns and their bounds. */
#include "contact/contact.h"
#include "tap.h"

#include <time.h>

static arena mem;
static const struct contact_patterns *defaults;

static struct contact find_with(const struct contact_patterns *patterns, str name, str text)
{
    struct contact c;
    contact_find(&mem, &(struct contact_source){.name = name, .text = text}, patterns, &c);
    return c;
}

static struct contact find(str name, str text) { return find_with(defaults, name, text); }

static void phones(void)
{
    static const struct {
        str line, number, kind; /* STR_NONE: none is found */
    } cases[] = {
        {S("+49 30 901820"), S("+4930901820"), S("phone")},
        {S("+49 (0)30 901820"), S("+4930901820"), S("phone")},
        {S("0049 30 901820"), S("+4930901820"), S("phone")},
        {S("Tel.: 030/90 18 20"), S("030901820"), S("phone")},
        {S("M: 07700 900123"), S("07700900123"), S("mobile")},
        {S("Fax (030) 90182-99"), S("0309018299"), S("fax")},
        {S("(212) 555-0143"), S("2125550143"), S("phone")},
        {S("212.555.0143"), S("2125550143"), S("phone")},
        {S("t\xC3\xA9l. 01 40 20 47 24"), S("0140204724"), S("phone")},
        {S("Mill Lane | 01702 530200 | Brookmill"), S("01702530200"), S("phone")},
        {S("1702 530200"), STR_NONE, STR_NONE},
        {S("+49 30"), STR_NONE, STR_NONE},
        {S("+1234567890123456"), STR_NONE, STR_NONE},
        {S("+0 30 901820"), STR_NONE, STR_NONE},
        {S("2026-08-22"), STR_NONE, STR_NONE},
        {S("Tel 22.08.2026"), STR_NONE, STR_NONE},
        {S("192.168.100.200"), STR_NONE, STR_NONE},
        {S("VAT 012 345 6789"), STR_NONE, STR_NONE},
        {S("IBAN DE12 3456 7890 1234 5678 90"), STR_NONE, STR_NONE},
        {S("call 1-866-858-HOST"), STR_NONE, STR_NONE},
        {S("0301234567@example.org"), STR_NONE, STR_NONE},
        {S("commit 0123456789abcdef"), STR_NONE, STR_NONE},
        {S("https://example.org/0301234567"), STR_NONE, STR_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct contact c = find(STR_NONE, str_fmt(&mem, "Hello.\n\n-- \nAnn\n%.*s\n", STR_ARG(cases[i].line)));
        is_str(c.n_phones ? c.phone[0].number : STR_NONE, cases[i].number, "%.*s", STR_ARG(cases[i].line));
        is_str(c.n_phones ? c.phone[0].kind : STR_NONE, cases[i].kind, "its kind");
    }
    is_int(find(STR_NONE, S("I have 0301 2345678 reasons.\n")).n_phones, 0, "digits in a text are no number");
    is_int(find(STR_NONE, S("Call 0301 2345678 please.\n")).n_phones, 1, "behind a label they are");
    is_int(find(STR_NONE, S("Reach me at +49 30 901820, or +49 (0) 30 90 18 20.\n")).n_phones, 1, "one number written twice is one");
    is_int(find(STR_NONE, S("> Tel. 030 901820\n")).n_phones, 0, "a quoted number is of somebody else");
    struct buf many = buf_new(&mem, 4096);
    for (int i = 0; i < 100; i++)
        buf_fmt(&many, "Tel. 030 9018%03d\n", i);
    is_int(find(STR_NONE, buf_str(&many)).n_phones, CONTACT_PHONES, "no more than so many");
}

static void companies(void)
{
    static const struct {
        str line, company;
    } cases[] = {
        {S("Orchard Ltd"), S("Orchard Ltd")},
        {S("Mia Torres, Orchard Ltd., 5 Mill Lane"), S("Orchard Ltd.")},
        {S("Foo, Inc."), S("Foo, Inc.")},
        {S("Sales | M\xC3\xBChle & S\xC3\xB6hne GmbH & Co. KG"), S("M\xC3\xBChle & S\xC3\xB6hne GmbH & Co. KG")},
        {S("Ann - Brook Mill S.A. - Paris"), S("Brook Mill S.A.")},
        {S("Ltd"), STR_NONE},
        {S("Orchard Ltd is registered in England"), STR_NONE},
        {S("she works for an AG"), STR_NONE},
        {S("Orchard & Daughters"), STR_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(find(STR_NONE, str_fmt(&mem, "Hello.\n\n-- \nAnn\n%.*s\n", STR_ARG(cases[i].line))).company, cases[i].company, "%.*s",
               STR_ARG(cases[i].line));
    struct contact c;
    contact_find(&mem, &(struct contact_source){.text = S("Hi.\n"), .organization = S("Orchard")}, defaults, &c);
    is_str(c.company, S("Orchard"), "else the field says it");
}

static void signatures(void)
{
    static const struct {
        str text, signature;
        const char *why;
    } cases[] = {
        {S("Hello.\n-- \nMia\nwww.example.org\n"), S("Mia\nwww.example.org"), "behind the delimiter"},
        {S("Hello.\r\n-- \r\nMia \r\nx\r\n"), S("Mia\nx"), "lines end as they like"},
        {S("One.\n\n-- \nMia\n\n-- \nTo unsubscribe write to list@example.org\n"), S("Mia"), "not what a list adds"},
        {S("A patch.\n\n-- \n2.39.2\n"), STR_NONE, "not the version of git"},
        {S("Hello.\n\nBest regards,\nMia Torres\nTel. 030 901820\n"), S("Mia Torres\nTel. 030 901820"), "a last block with the name"},
        {S("Hello.\n\nMia Torres\nOrchard\n\nTel. 030 901820\nwww.example.org\n"), S("Mia Torres\nOrchard\n\nTel. 030 901820\nwww.example.org"), "in two"},
        {S("Hello.\n\nMia Torres\n\nOn Monday Ann wrote:\n> Hi\n> -- \n> Ann\n"), S("Mia Torres"), "above what is quoted"},
        {S("Hello.\n\nMia Torres\n\n-----Original Message-----\nFrom: Ann\n\n-- \nAnn\n"), S("Mia Torres"), "above an older message"},
        {S("Mia Torres\nTel. 030 901820\n"), STR_NONE, "a message that is nothing else is no signature"},
        {S("Hello.\n\nPlease call me today about the press.\nTel. 030 901820\n"), STR_NONE, "a sentence is none"},
        {S("Hello.\n\n[1] http://example.org/\n[2] http://example.com/\n"), STR_NONE, "nor are references"},
        {S("Hello.\n\nSee you.\n"), STR_NONE, "nor is a text"},
        {S("-- \n"), STR_NONE, "nor is nothing"},
        {S(""), STR_NONE, "an empty text"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        is_str(find(S("Mia Torres"), cases[i].text).signature, cases[i].signature, "%s", cases[i].why);
    is_str(find(STR_NONE, S("Hi.\n-- \nMia Torres\nx\n")).name, S("Mia Torres"), "a name of the signature");
    is_str(find(STR_NONE, S("Hi.\n-- \nSent from my phone\n")).name, STR_NONE, "that is one");
    is_str(find(S("mia@example.org"), S("Hi.\n")).name, STR_NONE, "an address is no name");
}

static void ids(void)
{
    static const struct {
        str text, name, value;
    } cases[] = {
        {S("my order no. BM-20417 is late"), S("order"), S("BM-20417")},
        {S("Order #20417"), S("order"), S("20417")},
        {S("order number: 20417."), S("order"), S("20417")},
        {S("Bestellnummer 20417"), S("order"), S("20417")},
        {S("[Ticket#5521]"), S("ticket"), S("5521")},
        {S("ticket SUP-77"), S("ticket"), S("SUP-77")},
        {S("Rechnung Nr. 77/2026"), S("invoice"), S("77/2026")},
        {S("Kundennr.: 10023"), S("customer"), S("10023")},
        {S("we order 500 boxes"), STR_NONE, STR_NONE},
        {S("in order to 2026"), STR_NONE, STR_NONE},
        {S("border #2041"), STR_NONE, STR_NONE},
        {S("in case 1000 come"), STR_NONE, STR_NONE},
        {S("> order #20417"), STR_NONE, STR_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct contact c = find(STR_NONE, cases[i].text);
        is_str(c.n_ids ? c.id[0].name : STR_NONE, cases[i].name, "%.*s", STR_ARG(cases[i].text));
        is_str(c.n_ids ? c.id[0].value : STR_NONE, cases[i].value, "its value");
    }
}

static const struct contact_patterns *read_patterns(str text, struct err *e) { return contact_patterns_read(&mem, text, S("file"), e); }

static void patterns(void)
{
    static const struct {
        str text, fault;
    } bad[] = {
        {S("x"), S("file: line 1: it has no pattern")},
        {S("# no\n\nx (\n"), S("file: line 3: Unmatched ( or \\(")},
        {S("a.b c"), S("file: line 1: a name has letters, digits, - and _, at most 32")},
        {S("a (b)\\1"), S("file: line 1: a pattern has no back references")},
        {S("a ((b{40}){40})"), S("file: line 1: it repeats too often")},
        {S("a b{99999999999999999999}"), S("file: line 1: it repeats too often")},
    };
    struct err e;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ok(!read_patterns(bad[i].text, &e) && e.class == ERR_CONFIG, "pattern %d is refused", (int)i);
        is_str(str_c(e.text), bad[i].fault, "it says why");
    }
    const struct contact_patterns *own = read_patterns(S("# ours\n\nrma RMA ?([0-9]+)\r\norder (no|nr) (X[0-9]+)\norder whole[0-9]\n"), &e);
    struct contact c = find_with(own, STR_NONE, S("rma 12, RMA 12, rma 13; order #4711; nr x9; whole1; whole22; ticket #555\n"));
    is_int(c.n_ids, 5, "five ids");
    is_str(c.id[0].name, S("ticket"), "default patterns stay");
    is_str(c.id[1].value, S("12"), "each value once");
    is_str(c.id[3].value, S("x9"), "the value is the last group");
    is_str(c.id[4].value, S("whole1"), "or all; not a part of a word");
    own = read_patterns(S("n [0-9][0-9]\nm ^[a-z]\n"), &e);
    c = find_with(own, STR_NONE, S("1234 56\n12\0" "345\na\n"));
    is_int(c.n_ids, 3, "what goes on behind a match is a part of it; NUL ends a line");
    is_str(c.id[0].value, S("56"), "and stands within a word");
}

/* Time does not depend on what stands in the text. */
static void bounds(void)
{
    struct err e;
    const struct contact_patterns *slow = read_patterns(S("x (a|aa|a*)*b\ny (x+x+)+y\nz ([0-9a]*[0-9a]*[0-9a]*)*!\n"), &e);
    static const char *const pieces[] = {"a", "x", "0-", "+1 ", "(0", "-- \n", ">\n\n", "\n", "a\n\n", "Tel. ", "order #1", "\xC3", "Ltd, "};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        struct buf b = buf_new(&mem, 1 << 20);
        while (b.len < 1 << 20)
            buf_put(&b, str_c(pieces[i]));
        clock_t begun = clock();
        struct contact c = find_with(slow, S("Mia"), buf_str(&b));
        ok((double)(clock() - begun) / CLOCKS_PER_SEC < 2 && c.n_ids <= CONTACT_IDS, "a mebibyte of text %d", (int)i);
    }
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    struct err e;
    defaults = contact_patterns_read(&mem, STR_NONE, STR_NONE, &e);
    ok(defaults != NULL, "the default patterns are patterns");
    phones();
    companies();
    signatures();
    ids();
    patterns();
    bounds();
    return done();
}
