#include "mail-stats/period.h"

#include "date/date.h"

#include <stdlib.h>
#include <time.h>

static const str names[BY_NUMBER] = {S("all"), S("hour"), S("day"), S("week"), S("month"), S("account"), S("mailbox"), S("direction"), S("domain"), S("queue")};

str by_name(enum by by) { return names[by]; }

bool by_named(str name, enum by *out)
{
    for (int i = 0; i < BY_NUMBER; i++)
        if (str_eq(name, names[i])) {
            *out = (enum by)i;
            return true;
        }
    return false;
}

/* ---- the clock on the wall -------------------------------------------------------------------------------- */

static struct tm local(int64_t t)
{
    time_t at = t;
    struct tm tm = {0};
    localtime_r(&at, &tm);
    return tm;
}

static int64_t month_start(int year, int month)
{
    char text[32];
    arena none = {0};
    struct buf b = {.ptr = text, .cap = sizeof text, .mem = &none};
    buf_fmt(&b, "%04d-%02d", year, month);
    int64_t start = 0;
    date_local_day(buf_str(&b), &start);
    return start;
}

int64_t period_start(enum by by, int64_t t)
{
    struct tm tm = local(t);
    switch (by) {
    case BY_HOUR: return t - tm.tm_min * 60 - tm.tm_sec;
    case BY_WEEK: return date_local_midnight(t, -((tm.tm_wday + 6) % 7));
    case BY_MONTH: return month_start(tm.tm_year + 1900, tm.tm_mon + 1);
    default: return date_local_midnight(t, 0);
    }
}

/* A change of the clock that is no whole hour makes one period shorter, never one that does not end. */
static int64_t next_hour(int64_t start)
{
    int64_t next = period_start(BY_HOUR, start + 3600);
    return next > start ? next : start + 3600;
}

/* Most days have 24 hours; finding out by calendar is slow. A day of which midnight comes twice is 25 hours long, so that the second
 * midnight is never met here. */
static int64_t next_day(int64_t start)
{
    struct tm tm = local(start + 86400);
    return tm.tm_hour || tm.tm_min || tm.tm_sec ? date_local_midnight(start, 1) : start + 86400;
}

int64_t period_next(enum by by, int64_t start)
{
    struct tm tm = local(start);
    switch (by) {
    case BY_DAY: return next_day(start);
    case BY_HOUR: return next_hour(start);
    case BY_WEEK: return date_local_midnight(start, 7);
    case BY_MONTH: return tm.tm_mon == 11 ? month_start(tm.tm_year + 1901, 1) : month_start(tm.tm_year + 1900, tm.tm_mon + 2);
    default: return date_local_midnight(start, 1);
    }
}

void period_name(enum by by, int64_t start, struct buf *to)
{
    struct tm tm = local(start);
    char text[64];
    if (by == BY_HOUR) {
        date_put_zone(to, start, (int)(tm.tm_gmtoff / 60));
        return;
    }
    size_t n = strftime(text, sizeof text, by == BY_WEEK ? "%G-W%V" : by == BY_MONTH ? "%Y-%m" : "%Y-%m-%d", &tm);
    buf_put(to, str_of(text, (ptrdiff_t)n));
}

bool period_read(str text, int64_t now, int64_t *out)
{
    int64_t n;
    char unit = text.len ? text.ptr[text.len - 1] : 0;
    if ((unit == 'd' || unit == 'w' || unit == 'h') && str_i64(str_first(text, text.len - 1), 0, 100000, &n)) {
        *out = unit == 'h' ? now - n * 3600 : date_local_midnight(now, (int)(unit == 'w' ? -7 * n : -n));
        return true;
    }
    return date_local_day(text, out) || date_parse_3339(text, out, NULL);
}

/* ---- groups ------------------------------------------------------------------------------------------------ */

static void *grown(arena *a, void *p, size_t size, ptrdiff_t n, ptrdiff_t cap)
{
    return arena_grow(a, p, (size_t)n * size, (size_t)cap * size, _Alignof(max_align_t));
}

