#include "query/private.h"

#include <stdio.h>

enum kind { WORDS, EQUALS, MSGID, ID, IS, HAS, AFTER, BEFORE, DATE, NEWER, OLDER, LARGER, SMALLER };

static const struct field {
    const char *name;
    enum kind kind;
    enum query_field field;
} fields[] = {
    {"from", WORDS, QUERY_FROM},
    {"to", WORDS, QUERY_TO},
    {"cc", WORDS, QUERY_CC},
    {"bcc", WORDS, QUERY_BCC},
    {"subject", WORDS, QUERY_SUBJECT},
    {"body", WORDS, QUERY_BODY},
    {"filename", WORDS, QUERY_FILENAME},
    {"list", EQUALS, QUERY_LIST},
    {"account", EQUALS, QUERY_ACCOUNT},
    {"mailbox", EQUALS, QUERY_MAILBOX},
    {"tag", EQUALS, QUERY_TAG},
    {"category", EQUALS, QUERY_CATEGORY},
    {"direction", EQUALS, QUERY_DIRECTION},
    {"importance", EQUALS, QUERY_IMPORTANCE},
    {"thread", MSGID, QUERY_THREAD},
    {"msgid", MSGID, QUERY_MSGID},
    {"id", ID, QUERY_ID},
    {"is", IS, QUERY_TAG},
    {"has", HAS, QUERY_TAG},
    {"after", AFTER, QUERY_RECEIVED},
    {"before", BEFORE, QUERY_RECEIVED},
    {"date", DATE, QUERY_RECEIVED},
    {"newer", NEWER, QUERY_RECEIVED},
    {"older", OLDER, QUERY_RECEIVED},
    {"larger", LARGER, QUERY_SIZE},
    {"smaller", SMALLER, QUERY_SIZE},
};

static const struct state {
    const char *name;
    bool negated;
    enum query_op op;
    enum query_field field;
    const char *text;
} states[] = {
    {"read", false, QUERY_EQUALS, QUERY_TAG, "$seen"},
    {"unread", true, QUERY_EQUALS, QUERY_TAG, "$seen"},
    {"seen", false, QUERY_EQUALS, QUERY_TAG, "$seen"},
    {"unseen", true, QUERY_EQUALS, QUERY_TAG, "$seen"},
    {"flagged", false, QUERY_EQUALS, QUERY_TAG, "$flagged"},
    {"unflagged", true, QUERY_EQUALS, QUERY_TAG, "$flagged"},
    {"starred", false, QUERY_EQUALS, QUERY_TAG, "$flagged"},
    {"answered", false, QUERY_EQUALS, QUERY_TAG, "$answered"},
    {"unanswered", true, QUERY_EQUALS, QUERY_TAG, "$answered"},
    {"replied", false, QUERY_EQUALS, QUERY_TAG, "$answered"},
    {"forwarded", false, QUERY_EQUALS, QUERY_TAG, "$forwarded"},
    {"draft", false, QUERY_EQUALS, QUERY_TAG, "$draft"},
    {"junk", false, QUERY_EQUALS, QUERY_TAG, "$junk"},
    {"spam", false, QUERY_EQUALS, QUERY_TAG, "$junk"},
    {"inbound", false, QUERY_EQUALS, QUERY_DIRECTION, "inbound"},
    {"outbound", false, QUERY_EQUALS, QUERY_DIRECTION, "outbound"},
    {"internal", false, QUERY_EQUALS, QUERY_DIRECTION, "internal"},
    {"important", false, QUERY_EQUALS, QUERY_IMPORTANCE, "high"},
    {"reply", false, QUERY_PRESENT, QUERY_PARENT, NULL},
    {"automatic", false, QUERY_PRESENT, QUERY_AUTOMATIC, NULL},
};

static const struct {
    const char *name;
    enum query_field field;
} parts[] = {
    {"attachment", QUERY_ATTACHMENT}, {"bcc", QUERY_BCC},   {"category", QUERY_CATEGORY}, {"cc", QUERY_CC},
    {"filename", QUERY_FILENAME},     {"list", QUERY_LIST}, {"subject", QUERY_SUBJECT},   {"tag", QUERY_TAG},
};

#define COUNT(table) (ptrdiff_t)(sizeof table / sizeof *table)

/* ---- the nearest name ---------------------------------------------------------------------------- */

enum { NAME_MAX_OCTETS = 12 };

static int min3(int a, int b, int c) { return a < b ? (a < c ? a : c) : (b < c ? b : c); }

