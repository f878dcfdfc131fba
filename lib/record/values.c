#include "record/values.h"

#include "date/date.h"

bool value_text(arena *a, const struct jnode *node, str *out)
{
    *out = jread_string(a, node);
    return !node || out->ptr || node->type == JSON_NULL;
}

bool record_is_name(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7F)
            return false;
    return s.len > 0;
}

bool value_is_digest(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if (!((s.ptr[i] >= '0' && s.ptr[i] <= '9') || (s.ptr[i] >= 'a' && s.ptr[i] <= 'f')))
            return false;
    return s.len == 64;
}

static bool number(const struct jnode *node, int64_t min, int64_t otherwise, int64_t *out)
{
    *out = otherwise;
    return !node || node->type == JSON_NULL || jread_i64(node, min, INT64_MAX, out);
}

static bool moment(arena *a, const struct jnode *node, int64_t *out)
{
    *out = 0;
    return !node || node->type == JSON_NULL || date_parse_3339(jread_string(a, node), out, NULL);
}

static ptrdiff_t count(const struct jnode *array)
{
    ptrdiff_t n = 0;
    for (const struct jnode *it = jread_first(array); it; it = jread_next(array, it))
        n++;
    return n;
}

bool record_read_strs(arena *a, const struct jnode *node, struct strs *out)
{
    *out = (struct strs){0};
    if (jread_is(node, JSON_STRING)) {
        strs_add(a, out, jread_string(a, node));
        return true;
    }
    if (!jread_is(node, JSON_ARRAY))
        return jread_is(node, JSON_NULL);
    out->n = out->cap = count(node);
    out->item = ARENA_ARRAY(a, str, out->n);
    ptrdiff_t i = 0;
    for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it)) {
        if (it->type != JSON_STRING)
            return false;
        out->item[i++] = jread_string(a, it);
    }
    return true;
}

static bool read_attachment(arena *a, const struct jnode *node, struct attachment *to)
{
    return jread_is(node, JSON_OBJECT) && value_text(a, jread_member(node, S("partId")), &to->part_id) &&
           value_text(a, jread_member(node, S("name")), &to->name) && value_text(a, jread_member(node, S("type")), &to->type) &&
           number(jread_member(node, S("size")), 0, 0, &to->size) &&
           value_text(a, jread_member(node, S("sha256")), &to->sha256) && (!to->sha256.ptr || value_is_digest(to->sha256)) &&
           value_text(a, jread_member(node, S("disposition")), &to->disposition) &&
           value_text(a, jread_member(node, S("cid")), &to->cid);
}

static bool read_defect(arena *a, const struct jnode *node, struct defect *to)
{
    return jread_is(node, JSON_OBJECT) && value_text(a, jread_member(node, S("code")), &to->code) && to->code.len &&
           number(jread_member(node, S("offset")), 0, -1, &to->offset);
}

static bool read_header(arena *a, const struct jnode *node, struct header_field *to)
{
    return jread_is(node, JSON_OBJECT) && value_text(a, jread_member(node, S("name")), &to->name) && to->name.len &&
           value_text(a, jread_member(node, S("value")), &to->value);
}

/* One reader of a list: type *out; the array's elements by read_one. */
#define READ_LIST(a, node, type, read_one, out, n)                                              \
    do {                                                                                        \
        *(out) = NULL;                                                                          \
        *(n) = 0;                                                                               \
        if (!jread_is(node, JSON_ARRAY))                                                        \
            return jread_is(node, JSON_NULL);                                                   \
        *(out) = ARENA_ARRAY(a, type, count(node));                                             \
        for (const struct jnode *it = jread_first(node); it; it = jread_next(node, it), ++*(n)) \
            if (!read_one(a, it, &(*(out))[*(n)]))                                              \
                return false;                                                                   \
        return true;                                                                            \
    } while (0)

bool record_read_attachments(arena *a, const struct jnode *node, struct attachment **out, ptrdiff_t *n)
{
    READ_LIST(a, node, struct attachment, read_attachment, out, n);
}

bool value_read_defects(arena *a, const struct jnode *node, struct defect **out, ptrdiff_t *n)
{
    READ_LIST(a, node, struct defect, read_defect, out, n);
}

bool value_read_headers(arena *a, const struct jnode *node, struct header_field **out, ptrdiff_t *n)
{
    READ_LIST(a, node, struct header_field, read_header, out, n);
}

static bool read_number(arena *a, const struct jnode *node, int64_t *to)
{
    (void)a;
    return jread_i64(node, INT64_MIN, INT64_MAX, to);
}

bool value_read_numbers(arena *a, const struct jnode *node, int64_t **out, ptrdiff_t *n)
{
    READ_LIST(a, node, int64_t, read_number, out, n);
}

