/* life_hits.c - memory goes back though the program makes nothing but hits any more, or sleeps in
 * the threads that have freed it.
 *
 * What it takes is counted in calls, each of which is as long as the test waits for it at most: a
 * program that is asked for nothing gives nothing back.
 */
#include "expect.h"
#include "rss.h"

#include <pthread.h>
#include <stdint.h>
#include <time.h>

enum { MIB = 1 << 20, WAIT_MS = 5000, SLEEPERS = 300 };

static uint64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Pairs of these sizes, which their thread has in its caches after the first ones. */
static void hit(const size_t *sizes, int n_sizes)
{
    for (int i = 0; i < 200; i++) {
        char *volatile block = malloc(sizes[i % n_sizes]);
        *block = 1;
        free(block);
    }
}

/* Make hits until less than most_kib are in memory. Returns how much is. */
static long wait_for(long most_kib, const size_t *sizes, int n_sizes)
{
    uint64_t end = now_ms() + WAIT_MS;
    while (rss_kib() >= most_kib && now_ms() < end) {
        hit(sizes, n_sizes);
        usleep(1000);
    }
    return rss_kib();
}

static const size_t small[] = {50, 200, 600}, medium[] = {3000, 12000}, large[] = {100000};

/* Three times the same: the heap keeps it, for a fourth time that doesn't come. */
static void batches(const char *what, const size_t *sizes, int n_sizes)
{
    hit(sizes, n_sizes);
    long start = rss_kib();
    char *volatile pins[3];
    for (int i = 0; i < 3; i++) {
        char *batch = memset(malloc(60 * MIB), 1, 60 * MIB);
        pins[i] = memset(malloc(200000), 1, 200000);
        free(batch);
    }
    long left = wait_for(start + 9 * 1024, sizes, n_sizes) - start;
    expect(left < 9 * 1024, what, left);
    for (int i = 0; i < 3; i++)
        free(pins[i]);
}

enum { N_BLOCKS = 60000 };
static void *blocks[N_BLOCKS];

static void *peak(void *unused)
{
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = memset(malloc(1000), 1, 1000);
    for (int i = 0; i < N_BLOCKS; i++)
        free(blocks[(int64_t)i * 7919 % N_BLOCKS]);
    return unused;
}

static void break_goes_down(uintptr_t low)
{
    peak(NULL);
    uintptr_t high = (uintptr_t)sbrk(0);
    wait_for(0, small, 3); /* for as long as it waits */
    long up_kib = (long)((uintptr_t)sbrk(0) - low) / 1024;
    expect(high - low > 40 * MIB && up_kib < 16 * 1024, "the break after a peak, KiB up", up_kib);
}

/* --- threads that sleep -------------------------------------------------------------------------
 */

static pthread_barrier_t at;

static void *free_and_sleep(void *arg)
{
    void *mine[800];
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < 800; i++) {
        size_t bytes = (size_t)(rand_r(&seed) % 500) + 1;
        mine[i] = memset(malloc(bytes), 1, bytes);
    }
    for (int i = 0; i < 800; i++)
        free(mine[i]);
    pthread_barrier_wait(&at);
    pthread_barrier_wait(&at);
    return NULL;
}

static void *own_and_sleep(void *unused)
{
    for (int i = 0; i < N_BLOCKS; i++)
        blocks[i] = memset(malloc(1000), 1, 1000);
    pthread_barrier_wait(&at);
    pthread_barrier_wait(&at);
    return unused;
}

/* Each of many threads has had 200 KB, and sleeps. */
static void sleepers(void)
{
    static pthread_t threads[SLEEPERS];
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    pthread_barrier_init(&at, NULL, SLEEPERS + 1);
    long start = rss_kib();
    for (int i = 0; i < SLEEPERS; i++)
        pthread_create(&threads[i], &attr, free_and_sleep, (void *)(uintptr_t)(i + 1));
    pthread_barrier_wait(&at);
    long most = 150 * SLEEPERS; /* with their stacks */
    long left = wait_for(start + most, small, 3) - start;
    expect(left < most, "threads that have freed all and sleep, KiB", left);
    pthread_barrier_wait(&at);
    for (int i = 0; i < SLEEPERS; i++)
        pthread_join(threads[i], NULL);
}

/* One thread has allocated it all and sleeps; another one frees it, and goes on with hits. */
static void sleeping_owner(void)
{
    pthread_t thread;
    pthread_barrier_init(&at, NULL, 2);
    long start = rss_kib();
    pthread_create(&thread, NULL, own_and_sleep, NULL);
    pthread_barrier_wait(&at);
    for (int i = 0; i < N_BLOCKS; i++)
        free(blocks[i]);
    long left = wait_for(start + 8 * 1024, small, 3) - start;
    expect(left < 8 * 1024, "of an owner that sleeps while others free, KiB", left);
    pthread_barrier_wait(&at);
    pthread_join(thread, NULL);
}

/* The thread that has freed it sleeps; this one has made hits all the time. */
static void other_thread_hits(void)
{
    pthread_t thread;
    hit(small, 3);
    long start = rss_kib();
    pthread_create(&thread, NULL, peak, NULL);
    while (pthread_tryjoin_np(thread, NULL) != 0)
        hit(small, 3);
    long left = wait_for(start + 8 * 1024, small, 3) - start;
    expect(left < 8 * 1024, "freed by a thread that has ended, KiB", left);
}

/* The program sleeps for longer than BACKLOG_MS before it goes on: nothing has gone meanwhile, for
 * nobody has looked. */
static void after_sleep(void)
{
    for (int time = 0; time < 4; time++) {
        long start = rss_kib();
        for (int i = 0; i < 3; i++)
            free(memset(malloc(60 * MIB), 1, 60 * MIB));
        usleep(1200 * 1000);
        long left = wait_for(start + 9 * 1024, small, 1) - start;
        expect(left < 9 * 1024, "after batches and a sleep, KiB", left);
    }
}

int main(void)
{
    for (int i = 0; i < 3000; i++)
        free(malloc((size_t)i * 5));
    uintptr_t low = (uintptr_t)sbrk(0);
    batches("after batches, pairs of small blocks, KiB", small, 3);
    batches("of medium blocks", medium, 2);
    batches("of large blocks", large, 1);
    break_goes_down(low);
    after_sleep();
    sleepers();
    sleeping_owner();
    other_thread_hits();
    return failures != 0;
}
