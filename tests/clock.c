/* The clock of $BUILD/timed/: programs whose wall clock the tests set. It takes the place of lib/sys/clock.c when they are linked; what is
 * installed has no such thing.
 *
 * MAILPIPE_TEST_NOW, seconds since 1970 UTC, is the time at which a program begins; it goes on from there. Deadlines keep the real clock. */
#include "../lib/sys/clock.c"

#include <stdlib.h>

static int64_t shift_ms; /* from the real time */

static int64_t shifted(void) { return wall() + shift_ms; }

static void __attribute__((constructor)) set_clock(void)
{
    const char *now = getenv("MAILPIPE_TEST_NOW");
    if (!now || !*now)
        return;
    shift_ms = strtoll(now, NULL, 10) * 1000 - wall();
    sys_clock.now_ms = shifted;
}
