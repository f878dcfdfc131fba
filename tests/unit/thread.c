/* lib/thread: the links behind threadId against their definition, and trees against RFC 5256.
 * uses cmd/mail-thread */
// uses cmd/mail-thread
#include "tap.h"

#include "mail-thread/mail-thread.h"
#include "thread/thread.h"

#include <time.h>
#include <unistd.h>

static arena mem;

static uint64_t seed = 88172645463325252u;
static uint32_t roll(uint32_t n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 33) % n;
}

/* ---- links: the definition, pair by pair ------------------------------------------------------------------ */

enum { MAILS = 48 };

struct sample {
    struct strs ids, refs, reply_to;
    str subject, sender, people[6];
    ptrdiff_t n_people;
    bool reply;
    int64_t time;
    struct thread_mail mail;
};

static str person(uint32_t n) { return str_fmt(&mem, n % 2 ? "P%u@example.com" : "p%u@Example.com", n / 2); }

static void make_sample(struct sample *m, uint32_t n)
{
    static const int64_t steps[] = {0, 1, THREAD_WINDOW_S / 2, THREAD_WINDOW_S - 1, THREAD_WINDOW_S, THREAD_WINDOW_S + 1};
    *m = (struct sample){0};
    if (roll(8))
        strs_add(&mem, &m->ids, str_fmt(&mem, "m%u@x", roll(10) ? n : roll(MAILS)));
    for (uint32_t i = roll(4) ? 0 : roll(3); i > 0; i--)
        strs_add(&mem, &m->refs, str_fmt(&mem, "m%u@x", roll(MAILS * 3)));
    if (roll(8) == 0)
        strs_add(&mem, &m->reply_to, str_fmt(&mem, "m%u@x", roll(MAILS * 3)));
    m->subject = roll(8) ? str_fmt(&mem, roll(2) ? "subject %u" : "Subject %u", roll(2)) : STR_NONE;
    m->reply = roll(2);
    m->sender = person(roll(6));
    m->people[m->n_people++] = m->sender;
    for (uint32_t i = roll(4); i > 0; i--)
        m->people[m->n_people++] = person(roll(6));
    for (uint32_t i = roll(6); i > 0; i--)
        m->time += steps[roll(6)];
    struct thread_source s = {
        .message_id = &m->ids, .in_reply_to = &m->reply_to, .references = &m->refs,
        .blob_id = str_fmt(&mem, "blob%u", n), .subject = m->subject, .reply = m->reply, .time = m->time,
        .sender = m->sender, .people = m->people, .n_people = m->n_people,
    };
    thread_mail_of(&mem, &s, &m->mail);
}

static bool among(const struct sample *m, str who)
{
    for (ptrdiff_t i = 0; i < m->n_people; i++)
        if (str_eq_nocase(m->people[i], who))
            return true;
    return false;
}

/* Whether nobody but the sender is named. */
static bool alone(const struct sample *m)
{
    for (ptrdiff_t i = 0; i < m->n_people; i++)
        if (!str_eq_nocase(m->people[i], m->sender))
            return false;
    return true;
}

static bool same_people(const struct sample *a, const struct sample *b)
{
    if (!str_eq_nocase(a->sender, b->sender))
        return among(a, b->sender) && among(b, a->sender);
    if (alone(a) && alone(b))
        return true;
    for (ptrdiff_t i = 0; i < a->n_people; i++)
        if (!str_eq_nocase(a->people[i], a->sender) && among(b, a->people[i]))
            return true;
    return false;
}

static bool orphan_joins(const struct sample *r, const struct sample *m)
{
    if (!r->reply || r->refs.n || r->reply_to.n)
        return false;
    if (!r->subject.len || !str_eq_nocase(r->subject, m->subject) || !same_people(r, m))
        return false;
    bool original = !m->reply && !m->refs.n && !m->reply_to.n;
    if (original && m->time > r->time)
        return false;
    int64_t apart = r->time - m->time;
    return apart <= THREAD_WINDOW_S && -apart <= THREAD_WINDOW_S;
}

