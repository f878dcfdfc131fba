/* Search over a store of made-up rows: random queries against a plain evaluation of the same tree, and pages of hits. */
#include "store/db.h"
#include "store/fulltext.h"
#include "store/search.h"

#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

enum { EMAILS = 600, QUERIES = 3000, NOW = 1787918400, DAY = 86400 };

static arena mem, scratch;
static struct store *store;

/* ---- a small random world --------------------------------------------------------------------------- */

static uint64_t seed = 20260828;

static int below(int n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (int)((seed >> 33) % (uint64_t)n);
}

static const char *const vocabulary[] = {"alpha", "beta", "gamma", "delta", "epsilon", "invoice", "invoices", "report", "alphabet", "zeta"};
static const char *const tags[] = {"billing", "Work", "work-later", "todo"};
static const char *const mailboxes[] = {"INBOX", "Archive", "Archive/2026", "Sent"};
static const char *const lists[] = {"users.example.com", "Dev.example.com"};
static const char *const categories[] = {"bill", "Newsletter"};
static const char *const flags[] = {"$seen", "$flagged", "$answered", "$draft"};
#define COUNT(table) (int)(sizeof table / sizeof *table)

enum { WORD_FIELDS = QUERY_FILENAME - QUERY_FROM + 1 };

static struct made {
    int64_t id, received_at, size;
    str words[WORD_FIELDS]; /* by field, from QUERY_FROM on */
    bool tag[COUNT(tags)], mailbox[COUNT(mailboxes)], flag[COUNT(flags)];
    int account, list, category, thread, importance; /* -1: none */
    bool attachment, reply, automatic, gone;
} made[EMAILS];

static const char *const importances[] = {"low", "normal", "high"};

static str words(int most)
{
    struct buf b = buf_new(&mem, 64);
    for (int n = below(most + 1); n > 0; n--) {
        buf_put(&b, str_c(vocabulary[below(COUNT(vocabulary))]));
        buf_put(&b, below(4) ? S(" ") : S(", "));
    }
    return buf_str(&b);
}

static struct made make(int64_t id)
{
    struct made m = {.id = id, .received_at = NOW - below(40) * DAY / 2 - below(3), .size = below(20) * 1000};
    for (int i = 0; i < WORD_FIELDS; i++)
        m.words[i] = words(i == QUERY_BODY - QUERY_FROM ? 8 : 3);
    for (int i = 0; i < COUNT(tags); i++)
        m.tag[i] = below(4) == 0;
    for (int i = 0; i < COUNT(mailboxes); i++)
        m.mailbox[i] = below(3) == 0;
    for (int i = 0; i < COUNT(flags); i++)
        m.flag[i] = below(2);
    m.account = below(2);
    m.list = below(4) - 2;
    m.category = below(4) - 2;
    m.thread = below(50);
    m.importance = below(4) - 1;
    m.attachment = below(3) == 0;
    m.reply = below(3) == 0;
    m.automatic = below(5) == 0;
    m.gone = below(20) == 0;
    return m;
}

static void run(const char *sql, const char *types, int64_t a, str b)
{
    struct err e;
    bool good = types[0] ? types[1] ? db_run(store, &e, sql, types, a, b) : db_run(store, &e, sql, types, a) : db_script(store, sql, &e);
    if (!good) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
}

static str json_words(str s) { return str_fmt(&mem, s.len ? "[{\"name\":\"%.*s\"}]" : "null", STR_ARG(s)); }

