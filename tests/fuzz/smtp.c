/* Replies, messages and addresses from any octets: the same whatever the pieces; nothing in what is sent can end it early. */
#include "smtp/smtp.h"

#include <stdlib.h>

static void need(bool good)
{
    if (!good)
        abort();
}

static uint64_t replies(struct smtp_parse *p, str text, ptrdiff_t step)
{
    struct smtp_reply r;
    uint64_t sum = 0;
    *p = (struct smtp_parse){0};
    while (text.len) {
        str piece = str_first(text, step);
        text = str_skip(text, piece.len);
        while (smtp_parse(p, &piece, &r)) {
            need(r.malformed ? r.code == 0 : r.code >= 200 && r.code <= 599);
            sum = sum * 31 + (uint64_t)r.code + str_hash(r.words) + str_hash(r.enhanced);
            sum += str_hash(smtp_queue_id(r.words)) + (uint64_t)smtp_retry_after(r.words);
        }
    }
    return sum;
}

static str wire(arena *a, str text, bool dots, ptrdiff_t step)
{
    struct smtp_wire w = {.dots = dots};
    struct buf b = buf_new(a, 64);
    while (text.len) {
        str piece = str_first(text, step);
        text = str_skip(text, piece.len);
        smtp_wire(&w, piece, &b);
    }
    smtp_wire_end(&w, &b);
    return buf_str(&b);
}

static void check_wire(arena *a, str text)
{
    struct smtp_scan s = {0};
    smtp_scan(&s, text);
    str plain = wire(a, text, false, text.len ? text.len : 1), dotted = wire(a, text, true, text.len ? text.len : 1);
    need(plain.len == smtp_scan_size(&s));
    need(str_eq(plain, wire(a, text, false, 1)) && str_eq(dotted, wire(a, text, true, 3)));
    need(str_ends(dotted, S(".\r\n")));
    str inside = str_first(dotted, dotted.len - 3);
    need(!inside.len || str_ends(inside, S("\r\n")));
    need(!str_starts(inside, S(".\r\n")) && str_find(inside, S("\r\n.\r\n")) < 0);
    for (ptrdiff_t i = 0; i < inside.len; i++) {
        need(inside.ptr[i] != '\n' || (i && inside.ptr[i - 1] == '\r'));
        need(inside.ptr[i] != '\r' || (i + 1 < inside.len && inside.ptr[i + 1] == '\n'));
    }
}

static void check_address(arena *a, str text)
{
    str out;
    bool utf8;
    if (!smtp_address(a, text, &out, &utf8, NULL))
        return;
    bool quoted = false;
    for (ptrdiff_t i = 0; i < out.len; i++) {
        unsigned char c = (unsigned char)out.ptr[i];
        need(c >= 0x20 && c != 0x7f && (utf8 || c < 0x80));
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else
            need(quoted || (c != ' ' && c != '<' && c != '>'));
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *octets, size_t n)
{
    static arena mem;
    static struct smtp_parse p;
    if (!mem.base)
        mem = arena_new(1 << 26);
    arena_reset(&mem);
    str text = str_of((const char *)octets, (ptrdiff_t)n);
    uint64_t whole = replies(&p, text, text.len ? text.len : 1);
    need(replies(&p, text, 1) == whole && replies(&p, text, 7) == whole);
    check_wire(&mem, text);
    check_address(&mem, text);
    return 0;
}
