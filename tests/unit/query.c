#include "query/query.h"

#include "tap.h"

#include <stdlib.h>
#include <time.h>

static arena mem;
enum { NOW = 1787918400 }; /* 2026-08-28T12:00:00Z, a Friday */

static str tree(str text)
{
    struct query_fault fault;
    struct query *q = query_parse(&mem, text, NOW, &fault);
    if (!q)
        return str_fmt(&mem, "%td: %s; %s", fault.at, fault.text, fault.hint);
    struct buf b = buf_new(&mem, 256);
    query_write(&b, q);
    return buf_str(&b);
}

struct example {
    const char *text, *tree;
};

static void trees(const struct example *e, int n)
{
    for (int i = 0; i < n; i++)
        is_str(tree(str_c(e[i].text)), str_c(e[i].tree), "%s", e[i].text);
}
#define TREES(table) trees(table, (int)(sizeof table / sizeof *table))

static const struct example shapes[] = {
    {"", "(all)"},
    {" \t\n", "(all)"},
    {"*", "(all)"},
    {"invoice", "(words anywhere \"invoice\")"},
    {"inv*", "(words anywhere \"inv\"*)"},
    {"\"unpaid invoice\"", "(words anywhere \"unpaid invoice\")"},
    {"\"unpaid inv\"*", "(words anywhere \"unpaid inv\"*)"},
    {"\"say \\\"hi\\\" c:\\\\d\"", "(words anywhere \"say \\\"hi\\\" c:\\\\d\")"},
    {"a b", "(and (words anywhere \"a\") (words anywhere \"b\"))"},
    {"a AND b aNd c", "(and (words anywhere \"a\") (words anywhere \"b\") (words anywhere \"c\"))"},
    {"a b or c d", "(or (and (words anywhere \"a\") (words anywhere \"b\")) (and (words anywhere \"c\") (words anywhere \"d\")))"},
    {"a (b or c) d", "(and (words anywhere \"a\") (or (words anywhere \"b\") (words anywhere \"c\")) (words anywhere \"d\"))"},
    {"(a b) (c d)", "(and (words anywhere \"a\") (words anywhere \"b\") (words anywhere \"c\") (words anywhere \"d\"))"},
    {"a or (b or c)", "(or (words anywhere \"a\") (words anywhere \"b\") (words anywhere \"c\"))"},
    {"not a", "(not (words anywhere \"a\"))"},
    {"not not -a", "(not (words anywhere \"a\"))"},
    {"--a", "(words anywhere \"a\")"},
    {"-(a b)", "(not (and (words anywhere \"a\") (words anywhere \"b\")))"},
    {"a -b", "(and (words anywhere \"a\") (not (words anywhere \"b\")))"},
    {"a-b", "(words anywhere \"a-b\")"},
    {"\"and\" \"or\"", "(and (words anywhere \"and\") (words anywhere \"or\"))"},
    {"android order nothing", "(and (words anywhere \"android\") (words anywhere \"order\") (words anywhere \"nothing\"))"},
    {"a\"b c\"d", "(and (words anywhere \"a\") (words anywhere \"b c\") (words anywhere \"d\"))"},
    {"((((a))))", "(words anywhere \"a\")"},
    {"-*", "(not (all))"},
};

