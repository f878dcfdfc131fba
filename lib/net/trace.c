/* The dialog of a connection, written to a file for a person: without secrets, and without messages. */
#include "net/private.h"
#include "sys/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    SECRET_LEAST = 4, /* octets; a shorter one would take words apart */
    SECRET_HEAD = 24  /* octets by which one is known: the rest may be cut off */
};

static int trace_fd = -1;

bool net_trace_to(const char *path, struct err *e)
{
    struct stat st;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_errno(e, ERR_IO, "net.trace", NULL, "cannot write the trace %s", path);
    if (fstat(fd, &st) != 0 || (S_ISREG(st.st_mode) && fchmod(fd, 0600) != 0)) {
        close(fd);
        return err_errno(e, ERR_IO, "net.trace", "choose a file of your own", "cannot keep the trace %s from others", path);
    }
    trace_fd = fd;
    return true;
}

/* ---- secrets ---------------------------------------------------------------------------------------------- */

void net_secret(struct net *n, str secret)
{
    if (secret.len < SECRET_LEAST || n->secrets == NET_SECRETS)
        return;
    struct net_secret *s = &n->secret[n->secrets++];
    s->len = secret.len < NET_SECRET_OCTETS ? secret.len : NET_SECRET_OCTETS;
    memcpy(s->octets, secret.ptr, (size_t)s->len);
}

/* Octets at the begin of text that are one of the secrets, or the begin of one. */
static ptrdiff_t secret_at(const struct net *n, str text)
{
    for (int i = 0; i < n->secrets; i++) {
        str s = str_of(n->secret[i].octets, n->secret[i].len);
        ptrdiff_t same = 0;
        while (same < s.len && same < text.len && s.ptr[same] == text.ptr[same])
            same++;
        if (same == s.len || same >= SECRET_HEAD)
            return same;
    }
    return 0;
}

void net_redact(const struct net *n, str text, char *out, size_t cap)
{
    static const char mark[] = "{secret}";
    size_t len = 0;
    while (text.len) {
        ptrdiff_t secret = secret_at(n, text);
        size_t more = secret ? sizeof mark - 1 : 1;
        if (len + more >= cap)
            break;
        memcpy(out + len, secret ? mark : text.ptr, more);
        len += more;
        text = str_skip(text, secret ? secret : 1);
    }
    out[len] = 0;
}

/* Of a line of a login: the tag and the names of command and mechanism. */
static str login_head(const struct net *n, str line)
{
    bool imap = str_eq(n->target.protocol, S("imap"));
    str rest = line, word;
    if (imap)
        str_cut(rest, ' ', &word, &rest);
    str_cut(rest, ' ', &word, &rest);
    bool names = str_eq_nocase(word, imap ? S("AUTHENTICATE") : S("AUTH"));
    if (!names && !str_eq_nocase(word, S("LOGIN")))
        return STR_NONE;
    str mechanism = STR_NONE;
    if (names)
        str_cut(rest, ' ', &mechanism, &rest);
    str last = mechanism.len ? mechanism : word;
    return str_of(line.ptr, last.ptr + last.len - line.ptr);
}

/* ---- lines ------------------------------------------------------------------------------------------------ */

/* TIME PID HOST STAGE C: what it said. One write, so that several processes may share the file. */
static void put_line(struct net *n, char who, const char *text, const char *after)
{
    static const char *const stages[] = {"connect", "login", "session", "session"};
    char day[32], shown[NET_TRACE_LINE + 64], line[NET_TRACE_LINE + 512];
    int64_t ms = sys_clock.now_ms();
    time_t seconds = (time_t)(ms / 1000);
    struct tm t;
    gmtime_r(&seconds, &t);
    strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &t);
    err_printable(shown, sizeof shown, str_c(text));
    int len = snprintf(line, sizeof line, "%s.%03dZ %d %.200s %s %c%s %s%s\n", day, (int)(ms % 1000), (int)getpid(), n->host, stages[n->matter], who,
                       who == '*' ? "" : ":", shown, after);
    fd_write_full(trace_fd, str_of(line, len < (int)sizeof line ? len : (int)sizeof line - 1));
}

static void put_text(struct net *n, struct net_side *side, str line)
{
    char cut[64] = "", text[NET_TRACE_LINE + 64], shown[NET_TRACE_LINE];
    bool sent = side->who == 'C', login = n->matter == NET_LOGIN;
    bool challenge = login && !sent && (str_starts(line, S("+")) || str_starts(line, S("334")));
    if (login && sent) {
        net_redact(n, login_head(n, line), shown, sizeof shown);
        snprintf(text, sizeof text, "%s%s{secret}", shown, shown[0] ? " " : "");
    } else if (challenge) {
        snprintf(text, sizeof text, "%.*s {challenge}", line.ptr[0] == '+' ? 1 : 3, line.ptr);
    } else {
        net_redact(n, line, text, sizeof text);
    }
    if (side->dropped && !(login && sent) && !challenge)
        snprintf(cut, sizeof cut, "{%lld octets more}", (long long)side->dropped);
    put_line(n, side->who, text, cut);
}

