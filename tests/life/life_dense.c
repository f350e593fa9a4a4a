/* life_dense.c - blocks longer than a page get their pages by one call if others of their size are
 * used all over, and none if they are not: buffers of which 100 bytes are used take a page each.
 */
#include "rss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { N = 400 };

static char *blocks[N];

/* KiB that N blocks take, of which `used` bytes are used. */
static long filled_kib(size_t bytes, size_t used)
{
    long before = rss_kib();
    for (int i = 0; i < N; i++) {
        blocks[i] = malloc(bytes);
        memset(blocks[i], 1, used);
    }
    return rss_kib() - before;
}

/* KiB that the next `n` take, which are not touched. */
static long untouched_kib(size_t bytes, int n)
{
    long before = rss_kib();
    for (int i = 0; i < n; i++)
        if (malloc(bytes) == NULL)
            exit(1);
    return rss_kib() - before;
}

/* Of all pages of the untouched blocks, at least or at most half are in memory? */
static int is_bad(const char *what, size_t bytes, int dense)
{
    long filled = filled_kib(bytes, dense ? bytes : 100);
    int n = bytes > 32768 ? 12 : 64; /* fewer than DENSE_EACH runs; some slabs */
    long untouched = untouched_kib(bytes, n);
    long all = n * (long)bytes / 1024;
    printf("%zu bytes, %s: %d take %ld KiB, %d more that nobody touched %ld of %ld KiB\n", bytes,
           what, N, filled, n, untouched, all);
    int sparse_bad = !dense && filled > N * 3 * 4;
    return sparse_bad || (dense ? untouched < all / 2 : untouched > all / 4);
}

/* Blocks just longer than a whole number of units of 16 KiB: no pages for the rest of the last one.
 */
static int takes_rest(size_t bytes)
{
    long filled = filled_kib(bytes, bytes);
    long pages = N * (long)((bytes + 4095) / 4096);
    printf("%zu bytes, used all over: %d take %ld KiB, %ld allowed\n", bytes, N, filled,
           4 * pages + pages / 4);
    return filled > 4 * pages + pages / 4;
}

/* Blocks of 300 KB that are filled tell nothing of one of 80 MB, of which ten pages are used.
 */
static int longer_learn(void)
{
    enum { BYTES = 80000000 };
    for (int i = 0; i < 20; i++)
        blocks[i] = memset(malloc(300000), 1, 300000);
    long before = rss_kib();
    for (int i = 0; i < 3; i++) {
        char *block = calloc(1, BYTES);
        for (size_t at = 0; at < BYTES; at += BYTES / 10)
            block[at] = 1;
    }
    long taken = rss_kib() - before;
    printf("3 of 80 MB, 10 pages used, after filled ones of 300 KB: %ld KiB\n", taken);
    return taken > 1000;
}

int main(void)
{
    char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (sysconf(_SC_PAGESIZE) != 4096 || madvise(page, 4096, MADV_POPULATE_WRITE) != 0) {
        puts("another size of pages, or Linux before 5.14: nothing to see");
        return 0;
    }
    int n_bad = 0;
    n_bad += is_bad("used all over", 70000, 1);
    n_bad += is_bad("100 bytes used", 140000, 0);
    n_bad += is_bad("used all over", 30000, 1);
    n_bad += is_bad("100 bytes used", 16000, 0);
    n_bad += is_bad("100 bytes used", 32768, 0);
    n_bad += longer_learn();
    n_bad += takes_rest(32785);
    n_bad += takes_rest(65537);
    return n_bad;
}
