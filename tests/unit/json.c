/* jansson is the oracle; some of its names are ours too. */
#define JSON_OBJECT JANSSON_OBJECT
#define JSON_ARRAY JANSSON_ARRAY
#define JSON_STRING JANSSON_STRING
#define JSON_TRUE JANSSON_TRUE
#define JSON_FALSE JANSSON_FALSE
#define JSON_NULL JANSSON_NULL
#include <jansson.h>
#undef JSON_OBJECT
#undef JSON_ARRAY
#undef JSON_STRING
#undef JSON_TRUE
#undef JSON_FALSE
#undef JSON_NULL

#include "json/json.h"
#include "tap.h"

#include <dirent.h>

static arena mem;

static const struct jnode *parse(str text)
{
    struct json_fault fault;
    return jread(&mem, text, &fault);
}

/* -- What is accepted, and where what is not went wrong -- */

static void test_faults(void)
{
    static const struct {
        str text;
        ptrdiff_t offset;
        const char *what;
    } cases[] = {
        {S(""), 0, "a value expected"},
        {S(" "), 1, "a value expected"},
        {S("\xEF\xBB\xBF{}"), 0, "a value expected"},
        {S("{\"a\":1 \"b\":2}"), 7, "a comma or } expected"},
        {S("[1 2]"), 3, "a comma or ] expected"},
        {S("[1,]"), 3, "a value expected"},
        {S("{\"a\":1,}"), 7, "a member's name in quotes expected"},
        {S("{a:1}"), 1, "a member's name in quotes expected"},
        {S("{\"a\" 1}"), 5, "a colon expected"},
        {S("{\"a\":}"), 5, "a value expected"},
        {S("\"abc"), 4, "a string without its end"},
        {S("\"a\tb\""), 2, "a control character in a string"},
        {S("\"a\0b\""), 2, "a control character in a string"},
        {S("\"0123456789\x1f\""), 11, "a control character in a string"},
        {S("\"\\x\""), 1, "an unknown escape"},
        {S("\"\\u12g4\""), 1, "an unknown escape"},
        {S("\"\\u12"), 1, "an unknown escape"},
        {S("\"\\"), 1, "an unknown escape"},
        {S("\"\\ud800\""), 1, "half a surrogate pair"},
        {S("\"\\ud800\\u0041\""), 1, "half a surrogate pair"},
        {S("\"\\udc00\\ud800\""), 1, "half a surrogate pair"},
        {S("\"\xff\""), 1, "invalid UTF-8"},
        {S("\"\xed\xa0\x80\""), 1, "invalid UTF-8"},
        {S("\"\xc0\x80\""), 1, "invalid UTF-8"},
        {S("1 2"), 2, "nothing more expected"},
        {S("{}\0"), 2, "nothing more expected"},
        {S("01"), 1, "nothing more expected"},
        {S("-"), 1, "a digit expected"},
        {S("1."), 2, "a digit expected"},
        {S("1e+"), 3, "a digit expected"},
        {S("+1"), 0, "a value expected"},
        {S("truth"), 0, "a value expected"},
        {S("[}"), 1, "a value expected"},
        {S("{]"), 1, "a member's name in quotes expected"},
        {S("]"), 0, "a value expected"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_fault fault = {-1, "accepted"};
        bool refused = !jread(&mem, cases[i].text, &fault);
        ok(refused && fault.offset == cases[i].offset && !strcmp(fault.what, cases[i].what), "fault %zu: octet %td, %s", i,
           fault.offset, fault.what);
    }
}

static str nested(int depth)
{
    struct buf b = buf_new(&mem, depth * 2 + 16);
    for (int i = 0; i < depth; i++)
        buf_byte(&b, '[');
    for (int i = 0; i < depth; i++)
        buf_byte(&b, ']');
    return buf_str(&b);
}

static void test_limits(void)
{
    ok(parse(nested(JSON_DEPTH)) != NULL, "as deep as allowed");
    struct json_fault fault;
    ok(!jread(&mem, nested(JSON_DEPTH + 1), &fault), "one deeper is refused");
    is_int(fault.offset, JSON_DEPTH, "and says where");
    struct buf b = buf_new(&mem, 4 << 20);
    buf_byte(&b, '[');
    for (int i = 0; i < JSON_NODES - 2; i++)
        buf_put(&b, S("1,"));
    str head = buf_str(&b);
    buf_put(&b, S("1]"));
    const struct jnode *root = parse(buf_str(&b));
    ok(root && root->span == JSON_NODES, "as many values as allowed");
    b.len = head.len;
    buf_put(&b, S("1,1]"));
    ok(!jread(&mem, buf_str(&b), &fault) && !strcmp(fault.what, "too many values"), "one more is refused");
}

/* Cut at each octet, in a block of just that size, so that a sanitizer sees a read behind the end. */
static void test_cut_everywhere(void)
{
    str text = S("{\"a\":[1.5e+3,true,false,null,\"\\n\\u00e9\\ud834\\udd1e\xE2\x82\xAC long enough for strides\"],\"\":{ }}");
    int accepted = 0;
    for (ptrdiff_t n = 0; n < text.len; n++) {
        char *copy = malloc((size_t)n + !n);
        if (!copy)
            abort();
        memcpy(copy, text.ptr, (size_t)n);
        struct json_fault fault = {-1, NULL};
        accepted += jread(&mem, str_of(copy, n), &fault) || fault.offset < 0 || fault.offset > n;
        free(copy);
    }
    is_int(accepted, 0, "cut at each octet: refused, at a place within");
    ok(parse(text) != NULL, "whole: accepted");
}

/* -- What was read -- */

static void test_strings(void)
{
    static const struct {
        str json, want;
    } cases[] = {
        {S("\"\""), S("")},
        {S("\"plain\""), S("plain")},
        {S("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\""), S("\"\\/\b\f\n\r\t")},
        {S("\"\\u0000\""), S("\0")},
        {S("\"a\\u00e9b\\u20AC\""), S("a\xC3\xA9"
                                       "b\xE2\x82\xAC")},
        {S("\"\\ud834\\udd1e\""), S("\xF0\x9D\x84\x9E")},
        {S("\"\\uD83D\\ude00\\n\""), S("\xF0\x9F\x98\x80\n")},
        {S("\"\x7f\""), S("\x7f")},
        {S("\"0123456\\n89abcdef\""), S("0123456\n89abcdef")},
        {S("\"\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD\xE6\x96\x87\\\\\""), S("\xE4\xB8\xAD\xE6\x96\x87\xE4\xB8\xAD\xE6\x96\x87\\")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct jnode *node = parse(cases[i].json);
        is_str(jread_string(&mem, node), cases[i].want, "string %zu", i);
        is_str(jread_raw(node), cases[i].json, "string %zu as it stood", i);
    }
    str text = S("\"view\"");
    ok(jread_string(&mem, parse(text)).ptr == text.ptr + 1, "a string without escapes is a view");
    ok(!jread_string(&mem, parse(S("12"))).ptr, "a number is no string");
    ok(!jread_string(&mem, NULL).ptr, "nothing is no string");
}

static void test_numbers(void)
{
    static const struct {
        str json;
        bool good;
        int64_t want;
    } cases[] = {
        {S("0"), true, 0},
        {S("-0"), true, 0},
        {S("42"), true, 42},
        {S("42.000"), true, 42},
        {S("42.5"), false, 0},
        {S("4e1"), false, 0},
        {S("1.0e1"), false, 0},
        {S("\"42\""), true, 42},
        {S("\"42.0\""), false, 0},
        {S("\"\""), false, 0},
        {S("\" 42\""), false, 0},
        {S("\"\\u0034\""), false, 0},
        {S("9223372036854775807"), true, INT64_MAX},
        {S("9223372036854775808"), false, 0},
        {S("\"-9223372036854775808\""), true, INT64_MIN},
        {S("null"), false, 0},
        {S("[1]"), false, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t n = 0;
        bool good = jread_i64(parse(cases[i].json), INT64_MIN, INT64_MAX, &n);
        ok(good == cases[i].good && n == cases[i].want, "integer %.*s", STR_ARG(cases[i].json));
    }
    int64_t n = 7;
    ok(!jread_i64(parse(S("10")), 0, 9, &n) && n == 7, "an integer out of range leaves what was there");
    ok(!jread_i64(NULL, 0, 9, &n), "nothing is no integer");
    bool b = false;
    ok(jread_bool(parse(S("true")), &b) && b, "true");
    ok(jread_bool(parse(S("false")), &b) && !b, "false");
    ok(!jread_bool(parse(S("1")), &b), "1 is not true");
}

static void test_members(void)
{
    str text = S(" { \"a\" : [1, {\"x\":[]}, \"s\"] , \"b\" : {} , \"\\u0063\\ud834\\udd1e\" : null, \"a\\\\\" : 2, \"b\":3 } ");
    const struct jnode *root = parse(text), *a = jread_member(root, S("a"));
    ok(jread_is(root, JSON_OBJECT) && jread_is(a, JSON_ARRAY), "types");
    is_str(jread_raw(a), S("[1, {\"x\":[]}, \"s\"]"), "an array as it stood");
    int n = 0;
    for (const struct jnode *it = jread_first(a); it; it = jread_next(a, it))
        n++;
    is_int(n, 3, "elements of the array");
    n = 0;
    for (const struct jnode *it = jread_first(root); it; it = jread_next(root, it))
        n += it->type == JSON_STRING;
    is_int(n, 5, "members of the object");
    is_str(jread_raw(jread_member(root, S("b"))), S("3"), "of repeated members the last counts");
    ok(jread_is(jread_member(root, S("c\xF0\x9D\x84\x9E")), JSON_NULL), "a name with escapes");
    is_str(jread_raw(jread_member(root, S("a\\"))), S("2"), "a name that ends in a backslash");
    ok(!jread_member(root, S("c")) && !jread_member(root, S("c\xF0\x9D\x84\x9Ex")), "neither shorter nor longer");
    ok(!jread_member(a, S("x")) && !jread_member(NULL, S("x")), "an array and nothing have no members");
    ok(!jread_first(parse(S("{}"))) && !jread_first(parse(S("[]"))) && !jread_first(parse(S("1"))) && !jread_first(NULL), "empty");
}

/* -- Writing -- */

static void test_writer(void)
{
    struct buf b = buf_new(&mem, 16);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    jwrite_key(&w, S("s"));
    jwrite_string(&w, S("a\"b\\c\n\r\t\b\f\x01\x1f\x7f/"));
    jwrite_key(&w, S("none"));
    jwrite_string(&w, STR_NONE);
    jwrite_key(&w, S("empty"));
    jwrite_string(&w, S(""));
    jwrite_key(&w, S("list"));
    jwrite_array(&w);
    jwrite_i64(&w, 0);
    jwrite_i64(&w, -5);
    jwrite_i64(&w, INT64_C(9007199254740992));
    jwrite_i64(&w, INT64_C(9007199254740993));
    jwrite_i64(&w, INT64_MIN);
    jwrite_bool(&w, true);
    jwrite_array(&w);
    jwrite_end_array(&w);
    jwrite_object(&w);
    jwrite_end_object(&w);
    jwrite_null(&w);
    jwrite_end_array(&w);
    jwrite_key(&w, S("raw"));
    jwrite_raw(&w, S("[1]"));
    jwrite_end_object(&w);
    is_str(buf_str(&b),
           S("{\"s\":\"a\\\"b\\\\c\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/\",\"none\":null,\"empty\":\"\",\"list\":[0,-5,9007199254740992,"
             "\"9007199254740993\",\"-9223372036854775808\",true,[],{},null],\"raw\":[1]}"),
           "an object of everything");
}

static void test_invalid_utf8_written(void)
{
    static const struct {
        str in, want;
    } cases[] = {
        {S("a\xff"), S("\"a\xEF\xBF\xBD\"")},
        {S("\xed\xa0\x80"), S("\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"")},
        {S("0123456789\xc3"), S("\"0123456789\xEF\xBF\xBD\"")},
        {S("\xc3\xa9\x80\xc3\xa9"), S("\"\xc3\xa9\xEF\xBF\xBD\xc3\xa9\"")},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = buf_new(&mem, 16);
        jwrite_string(&(struct jwrite){&b, false}, cases[i].in);
        is_str(buf_str(&b), cases[i].want, "invalid UTF-8 %zu becomes U+FFFD", i);
    }
}

/* Each octet at each place of a string that is longer than two strides: written, read again. */
static void test_every_octet_everywhere(void)
{
    bool good = true;
    for (int c = 0; c < 0x80; c++)
        for (int at = 0; at < 20; at++) {
            char text[20];
            memset(text, 'x', sizeof text);
            text[at] = (char)c;
            struct buf b = buf_new(&mem, 16);
            jwrite_string(&(struct jwrite){&b, false}, str_of(text, sizeof text));
            good = good && str_eq(jread_string(&mem, parse(buf_str(&b))), str_of(text, sizeof text));
        }
    ok(good, "every ASCII character at every place survives");
}

/* -- jansson as oracle -- */

static bool same(const struct jnode *node, json_t *theirs)
{
    if (!theirs)
        return false;
    switch (node->type) {
    case JSON_NULL: return json_typeof(theirs) == JANSSON_NULL;
    case JSON_FALSE: return json_typeof(theirs) == JANSSON_FALSE;
    case JSON_TRUE: return json_typeof(theirs) == JANSSON_TRUE;
    case JSON_NUMBER: {
        int64_t n;
        return json_typeof(theirs) == JSON_INTEGER ? jread_i64(node, INT64_MIN, INT64_MAX, &n) && n == json_integer_value(theirs)
                                       : json_typeof(theirs) == JSON_REAL && strtod(str_z(&mem, node->text), NULL) == json_real_value(theirs);
    }
    case JSON_STRING: {
        str s = jread_string(&mem, node);
        return json_typeof(theirs) == JANSSON_STRING && str_eq(s, str_of(json_string_value(theirs), (ptrdiff_t)json_string_length(theirs)));
    }
    case JSON_ARRAY: {
        size_t n = 0;
        for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it))
            if (!same(it, json_array_get(theirs, n++)))
                return false;
        return json_typeof(theirs) == JANSSON_ARRAY && n == json_array_size(theirs);
    }
    default:
        for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it)) {
            str key = jread_string(&mem, it);
            if (!same(jread_member(node, key), json_object_get(theirs, str_z(&mem, key))))
                return false;
        }
        return json_typeof(theirs) == JANSSON_OBJECT;
    }
}

/* Whether both readers say the same, but for what jansson cannot hold (numbers that overflow, NUL in names), for depth,
 * where its limit is another, and for a bare NUL behind a number or word, which it swallows. */
static bool agrees(str text, bool *accepted)
{
    json_error_t error;
    json_t *theirs = json_loadb(text.ptr, (size_t)text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    struct json_fault fault = {0, ""};
    const struct jnode *ours = jread(&mem, text, &fault);
    *accepted = ours != NULL;
    bool agree = (ours != NULL) == (theirs != NULL) && (!ours || same(ours, theirs));
    if (!theirs && (json_error_code(&error) == json_error_numeric_overflow || json_error_code(&error) == json_error_null_byte_in_key))
        agree = true;
    if (!ours && (!strcmp(fault.what, "nested too deep") || str_find_byte(text, 0) >= 0))
        agree = true;
    json_decref(theirs);
    return agree;
}

static uint64_t seed = 0x9E3779B97F4A7C15u;

static uint32_t dice(uint32_t sides)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % sides;
}

static str mutate(str text)
{
    static const char spice[] = "{}[]\",:\\u0123456789abcdefABCDEFtrnl-+.eE \t\n\r/\x01\x7f\x80\xbf\xc3\xa9\xed\xa0\xe2\x82\xac\xf0\x9f\x98\x80\xff\xd8";
    struct buf b = buf_new(&mem, text.len + 64);
    buf_put(&b, text);
    for (uint32_t edits = 1 + dice(4); edits; edits--) {
        ptrdiff_t at = b.len ? dice((uint32_t)b.len) : 0, n = 1 + dice(6);
        str tail = str_copy(&mem, str_skip(buf_str(&b), at));
        b.len = at;
        switch (dice(4)) {
        case 0: buf_put(&b, str_skip(tail, n)); break;
        case 1:
            buf_put(&b, str_first(tail, n));
            buf_put(&b, tail);
            break;
        case 2:
            buf_byte(&b, spice[dice(sizeof spice)]);
            buf_put(&b, tail);
            break;
        default:
            buf_byte(&b, spice[dice(sizeof spice)]);
            buf_put(&b, str_skip(tail, 1));
        }
    }
    return buf_str(&b);
}

static void test_against_jansson(void)
{
    static const str seeds[] = {
        S("{\"type\":\"email\",\"v\":1,\"id\":4711,\"from\":[{\"name\":\"J\\u00f6rg\",\"email\":\"j@example.com\"}],\"cc\":null}"),
        S("[1,-2.5,3e10,0.1E-2,true,false,null,\"\",{},[]]"),
        S("\"\\ud834\\udd1e \\\" \\\\ \\/ \\b\\f\\n\\r\\t \xE2\x82\xAC \xF0\x9F\x98\x80 tail that is long enough\""),
        S(" { \"a\" : [ { \"b\" : [ ] } , \"c\" ] , \"d\" : -0 } "),
    };
    int wrong = 0, accepted = 0, rounds = 200000;
    arena_free(&mem); /* a small one: each reset poisons all that was ever used */
    mem = arena_new((size_t)1 << 26);
    for (int i = 0; i < rounds; i++) {
        arena_reset(&mem);
        bool good;
        str text = mutate(seeds[dice(4)]);
        if (!agrees(text, &good) && wrong++ < 10)
            tap_show("differs", text);
        accepted += good;
    }
    is_int(wrong, 0, "%d mutated texts: the same as jansson", rounds);
    ok(accepted > rounds / 20 && accepted < rounds / 2, "%d of them were JSON", accepted);
}

/* -- JSONTestSuite -- */

static str slurp(const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return STR_NONE;
    char *p = arena_alloc(&mem, 1 << 20, 1);
    size_t n = fread(p, 1, 1 << 20, f);
    fclose(f);
    return str_of(p, (ptrdiff_t)n);
}

/* i_: numbers of any size are text to us and accepted; the rest is bad UTF-8, half surrogate pairs, a byte order
 * mark or too deep, and refused. */
static bool decided_rightly(const char *name, bool accepted)
{
    if (name[0] == 'i')
        return accepted == !strncmp(name, "i_number_", 9);
    return accepted == (name[0] == 'y');
}

static void test_suite(void)
{
    const char *shared = getenv("SHARED"), *top = getenv("TOP");
    str folder = shared ? str_fmt(&mem, "%s/corpora/json", shared) : str_fmt(&mem, "%s/../shared/corpora/json", top ? top : ".");
    char *path = str_z(&mem, folder);
    DIR *dir = opendir(path);
    if (!dir) {
        skip("needs ../shared");
        return;
    }
    struct dirent *entry;
    int files = 0;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.')
            continue;
        str text = slurp(str_fmt(&mem, "%s/%s", path, entry->d_name).ptr);
        bool accepted;
        bool agree = agrees(text, &accepted);
        ok(text.ptr && decided_rightly(entry->d_name, accepted), "%s %s", entry->d_name, accepted ? "accepted" : "refused");
        if (!agree)
            fprintf(stderr, "#   jansson differs: %s\n", entry->d_name);
        files++;
    }
    closedir(dir);
    ok(files > 280, "%d files of JSONTestSuite", files);
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    test_faults();
    test_limits();
    test_cut_everywhere();
    test_strings();
    test_numbers();
    test_members();
    test_writer();
    test_invalid_utf8_written();
    test_every_octet_everywhere();
    test_suite();
    test_against_jansson();
    return done();
}
