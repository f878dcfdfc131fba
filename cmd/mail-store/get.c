/* mail-store get, raw, attach: what only the stored message itself tells. */
#include "mail-store/verb.h"
#include "mime/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    PIECE = 1 << 18,
    NAME_OCTETS = 120, /* of a file that attach writes; a longer name is cut before its extension */
    NAME_TRIES = 20    /* other names that are tried where one is taken; then as many with the number of the part */
};

#define IDS                                                                                                 \
    "ID: the number of an email (4711 or id:4711), its blob id, its message id, or the id of a whole thread.\n" \
    "\n"                                                                                                    \
    "  -s, --store DIR   the store (else $MAILPIPE_STORE, ~/.local/share/mailpipe)\n"
#define COMMON_END                                                                                          \
    "  -q, --quiet       errors only\n"                                                                     \
    "  -v, --verbose     say more\n"                                                                        \
    "  -h, --help        this text\n"

static const struct verb get_verb = {
    "get",
    "usage: mail-store get [-qv] [-s DIR] [--headers] ID...\n"
    "\n"
    "Prints emails with their text and html, parsed again from the stored message.\n" IDS
    "      --headers     with all header fields\n" COMMON_END,
    "H", 1, -1};

static const struct verb raw_verb = {
    "raw", "usage: mail-store raw [-qv] [-s DIR] ID\n\nPrints the message, byte for byte as it was received.\n" IDS COMMON_END, "", 1, 1};

static const struct verb attach_verb = {
    "attach",
    "usage: mail-store attach [-qv] [-s DIR] [-o DIR] ID [PART]\n"
    "\n"
    "Writes the attachments of an email into files, whose names it prints; or one part to stdout.\n" IDS
    "  -o, --output DIR  write into this folder (without PART: the current one); nothing there is overwritten\n" COMMON_END,
    "o", 1, 2};

/* ---- get -------------------------------------------------------------------------------------------------- */

int get_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&get_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    for (int i = 0; i < c.n_args && out_good(&c.out); i++) {
        struct ids ids;
        if (store_resolve(&c.mem, c.store, str_c(c.args[i]), &ids, &e))
            print_bodies(&c.mem, c.store, &ids, c.headers, &c.out);
        else
            prog_error(&e);
    }
    return verb_end(&c);
}

/* The first of what an id stands for. */
static bool one_email(struct verb_call *c, struct email *m, struct err *e)
{
    struct ids ids;
    return store_resolve(&c->mem, c->store, str_c(c->args[0]), &ids, e) && store_email(&c->mem, c->store, ids.item[0], m, e);
}

/* ---- raw -------------------------------------------------------------------------------------------------- */

static bool print_raw(struct verb_call *c, struct err *e)
{
    struct email m;
    if (!one_email(c, &m, e))
        return false;
    int fd = open_blob(&c->mem, c->store, &m, e);
    if (fd < 0)
        return false;
    char *piece = arena_alloc(&c->mem, PIECE, 16);
    ptrdiff_t n = 0;
    while (out_good(&c->out) && (n = fd_read_full(fd, piece, PIECE)) > 0)
        out_put(&c->out, str_of(piece, n));
    close(fd);
    return n >= 0 || err_errno(e, ERR_IO, "blob.read", "", "cannot read the message of email %lld", (long long)m.id);
}

int raw_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&raw_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    if (!print_raw(&c, &e))
        prog_error(&e);
    return verb_end(&c);
}

/* ---- attach ----------------------------------------------------------------------------------------------- */

/* What a file may be called: letters, digits and what is not ASCII, with . _ - and single spaces within. Nothing that a shell, a
 * terminal or a path could take for something else. */
static str safe_name(arena *a, const struct attachment *t)
{
    struct buf to = buf_new(a, NAME_OCTETS + 8);
    str name = t->name;
    for (ptrdiff_t i = name.len; i > 0; i--) {
        if (name.ptr[i - 1] != '/' && name.ptr[i - 1] != '\\')
            continue;
        name = str_skip(name, i);
        break;
    }
    for (ptrdiff_t i = 0; i < name.len;) {
        uint32_t cp;
        int n = utf8_decode(str_skip(name, i), &cp);
        bool letter = (cp >= '0' && cp <= '9') || (cp >= 'a' && cp <= 'z') || (cp >= 'A' && cp <= 'Z') || cp == '_';
        bool inner = cp == '.' || cp == '-' || cp == ' ' || cp == '+' || cp == ',' || cp == '(' || cp == ')';
        bool wide = cp >= 0xA1 && cp != UTF8_REPLACEMENT && (cp < 0x2000 || cp > 0x206F) && (cp < 0xFFF0 || cp > 0xFFFF) && cp < 0xE0000;
        if (letter || wide || (inner && to.len > 0))
            buf_put(&to, str_slice(name, i, i + n));
        else if (to.len > 0)
            buf_byte(&to, '_');
        i += n;
    }
    str safe = str_trim(buf_str(&to));
    ptrdiff_t dot = safe.len;
    while (dot > 0 && safe.ptr[dot - 1] != '.')
        dot--;
    str extension = dot > 1 && safe.len - dot < 12 ? str_skip(safe, dot - 1) : S("");
    str stem = utf8_first(str_first(safe, safe.len - extension.len), NAME_OCTETS - extension.len);
    if (stem.len == 0)
        return str_fmt(a, "part-%.*s%.*s", STR_ARG(t->part_id), STR_ARG(extension));
    return str_fmt(a, "%.*s%.*s", STR_ARG(stem), STR_ARG(extension));
}

