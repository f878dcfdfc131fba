/* mail-queue window: when mail may leave. */
#include "mail-queue/policy.h"

#include "date/date.h"

static const struct verb verb = {
    .name = "window",
    .usage = "usage: mail-queue window test [-qv] [-C FILE] [-a ACCOUNT] [--queue NAME] [--at TIME] [NAME]\n"
             "       mail-queue window next [-C FILE] [-a ACCOUNT] [--queue NAME] [-n N] [--at TIME] [NAME]\n"
             "       mail-queue window list | show NAME | crontab [NAME] | set NAME KEY=VALUE...\n"
             "\n"
             "A section [window NAME] of the configuration says when mail may leave. test exits with 0 where it is open and with 1 where it is not;\n"
             "next prints when mail that is ready may leave; crontab prints lines for cron; set writes the section.\n"
             "NAME may be left out where there is one window, or where -a or --queue says whose.\n"
             "\n"
             "  -a, --account NAME  the window that this account obeys\n"
             "      --queue NAME    the window that this queue obeys\n"
             "      --at TIME       not now, but at this time: 2026-08-22T09:30:00+02:00\n"
             "  -n, --max N         next: the next N times (1)\n"
             "  -C, --config FILE   the configuration\n"
             "  -s, --store DIR     taken as by all verbs, and not needed\n"
             "\n"
             "keys: start, end (09:00, 24:00), interval (30), unit (minutes, hours), days (mon-fri), timeZone (Europe/Berlin),\n"
             "      holidays (2026-12-24, 12-25, 2026-12-27..2027-01-02)\n"
             "\n"
             "example: mail-queue window test office && mail-queue run\n",
    .min_args = 1,
    .max_args = -1,
};

enum { OWN_AT = VERB_OWN, MOST_TIMES = 10000 };
static const struct prog_name own[] = {{"at", OWN_AT}, {NULL, 0}};

struct asking {
    struct verb_call call;
    const char *at_text;
    int64_t at;
    struct windows windows;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    (void)val;
    ((struct asking *)c->context)->at_text = arg;
    return 0;
}

/* ---- which one --------------------------------------------------------------------------------------------- */

/* *none: the account or queue obeys none. False after telling why. */
static bool choose(struct asking *a, struct window **out, bool *none)
{
    struct verb_call *c = &a->call;
    struct err e;
    *none = false;
    *out = NULL;
    if (c->n_args > 1) {
        *out = windows_find(&a->windows, str_c(c->args[1]));
        if (!*out)
            err_set(&e, ERR_MISSING, "window.missing", "see mail-queue window list", "there is no window '%s' in %.*s", c->args[1], STR_ARG(c->config.path));
    } else if (c->accounts.n || c->queues.n) {
        str account = c->accounts.n ? c->accounts.item[0] : STR_NONE, queue = c->queues.n ? c->queues.item[0] : S("default");
        *out = windows_for(&a->windows, account, STR_NONE, queue);
        *none = !*out;
    } else if (a->windows.n == 1) {
        *out = a->windows.item;
    } else {
        err_set(&e, a->windows.n ? ERR_USAGE : ERR_MISSING, "window.missing", "see mail-queue window list",
                a->windows.n ? "which of the windows of %.*s?" : "there is no window in %.*s", STR_ARG(c->config.path));
    }
    if (!*out && !*none)
        prog_error(&e);
    return *out || *none;
}

/* ---- records ------------------------------------------------------------------------------------------------- */

static void put_time(struct jwrite *w, arena scratch, const struct schedule *s, str key, int64_t t)
{
    struct buf b = buf_new(&scratch, 32);
    int zone = schedule_zone_at(s, t);
    if (zone)
        date_put_zone(&b, t, zone);
    else
        date_put_utc(&b, t);
    jwrite_key(w, key);
    jwrite_string(w, buf_str(&b));
}

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.ptr)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void begin_record(struct jwrite *w, const struct window *x)
{
    jwrite_object(w);
    put_text(w, S("type"), S("window"));
    jwrite_key(w, S("v"));
    jwrite_i64(w, 1);
    put_text(w, S("name"), x->name);
}

static void print(struct asking *a, const struct window *x)
{
    static const str settings[] = {S("start"), S("end"), S("interval"), S("unit"), S("days"), S("timeZone"), S("holidays")};
    arena scratch = a->call.mem;
    struct buf b = buf_new(&scratch, 512);
    struct jwrite w = {&b, false};
    struct schedule_opening o;
    int64_t next, number;
    begin_record(&w, x);
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        str value = config_section_get(&a->call.config, S("window"), x->name, settings[i]);
        if (!str_eq(settings[i], S("interval")) || !str_i64(value, 1, 86400, &number)) {
            put_text(&w, settings[i], value);
            continue;
        }
        jwrite_key(&w, settings[i]);
        jwrite_i64(&w, number);
    }
    bool opens = schedule_opening(&x->schedule, a->at, &o);
    jwrite_key(&w, S("open"));
    jwrite_bool(&w, opens && schedule_holds(&o, a->at));
    if (opens) {
        put_time(&w, scratch, &x->schedule, S("opensAt"), o.opens);
        put_time(&w, scratch, &x->schedule, S("closesAt"), o.closes);
    }
    if (schedule_next(&x->schedule, a->at, &next))
        put_time(&w, scratch, &x->schedule, S("nextAt"), next);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(&a->call.out, buf_str(&b));
}

/* ---- verbs of the verb ----------------------------------------------------------------------------------------- */

