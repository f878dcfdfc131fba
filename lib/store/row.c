#include "store/row.h"

#include "store/blob.h"

/* ---- JSON of the members that do not change ------------------------------------------------------------- */

#define BITS_BELOW(member) (EMAIL_BIT(member) - 1)

/* Members that rows hold elsewhere, or not at all. */
static const uint64_t apart = BITS_BELOW(EMAIL_RECEIVED_AT) | EMAIL_BIT(EMAIL_THREAD_ID) | EMAIL_BIT(EMAIL_MERGED_THREADS) |
                              EMAIL_BIT(EMAIL_TEXT) | EMAIL_BIT(EMAIL_HTML) | EMAIL_BIT(EMAIL_HEADERS);

static str record_json(arena *a, const struct email *m, int64_t *split)
{
    struct buf to = buf_new(a, 2048);
    struct jwrite w = {&to, false};
    struct email lasting = *m;
    lasting.source.after = 0;
    jwrite_object(&w);
    record_write_email_members(&w, &lasting, ~apart & BITS_BELOW(EMAIL_THREAD_ID), false);
    *split = to.len;
    record_write_email_members(&w, &lasting, ~apart & ~BITS_BELOW(EMAIL_THREAD_ID), true);
    jwrite_end_object(&w);
    return buf_str(&to);
}

static str strs_json(arena *a, const struct strs *list)
{
    if (list->n == 0)
        return STR_NONE;
    struct buf to = buf_new(a, 64);
    record_json_strs(&to, list);
    return buf_str(&to);
}

/* Ascending and each once: the same whatever the order in which they came. */
static struct strs sorted(arena *a, const struct strs *list)
{
    struct strs out = {0};
    for (ptrdiff_t i = 0; i < list->n; i++) {
        ptrdiff_t at = out.n;
        while (at > 0 && str_cmp(out.item[at - 1], list->item[i]) > 0)
            at--;
        if (list->item[i].len == 0 || (at > 0 && str_eq(out.item[at - 1], list->item[i])))
            continue;
        strs_add(a, &out, list->item[i]);
        memmove(out.item + at + 1, out.item + at, (size_t)(out.n - 1 - at) * sizeof *out.item);
        out.item[at] = list->item[i];
    }
    return out;
}

/* ---- columns ---------------------------------------------------------------------------------------- */

static bool is_fetched(const struct email *m)
{
    return email_has(m, EMAIL_SOURCE) && m->source.protocol.len > 0 && !email_has(m, EMAIL_ID);
}

static struct strs mailboxes_of(arena *a, const struct email *m)
{
    struct strs all = {0};
    for (ptrdiff_t i = 0; i < m->mailboxes.n; i++)
        strs_add(a, &all, m->mailboxes.item[i]);
    if (is_fetched(m))
        strs_add(a, &all, m->source.mailbox);
    return sorted(a, &all);
}

static str list_id(arena *a, const struct email *m)
{
    struct json_fault fault;
    if (!m->list.len)
        return STR_NONE;
    str id = jread_string(a, jread_member(jread(a, m->list, &fault), S("id")));
    return id.len ? id : STR_NONE;
}

/* A record that mail-parse has seen; another tells nothing that could be searched. */
static bool is_parsed(const struct email *m)
{
    const uint64_t told = EMAIL_BIT(EMAIL_STRUCTURE) | EMAIL_BIT(EMAIL_TEXT);
    return ((m->known | m->nulls) & told) != 0;
}

/* The text where it is one of the words that a column allows. */
static str word_of(str text, str words)
{
    str head, tail;
    while (str_cut(words, ' ', &head, &tail)) {
        if (str_eq(text, head))
            return text;
        words = tail;
    }
    return STR_NONE;
}

void row_draft(arena *a, struct index_cutter *c, const struct email *m, struct row_draft *out)
{
    struct index_texts texts;
    *out = (struct row_draft){.made = true, .parsed = is_parsed(m)};
    out->record = record_json(a, m, &out->split);
    index_texts_of(a, m, &texts);
    out->digest = index_digest(&texts);
    if (out->parsed)
        index_cut(c, a, &texts, &out->words);
}

