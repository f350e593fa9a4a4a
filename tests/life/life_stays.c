/* life_stays.c - what limits leave in memory where they are worst (docs/worst-cases.md): as much as
 * is said there, and no more.
 */
#include "below.h"
#include "rss.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N = 100000, MIB = 1 << 20 };

static char *blocks[N];

static char *filled(size_t bytes)
{
    char *block = malloc(bytes);
    if (block == NULL)
        exit(1);
    return memset(block, 1, bytes);
}

/* Work that makes hits only. */
static void work(int ms)
{
    for (int i = 0; i < ms; i++) {
        for (int k = 0; k < 200; k++)
            free(malloc(64));
        usleep(1000);
    }
}

static int is_more(const char *what, long kib, long most)
{
    printf("%s: %ld KiB stay, %ld allowed\n", what, kib, most);
    return kib > most;
}

/* SWEEP_STEP_SLABS, SWEEP_STEP_PAGES: the frees give back as they go, though each of them little.
 */
static int many_free_slots(void)
{
    enum { PINNED = N / 100 };
    for (int i = 0; i < N; i++)
        blocks[i] = filled(1000);
    shuffle(blocks, N);
    long before = rss_kib();
    for (int i = PINNED; i < N; i++)
        free(blocks[i]);
    long at_once = rss_kib();
    work(2000);
    printf("%ld KiB with %d blocks of 1,000 bytes\n", before, N);
    /* 4 KiB for each block that is left, and their slabs' records */
    int bad = is_more("1 of 100 pinned, at once", at_once, before / 8);
    bad += is_more("2 s later", rss_kib(), PINNED * 4 * 5 / 4 + 7000);
    for (int i = 0; i < PINNED; i++)
        free(blocks[i]);
    return bad;
}

/* SPARSE_FULL_EACH: filled ones, then such of which a page is used, in the same places. */
static int full_then_sparse(void)
{
    enum { LARGE = 20, BYTES = 2 * MIB };
    for (int i = 0; i < LARGE; i++)
        blocks[i] = filled(BYTES);
    for (int i = 0; i < LARGE; i++)
        free(blocks[i]);
    for (int i = 0; i < LARGE; i++) {
        blocks[i] = malloc(BYTES);
        blocks[i][0] = 1;
    }
    work(500);
    int bad = is_more("hardly used after filled ones", rss_kib(), LARGE * BYTES / 1024 / 2);
    for (int i = 0; i < LARGE; i++)
        free(blocks[i]);
    return bad;
}

/* PACE_MAX_FREES: a burst, then 100 frees a second. */
static int rare_frees(void)
{
    enum { SLOW = 400 };
    static char *slow[SLOW];
    for (int i = 0; i < SLOW; i++)
        slow[i] = filled(64);
    long before = rss_kib();
    for (int i = 0; i < 20000; i++)
        blocks[i] = filled(1000);
    shuffle(blocks, 20000);
    for (int i = 400; i < 20000; i++)
        free(blocks[i]);
    for (int i = 0; i < SLOW; i++) {
        free(slow[i]);
        usleep(10000);
    }
    int bad = is_more("100 frees a second", rss_kib() - before, 400 * 4 + 3000);
    for (int i = 0; i < 400; i++)
        free(blocks[i]);
    return bad;
}

int main(void)
{
    return many_free_slots() + full_then_sparse() + rare_frees();
}
