#include "charset/charset.h"
#include "charset/set.h"

#include <errno.h>

enum {
    LABELS = 2000, /* labels beyond these are looked up each time: mail cannot fill memory with inventions */
    OPENED = 200   /* sets of several octets, at some 50 KB each; those beyond count as unknown */
};

struct charsets {
    arena *mem;
    struct map labels; /* label as it stands: its struct charset */
    struct map names;  /* iconv's or our name: its struct charset */
    struct charset *opened;
    int n_opened;
    struct charset utf8, guess, unknown;
};

struct charsets *charsets_new(arena *a)
{
    struct charsets *c = ARENA_NEW(a, struct charsets);
    c->mem = a;
    c->utf8 = (struct charset){.reader = READ_UTF8, .ascii = true, .name = "UTF-8"};
    c->guess = (struct charset){.reader = READ_GUESS, .name = "ASCII"};
    c->unknown = (struct charset){.reader = READ_GUESS, .name = "ASCII", .unknown = true};
    return c;
}

void charsets_free(struct charsets *c)
{
    for (struct charset *set = c->opened; set; set = set->next)
        iconv_close(set->cd);
    c->opened = NULL;
    c->n_opened = 0;
}

static bool is_name(const char *name, const char *other) { return strcmp(name, other) == 0; }

/* A set that a reader of ours knows; false: iconv must. */
static bool build_own(struct charsets *c, struct charset *set)
{
    const char *name = set->name;
    if (is_name(name, "CP1252")) {
        *set = (struct charset){.reader = READ_TABLE, .ascii = true, .table = table_windows_1252(c->mem), .name = name};
    } else if (is_name(name, "x-user-defined")) {
        *set = (struct charset){.reader = READ_TABLE, .ascii = true, .table = table_user_defined(c->mem), .name = name};
    } else if (strncmp(name, "UTF-16", 6) == 0 || strncmp(name, "UTF-32", 6) == 0) {
        set->reader = name[4] == '1' ? READ_UTF16 : READ_UTF32;
        set->big = is_name(name + 6, "BE");
        set->sniffs = !name[6];
    } else if (is_name(name, "ISO-2022-JP") || is_name(name, "ISO-2022-KR") || is_name(name, "HZ")) {
        set->reader = READ_SHIFTED;
        set->shift = is_name(name, "HZ") ? SHIFT_HZ : is_name(name, "ISO-2022-KR") ? SHIFT_KR : SHIFT_JP;
        static const char *const inner[] = {"EUC-JP-MS", "UHC", "GB18030"};
        set->inner = charsets_open(c, inner[set->shift]);
        return set->inner != NULL;
    } else {
        return false;
    }
    return true;
}

static bool build_iconv(struct charsets *c, struct charset *set)
{
    set->cd = iconv_open("UTF-8", is_name(set->name, "windows-874") ? "TIS-620" : set->name);
    if ((intptr_t)set->cd == -1)
        return false;
    table_probe(c->mem, set);
    if (set->reader == READ_TABLE || c->n_opened == OPENED) {
        iconv_close(set->cd);
        return set->reader == READ_TABLE;
    }
    set->next = c->opened;
    c->opened = set;
    c->n_opened++;
    return true;
}

struct charset *charsets_open(struct charsets *c, const char *name)
{
    if (is_name(name, "UTF-8"))
        return &c->utf8;
    if (is_name(name, "ASCII"))
        return &c->guess;
    struct map_slot *slot = map_get(&c->names, str_c(name));
    if (slot)
        return slot->value.ptr;
    struct charset *set = ARENA_NEW(c->mem, struct charset);
    set->name = str_z(c->mem, str_c(name));
    if (!build_own(c, set) && !build_iconv(c, set))
        return NULL;
    map_put(c->mem, &c->names, str_c(set->name))->value.ptr = set;
    return set;
}

