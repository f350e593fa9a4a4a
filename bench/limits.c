/* limits.c - bench_limits PATTERN: what is worst for one of the limits in src/base/tunables.def.
 * docs/worst-cases.md has the results. Without an argument: the patterns' names.
 *
 * Printed: CPU time per operation.
 */
#include "patterns.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MIB = 1 << 20, KIB = 1 << 10, MANY = 1 << 16 };

static void *blocks[MANY];
static uint64_t rng = 88172645463325252u;

static void *make(size_t bytes)
{
    return touch(malloc(bytes));
}

/* Lengths of large blocks, one more than a thread keeps. */
static long nine_lengths(void)
{
    enum { ROUNDS = 20000, N = 9 };
    for (long round = 0; round < ROUNDS; round++) {
        for (size_t i = 0; i < N; i++)
            blocks[i] = make((i + 3) * 16 * KIB);
        for (size_t i = 0; i < N; i++)
            free(blocks[i]);
    }
    return (long)ROUNDS * N;
}

/* Longer than what is kept of large blocks in all. */
static long too_long(void)
{
    enum { ROUNDS = 20000 };
    for (long i = 0; i < ROUNDS; i++)
        free(make(17 * MIB));
    return ROUNDS;
}

/* More blocks come and go than magazines and depots hold. */
static long more_than(size_t bytes, long n, long rounds)
{
    for (long round = 0; round < rounds; round++) {
        for (long i = 0; i < n; i++)
            blocks[i] = make(bytes);
        for (long i = 0; i < n; i++)
            free(blocks[i]);
    }
    return n * rounds;
}

static long past_depots(void)
{
    return more_than(64, 40000, 100); /* 2.5 MB */
}

static long past_magazines(void)
{
    return more_than(16 * KIB, 40, 20000); /* they hold 4 */
}

static void shuffle(long n)
{
    for (long i = n - 1; i > 0; i--) {
        size_t k = below(&rng, (size_t)i + 1);
        void *other = blocks[i];
        blocks[i] = blocks[k];
        blocks[k] = other;
    }
}

static void *free_all(void *n_at)
{
    for (long i = 0; i < *(long *)n_at; i++)
        free(blocks[i]);
    return NULL;
}

/* Another thread frees, in random order: no two blocks of a buffer share a word of bits. */
static long scattered_remote(void)
{
    enum { ROUNDS = 40 };
    long n = MANY;
    for (long round = 0; round < ROUNDS; round++) {
        for (long i = 0; i < n; i++)
            blocks[i] = make(64);
        shuffle(n);
        pthread_t thread;
        pthread_create(&thread, NULL, free_all, &n);
        pthread_join(thread, NULL);
    }
    return n * ROUNDS;
}

static void *few_calls(void *n_at)
{
    void *mine[64];
    for (long i = 0; i < *(long *)n_at; i++)
        mine[i % 64] = make(16 + (size_t)i % 64 * 16);
    for (long i = 0; i < 64 && i < *(long *)n_at; i++)
        free(mine[i]);
    return NULL;
}

static long threads_of(long n_threads, int at_once, long n_calls)
{
    for (long i = 0; i < n_threads; i += at_once) {
        pthread_t threads[64];
        for (int k = 0; k < at_once; k++)
            pthread_create(&threads[k], NULL, few_calls, &n_calls);
        for (int k = 0; k < at_once; k++)
            pthread_join(threads[k], NULL);
    }
    return n_threads;
}

static long light_threads(void) /* each ends just before it would own an arena */
{
    return threads_of(8000, 8, 60);
}

static long nine_threads(void) /* more end at once than arenas wait for the next ones */
{
    static void *pinned[MANY];
    for (long i = 0; i < MANY; i++)
        pinned[i] = make(100);
    return threads_of(9000, 9, 64) + (pinned[0] == NULL);
}

/* One block of each length up to 32 KiB: a slab of each class. */
static long one_of_each(void)
{
    long n = 0;
    for (size_t bytes = 16; bytes <= 32 * KIB; bytes += bytes / 16 + 1)
        blocks[n++] = make(bytes);
    return n;
}

/* 15 MB in blocks just longer than a class, where classes are still coarse. */
static long coarse_classes(void)
{
    long n = 0;
    for (size_t all = 0; all < 15 * MIB;) {
        size_t bytes = (1026u << below(&rng, 4)) + 8;
        blocks[n++] = memset(malloc(bytes), 1, bytes);
        all += bytes;
    }
    return n;
}

/* What is cached is emptied after 250 ms without use: used again every 260. */
static long every_260_ms(void)
{
    enum { ROUNDS = 8 };
    long n = 0;
    for (int round = 0; round < ROUNDS; round++) {
        n += more_than(64, 10000, 1);
        usleep(260000);
        free(make(50000));
    }
    return n;
}

/* Steps of a block that are just too short to be moved without a copy. */
static long short_moves(void)
{
    enum { ROUNDS = 2000 };
    for (long round = 0; round < ROUNDS; round++) {
        void *block = NULL;
        void *other = NULL;
        for (size_t bytes = 40 * KIB; bytes < 256 * KIB; bytes += 16 * KIB) {
            block = touch(realloc(block, bytes));
            other = touch(realloc(other, bytes));
        }
        free(block);
        free(other);
    }
    return ROUNDS * 28L;
}

/* To and fro over the longest small block, and the longest one in a slab. */
static long borders(void)
{
    enum { ROUNDS = 200000 };
    static const size_t at[] = {1024, 32768};
    for (size_t i = 0; i < 2; i++) {
        void *block = make(at[i]);
        for (long round = 0; round < ROUNDS; round++)
            block = touch(realloc(block, at[i] + (size_t)(round % 2)));
        free(block);
    }
    return 2L * ROUNDS;
}

/* Blocks of 20 MB that are freed and made by calloc, a page in each 17 of which is used. */
static long sparse_calloc(void)
{
    enum { ROUNDS = 300, PAGE = 4096 };
    for (long round = 0; round < ROUNDS; round++) {
        char *block = calloc(1, 20 * MIB);
        for (size_t at = 0; at < 20 * MIB; at += 17 * PAGE)
            block[at] = 1;
        free(block);
    }
    return ROUNDS;
}

/* 1 GiB in blocks of 100 KB, of which nobody uses more than a byte. */
static long unused_blocks(void)
{
    long n = 0;
    for (; n < 10000; n++)
        blocks[n] = make(100 * KIB);
    return n;
}

static const struct pattern {
    const char *name;
    long (*run)(void);
} patterns[] = {
    {"nine-lengths", nine_lengths},         {"too-long", too_long},
    {"past-depots", past_depots},           {"past-magazines", past_magazines},
    {"scattered-remote", scattered_remote}, {"light-threads", light_threads},
    {"nine-threads", nine_threads},         {"one-of-each", one_of_each},
    {"coarse-classes", coarse_classes},     {"every-260-ms", every_260_ms},
    {"short-moves", short_moves},           {"borders", borders},
    {"sparse-calloc", sparse_calloc},       {"unused-blocks", unused_blocks},
};
enum { N_PATTERNS = sizeof patterns / sizeof *patterns };

int main(int argc, char **argv)
{
    for (int i = 0; i < N_PATTERNS; i++) {
        if (argc < 2)
            puts(patterns[i].name);
        else if (strcmp(argv[1], patterns[i].name) == 0) {
            long n = patterns[i].run();
            struct timespec t;
            clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
            printf("ns %.1f\n", ((double)t.tv_sec * 1e9 + (double)t.tv_nsec) / (double)n);
            return 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
