#include "contact/lines.h"

enum {
    SHORT_LINE = 72,     /* characters of a line of a signature without "-- " */
    SENTENCE_WORDS = 5,  /* words from which on a line with a full stop is a sentence */
    NAME_WORDS = 4,
    COMPANY_WORDS = 7
};

/* ---- own lines ------------------------------------------------------------------------------------------- */

/* Where an older message stands below without '>': Outlook and others. */
static bool is_divider(str line)
{
    static const char *const words[] = {"-----original message", "-----urspr", "----- original message", "---- original message",
                                        "---------- forwarded message",
                                        "-------- original message", "-------- forwarded message", "begin forwarded message", "________________"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_starts_nocase(line, str_c(words[i])))
            return true;
    return false;
}

/* "On Monday Ann wrote:", where a quoted line comes next. */
static bool is_attribution(str line) { return str_ends(line, S(":")); }

static bool is_quoted(str line) { return str_starts(line, S(">")) || str_starts(line, S("|>")) || str_starts(line, S(" >")); }

/* What stands before a quoted line and belongs to it, in one line or two. */
static int without_attribution(const struct own_lines *own)
{
    int n = own->n;
    while (n > 0 && !str_trim(own->line[n - 1]).len)
        n--;
    if (n == 0 || !is_attribution(str_trim_right(own->line[n - 1])))
        return own->n;
    n--;
    return n > 0 && str_starts(own->line[n - 1], S("On ")) ? n - 1 : n;
}

struct own_lines contact_own_lines(arena *a, str text)
{
    struct own_lines own = {ARENA_ARRAY(a, str, CONTACT_LINES), 0};
    str line;
    bool quoted = false;
    text = utf8_first(text, CONTACT_TEXT);
    for (int n = 0; text.len && n < CONTACT_LINES; n++) {
        str_cut(text, '\n', &line, &text);
        if (str_ends(line, S("\r")))
            line = str_first(line, line.len - 1);
        if (is_divider(line))
            break;
        if (is_quoted(line) && !quoted)
            own.n = without_attribution(&own);
        quoted = is_quoted(line);
        if (!quoted)
            own.line[own.n++] = line;
    }
    return own;
}

/* ---- words ----------------------------------------------------------------------------------------------- */

/* The next word of a line, at white space. */
static bool next_word(str *line, str *word)
{
    *line = str_trim(*line);
    ptrdiff_t i = 0;
    while (i < line->len && line->ptr[i] != ' ' && line->ptr[i] != '\t')
        i++;
    *word = str_first(*line, i);
    *line = str_skip(*line, i);
    return i > 0;
}

static int count_words(str line)
{
    str word;
    int n = 0;
    while (next_word(&line, &word))
        n++;
    return n;
}

static bool is_upper(char c) { return (c >= 'A' && c <= 'Z') || ((unsigned char)c & 0x80); }

bool contact_is_greeting(str line)
{
    static const char *const words[] = {"best", "best regards", "kind regards", "warm regards", "regards", "many thanks", "thanks", "thank you",
                                        "cheers",
                                        "yours sincerely", "sincerely", "yours", "yours faithfully", "all the best", "best wishes",
                                        "with best regards",
                                        "with kind regards", "thanks and regards", "sincerely yours", "respectfully",
                                        ("mit freundlichen gr\xC3\xBC\xC3\x9F" "en"),
                                        ("freundliche gr\xC3\xBC\xC3\x9F" "e"), ("viele gr\xC3\xBC\xC3\x9F" "e"), ("beste gr\xC3\xBC\xC3\x9F" "e"),
                                        ("liebe gr\xC3\xBC\xC3\x9F" "e"),
                                        "mfg", "lg", "cordialement", "bien cordialement", "saludos", "saluti", "cordiali saluti",
                                        "med v\xC3\xA4nlig h\xC3\xA4lsning"};
    line = str_trim(line);
    while (line.len && (line.ptr[line.len - 1] == ',' || line.ptr[line.len - 1] == '!' || line.ptr[line.len - 1] == '.'))
        line = str_first(line, line.len - 1);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq_nocase(line, str_c(words[i])))
            return true;
    return false;
}

