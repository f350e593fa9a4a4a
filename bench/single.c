/* single.c - patterns of one thread.
 */
#include "patterns.h"

#include <stdlib.h>
#include <string.h>

static uint64_t rng = 88172645463325252u;

void pairs(size_t bytes, long n)
{
    for (long i = 0; i < n; i++)
        free(touch(malloc(bytes)));
}

void bulk(size_t bytes, enum order order, int rounds)
{
    enum { N = 10000 };
    static void *blocks[N];
    static uint32_t at[N];
    for (int i = 0; i < N; i++)
        at[i] = (uint32_t)(order == LIFO ? N - 1 - i : i);
    for (int i = N - 1; order == RANDOM && i > 0; i--) {
        uint32_t k = (uint32_t)(next_of(&rng) % (uint64_t)(i + 1));
        uint32_t t = at[i];
        at[i] = at[k];
        at[k] = t;
    }
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < N; i++)
            blocks[i] = touch(malloc(bytes));
        for (int i = 0; i < N; i++)
            free(blocks[at[i]]);
    }
}

/* Random replacement: n live blocks of 16 to 512 bytes, some larger. */
void replace(size_t n_live, long n)
{
    void **blocks = calloc(n_live, sizeof *blocks);
    for (long i = 0; i < n; i++) {
        uint64_t x = next_of(&rng);
        size_t k = (size_t)((x >> 32) * n_live >> 32);
        free(blocks[k]);
        blocks[k] = touch(malloc((x & 63) == 0 ? x >> 8 & 4095 : 16 + (x >> 8 & 255)));
    }
    for (size_t i = 0; i < n_live; i++)
        free(blocks[i]);
    free(blocks);
}

/* Batches of mixed small sizes, freed in part in order and in part from the end, some kept until
 * later batches: after MicroQuill's sh6bench and sh8bench. */
void batches(int rounds)
{
    enum { BATCHES = 40, BATCH = 2500 };
    static void *blocks[BATCHES][BATCH];
    for (int r = 0; r < rounds; r++) {
        for (int b = 0; b < BATCHES; b++) {
            size_t bytes = 8 + below(&rng, 40) * below(&rng, 25);
            for (int i = 0; i < BATCH; i++)
                blocks[b][i] = touch(malloc(bytes));
            int old = (b + BATCHES / 2) % BATCHES;
            for (int i = 0; i < BATCH; i++) {
                int k = b % 2 == 0 ? i : BATCH - 1 - i;
                free(blocks[old][k]);
                blocks[old][k] = NULL;
            }
        }
    }
    for (int b = 0; b < BATCHES; b++)
        for (int i = 0; i < BATCH; i++)
            free(blocks[b][i]);
}

/* Most blocks are never freed, as in a program that ends rather than cleans up. */
void leak(long n)
{
    for (long i = 0; i < n; i++) {
        uint64_t x = next_of(&rng);
        char *block = touch(malloc((x & 15) == 0 ? x >> 8 & 1023 : 16 + (x >> 8 & 63)));
        if ((x >> 4 & 3) == 0)
            free(block);
    }
}

/* Zeroed blocks that are hardly touched. */
void calloc_pairs(size_t bytes, long n)
{
    for (long i = 0; i < n; i++)
        free(touch(calloc(1, bytes)));
}

/* A few blocks of 5 to 25 MiB, one replaced at a time, every page of each written the first time:
 * after mimalloc-bench's malloc-large. */
void large_mix(long n)
{
    enum { LIVE = 20 };
    char *blocks[LIVE] = {0};
    for (long i = 0; i < n; i++) {
        size_t k = below(&rng, LIVE);
        free(blocks[k]);
        size_t bytes = ((size_t)5 << 20) + below(&rng, (size_t)20 << 20);
        blocks[k] = malloc(bytes);
        for (size_t at = 0; i < 100 && at < bytes; at += 4096)
            blocks[k][at] = 1;
        touch(blocks[k]);
        touch(blocks[k] + bytes - 1);
    }
    for (int i = 0; i < LIVE; i++)
        free(blocks[i]);
}

void realloc_growth(size_t max, int rounds)
{
    for (int r = 0; r < rounds; r++) {
        char *block = NULL;
        void *other[64];
        int n_other = 0;
        for (size_t bytes = 16; bytes < max; bytes += bytes / 2) {
            block = realloc(block, bytes);
            memset(block + bytes / 2, 1, bytes - bytes / 2);
            other[n_other++] = malloc(bytes / 8 + 1);
        }
        while (n_other > 0)
            free(other[--n_other]);
        free(block);
    }
}

void realloc_steps(size_t max)
{
    char *block = NULL;
    for (size_t bytes = 4096; bytes < max; bytes += 4096) {
        block = realloc(block, bytes);
        block[bytes - 1] = 1;
    }
    free(block);
}

/* Sizes whose mix changes from phase to phase, over a live set of some 100 MiB. */
void phases(void)
{
    enum { SLOTS = 400000 };
    static void *blocks[SLOTS];
    static uint32_t bytes_of[SLOTS];
    size_t live = 0;
    for (int phase = 0; phase < 8; phase++) {
        size_t shift = (size_t)phase % 4 * 2;
        for (long i = 0; i < 1500000; i++) {
            uint64_t x = next_of(&rng);
            size_t k = (size_t)((x >> 32) * SLOTS >> 32);
            live -= bytes_of[k];
            free(blocks[k]);
            blocks[k] = NULL;
            bytes_of[k] = 0;
            if (live > (size_t)100 << 20)
                continue;
            bytes_of[k] = (uint32_t)(((x & 255) + 8) << shift >> (x >> 8 & 3));
            blocks[k] = touch(malloc(bytes_of[k]));
            live += bytes_of[k];
        }
    }
    for (int i = 0; i < SLOTS; i++)
        free(blocks[i]);
}