/* Letters to change, add, take away or swap with their neighbour. Both at most NAME_MAX_OCTETS long. */
static int distance(str a, str b)
{
    int d[NAME_MAX_OCTETS + 1][NAME_MAX_OCTETS + 1];
    for (int i = 0; i <= a.len; i++) {
        for (int j = 0; j <= b.len; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            bool same = (a.ptr[i - 1] | 0x20) == (b.ptr[j - 1] | 0x20);
            d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + !same);
            bool swapped = i > 1 && j > 1 && (a.ptr[i - 1] | 0x20) == (b.ptr[j - 2] | 0x20) && (a.ptr[i - 2] | 0x20) == (b.ptr[j - 1] | 0x20);
            if (swapped && d[i - 2][j - 2] + 1 < d[i][j])
                d[i][j] = d[i - 2][j - 2] + 1;
        }
    }
    return d[a.len][b.len];
}

/* The nearest of n names, the first of which lies at `name` and each next one stride octets on; NULL where none is near. */
static const char *nearest(str s, const char *const *name, size_t stride, ptrdiff_t n)
{
    const char *best = NULL;
    int best_distance = s.len > 3 ? 3 : 2; /* exclusive */
    for (ptrdiff_t i = 0; i < n && s.len <= NAME_MAX_OCTETS; i++) {
        const char *candidate = *(const char *const *)((const char *)name + (size_t)i * stride);
        int d = distance(s, str_c(candidate));
        if (d < best_distance)
            best = candidate, best_distance = d;
    }
    return best;
}
#define NEAREST(s, table) nearest(s, &(table)->name, sizeof *(table), COUNT(table))

/* ---- fields ---------------------------------------------------------------------------------------- */

static const struct field *find_field(str name)
{
    for (ptrdiff_t i = 0; i < COUNT(fields); i++)
        if (str_eq_nocase(name, str_c(fields[i].name)))
            return &fields[i];
    return NULL;
}

bool query_field_known(str name, ptrdiff_t at, struct query_fault *fault)
{
    if (find_field(name))
        return true;
    char hint[sizeof fault->hint];
    const char *near = NEAREST(name, fields);
    if (near)
        snprintf(hint, sizeof hint, "did you mean %s:? Text with a colon needs quotation marks", near);
    else
        snprintf(hint, sizeof hint, "text with a colon needs quotation marks");
    return query_refuse(fault, at, hint, "no field is called %s", query_show(name).text);
}

static bool set_words(struct query *q, const struct query_term *t, struct query_fault *fault)
{
    bool any = false;
    for (ptrdiff_t i = 0; i < t->value.len && !any; i++) {
        unsigned char c = (unsigned char)t->value.ptr[i], letter = c | 0x20;
        any = c >= 0x80 || (c >= '0' && c <= '9') || (letter >= 'a' && letter <= 'z');
    }
    if (!any)
        return query_refuse(fault, t->value_at, "only words can be found", "%s holds no letter and no digit", query_show(t->value).text);
    q->op = QUERY_WORDS;
    q->text = t->value;
    q->prefix = t->prefix;
    return true;
}

static bool set_equals(struct query *q, const struct query_term *t)
{
    q->op = QUERY_EQUALS;
    q->text = t->value;
    q->prefix = t->prefix;
    return true;
}

static bool set_msgid(struct query *q, const struct query_term *t, struct query_fault *fault)
{
    str id = t->value;
    if (id.len > 1 && id.ptr[0] == '<' && id.ptr[id.len - 1] == '>')
        id = str_slice(id, 1, id.len - 1);
    if (!id.len)
        return query_refuse(fault, t->value_at, NULL, "the id is empty");
    q->op = QUERY_EQUALS;
    q->text = id;
    return true;
}

static bool set_id(struct query *q, const struct query_term *t, struct query_fault *fault)
{
    if (!str_i64(t->value, 1, INT64_MAX, &q->number))
        return query_refuse(fault, t->value_at, "ids are the numbers in the id of a record", "%s is no id", query_show(t->value).text);
    q->op = QUERY_EQUALS;
    q->text = t->value;
    return true;
}

