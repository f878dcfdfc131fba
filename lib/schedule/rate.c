#include "schedule/schedule.h"

void schedule_log_add(arena *a, struct schedule_log *log, int64_t t, int64_t n)
{
    if (log->n + n > log->cap) {
        ptrdiff_t cap = log->n + n > 2 * log->cap ? log->n + n : 2 * log->cap;
        log->at = arena_grow(a, log->at, (size_t)log->cap * sizeof *log->at, (size_t)cap * sizeof *log->at, _Alignof(int64_t));
        log->cap = cap;
    }
    if (log->n && log->at[log->n - 1] > t)
        t = log->at[log->n - 1];
    for (int64_t i = 0; i < n; i++)
        log->at[log->n++] = t;
}

int64_t schedule_log_used(const struct schedule_log *log, int64_t period_s, int64_t t)
{
    ptrdiff_t low = 0, high = log->n;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (log->at[middle] > t - period_s)
            high = middle;
        else
            low = middle + 1;
    }
    return log->n - low;
}

int64_t schedule_log_room(const struct schedule_log *log, int64_t max, int64_t period_s, int64_t t)
{
    if (max <= 0)
        return INT64_MAX;
    if (log->n < max)
        return t;
    int64_t room = log->at[log->n - max] + period_s;
    return room > t ? room : t;
}
