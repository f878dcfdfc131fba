#include "codec/codec.h"
#include "imap/private.h"

#include <stdlib.h>

/* ---- LIST and STATUS ------------------------------------------------------------------------------ */

struct listing {
    arena *mem;
    struct imap_mailboxes *out;
};

static const struct {
    const char *attribute, *role;
} roles[] = {
    {"\\Sent", "sent"}, {"\\Trash", "trash"},     {"\\Drafts", "drafts"},       {"\\Junk", "junk"}, {"\\Archive", "archive"},
    {"\\All", "all"},   {"\\Flagged", "flagged"}, {"\\Important", "important"},
};

static void take_attribute(struct imap_mailbox *m, str word)
{
    if (str_eq_nocase(word, S("\\Noselect")) || str_eq_nocase(word, S("\\NonExistent")))
        m->selectable = false;
    for (int i = 0; i < (int)(sizeof roles / sizeof *roles); i++)
        if (str_eq_nocase(word, str_c(roles[i].attribute)))
            m->role = str_c(roles[i].role);
}

static struct imap_mailbox *add_mailbox(arena *a, struct imap_mailboxes *list)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 32;
        list->item = arena_grow(a, list->item, (size_t)list->cap * sizeof *list->item, (size_t)cap * sizeof *list->item,
                                _Alignof(struct imap_mailbox));
        list->cap = cap;
    }
    return &list->item[list->n++];
}

static bool is_text(const struct imap_token *t) { return t->type == IMAP_ATOM || t->type == IMAP_STRING; }

/* RFC3501-7.2.2: LIST (attributes) "delimiter" name. */
static void on_list(void *context, const struct imap_part *part, enum imap_event event)
{
    struct listing *l = context;
    const struct imap_response *r = &part->response;
    if (event != IMAP_RESPONSE || r->n < 5 || !str_eq_nocase(r->token[0].text, S("LIST")) || r->token[1].type != IMAP_OPEN ||
        l->out->n >= IMAP_MAX_MAILBOXES)
        return;
    struct imap_mailbox m = {.selectable = true};
    ptrdiff_t i = 2;
    for (; i < r->n && r->token[i].type != IMAP_CLOSE; i++)
        take_attribute(&m, r->token[i].text);
    if (i + 2 >= r->n || !is_text(&r->token[i + 1]) || !is_text(&r->token[i + 2]))
        return;
    str delimiter = r->token[i + 1].text;
    if (r->token[i + 1].type == IMAP_STRING)
        m.delimiter = str_copy(l->mem, delimiter);
    m.name = utf7_imap_decode(l->mem, str_copy(l->mem, r->token[i + 2].text));
    if (str_eq_nocase(m.name, S("INBOX"))) {
        m.name = S("INBOX");
        m.role = S("inbox");
    }
    *add_mailbox(l->mem, l->out) = m;
}

/* RFC3501-7.2.4: STATUS name (ITEM n …). */
static void on_status(void *context, const struct imap_part *part, enum imap_event event)
{
    struct imap_mailbox *m = context;
    const struct imap_response *r = &part->response;
    if (event != IMAP_RESPONSE || r->n < 4 || !str_eq_nocase(r->token[0].text, S("STATUS")))
        return;
    for (ptrdiff_t i = 3; i + 1 < r->n; i += 2) {
        str item = r->token[i].text, value = r->token[i + 1].text;
        int64_t *place = str_eq_nocase(item, S("MESSAGES"))      ? &m->messages
                         : str_eq_nocase(item, S("UNSEEN"))      ? &m->unseen
                         : str_eq_nocase(item, S("UIDVALIDITY")) ? &m->uid_validity
                         : str_eq_nocase(item, S("UIDNEXT"))     ? &m->uid_next
                                                                 : NULL;
        if (place && str_i64(value, 0, UINT32_MAX, place))
            m->counted = true;
    }
}

