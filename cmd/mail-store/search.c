#include "mail-store/search.h"
#include "mail-store/verb.h"
#include "query/query.h"

static const char usage[] =
    "usage: mail-store search [-qv] [-s DIR] [-n N] [-a ACCOUNT] [-m MAILBOX] [--body] [--paged] [--cursor C] [QUERY...]\n"
    "       mail-store search [-s DIR] [-n N] [-a ACCOUNT] [-m MAILBOX] --ids | --count | --senders | --explain [QUERY...]\n"
    "\n"
    "Prints what the query finds, newest first, as email records without text and html. No query: everything.\n"
    "\n"
    "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "  -n, --max N         at most N\n"
    "  -a, --account NAME  of this account (repeatable: any of them)\n"
    "  -m, --mailbox NAME  in this mailbox (repeatable: any of them)\n"
    "      --body          with text and html, parsed from the stored message\n"
    "      --paged         close with a page record, which has the cursor of the next page\n"
    "      --cursor C      what comes after the page that gave this cursor\n"
    "      --ids           only ids, one a line\n"
    "      --count         only how many\n"
    "      --senders       a sender record for each address in From, the most frequent first\n"
    "      --explain       how the store answers the query\n"
    "\n"
    "example: mail-store search 'from:alice subject:invoice has:attachment newer:30d'; see mail-query(7)\n";

enum { OPT_BODY = 512, OPT_PAGED, OPT_IDS, OPT_COUNT, OPT_SENDERS };

static const struct prog_name names[] = {{"body", OPT_BODY}, {"paged", OPT_PAGED}, {"cursor", OPT_CURSOR}, {"ids", OPT_IDS}, {"count", OPT_COUNT},
                                         {"senders", OPT_SENDERS}, {"explain", OPT_EXPLAIN}, {NULL, 0}};
static const struct prog_form command = {.usage = usage, .names = names, .verb = "search"};

struct request {
    arena *mem;
    const char *dir;
    struct search want;
    struct search_place after;
    struct strs accounts, mailboxes;
    int form; /* OPT_IDS …, 0: records */
    bool body, paged, answered;
    struct store *store;
    struct out out;
};

/* ---- the command line --------------------------------------------------------------------------- */

/* The words of the command line are one query. A fault is told with its place. */
static bool read_query(struct request *r, int n, char **words)
{
    struct buf text = buf_new(r->mem, 256);
    for (int i = 0; i < n; i++) {
        buf_put(&text, i ? S(" ") : S(""));
        buf_put(&text, str_c(words[i]));
    }
    struct query_fault fault;
    struct query *q = query_parse(r->mem, buf_str(&text), now_s(), &fault);
    if (!q) {
        struct err e;
        err_set(&e, ERR_USAGE, "query", fault.hint, "%s", fault.text);
        prog_error(&e);
        if (prog_logs_text())
            fd_write_full(2, query_caret(r->mem, buf_str(&text), fault.at));
        return false;
    }
    q = query_both(r->mem, q, query_any_of(r->mem, QUERY_ACCOUNT, &r->accounts));
    q = query_both(r->mem, q, query_any_of(r->mem, QUERY_MAILBOX, &r->mailboxes));
    r->want.query = q;
    return true;
}

/* 0, or the exit code of a misuse. */
static int read_option(struct request *r, int option)
{
    switch (option) {
    case 's': r->dir = optarg; return 0;
    case 'n':
        return str_i64(str_c(optarg), 0, INT64_MAX, &r->want.limit) ? 0 : prog_misuse("-n takes a number, not '%s'", optarg);
    case 'a': strs_add(r->mem, &r->accounts, str_c(optarg)); return 0;
    case 'm': strs_add(r->mem, &r->mailboxes, str_c(optarg)); return 0;
    case OPT_BODY: r->body = true; return 0;
    case OPT_PAGED: r->paged = true; return 0;
    case OPT_CURSOR:
        r->want.after = &r->after;
        return search_place_read(str_c(optarg), &r->after) ? 0 : prog_misuse("'%s' is no cursor: take one from a page record", optarg);
    case OPT_IDS:
    case OPT_COUNT:
    case OPT_SENDERS:
    case OPT_EXPLAIN:
        if (r->form && r->form != option)
            return prog_misuse("--ids, --count, --senders and --explain exclude each other");
        r->form = option;
        return 0;
    default:
        r->answered = true;
        if (option == '?')
            prog_warn("a query that begins with a minus needs -- before it");
        return prog_answer(&command, option);
    }
}

