#include "mail-queue/rows.h"

#include "json/json.h"

enum { MOST_COLUMNS = 1000 };

const str row_names[ROW_COLUMNS] = {S("dd_srno"),     S("dd_document"), S("dd_filename"),       S("dd_toEmailid"),  S("dd_ccEmailid"), S("dd_subject"),      S("dd_bodyText"),
                                    S("dd_SendFlag"), S("dd_EmailParamCode"), S("dd_RetryCount"), S("dd_SentDate"), S("dd_BounceReason"), S("dd_LastRetryDate")};

struct row_reader rows_open(int fd, const char *name) { return (struct row_reader){.in = lines_new(fd, LINE_MAX_OCTETS), .name = name}; }

void rows_close(struct row_reader *r) { lines_free(&r->in); }

static enum row_status wrong(const struct row_reader *r, int64_t line, const char *what, struct err *e)
{
    err_set(e, ERR_PARTIAL, "import.row", NULL, "%s, line %lld: %s", r->name, (long long)line, what);
    return ROW_WRONG;
}

static int column_of(str name)
{
    for (int i = 0; i < ROW_COLUMNS; i++)
        if (str_eq_nocase(row_names[i], name))
            return i;
    return -1;
}

/* ---- CSV ------------------------------------------------------------------------------------------------------ */

/* Whether a field within quotes goes on behind the line. */
static bool stays_open(str line, char separator, bool open)
{
    bool begins = !open;
    for (ptrdiff_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (c == '"' && (open || begins))
            open = !open;
        begins = !open && (c == separator || (c == '"' && i + 1 < line.len && line.ptr[i + 1] == '"'));
    }
    return open;
}

/* A record of CSV, which may have line ends within quotes. RFC4180-2: the last one may have no end. */
static enum row_status read_record(struct row_reader *r, arena *a, str *out, int64_t *number, bool *last, struct err *e)
{
    struct buf b = buf_new(a, 0);
    str line;
    bool open = false, first = true;
    do {
        enum line_status status = lines_next(&r->in, &line);
        *last = status != LINE_OK && status != LINE_LONG;
        if (first)
            *number = r->in.number;
        if (status == LINE_END && first)
            return ROW_END;
        if (status == LINE_OK || status == LINE_CUT)
            open = stays_open(line, r->separator ? r->separator : ',', open);
        if (status == LINE_END || (status == LINE_CUT && open))
            return wrong(r, *number, "the quotes of this row do not close", e);
        if (status == LINE_LONG || b.len + line.len > LINE_MAX_OCTETS)
            return wrong(r, *number, "the row is longer than 16 MiB", e);
        if (status == LINE_ERROR)
            return lines_err(&r->in, status, r->name, e) ? ROW_END : ROW_WRONG;
        if (!first)
            buf_byte(&b, '\n');
        buf_put(&b, line);
        first = false;
    } while (open);
    *out = buf_str(&b);
    if (str_ends(*out, S("\r")))
        *out = str_first(*out, out->len - 1);
    return ROW_GOOD;
}

/* One field from *rest on. False: something stands behind its quotes. */
static bool next_field(arena *a, char separator, str *rest, str *out, bool *quoted)
{
    *quoted = rest->len && rest->ptr[0] == '"';
    if (!*quoted) {
        str_cut(*rest, separator, out, rest);
        return true;
    }
    struct buf b = buf_new(a, 64);
    ptrdiff_t i = 1;
    for (; i < rest->len; i++) {
        if (rest->ptr[i] == '"') {
            if (i + 1 >= rest->len || rest->ptr[i + 1] != '"')
                break;
            i++;
        }
        buf_byte(&b, rest->ptr[i]);
    }
    *out = buf_str(&b);
    str behind = str_skip(*rest, i + 1);
    *rest = behind.len ? str_skip(behind, 1) : STR_NONE;
    return !behind.len || behind.ptr[0] == separator;
}

static enum row_status read_names(struct row_reader *r, arena *run, str line, int64_t number, struct err *e)
{
    static const str bom = S("\xEF\xBB\xBF");
    str rest = str_starts(line, bom) ? str_skip(line, bom.len) : line, name;
    bool quoted, any = false;
    r->separator = str_find_byte(rest, ',') >= 0 ? ',' : str_find_byte(rest, ';') >= 0 ? ';' : str_find_byte(rest, '\t') >= 0 ? '\t' : ',';
    r->column = ARENA_ARRAY(run, int, MOST_COLUMNS);
    while (rest.ptr && r->n_columns < MOST_COLUMNS) {
        if (!next_field(run, r->separator, &rest, &name, &quoted))
            return wrong(r, number, "the names of the columns are no CSV", e);
        int column = column_of(str_trim(name));
        any = any || column >= 0;
        if (column < 0)
            prog_note("%s: the column %.*s is left out", r->name, STR_ARG(name));
        r->column[r->n_columns++] = column;
    }
    return any ? ROW_GOOD : wrong(r, number, "the first line names no column like dd_toEmailid", e);
}

