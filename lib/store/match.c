#include "store/fulltext.h"
#include "store/search.h"

static const char *column(enum query_field field)
{
    switch (field) {
    case QUERY_FROM: return "\"from\" : (";
    case QUERY_TO: return "\"to\" : (";
    case QUERY_CC: return "cc : (";
    case QUERY_BCC: return "bcc : (";
    case QUERY_SUBJECT: return "subject : (";
    case QUERY_BODY: return "body : (";
    case QUERY_FILENAME: return "filename : (";
    default: return "(";
    }
}

static bool write_words(arena *a, struct buf *to, const struct query *q, struct err *e)
{
    str words = text_for_query(a, q->text, q->prefix);
    if (!words.len)
        return err_set(e, ERR_USAGE, "query.words", "only letters and digits can be found", "the query's \"%.*s\" holds no word",
                       STR_ARG(q->text));
    buf_put(to, str_c(column(q->field)));
    buf_put(to, words);
    buf_byte(to, ')');
    return true;
}

/* The children that stand plain, or those under a not, between parentheses. False where a text has no word. */
static bool write_children(arena *a, struct buf *to, const struct query *q, bool negated, struct err *e)
{
    str join = q->op == QUERY_AND && !negated ? S(" AND ") : S(" OR ");
    bool first = true;
    buf_byte(to, '(');
    for (const struct query *child = q->child; child; child = child->next) {
        if ((child->op == QUERY_NOT) != negated)
            continue;
        if (!first)
            buf_put(to, join);
        first = false;
        if (!match_write(a, to, negated ? child->child : child, e))
            return false;
    }
    buf_byte(to, ')');
    return true;
}

bool match_write(arena *a, struct buf *to, const struct query *q, struct err *e)
{
    if (q->op == QUERY_WORDS)
        return write_words(a, to, q, e);
    bool without = false;
    for (const struct query *child = q->child; child; child = child->next)
        without |= child->op == QUERY_NOT;
    if (!without)
        return write_children(a, to, q, false, e);
    buf_byte(to, '(');
    if (!write_children(a, to, q, false, e))
        return false;
    buf_put(to, S(" NOT "));
    if (!write_children(a, to, q, true, e))
        return false;
    buf_byte(to, ')');
    return true;
}
