/* mail-store attach: attachments of a stored message into files, in one pass over it. */
#include "mail-store/verb.h"
#include "mime/mime.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum {
    NAME_OCTETS = 120, /* of a file; a longer name is cut before its extension */
    NAME_TRIES = 20    /* other names that are tried where one is taken; then as many with a number of its own */
};

static const struct verb attach_verb = {
    "attach",
    "usage: mail-store attach [-qv] [-s DIR] [-o DIR] ID [PART]\n"
    "\n"
    "Writes the attachments of an email into files, whose names it prints; or one part to stdout.\n" VERB_IDS
    "  -o, --output DIR  write into this folder (without PART: the current one); nothing there is overwritten\n",
    1, 2};

/* ---- names ------------------------------------------------------------------------------------------------ */

/* What a file may be called: letters, digits and what is not ASCII, with . _ - and single spaces within. Nothing that a shell, a
 * terminal or a path could take for something else. */
static str safe_name(arena *a, const struct mime_part *part)
{
    struct buf to = buf_new(a, NAME_OCTETS + 8);
    str name = part->name;
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
        stem = str_fmt(a, "part-%.*s", STR_ARG(str_first(part->id, NAME_OCTETS - extension.len)));
    return str_fmt(a, "%.*s%.*s", STR_ARG(stem), STR_ARG(extension));
}

/* number: of the attachment in the message. */
static int create(arena a, int folder, const struct mime_part *part, int number, char name[NAME_OCTETS * 2])
{
    str wanted = safe_name(&a, part);
    ptrdiff_t dot = wanted.len;
    while (dot > 0 && wanted.ptr[dot - 1] != '.')
        dot--;
    str stem = str_first(wanted, dot > 1 ? dot - 1 : wanted.len), extension = str_skip(wanted, stem.len);
    for (int i = 0; i < 2 * NAME_TRIES; i++) {
        char suffix[48] = "";
        if (i >= NAME_TRIES)
            snprintf(suffix, sizeof suffix, "-no%d-%d", number, i - NAME_TRIES);
        else if (i > 0)
            snprintf(suffix, sizeof suffix, "-%d", i);
        snprintf(name, NAME_OCTETS * 2, "%.*s%s%.*s", STR_ARG(stem), suffix, STR_ARG(extension));
        int fd = openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

/* ---- files ------------------------------------------------------------------------------------------------ */

struct saving {
    struct verb_call *call;
    const char *where;
    int folder, fd; /* fd -1: no file is open */
    int found;      /* parts so far */
    char name[NAME_OCTETS * 2];
    bool failed;
    struct err *why;
};

static void fail(struct saving *s)
{
    s->failed = true;
    err_errno(s->why, ERR_IO, "attach.write", "", "cannot write %s into %s", s->name, s->where);
}

static void end_file(struct saving *s)
{
    if (s->fd < 0)
        return;
    if (close(s->fd) != 0 && !s->failed)
        fail(s);
    s->fd = -1;
    if (s->failed)
        unlinkat(s->folder, s->name, 0);
    else
        out_fmt(&s->call->out, "%s/%s\n", s->where, s->name);
}

static void next_file(void *context, const struct mime_part *part)
{
    struct saving *s = context;
    end_file(s);
    s->found++;
    if (s->failed)
        return;
    s->fd = create(s->call->mem, s->folder, part, s->found, s->name);
    if (s->fd < 0)
        fail(s);
}

static void put_file(void *context, str octets)
{
    struct saving *s = context;
    if (s->fd >= 0 && !s->failed && !fd_write_full(s->fd, octets))
        fail(s);
}

static void next_stdout(void *context, const struct mime_part *part)
{
    struct saving *s = context;
    (void)part;
    s->found++;
}

static void put_stdout(void *context, str octets)
{
    struct saving *s = context;
    out_put(&s->call->out, octets);
}

/* ---- the verb --------------------------------------------------------------------------------------------- */

static bool decode(struct saving *s, const struct email *m, str part, struct err *e)
{
    struct verb_call *c = s->call;
    struct mime *mime = mime_new();
    bool to_stdout = s->folder < 0;
    mime_begin(mime, &(struct mime_options){.no_digests = true, .max_text = 1, .part_id = part, .context = s,
                                            .next = to_stdout ? next_stdout : next_file, .put = to_stdout ? put_stdout : put_file});
    bool read = feed_blob(mime, c->mem, c->store, m, e);
    if (read)
        mime_end(mime);
    else
        s->failed = true;
    end_file(s);
    if (s->failed)
        return false;
    if (!s->found && part.len)
        return err_set(e, ERR_MISSING, "attach.part", "its record lists the parts", "email %lld has no part %.*s", (long long)m->id, STR_ARG(part));
    if (!s->found)
        prog_note("email %lld has no attachments", (long long)m->id);
    return true;
}

static bool attach(struct verb_call *c, struct err *e)
{
    struct email m;
    str part = c->n_args > 1 ? str_c(c->args[1]) : STR_NONE;
    struct saving s = {.call = c, .where = c->folder ? c->folder : ".", .folder = -1, .fd = -1, .why = e};
    if (!one_email(c, &m, e))
        return false;
    if (part.len && !c->folder)
        return decode(&s, &m, part, e);
    s.folder = open(s.where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (s.folder < 0)
        return err_errno(e, ERR_IO, "attach.folder", "", "cannot open the folder %s", s.where);
    bool done = decode(&s, &m, part, e);
    close(s.folder);
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
