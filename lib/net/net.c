#include "net/private.h"
#include "sys/sys.h"

#include <assert.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <poll.h>

static size_t on_header(char *p, size_t size, size_t count, void *context)
{
    struct net *n = context;
    str line = str_of(p, (ptrdiff_t)(size * count));
    str fits = str_first(line, NET_SAID - n->said_len);
    if (fits.len)
        memcpy(n->said + n->said_len, fits.ptr, (size_t)fits.len);
    n->said_len += fits.len;
    return size * count;
}

static size_t on_body(char *p, size_t size, size_t count, void *context)
{
    (void)p, (void)context;
    return size * count;
}

/* Some releases of libcurl hang on a silent server in spite of CURLOPT_CONNECTTIMEOUT_MS (8.8.0, 8.9.1, 8.10.1). */
static int on_progress(void *context, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    const struct net *n = context;
    return prog_stopping() || sys_clock.monotonic_ms() > n->connect_until;
}

static long seconds_up(int64_t ms) { return ms < 1000 ? 1 : (long)((ms + 999) / 1000); }

static bool is_bare(const struct net *n) { return str_eq(n->target.protocol, S("lmtp")); }

/* libcurl knows no LMTP: the connection of its HTTP is bare until a request is sent, and none is. */
static int set_bare(arena *scratch, struct net *n)
{
    bool local = str_starts(n->target.host, S("/"));
    int bad = curl_easy_setopt(n->easy, CURLOPT_PROXY, "");
    bad |= curl_easy_setopt(n->easy, CURLOPT_SSL_ENABLE_ALPN, 0L);
    if (local)
        bad |= curl_easy_setopt(n->easy, CURLOPT_UNIX_SOCKET_PATH, str_z(scratch, n->target.host));
    return bad;
}

/* The answers of curl_easy_setopt are collected: one that fails means a libcurl without what mailpipe needs. */
static bool set_options(arena *scratch, struct net *n)
{
    const struct net_target *t = &n->target;
    CURL *c = n->easy;
    int bad = 0;
    bool tls = t->security == NET_TLS, bare = is_bare(n), bracket = str_find_byte(t->host, ':') >= 0;
    str scheme = bare ? S("http") : t->protocol, host = str_starts(t->host, S("/")) ? S("localhost") : t->host;
    str port = t->port ? str_fmt(scratch, ":%d", t->port) : S("");
    str url = str_fmt(scratch, "%.*s%s://%s%.*s%s%.*s/%.*s", STR_ARG(scheme), tls ? "s" : "", bracket ? "[" : "", STR_ARG(host),
                      bracket ? "]" : "", STR_ARG(port), STR_ARG(t->own_name));
    str protocols = str_fmt(scratch, "%.*s,%.*ss", STR_ARG(scheme), STR_ARG(scheme));
    if (bare)
        bad |= set_bare(scratch, n);
    bad |= curl_easy_setopt(c, CURLOPT_URL, url.ptr);
    bad |= curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, protocols.ptr);
    bad |= curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_ERRORBUFFER, n->words);
    bad |= curl_easy_setopt(c, CURLOPT_USE_SSL, t->security == NET_PLAIN ? (long)CURLUSESSL_NONE : (long)CURLUSESSL_ALL);
    bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L);
    bad |= curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (t->ca_file.len)
        bad |= curl_easy_setopt(c, CURLOPT_CAINFO, str_z(scratch, t->ca_file));
    bad |= curl_easy_setopt(c, CURLOPT_TCP_NODELAY, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L);
    bad |= curl_easy_setopt(c, CURLOPT_TCP_KEEPIDLE, 60L);
    bad |= curl_easy_setopt(c, CURLOPT_TCP_KEEPINTVL, 30L);
    bad |= curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, (long)t->connect_ms);
    bad |= curl_easy_setopt(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, seconds_up(t->connect_ms));
    bad |= curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
    bad |= curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, on_progress);
    bad |= curl_easy_setopt(c, CURLOPT_XFERINFODATA, n);
    bad |= curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_header);
    bad |= curl_easy_setopt(c, CURLOPT_HEADERDATA, n);
    bad |= curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    bad |= trace_connecting(n);
    return bad == 0;
}

