/* What fields say about a message: when, how important, from which list, by a person or a program. */
#include "header/header.h"

#include "date/date.h"

bool header_date(str body, int64_t *seconds, int *zone) { return date_parse_5322(body, seconds, zone); }

bool header_received_date(str body, int64_t *seconds, int *zone)
{
    for (ptrdiff_t i = body.len - 1; i >= 0; i--)
        if (body.ptr[i] == ';')
            return date_parse_5322(str_skip(body, i + 1), seconds, zone);
    return false;
}

/* The first word of a field, without what follows a ';' or '('. */
static str first_word(str body)
{
    ptrdiff_t i = 0;
    while (i < body.len && !strchr(" \t\r\n;(,", body.ptr[i]))
        i++;
    return str_first(body, i);
}

static bool says(const struct header *h, enum header_name id, const char *word)
{
    return str_eq_nocase(first_word(header_body(h, id)), str_c(word));
}

str header_importance(const struct header *h)
{
    static const struct {
        enum header_name id;
        const char *word;
        const char *means;
    } words[] = {
        {HEADER_IMPORTANCE, "high", "high"}, {HEADER_IMPORTANCE, "normal", "normal"}, {HEADER_IMPORTANCE, "low", "low"},
        {HEADER_X_PRIORITY, "1", "high"}, {HEADER_X_PRIORITY, "2", "high"}, {HEADER_X_PRIORITY, "3", "normal"},
        {HEADER_X_PRIORITY, "4", "low"}, {HEADER_X_PRIORITY, "5", "low"},
        {HEADER_X_MSMAIL_PRIORITY, "high", "high"}, {HEADER_X_MSMAIL_PRIORITY, "normal", "normal"}, {HEADER_X_MSMAIL_PRIORITY, "low", "low"},
        {HEADER_PRIORITY, "urgent", "high"}, {HEADER_PRIORITY, "normal", "normal"}, {HEADER_PRIORITY, "non-urgent", "low"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (h->first[words[i].id] >= 0 && says(h, words[i].id, words[i].word))
            return str_c(words[i].means);
    return S("normal");
}

str header_auto_submitted(const struct header *h)
{
    static const char *const values[] = {"no", "auto-generated", "auto-replied", "auto-notified"};
    if (header_first(h, HEADER_AUTO_SUBMITTED)) {
        for (size_t i = 0; i < sizeof values / sizeof *values; i++)
            if (says(h, HEADER_AUTO_SUBMITTED, values[i]))
                return str_c(values[i]);
        return S("auto-generated");
    }
    if (says(h, HEADER_PRECEDENCE, "auto_reply") || says(h, HEADER_PRECEDENCE, "auto-reply") ||
        header_first(h, HEADER_X_AUTORESPOND) || (header_first(h, HEADER_X_AUTOREPLY) && !says(h, HEADER_X_AUTOREPLY, "no")))
        return S("auto-replied");
    /* Exchange's programs forbid answers to what they send. */
    if (header_first(h, HEADER_X_AUTO_RESPONSE_SUPPRESS) && !says(h, HEADER_X_AUTO_RESPONSE_SUPPRESS, "none"))
        return S("auto-generated");
    return S("no");
}

/* RFC2369-2: URLs in <>, comments and white space do not count; a bare URL is taken as it stands. */
static void take_urls(arena *a, str body, struct strs *out)
{
    enum { URLS = 50 };
    ptrdiff_t n = out->n;
    str rest = header_unfold(a, body), head, url;
    while (out->n < URLS && str_cut(rest, '<', &head, &rest) && str_cut(rest, '>', &url, &rest)) {
        url = utf8_scrub(a, str_trim(url));
        if (url.len)
            strs_add(a, out, url);
    }
    str word = first_word(str_trim(body));
    if (out->n == n && str_find_byte(word, ':') > 0 && str_find_byte(word, '<') < 0)
        strs_add(a, out, utf8_scrub(a, word));
}

static str list_id(arena *a, str body)
{
    str rest = header_unfold(a, body), head, id = STR_NONE, inner;
    while (str_cut(rest, '<', &head, &rest) && str_cut(rest, '>', &inner, &rest))
        id = str_trim(inner);
    if (!id.ptr)
        id = str_trim(header_unfold(a, body));
    return id.len ? utf8_scrub(a, id) : STR_NONE;
}

bool header_list(arena *a, const struct header *h, struct header_list *out)
{
    *out = (struct header_list){0};
    const struct field *id = header_first(h, HEADER_LIST_ID), *post = header_first(h, HEADER_LIST_POST);
    const struct field *leave = header_first(h, HEADER_LIST_UNSUBSCRIBE), *help = header_first(h, HEADER_LIST_HELP);
    if (!id && !post && !leave && !help)
        return false;
    if (id)
        out->id = list_id(a, id->body);
    if (post) {
        struct strs urls = {0};
        take_urls(a, post->body, &urls);
        str word = first_word(post->body);
        out->post = urls.n ? urls.item[0] : str_eq_nocase(word, S("NO")) ? S("NO") : STR_NONE;
        if (str_starts_nocase(out->post, S("mailto:")) && str_find_byte(out->post, '?') < 0)
            out->post = str_skip(out->post, 7);
    }
    for (; leave; leave = header_next(h, leave))
        take_urls(a, leave->body, &out->unsubscribe);
    str once = header_body(h, HEADER_LIST_UNSUBSCRIBE_POST);
    out->one_click = str_find_nocase(once, S("List-Unsubscribe=One-Click")) >= 0;
    return true;
}
