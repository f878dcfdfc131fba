/* The windows of the configuration. */
#include "mail-queue/policy.h"

static const char *const keys[] = {"start", "end", "interval", "unit", "days", "timeZone", "holidays", NULL};
static const str kind = S("window");

static bool read_window(arena *a, const struct config *c, str name, struct window *out, struct err *e)
{
    struct schedule *s = &out->schedule;
    *out = (struct window){.name = name, .schedule = schedule_always()};
    str start = config_section_get(c, kind, name, S("start")), end = config_section_get(c, kind, name, S("end"));
    str interval = config_section_get(c, kind, name, S("interval")), unit = config_section_get(c, kind, name, S("unit"));
    str days = config_section_get(c, kind, name, S("days")), holidays = config_section_get(c, kind, name, S("holidays"));
    const char *key = "start";
    bool good = !start.ptr || schedule_read_time(start, &s->start, e);
    if (good && (key = "end", end.ptr))
        good = schedule_read_time(end, &s->end, e);
    if (good && (key = "interval", interval.ptr))
        good = schedule_read_interval(interval, unit, &s->interval_s, e);
    if (good && (key = "days", days.ptr))
        good = schedule_read_days(days, &s->days, e);
    if (good && (key = "holidays", holidays.ptr))
        good = schedule_read_holidays(a, holidays, &s->holidays, &s->n_holidays, e);
    s->zone = config_section_get(c, kind, name, S("timeZone"));
    if (good && (key = "timeZone", s->zone.ptr))
        good = schedule_read_zone(s->zone, e);
    return good || config_section_wrong(c, kind, name, str_c(key), e);
}

static bool is_named_window(const struct windows *w, str name) { return !name.len || str_eq(name, S("none")) || windows_find(w, name); }

static bool missing(const struct windows *w, const char *of, str who, str name, struct err *e)
{
    return err_set(e, ERR_CONFIG, "window.missing", "write a section [window NAME], or window = none", "%.*s: %s%.*s obeys the window \"%.*s\", which is not there",
                   STR_ARG(w->config->path), of, STR_ARG(who), STR_ARG(name));
}

static bool check_names(arena scratch, const struct windows *w, struct err *e)
{
    static const str kinds[] = {S("queue"), S("profile")};
    struct strs names;
    str named = config_get(w->config, STR_NONE, S("window"));
    if (!is_named_window(w, named))
        return missing(w, "[defaults]", STR_NONE, named, e);
    config_accounts(&scratch, w->config, &names);
    for (ptrdiff_t i = 0; i < names.n; i++) {
        named = config_get(w->config, names.item[i], S("window"));
        if (!is_named_window(w, named))
            return missing(w, "account ", names.item[i], named, e);
    }
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        config_sections(&scratch, w->config, kinds[k], &names);
        for (ptrdiff_t i = 0; i < names.n; i++) {
            named = config_section_get(w->config, kinds[k], names.item[i], S("window"));
            if (!is_named_window(w, named))
                return missing(w, k ? "profile " : "queue ", names.item[i], named, e);
        }
    }
    return true;
}

bool windows_read(arena *a, const struct config *c, struct windows *out, struct err *e)
{
    struct strs names;
    *out = (struct windows){.config = c};
    if (!config_section_known(c, kind, keys, e))
        return false;
    config_sections(a, c, kind, &names);
    out->item = ARENA_ARRAY(a, struct window, names.n + 1);
    for (; out->n < names.n; out->n++)
        if (!read_window(a, c, names.item[out->n], &out->item[out->n], e))
            return false;
    return check_names(*a, out, e);
}

struct window *windows_find(const struct windows *w, str name)
{
    for (ptrdiff_t i = 0; i < w->n; i++)
        if (str_eq(w->item[i].name, name))
            return &w->item[i];
    return NULL;
}

struct window *windows_for(const struct windows *w, str account, str profile, str queue)
{
    str name = config_section_get(w->config, S("queue"), queue, S("window"));
    if (!name.ptr && profile.len)
        name = config_section_get(w->config, S("profile"), profile, S("window"));
    if (!name.ptr)
        name = config_get(w->config, account, S("window"));
    return name.len ? windows_find(w, name) : NULL;
}

static bool look_up(struct window *w, int64_t t)
{
    if (w->has_opening && schedule_holds(&w->opening, t))
        return true;
    w->has_opening = schedule_opening(&w->schedule, t, &w->opening);
    return w->has_opening;
}

/* What became ready within the opening of now leaves with the first interval after that; all else with the opening itself. */
int64_t window_leaves(struct window *w, int64_t ready, int64_t now)
{
    int64_t interval = w->schedule.interval_s, from = now > ready ? now : ready, next;
    if (!look_up(w, from))
        return INT64_MAX;
    if (!schedule_holds(&w->opening, from))
        return w->opening.opens;
    int64_t waits = ready > w->opening.opens ? ready - w->opening.opens : 0;
    int64_t tick = interval ? w->opening.opens + (waits + interval - 1) / interval * interval : from;
    if (tick < w->opening.closes)
        return tick > from ? tick : from;
    return schedule_next(&w->schedule, w->opening.closes, &next) ? next : INT64_MAX;
}
