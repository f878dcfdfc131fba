/* mail-store list, thread, threads, mailboxes: what rows hold, in the order in which a person wants it. */
#include "mail-store/verb.h"
#include "query/query.h"

enum { LIST_LIMIT = 100 };

#define COMMON                                                                                 \
    "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"

static const struct verb list_verb = {
    "list",
    "usage: mail-store list [-qv] [-s DIR] [-a ACCOUNT] [-m MAILBOX] [-n N | --all] [--cursor C]\n"
    "\n"
    "Prints the newest emails, 100 of them unless -n or --all says otherwise, without text and html.\n"
    "\n" COMMON
    "  -a, --account NAME  of this account (repeatable: any of them)\n"
    "  -m, --mailbox NAME  in this mailbox (repeatable: any of them)\n"
    "  -n, --max N         at most N\n"
    "      --all           all of them\n"
    "      --cursor C      what comes after the page that gave this cursor\n",
    0, 0};

static const struct verb thread_verb = {
    "thread",
    "usage: mail-store thread [-qv] [-s DIR] ID...\n"
    "\n"
    "Prints the emails of a thread, oldest first. ID: a thread's id, older ones too, or the id of one of its emails.\n"
    "\n" COMMON,
    1, -1};

static const struct verb threads_verb = {
    "threads",
    "usage: mail-store threads [-qv] [-s DIR] [-n N | --all]\n"
    "\n"
    "Prints a thread record for each of the 100 threads with the most recent mail.\n"
    "\n" COMMON
    "  -n, --max N         at most N\n"
    "      --all           all of them\n",
    0, 0};

static const struct verb mailboxes_verb = {
    "mailboxes",
    "usage: mail-store mailboxes [-qv] [-s DIR] [-a ACCOUNT]\n"
    "\n"
    "Prints a mailbox record for each mailbox: how much mail, how much unread, how far it was fetched.\n"
    "\n" COMMON
    "  -a, --account NAME  of this account (repeatable)\n",
    0, 0};

/* ---- list ------------------------------------------------------------------------------------------------- */

static struct query *list_query(struct verb_call *c)
{
    return query_both(&c->mem, query_any_of(&c->mem, QUERY_ACCOUNT, &c->accounts), query_any_of(&c->mem, QUERY_MAILBOX, &c->mailboxes));
}

static int64_t limit_of(const struct verb_call *c) { return c->limit >= 0 ? c->limit : c->all ? -1 : LIST_LIMIT; }

int list_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct search_hits hits;
    struct err e;
    int code;
    if (!verb_begin(&list_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    struct search want = {.query = list_query(&c), .limit = limit_of(&c), .after = c.has_after ? &c.after : NULL};
    if (!store_search(&c.mem, c.store, &want, &hits, &e) || !print_emails(&c, &hits.ids, &e))
        prog_error(&e);
    return verb_end(&c);
}

/* ---- thread, threads, mailboxes ----------------------------------------------------------------------------- */

static bool no_thread(const struct verb_call *c, str id, struct err *e)
{
    return err_set(e, ERR_MISSING, "store.thread", "mail-store threads shows what there is", "there is no thread, and no email of one, called %.*s in %.*s",
                   STR_ARG(id), STR_ARG(store_dir(c->store)));
}

static bool print_thread(struct verb_call *c, str id, struct err *e)
{
    struct ids ids;
    struct email m;
    if (!store_resolve(&c->mem, c->store, id, &ids, e))
        return strcmp(e->code, "store.id") == 0 ? no_thread(c, id, e) : false;
    if (!store_email(&c->mem, c->store, ids.item[0], &m, e))
        return false;
    if (m.thread_id.len && !store_thread(&c->mem, c->store, m.thread_id, &ids, e))
        return false;
    return print_emails(c, &ids, e);
}

int thread_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&thread_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    for (int i = 0; i < c.n_args; i++)
        if (!print_thread(&c, str_c(c.args[i]), &e))
            prog_error(&e);
    return verb_end(&c);
}

static bool print_threads(struct verb_call *c, struct err *e)
{
    struct ids ids;
    if (!store_thread_list(&c->mem, c->store, limit_of(c), &ids, e))
        return false;
    for (ptrdiff_t i = 0; i < ids.n && out_good(&c->out); i += STORE_PAGE) {
        arena scratch = c->mem;
        struct buf lines = buf_new(&scratch, 1 << 18);
        if (!store_thread_lines(c->store, ids.item + i, ids.n - i < STORE_PAGE ? ids.n - i : STORE_PAGE, &lines, e))
            return false;
        out_put(&c->out, buf_str(&lines));
    }
    return true;
}

int threads_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&threads_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    if (!print_threads(&c, &e))
        prog_error(&e);
    return verb_end(&c);
}

int mailboxes_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&mailboxes_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    struct buf lines = buf_new(&c.mem, 4096);
    if (!store_mailboxes(&c.mem, c.store, &c.accounts, &lines, &e))
        prog_error(&e);
    out_put(&c.out, buf_str(&lines));
    return verb_end(&c);
}
