#include "contact/lines.h"

enum { SEPARATORS = 3 /* octets between two digits; more end a number: " (0)" has two */ };

/* A run of digits and what may stand between them. */
struct span {
    ptrdiff_t from, to;
    int digits;
    bool plus, parted;
};

static bool is_between(char c) { return c == ' ' || c == '-' || c == '.' || c == '/' || c == '(' || c == ')'; }

static bool begins(str line, ptrdiff_t i)
{
    char c = line.ptr[i], before = i > 0 ? line.ptr[i - 1] : ' ';
    bool next = i + 1 < line.len && (contact_is_digit(line.ptr[i + 1]) || line.ptr[i + 1] == '(');
    if (contact_is_word(before) || before == '+' || before == '-' || before == '.' || before == '/' || before == '#' || before == '_' ||
        before == '@' || before == '=' || before == '$' || before == ')')
        return false;
    return contact_is_digit(c) || ((c == '+' || c == '(') && next);
}

static struct span span_at(str line, ptrdiff_t i)
{
    struct span s = {.from = i, .to = i, .plus = line.ptr[i] == '+'};
    int open = 0, between = 0, last_open = 0;
    for (ptrdiff_t k = s.plus ? i + 1 : i; k < line.len && between <= SEPARATORS; k++) {
        char c = line.ptr[k];
        if (contact_is_digit(c)) {
            s.parted = s.parted || (between && s.digits);
            s.digits++;
            s.to = k + 1;
            last_open = open;
            between = 0;
        } else if (is_between(c)) {
            open += (c == '(') - (c == ')');
            between++;
        } else {
            break;
        }
    }
    if (last_open == 1 && s.to < line.len && line.ptr[s.to] == ')')
        s.to++;
    return s;
}

/* How long the runs of digits are, and what stands between them: at most 8. */
struct groups {
    int n, length[8];
    char separator[8];
};

static struct groups groups_of(str number)
{
    struct groups g = {.n = 1};
    for (ptrdiff_t i = 0; i < number.len; i++)
        if (contact_is_digit(number.ptr[i]))
            g.length[g.n - 1]++;
        else if (g.length[g.n - 1] && g.n < 8)
            g.separator[g.n++ - 1] = number.ptr[i];
    return g;
}

/* 2026-08-22, 22.08.2026, 22/8/26, 192.168.10.20. */
static bool is_date_or_host(const struct groups *g)
{
    bool same = g->n >= 3 && g->separator[0] == g->separator[1];
    bool short_groups = g->length[0] <= 3 && g->length[1] <= 3 && g->length[2] <= 3;
    if (same && g->n >= 4 && g->separator[0] == '.' && g->separator[2] == '.' && short_groups && g->length[3] <= 3 && g->n == 4)
        return true;
    bool year_first = g->length[0] == 4 && g->length[1] <= 2 && g->length[2] <= 2;
    bool year_last = g->length[0] <= 2 && g->length[1] <= 2 && (g->length[2] == 4 || g->length[2] == 2);
    return same && g->separator[0] != ' ' && (year_first || (year_last && g->n == 3));
}

/* (555) 123-4567, 555-123-4567, 555.123.4567 */
static bool is_north_american(const struct groups *g)
{
    return g->n == 3 && g->length[0] == 3 && g->length[1] == 3 && g->length[2] == 4 && g->separator[0] != ' ';
}

/* ---- the word before ------------------------------------------------------------------------------------- */

static const struct {
    const char *word, *kind;
} labels[] = {{"tel", "phone"},       {"telephone", "phone"}, {"phone", "phone"},   {"fon", "phone"},     {"telefon", "phone"}, {"office", "phone"},
              {"direct", "phone"},    {"call", "phone"},      {"t", "phone"},       {"p", "phone"},       {"ph", "phone"},      {"hotline", "phone"},
              {"t\xC3\xA9l", "phone"}, {"t\xC3\xA9l\xC3\xA9phone", "phone"}, {"tel\xC3\xA9""fono", "phone"}, {"mobile", "mobile"}, {"mobil", "mobile"},
              {"mob", "mobile"},      {"cell", "mobile"},     {"handy", "mobile"},  {"m", "mobile"},      {"whatsapp", "mobile"}, {"gsm", "mobile"},
              {"fax", "fax"},         {"telefax", "fax"},     {"f", "fax"}};

