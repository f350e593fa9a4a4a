/* base.h - basic macros and arithmetic: branch hints, inlining, rounding, logarithm.
 *
 * Layer   base: C17 and the compiler, nothing else.
 */
#ifndef HMM_BASE_BASE_H
#define HMM_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define hmm_likely(x)   __builtin_expect(!!(x), 1)
#define hmm_unlikely(x) __builtin_expect(!!(x), 0)

/* A function of a slow path: out of line, away from the hits. */
#define HMM_COLD __attribute__((cold, noinline))
/* Reads, as a hint, what others write under a lock: ThreadSanitizer is not to look. */
#define HMM_HINT     __attribute__((no_sanitize("thread")))
#define HMM_NOINLINE __attribute__((noinline))
/* Inlined wherever it is called: less than a call. */
#define HMM_ALWAYS_INLINE inline __attribute__((always_inline))
/* The same where the number of instructions is bounded; plain `inline` when optimizing for size. */
#ifdef __OPTIMIZE_SIZE__
#define HMM_INLINE inline
#else
#define HMM_INLINE HMM_ALWAYS_INLINE
#endif

/* Keep this value in a register, and hide from the compiler how it was computed: otherwise it would
 * compute it twice, or keep it in memory. No instruction. */
#define HMM_KEEP(value) __asm__("" : "+r"(value))

/* Round `n` up to a multiple of `power_of_two`. The caller excludes overflow. */
static inline size_t hmm_round_up(size_t n, size_t power_of_two)
{
    return (n + power_of_two - 1) & ~(power_of_two - 1);
}

static inline size_t hmm_round_down(size_t n, size_t power_of_two)
{
    return n & ~(power_of_two - 1);
}

static inline size_t hmm_div_up(size_t n, size_t divisor)
{
    return (n + divisor - 1) / divisor;
}

static inline size_t hmm_min(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t hmm_max(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline bool hmm_is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* Index of the highest set bit; n != 0. */
static inline unsigned hmm_log2(size_t n)
{
    return (8 * sizeof(long long) - 1) ^ (unsigned)__builtin_clzll((unsigned long long)n);
}

#endif
