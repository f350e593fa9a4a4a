/* life_idle.c - memory goes back by the frees themselves: after the last one, without any further
 * call, hardly anything of the peak is left. Blocks of 80 size classes, freed in random order: the
 * worst case, in which every block that a magazine still holds keeps a slab of its own.
 */
#include "below.h"
#include "rss.h"

#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 300000 };
static char *blocks[N];
static int peak_and_nothing(int round)
{
    memset(blocks, 1, sizeof blocks);
    long start = rss_kib();
    for (int i = 0; i < N; i++) {
        size_t bytes = (size_t)16 << below(8);
        bytes += below(bytes);
        bytes = below(500) == 0 ? bytes * 100 : bytes;
        blocks[i] = memset(malloc(bytes), 1, bytes);
    }
    long peak = rss_kib();
    for (size_t i = N; i > 1; i--) {
        size_t k = below(i);
        char *block = blocks[k];
        blocks[k] = blocks[i - 1];
        free(block);
    }
    free(blocks[0]);
    long left = rss_kib();
    printf("round %d, RSS KiB: start %ld, peak %ld, left %ld\n", round, start, peak, left);
    return left - start > (peak - start) / 50;
}

int main(void)
{
    int failed = peak_and_nothing(1);
    usleep(
        650000); /* two periods of REGRET_MS, and some ticks of the clock that they are told by */
    return failed | peak_and_nothing(2);
}