bool contact_is_name(str line)
{
    str word;
    int n = 0;
    for (ptrdiff_t i = 0; i < line.len; i++)
        if (!contact_is_word(line.ptr[i]) && line.ptr[i] != ' ' && line.ptr[i] != '.' && line.ptr[i] != '-' && line.ptr[i] != '\'')
            return false;
        else if (contact_is_digit(line.ptr[i]))
            return false;
    while (next_word(&line, &word)) {
        bool joins = str_eq(word, S("van")) || str_eq(word, S("von")) || str_eq(word, S("de")) || str_eq(word, S("der")) || str_eq(word, S("da"));
        if (!is_upper(word.ptr[0]) && !joins)
            return false;
        n++;
    }
    return n >= 2 && n <= NAME_WORDS;
}

/* ---- the signature --------------------------------------------------------------------------------------- */

static bool is_empty(str line) { return !str_trim(line).len; }

static bool is_delimiter(str line) { return str_eq(line, S("-- ")) || str_eq(line, S("--")); } /* RFC3676-4.3; many lose the space */

static bool has_place(str line)
{
    return str_find_nocase(line, S("http://")) >= 0 || str_find_nocase(line, S("https://")) >= 0 || str_find_nocase(line, S("www.")) >= 0;
}

static bool reads_as_sentence(str line)
{
    line = str_trim(line);
    char end = line.len ? line.ptr[line.len - 1] : ' ';
    return (end == '.' || end == '?' || end == '!' || end == ':') && count_words(line) >= SENTENCE_WORDS;
}

static bool says_name(str line, str name)
{
    line = str_trim(line);
    return name.len && str_starts_nocase(line, name) && (line.len == name.len || !contact_is_word(line.ptr[name.len]));
}

/* Neither what a mailing list or a provider adds, nor the version of a program (git format-patch). */
static bool is_of_person(const struct own_lines *own, int from, int to)
{
    static const char *const added[] = {"unsubscri", "(un)subscri", "mailing list", "listinfo", "sponsored by", "do you yahoo"};
    bool letters = false;
    for (int i = from; i < to; i++) {
        str line = own->line[i];
        for (size_t k = 0; k < sizeof added / sizeof *added; k++)
            if (str_find_nocase(line, str_c(added[k])) >= 0)
                return false;
        for (ptrdiff_t j = 0; j < line.len; j++)
            letters = letters || (contact_is_word(line.ptr[j]) && !contact_is_digit(line.ptr[j]));
    }
    return letters;
}

/* Whether the block of lines may be signed with; *strong: something in it tells that it is. */
static bool looks_signed(const struct own_lines *own, str name, int from, int to, bool *strong)
{
    *strong = false;
    if (to - from > CONTACT_BLOCK_LINES || !is_of_person(own, from, to))
        return false;
    for (int i = from; i < to; i++) {
        str line = own->line[i];
        if (utf8_first_chars(line, SHORT_LINE).len < line.len || reads_as_sentence(line))
            return false;
        bool reached = contact_has_phone(line) || contact_company(line).len || (has_place(line) && contact_is_name(str_trim(own->line[from])));
        *strong = *strong || says_name(line, name) || (to - from > 1 && reached);
    }
    return true;
}

static int block_begin(const struct own_lines *own, int to)
{
    while (to > 0 && !is_empty(own->line[to - 1]))
        to--;
    return to;
}

static int skip_empty(const struct own_lines *own, int to)
{
    while (to > 0 && is_empty(own->line[to - 1]))
        to--;
    return to;
}

/* The last block; with the one above it where that begins with the name: "Mia Torres / Orchard Ltd", then numbers. */
static bool last_block(const struct own_lines *own, str name, int *from, int *to)
{
    bool strong, above_strong;
    *to = skip_empty(own, own->n);
    *from = block_begin(own, *to);
    if (*from == 0 || !looks_signed(own, name, *from, *to, &strong)) /* a message that is nothing but a signature is a message */
        return false;
    int above_end = skip_empty(own, *from), above = block_begin(own, above_end);
    while (above < above_end && contact_is_greeting(own->line[above]))
        above++;
    bool named = above > 0 && above < above_end && says_name(own->line[above], name);
    if (named && *to - above <= CONTACT_BLOCK_LINES + 1 && looks_signed(own, name, above, above_end, &above_strong)) {
        *from = above;
        strong = true;
    }
    while (*from < *to && contact_is_greeting(own->line[*from]))
        ++*from;
    return strong && *from < *to;
}

