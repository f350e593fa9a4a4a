/* clock.c - linux: time as the process has lived it, also where the clock stands still or goes
 * back.
 *
 * While others use its processor, the process gets slower, but not what it does: the same blocks
 * come back, later. So its time passes more slowly, too (share.c).
 *
 * libc's clock may be another library's (libfaketime), and that of a virtual machine may stop. Free
 * memory is to age all the same. So time never goes back here; and when libc's clock has not moved
 * for many looks, the kernel is asked by a bare call: if its clock has moved on, libc's is not
 * believed any more. If that does not move either, looks are counted instead. (Its exact clock: a
 * coarse one stands still for millions of looks, where a hundred threads look.)
 *
 * Another library's clock may allocate (libfaketime reads a file): no lock is held when it is
 * asked, and an allocation of its own gets by with the time that was told last.
 *
 * Layer   port.
 */
#include "clock.h"

#include "base/tunables.h"
#include "filter.h"
#include "port/port.h"
#include "syscall.h"

/* A coarse clock stands still for 4 ms, which may be 100,000 looks: asked at each 64th of them, the
 * kernel took a tenth of a program's time. So it is asked whenever there are twice as many. */

enum source { LIBC, KERNEL, COUNT };

/* All atomic, relaxed: threads may find them one look apart, time is coarse. */
static _Atomic(int) source;
static _Atomic(uint64_t) latest_ns; /* of what was returned; only grows */
static _Atomic(uint64_t) seen_ns;   /* the source's, up to which latest_ns counts */
static _Atomic(uint32_t) n_looks;   /* that have found seen_ns */
static _Atomic(uint64_t) asked_ns;  /* the kernel's time when it was first asked since; 0: not */
static __thread volatile bool is_asking; /* owner; volatile: libc declares its clock as one that
                                           calls nobody back */

static uint64_t load(const _Atomic(uint64_t) *word)
{
    return atomic_load_explicit(word, memory_order_relaxed); /* relaxed: as above */
}

static void store(_Atomic(uint64_t) *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed); /* relaxed: as above */
}

static uint64_t ns_of(const struct timespec *time)
{
    return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

uint64_t clock_kernel_ns(clockid_t clock)
{
    struct timespec now = {0};
#ifdef SYS_clock_gettime
    raw_syscall(SYS_clock_gettime, clock, (long)&now, 0, 0, 0, 0);
#else
    clock_gettime(clock, &now);
#endif
    return ns_of(&now);
}

/* From now on this source, at the time that it is. */
static void switch_to(enum source to, uint64_t its_ns)
{
    store(&seen_ns, its_ns);
    atomic_store_explicit(&source, to, memory_order_relaxed); /* relaxed: as above */
}

/* libc's clock has not moved for a while. */
static HMM_COLD void ask_kernel(uint32_t looks)
{
    if (!optional_allowed(OPTIONAL_LOOK))
        return;
    uint64_t now_ns = clock_kernel_ns(CLOCK_MONOTONIC);
    if (load(&asked_ns) == 0)
        store(&asked_ns, now_ns);
    else if (now_ns > load(&asked_ns) && now_ns - load(&asked_ns) >= HMM_CLOCK_FAKE_NS)
        switch_to(KERNEL, clock_kernel_ns(CLOCK_MONOTONIC_COARSE));
    else if (looks >= HMM_CLOCK_LOOKS_TO_COUNT && now_ns <= load(&asked_ns))
        switch_to(COUNT, load(&seen_ns));
}

static uint64_t source_ns(void)
{
    struct timespec now;
    int from = atomic_load_explicit(&source, memory_order_relaxed); /* relaxed: as above */
    if (hmm_unlikely(from == KERNEL))
        return clock_kernel_ns(CLOCK_MONOTONIC_COARSE);
    if (hmm_unlikely(from == COUNT))
        return load(&seen_ns) + HMM_CLOCK_COUNT_NS;
    is_asking = true;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    is_asking = false;
    return ns_of(&now);
}

/* A look has found no later time. */
static void note_standstill(void)
{
    uint32_t looks = atomic_load_explicit(&n_looks, memory_order_relaxed) + 1; /* as above */
    atomic_store_explicit(&n_looks, looks, memory_order_relaxed);              /* as above */
    if (hmm_unlikely((looks & (looks - 1)) == 0) && looks >= HMM_CLOCK_LOOKS_TO_ASK)
        ask_kernel(looks);
}

static void move_on(uint64_t by_ns, uint64_t now_ns)
{
    /* relaxed: as above */
    atomic_fetch_add_explicit(&latest_ns, by_ns / share_slowness(now_ns), memory_order_relaxed);
    store(&asked_ns, 0);
    atomic_store_explicit(&n_looks, 0, memory_order_relaxed); /* relaxed: as above */
}

uint64_t hmm_port_clock_ns(void)
{
    uint64_t seen = load(&seen_ns);
    if (hmm_unlikely(is_asking))
        return load(&latest_ns);
    uint64_t now_ns = source_ns();
    /* relaxed: as above. Where another thread has seen a later time meanwhile, it moves on */
    bool moved = now_ns != seen && atomic_compare_exchange_strong_explicit(&seen_ns, &seen, now_ns,
                                                                           memory_order_relaxed,
                                                                           memory_order_relaxed);
    if (hmm_unlikely(moved && (int64_t)(now_ns - seen) > 0))
        move_on(now_ns - seen, now_ns);
    else if (moved || now_ns == seen)
        note_standstill();
    return load(&latest_ns);
}

uint64_t hmm_port_clock_latest_ns(void)
{
    return load(&latest_ns);
}

uint64_t hmm_port_clock_exact_ns(void)
{
    return optional_allowed(OPTIONAL_LOOK) ? clock_kernel_ns(CLOCK_MONOTONIC) : 0;
}
