#include "parse.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A message on its way through a worker. */
struct job {
    struct worker *w;
    struct slot *s;
    struct about about;
    struct email email;
    struct inline_raw raw;
    bool keep_raw; /* --inline */
    bool begun;
};

static void take_turn(struct job *j)
{
    if (!j->w->has_turn)
        pool_turn(j->w, j->s);
}

static bool wanted(enum email_member member) { return !settings.members || (settings.members & EMAIL_BIT(member)) != 0; }

static void job_begin(struct job *j)
{
    bool known = j->about.from_record && email_has(&j->email, EMAIL_BLOB_ID);
    struct mime_options options = {
        .max_text = settings.max_text, .digest = wanted(EMAIL_BLOB_ID) && !known, .no_digests = !wanted(EMAIL_ATTACHMENTS)};
    mime_begin(j->w->mime, &options);
    j->keep_raw = (settings.inline_raw || !utf8_valid(j->about.path)) && !email_has(&j->email, EMAIL_RAW);
    j->raw.text.mem = &j->w->mem;
    j->begun = false;
}

static void job_feed(void *context, str octets)
{
    struct job *j = context;
    if (!j->begun && !j->about.box && octets.len) {
        str line = octets;
        str_cut(str_first(octets, MBOX_FROM_LINE), '\n', &line, &(str){0});
        mbox_from_line(line, &j->about.from);
        j->begun = true;
    }
    mime_feed(j->w->mime, octets);
    if (j->keep_raw)
        inline_put(&j->raw, octets);
    if (mime_held(j->w->mime) + j->raw.text.len > SLOT_LIGHT)
        take_turn(j);
}

static void job_end(struct job *j)
{
    struct worker *w = j->w;
    const struct mime_message *m = mime_end(w->mime);
    record_from_mime(&w->mem, w->mime, m, &j->email);
    if (settings.headers)
        record_headers_from_mime(&w->mem, w->mime, m, &j->email);
    if (settings.contacts)
        contacts_find(&w->mem, mime_charsets(w->mime), m, &j->email);
    if (j->keep_raw)
        inline_end(&w->mem, &j->raw, &j->email);
    email_about(&w->mem, m, &j->about, &j->email);
    if (settings.members)
        email_narrow(&j->email);
    if (j->email.text.len + j->email.html.len + j->email.raw.len > SLOT_LIGHT / 4)
        take_turn(j);
    email_write(&w->mem, &j->s->out, &j->email);
    if (w->has_turn || j->s->out.len > SLOT_LIGHT)
        pool_turn(w, j->s);
    pool_count(w->pool, ERR_NONE);
}

/* ---- what went wrong ---- */

static void object_of_path(struct buf *b, str path)
{
    struct jwrite w = {.to = b};
    jwrite_key(&w, S("path"));
    jwrite_string(&w, path);
}

static void put_error(struct worker *w, struct slot *s, const struct err *e, str path)
{
    struct buf object = {.mem = &w->mem};
    if (path.len)
        object_of_path(&object, path);
    record_write_error(&s->out, prog_name(), e, path.len ? buf_str(&object) : STR_NONE);
    pool_complain(w->pool, e);
    pool_count(w->pool, e->class);
}

void work_error(struct pool *p, const struct err *e, str path)
{
    pool_drain(p);
    struct slot *s = pool_slot(p);
    struct worker *w = pool_own(p);
    arena_reset(&w->mem);
    put_error(w, s, e, path);
    pool_turn(w, s);
}

/* ---- files ---- */

