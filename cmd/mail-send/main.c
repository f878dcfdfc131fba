/* mail-send: submissions to mail servers by SMTP or LMTP; what became of each recipient as `delivery` records.
 *
 * In: `submission` records, or one message; other records pass through. Out: `delivery`, one for each recipient; `test` (test), `error`.
 * Touches: the network; the message files that the submissions name; the lease files that they name. No database. */
#include "send.h"

static const char usage[] =
    "usage: mail-send [OPTIONS] [-a NAME | --url URL [--secret REF]]\n"
    "       mail-send [OPTIONS] {-a NAME | --url URL} [--from ADDRESS] RECIPIENT... <message\n"
    "       mail-send [OPTIONS] {-a NAME | --url URL} test [--to ADDRESS]\n"
    "       mail-send [-qv] --check-address [--mx [--resolver HOST]] [ADDRESS...]\n"
    "\n"
    "Sends submission records, or the message on stdin, and prints a delivery record for each recipient:\n"
    "mail-queue claim -n 200 | mail-send | mail-queue settle\n"
    "  test      connect, log in; with --to send a short test message, with --dry-run only ask whether it would be taken\n"
    "\n"
    "  -a, --account NAME     the account to send with, whatever the submission says\n"
    "      --profile CODE         with the settings of [profile CODE] over those of the account, likewise\n"
    "      --url URL          smtps://user@host, smtp://user@host:587 (STARTTLS), lmtp://host:24, lmtp:///path\n"
    "      --secret REF       the password: cmd:COMMAND, env:VARIABLE, file:PATH, keyring:ATTRIBUTE VALUE or netrc:MACHINE;\n"
    "                         in the account's smtp.secret sealed: too\n"
    "      --auth MECHANISM   insist on PLAIN, LOGIN, SCRAM-SHA-256, SCRAM-SHA-1, XOAUTH2 or OAUTHBEARER\n"
    "      --ca-file FILE     authorities to trust instead of the system's (PEM)\n"
    "      --allow-plaintext  no TLS with smtp://; log in without it (smtp.security = none)\n"
    "      --from ADDRESS     sender of the message on stdin; '' is the null sender\n"
    "      --to ADDRESS       recipient of the test\n"
    "      --check-address        say of each ADDRESS, else of each line of stdin, whether there can be such an address; send nothing\n"
    "      --mx                   with --check-address: and whether its domain takes mail\n"
    "      --resolver HOST        with --mx: the server to ask, 192.0.2.1 or 192.0.2.1:5353, instead of the system's\n"
    "      --sent             put a copy of what was sent into the account's Sent mailbox, by IMAP\n"
    "  -j, --jobs N           N connections at once\n"
    "      --connect-timeout S    until the server must have greeted (60)\n"
    "      --response-timeout S   longest silence before a reply (300)\n"
    "      --data-timeout S       longest silence behind a message (600)\n"
    "      --dry-run          say what would be sent where; connect to nothing\n"
    "      --trace FILE       add what is said on the line to this file, without secrets and messages\n"
    "  -C, --config FILE      the configuration\n"
    "  -s, --store DIR        the store whose blobs are meant where a submission names no path\n";

enum { OPT_URL = 256, OPT_PROFILE, OPT_SECRET, OPT_AUTH, OPT_CA_FILE, OPT_PLAINTEXT, OPT_FROM, OPT_TO, OPT_SENT, OPT_CONNECT, OPT_RESPONSE, OPT_DATA, OPT_DRY, OPT_TRACE,
       OPT_CHECK_ADDRESS, OPT_MX, OPT_RESOLVER };

static const struct prog_name names[] = {
    {"url", OPT_URL}, {"profile", OPT_PROFILE}, {"secret", OPT_SECRET}, {"auth", OPT_AUTH}, {"ca-file", OPT_CA_FILE},
    {"allow-plaintext", OPT_PLAINTEXT}, {"from", OPT_FROM}, {"to", OPT_TO}, {"sent", OPT_SENT},
    {"connect-timeout", OPT_CONNECT}, {"response-timeout", OPT_RESPONSE}, {"data-timeout", OPT_DATA},
    {"dry-run", OPT_DRY}, {"trace", OPT_TRACE}, {"check-address", OPT_CHECK_ADDRESS}, {"mx", OPT_MX}, {"resolver", OPT_RESOLVER}, {NULL, 0},
};
static const struct prog_form command = {.usage = usage, .names = names};

enum { RUN_MEMORY = 1 << 26, STOP = -1 };

static int take_seconds(const char *text, int64_t *to)
{
    enum { DAY_S = 86400 };
    return str_i64(str_c(text), 1, DAY_S, to) ? STOP : prog_misuse("a timeout is 1 to %d seconds, not '%s'", DAY_S, text);
}

