/* One mailbox: what of it the store lacks becomes blobs and email records, in a window of requests.
 *
 * source.after says: of the UIDs between `after` and `uid` the server has none that the store lacks. So the store sees from
 * each record alone whether something is missing before it (it was dropped on the way, failed, or was left out by -n). */
#include "fetch.h"
#include "header/header.h"

#include <unistd.h>

enum {
    SET_OCTETS = 900,      /* of one search command */
    HEADER_KEPT = 16 << 10, /* octets of a Message-ID field that are looked at */
    MAILBOX_MEMORY = 1 << 28,
    RECONNECTS = 3,         /* in one mailbox */
    FLUSH_MS = 10,         /* the longest time that a record waits in our buffer; over 20, and put would take it for a pause and commit */
    FLUSH_OCTETS = 64 << 10
};

static const char whole[] = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])";
static const char known[] = "(UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])";

struct job {
    struct session *session;
    struct run *run;
    struct place_of_mail where;
    struct poll poll;
    struct imap_box box;
    struct cursor cursor;
    bool moved;               /* the mailbox has a new uidValidity: look for what is known by another */
    struct imap_uids uids;    /* what the store lacks */
    unsigned char *state;
    unsigned char *looked;    /* states of looking for known messages */
    struct blob_writer *blob;
    struct buf header;
    uint32_t stuck;           /* the UID at which the connection broke last */
    int64_t claimed;          /* of -n */
    int64_t recognised;
    arena mem;                /* mailbox lifetime */
};

/* ---- what is to be fetched -------------------------------------------------------------------------- */

static bool is_lacking(const struct cursor *c, uint32_t uid)
{
    if (uid > c->last_uid)
        return true;
    for (ptrdiff_t i = 0; i < c->n_holes; i++)
        if (uid >= c->holes[i].first && uid <= c->holes[i].last)
            return true;
    return false;
}

static bool search(struct job *j, struct buf *set, struct err *e)
{
    bool done = !set->len || imap_search(&j->mem, j->session->imap, buf_str(set), &j->uids, e);
    set->len = 0;
    return done;
}

/* Ranges that may hold what the store lacks: the holes, and what is new, if there can be any. */
static ptrdiff_t lacking_ranges(const struct cursor *c) { return c->n_holes + (c->last_uid < UINT32_MAX); }

/* What the next search asks for: of these ranges, from *i on, as many as fit into its line. */
static str next_lacking(arena *a, const struct cursor *c, ptrdiff_t *i)
{
    struct buf set = buf_new(a, SET_OCTETS + 64);
    for (; *i < lacking_ranges(c) && set.len <= SET_OCTETS; ++*i) {
        buf_put(&set, set.len ? S(",") : S("UID "));
        if (*i < c->n_holes)
            buf_fmt(&set, "%lld:%lld", (long long)c->holes[*i].first, (long long)c->holes[*i].last);
        else
            buf_fmt(&set, "%lld:*", (long long)c->last_uid + 1);
    }
    return buf_str(&set);
}

static bool search_lacking(struct job *j, struct err *e)
{
    const struct cursor *c = &j->cursor;
    bool news = !j->box.uid_next || j->box.uid_next > c->last_uid + 1, found = true;
    for (ptrdiff_t i = 0; found && (news || c->n_holes) && i < lacking_ranges(c);)
        found = imap_search(&j->mem, j->session->imap, next_lacking(&j->mem, c, &i), &j->uids, e);
    return found;
}

static bool search_named(struct job *j, struct err *e)
{
    const struct wanted *w = &j->run->opts->uids;
    struct buf set = buf_new(&j->mem, SET_OCTETS + 64);
    for (ptrdiff_t i = 0; i < w->n; i++) {
        if (set.len > SET_OCTETS && !search(j, &set, e))
            return false;
        buf_fmt(&set, "%s%lld:%lld", set.len ? "," : "UID ", (long long)w->item[i].first, (long long)w->item[i].last);
    }
    return search(j, &set, e);
}

static bool search_recent(struct job *j, struct err *e)
{
    int64_t n = j->run->opts->recent, first = j->box.messages > n ? j->box.messages - n + 1 : 1;
    struct buf set = buf_new(&j->mem, 64);
    if (n > 0)
        buf_fmt(&set, "%lld:*", (long long)first);
    return search(j, &set, e);
}

