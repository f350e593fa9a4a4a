/* life_locked.c - a process that is locked in memory: nothing can be given back, and the heap stays
 * whole. The system is not asked again and again, either. Needs the right to lock memory; without
 * it there is nothing to see. */
#include "hmm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

extern __typeof(HmmCheck) HmmCheck __attribute__((weak));
extern __typeof(HmmGetStats) HmmGetStats __attribute__((weak));

enum { N = 40000, SIZES = 6, LARGE = 3000, MAX_CALLS = 1000 };

static char *blocks[N];

static size_t kernel_calls(void)
{
    struct HmmStats stats = {0};
    if (HmmGetStats != NULL)
        HmmGetStats(&stats);
    return stats.kernel_calls;
}

/* Calls made while 60 MiB are allocated and freed ten times. */
static size_t calls_for_swings(void)
{
    size_t before = kernel_calls();
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < LARGE; i++)
            blocks[i] = memset(malloc(20000 + i % 7 * 9000), 1, 100);
        for (int i = 0; i < LARGE; i++)
            free(blocks[i]);
    }
    return kernel_calls() - before;
}

int main(void)
{
    static const size_t bytes[SIZES] = {16, 48, 100, 700, 3000, 40};
    if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0) {
        printf("memory can't be locked here\n");
        return 0;
    }
    for (int round = 0; round < 2 * SIZES; round++) {
        for (int i = 0; i < N; i++) {
            blocks[i] = calloc(1, bytes[round % SIZES]);
            if (blocks[i] == NULL || blocks[i][0] != 0)
                return 1;
            memset(blocks[i], 0xa5, bytes[round % SIZES]);
        }
        for (int i = 0; i < N; i++)
            free(blocks[i]);
        usleep(200000); /* so that all of it is due to be given back */
        free(malloc(100000));
    }
    size_t calls = calls_for_swings();
    printf("%zu system calls for ten swings that nothing can be given back of\n", calls);
    const char *broken = HmmCheck != NULL ? HmmCheck() : "libhmm is not there";
    if (broken != NULL)
        printf("heap check: %s\n", broken);
    return broken != NULL || calls > MAX_CALLS;
}
