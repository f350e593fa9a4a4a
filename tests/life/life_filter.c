/* life_filter.c - filters of system calls (seccomp): the heap needs brk, mmap and munmap, and does
 * without every other call, whether a filter refuses it by an errno or ends the process for it,
 * and whether it was there before the program or comes later.
 *
 *   life_filter                    all of it
 *   life_filter NR ACTION PROGRAM ARGUMENTS   a filter of call NR, then the program
 */
#include "hmm.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <malloc.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_process_madvise /* Linux 5.10 */
#define SYS_process_madvise 440
#endif
#ifndef SECCOMP_RET_KILL_PROCESS
#define SECCOMP_RET_KILL_PROCESS 0x80000000u
#endif
#ifndef SECCOMP_SET_MODE_FILTER
#define SECCOMP_SET_MODE_FILTER 1
#endif

extern __typeof(HmmCheck) HmmCheck __attribute__((weak));

enum { MIB = 1 << 20, N_SMALL = 4000, N_LARGE = 2, STEP = 65536 /* of large blocks */ };

/* Calls that a heap may like to make; of the last ones it needs none. */
static const struct {
    const char *name;
    int nr;
} calls[] = {
    {"madvise", SYS_madvise},     {"process_madvise", SYS_process_madvise},
    {"mprotect", SYS_mprotect},   {"mremap", SYS_mremap},
    {"mincore", SYS_mincore},     {"getrandom", SYS_getrandom},
    {"sysinfo", SYS_sysinfo},     {"prlimit64", SYS_prlimit64},
    {"futex", SYS_futex},         {"getcpu", SYS_getcpu},
    {"openat", SYS_openat},       {"read", SYS_read},
    {"prctl", SYS_prctl},         {"clock_gettime", SYS_clock_gettime},
    {"getrusage", SYS_getrusage},
};
static useconds_t pause_us; /* between two rounds: that call is made some time after the last one */

static bool install(unsigned nr, unsigned action, bool by_syscall)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, action),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return false;
    if (by_syscall)
        return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) == 0;
}

/* As the calls' order in a program: small and large blocks, growth in place and by moving, giving
 * back, all of it more than once; the contents are looked at. */
static int work(void)
{
    static unsigned char *small[N_SMALL], *large[N_LARGE];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N_SMALL; i++) {
            size_t bytes = 1 + (size_t)i % 700;
            if ((small[i] = malloc(bytes)) == NULL)
                return 10;
            memset(small[i], i, bytes);
        }
        for (size_t mib = 1; mib <= 4; mib *= 4) {
            for (int i = 0; i < N_LARGE; i++) {
                unsigned char *grown = realloc(large[i], mib * MIB);
                if (grown == NULL)
                    return 11;
                for (size_t k = 0; k < mib / 4 * MIB; k += STEP)
                    if (grown[k] != (unsigned char)(i + 1))
                        return 12;
                for (size_t k = 0; k < mib * MIB; k += STEP)
                    grown[k] = (unsigned char)(i + 1);
                large[i] = grown;
            }
        }
        for (int i = 0; i < N_SMALL; i++) {
            if (small[i][i % 700] != (unsigned char)i)
                return 13;
            free(small[i]);
        }
        for (int i = 0; i < N_LARGE; i++) {
            free(large[i]);
            large[i] = NULL;
        }
        malloc_trim(0);
        unsigned char *zero = calloc(5, MIB);
        for (size_t k = 0; zero != NULL && k < (size_t)5 * MIB; k += STEP)
            if (zero[k] != 0)
                return 14;
        unsigned char *mapped = malloc(6 * MIB), *more;
        if (zero == NULL || mapped == NULL)
            return 15;
        mapped[100] = 7;
        if ((more = realloc(mapped, 12 * MIB)) == NULL || more[100] != 7)
            return 16;
        free(more);
        free(zero);
        usleep(pause_us);
    }
    return HmmCheck == NULL || HmmCheck() == NULL ? 0 : 17;
}

static int in_child(int (*run)(unsigned, unsigned), unsigned nr, unsigned action)
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(run(nr, action));
    return waitpid(pid, &status, 0) == pid ? status : -1;
}

static int later(unsigned nr, unsigned action)
{
    int status = work(); /* all calls are known to work */
    if (status == 0 && !install(nr, action, false))
        return 2;
    return status != 0 ? status : work();
}