/* Fill uids. "n:*" gives the last message even where it is below n (RFC3501-6.4.8), so everything is looked at again. */
static bool plan(struct job *j, struct err *e)
{
    const struct wanted *named = &j->run->opts->uids;
    bool recent = j->run->opts->recent >= 0;
    if (j->box.messages > 0 && !(named->n ? search_named(j, e) : recent ? search_recent(j, e) : search_lacking(j, e)))
        return false;
    struct imap_uids *u = &j->uids;
    imap_uids_sort(u);
    ptrdiff_t n = 0;
    for (ptrdiff_t i = 0; i < u->n; i++)
        if (named->n ? wanted_from(named, u->uid[i]) > 0 : is_lacking(&j->cursor, u->uid[i]))
            u->uid[n++] = u->uid[i];
    u->n = n;
    wanted_tell_absent(j->run, j->where.account, j->where.mailbox, u);
    int64_t max = j->session->account->max;
    u->n = (ptrdiff_t)(j->claimed = run_claim(j->run, n < max || max < 0 ? n : max));
    j->state = ARENA_ARRAY(&j->mem, unsigned char, u->n + 1);
    j->looked = j->moved ? ARENA_ARRAY(&j->mem, unsigned char, u->n + 1) : NULL;
    return true;
}

/* Index of the first UID that is not below uid. */
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
    return low;
}

/* The first one follows upon what was asked of the server: the first hole or what is new, or with --recent upon itself. Of --uid each
 * range is asked for by itself. */
static uint32_t after_of(const struct job *j, uint32_t uid)
{
    ptrdiff_t i = index_of(&j->uids, uid);
    uint32_t before = i > 0 ? j->uids.uid[i - 1] : 0, from = wanted_from(&j->run->opts->uids, uid);
    if (from > 0)
        return before >= from ? before : from - 1;
    if (i > 0)
        return before;
    if (j->run->opts->recent >= 0)
        return uid - 1;
    const struct cursor *c = &j->cursor;
    return (uint32_t)(c->n_holes ? c->holes[0].first - 1 : c->last_uid);
}

/* ---- messages with their bodies ---------------------------------------------------------------------- */

static void drop(void *context)
{
    struct job *j = context;
    if (j->blob)
        blob_drop(j->blob);
    j->blob = NULL;
    arena_reset(&j->run->message);
}

static bool begin(void *context, int64_t size, struct err *e)
{
    (void)size;
    struct job *j = context;
    drop(j);
    j->blob = blob_begin(&j->run->message, j->run->store, e);
    return j->blob != NULL;
}

static bool octets(void *context, str some, struct err *e)
{
    struct job *j = context;
    j->poll.octets += some.len;
    return blob_put(j->blob, some, e);
}

static bool message(void *context, const struct imap_message *m, struct err *e)
{
    struct job *j = context;
    str blob_id, path;
    int64_t size;
    struct blob_writer *blob = j->blob;
    j->blob = NULL;
    if (!blob_end(&j->run->message, blob, &blob_id, &path, &size, e))
        return false;
    emit_email(j->run, &j->where, m, after_of(j, m->uid), blob_id, path, size);
    j->poll.fetched++;
    return true;
}

static void failed(void *context, uint32_t uid, const struct err *why)
{
    struct job *j = context;
    arena_reset(&j->run->message);
    j->poll.failed++;
    emit_error(j->run, why, j->where.account, j->where.mailbox, uid);
}

/* Also the moment to hand on what we have: the next program works while we wait. */
static bool stop(void *context, bool pause)
{
    struct job *j = context;
    struct run *r = j->run;
    int64_t now = sys_clock.monotonic_ms();
    progress_draw(&r->progress, j->poll.fetched + j->poll.failed, j->poll.octets);
    if (r->out->len && (pause || r->out->len > FLUSH_OCTETS || now - r->flushed_ms > FLUSH_MS)) {
        out_flush(r->out);
        r->flushed_ms = now;
    }
    return run_over(r);
}

/* ---- messages that are known by another uidValidity --------------------------------------------------- */

static bool begin_header(void *context, int64_t size, struct err *e)
{
    (void)size, (void)e;
    struct job *j = context;
    arena_reset(&j->run->message);
    j->header = buf_new(&j->run->message, 1024);
    return true;
}