static struct charset *find(struct charsets *c, str label)
{
    const char *name = label_name(label);
    if (name) {
        struct charset *set = charsets_open(c, name);
        if (set)
            return set;
    }
    char guess[64];
    for (int n = 0; label_guess(label, n, guess); n++) {
        struct charset *set = guess[0] ? charsets_open(c, guess) : NULL;
        if (set)
            return set;
    }
    return &c->unknown;
}

static struct charset *set_of(struct charsets *c, str label)
{
    label = str_trim(label);
    if (!label.len)
        return &c->guess;
    if (str_eq_nocase(label, S("utf-8")))
        return &c->utf8;
    struct map_slot *slot = map_get(&c->labels, label);
    if (slot)
        return slot->value.ptr;
    struct charset *set = find(c, label);
    if (c->labels.n < LABELS && label.len <= 64)
        map_put(c->mem, &c->labels, str_copy(c->mem, label))->value.ptr = set;
    return set;
}

bool charset_known(struct charsets *c, str label) { return !set_of(c, label)->unknown; }

/* What a set with states keeps back. */
static void flush_iconv(struct charset *set, struct buf *out)
{
    char *to = buf_room(out, 64);
    size_t n_out = 64;
    iconv(set->cd, NULL, NULL, &to, &n_out);
    out->len += 64 - (ptrdiff_t)n_out;
}

/* Octets to skip where iconv refuses: one, but a pair of a shifted set goes as a whole. */
static ptrdiff_t wrong_length(const struct charset_stream *s, str rest)
{
    unsigned char first = (unsigned char)rest.ptr[0];
    ptrdiff_t n = s->set->reader != READ_SHIFTED || first < 0x80 ? 1 : first == 0x8F ? 3 : 2;
    return n < rest.len ? n : rest.len;
}

ptrdiff_t read_iconv(struct charset_stream *s, struct charset *set, str in, bool last, struct buf *out)
{
    enum { SLICE = 4096 };
    ptrdiff_t at = 0;
    while (at < in.len) {
        if (set->ascii) {
            ptrdiff_t n = ascii_prefix(str_skip(in, at));
            /* Some sets hold a letter back until they know that no accent follows. */
            if (n)
                flush_iconv(set, out);
            buf_put(out, str_slice(in, at, at + n));
            at += n;
        }
        str slice = str_slice(in, at, at + SLICE);
        char *from = (char *)slice.ptr, *to = buf_room(out, slice.len * 3 + 64);
        size_t n_in = (size_t)slice.len, n_out = (size_t)(out->cap - out->len), before = n_out;
        size_t r = iconv(set->cd, &from, &n_in, &to, &n_out);
        out->len += (ptrdiff_t)(before - n_out);
        at += slice.len - (ptrdiff_t)n_in;
        if (r != (size_t)-1 || !n_in)
            continue;
        bool advanced = n_in < (size_t)slice.len;
        if (errno == E2BIG && (advanced || n_out < before))
            continue;
        /* A character that this slice cuts is whole in the next one; one that the input cuts waits for more of it. */
        if (errno == EINVAL && at + (ptrdiff_t)n_in < in.len && advanced)
            continue;
        if (errno == EINVAL && !last)
            break;
        s->flags |= CHARSET_INVALID;
        buf_put(out, REPLACEMENT);
        at += errno == EINVAL ? (ptrdiff_t)n_in : wrong_length(s, str_skip(in, at));
    }
    return at;
}

static ptrdiff_t read_some(struct charset_stream *s, str in, bool last, struct buf *out)
{
    switch (s->set->reader) {
    case READ_UTF8: return read_utf8(s, in, last, out);
    case READ_GUESS: return read_guess(s, in, last, out);
    case READ_TABLE: return read_table(s, in, last, out);
    case READ_UTF16: return read_utf16(s, in, last, out);
    case READ_UTF32: return read_utf32(s, in, last, out);
    case READ_SHIFTED: return read_shifted(s, in, last, out);
    case READ_ICONV: return read_iconv(s, s->set, in, last, out);
    }
    return in.len;
}

