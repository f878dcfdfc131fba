#include "store/fulltext.h"

#include "charset/charset.h"

#include <endian.h>

/* ---- which characters ------------------------------------------------------------------------------- */

struct range {
    uint32_t first, last;
};
static const struct range unspaced[] = {
    {0x3005, 0x3007},   /* iteration mark, closing mark, zero */
    {0x3041, 0x3096},   {0x3099, 0x309A}, {0x309D, 0x309F}, /* Hiragana */
    {0x30A1, 0x30FA},   {0x30FC, 0x30FF}, {0x31F0, 0x31FF}, /* Katakana, its long mark among them */
    {0x3400, 0x4DBF},   {0x4E00, 0x9FFF}, /* Han */
    {0xAC00, 0xD7A3},   /* Hangul */
    {0xF900, 0xFAFF},   /* compatibility Han */
    {0xFF66, 0xFF9F},   /* half-width Katakana */
    {0x20000, 0x3FFFF}, /* Han of the planes beyond */
};

static bool is_unspaced(uint32_t cp)
{
    if (cp < 0x3005)
        return false;
    for (size_t i = 0; i < sizeof unspaced / sizeof *unspaced; i++)
        if (cp <= unspaced[i].last)
            return cp >= unspaced[i].first;
    return false;
}

/* U+FF01 to U+FF5E are ASCII in full width. */
static uint32_t plain_width(uint32_t cp) { return cp >= 0xFF01 && cp <= 0xFF5E ? cp - 0xFF01 + 0x21 : cp; }

/* The first octet that may begin a character from U+3000 on: 0xE3 and above. text.len where there is none. */
static ptrdiff_t find_high(str text)
{
    ptrdiff_t i = utf8_ascii_prefix(text);
    while (i < text.len && (unsigned char)text.ptr[i] < 0xE3)
        i += 1 + utf8_ascii_prefix(str_skip(text, i + 1));
    return i;
}

/* ---- runs to pairs ---------------------------------------------------------------------------------- */

static void put_char(struct buf *to, uint32_t cp)
{
    char octets[4];
    buf_put(to, str_of(octets, utf8_encode(cp, octets)));
}

/* The run at the start of text: its pairs, and its last character alone if `alone`. Returns the octets it took; *count its
 * characters. */
static ptrdiff_t put_run(struct buf *to, str text, bool alone, ptrdiff_t *count)
{
    ptrdiff_t i = 0;
    uint32_t before = 0;
    *count = 0;
    while (i < text.len) {
        uint32_t cp;
        int n = utf8_decode(str_skip(text, i), &cp);
        if (!is_unspaced(cp))
            break;
        if (before) {
            buf_byte(to, ' ');
            put_char(to, before);
            put_char(to, cp);
        }
        before = cp;
        ++*count;
        i += n;
    }
    if (alone || *count == 1) {
        buf_byte(to, ' ');
        put_char(to, before);
    }
    buf_byte(to, ' ');
    return i;
}

str text_for_index(arena *a, str text)
{
    text = charset_without_accents(a, text);
    ptrdiff_t i = find_high(text);
    if (i == text.len)
        return text;
    struct buf to = buf_new(a, text.len + text.len / 2 + 16);
    buf_put(&to, str_first(text, i));
    while (i < text.len) {
        uint32_t cp;
        int n = utf8_decode(str_skip(text, i), &cp);
        if (is_unspaced(cp)) {
            ptrdiff_t count;
            i += put_run(&to, str_skip(text, i), true, &count);
            continue;
        }
        uint32_t plain = plain_width(cp);
        if (plain != cp)
            buf_byte(&to, (char)plain);
        else
            buf_put(&to, str_slice(text, i, i + n));
        i += n;
        ptrdiff_t next = find_high(str_skip(text, i));
        buf_put(&to, str_slice(text, i, i + next));
        i += next;
    }
    return buf_str(&to);
}