static bool header_octets(void *context, str some, struct err *e)
{
    (void)e;
    struct job *j = context;
    buf_put(&j->header, str_first(some, HEADER_KEPT - j->header.len));
    return true;
}

static void drop_header(void *context) { (void)context; }

/* A message with the same Message-ID, size and time, whose blob is still there, need not come again. */
static bool recognise(void *context, const struct imap_message *m, struct err *e)
{
    struct job *j = context;
    arena *a = &j->run->message;
    struct header h;
    header_parse(a, buf_str(&j->header), true, &h);
    str id = header_message_id(a, header_body(&h, HEADER_MESSAGE_ID)), blob_id = STR_NONE;
    if (!id.len || !m->has_date || m->size < 0)
        return true;
    if (!store_match(a, j->run->store, j->where.account, id, m->size, m->internal_date, &blob_id, e))
        return false;
    str path = blob_id.len ? blob_path(a, j->run->store, blob_id) : STR_NONE;
    if (!blob_id.len || access(str_z(a, path), R_OK) != 0)
        return true;
    emit_email(j->run, &j->where, m, after_of(j, m->uid), blob_id, path, m->size);
    j->state[index_of(&j->uids, m->uid)] = IMAP_DONE;
    j->recognised++;
    j->poll.fetched++;
    return true;
}

static void unknown(void *context, uint32_t uid, const struct err *why) { (void)context, (void)uid, (void)why; }

/* ---- the run over one mailbox ------------------------------------------------------------------------ */

static bool open_mailbox(struct job *j, struct err *e)
{
    int64_t before = j->box.uid_validity;
    ptrdiff_t first = 0;
    bool by_cursor = !before && !j->run->opts->uids.n && j->run->opts->recent < 0;
    str ahead = by_cursor ? next_lacking(&j->mem, &j->cursor, &first) : STR_NONE;
    if (!imap_examine(j->session->imap, j->where.mailbox, ahead, &j->box, e))
        return false;
    if (before && before != j->box.uid_validity)
        return err_set(e, ERR_LATER, "imap.moved", "run it again", "the mailbox was made anew (UIDVALIDITY) while it was read");
    j->where.uid_validity = j->poll.uid_validity = j->box.uid_validity;
    return true;
}

/* Open another connection. A message at which the line broke twice is left for the next run. */
static bool reconnect(struct job *j, uint32_t in_hand, int *tries, const struct err *why, struct err *e)
{
    *e = *why;
    if (++*tries > RECONNECTS || run_over(j->run))
        return false;
    prog_note("%.*s %.*s: %s (%s); connecting again", STR_ARG(j->where.account), STR_ARG(j->where.mailbox), why->text, why->server);
    if (in_hand && in_hand == j->stuck) {
        struct err poison;
        j->state[index_of(&j->uids, in_hand)] = IMAP_FAILED;
        err_set(&poison, ERR_PARTIAL, "imap.message", "it is asked for again next time",
                "the connection broke twice at the message with UID %u", in_hand);
        failed(j, in_hand, &poison);
    }
    j->stuck = in_hand;
    return session_again(j->session, e) && open_mailbox(j, e);
}

static enum imap_end fetch_all(struct job *j, const char *items, unsigned char *state, const struct imap_sink *sink, struct err *e)
{
    for (int tries = 0;;) {
        struct imap_fetch f = {.c = j->session->imap, .items = items, .uids = &j->uids, .state = state, .sink = *sink};
        struct err why = {0};
        enum imap_end end = imap_fetch(&f, &why);
        if (end == IMAP_CUT && reconnect(j, f.in_hand, &tries, &why, e))
            continue;
        if (end == IMAP_BROKEN)
            *e = why;
        return end;
    }
}

static enum imap_end fetch_messages(struct job *j, struct err *e)
{
    const struct imap_sink headers = {j, begin_header, header_octets, recognise, drop_header, unknown, stop};
    const struct imap_sink bodies = {j, begin, octets, message, drop, failed, stop};
    if (j->moved) {
        enum imap_end end = fetch_all(j, known, j->looked, &headers, e);
        if (end != IMAP_FETCHED)
            return end;
        prog_warn("%.*s %.*s: the server numbered it anew (UIDVALIDITY %lld, was %lld); %lld of %lld messages recognised",
                  STR_ARG(j->where.account), STR_ARG(j->where.mailbox), (long long)j->box.uid_validity,
                  (long long)j->cursor.uid_validity, (long long)j->recognised, (long long)j->uids.n);
    }
    return fetch_all(j, whole, j->state, &bodies, e);
}