static void *add(struct groups *g)
{
    if (g->n == g->cap) {
        ptrdiff_t cap = g->cap ? g->cap * 2 : 64;
        g->item = grown(g->mem, g->item, g->size, g->n, cap);
        g->edge = grown(g->mem, g->edge, sizeof *g->edge, g->cap ? g->cap + 1 : 0, cap + 1);
        g->name = grown(g->mem, g->name, sizeof *g->name, g->cap, cap);
        g->cap = cap;
    }
    g->last = g->n++;
    g->name[g->last] = STR_NONE;
    return memset(groups_item(g, g->last), 0, g->size);
}

static void add_period(struct groups *g, int64_t start)
{
    add(g);
    g->edge[g->n - 1] = start;
    g->edge[g->n] = period_next(g->by, start);
}

struct groups groups_new(arena *a, enum by by, size_t size, int64_t first)
{
    struct groups g = {.by = by, .mem = a, .size = size, .first = first};
    if (by == BY_ALL) {
        add(&g);
        g.name[0] = S("all");
    }
    return g;
}

void groups_fill(struct groups *g, int64_t t)
{
    if (!by_is_time(g->by))
        return;
    if (!g->n)
        add_period(g, period_start(g->by, g->first == INT64_MIN ? t : g->first));
    while (t >= g->edge[g->n]) {
        g->too_many |= g->n >= PERIODS_MAX;
        if (g->too_many)
            return;
        add_period(g, g->edge[g->n]);
    }
}

static void *at_time(struct groups *g, int64_t t)
{
    groups_fill(g, t);
    if (t < g->edge[g->last] || t >= g->edge[g->last + 1]) {
        ptrdiff_t low = 0, high = g->n;
        while (high - low > 1) {
            ptrdiff_t middle = low + (high - low) / 2;
            if (g->edge[middle] <= t)
                low = middle;
            else
                high = middle;
        }
        g->last = low;
    }
    return groups_item(g, g->last);
}

void *groups_at(struct groups *g, int64_t t, str name)
{
    if (g->by == BY_ALL)
        return g->item;
    if (by_is_time(g->by))
        return at_time(g, t);
    if (!name.ptr)
        name = S("(none)");
    if (g->n && str_eq(g->name[g->last], name))
        return groups_item(g, g->last);
    struct map_slot *slot = map_get(&g->names, name);
    if (slot) {
        g->last = (ptrdiff_t)slot->value.num;
        return groups_item(g, g->last);
    }
    name = str_copy(g->mem, name);
    map_put(g->mem, &g->names, name)->value.num = g->n;
    void *item = add(g);
    g->name[g->last] = name;
    return item;
}

str groups_key(const struct groups *g, arena *a, ptrdiff_t i)
{
    if (!by_is_time(g->by))
        return g->name[i];
    struct buf b = buf_new(a, 32);
    period_name(g->by, g->edge[i], &b);
    return buf_str(&b);
}

struct place {
    str name;
    ptrdiff_t at;
};

static int by_text(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    return str_cmp(x->name, y->name);
}

void groups_sort(struct groups *g)
{
    if (by_is_time(g->by) || !g->n)
        return;
    struct place *place = ARENA_ARRAY(g->mem, struct place, g->n);
    char *item = arena_alloc(g->mem, (size_t)g->n * g->size, _Alignof(max_align_t));
    for (ptrdiff_t i = 0; i < g->n; i++)
        place[i] = (struct place){g->name[i], i};
    qsort(place, (size_t)g->n, sizeof *place, by_text);
    for (ptrdiff_t i = 0; i < g->n; i++) {
        memcpy(item + (size_t)i * g->size, groups_item(g, place[i].at), g->size);
        g->name[i] = place[i].name;
    }
    g->item = item;
    g->cap = g->n;
    g->names = (struct map){0};
}

/* ---- samples ------------------------------------------------------------------------------------------------ */

void samples_add(arena *a, struct samples *s, int64_t value)
{
    if (s->n == s->cap) {
        ptrdiff_t cap = s->cap ? s->cap * 2 : 16;
        s->item = grown(a, s->item, sizeof *s->item, s->n, cap);
        s->cap = cap;
    }
    s->item[s->n++] = value;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void samples_sort(struct samples *s)
{
    if (s->n)
        qsort(s->item, (size_t)s->n, sizeof *s->item, by_value);
}

int64_t samples_percentile(const struct samples *s, int percent)
{
    ptrdiff_t rank = (s->n * percent + 99) / 100;
    return s->item[rank > 0 ? rank - 1 : 0];
}
