/* The options of a program, read from the text of its -h. */
#include "sys/log.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>

enum {
    ROWS = 96,      /* options of one text; more are a fault of ours */
    COLUMN_MAX = 40 /* where a meaning begins at most */
};
enum { LOG = 1, LOG_LEVEL, TABLE }; /* what no letter is, and no val of a caller */

/* One line of a text, with the deeper lines that go on with it. */
struct row {
    char letter; /* 0: none */
    str name;    /* of an option, without "--"; of a verb */
    str argument, meaning;
    str whole; /* to the end of its last line */
    int column; /* of the meaning */
    bool is_option;
};

struct table {
    struct option longs[ROWS + 8];
    char shorts[3 * ROWS + 8], names[ROWS][48];
    int n, letters;
};

static const char common[] = "  -q, --quiet        errors only\n"
                             "  -v, --verbose      say more\n"
                             "  -h, --help         this text\n"
                             "  -V, --version      the version\n"
                             "      --log FORM     messages as text, json or syslog\n"
                             "      --log-level L  error, warning, info or debug\n";

static const struct prog_name common_names[] = {{"log", LOG}, {"log-level", LOG_LEVEL}, {"help-table", TABLE}, {NULL, 0}};

/* ---- the text -------------------------------------------------------------------------------------------- */

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

/* The next row; *rest goes on behind it. */
static bool next_row(str *rest, struct row *r)
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

static bool has_option(const char *usage, const struct row *wanted)
{
    str rest = str_c(usage);
    for (struct row r; next_row(&rest, &r);)
        if (r.is_option && (wanted->letter ? r.letter == wanted->letter : str_eq(r.name, wanted->name)))
            return true;
    return false;
}

/* ---- getopt's tables ------------------------------------------------------------------------------------- */

static int val_of(const struct prog_form *f, const struct row *r)
{
    const struct prog_name *lists[] = {f->names, f->more, common_names};
    if (r->letter)
        return r->letter;
    for (int l = 0; l < 3; l++)
        for (const struct prog_name *n = lists[l]; n && n->name; n++)
            if (str_eq(str_c(n->name), r->name))
                return n->val;
    return 0;
}

static void add_row(struct table *t, const struct prog_form *f, const struct row *r)
{
    bool takes = r->argument.len > 0;
    int val = val_of(f, r);
    assert(t->n < ROWS && val && r->name.len < (ptrdiff_t)sizeof t->names[0]); /* an option of the text without a value */
    if (r->letter) {
        t->shorts[t->letters++] = r->letter;
        if (takes)
            t->shorts[t->letters++] = ':';
    }
    if (!r->name.len)
        return;
    memcpy(t->names[t->n], r->name.ptr, (size_t)r->name.len);
    t->longs[t->n] = (struct option){t->names[t->n], takes ? required_argument : no_argument, NULL, val};
    t->n++;
}

static bool has_letter(const struct table *t, char letter)
{
    for (int i = 0; i < t->letters; i++)
        if (t->shorts[i] == letter)
            return true;
    return false;
}

static void read_table(struct table *t, const struct prog_form *f)
{
    *t = (struct table){0};
    if (f->before_verb)
        t->shorts[t->letters++] = '+';
    t->shorts[t->letters++] = ':';
    str rest = str_c(f->usage);
    for (struct row r; next_row(&rest, &r);)
        if (r.is_option)
            add_row(t, f, &r);
    rest = str_c(common);
    for (struct row r; next_row(&rest, &r);)
        if (!r.letter || !has_letter(t, r.letter))
            add_row(t, f, &r);
    t->longs[t->n++] = (struct option){"help-table", no_argument, NULL, TABLE};
}

/* ---- reading the command line ---------------------------------------------------------------------------- */

/* How many long options a word may mean; *one is the one of them with that value, or NULL. */
static int long_options_like(const struct table *t, str word, int val, const struct option **one)
{
    int n = 0;
    str name, value;
    *one = NULL;
    str_cut(word, '=', &name, &value);
    for (int i = 0; i < t->n && str_starts(name, S("--")); i++) {
        bool like = str_starts(str_c(t->longs[i].name), str_skip(name, 2));
        n += like;
        if (like && t->longs[i].val == val)
            *one = &t->longs[i];
    }
    return n;
}

