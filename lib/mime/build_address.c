/* Addresses of people's own, read strictly: what is no address is told, not guessed. */
#include "mime/build.h"

enum { LOCAL = 64, DOMAIN = 255, ADDRESS = 320 }; /* RFC5321-4.5.3.1 */

static bool is_atext(char c)
{
    return (unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool is_dot_atom(str s)
{
    bool after_dot = true;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        bool dot = s.ptr[i] == '.';
        if (dot ? after_dot : !is_atext(s.ptr[i]))
            return false;
        after_dot = dot;
    }
    return s.len && !after_dot;
}

/* The octets of a quoted-string at the beginning of s, 0: none. */
static ptrdiff_t quoted_length(str s)
{
    for (ptrdiff_t i = 1; i < s.len && s.ptr[0] == '"'; i++) {
        if (s.ptr[i] == '"')
            return i + 1;
        i += s.ptr[i] == '\\';
    }
    return 0;
}

static bool is_label(str s)
{
    if (!s.len || s.ptr[0] == '-' || s.ptr[s.len - 1] == '-')
        return false;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (!((unsigned char)c >= 0x80 || (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' || c == '_'))
            return false;
    }
    return true;
}

static bool is_literal(str s)
{
    if (s.len < 3 || s.ptr[0] != '[' || s.ptr[s.len - 1] != ']')
        return false;
    for (ptrdiff_t i = 1; i < s.len - 1; i++)
        if (!strchr("0123456789abcdefABCDEFIPv6:.", s.ptr[i]))
            return false;
    return true;
}

static bool is_domain(arena scratch, str s)
{
    if (is_literal(s))
        return true;
    for (str rest = s, label; rest.ptr;) {
        bool more = str_cut(rest, '.', &label, &rest);
        if (!is_label(label))
            return false;
        if (!more)
            break;
    }
    str wire = codec_idna(&scratch, s);
    return wire.len && wire.len <= DOMAIN && wire.len >= s.len / 4;
}

static ptrdiff_t at_sign(str email)
{
    ptrdiff_t i = quoted_length(email);
    ptrdiff_t at = str_find_byte(str_skip(email, i), '@');
    return at < 0 ? -1 : i + at;
}

/* Spaces, what is not seen and what turns the direction of text stand in no address of a person. */
static bool is_seen(uint32_t cp)
{
    return !((cp >= 0x7F && cp <= 0xA0) || cp == 0xAD || (cp >= 0x2000 && cp <= 0x200F) || (cp >= 0x2028 && cp <= 0x202F) ||
             (cp >= 0x205F && cp <= 0x206F) || cp == 0x3000 || cp == 0xFEFF || (cp >= 0xFFF0 && cp <= 0xFFFF));
}

static bool is_visible(str s)
{
    for (ptrdiff_t i = 0; i < s.len;) {
        uint32_t cp;
        i += utf8_decode(str_skip(s, i), &cp);
        if (!is_seen(cp))
            return false;
    }
    return true;
}

static bool is_address(arena scratch, str email)
{
    ptrdiff_t at = at_sign(email);
    if (at < 1 || at > LOCAL || email.len > ADDRESS || !utf8_valid(email) || !is_visible(email))
        return false;
    for (ptrdiff_t i = 0; i < email.len; i++)
        if (strchr("\t<>", email.ptr[i])) /* NUL as well: nothing that could end an address in a command of SMTP */
            return false;
    str local = str_first(email, at);
    return (is_dot_atom(local) || quoted_length(local) == at) && is_domain(scratch, str_skip(email, at + 1));
}

static bool refuse(const char *what, str text, enum err_class wrong, struct err *e)
{
    return err_set(e, wrong, "address", "an address is like ann@example.com or Ann <ann@example.com>; a name with a comma or an @ is put in \"\"",
                   "%s: \"%.*s\" is no mail address", what, (int)(text.len > 200 ? 200 : text.len), text.ptr ? text.ptr : "");
}

bool build_address_ok(arena scratch, struct header_address address, const char *what, enum err_class wrong, struct err *e)
{
    if (!build_value_ok(address.email, what, e) || !build_value_ok(address.name, what, e))
        return false;
    if (!is_address(scratch, address.email))
        return refuse(what, address.email, wrong, e);
    if (address.name.len > BUILD_NAME)
        return err_set(e, wrong, "address.name", NULL, "%s: the name of %.*s is longer than %d octets", what, STR_ARG(address.email), BUILD_NAME);
    return true;
}

str build_address_wire(arena *a, str email, bool *utf8)
{
    ptrdiff_t at = at_sign(email);
    str local = str_first(email, at);
    for (ptrdiff_t i = 0; i < local.len; i++)
        if ((unsigned char)local.ptr[i] >= 0x80) {
            if (utf8)
                *utf8 = true;
            return email;
        }
    str domain = codec_idna(a, str_skip(email, at + 1));
    return str_eq(domain, str_skip(email, at + 1)) ? email : str_fmt(a, "%.*s@%.*s", STR_ARG(local), STR_ARG(domain));
}

/* ---- lists ---- */

struct reader {
    str rest;
    struct buf phrase;  /* words before a '<', unquoted, one space between */
    str bare;           /* the same as it stands, for an address without <> */
    str comment, angle; /* what is in ( ) and < >; STR_NONE: none */
};

static ptrdiff_t comment_length(str s)
{
    int depth = 0;
    for (ptrdiff_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\')
            i++;
        else if (s.ptr[i] == '(')
            depth++;
        else if (s.ptr[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

static void unquote(str inner, struct buf *to)
{
    for (ptrdiff_t i = 0; i < inner.len; i++) {
        i += inner.ptr[i] == '\\' && i + 1 < inner.len;
        buf_byte(to, inner.ptr[i]);
    }
}

/* A quoted word of a phrase; quotes of a local part ("a b"@example.com) stay in `bare`. */
static bool take_quoted(struct reader *r)
{
    ptrdiff_t n = quoted_length(r->rest);
    if (r->phrase.len)
        buf_byte(&r->phrase, ' ');
    unquote(str_slice(r->rest, 1, n - 1), &r->phrase);
    r->rest = str_skip(r->rest, n);
    return n > 0;
}

static bool take_angle(struct reader *r)
{
    ptrdiff_t from = 1;
    str quoted = str_skip(r->rest, 1);
    from += quoted_length(quoted);
    ptrdiff_t n = str_find_byte(str_skip(r->rest, from), '>');
    if (n < 0 || r->angle.ptr)
        return false;
    r->angle = str_trim(str_slice(r->rest, 1, from + n));
    r->rest = str_skip(r->rest, from + n + 1);
    return true;
}

static bool take_comment(arena *a, struct reader *r)
{
    ptrdiff_t n = comment_length(r->rest);
    struct buf text = buf_new(a, n);
    unquote(str_slice(r->rest, 1, n - 1), &text);
    r->comment = str_trim(buf_str(&text));
    r->rest = str_skip(r->rest, n);
    return n > 0;
}

static bool ends_word(char c) { return c == ' ' || c == '\t' || strchr(",;<>()\"", c) != NULL; }

static void take_word(struct reader *r)
{
    ptrdiff_t n = 0;
    while (n < r->rest.len && (n == 0 || !ends_word(r->rest.ptr[n])))
        n++;
    if (r->phrase.len)
        buf_byte(&r->phrase, ' ');
    buf_put(&r->phrase, str_first(r->rest, n));
    r->rest = str_skip(r->rest, n);
}

/* One mailbox, up to the comma or semicolon behind it. */
static bool take_mailbox(arena *a, struct reader *r)
{
    str from = r->rest;
    ptrdiff_t bare = 0;
    while (r->rest.len && r->rest.ptr[0] != ',' && r->rest.ptr[0] != ';') {
        char c = r->rest.ptr[0];
        bool good = true;
        if (c == ' ' || c == '\t') {
            r->rest = str_skip(r->rest, 1);
            continue;
        }
        if (r->angle.ptr && c != '(')
            return false;
        if (c == '"')
            good = take_quoted(r);
        else if (c == '<')
            good = take_angle(r);
        else if (c == '(')
            good = take_comment(a, r);
        else
            take_word(r);
        if (!good)
            return false;
        if (c != '(')
            bare = from.len - r->rest.len;
    }
    r->bare = str_first(from, bare);
    if (r->comment.ptr && str_find_byte(r->bare, '(') >= 0 && !r->angle.ptr)
        return false;
    return true;
}

void build_address_add(arena *a, struct header_addresses *list, struct header_address x)
{
    if (list->n == list->cap) {
        ptrdiff_t cap = list->cap ? list->cap * 2 : 4;
        list->item = arena_grow(a, list->item, (size_t)list->cap * sizeof x, (size_t)cap * sizeof x, _Alignof(struct header_address));
        list->cap = cap;
    }
    list->item[list->n++] = x;
}

bool build_address_read(arena *a, str text, const char *what, enum err_class wrong, struct header_addresses *out, struct err *e)
{
    if (!build_value_ok(text, what, e))
        return false;
    struct reader r = {.rest = str_trim(text)};
    while (r.rest.len) {
        r.phrase = buf_new(a, 64);
        r.comment = r.angle = STR_NONE;
        str from = r.rest;
        bool whole = take_mailbox(a, &r);
        str told = str_trim(str_first(from, from.len - r.rest.len));
        if (!whole)
            return refuse(what, from, wrong, e);
        struct header_address x = {.email = r.angle.ptr ? r.angle : r.bare};
        str phrase = str_trim(buf_str(&r.phrase));
        x.name = r.angle.ptr && phrase.len ? phrase : r.comment.len ? r.comment : STR_NONE;
        if (told.len) {
            if (!is_address(*a, x.email))
                return refuse(what, told, wrong, e);
            if (!build_address_ok(*a, x, what, wrong, e))
                return false;
            build_address_add(a, out, x);
        }
        r.rest = str_trim(str_skip(r.rest, 1));
    }
    return true;
}
