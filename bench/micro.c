/* micro.c - one pattern of allocation per run: bench_micro SCENARIO. The runner measures the whole
 * process; the number of operations is fixed, so time is comparable between heaps. `bench_micro`
 * lists the scenarios.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static uint64_t rng_state = 88172645463325252u;

static uint64_t next_of(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static uint64_t next(void)
{
    return next_of(&rng_state);
}

static void *touch(void *block)
{
    *(volatile char *)block = 1;
    return block;
}

static void pairs(size_t bytes, long n)
{
    for (long i = 0; i < n; i++)
        free(touch(malloc(bytes)));
}

enum order { LIFO, FIFO, RANDOM };

static void bulk(size_t bytes, enum order order, int rounds)
{
    enum { N = 10000 };
    static void *blocks[N];
    static uint32_t at[N];
    for (int i = 0; i < N; i++)
        at[i] = (uint32_t)(order == LIFO ? N - 1 - i : i);
    for (int i = N - 1; order == RANDOM && i > 0; i--) {
        uint32_t k = (uint32_t)(next() % (uint64_t)(i + 1));
        uint32_t t = at[i];
        at[i] = at[k];
        at[k] = t;
    }
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < N; i++)
            blocks[i] = touch(malloc(bytes));
        for (int i = 0; i < N; i++)
            free(blocks[at[i]]);
    }
}

/* Random replacement: n live blocks of 16 to 512 bytes, some larger. */
static void replace(size_t n_live, long n)
{
    void **blocks = calloc(n_live, sizeof *blocks);
    for (long i = 0; i < n; i++) {
        uint64_t x = next();
        size_t k = (size_t)((x >> 32) * n_live >> 32);
        free(blocks[k]);
        blocks[k] = touch(malloc((x & 63) == 0 ? x >> 8 & 4095 : 16 + (x >> 8 & 255)));
    }
    for (size_t i = 0; i < n_live; i++)
        free(blocks[i]);
    free(blocks);
}

/* One thread allocates, another frees, through a ring. Either tells the other how far it is every
 * TOLD blocks only, and sleeps rather than spins when there is nothing to do for long: what is to
 * be measured are the heaps, not the fight for the ring's cache lines. */
enum { RING = 1 << 13, TOLD = 256 };
static void *ring[RING];
static _Alignas(64) atomic_long n_put;
static _Alignas(64) atomic_long n_taken;
static long n_transfers;

static void wait_for(atomic_long *counter, long at_least)
{
    for (int spins = 0; atomic_load_explicit(counter, memory_order_acquire) < at_least; spins++)
        if (spins > 1000)
            sched_yield();
}

static void *consume(void *unused)
{
    for (long i = 0; i < n_transfers; i += TOLD) {
        wait_for(&n_put, i + TOLD);
        for (long k = i; k < i + TOLD; k++)
            free(ring[k % RING]);
        atomic_store_explicit(&n_taken, i + TOLD, memory_order_release);
    }
    return unused;
}

static void transfer(size_t bytes, long n)
{
    pthread_t thread;
    n_transfers = n / TOLD * TOLD;
    pthread_create(&thread, NULL, consume, NULL);
    for (long i = 0; i < n_transfers; i += TOLD) {
        wait_for(&n_taken, i + TOLD - RING);
        for (long k = i; k < i + TOLD; k++)
            ring[k % RING] = touch(malloc(bytes));
        atomic_store_explicit(&n_put, i + TOLD, memory_order_release);
    }
    pthread_join(thread, NULL);
}

/* A server after Larson and Krishnan (1998): threads replace random blocks of a set, then start a
 * thread that takes their place and the set, and end. */
enum { SERVER_BLOCKS = 5000, SERVER_ROUNDS = 40, SERVER_OPS = 60000 };
static atomic_int n_serving;
struct session {
    void *blocks[SERVER_BLOCKS];
    uint64_t rng;
    int rounds;
};

static void *serve(void *arg)
{
    struct session *s = arg;
    for (long i = 0; i < SERVER_OPS; i++) {
        uint64_t x = next_of(&s->rng);
        size_t k = (size_t)((x >> 32) % SERVER_BLOCKS);
        free(s->blocks[k]);
        s->blocks[k] = touch(malloc(8 + (x & 1023)));
    }
    if (--s->rounds > 0) {
        pthread_t successor;
        pthread_create(&successor, NULL, serve, s);
        pthread_detach(successor);
    } else {
        atomic_fetch_sub(&n_serving, 1);
    }
    return NULL;
}

