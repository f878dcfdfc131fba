#include "thread/thread.h"

/* Beyond these a time is no date, and sums with a window could overflow. */
static const int64_t TIME_MAX = INT64_C(1) << 50;

uint64_t thread_id_hash(str message_id)
{
    uint64_t h = str_hash(message_id);
    return h ? h : 1;
}

bool thread_id_whole(str message_id)
{
    ptrdiff_t at = str_find_byte(message_id, '@');
    return at > 0 && at < message_id.len - 1;
}

uint64_t thread_subject_hash(arena scratch, str base_subject)
{
    str s = str_trim(base_subject);
    return s.len ? thread_id_hash(str_lower(&scratch, s)) : 0;
}

void thread_name(uint64_t id, char out[THREAD_NAME])
{
    static const char digits[] = "0123456789abcdef";
    out[0] = 't';
    for (int i = 0; i < 16; i++)
        out[1 + i] = digits[id >> (60 - 4 * i) & 15];
}

bool thread_name_read(str name, uint64_t *id)
{
    if (name.len != THREAD_NAME || name.ptr[0] != 't')
        return false;
    uint64_t value = 0;
    for (int i = 1; i < THREAD_NAME; i++) {
        char c = name.ptr[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f'))
            return false;
        value = value << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    *id = value;
    return true;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 31) * 0x7fb5d329728ea185u;
    x = (x ^ x >> 27) * 0x81dadef4bc2dd44du;
    return x ^ x >> 33;
}

static uint64_t pair_hash(uint64_t subject, uint64_t one, uint64_t other)
{
    uint64_t low = one < other ? one : other, high = one < other ? other : one;
    return mix(mix(mix(subject) ^ low) ^ high);
}

static uint64_t person_hash(arena scratch, str email) { return thread_id_hash(str_lower(&scratch, str_trim(email))); }

static uint64_t own_id(arena scratch, const struct thread_source *s)
{
    if (s->blob_id.len)
        return thread_id_hash(str_fmt(&scratch, "blob:%.*s", STR_ARG(s->blob_id)));
    return thread_id_hash(str_fmt(&scratch, "mail:%lld:%.*s:%.*s", (long long)s->time, STR_ARG(s->sender), STR_ARG(s->subject)));
}

static ptrdiff_t count(const struct strs *list) { return list ? list->n : 0; }

static uint64_t *put_ids(uint64_t *to, const struct strs *list)
{
    for (ptrdiff_t i = 0; i < count(list); i++)
        if (thread_id_whole(list->item[i]) || list->item[i].len >= THREAD_BARE_ID)
            *to++ = thread_id_hash(list->item[i]);
    return to;
}

/* Its ids, and what they say of its kind. */
static void read_ids(arena *a, const struct thread_source *s, struct thread_mail *out)
{
    ptrdiff_t most = 1 + count(s->message_id) + count(s->references) + count(s->in_reply_to);
    uint64_t *id = ARENA_ARRAY(a, uint64_t, most);
    uint64_t *end = put_ids(id, s->message_id);
    if (end == id)
        *end++ = own_id(*a, s);
    uint64_t *own_end = end;
    end = put_ids(end, s->references);
    end = put_ids(end, s->in_reply_to);
    out->id = id;
    out->n_ids = end - id;
    if (end > own_end)
        out->kind = THREAD_REPLY;
    else
        out->kind = s->reply ? THREAD_ORPHAN : THREAD_ORIGINAL;
}

/* One pair for each other person; for a note to oneself, one with oneself. */
static void read_pairs(arena *a, const struct thread_source *s, uint64_t subject, struct thread_mail *out)
{
    uint64_t *pair = ARENA_ARRAY(a, uint64_t, THREAD_PEOPLE);
    uint64_t sender = person_hash(*a, s->sender);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < s->n_people && n < THREAD_PEOPLE; i++) {
        if (!s->people[i].len)
            continue;
        uint64_t person = person_hash(*a, s->people[i]);
        if (person == sender)
            continue;
        uint64_t hash = pair_hash(subject, sender, person);
        bool twice = false;
        for (ptrdiff_t j = 0; j < n; j++)
            twice |= pair[j] == hash;
        if (!twice)
            pair[n++] = hash;
    }
    if (n == 0)
        pair[n++] = pair_hash(subject, sender, sender);
    out->pair = pair;
    out->n_pairs = n;
}

void thread_mail_of(arena *a, const struct thread_source *s, struct thread_mail *out)
{
    *out = (struct thread_mail){.time = s->time};
    if (out->time > TIME_MAX)
        out->time = TIME_MAX;
    if (out->time < -TIME_MAX)
        out->time = -TIME_MAX;
    read_ids(a, s, out);
    uint64_t subject = thread_subject_hash(*a, s->subject);
    if (subject && s->sender.len)
        read_pairs(a, s, subject, out);
}
