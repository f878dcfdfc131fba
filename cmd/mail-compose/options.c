/* The command line: what all messages of the run have in common. */
#include "compose.h"

#include <unistd.h>

static const char usage[] =
    "usage: mail-compose --to ADDRESS… [OPTION...]          one message\n"
    "       mail-compose [--json] [OPTION...] <requests     one message for each JSON request\n"
    "       mail-compose VERB [OPTION...] [ID…]             of the email records on stdin, or IDs of the store\n"
    "       mail-compose -t [OPTION...] [ADDRESS…] <message as sendmail -t; --message: only to ADDRESS…\n"
    "\n"
    "  reply [ID…]        answer them\n"
    "  forward [ID…]      send them on, with a word before; --to says to whom\n"
    "  bounce [ID…]       send them on as they are (Resent-To)\n"
    "  templates [NAME…]  list and check templates; its options: mail-compose templates -h\n"
    "\n"
    "  -a, --account NAME         who sends; else the account of --from, of the message, or the first\n"
    "  -C, --config FILE          the configuration\n"
    "  -s, --store DIR            the store\n"
    "      --to ADDRESS           'Ann <ann@example.com>, bob@example.com'; repeatable, as all addresses\n"
    "      --cc ADDRESS           to them as well\n"
    "      --bcc ADDRESS          to them, and the others do not see it\n"
    "      --from ADDRESS         who sends\n"
    "      --from-name NAME       the name of the sender, where a message on stdin has none\n"
    "      --reply-to ADDRESS     who gets the answers\n"
    "      --subject TEXT         its subject\n"
    "      --text TEXT            itself, @FILE, or - for stdin (@@… for one that begins so)\n"
    "      --html HTML            the same as HTML\n"
    "      --attach FILE[:type[:name]]  a file; - is stdin\n"
    "      --inline FILE[:type[:name]]  a picture, cid:name in the HTML\n"
    "      --header 'Name: value'  a further field\n"
    "      --in-reply-to ID       part of a conversation\n"
    "      --importance LEVEL     low, normal or high\n"
    "      --list-unsubscribe URL  how to leave the list\n"
    "      --request-receipt      ask for a notice that it was read\n"
    "      --template NAME        subject and texts from a template\n"
    "      --set NAME=VALUE       a value for it; repeatable\n"
    "      --data FILE            values for it, as JSON\n"
    "  -T, --templates DIR        where templates are\n"
    "      --no-signature         without signature and footer\n"
    "      --no-quote             reply: without what it answers\n"
    "      --all                  reply: to all, not only to the sender\n"
    "      --as-attachment        forward: whole, as a message\n"
    "      --force                reply: where an answer would not be made\n"
    "      --auto                 no person sends this\n"
    "      --auto-submitted WORD  the same, as auto-generated, auto-replied or auto-notified; or no\n"
    "      --sign                 sign it with S/MIME\n"
    "      --no-sign              do not, whatever the account says\n"
    "      --encrypt              encrypt it with S/MIME\n"
    "      --certificate FILE     for whom to encrypt\n"
    "      --no-dkim              no DKIM signature\n"
    "      --key TEXT             the idempotency key: to add it again adds nothing\n"
    "      --queue NAME           the named queue\n"
    "      --profile NAME         the SMTP identity\n"
    "      --priority N           higher ones first\n"
    "      --send-at TIME         not before: 2026-08-22T09:00:00+02:00, 2026-08-22, or +2h from now\n"
    "      --undo TIME            not before, and until then it can be canceled\n"
    "      --expires TIME         not after\n"
    "      --tag TEXT             a word to find it by\n"
    "      --notify LIST          never, or a list of success, failure, delay\n"
    "      --ret PART             hdrs or full: what a notice holds of the message\n"
    "      --envid TEXT           what a notice calls it\n"
    "      --envelope-from ADDRESS  where notices of failure go; '' for nowhere\n"
    "  -t                         the message on stdin goes to its To, Cc and Bcc\n"
    "      --message              the message on stdin goes to the arguments only\n"
    "      --dot                  a line that is a single dot ends it\n"
    "      --json                 read requests even where options name recipients\n"
    "      --raw                  the message in the record, not in the store\n"
    "      --dry-run              print the message itself\n";

