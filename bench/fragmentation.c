/* fragmentation.c - a long run whose sizes change from phase to phase, over a live set of about
 * 200 MiB; then everything is freed, and nothing more is called.
 *
 * Each phase has a range of sizes of its own; every new block pushes random old ones out. So each
 * phase leaves a share of its blocks behind, scattered over the memory that it used.
 *
 * Prints one line: MiB of the peak of live bytes, of the peak RSS, and of RSS after everything was
 * freed: at once, after one second, after two. The pattern's own tables don't count.
 */
#include "patterns.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_BLOCKS = 1 << 22 };
static const size_t live_max = (size_t)200 << 20;

static struct {
    char *block;
    size_t bytes;
} table[MAX_BLOCKS];
static size_t n_blocks;
static size_t live;
static uint64_t rng = 88172645463325252u;

/* Doubling by doubling from 2^lo to 2^hi bytes, each as likely as the others. */
static size_t random_bytes(unsigned lo, unsigned hi)
{
    size_t least = (size_t)1 << (lo + below(&rng, hi - lo));
    return least + below(&rng, least);
}

static void free_at(size_t i)
{
    free(table[i].block);
    live -= table[i].bytes;
    table[i] = table[--n_blocks];
}

static size_t file_kib(const char *name, const char *field)
{
    char line[256];
    size_t kib = 0;
    FILE *f = fopen(name, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL)
        if (strncmp(line, field, strlen(field)) == 0)
            kib = strtoul(line + strlen(field), NULL, 10);
    if (f != NULL)
        fclose(f);
    return kib;
}

static double rss_mib(const char *field, size_t before_kib)
{
    return (double)(file_kib("/proc/self/status", field) - before_kib) / 1024;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void fragmentation(void)
{
    static const struct {
        unsigned lo, hi;
    } phase[] = {{4, 8}, {6, 10},  {9, 13}, {4, 7},  {11, 16},
                 {5, 9}, {13, 18}, {7, 11}, {4, 14}, {10, 12}};
    memset(table, 1, sizeof table);
    size_t before_kib = file_kib("/proc/self/status", "VmRSS:");
    double start = seconds();
    size_t peak_live = 0;
    for (size_t p = 0; p < 2 * sizeof phase / sizeof phase[0]; p++) {
        size_t at = p % (sizeof phase / sizeof phase[0]);
        for (size_t allocated = 0; allocated < live_max * 5 / 2;) {
            size_t bytes = random_bytes(phase[at].lo, phase[at].hi);
            while (live + bytes > live_max || n_blocks == MAX_BLOCKS)
                free_at(below(&rng, n_blocks));
            char *block = malloc(bytes);
            memset(block, 1, bytes);
            table[n_blocks].block = block;
            table[n_blocks++].bytes = bytes;
            live += bytes;
            allocated += bytes;
            peak_live = live > peak_live ? live : peak_live;
        }
    }
    while (n_blocks > 0)
        free_at(n_blocks - 1);
    double ran = seconds() - start;
    double left = rss_mib("VmRSS:", before_kib);
    usleep(1000000);
    double left_1s = rss_mib("VmRSS:", before_kib);
    usleep(1000000);
    printf("live %.1f peak %.1f left %.1f left_1s %.1f left_2s %.1f seconds %.3f\n",
           (double)peak_live / (1 << 20), rss_mib("VmHWM:", before_kib), left, left_1s,
           rss_mib("VmRSS:", before_kib), ran);
}
