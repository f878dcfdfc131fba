/* Lines that are only written: mailbox, thread, account. */
#include "record/member.h"
#include "record/values.h"

static void text(struct jwrite *w, str key, str s)
{
    jwrite_key(w, key);
    jwrite_string(w, s);
}

static void integer(struct jwrite *w, str key, int64_t n)
{
    jwrite_key(w, key);
    jwrite_i64(w, n);
}

static void integer_or_null(struct jwrite *w, str key, int64_t n)
{
    jwrite_key(w, key);
    if (n)
        jwrite_i64(w, n);
    else
        jwrite_null(w);
}

static void time_or_null(struct jwrite *w, str key, int64_t seconds)
{
    jwrite_key(w, key);
    if (seconds)
        value_write_time(w, seconds);
    else
        jwrite_null(w);
}

static void strings(struct jwrite *w, str key, const struct strs *list)
{
    jwrite_key(w, key);
    value_write_strs(w, list);
}

static void end(struct jwrite *w, str more)
{
    if (more.len)
        jwrite_raw(w, more);
    buf_put(w->to, S("}\n"));
}

static void holes(struct jwrite *w, const struct mailbox *m)
{
    jwrite_key(w, S("holes"));
    if (!m->n_holes) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < m->n_holes; i++) {
        jwrite_object(w);
        integer(w, S("first"), m->holes[i].first);
        integer(w, S("last"), m->holes[i].last);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void record_write_mailbox(struct buf *to, const struct mailbox *m)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"mailbox\",\"v\":1"));
    text(&w, S("account"), m->account);
    text(&w, S("name"), m->name);
    integer(&w, S("total"), m->total);
    integer(&w, S("unread"), m->unread);
    integer_or_null(&w, S("uidValidity"), m->uid_validity);
    integer_or_null(&w, S("lastUid"), m->last_uid);
    holes(&w, m);
    end(&w, m->more);
}

static void participants(struct jwrite *w, const struct thread *t)
{
    jwrite_key(w, S("participants"));
    if (!t->n_participants) {
        jwrite_null(w);
        return;
    }
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < t->n_participants; i++) {
        jwrite_object(w);
        text(w, S("name"), t->participants[i].name);
        text(w, S("email"), t->participants[i].email);
        integer(w, S("count"), t->participants[i].count);
        jwrite_end_object(w);
    }
    jwrite_end_array(w);
}

void record_write_thread(struct buf *to, const struct thread *t)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"thread\",\"v\":1"));
    text(&w, S("id"), t->id);
    if (t->aliases.n)
        strings(&w, S("aliases"), &t->aliases);
    text(&w, S("subject"), t->subject);
    participants(&w, t);
    integer(&w, S("totalEmails"), t->total);
    integer(&w, S("unreadEmails"), t->unread);
    time_or_null(&w, S("firstAt"), t->first_at);
    time_or_null(&w, S("lastAt"), t->last_at);
    jwrite_key(&w, S("emailIds"));
    value_write_numbers(&w, t->email_ids, t->n_email_ids);
    text(&w, S("status"), t->status);
    end(&w, t->more);
}

void record_write_account(struct buf *to, const struct account *a)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"account\",\"v\":1"));
    text(&w, S("name"), a->name);
    text(&w, S("email"), a->email);
    text(&w, S("provider"), a->provider);
    if (a->protocol.len) {
        jwrite_key(&w, a->protocol);
        jwrite_object(&w);
        text(&w, S("host"), a->host);
        integer_or_null(&w, S("port"), a->port);
        text(&w, S("security"), a->security);
        text(&w, S("user"), a->user);
        text(&w, S("auth"), a->auth);
        text(&w, S("secret"), a->secret);
        jwrite_end_object(&w);
    }
    strings(&w, S("mailboxes"), &a->mailboxes);
    integer_or_null(&w, S("syncInterval"), a->sync_interval);
    text(&w, S("status"), a->status);
    end(&w, a->more);
}
