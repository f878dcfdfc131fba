#include "err/err.h"

#include <errno.h>
#include <stdio.h>

void err_printable(char *out, size_t cap, str s)
{
    s = utf8_first(s, (ptrdiff_t)cap - 1);
    size_t n = 0;
    while (s.len) {
        uint32_t cp;
        int len = utf8_decode(s, &cp);
        bool bad = cp < 0x20 || (cp >= 0x7F && cp < 0xA0) || (cp == UTF8_REPLACEMENT && len == 1);
        if (bad)
            out[n++] = '?';
        else
            for (int i = 0; i < len; i++)
                out[n++] = s.ptr[i];
        s = str_skip(s, len);
    }
    out[n] = 0;
}

static void word(char *out, size_t cap, const char *text) { snprintf(out, cap, "%s", text ? text : ""); }

static void fill(struct err *e, enum err_class class, const char *code, const char *hint, const char *text)
{
    *e = (struct err){.class = class};
    word(e->code, sizeof e->code, code);
    err_printable(e->hint, sizeof e->hint, str_c(hint)); /* it may name what a server sent */
    err_printable(e->text, sizeof e->text, str_c(text));
}

bool err_set(struct err *e, enum err_class class, const char *code, const char *hint, const char *format, ...)
{
    if (!e)
        return false;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fill(e, class, code, hint, text);
    return false;
}

static enum err_class class_of(int number, enum err_class otherwise)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR: return ERR_MISSING;
    case EACCES:
    case EPERM: return ERR_LOGIN;
    case EAGAIN:
    case EINTR:
    case ENOMEM:
    case EMFILE:
    case ENFILE: return ERR_LATER;
    default: return otherwise;
    }
}

bool err_errno(struct err *e, enum err_class class, const char *code, const char *hint, const char *format, ...)
{
    int number = errno;
    if (!e)
        return false;
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text - 128, format, args);
    va_end(args);
    size_t n = strlen(text);
    snprintf(text + n, sizeof text - n, ": %s", strerror(number));
    fill(e, class_of(number, class), code, hint, text);
    errno = number;
    return false;
}

void err_stage(struct err *e, const char *stage)
{
    if (e)
        word(e->stage, sizeof e->stage, stage);
}

void err_server(struct err *e, str words)
{
    if (e)
        err_printable(e->server, sizeof e->server, str_trim(words));
}

bool err_retryable(const struct err *e) { return e->class == ERR_IO || e->class == ERR_LATER; }

static int rank(enum err_class class)
{
    static const enum err_class order[] = {ERR_NONE,   ERR_PARTIAL, ERR_MISSING, ERR_INPUT, ERR_LATER, ERR_REFUSED,
                                           ERR_LOGIN,  ERR_CONFIG,  ERR_IO,      ERR_USAGE, ERR_BUG};
    for (int i = 0; i < (int)(sizeof order / sizeof *order); i++)
        if (order[i] == class)
            return i;
    return 0;
}

enum err_class err_worse(enum err_class a, enum err_class b) { return rank(a) >= rank(b) ? a : b; }