/* One option; STOP to go on, else main returns the value. */
static int take_option(struct opts *o, int option)
{
    switch (option) {
    case 'a': o->account = str_c(optarg); break;
    case OPT_PROFILE: o->profile = str_c(optarg); break;
    case OPT_URL: o->url = str_c(optarg); break;
    case OPT_SECRET: o->secret = str_c(optarg); break;
    case OPT_AUTH: o->auth = str_c(optarg); break;
    case OPT_CA_FILE: o->ca_file = str_c(optarg); break;
    case OPT_PLAINTEXT: o->allow_plaintext = true; break;
    case OPT_FROM: o->from = str_c(optarg); break;
    case OPT_TO: o->to = str_c(optarg); break;
    case OPT_SENT: o->copy = true; break;
    case OPT_CONNECT: return take_seconds(optarg, &o->connect_s);
    case OPT_RESPONSE: return take_seconds(optarg, &o->response_s);
    case OPT_DATA: return take_seconds(optarg, &o->final_s);
    case OPT_DRY: o->dry_run = true; break;
    case OPT_CHECK_ADDRESS: o->check_address = true; break;
    case OPT_MX: o->mx = true; break;
    case OPT_RESOLVER: o->resolver = str_c(optarg); break;
    case OPT_TRACE: o->trace = optarg; break;
    case 'C': o->config_path = optarg; break;
    case 's': o->store_dir = optarg; break;
    case 'j':
        if (!str_i64(str_c(optarg), 1, WORKERS_MAX, &o->workers))
            return prog_misuse("-j is 1 to %d, not '%s'", WORKERS_MAX, optarg);
        break;
    default: return prog_answer(&command, option);
    }
    return STOP;
}

static int check(arena *a, struct opts *o, int argc, char **argv)
{
    if (o->mx && !o->check_address)
        return prog_misuse("--mx is for --check-address");
    if (o->resolver.len && !o->mx)
        return prog_misuse("--resolver is for --mx");
    for (int i = optind; i < argc && o->check_address; i++)
        strs_add(a, &o->recipients, str_c(argv[i]));
    if (o->check_address)
        return STOP;
    if (o->profile.len && o->url.len)
        return prog_misuse("--profile is for accounts of the configuration, not for --url");
    o->test = optind < argc && strcmp(argv[optind], "test") == 0;
    if (o->test && optind + 1 < argc)
        return prog_misuse("test takes no '%s'; a recipient is said with --to", argv[optind + 1]);
    for (int i = optind; i < argc && !o->test; i++) {
        if (!strchr(argv[i], '@'))
            return prog_misuse("'%s' is no address; the verb is test", argv[i]);
        strs_add(a, &o->recipients, str_c(argv[i]));
    }
    if ((o->test || o->recipients.n) && !o->account.len && !o->url.len)
        return prog_misuse("say what to send with: -a NAME or --url URL");
    if (o->from.ptr && !o->recipients.n && !o->test)
        return prog_misuse("--from is for a message on stdin, and wants recipients");
    return STOP;
}

/* The worst is what a caller can do something about; a message that may have arrived must not be tried again by whoever reads 75. */
static void judge(const struct run *r)
{
    if (r->deferred)
        prog_outcome(ERR_LATER);
    if (r->uncertain)
        prog_outcome(ERR_PARTIAL);
    if (r->failed)
        prog_outcome(r->sent || r->deferred || r->uncertain ? ERR_PARTIAL : ERR_REFUSED);
}

int main(int argc, char **argv)
{
    prog_init("mail-send");
    prog_signals(true);
    arena mem = arena_new(RUN_MEMORY);
    struct opts o = {.connect_s = -1, .response_s = -1, .final_s = -1, .workers = 1};
    for (int c; (c = prog_option(&command, argc, argv)) != -1;) {
        int code = take_option(&o, c);
        if (code != STOP)
            return code;
    }
    int code = check(&mem, &o, argc, argv);
    if (code != STOP)
        return code;

    struct out out = out_new(&mem, 1);
    struct run r = {.opts = &o, .mem = &mem, .out = &out};
    struct err e = {0};
    r.to_copy_end = &r.to_copy;
    if (o.check_address)
        check_addresses(&r);
    else if ((o.trace && !net_trace_to(o.trace, &e)) || !config_load(&mem, o.config_path, &r.config, &e))
        prog_error(&e);
    else if (o.test)
        test_account(&r);
    else if (o.recipients.n)
        send_message(&r);
    else if (o.workers > 1)
        send_shared(&r);
    else
        send_records(&r, 0);
    run_disconnect(&r);
    run_forget(&r);
    judge(&r);
    return prog_finish(&out);
}
