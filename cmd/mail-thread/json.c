#include "mail-thread.h"

#include "date/date.h"

enum { RECORD_OCTETS = 8 << 20 }; /* a thread that is longer goes on in another record: lines are bounded */

struct thread_writer {
    struct buf line;
    struct jwrite json;
    const struct thread_tree *tree;
    const struct leaves *leaves;
    struct out *out;
};

static void put_text(struct jwrite *w, str key, str text)
{
    if (!text.ptr)
        return;
    jwrite_key(w, key);
    jwrite_string(w, text);
}

static void begin(struct thread_writer *w, const char *name, int part)
{
    w->line.len = 0;
    w->json = (struct jwrite){.to = &w->line};
    jwrite_object(&w->json);
    put_text(&w->json, S("type"), S("thread"));
    jwrite_key(&w->json, S("v"));
    jwrite_i64(&w->json, 1);
    put_text(&w->json, S("id"), str_of(name, THREAD_NAME));
    if (part > 1) {
        jwrite_key(&w->json, S("part"));
        jwrite_i64(&w->json, part);
    }
    jwrite_key(&w->json, S("emails"));
    jwrite_array(&w->json);
}

static void end(struct thread_writer *w)
{
    jwrite_end_array(&w->json);
    jwrite_end_object(&w->json);
    buf_byte(&w->line, '\n');
    out_put(w->out, buf_str(&w->line));
}

static void put_sender(struct jwrite *w, const struct leaf *leaf)
{
    struct address sender = {leaf->from_name, leaf->from_email};
    struct addresses from = {&sender, 1};
    if (!leaf->from_email.ptr)
        return;
    jwrite_key(w, S("from"));
    record_json_addresses(w->to, &from);
    w->comma = true;
}

/* parent: number of the nearest message above, 0: none. */
static void put_email(struct jwrite *w, arena scratch, const struct leaf *leaf, uint32_t number, uint32_t parent)
{
    struct buf date = buf_new(&scratch, 32);
    jwrite_object(w);
    jwrite_key(w, S("n"));
    jwrite_i64(w, number);
    jwrite_key(w, S("parent"));
    if (parent)
        jwrite_i64(w, parent);
    else
        jwrite_null(w);
    if (leaf->id) {
        jwrite_key(w, S("id"));
        jwrite_i64(w, leaf->id);
    }
    put_text(w, S("blobId"), leaf->blob_id);
    put_text(w, S("messageId"), leaf->message_id);
    date_put_utc(&date, leaf->date);
    put_text(w, S("date"), buf_str(&date));
    put_sender(w, leaf);
    put_text(w, S("subject"), leaf->subject);
    jwrite_end_object(w);
}

/* The first message at or below a root. */
static uint32_t first_message(const struct thread_tree *t, ptrdiff_t root)
{
    return t->node[root].number ? t->node[root].number : t->node[root + 1].number;
}

void print_json(const struct thread_tree *t, const struct leaves *leaves, struct out *out)
{
    arena lines = arena_new((size_t)1 << 34), mem = arena_new((size_t)1 << 34);
    uint32_t *above = ARENA_ARRAY(&mem, uint32_t, t->n + 1); /* numbers of the nodes above, by depth */
    struct thread_writer w = {.line = buf_new(&lines, 1 << 16), .tree = t, .leaves = leaves, .out = out};
    char name[THREAD_NAME];
    int part = 0;
    for (ptrdiff_t i = 0; i < t->n && out_good(out); i++) {
        const struct thread_node *x = &t->node[i];
        if (x->depth == 0) {
            if (part)
                end(&w);
            thread_name(leaves->item[first_message(t, i) - 1].thread, name);
            begin(&w, name, part = 1);
        } else if (w.line.len > RECORD_OCTETS) {
            end(&w);
            begin(&w, name, ++part);
        }
        above[x->depth] = x->number;
        if (x->number)
            put_email(&w.json, mem, &leaves->item[x->number - 1], x->number, x->depth ? above[x->depth - 1] : 0);
    }
    if (part)
        end(&w);
    arena_free(&mem);
    arena_free(&lines);
}
