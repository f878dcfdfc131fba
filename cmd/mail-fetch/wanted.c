/* --uid: the messages that are named. */
#include "fetch.h"

bool wanted_read(arena *a, str set, struct wanted *out)
{
    *out = (struct wanted){0};
    for (str item, rest = set; rest.ptr && rest.len;) {
        str first, last;
        struct uid_range r;
        str_cut(rest, ',', &item, &rest);
        str_cut(item, ':', &first, &last);
        bool range = last.ptr != NULL, open = str_eq(last, S("*"));
        if (!str_i64(first, 1, UINT32_MAX, &r.first) || (range && !open && !str_i64(last, r.first, UINT32_MAX, &r.last)))
            return false;
        r.last = open ? UINT32_MAX : range ? r.last : r.first;
        out->item = arena_grow(a, out->item, (size_t)out->n * sizeof r, (size_t)(out->n + 1) * sizeof r, _Alignof(struct uid_range));
        out->item[out->n++] = r;
    }
    return out->n > 0 && !str_ends(set, S(","));
}

uint32_t wanted_from(const struct wanted *w, uint32_t uid)
{
    int64_t from = 0;
    for (ptrdiff_t i = 0; i < w->n; i++)
        if (uid >= w->item[i].first && uid <= w->item[i].last && (!from || w->item[i].first < from))
            from = w->item[i].first;
    return (uint32_t)from;
}

static bool has_one(const struct imap_uids *u, const struct uid_range *r)
{
    for (ptrdiff_t i = 0; i < u->n; i++)
        if (u->uid[i] >= r->first && u->uid[i] <= r->last)
            return true;
    return false;
}

void wanted_tell_absent(struct run *r, str account, str mailbox, const struct imap_uids *there)
{
    const struct wanted *w = &r->opts->uids;
    for (ptrdiff_t i = 0; i < w->n; i++) {
        const struct uid_range *range = &w->item[i];
        struct err e;
        if (has_one(there, range))
            continue;
        arena_reset(&r->message);
        bool one = range->first == range->last;
        str until = range->last == UINT32_MAX ? S("*") : str_fmt(&r->message, "%lld", (long long)range->last);
        err_set(&e, ERR_MISSING, "imap.no-message", NULL, "the mailbox has no message with UID %lld%s%.*s", (long long)range->first, one ? "" : ":",
                STR_ARG(one ? STR_NONE : until));
        emit_error(r, &e, account, mailbox, one ? (uint32_t)range->first : 0);
    }
}
