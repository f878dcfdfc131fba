#include "mail-store/verb.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>

struct long_option {
    char letter; /* in struct verb's options */
    struct option option;
};

static const struct long_option all_options[] = {
    {'s', {"store", required_argument, NULL, 's'}},
    {'a', {"account", required_argument, NULL, 'a'}},
    {'m', {"mailbox", required_argument, NULL, 'm'}},
    {'n', {"max", required_argument, NULL, 'n'}},
    {'o', {"output", required_argument, NULL, 'o'}},
    {'A', {"all", no_argument, NULL, OPT_ALL}},
    {'C', {"cursor", required_argument, NULL, OPT_CURSOR}},
    {'E', {"events", no_argument, NULL, OPT_EVENTS}},
    {'G', {"skip-gaps", no_argument, NULL, OPT_SKIP_GAPS}},
    {'H', {"headers", no_argument, NULL, OPT_HEADERS}},
    {'F', {"full", no_argument, NULL, OPT_FULL}},
    {'X', {"explain", no_argument, NULL, OPT_EXPLAIN}},
    {'T', {"to", required_argument, NULL, OPT_TO}},
    {'R', {"force", no_argument, NULL, OPT_FORCE}},
    {'D', {"dry-run", no_argument, NULL, OPT_DRY_RUN}},
    {'O', {"age", required_argument, NULL, OPT_AGE}},
};
static const struct option every_verb[] = {
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"help", no_argument, NULL, 'h'},
};
enum { ALL_OPTIONS = sizeof all_options / sizeof *all_options, EVERY_VERB = sizeof every_verb / sizeof *every_verb };

static void known_options(const struct verb *v, struct option longs[ALL_OPTIONS + EVERY_VERB + 1], char shorts[2 * ALL_OPTIONS + 8])
{
    size_t n = 0, s = 0;
    for (size_t i = 0; i < ALL_OPTIONS; i++) {
        char letter = all_options[i].letter;
        if (letter != 's' && !strchr(v->options, letter))
            continue;
        longs[n++] = all_options[i].option;
        if (letter >= 'a') {
            shorts[s++] = letter;
            shorts[s++] = ':';
        }
    }
    for (size_t i = 0; i < EVERY_VERB; i++) {
        longs[n++] = every_verb[i];
        shorts[s++] = (char)every_verb[i].val;
    }
    longs[n] = (struct option){0};
    shorts[s] = 0;
}

static int read_option(struct verb_call *c, int option)
{
    switch (option) {
    case 's': c->dir = optarg; return 0;
    case 'a': strs_add(&c->mem, &c->accounts, str_c(optarg)); return 0;
    case 'm': strs_add(&c->mem, &c->mailboxes, str_c(optarg)); return 0;
    case 'n': return str_i64(str_c(optarg), 0, INT64_MAX, &c->limit) ? 0 : prog_misuse("-n takes a number, not '%s'", optarg);
    case 'o': c->folder = optarg; return 0;
    case OPT_ALL: c->all = true; return 0;
    case OPT_CURSOR:
        c->has_after = true;
        return search_place_read(str_c(optarg), &c->after) ? 0 : prog_misuse("'%s' is no cursor: take one from a page record", optarg);
    case OPT_EVENTS: c->events = true; return 0;
    case OPT_SKIP_GAPS: c->skip_gaps = true; return 0;
    case OPT_HEADERS: c->headers = true; return 0;
    case OPT_FULL: c->full = true; return 0;
    case OPT_EXPLAIN: c->explain = true; return 0;
    case OPT_TO: c->to = optarg; return 0;
    case OPT_FORCE: c->force = true; return 0;
    case OPT_DRY_RUN: c->dry_run = true; return 0;
    case OPT_AGE:
        return str_i64(str_c(optarg), 0, INT64_MAX / 86400, &c->age_s) ? 0 : prog_misuse("--age takes seconds, not '%s'", optarg);
    case 'q': prog_verbosity(QUIET); return 0;
    case 'v': prog_verbosity(VERBOSE); return 0;
    default: return prog_misuse(NULL);
    }
}

bool verb_begin(const struct verb *v, struct verb_call *c, const char *dir, int argc, char **argv, int *code)
{
    struct option longs[ALL_OPTIONS + EVERY_VERB + 1];
    char shorts[2 * ALL_OPTIONS + 8];
    known_options(v, longs, shorts);
    *c = (struct verb_call){.mem = arena_new((size_t)1 << 36), .dir = dir, .limit = -1, .age_s = -1};
    optind = 0;
    for (int o; (o = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        *code = o == 'h' ? prog_usage(v->usage) : read_option(c, o);
        if (*code || o == 'h')
            return false;
    }
    c->n_args = argc - optind;
    c->args = argv + optind;
    c->out = out_new(&c->mem, 1);
    if (c->n_args < v->min_args)
        *code = prog_misuse("%s needs %s", v->name, v->min_args == v->max_args && v->min_args == 1 ? "one id" : "at least one id");
    else if (v->max_args >= 0 && c->n_args > v->max_args)
        *code = prog_misuse("%s: '%s' is one argument too many", v->name, c->args[v->max_args]);
    else
        return true;
    return false;
}

bool verb_open(struct verb_call *c, enum store_mode mode)
{
    struct err e;
    c->store = store_open(&c->mem, c->dir, mode, &e);
    if (!c->store)
        prog_error(&e);
    return c->store != NULL;
}

int verb_end(struct verb_call *c)
{
    store_close(c->store);
    return prog_finish(&c->out);
}

bool print_emails(struct verb_call *c, const struct ids *ids, struct err *e)
{
    for (ptrdiff_t i = 0; i < ids->n && out_good(&c->out); i += STORE_PAGE) {
        arena scratch = c->mem;
        struct buf lines = buf_new(&scratch, 1 << 20);
        if (!store_lines(c->store, ids->item + i, ids->n - i < STORE_PAGE ? ids->n - i : STORE_PAGE, 0, &lines, e))
            return false;
        out_put(&c->out, buf_str(&lines));
    }
    return true;
}

bool one_email(struct verb_call *c, struct email *m, struct err *e)
{
    struct ids ids;
    return store_resolve(&c->mem, c->store, str_c(c->args[0]), &ids, e) && store_email(&c->mem, c->store, ids.item[0], m, e);
}

int open_blob(arena *a, struct store *s, const struct email *m, struct err *e)
{
    char *path = str_z(a, blob_path(a, s, m->blob_id));
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        err_set(e, ERR_IO, "blob.open", "see mail-store check", "cannot read the message of email %lld, %s: %s", (long long)m->id, path,
                strerror(errno));
    return fd;
}
