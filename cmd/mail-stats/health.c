/* What all checks find, as a report. */
#include "mail-stats/health_judge.h"

#include <stdarg.h>

enum { MESSAGE = 1024 /* octets of a text at most */ };

str health_name(enum health status)
{
    static const str names[] = {S("ok"), S("warning"), S("critical")};
    return names[status];
}

/* ---- what checks share ------------------------------------------------------------------------------------- */

/* Without what could steer a terminal. */
static str printable(arena *a, str s)
{
    char text[MESSAGE];
    if (!s.ptr)
        return STR_NONE;
    err_printable(text, sizeof text, s);
    return str_copy(a, str_c(text));
}

void judge_add(struct judge *j, struct finding f, const char *format, ...)
{
    struct findings *all = j->out;
    arena *a = all->mem;
    va_list args;
    va_start(args, format);
    f.message = printable(a, str_vfmt(a, format, args));
    va_end(args);
    f.account = printable(a, f.account);
    f.object = printable(a, f.object);
    f.hint = printable(a, f.hint);
    if (all->n == all->cap) {
        ptrdiff_t cap = all->cap ? all->cap * 2 : 32;
        all->item = arena_grow(a, all->item, (size_t)all->cap * sizeof f, (size_t)cap * sizeof f, _Alignof(struct finding));
        all->cap = cap;
    }
    all->item[all->n++] = f;
    all->worst = f.status > all->worst ? f.status : all->worst;
}

void judge_error(struct judge *j, str check, str account, const struct err *e)
{
    j->out->blind |= str_eq(check, S("store")) || (str_eq(check, S("config")) && !account.ptr);
    judge_add(j, (struct finding){.status = HEALTH_CRITICAL, .check = check, .account = account, .hint = e->hint[0] ? str_c(e->hint) : STR_NONE}, "%s%s%s%s",
              e->text, e->server[0] ? " (" : "", e->server, e->server[0] ? ")" : "");
}

int64_t judge_setting(struct judge *j, str account, str key, int64_t otherwise)
{
    struct err e;
    int64_t n;
    if (config_i64(&j->config, account, key, 1, INT64_MAX, otherwise, &n, &e))
        return n;
    judge_error(j, S("config"), account, &e);
    return otherwise;
}

int64_t judge_size(struct judge *j, str key, int64_t otherwise)
{
    str value = config_get(&j->config, STR_NONE, key);
    int64_t n;
    if (!value.len)
        return otherwise;
    if (str_size(value, &n))
        return n;
    judge_add(j, (struct finding){.status = HEALTH_CRITICAL, .check = S("config"), .object = key, .hint = S("mail-account check tells more")},
              "%.*s is a size like 1G, not \"%.*s\"", STR_ARG(key), STR_ARG(value));
    return otherwise;
}

enum health judge_level(int64_t value, int64_t warning, int64_t critical)
{
    return value >= critical ? HEALTH_CRITICAL : value >= warning ? HEALTH_WARNING : HEALTH_OK;
}

bool judge_wants(const struct judge *j, str account) { return !j->r->accounts.n || strs_have(&j->r->accounts, account); }

static str shown(struct judge *j, enum column_kind kind, int64_t n)
{
    struct buf b = buf_new(j->out->mem, 32);
    struct cell cell = cell_number(n);
    cell_show(&b, &(struct column){.kind = kind}, &cell);
    return buf_str(&b);
}

str judge_duration(struct judge *j, int64_t seconds) { return shown(j, COLUMN_SECONDS, seconds > 0 ? seconds : 0); }
str judge_octets(struct judge *j, int64_t octets) { return shown(j, COLUMN_OCTETS, octets); }

/* ---- all of them ------------------------------------------------------------------------------------------- */

