/* life_hands.c - large blocks that one thread allocates and others free: those who only free keep
 * nothing of it, so resident is what is on its way, and little more.
 */
#include "below.h"
#include "expect.h"
#include "rss.h"

#include <pthread.h>
#include <stdbool.h>

enum { N_HANDS = 3, N_WAITING = 4, N_BLOCKS = 4000 };

static char *queue[N_WAITING];
static long n_put, n_got;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

static void put(char *block)
{
    pthread_mutex_lock(&lock);
    while (n_put - n_got == N_WAITING)
        pthread_cond_wait(&changed, &lock);
    queue[n_put++ % N_WAITING] = block;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

static char *get(void)
{
    pthread_mutex_lock(&lock);
    while (n_put == n_got)
        pthread_cond_wait(&changed, &lock);
    char *block = queue[n_got++ % N_WAITING];
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    return block;
}

static void *free_all(void *arg)
{
    for (char *block; (block = get()) != NULL;)
        free(block);
    return arg;
}

/* Blocks of `bytes` to twice that. Returns the most KiB that were resident. */
static long hand_on(size_t bytes)
{
    pthread_t hands[N_HANDS];
    for (int i = 0; i < N_HANDS; i++)
        pthread_create(&hands[i], NULL, free_all, NULL);
    for (int i = 0; i < N_BLOCKS; i++) {
        size_t n = bytes + below(bytes);
        put(memset(malloc(n), 1, n));
    }
    for (int i = 0; i < N_HANDS; i++)
        put(NULL);
    for (int i = 0; i < N_HANDS; i++)
        pthread_join(hands[i], NULL);
    return status_kib("VmHWM:");
}

int main(void)
{
    long before_kib = status_kib("VmHWM:");
    long short_kib = hand_on(300000) - before_kib;
    long long_kib = hand_on(1000000) - before_kib;
    /* on their way are N_WAITING, and one in each hand, of 450,000 bytes: 3,500 KiB */
    expect(short_kib < 9000, "KiB for blocks of 300,000 to 600,000 bytes", short_kib);
    expect(long_kib < 16000, "KiB for blocks of 1,000,000 to 2,000,000 bytes", long_kib);
    return failures;
}