static void insert(const struct made *m)
{
    struct err e;
    static const char record_form[] = "{\"subject\":\"%.*s\",\"cc\":%.*s,\"bcc\":%.*s,\"inReplyTo\":%s,\"autoSubmitted\":\"%s\","
                                      "\"attachments\":%.*s,\"from\":[{\"name\":\"N%d\"}]}";
    str record = str_fmt(&mem, record_form, STR_ARG(m->words[QUERY_SUBJECT - QUERY_FROM]), STR_ARG(json_words(m->words[QUERY_CC - QUERY_FROM])),
                         STR_ARG(json_words(m->words[QUERY_BCC - QUERY_FROM])), m->reply ? "[\"x@y\"]" : "null", m->automatic ? "auto-replied" : "no",
                         STR_ARG(json_words(m->words[QUERY_FILENAME - QUERY_FROM])), (int)m->id);
    str list = m->list < 0 ? STR_NONE : str_c(lists[m->list]), category = m->category < 0 ? STR_NONE : str_c(categories[m->category]);
    str importance = m->importance < 0 ? STR_NONE : str_c(importances[m->importance]);
    int64_t from = m->thread % 7 + 1;
    bool good = db_run(store, &e,
                       "INSERT INTO email (id, account_id, blob_id, size, received_at, thread, message_id, from_id, list_id, importance, direction,"
                       " category, has_attachment, seen, flagged, answered, draft, extraction, index_digest, created_at, updated_at)"
                       " VALUES (?, ?, randomblob(32), ?, ?, ?, ?, ?, ?, ?, 'inbound', ?, ?, ?, ?, ?, ?, 1, 0, 0, 0)",
                       "iiiiisisssiiiii", m->id, (int64_t)m->account + 1, m->size, m->received_at, (int64_t)m->thread + 1,
                       str_fmt(&mem, "m%d@example.com", (int)m->id), from, list, importance, category, (int64_t)m->attachment, (int64_t)m->flag[0],
                       (int64_t)m->flag[1], (int64_t)m->flag[2], (int64_t)m->flag[3]);
    str text[WORD_FIELDS];
    for (int i = 0; i < WORD_FIELDS; i++)
        text[i] = text_for_index(&mem, m->words[i]);
    good = good && db_run(store, &e,
                          "INSERT INTO email_text (rowid, \"from\", \"to\", cc, bcc, subject, body, filename) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                          "isssssss", m->id, text[0], text[1], text[2], text[3], text[4], text[5], text[6]);
    if (!good) {
        printf("Bail out! %s\n", e.text);
        exit(1);
    }
    run("INSERT INTO email_record (id, split, record) VALUES (?, 0, ?)", "is", m->id, record);
    for (int i = 0; i < COUNT(tags); i++)
        if (m->tag[i])
            run("INSERT INTO email_keyword (email_id, keyword) VALUES (?, ?)", "is", m->id, str_c(tags[i]));
    for (int i = 0; i < COUNT(mailboxes); i++)
        if (m->mailbox[i])
            run("INSERT INTO email_mailbox (email_id, mailbox_id) VALUES (?, (SELECT min(id) FROM mailbox WHERE name = ?))", "is", m->id,
                str_c(mailboxes[i]));
    if (m->gone) /* its entry in the full text stays */
        run("DELETE FROM email WHERE id = ?", "i", m->id, STR_NONE);
}

static void fill(void)
{
    run("BEGIN IMMEDIATE", "", 0, STR_NONE);
    run("INSERT INTO account (id, name) VALUES (1, 'support'), (2, 'Sales')", "", 0, STR_NONE);
    for (int i = 0; i < COUNT(mailboxes); i++)
        run("INSERT INTO mailbox (account_id, name) VALUES (?, ?)", "is", 1, str_c(mailboxes[i]));
    for (int i = 1; i <= 7; i++)
        run("INSERT INTO address (id, email) VALUES (?, ?)", "is", i, str_fmt(&mem, "a%d@example.com", i));
    for (int i = 0; i < EMAILS; i++) {
        made[i] = make(i + 1);
        insert(&made[i]);
    }
    run("COMMIT", "", 0, STR_NONE);
}

/* ---- the plain evaluation --------------------------------------------------------------------------- */

static bool is_word_char(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

static struct strs split(str s)
{
    struct strs list = {0};
    for (ptrdiff_t i = 0; i < s.len;) {
        ptrdiff_t start = i;
        while (i < s.len && is_word_char(s.ptr[i]))
            i++;
        if (i > start)
            strs_add(&scratch, &list, str_slice(s, start, i));
        else
            i++;
    }
    return list;
}

static bool has_words(str text, const struct query *q)
{
    struct strs have = split(text), want = split(q->text);
    for (ptrdiff_t at = 0; at + want.n <= have.n; at++) {
        ptrdiff_t n = 0;
        while (n < want.n && (q->prefix && n == want.n - 1 ? str_starts(have.item[at + n], want.item[n]) : str_eq(have.item[at + n], want.item[n])))
            n++;
        if (n == want.n)
            return true;
    }
    return false;
}

static bool equals(const char *value, const struct query *q)
{
    return q->prefix ? str_starts_nocase(str_c(value), q->text) : str_eq_nocase(str_c(value), q->text);
}

static bool any_equals(const char *const *names, const bool *has, int n, const struct query *q)
{
    for (int i = 0; i < n; i++)
        if (has[i] && equals(names[i], q))
            return true;
    return false;
}

static bool value_matches(const struct made *m, const struct query *q)
{
    static const char *const accounts[] = {"support", "Sales"};
    switch (q->field) {
    case QUERY_TAG: return any_equals(tags, m->tag, COUNT(tags), q) || any_equals(flags, m->flag, COUNT(flags), q);
    case QUERY_MAILBOX: return any_equals(mailboxes, m->mailbox, COUNT(mailboxes), q);
    case QUERY_ACCOUNT: return equals(accounts[m->account], q);
    case QUERY_LIST: return m->list >= 0 && equals(lists[m->list], q);
    case QUERY_CATEGORY: return m->category >= 0 && equals(categories[m->category], q);
    case QUERY_IMPORTANCE: return m->importance >= 0 && equals(importances[m->importance], q);
    case QUERY_DIRECTION: return equals("inbound", q);
    case QUERY_MSGID: return str_eq(q->text, str_fmt(&scratch, "m%d@example.com", (int)m->id));
    case QUERY_THREAD: {
        int64_t other = 0;
        if (!str_i64(str_slice(q->text, 1, str_find_byte(q->text, '@')), 1, EMAILS, &other))
            return false;
        return !made[other - 1].gone && made[other - 1].thread == m->thread;
    }
    default: return q->number == m->id;
    }
}

static bool is_present(const struct made *m, enum query_field field)
{
    switch (field) {
    case QUERY_ATTACHMENT: return m->attachment;
    case QUERY_LIST: return m->list >= 0;
    case QUERY_CATEGORY: return m->category >= 0;
    case QUERY_TAG: return m->tag[0] || m->tag[1] || m->tag[2] || m->tag[3];
    case QUERY_PARENT: return m->reply;
    case QUERY_AUTOMATIC: return m->automatic;
    default: return m->words[field - QUERY_FROM].len > 0;
    }
}

static bool matches(const struct made *m, const struct query *q)
{
    bool found = false;
    switch (q->op) {
    case QUERY_ALL: return true;
    case QUERY_NOT: return !matches(m, q->child);
    case QUERY_AND:
        for (const struct query *child = q->child; child; child = child->next)
            if (!matches(m, child))
                return false;
        return true;
    case QUERY_OR:
        for (const struct query *child = q->child; child; child = child->next)
            found |= matches(m, child);
        return found;
    case QUERY_WORDS:
        for (int i = 0; i < WORD_FIELDS; i++)
            found |= (q->field == QUERY_ANYWHERE || (int)q->field == i + QUERY_FROM) && has_words(m->words[i], q);
        return found;
    case QUERY_EQUALS: return value_matches(m, q);
    case QUERY_PRESENT: return is_present(m, q->field);
    default: {
        int64_t value = q->field == QUERY_SIZE ? m->size : m->received_at;
        return q->min <= value && value <= q->max;
    }
    }
}

/* ---- random queries --------------------------------------------------------------------------------- */

static const char *const word_fields[] = {"", "", "", "from:", "to:", "cc:", "bcc:", "subject:", "body:", "filename:"};
static const char *const whole_terms[] = {
    "tag:BILLING", "tag:work*", "tag:none", "tag:*", "tag:$flagged", "is:unread", "is:read", "is:draft", "is:answered", "-is:flagged",
    "mailbox:inbox", "mailbox:archive*", "mailbox:Sent", "mailbox:Nowhere", "account:SUPPORT", "account:sal*", "list:dev.example.com", "list:u*", "has:list",
    "category:newsletter", "category:b*", "category:*", "importance:high", "is:important", "direction:inbound", "is:outbound", "has:attachment",
    "has:cc", "has:bcc", "has:subject", "has:filename", "is:reply", "is:automatic", "larger:10K", "smaller:5000", "larger:0", "smaller:0",
    "newer:5d", "older:5d", "after:2026-08-20", "before:2026-08-20", "date:2026-08-15..2026-08-20", "date:today", "*", "tag:$draft",
};

static void put_words(struct buf *b)
{
    buf_put(b, str_c(word_fields[below(COUNT(word_fields))]));
    const char *word = vocabulary[below(COUNT(vocabulary))];
    switch (below(6)) {
    case 0: buf_fmt(b, "\"%s %s\"", word, vocabulary[below(COUNT(vocabulary))]); break;
    case 1: buf_fmt(b, "%.4s*", word); break;
    case 2: buf_fmt(b, "\"%s %.3s\"*", word, vocabulary[below(COUNT(vocabulary))]); break;
    case 3: buf_fmt(b, "%s-%s", word, vocabulary[below(COUNT(vocabulary))]); break;
    default: buf_put(b, str_c(word)); break;
    }
}

static void put_term(struct buf *b)
{
    int kind = below(12);
    if (kind < 5)
        put_words(b);
    else if (kind == 5)
        buf_fmt(b, "id:%d", below(EMAILS) + 1);
    else if (kind == 6)
        buf_fmt(b, "msgid:m%d@example.com", below(EMAILS) + 1);
    else if (kind == 7)
        buf_fmt(b, "thread:m%d@example.com", below(EMAILS) + 1);
    else
        buf_put(b, str_c(whole_terms[below(COUNT(whole_terms))]));
}

static void put_query(struct buf *b, int levels)
{
    if (levels == 0 || below(4) == 0) {
        buf_put(b, below(5) ? S("") : S("-"));
        put_term(b);
        return;
    }
    const char *join = below(2) ? " " : " or ";
    buf_put(b, below(5) ? S("(") : S("-("));
    for (int i = 0, n = 2 + below(3); i < n; i++) {
        buf_put(b, i ? str_c(join) : S(""));
        put_query(b, levels - 1);
    }
    buf_byte(b, ')');
}

/* ---- the checks ------------------------------------------------------------------------------------- */

static struct query *parsed(str text)
{
    struct query_fault fault;
    struct query *q = query_parse(&scratch, text, NOW, &fault);
    if (!q) {
        printf("Bail out! %.*s: %s\n", STR_ARG(text), fault.text);
        exit(1);
    }
    return q;
}

static struct search_hits found(str text, int64_t limit, const struct search_place *after, bool *good)
{
    struct err e = {0};
    struct search_hits hits = {0};
    struct search want = {.query = parsed(text), .limit = limit, .after = after};
    *good = store_search(&scratch, store, &want, &hits, &e);
    if (!*good)
        fprintf(stderr, "#     %s\n", e.text);
    return hits;
}

static bool same_as_plain(str text)
{
    bool good;
    struct search_hits hits = found(text, -1, NULL, &good);
    bool *has = ARENA_ARRAY(&scratch, bool, EMAILS);
    for (ptrdiff_t i = 0; i < hits.ids.n; i++) {
        good &= !has[hits.ids.item[i] - 1];
        has[hits.ids.item[i] - 1] = true;
        good &= i == 0 || made[hits.ids.item[i - 1] - 1].received_at >= made[hits.ids.item[i] - 1].received_at;
    }
    struct query *q = parsed(text);
    for (int i = 0; i < EMAILS; i++) {
        bool want = !made[i].gone && matches(&made[i], q);
        if (want != has[i])
            fprintf(stderr, "#     %d is %s\n", i + 1, want ? "missing" : "too many");
        good &= want == has[i];
    }
    return good;
}

/* Pages of any size, put together, are the whole. */
static bool same_in_pages(str text)
{
    bool good, more = true;
    struct search_hits all = found(text, -1, NULL, &good);
    struct search_place after = {0};
    ptrdiff_t n = 0;
    for (bool first = true; more && good; first = false) {
        struct search_hits page = found(text, 1 + below(50), first ? NULL : &after, &good);
        good &= (page.ids.n > 0 || first) && n + page.ids.n <= all.ids.n;
        for (ptrdiff_t i = 0; i < page.ids.n && good; i++)
            good &= page.ids.item[i] == all.ids.item[n++];
        more = page.more;
        good &= !more || search_place_read(search_place_write(&scratch, &page.next), &after);
        good &= after.received_at == page.next.received_at || !more;
    }
    return good && n == all.ids.n;
}

static void random_queries(void)
{
    int wrong = 0, wrong_pages = 0;
    int64_t hits = 0;
    for (int i = 0; i < QUERIES && wrong + wrong_pages < 5; i++) {
        arena_reset(&scratch);
        struct buf b = buf_new(&scratch, 256);
        put_query(&b, below(i % 100 == 0 ? 8 : 4));
        str text = str_copy(&mem, buf_str(&b));
        bool good;
        hits += found(text, -1, NULL, &good).ids.n > 0;
        if (!same_as_plain(text) && ++wrong)
            fprintf(stderr, "#     %.*s\n", STR_ARG(text));
        else if (i % 10 == 0 && !same_in_pages(text) && ++wrong_pages)
            fprintf(stderr, "#     pages of %.*s\n", STR_ARG(text));
    }
    is_int(wrong, 0, "%d random queries find what a plain evaluation finds", QUERIES);
    is_int(wrong_pages, 0, "and in pages the same");
    ok(hits > QUERIES / 3, "%lld of them find something", (long long)hits);
}

/* The largest trees that the parser lets through: SQLite's and FTS5's own limits must not show. */
static void largest(void)
{
    static const char *const units[] = {"alpha ", "tag:work ", "-is:read ", "larger:1 ", "alpha or ", "tag:todo or ", "is:read or ", "-alpha or ", "id:7 or "};
    for (int u = 0; u < COUNT(units); u++) {
        arena_reset(&scratch);
        struct buf b = buf_new(&scratch, 4096);
        for (int i = 1; i < QUERY_TERMS; i++)
            buf_put(&b, str_c(units[u]));
        buf_put(&b, S("zeta"));
        ok(same_as_plain(buf_str(&b)), "%d times %s", QUERY_TERMS - 1, units[u]);
    }
    static const char *const nests[] = {"-(alpha or beta ", "-(alpha -beta or gamma ", "(is:read or tag:work -", "-(larger:1K or is:read -is:draft ", "(alpha or is:read -("};
    for (int u = 0; u < COUNT(nests); u++) {
        arena_reset(&scratch);
        struct buf b = buf_new(&scratch, 4096);
        int each = u == COUNT(nests) - 1 ? 2 : 1;
        for (int i = 0; i < QUERY_DEPTH / each; i++)
            buf_put(&b, str_c(nests[u]));
        buf_put(&b, S("zeta"));
        for (int i = 0; i < QUERY_DEPTH; i++)
            buf_byte(&b, ')');
        ok(same_as_plain(buf_str(&b)), "nested %s", nests[u]);
    }
}

static void places(void)
{
    struct search_place p;
    ok(search_place_read(S("2026-08-28T12:00:00Z,00ff00000000abcd,17"), &p), "a place is read");
    is_int(p.id, 17, "its id");
    is_str(search_place_write(&scratch, &p), S("2026-08-28T12:00:00Z,00ff00000000abcd,17"), "and written the same");
    static const char *const wrong[] = {"", "x", "2026-08-28T12:00:00Z,00ff00000000abcd", "2026-08-28T12:00:00Z,00ff00000000abcD,1",
                                        "2026-08-28T12:00:00Z,00ff00000000abcd,-1", "2026-08-28,00ff00000000abcd,1", "2026-08-28T12:00:00Z,0f,1"};
    for (int i = 0; i < COUNT(wrong); i++)
        ok(!search_place_read(str_c(wrong[i]), &p), "no place: %s", wrong[i]);
}

static void senders(const char *text)
{
    struct err e;
    struct senders got = {0};
    struct search want = {.query = parsed(str_c(text)), .limit = -1};
    bool good = store_senders(&scratch, store, &want, &got, &e) && got.n <= 7;
    int64_t count[8] = {0}, last = INT64_MAX;
    for (int i = 0; i < EMAILS; i++)
        count[made[i].thread % 7 + 1] += !made[i].gone && matches(&made[i], want.query);
    for (ptrdiff_t i = 0; i < got.n; i++) {
        good &= got.item[i].emails == count[got.item[i].address] && got.item[i].emails <= last;
        last = got.item[i].emails;
        count[got.item[i].address] = 0;
    }
    for (int i = 0; i < 8; i++)
        good &= count[i] == 0;
    struct buf lines = buf_new(&scratch, 256);
    good &= store_sender_lines(store, got.item, got.n, &lines, &e);
    ok(good && (got.n == 0) == (lines.len == 0), "senders of %s", text);
}

int main(void)
{
    mem = arena_new((size_t)1 << 32);
    scratch = arena_new((size_t)1 << 32);
    setenv("TZ", "UTC", 1);
    char dir[] = "/tmp/mailpipe-unit.XXXXXX";
    if (!mkdtemp(dir))
        return 75;
    struct err e;
    store = store_open(&mem, str_z(&mem, str_fmt(&mem, "%s/store", dir)), STORE_WRITE, &e);
    if (!store) {
        printf("Bail out! %s\n", e.text);
        return 1;
    }
    fill();
    places();
    random_queries();
    largest();
    senders("*");
    senders("alpha or beta");
    senders("none-such");
    store_close(store);
    (void)!system(str_z(&mem, str_fmt(&mem, "rm -rf %s", dir)));
    return done();
}
