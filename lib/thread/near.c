#include "thread/near.h"

struct near {
    const struct thread_known *known;
    near_take *take;
    void *ctx;
    uint64_t pair;
    int64_t time;
};

/* The place that follows p. */
static struct thread_place following(struct thread_place p)
{
    if (p.id == (uint64_t)INT64_MAX)
        return (struct thread_place){p.time + 1, (uint64_t)INT64_MIN};
    return (struct thread_place){p.time, p.id + 1};
}

static struct thread_range range_of(const struct near *n, enum thread_kind kind, int64_t from, int64_t to)
{
    return (struct thread_range){
        .pair = n->pair, .kind = kind, .from = {from, (uint64_t)INT64_MIN}, .to = {to, (uint64_t)INT64_MAX}};
}

/* Whether there is an orphan near enough: mostly not, and then one question was enough. */
static bool any_orphan(const struct near *n, bool *found, struct err *e)
{
    struct thread_range range = range_of(n, THREAD_ORPHAN, n->time - THREAD_WINDOW_S, n->time + THREAD_WINDOW_S);
    struct thread_place place;
    return n->known->seek(n->known->ctx, &range, found, &place, e);
}

/* Take the nearest orphan before or after; *at is its time. */
static bool nearest_orphan(const struct near *n, bool before, bool *found, int64_t *at, struct err *e)
{
    struct thread_range range = before ? range_of(n, THREAD_ORPHAN, n->time - THREAD_WINDOW_S, n->time)
                                       : range_of(n, THREAD_ORPHAN, n->time, n->time + THREAD_WINDOW_S);
    range.backward = before;
    struct thread_place place;
    if (!n->known->seek(n->known->ctx, &range, found, &place, e))
        return false;
    if (!*found)
        return true;
    *at = place.time;
    return n->take(n->ctx, place.id, e);
}

static bool take_all(const struct near *n, enum thread_kind kind, int64_t from, int64_t to, struct err *e)
{
    struct thread_range range = range_of(n, kind, from, to);
    while (range.from.time <= to) {
        struct thread_place place;
        bool found;
        if (!n->known->seek(n->known->ctx, &range, &found, &place, e))
            return false;
        if (!found)
            return true;
        if (!n->take(n->ctx, place.id, e))
            return false;
        range.from = following(place);
    }
    return true;
}

/* Orphans at most a window apart are all linked with each other, so the nearest one on each side stands for all. A reply
 * between this orphan and one of those hangs on that one already, and so does an original up to a window before the later. */
static bool around_orphan(const struct near *n, struct err *e)
{
    bool before, after;
    int64_t before_at = 0, after_at = 0;
    if (!nearest_orphan(n, true, &before, &before_at, e) || !nearest_orphan(n, false, &after, &after_at, e))
        return false;
    int64_t left_end = n->time;
    if (after && after_at - THREAD_WINDOW_S - 1 < left_end)
        left_end = after_at - THREAD_WINDOW_S - 1;
    if (!take_all(n, THREAD_ORIGINAL, before ? before_at + 1 : n->time - THREAD_WINDOW_S, left_end, e))
        return false;
    if (!before && !take_all(n, THREAD_REPLY, n->time - THREAD_WINDOW_S, left_end, e))
        return false;
    if (after)
        return true;
    int64_t right_begin = n->time;
    if (before && before_at + THREAD_WINDOW_S + 1 > right_begin)
        right_begin = before_at + THREAD_WINDOW_S + 1;
    return take_all(n, THREAD_REPLY, right_begin, n->time + THREAD_WINDOW_S, e);
}

bool near_each(const struct thread_mail *m, const struct thread_known *known, near_take *take, void *ctx, struct err *e)
{
    for (ptrdiff_t i = 0; i < m->n_pairs; i++) {
        struct near n = {known, take, ctx, m->pair[i], m->time};
        bool found;
        int64_t at;
        if (m->kind == THREAD_ORPHAN) {
            if (!around_orphan(&n, e))
                return false;
            continue;
        }
        if (m->kind == THREAD_REPLY) {
            if (!any_orphan(&n, &found, e))
                return false;
            if (!found)
                continue;
            if (!nearest_orphan(&n, true, &found, &at, e))
                return false;
        }
        if (!nearest_orphan(&n, false, &found, &at, e))
            return false;
    }
    return true;
}
