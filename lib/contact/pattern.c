#include "contact/lines.h"

#include <regex.h>

/* Forms of ids that shops and help desks write. A value has a digit and a mark or a word of its own before it: "order 500 boxes" is none. */
const char contact_default_patterns[] =
    "order order[ -]?(number|no\\.?|nr\\.?|id|ref\\.?|reference|code)?( is)? ?[:#] ?#?([A-Z]{0,6}-?[0-9][A-Z0-9/-]{2,23})\n"
    "order order[ -](number|no\\.?|nr\\.?|id|ref\\.?|reference) (is )?([A-Z]{0,6}-?[0-9][A-Z0-9/-]{2,23})\n"
    "order order ([A-Z]{1,6}-[0-9][A-Z0-9/-]{2,23})\n"
    "order (bestellnummer|bestell-?nr\\.?|auftragsnummer|auftrags-?nr\\.?) ?:? ?#?([A-Z]{0,6}-?[0-9][A-Z0-9/-]{2,23})\n"
    "ticket (ticket|case|incident|request)[ -]?(number|no\\.?|nr\\.?|id)? ?:? ?# ?([A-Z]{0,6}-?[0-9][A-Z0-9-]{2,23})\n"
    "ticket (ticket|case|incident)[ -](number|no\\.?|nr\\.?|id) ?:? ?([A-Z]{0,6}-?[0-9][A-Z0-9-]{2,23})\n"
    "ticket ticket:? ([A-Z]{1,6}-[0-9]{2,12})\n"
    "ticket (ticketnummer|ticket-?nr\\.?|vorgangsnummer|vorgangs-?nr\\.?) ?:? ?#?([A-Z]{0,6}-?[0-9][A-Z0-9-]{2,23})\n"
    "invoice (invoice|rechnung)[ -]?(number|nummer|no\\.?|nr\\.?|id)? ?[:#] ?#?([A-Z]{0,6}-?[0-9][A-Z0-9/-]{2,23})\n"
    "invoice (invoice|rechnung)[ -]?(number|nummer|no\\.?|nr\\.?) ([A-Z]{0,6}-?[0-9][A-Z0-9/-]{2,23})\n"
    "customer customer[ -](number|no\\.?|nr\\.?|id) ?:? ?#?([A-Z]{0,6}-?[0-9][A-Z0-9-]{2,23})\n"
    "customer (kundennummer|kunden-?nr\\.?) ?:? ?#?([A-Z]{0,6}-?[0-9][A-Z0-9-]{2,23})\n";

enum {
    GROUPS = 16,     /* of a pattern that can be its value */
    RETRIES = 8,     /* matches of a pattern in one line, those within a word included */
    NAME_OCTETS = 32 /* of a pattern's name */
};

struct pattern {
    str name;
    regex_t form;
    bool by_default;
};
struct contact_patterns {
    struct pattern item[2 * CONTACT_PATTERNS];
    int n;
};

/* ---- reading --------------------------------------------------------------------------------------------- */

struct reading {
    arena *mem;
    str what;
    int64_t line;
    struct err *err;
};

static bool wrong(const struct reading *r, const char *hint, const char *why)
{
    return err_set(r->err, ERR_CONFIG, "contact.pattern", hint, "%.*s: line %lld: %s", STR_ARG(r->what), (long long)r->line, why);
}

static bool is_name(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (!contact_is_word(s.ptr[i]) && s.ptr[i] != '-' && s.ptr[i] != '_')
            return false;
    return s.len > 0 && s.len <= NAME_OCTETS && utf8_valid(s);
}

/* The larger number of a {n,m} whose brace is at i; 1 where it is none. */
static int64_t repeats_at(str form, ptrdiff_t i)
{
    int64_t n = 0, most = 1;
    for (i++; i < form.len && form.ptr[i] != '}'; i++) {
        char c = form.ptr[i];
        n = contact_is_digit(c) && n <= CONTACT_REPEATS ? 10 * n + (c - '0') : c == ',' ? 0 : n;
        most = n > most ? n : most;
    }
    return most;
}

/* Braces within each other multiply; those side by side are counted as if they did. */
static bool has_bound(const struct reading *r, str form)
{
    int64_t repeats = 1;
    for (ptrdiff_t i = 0; i < form.len; i++) {
        if (form.ptr[i] == '{' && (repeats *= repeats_at(form, i)) > CONTACT_REPEATS)
            return wrong(r, "use + or *", "it repeats too often");
        if (form.ptr[i] != '\\' || i + 1 == form.len)
            continue;
        i++;
        if (contact_is_digit(form.ptr[i]))
            return wrong(r, NULL, "a pattern has no back references");
    }
    return true;
}