enum option_id {
    O_TO = 256, O_CC, O_BCC, O_FROM, O_REPLY_TO, O_SUBJECT, O_TEXT, O_HTML, O_ATTACH, O_INLINE, O_HEADER, O_UNSUBSCRIBE, O_IMPORTANCE,
    O_TEMPLATE, O_SET, O_DATA, O_RECEIPT, O_AUTO, O_AUTO_SUBMITTED, O_IN_REPLY_TO, O_NO_SIGNATURE, O_NO_QUOTE, O_FORCE, O_SIGN, O_NO_SIGN,
    O_ENCRYPT, O_CERTIFICATE, O_NO_DKIM, O_KEY, O_QUEUE, O_PROFILE, O_PRIORITY, O_SEND_AT, O_UNDO, O_EXPIRES, O_TAG, O_NOTIFY, O_RET, O_ENVID,
    O_ENVELOPE_FROM, O_FROM_NAME, O_DOT, O_RAW, O_DRY_RUN, O_ALL, O_AS_ATTACHMENT, O_JSON, O_MESSAGE,
};

static const struct prog_name names[] = {
    {"to", O_TO}, {"cc", O_CC}, {"bcc", O_BCC}, {"from", O_FROM}, {"reply-to", O_REPLY_TO}, {"subject", O_SUBJECT},
    {"text", O_TEXT}, {"html", O_HTML}, {"attach", O_ATTACH}, {"inline", O_INLINE}, {"header", O_HEADER},
    {"list-unsubscribe", O_UNSUBSCRIBE}, {"importance", O_IMPORTANCE}, {"template", O_TEMPLATE}, {"set", O_SET}, {"data", O_DATA},
    {"request-receipt", O_RECEIPT}, {"auto", O_AUTO}, {"auto-submitted", O_AUTO_SUBMITTED}, {"in-reply-to", O_IN_REPLY_TO},
    {"no-signature", O_NO_SIGNATURE}, {"no-quote", O_NO_QUOTE}, {"force", O_FORCE}, {"sign", O_SIGN}, {"no-sign", O_NO_SIGN},
    {"encrypt", O_ENCRYPT}, {"certificate", O_CERTIFICATE}, {"no-dkim", O_NO_DKIM}, {"key", O_KEY}, {"queue", O_QUEUE},
    {"profile", O_PROFILE}, {"priority", O_PRIORITY}, {"send-at", O_SEND_AT}, {"undo", O_UNDO}, {"expires", O_EXPIRES},
    {"tag", O_TAG}, {"notify", O_NOTIFY}, {"ret", O_RET}, {"envid", O_ENVID}, {"envelope-from", O_ENVELOPE_FROM},
    {"from-name", O_FROM_NAME}, {"dot", O_DOT}, {"raw", O_RAW}, {"dry-run", O_DRY_RUN}, {"all", O_ALL},
    {"as-attachment", O_AS_ATTACHMENT}, {"json", O_JSON}, {"message", O_MESSAGE}, {NULL, 0},
};
static const struct prog_form command = {.usage = usage, .names = names};

static bool read_all_stdin(arena *a, str *out, struct err *e)
{
    struct buf b = buf_new(a, 1 << 16);
    for (ptrdiff_t n = 1; n > 0 && b.len <= TEXT_FILE;) {
        n = fd_read_full(0, buf_room(&b, 1 << 16), 1 << 16);
        if (n < 0)
            return err_errno(e, ERR_IO, "file.read", NULL, "cannot read the text on stdin");
        b.len += n;
    }
    *out = buf_str(&b);
    return b.len <= TEXT_FILE || err_set(e, ERR_INPUT, "text.long", "attach it as a file", "the text on stdin is longer than %d octets", TEXT_FILE);
}

/* TEXT, @FILE or - */
static bool read_text(arena *a, const char *given, str *out, struct err *e)
{
    *out = str_c(given);
    if (strcmp(given, "-") == 0)
        return read_all_stdin(a, out, e);
    if (given[0] == '@' && given[1] == '@')
        *out = str_skip(*out, 1);
    else if (given[0] == '@')
        return file_read(a, given + 1, TEXT_FILE, out, e);
    return true;
}

static bool one_line(const char *given, const char *what, str *out, struct err *e)
{
    *out = str_c(given);
    return build_value_ok(*out, what, e);
}

static bool read_field(struct compose *c, struct err *e)
{
    str name, value, given = str_c(optarg);
    if (!str_cut(given, ':', &name, &value))
        return err_set(e, ERR_USAGE, "header.form", NULL, "--header takes 'Name: value', not \"%s\"", optarg);
    return request_field(&c->run, &c->defaults, name, value, e);
}

static bool read_envelope_from(struct request *r, arena scratch, struct err *e)
{
    r->has_mail_from = true;
    r->mail_from = str_c(optarg);
    if (!r->mail_from.len || str_eq(r->mail_from, S("<>")))
        r->mail_from = STR_NONE;
    return !r->mail_from.len || build_address_ok(scratch, (struct header_address){STR_NONE, r->mail_from}, "--envelope-from", ERR_USAGE, e);
}

