/* TAP for the unit tests. One test program per room:
 *
 *     #include "tap.h"
 *     int main(void) {
 *         ok(str_eq(a, b), "equal without case");
 *         is_str(str_trim(S(" x ")), S("x"), "trim: both ends");
 *         is_int(n, 3, "three parts in %s", name);
 *         return done();
 *     }
 *
 * Each check returns whether it passed; a failure says where it stands and what was got, on stderr. */
#ifndef TAP_H
#define TAP_H

#include "str/str.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

static int tap_count, tap_failures;

__attribute__((format(printf, 4, 5), unused)) static bool tap_result(bool passed, const char *file, int line,
                                                                     const char *format, ...) {
    va_list args;
    va_start(args, format);
    printf("%sok %d - ", passed ? "" : "not ", ++tap_count);
    vprintf(format, args);
    putchar('\n');
    fflush(stdout);
    va_end(args);
    if (!passed) {
        tap_failures++;
        fprintf(stderr, "#   failed at %s:%d\n", file, line);
    }
    return passed;
}

/* Quoted, control characters and what is not ASCII as \xNN. */
__attribute__((unused)) static void tap_show(const char *label, str s) {
    fprintf(stderr, "#     %s: ", label);
    if (!s.ptr) fprintf(stderr, "(none) ");
    fputc('"', stderr);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        fprintf(stderr, c < 0x20 || c >= 0x7f || c == '\\' ? "\\x%02x" : "%c", c);
    }
    fputs("\"\n", stderr);
}

__attribute__((unused)) static bool tap_str(bool passed, str got, str want) {
    if (!passed) {
        tap_show("got ", got);
        tap_show("want", want);
    }
    return passed;
}

__attribute__((unused)) static bool tap_int(bool passed, long long got, long long want) {
    if (!passed) fprintf(stderr, "#     got %lld, want %lld\n", got, want);
    return passed;
}

#define ok(condition, ...) tap_result(condition, __FILE__, __LINE__, __VA_ARGS__)

#define is_str(got, want, ...)                                                       \
    __extension__({                                                                  \
        str tap_got = (got), tap_want = (want);                                      \
        tap_str(ok(str_eq(tap_got, tap_want), __VA_ARGS__), tap_got, tap_want);      \
    })

#define is_int(got, want, ...)                                                       \
    __extension__({                                                                  \
        long long tap_got = (long long)(got), tap_want = (long long)(want);          \
        tap_int(ok(tap_got == tap_want, __VA_ARGS__), tap_got, tap_want);            \
    })

/* Counts as passed here and as skipped in the total, which a run with CI set takes for a failure unless
 * the reason names ../shared. */
#define skip(reason) (void)printf("ok %d # skip %s\n", ++tap_count, (reason))

/* What main returns. */
__attribute__((unused)) static int done(void) {
    printf("1..%d\n", tap_count);
    return tap_failures ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
