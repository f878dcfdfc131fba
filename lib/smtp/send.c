/* Messages to the connection: MAIL, RCPT, and BDAT or DATA, as many ahead as the server allows. */
#include "smtp/private.h"

#include <errno.h>
#include <unistd.h>

enum { PIECE = 64 << 10 };

static bool step(struct smtp *c, struct err *e)
{
    while (!c->pipelining && c->slots)
        if (!smtp_read_some(c, e))
            return false;
    return true;
}

/* Put a command that owes a reply. */
static bool put(struct smtp *c, str line, enum slot_kind kind, struct smtp_message *m, ptrdiff_t rcpt, struct err *e)
{
    if (!smtp_owe(c, kind, m, rcpt, e))
        return false;
    if (!smtp_put(c, line, e) || !smtp_put(c, S("\r\n"), e))
        return smtp_give_up(c, e);
    return step(c, e);
}

/* ---- what cannot be sent here ------------------------------------------------------------------------- */

static void refuse_rcpt(struct smtp_rcpt *x, const char *phase, const char *error, const char *hint)
{
    x->status = SMTP_FAILED;
    x->phase = phase;
    x->error = error;
    x->hint = hint;
}

static bool refuse(struct smtp_message *m, const char *error, const char *hint)
{
    smtp_decide_here(m, SMTP_FAILED, "mail", error, hint);
    return false;
}

/* Whether anything is to be sent; what cannot be is decided. RFC1870-6.3: a message that is too large is not even offered. */
static bool is_sendable(struct smtp *c, struct smtp_message *m)
{
    arena scratch = *c->mem;
    str path;
    bool utf8, any = false;
    if (m->from.len && !smtp_address(&scratch, m->from, &path, &utf8, NULL))
        return refuse(m, "smtp.address", "the sender is no address");
    if ((m->utf8 || (m->from.len && utf8)) && !c->utf8)
        return refuse(m, "smtp.utf8", "this server takes only ASCII addresses and headers (no SMTPUTF8)");
    if (m->scan.eight_bit && !c->eight_bit)
        return refuse(m, "smtp.8bit", "this server takes only 7-bit messages (no 8BITMIME): compose it with quoted-printable or base64");
    if (c->size && c->size_limit && smtp_scan_size(&m->scan) > c->size_limit)
        return refuse(m, "smtp.size", "it is larger than this server allows");
    for (ptrdiff_t i = 0; i < m->n; i++) {
        struct smtp_rcpt *x = &m->rcpt[i];
        x->accepted = false;
        if (x->status != SMTP_OPEN)
            continue;
        if (!smtp_address(&scratch, x->address, &path, &utf8, NULL))
            refuse_rcpt(x, "rcpt", "smtp.address", "it is no address");
        else if (utf8 && !c->utf8)
            refuse_rcpt(x, "rcpt", "smtp.utf8", "this server takes only ASCII addresses (no SMTPUTF8)");
        any |= x->status == SMTP_OPEN;
    }
    return any;
}

/* ---- the envelope ----------------------------------------------------------------------------------- */

static bool wants_utf8(const struct smtp_message *m, arena scratch)
{
    str path;
    bool utf8 = false, any = m->utf8 || (m->from.len && smtp_address(&scratch, m->from, &path, &utf8, NULL) && utf8);
    for (ptrdiff_t i = 0; i < m->n && !any; i++)
        any = m->rcpt[i].status == SMTP_OPEN && smtp_address(&scratch, m->rcpt[i].address, &path, &utf8, NULL) && utf8;
    return any;
}

static bool put_mail(struct smtp *c, struct smtp_message *m, struct err *e)
{
    arena a = *c->mem;
    str path = STR_NONE;
    bool utf8;
    if (m->from.len)
        smtp_address(&a, m->from, &path, &utf8, NULL);
    struct buf b = buf_new(&a, 512);
    buf_fmt(&b, "MAIL FROM:<%.*s>", STR_ARG(path));
    if (c->size)
        buf_fmt(&b, " SIZE=%lld", (long long)smtp_scan_size(&m->scan));
    if (m->scan.eight_bit)
        buf_put(&b, S(" BODY=8BITMIME"));
    if (c->utf8 && wants_utf8(m, a))
        buf_put(&b, S(" SMTPUTF8"));
    if (c->dsn && (str_eq_nocase(m->ret, S("full")) || str_eq_nocase(m->ret, S("hdrs"))))
        buf_fmt(&b, " RET=%s", str_eq_nocase(m->ret, S("full")) ? "FULL" : "HDRS");
    if (c->dsn && m->envid.len)
        buf_fmt(&b, " ENVID=%.*s", STR_ARG(smtp_xtext(&a, m->envid)));
    return put(c, buf_str(&b), SLOT_MAIL, m, 0, e);
}

