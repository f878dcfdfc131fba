/* lib/net against children of this test that speak just enough of IMAP on the loopback. */
#include "net/net.h"
#include "sys/sys.h"
#include "tap.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ECHO_OCTETS = 3 << 20 };

static arena mem;

static void say(int fd, const char *text) { fd_write_full(fd, str_c(text)); }

static void read_line(int fd)
{
    char c = 0;
    while (c != '\n' && read(fd, &c, 1) == 1)
        continue;
}

static void greet(int fd)
{
    say(fd, "* OK [ALERT] hello\r\n");
    read_line(fd);
    say(fd, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA001 OK done\r\n");
}

static void echo(int fd)
{
    char piece[4096];
    greet(fd);
    for (ssize_t n; (n = read(fd, piece, sizeof piece)) > 0;)
        fd_write_full(fd, str_of(piece, n));
}

static void silent(int fd)
{
    read_line(fd);
    sleep(5);
}

static void falls_silent(int fd)
{
    greet(fd);
    read_line(fd);
    say(fd, "some");
    sleep(5);
}

static void closes(int fd)
{
    greet(fd);
    read_line(fd);
    say(fd, "last words");
}

static void bye(int fd) { say(fd, "* BYE too many of you\r\n"); }

static void no_starttls(int fd)
{
    greet(fd);
    read_line(fd);
}

static void other_protocol(int fd)
{
    say(fd, "220 mx.example.com ESMTP\r\n");
    read_line(fd);
}

/* A child that serves one connection; its port. */
static int serve(void (*server)(int fd), pid_t *pid)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1) != 0)
        perror("loopback");
    getsockname(listener, (struct sockaddr *)&at, &size);
    fflush(stdout);
    *pid = fork();
    if (*pid == 0) {
        signal(SIGPIPE, SIG_IGN);
        alarm(30);
        int fd = accept(listener, NULL, NULL);
        server(fd);
        shutdown(fd, SHUT_WR);
        _exit(0);
    }
    close(listener);
    return ntohs(at.sin_port);
}