/* What is about the message. */
static bool message_option(struct compose *c, int o, struct err *e)
{
    arena *a = &c->run;
    struct request *r = &c->defaults;
    switch (o) {
    case O_TO: return request_address(a, &r->to, str_c(optarg), "--to", ERR_USAGE, e);
    case O_CC: return request_address(a, &r->cc, str_c(optarg), "--cc", ERR_USAGE, e);
    case O_BCC: return request_address(a, &r->bcc, str_c(optarg), "--bcc", ERR_USAGE, e);
    case O_FROM: return request_address(a, &r->from, str_c(optarg), "--from", ERR_USAGE, e);
    case O_REPLY_TO: return request_address(a, &r->reply_to, str_c(optarg), "--reply-to", ERR_USAGE, e);
    case O_SUBJECT: return one_line(optarg, "--subject", &r->subject, e);
    case O_TEXT: return read_text(a, optarg, &r->text, e);
    case O_HTML: return read_text(a, optarg, &r->html, e);
    case O_ATTACH: return enclose_file(a, r, str_c(optarg), false, e);
    case O_INLINE: return enclose_file(a, r, str_c(optarg), true, e);
    case O_HEADER: return read_field(c, e);
    case O_UNSUBSCRIBE: r->list_unsubscribe = str_c(optarg); return request_unsubscribe(r->list_unsubscribe, e);
    case O_IMPORTANCE: r->importance = str_c(optarg); return request_word(r->importance, "low normal high", "--importance", ERR_USAGE, e);
    case O_IN_REPLY_TO:
        return request_id(a, str_c(optarg), "--in-reply-to", &r->in_reply_to, e) && request_id(a, str_c(optarg), "", &r->references, e);
    case O_TEMPLATE: r->template = str_c(optarg); return true;
    case O_SET: strs_add(a, &r->sets, str_c(optarg)); return true;
    case O_DATA: return compose_data_read(a, optarg, &r->data, e);
    case O_RECEIPT: r->receipt = true; return true;
    case O_AUTO: r->automatic = true; return true;
    case O_AUTO_SUBMITTED:
        r->auto_submitted = str_c(optarg);
        r->automatic = !str_eq(r->auto_submitted, S("no"));
        return request_word(r->auto_submitted, "no auto-generated auto-replied auto-notified", "--auto-submitted", ERR_USAGE, e);
    case O_NO_SIGNATURE: r->no_signature = true; return true;
    case O_NO_QUOTE: r->no_quote = true; return true;
    case O_FROM_NAME: return one_line(optarg, "--from-name", &r->from_name, e);
    default: return err_set(e, ERR_BUG, "option", NULL, "an option without a meaning");
    }
}

static bool is_notify(str list)
{
    for (str rest = list, word; rest.ptr;) {
        bool more = str_cut(rest, ',', &word, &rest);
        struct err e;
        if (!request_word(word, list.len == 5 ? "never delay" : "success failure delay", "", ERR_USAGE, &e))
            return false;
        if (!more)
            break;
    }
    return true;
}

/* What is about its way. */
static bool sending_option(struct compose *c, int o, struct err *e)
{
    struct request *r = &c->defaults;
    switch (o) {
    case O_KEY: return one_line(optarg, "--key", &r->key, e);
    case O_QUEUE: return one_line(optarg, "--queue", &r->queue, e);
    case O_PROFILE: return one_line(optarg, "--profile", &r->profile, e);
    case O_TAG: strs_add(&c->run, &r->tags, str_c(optarg)); return build_value_ok(str_c(optarg), "--tag", e);
    case O_PRIORITY:
        return str_i64(str_c(optarg), -1000, 1000, &r->priority) ||
               err_set(e, ERR_USAGE, "request.priority", NULL, "--priority is a number from -1000 to 1000, not \"%s\"", optarg);
    case O_SEND_AT: return request_time(str_c(optarg), r->now, "--send-at", ERR_USAGE, &r->send_at, e);
    case O_UNDO: {
        str relative = str_fmt(&c->run, "%s%s", optarg[0] >= '0' && optarg[0] <= '9' && !strchr(optarg, '-') ? "+" : "", optarg);
        return request_time(relative, r->now, "--undo", ERR_USAGE, &r->undo_until, e);
    }
    case O_EXPIRES: return request_time(str_c(optarg), r->now, "--expires", ERR_USAGE, &r->expires_at, e);
    case O_NOTIFY:
        r->notify = str_lower(&c->run, str_c(optarg));
        return is_notify(r->notify) || err_set(e, ERR_USAGE, "request.notify", NULL, "--notify is never, or a list of success, failure, delay");
    case O_RET: r->ret = str_c(optarg); return request_word(r->ret, "hdrs full", "--ret", ERR_USAGE, e);
    case O_ENVID: return one_line(optarg, "--envid", &r->envid, e);
    case O_ENVELOPE_FROM: return read_envelope_from(r, c->run, e);
    case O_CERTIFICATE: strs_add(&c->run, &c->crypto.certificates, str_c(optarg)); return true;
    default: return message_option(c, o, e);
    }
}

