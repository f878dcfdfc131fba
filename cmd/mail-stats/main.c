/* mail-stats: reports about what a store holds.
 *
 * In: nothing. Out: a record for each row of a report, or a table, a chart, a page. Touches: the store, queries only. */
#include "mail-stats/stats.h"
#include "mail-stats/verb.h"

#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: mail-stats [OPTION...] REPORT\n"
    "       mail-stats [OPTION...] report [REPORT...]\n"
    "\n"
    "  volume             how much mail: by day, hour, week, month, account, mailbox, direction\n"
    "  senders            who wrote, the most frequent first\n"
    "  recipients         to whom\n"
    "  domains            domains of senders\n"
    "  customers          who is on the other side of threads: what they wrote, and how soon we answered\n"
    "  threads            how many were opened, how large and how old they became\n"
    "  response-time      how long our answers took\n"
    "  attachments        their types and sizes\n"
    "  polls              runs of mail-fetch\n"
    "  queue              recipients by state and age\n"
    "  rates              attempts to send and their outcomes\n"
    "  bounces            what came back, by class\n"
    "  errors             what went wrong, by code\n"
    "  service            all of it in one line of counters\n"
    "  connections        who fetches and sends at this moment\n"
    "  report             several in one document; without names volume, senders, response-time, polls, queue, errors\n"
    "  health             how the installation is; exits with 0, 1 (warning) or 2 (critical)\n"
    "  alert              tell somebody of that, once\n"
    "  canary             send probes to ourselves, and see whether they arrive\n"
    "  prom               its numbers, for Prometheus\n"
    "  dash               all of it on a page: table (for the terminal), json, html\n"
    "\n"
    "      --since TIME   not before: 90d, 12w, 36h, 2026-08-22, 2026-08, or an RFC 3339 time\n"
    "      --until TIME   before that time, in the same forms\n"
    "      --by WHAT      a row for each of these\n"
    "  -a, --account NAME  only this account (repeatable)\n"
    "      --business-hours H  response-time and customers count these hours only: 09:00-18:00\n"
    "      --business-days D   on these days: mon-fri (as it is where only hours are said), all\n"
    "  -C, --config FILE  the configuration: which addresses are ours\n"
    "  -f, --format F     json (one record a line), tsv, table, svg, html; without it a table on a terminal, else json\n"
    "  -o, --output FILE  dash: not to stdout; the file is replaced at once, when all is written\n"
    "      --names WHICH  dash -f json: own, or legacy, those of the sending service that came before\n"
    "      --errors       dash: only what went wrong\n"
    "  -n, --max N        at most N rows: of periods the last ones, else the first\n"
    "  -s, --store DIR    the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "\n"
    "Periods are those of TZ. example: mail-stats volume --by day --since 90d -f svg > volume.svg\n";

enum { ANYONE = 1 << BY_ALL, PARTS = BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT, MONDAY_TO_FRIDAY = 31 };

static const struct report reports[] = {
    {"volume", "volume", "Volume of mail", volume_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT | 1 << BY_MAILBOX | 1 << BY_DIRECTION, BY_DAY, NULL, 0, false},
    {"senders", "senders", "Senders", senders_run, PARTS, BY_ALL, NULL, 0, true},
    {"recipients", "recipients", "Recipients", recipients_run, PARTS, BY_ALL, NULL, 0, true},
    {"domains", "domains", "Domains of senders", domains_run, PARTS, BY_ALL, NULL, 0, true},
    {"customers", "customers", "Customers", customers_run, 1 << BY_ALL | 1 << BY_ACCOUNT, BY_ALL, NULL, 0, true},
    {"threads", "threads", "Threads", threads_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT, BY_ALL, NULL, 0, false},
    {"response-time", "response-time", "Response times", response_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT, BY_ALL, NULL, 0, false},
    {"attachments", "attachments", "Attachments", attachments_run, PARTS, BY_ALL, NULL, 0, true},
    {"polls", "polls", "Polls", polls_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT | 1 << BY_MAILBOX, BY_ACCOUNT, NULL, 0, false},
    {"queue", "queue-report", "Queue", queue_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT | 1 << BY_DOMAIN | 1 << BY_QUEUE, BY_DOMAIN, NULL, 0, false},
    {"rates", "rates", "Attempts to send", rates_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT | 1 << BY_DOMAIN, BY_HOUR, NULL, 0, false},
    {"bounces", "bounces", "Bounces", bounces_run, BY_TIMES | 1 << BY_ALL | 1 << BY_ACCOUNT | 1 << BY_DOMAIN, BY_DOMAIN, NULL, 0, false},
    {"errors", "errors", "Errors", errors_run, PARTS, BY_ALL, NULL, 0, true},
    {"service", "service", "Service", service_run, PARTS, BY_ALL, NULL, 0, true},
    {"connections", "connection", "Connections", connections_run, ANYONE, BY_ALL, NULL, 0, false},
    {"health", "health", "Health", health_run, ANYONE, BY_ALL, NULL, 0, false},
    {"dash", "dash", "Mail", NULL, BY_TIMES, BY_DAY, dash_print, 1 << FORMAT_TABLE | 1 << FORMAT_JSON | 1 << FORMAT_HTML, false},
};
enum { REPORTS = sizeof reports / sizeof *reports };