static const int64_t *number(const struct email *m, enum email_member x, const int64_t *n) { return email_has(m, x) ? n : NULL; }

struct columns {
    int64_t received, from, extraction;
    str message_id, list_id, importance, direction, category;
};

static bool columns_of(arena *a, struct row_writer *w, const struct email *m, struct columns *c, struct err *e)
{
    *c = (struct columns){0};
    c->extraction = is_parsed(m) ? EXTRACTION : 0;
    c->received = email_has(m, EMAIL_RECEIVED_AT) ? m->received_at : email_has(m, EMAIL_SENT_AT) ? m->sent_at : 0;
    c->message_id = m->message_id.n > 0 && m->message_id.item[0].len ? m->message_id.item[0] : STR_NONE;
    c->list_id = list_id(a, m);
    c->importance = word_of(m->importance, S("low normal high "));
    c->direction = word_of(m->direction, S("inbound outbound internal "));
    c->category = m->category.len ? m->category : STR_NONE;
    if (m->from.n == 0 || m->from.item[0].email.len == 0)
        return true;
    return names_address(w->names, str_lower(a, m->from.item[0].email), &c->from, e);
}

static bool insert_email(struct row_writer *w, const struct email *m, const struct columns *c, const struct row_draft *d,
                         const struct strs *keywords, struct row_result *out, struct err *e)
{
    if (!db_run(w->store, e,
                "INSERT INTO email (account_id, blob_id, size, received_at, sent_at, thread, message_id, from_id, list_id, importance, "
                "direction, category, has_attachment, seen, flagged, answered, draft, extraction, index_digest, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?21, ?21)",
                "ibiiIIsIssssiiiiiiiii", out->account, str_of((const char *)out->blob, sizeof out->blob), m->size, c->received, number(m, EMAIL_SENT_AT, &m->sent_at),
                out->thread ? &out->thread : NULL, c->message_id, c->from ? &c->from : NULL, c->list_id, c->importance, c->direction,
                c->category, (int64_t)m->has_attachment, (int64_t)strs_have(keywords, S("$seen")),
                (int64_t)strs_have(keywords, S("$flagged")), (int64_t)strs_have(keywords, S("$answered")),
                (int64_t)strs_have(keywords, S("$draft")), c->extraction, d->digest, w->now, w->now))
        return false;
    out->id = sqlite3_last_insert_rowid(w->store->db);
    return !d->parsed || index_add(w->index, out->id, &d->words, e);
}

/* ---- what a message may have more than one of ------------------------------------------------------------ */

static bool add_mailboxes(struct row_writer *w, const struct row_result *row, const struct strs *list, bool *changed, struct err *e)
{
    for (ptrdiff_t i = 0; i < list->n; i++) {
        int64_t mailbox;
        if (!names_mailbox(w->names, row->account, list->item[i], &mailbox, e) ||
            !db_run(w->store, e, "INSERT INTO email_mailbox (email_id, mailbox_id) VALUES (?, ?) ON CONFLICT DO NOTHING", "ii", row->id,
                    mailbox))
            return false;
        *changed |= sqlite3_changes(w->store->db) > 0;
    }
    return true;
}

static bool add_keywords(struct row_writer *w, const struct row_result *row, const struct strs *list, bool *changed, struct err *e)
{
    for (ptrdiff_t i = 0; i < list->n; i++) {
        if (!db_run(w->store, e, "INSERT INTO email_keyword (email_id, keyword) VALUES (?, ?) ON CONFLICT DO NOTHING", "is", row->id,
                    list->item[i]))
            return false;
        *changed |= sqlite3_changes(w->store->db) > 0;
    }
    return true;
}