/* The octets of a literal that a line of IMAP announces (RFC3501-4.3, RFC7888), or 0. */
static int64_t literal_of(const struct net *n, str line)
{
    int64_t octets = 0;
    ptrdiff_t open = line.len;
    if (!str_eq(n->target.protocol, S("imap")) || !str_ends(line, S("}")))
        return 0;
    while (open > 0 && line.ptr[open - 1] != '{')
        open--;
    str digits = str_slice(line, open, line.len - 1);
    if (str_ends(digits, S("+")))
        digits = str_first(digits, digits.len - 1);
    return open && str_i64(digits, 0, INT64_MAX, &octets) ? octets : 0;
}

/* The last octets, whatever the pieces. */
static void keep_tail(struct net_side *side, str piece)
{
    str fits = str_skip(piece, piece.len > NET_TRACE_TAIL ? piece.len - NET_TRACE_TAIL : 0);
    ptrdiff_t stays = side->tail_len < NET_TRACE_TAIL - fits.len ? side->tail_len : NET_TRACE_TAIL - fits.len;
    memmove(side->tail, side->tail + side->tail_len - stays, (size_t)stays);
    if (fits.len)
        memcpy(side->tail + stays, fits.ptr, (size_t)fits.len);
    side->tail_len = stays + fits.len;
}

static void keep(struct net_side *side, str piece)
{
    keep_tail(side, piece);
    str fits = str_first(piece, NET_TRACE_LINE - side->len);
    if (fits.len)
        memcpy(side->line + side->len, fits.ptr, (size_t)fits.len);
    side->len += fits.len;
    side->dropped += piece.len - fits.len;
}

static void end_line(struct net *n, struct net_side *side)
{
    str line = str_trim_right(str_of(side->line, side->len));
    put_text(n, side, line);
    side->literal = literal_of(n, str_trim_right(str_of(side->tail, side->tail_len)));
    side->len = side->tail_len = 0;
    side->dropped = 0;
}

static void end_message(struct net *n, struct net_side *side)
{
    char text[64];
    if (side->message)
        snprintf(text, sizeof text, "{%lld octets}", (long long)side->message);
    if (side->message)
        put_line(n, side->who, text, "");
    side->message = 0;
}

void trace_octets(struct net *n, bool sent, str octets)
{
    struct net_side *side = &n->side[sent];
    if (trace_fd < 0)
        return;
    side->who = sent ? 'C' : 'S';
    if (sent && n->matter == NET_MESSAGE) {
        side->message += octets.len;
        return;
    }
    while (octets.len) {
        if (side->literal) {
            ptrdiff_t n_octets = octets.len < side->literal ? octets.len : (ptrdiff_t)side->literal;
            char text[64];
            side->literal -= n_octets;
            side->literal_seen += n_octets;
            octets = str_skip(octets, n_octets);
            if (!side->literal) {
                snprintf(text, sizeof text, "{%lld octets}", (long long)side->literal_seen);
                keep(side, str_c(text));
                side->literal_seen = 0;
            }
            continue;
        }
        str piece;
        bool whole = str_cut(octets, '\n', &piece, &octets);
        keep(side, piece);
        if (whole)
            end_line(n, side);
    }
}

void net_matter(struct net *n, enum net_matter what)
{
    if (trace_fd >= 0 && n->matter != what)
        end_message(n, &n->side[1]);
    n->matter = what;
}

void trace_end(struct net *n)
{
    if (trace_fd < 0)
        return;
    end_message(n, &n->side[1]);
    for (int i = 0; i < 2; i++)
        if (n->side[i].len)
            end_line(n, &n->side[i]);
    put_line(n, '*', "closed", "");
}

/* ---- while libcurl connects ------------------------------------------------------------------------------- */

/* Of what it tells, only what is known to hold no password: the address of a proxy may. */
static bool is_harmless(str text)
{
    static const char *const begins[] = {"Trying", "Connected to", "SSL connection using", "Server certificate", "subject:", "start date:",
                                         "expire date:", "issuer:", "SSL certificate verify", "SSL certificate problem", "SSL: ",
                                         "connect to", "Could not resolve host:", "Host "};
    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (str_starts(text, str_c(begins[i])))
            return true;
    return false;
}

static int on_debug(CURL *easy, curl_infotype type, char *p, size_t size, void *context)
{
    struct net *n = context;
    (void)easy;
    str rest = str_of(p, (ptrdiff_t)size), line;
    while (rest.len) {
        str_cut(rest, '\n', &line, &rest);
        line = type == CURLINFO_TEXT ? str_trim(line) : str_trim_right(line);
        char text[NET_TRACE_LINE];
        snprintf(text, sizeof text, "%.*s", STR_ARG(line));
        if (type == CURLINFO_TEXT && is_harmless(line))
            put_line(n, '*', text, "");
        if ((type == CURLINFO_HEADER_IN || type == CURLINFO_HEADER_OUT) && line.len)
            put_line(n, type == CURLINFO_HEADER_IN ? 'S' : 'C', str_starts_nocase(line, S("Proxy-Authorization:")) ? "Proxy-Authorization: {secret}" : text, "");
    }
    return 0;
}

int trace_connecting(struct net *n)
{
    if (trace_fd < 0)
        return 0;
    return curl_easy_setopt(n->easy, CURLOPT_VERBOSE, 1L) | curl_easy_setopt(n->easy, CURLOPT_DEBUGFUNCTION, on_debug) |
           curl_easy_setopt(n->easy, CURLOPT_DEBUGDATA, n);
}

void trace_connected(struct net *n)
{
    if (trace_fd >= 0)
        curl_easy_setopt(n->easy, CURLOPT_VERBOSE, 0L);
    n->matter = NET_TALK;
}
