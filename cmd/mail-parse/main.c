/* mail-parse: messages to records.
 *
 * In:      message files, Maildir folders and mbox files named as arguments; or on stdin a message, a mbox (--mbox), or records:
 *          `email` with path (and offset, length, format) or raw. Records of other types pass through in their place.
 * Out:     one `email` with all that its message says, in the order of the input; `error` for what cannot be read.
 * Touches: what it is told to read, nothing else; it gives up the rest before it reads (sandbox.c). */
#include "parse.h"

#include <sched.h>
#include <unistd.h>

struct settings settings;

static const char usage[] = "usage: mail-parse [-hqVv] [-a ACCOUNT] [-j N] [-m MAILBOX] [--contacts] [--fields LIST]\n"
                            "                  [--format mboxrd|mboxo] [--headers] [--inline] [--max-text SIZE] [--mbox] [--me ADDRESS]\n"
                            "                  [--patterns FILE] [FILE | FOLDER | -]...\n"
                            "Parse messages, Maildir folders, mbox files, or records on stdin; print email records.\n"
                            "  -a, --account NAME   account of what is parsed (local)\n"
                            "  -j, --jobs N         work on N messages at once (one for each CPU, up to 4)\n"
                            "  -m, --mailbox NAME   mailbox of what is parsed\n"
                            "      --contacts       add what the text says of its writer: name, company, phones, signature, order numbers\n"
                            "      --fields LIST    only these members, and only the work they need\n"
                            "      --format NAME    how a mbox is quoted: mboxrd (default) or mboxo\n"
                            "      --headers        add all fields of the header\n"
                            "      --inline         add the message itself, as base64 in raw\n"
                            "      --max-text SIZE  cut text and html at so many octets (1M)\n"
                            "      --mbox           stdin is a mbox, not a message\n"
                            "      --me ADDRESS     mail from this address is outbound (repeatable)\n"
                            "      --patterns FILE  further patterns of ids for --contacts, a line each: name pattern\n";

enum { OPT_CONTACTS = 256, OPT_FIELDS, OPT_FORMAT, OPT_HEADERS, OPT_INLINE, OPT_MAX_TEXT, OPT_MBOX, OPT_ME, OPT_PATTERNS };

static const struct prog_name names[] = {{"contacts", OPT_CONTACTS}, {"fields", OPT_FIELDS}, {"format", OPT_FORMAT}, {"headers", OPT_HEADERS},
                                         {"inline", OPT_INLINE}, {"max-text", OPT_MAX_TEXT}, {"mbox", OPT_MBOX}, {"me", OPT_ME},
                                         {"patterns", OPT_PATTERNS}, {NULL, 0}};
static const struct prog_form command = {.usage = usage, .names = names};

enum { MAX_TEXT = 8 << 20, RUN_SIZE = 1 << 30 };

static int count_cpus(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return n < POOL_THREADS ? n : POOL_THREADS;
}

/* -1: go on; else the exit code. */
static int read_options(arena *run, int argc, char **argv)
{
    int64_t n;
    str wrong;
    for (int c; (c = prog_option(&command, argc, argv)) != -1;)
        switch (c) {
        case 'a':
        case 'm':
            if (!record_is_name(str_c(optarg)))
                return prog_misuse("-%c takes a name that is not empty and has no control characters, not '%s'", c, optarg);
            *(c == 'a' ? &settings.account : &settings.mailbox) = str_c(optarg);
            break;
        case 'j':
            if (!str_i64(str_c(optarg), 1, 1024, &n))
                return prog_misuse("-j takes a number from 1 on, not '%s'", optarg);
            settings.threads = (int)n;
            break;
        case OPT_CONTACTS: settings.contacts = true; break;
        case OPT_FIELDS:
            if (!record_email_members(str_c(optarg), &settings.members, &wrong))
                return prog_misuse("--fields: an email has no member '%.*s'; mail-records(7) lists them", STR_ARG(wrong));
            settings.headers |= (settings.members & EMAIL_BIT(EMAIL_HEADERS)) != 0;
            settings.contacts |= (settings.members & EMAIL_BIT(EMAIL_EXTRACTED)) != 0;
            break;
        case OPT_FORMAT:
            if (!mbox_format_of(str_c(optarg), &settings.quoting) || settings.quoting == MBOX_CL2)
                return prog_misuse("--format takes mboxrd or mboxo, not '%s'", optarg);
            break;
        case OPT_HEADERS: settings.headers = true; break;
        case OPT_INLINE: settings.inline_raw = true; break;
        case OPT_MAX_TEXT:
            if (!str_size(str_c(optarg), &settings.max_text) || settings.max_text < 1 || settings.max_text > MAX_TEXT)
                return prog_misuse("--max-text takes a size from 1 to 8M, not '%s'", optarg);
            break;
        case OPT_MBOX: settings.mbox = true; break;
        case OPT_ME: strs_add(run, &settings.me, str_c(optarg)); break;
        case OPT_PATTERNS: settings.patterns = optarg; break;
        default: return prog_answer(&command, c);
        }
    if (settings.patterns && !settings.contacts)
        return prog_misuse("--patterns is for --contacts");
    if (optind == argc && isatty(0))
        return prog_misuse("name files or folders, or give a message or records on stdin");
    return -1;
}

int main(int argc, char **argv)
{
    prog_init("mail-parse");
    arena run = arena_new(RUN_SIZE);
    settings.threads = count_cpus();
    int code = read_options(&run, argc, argv);
    if (code >= 0)
        return code;
    char cwd[4096];
    settings.cwd = getcwd(cwd, sizeof cwd) ? str_c(cwd) : STR_NONE;
    prog_signals(false);
    struct err e;
    if (settings.contacts && !contacts_begin(&run, settings.patterns, &e)) {
        prog_error(&e);
        return e.class;
    }
    struct out out = out_new(&run, 1);
    sandbox_enter();
    struct pool *pool = pool_new(&run, &out, settings.threads, work_slot);
    if (optind == argc)
        input_stdin(pool, &run);
    for (int i = optind; i < argc && pool_good(pool); i++)
        if (str_eq(str_c(argv[i]), S("-")))
            input_stdin(pool, &run);
        else
            input_named(pool, &run, argv[i]);
    pool_drain(pool);
    prog_outcome(pool_outcome(pool));
    return prog_finish(&out);
}
