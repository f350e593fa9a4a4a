/* patterns.h - the patterns of allocation, one per run of bench_micro.
 *
 * Each does a fixed amount of work, so that the time of the whole process can be compared between
 * heaps. Random numbers are the same in every run.
 */
#ifndef HMM_BENCH_PATTERNS_H
#define HMM_BENCH_PATTERNS_H

#include <stddef.h>
#include <stdint.h>

/* xorshift64 (Marsaglia 2003). */
static inline uint64_t next_of(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

/* A random number below n. */
static inline size_t below(uint64_t *state, size_t n)
{
    return (size_t)((next_of(state) >> 32) * n >> 32);
}

static inline void *touch(void *block)
{
    *(volatile char *)block = 1;
    return block;
}

enum order { LIFO, FIFO, RANDOM };

/* One thread (single.c) */
void pairs(size_t bytes, long n);
void bulk(size_t bytes, enum order order, int rounds);
void replace(size_t n_live, long n);
void batches(int rounds);
void leak(long n);
void calloc_pairs(size_t bytes, long n);
void large_mix(long n);
void realloc_growth(size_t max, int rounds);
void realloc_steps(size_t max);
void phases(void);

/* Several threads (threads.c) */
void transfer(size_t bytes, long n);
void server(int n_threads);
void thread_churn(int n);
void exchange(int n_threads, long n);
void mixed(int n_threads, long n);
void stress(int n_threads, int rounds);
void sharing_active(int n_threads, long n);
void sharing_passive(int n_threads, long n);

/* The long run (fragmentation.c): prints what it found. */
void fragmentation(void);

#endif
