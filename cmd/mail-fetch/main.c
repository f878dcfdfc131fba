/* mail-fetch: new mail of IMAP accounts as `email` records, the messages themselves as blobs of the store.
 *
 * In: accounts of mailpipe.conf or one --url; the store's cursors. Out: `email`, `poll`, `error`; `mailbox` (folders), `test` (test).
 * Touches: the network; blobs/ and the account's lock in the store. On the server nothing is changed: mail stays unread. */
#include "fetch.h"

#include <unistd.h>

static const char usage[] =
    "usage: mail-fetch [OPTIONS] {-a NAME... | --all | --due | --url URL --secret REF} [get | folders | test]\n"
    "\n"
    "New mail as email records; pipe them into: mail-parse | mail-thread | mail-store put\n"
    "  get       the messages that --uid names, whether the store holds them or not\n"
    "  folders   mailbox records: names, roles, counts\n"
    "  test      connect, log in, open each mailbox; say how far that went\n"
    "\n"
    "  -a, --account NAME     an account of mailpipe.conf (repeatable); with --url: its name in the store\n"
    "      --all              every active account\n"
    "      --due              those whose syncInterval is over; of all accounts where none is named\n"
    "      --adaptive         with --due: more often while mail comes, more seldom while none does\n"
    "      --force            accounts with autoSync = no, too; with --due also before the time\n"
    "      --url URL          imaps://user@host[:port]/MAILBOX, or imap:// for STARTTLS\n"
    "      --secret REF       the password: cmd:COMMAND, env:VARIABLE, file:PATH, netrc:HOST, keyring:…\n"
    "      --auth MECHANISM   insist on PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, XOAUTH2 or OAUTHBEARER\n"
    "      --ca-file FILE     authorities to trust instead of the system's (PEM)\n"
    "      --allow-plaintext  log in without TLS (imap:// and imap.security = none)\n"
    "  -m, --mailbox NAME     instead of the account's mailboxes (repeatable); * is all of them\n"
    "  -n, --max N            at most N messages, of each mailbox the oldest first\n"
    "      --recent N         only what is missing of the newest N of each mailbox\n"
    "      --uid SET          with get: 123, 3:9,12 or 100:* in the one mailbox of -m\n"
    "  -j, --jobs N           N accounts at once (4; folders and test: 1)\n"
    "      --time-limit S     start nothing more after S seconds\n"
    "      --connect-timeout S    until the server must have greeted (30)\n"
    "      --response-timeout S   longest silence (60)\n"
    "      --trace FILE       add what is said on the line to this file, without secrets and messages\n"
    "  -C, --config FILE      the configuration\n"
    "  -s, --store DIR        the store\n";

enum { OPT_ALL = 256, OPT_URL, OPT_SECRET, OPT_AUTH, OPT_CA_FILE, OPT_PLAINTEXT, OPT_RECENT, OPT_LIMIT, OPT_CONNECT, OPT_RESPONSE,
       OPT_DUE, OPT_ADAPTIVE, OPT_FORCE, OPT_TRACE, OPT_UID };

static const struct prog_name names[] = {
    {"all", OPT_ALL}, {"due", OPT_DUE}, {"adaptive", OPT_ADAPTIVE}, {"force", OPT_FORCE}, {"url", OPT_URL},
    {"secret", OPT_SECRET}, {"auth", OPT_AUTH}, {"ca-file", OPT_CA_FILE}, {"allow-plaintext", OPT_PLAINTEXT},
    {"recent", OPT_RECENT}, {"uid", OPT_UID}, {"time-limit", OPT_LIMIT}, {"connect-timeout", OPT_CONNECT},
    {"response-timeout", OPT_RESPONSE}, {"trace", OPT_TRACE}, {NULL, 0},
};
static const struct prog_form command = {.usage = usage, .names = names};

enum { RUN_MEMORY = 1 << 26, MESSAGE_MEMORY = 1 << 26, STOP = -1 };

/* One option; STOP to go on, else main returns the value. */
static int take_option(arena *a, struct opts *o, int option)
{
    enum { DAY_S = 86400, JOBS_MOST = 100 };
    switch (option) {
    case 'a': strs_add(a, &o->accounts, str_c(optarg)); break;
    case 'm': strs_add(a, &o->mailboxes, str_c(optarg)); break;
    case OPT_ALL: o->all = true; break;
    case OPT_DUE: o->due = true; break;
    case OPT_ADAPTIVE: o->adaptive = true; break;
    case OPT_FORCE: o->force = true; break;
    case OPT_URL: o->url = str_c(optarg); break;
    case OPT_SECRET: o->secret = str_c(optarg); break;
    case OPT_AUTH: o->auth = str_c(optarg); break;
    case OPT_CA_FILE: o->ca_file = str_c(optarg); break;
    case OPT_PLAINTEXT: o->allow_plaintext = true; break;
    case OPT_TRACE: o->trace = optarg; break;
    case 'C': o->config_path = optarg; break;
    case 's': o->store_dir = optarg; break;
    case 'n':
        if (!str_i64(str_c(optarg), 0, INT64_MAX, &o->max))
            return prog_misuse("-n wants a number, not '%s'", optarg);
        break;
    case 'j':
        if (!str_i64(str_c(optarg), 1, JOBS_MOST, &o->jobs))
            return prog_misuse("-j wants 1 to %d, not '%s'", JOBS_MOST, optarg);
        break;
    case OPT_RECENT:
        if (!str_i64(str_c(optarg), 0, INT64_MAX, &o->recent))
            return prog_misuse("--recent wants a number, not '%s'", optarg);
        break;
    case OPT_UID:
        if (!wanted_read(a, str_c(optarg), &o->uids))
            return prog_misuse("--uid wants numbers and ranges as 123, 3:9,12 or 100:*, not '%s'", optarg);
        break;
    case OPT_LIMIT:
    case OPT_CONNECT:
    case OPT_RESPONSE: {
        int64_t *to = option == OPT_LIMIT ? &o->limit_s : option == OPT_CONNECT ? &o->connect_s : &o->response_s;
        if (!str_i64(str_c(optarg), 1, DAY_S, to))
            return prog_misuse("a time limit is 1 to %d seconds, not '%s'", DAY_S, optarg);
        break;
    }
    default: return prog_answer(&command, option);
    }
    return STOP;
}