/* The word that a number follows: its kind, NULL where it is no label. *word: there is one at all. A letter alone needs its colon or point. */
static const char *label_before(str line, ptrdiff_t i, bool *word)
{
    bool mark = false;
    while (i > 0 && (line.ptr[i - 1] == ' ' || line.ptr[i - 1] == '\t' || line.ptr[i - 1] == ':' || line.ptr[i - 1] == '.'))
        mark = line.ptr[--i] == ':' || line.ptr[i] == '.' || mark;
    ptrdiff_t end = i;
    while (i > 0 && contact_is_word(line.ptr[i - 1]))
        i--;
    str last = str_slice(line, i, end);
    *word = last.len > 0;
    for (size_t k = 0; k < sizeof labels / sizeof *labels; k++)
        if (str_eq_nocase(last, str_c(labels[k].word)))
            return last.len > 1 || mark ? labels[k].kind : NULL;
    return NULL;
}

/* It is part of something else: "1-866-858-HOST", an address. */
static bool goes_on(str line, ptrdiff_t i)
{
    char c = i < line.len ? line.ptr[i] : ' ', next = i + 1 < line.len ? line.ptr[i + 1] : ' ';
    return contact_is_word(c) || c == '@' || c == '_' || (c == '-' && contact_is_word(next));
}

static bool is_phone(str line, const struct span *s, bool signed_by, const char **kind)
{
    bool word;
    str text = str_slice(line, s->from, s->to);
    struct groups g = groups_of(text);
    *kind = label_before(line, s->from, &word);
    bool labelled = *kind != NULL;
    if (!labelled)
        *kind = "phone";
    if (s->digits < CONTACT_DIGITS_MIN || s->digits > CONTACT_DIGITS_MAX)
        return false;
    if (goes_on(line, s->to))
        return false;
    if (s->plus)
        return text.ptr[1] != '0' && (labelled || s->parted || signed_by);
    if (is_date_or_host(&g))
        return false;
    if (labelled)
        return true;
    return signed_by && !word && s->parted && (text.ptr[0] == '0' || str_starts(text, S("(0")) || is_north_american(&g));
}

/* "+49 (0)30 1234" and "0049 30 1234" are +49301234. */
static str digits_of(arena *a, str text, bool plus)
{
    char *to = arena_alloc(a, CONTACT_DIGITS_MAX + 1, 1);
    ptrdiff_t n = 0;
    bool abroad = !plus && str_starts(text, S("00"));
    if (plus || abroad)
        to[n++] = '+';
    for (ptrdiff_t i = abroad ? 2 : 0; i < text.len && n <= CONTACT_DIGITS_MAX; i++) {
        if (n > 1 && to[0] == '+' && str_starts(str_skip(text, i), S("(0)")))
            i += 2;
        else if (contact_is_digit(text.ptr[i]))
            to[n++] = text.ptr[i];
    }
    return str_of(to, n);
}

static void add_phone(const struct contact_phone *p, struct contact *out)
{
    for (int i = 0; i < out->n_phones; i++)
        if (str_eq(out->phone[i].number, p->number))
            return;
    if (out->n_phones < CONTACT_PHONES)
        out->phone[out->n_phones++] = *p;
}

/* The next number of a line at or behind *i. */
static bool next_phone(str line, ptrdiff_t *i, bool signed_by, struct span *s, const char **kind)
{
    while (*i < line.len) {
        if (!begins(line, *i)) {
            ++*i;
            continue;
        }
        *s = span_at(line, *i);
        *i = s->to > *i ? s->to : *i + 1;
        if (is_phone(line, s, signed_by, kind))
            return true;
    }
    return false;
}

void contact_find_phones(arena *a, str line, bool signed_by, struct contact *out)
{
    struct span s;
    const char *kind;
    for (ptrdiff_t i = 0; next_phone(line, &i, signed_by, &s, &kind);) {
        str text = str_slice(line, s.from, s.to);
        add_phone(&(struct contact_phone){digits_of(a, text, s.plus), text, str_c(kind)}, out);
    }
}

bool contact_has_phone(str line)
{
    struct span s;
    const char *kind;
    ptrdiff_t i = 0;
    return next_phone(line, &i, true, &s, &kind);
}
