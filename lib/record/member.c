#include "record/member.h"

#include "date/date.h"
#include "record/values.h"

ptrdiff_t member_find(const struct member *table, ptrdiff_t n, str name, ptrdiff_t guess)
{
    for (ptrdiff_t i = guess; i < n; i++)
        if (str_eq(table[i].name, name))
            return i;
    for (ptrdiff_t i = 0; i < guess && i < n; i++)
        if (str_eq(table[i].name, name))
            return i;
    return -1;
}

bool member_has_null(const struct member *m)
{
    return m->form != FORM_NUMBER && m->form != FORM_TRUTH && m->form != FORM_TIME && m->form != FORM_ZONED;
}

static const char *read_number(const struct member *m, const struct jnode *value, int64_t *to)
{
    if (jread_is(value, JSON_NULL) || jread_i64(value, m->min, INT64_MAX, to))
        return NULL;
    if (m->min < 0)
        return "an integer";
    return m->min == 1 ? "an integer from 1 on" : "an integer from 0 on";
}

static const char *read_time(arena *a, const struct jnode *value, enum form form, int64_t *to, int *zone)
{
    int64_t seconds = 0;
    bool null = jread_is(value, JSON_NULL);
    if (!null && !date_parse_3339(jread_string(a, value), &seconds, zone))
        return "a time such as \"2026-08-22T10:01:07Z\"";
    if (!null || form == FORM_MOMENT)
        *to = seconds;
    return NULL;
}

static const char *const words[] = {
    [WORDS_FORMAT] = "mboxrd, mboxo or mboxcl2",
    [WORDS_TEXT_FROM] = "plain or html",
    [WORDS_IMPORTANCE] = "low, normal or high",
    [WORDS_DIRECTION] = "inbound, outbound or internal",
    [WORDS_POLL] = "ok, partial, failed or skipped",
};

static bool is_one_of(str word, const char *list)
{
    for (str rest = str_c(list), one; rest.len;) {
        str_cut(rest, ' ', &one, &rest);
        if (str_ends(one, S(",")))
            one.len--;
        if (str_eq(one, word))
            return !str_eq(word, S("or"));
    }
    return false;
}

static const char *read_text(arena *a, const struct member *m, const struct jnode *value, str *to)
{
    if (!value_text(a, value, to))
        return "a string";
    if (!to->ptr)
        return NULL;
    if (m->form == FORM_NAME && !record_is_name(*to))
        return "a string that is not empty and has no control characters";
    if (m->form == FORM_WORD && !is_one_of(*to, words[m->min]))
        return words[m->min];
    if (m->form == FORM_DIGEST && !value_is_digest(*to))
        return "a sha256 in 64 lower-case hex digits";
    if (m->form == FORM_PATH && (!to->len || str_find_byte(*to, 0) >= 0))
        return "a path that is not empty and holds no NUL";
    return NULL;
}

static const char *read_texts(arena *a, const struct member *m, const struct jnode *value, struct strs *to)
{
    if (!record_read_strs(a, value, to))
        return "an array of strings";
    for (ptrdiff_t i = 0; m->form == FORM_NAMES && i < to->n; i++)
        if (!record_is_name(to->item[i]))
            return "an array of strings that are not empty and have no control characters";
    return NULL;
}

static const char *read_json(const struct jnode *value, enum json_type type, str *to)
{
    *to = jread_is(value, JSON_NULL) ? STR_NONE : jread_raw(value);
    if (jread_is(value, JSON_NULL) || jread_is(value, type))
        return NULL;
    return type == JSON_OBJECT ? "an object" : "an array";
}