static int check(struct opts *o, int argc, char **argv)
{
    str verb = str_c(optind < argc ? argv[optind] : "fetch");
    bool get = str_eq(verb, S("get")), known = get || str_eq(verb, S("fetch")) || str_eq(verb, S("folders")) || str_eq(verb, S("test"));
    o->verb = verb.ptr;
    if (optind + 1 < argc || !known)
        return prog_misuse("there is no '%s'; the verbs are get, folders and test", argv[argc - 1]);
    if (o->due ? !str_eq(verb, S("fetch")) : o->adaptive)
        return prog_misuse(o->due ? "--due is for fetching" : "--adaptive goes with --due");
    if (get ? !o->uids.n || o->recent >= 0 : o->uids.n > 0)
        return prog_misuse(get ? "get wants --uid, and no --recent" : "--uid goes with get");
    if (get && (o->all || o->accounts.n > 1 || (o->url.len ? o->mailboxes.n > 1 : o->mailboxes.n != 1) || strs_have(&o->mailboxes, S("*"))))
        return prog_misuse("UIDs are of one mailbox: name it with -a and -m");
    o->all |= o->due && !o->accounts.n && !o->url.len;
    if (o->url.len ? o->all || o->accounts.n > 1 : !o->all && !o->accounts.n)
        return prog_misuse("say what to read: -a NAME, --all, --due, or --url URL");
    return STOP;
}

/* Without a server there is nothing to open; what folders and test say needs no store. */
bool run_open_store(struct run *r, struct err *e)
{
    if (strcmp(r->opts->verb, "folders") == 0 || strcmp(r->opts->verb, "test") == 0)
        return true;
    r->store = store_open(r->mem, r->opts->store_dir, STORE_WRITE, e);
    return r->store != NULL;
}

void run_close_store(struct run *r)
{
    if (r->store)
        store_close(r->store);
    r->store = NULL;
}

void run_account(struct run *r, const struct target *a)
{
    prog_account(a->name);
    if (strcmp(r->opts->verb, "folders") == 0)
        list_folders(r, a);
    else if (strcmp(r->opts->verb, "test") == 0)
        test_account(r, a);
    else
        fetch_account(r, a);
}

int run_end(struct run *r)
{
    prog_account(STR_NONE);
    run_forget(r);
    run_close_store(r);
    return prog_finish(r->out);
}

static void run_accounts(struct run *r, const struct targets *accounts)
{
    ptrdiff_t at_once = jobs_wanted(r->opts, accounts->n);
    if (at_once > 1)
        jobs_run(r, accounts, at_once);
    for (ptrdiff_t i = 0; at_once < 2 && i < accounts->n && !run_over(r); i++)
        run_account(r, &accounts->item[i]);
}

int main(int argc, char **argv)
{
    prog_init("mail-fetch");
    prog_signals(true);
    arena mem = arena_new(RUN_MEMORY);
    struct opts o = {.max = -1, .recent = -1, .connect_s = -1, .response_s = -1, .limit_s = -1};
    for (int c; (c = prog_option(&command, argc, argv)) != -1;) {
        int code = take_option(&mem, &o, c);
        if (code != STOP)
            return code;
    }
    int code = check(&o, argc, argv);
    if (code != STOP)
        return code;

    struct out out = out_new(&mem, 1);
    _Atomic int64_t left = o.max < 0 ? INT64_MAX : o.max;
    struct run r = {.opts = &o, .mem = &mem, .message = arena_new(MESSAGE_MEMORY), .out = &out, .left = &left};
    r.until_ms = o.limit_s < 0 ? 0 : sys_clock.monotonic_ms() + o.limit_s * 1000;
    struct targets accounts = {0};
    struct err e = {0};
    if ((o.trace && !net_trace_to(o.trace, &e)) || !accounts_choose(&mem, &o, &accounts, &e) || !run_open_store(&r, &e) || (o.due && !due_choose(&r, &accounts, &e)))
        prog_error(&e);
    else
        run_keep_env(&r, &accounts);
    if (!e.class)
        run_accounts(&r, &accounts);
    return run_end(&r);
}
