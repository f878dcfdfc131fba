/* --sent: what was sent, into the account's own Sent mailbox. A copy that fails is a warning of its delivery and nothing else. */
#include "send.h"

#include "imap/imap.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

enum { IMAP_MEMORY = 1 << 27, PIECE = 64 << 10 };

/* One account's mailbox, while copies are made. */
struct keeper {
    struct run *run;
    arena mem;
    struct imap_settings set;
    struct imap *imap; /* NULL: there is none, and why */
    struct err why;
    str mailbox;
    bool opened;
};

/* ---- the mailbox ------------------------------------------------------------------------------------- */

/* SPECIAL-USE (RFC 6154) tells; else a name that people use. */
static str find_sent(const struct imap_mailboxes *all)
{
    static const char *const names[] = {"Sent", "Sent Items", "Sent Messages", "Sent Mail", "INBOX.Sent", "INBOX/Sent"};
    for (ptrdiff_t i = 0; i < all->n; i++)
        if (str_eq(all->item[i].role, S("sent")))
            return all->item[i].name;
    for (int k = 0; k < (int)(sizeof names / sizeof *names); k++)
        for (ptrdiff_t i = 0; i < all->n; i++)
            if (all->item[i].selectable && str_eq_nocase(all->item[i].name, str_c(names[k])))
                return all->item[i].name;
    return STR_NONE;
}

static void open_keeper(struct keeper *k, str account)
{
    struct imap_mailboxes all;
    k->opened = true;
    k->mem = arena_new(IMAP_MEMORY);
    if (imap_settings_for(k->run, account, &k->set, &k->why))
        k->imap = imap_open(&k->mem, &k->set, &k->why);
    if (!k->imap)
        return;
    bool listed = imap_list(&k->mem, k->imap, false, &all, &k->why);
    k->mailbox = listed ? find_sent(&all) : STR_NONE;
    if (k->mailbox.len)
        return;
    if (listed)
        err_set(&k->why, ERR_MISSING, "imap.no-mailbox", "make a mailbox Sent there", "%.*s has no mailbox for sent mail", STR_ARG(k->set.net.host));
    imap_close(k->imap);
    k->imap = NULL;
}

static void close_keeper(struct keeper *k)
{
    imap_close(k->imap);
    if (k->opened)
        arena_free(&k->mem);
    *k = (struct keeper){.run = k->run};
}

/* ---- a copy ------------------------------------------------------------------------------------------ */

/* The message as it went out, piece by piece. */
struct reading {
    struct smtp_message *m;
    struct smtp_wire wire;
    struct buf out;
    int64_t at;
    char *room;
};

static bool next_piece(void *context, str *piece, struct err *e)
{
    struct reading *g = context;
    struct smtp_message *m = g->m;
    str part = m->octets;
    g->out.len = 0;
    if (!m->octets.ptr) {
        ssize_t n;
        do
            n = pread(m->fd, g->room, PIECE, (off_t)g->at);
        while (n < 0 && errno == EINTR);
        if (n <= 0 && g->at < m->scan.octets)
            return err_set(e, ERR_IO, "send.message", NULL, "the file of the message cannot be read");
        part = str_of(g->room, n);
    }
    smtp_wire(&g->wire, part, &g->out);
    g->at += part.len;
    if (g->at >= m->scan.octets)
        smtp_wire_end(&g->wire, &g->out);
    *piece = buf_str(&g->out);
    return true;
}

static bool copy_one(struct keeper *k, struct job *j, struct err *e)
{
    if (!k->imap) {
        *e = k->why;
        return false;
    }
    arena scratch = arena_new(IMAP_MEMORY);
    struct reading g = {.m = &j->m, .out = buf_new(&scratch, 2 * PIECE), .room = j->m.octets.ptr ? NULL : arena_alloc(&scratch, PIECE, 1)};
    bool copied = imap_append(k->imap, k->mailbox, smtp_scan_size(&j->m.scan), next_piece, &g, e);
    arena_free(&scratch);
    if (!copied && e->class != ERR_REFUSED) {
        k->why = *e;
        imap_close(k->imap);
        k->imap = NULL;
    }
    return copied;
}

void copy_sent(struct run *r)
{
    struct keeper keeper = {.run = r};
    str account = STR_NONE;
    while (r->to_copy) {
        struct job *j = r->to_copy;
        struct err e = {0};
        r->to_copy = j->next;
        if (!keeper.opened || !str_eq(account, j->route->account)) {
            close_keeper(&keeper);
            account = j->route->account;
            open_keeper(&keeper, account);
        }
        if (!copy_one(&keeper, j, &e)) {
            j->warning = str_z(&j->mem, str_fmt(&j->mem, "sent, but no copy was kept: %s%s%s", e.text, e.server[0] ? ": " : "", e.server));
            prog_warn("%s", j->warning);
        }
        job_copied(r, j);
    }
    r->to_copy_end = &r->to_copy;
    close_keeper(&keeper);
}