/* COMMAND "name" rest; false for a name that no mailbox can have. */
static bool with_name(struct buf *to, const char *command, str name, const char *rest, struct err *e)
{
    bool literal;
    str quoted = imap_quoted(to->mem, utf7_imap_encode(to->mem, name), &literal);
    if (literal)
        return err_set(e, ERR_MISSING, "imap.no-mailbox", NULL, "no mailbox can have the name \"%.*s\"", STR_ARG(name));
    *to = buf_new(to->mem, quoted.len + 128);
    buf_fmt(to, "%s %.*s%s", command, STR_ARG(quoted), rest);
    return true;
}

/* A window of STATUS commands: each answer is taken in turn. A mailbox that cannot be counted stays uncounted. */
static bool count_all(struct imap *c, struct imap_mailboxes *list, arena scratch, struct err *e)
{
    enum { AHEAD = 64 };
    unsigned *tags = ARENA_ARRAY(&scratch, unsigned, list->n ? list->n : 1);
    for (ptrdiff_t sent = 0, done = 0; done < list->n;) {
        for (; sent < list->n && sent < done + AHEAD; sent++) {
            struct buf b = {.mem = &scratch};
            if (!list->item[sent].selectable || !with_name(&b, "STATUS", list->item[sent].name, " (MESSAGES UNSEEN UIDVALIDITY UIDNEXT)", NULL))
                continue;
            if (!imap_send(c, buf_str(&b), e))
                return false;
            tags[sent] = c->tag;
        }
        struct imap_reply reply;
        if (tags[done] && !imap_await(c, tags[done], on_status, &list->item[done], &reply, e))
            return false;
        done++;
    }
    return true;
}

bool imap_list(arena *a, struct imap *c, bool counts, struct imap_mailboxes *out, struct err *e)
{
    struct listing l = {a, out};
    struct imap_reply reply;
    *out = (struct imap_mailboxes){0};
    bool roles_too = imap_can(c, "SPECIAL-USE") && imap_can(c, "LIST-EXTENDED");
    if (!imap_command(c, roles_too ? S("LIST \"\" \"*\" RETURN (SPECIAL-USE)") : S("LIST \"\" \"*\""), on_list, &l, &reply, e)) {
        err_stage(e, "list");
        return false;
    }
    if (reply.status != IMAP_OK)
        return imap_refused(e, ERR_REFUSED, "imap.list", "list", &reply, NULL, "%s does not list its mailboxes", c->host);
    return !counts || count_all(c, out, *a, e);
}

/* ---- EXAMINE -------------------------------------------------------------------------------------- */

static void on_examine(void *context, const struct imap_part *part, enum imap_event event)
{
    struct imap_box *box = context;
    const struct imap_response *r = &part->response;
    if (event != IMAP_RESPONSE)
        return;
    str word, value;
    if (r->n >= 2 && r->token[1].type == IMAP_ATOM && str_eq_nocase(r->token[1].text, S("EXISTS")))
        str_i64(r->token[0].text, 0, UINT32_MAX, &box->messages);
    str_cut(r->code, ' ', &word, &value);
    if (str_eq_nocase(word, S("UIDVALIDITY")))
        str_i64(str_trim(value), 1, UINT32_MAX, &box->uid_validity);
    else if (str_eq_nocase(word, S("UIDNEXT")))
        str_i64(str_trim(value), 1, INT64_C(1) << 32, &box->uid_next);
    else if (str_eq_nocase(word, S("HIGHESTMODSEQ")))
        str_i64(str_trim(value), 1, INT64_MAX, &box->modseq);
}

static bool send_search(struct imap *c, arena scratch, str what, struct err *e)
{
    struct buf b = {.mem = &scratch};
    buf_fmt(&b, "UID SEARCH %s%.*s", imap_can(c, "ESEARCH") ? "RETURN (ALL) " : "", STR_ARG(what));
    return imap_send(c, buf_str(&b), e);
}