const char *member_read(arena *a, const struct member *m, const struct jnode *value, void *base)
{
    void *to = (char *)base + m->at, *with = (char *)base + m->with;
    switch (m->form) {
    case FORM_NUMBER: return read_number(m, value, to);
    case FORM_TRUTH: return jread_is(value, JSON_NULL) || jread_bool(value, to) ? NULL : "true or false";
    case FORM_TIME:
    case FORM_MOMENT: return read_time(a, value, m->form, to, NULL);
    case FORM_ZONED: return read_time(a, value, m->form, to, with);
    case FORM_TEXT:
    case FORM_WORD:
    case FORM_NAME:
    case FORM_DIGEST:
    case FORM_PATH: return read_text(a, m, value, to);
    case FORM_TEXTS:
    case FORM_NAMES: return read_texts(a, m, value, to);
    case FORM_NUMBERS: return value_read_numbers(a, value, to, with) ? NULL : "an array of integers";
    case FORM_ADDRESSES:
        return record_read_addresses(a, value, to) ? NULL : "addresses: \"A <a@b>\", {name,email}, or an array of either";
    case FORM_ATTACHMENTS:
        return record_read_attachments(a, value, to, with) ? NULL : "an array of {partId,name,type,size,sha256,disposition,cid}";
    case FORM_DEFECTS: return value_read_defects(a, value, to, with) ? NULL : "an array of {code,offset}";
    case FORM_HEADERS: return value_read_headers(a, value, to, with) ? NULL : "an array of {name,value}";
    case FORM_SOURCE:
        return value_read_source(a, value, to) ? NULL : "an object {protocol,host,mailbox,uidValidity,uid,after,modseq,fetchedAt}";
    case FORM_ENVELOPE:
        return value_read_envelope(a, value, to) ? NULL : "an object {mailFrom,rcptTo}: addresses without a name, or null";
    case FORM_OBJECT: return read_json(value, JSON_OBJECT, to);
    case FORM_ARRAY: return read_json(value, JSON_ARRAY, to);
    }
    return "something else";
}

static void write_json(struct jwrite *w, const str *json)
{
    if (json->ptr)
        jwrite_raw(w, *json);
    else
        jwrite_null(w);
}

void member_write(struct jwrite *w, const struct member *m, const void *base)
{
    const void *from = (const char *)base + m->at, *with = (const char *)base + m->with;
    const int64_t *number = from;
    jwrite_key(w, m->name);
    switch (m->form) {
    case FORM_NUMBER: jwrite_i64(w, *number); break;
    case FORM_TRUTH: jwrite_bool(w, *(const bool *)from); break;
    case FORM_TIME: value_write_time(w, *number); break;
    case FORM_MOMENT:
        if (*number)
            value_write_time(w, *number);
        else
            jwrite_null(w);
        break;
    case FORM_ZONED: value_write_zoned(w, *number, *(const int *)with); break;
    case FORM_TEXT:
    case FORM_WORD:
    case FORM_NAME:
    case FORM_DIGEST:
    case FORM_PATH: jwrite_string(w, *(const str *)from); break;
    case FORM_TEXTS:
    case FORM_NAMES: value_write_strs(w, from); break;
    case FORM_NUMBERS: value_write_numbers(w, *(int64_t *const *)from, *(const ptrdiff_t *)with); break;
    case FORM_ADDRESSES: value_write_addresses(w, from); break;
    case FORM_ATTACHMENTS: value_write_attachments(w, *(struct attachment *const *)from, *(const ptrdiff_t *)with); break;
    case FORM_DEFECTS: value_write_defects(w, *(struct defect *const *)from, *(const ptrdiff_t *)with); break;
    case FORM_HEADERS: value_write_headers(w, *(struct header_field *const *)from, *(const ptrdiff_t *)with); break;
    case FORM_SOURCE: value_write_source(w, from); break;
    case FORM_ENVELOPE: value_write_envelope(w, from); break;
    case FORM_OBJECT:
    case FORM_ARRAY: write_json(w, from); break;
    }
}

void members_write(struct jwrite *w, const struct member *table, ptrdiff_t n, const void *base, uint64_t known, uint64_t nulls, uint64_t kept,
                   str unknown)
{
    for (ptrdiff_t i = 0; i < n; i++) {
        if (nulls >> i & 1) {
            jwrite_key(w, table[i].name);
            jwrite_null(w);
        } else if (known & kept & UINT64_C(1) << i) {
            jwrite_key(w, table[i].name);
            write_json(w, (const str *)((const char *)base + table[i].at));
        } else if (known >> i & 1) {
            member_write(w, &table[i], base);
        }
    }
    if (unknown.len)
        jwrite_raw(w, unknown);
}

void unknowns_add(arena *a, struct unknowns *u, const struct jnode *key)
{
    map_put(a, &u->seen, jread_string(a, key))->value.ptr = (void *)key;
}

str unknowns_text(arena *a, const struct jnode *object, const struct unknowns *u)
{
    if (!u->seen.n)
        return STR_NONE;
    struct buf b = buf_new(a, 256);
    struct jwrite w = {&b, false};
    for (const struct jnode *it = jread_first(object); it; it = jread_next(object, it)) {
        struct map_slot *slot = map_get(&u->seen, jread_string(a, it));
        if (!slot || slot->value.ptr != it)
            continue;
        jwrite_raw(&w, jread_raw(it));
        buf_byte(&b, ':');
        buf_put(&b, jread_raw(it + 1));
    }
    return buf_str(&b);
}