static void stop(pid_t pid)
{
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static struct net_target target(int port)
{
    return (struct net_target){.protocol = S("imap"), .host = S("127.0.0.1"), .port = port, .security = NET_PLAIN,
                               .connect_ms = 1000, .response_ms = 500};
}

static struct net *connect_to(void (*server)(int fd), pid_t *pid, struct err *e)
{
    struct net_target t = target(serve(server, pid));
    return net_open(&mem, &t, e);
}

static void both_ways(void)
{
    pid_t pid;
    struct err e;
    struct net *n = connect_to(echo, &pid, &e);
    ok(n != NULL, "connected");
    is_str(net_said(n), S("* OK [ALERT] hello\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nA001 OK done\r\n"), "what the server said is kept");
    ok(!net_is_secure(n), "no TLS, and known");
    str got;
    ok(net_read(n, 10, &got, &e) == NET_QUIET, "nothing there");
    ok(net_send(n, S("ab"), &e) && net_send(n, S("cd"), &e), "sent");
    ok(net_read(n, -1, &got, &e) == NET_GOT, "read");
    is_str(got, S("abcd"), "in one piece");

    /* Far more than the stage and the buffers of the kernel: what comes back must be read meanwhile. */
    int64_t sent = 0, back = 0, wrong = 0;
    char piece[10000];
    while (back < ECHO_OCTETS) {
        for (int k = 0; k < 3 && sent < ECHO_OCTETS; k++) {
            ptrdiff_t some = ECHO_OCTETS - sent < (int64_t)sizeof piece ? (ptrdiff_t)(ECHO_OCTETS - sent) : (ptrdiff_t)sizeof piece;
            for (ptrdiff_t i = 0; i < some; i++)
                piece[i] = (char)((sent + i) % 251);
            if (!net_send(n, str_of(piece, some), &e))
                break;
            sent += some;
        }
        if (net_read(n, -1, &got, &e) != NET_GOT)
            break;
        /* The view stays good while more is sent. */
        if (sent < ECHO_OCTETS && back == 0 && !net_send(n, S(""), &e))
            break;
        for (ptrdiff_t i = 0; i < got.len; i++)
            wrong += (unsigned char)got.ptr[i] != (back + i) % 251;
        back += got.len;
    }
    is_int(back, ECHO_OCTETS, "3 MiB there and back");
    is_int(wrong, 0, "as they were");
    net_close(n);
    stop(pid);
}

static void losses(void)
{
    pid_t pid;
    struct err e;
    str got;
    struct net *n = connect_to(closes, &pid, &e);
    ok(n && net_send(n, S("any last words?\n"), &e) && net_read(n, -1, &got, &e) == NET_GOT, "the last words come");
    ok(n && net_read(n, -1, &got, &e) == NET_LOST && e.class == ERR_LATER, "then the end");
    is_str(str_c(e.code), S("net.lost"), "which is a loss");
    net_close(n);
    stop(pid);

    n = connect_to(falls_silent, &pid, &e);
    ok(n && net_send(n, S("more?\n"), &e) && net_read(n, -1, &got, &e) == NET_GOT, "some octets");
    int64_t before = sys_clock.monotonic_ms();
    ok(n && net_read(n, -1, &got, &e) == NET_LOST, "then silence");
    is_str(str_c(e.code), S("net.timeout"), "is a deadline");
    int64_t took = sys_clock.monotonic_ms() - before;
    ok(took >= 400 && took < 3000, "of half a second (%lld ms)", (long long)took);
    net_close(n);
    stop(pid);
    net_close(NULL);
}

static void failures(void)
{
    static const struct {
        const char *name;
        void (*server)(int fd);
        enum net_security security;
        const char *code, *stage;
        enum err_class class;
    } cases[] = {
        {"a silent server", silent, NET_PLAIN, "net.timeout", "greeting", ERR_LATER},
        {"a server that says no", bye, NET_PLAIN, "net.busy", "greeting", ERR_LATER},
        {"another protocol", other_protocol, NET_PLAIN, "net.greeting", "greeting", ERR_REFUSED},
        {"no STARTTLS", no_starttls, NET_STARTTLS, "net.no-starttls", "tls", ERR_REFUSED},
        {"no TLS", bye, NET_TLS, "net.not-tls", "tls", ERR_CONFIG},
        {"silence where TLS should be", silent, NET_TLS, "net.timeout", "tls", ERR_LATER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        pid_t pid;
        struct err e = {0};
        struct net_target t = target(serve(cases[i].server, &pid));
        t.security = cases[i].security;
        ok(net_open(&mem, &t, &e) == NULL, "%s: no connection", cases[i].name);
        is_str(str_c(e.code), str_c(cases[i].code), "%s: code", cases[i].name);
        is_str(str_c(e.stage), str_c(cases[i].stage), "%s: stage", cases[i].name);
        is_int(e.class, cases[i].class, "%s: class", cases[i].name);
        ok(strstr(e.text, "127.0.0.1") != NULL, "%s: the host is named", cases[i].name);
        stop(pid);
    }
    pid_t pid;
    struct err e;
    connect_to(bye, &pid, &e);
    ok(strstr(e.server, "too many of you") != NULL, "in the server's words");
    stop(pid);
    struct net_target t = target(serve(bye, &pid));
    stop(pid);
    ok(net_open(&mem, &t, &e) == NULL && !strcmp(e.code, "net.refused"), "nobody listens");
    is_str(str_c(e.stage), S("connect"), "refused while connecting");
}

/* ---- the trace ---- */

/* What the trace holds, without time and process: "HOST STAGE WHO: …" of the connection's own lines, joined by "|". */
static str traced(const char *path)
{
    struct err e;
    str text, line, word;
    struct buf b = buf_new(&mem, 1000);
    if (!file_read(&mem, path, 1 << 20, &text, &e))
        return S("no trace");
    while (text.len) {
        str_cut(text, '\n', &line, &text);
        for (int i = 0; i < 3; i++)
            str_cut(line, ' ', &word, &line);
        if (!str_starts(line, S("connect ")))
            buf_fmt(&b, "%.*s|", STR_ARG(line));
    }
    return buf_str(&b);
}

struct said {
    enum net_matter matter;
    const char *text;
};

/* The server repeats each; in steps of so many octets. */
static str trace_of(const char *path, const struct said *list, int n, ptrdiff_t step)
{
    pid_t pid;
    struct err e;
    unlink(path);
    if (!net_trace_to(path, &e))
        return S("no file");
    struct net *c = connect_to(echo, &pid, &e);
    net_secret(c, S("pass-word"));
    net_secret(c, S("abc")); /* too short to be looked for */
    net_secret(c, S("a-long-secret-that-a-server-may-cut-off-somewhere"));
    for (int i = 0; i < n; i++) {
        net_matter(c, list[i].matter);
        ptrdiff_t back = 0;
        for (str rest = str_c(list[i].text), got; rest.len || back < str_c(list[i].text).len;) {
            net_send(c, str_first(rest, step), &e);
            rest = str_skip(rest, step);
            if (net_read(c, -1, &got, &e) != NET_GOT)
                break;
            back += got.len;
        }
    }
    net_close(c);
    stop(pid);
    return traced(path);
}

static void traces(void)
{
    char path[] = "/tmp/mailpipe-trace-XXXXXX";
    struct err e;
    close(mkstemp(path));
    static const struct said talk[] = {{NET_TALK, "m1 NOOP\r\n"}};
    static const struct said literal[] = {{NET_TALK, "m1 APPEND x {5}\r\nab\r\nc DONE {3+}\r\nxyz\r\n* {x}\r\n"}};
    static const struct said login[] = {{NET_LOGIN, "m1 LOGIN \"ann\" \"other\"\r\nm2 LOGIN {3}\r\nann {5}\r\nother\r\n"}, {NET_TALK, "m3 x\r\n"}};
    static const struct said mechanism[] = {{NET_LOGIN, "m0 AUTHENTICATE\r\nm1 authenticate plain b3RoZXI=\r\nb3RoZXI=\r\n+ b3RoZXI=\r\n"}};
    static const struct said echoed[] = {{NET_TALK, "no pass-word, xpass-word\r\nabc a-long-secret-that-a-server-may.\r\n"}};
    for (ptrdiff_t step = 1; step < 40; step += step < 4 ? 1 : 17) {
        is_str(trace_of(path, talk, 1, step), S("session C: m1 NOOP|session S: m1 NOOP|session * closed|"), "a line, %td octets at a time", step);
        str got = trace_of(path, literal, 1, step);
        ok(str_find(got, S("C: m1 APPEND x {5}|")) >= 0 && str_find(got, S("S: {5 octets} DONE {3+}|")) >= 0 && str_find(got, S("S: {3 octets}|")) >= 0,
           "literals, %td at a time: %.*s", step, STR_ARG(got));
        ok(str_find(got, S("ab")) < 0 && str_find(got, S("xyz")) < 0 && str_find(got, S("S: * {x}|")) >= 0, "nothing of them");
        got = trace_of(path, login, 2, step);
        ok(str_find(got, S("login C: m1 LOGIN {secret}|")) >= 0 && str_find(got, S("login C: m2 LOGIN {secret}|")) >= 0 &&
               str_find(got, S("session C: m3 x|")) >= 0,
           "a login, %td at a time: %.*s", step, STR_ARG(got));
        str sent = str_first(got, str_find(got, S("S: ")) < 0 ? got.len : str_find(got, S("S: ")));
        ok(str_find(sent, S("other")) < 0, "without its password");
        got = trace_of(path, mechanism, 1, step);
        ok(str_find(got, S("C: m0 AUTHENTICATE {secret}|")) >= 0 && str_find(got, S("C: m1 authenticate plain {secret}|")) >= 0 && str_find(got, S("C: {secret}|")) >= 0 && str_find(got, S("S: + {challenge}|")) >= 0,
           "a mechanism, %td at a time: %.*s", step, STR_ARG(got));
        got = trace_of(path, echoed, 1, step);
        ok(str_find(got, S("S: no {secret}, x{secret}|")) >= 0 && str_find(got, S("S: abc {secret}.|")) >= 0, "what is known to be secret, %td at a time: %.*s", step, STR_ARG(got));
    }
    char many[5000] = "";
    memset(many, 'x', sizeof many - 3);
    memcpy(many + sizeof many - 3, "\r\n", 3);
    const struct said large[] = {{NET_MESSAGE, many}, {NET_TALK, many}};
    str got = trace_of(path, large, 2, 1 << 16);
    ok(str_find(got, S("C: {4999 octets}|")) >= 0, "a message is a number");
    ok(str_find(got, S("x{3998 octets more}|")) >= 0, "a long line is cut");
    char announced[5000] = "";
    memset(announced, 'x', 4000);
    snprintf(announced + 4000, 100, " {9}\r\nin secret)\r\n");
    const struct said behind[] = {{NET_TALK, announced}};
    for (ptrdiff_t step = 1; step < 6000; step = step * 7 + 1) {
        got = trace_of(path, behind, 1, step);
        ok(str_find(got, S("{9 octets})|")) >= 0 && str_find(got, S("in secret")) < 0, "a literal that a long line announces, %td at a time", step);
    }
    ok(!net_trace_to("/nonexistent/trace", &e) && e.class == ERR_MISSING && strstr(e.text, "/nonexistent/trace"), "a folder that is none");
    char words[16];
    pid_t pid;
    struct net *c = connect_to(echo, &pid, &e);
    net_secret(c, S("hunter2"));
    net_redact(c, S("it is hunter2, or hunter"), words, sizeof words);
    is_str(str_c(words), S("it is {secret},"), "redacted, and cut to what there is room for");
    net_close(c);
    stop(pid);
    unlink(path);
}

static void hosts(void)
{
    static const struct {
        const char *text, *host;
        int port;
        bool good;
    } cases[] = {
        {"mx", "mx", 0, true},          {"mx:25", "mx", 25, true},  {"[::1]", "::1", 0, true},     {"[::1]:993", "::1", 993, true},
        {"/run/lmtp", "/run/lmtp", 0, true}, {"", "", 0, false},    {"mx:", "mx", 0, false},       {"mx:0", "mx", 0, false},
        {"mx:65536", "mx", 0, false},   {"[::1]x", "::1", 0, false}, {":25", "", 25, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        str host;
        int port;
        bool good = net_host(str_c(cases[i].text), &host, &port);
        ok(good == cases[i].good && (!good || (str_eq(host, str_c(cases[i].host)) && port == cases[i].port)), "host \"%s\"", cases[i].text);
    }
}

int main(void)
{
    mem = arena_new(1 << 26);
    signal(SIGPIPE, SIG_IGN);
    both_ways();
    losses();
    failures();
    hosts();
    traces();
    return done();
}
