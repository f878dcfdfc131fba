/* Who works on the queue now: processes that hold a lease, as the kernel tells of its locks. */
#include "mail-queue/runners.h"

#include "date/date.h"
#include "lease/lease.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PROC_OCTETS = 4096, LOCKS_OCTETS = 1 << 20 };
/* Of /proc/PID/stat, counted from the one behind the name in brackets. */
enum { STAT_USER = 11, STAT_SYSTEM = 12, STAT_START = 19, STAT_PAGES = 21 };

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

static bool is_lease(const struct strs *inodes, str place)
{
    str number = place;
    for (str device; str_find_byte(number, ':') >= 0;)
        str_cut(number, ':', &device, &number);
    return strs_have(inodes, number);
}

static void put_process(arena a, struct jwrite *w, int64_t pid)
{
    str stat = read_file(&a, str_z(&a, str_fmt(&a, "/proc/%lld/stat", (long long)pid)), PROC_OCTETS);
    int64_t field[STAT_PAGES + 1] = {0}, tick = sysconf(_SC_CLK_TCK), uptime = 0;
    ptrdiff_t open = str_find_byte(stat, '('), close = stat.len;
    while (close > 0 && stat.ptr[close - 1] != ')')
        close--;
    if (open < 0 || close <= open + 1)
        return; /* it has just ended */
    str rest = str_skip(stat, close), whole;
    for (int i = 0; i <= STAT_PAGES; i++)
        str_i64(next_word(&rest), INT64_MIN, INT64_MAX, &field[i]);
    str_cut(read_file(&a, "/proc/uptime", PROC_OCTETS), '.', &whole, &rest);
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
    str line, rest = STR_NONE;
    find_inodes(&a, folder, &inodes);
    jwrite_key(w, S("runners"));
    jwrite_array(w);
    if (inodes.n)
        rest = read_file(&a, "/proc/locks", LOCKS_OCTETS);
    /* "7: FLOCK  ADVISORY  READ 4711 fe:01:131 0 EOF" */
    while (inodes.n && str_cut(rest, '\n', &line, &rest)) {
        int64_t pid;
        next_word(&line);
        bool flock = str_eq(next_word(&line), S("FLOCK"));
        next_word(&line);
        next_word(&line);
        str number = next_word(&line);
        if (!flock || !str_i64(number, 1, INT32_MAX, &pid) || strs_have(&seen, number) || !is_lease(&inodes, next_word(&line)))
            continue;
        strs_add(&a, &seen, number);
        put_process(a, w, pid);
    }
    jwrite_end_array(w);
    arena_free(&a);
}
