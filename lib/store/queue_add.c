/* mail-queue add: submissions to rows, their messages to blobs. */
#include "store/blob.h"
#include "store/queue.h"
#include "store/row.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

struct queue_adder {
    struct store *store;
    arena mem;   /* of one submission */
    arena batch; /* its lines */
    struct names *names;
    struct blob_copier *copier;
    struct blob_sync sync;
    struct blob_later *later;
    str held;   /* the message of the submission in hand, to be written later; or none */
    bool fresh; /* it was not in blobs/ before */
    struct sha256 *sha;
    struct buf lines;
    queue_patience_of *patience;
    void *context;
    int64_t pending, since_ms;
};

struct queue_adder *queue_adder_new(arena *a, struct store *s, queue_patience_of *patience, void *context, struct err *e)
{
    int blobs = blobs_open(s, e);
    if (blobs < 0)
        return NULL;
    struct blob_later *later = blob_later_new(a, s, e);
    if (!later)
        return NULL;
    struct queue_adder *q = ARENA_NEW(a, struct queue_adder);
    *q = (struct queue_adder){.store = s,
                              .mem = arena_new((size_t)1 << 30),
                              .batch = arena_new((size_t)4 << 30),
                              .names = names_new(a, s),
                              .copier = blob_copier_new(a, s->dir, blobs),
                              .later = later,
                              .sha = sha256_new(a),
                              .patience = patience,
                              .context = context};
    return q;
}

void queue_adder_end(struct queue_adder *q)
{
    db_rollback(q->store);
    blob_later_end(q->later);
    blob_copier_free(q->copier);
    sha256_free(q->sha);
    names_free(q->names);
    arena_free(&q->mem);
    arena_free(&q->batch);
}

static enum queue_taken_in lose(struct queue_adder *q)
{
    db_rollback(q->store);
    names_forget(q->names);
    q->pending = 0;
    return QUEUE_LOST;
}

/* ---- the message -------------------------------------------------------------------------------------------- */

static bool cannot_read(struct err *e, const char *file)
{
    return err_errno(e, ERR_INPUT, "queue.message", "", "cannot read the message %s", file);
}

static bool read_rest(struct blob_writer *w, arena *a, int fd, const char *file, struct err *e)
{
    char *piece = arena_alloc(a, BLOB_PIECE, 1);
    ptrdiff_t n;
    bool good = true;
    while (good && (n = fd_read_full(fd, piece, BLOB_PIECE)) > 0)
        good = blob_put(w, str_of(piece, n), e);
    return good && (n == 0 || cannot_read(e, file));
}

/* One that is not held: it is written at once. fd: where the rest is, or -1. */
static bool write_large(struct queue_adder *q, struct submission *m, str first, int fd, struct err *e)
{
    struct blob_writer *w = blob_begin(&q->mem, q->store, e);
    if (!w)
        return false;
    if (blob_put(w, first, e) && (fd < 0 || read_rest(w, &q->mem, fd, m->path.ptr, e)))
        return blob_end(&q->mem, w, &m->blob_id, &m->path, &m->size, e);
    blob_drop(w);
    return false;
}

static void hold_small(struct queue_adder *q, struct submission *m, str octets)
{
    char hex[65];
    sha256_put(q->sha, octets);
    sha256_end(q->sha, hex);
    q->held = octets;
    m->blob_id = str_copy(&q->mem, str_c(hex));
    m->size = octets.len;
}

