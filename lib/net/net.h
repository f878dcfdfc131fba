/* One connection to a mail server: names, proxies, TCP, TLS or STARTTLS, certificates and the greeting; then octets both ways.
 *
 * libcurl connects and never sees a credential; only this room knows of it. Certificates are checked always. Every wait
 * ends: at connect_ms, after response_ms of silence, at the deadline, or when a signal asked the program to stop.
 * Proxies come from the environment (ALL_PROXY, imap_proxy, NO_PROXY), as libcurl reads them.
 *
 * Errors of net_open and the rest have a stage ("resolve", "connect", "tls", "greeting", or none) and these codes:
 *     net.unknown-host net.refused net.timeout net.lost net.proxy net.stopped net.busy         class later
 *     net.certificate-expired net.certificate-name net.certificate-issuer net.certificate      class refused
 *     net.no-starttls net.greeting                                                             class refused
 *     net.not-tls net.ca-file net.host                                                         class configuration */
#ifndef NET_H
#define NET_H

#include "err/err.h"

enum net_security {
    NET_TLS,      /* TLS from the first octet */
    NET_STARTTLS, /* must be offered, or the connection is given up */
    NET_PLAIN     /* no protection: for the loopback and for tests */
};

struct net_target {
    str protocol;       /* "imap", "pop3", "smtp"; "lmtp": nothing is said or read while connecting, and there is no STARTTLS */
    str host;           /* name or address; IPv6 without brackets; "/path" of a local socket ("lmtp" only) */
    str own_name;       /* what we call ourselves ("smtp" only); none: the name of this machine */
    int port;           /* 0: the usual one */
    enum net_security security;
    str ca_file;        /* PEM file that replaces the system's authorities, or none */
    int64_t connect_ms; /* until TLS stands and the server has greeted */
    int64_t response_ms; /* longest silence while something is owed */
    int64_t deadline_ms; /* time of sys_clock.monotonic_ms at which all ends; 0: never */
};

/* Microseconds from the start until each was done; 0 where it does not apply. */
struct net_times {
    int64_t resolve_us, connect_us, tls_us, greeting_us;
};

enum net_result {
    NET_GOT,   /* octets */
    NET_QUIET, /* none within wait_ms, or a signal came: look around, then read on */
    NET_LOST   /* the end, with *e */
};

struct net;

/* Connect. NULL with *e; a: run lifetime (some 100 KB). The target is copied. */
struct net *net_open(arena *a, const struct net_target *target, struct err *e);
/* Close; what net_send kept is offered to the kernel once. May be given NULL. */
void net_close(struct net *n);

/* What the server said while connecting (greeting, capabilities), lines as they came, at most 8 KB. Valid until net_close. */
str net_said(const struct net *n);
/* Whether TLS protects it. */
bool net_is_secure(const struct net *n);
/* When the server's certificate ends, seconds since 1970 UTC; known once something was read. 0: no TLS, or libcurl has a TLS of its own. */
int64_t net_certificate_ends(const struct net *n);
struct net_times net_took(const struct net *n);

/* Keep octets for the next net_read, which sends them; beyond 16 KB they go at once, and what arrives meanwhile is kept, too.
 * False: the connection is lost for sending; net_read still gives what had arrived. */
bool net_send(struct net *n, str octets, struct err *e);

/* Octets of net_send that the kernel has taken: no server can have seen more. */
int64_t net_sent(const struct net *n);

/* Another longest silence, from now on. */
void net_be_patient(struct net *n, int64_t response_ms);

/* Send what net_send kept, and read. *octets is valid until the next net_read or net_close. wait_ms: how long to
 * wait for the first octet (over 0), -1: until the silence or the deadline is too long. */
enum net_result net_read(struct net *n, int wait_ms, str *octets, struct err *e);

/* ---- how people write them -------------------------------------------------------------------------- */

/* host, host:port, [v6], [v6]:port, or /path of a local socket; port 0 where none is said. False where it is none of these. */
bool net_host(str s, str *host, int *port);

/* ---- the trace -------------------------------------------------------------------------------------- */

/* From now on all connections of the process append what is said on them to the file (0600, made where it is missing): lines with time,
 * process, host, stage, who says it, and what. Literals, messages and all that belongs to a login are not written, but how long
 * they are. False (class as errno says) where it cannot be written. */
bool net_trace_to(const char *path, struct err *e);

enum net_matter {
    NET_CONNECT, /* until net_open returns */
    NET_LOGIN,   /* of what is sent only the name of the command and the mechanism is written, of challenges nothing */
    NET_TALK,
    NET_MESSAGE  /* what is sent is a message */
};
/* What goes over the connection from here on. */
void net_matter(struct net *n, enum net_matter what);

/* Something that the server must not get into a trace or an error by repeating it: the password, the words of a login. Kept with the
 * connection: the first NET_SECRETS of them, of at least 4 octets. */
void net_secret(struct net *n, str secret);
/* The text with {secret} in the place of those, cut to cap - 1 octets. */
void net_redact(const struct net *n, str text, char *out, size_t cap);

#endif
