/* The verbs, each for one account. */
#include "fetch.h"

#include <unistd.h>

/* ---- fetch ---------------------------------------------------------------------------------------- */

/* The closing line of a mailbox that was never reached. */
static void poll_failed(struct run *r, const struct target *a, str mailbox, int64_t started_at, const struct err *e)
{
    struct poll p = {.account = a->name, .host = a->set.net.host, .protocol = S("imap"), .mailbox = mailbox, .started_at = started_at,
                     .ended_at = now_s(), .status = S("failed"), .code = str_c(e->code), .error = str_c(e->text)};
    arena_reset(&r->message);
    emit_poll(r, &p);
}

/* Each mailbox, until the connection is of no more use; the rest gets a failed poll. */
static void fetch_mailboxes(struct session *s, const struct strs *names)
{
    struct run *r = s->run;
    struct err e = {0};
    bool usable = true;
    for (ptrdiff_t i = 0; i < names->n && !run_over(r); i++) {
        if (usable)
            usable = fetch_mailbox(s, names->item[i], &e);
        else
            poll_failed(r, s->account, names->item[i], now_s(), &e);
    }
}

/* None of its mailboxes was reached. */
static void all_failed(struct run *r, const struct target *a, int64_t started_at, const struct err *e)
{
    for (ptrdiff_t i = 0; i < a->mailboxes.n; i++)
        poll_failed(r, a, str_eq_nocase(a->mailboxes.item[i], S("INBOX")) ? S("INBOX") : a->mailboxes.item[i], started_at, e);
}

/* Its lock is held. */
static void fetch_locked(struct run *r, const struct target *a)
{
    struct session s;
    struct strs names = {0};
    struct err e = {0};
    int64_t started_at = now_s();
    if (!session_open(r, a, &s, &e)) {
        all_failed(r, a, started_at, &e);
        return;
    }
    if (session_mailboxes(&s, &names, &e)) {
        fetch_mailboxes(&s, &names);
    } else {
        emit_error(r, &e, a->name, STR_NONE, 0);
        all_failed(r, a, started_at, &e);
    }
    session_close(&s);
}

void fetch_account(struct run *r, const struct target *a)
{
    struct err e = {0};
    int lock = -1;
    bool wanted = true;
    arena_reset(&r->message);
    bool free = store_lock_account(r->store, a->name, &lock, &e);
    if (!free && r->opts->due && e.class == ERR_LATER)
        return;
    if (!free || (r->opts->due && !due_now(r, a, &wanted, &e)))
        emit_error(r, &e, a->name, STR_NONE, 0);
    else if (wanted)
        fetch_locked(r, a);
    if (free)
        close(lock);
}

/* ---- folders -------------------------------------------------------------------------------------- */

static void put_count(struct jwrite *w, const char *key, int64_t n)
{
    jwrite_key(w, str_c(key));
    jwrite_i64(w, n);
}

static void emit_mailbox(struct run *r, const struct target *a, const struct imap_mailbox *m)
{
    arena_reset(&r->message);
    struct buf line = buf_new(&r->message, 512), more = buf_new(&r->message, 256);
    struct jwrite w = {.to = &more};
    jwrite_key(&w, S("role"));
    jwrite_string(&w, m->role.len ? m->role : STR_NONE);
    jwrite_key(&w, S("delimiter"));
    jwrite_string(&w, m->delimiter.len ? m->delimiter : STR_NONE);
    jwrite_key(&w, S("selectable"));
    jwrite_bool(&w, m->selectable);
    if (m->uid_next)
        put_count(&w, "uidNext", m->uid_next);
    struct mailbox x = {.account = a->name, .name = m->name, .total = m->messages, .unread = m->unseen, .uid_validity = m->uid_validity,
                        .more = buf_str(&more)};
    record_write_mailbox(&line, &x);
    out_put(r->out, buf_str(&line));
}

