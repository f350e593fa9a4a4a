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

/* Bit `at`, modulo the word's bits: is it set; and set it, or clear it: was it set? Of x86 by name:
 * gcc forms masks for what one instruction does, and a look of its own at what it tells. */
#if !HMM_CONFIG_PLAIN_BITS && (defined(__x86_64__) || defined(__i386__))

static inline bool hmm_bits_has(size_t bits, size_t at)
{
    bool has;
    __asm__("bt %2, %1" : "=@ccc"(has) : "r"(bits), "r"(at));
    return has;
}

static inline bool hmm_bits_set(size_t *bits, size_t at)
{
    bool was_set;
    __asm__("bts %2, %0" : "+r"(*bits), "=@ccc"(was_set) : "r"(at));
    return was_set;
}

static inline bool hmm_bits_clear(size_t *bits, size_t at)
{
    bool was_set;
    __asm__("btr %2, %0" : "+r"(*bits), "=@ccc"(was_set) : "r"(at));
    return was_set;
}

/* *count -= n: is it below 0 now? */
static inline bool hmm_bits_count_down(int32_t *count, size_t n)
{
    bool is_below;
    __asm__("subl %2, %0" : "+m"(*count), "=@ccs"(is_below) : "r"((int32_t)n));
    return is_below;
}

#else

static inline bool hmm_bits_has(size_t bits, size_t at)
{
    return (bits >> (at & (HMM_WORD_BITS - 1)) & 1) != 0;
}

static inline bool hmm_bits_set(size_t *bits, size_t at)
{
    bool was_set = hmm_bits_has(*bits, at);
    *bits |= (size_t)1 << (at & (HMM_WORD_BITS - 1));
    return was_set;
}

static inline bool hmm_bits_clear(size_t *bits, size_t at)
{
    bool was_set = hmm_bits_has(*bits, at);
    *bits &= ~((size_t)1 << (at & (HMM_WORD_BITS - 1)));
    return was_set;
}

static inline bool hmm_bits_count_down(int32_t *count, size_t n)
{
    *count -= (int32_t)n;
    return *count < 0;
}

#endif

#if HMM_CONFIG_PLAIN_BITS

/* The highest bit, and the lowest; bits != 0. By halves: five or six steps. */
static inline size_t hmm_bits_top(size_t bits)
{
    uint32_t top = 0;
    for (uint32_t half = HMM_WORD_BITS / 2; half != 0; half /= 2)
        if (bits >> half != 0) {
            bits >>= half;
            top += half;
        }
    return top;
}

static inline size_t hmm_bits_lowest(size_t bits)
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

static inline size_t hmm_bits_top(size_t bits)
{
#if defined(__x86_64__)
    size_t n;
    __asm__("bsr %1, %0" : "=r"(n) : "r"(bits) : "cc");
    return n;
#else
    return (HMM_WORD_BITS - 1) ^ (size_t)__builtin_clzl(bits);
#endif
}

static inline size_t hmm_bits_lowest(size_t bits)
{
#if defined(__x86_64__)
    size_t n;
    __asm__("rep bsf %1, %0" : "=r"(n) : "r"(bits) : "cc");
    return n;
#else
    return (size_t)__builtin_ctzl(bits);
#endif
}

static inline bool hmm_multiply(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

#endif

#endif
