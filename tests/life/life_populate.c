/* life_populate.c - in a heap that is no longer small, a new slab has its pages before its blocks
 * are touched: one call instead of a page fault for each. Blocks of more than a page are left
 * alone, unless others as long are filled; a thread that has just begun gets those, too.
 */
#include "rss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { MIB = 1 << 20 };

static long grown_kib(long n, size_t bytes)
{
    long before = rss_kib();
    for (long i = 0; i < n; i++)
        if (malloc(bytes) == NULL) /* not touched, nor freed */
            return -1;
    return rss_kib() - before;
}

/* Of a block of 3 MiB, others filled. */
static long large_kib(void)
{
    for (int i = 0; i < 2; i++) {
        void *filled = malloc((size_t)3 * MIB);
        if (filled == NULL)
            return -1;
        memset(filled, 1, (size_t)3 * MIB);
    }
    return grown_kib(1, 3 * MIB);
}

/* Of one whose first part is old memory, which takes none beside what it has. */
static long partly_old_kib(void)
{
    void *old = malloc(MIB);
    if (old == NULL)
        return -1;
    free(memset(old, 1, MIB)); /* the thread keeps it, until a longer block is wanted */
    return grown_kib(1, 3 * MIB);
}

int main(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sysconf(_SC_PAGESIZE) != 4096 || madvise(page, 4096, MADV_POPULATE_WRITE) != 0) {
        puts("another size of pages, or Linux before 5.14: nothing to see");
        return 0;
    }
    void *heap = malloc((size_t)4 << 20); /* no longer small; and the thread's first block */
    long large_one = large_kib(), partly_old = partly_old_kib();
    long small = grown_kib(100000, 240);
    long large = grown_kib(1000, 20000);
    printf("RSS KiB of untouched blocks: %d in small ones %ld, %d in large ones %ld, of 3 MiB %ld, "
           "partly old %ld\n",
           24000000 / 1024, small, 20000000 / 1024, large, large_one, partly_old);
    return heap == NULL || small < 24000000 / 1024 * 3 / 4 || large > 20000000 / 1024 / 4 ||
           large_one < 900 || partly_old < 900;
}
