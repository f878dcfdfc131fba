/* Replies, in the order of what they answer, and what they mean for the messages on their way. */
#include "smtp/private.h"
#include "sys/sys.h"

#include <assert.h>

enum { STOP_MS = 30000, LAST_WORDS_MS = 200 };

/* ---- statuses --------------------------------------------------------------------------------------- */

/* RFC5321-4.2.1; of 5xx two are no verdict on the message: 530 wants a login (RFC4954-6), 552 at RCPT means too many (RFC5321-4.5.3.1.10). */
static enum smtp_status status_of(int code, bool at_rcpt)
{
    if (code / 100 == 2)
        return SMTP_SENT;
    return code / 100 == 5 && code != 530 && !(at_rcpt && code == 552) ? SMTP_FAILED : SMTP_DEFERRED;
}

static void give(struct smtp_rcpt *x, const char *phase, const struct smtp_reply *kept, enum smtp_status status)
{
    x->status = status;
    x->phase = phase;
    x->code = kept->code;
    x->enhanced = kept->enhanced;
    x->words = kept->words;
    if (kept->code == 530) {
        x->error = "smtp.login-wanted";
        x->hint = "set smtp.user and smtp.secret of the account";
    }
}

static struct smtp_reply keep(struct smtp_message *m, const struct smtp_reply *r)
{
    struct smtp_reply kept = *r;
    kept.words = str_copy(m->mem, r->words);
    kept.enhanced = r->enhanced.len ? str_copy(m->mem, r->enhanced) : STR_NONE;
    return kept;
}

void smtp_decide(struct smtp_message *m, bool accepted, const char *phase, const struct smtp_reply *r)
{
    struct smtp_reply kept = keep(m, r);
    for (ptrdiff_t i = 0; i < m->n; i++)
        if (m->rcpt[i].status == SMTP_OPEN && (!accepted || m->rcpt[i].accepted))
            give(&m->rcpt[i], phase, &kept, status_of(r->code, false));
}

void smtp_decide_here(struct smtp_message *m, enum smtp_status status, const char *phase, const char *error, const char *hint)
{
    for (ptrdiff_t i = 0; i < m->n; i++)
        if (m->rcpt[i].status == SMTP_OPEN) {
            struct smtp_rcpt *x = &m->rcpt[i];
            x->status = status;
            x->phase = phase;
            x->error = error;
            x->hint = hint;
        }
}

void smtp_settle(struct smtp *c, struct smtp_message *m)
{
    if (!m->written || m->pending)
        return;
    ptrdiff_t i = 0;
    while (i < c->flights && c->flight[i] != m)
        i++;
    assert(i < c->flights);
    for (c->flights--; i < c->flights; i++)
        c->flight[i] = c->flight[i + 1];
    smtp_decide_here(m, SMTP_DEFERRED, "data", "smtp.protocol", NULL); /* none is open unless the server skipped a reply */
    c->hooks->done(c->hooks->context, m);
}

/* ---- one reply -------------------------------------------------------------------------------------- */

static void answer_rcpt(struct smtp_message *m, struct smtp_rcpt *x, const struct smtp_reply *r)
{
    if (x->status != SMTP_OPEN)
        return;
    x->accepted = r->code / 100 == 2;
    if (x->accepted)
        return;
    struct smtp_reply kept = keep(m, r);
    give(x, "rcpt", &kept, status_of(r->code, true));
}

/* LMTP answers for each accepted recipient in turn (RFC2033-4.2). True: no more are owed. */
static bool answer_end(struct smtp *c, struct smtp_message *m, const struct smtp_reply *r)
{
    if (!c->lmtp) {
        smtp_decide(m, true, "reply", r);
        return true;
    }
    bool answered = false;
    for (ptrdiff_t i = 0; i < m->n; i++) {
        struct smtp_rcpt *x = &m->rcpt[i];
        if (x->status != SMTP_OPEN || !x->accepted)
            continue;
        if (answered)
            return false;
        struct smtp_reply kept = keep(m, r);
        give(x, "reply", &kept, status_of(r->code, false));
        answered = true;
    }
    return true;
}

static bool says_goodbye(struct smtp *c, const struct smtp_reply *r, struct err *e)
{
    const struct slot *s = c->slots ? &c->slot[c->slot_from] : NULL;
    if (s && s->kind == SLOT_END)
        smtp_decide(s->m, true, "reply", r);
    c->closing = true;
    smtp_refused(e, ERR_LATER, "smtp.closing", "", r, "try again later", "%s ended the session", c->host);
    return false;
}

