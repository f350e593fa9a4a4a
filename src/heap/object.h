/* object.h - a whole heap, as an object.
 *
 * Layer   heap, above large.
 */
#ifndef HMM_HEAP_OBJECT_H
#define HMM_HEAP_OBJECT_H

#include "heap/large.h"

/* Exact counts of calls, kept only when asked for (tunable `count`). All atomic, relaxed. */
struct hmm_counts {
    _Atomic(uint64_t) n_allocs;
    _Atomic(uint64_t) n_frees;
    _Atomic(uint64_t) n_reallocs;
    _Atomic(uint64_t) live_bytes;
    _Atomic(uint64_t) peak_live_bytes;
    _Atomic(uint64_t) peak_heap_bytes;
    _Atomic(uint64_t) n_raised; /* as of the last counted call, like the rest */
    _Atomic(uint64_t) n_lowered;
    _Atomic(uint64_t) returned_bytes;
    _Atomic(uint64_t) n_kernel_calls;
};

struct hmm_heap {
    struct hmm_pagemap map; /* first: the hit paths' line */
    struct hmm_meta meta;
    struct hmm_brk brk;
    struct hmm_pages pages;
    struct hmm_arenas arenas;
    struct hmm_large large;
    struct hmm_counts *counts; /* const after init: NULL unless calls are counted */
    /* atomic: blocks that are longer than their size asks for, as there was no memory for shorter
     * ones; all that there have been */
    _Atomic(uint32_t) n_longer;
    _Atomic(bool) visits;                  /* atomic hint: there is work in others' arenas */
    _Atomic(uint32_t) others_count;        /* atomic hint: threads have been told to: pace.h */
    _Atomic(struct hmm_arena *) wake_next; /* atomic hint: who is to be told next; NULL: nobody */
};

static inline void hmm_heap_note_longer(struct hmm_heap *heap)
{
    /* relaxed: only it */
    uint32_t n = atomic_fetch_add_explicit(&heap->n_longer, 1, memory_order_relaxed);
    if (n == UINT32_MAX)
        atomic_store_explicit(&heap->n_longer, 1, memory_order_relaxed); /* relaxed: only it */
}

static inline uint32_t hmm_heap_longer(const struct hmm_heap *heap)
{
    return atomic_load_explicit(&heap->n_longer, memory_order_relaxed); /* relaxed: only it */
}

#endif
