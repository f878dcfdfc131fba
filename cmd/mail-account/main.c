/* mail-account: the accounts of mailpipe.conf.
 *
 * In: its arguments. Out: `account` records, secrets only as the kind of their reference.
 * Touches: the configuration (add, set, remove replace it atomically, comments kept); `test` runs mail-fetch test. */
#include "mail-account/account.h"


static const char usage[] =
    "usage: mail-account [OPTION...] VERB [ARGUMENT...]\n"
    "\n"
    "  add NAME KEY=VALUE...    a new account\n"
    "  set NAME KEY=VALUE...    change settings; KEY= takes one away\n"
    "  get NAME KEY             one setting\n"
    "  unset NAME KEY...        take settings away\n"
    "  exists NAME [KEY]        by its exit code: 0 yes, 66 no\n"
    "  show [NAME...]           accounts as records; show smtp [NAME...]: what mail-send would use\n"
    "  list                     their names, one a line\n"
    "  remove NAME              the account goes, its mail stays\n"
    "  test [NAME...]           connect, log in, open the mailbox\n"
    "  check                    what is wrong in the configuration\n"
    "  audit                    what is unsafe\n"
    "  secret set|seal|unseal NAME KEY | rekey REF | rotate\n"
    "                           secrets that lie sealed in the configuration\n"
    "  providers                the providers that --provider knows\n"
    "  keys                     every KEY and what it means\n"
    "  variables                names in the environment: the KEY that each sets, its value, what it means\n"
    "\n"
    "  -C, --config FILE    the configuration (else $MAILPIPE_CONFIG, ~/.config/mailpipe/mailpipe.conf,\n"
    "                       /etc/mailpipe/mailpipe.conf)\n"
    "      --dry-run        add, set, unset, remove: print what the file would be, change nothing\n"
    "      --old REF        secret: rekey, rotate: the key that it was\n"
    "      --provider NAME  add: hosts, ports and security of a known provider, or 'auto' by the address\n"
    "      --profile CODE   show smtp: with the settings of [profile CODE] over those of the account\n"
    "      --trace FILE     test: add what is said on the line to this file, without secrets\n"
    "\n"
    "example: mail-account add support email=support@example.com imap.host=imap.example.com \\\n"
    "                      'imap.secret=cmd:pass show mail/support'\n";

enum { OPT_DRY_RUN = 256, OPT_OLD, OPT_PROVIDER, OPT_PROFILE, OPT_TRACE, RUN_MEMORY = 1 << 26 };

static const struct prog_name names[] = {{"dry-run", OPT_DRY_RUN}, {"old", OPT_OLD}, {"provider", OPT_PROVIDER},
                                         {"profile", OPT_PROFILE}, {"trace", OPT_TRACE},    {NULL, 0}};
static const struct prog_form command = {.usage = usage, .names = names};

#define VERBS "add, set, get, unset, exists, show, list, remove, test, secret, check, audit, providers, keys or variables"

static const struct verb {
    const char *name;
    bool (*run)(struct request *r, struct err *e);
    int least; /* arguments behind the verb */
    bool changes, makes_file;
} verbs[] = {
    {"add", account_add, 2, true, true},           {"set", account_set, 2, true, false},
    {"unset", account_unset, 2, true, false},      {"remove", account_remove, 1, true, false},
    {"secret", account_secret, 1, true, false},    {"get", account_get, 2, false, false},
    {"exists", account_exists, 1, false, false},   {"show", account_show, 0, false, false},
    {"list", account_list, 0, false, false},       {"test", account_test, 0, false, false},
    {"check", account_check, 0, false, false},     {"audit", account_audit, 0, false, false},
    {"keys", account_keys, 0, false, false},       {"variables", account_variables, 0, false, false},
    {"providers", account_providers, 0, false, false},
};

static const struct verb *find_verb(const char *name)
{
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return &verbs[i];
    return NULL;
}

static const char *wants(const struct verb *verb)
{
    if (verb->run == account_secret)
        return "set, seal, unseal, rekey or rotate";
    if (verb->run == account_add || verb->run == account_set)
        return "a NAME and KEY=VALUE";
    return verb->least > 1 ? "a NAME and a KEY" : "a NAME";
}

static bool load(const struct verb *verb, struct request *r, struct err *e)
{
    bool reads = verb->run == account_secret && strcmp(r->args[0], "unseal") == 0;
    if (verb->changes && !reads && !r->dry_run && !config_hold(r->mem, r->config_path, e))
        return false;
    return verb->makes_file ? config_load_or_new(r->mem, r->config_path, &r->config, e) : config_load(r->mem, r->config_path, &r->config, e);
}

int main(int argc, char **argv)
{
    prog_init("mail-account");
    prog_signals(false);
    arena mem = arena_new(RUN_MEMORY);
    struct request r = {.mem = &mem};
    for (int o; (o = prog_option(&command, argc, argv)) != -1;)
        switch (o) {
        case 'C': r.config_path = optarg; break;
        case OPT_DRY_RUN: r.dry_run = true; break;
        case OPT_PROVIDER: r.provider = str_c(optarg); break;
        case OPT_PROFILE: r.profile = str_c(optarg); break;
        case OPT_TRACE: r.trace = optarg; break;
        case OPT_OLD: r.old_key = str_c(optarg); break;
        default: return prog_answer(&command, o);
        }
    if (optind == argc)
        return prog_misuse("say what to do: " VERBS);
    const struct verb *verb = find_verb(argv[optind]);
    if (!verb)
        return prog_misuse("there is no '%s'; it is " VERBS, argv[optind]);
    if (r.provider.len && verb->run != account_add)
        return prog_misuse("--provider is for add");
    if (r.profile.len && !(verb->run == account_show && optind + 1 < argc && strcmp(argv[optind + 1], "smtp") == 0))
        return prog_misuse("--profile is for show smtp");
    r.args = argv + optind + 1;
    r.n_args = argc - optind - 1;
    if (r.n_args < verb->least)
        return prog_misuse("%s wants %s", verb->name, wants(verb));

    struct out out = out_new(&mem, 1);
    struct err e = {0};
    r.out = &out;
    if (!load(verb, &r, &e) || !verb->run(&r, &e))
        prog_error(&e);
    return prog_finish(&out);
}
