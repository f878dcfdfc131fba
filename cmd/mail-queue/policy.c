#include "mail-queue/policy.h"

#include "date/date.h"

struct policy {
    arena one;    /* of one question */
    arena counts; /* of limits */
    enum policy_force force;
    struct windows windows;
    struct limits limits;
    int64_t stamp; /* of the store, when the counts were read */
};

struct policy *policy_new(arena *a, struct verb_call *c, enum policy_force force, struct err *e)
{
    struct policy *p = ARENA_NEW(a, struct policy);
    *p = (struct policy){.one = arena_new(1 << 20), .counts = arena_new((size_t)1 << 34), .force = force, .stamp = -1};
    return windows_read(a, &c->config, &p->windows, e) && limits_read(a, &c->config, &p->limits, e) ? p : NULL;
}

static bool is_suppressed(struct policy *p, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e)
{
    struct suppression x;
    if (!store_suppress_find(&p->one, s, c->account, c->address, c->now, &x, e))
        return false;
    if (!x.address.ptr)
        return true;
    struct buf b = buf_new(&p->one, 256);
    buf_fmt(&b, "suppressed: %.*s on ", STR_ARG(x.reason));
    date_put_utc(&b, x.created_at);
    if (x.detail.len)
        buf_fmt(&b, ": %.*s", STR_ARG(x.detail));
    *out = (struct queue_answer){.verdict = QUEUE_REFUSE, .reason = buf_str(&b), .error_code = S("queue.suppressed")};
    return true;
}

/* ---- limits ---------------------------------------------------------------------------------------------- */

/* Within one claim only this process writes: what was read holds until another one has written. */
static bool refresh(struct policy *p, struct store *s, struct err *e)
{
    int64_t stamp;
    if (!store_stamp(s, &stamp, e))
        return false;
    if (stamp != p->stamp) {
        limits_forget(&p->limits);
        arena_reset(&p->counts);
    }
    p->stamp = stamp;
    return true;
}

static bool find_room(struct policy *p, struct store *s, const struct departure *d, int64_t *room, struct err *e)
{
    *room = d->at;
    for (ptrdiff_t i = 0; i < p->limits.n; i++) {
        struct limit *l = &p->limits.item[i];
        bool fresh;
        if (!limit_is_for(l, d))
            continue;
        struct limit_use *u = limit_use_of(&p->counts, l, d, &fresh);
        if (fresh && !limit_use_load(&p->counts, s, l, u, d->at, e))
            return false;
        int64_t at = limit_room(l, u, d->at);
        *room = at > *room ? at : *room;
    }
    return true;
}

static bool depart(struct policy *p, struct store *s, const struct departure *d, struct err *e)
{
    for (ptrdiff_t i = 0; i < p->limits.n; i++) {
        bool fresh;
        if (limit_is_for(&p->limits.item[i], d))
            schedule_log_add(&p->counts, &limit_use_of(&p->counts, &p->limits.item[i], d, &fresh)->log, d->at, 1);
    }
    return store_depart(s, d, e);
}

static bool ask_limits(struct policy *p, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e)
{
    struct departure d = {.at = c->now, .n = 1, .account = c->account, .profile = c->profile, .queue = c->queue, .domain = c->domain};
    int64_t room;
    if (!refresh(p, s, e) || !find_room(p, s, &d, &room, e))
        return false;
    if (room <= c->now || p->force == POLICY_NOW)
        return depart(p, s, &d, e);
    *out = (struct queue_answer){.verdict = QUEUE_WAIT, .until = room, .waits_for = S("limit")};
    return true;
}

bool policy_is_inactive(const struct config *c, str account, str profile)
{
    str own = profile.len ? config_section_get(c, S("profile"), profile, S("status")) : STR_NONE;
    return str_eq_nocase(own.ptr ? own : config_get(c, account, S("status")), S("inactive"));
}

bool policy_gate(void *context, struct store *s, const struct queue_candidate *c, struct queue_answer *out, struct err *e)
{
    struct policy *p = context;
    *out = (struct queue_answer){.verdict = QUEUE_GO};
    arena_reset(&p->one);
    if (!is_suppressed(p, s, c, out, e))
        return false;
    if (out->verdict != QUEUE_GO)
        return true;
    if (p->force != POLICY_NOW && policy_is_inactive(p->windows.config, c->account, c->profile)) {
        *out = (struct queue_answer){.verdict = QUEUE_WAIT, .until = c->now + QUEUE_ASK_S, .waits_for = S("inactive")};
        return true;
    }
    struct window *w = p->force != POLICY_ALL ? NULL : windows_for(&p->windows, c->account, c->profile, c->queue);
    int64_t leaves = w ? window_leaves(w, c->ready_at, c->now) : c->now;
    if (leaves > c->now) {
        *out = (struct queue_answer){.verdict = QUEUE_WAIT, .until = leaves, .waits_for = S("window")};
        return true;
    }
    return !p->limits.n || ask_limits(p, s, c, out, e);
}

/* ---- for the verbs ----------------------------------------------------------------------------------------- */

bool policy_time(const char *text, int64_t *out)
{
    *out = now_s();
    if (!text || date_parse_3339(str_c(text), out, NULL))
        return true;
    prog_misuse("--at takes a time like 2026-08-22T09:30:00+02:00, not '%s'", text);
    prog_outcome(ERR_USAGE);
    return false;
}

int policy_what_if(struct verb_call *c, const char *kind, const char *setting)
{
    str name, value;
    ptrdiff_t dot = -1;
    bool good = str_cut(str_c(setting), '=', &name, &value);
    for (ptrdiff_t i = 0; good && i < name.len; i++)
        dot = name.ptr[i] == '.' ? i : dot;
    if (dot < 1 || dot == name.len - 1 || str_find_byte(value, '\n') >= 0)
        return prog_misuse("--%s takes NAME.KEY=VALUE, not '%s'", kind, setting);
    struct err e;
    c->config.text = config_section_edit(&c->mem, &c->config, str_c(kind), str_first(name, dot), str_skip(name, dot + 1), value);
    if (!config_reparse(&c->mem, &c->config, &e))
        return prog_misuse("--%s %s: %s", kind, setting, e.text);
    return 0;
}