/* Octets of a file, from an offset (-1: where it stands) up to a number of them (-1: all), to put. */
static bool read_octets(struct worker *w, int fd, int64_t offset, int64_t length, void (*put)(void *, str), void *context)
{
    for (int64_t done = 0; length < 0 || done < length;) {
        size_t n = length < 0 || length - done > WORKER_CHUNK ? WORKER_CHUNK : (size_t)(length - done);
        ssize_t got = offset < 0 ? read(fd, w->chunk, n) : pread(fd, w->chunk, n, offset + done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return false;
        if (got == 0)
            break;
        put(context, str_of(w->chunk, got));
        done += got;
    }
    return true;
}

struct unquoting {
    struct mbox_unquote unquote;
    struct job *job;
};

static void put_quoted(void *context, str octets)
{
    struct unquoting *u = context;
    mbox_unquote(&u->unquote, octets, job_feed, u->job);
}

static bool read_span(struct job *j, int fd, int64_t offset, int64_t length, enum mbox_format format)
{
    struct unquoting u = {.unquote.format = format, .job = j};
    if (!read_octets(j->w, fd, offset, length, put_quoted, &u))
        return false;
    mbox_unquote_end(&u.unquote, job_feed, j);
    return true;
}

static bool cannot_read(struct err *e, str path)
{
    return err_errno(e, ERR_IO, "file.read", NULL, "cannot read %.*s", STR_ARG(path));
}

static bool is_message_file(const struct stat *st, str path, struct err *e)
{
    if (S_ISDIR(st->st_mode))
        return err_set(e, ERR_INPUT, "file.folder", "a Maildir has folders cur and new; else name the files in it", "%.*s is a folder",
                       STR_ARG(path));
    if (!S_ISREG(st->st_mode)) /* it may never end, or wait for a writer */
        return err_set(e, ERR_INPUT, "file.kind", "name devices and pipes as arguments", "%.*s is no plain file", STR_ARG(path));
    return true;
}

static bool do_file(struct worker *w, struct slot *s, const struct item *it, struct err *e)
{
    str path = str_of(s->in + it->start, it->length);
    struct stat st;
    int fd = it->fd >= 0 ? it->fd : open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, ERR_IO, "file.open", NULL, "cannot open %.*s", STR_ARG(path));
    struct job j = {.w = w, .s = s, .about = {.path = path, .file = s->file, .modified = -1}};
    bool good = fstat(fd, &st) == 0 || cannot_read(e, path);
    good = good && is_message_file(&st, path, e);
    if (good) {
        j.about.modified = st.st_mtime;
        job_begin(&j);
        good = read_octets(w, fd, -1, -1, job_feed, &j) || cannot_read(e, path);
    }
    close(fd);
    if (good)
        job_end(&j);
    return good;
}

static bool do_box_item(struct worker *w, struct slot *s, const struct item *it, struct err *e)
{
    struct job j = {.w = w, .s = s};
    str path = str_c(s->file->path);
    j.about = (struct about){.path = path, .box = &it->box, .file = s->file, .modified = s->file->modified};
    job_begin(&j);
    if (it->what == ITEM_MESSAGE)
        job_feed(&j, str_of(s->in + it->start, it->length));
    else if (!read_span(&j, s->file->fd, it->box.offset, it->box.length, it->box.format))
        return cannot_read(e, path);
    job_end(&j);
    return true;
}

/* ---- records ---- */

/* The message that a record is about is not what the file holds now. */
static bool right_size(const struct record *r, int64_t size, struct err *e)
{
    if (!email_has(&r->email, EMAIL_SIZE) || r->email.size == size)
        return true;
    return err_set(e, ERR_IO, "file.changed", "fetch it again", "%.*s holds %lld octets, its record says %lld", STR_ARG(r->email.path),
                   (long long)size, (long long)r->email.size);
}

