/* What labels mean: the WHATWG encoding standard's view of them, without the three letters' worth of punctuation
 * in which labels differ; then guesses for what only looks like a label. */
#include "charset/set.h"

#include <stdio.h>

static const struct {
    const char *name;
    const char *labels; /* lower case letters and digits only, each between spaces */
} names[] = {
    {"UTF-8", " utf8 unicode11utf8 unicode20utf8 xunicode20utf8 uft8 ufs8 utf utf8mb4 csutf8 "},
    {"ASCII", " ascii usascii ansix341968 ansix341986 iso646us isoir6 csascii us 646 8bit 7bit binary unknown unknown8bit xunknown default "
              "defaultcharset none null replacement "},
    {"CP1252", " windows1252 cp1252 xcp1252 iso88591 iso885911987 isoir100 latin1 l1 csisolatin1 ibm819 cp819 88591 ansi winlatin1 "},
    {"IBM866", " 866 cp866 csibm866 ibm866 "},
    {"ISO-8859-2", " csisolatin2 iso88592 iso885921987 isoir101 l2 latin2 88592 "},
    {"ISO-8859-3", " csisolatin3 iso88593 iso885931988 isoir109 l3 latin3 88593 "},
    {"ISO-8859-4", " csisolatin4 iso88594 iso885941988 isoir110 l4 latin4 88594 "},
    {"ISO-8859-5", " csisolatincyrillic cyrillic iso88595 iso885951988 isoir144 88595 "},
    {"ISO-8859-6", " arabic asmo708 csiso88596e csiso88596i csisolatinarabic ecma114 iso88596 iso885961987 iso88596e iso88596i isoir127 "},
    {"ISO-8859-7", " csisolatingreek ecma118 elot928 greek greek8 iso88597 iso885971987 isoir126 suneugreek 88597 "},
    {"ISO-8859-8", " csiso88598e csisolatinhebrew hebrew iso88598 iso885981988 iso88598e isoir138 visual csiso88598i iso88598i logical "},
    {"ISO-8859-10", " csisolatin6 iso885910 isoir157 l6 latin6 "},
    {"ISO-8859-13", " iso885913 latin7 l7 "},
    {"ISO-8859-14", " iso885914 latin8 l8 "},
    {"ISO-8859-15", " csisolatin9 iso885915 l9 latin9 latin0 885915 "},
    {"ISO-8859-16", " iso885916 latin10 l10 "},
    {"KOI8-R", " cskoi8r koi koi8 koi8r "},
    {"KOI8-U", " koi8ru koi8u "},
    {"MACINTOSH", " csmacintosh mac macintosh xmacroman macroman "},
    {"windows-874", " dos874 iso885911 tis620 windows874 cp874 "},
    {"CP1250", " cp1250 windows1250 xcp1250 "},
    {"CP1251", " cp1251 windows1251 xcp1251 "},
    {"CP1253", " cp1253 windows1253 xcp1253 "},
    {"CP1254", " cp1254 csisolatin5 iso88599 iso885991989 isoir148 l5 latin5 windows1254 xcp1254 88599 "},
    {"CP1255", " cp1255 windows1255 xcp1255 "},
    {"CP1256", " cp1256 windows1256 xcp1256 "},
    {"CP1257", " cp1257 windows1257 xcp1257 "},
    {"CP1258", " cp1258 windows1258 xcp1258 "},
    {"MAC-UK", " xmaccyrillic xmacukrainian maccyrillic macukrainian "},
    {"GB18030", " gb18030 chinese csgb2312 csiso58gb231280 gb2312 gb231280 gbk isoir58 xgbk cp936 windows936 ms936 euccn xeuccn gb "},
    {"BIG5-HKSCS", " big5 big5hkscs cnbig5 csbig5 xxbig5 xbig5 cp950 windows950 "},
    {"EUC-JP-MS", " cseucpkdfmtjapanese eucjp xeucjp eucjpms ujis "},
    {"CP932", " csshiftjis ms932 mskanji shiftjis sjis windows31j xsjis cp932 windows932 cswindows31j "},
    {"UHC", " cseuckr csksc56011987 euckr isoir149 korean ksc5601 ksc56011987 ksc56011989 windows949 cp949 xwindows949 uhc "},
    {"ISO-2022-JP", " csiso2022jp iso2022jp iso2022jpms iso2022jp1 iso2022jp2 iso2022jp3 csiso2022jp2 cp50220 cp50221 cp50222 jis "},
    {"ISO-2022-KR", " csiso2022kr iso2022kr "},
    {"ISO-2022-CN", " iso2022cn csiso2022cn "},
    {"ISO-2022-CN-EXT", " iso2022cnext csiso2022cnext "},
    {"HZ", " hzgb2312 hz "},
    {"UTF-7", " utf7 unicode11utf7 unicode20utf7 xunicode20utf7 csunicode11utf7 csutf7 "},
    {"UTF-16BE", " unicodefffe utf16be "},
    {"UTF-16LE", " utf16le unicodefeff "},
    {"UTF-16", " utf16 csunicode iso10646ucs2 ucs2 unicode "},
    {"UTF-32BE", " utf32be "},
    {"UTF-32LE", " utf32le "},
    {"UTF-32", " utf32 ucs4 iso10646ucs4 csucs4 "},
    {"x-user-defined", " xuserdefined "},
};