/* A guess that is made in the middle of a chunk leaves the rest to another reader. */
static ptrdiff_t read_all(struct charset_stream *s, str in, bool last, struct buf *out)
{
    const struct charset *set = s->set;
    ptrdiff_t n = read_some(s, in, last, out);
    if (s->set != set)
        n += read_some(s, str_skip(in, n), last, out);
    return n;
}

void charset_begin(struct charset_stream *s, struct charsets *c, str label)
{
    memset(s, 0, sizeof *s);
    s->owner = c;
    s->set = set_of(c, label);
    s->flags = s->set->unknown ? CHARSET_UNKNOWN : 0;
    if (s->set->reader == READ_ICONV)
        iconv(s->set->cd, NULL, NULL, NULL, NULL);
}

/* The mark of UTF-8 at the beginning: octets to skip; -1: more must come to know. */
static ptrdiff_t skip_mark(struct charset_stream *s, str in, bool last)
{
    str mark = S("\xEF\xBB\xBF");
    if (s->begun || (s->set->reader != READ_UTF8 && s->set->reader != READ_GUESS))
        return 0;
    if (in.len < mark.len && !last && str_starts(mark, in))
        return -1;
    s->begun = true;
    return str_starts(in, mark) ? mark.len : 0;
}

static ptrdiff_t read_chunk(struct charset_stream *s, str in, bool last, struct buf *out)
{
    ptrdiff_t skip = skip_mark(s, in, last);
    return skip < 0 ? 0 : skip + read_all(s, str_skip(in, skip), last, out);
}

static void keep(struct charset_stream *s, str rest, struct buf *out)
{
    /* No character is that long; a set that asks for more gets none. */
    if (rest.len > (ptrdiff_t)sizeof s->rest) {
        s->flags |= CHARSET_INVALID;
        buf_put(out, REPLACEMENT);
        rest = STR_NONE;
    }
    if (rest.len)
        memmove(s->rest, rest.ptr, (size_t)rest.len);
    s->n_rest = (int)rest.len;
}

void charset_put(struct charset_stream *s, str in, struct buf *out)
{
    enum { JOINT = 32 }; /* octets of a chunk that are read together with the rest of the one before */
    while (s->n_rest && in.len) {
        char joint[sizeof s->rest + JOINT];
        ptrdiff_t old = s->n_rest, more = in.len < JOINT ? in.len : JOINT;
        memcpy(joint, s->rest, (size_t)old);
        memcpy(joint + old, in.ptr, (size_t)more);
        ptrdiff_t done = read_chunk(s, str_of(joint, old + more), false, out);
        if (done >= old) {
            s->n_rest = 0;
            in = str_skip(in, done - old);
        } else {
            keep(s, str_of(joint + done, old + more - done), out);
            in = str_skip(in, more);
        }
    }
    if (in.len)
        keep(s, str_skip(in, read_chunk(s, in, false, out)), out);
}

void charset_end(struct charset_stream *s, struct buf *out)
{
    str rest = str_of(s->rest, s->n_rest);
    read_chunk(s, rest, true, out);
    s->n_rest = 0;
    if (s->set->reader == READ_ICONV)
        flush_iconv(s->set, out);
}

str charset_text(arena *a, struct charsets *c, str label, str text, unsigned *flags)
{
    struct charset_stream s;
    charset_begin(&s, c, label);
    bool plain = (s.set->reader == READ_UTF8 && utf8_valid(text) && !str_starts(text, S("\xEF\xBB\xBF"))) ||
                 (s.set->ascii && ascii_prefix(text) == text.len) ||
                 (s.set->reader == READ_GUESS && ascii_prefix(text) == text.len && str_find_byte(text, '\033') < 0);
    if (plain) {
        if (flags)
            *flags |= s.flags;
        return text;
    }
    struct buf out = buf_new(a, text.len + text.len / 2 + 64);
    charset_put(&s, text, &out);
    charset_end(&s, &out);
    if (flags)
        *flags |= s.flags;
    return buf_str(&out);
}
