#include "mail-store/verb.h"

#include <errno.h>
#include <fcntl.h>

static const struct prog_name names[] = {
    {"all", OPT_ALL},         {"cursor", OPT_CURSOR},   {"events", OPT_EVENTS}, {"skip-gaps", OPT_SKIP_GAPS},
    {"headers", OPT_HEADERS}, {"full", OPT_FULL},       {"to", OPT_TO},         {"explain", OPT_EXPLAIN},
    {"force", OPT_FORCE},     {"dry-run", OPT_DRY_RUN}, {"age", OPT_AGE},       {"since", OPT_SINCE},
    {"until", OPT_UNTIL},     {"kind", OPT_KIND},       {NULL, 0},
};

static int read_option(const struct prog_form *form, struct verb_call *c, int option)
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
    case OPT_SINCE: c->since = str_c(optarg); return 0;
    case OPT_UNTIL: c->until = str_c(optarg); return 0;
    case OPT_KIND:
        strs_add(&c->mem, &c->kinds, str_c(optarg));
        return *optarg ? 0 : prog_misuse("--kind takes a kind of event, like queue.sent or queue");
    case OPT_AGE:
        return str_i64(str_c(optarg), 0, INT64_MAX / 86400, &c->age_s) ? 0 : prog_misuse("--age takes seconds, not '%s'", optarg);
    default: c->answered = true; return prog_answer(form, option);
    }
}

bool verb_begin(const struct verb *v, struct verb_call *c, const char *dir, int argc, char **argv, int *code)
{
    const struct prog_form form = {.usage = v->usage, .names = names, .verb = v->name};
    *c = (struct verb_call){.mem = arena_new((size_t)1 << 36), .dir = dir, .limit = -1, .age_s = -1};
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        *code = read_option(&form, c, o);
        if (*code || c->answered)
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