/* RFC3461-4.1: NEVER, or a list; what is none of these words is left out. */
static void put_notify(struct buf *b, str notify)
{
    static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
    bool any = false;
    for (str word; notify.len;) {
        str_cut(notify, ',', &word, &notify);
        for (int i = 0; i < 4; i++)
            if (str_eq_nocase(str_trim(word), str_c(words[i]))) {
                buf_fmt(b, "%s%s", any ? "," : " NOTIFY=", words[i]);
                any = true;
            }
    }
}

static bool put_rcpt(struct smtp *c, struct smtp_message *m, ptrdiff_t i, struct err *e)
{
    arena a = *c->mem;
    str path;
    bool utf8;
    smtp_address(&a, m->rcpt[i].address, &path, &utf8, NULL);
    struct buf b = buf_new(&a, 512);
    buf_fmt(&b, "RCPT TO:<%.*s>", STR_ARG(path));
    if (c->dsn && m->notify.len) {
        put_notify(&b, m->notify);
        if (!utf8)
            buf_fmt(&b, " ORCPT=rfc822;%.*s", STR_ARG(smtp_xtext(&a, path)));
    }
    return put(c, buf_str(&b), SLOT_RCPT, m, i, e);
}

static bool put_envelope(struct smtp *c, struct smtp_message *m, struct err *e)
{
    if (c->in_transaction && !put(c, S("RSET"), SLOT_RSET, NULL, 0, e))
        return false;
    c->in_transaction = true;
    if (!put_mail(c, m, e))
        return false;
    for (ptrdiff_t i = 0; i < m->n && !m->mail_refused; i++)
        if (m->rcpt[i].status == SMTP_OPEN && !put_rcpt(c, m, i, e))
            return false;
    return true;
}

/* ---- the message ------------------------------------------------------------------------------------ */

static bool read_piece(struct smtp_message *m, int64_t at, char *room, str *piece)
{
    ptrdiff_t want = m->scan.octets - at < PIECE ? (ptrdiff_t)(m->scan.octets - at) : PIECE;
    if (m->octets.ptr) {
        *piece = str_slice(m->octets, (ptrdiff_t)at, (ptrdiff_t)at + want);
        return true;
    }
    ssize_t got;
    do
        got = pread(m->fd, room, (size_t)want, (off_t)at);
    while (got < 0 && errno == EINTR);
    *piece = str_of(room, got > 0 ? got : 0);
    return got > 0;
}

/* It cannot be finished, and must not be: only the end of the connection takes it back. */
static bool unreadable(struct smtp *c, struct smtp_message *m, struct err *e)
{
    smtp_decide_here(m, SMTP_DEFERRED, "data", "smtp.message", "the file of the message cannot be read");
    err_set(e, ERR_IO, "smtp.message", NULL, "the file of a message cannot be read while it is sent");
    return smtp_give_up(c, e);
}

static bool commit(struct smtp *c, struct smtp_message *m, struct err *e)
{
    return c->hooks->commit(c->hooks->context, &m, 1, e) || smtp_give_up(c, e);
}

static bool put_octets(struct smtp *c, struct smtp_message *m, bool dots, struct err *e)
{
    arena a = *c->mem;
    struct smtp_wire w = {.dots = dots};
    char *room = m->octets.ptr ? NULL : arena_alloc(&a, PIECE, 1);
    struct buf b = buf_new(&a, PIECE + PIECE / 8);
    int64_t at = 0;
    do {
        str piece = STR_NONE;
        if (m->scan.octets && !read_piece(m, at, room, &piece))
            return unreadable(c, m, e);
        b.len = 0;
        smtp_wire(&w, piece, &b);
        at += piece.len;
        if (at == m->scan.octets) {
            smtp_wire_end(&w, &b);
            if (m->scan.octets > SMTP_SMALL && !commit(c, m, e))
                return false;
            m->end_at = c->passed + b.len;
        }
        if (!smtp_put(c, buf_str(&b), e))
            return smtp_give_up(c, e);
    } while (at < m->scan.octets);
    return true;
}

static bool put_message(struct smtp *c, struct smtp_message *m, bool dots, struct err *e)
{
    net_matter(c->net, NET_MESSAGE);
    bool good = put_octets(c, m, dots, e);
    net_matter(c->net, NET_TALK);
    return good;
}

static bool any_accepted(const struct smtp_message *m)
{
    for (ptrdiff_t i = 0; i < m->n; i++)
        if (m->rcpt[i].status == SMTP_OPEN && m->rcpt[i].accepted)
            return true;
    return false;
}

