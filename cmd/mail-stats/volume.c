#include "mail-stats/stats.h"

struct volume {
    int64_t emails, octets, inbound, outbound, internal, unread, attachments;
};

struct counting {
    struct request *request;
    struct groups groups;
};

static void count(void *context, const struct stats_email *m)
{
    struct counting *c = context;
    enum by by = c->request->by;
    struct volume *v = groups_at(&c->groups, m->received_at, by == BY_ACCOUNT ? m->account : by == BY_MAILBOX ? m->mailbox : m->direction);
    v->emails++;
    v->octets += m->size;
    v->inbound += str_eq(m->direction, S("inbound"));
    v->outbound += str_eq(m->direction, S("outbound"));
    v->internal += str_eq(m->direction, S("internal"));
    v->unread += !m->seen;
    v->attachments += m->has_attachment;
}

bool volume_run(struct request *r, struct table *t, struct err *e)
{
    struct counting c = {.request = r};
    if (!email_groups(r, sizeof(struct volume), &c.groups, e) ||
        !stats_emails(r->mem, r->store, &r->range, r->by == BY_MAILBOX ? STATS_MAILBOXES : STATS_FLAGS, count, &c, e) ||
        !groups_close(r, &c.groups, e))
        return false;
    key_columns(r, t);
    t->chart = table_column(t, S("emails"), COLUMN_COUNT);
    table_column(t, S("octets"), COLUMN_OCTETS);
    table_column(t, S("inbound"), COLUMN_COUNT);
    table_column(t, S("outbound"), COLUMN_COUNT);
    table_column(t, S("internal"), COLUMN_COUNT);
    table_column(t, S("unread"), COLUMN_COUNT);
    table_column(t, S("withAttachment"), COLUMN_COUNT);
    for (ptrdiff_t i = 0; i < c.groups.n; i++) {
        const struct volume *v = groups_item(&c.groups, i);
        struct cell *row = table_row(t);
        key_cells(r, &c.groups, i, row);
        const int64_t n[] = {v->emails, v->octets, v->inbound, v->outbound, v->internal, v->unread, v->attachments};
        for (int k = 0; k < 7; k++)
            row[3 + k] = cell_number(n[k]);
    }
    return true;
}