/* "-" or "-:type:name": standard input, which can be read once. */
static bool takes_stdin(int o)
{
    bool file = o == O_ATTACH || o == O_INLINE;
    return (file || o == O_TEXT || o == O_HTML) && optarg[0] == '-' && (optarg[1] == 0 || (file && optarg[1] == ':'));
}

/* -1: go on; else the exit code. */
static int read_option(struct compose *c, int o)
{
    struct err e = {0};
    switch (o) {
    case 'a': c->defaults.account = str_c(optarg); return -1;
    case 'C': c->config_path = optarg; return -1;
    case 's': c->store_dir = optarg; return -1;
    case 'T': c->template_folder = optarg; return -1;
    case 't': c->verb = VERB_MESSAGE; c->from_header = true; return -1;
    case O_MESSAGE: c->verb = VERB_MESSAGE; return -1;
    case O_DOT: c->until_dot = true; return -1;
    case O_RAW: c->raw = true; return -1;
    case O_DRY_RUN: c->dry_run = true; return -1;
    case O_ALL: c->all = true; return -1;
    case O_AS_ATTACHMENT: c->as_attachment = true; return -1;
    case O_JSON: c->json = true; return -1;
    case O_FORCE: c->force = true; return -1;
    case O_SIGN: c->crypto.sign = COMPOSE_YES; return -1;
    case O_NO_SIGN: c->crypto.sign = COMPOSE_NO; return -1;
    case O_ENCRYPT: c->crypto.encrypt = COMPOSE_YES; return -1;
    case O_NO_DKIM: c->crypto.no_dkim = true; return -1;
    default: break;
    }
    if (o < O_TO)
        return prog_answer(&command, o);
    if (takes_stdin(o) && c->stdin_taken++)
        return prog_misuse("standard input can be only one of --text, --html, --attach and --inline");
    if (sending_option(c, o, &e))
        return -1;
    prog_error(&e);
    return (int)e.class;
}

static bool take_verb(struct compose *c, const char *word)
{
    static const struct {
        const char *name;
        enum verb verb;
    } verbs[] = {{"new", VERB_NEW}, {"reply", VERB_REPLY}, {"forward", VERB_FORWARD}, {"bounce", VERB_RESEND}, {"resend", VERB_RESEND}};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, word) == 0) {
            c->verb = verbs[i].verb;
            return true;
        }
    return false;
}

/* A verb with options of its own: it may stand first, or behind -C FILE. */
static bool is_templates(struct compose *c, int argc, char **argv)
{
    int at = argc > 3 && strcmp(argv[1], "-C") == 0 ? 3 : 1;
    if (at >= argc || strcmp(argv[at], "templates") != 0)
        return false;
    c->verb = VERB_TEMPLATES;
    c->config_path = at == 3 ? argv[2] : NULL;
    c->n_rest = argc - at;
    c->rest = argv + at;
    return true;
}

int read_options(struct compose *c, int argc, char **argv)
{
    if (is_templates(c, argc, argv))
        return -1;
    c->defaults.now = now_s();
    for (int o; (o = prog_option(&command, argc, argv)) != -1;) {
        int code = read_option(c, o);
        if (code >= 0)
            return code;
    }
    if (c->verb != VERB_MESSAGE && optind < argc && !take_verb(c, argv[optind++]))
        return prog_misuse("there is no verb '%s'; --to says to whom", argv[optind - 1]);
    for (; optind < argc; optind++)
        strs_add(&c->run, &c->arguments, str_c(argv[optind]));
    const struct request *r = &c->defaults;
    if (c->verb == VERB_NEW && c->arguments.n)
        return prog_misuse("'%.*s' is too much; --to says to whom", STR_ARG(c->arguments.item[0]));
    if (c->verb == VERB_NEW && !r->to.n && !r->cc.n && !r->bcc.n) {
        c->json = true;
        if (isatty(0))
            return prog_misuse("--to says to whom; or give requests on stdin");
    }
    bool reads = c->json || c->verb == VERB_MESSAGE || (c->verb != VERB_NEW && !c->arguments.n);
    if (c->stdin_taken && reads)
        return prog_misuse("standard input has records, requests or a message: it cannot be a text or file as well");
    return -1;
}
