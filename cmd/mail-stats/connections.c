/* Who is at work on the store now, by the kernel's list of locks: mail-fetch holds the lock of each account that it reads, mail-send the lease
 * of what it sends. Processes of other machines, and of others where the kernel hides them, are not seen. Nothing is locked to find out. */
#include "mail-stats/connections.h"

#include "date/date.h"
#include "sys/sys.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_OCTETS = 1 << 20 };

/* Empty where it cannot be read. */
static str read_file(arena *a, const char *path)
{
    struct err unseen;
    str text;
    return file_read(a, path, FILE_OCTETS, &text, &unseen) ? text : S("");
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
static str account_in(arena *a, str name) { return str_percent_decoded(a, str_slice(name, S("fetch-").len, name.len - S(".lock").len)); }

/* Since when it is held: what says so in the file, for a lease its first line, else when the file was written. */
static int64_t held_since(arena scratch, const char *path, const struct stat *info, bool lease)
{
    int64_t at = info->st_mtime;
    str line, rest, text = lease ? read_file(&scratch, path) : STR_NONE;
    str_cut(text, '\n', &line, &rest);
    for (int i = 0; i < 3; i++)
        next_word(&line);
    str_i64(next_word(&line), 0, INT64_MAX, &at);
    return at;
}

static void look_at(struct connections *to, const struct held_locks *locks, str folder, str name, bool lease)
{
    arena *a = to->mem;
    struct stat info;
    char *path = str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(name)));
    int64_t pid = stat(path, &info) == 0 ? locks_holder(locks, (int64_t)info.st_ino) : 0;
    if (!pid)
        return;
    if (to->n == to->cap) {
        ptrdiff_t cap = to->cap ? to->cap * 2 : 16;
        to->item = arena_grow(a, to->item, (size_t)to->cap * sizeof *to->item, (size_t)cap * sizeof *to->item, _Alignof(struct connection));
        to->cap = cap;
    }
    str program = read_file(a, str_z(a, str_fmt(a, "/proc/%lld/comm", (long long)pid)));
    to->item[to->n++] = (struct connection){.kind = lease ? S("send") : S("fetch"), .account = lease ? STR_NONE : account_in(a, name),
                                            .lease = lease ? str_copy(a, name) : STR_NONE, .program = str_trim(program), .pid = pid,
                                            .since = held_since(*a, path, &info, lease)};
}

static void look_into(struct connections *to, const struct held_locks *locks, str folder, bool leases)
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
    struct held_locks locks;
    locks_held(a, &locks);
    look_into(out, &locks, store, false);
    look_into(out, &locks, str_fmt(a, "%.*s/queue", STR_ARG(store)), true);
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
