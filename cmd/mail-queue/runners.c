/* Who works on the queue now: processes that hold a lease, as the kernel tells of its locks. */
#include "mail-queue/runners.h"

#include "date/date.h"
#include "lease/lease.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROC_OCTETS = 4096 };
/* Of /proc/PID/stat, counted from the one behind the name in brackets. */
enum { STAT_USER = 11, STAT_SYSTEM = 12, STAT_START = 19, STAT_PAGES = 21 };

static str next_word(str *rest)
{
    str word;
    while (rest->len && rest->ptr[0] == ' ')
        *rest = str_skip(*rest, 1);
    str_cut(*rest, ' ', &word, rest);
    return word;
}

/* A file of /proc; empty where it cannot be read. */
static str read_file(arena *a, const char *path)
{
    struct err unseen;
    str text;
    return file_read(a, path, PROC_OCTETS, &text, &unseen) ? text : S("");
}

static void put_process(arena a, struct jwrite *w, int64_t pid)
{
    str stat = read_file(&a, str_z(&a, str_fmt(&a, "/proc/%lld/stat", (long long)pid)));
    int64_t field[STAT_PAGES + 1] = {0}, tick = sysconf(_SC_CLK_TCK), uptime = 0;
    ptrdiff_t open = str_find_byte(stat, '('), close = stat.len;
    while (close > 0 && stat.ptr[close - 1] != ')')
        close--;
    if (open < 0 || close <= open + 1)
        return; /* it has just ended */
    str rest = str_skip(stat, close), whole;
    for (int i = 0; i <= STAT_PAGES; i++)
        str_i64(next_word(&rest), INT64_MIN, INT64_MAX, &field[i]);
    str_cut(read_file(&a, "/proc/uptime"), '.', &whole, &rest);
    str_i64(whole, 0, INT64_MAX, &uptime);
    struct buf started = buf_new(&a, 32);
    date_put_utc(&started, now_s() - uptime + field[STAT_START] / tick);
    jwrite_object(w);
    jwrite_key(w, S("pid"));
    jwrite_i64(w, pid);
    jwrite_key(w, S("program"));
    jwrite_string(w, utf8_scrub(&a, str_slice(stat, open + 1, close - 1)));
    jwrite_key(w, S("startedAt"));
    jwrite_string(w, buf_str(&started));
    jwrite_key(w, S("cpuMs"));
    jwrite_i64(w, (field[STAT_USER] + field[STAT_SYSTEM]) * 1000 / tick);
    jwrite_key(w, S("memory"));
    jwrite_i64(w, field[STAT_PAGES] * sysconf(_SC_PAGESIZE));
    jwrite_end_object(w);
}

/* As texts: a set. */
static void find_inodes(arena *a, str folder, struct strs *inodes)
{
    struct strs names = {0};
    struct err ignored;
    struct stat st;
    lease_list(a, folder, &names, &ignored);
    for (ptrdiff_t i = 0; i < names.n; i++)
        if (stat(str_z(a, str_fmt(a, "%.*s/%.*s", STR_ARG(folder), STR_ARG(names.item[i]))), &st) == 0)
            strs_add(a, inodes, str_fmt(a, "%lld", (long long)st.st_ino));
}

void runners_put(struct jwrite *w, str folder)
{
    arena a = arena_new(16 << 20);
    struct strs inodes = {0}, seen = {0};
    struct held_locks locks = {0};
    find_inodes(&a, folder, &inodes);
    if (inodes.n)
        locks_held(&a, &locks);
    jwrite_key(w, S("runners"));
    jwrite_array(w);
    for (ptrdiff_t i = 0; i < locks.n; i++) {
        str pid = str_fmt(&a, "%lld", (long long)locks.item[i].pid);
        if (strs_have(&seen, pid) || !strs_have(&inodes, str_fmt(&a, "%lld", (long long)locks.item[i].inode)))
            continue;
        strs_add(&a, &seen, pid);
        put_process(a, w, locks.item[i].pid);
    }
    jwrite_end_array(w);
    arena_free(&a);
}
