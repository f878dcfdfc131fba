#include "sys/sys.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

struct out out_new(arena *a, int fd) { return (struct out){.fd = fd, .ptr = arena_alloc(a, OUT_BUFFER, 16), .cap = OUT_BUFFER}; }

bool fd_write_full(int fd, str s)
{
    while (s.len) {
        ssize_t n = write(fd, s.ptr, (size_t)s.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        s = str_skip(s, n);
    }
    return true;
}

ptrdiff_t fd_read_full(int fd, void *p, ptrdiff_t n)
{
    ptrdiff_t got = 0;
    while (got < n) {
        ssize_t r = read(fd, (char *)p + got, (size_t)(n - got));
        if (r < 0 && errno == EINTR)
            continue;
        if (r < 0)
            return -1;
        if (r == 0)
            break;
        got += r;
    }
    return got;
}

static void write_now(struct out *o, str s)
{
    if (!out_good(o) || fd_write_full(o->fd, s))
        return;
    o->error = errno;
    o->closed = errno == EPIPE;
}

bool out_good(const struct out *o) { return o->error == 0; }

bool out_flush(struct out *o)
{
    write_now(o, str_of(o->ptr, o->len));
    o->len = 0;
    return out_good(o);
}

void out_put(struct out *o, str s)
{
    if (s.len > o->cap - o->len)
        out_flush(o);
    if (s.len > o->cap) {
        write_now(o, s);
    } else if (s.len) {
        memcpy(o->ptr + o->len, s.ptr, (size_t)s.len);
        o->len += s.len;
    }
}

void out_byte(struct out *o, char c) { out_put(o, str_of(&c, 1)); }

void out_fmt(struct out *o, const char *format, ...)
{
    char text[4096];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    out_put(o, str_of(text, n < (int)sizeof text ? n : (int)sizeof text - 1));
}
