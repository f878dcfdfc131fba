#include "net/private.h"
#include "sys/sys.h"


/* X509_V_ERR_… of OpenSSL, as CURLINFO_SSL_VERIFYRESULT has them; the header belongs to other rooms. */
enum {
    X509_NOT_YET_VALID = 9,
    X509_EXPIRED = 10,
    X509_SELF_SIGNED = 18,
    X509_SELF_SIGNED_IN_CHAIN = 19,
    X509_NO_LOCAL_ISSUER = 20,
    X509_UNVERIFIED_LEAF = 21,
    X509_HOSTNAME = 62,
    X509_ADDRESS = 64
};

/* Whether connecting came to that point. */
static bool reached(const struct net *n, CURLINFO what)
{
    curl_off_t us = 0;
    curl_easy_getinfo(n->easy, what, &us);
    return us > 0;
}

/* CURLINFO_CONNECT_TIME_T stays 0 where TLS fails behind the TCP connection; a local port tells. */
static const char *stage_of(const struct net *n)
{
    long port = 0;
    curl_easy_getinfo(n->easy, CURLINFO_LOCAL_PORT, &port);
    if (!reached(n, CURLINFO_NAMELOOKUP_TIME_T))
        return "resolve";
    if (!reached(n, CURLINFO_CONNECT_TIME_T) && port <= 0)
        return "connect";
    if (n->target.security == NET_TLS && !reached(n, CURLINFO_APPCONNECT_TIME_T))
        return "tls";
    return "greeting";
}

