/* faults.c - failure injection: the k-th growth of the break fails, for every k; the heap returns
 * NULL, loses nothing, and works on when memory is back.
 *
 *   stress_faults MAX_K
 */
#include "stress/drop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS = 4000 };

static void die(const char *what, size_t k)
{
    fprintf(stderr, "faults: k = %zu: %s\n", k, what);
    abort();
}

static void check(struct hmm_heap *heap, size_t k)
{
    const char *wrong = hmm_heap_check(heap);
    if (wrong != NULL)
        die(wrong, k);
}

static size_t size_of(unsigned i)
{
    return i % 37 == 0 ? 40000 + i * 10 : i % 11 == 0 ? 3000 + i % 5000 : 1 + i % 700;
}

/* Allocate until the slots are full or memory ends; returns how many. */
static unsigned fill(struct hmm_heap *heap, struct hmm_thread *self, void **slots)
{
    unsigned n = 0;
    while (n < SLOTS) {
        size_t bytes = size_of(n);
        void *block = n % 17 == 5 ? hmm_heap_alloc_aligned(heap, self, 256, bytes)
                                  : hmm_heap_alloc(heap, self, bytes, NULL);
        if (block == NULL)
            break;
        memset(block, (int)n, bytes);
        slots[n++] = block;
    }
    return n;
}

static void one(size_t k)
{
    static void *slots[SLOTS];
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    struct hmm_heap *heap = calloc(1, sizeof *heap);
    struct hmm_thread self = {0};
    tunables.map = 1;
    tunables.heap_max = 64 << 20;
    tunables.grow_min = 65536;
    tunables.grow_max = 65536; /* many small steps */
    if (!hmm_heap_init(heap, &tunables))
        die("no heap", k);
    heap->brk.fail_after = k;
    unsigned n = fill(heap, &self, slots);
    if (k < 300 && n == SLOTS && heap->brk.n_failed == 0 && k < heap->brk.n_grown)
        die("the failure did not happen", k);
    check(heap, k);
    for (unsigned i = 0; i < n; i++)
        if (((unsigned char *)slots[i])[size_of(i) - 1] != (unsigned char)i)
            die("contents have changed", k);
    heap->brk.fail_after = SIZE_MAX; /* memory is back: all of it works, with what is held */
    for (unsigned i = 0; i < n; i += 2)
        hmm_heap_free(heap, &self, slots[i], "HmmFree");
    check(heap, k);
    static void *more[SLOTS];
    if (fill(heap, &self, more) != SLOTS)
        die("no recovery", k);
    check(heap, k);
    for (unsigned i = 0; i < SLOTS; i++)
        hmm_heap_free(heap, &self, more[i], "HmmFree");
    for (unsigned i = 1; i < n; i += 2)
        hmm_heap_free(heap, &self, slots[i], "HmmFree");
    hmm_heap_thread_exit(heap, &self);
    hmm_heap_trim(heap, &self, 0);
    check(heap, k);
    if (heap->pages.n_units > 64)
        die("not given back after everything was freed", k);
    drop_heap(heap);
    free(heap);
}

int main(int argc, char **argv)
{
    size_t max_k = argc > 1 ? strtoul(argv[1], NULL, 10) : 100;
    for (size_t k = 0; k <= max_k; k++)
        one(k);
    printf("growth failed at each of the first %zu steps: ok\n", max_k + 1);
    return 0;
}
