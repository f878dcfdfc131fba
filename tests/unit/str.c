#include "tap.h"

#include <stdio.h>

static void views(void)
{
    is_str(str_trim(S(" \t x y \r\n")), S("x y"), "trim takes white space at both ends");
    is_str(str_trim(S("   ")), S(""), "trim of nothing but spaces");
    is_str(str_slice(S("abcdef"), 2, 4), S("cd"), "slice");
    is_str(str_slice(S("abc"), -5, 99), S("abc"), "slice clamps");
    is_str(str_slice(S("abc"), 3, 1), S(""), "slice the wrong way round is empty");
    is_str(str_skip(S("abc"), 9), S(""), "skip beyond the end");
    ok(str_eq(STR_NONE, S("")), "none equals the empty string");
    ok(str_eq_nocase(S("Content-TYPE"), S("content-type")), "equal without case");
    ok(!str_eq_nocase(S("\xC3\x84"), S("\xC3\xA4")), "only ASCII case is folded");
    ok(str_starts_nocase(S("Re: x"), S("RE:")) && !str_starts(S("R"), S("Re")), "starts");
    ok(str_ends(S("a.eml"), S(".eml")) && !str_ends(S("l"), S("ml")), "ends");
    ok(str_cmp(S("a"), S("b")) < 0 && str_cmp(S("ab"), S("a")) > 0 && str_cmp(S("a"), S("a")) == 0, "order");
    ok(str_cmp(S("\xFF"), S("a")) > 0, "octets compare without sign");
    is_int(str_find(S("abcabc"), S("ca")), 2, "find");
    is_int(str_find(S("abc"), S("x")), -1, "find nothing");
    is_int(str_find_nocase(S("xxAbC"), S("aBc")), 2, "find without case");
    is_int(str_find_nocase(S("a"), S("abc")), -1, "a needle longer than the text");
    str head, tail;
    ok(str_cut(S("k=v=w"), '=', &head, &tail), "cut");
    is_str(head, S("k"), "before the first");
    is_str(tail, S("v=w"), "behind the first");
    ok(!str_cut(S("k"), '=', &head, &tail) && str_eq(head, S("k")) && !tail.ptr, "cut where there is nothing to cut at");
    ok(str_hash(S("")) != str_hash(S("a")) && str_hash(S("ab")) != str_hash(S("ba")), "hash tells texts apart");
    is_int((long long)str_hash(S("mailpipe")), (long long)str_hash(str_c("mailpipe")), "hash depends on octets only");
}

static void numbers(void)
{
    static const struct {
        const char *text;
        long long min, max, want;
        bool good;
    } cases[] = {
        {"0", 0, 9, 0, true},
        {"-5", -9, 9, -5, true},
        {"9223372036854775807", INT64_MIN, INT64_MAX, INT64_MAX, true},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, INT64_MIN, true},
        {"9223372036854775808", INT64_MIN, INT64_MAX, 0, false},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, 0, false},
        {"99999999999999999999999", INT64_MIN, INT64_MAX, 0, false},
        {"10", 0, 9, 0, false},
        {"", 0, 9, 0, false},
        {"-", -9, 9, 0, false},
        {"+1", 0, 9, 0, false},
        {" 1", 0, 9, 0, false},
        {"1x", 0, 9, 0, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = 77;
        bool good = str_i64(str_c(cases[i].text), cases[i].min, cases[i].max, &n);
        ok(good == cases[i].good && n == (good ? cases[i].want : 77), "number \"%s\"", cases[i].text);
    }
    int64_t n = 0;
    ok(str_size(S("10K"), &n) && n == 10240, "10K");
    ok(str_size(S("1g"), &n) && n == 1 << 30, "1g");
    ok(!str_size(S("K"), &n) && !str_size(S("-1K"), &n) && !str_size(S("9223372036854775807K"), &n), "no sizes");
}

