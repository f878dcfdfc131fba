#include "codec/codec.h"
#include "smtp/smtp.h"

enum { LONGEST = 254 }; /* RFC5321-4.5.3.1.3: a path has 256 octets, < and > included */

static bool is_ascii(str s)
{
    for (ptrdiff_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] >= 0x80)
            return false;
    return true;
}

/* Nothing that could end the path or the command. */
static bool is_safe(str s)
{
    bool quoted = false;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < 0x20 || c == 0x7f)
            return false;
        if (quoted && c == '\\' && i + 1 < s.len && (unsigned char)s.ptr[i + 1] >= 0x20 && s.ptr[i + 1] != 0x7f) {
            i++;
            continue;
        }
        if (c == '"')
            quoted = !quoted;
        else if (!quoted && strchr(" <>(),;:\\", c) && !(c == ':' && str_find_byte(str_first(s, i), '[') >= 0))
            return false;
    }
    return !quoted;
}

static bool bad(struct err *e, str address, const char *why)
{
    return err_set(e, ERR_INPUT, "smtp.address", "correct it, or leave it out", "\"%.*s\" is no address: %s",
                   STR_ARG(str_first(address, LONGEST)), why);
}

bool smtp_address(arena *a, str address, str *out, bool *utf8, struct err *e)
{
    ptrdiff_t at = address.len;
    *out = address;
    *utf8 = false;
    while (at > 0 && address.ptr[at - 1] != '@')
        at--;
    if (!address.len || !utf8_valid(address) || !is_safe(address))
        return bad(e, address, "it holds what no address can hold");
    if (at == 0 && str_eq_nocase(address, S("postmaster")))
        return true; /* RFC5321-4.1.1.3 */
    if (at <= 1 || at == address.len)
        return bad(e, address, "it is not of the form name@domain");
    str local = str_first(address, at - 1), domain = str_skip(address, at);
    if (is_ascii(local) && !is_ascii(domain)) {
        str ascii = codec_idna(a, domain);
        if (!ascii.len)
            return bad(e, address, "there can be no such domain");
        *out = str_fmt(a, "%.*s@%.*s", STR_ARG(local), STR_ARG(ascii));
    }
    *utf8 = !is_ascii(*out);
    return out->len <= LONGEST || bad(e, address, "it is too long");
}

str smtp_xtext(arena *a, str s)
{
    struct buf b = buf_new(a, s.len * 3 + 1);
    for (ptrdiff_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c < '!' || c > '~' || c == '+' || c == '=')
            buf_fmt(&b, "+%02X", c);
        else
            buf_byte(&b, (char)c);
    }
    return buf_str(&b);
}
