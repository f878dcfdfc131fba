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

int main(void)
{
    mem = arena_new(1 << 26);
    signal(SIGPIPE, SIG_IGN);
    both_ways();
    losses();
    failures();
    return done();
}