static bool certificate(const struct net *n, struct err *e)
{
    long verdict = 0;
    curl_easy_getinfo(n->easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
    str words = str_c(n->words);
    err_set(e, ERR_REFUSED, "net.certificate", NULL, "%s: the certificate is not good: %s", n->host, n->words);
    if (verdict == X509_EXPIRED)
        err_set(e, ERR_REFUSED, "net.certificate-expired", "its owner must renew it; check the clock here, too",
                "%s: the server's certificate has expired", n->host);
    else if (verdict == X509_NOT_YET_VALID)
        err_set(e, ERR_REFUSED, "net.certificate-expired", "check the clock here", "%s: the server's certificate is not valid yet",
                n->host);
    else if (verdict == X509_SELF_SIGNED || verdict == X509_SELF_SIGNED_IN_CHAIN || verdict == X509_NO_LOCAL_ISSUER ||
             verdict == X509_UNVERIFIED_LEAF)
        err_set(e, ERR_REFUSED, "net.certificate-issuer", "if it is your own authority, name its PEM file in tlsCaFile",
                "%s: nobody known here vouches for the server's certificate", n->host);
    else if (verdict == X509_HOSTNAME || verdict == X509_ADDRESS || str_find(words, S("name matches")) >= 0 ||
             str_find(words, S("does not match")) >= 0)
        err_set(e, ERR_REFUSED, "net.certificate-name", "use the name that the certificate is for",
                "%s: the server's certificate is for another name", n->host);
    err_stage(e, "tls");
    return false;
}

/* The last line that the server said: the reason, where it turned us away. */
static str last_words(const struct net *n)
{
    str said = str_trim(net_said(n)), line = said;
    for (ptrdiff_t i = said.len; i > 0; i--)
        if (said.ptr[i - 1] == '\n') {
            line = str_skip(said, i);
            break;
        }
    return line;
}

static bool turned_away(struct net *n, struct err *e)
{
    str words = last_words(n);
    /* RFC5321-3.1: 421 and the like pass, 554 does not. */
    bool smtp_later = str_eq(n->target.protocol, S("smtp")) && str_starts(words, S("4"));
    if (str_find_nocase(words, S("BYE")) >= 0 || smtp_later)
        err_set(e, ERR_LATER, "net.busy", "try again later", "%s: the server turned the connection away", n->host);
    else
        err_set(e, ERR_REFUSED, "net.greeting", "is this the right port and protocol?", "%s: the server does not greet as it should", n->host);
    err_stage(e, "greeting");
    err_server(e, words);
    return false;
}

static bool late(struct net *n, struct err *e)
{
    const char *stage = stage_of(n);
    bool silent = strcmp(stage, "greeting") == 0;
    bool smtp = str_eq(n->target.protocol, S("smtp")) && str_starts(net_said(n), S("220"));
    if (silent && n->said_len && str_find(net_said(n), S("* ")) < 0 && !smtp)
        return turned_away(n, e); /* it speaks something else, which libcurl waits to end */
    bool other_port = silent && n->target.security == NET_STARTTLS;
    err_set(e, ERR_LATER, "net.timeout", other_port ? "is this a port for TLS from the start? (security = tls)" : NULL,
            silent ? "%s: connected, but the server said nothing in time" : "%s: no answer in time", n->host);
    err_stage(e, stage);
    return false;
}

bool net_explain(struct net *n, CURLcode code, struct err *e)
{
    str protocol = n->target.protocol;
    if (prog_stopping())
        return err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal while connecting", n->host);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        err_set(e, ERR_LATER, "net.unknown-host", "check the spelling of the host, then the name server", "%s: no such host", n->host);
        break;
    case CURLE_COULDNT_RESOLVE_PROXY:
        err_set(e, ERR_LATER, "net.proxy", "check ALL_PROXY", "%s: the proxy's name is not known", n->host);
        break;
    case CURLE_PROXY:
        err_set(e, ERR_LATER, "net.proxy", "check ALL_PROXY", "%s: the proxy did not connect: %s", n->host, n->words);
        break;
    case CURLE_COULDNT_CONNECT:
        err_set(e, ERR_LATER, "net.refused", "is the port right, and the server running?", "%s: connection refused or not reachable",
                n->host);
        err_stage(e, "connect");
        return false;
    case CURLE_URL_MALFORMAT:
        return err_set(e, ERR_CONFIG, "net.host", "it is a name or an address, without a scheme", "%s: no host has such a name", n->host);
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_ABORTED_BY_CALLBACK: return late(n, e);
    case CURLE_PEER_FAILED_VERIFICATION: return certificate(n, e);
    case CURLE_SSL_CACERT_BADFILE:
        err_set(e, ERR_CONFIG, "net.ca-file", "tlsCaFile must be a readable PEM file", "cannot use the authorities in %.*s",
                STR_ARG(n->target.ca_file.ptr ? n->target.ca_file : S("the system's file")));
        err_stage(e, "tls");
        return false;
    case CURLE_SSL_CONNECT_ERROR:
        if (str_find_nocase(str_c(n->words), S("wrong version number")) >= 0) {
            err_set(e, ERR_CONFIG, "net.not-tls", "is this the STARTTLS port? (security = starttls)", "%s does not speak TLS", n->host);
            err_stage(e, "tls");
            return false;
        }
        err_set(e, ERR_LATER, "net.lost", NULL, "%s: the TLS handshake failed: %s", n->host, n->words);
        err_stage(e, "tls");
        return false;
    case CURLE_USE_SSL_FAILED:
        err_set(e, ERR_REFUSED, "net.no-starttls", "try security = tls with the port for it",
                "%s does not offer STARTTLS for %.*s, so nothing was sent", n->host, STR_ARG(protocol));
        err_stage(e, "tls");
        return false;
    case CURLE_WEIRD_SERVER_REPLY: return turned_away(n, e);
    case CURLE_REMOTE_ACCESS_DENIED: return turned_away(n, e);
    case CURLE_LOGIN_DENIED: return turned_away(n, e);
    default:
        err_set(e, ERR_LATER, "net.lost", NULL, "%s: %s", n->host, n->words[0] ? n->words : curl_easy_strerror(code));
        break;
    }
    err_stage(e, stage_of(n));
    return false;
}