static bool compile(const struct reading *r, str form, regex_t *out)
{
    char text[200];
    if (form.len > CONTACT_PATTERN)
        return wrong(r, NULL, "the pattern is longer than 256 octets");
    if (!form.len || str_find_byte(form, 0) >= 0)
        return wrong(r, "a line is: name pattern", "it has no pattern");
    if (!has_bound(r, form))
        return false;
    int code = regcomp(out, str_z(r->mem, form), REG_EXTENDED | REG_ICASE);
    if (code == 0)
        return true;
    regerror(code, out, text, sizeof text);
    return wrong(r, "patterns are extended regular expressions, as of grep -E", text);
}

static bool read_line(const struct reading *r, str line, bool by_default, struct contact_patterns *out)
{
    str name, form;
    line = str_trim(line);
    if (!line.len || line.ptr[0] == '#')
        return true;
    ptrdiff_t i = 0;
    while (i < line.len && line.ptr[i] != ' ' && line.ptr[i] != '\t')
        i++;
    name = str_first(line, i);
    form = str_trim(str_skip(line, i));
    if (!is_name(name))
        return wrong(r, "a line is: name pattern", "a name has letters, digits, - and _, at most 32");
    struct pattern *p = &out->item[out->n];
    if (!compile(r, form, &p->form))
        return false;
    p->name = str_copy(r->mem, name);
    p->by_default = by_default;
    out->n++;
    return true;
}

static bool read_all(struct reading *r, str text, bool by_default, struct contact_patterns *out)
{
    int before = out->n;
    str line;
    for (r->line = 1; text.len; r->line++) {
        str_cut(text, '\n', &line, &text);
        if (out->n - before == CONTACT_PATTERNS)
            return wrong(r, NULL, "there are more than 64 patterns");
        if (!read_line(r, line, by_default, out))
            return false;
    }
    return true;
}

static void drop_defaults(struct contact_patterns *p, str name)
{
    int n = 0;
    for (int i = 0; i < p->n; i++)
        if (p->item[i].by_default && str_eq(p->item[i].name, name))
            regfree(&p->item[i].form);
        else
            p->item[n++] = p->item[i];
    p->n = n;
}

const struct contact_patterns *contact_patterns_read(arena *a, str text, str what, struct err *e)
{
    struct contact_patterns *p = ARENA_NEW(a, struct contact_patterns);
    struct reading r = {.mem = a, .what = S("the default patterns"), .err = e};
    if (!read_all(&r, str_c(contact_default_patterns), true, p))
        return NULL;
    r.what = what;
    if (!read_all(&r, text, false, p))
        return NULL;
    struct strs names = {0};
    for (int i = 0; i < p->n; i++)
        if (!p->item[i].by_default && !strs_have(&names, p->item[i].name))
            strs_add(a, &names, p->item[i].name);
    for (ptrdiff_t i = 0; i < names.n; i++)
        drop_defaults(p, names.item[i]);
    return p;
}

/* ---- matching -------------------------------------------------------------------------------------------- */

/* Not in the middle of a word or a number. */
static bool stands_free(str line, bool begun, ptrdiff_t from, ptrdiff_t to)
{
    bool joined = (begun || from > 0) && contact_is_word(line.ptr[from - 1]) && contact_is_word(line.ptr[from]);
    return !joined && !(to < line.len && contact_is_word(line.ptr[to - 1]) && contact_is_word(line.ptr[to]));
}

static void add_id(struct contact *out, str name, str value)
{
    for (int i = 0; i < out->n_ids; i++)
        if (str_eq(out->id[i].name, name) && str_eq_nocase(out->id[i].value, value))
            return;
    if (value.len && out->n_ids < CONTACT_IDS)
        out->id[out->n_ids++] = (struct contact_id){name, value};
}

/* line is ended by NUL, and has none in it. */
static void match_line(const struct pattern *p, str line, struct contact *out)
{
    regmatch_t at[GROUPS];
    for (int tries = 0; tries < RETRIES && line.len; tries++) {
        if (regexec(&p->form, line.ptr, GROUPS, at, tries ? REG_NOTBOL : 0) != 0 || at[0].rm_eo <= at[0].rm_so)
            return;
        int value = 0;
        for (int i = 1; i < GROUPS && (size_t)i <= p->form.re_nsub; i++)
            value = at[i].rm_so >= 0 ? i : value;
        if (stands_free(line, tries > 0, at[0].rm_so, at[0].rm_eo))
            add_id(out, p->name, str_slice(line, at[value].rm_so, at[value].rm_eo));
        line = str_skip(line, at[0].rm_eo);
    }
}

void contact_find_ids(arena *a, str line, const struct contact_patterns *patterns, struct contact *out)
{
    str text = str_c(str_z(a, utf8_first(line, CONTACT_ID_LINE)));
    for (int i = 0; i < patterns->n && out->n_ids < CONTACT_IDS; i++)
        match_line(&patterns->item[i], text, out);
}
