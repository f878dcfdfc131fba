#include "charset/charset.h"
#include "tap.h"

static arena mem;
static struct charsets *sets;

static const struct {
    const char *label, *in, *want;
    unsigned flags;
} cases[] = {
    {"utf-8", "plain", "plain", 0},
    {"UTF8", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 0},
    {"utf-8", "\xef\xbb\xbf" "a", "a", 0},
    {"utf-8", "a\xef\xbb\xbf", "a\xef\xbb\xbf", 0},
    {"utf-8", "\xe2\x82", "\xef\xbf\xbd", CHARSET_INVALID},
    {"utf-8", "a\xff" "b\xe2\x82" "c\xf0\x9f\x98" "d\xc0\x80", "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd" "d\xef\xbf\xbd\xef\xbf\xbd", CHARSET_INVALID},
    {"utf-8", "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", CHARSET_INVALID},
    {"us-ascii", "text", "text", 0},
    {"us-ascii", "caf\xc3\xa9 \xe4", "caf\xc3\xa9 \xef\xbf\xbd", CHARSET_INVALID},
    {"us-ascii", "caf\xe9 \xc3\xa9", "caf\xc3\xa9 \xc3\x83\xc2\xa9", 0},
    {"", "caf\xe9", "caf\xc3\xa9", 0},
    {"", "\xef\xbb\xbf" "x", "x", 0},
    {"", "\033$B%F%9%H\033(B.", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88.", 0},
    {"", "a\033b", "a\033b", 0},
    {"", "a\033$", "a\033$", 0},
    {"no-such-set", "caf\xe9", "caf\xc3\xa9", CHARSET_UNKNOWN},
    {"no-such-set", "caf\xc3\xa9", "caf\xc3\xa9", CHARSET_UNKNOWN},
    {"//", "x", "x", CHARSET_UNKNOWN},
    {"../../etc/passwd", "x", "x", CHARSET_UNKNOWN},
    {"iso-8859-1", "\xe4\x80\x93\x81", "\xc3\xa4\xe2\x82\xac\xe2\x80\x9c\xc2\x81", 0},
    {"ISO_8859-1:1987", "\xe4", "\xc3\xa4", 0},
    {" \"latin1\" ", "\xe4", "\xc3\xa4", 0},
    {"windows-1252", "\x80", "\xe2\x82\xac", 0},
    {"x-cp1252", "\x80", "\xe2\x82\xac", 0},
    {"cp-1252", "\x80", "\xe2\x82\xac", 0},
    {"Windows1252", "\x80", "\xe2\x82\xac", 0},
    {"3Dwindows-1252", "\x80", "\xe2\x82\xac", 0},
    {"charset=windows-1252", "\x80", "\xe2\x82\xac", 0},
    {"iso-8859-1; format=flowed", "\xe4", "\xc3\xa4", 0},
    {"iso-8859-15", "\xa4", "\xe2\x82\xac", 0},
    {"iso-8859-2", "\xb1", "\xc4\x85", 0},
    {"iso-8859-9", "\xfe\x80", "\xc5\x9f\xe2\x82\xac", 0},
    {"iso-8859-7", "\xe1\xff", "\xce\xb1\xef\xbf\xbd", CHARSET_INVALID},
    {"windows-1251", "\xcf\xf0\xe8\x98", "\xd0\x9f\xd1\x80\xd0\xb8\xc2\x98", 0},
    {"koi8-r", "\xf0\xd2", "\xd0\x9f\xd1\x80", 0},
    {"cp866", "\x8f", "\xd0\x9f", 0},
    {"ibm850", "\x84", "\xc3\xa4", 0},
    {"cp437", "\x84", "\xc3\xa4", 0},
    {"tis-620", "\xa1\x80\xa0", "\xe0\xb8\x81\xe2\x82\xac\xc2\xa0", 0},
    {"macintosh", "\x8a", "\xc3\xa4", 0},
    {"windows-1255", "\xf9\xe5 \xf9\xd1.", "\xd7\xa9\xd7\x95 \xef\xac\xaa.", 0},
    {"x-user-defined", "a\x80\xff", "a\xef\x9e\x80\xef\x9f\xbf", 0},
    {"gb2312", "\xc4\xe3\xba\xc3 a", "\xe4\xbd\xa0\xe5\xa5\xbd a", 0},
    {"gb2312", "\x80\x30", "\xef\xbf\xbd" "0", CHARSET_INVALID},
    {"gbk", "\x81\x40", "\xe4\xb8\x82", 0},
    {"gb18030", "\x94\x39\xda\x33", "\xf0\x9f\x92\xa9", 0},
    {"big5", "\xa7\x41\xa6\x6e", "\xe4\xbd\xa0\xe5\xa5\xbd", 0},
    {"shift_jis", "\x83\x65\x83\x58\x83\x67\x87\x40\xb1", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88\xe2\x91\xa0\xef\xbd\xb1", 0},
    {"euc-jp", "\xa5\xc6\xa5\xb9\xa5\xc8", "\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88", 0},
    {"iso-2022-jp", "a\033$B%F%9%H\033(Bb\n", "a\xe3\x83\x86\xe3\x82\xb9\xe3\x83\x88" "b\n", 0},
    {"iso-2022-jp", "\033$B-!\033(I1\033(B", "\xe2\x91\xa0\xef\xbd\xb1", 0},
    {"iso-2022-jp", "\033$B%F%", "\xe3\x83\x86\xef\xbf\xbd", CHARSET_INVALID},
    {"iso-2022-jp", "\033$B%F\nplain", "\xe3\x83\x86\nplain", 0},
    {"iso-2022-kr", "\033$)C\x0e" "1[\x0f" "a", "\xea\xb8\x80" "a", 0},
    {"ks_c_5601-1987", "\xb1\xb3\x81\x41", "\xea\xb5\x90\xea\xb0\x82", 0},
    {"hz-gb-2312", "a~{<:Ky2;S{~}b~~~\nc", "a\xe5\xb7\xb1\xe6\x89\x80\xe4\xb8\x8d\xe6\xac\xb2" "b~c", 0},
    {"utf-7", "Hi Mom +Jjo-!", "Hi Mom \xe2\x98\xba!", 0},
    {"utf-7", "A+ImIDkQ.", "A\xe2\x89\xa2\xce\x91.", 0},
};

static str stream(str label, str in, ptrdiff_t step, ptrdiff_t cut, unsigned *flags)
{
    struct charset_stream s;
    struct buf out = buf_new(&mem, 16);
    charset_begin(&s, sets, label);
    for (ptrdiff_t i = 0; i < in.len;) {
        ptrdiff_t next = step ? i + step : i < cut ? cut : in.len;
        str piece = str_slice(in, i, next);
        char *copy = malloc((size_t)piece.len);
        memcpy(copy, piece.ptr, (size_t)piece.len);
        charset_put(&s, str_of(copy, piece.len), &out);
        free(copy);
        i += piece.len;
    }
    charset_end(&s, &out);
    *flags = s.flags;
    return buf_str(&out);
}

static void check(str label, str in, str want, unsigned flags)
{
    unsigned got = 0;
    is_str(charset_text(&mem, sets, label, in, &got), want, "%.*s", STR_ARG(label));
    is_int(got, flags, "%.*s: flags", STR_ARG(label));
    bool same = true;
    for (ptrdiff_t cut = 0; cut < in.len; cut++) {
        unsigned f;
        same = same && str_eq(stream(label, in, 0, cut, &f), want) && f == flags;
    }
    unsigned f;
    same = same && str_eq(stream(label, in, 1, 0, &f), want) && f == flags;
    ok(same, "%.*s: split anywhere", STR_ARG(label));
}

static void check_wide(void)
{
    check(S("utf-16"), S("\xff\xfe\xe4\0=\xd8\0\xde"), S("\xc3\xa4\xf0\x9f\x98\x80"), 0);
    check(S("utf-16"), S("\xfe\xff\0\xe4\xd8=\xde\0"), S("\xc3\xa4\xf0\x9f\x98\x80"), 0);
    check(S("utf-16"), S("a\0b\0"), S("ab"), 0);
    check(S("utf-16be"), S("\0a\0b"), S("ab"), 0);
    check(S("utf-16le"), S("\xff\xfe" "a\0"), S("a"), 0);
    check(S("utf-16le"), S("\0\xd8" "a\0b"), S("\xef\xbf\xbd" "a\xef\xbf\xbd"), CHARSET_INVALID);
    check(S("utf-16le"), S("\0\xdc=\xd8"), S("\xef\xbf\xbd\xef\xbf\xbd"), CHARSET_INVALID);
    check(S("utf-32"), S("\xff\xfe\0\0\0\xf6\x01\0"), S("\xf0\x9f\x98\x80"), 0);
    check(S("utf-32be"), S("\0\0\0a\0\x11\0\0\0"), S("a\xef\xbf\xbd\xef\xbf\xbd"), CHARSET_INVALID);
    check(S("utf-8"), S("a\0b"), S("a\0b"), 0);
    check(S("gb2312"), S("a\0b"), S("a\0b"), 0);
    check(S("iso-8859-1"), S("a\0b"), S("a\0b"), 0);
}

/* A text of every set that is longer than any buffer on the way. */
static void check_long(void)
{
    static const struct {
        const char *label, *unit, *want;
    } sample[] = {{"shift_jis", "\x83\x65z", "\xe3\x83\x86z"},
                  {"koi8-r", "\xf0\xd2 ", "\xd0\x9f\xd1\x80 "},
                  {"iso-2022-jp", "\033$B%F\033(B-", "\xe3\x83\x86-"},
                  {"utf-7", "+Jjo-!", "\xe2\x98\xba!"},
                  {"windows-1255", "\xf9\xd1x", "\xef\xac\xaax"},
                  {"tscii", "\xab", "\xe0\xae\x85"}};
    for (size_t i = 0; i < sizeof sample / sizeof *sample; i++) {
        struct buf in = buf_new(&mem, 16), want = buf_new(&mem, 16);
        for (int n = 0; n < 20000; n++) {
            buf_put(&in, str_c(sample[i].unit));
            buf_put(&want, str_c(sample[i].want));
        }
        unsigned flags = 0;
        ok(str_eq(charset_text(&mem, sets, str_c(sample[i].label), buf_str(&in), &flags), buf_str(&want)) && !flags, "long %s", sample[i].label);
        ok(str_eq(stream(str_c(sample[i].label), buf_str(&in), 777, 0, &flags), buf_str(&want)) && !flags, "long %s in pieces", sample[i].label);
    }
}

static void check_labels(void)
{
    static const char *const known[] = {"UTF-8", "Big5", "EUC-TW", "cp1047", "IBM01140", "Shift_JIS", "iso-ir-100", "TIS-620", "VISCII", "ISO-8859-8-I",
                                        "ISO-10646-UCS-2", "unicode-1-1-utf-7", "x-sjis", "ANSI_X3.4-1968", "x-mac-cyrillic", "windows-31j", "johab"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        ok(charset_known(sets, str_c(known[i])), "%s is known", known[i]);
    ok(!charset_known(sets, S("klingon")), "klingon is not");
    bool bounded = true;
    for (int i = 0; i < 5000; i++)
        bounded = bounded && !charset_known(sets, str_fmt(&mem, "invented-%d", i));
    ok(bounded, "inventions without end");
}

static void check_accents(void)
{
    static const struct {
        const char *in, *want;
    } texts[] = {
        {"", ""},
        {"plain, caf\u00e9 and \u201cquotes\u201d", "plain, caf\u00e9 and \u201cquotes\u201d"},
        {"\u0386\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2 \u03ac\u0390\u03cd", "\u0391\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2 \u03b1\u03b9\u03c5"},
        {"\u1f04\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2 \u1ff7 \u1fac", "\u03b1\u03bd\u03b8\u03c1\u03c9\u03c0\u03bf\u03c2 \u03c9 \u03a9"},
        {"\u0415\u0449\u0451 \u043c\u043e\u0439 \u0407\u0436\u0430\u043a", "\u0415\u0449\u0435 \u043c\u043e\u0438 \u0406\u0436\u0430\u043a"},
        {"\u0438\u0306 e\u0301 a\u0301", "\u0438 e a"},
        {"\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd", "\u05e9\u05dc\u05d5\u05dd"},
        {"\u0645\u064f\u062d\u064e\u0645\u0651\u064e\u062f \u0623\u0622", "\u0645\u062d\u0645\u062f \u0627\u0627"},
        {"\u0301", ""},
        {"\u1ec7 \u0930\u093f \uac00 \u304c \U0001F600", "\u1ec7 \u0930\u093f \uac00 \u304c \U0001F600"},
        {"cut \xce", "cut \xce"},
        {"cut \xe1\xbc", "cut \xe1\xbc"},
        {"\xd0\xff\xcc\u0451", "\xd0\xff\xcc\u0435"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        is_str(charset_without_accents(&mem, str_c(texts[i].in)), str_c(texts[i].want), "without accents: %s", texts[i].in);
    str same = S("na\u00efve \u041c\u043e\u0441\u043a\u0432\u0430 \u4e2d");
    ok(charset_without_accents(&mem, same).ptr == same.ptr, "a view where nothing changes");
    bool once = true;
    for (uint32_t cp = 1; cp < 0x3000; cp++) {
        char octets[4];
        str c = str_of(octets, utf8_encode(cp, octets)), bare = charset_without_accents(&mem, c);
        once = once && bare.len <= c.len && str_eq(charset_without_accents(&mem, bare), bare);
    }
    ok(once, "never longer, and a second time changes nothing");
}

int main(void)
{
    mem = arena_new((size_t)1 << 30);
    arena run = arena_new((size_t)1 << 26);
    sets = charsets_new(&run);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(str_c(cases[i].label), str_c(cases[i].in), str_c(cases[i].want), cases[i].flags);
    check_wide();
    check_long();
    check_labels();
    check_accents();
    str view = S("plain");
    ok(charset_text(&mem, sets, S("iso-8859-1"), view, NULL).ptr == view.ptr, "ASCII is not copied");
    charsets_free(sets);
    return done();
}
