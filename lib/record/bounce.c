/* The member `bounce` of an email, to and from the parser's struct. Members that are not known are absent. */
#include "date/date.h"
#include "mime/mime.h"
#include "record/values.h"

#define COUNT(table) (sizeof(table) / sizeof *(table))

/* A text, or a time, at an offset of the struct. */
struct row {
    str name;
    size_t at;
};

static const struct row recipient_texts[] = {
    {S("email"), offsetof(struct bounce_recipient, email)},
    {S("originalRecipient"), offsetof(struct bounce_recipient, original)},
    {S("action"), offsetof(struct bounce_recipient, action)},
    {S("status"), offsetof(struct bounce_recipient, status)},
    {S("reply"), offsetof(struct bounce_recipient, reply)},
    {S("class"), offsetof(struct bounce_recipient, class)},
    {S("diagnostic"), offsetof(struct bounce_recipient, diagnostic)},
    {S("remoteMta"), offsetof(struct bounce_recipient, remote_mta)},
};
static const struct row recipient_times[] = {
    {S("lastAttempt"), offsetof(struct bounce_recipient, last_attempt)},
    {S("willRetryUntil"), offsetof(struct bounce_recipient, retry_until)},
};
static const struct row first_texts[] = {
    {S("kind"), offsetof(struct bounce, kind)},
    {S("class"), offsetof(struct bounce, class)},
    {S("provider"), offsetof(struct bounce, provider)},
};
static const struct row more_texts[] = {
    {S("reportingMta"), offsetof(struct bounce, reporting_mta)},
    {S("envid"), offsetof(struct bounce, envid)},
    {S("verp"), offsetof(struct bounce, verp)},
    {S("feedbackType"), offsetof(struct bounce, feedback_type)},
    {S("userAgent"), offsetof(struct bounce, user_agent)},
    {S("sourceIp"), offsetof(struct bounce, source_ip)},
    {S("mailFrom"), offsetof(struct bounce, mail_from)},
    {S("disposition"), offsetof(struct bounce, disposition)},
    {S("dispositionMode"), offsetof(struct bounce, disposition_mode)},
};
static const struct row more_times[] = {
    {S("arrivalDate"), offsetof(struct bounce, arrival_date)},
};
static const struct row original_texts[] = {
    {S("messageId"), offsetof(struct bounce, original_id)},
    {S("from"), offsetof(struct bounce, original_from)},
    {S("to"), offsetof(struct bounce, original_to)},
    {S("subject"), offsetof(struct bounce, original_subject)},
    {S("date"), offsetof(struct bounce, original_date)},
};

static const str *text_at(const void *base, size_t at) { return (const str *)((const char *)base + at); }
static const int64_t *time_at(const void *base, size_t at) { return (const int64_t *)((const char *)base + at); }

static void write_texts(struct jwrite *w, const struct row *table, size_t n, const void *base)
{
    for (size_t i = 0; i < n; i++) {
        str s = *text_at(base, table[i].at);
        if (!s.len)
            continue;
        jwrite_key(w, table[i].name);
        jwrite_string(w, s);
    }
}

static void write_times(struct jwrite *w, const struct row *table, size_t n, const void *base)
{
    for (size_t i = 0; i < n; i++) {
        int64_t seconds = *time_at(base, table[i].at);
        if (!seconds)
            continue;
        jwrite_key(w, table[i].name);
        value_write_time(w, seconds);
    }
}

static bool has_original(const struct bounce *b)
{
    for (size_t i = 0; i < COUNT(original_texts); i++)
        if (text_at(b, original_texts[i].at)->len)
            return true;
    return false;
}

str record_bounce_json(arena *a, const struct bounce *b)
{
    struct buf to = buf_new(a, 512);
    struct jwrite w = {.to = &to};
    jwrite_object(&w);
    write_texts(&w, first_texts, COUNT(first_texts), b);
    jwrite_key(&w, S("recipients"));
    jwrite_array(&w);
    for (ptrdiff_t i = 0; i < b->n_recipients; i++) {
        jwrite_object(&w);
        write_texts(&w, recipient_texts, COUNT(recipient_texts), &b->recipient[i]);
        write_times(&w, recipient_times, COUNT(recipient_times), &b->recipient[i]);
        jwrite_end_object(&w);
    }
    jwrite_end_array(&w);
    write_texts(&w, more_texts, COUNT(more_texts), b);
    write_times(&w, more_times, COUNT(more_times), b);
    if (has_original(b)) {
        jwrite_key(&w, S("original"));
        jwrite_object(&w);
        write_texts(&w, original_texts, COUNT(original_texts), b);
        jwrite_end_object(&w);
    }
    jwrite_end_object(&w);
    return buf_str(&to);
}

/* Members of another form count as absent: what a newer or another program wrote must not stop a bounce. */
static void read_texts(arena *a, const struct jnode *object, const struct row *table, size_t n, void *base)
{
    for (size_t i = 0; i < n; i++)
        *(str *)((char *)base + table[i].at) = jread_string(a, jread_member(object, table[i].name));
}

static void read_times(arena *a, const struct jnode *object, const struct row *table, size_t n, void *base)
{
    for (size_t i = 0; i < n; i++)
        date_parse_3339(jread_string(a, jread_member(object, table[i].name)), (int64_t *)((char *)base + table[i].at), NULL);
}

bool record_bounce_read(arena *a, str json, struct bounce *out)
{
    struct json_fault fault;
    *out = (struct bounce){0};
    const struct jnode *root = json.len ? jread(a, json, &fault) : NULL;
    if (!jread_is(root, JSON_OBJECT))
        return false;
    read_texts(a, root, first_texts, COUNT(first_texts), out);
    read_texts(a, root, more_texts, COUNT(more_texts), out);
    read_times(a, root, more_times, COUNT(more_times), out);
    read_texts(a, jread_member(root, S("original")), original_texts, COUNT(original_texts), out);
    const struct jnode *list = jread_member(root, S("recipients"));
    if (jread_is(list, JSON_ARRAY))
        for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it))
            out->n_recipients++;
    out->recipient = ARENA_ARRAY(a, struct bounce_recipient, out->n_recipients);
    const struct jnode *it = jread_first(list);
    for (ptrdiff_t i = 0; i < out->n_recipients; i++, it = jread_next(list, it)) {
        read_texts(a, it, recipient_texts, COUNT(recipient_texts), &out->recipient[i]);
        read_times(a, it, recipient_times, COUNT(recipient_times), &out->recipient[i]);
    }
    return true;
}
