/* mail-queue import: rows of another mailer's table into the queue, by way of mail-compose. */
#include "codec/codec.h"
#include "mail-queue/child.h"
#include "mail-queue/rows.h"
#include "mail-queue/verb.h"

#include "date/date.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const struct verb verb = {
    .name = "import",
    .usage = "usage: mail-queue import [-qv] [-s DIR] [-C FILE] [-a ACCOUNT] [--queue NAME] [--files DIR] [--source NAME] [--dry-run] [FILE...]\n"
             "\n"
             "Takes rows into the queue, from CSV with a first line of names (RFC 4180) or a JSON object a line, and prints a submission for each:\n"
             "dd_srno, dd_toEmailid, dd_ccEmailid, dd_subject, dd_bodyText (text or HTML), dd_document (base64 or 0x...), dd_filename,\n"
             "dd_SendFlag (N, Y or F), dd_EmailParamCode, dd_RetryCount, dd_SentDate, dd_BounceReason, dd_LastRetryDate.\n"
             "A row that was imported before, by dd_srno, is printed again, not added again. What is wrong with a row is told with its line.\n"
             "\n"
             "  -a, --account NAME    who sends; else the account named as dd_EmailParamCode, else the first one\n"
             "      --queue NAME      the queue to put them in\n"
             "      --files DIR       where files lie that dd_filename names in rows without dd_document (the current folder)\n"
             "      --source NAME     what tells dd_srno of several tables apart\n"
             "      --dry-run         print what would be added, and add nothing\n"
             "  -s, --store DIR       the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe); made where it is missing\n"
             "  -C, --config FILE     the configuration\n"
             "\n"
             "example: mail-queue import --files /srv/invoices rows.csv\n",
    .max_args = -1,
};

enum { OWN_FILES = VERB_OWN, OWN_SOURCE, BATCH_ROWS = 200, BATCH_OCTETS = 32 << 20, SAID = 4096 /* octets of what mail-compose says where it gives no answers */ };
static const struct prog_name own[] = {{"files", OWN_FILES}, {"source", OWN_SOURCE}, {NULL, 0}};

/* A row on its way through mail-compose. */
struct waiting {
    str key;
    int64_t line;
    struct queue_past past;
    bool taken;
};

struct importing {
    struct verb_call call;
    const char *files, *source, *name; /* name: of the file that is read */
    struct queue_adder *adder;
    arena batch, one;
    struct buf requests;
    struct waiting row[BATCH_ROWS];
    int n;
    bool lost;
    int64_t added, known, refused;
};

static int take_option(struct verb_call *c, int val, const char *arg)
{
    struct importing *x = c->context;
    *(val == OWN_FILES ? &x->files : &x->source) = arg;
    return 0;
}

static void refuse(struct importing *x, int64_t line, const struct err *e)
{
    struct err at;
    x->refused++;
    err_set(&at, ERR_PARTIAL, e->code, e->hint, "%s, line %lld: %s", x->name, (long long)line, e->text);
    prog_error(&at);
}

/* ---- what a row says ------------------------------------------------------------------------------------------- */

static bool wrong(str value, enum row_column column, const char *must, struct err *e)
{
    return err_set(e, ERR_INPUT, "import.value", NULL, "%.*s is %s, not \"%.*s\"", STR_ARG(row_names[column]), must, STR_ARG(value));
}

/* "2026-08-22 10:01:07.123", in TZ, or RFC 3339. */
static bool read_time(const struct row *row, enum row_column column, int64_t *out, struct err *e)
{
    str s = row->value[column];
    int64_t n[6] = {0};
    static const int from[6] = {0, 5, 8, 11, 14, 17}, to[6] = {4, 7, 10, 13, 16, 19};
    if (!s.len || date_parse_3339(s, out, NULL))
        return true;
    bool good = s.len == 10 || (s.len >= 19 && (s.ptr[10] == ' ' || s.ptr[10] == 'T') && (s.len == 19 || s.ptr[19] == '.'));
    for (int i = 0; i < (s.len == 10 ? 3 : 6); i++)
        good = good && str_i64(str_slice(s, from[i], to[i]), 0, 9999, &n[i]);
    good = good && n[1] >= 1 && n[1] <= 12 && n[2] >= 1 && n[2] <= date_month_days((int)n[0], (int)n[1]) && n[3] < 24 && n[4] < 60 && n[5] < 61;
    if (!good)
        return wrong(s, column, "a time like 2026-08-22 10:01:07", e);
    struct tm tm = {.tm_year = (int)n[0] - 1900, .tm_mon = (int)n[1] - 1, .tm_mday = (int)n[2], .tm_hour = (int)n[3], .tm_min = (int)n[4], .tm_sec = (int)n[5], .tm_isdst = -1};
    *out = mktime(&tm);
    return true;
}