static bool linked_by_definition(const struct sample *a, const struct sample *b)
{
    for (ptrdiff_t i = 0; i < a->mail.n_ids; i++)
        for (ptrdiff_t j = 0; j < b->mail.n_ids; j++)
            if (a->mail.id[i] == b->mail.id[j])
                return true;
    return orphan_joins(a, b) || orphan_joins(b, a);
}

static void partition_by_definition(const struct sample *m, uint64_t *name)
{
    int group[MAILS];
    for (int i = 0; i < MAILS; i++)
        group[i] = i;
    for (int i = 0; i < MAILS; i++)
        for (int j = 0; j < i; j++)
            if (group[i] != group[j] && linked_by_definition(&m[i], &m[j]))
                for (int k = 0, from = group[i], to = group[j]; k < MAILS; k++)
                    if (group[k] == from)
                        group[k] = to;
    for (int i = 0; i < MAILS; i++) {
        name[i] = UINT64_MAX;
        for (int j = 0; j < MAILS; j++)
            for (ptrdiff_t k = 0; group[j] == group[i] && k < m[j].mail.n_ids; k++)
                if (m[j].mail.id[k] < name[i])
                    name[i] = m[j].mail.id[k];
    }
}

/* ---- a store made of lists ----------------------------------------------------------------------------------- */

struct shelf {
    uint64_t id[MAILS * 8], root[MAILS * 8];
    int n_ids;
    struct { uint64_t pair; enum thread_kind kind; struct thread_place place; } place[MAILS * 8];
    int n_places;
};

static bool shelf_find(void *ctx, uint64_t id, bool *found, uint64_t *root, struct err *e)
{
    (void)e;
    struct shelf *s = ctx;
    *found = false;
    for (int i = 0; i < s->n_ids && !*found; i++)
        if (s->id[i] == id) {
            *found = true;
            *root = s->root[i];
        }
    return true;
}

static bool before(struct thread_place a, struct thread_place b)
{
    return a.time != b.time ? a.time < b.time : (int64_t)a.id < (int64_t)b.id;
}

static bool shelf_seek(void *ctx, const struct thread_range *r, bool *found, struct thread_place *out, struct err *e)
{
    (void)e;
    struct shelf *s = ctx;
    *found = false;
    for (int i = 0; i < s->n_places; i++) {
        struct thread_place p = s->place[i].place;
        if (s->place[i].pair != r->pair || s->place[i].kind != r->kind || before(p, r->from) || before(r->to, p))
            continue;
        if (!*found || (r->backward ? before(*out, p) : before(p, *out)))
            *out = p;
        *found = true;
    }
    return true;
}

static void shelf_put(struct shelf *s, struct thread_links *links, const struct thread_mail *m)
{
    struct thread_known known = {s, shelf_find, shelf_seek};
    struct thread_linked l;
    thread_link(&mem, links, m, &known, &l, NULL);
    for (ptrdiff_t i = 0; i < l.n_fresh; i++) {
        s->id[s->n_ids] = l.fresh[i];
        s->root[s->n_ids++] = l.root;
    }
    for (ptrdiff_t i = 0; i < l.n_joined; i++)
        for (int j = 0; j < s->n_ids; j++)
            if (s->root[j] == l.joined[i])
                s->root[j] = l.root;
    for (ptrdiff_t i = 0; i < m->n_pairs; i++) {
        s->place[s->n_places].pair = m->pair[i];
        s->place[s->n_places].kind = m->kind;
        s->place[s->n_places++].place = (struct thread_place){m->time, m->id[0]};
    }
}

static void shuffle(int *order)
{
    for (int i = 0; i < MAILS; i++)
        order[i] = i;
    for (int i = MAILS - 1; i > 0; i--) {
        int j = (int)roll((uint32_t)i + 1), x = order[i];
        order[i] = order[j];
        order[j] = x;
    }
}

/* One run without a store, in some order. */
static bool one_run_agrees(const struct sample *m, const uint64_t *want)
{
    int order[MAILS];
    shuffle(order);
    struct thread_links *l = thread_links_new(&mem, true);
    struct thread_linked out;
    for (int i = 0; i < MAILS; i++)
        thread_link(&mem, l, &m[order[i]].mail, NULL, &out, NULL);
    bool same = true;
    for (int i = 0; i < MAILS; i++)
        same &= thread_links_root(l, m[i].mail.id[0]) == want[i];
    thread_links_free(l);
    return same;
}

