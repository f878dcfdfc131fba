/* The limits of the configuration, and what is used of them. */
#include "mail-queue/policy.h"

static const char *const keys[] = {"accounts", "profiles", "queues", "domains", "by", "minute", "hour", "day", NULL};
static const struct limit_rate rates[LIMIT_RATES] = {{"minute", 60, 0}, {"hour", 3600, 0}, {"day", 86400, 0}};
static const str kind = S("limit");

enum { MOST = 10000000 /* in any of the times: what is counted lies in memory */ };

static bool read_by(arena *a, const struct config *c, struct limit *l, struct err *e)
{
    struct strs words;
    config_section_list(a, c, kind, l->name, S("by"), &words);
    for (ptrdiff_t i = 0; i < words.n; i++) {
        str word = words.item[i];
        bool *by = str_eq(word, S("account"))   ? &l->by_account
                   : str_eq(word, S("profile")) ? &l->by_profile
                   : str_eq(word, S("queue"))   ? &l->by_queue
                   : str_eq(word, S("domain"))  ? &l->by_domain
                                                : NULL;
        if (!by) {
            err_set(e, ERR_CONFIG, "limit.value", NULL, "by is account, profile, queue or domain, not \"%.*s\"", STR_ARG(word));
            return config_section_wrong(c, kind, l->name, S("by"), e);
        }
        *by = true;
    }
    return true;
}

static bool read_rates(const struct config *c, struct limit *l, struct err *e)
{
    for (int i = 0; i < LIMIT_RATES; i++) {
        str key = str_c(rates[i].per), value = config_section_get(c, kind, l->name, key);
        struct limit_rate *rate = &l->rate[l->n_rates];
        if (!value.ptr)
            continue;
        *rate = rates[i];
        if (!str_i64(value, 0, MOST, &rate->max)) {
            err_set(e, ERR_CONFIG, "limit.value", NULL, "%s is a number of recipients, not \"%.*s\"", rate->per, STR_ARG(value));
            return config_section_wrong(c, kind, l->name, key, e);
        }
        l->n_rates++;
    }
    if (l->n_rates)
        return true;
    err_set(e, ERR_CONFIG, "limit.value", "hour = 100, say", "it limits nothing: it has none of minute, hour and day");
    return config_section_wrong(c, kind, l->name, STR_NONE, e);
}

bool limits_read(arena *a, const struct config *c, struct limits *out, struct err *e)
{
    struct strs names;
    *out = (struct limits){0};
    if (!config_section_known(c, kind, keys, e))
        return false;
    config_sections(a, c, kind, &names);
    out->item = ARENA_ARRAY(a, struct limit, names.n + 1);
    for (; out->n < names.n; out->n++) {
        struct limit *l = &out->item[out->n];
        l->name = names.item[out->n];
        config_section_list(a, c, kind, l->name, S("accounts"), &l->accounts);
        config_section_list(a, c, kind, l->name, S("profiles"), &l->profiles);
        config_section_list(a, c, kind, l->name, S("queues"), &l->queues);
        config_section_list(a, c, kind, l->name, S("domains"), &l->domains);
        for (ptrdiff_t i = 0; i < l->domains.n; i++)
            l->domains.item[i] = str_lower(a, l->domains.item[i]);
        if (!read_by(a, c, l, e) || !read_rates(c, l, e))
            return false;
    }
    return true;
}

static bool is_among(const struct strs *list, str word) { return !list->n || strs_have(list, word); }

bool limit_is_for(const struct limit *l, const struct departure *d)
{
    return is_among(&l->accounts, d->account) && is_among(&l->profiles, d->profile) && is_among(&l->queues, d->queue) && is_among(&l->domains, d->domain);
}

/* Not none: that would be everyone's. */
static str own(bool by, str value) { return !by ? STR_NONE : value.ptr ? value : S(""); }

struct limit_use *limit_use_of(arena *a, struct limit *l, const struct departure *d, bool *fresh)
{
    struct limit_use u = {.account = own(l->by_account, d->account), .profile = own(l->by_profile, d->profile), .queue = own(l->by_queue, d->queue),
                          .domain = own(l->by_domain, d->domain)};
    arena scratch = *a;
    str key = str_fmt(&scratch, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(u.account), STR_ARG(u.profile), STR_ARG(u.queue), STR_ARG(u.domain));
    struct map_slot *slot = map_get(&l->uses, key);
    *fresh = !slot;
    if (slot)
        return slot->value.ptr;
    key = str_fmt(a, "%.*s\n%.*s\n%.*s\n%.*s", STR_ARG(u.account), STR_ARG(u.profile), STR_ARG(u.queue), STR_ARG(u.domain));
    str *const texts[4] = {&u.account, &u.profile, &u.queue, &u.domain};
    for (int i = 0; i < 4; i++)
        *texts[i] = texts[i]->ptr ? str_copy(a, *texts[i]) : STR_NONE;
    struct limit_use *kept = ARENA_NEW(a, struct limit_use);
    *kept = u;
    map_put(a, &l->uses, key)->value.ptr = kept;
    return kept;
}

struct loading {
    arena *mem;
    const struct limit *limit;
    struct limit_use *use;
};

static bool is_same(str counted, str of) { return !counted.ptr || str_eq(counted, of); }

static void count(void *context, const struct departure *d)
{
    struct loading *x = context;
    const struct limit_use *u = x->use;
    if (limit_is_for(x->limit, d) && is_same(u->account, d->account) && is_same(u->profile, d->profile) && is_same(u->queue, d->queue) && is_same(u->domain, d->domain))
        schedule_log_add(x->mem, &x->use->log, d->at, d->n);
}

bool limit_use_load(arena *a, struct store *s, struct limit *l, struct limit_use *u, int64_t now, struct err *e)
{
    struct loading x = {a, l, u};
    int64_t longest = l->rate[l->n_rates - 1].period_s;
    str domain = u->domain.ptr ? u->domain : l->domains.n == 1 ? l->domains.item[0] : STR_NONE;
    str account = u->account.ptr ? u->account : l->accounts.n == 1 ? l->accounts.item[0] : STR_NONE;
    return store_departures(s, domain, account, now - longest, count, &x, e);
}

int64_t limit_room(const struct limit *l, const struct limit_use *u, int64_t now)
{
    int64_t room = now;
    for (int i = 0; i < l->n_rates; i++) {
        int64_t at = schedule_log_room(&u->log, l->rate[i].max, l->rate[i].period_s, now);
        room = at > room ? at : room;
    }
    return room;
}

void limits_forget(struct limits *l)
{
    for (ptrdiff_t i = 0; i < l->n; i++)
        l->item[i].uses = (struct map){0};
}