/* What getopt found wrong, because its own words would not go where --log says. */
static void explain(const struct prog_form *f, const struct table *t, int found, char **argv)
{
    char text[512];
    const char *word = argv[optind - 1]; /* of a letter among others it may be the word before */
    const struct option *is_long;
    int likes = long_options_like(t, str_c(word), optopt, &is_long);
    if (found == ':' && is_long)
        snprintf(text, sizeof text, "option '%s' requires an argument", word);
    else if (found == ':')
        snprintf(text, sizeof text, "option '-%c' requires an argument", optopt);
    else if (is_long)
        snprintf(text, sizeof text, "option '--%s' takes no argument", is_long->name);
    else if (optopt)
        snprintf(text, sizeof text, "unrecognized option '-%c'", optopt);
    else
        snprintf(text, sizeof text, "%s option '%s'", likes > 1 ? "ambiguous" : "unrecognized", word);
    log_misuse(f->verb ? f->verb : "", text);
}

static bool take_word(bool good, const char *option, const char *words)
{
    if (!good)
        prog_misuse("%s is %s, not '%s'", option, words, optarg);
    return good;
}

int prog_option(const struct prog_form *f, int argc, char **argv)
{
    static struct table t;
    static const char *known;
    if (known != f->usage) {
        read_table(&t, f);
        known = f->usage;
        optind = 0; /* glibc's word for: begin anew */
    }
    for (;;) {
        opterr = 0;
        int o = getopt_long(argc, argv, t.shorts, t.longs, NULL);
        bool good = true;
        switch (o) {
        case 'q': prog_verbosity(QUIET); break;
        case 'v': prog_verbosity(VERBOSE); break;
        case LOG: good = take_word(prog_log_form(str_c(optarg), PROG_BY_OPTION), "--log", "text, json or syslog"); break;
        case LOG_LEVEL: good = take_word(prog_log_level(str_c(optarg), PROG_BY_OPTION), "--log-level", "error, warning, info or debug"); break;
        case '?':
        case ':': explain(f, &t, o, argv); good = false; break;
        case -1: known = NULL; return -1;
        default: return o;
        }
        if (!good) {
            known = NULL;
            return '?';
        }
        if (o == LOG || o == LOG_LEVEL)
            log_pass();
    }
}

/* ---- what is asked about a program ----------------------------------------------------------------------- */

/* The lines of the common options that the text has not, under its last option and in its columns. */
static void put_common(struct buf *b, const char *usage, int column)
{
    str rest = str_c(common);
    for (struct row r; next_row(&rest, &r);) {
        if (has_option(usage, &r))
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
    for (struct row r; next_row(&rest, &r);)
        if (r.is_option) {
            behind = str_skip(text, r.whole.ptr + r.whole.len + 1 - text.ptr);
            column = r.column;
        }
    if (!column) {
        behind = STR_NONE;
        column = 21;
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
    for (struct row r; next_row(&rest, &r);)
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
    for (struct row r; next_row(&text, &r);) {
        if (r.is_option != options || (!ours && has_option(f->usage, &r)))
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
    put_rows(&b, f, str_c(common), true, false);
    buf_byte(&b, 0);
    return prog_usage(b.ptr);
}

int prog_answer(const struct prog_form *f, int option)
{
    switch (option) {
    case 'h': return print_usage(f);
    case 'V': return prog_version();
    case TABLE: return print_table(f);
    case '?': return ERR_USAGE;
    default: assert(!"an option of the text that the program forgot"); return ERR_BUG;
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
        case TABLE: return print_tables(f, verbs);
        default: return prog_answer(f, o);
        }
    if (optind == argc)
        return prog_misuse("which verb?");
    for (; verbs->name; verbs++)
        if (strcmp(verbs->name, argv[optind]) == 0)
            return verbs->run(dir, argc - optind, argv + optind);
    return prog_misuse("there is no verb '%s'", argv[optind]);
}
