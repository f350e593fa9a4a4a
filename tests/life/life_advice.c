/* life_advice.c - huge pages that a program asks for (madvise) end with the block: what comes to
 * lie there afterwards takes a page for each page that is used. Freed, shrunk, moved.
 */
#include "expect.h"
#include "rss.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, ARRAY_MIB = 64, BUFFER_BYTES = 65000, N_BUFFERS = ARRAY_MIB * 16 };

static char *advised(void)
{
    size_t bytes = (size_t)ARRAY_MIB * MIB;
    char *block = malloc(bytes);
    uintptr_t from = ((uintptr_t)block + 4095) & ~(uintptr_t)4095;
    if (madvise((void *)from, bytes - 4096, MADV_HUGEPAGE) != 0)
        exit(77);
    memset(block, 1, bytes);
    return block;
}

/* What buffers of which a page is used take, where the array was. */
static long buffers_kib(const char *behind)
{
    static char *buffers[N_BUFFERS];
    malloc_trim(0);
    long before_kib = rss_kib();
    long n_there = 0;
    for (int i = 0; i < N_BUFFERS; i++) {
        buffers[i] = malloc(BUFFER_BYTES);
        buffers[i][0] = 1;
        n_there += buffers[i] < behind;
    }
    long kib = rss_kib() - before_kib;
    for (int i = 0; i < N_BUFFERS; i++)
        free(buffers[i]);
    expect(n_there > N_BUFFERS / 2, "of the buffers, so many lie where the array was", n_there);
    return kib;
}

static void expect_little(long kib, const char *when)
{
    expect(kib < 2 * N_BUFFERS * (sysconf(_SC_PAGESIZE) / 1024) + 4096, when, kib);
}

int main(void)
{
    char *array = advised();
    char *behind = malloc(200000);
    free(array);
    expect_little(buffers_kib(behind), "after a free, KiB");

    array = advised();
    array = realloc(array, 3 * MIB);
    expect_little(buffers_kib(behind), "after it has shrunk, KiB");
    free(array);

    array = advised();
    void *wall = malloc(200000); /* so that it has to move */
    array = realloc(array, (size_t)(ARRAY_MIB + 8) * MIB);
    expect_little(buffers_kib(behind), "after it has moved, KiB");
    free(wall);
    free(array);
    return failures;
}