static bool read_past(const struct row *row, struct queue_past *out, struct err *e)
{
    str flag = row->value[ROW_FLAG], retries = row->value[ROW_RETRIES];
    *out = (struct queue_past){.reason = row->value[ROW_REASON]};
    if (!flag.len || str_eq_nocase(flag, S("N")))
        out->status = QUEUE_QUEUED;
    else if (str_eq_nocase(flag, S("Y")))
        out->status = QUEUE_SENT;
    else if (str_eq_nocase(flag, S("F")))
        out->status = QUEUE_FAILED;
    else
        return wrong(flag, ROW_FLAG, "N, Y or F", e);
    if (retries.len && !str_i64(retries, 0, 1000000, &out->retries))
        return wrong(retries, ROW_RETRIES, "a number", e);
    return read_time(row, ROW_SENT, &out->sent_at, e) && read_time(row, ROW_LAST_RETRY, &out->last_retry_at, e);
}

static str key_of(struct importing *x, const struct row *row)
{
    if (row->value[ROW_SRNO].len)
        return str_fmt(&x->batch, "%s:%.*s", x->source ? x->source : "dd_srno", STR_ARG(row->value[ROW_SRNO]));
    struct buf b = buf_new(&x->one, 4096);
    rows_put_csv(&b, row);
    return str_fmt(&x->batch, "%s:%.32s", x->source ? x->source : "row", sha256_of(&x->one, buf_str(&b)).ptr);
}

/* ---- a row as a request for mail-compose ------------------------------------------------------------------------ */

static int digit(char c) { return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1; }

/* SQL Server prints binary as 0x…. */
static bool document_of(arena *a, str s, str *out, struct err *e)
{
    *out = s;
    if (!str_starts_nocase(s, S("0x")))
        return true;
    struct buf octets = buf_new(a, s.len / 2), text = buf_new(a, s.len);
    for (ptrdiff_t i = 2; i < s.len; i += 2) {
        int high = digit(s.ptr[i]), low = i + 1 < s.len ? digit(s.ptr[i + 1]) : -1;
        if (high < 0 || low < 0)
            return err_set(e, ERR_INPUT, "import.value", NULL, "dd_document begins with 0x and is not hexadecimal");
        buf_byte(&octets, (char)(high << 4 | low));
    }
    base64_encode(buf_str(&octets), 0, &text);
    *out = buf_str(&text);
    return true;
}

/* A row names a file of the folder, never another one. */
static bool path_of(struct importing *x, str name, str *out, struct err *e)
{
    str rest = name, part;
    bool good = !str_starts(name, S("/"));
    while (good && rest.len) {
        str_cut(rest, '/', &part, &rest);
        good = !str_eq(part, S(".."));
    }
    *out = str_fmt(&x->one, "%s/%.*s", x->files ? x->files : ".", STR_ARG(name));
    return good || err_set(e, ERR_INPUT, "import.file", "give --files the folder", "dd_filename \"%.*s\" leads out of the folder", STR_ARG(name));
}

static void put_text(struct jwrite *w, str key, str value)
{
    if (!value.ptr)
        return;
    jwrite_key(w, key);
    jwrite_string(w, value);
}

static bool put_file(struct importing *x, struct jwrite *w, const struct row *row, struct err *e)
{
    str document = row->value[ROW_DOCUMENT], name = row->value[ROW_FILENAME], path;
    if (document.len) {
        put_text(w, row_names[ROW_FILENAME], name);
        if (!document_of(&x->one, document, &document, e))
            return false;
        put_text(w, row_names[ROW_DOCUMENT], document);
        return true;
    }
    if (!name.len)
        return true;
    if (!path_of(x, name, &path, e))
        return false;
    jwrite_key(w, S("attachments"));
    jwrite_string(w, path);
    return true;
}

/* Lists of the table are separated by commas or semicolons. */
static str with_commas(arena *a, str list)
{
    struct buf b = buf_new(a, list.len + 1);
    if (!list.ptr)
        return list;
    bool quoted = false;
    for (ptrdiff_t i = 0; i < list.len; i++) {
        quoted ^= list.ptr[i] == '"';
        buf_byte(&b, list.ptr[i] == ';' && !quoted ? ',' : list.ptr[i]);
    }
    while (b.len && (b.ptr[b.len - 1] == ',' || b.ptr[b.len - 1] == ' '))
        b.len--;
    return buf_str(&b);
}

