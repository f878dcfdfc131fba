/* Whether the DNS knows where mail for a domain goes. */
#ifndef DNS_H
#define DNS_H

#include "err/err.h"
#include "str/str.h"

/* resolver: the server to ask, as HOST:PORT with an IPv4 address, or STR_NONE: those of the system. domain: A-labels.
 * *mx: the hosts of its MX records, the best first; where it has none, but an address, the domain itself (RFC5321-5.1). False with *e: class
 * refused, "dns.null-mx" (RFC 7505) or "dns.nowhere", where no mail can go there; class later, "dns.later", where nobody knows;
 * class usage for a resolver that is none. */
bool dns_mail(arena *a, str resolver, str domain, struct strs *mx, struct err *e);

#endif
