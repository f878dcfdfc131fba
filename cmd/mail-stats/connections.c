/* Who is at work on the store now, by the kernel's list of locks: mail-fetch holds the lock of each account that it reads, mail-send the lease
 * of what it sends. Processes of other machines, and of others where the kernel hides them, are not seen. Nothing is locked to find out. */
#include "mail-stats/connections.h"

#include "date/date.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOCKS_OCTETS = 1 << 20, LINE_OCTETS = 4096 };

static str read_file(arena *a, const char *path, ptrdiff_t most)
{
    char *text = arena_alloc(a, (size_t)most, 1);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ptrdiff_t n = fd < 0 ? 0 : fd_read_full(fd, text, most);
    if (fd >= 0)
        close(fd);
    return str_of(text, n > 0 ? n : 0);
}

static str next_word(str *rest)
{
    str word;
    while (rest->len && rest->ptr[0] == ' ')
        *rest = str_skip(*rest, 1);
    str_cut(*rest, ' ', &word, rest);
    return word;
}

/* "fetch-a%20b.lock": "a b" */
static str account_in(arena *a, str name)
{
    struct buf b = buf_new(a, name.len);
    name = str_slice(name, S("fetch-").len, name.len - S(".lock").len);
    for (ptrdiff_t i = 0; i < name.len; i++) {
        static const char hex[] = "0123456789abcdef";
        const char *high = name.ptr[i] == '%' && i + 2 < name.len ? strchr(hex, name.ptr[i + 1]) : NULL, *low = high ? strchr(hex, name.ptr[i + 2]) : NULL;
        char c = name.ptr[i];
        if (low) {
            c = (char)((high - hex) << 4 | (low - hex));
            i += 2;
        }
        buf_byte(&b, c);
    }
    return buf_str(&b);
}

/* Since when it is held: what says so in the file, for a lease its first line, else when the file was written. */
static int64_t held_since(arena scratch, const char *path, const struct stat *info, bool lease)
{
    int64_t at = info->st_mtime;
    str line, rest, text = lease ? read_file(&scratch, path, LINE_OCTETS) : STR_NONE;
    str_cut(text, '\n', &line, &rest);
    for (int i = 0; i < 3; i++)
        next_word(&line);
    str_i64(next_word(&line), 0, INT64_MAX, &at);
    return at;
}

/* A line of /proc/locks: "1: FLOCK  ADVISORY  WRITE 16337 00:2a:108 0 EOF". */
static int64_t holder_of(str locks, int64_t inode)
{
    for (str line; locks.len;) {
        int64_t pid = 0, number = 0;
        str place, part;
        str_cut(locks, '\n', &line, &locks);
        str_cut(line, ' ', &part, &line);
        bool flock = str_eq(next_word(&line), S("FLOCK"));
        next_word(&line);
        next_word(&line);
        str_i64(next_word(&line), 0, INT64_MAX, &pid);
        place = next_word(&line);
        for (int i = 0; i < 2; i++)
            str_cut(place, ':', &part, &place);
        if (flock && pid && str_i64(place, 0, INT64_MAX, &number) && number == inode)
            return pid;
    }
    return 0;
}

static void look_at(struct connections *to, str locks, str folder, str name, bool lease)
{
    arena *a = to->mem;
    struct stat info;
    char *path = str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name)));
    int64_t pid = stat(path, &info) == 0 ? holder_of(locks, (int64_t)info.st_ino) : 0;
    if (!pid)
        return;
    if (to->n == to->cap) {
        ptrdiff_t cap = to->cap ? to->cap * 2 : 16;
        to->item = arena_grow(a, to->item, (size_t)to->cap * sizeof *to->item, (size_t)cap * sizeof *to->item, _Alignof(struct connection));
        to->cap = cap;
    }
    str program = read_file(a, str_z(a, str_fmt(a, "/proc/%lld/comm", (long long)pid)), LINE_OCTETS);
    to->item[to->n++] = (struct connection){.kind = lease ? S("send") : S("fetch"), .account = lease ? STR_NONE : account_in(a, name),
                                            .lease = lease ? str_copy(a, name) : STR_NONE, .program = str_trim(program), .pid = pid,
                                            .since = held_since(*a, path, &info, lease)};
}

static void look_into(struct connections *to, str locks, str folder, bool leases)
{
    DIR *d = opendir(str_z(to->mem, folder));
    for (struct dirent *entry; d && (entry = readdir(d));) {
        str name = str_c(entry->d_name);
        bool wanted = leases ? name.ptr[0] == 'l' : str_starts(name, S("fetch-")) && str_ends(name, S(".lock"));
        if (wanted)
            look_at(to, locks, folder, name, leases);
    }
    if (d)
        closedir(d);
}

void connections_read(arena *a, str store, struct connections *out)
{
    *out = (struct connections){.mem = a};
    str locks = read_file(a, "/proc/locks", LOCKS_OCTETS);
    look_into(out, locks, store, false);
    look_into(out, locks, str_fmt(a, "%.*s/queue", STR_ARG(store)), true);
    for (ptrdiff_t i = 0; i < out->n; i++) {
        bool known = false;
        for (ptrdiff_t k = 0; k < i; k++)
            known |= out->item[k].pid == out->item[i].pid;
        out->processes += !known;
    }
}

bool connections_run(struct request *r, struct table *t, struct err *e)
{
    struct connections all;
    (void)e;
    connections_read(r->mem, store_dir(r->store), &all);
    table_column(t, S("kind"), COLUMN_TEXT);
    t->key = table_column(t, S("account"), COLUMN_TEXT);
    table_column(t, S("lease"), COLUMN_TEXT);
    table_column(t, S("pid"), COLUMN_COUNT);
    table_column(t, S("program"), COLUMN_TEXT);
    table_column(t, S("since"), COLUMN_TIME);
    t->chart = table_column(t, S("heldSeconds"), COLUMN_SECONDS);
    for (ptrdiff_t i = 0; i < all.n; i++) {
        const struct connection *x = &all.item[i];
        if (r->accounts.n && !strs_have(&r->accounts, x->account))
            continue;
        struct cell *row = table_row(t);
        row[0] = cell_text(x->kind);
        row[1] = cell_text(x->account);
        row[2] = cell_text(x->lease);
        row[3] = cell_number(x->pid);
        row[4] = cell_text(x->program.len ? x->program : STR_NONE);
        row[5] = cell_number(x->since);
        row[6] = cell_number(r->now > x->since ? r->now - x->since : 0);
    }
    return true;
}