static bool put_request(struct importing *x, const struct row *row, str key, struct err *e)
{
    const struct verb_call *c = &x->call;
    struct jwrite w = {&x->requests, false};
    str profile = row->value[ROW_PROFILE];
    jwrite_object(&w);
    put_text(&w, S("key"), key);
    if (c->accounts.n)
        put_text(&w, S("account"), c->accounts.item[0]);
    else if (profile.len && config_has_account(&c->config, profile))
        put_text(&w, S("account"), profile);
    if (c->queues.n)
        put_text(&w, S("queue"), c->queues.item[0]);
    put_text(&w, row_names[ROW_SRNO], row->value[ROW_SRNO]);
    put_text(&w, row_names[ROW_PROFILE], profile);
    put_text(&w, row_names[ROW_TO], with_commas(&x->one, row->value[ROW_TO]));
    put_text(&w, row_names[ROW_CC], with_commas(&x->one, row->value[ROW_CC]));
    put_text(&w, row_names[ROW_SUBJECT], row->value[ROW_SUBJECT]);
    put_text(&w, row_names[ROW_BODY], row->value[ROW_BODY].ptr ? row->value[ROW_BODY] : S(""));
    jwrite_key(&w, S("noSignature"));
    jwrite_bool(&w, true);
    if (!put_file(x, &w, row, e))
        return false;
    jwrite_end_object(&w);
    buf_byte(&x->requests, '\n');
    return true;
}

/* ---- a batch through mail-compose into the queue ------------------------------------------------------------------ */

static bool add(struct importing *x, struct waiting *row, const struct submission *m)
{
    struct err e;
    enum queue_taken_in taken = queue_add(x->adder, m, &e);
    row->taken = taken == QUEUE_ADDED || taken == QUEUE_KNOWN;
    switch (taken) {
    case QUEUE_KNOWN: x->known++; return true;
    case QUEUE_REFUSED: refuse(x, row->line, &e); return true;
    case QUEUE_LOST: break;
    case QUEUE_ADDED:
        x->added++;
        bool plain = row->past.status == QUEUE_QUEUED && !row->past.retries && !row->past.last_retry_at && !row->past.reason.len;
        if (plain || queue_set_past(x->call.store, row->key, &row->past, &e))
            return true;
    }
    prog_error(&e);
    return false;
}

static bool take_answer(struct importing *x, struct waiting *row, str line)
{
    struct record r;
    struct err e;
    if (!record_read_types(&x->one, line, "mail-compose", row->line, RECORD_BIT(RECORD_SUBMISSION) | RECORD_BIT(RECORD_ERROR), &r, &e)) {
        refuse(x, row->line, &e);
    } else if (r.type == RECORD_ERROR) {
        refuse(x, row->line, &r.error);
    } else {
        r.submission.key = row->key;
        return add(x, row, &r.submission);
    }
    return true;
}

/* It prints a line for each request, in their order. */
static int take_answers(struct importing *x, int fd)
{
    struct lines in = lines_new(fd, LINE_MAX_OCTETS);
    str line;
    int n = 0;
    while (!x->lost && n < x->n && lines_next(&in, &line) == LINE_OK) {
        arena_reset(&x->one);
        x->lost = !take_answer(x, &x->row[n++], line);
    }
    lines_free(&in);
    return n;
}

/* As they stand in the queue: what was sent there is sent here. */
static bool print_rows(struct importing *x, struct err *e)
{
    for (int i = 0; i < x->n; i++) {
        struct ids ids;
        arena_reset(&x->one);
        struct buf lines = buf_new(&x->one, 1024);
        if (!x->row[i].taken)
            continue;
        if (!queue_resolve(&x->one, x->call.store, x->row[i].key, &ids, e) || !queue_lines(x->call.store, ids.item, ids.n, false, &lines, e))
            return false;
        out_put(&x->call.out, buf_str(&lines));
    }
    return true;
}

static bool commit(struct importing *x)
{
    struct err e;
    str lines;
    bool good;
    if (x->call.dry_run) {
        good = queue_add_forget(x->adder, &lines);
        out_put(&x->call.out, lines);
    } else {
        good = queue_add_commit(x->adder, &lines, &e) && print_rows(x, &e);
    }
    if (!good)
        prog_error(&e);
    out_flush(&x->call.out);
    return good;
}

/* What it said instead of answers: it has no configuration, or is not there. */
static void tell_silence(struct importing *x, int messages)
{
    char text[SAID];
    ptrdiff_t n = lseek(messages, 0, SEEK_SET) == 0 ? fd_read_full(messages, text, sizeof text) : 0;
    str said = str_trim(str_of(text, n > 0 ? n : 0));
    prog_warn("%s: mail-compose ended early%s%.*s", x->name, said.len ? ": " : "", STR_ARG(said));
    prog_outcome(ERR_CONFIG);
    x->lost = true;
}

