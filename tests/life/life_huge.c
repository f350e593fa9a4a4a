/* life_huge.c - a heap that grows by small blocks, or by large ones that are used all over, is not
 * paid for page by page: where the system has huge pages, far fewer page faults than pages; and
 * resident is what is used, little more. Large blocks of which little is used get none.
 *
 *   life_huge slow    where a huge page takes far longer than it is worth: two are asked for
 */
#include "rss.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { HUGE_BYTES = 2 << 20, N = 400000, BYTES = 240 };
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif

static int has_huge_pages(void)
{
    char *range =
        mmap(NULL, 2 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *block = range + (HUGE_BYTES - (size_t)range % HUGE_BYTES) % HUGE_BYTES;
    *block = 1;
    return madvise(block, HUGE_BYTES, MADV_COLLAPSE) == 0;
}

/* N_LARGE blocks of LARGE_BYTES: each so many bytes of one is used. Page faults for 100 pages that
 * are used. */
static long large(size_t step)
{
    enum { LARGE_BYTES = 300 << 10, N_LARGE = 200 };
    static char *blocks[N_LARGE];
    long faults_before = faults();
    long rss_before = rss_kib();
    for (int i = 0; i < N_LARGE; i++) {
        blocks[i] = malloc(LARGE_BYTES);
        for (size_t at = 0; at < LARGE_BYTES; at += step)
            blocks[i][at] = 1;
    }
    long n_used = N_LARGE * (long)((LARGE_BYTES + step - 1) / step);
    long rss = rss_kib() - rss_before;
    long per_100 = (faults() - faults_before) * 100 / n_used;
    for (int i = 0; i < N_LARGE; i++)
        free(blocks[i]);
    malloc_trim(0);
    printf("large blocks, %ld pages used: RSS KiB %ld, page faults for 100 of them %ld\n", n_used,
           rss, per_100);
    return rss > 4 * n_used + 4 * n_used / 16 + 2 * HUGE_BYTES / 1024 ? 1000 : per_100;
}

static long huge_kib(void)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    char line[200];
    long kib = -1;
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "AnonHugePages: %ld", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return kib;
}

int main(int argc, char **argv)
{
    bool slow = argc > 1 && strcmp(argv[1], "slow") == 0;
    static char *blocks[N];
    memset(blocks, 1, sizeof blocks);
    if (sysconf(_SC_PAGESIZE) != 4096 || !has_huge_pages()) {
        puts("no huge pages here: nothing to see");
        return 0;
    }
    long faults_before = faults();
    long rss_before = rss_kib();
    for (int i = 0; i < N; i++)
        blocks[i] = memset(malloc(BYTES), 1, BYTES);
    long n_faults = faults() - faults_before;
    long rss = rss_kib() - rss_before;
    long live = (long)N * BYTES / 1024;
    long huge = huge_kib();
    printf("in huge pages KiB %ld\n", huge);
    if (slow) /* the first two cost more than all others would save */
        return huge > 2 * HUGE_BYTES / 1024;
    for (int i = 0; i < N; i++)
        free(blocks[i]);
    malloc_trim(0);
    long left = rss_kib() - rss_before;
    printf("live KiB %ld, RSS %ld, page faults %ld of %ld pages, left %ld\n", live, rss, n_faults,
           rss / 4, left);
    long dense = large(4096), sparse = large(100 << 10);
    return n_faults > rss / 4 / 2 || rss > live + live / 16 + HUGE_BYTES / 1024 || left > 2500 ||
           dense > 50 || sparse == 1000;
}
