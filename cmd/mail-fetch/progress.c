#include "fetch.h"

#include <stdio.h>
#include <unistd.h>

enum { DRAW_MS = 100, BAR = 20 };

void progress_begin(struct progress *p, str account, str mailbox, int64_t total)
{
    *p = (struct progress){.total = total, .began_ms = sys_clock.monotonic_ms()};
    p->shown = prog_is() != QUIET && prog_logs_text() && isatty(2) && !isatty(1) && total > 0;
    struct err clean; /* what a server calls a mailbox must not steer the terminal */
    err_set(&clean, ERR_NONE, "", NULL, "%.*s %.*s", STR_ARG(account), STR_ARG(str_first(mailbox, 60)));
    snprintf(p->line, sizeof p->line, "%.150s", clean.text);
}

void progress_draw(struct progress *p, int64_t done, int64_t octets)
{
    int64_t now = sys_clock.monotonic_ms();
    if (!p->shown || now - p->drawn_ms < DRAW_MS)
        return;
    p->drawn_ms = now;
    char bar[BAR + 1], text[320];
    int64_t full = done * BAR / p->total, ms = now - p->began_ms + 1;
    for (int i = 0; i < BAR; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR] = 0;
    int n = snprintf(text, sizeof text, "\r%s [%s] %lld/%lld  %.1f MB, %.1f MB/s\033[K", p->line, bar, (long long)done,
                     (long long)p->total, (double)octets / 1e6, (double)octets / 1e3 / (double)ms);
    fd_write_full(2, str_of(text, n < (int)sizeof text ? n : (int)sizeof text - 1));
}

void progress_clear(struct progress *p)
{
    if (p->shown && p->drawn_ms)
        fd_write_full(2, S("\r\033[K"));
    p->drawn_ms = 0;
}