enum { LABEL = 60 };

/* Lower case letters and digits of a label; "" where it is too long to be one. */
static str letters(str label, char out[LABEL + 2])
{
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < label.len; i++) {
        char c = label.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c + 32);
        if ((c < 'a' || c > 'z') && (c < '0' || c > '9'))
            continue;
        if (n == LABEL)
            return S("");
        out[n++] = c;
    }
    return str_of(out, n);
}

/* The name whose list has the word. */
static const char *listed(str word)
{
    for (size_t i = 0; word.len && i < sizeof names / sizeof *names; i++) {
        const char *at = names[i].labels;
        while ((at = memmem(at, strlen(at), word.ptr, (size_t)word.len)) != NULL) {
            if (at[-1] == ' ' && at[word.len] == ' ')
                return names[i].name;
            at++;
        }
    }
    return NULL;
}

const char *label_name(str label)
{
    char clean[LABEL + 2];
    str word = letters(label, clean);
    const char *name = listed(word);
    /* "charset=utf-8", "3Dutf-8" of forgotten quoted-printable, "UTF-8format=flowed", "iso-8859-1//TRANSLIT" */
    static const char *const noise[] = {"charset", "3d", "xcs", "cs", "x"};
    for (size_t i = 0; !name && i < sizeof noise / sizeof *noise; i++)
        if (str_starts(word, str_c(noise[i])))
            name = listed(str_skip(word, (ptrdiff_t)strlen(noise[i])));
    static const char *const tails[] = {"formatflowed", "translit", "ignore", "delspyes", "quot"};
    for (size_t i = 0; !name && i < sizeof tails / sizeof *tails; i++) {
        ptrdiff_t at = str_find(word, str_c(tails[i]));
        if (at > 0)
            name = listed(str_first(word, at));
    }
    return name;
}

/* The digits that end a label, if letters of a maker of code pages stand before them. */
static str page_number(str word)
{
    static const char *const makers[] = {"", "cp", "xcp", "ibm", "csibm", "ms", "dos", "win", "windows", "xwindows", "codepage", "oem"};
    ptrdiff_t at = word.len;
    while (at > 0 && word.ptr[at - 1] >= '0' && word.ptr[at - 1] <= '9')
        at--;
    str digits = str_skip(word, at);
    while (str_starts(digits, S("0")))
        digits = str_skip(digits, 1);
    for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
        if (digits.len >= 3 && digits.len <= 5 && str_eq(str_first(word, at), str_c(makers[i])))
            return digits;
    return STR_NONE;
}

bool label_guess(str label, int n, char *name)
{
    char clean[LABEL + 2];
    str word = letters(label, clean);
    str page = page_number(word);
    if (n == 0 && word.len) {
        /* As it stands, but for what iconv takes for a path or a flag. */
        ptrdiff_t to = 0;
        for (ptrdiff_t i = 0; i < label.len && to < LABEL; i++) {
            char c = label.ptr[i];
            bool good = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_' || c == '.' || c == ':' || c == '+';
            if (good)
                name[to++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
        }
        name[to] = 0;
        return true;
    }
    if (n == 1 && page.ptr) {
        snprintf(name, 64, "CP%.*s", STR_ARG(page));
        return true;
    }
    if (n == 2 && page.ptr) {
        snprintf(name, 64, "IBM%.*s", STR_ARG(page));
        return true;
    }
    return false;
}
