#include "fetch.h"

enum { SESSION_MEMORY = 1 << 28 };

bool run_over(const struct run *r)
{
    return prog_stopping() || !out_good(r->out) || (r->until_ms && sys_clock.monotonic_ms() > r->until_ms);
}

void run_keep_env(struct run *r, const struct targets *accounts)
{
    for (ptrdiff_t i = 0; i < accounts->n; i++) {
        const struct target *of = &accounts->item[i];
        struct err later;
        str value;
        if (!str_starts(of->secret, S("env:")) || !secret_get_at(r->mem, of->secret, &of->place, &value, &later))
            continue;
        strs_add(r->mem, &r->secrets, of->secret);
        strs_add(r->mem, &r->secrets, value);
    }
}

static bool get_secret(struct run *r, arena *a, const struct target *of, str *out, struct err *e)
{
    for (ptrdiff_t i = 0; i + 1 < r->secrets.n; i += 2)
        if (str_eq(r->secrets.item[i], of->secret)) {
            *out = str_copy(a, r->secrets.item[i + 1]);
            return true;
        }
    return secret_get_at(a, of->secret, &of->place, out, e);
}

void run_forget(struct run *r)
{
    for (ptrdiff_t i = 0; i + 1 < r->secrets.n; i += 2)
        secret_wipe(r->secrets.item[i + 1]);
    r->secrets.n = 0;
}

bool session_open(struct run *r, const struct target *a, struct session *s, struct err *e)
{
    *s = (struct session){.run = r, .account = a, .set = a->set, .mem = arena_new(SESSION_MEMORY)};
    if (a->wrong.class)
        *e = a->wrong;
    else if (get_secret(r, &s->mem, a, &s->set.secret, e))
        s->imap = imap_open(&s->mem, &s->set, e);
    if (s->imap)
        return true;
    emit_error(r, e, a->name, STR_NONE, 0);
    session_close(s);
    return false;
}

bool session_again(struct session *s, struct err *e)
{
    imap_close(s->imap);
    s->imap = imap_open(&s->mem, &s->set, e);
    return s->imap != NULL;
}

void session_close(struct session *s)
{
    imap_close(s->imap);
    s->imap = NULL;
    if (s->set.secret.len)
        secret_wipe(s->set.secret);
    arena_free(&s->mem);
}

/* Virtual mailboxes hold what others hold. */
static bool is_real(const struct imap_mailbox *m)
{
    return m->selectable && !str_eq(m->role, S("all")) && !str_eq(m->role, S("flagged")) && !str_eq(m->role, S("important"));
}

bool session_mailboxes(struct session *s, struct strs *out, struct err *e)
{
    const struct strs *wanted = &s->account->mailboxes;
    for (ptrdiff_t i = 0; i < wanted->n; i++) {
        str name = str_eq_nocase(wanted->item[i], S("INBOX")) ? S("INBOX") : wanted->item[i];
        struct imap_mailboxes all;
        bool each = str_eq(name, S("*"));
        if (!each && !strs_have(out, name))
            strs_add(&s->mem, out, name);
        if (each && !imap_list(&s->mem, s->imap, false, &all, e))
            return false;
        for (ptrdiff_t k = 0; each && k < all.n; k++)
            if (is_real(&all.item[k]) && !strs_have(out, all.item[k].name))
                strs_add(&s->mem, out, all.item[k].name);
    }
    return true;
}

/* ---- names like the one that is not there ----------------------------------------------------------- */

/* Levenshtein's distance without case, of the first 64 octets; more than `most` is most + 1. */
static int distance(str a, str b, int most)
{
    enum { LONGEST = 64 };
    int row[LONGEST + 1];
    a = str_first(a, LONGEST);
    b = str_first(b, LONGEST);
    for (int j = 0; j <= b.len; j++)
        row[j] = j;
    for (int i = 0; i < a.len; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < b.len; j++) {
            int change = diagonal + !str_eq_nocase(str_slice(a, i, i + 1), str_slice(b, j, j + 1));
            diagonal = row[j + 1];
            int best = row[j] < diagonal ? row[j] + 1 : diagonal + 1;
            row[j + 1] = best < change ? best : change;
        }
    }
    return row[b.len] > most ? most + 1 : row[b.len];
}

str names_near(arena *a, const struct imap_mailboxes *all, str name)
{
    enum { SHOWN = 3 };
    int found = 0;
    struct buf b = buf_new(a, 256);
    for (ptrdiff_t i = 0; i < all->n && found < SHOWN; i++) {
        str other = all->item[i].name;
        int most = name.len < 5 ? 1 : 2;
        bool like = distance(name, other, most) <= most || (name.len > 2 && str_find_nocase(other, name) >= 0) ||
                    (other.len > 2 && str_find_nocase(name, other) >= 0);
        if (!all->item[i].selectable || !like)
            continue;
        buf_fmt(&b, "%s%.*s", found++ ? ", " : "", STR_ARG(other));
    }
    return found ? buf_str(&b) : STR_NONE;
}