/* RFC3030-2: the chunk follows its command at once; the reply comes behind it. */
static bool put_chunk(struct smtp *c, struct smtp_message *m, struct err *e)
{
    arena a = *c->mem;
    str line = str_fmt(&a, "BDAT %lld LAST\r\n", (long long)smtp_scan_size(&m->scan));
    if (!smtp_owe(c, SLOT_END, m, 0, e))
        return false;
    if (!smtp_put(c, line, e))
        return smtp_give_up(c, e);
    return put_message(c, m, false, e) && step(c, e);
}

/* RFC2920-3.1: DATA is the last of a group; what follows the message is the first of the next. */
static bool put_data(struct smtp *c, struct smtp_message *m, struct err *e)
{
    if (!put(c, S("DATA"), SLOT_DATA, m, 0, e))
        return false;
    while (c->slots)
        if (!smtp_read_some(c, e))
            return false;
    if (c->data_code != 354)
        return true;
    c->in_transaction = false;
    if (!smtp_owe(c, SLOT_END, m, 0, e))
        return false;
    if (any_accepted(m))
        return put_message(c, m, true, e) && step(c, e);
    /* RFC2920-3.1: it went ahead without a recipient. */
    return smtp_put(c, S(".\r\n"), e) ? step(c, e) : smtp_give_up(c, e);
}

static bool send_one(struct smtp *c, struct smtp_message *m, struct err *e)
{
    m->pending = 0;
    m->written = m->mail_refused = false;
    m->end_at = 0;
    c->flight[c->flights++] = m;
    net_be_patient(c->net, c->ends ? c->set->final_ms : c->set->reply_ms);
    if (!put_envelope(c, m, e))
        return false;
    /* Step by step it is known whether there is anybody to send to. */
    bool nobody = !c->pipelining && !any_accepted(m);
    if (!nobody && !(c->chunking ? put_chunk(c, m, e) : put_data(c, m, e)))
        return false;
    m->written = true;
    smtp_settle(c, m);
    return true;
}

/* As many as are committed together: small ones, or one that is not. Where several are on their way, one half is committed while the
 * other is answered. */
static ptrdiff_t next_group(struct smtp *c, struct smtp_message *const *m, ptrdiff_t n, struct smtp_message **group, ptrdiff_t *used)
{
    ptrdiff_t count = 0, most = c->pipelining && c->chunking ? (c->window + 1) / 2 : c->window;
    for (*used = 0; *used < n && count < most; ++*used) {
        bool large = m[*used]->scan.octets > SMTP_SMALL;
        if (large && count)
            break;
        if (!is_sendable(c, m[*used])) {
            c->hooks->done(c->hooks->context, m[*used]);
            continue;
        }
        group[count++] = m[*used];
        if (large) {
            ++*used;
            break;
        }
    }
    return count;
}

bool smtp_send(struct smtp *c, struct smtp_message *const *m, ptrdiff_t n, const struct smtp_hooks *hooks, struct err *e)
{
    struct smtp_message *group[SMTP_WINDOW];
    c->hooks = hooks;
    for (ptrdiff_t used; n; m += used, n -= used) {
        ptrdiff_t count = next_group(c, m, n, group, &used);
        bool large = count == 1 && group[0]->scan.octets > SMTP_SMALL;
        while (c->flights + count > c->window)
            if (!smtp_read_some(c, e))
                return false;
        if (count && !large && !hooks->commit(hooks->context, group, count, e))
            return smtp_give_up(c, e);
        for (ptrdiff_t i = 0; i < count; i++)
            if (!send_one(c, group[i], e))
                return false;
    }
    return true;
}

bool smtp_drain(struct smtp *c, const struct smtp_hooks *hooks, struct err *e)
{
    c->hooks = hooks;
    while (c->flights)
        if (!smtp_read_some(c, e))
            return false;
    return true;
}

bool smtp_ask(arena *a, struct smtp *c, str from, struct smtp_rcpt *rcpt, struct err *e)
{
    struct smtp_message m = {.mem = a, .from = from, .rcpt = rcpt, .n = 1};
    struct smtp_reply r;
    str path = STR_NONE, to;
    bool utf8;
    if (!smtp_address(a, rcpt->address, &to, &utf8, e) || (from.len && !smtp_address(a, from, &path, &utf8, e)))
        return false;
    rcpt->phase = "mail";
    if (!smtp_command(c, str_fmt(a, "MAIL FROM:<%.*s>", STR_ARG(path)), &r, e))
        return false;
    if (r.code / 100 == 2) {
        rcpt->phase = "rcpt";
        if (!smtp_command(c, str_fmt(a, "RCPT TO:<%.*s>", STR_ARG(to)), &r, e))
            return false;
    }
    smtp_decide(&m, false, rcpt->phase, &r);
    return smtp_command(c, S("RSET"), &r, e);
}
