/* Inside of the room: the connection's parts, and the words for libcurl's errors. */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include "net/net.h"

#include <curl/curl.h>

enum {
    NET_STAGE = 16 << 10, /* octets that wait to be sent: OpenSSL wants a send repeated with the same pointer */
    NET_IN = 64 << 10,    /* octets read ahead */
    NET_FLOW = 32 << 10,  /* octets since the last wait that make a server one in full flow; what is then waited for, and how long */
    NET_PIECE = 128 << 10, NET_PIECE_MS = 2,
    NET_SAID = 8 << 10,   /* of the server's first lines; later ones are dropped */
    NET_SECRETS = 12,     /* that are looked for; of each */
    NET_SECRET_OCTETS = 256,
    NET_TRACE_LINE = 1000, /* octets of a line in a trace; of the rest it says how long it was */
    NET_TRACE_TAIL = 24    /* of its end, where a literal is announced */
};

struct net_secret {
    ptrdiff_t len;
    char octets[NET_SECRET_OCTETS];
};

/* One direction, for the trace. */
struct net_side {
    char who; /* C or S */
    char line[NET_TRACE_LINE], tail[NET_TRACE_TAIL];
    ptrdiff_t len, tail_len;
    int64_t dropped;               /* octets of the line that are not kept */
    int64_t literal, literal_seen; /* octets of a literal that are still to come, and that came */
    int64_t message;               /* octets of a message that were sent */
};

struct net {
    CURL *easy;
    curl_socket_t fd;
    struct net_target target;
    char *host; /* for sentences: "imap.example.com:993" */
    int64_t connect_until;
    int64_t silent_ms; /* waited for since the last octet either way; what the caller does between calls does not count */
    bool secure;
    bool asked_ahead;
    struct ssl_st *ahead; /* libcurl's TLS session, where OpenSSL reads ahead in it; or NULL */
    bool broken;  /* for sending; what had arrived can still be read */
    int64_t sent; /* octets */
    char said[NET_SAID];
    ptrdiff_t said_len;
    char words[CURL_ERROR_SIZE];
    char stage[NET_STAGE];
    ptrdiff_t stage_from, stage_len;
    char in[NET_IN];
    ptrdiff_t in_from, in_len;
    ptrdiff_t flow; /* octets read since the last wait */
    int wanted;     /* SO_RCVLOWAT; 0: as it was */
    enum net_matter matter;
    int secrets;
    struct net_secret secret[NET_SECRETS];
    struct net_side side[2]; /* what came; what was sent */
};

/* Why connecting failed. Returns false. */
bool net_explain(struct net *n, CURLcode code, struct err *e);

/* trace.c: nothing where there is no trace. trace_connecting sets options of libcurl: 0 where they were taken. */
int trace_connecting(struct net *n);
void trace_connected(struct net *n);
void trace_octets(struct net *n, bool sent, str octets);
void trace_end(struct net *n);

#endif