bool contact_signature(const struct own_lines *own, str name, int *from, int *to)
{
    for (int i = own->n - 1, end = own->n; i >= 0; i--) {
        if (!is_delimiter(own->line[i]))
            continue;
        *from = i + 1;
        *to = end;
        while (*from < *to && is_empty(own->line[*from]))
            ++*from;
        if (*to - *from > CONTACT_SIGNATURE_LINES)
            *to = *from + CONTACT_SIGNATURE_LINES;
        while (*to > *from && is_empty(own->line[*to - 1]))
            --*to;
        if (is_of_person(own, *from, *to))
            return true;
        end = i;
    }
    return last_block(own, name, from, to);
}

/* ---- companies ------------------------------------------------------------------------------------------- */

static bool is_legal_form(str word)
{
    static const char *const forms[] = {"Ltd", "Limited", "GmbH", "gGmbH", "AG", "KG", "OHG", "UG", "eG", "SE", "Inc", "Incorporated", "LLC",
                                        "LLP", "Corp",
                                        "Corporation", "PLC", "plc", "SA", "S.A", "SAS", "SARL", "S.\303\240.r.l", "S\303\240rl", "Srl", "S.r.l",
                                        "S.p.A", "SpA", "BV", "B.V", "NV",
                                        "N.V", "Oy", "Oyj", "AB", "ApS", "A/S", "AS", "Pty", "S.L", "Ltda", "Kft", "s.r.o", "e.V", "e.K", "KK"};
    while (word.len && (word.ptr[word.len - 1] == '.' || word.ptr[word.len - 1] == ','))
        word = str_first(word, word.len - 1);
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_eq(word, str_c(forms[i])))
            return true;
    return false;
}

static bool is_joining(str word)
{
    static const char *const words[] = {"&", "and", "und", "et", "y", "e", "of", "for", "the", "de", "du", "la", "le", "der", "die", "f\xC3\xBCr",
                                        "van", "von"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (str_eq(word, str_c(words[i])))
            return true;
    return false;
}

/* Words with capitals, the last of them a legal form. */
static bool is_company(str part)
{
    str rest = part, word, last = STR_NONE;
    int n = 0;
    while (next_word(&rest, &word)) {
        if (n && !is_upper(word.ptr[0]) && !contact_is_digit(word.ptr[0]) && !is_joining(word) && !is_legal_form(word))
            return false;
        last = word;
        n++;
    }
    return n >= 2 && n <= COMPANY_WORDS && is_legal_form(last);
}

/* Octets of what parts a line at i: "|", " - ", a middle dot, a bullet, a dash, a comma; 0: nothing. "Foo, Inc." is one part. */
static int parts_at(str line, ptrdiff_t i)
{
    str rest = str_skip(line, i), word;
    if (rest.ptr[0] == '|' || rest.ptr[0] == '\t' || rest.ptr[0] == ';')
        return 1;
    if (str_starts(rest, S(" - ")))
        return 3;
    if (str_starts(rest, S("\xC2\xB7")))
        return 2;
    if (str_starts(rest, S("\xE2\x80\xA2")) || str_starts(rest, S("\xE2\x80\x93")))
        return 3;
    if (!str_starts(rest, S(", ")))
        return 0;
    rest = str_skip(rest, 2);
    return next_word(&rest, &word) && is_legal_form(word) ? 0 : 2;
}

str contact_company(str line)
{
    ptrdiff_t from = 0;
    if (line.len > 4 * SHORT_LINE)
        return STR_NONE;
    for (ptrdiff_t i = 0; i <= line.len; i++) {
        int n = i < line.len ? parts_at(line, i) : 1;
        if (!n)
            continue;
        str part = str_trim(str_slice(line, from, i));
        if (is_company(part))
            return part;
        from = i + n;
        i = from - 1;
    }
    return STR_NONE;
}
