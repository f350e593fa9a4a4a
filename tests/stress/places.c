/* places.c - somebody else's memory lies where the heap's records would have to be: the heap goes
 * elsewhere, or says that there is no memory, and goes on when the way is free.
 */
#include "stress/drop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { MIB = 1 << 20, N_BLOCKS = 20000, BLOCK_BYTES = 500 };

static struct hmm_heap heap;
static struct hmm_thread self;
static void *blocks[N_BLOCKS];

static void die(const char *what)
{
    printf("failed: %s\n", what);
    exit(1);
}

static void check(const char *when)
{
    const char *wrong = hmm_heap_check(&heap);
    if (wrong != NULL) {
        printf("%s: ", when);
        die(wrong);
    }
}

static void start(void)
{
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    memset(&heap, 0, sizeof heap);
    self = (struct hmm_thread){0};
    tunables.map = 1;
    if (!hmm_heap_init(&heap, &tunables))
        die("no heap");
    hmm_heap_free(&heap, &self, hmm_heap_alloc(&heap, &self, 16, NULL), "HmmFree");
}

static void finish(void)
{
    hmm_heap_thread_exit(&heap, &self);
    hmm_heap_trim(&heap, &self, 0);
    check("at the end");
    drop_heap(&heap);
}

static char *state_of(size_t heap_bytes, unsigned kind)
{
    return heap.meta.strips[HMM_STRIP_STATE + kind].start +
           (heap_bytes >> HMM_GRANULE_SHIFT >> kind);
}

/* Somebody's mapping, where nothing is yet. */
static void obstruct(char *at, size_t bytes)
{
    void *got = mmap(at, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (got != at)
        die("the obstacle lies elsewhere");
}

static unsigned fill(size_t bytes)
{
    unsigned n = 0;
    while (n < N_BLOCKS && (blocks[n] = hmm_heap_alloc(&heap, &self, bytes, NULL)) != NULL) {
        memset(blocks[n], (int)n, bytes);
        n++;
    }
    return n;
}

static void empty(unsigned n, size_t bytes)
{
    for (unsigned i = 0; i < n; i++) {
        if (((unsigned char *)blocks[i])[bytes - 1] != (unsigned char)i)
            die("contents have changed");
        hmm_heap_free(&heap, &self, blocks[i], "HmmFree");
    }
}

/* State bytes of [1 MiB, 40 MiB) of the heap can't be had. */
static void part_of_states(void)
{
    start();
    unsigned kind = hmm_state_kind(hmm_sizeclass_of(BLOCK_BYTES));
    char *at = state_of(MIB, kind);
    obstruct(at, (size_t)(state_of(40 * MIB, kind) - at));
    unsigned n = fill(BLOCK_BYTES);
    if (n != N_BLOCKS)
        die("no slab elsewhere");
    check("state bytes elsewhere");
    size_t highest = 0;
    for (unsigned i = 0; i < n; i++)
        highest = hmm_max(highest, (uintptr_t)blocks[i] - heap.map.base);
    if (highest < 40 * MIB)
        die("a slab without state bytes");
    unsigned n_others = 0; /* of another kind: nothing is in their way */
    for (; n_others < 1000; n_others++)
        if (hmm_heap_alloc(&heap, &self, 40, NULL) == NULL)
            die("no slab of another kind");
    empty(n, BLOCK_BYTES);
    check("state bytes elsewhere, all free");
    munmap(at, (size_t)(state_of(40 * MIB, kind) - at));
    n = fill(BLOCK_BYTES);
    check("the way is free");
    empty(n, BLOCK_BYTES);
    finish();
}

/* None can be had anywhere: longer blocks take their place, by those of the next kind or page runs.
 */
static void all_states(void)
{
    start();
    unsigned kind = hmm_state_kind(hmm_sizeclass_of(BLOCK_BYTES));
    size_t bytes = (size_t)(state_of((size_t)1 << 40, kind) - state_of(MIB, kind));
    obstruct(state_of(MIB, kind), bytes);
    unsigned n = fill(BLOCK_BYTES);
    if (n != N_BLOCKS || hmm_heap_longer(&heap) == 0)
        die("no longer blocks without state bytes");
    check("no state bytes");
    void *large = hmm_heap_alloc(&heap, &self, 3 * MIB, NULL);
    if (large == NULL)
        die("no large block");
    hmm_heap_free(&heap, &self, large, "HmmFree");
    munmap(state_of(MIB, kind), bytes);
    empty(n, BLOCK_BYTES);
    if (fill(BLOCK_BYTES) != N_BLOCKS)
        die("no recovery");
    check("state bytes again");
    empty(N_BLOCKS, BLOCK_BYTES);
    finish();
}

/* The page map cannot go on: large blocks get mappings of their own, small ones end. */
static void blocked(char *at, unsigned n_large)
{
    char *large[400];
    obstruct(at, 65536);
    for (unsigned i = 0; i < n_large; i++) {
        large[i] = hmm_heap_alloc(&heap, &self, 2 * MIB, NULL);
        if (large[i] == NULL)
            die("no large block outside the heap");
        large[i][0] = 1;
    }
    check("no records");
    size_t before = heap.pages.n_units;
    if (before >= n_large * 2 * MIB / HMM_UNIT_BYTES)
        die("the heap grew on");
    munmap(at, 65536);
    if (fill(30000) != N_BLOCKS || heap.pages.n_units <= before)
        die("no growth with the way free");
    check("records again");
    empty(N_BLOCKS, 30000);
    for (unsigned i = 0; i < n_large; i++)
        hmm_heap_free(&heap, &self, large[i], "HmmFree");
    finish();
}

static void entries(void)
{
    start();
    blocked(heap.meta.strips[HMM_STRIP_ENTRY].mapped_end, 40);
}

/* They are mapped ahead, as what lies below them is soon somebody else's. */
static void chunks(void)
{
    start();
    blocked(heap.meta.chunks.mapped - 65536, 400);
}

/* Another heap is there: this one takes the next place. */
static void taken(void)
{
    static struct hmm_heap first;
    struct hmm_tunables tunables = *hmm_tunables_defaults();
    tunables.map = 1;
    if (!hmm_heap_init(&first, &tunables))
        die("no first heap");
    start();
    if (heap.meta.objects.start == first.meta.objects.start)
        die("two heaps at one place");
    unsigned n = fill(BLOCK_BYTES);
    check("beside another heap");
    empty(n, BLOCK_BYTES);
    finish();
    drop_heap(&first);
}

int main(void)
{
    part_of_states();
    all_states();
    entries();
    chunks();
    taken();
    puts("records in the way of others: ok");
    return 0;
}