static int create(arena *a, int folder, const struct attachment *t, char **name)
{
    str wanted = safe_name(a, t);
    ptrdiff_t dot = wanted.len;
    while (dot > 0 && wanted.ptr[dot - 1] != '.')
        dot--;
    ptrdiff_t stem = dot > 1 ? dot - 1 : wanted.len;
    for (int i = 0; i < 2 * NAME_TRIES; i++) {
        str suffix = i == 0            ? S("")
                     : i < NAME_TRIES ? str_fmt(a, "-%d", i)
                                      : str_fmt(a, "-part-%.*s-%d", STR_ARG(t->part_id), i - NAME_TRIES);
        *name = str_z(a, str_fmt(a, "%.*s%.*s%.*s", STR_ARG(str_first(wanted, stem)), STR_ARG(suffix), STR_ARG(str_skip(wanted, stem))));
        int fd = openat(folder, *name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

struct part_sink {
    struct mime *mime;
    int fd;          /* -1: out */
    struct out *out;
    int error;
};

static void put_part(void *context, str octets)
{
    struct part_sink *k = context;
    if (k->fd < 0)
        out_put(k->out, octets);
    else if (!k->error && !fd_write_full(k->fd, octets))
        k->error = errno;
}

static bool decode(struct verb_call *c, const struct email *m, str part_id, struct part_sink *sink, struct err *e)
{
    struct mime *mime = sink->mime;
    mime_begin(mime, &(struct mime_options){.no_digests = true, .part_id = part_id, .put = put_part, .context = sink});
    bool read = feed_blob(mime, c->mem, c->store, m, e);
    const struct mime_message *message = mime_end(mime);
    bool found = false;
    for (ptrdiff_t i = 0; i < message->n_parts; i++)
        found |= str_eq(message->part[i].id, part_id);
    return read && (found || err_set(e, ERR_MISSING, "attach.part", "its record lists the parts", "email %lld has no part %.*s", (long long)m->id,
                                     STR_ARG(part_id)));
}

static bool save(struct verb_call *c, struct mime *mime, int folder, const struct email *m, const struct attachment *t, struct err *e)
{
    char *name;
    int fd = create(&c->mem, folder, t, &name);
    const char *where = c->folder ? c->folder : ".";
    if (fd < 0)
        return err_errno(e, ERR_IO, "attach.create", "", "cannot write %s into %s", name, where);
    struct part_sink sink = {.mime = mime, .fd = fd};
    bool done = decode(c, m, t->part_id, &sink, e);
    if (done && sink.error) {
        errno = sink.error;
        done = err_errno(e, ERR_IO, "attach.write", "", "cannot write %s into %s", name, where);
    }
    if (close(fd) != 0 && done)
        done = err_errno(e, ERR_IO, "attach.write", "", "cannot write %s into %s", name, where);
    if (!done)
        unlinkat(folder, name, 0);
    else
        out_fmt(&c->out, "%s/%s\n", where, name);
    return done;
}

static bool attach(struct verb_call *c, struct err *e)
{
    struct email m;
    str part = c->n_args > 1 ? str_c(c->args[1]) : STR_NONE;
    if (!one_email(c, &m, e))
        return false;
    struct mime *mime = mime_new();
    if (part.len && !c->folder)
        return decode(c, &m, part, &(struct part_sink){.mime = mime, .fd = -1, .out = &c->out}, e);
    const char *where = c->folder ? c->folder : ".";
    int folder = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return err_errno(e, ERR_IO, "attach.folder", "", "cannot open the folder %s", where);
    bool done = true, some = false;
    for (ptrdiff_t i = 0; i < m.n_attachments && done; i++) {
        if (part.len && !str_eq(part, m.attachments[i].part_id))
            continue;
        some = true;
        done = save(c, mime, folder, &m, &m.attachments[i], e);
    }
    close(folder);
    if (!some && part.len)
        return err_set(e, ERR_MISSING, "attach.part", "its record lists the parts", "email %lld has no attachment %s", (long long)m.id, part.ptr);
    if (!some)
        prog_note("email %lld has no attachments", (long long)m.id);
    return done;
}

int attach_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&attach_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    if (!attach(&c, &e))
        prog_error(&e);
    return verb_end(&c);
}
