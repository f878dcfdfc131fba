#include "store/row.h"

#include "sys/sys.h"

enum {
    NAMES_KEPT = 100000, /* addresses that are remembered; then all are forgotten and looked up again */
    NAMES_OCTETS = 1 << 30
};

struct names {
    struct store *store;
    arena mem; /* keys and maps */
    struct map accounts, mailboxes, addresses;
};

struct names *names_new(arena *a, struct store *s)
{
    struct names *n = ARENA_NEW(a, struct names);
    n->store = s;
    n->mem = arena_new(NAMES_OCTETS);
    return n;
}

void names_free(struct names *n) { arena_free(&n->mem); }

void names_forget(struct names *n)
{
    arena_reset(&n->mem);
    n->accounts = n->mailboxes = n->addresses = (struct map){0};
}

static bool known(const struct map *m, str key, int64_t *id)
{
    const struct map_slot *slot = map_get(m, key);
    if (slot)
        *id = slot->value.num;
    return slot != NULL;
}

static void remember(struct names *n, struct map *m, str key, int64_t id) { map_put(&n->mem, m, str_copy(&n->mem, key))->value.num = id; }

bool names_account(struct names *n, str account, int64_t *id, struct err *e)
{
    if (known(&n->accounts, account, id))
        return true;
    if (!db_run(n->store, e, "INSERT INTO account (name, created_at, updated_at) VALUES (?1, ?2, ?2) ON CONFLICT DO NOTHING", "si", account,
                now_s()) ||
        !db_number(n->store, e, 0, id, "SELECT id FROM account WHERE name = ?", "s", account))
        return false;
    remember(n, &n->accounts, account, *id);
    return true;
}

bool names_mailbox(struct names *n, int64_t account, str mailbox, int64_t *id, struct err *e)
{
    arena scratch = n->store->work;
    str key = str_fmt(&scratch, "%lld %.*s", (long long)account, STR_ARG(mailbox));
    if (known(&n->mailboxes, key, id))
        return true;
    if (!db_run(n->store, e,
                "INSERT INTO mailbox (account_id, name, role, created_at, updated_at) VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT DO NOTHING",
                "issi", account, mailbox, str_eq_nocase(mailbox, S("INBOX")) ? S("inbox") : STR_NONE, now_s()) ||
        !db_number(n->store, e, 0, id, "SELECT id FROM mailbox WHERE account_id = ? AND name = ?", "is", account, mailbox))
        return false;
    remember(n, &n->mailboxes, key, *id);
    return true;
}

bool names_address(struct names *n, str email, int64_t *id, struct err *e)
{
    if (known(&n->addresses, email, id))
        return true;
    if (n->addresses.n >= NAMES_KEPT)
        names_forget(n);
    if (!db_number(n->store, e, 0, id, "SELECT id FROM address WHERE email = ?", "s", email))
        return false;
    if (*id == 0) {
        if (!db_run(n->store, e, "INSERT INTO address (email, created_at) VALUES (?, ?)", "si", email, now_s()))
            return false;
        *id = sqlite3_last_insert_rowid(n->store->db);
    }
    remember(n, &n->addresses, email, *id);
    return true;
}
