/* mail-store log: what happened, in the order in which it did. */
#include "mail-store/verb.h"

#include "date/date.h"

#define TIMES "90d, 12w, 36h, 15m, 2026-08-22, 2026-08 or an RFC 3339 time"

static const struct verb verb = {
    "log",
    "usage: mail-store log [-qv] [-s DIR] [-a ACCOUNT] [--kind KIND] [--since TIME] [--until TIME] [-n N]\n"
    "\n"
    "Prints the events of the store, the newest last.\n"
    "\n"
    "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
    "  -a, --account NAME  of this account (repeatable: any of them)\n"
    "      --kind KIND     email.stored, or email for all that begin with it (repeatable: any of them)\n"
    "      --since TIME    not before: " TIMES "\n"
    "      --until TIME    before that time, in the same forms\n"
    "  -n, --max N         the last N\n",
    0, 0};

/* So long ago: a number and a unit. */
static bool take_age(str text, int64_t *out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
    int64_t n;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (text.len > 1 && text.ptr[text.len - 1] == units[i].letter && str_i64(str_first(text, text.len - 1), 0, INT32_MAX, &n)) {
            *out = now_s() - n * units[i].seconds;
            return true;
        }
    return false;
}

static bool take_time(str text, int64_t *out) { return !text.ptr || take_age(text, out) || date_local_day(text, out) || date_parse_3339(text, out, NULL); }

static void print(struct verb_call *c, struct store_log *wish)
{
    struct err e;
    for (bool more = true; more && out_good(&c->out);) {
        arena scratch = c->mem;
        struct buf lines = buf_new(&scratch, 1 << 18);
        if (!store_log_lines(c->store, wish, &lines, &e)) {
            prog_error(&e);
            return;
        }
        more = lines.len > 0;
        out_put(&c->out, buf_str(&lines));
    }
}

int log_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    int code;
    if (!verb_begin(&verb, &c, dir, argc, argv, &code))
        return code;
    struct store_log wish = {.since = INT64_MIN, .until = INT64_MAX, .accounts = &c.accounts, .kinds = &c.kinds, .limit = c.limit};
    if (!take_time(c.since, &wish.since) || !take_time(c.until, &wish.until))
        return prog_misuse("a time is " TIMES);
    if (verb_open(&c, STORE_READ))
        print(&c, &wish);
    return verb_end(&c);
}
