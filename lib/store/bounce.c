/* What reports say of mail that the queue sent: which submission they mean, and what follows for it. */
#include "mime/mime.h"
#include "store/blob.h"
#include "store/queue.h"
#include "store/row.h"
#include "sys/sys.h"

struct taking {
    arena *mem; /* of one report */
    struct store *store;
    const struct email *m;
    const struct bounce *b;
    str blob; /* octets */
    int64_t at, now;
    struct bounce_counts *counts;
};

/* A submission, and how it was found. */
struct found {
    int64_t submission;
    str by;
};

/* ---- which submission ------------------------------------------------------------------------------------- */

/* The newest submission that carried this message; of those with the same id the one to this recipient. */
static bool by_message_id(struct taking *t, str id, str recipient, int64_t *submission, struct err *e)
{
    *submission = 0;
    if (!id.len)
        return true;
    return db_number(t->store, e, 0, submission,
                     "SELECT s.id FROM submission s WHERE s.message_id = ?1 AND s.attempts > 0 "
                     "ORDER BY EXISTS (SELECT 1 FROM recipient r WHERE r.submission_id = s.id AND r.address = ?2) DESC, s.id DESC LIMIT 1",
                     "ss", id, queue_address(t->mem, recipient));
}

static bool by_envid(struct taking *t, int64_t *submission, struct err *e)
{
    *submission = 0;
    if (!t->b->envid.len)
        return true;
    return db_number(t->store, e, 0, submission,
                     "SELECT id FROM submission WHERE json_extract(record, '$.envid') IS NOT NULL AND json_extract(record, '$.envid') = ? AND attempts > 0 "
                     "ORDER BY id DESC LIMIT 1",
                     "s", t->b->envid);
}

/* The newest message to this address from the one to which the report came: an address coded for the recipient names both. */
static bool by_sender(struct taking *t, str recipient, int64_t *submission, struct err *e)
{
    *submission = 0;
    for (ptrdiff_t i = 0; recipient.len && i < t->m->to.n && !*submission; i++)
        if (!db_number(t->store, e, 0, submission,
                       "SELECT s.id FROM recipient r JOIN submission s ON s.id = r.submission_id WHERE r.address = ? AND lower(s.mail_from) = ? AND s.attempts > 0 "
                       "ORDER BY s.id DESC LIMIT 1",
                       "ss", queue_address(t->mem, recipient), str_lower(t->mem, t->m->to.item[i].email)))
            return false;
    return true;
}

/* Some reports name the message only as that which they answer. */
static bool by_reply(struct taking *t, str recipient, int64_t *submission, struct err *e)
{
    const struct strs *lists[] = {&t->m->in_reply_to, &t->m->references};
    *submission = 0;
    for (size_t k = 0; k < 2; k++)
        for (ptrdiff_t i = lists[k]->n - 1; i >= 0 && !*submission; i--)
            if (!by_message_id(t, lists[k]->item[i], recipient, submission, e))
                return false;
    return true;
}

/* out->submission 0: nothing fits. */
static bool find_submission(struct taking *t, str recipient, struct found *out, struct err *e)
{
    out->by = S("envid");
    if (!by_envid(t, &out->submission, e) || out->submission)
        return out->submission != 0;
    out->by = S("message-id");
    if (!by_message_id(t, t->b->original_id, recipient, &out->submission, e) || out->submission)
        return out->submission != 0;
    out->by = S("verp");
    if (!by_sender(t, t->b->verp, &out->submission, e) || out->submission)
        return out->submission != 0;
    out->by = S("reply");
    if (!by_reply(t, recipient, &out->submission, e))
        return false;
    if (!out->submission)
        out->by = STR_NONE;
    return true;
}

/* Whom of the submission the report means, by any name it has for them; the only one where none fits: mail is forwarded to other
 * addresses. out->id 0: nobody. */
static bool find_recipient(struct taking *t, int64_t submission, const struct bounce_recipient *p, struct queue_recipient *out, struct err *e)
{
    const str names[] = {p->original, p->email, t->b->verp};
    *out = (struct queue_recipient){0};
    for (size_t i = 0; i < 3 && !out->id; i++) {
        bool failed;
        if (!names[i].len)
            continue;
        sqlite3_stmt *q = db_query(t->store, e, "SELECT address FROM recipient WHERE submission_id = ? AND lower(address) = ?", "is", submission,
                                   str_lower(t->mem, names[i]));
        if (!db_row(t->store, q, &failed, e)) {
            if (failed)
                return false;
            continue;
        }
        str address = db_text_copy(t->mem, q, 0);
        sqlite3_reset(q);
        if (!queue_recipient_find(t->mem, t->store, submission, address, out, e))
            return false;
    }
    if (out->id)
        return true;
    bool failed;
    sqlite3_stmt *q = db_query(t->store, e, "SELECT min(address) FROM recipient WHERE submission_id = ? HAVING count(*) = 1", "i", submission);
    if (!db_row(t->store, q, &failed, e))
        return !failed;
    str address = db_text_copy(t->mem, q, 0);
    sqlite3_reset(q);
    return queue_recipient_find(t->mem, t->store, submission, address, out, e);
}

