/* mail-queue suppress: addresses that must not be written to. */
#include "mail-queue/verb.h"

#include "date/date.h"

#include <fcntl.h>
#include <pwd.h>
#include <unistd.h>

static const struct verb verb = {
    .name = "suppress",
    .usage = "usage: mail-queue suppress add [-qv] [-s DIR] [-a ACCOUNT] [--reason WORD] [--detail TEXT] [--expires WHEN] ADDRESS...\n"
             "       mail-queue suppress remove [-qv] [-s DIR] [-a ACCOUNT] [--retry] ADDRESS...\n"
             "       mail-queue suppress list | export [-s DIR]\n"
             "       mail-queue suppress why [-s DIR] [-a ACCOUNT] ADDRESS...\n"
             "       mail-queue suppress import [-qv] [-s DIR] [-a ACCOUNT] [--reason WORD] [--expires WHEN] [FILE...]\n"
             "\n"
             "Keeps the addresses to which nothing goes: a recipient that stands here fails when it is claimed. import takes what export prints,\n"
             "or an address on each line. why prints what keeps mail from an address, and exits with 1 where nothing does.\n"
             "@example.com stands for everyone there.\n"
             "\n"
             "  -a, --account NAME  only for mail of this account\n"
             "      --reason WORD   bounce, complaint, unsubscribe or manual (manual)\n"
             "      --detail TEXT   more about it\n"
             "      --expires WHEN  no longer than to 2026-12-31T00:00:00Z, or for 30d, 12h\n"
             "      --retry         queue again what was refused because of it\n"
             "      --dry-run       change nothing\n"
             "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "\n"
             "example: mail-queue suppress add --reason unsubscribe ann@example.com\n",
    .min_args = 1,
    .max_args = -1,
};

enum { OWN_DETAIL = VERB_OWN, OWN_EXPIRES, OWN_RETRY, LINE_LONGEST = 64 << 10, LINE_OCTETS = 1 << 30 };
static const struct prog_name own[] = {
    {"detail", OWN_DETAIL},
    {"expires", OWN_EXPIRES},
    {"retry", OWN_RETRY},
    {NULL, 0},
};

struct asking {
    struct verb_call call;
    str detail, who;
    int64_t expires_at;
    bool retry;
    int64_t added, known, failed;
};

static bool read_expiry(str text, int64_t *out)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    int64_t n;
    if (date_parse_3339(text, out, NULL))
        return true;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text.len && text.ptr[text.len - 1] == units[i].unit && str_i64(str_first(text, text.len - 1), 1, 100000, &n)) {
            *out = now_s() + n * units[i].seconds;
            return true;
        }
    return false;
}

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct asking *a = c->context;
    if (val == OWN_RETRY)
        a->retry = true;
    else if (val == OWN_DETAIL)
        a->detail = str_c(arg);
    else if (!read_expiry(str_c(arg), &a->expires_at))
        return prog_misuse("--expires takes a time like 2026-12-31T00:00:00Z, or 12h, 30d, 8w, not '%s'", arg);
    return 0;
}

static str who(arena *a)
{
    const struct passwd *user = getpwuid(geteuid());
    return user ? str_copy(a, str_c(user->pw_name)) : str_fmt(a, "uid %ld", (long)geteuid());
}

static str account_of(const struct verb_call *c) { return c->accounts.n ? c->accounts.item[0] : STR_NONE; }

/* ---- records --------------------------------------------------------------------------------------------------- */

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void put_time(struct jwrite *w, str key, int64_t t)
{
    char room[64];
    arena none = {0};
    struct buf b = {.ptr = room, .cap = sizeof room, .mem = &none};
    if (!t)
        return;
    date_put_utc(&b, t);
    put_text(w, key, buf_str(&b));
}

