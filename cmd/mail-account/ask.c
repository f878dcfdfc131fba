/* A secret from a person, without echo, or from standard input. */
#include "mail-account/account.h"

#include "mail-account/secret.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

/* One line; an interrupted read ends it, so that the terminal gets its echo back. */
static bool read_line(struct buf *b)
{
    char c;
    ssize_t n;
    while (b->len < SECRET_LIMIT && (n = read(0, &c, 1)) == 1 && c != '\n')
        buf_byte(b, c);
    return b->len < SECRET_LIMIT && n == 1;
}

static bool from_terminal(str what, struct buf *b, struct err *e)
{
    struct termios shown, hidden;
    if (tcgetattr(0, &shown) != 0)
        return err_errno(e, ERR_IO, "secret.terminal", NULL, "cannot hide what is typed");
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%.*s: ", STR_ARG(what));
    prog_signals(true);
    bool good = tcsetattr(0, TCSAFLUSH, &hidden) == 0 && read_line(b);
    tcsetattr(0, TCSANOW, &shown);
    fputc('\n', stderr);
    return good || err_set(e, ERR_USAGE, "secret.terminal", "type it and press enter", "no secret was given");
}

static bool from_input(struct buf *b, struct err *e)
{
    ptrdiff_t n = fd_read_full(0, buf_room(b, SECRET_LIMIT + 1), SECRET_LIMIT + 1);
    if (n < 0)
        return err_errno(e, ERR_IO, "secret.input", NULL, "cannot read standard input");
    if (n > SECRET_LIMIT)
        return err_set(e, ERR_INPUT, "secret.input", NULL, "a secret is at most %d octets", SECRET_LIMIT);
    b->len = n;
    return true;
}

bool secret_ask(struct request *r, str what, str *out, struct err *e)
{
    struct buf b = buf_new(r->mem, SECRET_LIMIT + 1);
    if (!(isatty(0) ? from_terminal(what, &b, e) : from_input(&b, e)))
        return false;
    *out = buf_str(&b);
    if (str_ends(*out, S("\n")))
        *out = str_first(*out, out->len - 1);
    if (str_ends(*out, S("\r")))
        *out = str_first(*out, out->len - 1);
    str line, rest;
    str_cut(*out, '\n', &line, &rest);
    return str_trim(line).len > 0 || err_set(e, ERR_INPUT, "secret.empty", NULL, "the secret of %.*s is empty, or begins with an empty line", STR_ARG(what));
}
