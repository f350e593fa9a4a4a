/* bits.h - positions of bits in a machine word, and products that may overflow: by instructions
 * where the processor has them. Where it has none, compilers call functions of their own library,
 * which firmware may not have: there by comparing and shifting.
 *
 * Layer   base: C17 and the compiler, nothing else.
 */
#ifndef HMM_BASE_BITS_H
#define HMM_BASE_BITS_H

#include "base/base.h"

#ifndef HMM_CONFIG_PLAIN_BITS
#if (defined(__thumb__) && !defined(__thumb2__)) || (defined(__riscv) && !defined(__riscv_zbb))
#define HMM_CONFIG_PLAIN_BITS 1
#else
#define HMM_CONFIG_PLAIN_BITS 0
#endif
#endif

enum { HMM_WORD_BITS = 8 * sizeof(size_t) };
_Static_assert(sizeof(size_t) == sizeof(long), "builtins for long are used");

#if HMM_CONFIG_PLAIN_BITS

/* The highest bit, and the lowest; bits != 0. By halves: five or six steps. */
static inline uint32_t hmm_bits_top(size_t bits)
{
    uint32_t top = 0;
    for (uint32_t half = HMM_WORD_BITS / 2; half != 0; half /= 2)
        if (bits >> half != 0) {
            bits >>= half;
            top += half;
        }
    return top;
}

static inline uint32_t hmm_bits_lowest(size_t bits)
{
    return hmm_bits_top(bits & (0 - bits));
}

/* *product = a * b; false: that is more than a word. By halves of both. */
static inline bool hmm_multiply(size_t a, size_t b, size_t *product)
{
    const unsigned half = HMM_WORD_BITS / 2;
    const size_t low = ((size_t)1 << half) - 1;
    if (a >> half != 0 && b >> half != 0)
        return false;
    size_t middle = (a >> half) * (b & low) + (b >> half) * (a & low); /* one of them is 0 */
    *product = a * b;
    return middle >> half == 0 && *product >= middle << half;
}

#else

static inline uint32_t hmm_bits_top(size_t bits)
{
    return (HMM_WORD_BITS - 1) ^ (uint32_t)__builtin_clzl(bits);
}

static inline uint32_t hmm_bits_lowest(size_t bits)
{
    return (uint32_t)__builtin_ctzl(bits);
}

static inline bool hmm_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif

#endif
