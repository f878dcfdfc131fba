#include "mail-stats/verb.h"

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} verbs[] = {{"health", health_main}, {"alert", alert_main}, {"canary", canary_main}, {"prom", prom_main}};

static bool takes_argument(const char *option)
{
    static const char *const options[] = {"-a", "-C", "-f", "-o", "-s", "--account", "--config", "--format", "--output", "--store", "--log", "--log-level"};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (strcmp(option, options[i]) == 0)
            return true;
    return false;
}

/* Options may stand before the verb. What is wrong with them is said by whoever reads them next. */
static const char *first_word(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] != '-')
            return argv[i];
        i += takes_argument(argv[i]);
    }
    return "";
}

static int print_tables(const struct prog_form *program, int argc, char **argv)
{
    int code = prog_answer(program, prog_option(program, argc, argv));
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs && code == 0; i++)
        code = verbs[i].run(argc, argv);
    return code;
}

bool verb_run(const struct prog_form *program, int argc, char **argv, int *code)
{
    if (argc == 2 && strcmp(argv[1], "--help-table") == 0) {
        *code = print_tables(program, argc, argv);
        return true;
    }
    const char *word = first_word(argc, argv);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, word) == 0) {
            *code = verbs[i].run(argc, argv);
            return true;
        }
    return false;
}

void verb_begin(struct verb_call *c)
{
    *c = (struct verb_call){.mem = arena_new((size_t)1 << 34), .format = isatty(1) ? FORMAT_TABLE : FORMAT_JSON};
    c->out = out_new(&c->mem, 1);
    c->request = (struct request){.mem = &c->mem, .limit = -1, .now = now_s(), .range = {.since = INT64_MIN, .until = INT64_MAX}};
}

int verb_option(struct verb_call *c, const struct prog_form *form, int option)
{
    switch (option) {
    case 'a': strs_add(&c->mem, &c->request.accounts, str_c(optarg)); return 0;
    case 'C': c->request.config = optarg; return 0;
    case 'f':
        return format_named(str_c(optarg), &c->format) && c->format != FORMAT_SVG ? 0 : prog_misuse("-f takes json, tsv, table or html, not '%s'", optarg);
    case 's': c->request.dir = optarg; return 0;
    case VERB_DRY_RUN: c->dry_run = true; return 0;
    default: c->answered = true; return prog_answer(form, option);
    }
}

bool verb_open(struct verb_call *c, struct err *e)
{
    c->request.range.accounts = &c->request.accounts;
    c->request.store = store_open(&c->mem, c->request.dir, STORE_READ, e);
    return c->request.store != NULL;
}

int verb_end(struct verb_call *c)
{
    if (c->request.store)
        store_close(c->request.store);
    return prog_finish(&c->out);
}
