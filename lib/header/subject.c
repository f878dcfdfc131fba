/* Base subjects (RFC 5256 2.1), and the prefixes that mailers of other languages write. */
#include "header/header.h"

struct prefix {
    const char *word;
    bool forward;
};

static const struct prefix strict[] = {{"re", false}, {"fwd", true}, {"fw", true}};

/* Longer ones before those that they begin with. VS is an answer in Finnish and a forward in Danish: it counts as an answer. */
static const struct prefix wide[] = {
    {"re", false}, {"fwd", true}, {"fw", true}, {"antwort", false}, {"antw", false}, {"aw", false}, {"wg", true}, {"sv", false},
    {"vs", false}, {"vb", true}, {"vl", true}, {"odp", false}, {"pd", true}, {"rv", true}, {"res", false}, {"enc", true}, {"tr", true},
    {"ref", false}, {"rif", false}, {"r", false}, {"i", true}, {"ynt", false}, {"ilt", true}, {"doorst", true}, {"bls", false},
    {"trs", true}, {"atb", false}, {"ots", false}, {"yml", true}, {"\xc4\xb0lt", true}, {"v\xc3\xa1lasz", false}, {"v\xc3\xa1", false},
    {"V\xc3\x81", false}, {"tov\xc3\xa1" "bb\xc3\xadtva", true}, {"\xce\x91\xcf\x80", false}, {"\xce\xa0\xcf\x81\xce\xb8", true},
    {"\xce\xa3\xce\xa7\xce\x95\xce\xa4", false}, {"\xd0\x9d\xd0\xb0", false}, {"\xd0\x9e\xd1\x82\xd0\xb2", false},
    {"\xd0\x9e\xd1\x82\xd0\xb2\xd0\xb5\xd1\x82", false}, {"\xd7\xaa\xd7\xa9\xd7\x95\xd7\x91\xd7\x94", false},
    {"\xd7\x94\xd7\x95\xd7\xa2\xd7\x91\xd7\xa8", true}, {"\xd8\xb1\xd8\xaf", false}, {"\xe5\x9b\x9e\xe5\xa4\x8d", false},
    {"\xe5\x9b\x9e\xe8\xa6\x86", false}, {"\xe7\xad\x94\xe5\xa4\x8d", false}, {"\xe7\xad\x94\xe8\xa6\x86", false},
    {"\xe8\xbd\xac\xe5\x8f\x91", true}, {"\xe8\xbd\x89\xe5\xaf\x84", true}, {"\xe8\xbf\x94\xe4\xbf\xa1", false},
    {"\xe8\xbb\xa2\xe9\x80\x81", true}, {"\xed\x9a\x8c\xec\x8b\xa0", false}, {"\xeb\x8b\xb5\xec\x9e\xa5", false},
    {"\xec\xa0\x84\xeb\x8b\xac", true},
};

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

static str fold_spaces(arena *a, str s)
{
    struct buf out = buf_new(a, s.len + 1);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = is_space(s.ptr[i]) ? ' ' : s.ptr[i];
        if (c != ' ' || (out.len && out.ptr[out.len - 1] != ' '))
            buf_byte(&out, c);
    }
    return str_trim(buf_str(&out));
}

static str skip_spaces(str s)
{
    while (s.len && is_space(s.ptr[0]))
        s = str_skip(s, 1);
    return s;
}

/* Behind a subj-blob `[text] ` at the beginning; false: there is none. */
static bool skip_blob(str s, str *rest)
{
    if (!s.len || s.ptr[0] != '[')
        return false;
    for (ptrdiff_t i = 1; i < s.len && s.ptr[i] != '['; i++)
        if (s.ptr[i] == ']') {
            *rest = skip_spaces(str_skip(s, i + 1));
            return true;
        }
    return false;
}

/* How often it was answered: Re[2], Re(2), Re^2, Re2, AW*3. */
static str skip_count(str s)
{
    ptrdiff_t i = 0, digits = 0;
    char open = s.len ? s.ptr[0] : 0;
    if (open == '(' || open == '^' || open == '*')
        i++;
    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++)
        digits++;
    if (!digits || digits > 3)
        return s;
    if (open == '(' && (i == s.len || s.ptr[i++] != ')'))
        return s;
    return str_skip(s, i);
}

/* Behind `re *WSP [subj-blob] ":"`; false: there is none. */
static bool skip_refwd(str s, enum subject_rules rules, str *rest, bool *forward)
{
    const struct prefix *list = rules == SUBJECT_WIDE ? wide : strict;
    size_t n = rules == SUBJECT_WIDE ? sizeof wide / sizeof *wide : sizeof strict / sizeof *strict;
    for (size_t i = 0; i < n; i++) {
        str word = str_c(list[i].word);
        if (!str_starts_nocase(s, word))
            continue;
        str after = str_skip(s, word.len), blob;
        if (rules == SUBJECT_WIDE)
            after = skip_count(after);
        after = skip_spaces(after);
        if (skip_blob(after, &blob))
            after = blob;
        ptrdiff_t colon = str_starts(after, S(":")) ? 1 : rules == SUBJECT_WIDE && str_starts(after, S("\xEF\xBC\x9A")) ? 3 : 0;
        if (!colon)
            continue;
        *rest = str_skip(after, colon);
        *forward = list[i].forward;
        return true;
    }
    return false;
}

/* Steps 2 and 6: "(fwd)" at the end; *forward where one was taken. */
static str cut_trailers(str s, bool *forward)
{
    for (;;) {
        s = str_trim_right(s);
        if (s.len < 5 || !str_eq_nocase(str_skip(s, s.len - 5), S("(fwd)")))
            return s;
        s.len -= 5;
        *forward = true;
    }
}

/* Step 3: one `*subj-blob subj-refwd` or white space. Blobs alone are left to step 4. */
static bool cut_leader(str *s, enum subject_rules rules, struct base_subject *out)
{
    str rest = skip_spaces(*s), inner;
    bool forward;
    while (skip_blob(rest, &rest))
        continue;
    if (!skip_refwd(rest, rules, &inner, &forward))
        return false;
    out->reply = out->reply || !forward;
    out->forward = out->forward || forward;
    *s = inner;
    return true;
}

/* Step 4: blobs go as long as they leave something. */
static str cut_blobs(str s)
{
    str rest;
    while (skip_blob(s, &rest) && rest.len)
        s = rest;
    return s;
}

void header_base_subject(arena *a, str subject, enum subject_rules rules, struct base_subject *out)
{
    *out = (struct base_subject){0};
    str s = fold_spaces(a, subject);
    for (;;) {
        s = cut_trailers(s, &out->forward);
        while (cut_leader(&s, rules, out))
            continue;
        s = cut_blobs(skip_spaces(s));
        if (!str_starts_nocase(s, S("[fwd:")) || !str_ends(s, S("]")))
            break;
        s = str_slice(s, 5, s.len - 1);
        out->forward = true;
    }
    out->text = s.ptr ? s : S("");
}