static bool add_location(struct row_writer *w, const struct row_result *row, const struct email *m, struct err *e)
{
    int64_t mailbox;
    if (!is_fetched(m) || !m->source.mailbox.len || m->source.uid <= 0)
        return true;
    if (!names_mailbox(w->names, row->account, m->source.mailbox, &mailbox, e) ||
        !db_run(w->store, e,
                "INSERT INTO message_location (mailbox_id, uid_validity, uid, email_id) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", "iiii",
                mailbox, m->source.uid_validity, m->source.uid, row->id))
        return false;
    bool taken = sqlite3_changes(w->store->db) == 0;
    if (taken &&
        !db_run(w->store, e,
                "UPDATE message_location SET email_id = ?1 WHERE mailbox_id = ?2 AND uid_validity = ?3 AND uid = ?4 AND email_id <> ?1",
                "iiii", row->id, mailbox, m->source.uid_validity, m->source.uid))
        return false;
    return cursors_stored(w->cursors, mailbox, &m->source, e);
}

static bool add_event(struct row_writer *w, struct row_result *row, str kind, struct err *e)
{
    if (!db_run(w->store, e, "INSERT INTO event (at, kind, email_id, account_id, thread) VALUES (?, ?, ?, ?, ?)", "isiiI", w->now, kind,
                row->id, row->account, row->thread ? &row->thread : NULL))
        return false;
    row->seq = sqlite3_last_insert_rowid(w->store->db);
    return true;
}

/* ---- new, and known --------------------------------------------------------------------------------- */

static bool write_new(arena *a, struct row_writer *w, const struct email *m, const struct row_draft *d, struct row_result *out, struct err *e)
{
    struct strs mailboxes = mailboxes_of(a, m), keywords = sorted(a, &m->keywords);
    struct columns c;
    bool changed = false;
    out->outcome = ROW_NEW;
    out->parsed = d->parsed;
    return columns_of(a, w, m, &c, e) && threads_add(w->threads, *a, m, &out->thread, e) &&
           insert_email(w, m, &c, d, &keywords, out, e) &&
           db_run(w->store, e, "INSERT INTO email_record (id, mailboxes, keywords, split, record) VALUES (?, ?, ?, ?, ?)", "issis", out->id,
                  strs_json(a, &mailboxes), strs_json(a, &keywords), d->split, d->record) &&
           add_mailboxes(w, out, &mailboxes, &changed, e) && add_keywords(w, out, &keywords, &changed, e) && add_location(w, out, m, e) &&
           add_event(w, out, S("email.stored"), e);
}

static bool refresh(struct row_writer *w, int64_t id, struct err *e)
{
    return db_run(
               w->store, e,
               "UPDATE email_record SET "
               "mailboxes = (SELECT json_group_array(name) FROM (SELECT name FROM mailbox JOIN email_mailbox ON mailbox_id = mailbox.id "
               "WHERE email_id = ?1 ORDER BY name) HAVING count(*) > 0), "
               "keywords = (SELECT json_group_array(keyword) FROM (SELECT keyword FROM email_keyword WHERE email_id = ?1 ORDER BY keyword) "
               "HAVING count(*) > 0) WHERE id = ?1",
               "i", id) &&
           db_run(w->store, e,
                  "UPDATE email SET updated_at = ?2, seen = seen OR '$seen' IN (SELECT keyword FROM email_keyword WHERE email_id = ?1), "
                  "flagged = flagged OR '$flagged' IN (SELECT keyword FROM email_keyword WHERE email_id = ?1), "
                  "answered = answered OR '$answered' IN (SELECT keyword FROM email_keyword WHERE email_id = ?1), "
                  "draft = draft OR '$draft' IN (SELECT keyword FROM email_keyword WHERE email_id = ?1) WHERE id = ?1",
                  "ii", id, w->now);
}