static const struct example terms[] = {
    {"from:bob", "(words from \"bob\")"},
    {"FROM:bob", "(words from \"bob\")"},
    {"from:\"Ann Lee\"", "(words from \"Ann Lee\")"},
    {"from:bob@example.com", "(words from \"bob@example.com\")"},
    {"-from:bo*", "(not (words from \"bo\"*))"},
    {"to:a cc:b bcc:c subject:d body:e filename:f*",
     "(and (words to \"a\") (words cc \"b\") (words bcc \"c\") (words subject \"d\") (words body \"e\") (words filename \"f\"*))"},
    {"subject:(a \"b c\" or -d)", "(or (and (words subject \"a\") (words subject \"b c\")) (not (words subject \"d\")))"},
    {"subject:(a from:b)", "(and (words subject \"a\") (words from \"b\"))"},
    {"is:(unread or flagged)", "(or (not (equals tag \"$seen\")) (equals tag \"$flagged\"))"},
    {"list:users.example.com", "(equals list \"users.example.com\")"},
    {"mailbox:Archive*", "(equals mailbox \"Archive\"*)"},
    {"mailbox:\"Gesendete Objekte\"", "(equals mailbox \"Gesendete Objekte\")"},
    {"mailbox:\"a*\"", "(equals mailbox \"a*\")"},
    {"account:work tag:$Seen category:billing", "(and (equals account \"work\") (equals tag \"$Seen\") (equals category \"billing\"))"},
    {"id:4711", "(equals id \"4711\")"},
    {"msgid:<a.b@c>", "(equals msgid \"a.b@c\")"},
    {"thread:t91f0c2a47b3e6d58", "(equals thread \"t91f0c2a47b3e6d58\")"},
    {"is:read", "(equals tag \"$seen\")"},
    {"-is:unread", "(equals tag \"$seen\")"},
    {"is:Reply is:automatic is:inbound", "(and (present parent) (present automatic) (equals direction \"inbound\"))"},
    {"has:attachment has:cc tag:* list:*", "(and (present attachment) (present cc) (present tag) (present list))"},
    {"larger:1M", "(between size 1048577 *)"},
    {"smaller:10K", "(between size * 10239)"},
    {"http://example.com/x:y", "(words anywhere \"http://example.com/x:y\")"},
    {"12:30", "(words anywhere \"12:30\")"},
    {"Grüße 日本語", "(and (words anywhere \"Grüße\") (words anywhere \"日本語\"))"},
};

/* TZ=Europe/Berlin: 2026-08-28 is summer time (UTC+2), January winter time (UTC+1). */
static const struct example times[] = {
    {"after:2026-08-01", "(between received 1785535200 *)"},
    {"before:2026-08-01", "(between received * 1785535199)"},
    {"date:2026-08-01", "(between received 1785535200 1785621599)"},
    {"date:2026-08", "(between received 1785535200 1788213599)"},
    {"date:2026", "(between received 1767222000 1798757999)"},
    {"date:2026-12", "(between received 1796079600 1798757999)"},
    {"date:2026-08-01..2026-08-02", "(between received 1785535200 1785707999)"},
    {"date:2026-08-01..", "(between received 1785535200 *)"},
    {"date:..2026-08", "(between received * 1788213599)"},
    {"date:2026-03-29", "(between received 1774738800 1774821599)"}, /* 23 hours */
    {"date:2026-10-25", "(between received 1792879200 1792969199)"}, /* 25 hours */
    {"date:2028-02-29", "(between received 1835391600 1835477999)"},
    {"date:today", "(between received 1787868000 1787954399)"},
    {"date:Yesterday..today", "(between received 1787781600 1787954399)"},
    {"after:2026-08-01T10:00:00Z", "(between received 1785578400 *)"},
    {"before:2026-08-01T10:00:00+02:00", "(between received * 1785571199)"},
    {"newer:12h", "(between received 1787875200 *)"},
    {"newer:30d", "(between received 1785326400 *)"},
    {"older:2W", "(between received * 1786708799)"},
    {"newer:3m", "(between received 1779969600 *)"},  /* 2026-05-28T14:00+02:00 */
    {"newer:6m", "(between received 1772283600 *)"},  /* 2026-02-28T14:00+01:00 */
    {"newer:1y", "(between received 1756382400 *)"},
    {"newer:0d", "(between received 1787918400 *)"},
    {"newer:1000000y", "(between received * *)"},
};

