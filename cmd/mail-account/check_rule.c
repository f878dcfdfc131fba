/* mail-account check: what stands in [window NAME] and [limit NAME]. */
#include "mail-account/finding.h"

#include "schedule/schedule.h"

enum { MOST = 10000000 /* recipients of a limit, as mail-queue takes them */ };

static bool window_value(struct findings *f, const struct config_item *it, struct err *e)
{
    int minutes;
    unsigned days;
    int64_t seconds;
    ptrdiff_t n = 0;
    struct schedule_holiday *holidays = NULL;
    if (str_eq_nocase(it->key, S("start")) || str_eq_nocase(it->key, S("end")))
        return schedule_read_time(it->value, &minutes, e);
    if (str_eq_nocase(it->key, S("days")))
        return schedule_read_days(it->value, &days, e);
    if (str_eq_nocase(it->key, S("holidays")))
        return schedule_read_holidays(f->r->mem, it->value, &holidays, &n, e);
    if (str_eq_nocase(it->key, S("timeZone")))
        return schedule_read_zone(it->value, e);
    bool interval = str_eq_nocase(it->key, S("interval"));
    str unit = config_section_get(&f->r->config, it->kind, it->name, S("unit"));
    return !interval || schedule_read_interval(it->value, unit, &seconds, e);
}

static bool limit_value(const struct config_item *it, struct err *e)
{
    int64_t n;
    bool rate = str_eq_nocase(it->key, S("minute")) || str_eq_nocase(it->key, S("hour")) || str_eq_nocase(it->key, S("day"));
    if (rate && !str_i64(it->value, 0, MOST, &n))
        return err_set(e, ERR_CONFIG, "limit.value", NULL, "%.*s is a number of recipients, not \"%.*s\"", STR_ARG(it->key), STR_ARG(it->value));
    str rest = str_eq_nocase(it->key, S("by")) ? it->value : STR_NONE, word;
    while (rest.len) {
        str_cut(rest, ',', &word, &rest);
        word = str_trim(word);
        if (!str_eq(word, S("account")) && !str_eq(word, S("profile")) && !str_eq(word, S("queue")) && !str_eq(word, S("domain")))
            return err_set(e, ERR_CONFIG, "limit.value", NULL, "by is account, profile, queue or domain, not \"%.*s\"", STR_ARG(word));
    }
    return true;
}

void check_rule(struct findings *f, const struct config_item *it)
{
    struct err e;
    bool window = str_eq(it->kind, S("window"));
    if (!(window ? window_value(f, it, &e) : limit_value(it, &e)))
        finding(f, it->line, e.hint, "%.*s: %s", STR_ARG(finding_section(f, it)), e.text);
}
