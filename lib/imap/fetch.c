/* UID FETCH in a window: several commands on their way, each for many UIDs, so that a round trip costs nothing. */
#include "imap/private.h"
#include "date/date.h"
#include "sys/sys.h"

enum { SET_OCTETS = 900, /* of a command with its set of UIDs (RFC2683-3.2.1.5: lines of 1,000) */
       PAUSE_MS = 20,    /* without an octet: the sink may flush what it has */
       STALLS = 100,     /* such pauses in a message, after which a run that is to stop waits no longer for its rest */
       LINGER_MS = 10000 }; /* the same for a message whose octets keep coming */

struct command {
    unsigned tag;
    ptrdiff_t from, to; /* of uids */
};

struct window {
    struct imap_fetch *f;
    struct command command[IMAP_COMMANDS]; /* on their way; a server may answer them in any order (Dovecot interleaves) */
    int n;
    ptrdiff_t asked;        /* UIDs on their way */
    ptrdiff_t next, alone;  /* where to look for the next IMAP_TODO, IMAP_ALONE */
    bool single;            /* all batches are through: each command asks for one */
    bool taking;            /* a body is going to the sink */
    int stalls;             /* pauses since the run was to stop */
    int64_t stop_ms;        /* when it was to stop; 0: it is not */
    bool taken;             /* the response in hand had a body, complete */
    struct strs flags;
    arena mem;              /* of flags, reset for each response */
};

/* ---- asking --------------------------------------------------------------------------------------- */

/* command: "UID FETCH " and the set. */
static bool send_fetch(struct window *w, struct buf *command, ptrdiff_t from, ptrdiff_t to, struct err *e)
{
    buf_fmt(command, " %s", w->f->items);
    if (!imap_send(w->f->c, buf_str(command), e))
        return false;
    w->command[w->n++] = (struct command){w->f->c->tag, from, to};
    return true;
}

/* The next batch: UIDs from w->next on that are to do, runs of neighbours as ranges. */
static bool ask_batch(struct window *w, struct err *e)
{
    const struct imap_uids *u = w->f->uids;
    unsigned char *state = w->f->state;
    arena scratch = w->mem;
    struct buf command = buf_new(&scratch, SET_OCTETS + 256);
    buf_put(&command, S("UID FETCH"));
    ptrdiff_t from = w->next, i = from, count = 0;
    while (i < u->n && count < IMAP_BATCH && command.len < SET_OCTETS) {
        if (state[i] != IMAP_TODO) {
            i++;
            continue;
        }
        ptrdiff_t run = i;
        while (run + 1 < u->n && count + (run + 1 - i) < IMAP_BATCH && state[run + 1] == IMAP_TODO && u->uid[run + 1] == u->uid[run] + 1)
            run++;
        buf_fmt(&command, run > i ? "%s%u:%u" : "%s%u", count ? "," : " ", u->uid[i], u->uid[run]);
        count += run - i + 1;
        memset(state + i, IMAP_ASKED, (size_t)(run - i + 1));
        i = run + 1;
    }
    w->next = i;
    w->asked += count;
    return count == 0 || send_fetch(w, &command, from, i, e);
}

static bool ask_alone(struct window *w, struct err *e)
{
    const struct imap_uids *u = w->f->uids;
    while (w->alone < u->n && w->f->state[w->alone] != IMAP_ALONE)
        w->alone++;
    if (w->alone == u->n)
        return true;
    ptrdiff_t i = w->alone++;
    w->f->state[i] = IMAP_ASKED_ALONE;
    w->asked++;
    arena scratch = w->mem;
    struct buf command = buf_new(&scratch, 256);
    buf_fmt(&command, "UID FETCH %u", u->uid[i]);
    return send_fetch(w, &command, i, i + 1, e);
}

/* Keep the window full. */
static bool fill(struct window *w, struct err *e)
{
    arena_reset(&w->mem);
    while (w->n < IMAP_COMMANDS && w->asked < IMAP_WINDOW && w->next < w->f->uids->n)
        if (!ask_batch(w, e))
            return false;
    w->single |= w->n == 0 && w->next == w->f->uids->n;
    while (w->single && w->n < IMAP_COMMANDS && w->alone < w->f->uids->n)
        if (!ask_alone(w, e))
            return false;
    return true;
}

/* ---- what comes ----------------------------------------------------------------------------------- */