enum { OPT_SINCE = 256, OPT_UNTIL, OPT_BY, OPT_HOURS, OPT_DAYS, OPT_NAMES, OPT_ERRORS };

static const struct prog_name own_names[] = {{"since", OPT_SINCE}, {"until", OPT_UNTIL}, {"by", OPT_BY}, {"business-hours", OPT_HOURS},
                                         {"business-days", OPT_DAYS}, {"names", OPT_NAMES}, {"errors", OPT_ERRORS}, {NULL, 0}};
static const struct prog_form command = {.usage = usage, .names = own_names};

struct call {
    struct request request;
    const char *by, *output;
    enum format format;
    bool answered, several, has_by;
    const struct report **report;
    int reports;
};

static int read_time(struct call *c, const char *text, const char **as, int64_t *out)
{
    *as = text;
    return period_read(str_c(text), c->request.now, out) ? 0 : prog_misuse("'%s' is no time: 90d, 12w, 36h, 2026-08-22", text);
}

/* Days are Monday to Friday until they are said. */
static int read_hours(struct request *r, str text)
{
    struct err e;
    str start, end;
    if (!str_cut(text, '-', &start, &end))
        return prog_misuse("'%.*s' is no time of the day: 09:00-18:00", STR_ARG(text));
    r->business = true;
    return schedule_read_time(start, &r->hours.start, &e) && schedule_read_time(end, &r->hours.end, &e) ? 0 : prog_misuse("%s", e.text);
}

static int read_days(struct request *r, str text)
{
    struct err e;
    r->business = true;
    return schedule_read_days(text, &r->hours.days, &e) ? 0 : prog_misuse("%s", e.text);
}

static int read_names(struct request *r, const char *which)
{
    r->legacy = strcmp(which, "legacy") == 0;
    return r->legacy || strcmp(which, "own") == 0 ? 0 : prog_misuse("--names takes own or legacy, not '%s'", which);
}

/* 0, or the exit code of a misuse. */
static int read_option(struct call *c, int option)
{
    struct request *r = &c->request;
    switch (option) {
    case OPT_SINCE: return read_time(c, optarg, &r->since, &r->range.since);
    case OPT_UNTIL: return read_time(c, optarg, &r->until, &r->range.until);
    case OPT_BY: c->by = optarg; return 0;
    case OPT_HOURS: return read_hours(r, str_c(optarg));
    case OPT_DAYS: return read_days(r, str_c(optarg));
    case OPT_NAMES: return read_names(r, optarg);
    case OPT_ERRORS: r->errors = true; return 0;
    case 'C': r->config = optarg; return 0;
    case 'a': strs_add(r->mem, &r->accounts, str_c(optarg)); return 0;
    case 'f': return format_named(str_c(optarg), &c->format) ? 0 : prog_misuse("-f takes json, tsv, table, svg or html, not '%s'", optarg);
    case 'n': return str_i64(str_c(optarg), 0, INT64_MAX, &r->limit) ? 0 : prog_misuse("-n takes a number, not '%s'", optarg);
    case 'o': c->output = optarg; return 0;
    case 's': r->dir = optarg; return 0;
    default: c->answered = true; return prog_answer(&command, option);
    }
}

static const struct report *report_named(str name)
{
    for (int i = 0; i < REPORTS; i++)
        if (str_eq(str_c(reports[i].name), name))
            return &reports[i];
    return NULL;
}

static bool takes(const struct report *report, enum by by) { return report->by >> by & 1; }

/* 0, or the exit code of a misuse. Of several reports, --by is for those that know it. */
static int read_by(struct call *c)
{
    c->has_by = c->by != NULL;
    bool known = c->by && by_named(str_c(c->by), &c->request.by);
    for (int i = 0; i < c->reports && known && c->several; i++)
        if (takes(c->report[i], c->request.by))
            return 0;
    const struct report *report = c->report[0];
    if (!c->by || (known && takes(report, c->request.by)))
        return 0;
    struct buf b = buf_new(c->request.mem, 128);
    for (int i = 0; i < BY_NUMBER; i++)
        if (takes(report, (enum by)i)) {
            buf_byte(&b, ' ');
            buf_put(&b, by_name((enum by)i));
        }
    return prog_misuse("%s knows no --by %s, but:%.*s", report->name, c->by, STR_ARG(buf_str(&b)));
}

