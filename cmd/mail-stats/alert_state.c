#include "mail-stats/alert.h"

#include "date/date.h"
#include "json/json.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_OCTETS = 16 << 20, FORGET_S = 7 * 86400 };

static struct alert *add_alert(struct alerts *all, struct alert x)
{
    if (all->n == all->cap) {
        ptrdiff_t cap = all->cap ? all->cap * 2 : 16;
        all->item = arena_grow(all->mem, all->item, (size_t)all->cap * sizeof x, (size_t)cap * sizeof x, _Alignof(struct alert));
        all->cap = cap;
    }
    all->item[all->n] = x;
    return &all->item[all->n++];
}

static bool status_named(str name, enum health *out)
{
    for (int i = HEALTH_OK; i <= HEALTH_CRITICAL; i++)
        if (str_eq(name, health_name((enum health)i))) {
            *out = (enum health)i;
            return true;
        }
    return false;
}

/* ---- the file: one alert a line ------------------------------------------------------------------------------ */

static bool read_alert(arena *a, str line, struct alert *out)
{
    struct json_fault fault;
    const struct jnode *node = jread(a, line, &fault), *told = jread_member(node, S("told"));
    *out = (struct alert){.check = jread_string(a, jread_member(node, S("check"))), .account = jread_string(a, jread_member(node, S("account"))),
                          .object = jread_string(a, jread_member(node, S("object"))), .message = jread_string(a, jread_member(node, S("message"))),
                          .hint = jread_string(a, jread_member(node, S("hint")))};
    if (!out->check.ptr || !status_named(jread_string(a, jread_member(node, S("status"))), &out->status) ||
        !jread_i64(jread_member(node, S("since")), 0, INT64_MAX, &out->since) || !jread_i64(jread_member(node, S("endedAt")), 0, INT64_MAX, &out->ended_at))
        return false;
    for (const struct jnode *it = jread_first(told); it; it = jread_next(told, it)) {
        enum health status;
        if (status_named(jread_string(a, it + 1), &status))
            alert_tell(a, out, jread_string(a, it), status);
    }
    return true;
}

bool alerts_read(arena *a, const char *path, struct alerts *out, struct err *e)
{
    str rest, line;
    *out = (struct alerts){.mem = a};
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return true;
    if (!file_read(a, path, FILE_OCTETS, &rest, e))
        return false;
    while (rest.len) {
        struct alert x;
        str_cut(rest, '\n', &line, &rest);
        if (!line.len)
            continue;
        if (!read_alert(a, line, &x)) {
            prog_warn("%s has a line that is no alert: it is left out", path);
            continue;
        }
        add_alert(out, x);
    }
    return true;
}

static void member(struct jwrite *w, const char *key, str value)
{
    jwrite_key(w, str_c(key));
    jwrite_string(w, value);
}

static void write_alert(struct buf *to, const struct alert *x)
{
    struct jwrite w = {.to = to};
    jwrite_object(&w);
    member(&w, "check", x->check);
    member(&w, "account", x->account);
    member(&w, "object", x->object);
    member(&w, "status", health_name(x->status));
    member(&w, "message", x->message);
    member(&w, "hint", x->hint);
    jwrite_key(&w, S("since"));
    jwrite_i64(&w, x->since);
    jwrite_key(&w, S("endedAt"));
    jwrite_i64(&w, x->ended_at);
    jwrite_key(&w, S("told"));
    jwrite_object(&w);
    for (ptrdiff_t i = 0; i < x->n; i++) {
        jwrite_string(&w, x->told[i].channel);
        buf_byte(to, ':');
        w.comma = false;
        jwrite_string(&w, health_name(x->told[i].status));
    }
    jwrite_end_object(&w);
    jwrite_end_object(&w);
    buf_byte(to, '\n');
}

/* The blocks that the file has already. */
static bool overwrite(const char *path, str text)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && (int64_t)st.st_blocks * 512 >= text.len && fd_write_full(fd, text) && ftruncate(fd, text.len) == 0 &&
                fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good;
}

bool alerts_write(const struct alerts *all, const char *path, struct err *e)
{
    struct buf b = buf_new(all->mem, 4096);
    for (ptrdiff_t i = 0; i < all->n; i++)
        write_alert(&b, &all->item[i]);
    return file_replace(path, buf_str(&b), 0600, e) || overwrite(path, buf_str(&b));
}

/* ---- what changed ---------------------------------------------------------------------------------------------- */

static bool is_of(const struct alert *x, const struct finding *f)
{
    return str_eq(x->check, f->check) && str_eq(x->account, f->account) && str_eq(x->object, f->object);
}

static struct alert *alert_of(struct alerts *all, const struct finding *f)
{
    for (ptrdiff_t i = 0; i < all->n; i++)
        if (is_of(&all->item[i], f))
            return &all->item[i];
    return add_alert(all, (struct alert){.check = f->check, .account = f->account, .object = f->object});
}

void alerts_update(struct alerts *all, const struct findings *found, int64_t now)
{
    for (ptrdiff_t i = 0; i < found->n; i++) {
        const struct finding *f = &found->item[i];
        if (f->status == HEALTH_OK)
            continue;
        struct alert *x = alert_of(all, f);
        if (x->status == HEALTH_OK)
            x->since = f->since ? f->since : now;
        x->status = x->found && x->status > f->status ? x->status : f->status;
        x->message = f->message;
        x->hint = f->hint;
        x->ended_at = 0;
        x->found = true;
    }
    for (ptrdiff_t i = 0; i < all->n && !found->blind; i++) {
        struct alert *x = &all->item[i];
        if (x->found || x->status == HEALTH_OK)
            continue;
        x->status = HEALTH_OK;
        x->ended_at = now;
    }
}

enum health alert_told(const struct alert *x, str channel)
{
    for (ptrdiff_t i = 0; i < x->n; i++)
        if (str_eq(x->told[i].channel, channel))
            return x->told[i].status;
    return HEALTH_OK;
}

void alert_tell(arena *a, struct alert *x, str channel, enum health status)
{
    for (ptrdiff_t i = 0; i < x->n; i++)
        if (str_eq(x->told[i].channel, channel)) {
            x->told[i].status = status;
            return;
        }
    if (x->n == x->cap) {
        ptrdiff_t cap = x->cap ? x->cap * 2 : 4;
        x->told = arena_grow(a, x->told, (size_t)x->cap * sizeof *x->told, (size_t)cap * sizeof *x->told, _Alignof(struct told));
        x->cap = cap;
    }
    x->told[x->n++] = (struct told){channel, status};
}

static bool nobody_waits(const struct alert *x)
{
    for (ptrdiff_t i = 0; i < x->n; i++)
        if (x->told[i].status != HEALTH_OK)
            return false;
    return true;
}

void alerts_forget(struct alerts *all, int64_t now)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < all->n; i++) {
        const struct alert *x = &all->item[i];
        if (x->status != HEALTH_OK || (!nobody_waits(x) && now - x->ended_at < FORGET_S))
            all->item[kept++] = *x;
    }
    all->n = kept;
}