/* The class missing gets a hint from what there is. */
static void add_near_names(struct job *j, struct err *e)
{
    struct imap_mailboxes all;
    struct err ignored;
    if (strcmp(e->code, "imap.no-mailbox") != 0 || !imap_list(&j->mem, j->session->imap, false, &all, &ignored))
        return;
    char server[sizeof e->server];
    memcpy(server, e->server, sizeof server);
    str near = names_near(&j->mem, &all, j->where.mailbox);
    str hint = near.len ? str_fmt(&j->mem, "is it %.*s?", STR_ARG(str_first(near, 200))) : S("mail-fetch folders lists them");
    err_set(e, ERR_MISSING, "imap.no-mailbox", str_z(&j->mem, hint), "there is no mailbox %.*s", STR_ARG(j->where.mailbox));
    err_stage(e, "select");
    err_server(e, str_c(server));
}

static void close_poll(struct job *j, bool stopped, const struct err *e)
{
    struct poll *p = &j->poll;
    bool bad = e && e->class != ERR_NONE;
    p->ended_at = now_s();
    p->found = j->uids.n;
    p->certificate_until = j->session->imap ? imap_certificate_ends(j->session->imap) : 0;
    p->status = bad && !p->fetched ? S("failed") : bad || stopped || p->failed ? S("partial") : S("ok");
    if (bad) {
        p->code = str_c(e->code);
        p->error = str_c(e->text);
    } else if (stopped) {
        p->code = S("fetch.stopped");
        p->error = S("stopped before the end");
    }
    progress_clear(&j->run->progress);
    arena_reset(&j->run->message);
    emit_poll(j->run, p);
    if (prog_is() == VERBOSE || isatty(2))
        prog_warn("%.*s %.*s: %lld new, %lld octets", STR_ARG(p->account), STR_ARG(p->mailbox), (long long)p->fetched, (long long)p->octets);
}

/* True where the mailbox is through, also with some messages failed; false with *e. */
static bool read_mailbox(struct job *j, bool *stopped, struct err *e)
{
    struct run *r = j->run;
    int tries = 0;
    if (!store_cursor(&j->mem, r->store, j->where.account, j->where.mailbox, &j->cursor, e))
        return false;
    if (!j->cursor.found)
        j->cursor = (struct cursor){0};
    if (!open_mailbox(j, e)) {
        struct err why = *e;
        if (!str_starts(str_c(why.code), S("net.")) || !reconnect(j, 0, &tries, &why, e))
            return false;
    }
    if (j->cursor.found && j->cursor.uid_validity != j->box.uid_validity) {
        j->moved = !r->opts->uids.n;
        j->cursor.last_uid = j->cursor.n_holes = 0;
    }
    if (!plan(j, e))
        return false;
    if (!r->beside_others)
        progress_begin(&r->progress, j->where.account, j->where.mailbox, j->uids.n);
    enum imap_end end = fetch_messages(j, e);
    run_give_back(r, j->claimed - j->poll.fetched);
    *stopped = end == IMAP_STOPPED;
    return end == IMAP_FETCHED || end == IMAP_STOPPED;
}

bool fetch_mailbox(struct session *s, str name, struct err *e)
{
    struct job j = {.session = s, .run = s->run, .mem = arena_new(MAILBOX_MEMORY)};
    j.where = (struct place_of_mail){.account = s->account->name, .host = s->set.net.host, .mailbox = name};
    j.poll = (struct poll){.account = s->account->name, .host = s->set.net.host, .protocol = S("imap"), .mailbox = name, .started_at = now_s()};
    bool stopped = false, done = read_mailbox(&j, &stopped, e);
    if (!done) {
        add_near_names(&j, e);
        arena_reset(&j.run->message);
        emit_error(j.run, e, j.where.account, name, 0);
    }
    close_poll(&j, stopped, done ? NULL : e);
    if (stopped && out_good(s->run->out)) /* where nobody reads any more, it ends without a word */
        prog_outcome(ERR_LATER);
    arena_free(&j.mem);
    return done || e->class == ERR_MISSING || strcmp(e->code, "imap.permission") == 0;
}
