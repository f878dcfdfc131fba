/* mail-store init, check, gc, migrate: the store itself. */
#include "mail-store/verb.h"

#define COMMON                                                                                 \
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"

static const struct verb init_verb = {
    "init", "usage: mail-store init [-qv] [-s DIR]\n\nMakes an empty store; one that is there stays as it is.\n\n" COMMON, 0, 0};

static const struct verb check_verb = {
    "check",
    "usage: mail-store check [-qv] [-s DIR] [--full | --explain]\n"
    "\n"
    "Looks for damage: the database, its references, blobs, full text, cursors. Prints one sentence for each fault\n"
    "and exits with 65 if there is one.\n"
    "\n" COMMON
    "      --full        read every message and compare its digest\n"
    "      --explain     instead: how the database answers what readers ask\n",
    0, 0};

static const struct verb gc_verb = {
    "gc",
    "usage: mail-store gc [-qv] [-s DIR] [--age SECONDS] [--dry-run]\n"
    "\n"
    "Takes away messages that no email names and temporary files, once they are a day old, and makes the full text\n"
    "again where it knows emails that are gone.\n"
    "\n" COMMON
    "      --age SECONDS  instead of a day\n"
    "      --dry-run      only say what would go\n",
    0, 0};

static const struct verb migrate_verb = {
    "migrate",
    "usage: mail-store migrate [-qv] [-s DIR] [--to N [--force]]\n"
    "\n"
    "Brings the database to the version of this program, or to version N, after a backup beside it.\n"
    "\n" COMMON
    "      --to N        the version to bring it to\n"
    "      --force       even to one that has no place for what is stored\n",
    0, 0};

int init_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    int code;
    if (!verb_begin(&init_verb, &c, dir, argc, argv, &code))
        return code;
    if (verb_open(&c, STORE_WRITE))
        prog_note("the store is %.*s", STR_ARG(store_dir(c.store)));
    return verb_end(&c);
}

static void print_sentence(void *context, const char *sentence)
{
    out_fmt((struct out *)context, "%s\n", sentence);
}

int check_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int64_t found = 0;
    int code;
    if (!verb_begin(&check_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    bool done = c.explain ? store_explain(c.store, print_sentence, &c.out, &found, &e)
                          : store_check(c.store, c.full, print_sentence, &c.out, &found, &e);
    if (!done)
        prog_error(&e);
    else if (found)
        prog_outcome(ERR_INPUT);
    if (done && !c.explain) {
        store_keep_verdict(&c.mem, c.store, &(struct store_verdict){now_s(), found, c.full});
        prog_note("%lld faults", (long long)found);
    }
    return verb_end(&c);
}

int gc_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct gc_counts n;
    struct err e;
    int code;
    if (!verb_begin(&gc_verb, &c, dir, argc, argv, &code))
        return code;
    /* A store that is not there is not made in order to be cleaned. */
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    store_close(c.store);
    if (!verb_open(&c, STORE_WRITE))
        return verb_end(&c);
    if (!store_gc(c.store, c.age_s < 0 ? STORE_GC_AGE_S : c.age_s, c.dry_run, &n, &e))
        prog_error(&e);
    else
        prog_warn("%s%lld messages (%lld octets), %lld temporary files; %lld emails indexed again", c.dry_run ? "would remove " : "removed ",
                  (long long)n.blobs, (long long)n.octets, (long long)n.temporary, (long long)n.reindexed);
    return verb_end(&c);
}

int migrate_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct migration m;
    struct err e;
    int64_t to = -1;
    int code;
    if (!verb_begin(&migrate_verb, &c, dir, argc, argv, &code))
        return code;
    if (c.to && !str_i64(str_c(c.to), 0, 9999, &to))
        return prog_misuse("--to takes the number of a version, not '%s'", c.to);
    if (!verb_open(&c, STORE_MIGRATE))
        return verb_end(&c);
    if (!store_migrate(&c.mem, c.store, (int)to, c.force, &m, &e))
        prog_error(&e);
    else if (m.from == m.to)
        prog_warn("the store has version %d already", m.to);
    else
        prog_warn("the store has version %d now (it had %d); as it was: %.*s", m.to, m.from, STR_ARG(m.backup));
    return verb_end(&c);
}