static void test(struct asking *a)
{
    struct window *x;
    struct schedule_opening o;
    bool none;
    if (!choose(a, &x, &none) || none)
        return;
    if (schedule_is_open(&x->schedule, a->at)) {
        prog_note("the window %.*s is open", STR_ARG(x->name));
        return;
    }
    prog_outcome(ERR_PARTIAL);
    arena scratch = a->call.mem;
    struct buf b = buf_new(&scratch, 32);
    if (schedule_opening(&x->schedule, a->at, &o))
        date_put_zone(&b, o.opens, schedule_zone_at(&x->schedule, o.opens));
    prog_note("the window %.*s is closed, and opens at %.*s", STR_ARG(x->name), STR_ARG(b.len ? buf_str(&b) : S("no time")));
}

static void next(struct asking *a)
{
    struct window *x;
    bool none;
    int64_t at = a->at, times = a->call.limit < 0 ? 1 : a->call.limit;
    if (!choose(a, &x, &none))
        return;
    if (none) {
        struct err e;
        err_set(&e, ERR_MISSING, "window.none", "mail leaves at any time", "there is no window to wait for");
        prog_error(&e);
        return;
    }
    for (int64_t i = 0; i < times && i < MOST_TIMES && out_good(&a->call.out); i++) {
        arena scratch = a->call.mem;
        struct buf b = buf_new(&scratch, 128);
        struct jwrite w = {&b, false};
        struct schedule_opening o;
        if (!schedule_next(&x->schedule, at, &at)) {
            prog_warn("the window %.*s does not open any more", STR_ARG(x->name));
            prog_outcome(ERR_PARTIAL);
            return;
        }
        begin_record(&w, x);
        put_time(&w, scratch, &x->schedule, S("nextAt"), at);
        jwrite_end_object(&w);
        buf_byte(&b, '\n');
        out_put(&a->call.out, buf_str(&b));
        bool open = schedule_opening(&x->schedule, at, &o);
        at = x->schedule.interval_s ? at + 1 : open ? o.closes : at + 1;
    }
}

static void crontab(struct asking *a)
{
    struct window *x;
    bool none, exact;
    if (!choose(a, &x, &none))
        return;
    struct schedule always = schedule_always();
    const struct schedule *s = x ? &x->schedule : &always;
    struct buf b = buf_new(&a->call.mem, 256);
    schedule_crontab(s, &b, &exact);
    if (s->zone.len)
        out_fmt(&a->call.out, "CRON_TZ=%.*s\n", STR_ARG(s->zone));
    str rest = buf_str(&b), line;
    while (rest.len) {
        str_cut(rest, '\n', &line, &rest);
        out_fmt(&a->call.out, "%.*s mail-queue run\n", STR_ARG(line));
    }
    if (!exact)
        prog_warn("cron knows no seconds: it runs each minute; mail leaves at its interval nevertheless");
    if (s->n_holidays)
        prog_note("cron knows no holidays: what runs on them sends nothing");
}

static void set(struct asking *a)
{
    struct verb_call *c = &a->call;
    struct err e;
    if (c->n_args < 3) {
        prog_misuse("window set needs NAME and KEY=VALUE");
        prog_outcome(ERR_USAGE);
        return;
    }
    for (int i = 2; i < c->n_args; i++) {
        str key, value;
        if (!str_cut(str_c(c->args[i]), '=', &key, &value) || str_find_byte(value, '\n') >= 0) {
            prog_misuse("'%s' is not KEY=VALUE", c->args[i]);
            prog_outcome(ERR_USAGE);
            return;
        }
        c->config.text = config_section_edit(&c->mem, &c->config, S("window"), str_c(c->args[1]), key, value.len ? value : STR_NONE);
        if (!config_reparse(&c->mem, &c->config, &e)) {
            prog_error(&e);
            return;
        }
    }
    if (!windows_read(&c->mem, &c->config, &a->windows, &e) || !config_save(&c->config, c->config.text, &e)) {
        prog_error(&e);
        return;
    }
    struct window *x = windows_find(&a->windows, str_c(c->args[1]));
    if (x)
        print(a, x);
}

static void show(struct asking *a)
{
    struct window *x;
    bool none;
    if (choose(a, &x, &none) && x)
        print(a, x);
}

static void list(struct asking *a)
{
    for (ptrdiff_t i = 0; i < a->windows.n; i++)
        print(a, &a->windows.item[i]);
}

int window_main(const char *dir, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct asking *a);
        int max_args;
    } words[] = {{"test", test, 2}, {"next", next, 2}, {"list", list, 1}, {"show", show, 2}, {"crontab", crontab, 2}, {"set", set, 99}};
    struct asking a = {0};
    struct verb_call *c = &a.call;
    struct verb v = verb;
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &a, dir, argc, argv, &code))
        return code;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, c->args[0]) != 0)
            continue;
        if (c->n_args > words[i].max_args)
            return prog_misuse("window %s: '%s' is one argument too many", c->args[0], c->args[words[i].max_args]);
        if (!policy_time(a.at_text, &a.at))
            return verb_end(c);
        bool changes = words[i].run == set; /* what is wrong may be what it mends */
        if (changes && !config_hold(&c->mem, c->config_path, &e))
            return verb_fail(c, &e);
        if (!(changes ? config_load_or_new : config_load)(&c->mem, c->config_path, &c->config, &e))
            return verb_fail(c, &e);
        if (!changes && !windows_read(&c->mem, &c->config, &a.windows, &e))
            return verb_fail(c, &e);
        words[i].run(&a);
        return verb_end(c);
    }
    return prog_misuse("window test, next, list, show, crontab or set, not '%s'", c->args[0]);
}