/* Options that were changed before, and changed again behind the filter. */
static int tuned(unsigned nr, unsigned action)
{
    if (mallopt(M_TOP_PAD, 1 << 19) != 1 || mallopt(M_TRIM_THRESHOLD, 1 << 22) != 1)
        return 5;
    if (!install(nr, action, false))
        return 2;
    for (int i = 0; i < 5; i++)
        if (mallopt(M_TOP_PAD, (1 << 20) + i * 65536) != 1)
            return 6;
    return work();
}

static int later_by_syscall(unsigned nr, unsigned action)
{
    return install(nr, action, true) ? work() : 2;
}

static int before(unsigned nr, unsigned action)
{
    char nr_text[16], action_text[16];
    snprintf(nr_text, sizeof nr_text, "%u", nr);
    snprintf(action_text, sizeof action_text, "%u", action);
    execl("/proc/self/exe", "life_filter", nr_text, action_text, "/proc/self/exe", "work", NULL);
    return 3;
}

/* One that cannot be installed changes nothing: memory is given back by madvise as before. */
static int refused(unsigned nr, unsigned action)
{
    (void)nr, (void)action;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != -1 || errno != EFAULT)
        return 4;
    return work();
}

/* After a filter, a second one that cannot be installed: the first is still there. */
static int then_refused(unsigned nr, unsigned action)
{
    if (!install(nr, action, false))
        return 2;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL, 0, 0) != -1 ||
        syscall(SYS_seccomp, 1, 1, NULL) != -1)
        return 4;
    return work();
}

static int try(const char *how, int (*run)(unsigned, unsigned), const char *name, unsigned nr,
               unsigned action)
{
    int status = in_child(run, nr, action);
    if (status != 0)
        printf("%s, %s, action 0x%x: status 0x%x\n", how, name, action, status);
    return status;
}

int main(int argc, char **argv)
{
    const unsigned actions[] = {SECCOMP_RET_ERRNO | EPERM, SECCOMP_RET_ERRNO | ENOSYS,
                                SECCOMP_RET_ERRNO | ENOMEM, SECCOMP_RET_KILL_PROCESS};
    int failed = 0;
    if (argc > 1 && strcmp(argv[1], "work") == 0)
        return work();
    if (argc > 3) {
        if (!install((unsigned)atoi(argv[1]), (unsigned)strtoul(argv[2], NULL, 10), false))
            return 2;
        execv(argv[3], argv + 3);
        return 3;
    }
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
        for (size_t k = 0; k < sizeof actions / sizeof actions[0]; k++) {
            unsigned nr = (unsigned)calls[i].nr;
            pause_us = calls[i].nr == SYS_getrusage ? 250000 : 0;
            if ((i >= 3 && (k == 1 || k == 2)) || (i >= 5 && k == 0))
                continue;
            failed |= try("later", later, calls[i].name, nr, actions[k]);
            if (k == 3)
                failed |= try("later, by syscall", later_by_syscall, calls[i].name, nr, actions[k]);
            failed |= try("tuned", tuned, calls[i].name, nr, actions[k]);
            if (k == 3 && nr != SYS_prctl)
                failed |= try("then refused", then_refused, calls[i].name, nr, actions[k]);
            if (i < 5 && calls[i].nr != SYS_mprotect) /* what the loader can do without */
                failed |= try("before", before, calls[i].name, nr, actions[k]);
        }
    }
    /* a static program has opened nothing at its start, nor asked for anything by prctl */
    if (argc > 1 && strcmp(argv[1], "static") == 0) {
        failed |= try("before", before, "openat", SYS_openat, SECCOMP_RET_KILL_PROCESS);
        failed |= try("before", before, "read", SYS_read, SECCOMP_RET_KILL_PROCESS);
        failed |= try("before", before, "close", SYS_close, SECCOMP_RET_KILL_PROCESS);
        failed |= try("before", before, "prctl", SYS_prctl, SECCOMP_RET_KILL_PROCESS);
    }
    failed |= try("before", before, "brk", SYS_brk, SECCOMP_RET_ERRNO | EPERM);
    failed |= try("before", before, "brk", SYS_brk, SECCOMP_RET_ERRNO | ENOMEM);
    failed |= try("later", later, "brk", SYS_brk, SECCOMP_RET_ERRNO | EPERM);
    failed |= try("refused", refused, "none", 0, 0);
    puts(failed ? "failed" : "ok");
    return failed != 0;
}