/* Several runs into one store, each with a mail-thread that passes some messages before they are put; the store alone, and
 * a last mail-thread that asks it, must come to the same. */
static bool split_runs_agree(const struct sample *m, const uint64_t *want)
{
    int order[MAILS];
    shuffle(order);
    struct shelf shelf = {0};
    struct thread_links *put = NULL, *pass = NULL;
    struct thread_known known = {&shelf, shelf_find, shelf_seek};
    struct thread_linked out;
    int put_upto = 0;
    bool same = true;
    for (int i = 0; i < MAILS; i++) {
        if (i == 0 || roll(12) == 0) {
            if (put)
                thread_links_free(put);
            put = thread_links_new(&mem, false);
        }
        if (i == 0 || roll(12) == 0) {
            for (; put_upto < i; put_upto++)
                shelf_put(&shelf, put, &m[order[put_upto]].mail);
            if (pass)
                thread_links_free(pass);
            pass = thread_links_new(&mem, true);
        }
        thread_link(&mem, pass, &m[order[i]].mail, &known, &out, NULL);
        for (; put_upto <= i && roll(3); put_upto++)
            shelf_put(&shelf, put, &m[order[put_upto]].mail);
    }
    for (; put_upto < MAILS; put_upto++)
        shelf_put(&shelf, put, &m[order[put_upto]].mail);
    for (int i = 0; i < MAILS; i++) {
        bool found;
        uint64_t root = 0;
        shelf_find(&shelf, m[order[i]].mail.id[0], &found, &root, NULL);
        same &= found && root == want[order[i]] && thread_links_root(pass, m[order[i]].mail.id[0]) >= root;
    }
    thread_links_free(put);
    thread_links_free(pass);
    return same;
}

static void test_partition(void)
{
    int wrong_run = 0, wrong_split = 0, groups = 0;
    for (int round = 0; round < 400; round++) {
        arena_reset(&mem);
        struct sample *m = ARENA_ARRAY(&mem, struct sample, MAILS);
        uint64_t want[MAILS];
        for (uint32_t i = 0; i < MAILS; i++)
            make_sample(&m[i], i);
        partition_by_definition(m, want);
        for (int i = 0; i < MAILS; i++)
            groups += want[i] == m[i].mail.id[0];
        wrong_run += !one_run_agrees(m, want);
        wrong_split += !split_runs_agree(m, want);
    }
    ok(groups > 400, "the random corpora have threads of more than one kind (%d)", groups);
    is_int(wrong_run, 0, "400 random corpora in random order: the threads of the definition");
    is_int(wrong_split, 0, "the same, split into runs over one store");
}

/* ---- links: cases ------------------------------------------------------------------------------------------------ */

/* a is a@x, !a is a. */
static str whole(str id) { return str_starts(id, S("!")) ? str_skip(id, 1) : str_fmt(&mem, "%.*s@x", STR_ARG(id)); }

static struct thread_mail mail_of(const char *id, const char *refs, const char *subject, bool reply, int64_t day,
                                  const char *from, const char *to)
{
    struct strs ids = {0}, references = {0};
    strs_add(&mem, &ids, whole(str_c(id)));
    str rest = str_c(refs), one;
    while (rest.len) {
        str_cut(rest, ' ', &one, &rest);
        strs_add(&mem, &references, whole(one));
    }
    str people[] = {str_c(from), str_c(to)};
    struct thread_source s = {.message_id = &ids, .references = &references, .subject = str_c(subject), .reply = reply,
                              .time = day * 86400, .sender = people[0], .people = people, .n_people = 2};
    struct thread_mail m;
    thread_mail_of(&mem, &s, &m);
    return m;
}

static bool joined(struct thread_mail a, struct thread_mail b)
{
    struct thread_links *l = thread_links_new(&mem, true);
    struct thread_linked first, second;
    thread_link(&mem, l, &a, NULL, &first, NULL);
    thread_link(&mem, l, &b, NULL, &second, NULL);
    bool same = thread_links_root(l, a.id[0]) == thread_links_root(l, b.id[0]);
    thread_links_free(l);
    return same;
}

