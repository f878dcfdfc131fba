/* Inside of the room: the connection's parts, and the words for libcurl's errors. */
#ifndef NET_PRIVATE_H
#define NET_PRIVATE_H

#include "net/net.h"

#include <curl/curl.h>

enum {
    NET_STAGE = 16 << 10, /* octets that wait to be sent: OpenSSL wants a send repeated with the same pointer */
    NET_IN = 64 << 10,    /* octets read ahead */
    NET_SAID = 8 << 10    /* of the server's first lines; later ones are dropped */
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
};

/* Why connecting failed. Returns false. */
bool net_explain(struct net *n, CURLcode code, struct err *e);

#endif