static bool flush(struct importing *x)
{
    struct child child;
    struct err e;
    str store = store_dir(x->call.store);
    char *options[] = {"--json", "-s", str_z(&x->batch, store), "--raw"};
    int messages = memfd_create("messages", MFD_CLOEXEC);
    struct child_command command = {.name = "mail-compose", .config = x->call.config_path, .options = options, .n_options = x->call.dry_run ? 4 : 3, .err = messages};
    if (x->n && messages >= 0 && child_start(&child, &command, &e) && child_feed(&child, buf_str(&x->requests), &e)) {
        int answers = take_answers(x, child.out);
        child_end(&child);
        if (answers < x->n && !x->lost)
            tell_silence(x, messages);
        x->lost = !commit(x) || x->lost;
    } else if (x->n) {
        if (messages < 0)
            err_errno(&e, ERR_LATER, "import.memory", "", "cannot keep what mail-compose says");
        prog_error(&e);
        x->lost = true;
    }
    if (messages >= 0)
        close(messages);
    x->n = 0;
    arena_reset(&x->batch);
    x->requests = buf_new(&x->batch, 1 << 16);
    return !x->lost;
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static str kept(struct importing *x, str s) { return s.ptr ? str_copy(&x->batch, s) : STR_NONE; }

/* Imported before. */
static bool is_known(struct importing *x, str key, struct err *e)
{
    struct ids ids;
    if (!queue_resolve(&x->one, x->call.store, key, &ids, e))
        return false;
    struct buf lines = buf_new(&x->one, 1024);
    if (!queue_lines(x->call.store, ids.item, ids.n, false, &lines, e))
        return false;
    out_put(&x->call.out, buf_str(&lines));
    x->known++;
    return true;
}

static bool take_row(struct importing *x, const struct row *row)
{
    struct waiting *w = &x->row[x->n];
    struct err e;
    ptrdiff_t before = x->requests.len;
    *w = (struct waiting){.key = key_of(x, row), .line = row->line};
    if (!read_past(row, &w->past, &e) || !put_request(x, row, w->key, &e)) {
        x->requests.len = before;
        refuse(x, row->line, &e);
        return true;
    }
    w->past.reason = kept(x, w->past.reason);
    if (is_known(x, w->key, &e)) {
        x->requests.len = before;
        return true;
    }
    x->n++;
    return x->n < BATCH_ROWS && x->requests.len < BATCH_OCTETS ? true : flush(x);
}

static void import_from(struct importing *x, int fd, const char *name)
{
    struct row_reader r = rows_open(fd, name);
    bool last = false;
    x->name = name;
    while (!last && !x->lost && !prog_stopping() && out_good(&x->call.out)) {
        struct row row;
        struct err e;
        arena_reset(&x->one);
        enum row_status status = rows_next(&r, &x->call.mem, &x->one, &row, &last, &e);
        if (status == ROW_END)
            break;
        if (status == ROW_GOOD) {
            take_row(x, &row);
            continue;
        }
        x->refused++;
        prog_error(&e);
    }
    if (!x->lost)
        flush(x);
    rows_close(&r);
}

static void import_file(struct importing *x, const char *path)
{
    struct err e;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        err_errno(&e, ERR_MISSING, "import.file", NULL, "cannot read %s", path);
        prog_error(&e);
        return;
    }
    import_from(x, fd, path);
    close(fd);
}

int import_main(const char *dir, int argc, char **argv)
{
    static struct importing x;
    struct verb_call *c = &x.call;
    struct verb v = verb;
    struct err e;
    int code;
    v.more = own;
    v.own = take_option;
    if (!verb_begin(&v, c, &x, dir, argc, argv, &code))
        return code;
    prog_signals(true);
    if (!verb_config(c) || !verb_open(c, STORE_WRITE))
        return verb_end(c);
    x.adder = queue_adder_new(&c->mem, c->store, verb_patience, c, &e);
    if (!x.adder)
        return verb_fail(c, &e);
    x.batch = arena_new((size_t)1 << 32);
    x.one = arena_new((size_t)1 << 32);
    x.requests = buf_new(&x.batch, 1 << 16);
    if (c->n_args == 0)
        import_from(&x, 0, "stdin");
    for (int i = 0; i < c->n_args && !x.lost; i++)
        import_file(&x, c->args[i]);
    if (prog_stopping())
        prog_outcome(ERR_LATER);
    prog_note("%lld added, %lld known, %lld refused", (long long)x.added, (long long)x.known, (long long)x.refused);
    queue_adder_end(x.adder);
    return verb_end(c);
}
