/* Files that go with a message. They are opened while the request is read, so that a missing one is told before anything is made, and
 * read when the message is written. */
#include "compose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 1 << 16 };

static const struct {
    const char *ending, *type;
} types[] = {
    {".pdf", "application/pdf"}, {".txt", "text/plain"}, {".log", "text/plain"}, {".csv", "text/csv"}, {".html", "text/html"},
    {".htm", "text/html"}, {".md", "text/markdown"}, {".json", "application/json"}, {".xml", "application/xml"},
    {".ics", "text/calendar"}, {".vcf", "text/vcard"}, {".png", "image/png"}, {".jpg", "image/jpeg"}, {".jpeg", "image/jpeg"},
    {".gif", "image/gif"}, {".webp", "image/webp"}, {".svg", "image/svg+xml"}, {".tif", "image/tiff"}, {".tiff", "image/tiff"},
    {".mp3", "audio/mpeg"}, {".wav", "audio/wav"}, {".mp4", "video/mp4"}, {".zip", "application/zip"}, {".gz", "application/gzip"},
    {".tar", "application/x-tar"}, {".7z", "application/x-7z-compressed"}, {".doc", "application/msword"},
    {".xls", "application/vnd.ms-excel"}, {".ppt", "application/vnd.ms-powerpoint"}, {".rtf", "application/rtf"},
    {".docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {".pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {".odt", "application/vnd.oasis.opendocument.text"}, {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {".eml", "message/rfc822"}, {".patch", "text/x-patch"}, {".diff", "text/x-patch"},
};

str enclosure_type(str name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        str ending = str_c(types[i].ending);
        if (name.len > ending.len && str_eq_nocase(str_skip(name, name.len - ending.len), ending))
            return str_c(types[i].type);
    }
    return S("application/octet-stream");
}

/* ---- octets ---- */

bool pour_fd(int fd, int64_t offset, int64_t length, build_put *put, void *to, struct err *e)
{
    char piece[PIECE];
    for (int64_t done = 0; length < 0 || done < length;) {
        size_t n = length < 0 || length - done > PIECE ? PIECE : (size_t)(length - done);
        ssize_t got = pread(fd, piece, n, offset + done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_errno(e, ERR_IO, "file.read", NULL, "cannot read a file of the message");
        if (got == 0)
            break;
        if (!put(to, str_of(piece, got), e))
            return false;
        done += got;
    }
    return true;
}

static bool pour_enclosure(void *context, build_put *put, void *to, struct err *e)
{
    const struct enclosure *x = context;
    return x->fd < 0 ? put(to, x->content, e) : pour_fd(x->fd, 0, -1, put, to, e);
}

int spool_new(struct err *e)
{
    const char *folder = getenv("TMPDIR") && getenv("TMPDIR")[0] ? getenv("TMPDIR") : "/tmp";
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* a file system that has no O_TMPFILE */
        char name[4096];
        if (snprintf(name, sizeof name, "%s/mail-compose.XXXXXX", folder) < (int)sizeof name && (fd = mkostemp(name, O_CLOEXEC)) >= 0)
            unlink(name);
    }
    if (fd < 0)
        err_errno(e, ERR_IO, "file.spool", "TMPDIR names a folder with room", "cannot make a file in %s", folder);
    return fd;
}

/* What comes only once (a pipe, stdin) is kept in a file, because a message may be read twice. */
static int spool(int from, const char *what, struct err *e)
{
    char piece[PIECE];
    ssize_t n = 0;
    int fd = spool_new(e);
    while (fd >= 0 && ((n = read(from, piece, sizeof piece)) > 0 || (n < 0 && errno == EINTR)))
        if (n > 0 && !fd_write_full(fd, str_of(piece, n))) {
            err_errno(e, ERR_IO, "file.spool", NULL, "cannot keep %s", what);
            close(fd);
            return -1;
        }
    if (fd >= 0 && n < 0) {
        err_errno(e, ERR_IO, "file.read", NULL, "cannot read %s", what);
        close(fd);
        return -1;
    }
    return fd;
}

/* A descriptor that can be read again and again; -1 with *e. */
static int open_octets(arena *a, str path, int64_t *size, struct err *e)
{
    const char *name = str_z(a, path);
    bool is_stdin = str_eq(path, S("-"));
    int fd = is_stdin ? dup(0) : open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct stat st = {0};
    if (fd < 0 || fstat(fd, &st) != 0) {
        err_errno(e, ERR_MISSING, "file.open", NULL, "cannot open %s", is_stdin ? "standard input" : name);
    } else if (S_ISDIR(st.st_mode)) {
        err_set(e, ERR_MISSING, "file.folder", "name a file", "%s is a folder", name);
    } else if (S_ISREG(st.st_mode) && !is_stdin) {
        *size = st.st_size;
        return fd;
    } else {
        int kept = spool(fd, name, e);
        close(fd);
        *size = kept >= 0 && fstat(kept, &st) == 0 ? st.st_size : 0;
        return kept;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

/* ---- the list of a request ---- */

void enclose(arena *a, struct request *r, const struct enclosure *x)
{
    struct enclosure *own = ARENA_NEW(a, struct enclosure);
    *own = *x;
    if (!own->source.pour)
        own->source = (struct build_source){own, pour_enclosure};
    own->next = r->enclosures;
    r->enclosures = own;
    r->n_enclosures++;
}

void enclosures_close(struct request *r, const struct enclosure *kept)
{
    for (struct enclosure *x = r->enclosures; x && x != kept; x = x->next)
        if (x->fd >= 0)
            close(x->fd);
    r->enclosures = NULL;
}

static str base_name(str path)
{
    for (ptrdiff_t i = path.len - 1; i >= 0; i--)
        if (path.ptr[i] == '/')
            return str_skip(path, i + 1);
    return path;
}

static bool is_type(str s)
{
    ptrdiff_t slash = str_find_byte(s, '/');
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        bool token = (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("!#$&-^_.+", c));
        if (!token && i != slash)
            return false;
    }
    return slash > 0 && slash < s.len - 1 && s.len < 128;
}

bool enclose_path(arena *a, struct request *r, const struct enclosure *wanted, struct err *e)
{
    struct enclosure x = *wanted;
    const char *what = x.is_inline ? "an inline file's name" : "an attachment's name";
    if (!build_value_ok(x.name, what, e) || !build_value_ok(x.cid, "a Content-ID", e))
        return false;
    x.name = base_name(x.name.len ? x.name : x.path);
    if (!x.name.len || str_eq(x.name, S("-")))
        x.name = S("attachment");
    if (!build_value_ok(x.name, what, e))
        return false;
    if (x.type.len && (!is_type(x.type) || str_starts_nocase(x.type, S("multipart/"))))
        return err_set(e, ERR_INPUT, "attachment.type", "a type is like application/pdf", "%.*s: \"%.*s\" is no type of a file",
                       STR_ARG(x.name), STR_ARG(x.type));
    x.type = x.type.len ? str_lower(a, x.type) : enclosure_type(x.name);
    if (r->n_enclosures == ENCLOSURES)
        return err_set(e, ERR_INPUT, "attachment.many", NULL, "a message has at most %d files", ENCLOSURES);
    if (x.fd < 0 && !x.content.ptr) {
        x.fd = open_octets(a, x.path, &x.size, e);
        if (x.fd < 0)
            return false;
    } else {
        x.size = x.content.len;
    }
    enclose(a, r, &x);
    return true;
}

bool enclose_file(arena *a, struct request *r, str spec, bool is_inline, struct err *e)
{
    struct enclosure x = {.path = spec, .is_inline = is_inline, .fd = -1};
    for (ptrdiff_t i = 0; i < spec.len && access(str_z(a, spec), F_OK) != 0; i++) {
        str type, name;
        if (spec.ptr[i] != ':')
            continue;
        str_cut(str_skip(spec, i + 1), ':', &type, &name);
        if (type.len && !is_type(type))
            continue;
        x.path = str_first(spec, i);
        x.type = type.len ? type : STR_NONE;
        x.name = name;
        break;
    }
    return enclose_path(a, r, &x, e);
}
