/* What an answer quotes, and what a forwarded message looks like. The forms are those that programs which take quotes off again know:
 * "On …, Ann wrote:" with '>' before each line, <blockquote type="cite"> in HTML. */
#include "compose.h"

#include "date/date.h"

static void put_person(struct buf *to, const struct address *x)
{
    if (x->name.len)
        buf_fmt(to, "%.*s <%.*s>", STR_ARG(x->name), STR_ARG(x->email));
    else
        buf_put(to, x->email);
}

static void put_people(struct buf *to, const struct addresses *list)
{
    for (ptrdiff_t i = 0; i < list->n; i++) {
        if (i)
            buf_put(to, S(", "));
        put_person(to, &list->item[i]);
    }
}

/* Line breaks in names of others would break lines of ours. */
static str one_line(arena *a, str s)
{
    struct buf b = buf_new(a, s.len);
    for (ptrdiff_t i = 0; i < s.len; i++)
        buf_byte(&b, (unsigned char)s.ptr[i] < 32 || s.ptr[i] == 127 ? ' ' : s.ptr[i]);
    return buf_str(&b);
}

static str attribution(arena *a, const struct email *m)
{
    struct buf b = buf_new(a, 128);
    if (email_has(m, EMAIL_SENT_AT)) {
        buf_put(&b, S("On "));
        date_put_5322(&b, m->sent_at, m->sent_zone);
        buf_put(&b, S(", "));
    }
    if (m->from.n)
        put_person(&b, &m->from.item[0]);
    else
        buf_put(&b, S("somebody"));
    buf_put(&b, S(" wrote:"));
    return one_line(a, buf_str(&b));
}

/* Without the signature: what follows the last "-- " line. */
static str without_signature(str text)
{
    for (ptrdiff_t i = text.len - 5; i >= -1; i--) {
        bool at_line = i < 0 || text.ptr[i] == '\n';
        if (at_line && str_starts(str_skip(text, i + 1), S("-- \n")))
            return str_first(text, i + 1);
    }
    return text;
}

str quote_text(arena *a, const struct email *m)
{
    str text = str_trim_right(without_signature(utf8_first(m->text, QUOTE_SIZE))), line;
    struct buf b = buf_new(a, text.len + text.len / 16 + 256);
    buf_put(&b, attribution(a, m));
    buf_byte(&b, '\n');
    for (bool more = text.len > 0; more;) {
        more = str_cut(text, '\n', &line, &text);
        buf_put(&b, line.len && line.ptr[0] != '>' ? S("> ") : S(">"));
        buf_put(&b, str_trim_right(line));
        buf_byte(&b, '\n');
    }
    return buf_str(&b);
}

static str html_of(arena *a, const struct email *m, bool images)
{
    return m->html.len ? build_html_clean(a, m->html, images, QUOTE_SIZE) : build_html_of_text(a, utf8_first(m->text, QUOTE_SIZE));
}

str quote_html(arena *a, const struct email *m)
{
    str said = build_html_of_text(a, attribution(a, m));
    return str_fmt(a, "<div class=\"mail_quote\"><div class=\"mail_attr\">%.*s</div>\n<blockquote type=\"cite\">\n%.*s\n</blockquote></div>\n",
                   STR_ARG(said), STR_ARG(html_of(a, m, false)));
}

static str forward_head(arena *a, const struct email *m)
{
    struct buf b = buf_new(a, 512), people = buf_new(a, 256);
    buf_put(&b, S("---------- Forwarded message ----------\nFrom: "));
    put_people(&people, &m->from);
    buf_put(&b, one_line(a, buf_str(&people)));
    if (email_has(m, EMAIL_SENT_AT)) {
        buf_put(&b, S("\nDate: "));
        date_put_5322(&b, m->sent_at, m->sent_zone);
    }
    buf_fmt(&b, "\nSubject: %.*s", STR_ARG(one_line(a, m->subject)));
    const struct addresses *lists[] = {&m->to, &m->cc};
    for (int k = 0; k < 2; k++) {
        people.len = 0;
        put_people(&people, lists[k]);
        if (lists[k]->n)
            buf_fmt(&b, "\n%s: %.*s", k ? "Cc" : "To", STR_ARG(one_line(a, buf_str(&people))));
    }
    buf_byte(&b, '\n');
    return buf_str(&b);
}

str forward_text(arena *a, const struct email *m)
{
    str head = forward_head(a, m), text = utf8_first(m->text, MIME_TEXT);
    return str_fmt(a, "%.*s\n%.*s", STR_ARG(head), STR_ARG(text));
}

str forward_html(arena *a, const struct email *m)
{
    str head = build_html_of_text(a, forward_head(a, m));
    return str_fmt(a, "<div class=\"mail_quote\"><div class=\"mail_attr\">%.*s</div><br>\n%.*s</div>\n", STR_ARG(head),
                   STR_ARG(html_of(a, m, true)));
}
