/* filter.c - linux: which of the system calls that a heap can do without are made.
 *
 * Nobody can ask whether a filter ends the process for a call, other than by making it. That there
 * is a filter at all can be known: one that the program installs itself passes through its calls of
 * prctl or syscall (hosted/filter.c); one that was there before the program is told by the kernel
 * in /proc, which is read by calls that every start of a program has made already, the first time
 * that an optional call is wanted.
 *
 * Layer   port.
 */
#include "filter.h"

#include "port/port.h"
#include "syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>

enum { UNKNOWN, UNFILTERED, NEEDED, ALWAYS };

static _Atomic(int) allowed;      /* atomic, relaxed: one of these */
static _Atomic(uint32_t) refused; /* atomic, relaxed: bits of enum optional; each is set once */

/* The character behind `key`, whose first one is in it but once, in the file; 0: not found. In
 * small parts: the caller's stack may be a coroutine's. */
static char find_behind(long fd, const char *key)
{
    char text[128];
    const char *next = key;
    long n_chars;
    while ((n_chars = raw_syscall(SYS_read, fd, (long)text, sizeof text, 0, 0, 0)) > 0)
        for (long i = 0; i < n_chars; i++) {
            if (*next == '\0')
                return text[i];
            if (text[i] != *next)
                next = key;
            next += text[i] == *next;
        }
    return 0;
}

/* The calling thread's state, by the kernel's words: 0 no filter. -1: unknown. */
static int filter_by_proc(void)
{
    long fd = raw_syscall(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/status",
                          O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return -1;
    char state = find_behind(fd, "\nSeccomp:\t");
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    return state != 0 ? state - '0' : -1;
}

/* No loader has mapped this program's libraries: it is linked statically. */
static bool has_loader(void)
{
    return getauxval(AT_BASE) != 0;
}

/* Without /proc the kernel is asked by a call of its own. A program without a loader has not opened
 * and read a file yet: there might be a filter that ends it for that. */
static bool is_filtered(void)
{
    if (!has_loader())
        return true;
    int filter = filter_by_proc();
    if (filter < 0)
        filter = (int)raw_syscall(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0);
    return filter > 0;
}

static HMM_NOINLINE int find_out(void)
{
    int now = UNKNOWN;
    int found = is_filtered() ? NEEDED : UNFILTERED;
    /* relaxed: as above. A filter noted meanwhile is not forgotten */
    bool stored = atomic_compare_exchange_strong_explicit(
        &allowed, &now, found, memory_order_relaxed, memory_order_relaxed);
    return stored ? found : now;
}

bool optional_allowed(enum optional what)
{
    int known = atomic_load_explicit(&allowed, memory_order_relaxed); /* relaxed: as above */
    if (hmm_unlikely(known == UNKNOWN))
        known = find_out();
    return known != NEEDED &&
           /* relaxed: as above */
           (atomic_load_explicit(&refused, memory_order_relaxed) >> what & 1) == 0;
}

long optional_call(enum optional what, long n, long a, long b, long c, long d, long e)
{
    if (!optional_allowed(what))
        return -ENOSYS;
    long result = kernel_call(n, a, b, c, d, e, 0);
    if (hmm_unlikely(result == -ENOSYS || result == -EPERM || result == -EACCES))
        /* relaxed: as above */
        atomic_fetch_or_explicit(&refused, (uint32_t)1 << what, memory_order_relaxed);
    return result;
}

void hmm_port_set_policy(enum hmm_port_policy policy)
{
    if (policy != HMM_CALLS_UNLESS_FILTERED) /* relaxed: as above */
        atomic_store_explicit(&allowed, policy == HMM_CALLS_ALL ? ALWAYS : NEEDED,
                              memory_order_relaxed);
}

bool hmm_port_note_filter(void)
{
    int known = atomic_load_explicit(&allowed, memory_order_relaxed); /* relaxed: as above */
    while (known != ALWAYS && known != NEEDED &&
           !atomic_compare_exchange_weak_explicit(&allowed, &known, NEEDED, memory_order_relaxed,
                                                  memory_order_relaxed)) { /* relaxed: as above */
    }
    return known != ALWAYS && known != NEEDED;
}

void hmm_port_forget_filter(void)
{
    /* relaxed: as above */
    atomic_store_explicit(&allowed, UNKNOWN, memory_order_relaxed);
}