static const struct example faults[] = {
    {"form:bob", "0: no field is called \"form\"; did you mean from:? Text with a colon needs quotation marks"},
    {"a subjcet:x", "2: no field is called \"subjcet\"; did you mean subject:? Text with a colon needs quotation marks"},
    {"re:x", "0: no field is called \"re\"; text with a colon needs quotation marks"},
    {"incomprehensibilities:x", "0: no field is called \"incomprehensibilities\"; text with a colon needs quotation marks"},
    {"from:", "5: from: has no value; write from:word or from:\"some words\""},
    {"from: bob", "5: from: has no value; write from:word or from:\"some words\""},
    {"from:*", "5: the star stands alone; put letters before the star"},
    {"tag:\"\"", "4: tag: has no value; write from:word or from:\"some words\""},
    {"a \"b", "2: the quotation mark is not closed; put one at the end of the phrase"},
    {"a (b (c)", "2: the parenthesis is not closed; text with parentheses needs quotation marks"},
    {"a b)", "3: nothing opens the parenthesis; text with parentheses needs quotation marks"},
    {"f()", "1: nothing stands between the parentheses; text with parentheses needs quotation marks"},
    {"a or", "4: the query ends where a term should stand; "},
    {"a and  ", "7: the query ends where a term should stand; "},
    {"not", "3: the query ends where a term should stand; "},
    {"or a", "0: a term is missing before \"or\"; to find the word itself, quote it"},
    {"a or and b", "5: a term is missing before \"and\"; to find the word itself, quote it"},
    {"(a or)", "5: a term is missing before the parenthesis; "},
    {"a - b", "2: the minus stands alone; a minus stands right before what it excludes"},
    {"a & b", "2: \"&\" holds no letter and no digit; only words can be found"},
    {"in*ce", "2: a star stands before the end of the word; it means any end of the last word; quotation marks make it a plain character"},
    {"id:x", "3: \"x\" is no id; ids are the numbers in the id of a record"},
    {"id:0", "3: \"0\" is no id; ids are the numbers in the id of a record"},
    {"id:4*", "4: id: takes no star; "},
    {"msgid:<>", "6: the id is empty; "},
    {"is:raed", "3: nothing is \"raed\"; did you mean is:read?"},
    {"is:purple", "3: nothing is \"purple\"; read, unread, flagged, answered, draft, forwarded, junk, inbound, outbound, internal, important, reply, automatic"},
    {"has:wings", "4: has: does not know \"wings\"; attachment, bcc, category, cc, filename, list, subject, tag"},
    {"larger:huge", "7: \"huge\" is no size; write 512, 10K, 1M or 2G"},
    {"newer:7", "6: \"7\" is no span of time; write 12h, 30d, 2w, 3m (months) or 1y"},
    {"newer:7x", "6: \"7x\" has no unit of time; the units are h, d, w, m (months) and y"},
    {"newer:-7d", "6: \"-7d\" is no span of time; write 12h, 30d, 2w, 3m (months) or 1y"},
    {"a after:2026-02-30", "8: \"2026-02-30\" is no day or time; write 2026-08-01, 2026-08, 2026, today, yesterday or 2026-08-01T10:00:00Z"},
    {"before:soon", "7: \"soon\" is no day or time; write 2026-08-01, 2026-08, 2026, today, yesterday or 2026-08-01T10:00:00Z"},
    {"date:2026-08-02..2026-08-01", "5: the dates \"2026-08-02..2026-08-01\" end before they begin; write the earlier one first"},
    {"date:..", "5: both ends of the dates are missing; write 2026-08-01, 2026-08, 2026, today, yesterday or 2026-08-01T10:00:00Z"},
    {"a \xff", "2: the query is no UTF-8 text; "},
};

static void limits(void)
{
    struct query_fault fault;
    struct buf b = buf_new(&mem, 4096);
    for (int i = 0; i < QUERY_DEPTH; i++)
        buf_put(&b, S("-(a or b "));
    buf_put(&b, S("-c"));
    for (int i = 0; i < QUERY_DEPTH; i++)
        buf_byte(&b, ')');
    struct query *q = query_parse(&mem, buf_str(&b), NOW, &fault);
    int levels = 0;
    for (const struct query *at = q; at; levels++) {
        const struct query *last = at->child;
        while (last && last->next)
            last = last->next;
        at = last;
    }
    ok(q && levels > 2 * QUERY_DEPTH && levels <= QUERY_LEVELS, "%d levels of parentheses make a tree of %d levels", QUERY_DEPTH, levels);

    b.len = 0;
    for (int i = 0; i <= QUERY_DEPTH; i++)
        buf_byte(&b, '(');
    is_str(tree(buf_str(&b)), S("32: parentheses are nested deeper than 32; "), "one more is refused");

    b.len = 0;
    for (int i = 0; i < QUERY_TERMS; i++)
        buf_put(&b, S("a "));
    ok(query_parse(&mem, buf_str(&b), NOW, &fault) != NULL, "so many terms");
    buf_put(&b, S("b"));
    is_str(tree(buf_str(&b)), S("2000: the query has more than 1000 terms; "), "one more is refused");

    b.len = 0;
    for (int i = 0; i < QUERY_OCTETS + 1; i++)
        buf_byte(&b, i ? '-' : 'a');
    is_str(tree(buf_str(&b)), S("65536: the query is longer than 65536 octets; "), "a long text is refused");
    b.ptr[0] = '-';
    ok(query_parse(&mem, str_first(buf_str(&b), QUERY_OCTETS), NOW, &fault) == NULL, "minus signs nest no deeper");
}

