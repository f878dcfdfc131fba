/* Options and verbs as they stand in the text of -h. */
#include "sys/rows.h"

const char rows_common[] = "  -q, --quiet        errors only\n"
                             "  -v, --verbose      say more\n"
                             "  -h, --help         this text\n"
                             "  -V, --version      the version\n"
                             "      --log FORM     messages as text, json or syslog\n"
                             "      --log-level L  error, warning, info or debug\n";

static ptrdiff_t blanks(str s)
{
    ptrdiff_t n = 0;
    while (n < s.len && s.ptr[n] == ' ')
        n++;
    return n;
}

/* Up to two blanks, or to the end. */
static str until_gap(str *rest)
{
    ptrdiff_t gap = str_find(*rest, S("  "));
    str found = gap < 0 ? *rest : str_first(*rest, gap);
    *rest = gap < 0 ? STR_NONE : str_skip(*rest, gap + blanks(str_skip(*rest, gap)));
    return found;
}

static bool begins_row(str line, bool *option)
{
    ptrdiff_t n = blanks(line);
    char c = n < line.len ? line.ptr[n] : 0;
    *option = n > 0 && c == '-';
    return *option || (n == 2 && c >= 'a' && c <= 'z');
}

static void read_option_name(str left, struct row *r)
{
    if (left.len > 1 && left.ptr[1] != '-') {
        r->letter = left.ptr[1];
        left = str_skip(left, 2);
        left = str_skip(left, str_starts(left, S(", ")) ? 2 : 0);
    }
    if (str_starts(left, S("--")))
        str_cut(str_skip(left, 2), ' ', &r->name, &r->argument);
    else
        r->argument = str_trim(left);
}

bool row_next(str *rest, struct row *r)
{
    str line;
    *r = (struct row){0};
    while (rest->len) {
        const char *begin = rest->ptr;
        str_cut(*rest, '\n', &line, rest);
        if (!begins_row(line, &r->is_option))
            continue;
        str left, right = str_skip(line, blanks(line));
        left = until_gap(&right);
        if (r->is_option)
            read_option_name(left, r);
        else
            str_cut(left, ' ', &r->name, &r->argument);
        r->column = (int)(right.len ? right.ptr - begin : line.len + 2);
        r->meaning = right;
        for (bool option; rest->len && blanks(*rest) > 3 && !begins_row(*rest, &option);) {
            str_cut(*rest, '\n', &line, rest);
            r->meaning = r->meaning.ptr ? str_of(r->meaning.ptr, line.ptr + line.len - r->meaning.ptr) : str_trim(line);
        }
        r->whole = str_of(begin, line.ptr + line.len - begin);
        return true;
    }
    return false;
}

bool row_has_option(const char *usage, const struct row *wanted)
{
    str rest = str_c(usage);
    for (struct row r; row_next(&rest, &r);)
        if (r.is_option && (wanted->letter ? r.letter == wanted->letter : str_eq(r.name, wanted->name)))
            return true;
    return false;
}