/* ---- what follows ----------------------------------------------------------------------------------------- */

static struct delivery as_delivery(struct taking *t, const struct bounce_recipient *p)
{
    struct delivery d = {.phase = S("reply"), .enhanced_code = p->status, .server = p->diagnostic, .at = t->at};
    d.host = p->remote_mta.len ? p->remote_mta : t->b->reporting_mta;
    d.error_code = S("bounce");
    delivery_knows(&d, DELIVERY_AT);
    if (str_i64(p->reply, 200, 599, &d.code))
        delivery_knows(&d, DELIVERY_CODE);
    if (!d.server.len)
        d.server = str_fmt(t->mem, "reported as %.*s", STR_ARG(p->class));
    return d;
}

static bool write_outcome(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, enum queue_status status, str logged,
                          struct err *e)
{
    static const struct queue_patience none;
    struct delivery d = as_delivery(t, p);
    /* The report itself has told the sender. */
    return queue_outcome(t->store, r, &status, logged, &d, &none, t->now, e) &&
           db_run(t->store, e, "UPDATE recipient SET reported = 1 WHERE id = ?", "i", r->id) && queue_derive(t->store, r->submission, t->now, e);
}

static bool suppress(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, str reason, str account, struct err *e)
{
    struct suppression x = {.address = r->address, .account = account, .reason = reason, .submission = r->submission, .by = S("mail-queue bounce")};
    bool known;
    x.detail = p->diagnostic.len ? p->diagnostic : p->status.len ? p->status : t->b->feedback_type;
    if (!store_suppress_add(t->store, &x, &known, e))
        return false;
    t->counts->suppressed += !known;
    return true;
}

/* The message itself, where it is stored: the copy of what was sent. */
static bool mark_original(struct taking *t, int64_t submission, struct err *e)
{
    bool failed;
    struct ids ids = {0};
    sqlite3_stmt *q = db_query(t->store, e,
                               "SELECT m.id FROM submission s JOIN email m ON m.message_id = s.message_id AND m.account_id = s.account_id WHERE s.id = ?", "i",
                               submission);
    while (db_row(t->store, q, &failed, e))
        ids_add(t->mem, &ids, db_i64(q, 0));
    for (ptrdiff_t i = 0; !failed && i < ids.n; i++)
        failed = !row_status(t->mem, t->store, ids.item[i], S("bounced"), t->now, e);
    return !failed;
}

static bool is_open(enum queue_status status) { return status == QUEUE_SENT || status == QUEUE_UNCERTAIN; }

static bool take_failure(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, struct err *e)
{
    bool settles = is_open(r->status), hard = str_eq(p->class, S("hard"));
    t->counts->failed += settles;
    t->counts->noted += !settles;
    if (settles && !write_outcome(t, r, p, QUEUE_FAILED, S("bounced"), e))
        return false;
    if (hard && !suppress(t, r, p, S("bounce"), STR_NONE, e))
        return false;
    return mark_original(t, r->submission, e);
}

/* Somebody has it: what was uncertain is sent, whatever becomes of it further on. */
static bool take_progress(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, struct err *e)
{
    t->counts->noted++;
    return r->status != QUEUE_UNCERTAIN || write_outcome(t, r, p, QUEUE_SENT, S("sent"), e);
}

static bool take_complaint(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, struct err *e)
{
    bool leaves = str_eq(t->b->feedback_type, S("opt-out"));
    t->counts->complaints++;
    return suppress(t, r, p, leaves ? S("unsubscribe") : S("complaint"), r->account, e);
}

static bool take_matched(struct taking *t, const struct queue_recipient *r, const struct bounce_recipient *p, struct err *e)
{
    if (str_eq(p->class, S("complaint")))
        return take_complaint(t, r, p, e);
    if (str_eq(p->action, S("failed")))
        return take_failure(t, r, p, e);
    if (p->action.len)
        return take_progress(t, r, p, e);
    t->counts->noted++;
    return true;
}

/* ---- reports ---------------------------------------------------------------------------------------------- */

