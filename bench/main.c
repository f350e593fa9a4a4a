/* main.c - bench_micro PATTERN: one pattern of allocation per run. Without an argument: lists them.
 */
#include "patterns.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* With BENCH_STATS set: the heap's own figures, if it prints any. */
static int finish(void)
{
    if (getenv("BENCH_STATS") != NULL)
        malloc_stats();
    return 0;
}

int main(int argc, char **argv)
{
    const char *s = argc > 1 ? argv[1] : "";
    int listed = 0;
#define RUN(name, call)                                                                            \
    if (argc < 2)                                                                                  \
        puts(name), listed = 1;                                                                    \
    else if (strcmp(s, name) == 0)                                                                 \
        return call, finish();
    RUN("pair-16", pairs(16, 60000000))
    RUN("pair-64", pairs(64, 60000000))
    RUN("pair-1k", pairs(1024, 60000000))
    RUN("pair-4k", pairs(4096, 40000000))
    RUN("pair-32k", pairs(32768, 20000000))
    RUN("pair-256k", pairs(262144, 10000000))
    RUN("pair-4m", pairs(4 << 20, 500000))
    RUN("calloc-1m", calloc_pairs(1 << 20, 20000))
    RUN("bulk-lifo-64", bulk(64, LIFO, 1500))
    RUN("bulk-fifo-64", bulk(64, FIFO, 1500))
    RUN("bulk-random-64", bulk(64, RANDOM, 1500))
    RUN("bulk-fifo-1k", bulk(1000, FIFO, 500))
    RUN("bulk-fifo-4k", bulk(4096, FIFO, 150))
    RUN("batches", batches(60))
    RUN("replace-1k", replace(1000, 30000000))
    RUN("replace-30k", replace(30000, 15000000))
    RUN("replace-1m", replace(1000000, 6000000))
    RUN("leak", leak(3000000))
    RUN("large-mix", large_mix(40000))
    RUN("realloc-growth", realloc_growth((size_t)64 << 20, 8))
    RUN("realloc-steps", realloc_steps((size_t)64 << 20))
    RUN("phases", phases())
    RUN("transfer-64", transfer(64, 15000000))
    RUN("transfer-1k", transfer(1000, 8000000))
    RUN("server-2", server(2))
    RUN("server-4", server(4))
    RUN("exchange-2", exchange(2, 8000000))
    RUN("mixed-1", mixed(1, 12000000))
    RUN("mixed-2", mixed(2, 8000000))
    RUN("stress-2", stress(2, 12))
    RUN("stress-8", stress(8, 12))
    RUN("sharing-active", sharing_active(2, 60000))
    RUN("sharing-passive", sharing_passive(2, 60000))
    RUN("thread-churn", thread_churn(20000))
    RUN("fragmentation", fragmentation())
    if (!listed)
        fprintf(stderr, "bench_micro: no such pattern: %s\n", s);
    return listed ? 0 : 2;
}