/* Many servers send TLS records of 4 KB, and OpenSSL reads each by two calls of recv(2) unless it may take more than it was asked for. Not while
 * libcurl connects: that waits in poll for what would have been taken already. Only where libcurl's OpenSSL is ours. */
static void read_ahead(struct net *n)
{
    const char *theirs = curl_version_info(CURLVERSION_NOW)->ssl_version;
    struct curl_tlssessioninfo *tls = NULL;
    n->asked_ahead = true;
    if (!n->secure || !theirs || strncmp(theirs, "OpenSSL/", 8) != 0 || strcmp(theirs + 8, OpenSSL_version(OPENSSL_VERSION_STRING)) != 0 ||
        curl_easy_getinfo(n->easy, CURLINFO_TLS_SSL_PTR, &tls) != CURLE_OK || !tls || tls->backend != CURLSSLBACKEND_OPENSSL || !tls->internals)
        return;
    n->ahead = tls->internals;
    SSL_set_default_read_buffer_len(n->ahead, NET_IN);
    SSL_set_read_ahead(n->ahead, 1);
}

static bool connect_now(arena *scratch, struct net *n, struct err *e)
{
    static bool curl_ready;
    if (!curl_ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return err_set(e, ERR_LATER, "net.library", NULL, "libcurl does not start");
    curl_ready = true;
    n->easy = curl_easy_init();
    if (!n->easy || !set_options(scratch, n))
        return err_set(e, ERR_CONFIG, "net.library", "it must be 7.85 or later, with IMAP, POP3 and SMTP",
                       "this libcurl (%s) lacks what mailpipe needs", curl_version());
    if (is_bare(n) && n->target.security == NET_STARTTLS)
        return err_set(e, ERR_CONFIG, "net.no-starttls", "use security = tls, or none on a line that is safe",
                       "%s: no STARTTLS with LMTP", n->host);
    CURLcode code = curl_easy_perform(n->easy);
    if (code != CURLE_OK)
        return net_explain(n, code, e);
    if (curl_easy_getinfo(n->easy, CURLINFO_ACTIVESOCKET, &n->fd) != CURLE_OK || n->fd == CURL_SOCKET_BAD)
        return err_set(e, ERR_LATER, "net.lost", NULL, "%s: the connection was closed at once", n->host);
    n->secure = n->target.security != NET_PLAIN;
    trace_connected(n);
    return true;
}

static bool lost(struct net *n, const char *why, struct err *e)
{
    err_set(e, ERR_LATER, "net.lost", "run it again: it goes on where it stopped", "%s: the connection broke%s%s", n->host,
            *why ? ": " : "", why);
    return false;
}

/* One try to empty the stage. *blocked: the kernel takes no more for now. */
static bool send_staged(struct net *n, bool *blocked, struct err *e)
{
    *blocked = false;
    while (n->stage_from < n->stage_len && !n->broken) {
        size_t sent = 0;
        CURLcode code = curl_easy_send(n->easy, n->stage + n->stage_from, (size_t)(n->stage_len - n->stage_from), &sent);
        if (code == CURLE_AGAIN) {
            *blocked = true;
            return true;
        }
        if (code != CURLE_OK || sent == 0) {
            n->broken = true;
            return lost(n, n->words, e);
        }
        n->stage_from += (ptrdiff_t)sent;
        n->sent += (int64_t)sent;
        n->silent_ms = 0;
    }
    if (!n->broken)
        n->stage_from = n->stage_len = 0;
    return true;
}

void net_close(struct net *n)
{
    if (!n || !n->easy)
        return;
    bool blocked;
    if (n->fd != CURL_SOCKET_BAD)
        send_staged(n, &blocked, NULL);
    trace_end(n);
    explicit_bzero(n->secret, sizeof n->secret);
    curl_easy_cleanup(n->easy);
    n->easy = NULL;
}

struct net *net_open(arena *a, const struct net_target *target, struct err *e)
{
    struct net *n = ARENA_NEW(a, struct net);
    n->fd = CURL_SOCKET_BAD;
    n->target = *target;
    n->target.protocol = str_copy(a, target->protocol);
    n->target.host = str_copy(a, target->host);
    n->target.ca_file = target->ca_file.ptr ? str_copy(a, target->ca_file) : STR_NONE;
    n->target.own_name = str_copy(a, target->own_name);
    bool bracket = target->port && str_find_byte(target->host, ':') >= 0;
    n->host = str_z(a, target->port ? str_fmt(a, "%s%.*s%s:%d", bracket ? "[" : "", STR_ARG(target->host), bracket ? "]" : "", target->port) : target->host);
    n->connect_until = sys_clock.monotonic_ms() + target->connect_ms;
    if (target->deadline_ms && n->connect_until > target->deadline_ms)
        n->connect_until = target->deadline_ms;
    if (connect_now(a, n, e))
        return n;
    net_close(n);
    return NULL;
}

str net_said(const struct net *n) { return str_of(n->said, n->said_len); }

bool net_is_secure(const struct net *n) { return n->secure; }

int64_t net_certificate_ends(const struct net *n)
{
    struct tm end;
    X509 *certificate = n->ahead ? SSL_get1_peer_certificate(n->ahead) : NULL;
    bool known = certificate && ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1;
    X509_free(certificate);
    return known ? (int64_t)timegm(&end) : 0;
}

int64_t net_sent(const struct net *n) { return n->sent; }

void net_be_patient(struct net *n, int64_t response_ms) { n->target.response_ms = response_ms; }

struct net_times net_took(const struct net *n)
{
    curl_off_t resolve = 0, connected = 0, tls = 0, total = 0;
    curl_easy_getinfo(n->easy, CURLINFO_NAMELOOKUP_TIME_T, &resolve);
    curl_easy_getinfo(n->easy, CURLINFO_CONNECT_TIME_T, &connected);
    curl_easy_getinfo(n->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
    curl_easy_getinfo(n->easy, CURLINFO_TOTAL_TIME_T, &total);
    return (struct net_times){resolve, connected, tls, total};
}

/* One try to read into the free end of the buffer. */
static enum net_result receive(struct net *n, struct err *e)
{
    size_t got = 0;
    ptrdiff_t used = n->in_from + n->in_len;
    CURLcode code = curl_easy_recv(n->easy, n->in + used, (size_t)(NET_IN - used), &got);
    if (code == CURLE_AGAIN)
        return NET_QUIET;
    if (code != CURLE_OK || got == 0) {
        lost(n, code == CURLE_OK ? "the server closed it" : n->words, e);
        return NET_LOST;
    }
    trace_octets(n, false, str_of(n->in + used, (ptrdiff_t)got));
    n->in_len += (ptrdiff_t)got;
    n->flow += (ptrdiff_t)got;
    n->silent_ms = 0;
    if (!n->asked_ahead)
        read_ahead(n); /* libcurl gives its session only after the first octets */
    return NET_GOT;
}

/* How long a wait may last: wait_ms (-1: any), cut at the silence and the deadline. 0 or less: one of them has passed. */
static int64_t patience(const struct net *n, int64_t wait_ms)
{
    int64_t left = n->target.response_ms - n->silent_ms, until = n->target.deadline_ms - sys_clock.monotonic_ms();
    if (n->target.deadline_ms && until < left)
        left = until;
    return left > 0 && wait_ms > 0 && wait_ms < left ? wait_ms : left;
}

/* How many octets must have come for poll to tell of them. */
static void want_octets(struct net *n, int octets)
{
    if (n->wanted != octets && setsockopt(n->fd, SOL_SOCKET, SO_RCVLOWAT, &octets, sizeof octets) == 0)
        n->wanted = octets;
}

/* To be woken for each TLS record of a server in full flow costs more than what is in it: wait for a good piece, but not for long. */
static void wait_for_piece(struct net *n)
{
    struct pollfd p = {.fd = n->fd, .events = POLLIN};
    n->flow = 0;
    want_octets(n, NET_PIECE);
    poll(&p, 1, NET_PIECE_MS);
}

/* Wait until the socket can be read (and written, where `writing`). False with *e when the server was silent for too
 * long; *quiet: nothing happened within wait_ms, or a signal came. */
static bool wait_for(struct net *n, bool reading, bool writing, int wait_ms, bool *quiet, struct err *e)
{
    int64_t ms = patience(n, wait_ms);
    if (ms <= 0)
        return err_set(e, ERR_LATER, "net.timeout", "run it again: it goes on where it stopped",
                       "%s: the server was silent for too long", n->host);
    n->flow = 0;
    want_octets(n, 1);
    struct pollfd p = {.fd = n->fd, .events = (short)((reading ? POLLIN : 0) | (writing ? POLLOUT : 0))};
    int64_t begun = sys_clock.monotonic_ms();
    int ready = poll(&p, 1, (int)(ms > 60000 ? 60000 : ms));
    n->silent_ms += sys_clock.monotonic_ms() - begun;
    if (ready < 0 && errno != EINTR)
        return err_errno(e, ERR_LATER, "net.lost", NULL, "%s: cannot wait for the server", n->host);
    *quiet = ready <= 0;
    return true;
}

bool net_send(struct net *n, str octets, struct err *e)
{
    trace_octets(n, true, octets);
    for (;;) {
        if (n->broken)
            return lost(n, "", e);
        str fits = str_first(octets, NET_STAGE - n->stage_len);
        if (fits.len)
            memcpy(n->stage + n->stage_len, fits.ptr, (size_t)fits.len);
        n->stage_len += fits.len;
        octets = str_skip(octets, fits.len);
        if (!octets.len)
            return true;
        bool blocked, quiet;
        if (!send_staged(n, &blocked, e))
            return false;
        if (!blocked)
            continue;
        /* A server that waits for us to read must not wait for ever. */
        bool room = n->in_from + n->in_len < NET_IN;
        if (room && receive(n, e) == NET_LOST)
            return false;
        if (!wait_for(n, room, true, -1, &quiet, e))
            return false;
        if (quiet && prog_stopping())
            return err_set(e, ERR_LATER, "net.stopped", NULL, "%s: stopped by a signal while sending", n->host);
    }
}

enum net_result net_read(struct net *n, int wait_ms, str *octets, struct err *e)
{
    if (!n->in_len)
        n->in_from = 0;
    for (bool waited = false;;) {
        bool blocked, quiet;
        if (!send_staged(n, &blocked, e))
            return NET_LOST;
        /* TLS keeps octets that poll does not see: read first, wait only where there is nothing. */
        enum net_result r = n->in_len ? NET_GOT : receive(n, e);
        if (r == NET_GOT) {
            struct err later; /* the next call meets it again */
            while (n->ahead && SSL_has_pending(n->ahead) && n->in_from + n->in_len < NET_IN && receive(n, &later) == NET_GOT)
                ;
            *octets = str_of(n->in + n->in_from, n->in_len);
            /* What net_send reads meanwhile goes behind it, so that the view stays good. */
            n->in_from += n->in_len;
            n->in_len = 0;
            return NET_GOT;
        }
        if (r == NET_LOST || (waited && wait_ms >= 0))
            return r;
        if (n->flow >= NET_FLOW && wait_ms != 0) {
            wait_for_piece(n);
            if (wait_ms < 0 && prog_stopping())
                return NET_QUIET;
            continue;
        }
        if (!wait_for(n, true, blocked, wait_ms, &quiet, e))
            return NET_LOST;
        if (quiet && (wait_ms >= 0 || prog_stopping()))
            return NET_QUIET;
        waited = true;
    }
}