static void server(int n_threads)
{
    atomic_store(&n_serving, n_threads);
    for (int i = 0; i < n_threads; i++) {
        struct session *s = calloc(1, sizeof *s);
        s->rng = (uint64_t)i * 7919 + 12345;
        s->rounds = SERVER_ROUNDS;
        pthread_t first;
        pthread_create(&first, NULL, serve, s);
        pthread_detach(first);
    }
    while (atomic_load(&n_serving) > 0)
        usleep(500);
}

static void *short_thread(void *unused)
{
    void *blocks[50];
    for (int i = 0; i < 50; i++)
        blocks[i] = touch(malloc((size_t)i * 9 + 1));
    for (int i = 0; i < 50; i++)
        free(blocks[i]);
    return unused;
}

static void thread_churn(int n)
{
    for (int i = 0; i < n; i += 2) {
        pthread_t t[2];
        for (int k = 0; k < 2; k++)
            pthread_create(&t[k], NULL, short_thread, NULL);
        for (int k = 0; k < 2; k++)
            pthread_join(t[k], NULL);
    }
}

static void realloc_growth(size_t max, int rounds)
{
    for (int r = 0; r < rounds; r++) {
        char *block = NULL;
        void *other[64];
        int n_other = 0;
        for (size_t bytes = 16; bytes < max; bytes += bytes / 2) {
            block = realloc(block, bytes);
            memset(block + bytes / 2, 1, bytes - bytes / 2);
            other[n_other++] = malloc(bytes / 8 + 1);
        }
        while (n_other > 0)
            free(other[--n_other]);
        free(block);
    }
}

static void realloc_steps(size_t max)
{
    char *block = NULL;
    for (size_t bytes = 4096; bytes < max; bytes += 4096) {
        block = realloc(block, bytes);
        block[bytes - 1] = 1;
    }
    free(block);
}

/* Sizes whose mix changes from phase to phase, over a live set of some 100 MiB. */
static void phases(void)
{
    enum { SLOTS = 400000 };
    static void *blocks[SLOTS];
    static uint32_t bytes_of[SLOTS];
    size_t live = 0;
    for (int phase = 0; phase < 8; phase++) {
        size_t shift = (size_t)phase % 4 * 2;
        for (long i = 0; i < 1500000; i++) {
            uint64_t x = next();
            size_t k = (size_t)((x >> 32) * SLOTS >> 32);
            live -= bytes_of[k];
            free(blocks[k]);
            blocks[k] = NULL;
            bytes_of[k] = 0;
            if (live > (size_t)100 << 20)
                continue;
            bytes_of[k] = (uint32_t)(((x & 255) + 8) << shift >> (x >> 8 & 3));
            blocks[k] = touch(malloc(bytes_of[k]));
            live += bytes_of[k];
        }
    }
    for (int i = 0; i < SLOTS; i++)
        free(blocks[i]);
}

int main(int argc, char **argv)
{
    const char *s = argc > 1 ? argv[1] : "";
    int listed = 0;
#define RUN(name, call)                                                                            \
    if (argc < 2)                                                                                  \
        puts(name), listed = 1;                                                                    \
    else if (strcmp(s, name) == 0)                                                                 \
        return call, 0;
    RUN("pair-16", pairs(16, 60000000))
    RUN("pair-64", pairs(64, 60000000))
    RUN("pair-1k", pairs(1024, 60000000))
    RUN("pair-4k", pairs(4096, 40000000))
    RUN("pair-32k", pairs(32768, 20000000))
    RUN("pair-256k", pairs(262144, 10000000))
    RUN("pair-4m", pairs(4 << 20, 500000))
    RUN("bulk-lifo-64", bulk(64, LIFO, 1500))
    RUN("bulk-fifo-64", bulk(64, FIFO, 1500))
    RUN("bulk-random-64", bulk(64, RANDOM, 1500))
    RUN("bulk-fifo-1k", bulk(1000, FIFO, 500))
    RUN("replace-1k", replace(1000, 30000000))
    RUN("replace-30k", replace(30000, 15000000))
    RUN("replace-1m", replace(1000000, 6000000))
    RUN("transfer-64", transfer(64, 15000000))
    RUN("transfer-1k", transfer(1000, 8000000))
    RUN("server-2", server(2))
    RUN("server-4", server(4))
    RUN("thread-churn", thread_churn(20000))
    RUN("realloc-growth", realloc_growth((size_t)64 << 20, 8))
    RUN("realloc-steps", realloc_steps((size_t)64 << 20))
    RUN("phases", phases())
    if (!listed)
        fprintf(stderr, "bench_micro: no such scenario: %s\n", s);
    return listed ? 0 : 2;
}