static void test_links(void)
{
    struct thread_mail question = mail_of("q", "", "Invoice", false, 100, "ann@x", "bob@y");
    ok(joined(question, mail_of("a", "q", "other", true, 900, "eve@z", "")), "a reference joins, whatever else");
    ok(joined(mail_of("a", "p", "", false, 1, "a@x", ""), mail_of("b", "p", "", false, 2, "b@x", "")),
       "so does one to a message that is not there");
    ok(joined(question, mail_of("a", "", "invoice", true, 102, "BOB@Y", "ann@x")), "a reply without references, by its subject");
    ok(!joined(question, mail_of("a", "", "Invoice", false, 102, "bob@y", "ann@x")), "not without a reply prefix");
    ok(!joined(question, mail_of("a", "", "Invoice", true, 102, "eve@z", "ann@x")), "not from a stranger");
    ok(!joined(question, mail_of("a", "", "Invoice", true, 102, "bob@y", "eve@z")), "not to a stranger");
    ok(!joined(question, mail_of("a", "", "Invoice", true, 99, "bob@y", "ann@x")), "not before what it would answer");
    ok(joined(question, mail_of("a", "", "Invoice", true, 130, "bob@y", "ann@x")), "30 days later");
    ok(!joined(question, mail_of("a", "", "Invoice", true, 131, "bob@y", "ann@x")), "not 31 days later");
    ok(!joined(question, mail_of("a", "elsewhere", "Invoice", true, 102, "bob@y", "ann@x")), "not if it says what it answers");
    ok(!joined(mail_of("q", "", "", false, 1, "a@x", "b@y"), mail_of("a", "", "", true, 2, "b@y", "a@x")),
       "an empty subject joins nothing");
    ok(!joined(mail_of("1", "", "Your order", true, 1, "shop@x", "ann@x"), mail_of("2", "", "Your order", true, 1, "shop@x", "bob@x")),
       "one sender's replies to two people stay apart");
    ok(!joined(mail_of("a", "!yes", "", false, 1, "a@x", ""), mail_of("b", "!yes", "", false, 1, "b@x", "")),
       "what is no id joins nothing (In-Reply-To: <yes>)");
    ok(!joined(mail_of("!0", "", "", false, 1, "a@x", ""), mail_of("!0", "", "", false, 1, "b@x", "")), "nor as a Message-ID");
    ok(joined(question, mail_of("a", "!yes", "Invoice", true, 102, "bob@y", "ann@x")), "and a reply that names no id is one without");
    ok(joined(mail_of("!0b6c5f1e-77d4-4f4e", "", "", false, 1, "a@x", ""), mail_of("b", "!0b6c5f1e-77d4-4f4e", "", false, 1, "b@x", "")),
       "an id that only lacks its @ does");
    struct thread_mail none = {0};
    struct thread_source no_id = {.blob_id = S("ab"), .time = 5};
    thread_mail_of(&mem, &no_id, &none);
    uint64_t first = none.id[0];
    thread_mail_of(&mem, &no_id, &none);
    ok(none.id[0] == first && none.n_ids == 1, "a message without Message-ID has the same id each time");
    no_id.blob_id = S("ac");
    thread_mail_of(&mem, &no_id, &none);
    ok(none.id[0] != first, "and another message without one another id");

    char name[THREAD_NAME];
    uint64_t id;
    thread_name(0x91f0c2a47b3e6d58u, name);
    is_str(str_of(name, THREAD_NAME), S("t91f0c2a47b3e6d58"), "a thread's name");
    ok(thread_name_read(str_of(name, THREAD_NAME), &id) && id == 0x91f0c2a47b3e6d58u, "is read back");
    ok(!thread_name_read(S("t91f0c2a47b3e6d5"), &id) && !thread_name_read(S("t91F0c2a47b3e6d58"), &id) &&
       !thread_name_read(S(""), &id), "other texts are no names");
}