static ptrdiff_t index_of(const struct imap_uids *u, uint32_t uid)
{
    ptrdiff_t low = 0, high = u->n;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (u->uid[middle] < uid)
            low = middle + 1;
        else
            high = middle;
    }
    return low < u->n && u->uid[low] == uid ? low : -1;
}

/* Skip one value: a word, or a list with all that is in it. */
static ptrdiff_t behind(const struct imap_response *r, ptrdiff_t i)
{
    ptrdiff_t depth = 0;
    do {
        depth += r->token[i].type == IMAP_OPEN ? 1 : r->token[i].type == IMAP_CLOSE ? -1 : 0;
        i++;
    } while (i < r->n && depth > 0);
    return i;
}

static void take_flags(struct window *w, const struct imap_response *r, ptrdiff_t i)
{
    for (; i < r->n && r->token[i].type == IMAP_ATOM; i++)
        strs_add(&w->mem, &w->flags, r->token[i].text);
}

struct attributes {
    struct imap_message m;
    int64_t uid;
    bool names_body; /* BODY[…] is among them, whatever its value */
    str body;        /* where it is a string */
    bool streamed;
};

/* RFC3501-7.4.2: n FETCH (name value …). */
static void take_attributes(struct window *w, const struct imap_response *r, struct attributes *a)
{
    *a = (struct attributes){.m.size = -1};
    w->flags = (struct strs){0};
    for (ptrdiff_t i = 3; i + 1 < r->n; i = behind(r, i + 1)) {
        const struct imap_token *name = &r->token[i], *value = name + 1;
        if (name->type != IMAP_ATOM)
            break;
        if (str_eq_nocase(name->text, S("UID"))) {
            str_i64(value->text, 1, UINT32_MAX, &a->uid);
        } else if (str_eq_nocase(name->text, S("FLAGS")) && value->type == IMAP_OPEN) {
            take_flags(w, r, i + 2);
        } else if (str_eq_nocase(name->text, S("INTERNALDATE"))) {
            a->m.has_date = date_parse_internal(value->text, &a->m.internal_date, NULL);
        } else if (str_eq_nocase(name->text, S("RFC822.SIZE"))) {
            str_i64(value->text, 0, INT64_MAX, &a->m.size);
        } else if (str_eq_nocase(name->text, S("MODSEQ")) && value->type == IMAP_OPEN && i + 2 < r->n) {
            a->m.modseq = r->token[i + 2].text;
        } else if (str_starts_nocase(name->text, S("BODY["))) {
            a->names_body = true;
            a->streamed = value->type == IMAP_BODY;
            a->body = value->type == IMAP_STRING ? value->text : STR_NONE;
        }
    }
    a->m.flags = w->flags;
}

/* It is no longer on its way. */
static void settle(struct window *w, ptrdiff_t i, enum imap_uid_state state)
{
    w->f->state[i] = (unsigned char)state;
    w->asked--;
}

static void fail(struct window *w, ptrdiff_t i, const struct imap_reply *reply)
{
    struct err why;
    uint32_t uid = w->f->uids->uid[i];
    settle(w, i, IMAP_FAILED);
    if (reply)
        imap_refused(&why, ERR_PARTIAL, "imap.message", "fetch", reply, "it is asked for again next time", "the server cannot give the message with UID %u", uid);
    else
        err_set(&why, ERR_PARTIAL, "imap.message", "it is asked for again next time", "the server has no body for the message with UID %u", uid);
    why.class = ERR_PARTIAL;
    err_stage(&why, "fetch");
    w->f->sink.failed(w->f->sink.context, uid, &why);
}

/* A FETCH response is complete. It may be an unasked one (flags changed, or without a body): that is nothing to us. */
static bool take_message(struct window *w, const struct imap_response *r, struct err *e)
{
    const struct imap_sink *sink = &w->f->sink;
    struct attributes a;
    bool taken = w->taken;
    w->taken = false;
    take_attributes(w, r, &a);
    ptrdiff_t i = a.uid ? index_of(w->f->uids, (uint32_t)a.uid) : -1;
    bool wanted = i >= 0 && (w->f->state[i] == IMAP_ASKED || w->f->state[i] == IMAP_ASKED_ALONE) && a.names_body;
    bool quoted = !a.streamed && a.body.ptr;
    if (!wanted || r->malformed || (!taken && !quoted)) {
        if (taken)
            sink->drop(sink->context);
        if (wanted && !r->malformed)
            fail(w, i, NULL);
        return true;
    }
    if (quoted && !(sink->begin(sink->context, a.body.len, e) && sink->octets(sink->context, a.body, e)))
        return false;
    a.m.uid = (uint32_t)a.uid;
    imap_await_anew(w->f->c);
    settle(w, i, IMAP_DONE);
    return sink->message(sink->context, &a.m, e);
}