static bool read_path(struct job *j, const struct record *r, struct err *e)
{
    const struct email *m = &r->email;
    enum mbox_format format = MBOX_RD;
    struct stat st;
    bool span = email_has(m, EMAIL_OFFSET) && email_has(m, EMAIL_LENGTH);
    if (span && email_has(m, EMAIL_FORMAT) && !mbox_format_of(m->format, &format))
        return err_set(e, ERR_INPUT, "record.format", NULL, "%.*s: no such mbox format: %.*s", STR_ARG(m->path), STR_ARG(m->format));
    int fd = open(str_z(&j->w->mem, m->path), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return err_errno(e, ERR_IO, "file.open", NULL, "cannot open %.*s", STR_ARG(m->path));
    bool good = fstat(fd, &st) == 0 || cannot_read(e, m->path);
    good = good && is_message_file(&st, m->path, e);
    if (good) {
        j->about.modified = st.st_mtime;
        good = span ? read_span(j, fd, m->offset, m->length, format) : read_octets(j->w, fd, -1, -1, job_feed, j);
        good = good || cannot_read(e, m->path);
    }
    close(fd);
    return good;
}

static bool read_raw(struct job *j, const struct record *r, struct err *e)
{
    struct base64 d = {0};
    struct buf out = {.ptr = j->w->chunk, .cap = WORKER_CHUNK};
    for (str in = r->email.raw; in.len; in = str_skip(in, WORKER_CHUNK / 2)) {
        out.len = 0;
        base64_decode(&d, str_first(in, WORKER_CHUNK / 2), &out);
        job_feed(j, buf_str(&out));
    }
    out.len = 0;
    base64_end(&d, &out);
    job_feed(j, buf_str(&out));
    return !d.flags || err_set(e, ERR_INPUT, "record.raw", NULL, "raw of an email is not base64");
}

static bool do_email(struct worker *w, struct slot *s, const struct record *r, struct err *e)
{
    struct job j = {.w = w, .s = s, .email = r->email, .about = {.modified = -1, .from_record = true}};
    bool has_raw = email_has(&r->email, EMAIL_RAW) && r->email.raw.len;
    if (!has_raw && !r->email.path.len)
        return err_set(e, ERR_INPUT, "record.no-message", "it needs path, or raw (mail-parse --inline)", "an email has neither path nor raw");
    job_begin(&j);
    if (!(has_raw ? read_raw(&j, r, e) : read_path(&j, r, e)))
        return false;
    if (!right_size(r, mime_size(w->mime), e))
        return false;
    job_end(&j);
    return true;
}

static void do_line(struct worker *w, struct slot *s, str line, int64_t number)
{
    struct record r;
    struct err e;
    if (!record_read_types(&w->mem, line, "stdin", number, RECORD_BIT(RECORD_EMAIL), &r, &e)) {
        put_error(w, s, &e, STR_NONE);
    } else if (r.type != RECORD_EMAIL) {
        buf_put(&s->out, line);
        buf_byte(&s->out, '\n');
    } else if (!do_email(w, s, &r, &e)) {
        put_error(w, s, &e, r.email.path);
    }
}

/* ---- slots ---- */

static void do_item(struct worker *w, struct slot *s, const struct item *it)
{
    struct err e;
    bool good = true;
    arena_reset(&w->mem);
    if (it->what == ITEM_LINE)
        do_line(w, s, str_of(s->in + it->start, it->length), it->number);
    else
        good = it->what == ITEM_FILE ? do_file(w, s, it, &e) : do_box_item(w, s, it, &e);
    if (!good)
        put_error(w, s, &e, it->what == ITEM_FILE ? str_of(s->in + it->start, it->length) : str_c(s->file->path));
}

void work_slot(struct worker *w, struct slot *s)
{
    for (int i = 0; i < s->n_items; i++)
        if (pool_good(w->pool))
            do_item(w, s, &s->item[i]);
        else if (s->item[i].what == ITEM_FILE && s->item[i].fd >= 0)
            close(s->item[i].fd);
}

struct item *work_item(struct pool *p, const struct source_file *file, str text)
{
    struct slot *s = pool_slot(p);
    if (s->n_items == SLOT_ITEMS || s->n_in + text.len + 1 > SLOT_OCTETS || (s->n_items && s->file != file)) {
        pool_submit(p);
        s = pool_slot(p);
    }
    s->file = file;
    struct item *it = &s->item[s->n_items++];
    *it = (struct item){.start = s->n_in, .length = text.len, .fd = -1};
    memcpy(s->in + s->n_in, text.ptr, (size_t)text.len);
    s->in[s->n_in + text.len] = 0;
    s->n_in += text.len + 1;
    return it;
}

void work_line(struct pool *p, str line, int64_t number)
{
    pool_drain(p);
    struct slot *s = pool_slot(p);
    struct worker *w = pool_own(p);
    w->has_turn = true;
    arena_reset(&w->mem);
    do_line(w, s, line, number);
    pool_turn(w, s);
}

/* ---- a message that comes in pieces ---- */

void stream_begin(struct pool *p, const struct source_file *file, struct stream *st)
{
    pool_drain(p);
    struct worker *w = pool_own(p);
    arena_reset(&w->mem);
    w->has_turn = true;
    struct job *j = ARENA_NEW(&w->mem, struct job);
    *j = (struct job){.w = w, .s = pool_slot(p), .about = {.path = str_c(file->path), .file = file, .modified = file->modified}};
    job_begin(j);
    st->job = j;
}

void stream_feed(struct stream *st, str octets) { job_feed(st->job, octets); }

void stream_end(struct stream *st, const struct mbox_message *box)
{
    st->job->about.box = box;
    job_end(st->job);
}
