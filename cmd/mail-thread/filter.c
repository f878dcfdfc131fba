#include "mail-thread.h"

struct filter {
    struct thread_links *links;
    struct store *store; /* NULL: none */
    struct thread_known known;
    bool reading; /* a read of the store is open */
};

static bool begin_reading(struct filter *f, struct err *e)
{
    if (!f->store || f->reading)
        return true;
    return f->reading = store_read_begin(f->store, e);
}

/* A reader that waits for its pipes would hold up the store's checkpoints. */
static void end_reading(struct filter *f)
{
    if (f->reading)
        store_read_end(f->store);
    f->reading = false;
}

static str name_of(arena *a, uint64_t id)
{
    char *name = arena_alloc(a, THREAD_NAME, 1);
    thread_name(id, name);
    return str_of(name, THREAD_NAME);
}

static bool put_email(struct filter *f, arena *a, struct email *m, struct out *out, struct err *e)
{
    struct thread_mail mail;
    struct thread_linked linked;
    store_thread_mail(a, m, &mail);
    if (!begin_reading(f, e) || !thread_link(a, f->links, &mail, f->store ? &f->known : NULL, &linked, e))
        return false;
    m->thread_id = name_of(a, linked.root);
    email_knows(m, EMAIL_THREAD_ID);
    m->merged_threads = (struct strs){0};
    m->known &= ~EMAIL_BIT(EMAIL_MERGED_THREADS);
    for (ptrdiff_t i = 0; i < linked.n_joined; i++)
        strs_add(a, &m->merged_threads, name_of(a, linked.joined[i]));
    if (linked.n_joined)
        email_knows(m, EMAIL_MERGED_THREADS);
    struct buf line = buf_new(a, m->text.len + m->html.len + 4096);
    record_write_email(&line, m);
    if (out->len + line.len > out->cap)
        end_reading(f);
    out_put(out, buf_str(&line));
    return true;
}

void filter_run(struct lines *in, struct store *s, struct out *out)
{
    arena run = arena_new(1 << 20), message = arena_new(MESSAGE_MEMORY);
    struct filter f = {.links = thread_links_new(&run, true), .store = s};
    struct err e = {0};
    bool good = !s || store_thread_known(s, &f.known, &e);
    if (!good)
        prog_error(&e);
    while (good && out_good(out)) {
        if (!lines_ready(in, 0)) {
            end_reading(&f);
            out_flush(out);
        }
        arena_reset(&message);
        struct record r;
        if (!next_record(in, &message, &r, out))
            break;
        if (r.type == RECORD_EMAIL) {
            good = put_email(&f, &message, &r.email, out, &e);
            if (!good)
                prog_error(&e);
        } else if (r.line.ptr) {
            if (out->len + r.line.len + 1 > out->cap)
                end_reading(&f);
            out_put(out, r.line);
            out_byte(out, '\n');
        }
        if (s && thread_links_count(f.links) > LINKS_REMEMBERED)
            thread_links_reset(f.links);
    }
    end_reading(&f);
    thread_links_free(f.links);
    arena_free(&message);
    arena_free(&run);
}