bool imap_examine(struct imap *c, str name, str ahead, struct imap_box *out, struct err *e)
{
    *out = (struct imap_box){0};
    str kept = str_copy(c->mem, ahead);
    arena scratch = *c->mem;
    struct buf b = {.mem = &scratch};
    struct imap_reply reply;
    bool sent = with_name(&b, "EXAMINE", name, "", e) && imap_send(c, buf_str(&b), e);
    unsigned tag = c->tag;
    c->ahead = STR_NONE;
    if (sent && ahead.len) {
        sent = send_search(c, scratch, ahead, e);
        c->ahead = kept;
        c->ahead_tag = c->tag;
    }
    if (!sent || !imap_await(c, tag, on_examine, out, &reply, e)) {
        err_stage(e, "select");
        return false;
    }
    if (reply.status != IMAP_OK) {
        bool permission = str_starts_nocase(str_c(reply.code), S("NOPERM"));
        return imap_refused(e, permission ? ERR_LOGIN : ERR_MISSING, permission ? "imap.permission" : "imap.no-mailbox", "select",
                            &reply, NULL, "cannot open the mailbox %.*s at %s", STR_ARG(name), c->host);
    }
    if (out->uid_validity)
        return true;
    err_set(e, ERR_REFUSED, "imap.no-uids", NULL, "%s gives no UIDVALIDITY for the mailbox %.*s", c->host, STR_ARG(name));
    err_stage(e, "select");
    return false;
}

/* ---- UID SEARCH ----------------------------------------------------------------------------------- */

struct hits {
    arena *mem;
    struct imap_uids *out;
    bool many;
};

static void add_uids(struct hits *h, uint32_t first, uint32_t last)
{
    struct imap_uids *u = h->out;
    ptrdiff_t count = (ptrdiff_t)(last - first) + 1;
    if (count > IMAP_MAX_UIDS - u->n) {
        h->many = true;
        return;
    }
    while (u->cap - u->n < count) {
        ptrdiff_t cap = u->cap ? u->cap * 2 : 1024;
        u->uid = arena_grow(h->mem, u->uid, (size_t)u->cap * sizeof *u->uid, (size_t)cap * sizeof *u->uid, _Alignof(uint32_t));
        u->cap = cap;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        u->uid[u->n++] = first + (uint32_t)i;
}

static void on_search(void *context, const struct imap_part *part, enum imap_event event)
{
    if (event == IMAP_UIDS)
        add_uids(context, part->first, part->last);
}

bool imap_search(arena *a, struct imap *c, str what, struct imap_uids *out, struct err *e)
{
    struct hits h = {a, out, false};
    struct imap_reply reply;
    bool any = c->ahead.len > 0, asked = any && str_eq(c->ahead, what);
    c->ahead = STR_NONE;
    /* An answer that is not wanted must not be taken for another. */
    bool sent = asked || ((!any || imap_await(c, c->ahead_tag, NULL, NULL, &reply, e)) && send_search(c, *a, what, e));
    if (!sent || !imap_await(c, asked ? c->ahead_tag : c->tag, on_search, &h, &reply, e)) {
        err_stage(e, "search");
        return false;
    }
    if (asked && reply.status != IMAP_OK) /* it may not take a command before the mailbox is open */
        return imap_search(a, c, what, out, e);
    if (reply.status != IMAP_OK)
        return imap_refused(e, ERR_REFUSED, "imap.search", "search", &reply, NULL, "%s does not list the messages", c->host);
    if (!h.many)
        return true;
    err_set(e, ERR_REFUSED, "imap.many", NULL, "%s lists over %d messages in one mailbox", c->host, IMAP_MAX_UIDS);
    err_stage(e, "search");
    return false;
}

static int by_uid(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void imap_uids_sort(struct imap_uids *u)
{
    bool sorted = true;
    for (ptrdiff_t i = 1; i < u->n && sorted; i++)
        sorted = u->uid[i - 1] < u->uid[i];
    if (sorted)
        return;
    qsort(u->uid, (size_t)u->n, sizeof *u->uid, by_uid);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < u->n; i++)
        if (n == 0 || u->uid[n - 1] != u->uid[i])
            u->uid[n++] = u->uid[i];
    u->n = n;
}
