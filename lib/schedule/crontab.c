/* A window as the time fields of crontab lines: its moments of one day, hours with the same minutes on one line. */
#include "schedule/schedule.h"

enum { DAY_MIN = 1440 };

struct moments {
    uint64_t minutes[48]; /* bit m of the hour h since the midnight before the opening */
};

static struct moments moments_of(const struct schedule *s, bool *exact)
{
    struct moments m = {{0}};
    int start = s->start % DAY_MIN, end = s->end > start ? s->end : s->end + DAY_MIN;
    int64_t step = s->interval_s / 60;
    *exact = s->interval_s % 60 == 0;
    if (step < 1)
        step = 1;
    for (int64_t at = start; at < end; at += step)
        m.minutes[at / 60] |= UINT64_C(1) << (at % 60);
    return m;
}

/* "*", "*" with a step, or numbers and ranges. */
static void put_set(struct buf *to, uint64_t set, int size)
{
    uint64_t all = (UINT64_C(1) << size) - 1;
    if (set == all) {
        buf_byte(to, '*');
        return;
    }
    for (int step = 2; step < size; step++) {
        uint64_t steps = 0;
        for (int i = 0; i < size; i += step)
            steps |= UINT64_C(1) << i;
        if (size % step == 0 && set == steps) {
            buf_fmt(to, "*/%d", step);
            return;
        }
    }
    const char *comma = "";
    for (int i = 0; i < size; i++) {
        int last = i;
        if (!(set >> i & 1))
            continue;
        while (last + 1 < size && (set >> (last + 1) & 1))
            last++;
        buf_fmt(to, last > i + 1 ? "%s%d-%d" : last > i ? "%s%d,%d" : "%s%d", comma, i, last);
        comma = ",";
        i = last;
    }
}

/* crontab's week begins with Sunday. */
static uint64_t cron_days(unsigned days, int shift)
{
    uint64_t set = 0;
    for (int day = 0; day < 7; day++)
        if (days >> day & 1)
            set |= UINT64_C(1) << ((day + 1 + shift) % 7);
    return set;
}

void schedule_crontab(const struct schedule *s, struct buf *to, bool *exact)
{
    struct moments m = moments_of(s, exact);
    bool first = true;
    for (int h = 0; h < 48; h++) {
        uint64_t minutes = m.minutes[h], hours = 0;
        if (!minutes)
            continue;
        int day = h / 24;
        bool every_day = s->days == SCHEDULE_EVERY_DAY; /* then a day is as good as the next */
        for (int other = h; other < (every_day ? 48 : 24 * (day + 1)); other++)
            if (m.minutes[other] == minutes) {
                hours |= UINT64_C(1) << (other % 24);
                m.minutes[other] = 0;
            }
        if (!first)
            buf_byte(to, '\n');
        first = false;
        put_set(to, minutes, 60);
        buf_byte(to, ' ');
        put_set(to, hours, 24);
        buf_put(to, S(" * * "));
        put_set(to, cron_days(s->days, day), 7);
    }
}