static bool name_file(struct queue_adder *q, struct submission *m, struct err *e)
{
    char *octets = arena_alloc(&q->mem, BLOB_LATER_OCTETS, 1);
    m->path = str_c(str_z(&q->mem, m->path));
    int fd = open(m->path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    struct stat st;
    if (fd < 0)
        return err_errno(e, ERR_MISSING, "queue.message", "", "cannot read the message %s", m->path.ptr);
    bool good = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    if (!good)
        err_set(e, ERR_INPUT, "queue.message", "", "%s is no regular file", m->path.ptr);
    ptrdiff_t n = good ? fd_read_full(fd, octets, BLOB_LATER_OCTETS) : 0;
    good = good && (n >= 0 || cannot_read(e, m->path.ptr));
    if (good && n < BLOB_LATER_OCTETS)
        hold_small(q, m, str_of(octets, n));
    else if (good)
        good = write_large(q, m, str_of(octets, n), fd, e);
    close(fd);
    return good;
}

/* Nobody has said what its digest is. */
static bool name_message(struct queue_adder *q, struct submission *m, struct err *e)
{
    q->fresh = true;
    if (m->path.len)
        return name_file(q, m, e);
    if (!m->raw.len)
        return err_set(e, ERR_INPUT, "queue.message", "the records of mail-compose have blobId and path", "a submission without a message");
    struct base64 d = {0};
    struct buf octets = buf_new(&q->mem, m->raw.len);
    base64_decode(&d, m->raw, &octets);
    base64_end(&d, &octets);
    if (d.flags)
        return err_set(e, ERR_INPUT, "queue.message", "", "raw is no base64");
    if (octets.len > BLOB_LATER_OCTETS)
        return write_large(q, m, buf_str(&octets), -1, e);
    hold_small(q, m, buf_str(&octets));
    return true;
}

static bool blob_is_named(struct queue_adder *q, str octets, bool *named, struct err *e)
{
    int64_t found;
    if (!db_number(q->store, e, 0, &found, "SELECT EXISTS (SELECT 1 FROM submission WHERE blob_id = ?1) OR EXISTS (SELECT 1 FROM email WHERE blob_id = ?1)",
                   "b", octets))
        return false;
    *named = found != 0;
    return true;
}

/* As the record names it. */
static bool copy_message(struct queue_adder *q, struct submission *m, struct err *e)
{
    unsigned char octets[32];
    struct stat st;
    struct blob_source source = {.blob_id = m->blob_id, .path = m->path, .raw = m->raw};
    bool named;
    blob_octets(m->blob_id, octets);
    if (!blob_is_named(q, str_of((const char *)octets, 32), &named, e) || (!named && !blob_copy(q->copier, &source, e)))
        return false;
    q->fresh = !named;
    m->path = blob_path(&q->mem, q->store, m->blob_id);
    if (stat(str_z(&q->mem, m->path), &st) != 0)
        return err_errno(e, ERR_IO, "blob.open", "see mail-store check", "cannot read the message %.*s", STR_ARG(m->path));
    m->size = st.st_size;
    return true;
}

/* The message lies in blobs/, whole, and will last with the next commit. */
static bool take_message(struct queue_adder *q, struct submission *m, struct err *e)
{
    if (!q->fresh && !copy_message(q, m, e))
        return false;
    if (q->held.ptr)
        blob_later_put(q->later, m->blob_id, q->held);
    if (q->fresh)
        blob_sync_add(&q->sync, m->blob_id);
    m->path = blob_path(&q->mem, q->store, m->blob_id);
    return true;
}

/* ---- what it lacks -------------------------------------------------------------------------------------------- */

static str default_key(struct queue_adder *q, const struct submission *m)
{
    char hex[65];
    str id = m->message_id.n ? m->message_id.item[0] : m->blob_id;
    const str parts[] = {m->account, id, m->envelope.mail_from};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        sha256_put(q->sha, parts[i]);
        sha256_put(q->sha, S("\n"));
    }
    for (ptrdiff_t i = 0; i < m->envelope.rcpt_to.n; i++) {
        sha256_put(q->sha, m->envelope.rcpt_to.item[i]);
        sha256_put(q->sha, S("\n"));
    }
    sha256_end(q->sha, hex);
    return str_fmt(&q->mem, "%.*s %.16s", STR_ARG(id), hex);
}

static int64_t later(int64_t a, int64_t b) { return a > b ? a : b; }

