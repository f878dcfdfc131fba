#include "dns.h"

#include "net/net.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <string.h>

enum { ANSWER_MAX = 65535, BEFORE = NS_HFIXEDSZ, DNS_PORT = 53, MX_MAX = 64 /* more are not looked at */ };

struct exchange {
    int preference;
    str host; /* empty: "." */
};

static bool open_resolver(arena *a, str resolver, struct __res_state *s, struct err *e)
{
    str host;
    int port;
    struct sockaddr_in to = {.sin_family = AF_INET};
    memset(s, 0, sizeof *s);
    if (res_ninit(s) != 0)
        return err_set(e, ERR_LATER, "dns.later", "see /etc/resolv.conf", "there is nobody to ask for MX records");
    if (!resolver.len)
        return true;
    if (!net_host(resolver, &host, &port) || inet_pton(AF_INET, str_z(a, host), &to.sin_addr) != 1) {
        res_nclose(s);
        return err_set(e, ERR_USAGE, "dns.resolver", "--resolver 192.0.2.1, or 192.0.2.1:5353", "\"%.*s\" is no resolver", STR_ARG(resolver));
    }
    to.sin_port = htons((uint16_t)(port ? port : DNS_PORT));
    s->nsaddr_list[0] = to;
    s->nscount = 1;
    return true;
}

static int number16(const unsigned char *p) { return p[0] << 8 | p[1]; }

/* What stands behind the name of a record; NULL at the end, and where it is broken. */
static const unsigned char *skip_name(const unsigned char *p, const unsigned char *end)
{
    int n = p < end ? dn_skipname(p, end) : -1;
    return n < 0 ? NULL : p + n;
}

/* The MX records of an answer. */
static int read_exchanges(arena *a, const unsigned char *answer, int octets, struct exchange *out)
{
    const unsigned char *end = answer + octets, *p = answer + BEFORE;
    int n = 0, questions, answers;
    if (octets < BEFORE)
        return 0;
    questions = number16(answer + 4);
    answers = number16(answer + 6);
    for (; questions > 0 && (p = skip_name(p, end)) && end - p >= 4; questions--)
        p += 4;
    for (; p && answers > 0 && n < MX_MAX && (p = skip_name(p, end)) && end - p >= 10; answers--) {
        int type = number16(p), length = number16(p + 8);
        char name[NS_MAXDNAME];
        p += 10;
        if (end - p < length)
            return n;
        if (type == ns_t_mx && length > 2 && dn_expand(answer, end, p + 2, name, sizeof name) >= 0)
            out[n++] = (struct exchange){number16(p), str_lower(a, str_c(name))};
        p += length;
    }
    return n;
}

/* Equal preferences in the order of the answer. */
static void sort_exchanges(struct exchange *list, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && list[k - 1].preference > list[k].preference; k--) {
            struct exchange x = list[k];
            list[k] = list[k - 1];
            list[k - 1] = x;
        }
}

/* Octets of the answer; 0: there is no such record; -1 with *e: nobody knows, or there is no such domain. */
static int ask(struct __res_state *s, const char *domain, int type, unsigned char *answer, struct err *e)
{
    int octets = res_nquery(s, domain, ns_c_in, type, answer, ANSWER_MAX);
    if (octets >= 0)
        return octets < ANSWER_MAX ? octets : ANSWER_MAX;
    if (s->res_h_errno == NO_DATA)
        return 0;
    if (s->res_h_errno == HOST_NOT_FOUND)
        err_set(e, ERR_REFUSED, "dns.nowhere", "is it written as it should be?", "there is no domain %s", domain);
    else
        err_set(e, ERR_LATER, "dns.later", "try it again later", "the DNS does not say where mail for %s goes", domain);
    return -1;
}

static bool take_exchanges(arena *a, const char *domain, struct exchange *list, int n, struct strs *mx, struct err *e)
{
    sort_exchanges(list, n);
    for (int i = 0; i < n; i++)
        if (list[i].host.len && !str_eq(list[i].host, S(".")))
            strs_add(a, mx, list[i].host);
    return mx->n > 0 || err_set(e, ERR_REFUSED, "dns.null-mx", "", "%s takes no mail, it says (RFC 7505)", domain);
}

static bool find(arena *a, struct __res_state *s, const char *domain, struct strs *mx, struct err *e)
{
    unsigned char *answer = arena_alloc(a, ANSWER_MAX, 1);
    struct exchange list[MX_MAX];
    int octets = ask(s, domain, ns_t_mx, answer, e);
    if (octets < 0)
        return false;
    int n = read_exchanges(a, answer, octets, list);
    if (n)
        return take_exchanges(a, domain, list, n, mx, e);
    static const int types[] = {ns_t_a, ns_t_aaaa};
    for (int i = 0; i < 2; i++) {
        octets = ask(s, domain, types[i], answer, e);
        if (octets < 0)
            return false;
        if (octets) {
            strs_add(a, mx, str_copy(a, str_c(domain)));
            return true;
        }
    }
    return err_set(e, ERR_REFUSED, "dns.nowhere", "is it written as it should be?", "%s has neither MX records nor an address", domain);
}

bool dns_mail(arena *a, str resolver, str domain, struct strs *mx, struct err *e)
{
    struct __res_state s;
    *mx = (struct strs){0};
    if (!open_resolver(a, resolver, &s, e))
        return false;
    bool good = find(a, &s, str_z(a, domain), mx, e);
    res_nclose(&s);
    return good;
}
