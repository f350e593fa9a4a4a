/* share.c - linux: which share of a processor the process gets.
 *
 * A process that is switched away again and again, while it waits for hardly anything else, and
 * that has not run for most of the time, has been waiting for its processor: others use it, or a
 * limit is set (cgroups). One sleep may be most of that time, so there must be many switches for
 * each. The kernel tells both by getrusage. An example: 8 busy programs beside it, turns of 3
 * ms: in 200 ms it is switched away 7 times and runs for 22 ms. Everything takes 9 times as long.
 *
 * Layer   port.
 */
#include "clock.h"

#include "base/tunables.h"
#include "filter.h"
#include "syscall.h"

/* struct rusage as the kernel has it, whatever libc calls a time. */
struct usage {
    struct {
        long s;
        long us;
    } in_program, in_kernel;
    long others[12];
    unsigned long n_waits;         /* it has had to wait for something */
    unsigned long n_switched_away; /* it could have gone on */
};

/* When it was last measured, and what was found. All atomic, relaxed: hints. */
static _Atomic(uint64_t) due_ns; /* by the time of share_slowness */
static _Atomic(uint64_t) slowness = 1;
static _Atomic(uint64_t) exact_ns;
static _Atomic(uint64_t) ran_ns;
static _Atomic(uint64_t) n_waits;
static _Atomic(uint64_t) n_switched_away;

/* Since the last time. */
static uint64_t advance(_Atomic(uint64_t) *word, uint64_t now)
{
    return now - atomic_exchange_explicit(word, now, memory_order_relaxed); /* relaxed: as above */
}

static uint64_t run_ns(const struct usage *usage)
{
    uint64_t s = (uint64_t)(usage->in_program.s + usage->in_kernel.s);
    return s * 1000000000 + (uint64_t)(usage->in_program.us + usage->in_kernel.us) * 1000;
}

/* In the time since the last measurement. */
static uint64_t measure(void)
{
    struct usage usage;
    if (!optional_allowed(OPTIONAL_LOOK) ||
        raw_syscall(SYS_getrusage, 0, (long)&usage, 0, 0, 0, 0) != 0)
        return 1;
    uint64_t elapsed = advance(&exact_ns, clock_kernel_ns(CLOCK_MONOTONIC));
    uint64_t ran = advance(&ran_ns, run_ns(&usage));
    uint64_t waits = advance(&n_waits, usage.n_waits);
    uint64_t switched_away = advance(&n_switched_away, usage.n_switched_away);
    bool is_shared = switched_away >= HMM_CLOCK_SWITCHES &&
                     switched_away > HMM_CLOCK_PER_WAIT * waits && elapsed < HMM_CLOCK_SHARE_MAX_NS;
    return is_shared && ran < elapsed ? hmm_min(elapsed / (ran + 1), HMM_CLOCK_SLOWNESS_MAX) : 1;
}

uint64_t share_slowness(uint64_t now_ns)
{
    uint64_t due = atomic_load_explicit(&due_ns, memory_order_relaxed); /* relaxed: as above */
    /* relaxed: as above. One thread measures */
    if (hmm_unlikely((int64_t)(now_ns - due) >= 0) &&
        atomic_compare_exchange_strong_explicit(&due_ns, &due, now_ns + HMM_CLOCK_SHARE_NS,
                                                memory_order_relaxed, memory_order_relaxed)) {
        if (due == 0) /* the process has just begun */
            (void)advance(&exact_ns, now_ns);
        /* relaxed: as above */
        atomic_store_explicit(&slowness, due == 0 ? 1 : measure(), memory_order_relaxed);
    }
    return atomic_load_explicit(&slowness, memory_order_relaxed); /* relaxed: as above */
}
