#include "mail-thread.h"

#include "header/header.h"

#include <sys/ioctl.h>
#include <unistd.h>

struct reading {
    arena *mem;
    enum tree_form form;
    struct thread_builder *builder;
    struct thread_links *links; /* for the names of threads in JSON */
    arena leaves_mem;
    struct leaves leaves;
};

/* A Date before 1970 is a broken one. */
static int64_t date_of(const struct email *m)
{
    return email_has(m, EMAIL_SENT_AT) && m->sent_at > 0 ? m->sent_at : m->received_at;
}

/* The ids of References; where there are none, the first of In-Reply-To. */
static const uint64_t *references_of(arena *a, const struct email *m, ptrdiff_t *n)
{
    const struct strs *lists[] = {&m->references, &m->in_reply_to};
    uint64_t *hash = ARENA_ARRAY(a, uint64_t, m->references.n + 1);
    *n = 0;
    for (int i = 0; i < 2 && *n == 0; i++)
        for (ptrdiff_t j = 0; j < lists[i]->n && (i == 0 || *n == 0); j++)
            if (thread_id_whole(lists[i]->item[j]))
                hash[(*n)++] = thread_id_hash(lists[i]->item[j]);
    return hash;
}

static uint64_t link_email(struct reading *r, arena *scratch, const struct email *m)
{
    struct thread_mail mail;
    struct thread_linked linked;
    store_thread_mail(scratch, m, &mail);
    thread_link(scratch, r->links, &mail, NULL, &linked, NULL);
    return mail.id[0];
}

static void add_email(struct reading *r, arena *scratch, const struct email *m)
{
    struct base_subject base;
    header_base_subject(scratch, m->subject, SUBJECT_RFC5256, &base);
    struct thread_entry entry = {
        .id = m->message_id.n && thread_id_whole(m->message_id.item[0]) ? thread_id_hash(m->message_id.item[0]) : 0,
        .subject = thread_subject_hash(*scratch, base.text),
        .has_subject = m->subject.ptr != NULL,
        .reply = base.reply || base.forward,
        .date = date_of(m),
    };
    entry.reference = references_of(scratch, m, &entry.n_references);
    thread_builder_add(r->builder, &entry);
    if (r->form == TREE_IMAP)
        return;
    struct leaf *leaf = ARENA_NEW(&r->leaves_mem, struct leaf);
    if (!r->leaves.n++)
        r->leaves.item = leaf;
    *leaf = (struct leaf){.id = m->id, .date = entry.date, .subject_hash = entry.subject};
    leaf->subject = str_copy(r->mem, m->subject);
    if (m->from.n) {
        leaf->from_name = str_copy(r->mem, m->from.item[0].name);
        leaf->from_email = str_copy(r->mem, m->from.item[0].email);
    }
    if (r->form != TREE_JSON)
        return;
    leaf->blob_id = str_copy(r->mem, m->blob_id);
    leaf->message_id = m->message_id.n ? str_copy(r->mem, m->message_id.item[0]) : STR_NONE;
    leaf->thread = link_email(r, scratch, m);
}

/* Columns of the terminal that stdout is; 0: it is none. */
static int terminal_width(void)
{
    struct winsize w;
    if (!isatty(1) || ioctl(1, TIOCGWINSZ, &w) != 0)
        return 0;
    return w.ws_col;
}

void tree_run(arena *a, struct lines *in, enum thread_algorithm algorithm, enum tree_form form, struct out *out)
{
    arena message = arena_new(MESSAGE_MEMORY);
    struct reading r = {
        .mem = a, .form = form,
        .builder = thread_builder_new(a, algorithm),
        .links = thread_links_new(a, true),
        .leaves_mem = arena_new((size_t)1 << 36),
    };
    struct record record;
    for (; next_record(in, &message, &record, NULL); arena_reset(&message))
        if (record.type == RECORD_EMAIL)
            add_email(&r, &message, &record.email);
    struct thread_tree tree = thread_builder_finish(r.builder);
    switch (form) {
    case TREE_NONE: break;
    case TREE_IMAP: print_imap(&tree, out); break;
    case TREE_TEXT: print_text(&tree, &r.leaves, terminal_width(), out); break;
    case TREE_JSON:
        for (ptrdiff_t i = 0; i < r.leaves.n; i++)
            r.leaves.item[i].thread = thread_links_root(r.links, r.leaves.item[i].thread);
        print_json(&tree, &r.leaves, out);
        break;
    }
    thread_builder_free(r.builder);
    thread_links_free(r.links);
    arena_free(&r.leaves_mem);
    arena_free(&message);
}