static void put_quoted(struct buf *to, uint32_t cp)
{
    if (cp == '"')
        buf_put(to, S("\"\""));
    else if (cp == 0)
        buf_byte(to, ' ');
    else
        put_char(to, cp);
}

static bool may_be_word(uint32_t cp)
{
    return cp >= 0x80 || (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z');
}

/* A run that ends the query may go on in the text: it asks for its pairs only. One that is followed by something ends in
 * the text too, and there its last character stands alone behind the pairs. */
str text_for_query(arena *a, str words, bool prefix)
{
    struct buf to = buf_new(a, words.len * 2 + 8);
    bool some = false;
    words = str_trim(charset_without_accents(a, words));
    buf_byte(&to, '"');
    for (ptrdiff_t i = 0; i < words.len;) {
        uint32_t cp;
        int n = utf8_decode(str_skip(words, i), &cp);
        if (!is_unspaced(cp)) {
            cp = plain_width(cp);
            some |= may_be_word(cp);
            put_quoted(&to, cp);
            i += n;
            continue;
        }
        struct buf run = buf_new(a, 64);
        ptrdiff_t count, taken = put_run(&run, str_skip(words, i), false, &count);
        if (i + taken < words.len && count > 1) {
            run.len = 0;
            put_run(&run, str_skip(words, i), true, &count);
        }
        buf_put(&to, buf_str(&run));
        i += taken;
        some = true;
        prefix |= i == words.len && count == 1;
    }
    buf_put(&to, prefix ? S("\" *") : S("\""));
    return some ? buf_str(&to) : S("");
}

/* ---- the columns ------------------------------------------------------------------------------------ */

static str people(arena *a, const struct addresses *list)
{
    if (list->n == 0)
        return S("");
    struct buf to = buf_new(a, 128);
    for (ptrdiff_t i = 0; i < list->n; i++) {
        if (i)
            buf_put(&to, S(", "));
        buf_put(&to, list->item[i].name);
        buf_byte(&to, ' ');
        buf_put(&to, list->item[i].email);
    }
    return text_for_index(a, buf_str(&to));
}

static str filenames(arena *a, const struct email *m)
{
    if (m->n_attachments == 0)
        return S("");
    struct buf to = buf_new(a, 128);
    for (ptrdiff_t i = 0; i < m->n_attachments; i++) {
        if (!m->attachments[i].name.len)
            continue;
        if (to.len)
            buf_put(&to, S(", "));
        buf_put(&to, m->attachments[i].name);
    }
    return text_for_index(a, buf_str(&to));
}

static str one(arena *a, str text) { return text.ptr ? text_for_index(a, text) : S(""); }

void index_texts_of(arena *a, const struct email *m, struct index_texts *out)
{
    out->subject = one(a, m->subject);
    out->from = people(a, &m->from);
    out->to = people(a, &m->to);
    out->cc = people(a, &m->cc);
    out->bcc = people(a, &m->bcc);
    out->filename = filenames(a, m);
    out->body = one(a, m->text);
}

/* Eight octets a step; little-endian, so that a store can be carried to another machine. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
    return hash ^ hash >> 29;
}

static uint64_t digest_text(uint64_t hash, str text)
{
    ptrdiff_t i = 0;
    uint64_t word;
    for (; i + 8 <= text.len; i += 8) {
        memcpy(&word, text.ptr + i, 8);
        hash = mix(hash, le64toh(word));
    }
    word = 0;
    for (int shift = 0; i < text.len; i++, shift += 8)
        word |= (uint64_t)(unsigned char)text.ptr[i] << shift;
    return mix(mix(hash, word), (uint64_t)text.len);
}

int64_t index_digest(const struct index_texts *t)
{
    const str column[] = {t->subject, t->from, t->to, t->cc, t->bcc, t->filename, t->body};
    uint64_t hash = EXTRACTION;
    for (size_t i = 0; i < sizeof column / sizeof *column; i++)
        hash = digest_text(hash, column[i]);
    return (int64_t)hash;
}