static void print(struct verb_call *c, const struct suppression *x)
{
    arena scratch = c->mem;
    struct buf b = buf_new(&scratch, 512);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    put_text(&w, S("type"), S("suppression"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_text(&w, S("address"), x->address);
    put_text(&w, S("account"), x->account);
    put_text(&w, S("reason"), x->reason);
    put_text(&w, S("detail"), x->detail);
    if (x->submission) {
        jwrite_key(&w, S("submissionId"));
        jwrite_i64(&w, x->submission);
    }
    put_text(&w, S("by"), x->by);
    put_time(&w, S("createdAt"), x->created_at);
    put_time(&w, S("expiresAt"), x->expires_at);
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(&c->out, buf_str(&b));
}

/* ---- add and import ---------------------------------------------------------------------------------------------- */

static void take(struct asking *a, const struct suppression *x, const char *where, int64_t line)
{
    struct err e;
    bool known = false;
    if (a->call.dry_run) {
        print(&a->call, x);
        return;
    }
    if (store_suppress_add(a->call.store, x, &known, &e)) {
        a->added += !known;
        a->known += known;
        return;
    }
    a->failed++;
    if (line) {
        struct err was = e;
        err_set(&e, ERR_PARTIAL, was.code, was.hint, "%s, line %lld: %s", where, (long long)line, was.text);
    }
    prog_error(&e);
}

static struct suppression from_options(struct asking *a, str address)
{
    str reason = a->call.reason ? str_c(a->call.reason) : S("manual");
    return (struct suppression){.address = address, .account = account_of(&a->call), .reason = reason, .detail = a->detail, .by = a->who, .expires_at = a->expires_at};
}

static void add(struct asking *a)
{
    for (int i = 1; i < a->call.n_args; i++) {
        struct suppression x = from_options(a, str_c(a->call.args[i]));
        take(a, &x, NULL, 0);
    }
    prog_note("%lld added, %lld renewed", (long long)a->added, (long long)a->known);
}

static str member(arena *mem, const struct jnode *root, str key, str otherwise)
{
    str value = jread_string(mem, jread_member(root, key));
    return value.len ? value : otherwise;
}

static bool read_line(struct asking *a, arena *mem, str line, struct suppression *x, struct err *e)
{
    struct json_fault fault;
    *x = from_options(a, line);
    if (line.ptr[0] != '{')
        return true;
    const struct jnode *root = jread(mem, line, &fault);
    if (!jread_is(root, JSON_OBJECT))
        return err_set(e, ERR_INPUT, "suppress.line", NULL, "octet %lld: %s", (long long)fault.offset + 1, root ? "no object" : fault.what);
    x->address = member(mem, root, S("address"), STR_NONE);
    x->account = member(mem, root, S("account"), x->account);
    x->reason = member(mem, root, S("reason"), x->reason);
    x->detail = member(mem, root, S("detail"), x->detail);
    x->by = member(mem, root, S("by"), x->by);
    str created = member(mem, root, S("createdAt"), STR_NONE), expires = member(mem, root, S("expiresAt"), STR_NONE);
    jread_i64(jread_member(root, S("submissionId")), 1, INT64_MAX, &x->submission);
    if ((created.ptr && !date_parse_3339(created, &x->created_at, NULL)) || (expires.ptr && !date_parse_3339(expires, &x->expires_at, NULL)))
        return err_set(e, ERR_INPUT, "suppress.line", NULL, "createdAt or expiresAt is no time");
    return true;
}

struct batch {
    arena mem;
    struct suppression *item;
    int64_t *line;
    ptrdiff_t n;
};
enum { BATCH = 1000 /* rows of one transaction */ };

static bool flush(struct asking *a, struct batch *b, const char *name)
{
    struct err e;
    bool writes = b->n && !a->call.dry_run;
    bool good = !writes || store_suppress_begin(a->call.store, &e);
    for (ptrdiff_t i = 0; good && i < b->n; i++)
        take(a, &b->item[i], name, b->line[i]);
    good = good && (!writes || store_suppress_commit(a->call.store, &e));
    if (!good)
        prog_error(&e);
    arena_reset(&b->mem);
    b->n = 0;
    b->item = ARENA_ARRAY(&b->mem, struct suppression, BATCH);
    b->line = ARENA_ARRAY(&b->mem, int64_t, BATCH);
    return good;
}

static void refuse_line(struct asking *a, const char *name, int64_t line, struct err *e)
{
    struct err was = *e;
    err_set(e, ERR_PARTIAL, was.code, was.hint, "%s, line %lld: %s", name, (long long)line, was.text);
    prog_error(e);
    a->failed++;
}

static void import_from(struct asking *a, int fd, const char *name)
{
    struct batch b = {.mem = arena_new(LINE_OCTETS)};
    struct lines in = lines_new(fd, LINE_LONGEST);
    struct err e;
    bool good = flush(a, &b, name);
    while (good && !prog_stopping()) {
        str line;
        enum line_status status = lines_next(&in, &line);
        if (!lines_err(&in, status, name, &e))
            prog_error(&e);
        if (status != LINE_OK && status != LINE_LONG)
            break;
        line = str_trim(line);
        if (status == LINE_LONG || !line.len || line.ptr[0] == '#')
            continue;
        if (read_line(a, &b.mem, str_copy(&b.mem, line), &b.item[b.n], &e))
            b.line[b.n++] = in.number;
        else
            refuse_line(a, name, in.number, &e);
        if (b.n == BATCH || (b.n && !lines_ready(&in, 0)))
            good = flush(a, &b, name);
    }
    if (good)
        flush(a, &b, name);
    lines_free(&in);
    arena_free(&b.mem);
}

static void import(struct asking *a)
{
    if (a->call.n_args == 1)
        import_from(a, 0, "stdin");
    for (int i = 1; i < a->call.n_args; i++) {
        struct err e;
        int fd = open(a->call.args[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0) {
            err_errno(&e, ERR_MISSING, "suppress.file", NULL, "cannot read %s", a->call.args[i]);
            prog_error(&e);
            continue;
        }
        import_from(a, fd, a->call.args[i]);
        close(fd);
    }
    prog_note("%lld added, %lld renewed, %lld refused", (long long)a->added, (long long)a->known, (long long)a->failed);
}

/* ---- remove -------------------------------------------------------------------------------------------------------- */

static bool retry_refused(struct asking *a, str address, int64_t *n, struct err *e)
{
    struct refused *refused;
    ptrdiff_t count;
    *n = 0;
    if (!store_suppress_refused(&a->call.mem, a->call.store, address, account_of(&a->call), &refused, &count, e))
        return false;
    *n = count;
    for (ptrdiff_t i = 0; a->retry && i < count; i++) {
        struct queue_change change = {.order = QUEUE_RETRY, .recipient = refused[i].address, .who = a->who, .reason = S("no longer suppressed")};
        int64_t changed;
        if (!queue_change(a->call.store, refused[i].submission, &change, &changed, e))
            return false;
    }
    return true;
}

static void remove_each(struct asking *a)
{
    for (int i = 1; i < a->call.n_args; i++) {
        str address = str_c(a->call.args[i]);
        bool removed = true;
        int64_t refused = 0;
        struct err e;
        bool good = a->call.dry_run || store_suppress_remove(a->call.store, address, account_of(&a->call), &removed, &e);
        if (good && !removed)
            good = err_set(&e, ERR_MISSING, "suppress.missing", "see mail-queue suppress why, and -a", "%.*s is not on the list%s", STR_ARG(address),
                           a->call.accounts.n ? " of this account" : "");
        if (!good || a->call.dry_run || !retry_refused(a, address, &refused, &e)) {
            if (!good)
                prog_error(&e);
            continue;
        }
        if (refused)
            prog_warn(a->retry ? "%lld recipients are queued again" : "%lld recipients were refused because of it: --retry, or mail-queue retry, queues them again",
                      (long long)refused);
    }
}

/* ---- list and why ------------------------------------------------------------------------------------------------ */

static void list(struct asking *a)
{
    int64_t last = 0;
    do {
        struct suppressions page;
        struct err e;
        arena kept = a->call.mem;
        if (!store_suppress_list(&a->call.mem, a->call.store, STR_NONE, last, &page, &last, &e)) {
            prog_error(&e);
            return;
        }
        for (ptrdiff_t i = 0; i < page.n; i++)
            print(&a->call, &page.item[i]);
        a->call.mem = kept;
    } while (last && out_good(&a->call.out));
}

static void why(struct asking *a)
{
    for (int i = 1; i < a->call.n_args; i++) {
        struct suppressions all;
        int64_t last, now = now_s();
        struct err e;
        bool kept = false;
        if (!store_suppress_list(&a->call.mem, a->call.store, str_c(a->call.args[i]), 0, &all, &last, &e)) {
            prog_error(&e);
            return;
        }
        for (ptrdiff_t k = 0; k < all.n; k++) {
            const struct suppression *x = &all.item[k];
            bool holds = (!x->expires_at || x->expires_at > now) && (!a->call.accounts.n || !x->account.len || str_eq(x->account, a->call.accounts.item[0]));
            kept = kept || holds;
            if (holds)
                print(&a->call, x);
        }
        if (!kept) {
            prog_warn("nothing keeps mail from %s", a->call.args[i]);
            prog_outcome(ERR_PARTIAL);
        }
    }
}

int suppress_main(const char *dir, int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(struct asking *a);
        enum store_mode mode;
        int min_args, max_args;
    } words[] = {{"add", add, STORE_WRITE, 2, 1 << 30},   {"remove", remove_each, STORE_WRITE, 2, 1 << 30}, {"rm", remove_each, STORE_WRITE, 2, 1 << 30},
                 {"list", list, STORE_READ, 1, 1},        {"export", list, STORE_READ, 1, 1},               {"why", why, STORE_READ, 2, 1 << 30},
                 {"import", import, STORE_WRITE, 1, 1 << 30}};
    struct asking a = {0};
    struct verb_call *c = &a.call;
    struct verb v = verb;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &a, dir, argc, argv, &code))
        return code;
    if (c->reason && !suppress_reason_ok(str_c(c->reason)))
        return prog_misuse("--reason is bounce, complaint, unsubscribe or manual, not '%s'", c->reason);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].name, c->args[0]) != 0)
            continue;
        if (c->n_args < words[i].min_args || c->n_args > words[i].max_args)
            return prog_misuse(c->n_args < words[i].min_args ? "suppress %s needs an address" : "suppress %s takes no address", c->args[0]);
        a.who = who(&c->mem);
        if (verb_open(c, words[i].mode))
            words[i].run(&a);
        return verb_end(c);
    }
    return prog_misuse("suppress add, remove, list, why, import or export, not '%s'", c->args[0]);
}
