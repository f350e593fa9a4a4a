/* life_phases.c - sizes change from phase to phase, while as much stays live: free memory lies in
 * one place and is needed in another. That is no swing for which memory is to be kept: when all is
 * freed, and nothing is called any more, hardly anything is left.
 */
#include "below.h"
#include "expect.h"
#include "rss.h"

#include <stdint.h>
#include <sys/mman.h>

enum { LIVE = 48 << 20, MAX_BLOCKS = 1 << 20 };

static struct {
    char *block;
    size_t bytes;
} * table;
static size_t n_blocks, live;
static void free_at(size_t i)
{
    free(table[i].block);
    live -= table[i].bytes;
    table[i] = table[--n_blocks];
}

/* Blocks of 2^lo to 2^hi bytes push random older ones out. */
static void phase(unsigned lo, unsigned hi)
{
    for (size_t allocated = 0; allocated < LIVE * 5ul / 2;) {
        size_t least = (size_t)1 << (lo + below(hi - lo));
        size_t bytes = least + below(least);
        while (live + bytes > LIVE || n_blocks == MAX_BLOCKS)
            free_at(below(n_blocks));
        table[n_blocks].block = memset(malloc(bytes), 1, bytes);
        table[n_blocks++].bytes = bytes;
        live += bytes;
        allocated += bytes;
    }
}

int main(void)
{
    static const unsigned phases[][2] = {{4, 8}, {6, 10},  {9, 13}, {4, 7},  {11, 16},
                                         {5, 9}, {13, 18}, {7, 11}, {4, 14}, {10, 12}};
    size_t table_bytes = MAX_BLOCKS * sizeof *table;
    table = mmap(NULL, table_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    memset(table, 1, table_bytes);
    long start = rss_kib();
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++)
            phase(phases[i][0], phases[i][1]);
    long peak = rss_kib() - start;
    while (n_blocks > 0)
        free_at(n_blocks - 1);
    long left = rss_kib() - start;
    printf("of %ld KiB at the end\n", peak);
    expect(left < 4 * 1024, "left when all is freed, KiB", left); /* state bytes, too */
    return failures != 0;
}
