/* mail-compose templates: what lies in the folder of templates, and whether it can be used. */
#include "mail-compose/compose-parts.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static const char usage[] =
    "usage: mail-compose templates [-qv] [-C FILE] [-T DIR] [-a ACCOUNT] [NAME...]\n"
    "\n"
    "Prints a template record for each template, or for those that are named, and says what is wrong with it.\n"
    "\n"
    "  -C, --config FILE     the configuration; templates lie in the folder templates/ beside it\n"
    "  -T, --templates DIR   the folder of the templates\n"
    "  -a, --account NAME    only what this account may use\n"
    "  -q, --quiet           records only\n"
    "\n"
    "example: mail-compose templates | jq -r 'select(.ok | not) | .name'\n";

static const struct prog_form command = {.usage = usage, .verb = "templates"};

enum { RUN_MEMORY = 1 << 30, NAMES_MAX = 100000 };

struct listing {
    arena *mem;
    struct out *out;
    str folder, account;
};

/* ---- names ------------------------------------------------------------------------------------------------ */

static int by_name(const void *a, const void *b) { return str_cmp(*(const str *)a, *(const str *)b); }

static bool is_template(arena scratch, str folder, const char *name)
{
    struct stat st;
    size_t n = strlen(name);
    char *path = str_z(&scratch, str_fmt(&scratch, "%.*s/%s", STR_ARG(folder), name));
    return name[0] != '.' && name[n - 1] != '~' && stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool all_names(const struct listing *l, struct strs *names, struct err *e)
{
    DIR *d = opendir(str_z(l->mem, l->folder));
    if (!d) {
        err_errno(e, ERR_MISSING, "template.folder", "make it, or name it with -T", "cannot read the templates in %.*s", STR_ARG(l->folder));
        return false;
    }
    for (struct dirent *entry; (entry = readdir(d)) && names->n < NAMES_MAX;)
        if (is_template(*l->mem, l->folder, entry->d_name))
            strs_add(l->mem, names, str_copy(l->mem, str_c(entry->d_name)));
    closedir(d);
    if (names->n)
        qsort(names->item, (size_t)names->n, sizeof *names->item, by_name);
    return true;
}

/* ---- what is wrong ---------------------------------------------------------------------------------------- */

static void check_part(arena *a, const struct compose_template *t, const struct template *part, struct err *e)
{
    struct strs builtin = {0};
    strs_add(a, &builtin, S("email"));
    strs_add(a, &builtin, S("account"));
    strs_add(a, &builtin, S("date"));
    const struct template_use *use = part && !e->class ? template_file_unknown(a, &t->file, part, &builtin) : NULL;
    if (use)
        err_set(e, ERR_CONFIG, "template.unknown", "name it in Variables", "%.*s, line %lld: the variable %.*s is not declared",
                STR_ARG(use->source), (long long)use->line, STR_ARG(use->name));
}

/* ---- records ---------------------------------------------------------------------------------------------- */

static void put_variables(struct jwrite *w, const struct template_file *f)
{
    jwrite_key(w, S("variables"));
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < f->n_variables; i++) {
        const struct template_variable *v = &f->variables[i];
        jwrite_object(w);
        jwrite_key(w, S("name"));
        jwrite_string(w, v->name);
        if (v->otherwise.ptr) {
            jwrite_key(w, S("default"));
            jwrite_string(w, v->otherwise);
        }
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

static void put_strs(struct jwrite *w, str key, const struct strs *list)
{
    jwrite_key(w, key);
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < list->n; i++)
        jwrite_string(w, list->item[i]);
    jwrite_end_array(w);
}

static void put_text(struct jwrite *w, str key, str value)
{
    jwrite_key(w, key);
    jwrite_string(w, value);
}

/* What the file says of itself; of one that cannot be read only its name and the error are known. */
static void put_record(const struct listing *l, str name, const struct template_file *f, const struct err *e)
{
    struct buf b = buf_new(l->mem, 1024);
    struct jwrite w = {.to = &b};
    jwrite_object(&w);
    put_text(&w, S("type"), S("template"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_text(&w, S("name"), name);
    put_text(&w, S("path"), str_fmt(l->mem, "%.*s/%.*s", STR_ARG(l->folder), STR_ARG(name)));
    if (f) {
        struct strs parts = {0};
        if (f->text.text.ptr)
            strs_add(l->mem, &parts, S("text"));
        if (f->html.text.ptr)
            strs_add(l->mem, &parts, S("html"));
        put_text(&w, S("kind"), f->kind);
        put_text(&w, S("subject"), f->subject.text);
        put_strs(&w, S("accounts"), &f->accounts);
        jwrite_key(&w, S("isGlobal"));
        jwrite_bool(&w, f->accounts.n == 0);
        put_variables(&w, f);
        put_strs(&w, S("parts"), &parts);
    }
    jwrite_key(&w, S("ok"));
    jwrite_bool(&w, !e->class);
    put_text(&w, S("fault"), e->class ? str_c(e->text) : STR_NONE);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(l->out, buf_str(&b));
}

static void list_one(struct listing all, str name, bool named)
{
    arena scratch = *all.mem;
    const struct listing *l = &all;
    all.mem = &scratch;
    struct compose_template t = {0};
    struct err e = {0};
    bool loaded = compose_template_load(l->mem, l->folder, name, STR_NONE, &t, &e);
    bool is_other = l->account.ptr && t.file.accounts.n && !strs_have(&t.file.accounts, l->account);
    if (is_other && !named)
        return;
    if (loaded) {
        check_part(l->mem, &t, t.subject, &e);
        check_part(l->mem, &t, t.text, &e);
        check_part(l->mem, &t, t.html, &e);
    }
    if (is_other && !e.class)
        err_set(&e, ERR_USAGE, "template.account", NULL, "the template %.*s is not for account %.*s", STR_ARG(name), STR_ARG(l->account));
    if (e.class)
        prog_error(&e);
    if (e.class != ERR_MISSING)
        put_record(l, name, t.file.name.ptr && loaded ? &t.file : NULL, &e);
}

int templates_main(const char *config_path, int argc, char **argv)
{
    arena mem = arena_new(RUN_MEMORY);
    struct out out = out_new(&mem, 1);
    struct listing l = {.mem = &mem, .out = &out};
    const char *dir = NULL;
    for (int o; (o = prog_option(&command, argc, argv)) != -1;)
        switch (o) {
        case 'C': config_path = optarg; break;
        case 'T': dir = optarg; break;
        case 'a': l.account = str_c(optarg); break;
        default: return prog_answer(&command, o);
        }
    struct config config;
    struct strs names = {0};
    struct err e = {0};
    bool good = config_load(&mem, config_path, &config, &e);
    if (good) {
        l.folder = compose_template_folder(&mem, &config, dir);
        for (int i = optind; i < argc; i++)
            strs_add(&mem, &names, str_c(argv[i]));
        good = names.n || all_names(&l, &names, &e);
    }
    if (!good)
        prog_error(&e);
    for (ptrdiff_t i = 0; i < names.n && out_good(&out); i++)
        list_one(l, names.item[i], optind < argc);
    return prog_finish(&out);
}