/* A name that nobody knows must not be well. */
static void judge_unknown(struct judge *j, const struct strs *configured)
{
    const struct strs *wanted = &j->r->accounts;
    struct strs stored = {0};
    struct err e;
    if (wanted->n && j->r->store && !stats_accounts(j->r->mem, j->r->store, &stored, &e))
        judge_error(j, S("store"), STR_NONE, &e);
    for (ptrdiff_t i = 0; i < wanted->n; i++) {
        bool had = strs_have(&stored, wanted->item[i]);
        if (strs_have(configured, wanted->item[i]) || (had && !j->config.exists))
            continue;
        judge_add(j, (struct finding){.status = had ? HEALTH_WARNING : HEALTH_CRITICAL, .check = S("config"), .account = wanted->item[i],
                                      .hint = S("mail-account list shows those that are")},
                  had ? "it is no longer in the configuration" : "there is no such account");
    }
}

/* As mail-fetch --all chooses them. */
static void choose_accounts(struct judge *j)
{
    struct strs all = {0};
    config_accounts(j->r->mem, &j->config, &all);
    for (ptrdiff_t i = 0; i < all.n; i++) {
        str name = all.item[i];
        struct err e;
        bool by_itself = true;
        if (!config_bool(&j->config, name, S("autoSync"), true, &by_itself, &e))
            judge_error(j, S("config"), name, &e);
        if (by_itself && !str_eq(config_get(&j->config, name, S("status")), S("inactive")) && config_get(&j->config, name, S("imap.host")).len &&
            judge_wants(j, name))
            strs_add(j->r->mem, &j->accounts, name);
    }
    judge_unknown(j, &all);
}

void findings_sort(struct findings *all)
{
    struct finding *sorted = ARENA_ARRAY(all->mem, struct finding, all->n);
    ptrdiff_t n = 0;
    for (int status = HEALTH_CRITICAL; status >= HEALTH_OK; status--)
        for (ptrdiff_t i = 0; i < all->n; i++)
            if ((int)all->item[i].status == status)
                sorted[n++] = all->item[i];
    all->item = sorted;
    all->cap = all->n;
}

void health_findings(struct request *r, const struct err *why, struct findings *out)
{
    struct judge j = {.r = r, .out = out};
    struct err e;
    *out = (struct findings){.mem = r->mem};
    if (!config_load(r->mem, r->config, &j.config, &e))
        judge_error(&j, S("config"), STR_NONE, &e);
    choose_accounts(&j);
    if (r->store) {
        judge_polls(&j);
        judge_queue(&j);
        judge_senders(&j);
        judge_canaries(&j);
        judge_store(&j);
        judge_disk(&j);
        judge_clock(&j);
    } else {
        judge_error(&j, S("store"), STR_NONE, why);
    }
    judge_certificates(&j);
    judge_secrets(&j);
    findings_sort(out);
}

void health_table(struct request *r, struct table *t, const struct findings *all, bool problems)
{
    t->key = t->chart = table_column(t, S("status"), COLUMN_TEXT);
    table_column(t, S("check"), COLUMN_TEXT);
    table_column(t, S("account"), COLUMN_TEXT);
    table_column(t, S("object"), COLUMN_TEXT);
    table_column(t, S("message"), COLUMN_TEXT);
    table_column(t, S("sinceAt"), COLUMN_TIME);
    table_column(t, S("hint"), COLUMN_TEXT);
    table_hidden(t, S("at"), COLUMN_TIME);
    for (ptrdiff_t i = 0; i < all->n; i++) {
        const struct finding *f = &all->item[i];
        if (problems && f->status == HEALTH_OK)
            continue;
        struct cell *row = table_row(t);
        row[0] = cell_text(health_name(f->status));
        row[1] = cell_text(f->check);
        row[2] = cell_text(f->account);
        row[3] = cell_text(f->object);
        row[4] = cell_text(f->message);
        if (f->since)
            row[5] = cell_number(f->since);
        row[6] = cell_text(f->hint);
        row[7] = cell_number(r->now);
    }
}

bool health_run(struct request *r, struct table *t, struct err *e)
{
    struct findings all;
    (void)e;
    health_findings(r, NULL, &all);
    health_table(r, t, &all, false);
    return true;
}
