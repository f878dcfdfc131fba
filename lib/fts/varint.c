#include "fts/varint.h"

int varint_put_long(unsigned char *to, uint64_t n)
{
    unsigned char reversed[VARINT_MAX];
    int len = 0;
    if (n >> 56) {
        to[8] = (unsigned char)n;
        n >>= 8;
        for (int i = 7; i >= 0; i--, n >>= 7)
            to[i] = (unsigned char)(n & 0x7f) | 0x80;
        return VARINT_MAX;
    }
    for (; n || len == 0; n >>= 7)
        reversed[len++] = (unsigned char)(n & 0x7f) | 0x80;
    reversed[0] &= 0x7f;
    for (int i = 0; i < len; i++)
        to[i] = reversed[len - 1 - i];
    return len;
}

bool varint_take(str *from, uint64_t *n)
{
    uint64_t value = 0;
    for (ptrdiff_t i = 0; i < from->len && i < VARINT_MAX; i++) {
        unsigned char octet = (unsigned char)from->ptr[i];
        bool last = i == VARINT_MAX - 1;
        value = last ? value << 8 | octet : value << 7 | (octet & 0x7f);
        if (!last && octet & 0x80)
            continue;
        *from = str_skip(*from, i + 1);
        *n = value;
        return true;
    }
    return false;
}
