/* mail-send --check-address: can there be such an address, and with --mx, does its domain take mail? */
#include "send.h"

#include "codec/codec.h"
#include "dns.h"

#include <arpa/inet.h>
#include <string.h>

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, LABEL_MAX = 63 }; /* RFC5321-4.5.3.1 */

struct verdict {
    str address, ascii, domain; /* domain: A-labels, or a literal */
    bool utf8, literal;
    struct strs mx;
    struct err e; /* what is wrong with it */
};

static bool bad(struct verdict *v, const char *why)
{
    return err_set(&v->e, ERR_INPUT, "smtp.address", "correct it, or leave it out", "\"%.*s\" is no address: %s", STR_ARG(str_first(v->address, DOMAIN_MAX)),
                   why);
}

static bool is_alnum(unsigned char c) { return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z'); }

/* RFC5321-4.1.2 QcontentSMTP */
static bool quoted_good(struct verdict *v, str inside)
{
    for (ptrdiff_t i = 0; i < inside.len; i++) {
        i += inside.ptr[i] == '\\';
        if (i >= inside.len || (inside.ptr[i] == '"' && (!i || inside.ptr[i - 1] != '\\')))
            return bad(v, "a quote ends too early");
    }
    return true;
}

/* RFC5322-3.2.3 dot-atom-text; RFC6531-3.3 lets in what is beyond ASCII. */
static bool local_good(struct verdict *v, str local)
{
    if (local.len > LOCAL_MAX)
        return bad(v, "what stands before the @ has over 64 octets");
    if (local.len > 1 && local.ptr[0] == '"' && local.ptr[local.len - 1] == '"')
        return quoted_good(v, str_slice(local, 1, local.len - 1));
    for (ptrdiff_t i = 0; i < local.len; i++) {
        unsigned char c = (unsigned char)local.ptr[i];
        bool dot = c == '.' && i > 0 && i + 1 < local.len && local.ptr[i - 1] != '.';
        if (!dot && !is_alnum(c) && c < 0x80 && !strchr("!#$%&'*+-/=?^_`{|}~", c))
            return bad(v, c == '.' ? "a dot stands at an end or by another one" : "it holds what has to be in quotes");
    }
    return local.len > 0 || bad(v, "nothing stands before the @");
}

/* RFC5321-4.1.3 */
static bool literal_good(struct verdict *v, str inside)
{
    unsigned char octets[sizeof(struct in6_addr)];
    char text[INET6_ADDRSTRLEN];
    bool six = str_starts_nocase(inside, S("IPv6:"));
    str number = six ? str_skip(inside, 5) : inside;
    if (number.len >= (ptrdiff_t)sizeof text)
        return bad(v, "there is no such IP address");
    memcpy(text, number.ptr, (size_t)number.len);
    text[number.len] = 0;
    return inet_pton(six ? AF_INET6 : AF_INET, text, octets) == 1 || bad(v, "there is no such IP address");
}

/* RFC5321-4.1.2: letters, digits and hyphens between dots. */
static bool domain_good(struct verdict *v)
{
    str rest = v->domain, label;
    if (v->domain.len > DOMAIN_MAX)
        return bad(v, "its domain has over 255 octets");
    for (bool more = true; more;) {
        more = str_cut(rest, '.', &label, &rest);
        if (!label.len || label.len > LABEL_MAX || label.ptr[0] == '-' || label.ptr[label.len - 1] == '-')
            return bad(v, "there can be no such domain");
        for (ptrdiff_t i = 0; i < label.len; i++)
            if (!is_alnum((unsigned char)label.ptr[i]) && label.ptr[i] != '-')
                return bad(v, "there can be no such domain");
    }
    return true;
}

static bool syntax_good(arena *a, struct verdict *v)
{
    if (!smtp_address(a, v->address, &v->ascii, &v->utf8, &v->e))
        return false;
    ptrdiff_t at = v->address.len;
    while (at > 0 && v->address.ptr[at - 1] != '@')
        at--;
    if (!at)
        return bad(v, "it is not of the form name@domain");
    str domain = str_skip(v->address, at);
    v->literal = str_starts(domain, S("[")) && str_ends(domain, S("]"));
    if (!local_good(v, str_first(v->address, at - 1)))
        return false;
    if (v->literal)
        return literal_good(v, str_slice(domain, 1, domain.len - 1));
    v->domain = codec_idna(a, domain);
    return domain_good(v);
}

static void emit(struct run *r, arena *a, const struct verdict *v)
{
    struct buf line = buf_new(a, 1024);
    struct jwrite w = {.to = &line};
    const char *verdict = !v->e.class ? "good" : v->e.class == ERR_LATER ? "unknown" : "bad";
    const struct {
        str key, value;
    } texts[] = {{S("type"), S("address")}, {S("address"), utf8_scrub(a, v->address)}, {S("verdict"), str_c(verdict)}, {S("code"), str_c(v->e.code)},
                 {S("reason"), utf8_scrub(a, str_c(v->e.text))}, {S("domain"), v->domain}};
    jwrite_object(&w);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].value.len || i == 1) {
            jwrite_key(&w, texts[i].key);
            jwrite_string(&w, texts[i].value);
        }
        if (i == 0) {
            jwrite_key(&w, S("v"));
            jwrite_i64(&w, 1);
        }
    }
    jwrite_key(&w, S("smtputf8"));
    jwrite_bool(&w, v->utf8);
    if (v->mx.n) {
        jwrite_key(&w, S("mx"));
        jwrite_array(&w);
        for (ptrdiff_t i = 0; i < v->mx.n; i++)
            jwrite_string(&w, v->mx.item[i]);
        jwrite_end_array(&w);
    }
    jwrite_end_object(&w);
    buf_byte(&line, '\n');
    run_put(r, buf_str(&line));
}

/* False: no other address can be checked either. */
static bool check_one(struct run *r, arena *a, str address)
{
    struct verdict v = {.address = address};
    if (syntax_good(a, &v) && r->opts->mx && !v.literal)
        dns_mail(a, r->opts->resolver, v.domain, &v.mx, &v.e);
    if (v.e.class == ERR_USAGE) {
        prog_error(&v.e);
        return false;
    }
    prog_outcome(v.e.class);
    emit(r, a, &v);
    return true;
}

void check_addresses(struct run *r)
{
    const struct strs *named = &r->opts->recipients;
    arena a = arena_new(1 << 24);
    bool good = true;
    for (ptrdiff_t i = 0; good && i < named->n; i++) {
        arena_reset(&a);
        good = check_one(r, &a, named->item[i]);
    }
    if (named->n)
        return;
    struct lines in = lines_new(0, LINE_MAX_OCTETS);
    struct err e;
    str line;
    while (good && !prog_stopping() && out_good(r->out)) {
        enum line_status status = lines_next(&in, &line);
        if (status == LINE_OK && str_trim(line).len) {
            arena_reset(&a);
            good = check_one(r, &a, str_trim(line));
        } else if (status != LINE_OK && !lines_err(&in, status, "stdin", &e)) {
            prog_error(&e);
        }
        if (status != LINE_OK && status != LINE_LONG)
            break;
    }
    lines_free(&in);
}