/* 0, or the exit code of a misuse. */
static int read_format(const struct call *c, const struct report *report)
{
    if (!report->print && c->output)
        return prog_misuse("-o is for dash; mail-stats %s -f html > %s", report->name, c->output);
    if (!report->print || report->formats >> c->format & 1)
        return 0;
    struct buf b = buf_new(c->request.mem, 64);
    for (int i = 0; i <= FORMAT_HTML; i++)
        if (report->formats >> i & 1) {
            buf_byte(&b, ' ');
            buf_put(&b, format_name((enum format)i));
        }
    return prog_misuse("%s knows no -f %.*s, but:%.*s", report->name, STR_ARG(format_name(c->format)), STR_ARG(buf_str(&b)));
}

/* 0, or the exit code of a misuse. */
static int read_reports(struct call *c, int n, char **names)
{
    static const char *const usual[] = {"volume", "senders", "response-time", "polls", "queue", "errors"};
    if (!n)
        return prog_misuse("which report?");
    c->several = strcmp(names[0], "report") == 0;
    bool all = c->several && n == 1;
    int first = c->several, count = all ? (int)(sizeof usual / sizeof *usual) : n - first;
    if (!c->several && n > 1)
        return prog_misuse("one report, not also '%s'; several: mail-stats report %s %s", names[1], names[0], names[1]);
    if (c->several && c->format == FORMAT_SVG)
        return prog_misuse("svg is one chart of one report; html takes several");
    c->report = ARENA_ARRAY(c->request.mem, const struct report *, count);
    for (; c->reports < count; c->reports++) {
        const char *name = all ? usual[c->reports] : names[first + c->reports];
        c->report[c->reports] = report_named(str_c(name));
        if (!c->report[c->reports])
            return prog_misuse("there is no report '%s'", name);
        if (c->report[c->reports]->print && c->several)
            return prog_misuse("%s is a document of its own", name);
    }
    int code = read_format(c, c->report[0]);
    return code ? code : read_by(c);
}

/* Who may read a file that takes -o is what the umask says, as for a file that the shell makes. */
static bool print_page(struct call *c, struct request *r, const struct report *report, struct out *out, struct err *e)
{
    struct buf page = buf_new(r->mem, 1 << 16);
    if (!report->print(r, c->format, &page, e))
        return false;
    if (!c->output) {
        out_put(out, buf_str(&page));
        return true;
    }
    mode_t mask = umask(0);
    umask(mask);
    return file_replace(c->output, buf_str(&page), 0666 & ~mask, e);
}

static bool print(struct call *c, const struct report *report, struct out *out, struct err *e)
{
    struct request r = c->request;
    struct table t = {.mem = r.mem, .type = str_c(report->type), .title = str_c(report->title)};
    if (!c->has_by || !takes(report, r.by))
        r.by = report->otherwise;
    if (report->print)
        return print_page(c, &r, report, out, e);
    bool parts = report->each && r.by != BY_ALL;
    if (!(parts ? each_run(&r, report, &t, e) : report->run(&r, &t, e)))
        return false;
    if (!parts)
        table_limit(&t, r.limit);
    if (c->several)
        format_between(out, c->format, &t, report == c->report[0]);
    format_table(out, c->format, &t);
    return true;
}

static void run(struct call *c, struct out *out)
{
    struct err e;
    bool good = true;
    str title = c->several ? S("Report") : str_c(c->report[0]->title);
    c->request.store = store_open(c->request.mem, c->request.dir, STORE_READ, &e);
    if (!c->request.store) {
        prog_error(&e);
        return;
    }
    bool page = c->report[0]->print != NULL;
    if (!page)
        format_begin(out, c->format, title);
    for (int i = 0; i < c->reports && good && out_good(out); i++)
        good = print(c, c->report[i], out, &e);
    if (!good)
        prog_error(&e);
    if (!page)
        format_end(out, c->format);
    store_close(c->request.store);
}

int main(int argc, char **argv)
{
    arena mem = arena_new((size_t)1 << 36);
    struct call c = {.request = {.mem = &mem, .limit = -1, .range = {.since = INT64_MIN, .until = INT64_MAX}, .hours.days = MONDAY_TO_FRIDAY},
                     .format = isatty(1) ? FORMAT_TABLE : FORMAT_JSON};
    prog_init("mail-stats");
    prog_signals(false);
    int code;
    if (verb_run(&command, argc, argv, &code))
        return code;
    c.request.now = now_s();
    for (int o; (o = prog_option(&command, argc, argv)) != -1;) {
        code = read_option(&c, o);
        if (code || c.answered)
            return code;
    }
    code = read_reports(&c, argc - optind, argv + optind);
    if (code)
        return code;
    c.request.range.accounts = &c.request.accounts;
    struct out out = out_new(&mem, 1);
    run(&c, &out);
    return prog_finish(&out);
}