static void test_report(void)
{
    struct thread_links *l = thread_links_new(&mem, true);
    struct thread_mail a = mail_of("a", "", "", false, 1, "a@x", ""), b = mail_of("b", "", "", false, 1, "a@x", "");
    struct thread_mail c = mail_of("c", "a b new", "", false, 1, "a@x", "");
    struct thread_linked out;
    thread_link(&mem, l, &a, NULL, &out, NULL);
    ok(out.n_joined == 0 && out.n_fresh == 1 && out.root == a.id[0], "a first message: its own thread, nothing joined");
    thread_link(&mem, l, &a, NULL, &out, NULL);
    ok(out.n_joined == 0 && out.n_fresh == 0 && out.root == a.id[0], "again: nothing new");
    thread_link(&mem, l, &b, NULL, &out, NULL);
    thread_link(&mem, l, &c, NULL, &out, NULL);
    uint64_t least = UINT64_MAX;
    for (ptrdiff_t i = 0; i < c.n_ids; i++)
        least = c.id[i] < least ? c.id[i] : least;
    ok(out.root == least, "a message that joins two threads: the smallest id of all");
    bool told = true;
    for (int i = 0; i < 2; i++) {
        uint64_t was = i ? b.id[0] : a.id[0];
        bool found = was == out.root;
        for (ptrdiff_t j = 0; j < out.n_joined; j++)
            found |= out.joined[j] == was;
        told &= found;
    }
    ok(told, "what the two were called is told");
    is_int(out.n_fresh, 2, "and the ids that are new");
    thread_links_free(l);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* A million messages that two people send each other under one subject, in every order of time that hurts. */
static void test_one_subject(void)
{
    enum { MANY = 300000 };
    static const char *const names[] = {"originals, then replies backwards", "replies in random order", "alternating, outside in"};
    for (int way = 0; way < 3; way++) {
        struct thread_links *l = thread_links_new(&mem, true);
        arena scratch = arena_new(1 << 24);
        double start = seconds();
        for (uint32_t i = 0; i < MANY; i++) {
            uint64_t id = thread_id_hash(str_of((const char *)&i, sizeof i)), pair = 42;
            struct thread_mail m = {.id = &id, .n_ids = 1, .pair = &pair, .n_pairs = 1};
            m.kind = way == 1 ? (enum thread_kind)roll(3) : i < MANY / 2 ? THREAD_ORIGINAL : THREAD_ORPHAN;
            m.time = way == 0 ? (i < MANY / 2 ? i : MANY - i) : way == 1 ? roll(1u << 30) : i % 2 ? i : MANY * 2 - i;
            if (way == 0)
                m.time *= 100;
            struct thread_linked out;
            thread_link(&scratch, l, &m, NULL, &out, NULL);
            arena_reset(&scratch);
        }
        double took = seconds() - start;
        ok(took < 10, "300,000 messages of one subject, %s: not quadratic", names[way]);
        fprintf(stderr, "# %s: %.2f s\n", names[way], took);
        arena_free(&scratch);
        thread_links_free(l);
    }
}

/* ---- trees ------------------------------------------------------------------------------------------------------- */

struct tree_case {
    enum thread_algorithm algorithm;
    const char *name;
    const char *want;
    /* "id;references;subject;date": subject with "Re: " before it is a reply; '-' none. */
    const char *message[12];
};

static const struct tree_case trees[] = {
    {THREAD_REFERENCES, "no messages", "", {NULL}},
    {THREAD_REFERENCES, "a chain", "(1 2 3)", {"a;;s;1", "b;a;s;2", "c;a b;s;3"}},
    {THREAD_REFERENCES, "children before parents", "(3 2 1)", {"c;a b;s;3", "b;a;s;2", "a;;s;1"}},
    {THREAD_REFERENCES, "siblings by date, then number", "(1 (4)(2)(3))", {"a;;s;1", "b;a;s;5", "c;a;s;5", "d;a;s;2"}},
    {THREAD_REFERENCES, "a missing parent of one child goes", "(1)", {"b;a;s;1"}},
    {THREAD_REFERENCES, "of two it stays", "((1)(2))", {"b;a;s;1", "c;a;t;2"}},
    {THREAD_REFERENCES, "missing ones between go", "(1 2)", {"a;;s;1", "d;a b c;s;2"}},
    {THREAD_REFERENCES, "a loop of two", "(2 1)", {"a;b;s;1", "b;a;t;2"}},
    {THREAD_REFERENCES, "a message that names itself", "(1)", {"a;a;s;1"}},
    {THREAD_REFERENCES, "what a message says of itself wins", "(1 3)(2)", {"a;;s;1", "b;;t;2", "c;a;u;3"}},
    {THREAD_REFERENCES, "even later", "(1 2 4)(3)", {"a;;s;1", "b;a;t;2", "x;;u;3", "d;b;v;4"}},
    {THREAD_REFERENCES, "and takes away what others said", "(1 3)(2 4)", {"x;;s;1", "y;;t;2", "c;x;u;3", "d;y;v;4"}},
    {THREAD_REFERENCES, "a second parent by references does not count", "(1 3 4)(2)", {"a;;s;1", "b;;t;2", "c;a;u;3", "d;b c;v;4"}},
    {THREAD_REFERENCES, "a parent is changed when its message comes", "(1 3)(4 2)", {"a;;s;1", "d;c;t;4", "b;a;u;2", "c;;v;3"}},
    {THREAD_REFERENCES, "a subject's reply hangs under the original", "(1 2)", {"a;;s;1", "b;;Re: s;2"}},
    {THREAD_REFERENCES, "also where it is older", "(2 1)", {"b;;Re: s;1", "a;;s;2"}},
    {THREAD_REFERENCES, "equals get a parent that is not there", "((1)(2))", {"a;;s;1", "b;;s;2"}},
    {THREAD_REFERENCES, "three of them share it", "((1)(2)(3))", {"a;;s;1", "b;;s;2", "c;;s;3"}},
    {THREAD_REFERENCES, "two missing parents become one", "((1)(2)(3)(4))", {"b;a;s;1", "c;a;s;2", "d;x;s;3", "e;x;s;4"}},
    {THREAD_REFERENCES, "an empty subject joins nothing", "(1)(2)", {"a;;;1", "b;;;2"}},
    {THREAD_REFERENCES, "a second message of one id is a message", "(1 (2)(3))", {"a;;s;1", "b;a;s;2", "b;a;s;3"}},
    {THREAD_REFERENCES, "messages without ids", "(1)(2)", {";;s;1", ";;t;2"}},
    {THREAD_REFS, "the newest thread is last", "(2)(1 3)", {"a;;s;1", "b;;t;2", "c;a;s;3"}},
    {THREAD_REFS, "subjects do not matter", "(1)(2)", {"a;;s;1", "b;;Re: s;2"}},
    {THREAD_REFS, "an only child of a missing parent", "(1)(2)", {"b;a;s;1", "c;x;s;2"}},
    {THREAD_ORDEREDSUBJECT, "by subject, then date", "(1 (4)(3))(2)", {"a;;s;1", "b;;t;2", "c;;Re: s;9", "d;;s;3"}},
    {THREAD_ORDEREDSUBJECT, "the oldest is the parent", "(2 1)", {"a;;s;2", "b;;s;1"}},
};

static void add_case_message(struct thread_builder *b, const char *text)
{
    str rest = str_c(text), id, refs, subject, one;
    str_cut(rest, ';', &id, &rest);
    str_cut(rest, ';', &refs, &rest);
    str_cut(rest, ';', &subject, &rest);
    uint64_t hash[8];
    struct thread_entry m = {.id = id.len ? thread_id_hash(id) : 0, .reference = hash, .has_subject = true};
    while (refs.len) {
        str_cut(refs, ' ', &one, &refs);
        hash[m.n_references++] = thread_id_hash(one);
    }
    m.reply = str_starts(subject, S("Re: "));
    m.subject = thread_subject_hash(mem, m.reply ? str_skip(subject, 4) : subject);
    str_i64(rest, 0, 1000, &m.date);
    thread_builder_add(b, &m);
}

static str imap_of(const struct thread_tree *t)
{
    int fds[2];
    if (pipe(fds) != 0)
        return STR_NONE;
    arena *a = &mem;
    struct out out = out_new(a, fds[1]);
    print_imap(t, &out);
    out_flush(&out);
    close(fds[1]);
    char *p = arena_alloc(a, 4096, 1);
    ptrdiff_t n = fd_read_full(fds[0], p, 4096);
    close(fds[0]);
    return str_trim(str_of(p, n));
}

static void test_trees(void)
{
    for (size_t i = 0; i < sizeof trees / sizeof *trees; i++) {
        arena_reset(&mem);
        struct thread_builder *b = thread_builder_new(&mem, trees[i].algorithm);
        for (int j = 0; j < 12 && trees[i].message[j]; j++)
            add_case_message(b, trees[i].message[j]);
        struct thread_tree t = thread_builder_finish(b);
        is_str(imap_of(&t), str_c(trees[i].want), "%s", trees[i].name);
        thread_builder_free(b);
    }
}

/* Every message once, under parents that are there, whatever the references say. */
static bool is_whole(const struct thread_tree *t, uint32_t messages)
{
    arena scratch = arena_new((size_t)1 << 30);
    bool *seen = ARENA_ARRAY(&scratch, bool, messages + 1);
    uint32_t n = 0, depth = 0;
    bool good = true;
    for (ptrdiff_t i = 0; i < t->n && good; i++) {
        const struct thread_node *x = &t->node[i];
        good = x->number <= messages && x->depth <= (i ? depth + 1 : 0) && (x->number || x->depth == 0);
        if (x->number) {
            good &= !seen[x->number];
            seen[x->number] = true;
            n++;
        }
        depth = x->depth;
    }
    arena_free(&scratch);
    return good && n == messages;
}

static void test_random_trees(void)
{
    int bad = 0;
    for (int round = 0; round < 2000; round++) {
        arena_reset(&mem);
        struct thread_builder *b = thread_builder_new(&mem, (enum thread_algorithm)roll(3));
        uint32_t n = roll(30);
        for (uint32_t i = 0; i < n; i++) {
            uint64_t refs[6];
            struct thread_entry m = {.id = roll(5) ? 1 + roll(20) : 0, .reference = refs, .n_references = roll(6), .has_subject = true,
                                     .subject = roll(4), .reply = roll(2), .date = roll(5)};
            for (int j = 0; j < 6; j++)
                refs[j] = 1 + roll(25);
            thread_builder_add(b, &m);
        }
        struct thread_tree t = thread_builder_finish(b);
        bad += !is_whole(&t, n);
        thread_builder_free(b);
    }
    is_int(bad, 0, "2,000 random heaps with loops and duplicates: every message once");
}

/* way 0: each answers the one before; 1: the same, last one first; 2: one header that names all; 3: deep loops */
static void test_deep(int way, const char *name)
{
    enum { DEEP = 1000000 };
    arena_reset(&mem);
    double start = seconds();
    struct thread_builder *b = thread_builder_new(&mem, way == 3 ? THREAD_REFS : THREAD_REFERENCES);
    uint64_t *ids = ARENA_ARRAY(&mem, uint64_t, DEEP), back[2];
    for (uint32_t i = 0; i < DEEP; i++)
        ids[i] = thread_id_hash(str_of((const char *)&i, sizeof i));
    for (uint32_t k = 0; k < DEEP; k++) {
        uint32_t i = way == 1 ? DEEP - 1 - k : k;
        struct thread_entry m = {.id = ids[i], .reference = i ? &ids[i - 1] : NULL, .n_references = i > 0, .date = i};
        if (way == 2)
            m = (struct thread_entry){.id = i ? 0 : 1, .reference = ids, .n_references = i ? 0 : DEEP, .date = i};
        if (way == 3 && i % 2) { /* from far below back to the root, again and again */
            back[0] = ids[i - 1];
            back[1] = ids[0];
            m = (struct thread_entry){.id = ids[i], .reference = back, .n_references = 2, .date = i};
        }
        thread_builder_add(b, &m);
    }
    struct thread_tree t = thread_builder_finish(b);
    double took = seconds() - start;
    ok(is_whole(&t, DEEP) && took < 20, "%s", name);
    fprintf(stderr, "# %s: %.2f s, depth %u\n", name, took, t.node[t.n - 1].depth);
    thread_builder_free(b);
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    test_links();
    test_report();
    test_partition();
    test_one_subject();
    test_trees();
    test_random_trees();
    test_deep(0, "a chain of a million");
    test_deep(1, "the same from its end");
    test_deep(2, "one header of a million references");
    test_deep(3, "a million loops");
    return done();
}
