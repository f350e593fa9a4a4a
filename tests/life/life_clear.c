/* life_clear.c - calloc of a large block whose memory had been used before: all of it reads as
 * zero; a block that is used here and there takes a few pages, and one whose memory is there takes
 * no page faults.
 */
#include "rss.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 4096, SPARSE_MIB = 100, DENSE_MIB = 6, ROUNDS = 10, TOUCHED = 20 };

static int is_zero(const char *block, size_t bytes)
{
    return block[0] == 0 && memcmp(block, block + 1, bytes - 1) == 0;
}

/* A block of which a MiB somewhere is dirty, in one piece or a page here and there. */
static void leave_dirty(size_t bytes, size_t step)
{
    char *block = malloc(bytes);
    for (size_t at = 0; at < bytes; at += step)
        block[at] = 1;
    memset(block + bytes / 3, 0xa5, 1 << 20);
    free(block);
}

static int sparse(size_t step)
{
    size_t bytes = (size_t)SPARSE_MIB << 20;
    long most_kib = 0;
    for (int round = 0; round < ROUNDS; round++) {
        leave_dirty(bytes, step);
        long before_kib = rss_kib();
        char *block = calloc(1, bytes);
        for (size_t i = 0; i < TOUCHED; i++)
            block[bytes / TOUCHED * i] = 1;
        long kib = rss_kib() - before_kib;
        most_kib = kib > most_kib ? kib : most_kib;
        free(block);
    }
    leave_dirty(bytes, step);
    char *block = calloc(1, bytes);
    int zero = is_zero(block, bytes);
    free(block);
    printf("%d MiB by calloc, %d pages used: %ld KiB more; reads as zero: %d\n", SPARSE_MIB,
           TOUCHED, most_kib, zero);
    return !zero || most_kib > 8 * TOUCHED * PAGE / 1024;
}

static int dense(void)
{
    size_t bytes = (size_t)DENSE_MIB << 20;
    char *live = memset(malloc(2 * bytes), 1, 2 * bytes); /* so that the heap keeps as much */
    long late = 0;
    int zero = 1;
    for (int round = 0; round < ROUNDS; round++) {
        free(memset(malloc(bytes), 0xa5, bytes));
        long before = faults();
        char *block = calloc(1, bytes);
        zero = zero && is_zero(block, bytes);
        if (round >= ROUNDS / 2)
            late += faults() - before;
        free(block);
    }
    free(live);
    printf("%d MiB by calloc that had all been used: %ld page faults; reads as zero: %d\n",
           DENSE_MIB, late, zero);
    return !zero || late > (long)bytes / PAGE / 4;
}

int main(void)
{
    int n_bad = sparse(1 << 20) + sparse(64 << 10) + dense();
    return n_bad;
}