static str detail_of(struct taking *t, const struct bounce_recipient *p, int64_t submission)
{
    struct buf b = buf_new(t->mem, 256);
    struct jwrite w = {&b, false};
    jwrite_object(&w);
    jwrite_key(&w, S("submissionId"));
    if (submission)
        jwrite_i64(&w, submission);
    else
        jwrite_null(&w);
    jwrite_key(&w, S("recipient"));
    jwrite_string(&w, p->email.len ? p->email : p->original);
    jwrite_key(&w, S("class"));
    jwrite_string(&w, p->class);
    jwrite_key(&w, S("status"));
    jwrite_string(&w, p->status);
    jwrite_key(&w, S("blobId"));
    jwrite_string(&w, t->m->blob_id);
    jwrite_end_object(&w);
    return buf_str(&b);
}

/* *again: this was taken before, and it fits no more now than it did then. */
static bool keep_row(struct taking *t, const struct bounce_recipient *p, const struct found *found, str address, bool *again, struct err *e)
{
    struct store *s = t->store;
    str name = p->email.len ? p->email : p->original.len ? p->original : S("");
    const int64_t *submission = found->submission ? &found->submission : NULL;
    int64_t id, before;
    if (!db_number(s, e, 0, &id, "SELECT id FROM bounce WHERE blob_id = ? AND recipient = ?", "bs", t->blob, name) ||
        !db_number(s, e, 0, &before, "SELECT submission_id FROM bounce WHERE id = ?", "i", id))
        return false;
    *again = id && (before || !submission);
    if (*again)
        return true;
    if (id)
        return db_run(s, e, "UPDATE bounce SET submission_id = ?, address = ?, found_by = ? WHERE id = ?", "Issi", submission, address,
                      found->by, id);
    return db_run(s, e,
                  "INSERT INTO bounce (blob_id, recipient, submission_id, address, found_by, kind, class, action, status, diagnostic, reporting_mta, "
                  "message_id, at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                  "bsIsssssssssii", t->blob, name, submission, address, found->by, t->b->kind, p->class, p->action, p->status, p->diagnostic,
                  t->b->reporting_mta, t->b->original_id, t->at, t->now);
}

static bool take_recipient(struct taking *t, const struct bounce_recipient *p, struct err *e)
{
    struct found found = {0};
    struct queue_recipient r = {0};
    bool again;
    if (!find_submission(t, p->email.len ? p->email : p->original, &found, e) ||
        (found.submission && !find_recipient(t, found.submission, p, &r, e)))
        return false;
    if (!keep_row(t, p, &found, r.id ? r.address : STR_NONE, &again, e))
        return false;
    if (again) {
        t->counts->known++;
        return true;
    }
    str kind = found.submission ? S("bounce.matched") : S("bounce.unmatched");
    if (!queue_event(t->store, kind, found.submission, detail_of(t, p, found.submission), t->now, e))
        return false;
    if (r.id)
        return take_matched(t, &r, p, e);
    t->counts->unmatched += !found.submission;
    t->counts->noted += found.submission != 0;
    return true;
}

static bool take_report(struct taking *t, struct err *e)
{
    struct bounce_recipient nobody = {.class = t->b->class};
    t->counts->reports++;
    if (!t->b->n_recipients) {
        /* Nothing says so, but what is reported without being delayed or delivered has failed. */
        bool failed = !str_eq(t->b->kind, S("arf")) && !str_eq(t->b->class, S("soft")) && !str_eq(t->b->class, S("delivered"));
        nobody.action = failed ? S("failed") : STR_NONE;
        return take_recipient(t, &nobody, e);
    }
    for (ptrdiff_t i = 0; i < t->b->n_recipients; i++)
        if (!take_recipient(t, &t->b->recipient[i], e))
            return false;
    return true;
}

bool store_bounce(arena *a, struct store *s, const struct email *m, bool dry_run, struct bounce_counts *counts, struct err *e)
{
    struct bounce b;
    arena scratch = *a;
    unsigned char octets[32];
    if (!email_has(m, EMAIL_BLOB_ID) || !record_bounce_read(&scratch, m->bounce, &b))
        return true;
    if (!str_eq(b.kind, S("dsn")) && !str_eq(b.kind, S("text")) && !str_eq(b.kind, S("arf")))
        return true;
    blob_octets(m->blob_id, octets);
    int64_t now = now_s();
    struct taking t = {&scratch, s, m, &b, str_of((const char *)octets, 32), email_has(m, EMAIL_RECEIVED_AT) ? m->received_at : now, now, counts};
    if (s->in_transaction)
        return take_report(&t, e);
    bool good = db_begin(s, e) && take_report(&t, e) && (dry_run || db_commit(s, e));
    db_rollback(s);
    return good;
}
