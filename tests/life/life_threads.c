/* life_threads.c - 10,000 short threads leave RSS flat; 200 idle threads with 8 small blocks each
 * cost little; blocks are allocated and freed in TLS destructors, after thread exit of their owner,
 * and in handlers of thread-specific data.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *HmmCheck(void) __attribute__((weak));

enum { SHORT = 10000, IDLE = 200, BLOCKS = 8 };

static long figure(const char *file, const char *name)
{
    char line[256];
    long kib = -1;
    FILE *f = fopen(file, "r");
    while (f != NULL && fgets(line, sizeof line, f))
        if (strncmp(line, name, strlen(name)) == 0)
            kib = atol(line + strlen(name));
    if (f != NULL)
        fclose(f);
    return kib;
}

static pthread_key_t key;

/* Runs at the thread's end, after or before the heap's own: both must work. */
static void at_end(void *block)
{
    free(block);
    for (int i = 0; i < 300; i++)
        free(malloc((size_t)i * 3));
    if (malloc_usable_size(block = malloc(5000)) < 5000)
        abort();
    free(block);
}

static void *leftover;

static void *short_life(void *arg)
{
    void *blocks[100];
    pthread_setspecific(key, malloc(200));
    for (int i = 0; i < 100; i++)
        blocks[i] = memset(malloc((size_t)i * 13), 1, (size_t)i * 13);
    for (int i = 0; i < 100; i++)
        free(blocks[i]);
    free(leftover); /* another thread's, which has ended */
    leftover = malloc(1234);
    return arg;
}

static pthread_barrier_t barrier;

static void *idle(void *arg)
{
    void *blocks[BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = malloc(24 + (size_t)i * 16);
    pthread_barrier_wait(&barrier);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < BLOCKS; i++)
        free(blocks[i]);
    return arg;
}

int main(void)
{
    pthread_key_create(&key, at_end);
    pthread_t t;
    long rss = 0;
    for (int i = 0; i < SHORT; i++) {
        pthread_create(&t, NULL, short_life, NULL);
        pthread_join(t, NULL);
        if (i == SHORT / 10)
            rss = figure("/proc/self/status", "VmRSS:");
    }
    long rss_after = figure("/proc/self/status", "VmRSS:");
    printf("%d short threads: RSS %ld KiB after %d, %ld KiB at the end\n", SHORT, rss, SHORT / 10,
           rss_after);
    if (rss_after > rss + 512)
        return 1;

    static pthread_t threads[IDLE];
    pthread_barrier_init(&barrier, NULL, IDLE + 1);
    long before = figure("/proc/self/smaps_rollup", "Anonymous:");
    for (int i = 0; i < IDLE; i++)
        pthread_create(&threads[i], NULL, idle, NULL);
    pthread_barrier_wait(&barrier);
    long during = figure("/proc/self/smaps_rollup", "Anonymous:");
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < IDLE; i++)
        pthread_join(threads[i], NULL);
    if (HmmCheck == NULL || HmmCheck() != NULL) {
        printf("heap check: %s\n", HmmCheck == NULL ? "libhmm is not there" : HmmCheck());
        return 1;
    }
    double each = (double)(during - before) / IDLE;
    printf("%d idle threads with %d small blocks each: %.1f KiB per thread\n", IDLE, BLOCKS, each);
    return each > 20 || each < 0;
}
