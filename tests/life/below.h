/* below.h - random numbers, the same in each run; each thread has its own.
 */
#ifndef HMM_TESTS_BELOW_H
#define HMM_TESTS_BELOW_H

#include <stddef.h>
#include <stdint.h>

/* Less than n. Source: xorshift64, Marsaglia, "Xorshift RNGs" (2003). */
static inline size_t below(size_t n)
{
    static _Thread_local uint64_t rng = 88172645463325252u;
    rng ^= rng << 13;
    rng ^= rng >> 7;
    rng ^= rng << 17;
    return (size_t)((rng >> 32) * n >> 32);
}

/* Put them in random order. */
static inline void shuffle(char **blocks, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t k = below(i);
        char *block = blocks[k];
        blocks[k] = blocks[i - 1];
        blocks[i - 1] = block;
    }
}

#endif
