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
#include <string.h>
#include <sys/prctl.h>

enum { UNKNOWN, UNFILTERED, NEEDED, ALWAYS };

static _Atomic(int) allowed;      /* atomic, relaxed: one of these */
static _Atomic(uint32_t) refused; /* atomic, relaxed: bits of enum optional; each is set once */

/* What follows `key` in text[0..n_chars), or NULL. */
static const char *find_value(const char *text, size_t n_chars, const char *key)
{
    size_t key_chars = strlen(key);
    for (size_t i = 0; i + key_chars < n_chars; i++)
        if (memcmp(text + i, key, key_chars) == 0)
            return text + i + key_chars;
    return NULL;
}

/* The calling thread's state, by the kernel's words: 0 no filter. -1: unknown. */
static int filter_by_proc(void)
{
    enum { STATUS_BYTES = 4096 };
    char text[STATUS_BYTES];
    long fd = raw_syscall(SYS_openat, AT_FDCWD, (long)"/proc/thread-self/status",
                          O_RDONLY | O_CLOEXEC, 0, 0, 0);
    if (fd < 0)
        return -1;
    long n_chars = raw_syscall(SYS_read, fd, (long)text, sizeof text, 0, 0, 0);
    raw_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
    const char *value = n_chars > 0 ? find_value(text, (size_t)n_chars, "\nSeccomp:\t") : NULL;
    return value != NULL ? *value - '0' : -1;
}

/* Without /proc the kernel is asked by a call of its own. */
static bool is_filtered(void)
{
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

void hmm_port_note_filter(bool comes)
{
    int known = atomic_load_explicit(&allowed, memory_order_relaxed); /* relaxed: as above */
    int now = comes ? NEEDED : UNKNOWN;
    while (known != ALWAYS &&
           !atomic_compare_exchange_weak_explicit(&allowed, &known, now, memory_order_relaxed,
                                                  memory_order_relaxed)) { /* relaxed: as above */
    }
}
