/* syscall.h - linux: bare kernel calls, so that the heap works before libc is set up and never
 * touches errno. Private to this folder. Results follow the kernel: -errno on failure.
 *
 * Layer   port.
 */
#ifndef HMM_PORT_LINUX_SYSCALL_H
#define HMM_PORT_LINUX_SYSCALL_H

#include <stdatomic.h>
#include <sys/syscall.h>

extern _Atomic(size_t) hmm_port_n_calls; /* atomic, relaxed: a statistic */

#if defined(__x86_64__)
#define HMM_RAW_SYSCALLS /* not by way of libc */
static inline long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    __asm__ volatile("syscall"
                     : "+a"(n)
                     : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return n;
}
#elif defined(__riscv)
#define HMM_RAW_SYSCALLS
static inline long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    register long a7 __asm__("a7") = n;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}
#elif defined(__aarch64__)
#define HMM_RAW_SYSCALLS
static inline long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    register long x8 __asm__("x8") = n;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;
    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
}
#else
#include <errno.h>
#include <unistd.h>
static inline long raw_syscall(long n, long a, long b, long c, long d, long e, long f)
{
    int saved = errno;
    long result = syscall(n, a, b, c, d, e, f);
    if (result == -1)
        result = -errno;
    errno = saved;
    return result;
}
#endif

static inline long kernel_call(long n, long a, long b, long c, long d, long e, long f)
{
    atomic_fetch_add_explicit(&hmm_port_n_calls, 1, memory_order_relaxed);
    return raw_syscall(n, a, b, c, d, e, f);
}

#endif
