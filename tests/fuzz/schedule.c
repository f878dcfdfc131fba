#include "schedule/schedule.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lines of text as the values of a window; what is taken must have sound openings. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static arena mem;
    if (!mem.base)
        mem = arena_new(1 << 26);
    struct schedule s = schedule_always();
    struct schedule_opening o;
    struct err e;
    str rest = str_of((const char *)data, (ptrdiff_t)size), line[7] = {{0}};
    for (int i = 0; i < 7; i++)
        str_cut(rest, '\n', &line[i], &rest);
    schedule_read_time(line[0], &s.start, &e);
    schedule_read_time(line[1], &s.end, &e);
    schedule_read_days(line[2], &s.days, &e);
    schedule_read_holidays(&mem, line[3], &s.holidays, &s.n_holidays, &e);
    schedule_read_interval(line[4], line[5], &s.interval_s, &e);
    s.zone = schedule_read_zone(line[6], &e) ? line[6] : S("Europe/Berlin");
    int64_t t = 1774742400 + (int64_t)size * 1800, next; /* the night of a change */
    if (schedule_opening(&s, t, &o)) {
        assert(o.opens < o.closes && o.closes > t);
        assert(schedule_next(&s, t, &next) && next >= t);
        assert(schedule_is_open(&s, next));
    }
    struct buf b = buf_new(&mem, 256);
    bool exact;
    schedule_crontab(&s, &b, &exact);
    assert(b.len > 0);
    arena_reset(&mem);
    return 0;
}
