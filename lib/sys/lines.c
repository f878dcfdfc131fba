#include "sys/sys.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FIRST_BUFFER = 1 << 16, KEEP_BUFFER = 1 << 20, SHOWN_OF_LONG = 80 };

struct lines lines_new(int fd, ptrdiff_t limit) { return (struct lines){.fd = fd, .limit = limit}; }

void lines_free(struct lines *l)
{
    free(l->ptr);
    l->ptr = NULL;
}

static void resize(struct lines *l, ptrdiff_t cap)
{
    char *p = realloc(l->ptr, (size_t)cap);
    if (!p && cap > l->cap) {
        l->error = ENOMEM;
        l->ended = true;
        return;
    }
    if (p) {
        l->ptr = p;
        l->cap = cap;
    }
}

/* Move what is left to the front and make room for more. */
static void make_room(struct lines *l)
{
    if (l->start) {
        memmove(l->ptr, l->ptr + l->start, (size_t)(l->len - l->start));
        l->len -= l->start;
        l->scanned -= l->start;
        l->start = 0;
    }
    if (l->len == l->cap)
        resize(l, l->cap ? l->cap * 2 : FIRST_BUFFER);
    else if (l->cap > KEEP_BUFFER && l->len < FIRST_BUFFER)
        resize(l, KEEP_BUFFER);
}

static void fill(struct lines *l)
{
    make_room(l);
    if (l->ended)
        return;
    ssize_t n;
    do
        n = read(l->fd, l->ptr + l->len, (size_t)(l->cap - l->len));
    while (n < 0 && errno == EINTR && !prog_stopping());
    if (n < 0 && errno != EINTR)
        l->error = errno;
    if (n <= 0)
        l->ended = true;
    else
        l->len += n;
}

/* Index of the LF of the line at start, or -1; looks at each octet once. */
static ptrdiff_t find_end(struct lines *l)
{
    if (l->scanned < l->start)
        l->scanned = l->start;
    if (l->scanned == l->len)
        return -1;
    char *p = memchr(l->ptr + l->scanned, '\n', (size_t)(l->len - l->scanned));
    l->scanned = p ? p - l->ptr : l->len;
    return p ? p - l->ptr : -1;
}

static enum line_status at_end(struct lines *l, str *line)
{
    *line = str_of(l->ptr + l->start, l->len - l->start);
    l->start = l->len;
    if (l->error)
        return LINE_ERROR;
    /* A signal ended the run: what is half read belongs to the next one. */
    return line->len && !prog_stopping() ? LINE_CUT : LINE_END;
}

static enum line_status skip_long(struct lines *l, str *line)
{
    static _Thread_local char shown[SHOWN_OF_LONG];
    memcpy(shown, l->ptr + l->start, sizeof shown);
    *line = str_of(shown, sizeof shown);
    ptrdiff_t end;
    while ((end = find_end(l)) < 0 && !l->ended) {
        l->start = l->scanned = l->len = 0;
        fill(l);
    }
    l->start = end < 0 ? l->len : end + 1;
    return LINE_LONG;
}

enum line_status lines_next(struct lines *l, str *line)
{
    ptrdiff_t end;
    l->number++;
    while ((end = find_end(l)) < 0) {
        if (l->len - l->start > l->limit)
            return skip_long(l, line);
        if (l->ended)
            return at_end(l, line);
        fill(l);
    }
    if (end - l->start > l->limit)
        return skip_long(l, line);
    *line = str_of(l->ptr + l->start, end - l->start);
    l->start = end + 1;
    return LINE_OK;
}

bool lines_ready(struct lines *l, int timeout_ms)
{
    if (l->ended || find_end(l) >= 0)
        return true;
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    return poll(&p, 1, timeout_ms) > 0;
}

bool lines_err(const struct lines *l, enum line_status status, const char *what, struct err *e)
{
    long long n = (long long)l->number;
    switch (status) {
    case LINE_CUT:
        return err_set(e, ERR_INPUT, "line.cut", "the program before it in the pipe stopped early; run the pipe again",
                       "%s: line %lld has no end", what, n);
    case LINE_LONG:
        return err_set(e, ERR_INPUT, "line.long", "pass large content by path, not in the line",
                       "%s: line %lld is over %lld octets", what, n, (long long)l->limit);
    case LINE_ERROR:
        errno = l->error;
        return err_errno(e, ERR_IO, "line.read", NULL, "cannot read %s", what);
    default:
        return true;
    }
}
