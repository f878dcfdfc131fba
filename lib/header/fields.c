/* From text to fields, and from names to fields. */
#include "header/header.h"

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* Names by length: few of them share one. */
static const struct known {
    const char *name;
    enum header_name id;
} known[] = {
    {"to", HEADER_TO}, {"cc", HEADER_CC}, {"bcc", HEADER_BCC}, {"from", HEADER_FROM}, {"date", HEADER_DATE},
    {"sender", HEADER_SENDER}, {"status", HEADER_STATUS}, {"x-loop", HEADER_X_LOOP},
    {"subject", HEADER_SUBJECT}, {"list-id", HEADER_LIST_ID},
    {"received", HEADER_RECEIVED}, {"reply-to", HEADER_REPLY_TO}, {"priority", HEADER_PRIORITY}, {"x-status", HEADER_X_STATUS},
    {"list-post", HEADER_LIST_POST}, {"list-help", HEADER_LIST_HELP},
    {"message-id", HEADER_MESSAGE_ID}, {"references", HEADER_REFERENCES}, {"importance", HEADER_IMPORTANCE},
    {"precedence", HEADER_PRECEDENCE}, {"content-id", HEADER_CONTENT_ID}, {"x-priority", HEADER_X_PRIORITY},
    {"in-reply-to", HEADER_IN_REPLY_TO}, {"return-path", HEADER_RETURN_PATH}, {"x-autoreply", HEADER_X_AUTOREPLY},
    {"content-type", HEADER_CONTENT_TYPE}, {"mime-version", HEADER_MIME_VERSION}, {"delivered-to", HEADER_DELIVERED_TO},
    {"x-autorespond", HEADER_X_AUTORESPOND}, {"auto-submitted", HEADER_AUTO_SUBMITTED},
    {"list-unsubscribe", HEADER_LIST_UNSUBSCRIBE}, {"content-language", HEADER_CONTENT_LANGUAGE},
    {"content-location", HEADER_CONTENT_LOCATION}, {"x-msmail-priority", HEADER_X_MSMAIL_PRIORITY},
    {"content-disposition", HEADER_CONTENT_DISPOSITION}, {"content-description", HEADER_CONTENT_DESCRIPTION},
    {"list-unsubscribe-post", HEADER_LIST_UNSUBSCRIBE_POST}, {"content-transfer-encoding", HEADER_CONTENT_TRANSFER_ENCODING},
    {"x-auto-response-suppress", HEADER_X_AUTO_RESPONSE_SUPPRESS},
};

/* Index of the first known name of each length; the table above is not sorted by it where it ends. */
static const uint8_t first_of[18] = {0, 0, 0, 2, 3, 0, 5, 8, 10, 14, 16, 22, 25, 28, 29, 0, 30, 33};

static enum header_name id_of(str name)
{
    enum { KNOWN = sizeof known / sizeof *known, TAIL = 34 };
    if (name.len < 2 || name.len > 25)
        return HEADER_OTHER;
    char first = (char)(name.ptr[0] | 32);
    size_t i = name.len < 18 ? first_of[name.len] : TAIL;
    for (; i < KNOWN; i++) {
        size_t length = strlen(known[i].name);
        if (name.len < 18 && length != (size_t)name.len)
            break;
        if (known[i].name[0] == first && str_eq_nocase(str_of(known[i].name, (ptrdiff_t)length), name))
            return known[i].id;
    }
    return HEADER_OTHER;
}

struct reader {
    arena *mem;
    struct header *h;
    ptrdiff_t cap;
    bool many;
};

static void add_defect(struct reader *r, const char *code, ptrdiff_t offset)
{
    struct header *h = r->h;
    if (h->n_defects == HEADER_DEFECTS)
        return;
    if (!h->defect)
        h->defect = ARENA_ARRAY(r->mem, struct header_defect, HEADER_DEFECTS);
    h->defect[h->n_defects++] = (struct header_defect){code, offset};
}

static void add_field(struct reader *r, str name, str body, ptrdiff_t offset)
{
    struct header *h = r->h;
    if (h->n == HEADER_FIELDS) {
        if (!r->many)
            add_defect(r, "header.many", offset);
        r->many = true;
        return;
    }
    if (h->n == r->cap) {
        ptrdiff_t cap = r->cap ? r->cap * 2 : 32;
        h->field = arena_grow(r->mem, h->field, (size_t)r->cap * sizeof *h->field, (size_t)cap * sizeof *h->field, _Alignof(struct field));
        r->cap = cap;
    }
    enum header_name id = id_of(name);
    int32_t index = (int32_t)h->n++;
    h->field[index] = (struct field){name, body, offset, id, -1};
    if (id == HEADER_OTHER)
        return;
    if (h->last[id] >= 0)
        h->field[h->last[id]].next = index;
    else
        h->first[id] = index;
    h->last[id] = index;
}

/* The name that a line begins with (RFC5322-2.2; 4.5: white space before the colon), its length up to and with the colon; 0: none. */
static ptrdiff_t take_name(str line, str *name)
{
    ptrdiff_t i = 0;
    while (i < line.len && (unsigned char)line.ptr[i] > 32 && (unsigned char)line.ptr[i] < 127 && line.ptr[i] != ':')
        i++;
    *name = str_first(line, i);
    ptrdiff_t colon = i;
    while (colon < line.len && (line.ptr[colon] == ' ' || line.ptr[colon] == '\t'))
        colon++;
    return i > 0 && colon < line.len && line.ptr[colon] == ':' ? colon + 1 : 0;
}