/* Every prefix of every example is decided, and its fault lies within it. */
static void prefixes(const struct example *e, int n)
{
    bool good = true;
    for (int i = 0; i < n; i++) {
        str whole = str_c(e[i].text);
        for (ptrdiff_t cut = 0; cut <= whole.len; cut++) {
            struct query_fault fault = {.at = -1};
            char *copy = malloc((size_t)cut + 1); /* exact, so that a read beyond it is seen */
            memcpy(copy, whole.ptr, (size_t)cut);
            if (!query_parse(&mem, str_of(copy, cut), NOW, &fault))
                good &= fault.at >= 0 && fault.at <= cut && fault.text[0];
            free(copy);
        }
    }
    ok(good, "cut at each octet");
}

static void carets(void)
{
    is_str(query_caret(&mem, S("a form:bob"), 2), S("    a form:bob\n      ^\n"), "caret: under the fault");
    is_str(query_caret(&mem, S("a or"), 4), S("    a or\n        ^\n"), "caret: at the end");
    is_str(query_caret(&mem, S("日本 x:y"), 7), S("    日本 x:y\n         ^\n"), "caret: wide characters");
    is_str(query_caret(&mem, S("e\xcc\x81 x:y"), 4), S("    e\xcc\x81 x:y\n      ^\n"), "caret: combining marks");
    is_str(query_caret(&mem, S("\x1b[1m\xff x:y"), 6), S("    ?[1m? x:y\n          ^\n"), "caret: what a terminal must not see");
    struct buf b = buf_new(&mem, 4096);
    for (int i = 0; i < 100; i++)
        buf_put(&b, S("ä "));
    str cut = query_caret(&mem, buf_str(&b), 150);
    ok(utf8_valid(cut) && str_starts(cut, S("    ...")) && str_find(cut, S("...\n")) > 0 && cut.len < 300, "caret: a long text is cut around it");
    is_int(str_find_byte(str_skip(cut, str_find_byte(cut, '\n') + 1), '^'), 7 + 40, "caret: still under it");
}

static str written(const struct query *q)
{
    struct buf b = buf_new(&mem, 256);
    query_write(&b, q);
    return buf_str(&b);
}

static void builds(void)
{
    struct query_fault fault;
    struct strs names = {0};
    ok(query_any_of(&mem, QUERY_ACCOUNT, &names) == NULL, "any of no names");
    is_str(written(query_both(&mem, NULL, NULL)), S("(all)"), "both of nothing");
    strs_add(&mem, &names, S("a"));
    struct query *one = query_both(&mem, query_parse(&mem, S("*"), NOW, &fault), query_any_of(&mem, QUERY_ACCOUNT, &names));
    is_str(written(one), S("(equals account \"a\")"), "any of one name, and every message");
    strs_add(&mem, &names, S("b"));
    struct query *two = query_both(&mem, query_parse(&mem, S("x y"), NOW, &fault), query_any_of(&mem, QUERY_MAILBOX, &names));
    is_str(written(query_both(&mem, two, query_parse(&mem, S("-z w"), NOW, &fault))),
           S("(and (words anywhere \"x\") (words anywhere \"y\") (or (equals mailbox \"a\") (equals mailbox \"b\")) "
             "(not (words anywhere \"z\")) (words anywhere \"w\"))"),
           "both: one and, however many");
    is_str(written(query_both(&mem, query_parse(&mem, S("x or y"), NOW, &fault), query_parse(&mem, S("z"), NOW, &fault))),
           S("(and (or (words anywhere \"x\") (words anywhere \"y\")) (words anywhere \"z\"))"), "both: an or stays whole");
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    setenv("TZ", "Europe/Berlin", 1);
    tzset();
    TREES(shapes);
    TREES(terms);
    TREES(times);
    TREES(faults);
    limits();
    prefixes(shapes, (int)(sizeof shapes / sizeof *shapes));
    prefixes(terms, (int)(sizeof terms / sizeof *terms));
    prefixes(times, (int)(sizeof times / sizeof *times));
    prefixes(faults, (int)(sizeof faults / sizeof *faults));
    carets();
    builds();
    return done();
}