/* False with *e: the connection is of no more use. */
static bool take_reply(struct smtp *c, const struct smtp_reply *r, struct err *e)
{
    if (r->code == 421)
        return says_goodbye(c, r, e);
    if (r->malformed || !c->slots)
        return err_set(e, ERR_LATER, "smtp.protocol", "with smtp.extensions = no it may go better", "%s: a reply that answers nothing: %d %.*s",
                       c->host, r->code, STR_ARG(str_first(r->words, 100)));
    struct slot s = c->slot[c->slot_from];
    bool last = true;
    switch (s.kind) {
    case SLOT_RSET: break;
    case SLOT_MAIL:
        s.m->mail_refused = r->code / 100 != 2;
        if (s.m->mail_refused)
            smtp_decide(s.m, false, "mail", r);
        break;
    case SLOT_RCPT: answer_rcpt(s.m, &s.m->rcpt[s.rcpt], r); break;
    case SLOT_DATA:
        c->data_code = r->code;
        if (r->code != 354)
            smtp_decide(s.m, false, "data", r);
        break;
    case SLOT_END: last = answer_end(c, s.m, r); break;
    }
    if (!last)
        return true;
    c->slot_from = (c->slot_from + 1) % SMTP_SLOTS;
    c->slots--;
    c->ends -= s.kind == SLOT_END;
    if (s.kind == SLOT_END && r->code / 100 == 2 && c->flight[c->flights - 1] == s.m)
        c->in_transaction = false;
    if (s.m) {
        s.m->pending--;
        smtp_settle(c, s.m);
    }
    return true;
}

/* All whole replies that were read. */
static bool take_replies(struct smtp *c, ptrdiff_t *count, struct err *e)
{
    struct smtp_reply r;
    for (*count = 0; smtp_parse(&c->parse, &c->in, &r); ++*count)
        if (!take_reply(c, &r, e))
            return false;
    return true;
}

/* ---- reading ---------------------------------------------------------------------------------------- */

bool smtp_owe(struct smtp *c, enum slot_kind kind, struct smtp_message *m, ptrdiff_t rcpt, struct err *e)
{
    while (c->slots == SMTP_SLOTS)
        if (!smtp_read_some(c, e))
            return false;
    c->slot[(c->slot_from + c->slots++) % SMTP_SLOTS] = (struct slot){kind, m, rcpt};
    c->ends += kind == SLOT_END;
    if (m)
        m->pending++;
    return true;
}

/* After a signal the unit in hand is finished, but not for ever. */
static bool stopped_for_long(struct smtp *c)
{
    int64_t now = sys_clock.monotonic_ms();
    if (!c->stop_at)
        c->stop_at = now + STOP_MS;
    return now > c->stop_at;
}

bool smtp_read_some(struct smtp *c, struct err *e)
{
    for (;;) {
        ptrdiff_t count;
        if (!take_replies(c, &count, e))
            return smtp_give_up(c, e);
        if (count)
            return true;
        net_be_patient(c->net, c->ends ? c->set->final_ms : c->set->reply_ms);
        enum net_result got = net_read(c->net, prog_stopping() ? 500 : -1, &c->in, e);
        if (got == NET_QUIET && prog_stopping() && stopped_for_long(c)) {
            err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal", c->host);
            got = NET_LOST;
        }
        if (got == NET_LOST)
            return smtp_give_up(c, e);
    }
}

/* What the server said before the connection broke still counts. */
static void hear_last_words(struct smtp *c, struct err *e)
{
    struct err ignored;
    ptrdiff_t count;
    do {
        if (!take_replies(c, &count, e))
            return;
    } while (net_read(c->net, LAST_WORDS_MS, &c->in, &ignored) == NET_GOT);
}

/* A message is uncertain where its last octet may have left and nothing says that the server did not take it; behind a 421 it takes
 * nothing more (RFC5321-3.8). */
static void lose_message(struct smtp *c, struct smtp_message *m, const struct err *e)
{
    bool complete = m->end_at && net_sent(c->net) >= m->end_at && !c->closing, open = false;
    if (complete)
        smtp_decide_here(m, SMTP_UNCERTAIN, "reply", str_z(m->mem, str_c(e->code)), "look whether it arrived before it is sent again");
    for (ptrdiff_t i = 0; i < m->n; i++)
        open |= m->rcpt[i].status == SMTP_OPEN;
    if (!open)
        c->hooks->done(c->hooks->context, m);
}

/* What was waited for, or under way. */
static const char *stage_of(const struct smtp *c)
{
    static const char *const names[] = {"mail", "mail", "rcpt", "data", "reply"};
    return c->slots ? names[c->slot[c->slot_from].kind] : c->flights ? "data" : "mail";
}

bool smtp_give_up(struct smtp *c, struct err *e)
{
    if (c->over)
        return false;
    c->over = true;
    if (!c->closing)
        hear_last_words(c, e);
    if (!e->stage[0])
        err_stage(e, stage_of(c));
    ptrdiff_t n = c->flights;
    c->flights = c->slots = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        lose_message(c, c->flight[i], e);
    return false;
}
