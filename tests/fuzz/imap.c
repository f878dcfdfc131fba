/* Any octets, in any pieces: events that end, views that can be read, and the same events whatever the pieces. */
#include "imap/imap.h"

#include <stdlib.h>

static uint64_t sum; /* keeps the reads */

static void read_view(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        sum = sum * 31 + (unsigned char)s.ptr[i];
}

/* A digest of all events but for the cuts between pieces of data. */
static uint64_t run(struct imap_parse *p, str text, ptrdiff_t step)
{
    struct imap_part part;
    *p = (struct imap_parse){.text = p->text, .token = p->token};
    sum = 0;
    while (text.len) {
        str piece = str_first(text, step);
        text = str_skip(text, piece.len);
        for (enum imap_event e; (e = imap_parse(p, &piece, &part)) != IMAP_NEED;) {
            if (e != IMAP_BODY_DATA)
                sum = sum * 31 + (uint64_t)e;
            if (e == IMAP_BODY_DATA || e == IMAP_BODY_BEGIN)
                read_view(part.octets);
            if (e == IMAP_UIDS && (part.first == 0 || part.first > part.last))
                abort();
            if (e != IMAP_RESPONSE)
                continue;
            read_view(part.response.tag);
            read_view(part.response.code);
            read_view(part.response.text);
            for (ptrdiff_t i = 0; i < part.response.n; i++)
                read_view(part.response.token[i].text);
        }
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const unsigned char *octets, size_t n)
{
    static arena mem;
    static struct imap_parse p;
    if (!mem.base) {
        mem = arena_new(1 << 24);
        imap_parse_init(&mem, &p);
    }
    str text = str_of((const char *)octets, (ptrdiff_t)n);
    uint64_t whole = run(&p, text, text.len ? text.len : 1);
    if (run(&p, text, 1) != whole || run(&p, text, 7) != whole)
        abort();
    return 0;
}