/* ---- what is printed ---------------------------------------------------------------------------- */

static void print_ids(struct request *r, const struct ids *ids)
{
    for (ptrdiff_t i = 0; i < ids->n && out_good(&r->out); i++) {
        char digits[24];
        char *at = digits + sizeof digits;
        *--at = '\n';
        for (int64_t n = ids->item[i]; n; n /= 10)
            *--at = (char)('0' + n % 10);
        out_put(&r->out, str_of(at, digits + sizeof digits - at));
    }
}

/* Rows in pages: no transaction is open while a page is written. */
static bool print_records(struct request *r, const struct ids *ids, struct err *e)
{
    for (ptrdiff_t i = 0; i < ids->n && out_good(&r->out); i += STORE_PAGE) {
        arena scratch = *r->mem;
        struct buf lines = buf_new(&scratch, 1 << 20);
        ptrdiff_t n = ids->n - i < STORE_PAGE ? ids->n - i : STORE_PAGE;
        if (!store_lines(r->store, ids->item + i, n, 0, &lines, e))
            return false;
        out_put(&r->out, buf_str(&lines));
    }
    return true;
}

static bool print_senders(struct request *r, struct err *e)
{
    struct senders found;
    if (!store_senders(r->mem, r->store, &r->want, &found, e))
        return false;
    for (ptrdiff_t i = 0; i < found.n && out_good(&r->out); i += STORE_PAGE) {
        arena scratch = *r->mem;
        struct buf lines = buf_new(&scratch, 1 << 16);
        if (!store_sender_lines(r->store, found.item + i, found.n - i < STORE_PAGE ? found.n - i : STORE_PAGE, &lines, e))
            return false;
        out_put(&r->out, buf_str(&lines));
    }
    return true;
}

static void print_page(struct request *r, const struct search_hits *hits)
{
    struct buf line = buf_new(r->mem, 128);
    struct jwrite w = {.to = &line};
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("page"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    jwrite_key(&w, S("count"));
    jwrite_i64(&w, hits->ids.n);
    jwrite_key(&w, S("cursor"));
    jwrite_string(&w, hits->more ? search_place_write(r->mem, &hits->next) : STR_NONE);
    jwrite_end_object(&w);
    buf_byte(&line, '\n');
    out_put(&r->out, buf_str(&line));
}

static bool run(struct request *r, struct err *e)
{
    struct buf plan = {0};
    struct search_hits hits;
    if (r->form == OPT_SENDERS)
        return print_senders(r, e);
    if (r->form == OPT_EXPLAIN) {
        plan = buf_new(r->mem, 4096);
        r->want.explain = &plan;
    }
    if (!store_search(r->mem, r->store, &r->want, &hits, e))
        return false;
    if (r->form == OPT_EXPLAIN)
        out_put(&r->out, buf_str(&plan));
    else if (r->form == OPT_COUNT)
        out_fmt(&r->out, "%td\n", hits.ids.n);
    else if (r->form == OPT_IDS)
        print_ids(r, &hits.ids);
    else if (r->body)
        print_bodies(r->mem, r->store, &hits.ids, false, &r->out);
    else if (!print_records(r, &hits.ids, e))
        return false;
    if (r->paged && out_good(&r->out))
        print_page(r, &hits);
    return true;
}

int search_main(const char *dir, int argc, char **argv)
{
    arena mem = arena_new((size_t)1 << 36);
    struct request r = {.mem = &mem, .dir = dir, .want.limit = -1};
    for (int o; (o = prog_option(&command, argc, argv)) != -1;) {
        int code = read_option(&r, o);
        if (code || r.answered)
            return code;
    }
    if (r.form && (r.body || r.paged))
        return prog_misuse("--body and --paged go with records");
    if (!read_query(&r, argc - optind, argv + optind))
        return (int)prog_worst();
    r.out = out_new(&mem, 1);
    struct err e;
    r.store = store_open(&mem, r.dir, STORE_READ, &e);
    if (!r.store || !run(&r, &e))
        prog_error(&e);
    store_close(r.store);
    return prog_finish(&r.out);
}
