/* costs.c - bench_costs: how long the shared locks are held, in ns, on this machine: the input of
 * scaling.py. Linked with libhmm.a, to call what the heap calls under its locks.
 */
#include "process/process.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 200000, TRIES = 7 };

static double now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static double lock_pair(struct hmm_pages *pages)
{
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++) {
        hmm_lock_take(&pages->states);
        hmm_lock_give(&pages->states);
    }
    return (now_ns() - start) / ROUNDS;
}

/* A run of 64 KiB among others is taken and given back: the lock is taken twice. */
static double take_and_give(struct hmm_pages *pages)
{
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++)
        hmm_pages_give(pages, (uint32_t)hmm_pages_take(pages, 4, 1, HMM_NO_GROWTH, NULL));
    return (now_ns() - start) / ROUNDS / 2;
}

/* A slab of 64-byte slots is made and destroyed; less what the pages take. */
static double create_and_destroy(struct hmm_heap *heap, struct hmm_arena *arena)
{
    double start = now_ns();
    for (int i = 0; i < ROUNDS; i++)
        hmm_slab_destroy(&heap->arenas.slabs, hmm_slab_create(&heap->arenas.slabs, 4, 4,
                                                              HMM_NO_GROWTH, arena, arena->tag));
    return (now_ns() - start) / ROUNDS;
}

int main(void)
{
    void *holes[2000];
    for (int i = 0; i < 2000; i++)
        holes[i] = malloc(100000);
    for (int i = 0; i < 2000; i += 2)
        free(holes[i]);
    struct hmm_heap *heap = &hmm_process_heap;
    double best[3] = {1e9, 1e9, 1e9};
    for (int t = 0; t < TRIES; t++) {
        double cost[3] = {lock_pair(&heap->pages), take_and_give(&heap->pages),
                          create_and_destroy(heap, hmm_arenas_shared(&heap->arenas, 0))};
        for (int i = 0; i < 3; i++)
            best[i] = cost[i] < best[i] ? cost[i] : best[i];
    }
    printf("lock %.1f pages %.1f slab %.1f\n", best[0], best[1], best[2]);
    return 0;
}