bool value_read_source(arena *a, const struct jnode *node, struct source *out)
{
    *out = (struct source){0};
    if (!jread_is(node, JSON_OBJECT))
        return jread_is(node, JSON_NULL);
    const struct jnode *modseq = jread_member(node, S("modseq"));
    if (jread_is(modseq, JSON_NUMBER))
        out->modseq = modseq->text;
    else if (!value_text(a, modseq, &out->modseq))
        return false;
    return value_text(a, jread_member(node, S("protocol")), &out->protocol) &&
           value_text(a, jread_member(node, S("host")), &out->host) &&
           value_text(a, jread_member(node, S("mailbox")), &out->mailbox) && (!out->mailbox.ptr || record_is_name(out->mailbox)) &&
           number(jread_member(node, S("uidValidity")), 0, 0, &out->uid_validity) &&
           number(jread_member(node, S("uid")), 0, 0, &out->uid) && number(jread_member(node, S("after")), 0, 0, &out->after) &&
           moment(a, jread_member(node, S("fetchedAt")), &out->fetched_at);
}

/* ---- writing ---- */

static void text(struct jwrite *w, str key, str s)
{
    jwrite_key(w, key);
    jwrite_string(w, s);
}

static void integer(struct jwrite *w, str key, int64_t n)
{
    jwrite_key(w, key);
    jwrite_i64(w, n);
}

void value_write_zoned(struct jwrite *w, int64_t seconds, int zone)
{
    jwrite_raw(w, S("\""));
    date_put_zone(w->to, seconds, zone);
    buf_byte(w->to, '"');
}

void value_write_time(struct jwrite *w, int64_t seconds)
{
    jwrite_raw(w, S("\""));
    date_put_utc(w->to, seconds);
    buf_byte(w->to, '"');
}

void value_write_strs(struct jwrite *w, const struct strs *list)
{
    if (!list->n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < list->n; i++)
        jwrite_string(w, list->item[i]);
    jwrite_end_array(w);
}

void value_write_numbers(struct jwrite *w, const int64_t *list, ptrdiff_t n)
{
    if (!n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < n; i++)
        jwrite_i64(w, list[i]);
    jwrite_end_array(w);
}

void value_write_addresses(struct jwrite *w, const struct addresses *list)
{
    if (!list->n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < list->n; i++) {
        jwrite_object(w);
        text(w, S("name"), list->item[i].name);
        text(w, S("email"), list->item[i].email);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void value_write_attachments(struct jwrite *w, const struct attachment *list, ptrdiff_t n)
{
    if (!n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < n; i++) {
        jwrite_object(w);
        text(w, S("partId"), list[i].part_id);
        text(w, S("name"), list[i].name);
        text(w, S("type"), list[i].type);
        integer(w, S("size"), list[i].size);
        text(w, S("sha256"), list[i].sha256);
        text(w, S("disposition"), list[i].disposition);
        text(w, S("cid"), list[i].cid);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void value_write_defects(struct jwrite *w, const struct defect *list, ptrdiff_t n)
{
    if (!n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < n; i++) {
        jwrite_object(w);
        text(w, S("code"), list[i].code);
        jwrite_key(w, S("offset"));
        if (list[i].offset < 0)
            jwrite_null(w);
        else
            jwrite_i64(w, list[i].offset);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void value_write_headers(struct jwrite *w, const struct header_field *list, ptrdiff_t n)
{
    if (!n) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < n; i++) {
        jwrite_object(w);
        text(w, S("name"), list[i].name);
        text(w, S("value"), list[i].value);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void value_write_source(struct jwrite *w, const struct source *s)
{
    if (!s->protocol.ptr && !s->mailbox.ptr) {
        jwrite_null(w);
        return;
    }
    jwrite_object(w);
    text(w, S("protocol"), s->protocol);
    text(w, S("host"), s->host);
    text(w, S("mailbox"), s->mailbox);
    integer(w, S("uidValidity"), s->uid_validity);
    integer(w, S("uid"), s->uid);
    integer(w, S("after"), s->after);
    text(w, S("modseq"), s->modseq);
    jwrite_key(w, S("fetchedAt"));
    if (s->fetched_at)
        value_write_time(w, s->fetched_at);
    else
        jwrite_null(w);
    jwrite_end_object(w);
}

void record_json_addresses(struct buf *to, const struct addresses *list)
{
    value_write_addresses(&(struct jwrite){to, false}, list);
}

void record_json_attachments(struct buf *to, const struct attachment *list, ptrdiff_t n)
{
    value_write_attachments(&(struct jwrite){to, false}, list, n);
}

void record_json_strs(struct buf *to, const struct strs *list) { value_write_strs(&(struct jwrite){to, false}, list); }
