#include "lease/lines.h"

#include "sys/sys.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_WORDS "mailpipe-lease 1 "

/* The machine's run since it was started; "-" where the system does not tell. */
static str boot_id(arena *a)
{
    char id[64];
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    ptrdiff_t n = fd < 0 ? 0 : fd_read_full(fd, id, sizeof id);
    if (fd >= 0)
        close(fd);
    str found = str_trim(str_of(id, n > 0 ? n : 0));
    return found.len ? str_copy(a, found) : S("-");
}

str lease_first_line(arena *a, int64_t now)
{
    return str_fmt(a, FIRST_WORDS "%.*s %lld\n", STR_ARG(boot_id(a)), (long long)now);
}

static void put_rcpt(struct buf *to, str rcpt)
{
    for (ptrdiff_t i = 0; i < rcpt.len; i++) {
        unsigned char c = (unsigned char)rcpt.ptr[i];
        if (c <= 0x20 || c == 0x7F || c == '%')
            buf_fmt(to, "%%%02X", c);
        else
            buf_byte(to, (char)c);
    }
}

static str word(str *rest)
{
    str head;
    str_cut(*rest, ' ', &head, rest);
    return head;
}

static str or_none(str s) { return str_eq(s, S("-")) ? STR_NONE : s; }

static str entry_key(arena *a, int64_t id, str rcpt) { return str_fmt(a, "%lld %.*s", (long long)id, STR_ARG(rcpt)); }

static struct lease_entry *entry_for(arena *a, struct lease *l, int64_t id, str rcpt, ptrdiff_t cap)
{
    struct map_slot *slot = map_put(a, &l->index, entry_key(a, id, rcpt));
    if (!slot->value.ptr) {
        if (l->n == cap)
            return NULL;
        slot->value.ptr = &l->entries[l->n++];
        *(struct lease_entry *)slot->value.ptr = (struct lease_entry){.id = id, .rcpt = rcpt};
    }
    return slot->value.ptr;
}

static bool is_outcome(str s)
{
    return str_eq(s, S("sent")) || str_eq(s, S("deferred")) || str_eq(s, S("failed")) || str_eq(s, S("uncertain"));
}

/* A line that is none of ours says nothing: what has data then stays without a reply. */
static void read_line(arena *a, struct lease *l, str line, ptrdiff_t cap)
{
    str kind = word(&line), number = word(&line);
    int64_t id;
    bool reply = str_eq(kind, S("reply"));
    if ((!reply && !str_eq(kind, S("data"))) || !str_i64(number, 1, INT64_MAX, &id))
        return;
    str rcpt = str_percent_decoded(a, word(&line)), status = reply ? word(&line) : STR_NONE, code = word(&line);
    if (!rcpt.len || (reply && !is_outcome(status)))
        return;
    struct lease_entry *entry = entry_for(a, l, id, rcpt, cap);
    if (!entry)
        return;
    *entry = (struct lease_entry){.state = reply ? LEASE_REPLY : LEASE_DATA, .id = id, .rcpt = entry->rcpt, .status = status};
    if (!reply)
        return;
    if (!str_i64(code, 200, 599, &entry->code))
        entry->code = 0;
    entry->enhanced_code = or_none(word(&line));
    entry->server = or_none(line);
}

bool lease_read(arena *a, struct lease *l, struct err *e)
{
    struct stat st;
    if (fstat(l->fd, &st) != 0 || st.st_size > LEASE_OCTETS)
        return err_set(e, ERR_IO, "lease.read", "", "the lease %.*s is damaged", STR_ARG(l->path));
    char *text = arena_alloc(a, (size_t)st.st_size + 1, 1);
    if (lseek(l->fd, 0, SEEK_SET) != 0)
        return err_errno(e, ERR_IO, "lease.read", "", "cannot read the lease %.*s", STR_ARG(l->path));
    ptrdiff_t n = fd_read_full(l->fd, text, st.st_size);
    if (n < 0)
        return err_errno(e, ERR_IO, "lease.read", "", "cannot read the lease %.*s", STR_ARG(l->path));
    str rest = str_of(text, n), line;
    ptrdiff_t lines = 0;
    for (ptrdiff_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    l->entries = ARENA_ARRAY(a, struct lease_entry, lines);
    bool first = true;
    while (str_cut(rest, '\n', &line, &rest)) {
        if (!first) {
            read_line(a, l, line, lines);
        } else if (str_starts(line, S(FIRST_WORDS))) {
            str words = str_skip(line, sizeof FIRST_WORDS - 1), boot = word(&words);
            l->other_boot = !str_eq(boot, boot_id(a));
            str_i64(words, 0, INT64_MAX, &l->made_at);
        }
        first = false;
    }
    return true;
}

/* ---- writing ------------------------------------------------------------------------------------------------ */

void lease_put_data(struct buf *to, const struct lease_mark *mark)
{
    buf_fmt(to, "data %lld ", (long long)mark->id);
    put_rcpt(to, mark->rcpt);
    buf_byte(to, '\n');
}

void lease_put_reply(struct buf *to, const struct lease_entry *entry)
{
    str enhanced = entry->enhanced_code.len ? entry->enhanced_code : S("-");
    ptrdiff_t start = to->len;
    buf_fmt(to, "reply %lld ", (long long)entry->id);
    put_rcpt(to, entry->rcpt);
    buf_fmt(to, " %.*s %lld %.*s ", STR_ARG(entry->status), (long long)entry->code, STR_ARG(enhanced));
    buf_put(to, entry->server.len ? entry->server : S("-"));
    for (ptrdiff_t i = start; i < to->len; i++)
        if ((unsigned char)to->ptr[i] < 0x20 || to->ptr[i] == 0x7F)
            to->ptr[i] = ' ';
    buf_byte(to, '\n');
}
