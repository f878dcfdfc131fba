#include "sys/sys.h"

#include <errno.h>
#include <sys/random.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int64_t wall(void) { return read_clock(CLOCK_REALTIME); }

static int64_t monotonic(void) { return read_clock(CLOCK_MONOTONIC); }

static int64_t since_boot(void) { return read_clock(CLOCK_BOOTTIME); }

static void kernel_random(void *p, size_t n)
{
    size_t got = 0;
    while (got < n) {
        ssize_t r = getrandom((char *)p + got, n - got, 0);
        if (r > 0)
            got += (size_t)r;
    }
}

struct sys_clock sys_clock = {wall, monotonic, since_boot, kernel_random};
