/* mail-store get, raw: what only the stored message itself tells. */
#include "mail-store/verb.h"

#include <unistd.h>

enum { PIECE = 1 << 18 };

static const struct verb get_verb = {
    "get",
    "usage: mail-store get [-qv] [-s DIR] [--headers] ID...\n"
    "\n"
    "Prints emails with their text and html, parsed again from the stored message.\n" VERB_IDS
    "      --headers     with all header fields\n",
    1, -1};

static const struct verb raw_verb = {
    "raw", "usage: mail-store raw [-qv] [-s DIR] ID\n\nPrints the message, byte for byte as it was received.\n" VERB_IDS, 1, 1};

/* ---- get -------------------------------------------------------------------------------------------------- */

int get_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&get_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    for (int i = 0; i < c.n_args && out_good(&c.out); i++) {
        struct ids ids;
        if (store_resolve(&c.mem, c.store, str_c(c.args[i]), &ids, &e))
            print_bodies(&c.mem, c.store, &ids, c.headers, &c.out);
        else
            prog_error(&e);
    }
    return verb_end(&c);
}

/* ---- raw -------------------------------------------------------------------------------------------------- */

static bool print_raw(struct verb_call *c, struct err *e)
{
    struct email m;
    if (!one_email(c, &m, e))
        return false;
    int fd = open_blob(&c->mem, c->store, &m, e);
    if (fd < 0)
        return false;
    char *piece = arena_alloc(&c->mem, PIECE, 16);
    ptrdiff_t n = 0;
    while (out_good(&c->out) && (n = fd_read_full(fd, piece, PIECE)) > 0)
        out_put(&c->out, str_of(piece, n));
    close(fd);
    return n >= 0 || err_errno(e, ERR_IO, "blob.read", "", "cannot read the message of email %lld", (long long)m.id);
}

int raw_main(const char *dir, int argc, char **argv)
{
    struct verb_call c;
    struct err e;
    int code;
    if (!verb_begin(&raw_verb, &c, dir, argc, argv, &code))
        return code;
    if (!verb_open(&c, STORE_READ))
        return verb_end(&c);
    if (!print_raw(&c, &e))
        prog_error(&e);
    return verb_end(&c);
}
