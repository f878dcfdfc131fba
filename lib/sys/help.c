/* What is asked about a program: its usage, and the table of its options. */
#include "sys/rows.h"

#include <assert.h>
#include <stdio.h>

enum { COLUMN = 21, COLUMN_MAX = 40 /* where a meaning begins: without another option to go by, and at most */ };

/* The lines of the common options that the text has not, under its last option and in its columns. */
static void put_common(struct buf *b, const char *usage, int column)
{
    str rest = str_c(rows_common);
    for (struct row r; row_next(&rest, &r);) {
        if (row_has_option(usage, &r))
            continue;
        str left = str_trim_right(str_of(r.whole.ptr, r.meaning.ptr - r.whole.ptr));
        int pad = column - (int)left.len;
        buf_put(b, left);
        buf_fmt(b, "%*s%.*s\n", pad < 2 ? 2 : pad, "", STR_ARG(r.meaning));
    }
}

static int print_usage(const struct prog_form *f)
{
    arena mem = arena_new(1 << 20);
    struct buf b = buf_new(&mem, 1 << 14);
    str text = str_c(f->usage), rest = text, behind = text;
    int column = 0;
    for (struct row r; row_next(&rest, &r);)
        if (r.is_option) {
            behind = str_skip(text, r.whole.ptr + r.whole.len + 1 - text.ptr);
            column = r.column;
        }
    if (!column) {
        behind = STR_NONE;
        column = COLUMN;
    }
    buf_put(&b, str_first(text, text.len - behind.len));
    put_common(&b, f->usage, column < COLUMN_MAX ? column : COLUMN_MAX);
    buf_put(&b, behind);
    buf_byte(&b, 0);
    return prog_usage(b.ptr);
}

static bool is_verb(const char *usage, str word)
{
    str rest = str_c(usage);
    for (struct row r; row_next(&rest, &r);)
        if (!r.is_option && str_eq(r.name, word))
            return true;
    return false;
}

/* "add, set: what it means": the verbs, and what stands behind them. */
static str verbs_before_colon(const char *usage, str *meaning)
{
    ptrdiff_t colon = str_find(*meaning, S(": "));
    str verbs = colon < 0 ? STR_NONE : str_first(*meaning, colon), rest = verbs, word;
    while (rest.len) {
        str_cut(rest, ',', &word, &rest);
        str_cut(str_trim(word), ' ', &word, &(str){0});
        if (!is_verb(usage, word))
            return STR_NONE;
    }
    if (verbs.len)
        *meaning = str_skip(*meaning, colon + 2);
    return verbs;
}

/* With single blanks, and nothing that would end a cell. */
static void put_cell(struct buf *b, str s, char end)
{
    for (ptrdiff_t i = 0; i < s.len; i++) {
        bool gap = s.ptr[i] == ' ' || s.ptr[i] == '\n' || s.ptr[i] == '\t';
        if (!gap)
            buf_byte(b, s.ptr[i]);
        else if (i && s.ptr[i - 1] != ' ' && s.ptr[i - 1] != '\n')
            buf_byte(b, ' ');
    }
    buf_byte(b, end);
}

static void put_verbs(struct buf *b, const char *verb, str verbs)
{
    for (str word; verbs.len;) {
        str_cut(verbs, ',', &word, &verbs);
        str_cut(str_trim(word), ' ', &word, &(str){0});
        buf_put(b, word);
        if (verbs.len)
            buf_byte(b, ' ');
    }
    buf_fmt(b, "%s\t", verb ? verb : "");
}

static str values_of(const struct row *r)
{
    if (str_eq(r->name, S("log")))
        return S("text|json|syslog");
    return str_eq(r->name, S("log-level")) ? S("error|warning|info|debug") : r->argument;
}

static void put_option(struct buf *b, const struct prog_form *f, struct row *r)
{
    put_verbs(b, f->verb, f->verb ? STR_NONE : verbs_before_colon(f->usage, &r->meaning));
    if (r->letter)
        buf_fmt(b, "-%c%s", r->letter, r->name.len ? "," : "");
    if (r->name.len)
        buf_fmt(b, "--%.*s", STR_ARG(r->name));
    buf_byte(b, '\t');
    put_cell(b, values_of(r), '\t');
    put_cell(b, r->meaning, '\n');
}

static void put_rows(struct buf *b, const struct prog_form *f, str text, bool options, bool ours)
{
    for (struct row r; row_next(&text, &r);) {
        if (r.is_option != options || (!ours && row_has_option(f->usage, &r)))
            continue;
        if (options) {
            put_option(b, f, &r);
            continue;
        }
        buf_fmt(b, "%.*s\t\t", STR_ARG(r.name));
        put_cell(b, r.argument, '\t');
        put_cell(b, r.meaning, '\n');
    }
}

static int print_table(const struct prog_form *f)
{
    arena mem = arena_new(1 << 20);
    struct buf b = buf_new(&mem, 1 << 14);
    if (!f->verb)
        put_rows(&b, f, str_c(f->usage), false, true);
    put_rows(&b, f, str_c(f->usage), true, true);
    put_rows(&b, f, str_c(rows_common), true, false);
    buf_byte(&b, 0);
    return prog_usage(b.ptr);
}

int prog_answer(const struct prog_form *f, int option)
{
    switch (option) {
    case 'h': return print_usage(f);
    case 'V': return prog_version();
    case ROW_TABLE: return print_table(f);
    case '?': return ERR_USAGE;
    default: assert(0 && "an option of the text that the program forgot"); return ERR_BUG;
    }
}

/* Each verb prints its own rows under those of the program. */
static int print_tables(const struct prog_form *f, const struct prog_verb *verbs)
{
    int code = print_table(f);
    for (; verbs->name && code == 0; verbs++) {
        char *args[] = {(char[]){"verb"}, (char[]){"--help-table"}, NULL};
        code = verbs->run(NULL, 2, args);
    }
    return code;
}

int prog_verbs(const struct prog_form *f, const struct prog_verb *verbs, int argc, char **argv)
{
    const char *dir = NULL;
    for (int o; (o = prog_option(f, argc, argv)) != -1;)
        switch (o) {
        case 's': dir = optarg; break;
        case ROW_TABLE: return print_tables(f, verbs);
        default: return prog_answer(f, o);
        }
    if (optind == argc)
        return prog_misuse("which verb?");
    for (; verbs->name; verbs++)
        if (strcmp(verbs->name, argv[optind]) == 0)
            return verbs->run(dir, argc - optind, argv + optind);
    return prog_misuse("there is no verb '%s'", argv[optind]);
}
