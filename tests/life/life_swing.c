/* life_swing.c - memory that is needed again soon is kept, at any size: programs whose memory
 * swings have page faults in their first two cycles, and hardly any later.
 *
 * The worst case of each rule that gives memory back: all blocks freed in order, and in random
 * order; every second one freed; all but one in twenty; two threads at once. 160 MiB, more than any
 * limit in libhmm.
 */
#include "below.h"
#include "rss.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { MIB = 160, CYCLES = 10, LEARNT = 5, PAGE = 4096 };

enum which { ALL, ALL_RANDOM, HALF_RANDOM, ALL_BUT_20TH };

struct swing {
    const char *name;
    size_t block_bytes;
    enum which frees;
    int mib;
};

static void fill(char **blocks, size_t n, size_t bytes)
{
    for (size_t i = 0; i < n; i++) {
        if (blocks[i] != NULL)
            continue;
        blocks[i] = malloc(bytes);
        for (size_t at = 0; at < bytes; at += PAGE)
            blocks[i][at] = 1;
    }
}

static void empty(char **blocks, size_t n, enum which which)
{
    if (which == ALL_RANDOM)
        shuffle(blocks, n);
    for (size_t i = 0; i < n; i++) {
        if ((which == HALF_RANDOM && below(2) == 0) || (which == ALL_BUT_20TH && i % 20 == 0))
            continue;
        free(blocks[i]);
        blocks[i] = NULL;
    }
}

/* Page faults of the cycles from LEARNT on. */
static long late_faults(const struct swing *swing)
{
    size_t n = ((size_t)swing->mib << 20) / swing->block_bytes;
    char **blocks =
        mmap(NULL, n * sizeof *blocks, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    long before = 0;
    for (int cycle = 0; cycle < CYCLES; cycle++) {
        if (cycle == LEARNT)
            before = faults();
        fill(blocks, n, swing->block_bytes);
        empty(blocks, n, swing->frees);
    }
    long late = faults() - before;
    empty(blocks, n, ALL);
    munmap(blocks, n * sizeof *blocks);
    return late;
}

static int is_bad(const struct swing *swing)
{
    long late = late_faults(swing);
    long all = (long)((size_t)swing->mib << 20) / PAGE * (CYCLES - LEARNT);
    printf("%s: %ld page faults in the last %d cycles of %d, of %ld pages\n", swing->name, late,
           CYCLES - LEARNT, CYCLES, all);
    return late > all / 20;
}

static void *run_thread(void *swing)
{
    late_faults(swing);
    return NULL;
}

int main(void)
{
    static const struct swing swings[] = {
        {"64 KiB, all freed in order", 65536, ALL, MIB},
        {"4,000 bytes, all freed in random order", 4000, ALL_RANDOM, MIB},
        {"32 KiB, all freed in random order", 32768, ALL_RANDOM, MIB},
        {"16,000 bytes, half freed at random", 16000, HALF_RANDOM, MIB},
        {"4,000 bytes, all freed but one in 20", 4000, ALL_BUT_20TH, MIB},
        {"900 bytes, all freed but one in 20", 900, ALL_BUT_20TH, MIB},
        {"3 MiB, all freed in random order", 3 << 20, ALL_RANDOM, MIB},
    };
    int n_bad = 0;
    for (size_t i = 0; i < sizeof swings / sizeof swings[0]; i++)
        n_bad += is_bad(&swings[i]);
    static struct swing one = {"4,000 bytes beside another thread", 4000, ALL_RANDOM, MIB / 2};
    pthread_t other;
    if (pthread_create(&other, NULL, run_thread, &one) != 0)
        return 1;
    long late = late_faults(&one);
    pthread_join(other, NULL);
    long all = 2 * ((long)one.mib << 20) / PAGE * (CYCLES - LEARNT);
    printf("%s: %ld page faults, of %ld pages\n", one.name, late, all);
    return n_bad + (late > all / 10) != 0;
}