static bool each_recipient_once(struct queue_adder *q, struct submission *m, struct err *e)
{
    struct strs once = {0};
    struct map seen = {0};
    for (ptrdiff_t i = 0; i < m->envelope.rcpt_to.n; i++) {
        str address = queue_address(&q->mem, m->envelope.rcpt_to.item[i]);
        struct map_slot *slot = map_put(&q->mem, &seen, address);
        if (!slot->value.num)
            strs_add(&q->mem, &once, address);
        slot->value.num = 1;
    }
    m->envelope.rcpt_to = once;
    return once.n > 0 || err_set(e, ERR_INPUT, "queue.recipients", "give it to, cc, bcc or envelope.rcptTo", "a submission without recipients");
}

static bool complete(struct queue_adder *q, struct submission *m, int64_t now, struct err *e)
{
    struct queue_patience patience;
    if (!m->account.len)
        m->account = S("local");
    if (!m->queue.len)
        m->queue = S("default");
    submission_fill_envelope(&q->mem, m);
    if (!each_recipient_once(q, m, e))
        return false;
    m->status = str_eq(m->status, S("held")) ? S("held") : S("queued");
    q->patience(q->context, m->account, &patience);
    if (!submission_has(m, SUBMISSION_UNDO_UNTIL) && patience.undo_s) {
        m->undo_until = now + patience.undo_s;
        submission_knows(m, SUBMISSION_UNDO_UNTIL);
    }
    if (!submission_has(m, SUBMISSION_EXPIRES_AT))
        m->expires_at = later(now, m->send_at) + patience.lifetime_s;
    m->created_at = now;
    return true;
}

/* ---- rows ----------------------------------------------------------------------------------------------------- */

/* What only the queue may say of it. */
static const uint64_t OURS = SUBMISSION_BIT(SUBMISSION_ID) | SUBMISSION_BIT(SUBMISSION_ATTEMPT) | SUBMISSION_BIT(SUBMISSION_LEASE) |
                             SUBMISSION_BIT(SUBMISSION_LEASE_PATH) | SUBMISSION_BIT(SUBMISSION_STATUS) | SUBMISSION_BIT(SUBMISSION_CREATED_AT);

static void forget(struct submission *m, uint64_t members)
{
    m->known &= ~members;
    m->nulls &= ~members;
}

/* What does not change. */
static str record_of(struct queue_adder *q, const struct submission *m)
{
    struct submission stays = *m;
    forget(&stays, OURS | SUBMISSION_BIT(SUBMISSION_PATH) | SUBMISSION_BIT(SUBMISSION_RAW));
    struct buf b = buf_new(&q->mem, 1024);
    record_write_submission(&b, &stays);
    return str_first(buf_str(&b), b.len - 1);
}

static str domain_of(str address)
{
    ptrdiff_t at = address.len;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    return at ? str_skip(address, at) : STR_NONE;
}