static void utf8(arena *a)
{
    char long_text[100];
    memset(long_text, 'a', sizeof long_text);
    bool right = true;
    for (ptrdiff_t n = 0; n < 100; n++) {
        long_text[n] = (char)0xC3;
        right &= utf8_ascii_prefix(str_of(long_text, 100)) == n && utf8_ascii_prefix(str_of(long_text, n)) == n;
        long_text[n] = 'a';
    }
    ok(right, "the prefix of ASCII, of each length");
    static const struct {
        const char *text, *want;
        bool valid;
    } cases[] = {
        {"plain ascii, longer than eight octets", "plain ascii, longer than eight octets", true},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E", "\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E", true},
        {"\xC0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD", false},
        {"a\xE2\x82z", "a\xEF\xBF\xBDz", false},
        {"a\xE2\x82", "a\xEF\xBF\xBD", false},
        {"\xF0\x9D\x84", "\xEF\xBF\xBD", false},
        {"\xFF", "\xEF\xBF\xBD", false},
        {"12345678\x80", "12345678\xEF\xBF\xBD", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str s = str_c(cases[i].text);
        ok(utf8_valid(s) == cases[i].valid, "case %d: valid or not", (int)i);
        is_str(utf8_scrub(a, s), str_c(cases[i].want), "case %d: scrubbed (Unicode 3.9)", (int)i);
    }
    bool round = true;
    for (uint32_t cp = 0; cp <= 0x10FFFF; cp++) {
        char out[4];
        uint32_t back;
        int n = utf8_encode(cp, out);
        bool surrogate = cp >= 0xD800 && cp <= 0xDFFF;
        round &= utf8_decode(str_of(out, n), &back) == n && back == (surrogate ? UTF8_REPLACEMENT : cp);
    }
    ok(round, "every code point goes there and back");
    is_str(utf8_first(S("a\xE2\x82\xAC"), 3), S("a"), "cut does not end inside a character");
    is_str(utf8_first(S("a\xE2\x82\xAC"), 4), S("a\xE2\x82\xAC"), "cut at the end");
    is_str(utf8_first_chars(S("\xC3\xA9\xC3\xA9x"), 2), S("\xC3\xA9\xC3\xA9"), "cut by characters");
}

static void buffers(arena *a)
{
    struct buf b = buf_new(a, 1);
    for (int i = 0; i < 1000; i++)
        buf_put(&b, S("0123456789"));
    is_int(b.len, 10000, "a buffer grows in place");
    arena_alloc(a, 1, 1);
    buf_fmt(&b, "%s-%d", "x", 7);
    is_str(str_skip(buf_str(&b), 10000), S("x-7"), "and by moving");
    b.len = 0;
    buf_i64(&b, INT64_MIN);
    is_str(buf_str(&b), S("-9223372036854775808"), "the smallest number");
    struct strs list = {0};
    for (int i = 0; i < 100; i++)
        strs_add(a, &list, str_fmt(a, "%d", i));
    ok(list.n == 100 && strs_have(&list, S("99")) && !strs_have(&list, S("100")), "a list");
    is_str(str_percent_decoded(a, S("a%40b%2")), S("a@b%2"), "an escape, and what is none");
    is_str(str_percent_decoded(a, S("%c3%A4%zz%")), S("\xc3\xa4%zz%"), "either case");
    struct map map = {0};
    for (int i = 0; i < 5000; i++)
        map_put(a, &map, str_fmt(a, "key %d", i))->value.num = i;
    map_put(a, &map, S("key 7"))->value.num += 100;
    bool all = map.n == 5000 && !map_get(&map, S("key 5000"));
    for (int i = 0; i < 5000; i++)
        all &= map_get(&map, str_fmt(a, "key %d", i))->value.num == (i == 7 ? 107 : i);
    ok(all, "a map keeps 5,000 keys");
}

static void arenas(void)
{
    arena a = arena_new((size_t)1 << 30);
    char *first = ARENA_ARRAY(&a, char, 3 << 20);
    first[(3 << 20) - 1] = 1;
    arena scratch = a;
    memset(arena_alloc(&scratch, 1 << 20, 8), 1, 1 << 20);
    char *second = arena_alloc(&a, 16, 16);
    ok(second - first >= 3 << 20 && ((uintptr_t)second & 15) == 0, "aligned, behind the first");
    arena_reset(&a);
    char *again = ARENA_ARRAY(&a, char, 3 << 20);
    bool zero = again == first;
    for (int i = 0; i < 3 << 20; i++)
        zero &= again[i] == 0;
    ok(zero, "after a reset the same place, zeroed");
    arena_free(&a);
    ok(a.base == NULL, "freed");
}

/* Pieces of a whole: apart, and given back with it. */
static void pieces(void)
{
    enum { SIZE = 1 << 18, PIECES = 3 };
    arena whole = arena_new(PIECES * SIZE), piece[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        piece[i] = arena_piece(&whole, i, SIZE);
        memset(arena_alloc(&piece[i], SIZE, 1), (int)i, SIZE);
    }
    bool kept = true;
    for (size_t i = 0; i < PIECES; i++)
        kept = kept && piece[i].base[0] == (char)i && piece[i].base[SIZE - 1] == (char)i;
    ok(kept, "pieces of an arena lie apart");
    for (size_t i = 0; i < PIECES; i++)
        arena_rejoin(&piece[i]);
    arena_free(&whole);
}

int main(void)
{
    arena a = arena_new(1 << 26);
    views();
    numbers();
    utf8(&a);
    buffers(&a);
    arenas();
    pieces();
    return done();
}
