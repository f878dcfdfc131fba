/* What mail-parse cannot do once it has entered its sandbox, and that every character set still works in it. */
// uses cmd/mail-parse
#include "mail-parse/parse.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct settings settings;

#if defined(__SANITIZE_ADDRESS__)
int main(void)
{
    ok(true, "there is no sandbox under AddressSanitizer: its runtime needs more calls");
    return done();
}
#else

static const char *folder;
static str labels; /* the WHATWG's list */

static void *thread(void *context) { return context; }

static bool can_connect(void) { return socket(AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM; }
static bool can_pair(void)
{
    int fd[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fd) == 0 || errno != EPERM;
}
static bool can_fork(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid > 0 || errno != EPERM;
}
static bool can_exec(void)
{
    char *argv[] = {"true", NULL};
    execv("/bin/true", argv);
    return errno != EPERM;
}
static bool can_open(int flags)
{
    char path[512];
    snprintf(path, sizeof path, "%s/x", folder);
    int fd = open(path, flags | O_CLOEXEC, 0600);
    return fd >= 0 || (errno != EPERM && errno != EACCES);
}
static bool can_write(void) { return can_open(O_WRONLY); }
static bool can_read_and_write(void) { return can_open(O_RDWR); }
static bool can_create(void) { return can_open(O_RDONLY | O_CREAT); }
static bool can_truncate(void) { return can_open(O_RDONLY | O_TRUNC); }
static bool can_unlink(void)
{
    char path[512];
    snprintf(path, sizeof path, "%s/x", folder);
    return unlink(path) == 0 || errno != EPERM;
}
static bool can_make_folders(void) { return mkdir("/tmp/made-by-mail-parse", 0700) == 0 || errno != EPERM; }
static bool can_change_mode(void) { return chmod(folder, 0777) == 0 || errno != EPERM; }
static bool can_kill(void) { return kill(getppid(), 0) == 0 || errno != EPERM; }

static bool can_read(void)
{
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && close(fd) == 0;
}
static bool can_thread(void)
{
    pthread_t id;
    void *back = NULL;
    return pthread_create(&id, NULL, thread, &labels) == 0 && pthread_join(id, &back) == 0 && back == &labels;
}
static bool can_map_code(void)
{
    arena a = arena_new(1 << 24);
    struct charsets *c = charsets_new(&a);
    unsigned flags = 0;
    return str_eq(charset_text(&a, c, S("cp932"), S("\x83\x65"), &flags), S("\xE3\x83\x86")) && flags == 0;
}

/* The answer of a child that has entered the sandbox. */
static bool inside(bool (*what)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        sandbox_enter();
        _exit(what() ? 1 : 0);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

/* Each "…" of the WHATWG's list that is a label of an encoding can be decoded, and none is unknown. */
static bool can_decode_all(void)
{
    arena a = arena_new(1 << 28);
    struct charsets *c = charsets_new(&a);
    struct json_fault fault;
    int n = 0;
    const struct jnode *root = jread(&a, labels, &fault);
    for (const struct jnode *group = jread_first(root); group; group = jread_next(root, group)) {
        const struct jnode *encodings = jread_member(group, S("encodings"));
        for (const struct jnode *e = jread_first(encodings); e; e = jread_next(encodings, e)) {
            const struct jnode *list = jread_member(e, S("labels"));
            if (str_eq(jread_string(&a, jread_member(e, S("name"))), S("replacement")))
                continue;
            for (const struct jnode *it = jread_first(list); it; it = jread_next(list, it), n++) {
                unsigned flags = 0;
                charset_text(&a, c, jread_string(&a, it), S("a\x80\xA1\xA2z"), &flags);
                if (flags & CHARSET_UNKNOWN)
                    return false;
            }
        }
    }
    return n > 200;
}

int main(void)
{
    static const struct {
        const char *name;
        bool (*what)(void);
        bool wanted;
    } cases[] = {
        {"the network", can_connect, false},   {"sockets to others", can_pair, false},
        {"other processes", can_fork, false},  {"other programs", can_exec, false},
        {"opening for writing", can_write, false}, {"opening for reading and writing", can_read_and_write, false},
        {"making files", can_create, false},   {"emptying files", can_truncate, false},
        {"deleting files", can_unlink, false}, {"making folders", can_make_folders, false},
        {"changing modes", can_change_mode, false}, {"signals to others", can_kill, false},
        {"reading files", can_read, true},     {"threads", can_thread, true},
        {"iconv's modules", can_map_code, true},
    };
    char made[] = "/tmp/mailpipe-sandbox.XXXXXX";
    folder = mkdtemp(made);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        can_open(O_WRONLY | O_CREAT);
        ok(inside(cases[i].what) == cases[i].wanted, "%s: %s", cases[i].wanted ? "stays" : "refused", cases[i].name);
    }
    can_unlink();
    rmdir(folder);

    arena a = arena_new(1 << 26);
    const char *shared = getenv("MAILPIPE_SHARED");
    char path[512];
    struct err e;
    snprintf(path, sizeof path, "%s/corpora/charset/whatwg-labels.json", shared ? shared : "../shared");
    if (access(path, R_OK) != 0)
        skip("needs ../shared");
    else
        ok(file_read(&a, path, 1 << 24, &labels, &e) && inside(can_decode_all), "every label of the WHATWG is decoded in the sandbox");
    return done();
}
#endif
