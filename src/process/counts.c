/* counts.c - every call counted, for `hmm run --summary`.
 *
 * Layer   process, above process. Off the hit paths: where calls are counted, there are no hits.
 * State   struct hmm_counts: statistics, each changed by itself.
 */
#include "process/counts.h"

static void add(_Atomic(uint64_t) *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed); /* relaxed: a statistic */
}

static void raise_to(_Atomic(uint64_t) *peak, uint64_t n)
{
    uint64_t seen = atomic_load_explicit(peak, memory_order_relaxed); /* relaxed: a statistic */
    while (n > seen && !atomic_compare_exchange_weak_explicit(peak, &seen, n, memory_order_relaxed,
                                                              memory_order_relaxed)) {
    }
}

static void set(_Atomic(uint64_t) *counter, uint64_t n)
{
    atomic_store_explicit(counter, n, memory_order_relaxed); /* relaxed: a statistic */
}

static void note_heap(struct hmm_counts *counts)
{
    const struct hmm_heap *heap = &hmm_process_heap;
    size_t own_units = heap->map.limit_units - heap->pages.foreign_units;
    raise_to(&counts->peak_heap_bytes, (own_units << HMM_UNIT_SHIFT) + heap->large.maps.bytes);
    set(&counts->n_raised, heap->brk.n_grown);
    set(&counts->n_lowered, heap->brk.n_lowered);
    set(&counts->returned_bytes, hmm_pages_returned(&heap->pages));
    set(&counts->n_kernel_calls, hmm_port_calls());
}

void hmm_counts_heap(void)
{
    if (hmm_process_heap.counts != NULL)
        note_heap(hmm_process_heap.counts);
}

static void count_live(struct hmm_counts *counts, uint64_t more_bytes)
{
    uint64_t live =
        more_bytes + atomic_fetch_add_explicit(&counts->live_bytes, more_bytes,
                                               memory_order_relaxed); /* relaxed: statistic */
    raise_to(&counts->peak_live_bytes, live);
    note_heap(counts);
}

void hmm_counts_alloc(const void *block)
{
    struct hmm_counts *counts = hmm_process_heap.counts;
    add(&counts->n_allocs, 1);
    count_live(counts, hmm_heap_usable(&hmm_process_heap, block, "HmmAlloc"));
}

void hmm_counts_free(const void *block, const char *who)
{
    struct hmm_counts *counts = hmm_process_heap.counts;
    add(&counts->live_bytes, (uint64_t)0 - hmm_heap_usable(&hmm_process_heap, block, who));
    add(&counts->n_frees, 1);
}

void hmm_counts_realloc(uint64_t more_bytes)
{
    struct hmm_counts *counts = hmm_process_heap.counts;
    add(&counts->n_reallocs, 1);
    count_live(counts, more_bytes);
}