/* An email that was stored before it was parsed. */
static bool complete(arena *a, struct row_writer *w, const struct email *m, const struct row_draft *d, struct row_result *out, struct err *e)
{
    struct columns c;
    return columns_of(a, w, m, &c, e) && threads_add(w->threads, *a, m, &out->thread, e) &&
           db_run(w->store, e,
                  "UPDATE email SET sent_at = ?, thread = ?, message_id = ?, from_id = ?, list_id = ?, importance = ?, direction = ?, "
                  "category = ?, "
                  "has_attachment = ?, extraction = ?, index_digest = ? WHERE id = ?",
                  "IIsIssssiiii", number(m, EMAIL_SENT_AT, &m->sent_at), out->thread ? &out->thread : NULL, c.message_id,
                  c.from ? &c.from : NULL, c.list_id, c.importance, c.direction, c.category, (int64_t)m->has_attachment, c.extraction,
                  d->digest, out->id) &&
           index_add(w->index, out->id, &d->words, e) &&
           db_run(w->store, e, "UPDATE email_record SET split = ?, record = ? WHERE id = ?", "isi", d->split, d->record, out->id);
}

static void need_draft(arena *a, struct row_writer *w, const struct email *m, struct row_draft *d)
{
    if (!d->made)
        row_draft(a, w->cutter, m, d);
}

static bool write_known(arena *a, struct row_writer *w, const struct email *m, struct row_draft *d, struct row_result *out, struct err *e)
{
    struct strs mailboxes = mailboxes_of(a, m), keywords = sorted(a, &m->keywords);
    bool changed = !out->parsed && is_parsed(m);
    if (changed) {
        need_draft(a, w, m, d);
        if (!complete(a, w, m, d, out, e))
            return false;
    }
    if (!add_mailboxes(w, out, &mailboxes, &changed, e) || !add_keywords(w, out, &keywords, &changed, e) || !add_location(w, out, m, e))
        return false;
    out->outcome = changed ? ROW_CHANGED : ROW_SAME;
    return !changed || (refresh(w, out->id, e) && add_event(w, out, S("email.changed"), e));
}

bool row_find(struct row_writer *w, const struct email *m, struct row_result *out, bool *named, struct err *e)
{
    bool failed;
    *out = (struct row_result){0};
    *named = false;
    blob_octets(m->blob_id, out->blob);
    if (!names_account(w->names, m->account, &out->account, e))
        return false;
    sqlite3_stmt *q = db_query(w->store, e, "SELECT account_id, id, thread, extraction FROM email WHERE blob_id = ?", "b",
                               str_of((const char *)out->blob, sizeof out->blob));
    while (db_row(w->store, q, &failed, e)) {
        *named = true;
        if (db_i64(q, 0) != out->account)
            continue;
        out->id = db_i64(q, 1);
        out->thread = db_i64(q, 2);
        out->parsed = db_i64(q, 3) > 0;
    }
    return !failed;
}

bool row_write(arena *a, struct row_writer *w, const struct email *m, struct row_draft *draft, struct row_result *out, struct err *e)
{
    if (out->id)
        return write_known(a, w, m, draft, out, e);
    need_draft(a, w, m, draft);
    return write_new(a, w, m, draft, out, e);
}

bool row_status(arena *a, struct store *s, int64_t id, str status, int64_t now, struct err *e)
{
    bool failed;
    struct record r;
    int64_t split;
    sqlite3_stmt *q = db_query(s, e, "SELECT record FROM email_record WHERE id = ?", "i", id);
    if (!db_row(s, q, &failed, e))
        return !failed;
    str members = str_skip(db_text(q, 0), 1);
    str line = str_fmt(a, "{\"type\":\"email\",\"v\":1%s%.*s", members.len > 1 ? "," : "", STR_ARG(members));
    sqlite3_reset(q);
    if (!record_read(a, line, "the store", 0, &r, e))
        return false;
    if (str_eq(r.email.status, status))
        return true;
    r.email.status = status;
    email_knows(&r.email, EMAIL_STATUS);
    str record = record_json(a, &r.email, &split);
    return db_run(s, e, "UPDATE email_record SET split = ?, record = ? WHERE id = ?", "isi", split, record, id) &&
           db_run(s, e, "UPDATE email SET updated_at = ? WHERE id = ?", "ii", now, id) &&
           db_run(s, e,
                  "INSERT INTO event (at, kind, email_id, account_id, thread) SELECT ?, 'email.changed', id, account_id, thread FROM email "
                  "WHERE id = ?",
                  "ii", now, id);
}
