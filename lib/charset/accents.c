#include "charset/charset.h"

/* What each character becomes: 0 itself, GONE nothing. Canonical decomposition without nonspacing marks; it always is one letter, no
 * longer than before. */
enum { GONE = 1, FIRST = 0x300, GREEK_EXTENDED = 0x1F00 };

#define TO(first, last, letter) [0x##first - FIRST ... 0x##last - FIRST] = 0x##letter
static const uint16_t low[0x700 - FIRST] = {
    /* accents, and points of Hebrew and Arabic */
    TO(300, 36F, 1), TO(483, 487, 1), TO(591, 5BD, 1), TO(5BF, 5BF, 1), TO(5C1, 5C2, 1), TO(5C4, 5C5, 1), TO(5C7, 5C7, 1),
    TO(610, 61A, 1), TO(64B, 65F, 1), TO(670, 670, 1), TO(6D6, 6DC, 1), TO(6DF, 6E4, 1), TO(6E7, 6E8, 1), TO(6EA, 6ED, 1),
    /* Greek */
    TO(386, 386, 391), TO(388, 388, 395), TO(389, 389, 397), TO(38A, 38A, 399), TO(38C, 38C, 39F), TO(38E, 38E, 3A5),
    TO(38F, 38F, 3A9), TO(390, 390, 3B9), TO(3AA, 3AA, 399), TO(3AB, 3AB, 3A5), TO(3AC, 3AC, 3B1), TO(3AD, 3AD, 3B5),
    TO(3AE, 3AE, 3B7), TO(3AF, 3AF, 3B9), TO(3B0, 3B0, 3C5), TO(3CA, 3CA, 3B9), TO(3CB, 3CB, 3C5), TO(3CC, 3CC, 3BF),
    TO(3CD, 3CD, 3C5), TO(3CE, 3CE, 3C9), TO(3D3, 3D4, 3D2),
    /* Cyrillic */
    TO(400, 401, 415), TO(403, 403, 413), TO(407, 407, 406), TO(40C, 40C, 41A), TO(40D, 40D, 418), TO(40E, 40E, 423),
    TO(419, 419, 418), TO(439, 439, 438), TO(450, 451, 435), TO(453, 453, 433), TO(457, 457, 456), TO(45C, 45C, 43A),
    TO(45D, 45D, 438), TO(45E, 45E, 443), TO(476, 476, 474), TO(477, 477, 475), TO(4C1, 4C1, 416), TO(4C2, 4C2, 436),
    TO(4D0, 4D0, 410), TO(4D1, 4D1, 430), TO(4D2, 4D2, 410), TO(4D3, 4D3, 430), TO(4D6, 4D6, 415), TO(4D7, 4D7, 435),
    TO(4DA, 4DA, 4D8), TO(4DB, 4DB, 4D9), TO(4DC, 4DC, 416), TO(4DD, 4DD, 436), TO(4DE, 4DE, 417), TO(4DF, 4DF, 437),
    TO(4E2, 4E2, 418), TO(4E3, 4E3, 438), TO(4E4, 4E4, 418), TO(4E5, 4E5, 438), TO(4E6, 4E6, 41E), TO(4E7, 4E7, 43E),
    TO(4EA, 4EA, 4E8), TO(4EB, 4EB, 4E9), TO(4EC, 4EC, 42D), TO(4ED, 4ED, 44D), TO(4EE, 4EE, 423), TO(4EF, 4EF, 443),
    TO(4F0, 4F0, 423), TO(4F1, 4F1, 443), TO(4F2, 4F2, 423), TO(4F3, 4F3, 443), TO(4F4, 4F4, 427), TO(4F5, 4F5, 447),
    TO(4F8, 4F8, 42B), TO(4F9, 4F9, 44B),
    /* Arabic */
    TO(622, 623, 627), TO(624, 624, 648), TO(625, 625, 627), TO(626, 626, 64A), TO(6C0, 6C0, 6D5), TO(6C2, 6C2, 6C1),
    TO(6D3, 6D3, 6D2),
};
#undef TO

