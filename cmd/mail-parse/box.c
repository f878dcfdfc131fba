#include "parse.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

enum { READ_OCTETS = 1 << 18 };

/* Where the octets of the message that is open go. */
enum to { TO_SLOT, TO_NOTHING, TO_STREAM };

struct box {
    struct pool *p;
    struct source_file *file;
    struct slot *slot; /* that is being filled */
    enum to to;
    bool open;       /* a message has begun */
    bool spans;      /* workers read the file, too */
    ptrdiff_t start; /* TO_SLOT: of the message, in the slot that is being filled */
    struct stream stream;
};

static void next_slot(struct box *b)
{
    pool_submit(b->p);
    b->slot = pool_slot(b->p);
}

static void begin(void *context, const struct mbox_message *message)
{
    struct box *b = context;
    (void)message;
    b->slot = pool_slot(b->p);
    if (b->slot->n_items == SLOT_ITEMS || (b->slot->n_items && b->slot->file != b->file))
        next_slot(b);
    b->slot->file = b->file;
    b->to = TO_SLOT;
    b->open = true;
    b->start = b->slot->n_in;
}

/* The message goes on in an empty slot; what is before it can be worked on. */
static void to_next_slot(struct box *b)
{
    struct slot *old = b->slot;
    str begun = str_of(old->in + b->start, old->n_in - b->start);
    old->n_in = b->start;
    next_slot(b);
    b->slot->file = b->file;
    memcpy(b->slot->in, begun.ptr, (size_t)begun.len); /* only this thread fills slots */
    b->slot->n_in = begun.len;
    b->start = 0;
}

/* It is longer than a slot: its worker reads it from the file again, or, from a pipe, it is parsed here and now. */
static void outgrow(struct box *b)
{
    str begun = str_of(b->slot->in, b->slot->n_in);
    b->to = b->file->seekable ? TO_NOTHING : TO_STREAM;
    b->slot->n_in = 0;
    if (b->to == TO_NOTHING)
        return;
    stream_begin(b->p, b->file, &b->stream);
    stream_feed(&b->stream, begun);
}

static void put(void *context, str octets)
{
    struct box *b = context;
    if (b->to == TO_SLOT && b->slot->n_in + octets.len > SLOT_OCTETS && b->start)
        to_next_slot(b);
    if (b->to == TO_SLOT && b->slot->n_in + octets.len > SLOT_OCTETS)
        outgrow(b);
    if (b->to == TO_STREAM)
        stream_feed(&b->stream, octets);
    if (b->to != TO_SLOT)
        return;
    memcpy(b->slot->in + b->slot->n_in, octets.ptr, (size_t)octets.len);
    b->slot->n_in += octets.len;
}

static void end(void *context, const struct mbox_message *message)
{
    struct box *b = context;
    b->open = false;
    if (b->to == TO_STREAM) {
        stream_end(&b->stream, message);
        return;
    }
    b->spans = b->spans || b->to == TO_NOTHING;
    struct item *it = &b->slot->item[b->slot->n_items++];
    *it = (struct item){.what = b->to == TO_SLOT ? ITEM_MESSAGE : ITEM_SPAN, .start = b->start, .length = b->slot->n_in - b->start, .box = *message};
    it->box.from.sender = STR_NONE;
    if (it->what == ITEM_SPAN) /* much work: others shall not have to wait for it in the same slot */
        next_slot(b);
}

static ptrdiff_t look(void *context, int64_t offset, char *out, ptrdiff_t n)
{
    struct box *b = context;
    return b->file->seekable ? pread(b->file->fd, out, (size_t)n, offset) : -1;
}

/* Whoever reads what we write does not wait for what we read. */
static void before_read(struct box *b)
{
    struct pollfd p = {.fd = b->file->fd, .events = POLLIN};
    if (b->file->seekable || poll(&p, 1, 0) != 0)
        return;
    if (b->open && b->to == TO_SLOT && b->slot->n_items)
        to_next_slot(b);
    pool_drain(b->p);
}

void box_submit(struct pool *p, arena *run, struct source_file *file, str first)
{
    struct box b = {.p = p, .file = file};
    struct mbox_sink sink = {.context = &b, .begin = begin, .put = put, .end = end, .look = look};
    struct mbox *m = mbox_new(run, settings.quoting, &sink);
    static char chunk[READ_OCTETS];
    mbox_feed(m, first);
    while (pool_good(p)) {
        before_read(&b);
        ssize_t n = read(file->fd, chunk, sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        struct err e;
        if (n < 0 && !err_errno(&e, ERR_IO, "file.read", NULL, "cannot read %s", file->path ? file->path : "stdin"))
            work_error(p, &e, str_c(file->path));
        if (n <= 0)
            break;
        mbox_feed(m, str_of(chunk, n));
    }
    mbox_end(m);
    if (b.to == TO_SLOT && !pool_slot(p)->n_items)
        pool_slot(p)->n_in = 0;
    if (b.spans)
        pool_drain(p);
}
