#include "codec/codec.h"
#include "imap/private.h"

/* Wait until the server wants the literal: "+". False: *reply has its answer, or the connection is gone (*e). */
static bool may_go_on(struct imap *c, struct imap_reply *reply, struct err *e)
{
    struct imap_part part;
    for (;;) {
        enum imap_event event = imap_next(c, -1, &part, e);
        if (event == IMAP_PAUSE)
            err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal", c->host);
        if (event == IMAP_GONE || event == IMAP_PAUSE)
            return false;
        if (event != IMAP_RESPONSE)
            continue;
        if (str_eq(part.response.tag, S("+")))
            return true;
        if (imap_is_end(&part.response, c->tag)) {
            imap_note_reply(reply, &part.response);
            return false;
        }
    }
}

static bool send_literal(struct imap *c, int64_t size, imap_source *next, void *context, struct err *e)
{
    while (size > 0) {
        str piece;
        if (!next(context, &piece, e))
            return false;
        piece = str_first(piece, size < PTRDIFF_MAX ? (ptrdiff_t)size : PTRDIFF_MAX);
        size -= piece.len;
        if (!net_send(c->net, piece, e))
            return false;
    }
    return net_send(c->net, S("\r\n"), e);
}

bool imap_append(struct imap *c, str mailbox, int64_t size, imap_source *next, void *context, struct err *e)
{
    arena a = *c->mem;
    bool literal, at_once = imap_can(c, "LITERAL+") || (imap_can(c, "LITERAL-") && size <= 4096);
    str quoted = imap_quoted(&a, utf7_imap_encode(&a, mailbox), &literal);
    struct imap_reply reply = {0};
    bool sent = !literal && net_send(c->net, str_fmt(&a, "m%u APPEND %.*s (\\Seen) {%lld%s}\r\n", ++c->tag, STR_ARG(quoted), (long long)size,
                                                     at_once ? "+" : ""), e);
    if (literal)
        err_set(e, ERR_MISSING, "imap.no-mailbox", NULL, "no mailbox can have the name \"%.*s\"", STR_ARG(mailbox));
    sent = sent && (at_once || may_go_on(c, &reply, e)) && send_literal(c, size, next, context, e) &&
           imap_await(c, c->tag, NULL, NULL, &reply, e);
    err_stage(e, "append");
    if (reply.status == IMAP_NONE)
        return false;
    if (sent && reply.status == IMAP_OK)
        return true;
    return imap_refused(e, ERR_REFUSED, "imap.append", "append", &reply, NULL, "%s does not take a copy into the mailbox %.*s", c->host,
                        STR_ARG(mailbox));
}
