/* mail-thread: which messages belong together.
 *
 * In: parsed `email` records. Out: the same with threadId and mergedThreads, all else untouched and in order; or, with --tree,
 * the trees of RFC 5256. Touches: the store, queries only. */
#include "mail-thread.h"


static const char usage[] =
    "usage: mail-thread [-qv] [-s DIR | --stateless]             emails in, the same with threadId out\n"
    "       mail-thread [-qv] [--algorithm A] --tree FORM        emails in, the trees out\n"
    "\n"
    "  -s, --store DIR     ask this store about earlier mail (else $MAILPIPE_STORE,\n"
    "                      ~/.local/share/mailpipe; where there is none, only this run counts)\n"
    "      --stateless     ask no store\n"
    "      --algorithm A   references (RFC 5256, the default), refs (references only, newest thread last)\n"
    "                      or orderedsubject\n"
    "      --tree FORM     imap (as a THREAD response), text (for people) or json (thread records)\n"
    "\n"
    "example: mail-parse ~/Maildir | mail-thread | mail-store put\n";

enum { OPT_STATELESS = 256, OPT_ALGORITHM, OPT_TREE };

static const struct prog_name names[] = {{"stateless", OPT_STATELESS}, {"algorithm", OPT_ALGORITHM}, {"tree", OPT_TREE}, {NULL, 0}};
static const struct prog_form command = {.usage = usage, .names = names};

static const char *const algorithms[] = {"references", "refs", "orderedsubject", NULL};
static const char *const forms[] = {"none", "imap", "text", "json", NULL};

static int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++)
        if (strcmp(words[i], word) == 0)
            return i;
    return -1;
}

/* NULL without an error where there is no store: as if it were empty. */
static struct store *open_store(arena *a, const char *dir, struct err *e)
{
    struct store *s = store_open(a, dir, STORE_READ, e);
    if (!s && e->class == ERR_MISSING) {
        prog_note("there is no store yet: only this run counts");
        *e = (struct err){0};
    }
    return s;
}

int main(int argc, char **argv)
{
    prog_init("mail-thread");
    prog_signals(false);
    const char *dir = NULL;
    bool stateless = false;
    int algorithm = -1, form = TREE_NONE;
    for (int o; (o = prog_option(&command, argc, argv)) != -1;)
        switch (o) {
        case 's': dir = optarg; break;
        case OPT_STATELESS: stateless = true; break;
        case OPT_ALGORITHM:
            if ((algorithm = word_index(algorithms, optarg)) < 0)
                return prog_misuse("--algorithm is references, refs or orderedsubject, not '%s'", optarg);
            break;
        case OPT_TREE:
            if ((form = word_index(forms, optarg)) <= TREE_NONE)
                return prog_misuse("--tree is imap, text or json, not '%s'", optarg);
            break;
        default: return prog_answer(&command, o);
        }
    if (optind < argc)
        return prog_misuse("records come on stdin, not from '%s'", argv[optind]);
    if (algorithm >= 0 && form == TREE_NONE)
        return prog_misuse("--algorithm needs --tree: threadId has one way only");

    arena mem = arena_new((size_t)1 << 36);
    struct out out = out_new(&mem, 1);
    struct lines in = lines_new(0, LINE_MAX_OCTETS);
    struct err e = {0};
    struct store *store = NULL;
    if (form != TREE_NONE) {
        tree_run(&mem, &in, algorithm < 0 ? THREAD_REFERENCES : (enum thread_algorithm)algorithm, (enum tree_form)form, &out);
    } else {
        store = stateless ? NULL : open_store(&mem, dir, &e);
        if (e.class)
            prog_error(&e);
        else
            filter_run(&in, store, &out);
    }
    if (store)
        store_close(store);
    lines_free(&in);
    return prog_finish(&out);
}
