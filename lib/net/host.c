/* Hosts and URLs as people write them. */
#include "net/net.h"

bool net_host(str s, str *host, int *port)
{
    str digits = STR_NONE;
    int64_t n = 0;
    ptrdiff_t close = str_starts(s, S("[")) ? str_find_byte(s, ']') : -1;
    *host = s;
    *port = 0;
    if (str_starts(s, S("/")))
        return true;
    if (close > 0) {
        str rest = str_skip(s, close + 1);
        *host = str_slice(s, 1, close);
        digits = str_starts(rest, S(":")) ? str_skip(rest, 1) : STR_NONE;
        if (rest.len && !digits.ptr)
            return false;
    } else {
        str_cut(s, ':', host, &digits);
    }
    if (digits.ptr && !str_i64(digits, 1, 65535, &n))
        return false;
    *port = (int)n;
    return host->len > 0;
}
