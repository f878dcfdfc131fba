/* The options of a program, read from the text of its -h. */
#include "sys/log.h"
#include "sys/rows.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>

enum { ROWS = 96 /* options of one text; more are a fault of ours */ };

struct table {
    struct option longs[ROWS + 8];
    char shorts[3 * ROWS + 8], names[ROWS][48];
    int n, letters;
};

static const struct prog_name common_names[] = {{"log", ROW_LOG}, {"log-level", ROW_LOG_LEVEL}, {"help-table", ROW_TABLE}, {NULL, 0}};

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
    for (struct row r; row_next(&rest, &r);)
        if (r.is_option)
            add_row(t, f, &r);
    rest = str_c(rows_common);
    for (struct row r; row_next(&rest, &r);)
        if (!r.letter || !has_letter(t, r.letter))
            add_row(t, f, &r);
    t->longs[t->n++] = (struct option){"help-table", no_argument, NULL, ROW_TABLE};
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
        case ROW_LOG: good = take_word(prog_log_form(str_c(optarg), PROG_BY_OPTION), "--log", "text, json or syslog"); break;
        case ROW_LOG_LEVEL: good = take_word(prog_log_level(str_c(optarg), PROG_BY_OPTION), "--log-level", "error, warning, info or debug"); break;
        case '?':
        case ':': explain(f, &t, o, argv); good = false; break;
        case -1: known = NULL; return -1;
        default: return o;
        }
        if (!good) {
            known = NULL;
            return '?';
        }
        if (o == ROW_LOG || o == ROW_LOG_LEVEL)
            log_pass();
    }
}

