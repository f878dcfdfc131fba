/* What mail-parse gives up before it reads mail: network, exec, writing, other processes. Threads, reading files, and executable
 * mappings stay (iconv loads its tables at first use).
 *
 * Calls that are not on the list fail with EPERM; a call of another architecture kills. Landlock, where the kernel has it,
 * refuses writing and TCP once more, from below. */
#include "parse.h"

#if defined(__SANITIZE_ADDRESS__)
#define NO_SANDBOX 1 /* its runtime needs more calls */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NO_SANDBOX 1
#endif
#endif
#if !defined(__x86_64__) && !defined(__aarch64__)
#define NO_SANDBOX 1
#endif

#ifdef NO_SANDBOX
void sandbox_enter(void) {}
#else

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCH AUDIT_ARCH_X86_64
#else
#define ARCH AUDIT_ARCH_AARCH64
#endif

#define LOAD(field)           BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, field))
#define LOAD_LOW(argument)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + 8 * (argument)))
#define SKIP_UNLESS(value, n) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value), 0, (n))
#define SKIP_IF_ANY(bits, n)  BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (uint32_t)(bits), (n), 0)
#define ANSWER(what)          BPF_STMT(BPF_RET | BPF_K, (uint32_t)(what))
#define ALLOW(call)           SKIP_UNLESS(SYS_##call, 1), ANSWER(SECCOMP_RET_ALLOW)
#define REFUSE(error)         ANSWER(SECCOMP_RET_ERRNO | (error))
/* The call, if none of the bits is set in the (low half of the) argument. */
#define ALLOW_WITHOUT(call, argument, bits) \
    SKIP_UNLESS(SYS_##call, 4), LOAD_LOW(argument), SKIP_IF_ANY(bits, 1), ANSWER(SECCOMP_RET_ALLOW), REFUSE(EPERM)

enum { WRITING = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY) };

static struct sock_filter filter[] = {
    LOAD(arch), SKIP_UNLESS(ARCH, 1), BPF_STMT(BPF_JMP | BPF_JA, 1), ANSWER(SECCOMP_RET_KILL_PROCESS),
    LOAD(nr),
    ALLOW(read), ALLOW(write), ALLOW(pread64), ALLOW(readv), ALLOW(writev), ALLOW(lseek), ALLOW(close),
    ALLOW(fstat), ALLOW(newfstatat), ALLOW(statx), ALLOW(getdents64), ALLOW(readlinkat), ALLOW(faccessat), ALLOW(faccessat2),
    ALLOW(mmap), ALLOW(munmap), ALLOW(mremap), ALLOW(mprotect), ALLOW(madvise), ALLOW(brk), ALLOW(futex),
    ALLOW(ppoll), ALLOW(fcntl), ALLOW(clock_gettime), ALLOW(clock_nanosleep), ALLOW(getrandom), ALLOW(gettimeofday),
    ALLOW(rt_sigaction), ALLOW(rt_sigprocmask), ALLOW(rt_sigreturn), ALLOW(sigaltstack), ALLOW(restart_syscall),
    ALLOW(getpid), ALLOW(gettid), ALLOW(tgkill), ALLOW(getuid), ALLOW(geteuid), ALLOW(getgid), ALLOW(getegid),
    ALLOW(set_robust_list), ALLOW(rseq), ALLOW(sched_yield), ALLOW(sched_getaffinity), ALLOW(prlimit64), ALLOW(sysinfo), ALLOW(uname),
    ALLOW(exit), ALLOW(exit_group), ALLOW(getcwd),
#ifdef __x86_64__
    ALLOW(stat), ALLOW(lstat), ALLOW(access), ALLOW(readlink), ALLOW(poll), ALLOW(arch_prctl),
    ALLOW_WITHOUT(open, 1, WRITING),
    LOAD(nr),
#endif
    ALLOW_WITHOUT(openat, 2, WRITING),
    LOAD(nr),
    /* syslog(3), over the socket that --log syslog opened before: to no address. */
    ALLOW_WITHOUT(sendto, 5, ~0U),
    LOAD(nr),
    /* Threads, not processes. What clone3 is asked for cannot be seen here: libc then uses clone. */
    SKIP_UNLESS(SYS_clone3, 1), REFUSE(ENOSYS),
    SKIP_UNLESS(SYS_clone, 4), LOAD_LOW(0), SKIP_IF_ANY(CLONE_THREAD, 1), REFUSE(EPERM), ANSWER(SECCOMP_RET_ALLOW),
    REFUSE(EPERM),
};

static void landlock(void)
{
    struct landlock_ruleset_attr rules = {
        .handled_access_fs = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR |
                             LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
                             LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO |
                             LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM};
    long fd = syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
    if (fd < 0)
        return;
    syscall(SYS_landlock_restrict_self, fd, 0);
    close((int)fd);
}

void sandbox_enter(void)
{
    struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return;
    landlock();
    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

#endif