static enum row_status read_csv(struct row_reader *r, arena *a, str line, struct row *out, struct err *e)
{
    str rest = line, value;
    bool quoted;
    ptrdiff_t n = 0;
    for (; rest.ptr; n++) {
        if (n == r->n_columns)
            return wrong(r, out->line, "the row has more fields than there are names", e);
        if (!next_field(a, r->separator, &rest, &value, &quoted))
            return wrong(r, out->line, "something stands behind the quotes of a field", e);
        bool null = !quoted && (!value.len || str_eq(value, S("NULL")));
        if (r->column[n] >= 0 && !null)
            out->value[r->column[n]] = value;
    }
    return n == r->n_columns ? ROW_GOOD : wrong(r, out->line, "the row has fewer fields than there are names", e);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------- */

static enum row_status read_json(struct row_reader *r, arena *a, str line, struct row *out, struct err *e)
{
    struct json_fault fault;
    const struct jnode *root = jread(a, line, &fault);
    if (!jread_is(root, JSON_OBJECT))
        return wrong(r, out->line, root ? "not a JSON object" : fault.what, e);
    for (const struct jnode *key = jread_first(root); key; key = jread_next(root, key)) {
        int column = column_of(jread_string(a, key));
        const struct jnode *value = key + 1;
        if (column < 0 || jread_is(value, JSON_NULL))
            continue;
        if (!jread_is(value, JSON_STRING) && !jread_is(value, JSON_NUMBER))
            return wrong(r, out->line, "a column is neither text nor number", e);
        out->value[column] = jread_is(value, JSON_STRING) ? jread_string(a, value) : jread_raw(value);
    }
    return ROW_GOOD;
}

static enum row_status next_json(struct row_reader *r, arena *a, struct row *out, bool *last, struct err *e)
{
    str line;
    enum line_status status = lines_next(&r->in, &line);
    *last = status != LINE_OK && status != LINE_LONG;
    out->line = r->in.number;
    if (status == LINE_END)
        return ROW_END;
    if (!lines_err(&r->in, status, r->name, e))
        return ROW_WRONG;
    return read_json(r, a, str_copy(a, line), out, e);
}

/* A JSON object begins the file, or names do. */
static enum row_status begin(struct row_reader *r, arena *run, arena *a, struct row *out, bool *last, struct err *e)
{
    str line;
    int64_t number;
    r->begun = true;
    enum row_status status = read_record(r, a, &line, &number, last, e);
    if (status != ROW_GOOD)
        return status;
    r->json = str_starts(str_trim(line), S("{"));
    if (r->json) {
        out->line = number;
        return read_json(r, a, line, out, e);
    }
    status = read_names(r, run, line, number, e);
    *last = status != ROW_GOOD;
    return status == ROW_GOOD ? rows_next(r, run, a, out, last, e) : status;
}

enum row_status rows_next(struct row_reader *r, arena *run, arena *a, struct row *out, bool *last, struct err *e)
{
    str line;
    *out = (struct row){0};
    *last = false;
    if (!r->begun)
        return begin(r, run, a, out, last, e);
    if (r->json)
        return next_json(r, a, out, last, e);
    do {
        enum row_status status = read_record(r, a, &line, &out->line, last, e);
        if (status != ROW_GOOD)
            return status;
    } while (!line.len && !*last);
    return line.len ? read_csv(r, a, line, out, e) : ROW_END;
}

/* ---- writing -------------------------------------------------------------------------------------------------- */

void rows_put_names(struct buf *to)
{
    for (int i = 0; i < ROW_COLUMNS; i++) {
        buf_put(to, i ? S(",") : S(""));
        buf_put(to, row_names[i]);
    }
    buf_put(to, S("\r\n"));
}

/* Quoted unless it is plain; what is empty is quoted too, because nothing at all is null. */
static void put_field(struct buf *to, str value)
{
    bool plain = value.len && !str_eq(value, S("NULL"));
    for (ptrdiff_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        plain = plain && c != '"' && c != ',' && c != ';' && c != '\t' && c != '\n' && c != '\r' && c != ' ';
    }
    if (plain || !value.ptr) {
        buf_put(to, value);
        return;
    }
    buf_byte(to, '"');
    for (ptrdiff_t i = 0; i < value.len; i++) {
        if (value.ptr[i] == '"')
            buf_byte(to, '"');
        buf_byte(to, value.ptr[i]);
    }
    buf_byte(to, '"');
}

void rows_put_csv(struct buf *to, const struct row *row)
{
    for (int i = 0; i < ROW_COLUMNS; i++) {
        buf_put(to, i ? S(",") : S(""));
        put_field(to, row->value[i]);
    }
    buf_put(to, S("\r\n"));
}

void rows_put_json(struct buf *to, const struct row *row)
{
    struct jwrite w = {to, false};
    int64_t number;
    jwrite_object(&w);
    jwrite_key(&w, S("type"));
    jwrite_string(&w, S("request"));
    jwrite_key(&w, S("v"));
    jwrite_i64(&w, 1);
    for (int i = 0; i < ROW_COLUMNS; i++) {
        jwrite_key(&w, row_names[i]);
        if ((i == ROW_SRNO || i == ROW_RETRIES) && str_i64(row->value[i], 0, INT64_MAX, &number))
            jwrite_i64(&w, number);
        else
            jwrite_string(&w, row->value[i]);
    }
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}
