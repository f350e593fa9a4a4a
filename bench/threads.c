/* threads.c - patterns of several threads.
 */
#include "patterns.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_THREADS = 16 };

/* Run `body` in n threads, each with its index, and wait for them. */
static void run_threads(int n, void *(*body)(void *))
{
    pthread_t threads[MAX_THREADS];
    for (int i = 0; i < n; i++)
        pthread_create(&threads[i], NULL, body, (void *)(intptr_t)i);
    for (int i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
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

void transfer(size_t bytes, long n)
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

void server(int n_threads)
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

void thread_churn(int n)
{
    for (int i = 0; i < n; i += 2) {
        pthread_t t[2];
        for (int k = 0; k < 2; k++)
            pthread_create(&t[k], NULL, short_thread, NULL);
        for (int k = 0; k < 2; k++)
            pthread_join(t[k], NULL);
    }
}

/* Batches handed over: every thread fills one, puts it on a shared list, and frees the oldest one
 * that it finds there: after Lever and Boreham's xmalloc-test (2000). */
enum { BATCH = 120, BATCHES = 64 };
struct batch {
    void *blocks[BATCH];
};
static pthread_mutex_t batch_lock = PTHREAD_MUTEX_INITIALIZER;
static struct batch *batches_waiting[BATCHES];
static int n_waiting;
static long n_per_thread;

/* Put a batch on the list and take one off when there are many; NULL: none to free. */
static struct batch *hand_over(struct batch *batch)
{
    struct batch *oldest = NULL;
    pthread_mutex_lock(&batch_lock);
    if (n_waiting == BATCHES || (batch == NULL && n_waiting > 0)) {
        oldest = batches_waiting[0];
        memmove(batches_waiting, batches_waiting + 1, (size_t)--n_waiting * sizeof oldest);
    }
    if (batch != NULL)
        batches_waiting[n_waiting++] = batch;
    pthread_mutex_unlock(&batch_lock);
    return oldest;
}

static void free_batch(struct batch *batch)
{
    for (int i = 0; i < BATCH; i++)
        free(batch->blocks[i]);
    free(batch);
}

static void *exchange_thread(void *arg)
{
    uint64_t rng = (uint64_t)(intptr_t)arg * 7919 + 4711;
    for (long i = 0; i < n_per_thread; i += BATCH) {
        struct batch *batch = malloc(sizeof *batch);
        for (int k = 0; k < BATCH; k++)
            batch->blocks[k] = touch(malloc(16 + below(&rng, 200)));
        batch = hand_over(batch);
        if (batch != NULL)
            free_batch(batch);
    }
    return NULL;
}

void exchange(int n_threads, long n)
{
    n_per_thread = n;
    run_threads(n_threads, exchange_thread);
    struct batch *batch;
    while ((batch = hand_over(NULL)) != NULL)
        free_batch(batch);
}

/* Random replacement of blocks of up to 1,000 bytes, every thread its own: after alloc-test
 * (Ignatchenko 2018). */
static void *mixed_thread(void *arg)
{
    enum { LIVE = 1 << 15 };
    uint64_t rng = (uint64_t)(intptr_t)arg * 7919 + 99;
    void **blocks = calloc(LIVE, sizeof *blocks);
    for (long i = 0; i < n_per_thread; i++) {
        size_t k = below(&rng, LIVE);
        if (blocks[k] != NULL) {
            free(blocks[k]);
            blocks[k] = NULL;
        } else {
            size_t bytes = 8 + below(&rng, 31) * below(&rng, 33);
            blocks[k] = malloc(bytes);
            memset(blocks[k], 1, bytes);
        }
    }
    for (size_t k = 0; k < LIVE; k++)
        free(blocks[k]);
    free(blocks);
    return NULL;
}

void mixed(int n_threads, long n)
{
    n_per_thread = n;
    run_threads(n_threads, mixed_thread);
}

/* Threads that come and go, keep some blocks for a while, leave others for any thread to free:
 * after mimalloc's test-stress. */
enum { SHARED = 1000 };
static _Atomic(void *) shared_blocks[SHARED];

static void *stress_thread(void *arg)
{
    enum { OPS = 60000, KEPT = 1500 };
    uint64_t rng = (uint64_t)(intptr_t)arg * 7919 + 17;
    static _Thread_local void *kept[KEPT];
    for (int i = 0; i < OPS; i++) {
        uint64_t x = next_of(&rng);
        size_t bytes = 8 << (x & 7);
        bytes = (x >> 8 & 1023) == 0 ? bytes * 100 : bytes + (x >> 20 & 63);
        void *block = touch(malloc(bytes));
        if ((x >> 32 & 3) == 0)
            block = atomic_exchange(&shared_blocks[below(&rng, SHARED)], block);
        size_t k = below(&rng, KEPT);
        free(kept[k]);
        kept[k] = block;
    }
    for (int k = 0; k < KEPT; k++)
        free(kept[k]);
    return NULL;
}

void stress(int n_threads, int rounds)
{
    for (int r = 0; r < rounds; r++)
        run_threads(n_threads, stress_thread);
    for (int i = 0; i < SHARED; i++)
        free(atomic_exchange(&shared_blocks[i], NULL));
}

/* --- false sharing, after Berger et al., "Hoard" (2000): threads that write to blocks of their own
 * in one cache line slow each other down. Active: the heap hands lines out so. Passive: blocks come
 * from one thread, and the heap gives the freed ones to whoever freed them. */
enum { SHARING_BYTES = 8, SHARING_WRITES = 1000 };
static void *handed[MAX_THREADS];

static void write_and_free(char *block)
{
    for (int w = 0; w < SHARING_WRITES; w++)
        ((volatile char *)block)[w % SHARING_BYTES]++;
    free(block);
}

static void *sharing_thread(void *arg)
{
    free(handed[(intptr_t)arg]);
    for (long i = 0; i < n_per_thread; i++)
        write_and_free(calloc(1, SHARING_BYTES));
    return NULL;
}

void sharing_active(int n_threads, long n)
{
    n_per_thread = n;
    run_threads(n_threads, sharing_thread);
}

void sharing_passive(int n_threads, long n)
{
    for (int i = 0; i < n_threads; i++)
        handed[i] = touch(malloc(SHARING_BYTES));
    sharing_active(n_threads, n);
}
