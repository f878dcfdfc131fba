/* lib/store/threads: the same threads in every order of arrival, across runs, other writers and rollbacks. */
#include "tap.h"

#include "store/db.h"
#include "store/threads.h"
#include "thread/thread.h"

#include <unistd.h>

enum { EMAILS = 300 };

static arena mem;
static uint64_t seed = 0x2545f4914f6cdd1d;

static uint32_t roll(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

static struct addresses people(uint32_t n)
{
    struct addresses list = {ARENA_ARRAY(&mem, struct address, n), n};
    for (uint32_t i = 0; i < n; i++)
        list.item[i].email = str_fmt(&mem, "p%u@x", roll(5));
    return list;
}

static void make_email(struct email *m, uint32_t n)
{
    *m = (struct email){.blob_id = str_fmt(&mem, "%064x", n), .received_at = 1700000000 + (int64_t)roll(100) * 86400};
    if (roll(10))
        strs_add(&mem, &m->message_id, str_fmt(&mem, "m%u@x", roll(20) ? n : roll(EMAILS)));
    for (uint32_t i = roll(2) ? 0 : roll(3); i > 0; i--)
        strs_add(&mem, &m->references, str_fmt(&mem, "m%u@x", roll(EMAILS * 2)));
    m->from = people(1);
    m->to = people(roll(3));
    m->subject = str_fmt(&mem, "%sTopic %u", roll(2) ? "Re: " : "", roll(8));
}

static bool put(struct store *s, struct threads *t, const struct email *m, uint32_t n, struct err *e)
{
    int64_t thread;
    char blob[32] = {0};
    memcpy(blob, &n, sizeof n);
    return threads_add(t, mem, m, &thread, e) &&
           db_run(s, e,
                  "INSERT INTO email (account_id, blob_id, size, received_at, thread, has_attachment, seen, flagged, answered, draft, "
                  "extraction, index_digest, created_at, updated_at) VALUES (1, ?, 1, ?, ?, 0, 0, 0, 0, 0, 1, 1, 1, 1)",
                  "bii", str_of(blob, 32), m->received_at, thread);
}

static struct store *open_store(const char *dir, struct err *e)
{
    struct store *s = store_open(&mem, dir, STORE_WRITE, e);
    if (s)
        db_run(s, e, "INSERT OR IGNORE INTO account (id, name) VALUES (1, 'a')", "");
    return s;
}

/* Put them in this order, through one writer or two who take turns; where `loses`, with a batch now and then that is lost and done again. */
static bool fill(const char *dir, uint32_t writers, bool loses, const struct email *m, const uint32_t *order, struct err *e)
{
    struct store *s[2] = {open_store(dir, e), open_store(dir, e)};
    if (!s[0] || !s[1])
        return false;
    struct threads *t[2] = {threads_new(&mem, s[0]), threads_new(&mem, s[1])};
    bool good = true;
    for (uint32_t i = 0; i < EMAILS && good;) {
        uint32_t end = i + 1 + roll(40), writer = roll(writers);
        if (end > EMAILS)
            end = EMAILS;
        good = db_begin(s[writer], e) && threads_begin(t[writer], e);
        for (uint32_t j = i; j < end && good; j++)
            good = put(s[writer], t[writer], &m[order[j]], order[j], e);
        if (loses && roll(4) == 0) {
            db_rollback(s[writer]);
            threads_forget(t[writer]);
            continue;
        }
        good = good && db_commit(s[writer], e);
        i = end;
    }
    for (int i = 0; i < 2; i++) {
        threads_free(t[i]);
        store_close(s[i]);
    }
    return good;
}

/* name[n]: of the thread of email n. */
static bool read_names(const char *dir, str *name, struct err *e)
{
    struct store *s = store_open(&mem, dir, STORE_READ, e);
    if (!s)
        return false;
    sqlite3_stmt *q = db_query(s, e, "SELECT e.blob_id, t.name FROM email e JOIN thread t ON t.id = e.thread WHERE t.joined IS NULL", "");
    bool failed = false;
    ptrdiff_t n = 0;
    while (q && db_row(s, q, &failed, e)) {
        uint32_t number;
        memcpy(&number, db_text(q, 0).ptr, sizeof number);
        name[number] = db_text_copy(&mem, q, 1);
        n++;
    }
    store_close(s);
    return q && !failed && n == EMAILS;
}

/* All that was ever called so is found. */
static bool names_lead_to(struct store *s, const struct email *m, const str *name, struct err *e)
{
    for (uint32_t i = 0; i < EMAILS; i++) {
        struct thread_mail mail;
        int64_t thread, now;
        store_thread_mail(&mem, &m[i], &mail);
        if (!threads_find(s, name[i], &now, e) || !now)
            return false;
        for (ptrdiff_t j = 0; j < mail.n_ids; j++) {
            char older[THREAD_NAME];
            thread_name(mail.id[j], older);
            if (!threads_find(s, str_of(older, THREAD_NAME), &thread, e) || thread != now)
                return false;
        }
    }
    return true;
}

/* What mail-thread says in one run without a store. */
static void names_without_store(const struct email *m, str *name)
{
    struct thread_links *l = thread_links_new(&mem, true);
    struct thread_mail mail;
    struct thread_linked out;
    for (uint32_t i = 0; i < EMAILS; i++) {
        store_thread_mail(&mem, &m[i], &mail);
        thread_link(&mem, l, &mail, NULL, &out, NULL);
    }
    for (uint32_t i = 0; i < EMAILS; i++) {
        char text[THREAD_NAME];
        store_thread_mail(&mem, &m[i], &mail);
        thread_name(thread_links_root(l, mail.id[0]), text);
        name[i] = str_copy(&mem, str_of(text, THREAD_NAME));
    }
    thread_links_free(l);
}

/* A mail-thread that asks a full store names every email as the store does, by memory or not. */
static bool asker_agrees(struct store *s, const struct email *m, const str *name, struct err *e)
{
    struct thread_links *l = thread_links_new(&mem, true);
    struct thread_known known;
    struct thread_mail mail;
    struct thread_linked out;
    bool good = store_thread_known(s, &known, e) && store_read_begin(s, e);
    for (uint32_t i = 0; i < EMAILS && good; i++) {
        char text[THREAD_NAME];
        store_thread_mail(&mem, &m[i], &mail);
        good = thread_link(&mem, l, &mail, &known, &out, e) && out.n_joined == 0;
        thread_name(out.root, text);
        good = good && str_eq(str_of(text, THREAD_NAME), name[i]);
    }
    store_read_end(s);
    thread_links_free(l);
    return good;
}

static void shuffle(uint32_t *order)
{
    for (uint32_t i = 0; i < EMAILS; i++)
        order[i] = i;
    for (uint32_t i = EMAILS - 1; i > 0; i--) {
        uint32_t j = roll(i + 1), x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    char dir[] = "/tmp/mailpipe-threads.XXXXXX";
    if (!mkdtemp(dir))
        return EXIT_FAILURE;
    struct email *m = ARENA_ARRAY(&mem, struct email, EMAILS);
    for (uint32_t i = 0; i < EMAILS; i++)
        make_email(&m[i], i);
    str want[EMAILS];
    names_without_store(m, want);
    int threads = 0;
    for (uint32_t i = 0; i < EMAILS; i++) {
        bool first = true;
        for (uint32_t j = 0; j < i; j++)
            first &= !str_eq(want[i], want[j]);
        threads += first;
    }
    ok(threads > 20 && threads < EMAILS - 50, "the emails make %d threads", threads);
    for (int round = 0; round < 4; round++) {
        struct err e = {0};
        uint32_t order[EMAILS];
        str name[EMAILS] = {STR_NONE};
        const char *sub = str_z(&mem, str_fmt(&mem, "%s/%d", dir, round));
        shuffle(order);
        uint32_t writers = round < 2 ? 1 : 2;
        ok(fill(sub, writers, round > 0, m, order, &e) && read_names(sub, name, &e), "store %d is filled by %u %s", round, writers, e.text);
        int wrong = 0;
        for (uint32_t i = 0; i < EMAILS; i++)
            wrong += !str_eq(name[i], want[i]);
        is_int(wrong, 0, "store %d: every email in the thread of the definition, under its name", round);
        struct store *s = store_open(&mem, sub, STORE_READ, &e);
        ok(s && names_lead_to(s, m, name, &e), "store %d: all older names lead there", round);
        ok(s && asker_agrees(s, m, name, &e), "store %d: who asks it gets the same", round);
        int64_t thread = 1;
        ok(threads_find(s, S("t0000000000000001"), &thread, &e) && !thread, "store %d: no thread of an unknown name", round);
        ok(threads_find(s, S("no name"), &thread, &e) && !thread, "store %d: nor of no name", round);
        store_close(s);
    }
    str command = str_fmt(&mem, "rm -rf %s", dir);
    ok(system(str_z(&mem, command)) == 0, "the folder goes");
    return done();
}