#define TO(first, last, letter) [0x##first - GREEK_EXTENDED ... 0x##last - GREEK_EXTENDED] = 0x##letter
static const uint16_t greek_extended[0x100] = {
    TO(1F00, 1F07, 3B1), TO(1F08, 1F0F, 391), TO(1F10, 1F15, 3B5), TO(1F18, 1F1D, 395), TO(1F20, 1F27, 3B7), TO(1F28, 1F2F, 397),
    TO(1F30, 1F37, 3B9), TO(1F38, 1F3F, 399), TO(1F40, 1F45, 3BF), TO(1F48, 1F4D, 39F), TO(1F50, 1F57, 3C5), TO(1F59, 1F59, 3A5),
    TO(1F5B, 1F5B, 3A5), TO(1F5D, 1F5D, 3A5), TO(1F5F, 1F5F, 3A5), TO(1F60, 1F67, 3C9), TO(1F68, 1F6F, 3A9), TO(1F70, 1F71, 3B1),
    TO(1F72, 1F73, 3B5), TO(1F74, 1F75, 3B7), TO(1F76, 1F77, 3B9), TO(1F78, 1F79, 3BF), TO(1F7A, 1F7B, 3C5), TO(1F7C, 1F7D, 3C9),
    TO(1F80, 1F87, 3B1), TO(1F88, 1F8F, 391), TO(1F90, 1F97, 3B7), TO(1F98, 1F9F, 397), TO(1FA0, 1FA7, 3C9), TO(1FA8, 1FAF, 3A9),
    TO(1FB0, 1FB4, 3B1), TO(1FB6, 1FB7, 3B1), TO(1FB8, 1FBC, 391), TO(1FBE, 1FBE, 3B9), TO(1FC2, 1FC4, 3B7), TO(1FC6, 1FC7, 3B7),
    TO(1FC8, 1FC9, 395), TO(1FCA, 1FCC, 397), TO(1FD0, 1FD3, 3B9), TO(1FD6, 1FD7, 3B9), TO(1FD8, 1FDB, 399), TO(1FE0, 1FE3, 3C5),
    TO(1FE4, 1FE5, 3C1), TO(1FE6, 1FE7, 3C5), TO(1FE8, 1FEB, 3A5), TO(1FEC, 1FEC, 3A1), TO(1FF2, 1FF4, 3C9), TO(1FF6, 1FF7, 3C9),
    TO(1FF8, 1FF9, 39F), TO(1FFA, 1FFC, 3A9),
};
#undef TO

static uint32_t plain(uint32_t cp)
{
    uint32_t to = 0;
    if (cp >= FIRST && cp < 0x700)
        to = low[cp - FIRST];
    else if (cp >= GREEK_EXTENDED && cp < GREEK_EXTENDED + 0x100)
        to = greek_extended[cp - GREEK_EXTENDED];
    return to ? to : cp;
}

/* From i on, the first octet that begins a character from U+0300 to U+06FF, or one from U+1000 to U+1FFF; text.len where there is none. */
static ptrdiff_t find_accents(str text, ptrdiff_t i)
{
    for (;; i++) {
        i += utf8_ascii_prefix(str_skip(text, i));
        unsigned char c = i < text.len ? (unsigned char)text.ptr[i] : 0;
        if (i == text.len || (c >= 0xCC && c <= 0xDB) || c == 0xE1)
            return i;
    }
}

str charset_without_accents(arena *a, str text)
{
    struct buf to = {.mem = a};
    ptrdiff_t done = 0; /* octets of text that are in the buffer */
    for (ptrdiff_t i = find_accents(text, 0); i < text.len; i = find_accents(text, i)) {
        uint32_t cp, letter;
        int n = utf8_decode(str_skip(text, i), &cp);
        letter = plain(cp);
        if (letter != cp) {
            char octets[4];
            if (!to.cap)
                to = buf_new(a, text.len + 1);
            buf_put(&to, str_slice(text, done, i));
            if (letter != GONE)
                buf_put(&to, str_of(octets, utf8_encode(letter, octets)));
            done = i + n;
        }
        i += n;
    }
    if (!to.cap)
        return text;
    buf_put(&to, str_skip(text, done));
    return buf_str(&to);
}