/* A command is through. What it did not bring is asked for alone, once; then it is gone, or cannot be had. */
static void end_command(struct window *w, const struct imap_response *r)
{
    int k = 0;
    while (k < w->n && !imap_is_end(r, w->command[k].tag))
        k++;
    if (k == w->n)
        return;
    struct command done = w->command[k];
    w->command[k] = w->command[--w->n];
    struct imap_reply reply;
    imap_note_reply(&reply, r);
    for (ptrdiff_t i = done.from; i < done.to; i++) {
        if (w->f->state[i] == IMAP_ASKED)
            settle(w, i, IMAP_ALONE);
        else if (w->f->state[i] == IMAP_ASKED_ALONE && reply.status == IMAP_OK)
            settle(w, i, IMAP_VANISHED);
        else if (w->f->state[i] == IMAP_ASKED_ALONE)
            fail(w, i, &reply);
    }
}

/* ---- the run -------------------------------------------------------------------------------------- */

static enum imap_end cut(struct window *w, struct err *e)
{
    const struct imap_sink *sink = &w->f->sink;
    if (w->taking || w->taken)
        sink->drop(sink->context);
    w->f->in_hand = 0;
    for (ptrdiff_t i = w->f->uids->n - 1; i >= 0; i--) {
        unsigned char *state = &w->f->state[i];
        if (*state != IMAP_ASKED && *state != IMAP_ASKED_ALONE)
            continue;
        *state = *state == IMAP_ASKED ? IMAP_TODO : IMAP_ALONE;
        w->f->in_hand = w->f->uids->uid[i];
    }
    err_stage(e, "fetch");
    return IMAP_CUT;
}

static bool take(struct window *w, enum imap_event event, const struct imap_part *part, struct err *e)
{
    const struct imap_sink *sink = &w->f->sink;
    const struct imap_response *r = &part->response;
    switch (event) {
    case IMAP_BODY_BEGIN:
        if (w->taken || w->taking) /* a second body in one response: the first one counts */
            return true;
        w->taking = true;
        return sink->begin(sink->context, part->size, e);
    case IMAP_BODY_DATA:
        imap_await_on(w->f->c, part->octets.len);
        return !w->taking || sink->octets(sink->context, part->octets, e);
    case IMAP_BODY_END:
        w->taken |= w->taking;
        w->taking = false;
        return true;
    case IMAP_RESPONSE:
        if (r->n > 2 && str_eq_nocase(r->token[1].text, S("FETCH")))
            return take_message(w, r, e);
        if (w->taken)
            sink->drop(sink->context);
        w->taken = false;
        end_command(w, r);
        return true;
    default: return true;
    }
}

/* Whether a run that is to stop waits on for the rest of the message in hand. */
static bool patient(struct window *w, enum imap_event event)
{
    int64_t now = sys_clock.monotonic_ms();
    if (!w->stop_ms)
        w->stop_ms = now;
    w->stalls += event == IMAP_PAUSE;
    return w->stalls <= STALLS && now - w->stop_ms <= LINGER_MS;
}

static enum imap_end run(struct window *w, struct err *e)
{
    const struct imap_sink *sink = &w->f->sink;
    struct imap_part part;
    for (;;) {
        if (!fill(w, e))
            return cut(w, e);
        if (!w->n)
            return IMAP_FETCHED;
        enum imap_event event = imap_next(w->f->c, PAUSE_MS, &part, e);
        if (event == IMAP_GONE)
            return cut(w, e);
        if (!take(w, event, &part, e))
            return IMAP_BROKEN;
        if (!sink->stop(sink->context, event == IMAP_PAUSE))
            continue;
        bool between = !w->taking && !w->taken;
        if (!between && patient(w, event))
            continue;
        if (!between)
            sink->drop(sink->context);
        return IMAP_STOPPED;
    }
}

enum imap_end imap_fetch(struct imap_fetch *f, struct err *e)
{
    struct window w = {.f = f, .mem = arena_new(8 << 20)};
    enum imap_end end = run(&w, e);
    if (end == IMAP_BROKEN)
        f->sink.drop(f->sink.context);
    arena_free(&w.mem);
    return end;
}
