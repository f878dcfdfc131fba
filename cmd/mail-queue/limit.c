/* mail-queue limit: how much may leave, what is used of it, and when room comes. */
#include "mail-queue/policy.h"

#include "date/date.h"

#include <stdlib.h>

static const struct verb verb = {
    .name = "limit",
    .usage = "usage: mail-queue limit list [-qv] [-s DIR] [-C FILE] [--at TIME]\n"
             "       mail-queue limit show [-qv] [-s DIR] [-C FILE] [--at TIME] NAME\n"
             "\n"
             "A section [limit NAME] of the configuration says how many recipients may be handed to mail-send in any minute, hour or day.\n"
             "Prints a record for each count: what is used of it, and when there is room for one more.\n"
             "\n"
             "      --at TIME       as it will be at this time, if nothing leaves till then\n"
             "  -s, --store DIR     the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
             "  -C, --config FILE   the configuration\n"
             "\n"
             "keys: accounts, profiles, queues, domains (for which mail; all where they are not said), by (account, profile, queue, domain:\n"
             "      each has its own count), minute, hour, day\n"
             "\n"
             "example: mail-queue limit list | jq -c '[.name, .account, .hour.used, .roomAt]'\n",
    .min_args = 1,
    .max_args = 2,
};

enum { OWN_AT = VERB_OWN };
static const struct prog_name own[] = {{"at", OWN_AT}, {NULL, 0}};

struct asking {
    struct verb_call call;
    const char *at_text;
    int64_t at;
    struct limits limits;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    (void)val;
    ((struct asking *)c->context)->at_text = arg;
    return 0;
}

static void count(void *context, const struct departure *d)
{
    struct asking *a = context;
    for (ptrdiff_t i = 0; i < a->limits.n; i++) {
        bool fresh;
        if (limit_is_for(&a->limits.item[i], d))
            schedule_log_add(&a->call.mem, &limit_use_of(&a->call.mem, &a->limits.item[i], d, &fresh)->log, d->at, d->n);
    }
}

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.len)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static void print(struct asking *a, const struct limit *l, const struct limit_use *u)
{
    arena scratch = a->call.mem;
    struct buf b = buf_new(&scratch, 256), time = buf_new(&scratch, 32);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    put_text(&w, S("type"), S("limit"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    put_text(&w, S("name"), l->name);
    put_text(&w, S("account"), u->account);
    put_text(&w, S("profile"), u->profile);
    put_text(&w, S("queue"), u->queue);
    put_text(&w, S("domain"), u->domain);
    for (int i = 0; i < l->n_rates; i++) {
        jwrite_key(&w, str_c(l->rate[i].per));
        jwrite_object(&w);
        jwrite_key(&w, S("max"));
        jwrite_i64(&w, l->rate[i].max);
        jwrite_key(&w, S("used"));
        jwrite_i64(&w, schedule_log_used(&u->log, l->rate[i].period_s, a->at));
        jwrite_end_object(&w);
    }
    int64_t room = limit_room(l, u, a->at);
    jwrite_key(&w, S("roomAt"));
    if (room == INT64_MAX) {
        jwrite_null(&w);
    } else {
        date_put_utc(&time, room);
        jwrite_string(&w, buf_str(&time));
    }
    jwrite_end_object(&w);
    buf_byte(&b, '\n');
    out_put(&a->call.out, buf_str(&b));
}

static int by_key(const void *x, const void *y)
{
    const struct map_slot *a = x, *b = y;
    return str_cmp(a->key, b->key);
}

static void print_uses(struct asking *a, const struct limit *l)
{
    struct map_slot *all = ARENA_ARRAY(&a->call.mem, struct map_slot, l->uses.n + 1);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < l->uses.cap; i++)
        if (l->uses.slots[i].hash)
            all[n++] = l->uses.slots[i];
    qsort(all, (size_t)n, sizeof *all, by_key);
    for (ptrdiff_t i = 0; i < n; i++)
        print(a, l, all[i].value.ptr);
    if (n == 0)
        print(a, l, &(struct limit_use){0});
}

int limit_main(const char *dir, int argc, char **argv)
{
    struct asking a = {0};
    struct verb_call *c = &a.call;
    struct verb v = verb;
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &a, dir, argc, argv, &code))
        return code;
    bool all = strcmp(c->args[0], "list") == 0;
    if (!all && strcmp(c->args[0], "show") != 0)
        return prog_misuse("limit list or show, not '%s'", c->args[0]);
    if (c->n_args != (all ? 1 : 2))
        return prog_misuse(all ? "limit list takes no name" : "limit show needs a name");
    if (!policy_time(a.at_text, &a.at) || !verb_config(c) || !verb_open(c, STORE_READ))
        return verb_end(c);
    if (!limits_read(&c->mem, &c->config, &a.limits, &e) || !store_departures(c->store, STR_NONE, STR_NONE, a.at - DEPARTURE_KEEP_S, count, &a, &e))
        return verb_fail(c, &e);
    bool found = all;
    for (ptrdiff_t i = 0; i < a.limits.n; i++) {
        const struct limit *l = &a.limits.item[i];
        if (!all && !str_eq(l->name, str_c(c->args[1])))
            continue;
        found = true;
        print_uses(&a, l);
    }
    if (found)
        return verb_end(c);
    err_set(&e, ERR_MISSING, "limit.missing", "see mail-queue limit list", "there is no limit '%s' in %.*s", c->args[1], STR_ARG(c->config.path));
    return verb_fail(c, &e);
}