static bool write_rows(struct queue_adder *q, struct submission *m, int64_t now, struct err *e)
{
    struct store *s = q->store;
    unsigned char octets[32];
    int64_t account, send_at = later(m->send_at, m->undo_until), next_at = later(send_at, now);
    bool held = str_eq(m->status, S("held"));
    blob_octets(m->blob_id, octets);
    if (!names_account(q->names, m->account, &account, e) ||
        !db_run(s, e,
                "INSERT INTO submission (key, account_id, profile, queue, blob_id, size, message_id, mail_from, thread, email_id, priority, send_at, "
                "undo_until, expires_at, status, next_at, record, created_at, updated_at) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                "sissbisssIiIIisIsii", m->key, account, m->profile, m->queue, str_of((const char *)octets, 32), m->size,
                m->message_id.n ? m->message_id.item[0] : STR_NONE, m->envelope.mail_from, m->thread_id, m->email_id ? &m->email_id : NULL, m->priority,
                send_at ? &send_at : NULL, m->undo_until ? &m->undo_until : NULL, m->expires_at, m->status, held ? NULL : &next_at, record_of(q, m), now, now))
        return false;
    m->id = sqlite3_last_insert_rowid(s->db);
    for (ptrdiff_t i = 0; i < m->envelope.rcpt_to.n; i++) {
        str address = m->envelope.rcpt_to.item[i];
        if (!db_run(s, e, "INSERT INTO recipient (submission_id, address, domain, status, next_at, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    "isssIii", m->id, address, domain_of(address).ptr ? domain_of(address) : S(""), m->status, held ? NULL : &next_at, now, now))
            return false;
    }
    return queue_event(s, S("queue.added"), m->id, STR_NONE, now, e);
}

static void print(struct queue_adder *q, struct submission *m)
{
    static const enum submission_member told[] = {SUBMISSION_ID, SUBMISSION_KEY, SUBMISSION_ACCOUNT, SUBMISSION_QUEUE, SUBMISSION_BLOB_ID, SUBMISSION_PATH,
                                                  SUBMISSION_SIZE, SUBMISSION_EXPIRES_AT, SUBMISSION_STATUS, SUBMISSION_CREATED_AT};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        submission_knows(m, told[i]);
    forget(m, SUBMISSION_BIT(SUBMISSION_RAW));
    record_write_submission(&q->lines, m);
}

static bool begin(struct queue_adder *q, struct err *e)
{
    if (q->store->in_transaction)
        return true;
    if (!db_begin(q->store, e))
        return false;
    arena_reset(&q->batch);
    q->lines = buf_new(&q->batch, 4096);
    q->since_ms = sys_clock.monotonic_ms();
    return true;
}

/* Only this message, not the disk or the database. */
static bool is_refusal(const struct err *e) { return e->class == ERR_INPUT || e->class == ERR_MISSING || e->class == ERR_LOGIN; }

static bool find(struct queue_adder *q, struct submission *m, int64_t *id, struct err *e)
{
    *id = 0;
    if (!m->key.len && m->blob_id.len)
        m->key = default_key(q, m);
    return !m->key.len || db_number(q->store, e, 0, id, "SELECT id FROM submission WHERE key = ?", "s", m->key);
}

enum queue_taken_in queue_add(struct queue_adder *q, const struct submission *from, struct err *e)
{
    int64_t now = now_s(), id;
    struct submission m = *from;
    forget(&m, OURS);
    arena_reset(&q->mem);
    q->held = STR_NONE;
    q->fresh = false;
    if (!begin(q, e))
        return lose(q);
    if (!complete(q, &m, now, e))
        return QUEUE_REFUSED;
    if (!find(q, &m, &id, e))
        return lose(q);
    if (!id && !m.blob_id.len && !name_message(q, &m, e))
        return is_refusal(e) ? QUEUE_REFUSED : lose(q);
    if (!id && !m.key.len && !find(q, &m, &id, e))
        return lose(q);
    if (!id && !take_message(q, &m, e))
        return is_refusal(e) ? QUEUE_REFUSED : lose(q);
    if (id ? !queue_row(&q->mem, q->store, id, &m, NULL, e) : !write_rows(q, &m, now, e))
        return lose(q);
    print(q, &m);
    q->pending++;
    return id ? QUEUE_KNOWN : QUEUE_ADDED;
}

int64_t queue_add_pending(const struct queue_adder *q, int64_t *since_ms)
{
    *since_ms = q->since_ms;
    return q->pending;
}

bool queue_add_pass(struct queue_adder *q, str line)
{
    if (!q->store->in_transaction || !q->pending)
        return false;
    buf_put(&q->lines, line);
    buf_byte(&q->lines, '\n');
    return true;
}

bool queue_add_commit(struct queue_adder *q, str *lines, struct err *e)
{
    *lines = S("");
    if (!q->store->in_transaction)
        return true;
    if (!blob_later_wait(q->later, e) || !blob_sync(q->store, &q->sync, e) || !db_commit(q->store, e)) {
        lose(q);
        return false;
    }
    q->pending = 0;
    *lines = buf_str(&q->lines);
    return true;
}

bool queue_add_forget(struct queue_adder *q, str *lines)
{
    *lines = q->store->in_transaction ? buf_str(&q->lines) : S("");
    lose(q);
    return true;
}
