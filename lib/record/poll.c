#include "record/read.h"

#define AT(field) offsetof(struct poll, field)

static const struct member table[] = {
    {S("account"), FORM_NAME, AT(account), 0, 0},
    {S("host"), FORM_TEXT, AT(host), 0, 0},
    {S("protocol"), FORM_TEXT, AT(protocol), 0, 0},
    {S("mailbox"), FORM_NAME, AT(mailbox), 0, 0},
    {S("uidValidity"), FORM_NUMBER, AT(uid_validity), 0, 0},
    {S("startedAt"), FORM_MOMENT, AT(started_at), 0, 0},
    {S("endedAt"), FORM_MOMENT, AT(ended_at), 0, 0},
    {S("found"), FORM_NUMBER, AT(found), 0, 0},
    {S("fetched"), FORM_NUMBER, AT(fetched), 0, 0},
    {S("failed"), FORM_NUMBER, AT(failed), 0, 0},
    {S("octets"), FORM_NUMBER, AT(octets), 0, 0},
    {S("status"), FORM_WORD, AT(status), 0, WORDS_POLL},
    {S("code"), FORM_TEXT, AT(code), 0, 0},
    {S("error"), FORM_TEXT, AT(error), 0, 0},
    {S("certificateUntil"), FORM_MOMENT, AT(certificate_until), 0, 0},
};

bool poll_read(const struct reading *r, const struct jnode *root, struct poll *out)
{
    struct unknowns unknowns = {0};
    ptrdiff_t row = -1;
    for (const struct jnode *key = jread_first(root); key; key = jread_next(root, key)) {
        str name = jread_string(r->mem, key);
        ptrdiff_t found = member_find(table, COUNT_OF(table), name, row + 1);
        if (found < 0) {
            if (!str_eq(name, S("type")) && !str_eq(name, S("v")))
                unknowns_add(r->mem, &unknowns, key);
            continue;
        }
        row = found;
        const char *must = member_read(r->mem, &table[row], key + 1, out);
        if (must)
            return reading_fault(r, "mail-records(7) tells the form of each member", "%.*s must be %s", STR_ARG(name), must);
    }
    out->unknown = unknowns_text(r->mem, root, &unknowns);
    return out->status.len || reading_fault(r, "mail-records(7) tells the form of each member", "a poll tells its status");
}

void record_write_poll(struct buf *to, const struct poll *p)
{
    struct jwrite w = {to, true};
    buf_put(to, S("{\"type\":\"poll\",\"v\":1"));
    for (ptrdiff_t i = 0; i < COUNT_OF(table); i++)
        if (table[i].at != AT(uid_validity) || p->uid_validity) /* not known where the mailbox was not reached */
            member_write(&w, &table[i], p);
    if (p->unknown.len)
        jwrite_raw(&w, p->unknown);
    buf_put(to, S("}\n"));
}
