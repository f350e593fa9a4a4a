/* life_return.c - memory goes back: after a peak, a program that goes on working gives back what it
 * does not need, without malloc_trim; with it, at once.
 */
#include "rss.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { N = 200000, BYTES = 500 };
static char *blocks[N];

static void work_on(double seconds)
{
    struct timespec nap = {0, 5000000};
    for (int i = 0; i < (int)(seconds * 200); i++) {
        void *some[200];
        for (int k = 0; k < 200; k++)
            some[k] = malloc(3000);
        for (int k = 0; k < 200; k++)
            free(some[k]);
        nanosleep(&nap, NULL);
    }
}

int main(void)
{
    long start = rss_kib();
    char *first_break = sbrk(0);
    for (int i = 0; i < N; i++)
        blocks[i] = memset(malloc(BYTES), 1, BYTES);
    long peak = rss_kib();
    char *peak_break = sbrk(0);
    for (int i = 0; i < N; i++)
        free(blocks[i]);
    work_on(6);
    long settled = rss_kib();
    char *settled_break = sbrk(0);
    malloc_trim(0);
    long trimmed = rss_kib();
    printf("RSS KiB: start %ld, peak %ld, some seconds of work later %ld, trimmed %ld\n", start,
           peak, settled, trimmed);
    printf("break MiB above the first: peak %ld, later %ld\n",
           (long)(peak_break - first_break) >> 20, (long)(settled_break - first_break) >> 20);
    return settled - start > (peak - start) / 10 || trimmed - start > 2500 ||
           settled_break - first_break > (peak_break - first_break) / 4;
}