static bool set_is(struct query *q, const struct query_term *t, bool *negated, struct query_fault *fault)
{
    for (ptrdiff_t i = 0; i < COUNT(states); i++) {
        if (str_eq_nocase(t->value, str_c(states[i].name))) {
            q->op = states[i].op;
            q->field = states[i].field;
            q->text = str_c(states[i].text);
            *negated = states[i].negated;
            return true;
        }
    }
    char hint[sizeof fault->hint];
    const char *near = NEAREST(t->value, states);
    if (near)
        snprintf(hint, sizeof hint, "did you mean is:%s?", near);
    else
        snprintf(hint, sizeof hint, "read, unread, flagged, answered, draft, forwarded, junk, inbound, outbound, internal, important, reply, automatic");
    return query_refuse(fault, t->value_at, hint, "nothing is %s", query_show(t->value).text);
}

static bool set_has(struct query *q, const struct query_term *t, struct query_fault *fault)
{
    for (ptrdiff_t i = 0; i < COUNT(parts); i++) {
        if (str_eq_nocase(t->value, str_c(parts[i].name))) {
            q->op = QUERY_PRESENT;
            q->field = parts[i].field;
            return true;
        }
    }
    return query_refuse(fault, t->value_at, "attachment, bcc, category, cc, filename, list, subject, tag", "has: does not know %s",
                        query_show(t->value).text);
}

/* The star alone: whether the field has any value. */
static bool set_present(struct query *q, const struct query_term *t, struct query_fault *fault)
{
    for (ptrdiff_t i = 0; i < COUNT(parts); i++) {
        if (parts[i].field == q->field) {
            q->op = QUERY_PRESENT;
            return true;
        }
    }
    return query_refuse(fault, t->value_at, "put letters before the star", "the star stands alone");
}

static bool set_between(struct query *q, const struct query_term *t, enum kind kind, int64_t now, struct query_fault *fault)
{
    int64_t first, past, size;
    q->op = QUERY_BETWEEN;
    q->min = INT64_MIN, q->max = INT64_MAX;
    fault->at = t->value_at;
    switch (kind) {
    case AFTER: return query_time(t->value, now, &q->min, &past, fault);
    case DATE: return query_times(t->value, now, &q->min, &q->max, fault);
    case NEWER: return query_ago(t->value, now, &q->min, fault);
    case BEFORE:
    case OLDER:
        if (!(kind == BEFORE ? query_time(t->value, now, &first, &past, fault) : query_ago(t->value, now, &first, fault)))
            return false;
        q->max = first == INT64_MIN ? first : first - 1;
        return true;
    default:
        if (!str_size(t->value, &size) || size < 0)
            return query_refuse(fault, 0, "write 512, 10K, 1M or 2G", "%s is no size", query_show(t->value).text);
        if (kind == LARGER)
            q->min = size == INT64_MAX ? size : size + 1;
        else
            q->max = size - 1;
        return true;
    }
}

static bool set(struct query *q, const struct query_term *t, enum kind kind, int64_t now, bool *negated, struct query_fault *fault)
{
    if (t->prefix && !t->value.len && !t->quoted)
        return set_present(q, t, fault);
    if (t->prefix && kind != WORDS && kind != EQUALS)
        return query_refuse(fault, t->value_at + t->value.len, NULL, "%.*s: takes no star", STR_ARG(t->field));
    if (!t->value.len)
        return query_refuse(fault, t->value_at, "write from:word or from:\"some words\"", "%.*s: has no value", STR_ARG(t->field));
    switch (kind) {
    case WORDS: return set_words(q, t, fault);
    case EQUALS: return set_equals(q, t);
    case MSGID: return set_msgid(q, t, fault);
    case ID: return set_id(q, t, fault);
    case IS: return set_is(q, t, negated, fault);
    case HAS: return set_has(q, t, fault);
    default: break;
    }
    if (set_between(q, t, kind, now, fault))
        return true;
    fault->at = t->value_at;
    return false;
}

struct query *query_term(arena *a, const struct query_term *t, int64_t now, struct query_fault *fault)
{
    struct query *q = ARENA_NEW(a, struct query);
    q->at = t->at;
    if (!t->field.ptr) {
        q->op = QUERY_ALL;
        bool alone = t->prefix && !t->value.len && !t->quoted;
        return alone || set_words(q, t, fault) ? q : NULL;
    }
    const struct field *f = find_field(t->field);
    bool negated = false;
    q->field = f->field;
    if (!set(q, t, f->kind, now, &negated, fault))
        return NULL;
    if (!negated)
        return q;
    struct query *not = ARENA_NEW(a, struct query);
    not->op = QUERY_NOT;
    not->child = q;
    not->at = q->at;
    return not;
}
