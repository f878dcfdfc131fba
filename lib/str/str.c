#include "str/str.h"

#include <assert.h>
#include <stdio.h>

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool str_eq_nocase(str a, str b)
{
    if (a.len != b.len)
        return false;
    for (ptrdiff_t i = 0; i < a.len; i++)
        if (a.ptr[i] != b.ptr[i] && lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

int str_cmp(str a, str b)
{
    ptrdiff_t n = a.len < b.len ? a.len : b.len;
    int c = n ? memcmp(a.ptr, b.ptr, (size_t)n) : 0;
    return c ? c : (a.len > b.len) - (a.len < b.len);
}

bool str_starts(str s, str prefix) { return s.len >= prefix.len && str_eq(str_first(s, prefix.len), prefix); }

bool str_starts_nocase(str s, str prefix)
{
    return s.len >= prefix.len && str_eq_nocase(str_first(s, prefix.len), prefix);
}

bool str_ends(str s, str suffix) { return s.len >= suffix.len && str_eq(str_skip(s, s.len - suffix.len), suffix); }

str str_trim_right(str s)
{
    while (s.len && is_space(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

str str_trim(str s)
{
    while (s.len && is_space(s.ptr[0]))
        s = str_skip(s, 1);
    return str_trim_right(s);
}

ptrdiff_t str_find_byte(str s, char c)
{
    const char *p = s.len ? memchr(s.ptr, c, (size_t)s.len) : NULL;
    return p ? p - s.ptr : -1;
}

ptrdiff_t str_find(str s, str needle)
{
    if (!needle.len)
        return 0;
    const char *p = s.len ? memmem(s.ptr, (size_t)s.len, needle.ptr, (size_t)needle.len) : NULL;
    return p ? p - s.ptr : -1;
}

ptrdiff_t str_find_nocase(str s, str needle)
{
    if (!needle.len)
        return 0;
    char first = lower(needle.ptr[0]);
    for (ptrdiff_t i = 0; i + needle.len <= s.len; i++)
        if (lower(s.ptr[i]) == first && str_eq_nocase(str_slice(s, i, i + needle.len), needle))
            return i;
    return -1;
}

bool str_cut(str s, char c, str *head, str *tail)
{
    ptrdiff_t i = str_find_byte(s, c);
    *head = i < 0 ? s : str_first(s, i);
    *tail = i < 0 ? STR_NONE : str_skip(s, i + 1);
    return i >= 0;
}

uint64_t str_hash(str s)
{
    uint64_t h = 0xcbf29ce484222325u;
    for (ptrdiff_t i = 0; i < s.len; i++)
        h = (h ^ (unsigned char)s.ptr[i]) * 0x100000001b3u;
    h ^= h >> 32;
    h *= 0xd6e8feb86659fd93u;
    return h ^ h >> 32;
}

str str_copy(arena *a, str s)
{
    char *p = arena_alloc(a, (size_t)s.len + 1, 1);
    if (s.len)
        memcpy(p, s.ptr, (size_t)s.len);
    p[s.len] = 0;
    return (str){p, s.len};
}

char *str_z(arena *a, str s) { return (char *)str_copy(a, s).ptr; }

str str_lower(arena *a, str s)
{
    char *p = str_z(a, s);
    for (ptrdiff_t i = 0; i < s.len; i++)
        p[i] = lower(p[i]);
    return (str){p, s.len};
}

static int hex(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

str str_percent_decoded(arena *a, str s)
{
    struct buf b = buf_new(a, s.len + 1);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        int high = s.ptr[i] == '%' && i + 2 < s.len ? hex(s.ptr[i + 1]) : -1, low = high < 0 ? -1 : hex(s.ptr[i + 2]);
        buf_byte(&b, low < 0 ? s.ptr[i] : (char)(high * 16 + low));
        i += low < 0 ? 0 : 2;
    }
    return buf_str(&b);
}

str str_vfmt(arena *a, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1, 1);
    vsnprintf(p, (size_t)n + 1, format, args);
    return (str){p, n};
}

str str_fmt(arena *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    str s = str_vfmt(a, format, args);
    va_end(args);
    return s;
}

bool str_i64(str s, int64_t min, int64_t max, int64_t *out)
{
    bool negative = s.len && s.ptr[0] == '-';
    ptrdiff_t i = negative;
    int64_t n = 0;
    if (i == s.len)
        return false;
    for (; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        int digit = s.ptr[i] - '0';
        if (n < (INT64_MIN + digit) / 10)
            return false;
        n = n * 10 - digit;
    }
    if (!negative && n == INT64_MIN)
        return false;
    n = negative ? n : -n;
    if (n < min || n > max)
        return false;
    *out = n;
    return true;
}

bool str_size(str s, int64_t *out)
{
    int shift = 0;
    if (s.len)
        switch (lower(s.ptr[s.len - 1])) {
        case 'k': shift = 10; break;
        case 'm': shift = 20; break;
        case 'g': shift = 30; break;
        default: break;
        }
    int64_t n;
    if (!str_i64(shift ? str_first(s, s.len - 1) : s, 0, INT64_MAX >> shift, &n))
        return false;
    *out = n << shift;
    return true;
}

struct buf buf_new(arena *a, ptrdiff_t cap)
{
    return (struct buf){arena_alloc(a, (size_t)cap, 1), 0, cap, a};
}

char *buf_room(struct buf *b, ptrdiff_t n)
{
    assert(n >= 0);
    if (n > b->cap - b->len) {
        ptrdiff_t cap = b->cap < 64 ? 64 : b->cap;
        while (cap - b->len < n)
            cap = cap > PTRDIFF_MAX / 2 ? PTRDIFF_MAX : cap * 2;
        b->ptr = arena_grow(b->mem, b->ptr, (size_t)b->cap, (size_t)cap, 1);
        b->cap = cap;
    }
    return b->ptr + b->len;
}

void buf_put(struct buf *b, str s)
{
    if (!s.len)
        return;
    memcpy(buf_room(b, s.len), s.ptr, (size_t)s.len);
    b->len += s.len;
}

void buf_fmt(struct buf *b, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    assert(n >= 0);
    vsnprintf(buf_room(b, n + 1), (size_t)n + 1, format, args);
    b->len += n;
    va_end(args);
}

void buf_i64(struct buf *b, int64_t n)
{
    char digits[20];
    int i = (int)sizeof digits;
    uint64_t u = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        digits[--i] = (char)('0' + u % 10);
    while (u /= 10);
    if (n < 0)
        digits[--i] = '-';
    buf_put(b, str_of(digits + i, (ptrdiff_t)sizeof digits - i));
}

void strs_add(arena *a, struct strs *list, str s)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 4;
        list->item = arena_grow(a, list->item, (size_t)list->cap * sizeof(str), (size_t)cap * sizeof(str), _Alignof(str));
        list->cap = cap;
    }
    list->item[list->n++] = s;
}

bool strs_have(const struct strs *list, str s)
{
    for (ptrdiff_t i = 0; i < list->n; i++)
        if (str_eq(list->item[i], s))
            return true;
    return false;
}