void list_folders(struct run *r, const struct target *a)
{
    struct session s;
    struct err e = {0};
    struct imap_mailboxes all;
    if (!session_open(r, a, &s, &e))
        return;
    if (imap_list(&s.mem, s.imap, true, &all, &e))
        for (ptrdiff_t i = 0; i < all.n && i < *r->left; i++)
            emit_mailbox(r, a, &all.item[i]);
    else
        emit_error(r, &e, a->name, STR_NONE, 0);
    session_close(&s);
}

/* ---- test ----------------------------------------------------------------------------------------- */

struct step {
    const char *name;
    int64_t us;
    const char *with; /* the mechanism; or NULL */
    str mailbox;
    int64_t messages;
};

static void emit_step(struct run *r, const struct target *a, const struct step *x)
{
    arena_reset(&r->message);
    struct buf line = buf_new(&r->message, 512);
    struct jwrite w = {.to = &line};
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("test"));
    put_count(&w, "v", 1);
    jwrite_key(&w, S("account"));
    jwrite_string(&w, a->name);
    jwrite_key(&w, S("host"));
    jwrite_string(&w, a->set.net.host);
    jwrite_key(&w, S("stage"));
    jwrite_string(&w, str_c(x->name));
    jwrite_key(&w, S("ok"));
    jwrite_bool(&w, true);
    put_count(&w, "tookMs", (x->us + 500) / 1000);
    if (x->with) {
        jwrite_key(&w, S("mechanism"));
        jwrite_string(&w, str_c(x->with));
    }
    if (x->mailbox.len) {
        jwrite_key(&w, S("mailbox"));
        jwrite_string(&w, x->mailbox);
        put_count(&w, "totalEmails", x->messages);
    }
    jwrite_end_object(&w);
    buf_byte(&line, '\n');
    out_put(r->out, buf_str(&line));
    prog_note("%.*s: %s: %lld ms", STR_ARG(a->name), x->name, (long long)(x->us + 500) / 1000);
}

static void emit_connect_steps(struct run *r, const struct target *a, const struct session *s, int64_t all_us)
{
    struct net_times t = imap_took(s->imap);
    emit_step(r, a, &(struct step){.name = "resolve", .us = t.resolve_us});
    emit_step(r, a, &(struct step){.name = "connect", .us = t.connect_us - t.resolve_us});
    if (t.tls_us)
        emit_step(r, a, &(struct step){.name = "tls", .us = t.tls_us - t.connect_us});
    emit_step(r, a, &(struct step){.name = "greeting", .us = t.greeting_us - (t.tls_us ? t.tls_us : t.connect_us)});
    int64_t login_us = all_us - t.greeting_us;
    emit_step(r, a, &(struct step){.name = "login", .us = login_us > 0 ? login_us : 0, .with = imap_login_by(s->imap)});
}

static int64_t since_us(int64_t begun_ms) { return (sys_clock.monotonic_ms() - begun_ms) * 1000; }

void test_account(struct run *r, const struct target *a)
{
    struct session s;
    struct err e = {0};
    struct strs names = {0};
    int64_t begun = sys_clock.monotonic_ms();
    arena_reset(&r->message);
    if (!session_open(r, a, &s, &e))
        return;
    emit_connect_steps(r, a, &s, since_us(begun));
    bool listed = session_mailboxes(&s, &names, &e);
    if (!listed)
        emit_error(r, &e, a->name, STR_NONE, 0);
    for (ptrdiff_t i = 0; i < names.n && !run_over(r); i++) {
        struct imap_box box;
        begun = sys_clock.monotonic_ms();
        if (imap_examine(s.imap, names.item[i], STR_NONE, &box, &e))
            emit_step(r, a, &(struct step){.name = "select", .us = since_us(begun), .mailbox = names.item[i], .messages = box.messages});
        else
            emit_error(r, &e, a->name, names.item[i], 0);
    }
    session_close(&s);
}
