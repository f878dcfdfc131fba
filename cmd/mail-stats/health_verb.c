/* mail-stats health: findings for a person, for a monitor, and for one who worries when nothing is heard. */
#include "mail-stats/verb.h"

#include "date/date.h"

enum { OPT_PROBLEMS = VERB_OWN, OPT_ALIVE, OPT_PROBE };

static const char usage[] =
    "usage: mail-stats health [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [-f FORMAT] [--problems] [--probe] [--alive WHERE] [--dry-run]\n"
    "\n"
    "How the installation is, judged by work that was completed: polls, the queue, attempts to send, probes; certificates, secrets, disk, store,\n"
    "clock. Exits with 0 where all is well, 1 for a warning, 2 where something is critical.\n"
    "\n"
    "      --problems      only what is not well; nothing where all is\n"
    "      --probe         connect and log in, too: mail-fetch test and mail-send test of each account\n"
    "      --alive WHERE   while mail comes in and goes out, touch this file or ask for this URL (repeatable): who watches it hears of the silence\n"
    "      --dry-run       only say who would be told\n"
    "  -f, --format F      json, tsv, html, or table: a line for each, the worst first\n"
    VERB_USAGE;

static const struct prog_name own_names[] = {{"problems", OPT_PROBLEMS}, {"alive", OPT_ALIVE}, {"probe", OPT_PROBE}, VERB_NAMES};
static const struct prog_form form = {.usage = usage, .names = own_names, .verb = "health"};

static void say_alive_all(struct verb_call *c, const struct strs *where)
{
    struct err e;
    for (ptrdiff_t i = 0; i < where->n; i++) {
        if (c->dry_run)
            prog_warn("would tell %.*s", STR_ARG(where->item[i]));
        else if (!health_say_alive(&c->mem, where->item[i], "--alive", &e))
            prog_error(&e);
    }
}

/* For people, and for monitors that show the first line: the worst stands there. */
static void print_lines(struct verb_call *c, const struct findings *all, bool problems)
{
    struct buf b = buf_new(&c->mem, 4096);
    for (ptrdiff_t i = 0; i < all->n; i++) {
        const struct finding *f = &all->item[i];
        if (problems && f->status == HEALTH_OK)
            continue;
        buf_fmt(&b, "%-8.*s  %.*s", STR_ARG(health_name(f->status)), STR_ARG(f->check));
        const str of[] = {f->account, f->object};
        for (int k = 0; k < 2; k++)
            if (of[k].ptr && !(k && str_eq(of[0], of[1])))
                buf_fmt(&b, " %.*s", STR_ARG(of[k]));
        buf_fmt(&b, ": %.*s", STR_ARG(f->message));
        if (f->since) {
            buf_put(&b, S(", since "));
            date_put_utc(&b, f->since);
        }
        if (f->hint.ptr)
            buf_fmt(&b, "; %.*s", STR_ARG(f->hint));
        buf_byte(&b, '\n');
    }
    out_put(&c->out, buf_str(&b));
}

static void print(struct verb_call *c, const struct findings *all, bool problems)
{
    if (c->format == FORMAT_TABLE) {
        print_lines(c, all, problems);
        return;
    }
    struct table t = {.mem = &c->mem, .type = S("health"), .title = S("Health")};
    health_table(&c->request, &t, all, problems);
    if (problems && !t.n)
        return;
    format_begin(&c->out, c->format, t.title);
    format_table(&c->out, c->format, &t);
    format_end(&c->out, c->format);
}

static bool has_address(const struct request *r, const struct config *config, str name, str address)
{
    struct strs aliases = {0};
    if (str_eq_nocase(config_get(config, name, S("email")), address))
        return true;
    config_list(r->mem, config, name, S("aliases"), &aliases);
    for (ptrdiff_t i = 0; i < aliases.n; i++)
        if (str_eq_nocase(aliases.item[i], address))
            return true;
    return false;
}

/* -a takes the address of an account, too. */
static void name_accounts(struct request *r)
{
    struct config config;
    struct strs names = {0};
    struct err later;
    if (!r->accounts.n || !config_load(r->mem, r->config, &config, &later))
        return;
    config_accounts(r->mem, &config, &names);
    for (ptrdiff_t i = 0; i < r->accounts.n; i++)
        for (ptrdiff_t k = 0; k < names.n && !config_has_account(&config, r->accounts.item[i]); k++)
            if (has_address(r, &config, names.item[k], r->accounts.item[i]))
                r->accounts.item[i] = names.item[k];
}

static int finish(struct verb_call *c, enum health worst)
{
    int code = verb_end(c);
    return code ? code : (int)worst;
}

int health_main(int argc, char **argv)
{
    struct verb_call c;
    struct strs where = {0};
    struct err e = {0};
    bool problems = false, probe = false;
    int code = 0;
    verb_begin(&c);
    for (int o; (o = prog_option(&form, argc, argv)) != -1;) {
        if (o == OPT_PROBLEMS)
            problems = true;
        else if (o == OPT_PROBE)
            probe = true;
        else if (o == OPT_ALIVE)
            strs_add(&c.mem, &where, str_c(optarg));
        else
            code = verb_option(&c, &form, o);
        if (code || c.answered)
            return code;
    }
    if (argc - optind > 1)
        return prog_misuse("health takes no '%s'", argv[optind + 1]);
    struct findings all;
    verb_open(&c, &e);
    name_accounts(&c.request);
    health_findings(&c.request, &e, &all);
    if (probe)
        health_probe(&c.request, &all);
    print(&c, &all, problems);
    if (health_is_alive(&all))
        say_alive_all(&c, &where);
    return finish(&c, all.worst);
}