static bool is_from_line(str line) { return str_starts(line, S("From ")) || str_starts(line, S(">From ")); }

static bool is_empty_line(str line) { return line.len == 0 || (line.len == 1 && line.ptr[0] == '\r'); }

/* One field whose first line ends at `end` (the line end's index): where its last line ends, -1: that is not in text. */
static ptrdiff_t field_end(str text, ptrdiff_t end, char newline)
{
    while (end + 1 < text.len && (text.ptr[end + 1] == ' ' || text.ptr[end + 1] == '\t')) {
        const char *p = memchr(text.ptr + end + 1, newline, (size_t)(text.len - end - 1));
        if (!p)
            return -1;
        end = p - text.ptr;
    }
    return end;
}

/* Old Macs end lines with CR alone: only a text without any LF is read so. */
static char newline_of(str text) { return memchr(text.ptr, '\n', (size_t)text.len) || !memchr(text.ptr, '\r', (size_t)text.len) ? '\n' : '\r'; }

/* Whether a field stands in the line behind the one that ends at `end`; unknown, and so no, where that line is cut. */
static bool field_follows(str text, ptrdiff_t end, char newline)
{
    str line, rest, name;
    str_cut(str_skip(text, end + 1), newline, &line, &rest);
    return take_name(line, &name) > 0;
}

static bool is_last_line(str text, ptrdiff_t end, char newline)
{
    return end + 1 >= text.len || !memchr(text.ptr + end + 1, newline, (size_t)(text.len - end - 1));
}

/* Reads fields up to the empty line; false: text ends before it. */
static bool read_fields(struct reader *r, str text, bool all, char newline)
{
    ptrdiff_t at = 0;
    while (at < text.len) {
        const char *p = memchr(text.ptr + at, newline, (size_t)(text.len - at));
        if (!p && !all)
            return false;
        ptrdiff_t end = p ? p - text.ptr : text.len;
        str line = str_slice(text, at, end), name;
        if (is_empty_line(line)) {
            r->h->length = end + (end < text.len);
            return true;
        }
        ptrdiff_t colon = take_name(line, &name);
        if (!colon && !is_from_line(line) && !is_blank(line.ptr[0])) {
            /* Some forget the empty line; some break a line in the middle of a header. */
            if (!all && is_last_line(text, end, newline))
                return false;
            if (field_follows(text, end, newline)) {
                add_defect(r, "header.no-colon", at);
                at = end + 1;
                continue;
            }
            add_defect(r, r->h->n ? "header.no-blank" : "header.no-colon", at);
            r->h->length = at;
            return true;
        }
        ptrdiff_t last = end < text.len ? field_end(text, end, newline) : end;
        if (last < 0 || (last + 1 >= text.len && !all)) {
            if (!all)
                return false;
            last = text.len;
        }
        if (colon) {
            str body = str_slice(text, at + colon, last);
            add_field(r, name, str_trim(body), at);
        } else {
            add_defect(r, is_from_line(line) ? "header.from-line" : "header.no-colon", at);
        }
        at = last + 1;
    }
    r->h->length = text.len;
    return all;
}

bool header_parse(arena *a, str text, bool all, struct header *out)
{
    memset(out, 0, sizeof *out);
    memset(out->first, 0xFF, sizeof out->first);
    memset(out->last, 0xFF, sizeof out->last);
    bool cut = text.len > HEADER_OCTETS;
    if (cut)
        text = str_first(text, HEADER_OCTETS);
    if (!text.len)
        return all;
    arena before = *a;
    struct reader r = {.mem = a, .h = out};
    char newline = newline_of(text);
    if (newline == '\r' && !all && !cut)
        return false;
    if (newline == '\r')
        add_defect(&r, "header.cr", 0);
    if (!read_fields(&r, text, all || cut, newline)) {
        before.committed = a->committed;
        *a = before;
        return false;
    }
    if (cut && out->length == text.len)
        add_defect(&r, "header.long", text.len);
    return true;
}

const struct field *header_first(const struct header *h, enum header_name id) { return h->first[id] < 0 ? NULL : &h->field[h->first[id]]; }

const struct field *header_last(const struct header *h, enum header_name id) { return h->last[id] < 0 ? NULL : &h->field[h->last[id]]; }

const struct field *header_next(const struct header *h, const struct field *f) { return f->next < 0 ? NULL : &h->field[f->next]; }

const struct field *header_named(const struct header *h, str name, const struct field *after)
{
    for (ptrdiff_t i = after ? after - h->field + 1 : 0; i < h->n; i++)
        if (str_eq_nocase(h->field[i].name, name))
            return &h->field[i];
    return NULL;
}

str header_body(const struct header *h, enum header_name id)
{
    const struct field *f = header_first(h, id);
    return f ? f->body : STR_NONE;
}

str header_unfold(arena *a, str body)
{
    if (str_find_byte(body, '\n') < 0 && str_find_byte(body, '\r') < 0)
        return body;
    struct buf out = buf_new(a, body.len + 1);
    for (ptrdiff_t i = 0; i < body.len; i++)
        if (body.ptr[i] != '\r' && body.ptr[i] != '\n')
            buf_byte(&out, body.ptr[i]);
    return buf_str(&out);
}

str header_text(arena *a, struct charsets *c, str body, unsigned *flags) { return str_trim(codec_words(a, c, body, flags)); }
