/* Punycode (RFC 3492), one way: mail that is read shows what it holds. */
#include "codec/codec.h"

#include <locale.h>
#include <wctype.h>

enum { BASE = 36, T_MIN = 1, T_MAX = 26, SKEW = 38, DAMP = 700, FIRST_BIAS = 72, FIRST_N = 128, LABEL = 63 };

static uint32_t lower(uint32_t cp)
{
    static locale_t all;
    if (cp < 128)
        return cp >= 'A' && cp <= 'Z' ? cp + 32 : cp;
    if (!all)
        all = newlocale(LC_CTYPE_MASK, "C.UTF-8", NULL);
    return all ? (uint32_t)towlower_l((wint_t)cp, all) : cp;
}

static uint32_t adapt(uint32_t delta, uint32_t points, bool first)
{
    delta = first ? delta / DAMP : delta / 2;
    delta += delta / points;
    uint32_t k = 0;
    for (; delta > (BASE - T_MIN) * T_MAX / 2; k += BASE)
        delta /= BASE - T_MIN;
    return k + (BASE - T_MIN + 1) * delta / (delta + SKEW);
}

static void put_number(uint32_t n, uint32_t bias, struct buf *to)
{
    for (uint32_t k = BASE;; k += BASE) {
        uint32_t t = k <= bias ? T_MIN : k >= bias + T_MAX ? T_MAX : k - bias;
        uint32_t digit = n < t ? n : t + (n - t) % (BASE - t);
        buf_byte(to, (char)(digit < 26 ? 'a' + digit : '0' + digit - 26));
        if (n < t)
            return;
        n = (n - t) / (BASE - t);
    }
}

/* cp: the characters of a label, at most LABEL of them; numbers stay far below 2^32. */
static void put_label(const uint32_t *cp, uint32_t n_cp, struct buf *to)
{
    uint32_t basic = 0, n = FIRST_N, delta = 0, bias = FIRST_BIAS;
    buf_put(to, S("xn--"));
    for (uint32_t i = 0; i < n_cp; i++)
        if (cp[i] < FIRST_N) {
            buf_byte(to, (char)cp[i]);
            basic++;
        }
    if (basic)
        buf_byte(to, '-');
    for (uint32_t done = basic; done < n_cp; delta++, n++) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < n_cp; i++)
            if (cp[i] >= n && cp[i] < next)
                next = cp[i];
        delta += (next - n) * (done + 1);
        n = next;
        for (uint32_t i = 0; i < n_cp; i++) {
            delta += cp[i] < n;
            if (cp[i] != n)
                continue;
            put_number(delta, bias, to);
            bias = adapt(delta, done + 1, done == basic);
            delta = 0;
            done++;
        }
    }
}

static bool encode_label(str label, struct buf *to)
{
    uint32_t cp[LABEL], n = 0;
    bool ascii = true;
    for (ptrdiff_t i = 0; i < label.len;) {
        uint32_t c;
        i += utf8_decode(str_skip(label, i), &c);
        if (n == LABEL)
            return false;
        ascii = ascii && c < 128;
        cp[n++] = lower(c);
    }
    ptrdiff_t from = to->len;
    if (ascii)
        buf_put(to, label);
    else
        put_label(cp, n, to);
    return to->len - from <= LABEL;
}

str codec_idna(arena *a, str domain)
{
    struct buf out = buf_new(a, domain.len + 32);
    for (str rest = domain, label; rest.ptr;) {
        bool more = str_cut(rest, '.', &label, &rest);
        if (!encode_label(label, &out))
            return STR_NONE;
        if (!more)
            break;
        buf_byte(&out, '.');
    }
    return buf_str(&out);
}
