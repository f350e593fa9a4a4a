/* heap.h - a whole heap: what the hit paths look at first, and every slow path.
 *
 * Layer   core, above large, below walk and api.
 */
#ifndef HMM_HEAP_HEAP_H
#define HMM_HEAP_HEAP_H

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

/* Over the program break or mappings. `tunables` are copied. False: no memory at all. */
bool hmm_heap_init(struct hmm_heap *heap, const struct hmm_tunables *tunables);
/* Over a caller's buffer: records first, then the heap. */
bool hmm_heap_init_buffer(struct hmm_heap *heap, const struct hmm_tunables *tunables, void *buffer,
                          size_t bytes);

/* Any allocation that is not a hit. bytes >= 1. NULL: out of memory.
 *   zero  NULL, or set to whether the block reads as zero */
void *hmm_heap_alloc(struct hmm_heap *heap, struct hmm_thread *self, size_t bytes, bool *zero);
/* align_bytes: a power of two; bytes + align_bytes does not overflow. */
void *hmm_heap_alloc_aligned(struct hmm_heap *heap, struct hmm_thread *self, size_t align_bytes,
                             size_t bytes);
/* Any free that is not a hit. block != NULL. `who` names the call in a message. */
void hmm_heap_free(struct hmm_heap *heap, struct hmm_thread *self, void *block, const char *who);
/* Usable bytes of a block a caller holds; aborts for anything else. */
size_t hmm_heap_usable(struct hmm_heap *heap, const void *block, const char *who);
/* Resize without copying by the caller, in place or moved: NULL when it cannot be done so. */
void *hmm_heap_resize(struct hmm_heap *heap, struct hmm_thread *self, void *block,
                      size_t usable_bytes, size_t bytes);

/* The thread ends. */
void hmm_heap_thread_exit(struct hmm_heap *heap, struct hmm_thread *self);
/* Give back what can be given back now: the caller's caches, free runs, the top but for keep_bytes.
 */
size_t hmm_heap_trim(struct hmm_heap *heap, struct hmm_thread *self, size_t keep_bytes);

/* Around fork (fork.c): the heap holds still; goes on; goes on in the child, with one thread. */
void hmm_heap_fork_prepare(struct hmm_heap *heap);
void hmm_heap_fork_parent(struct hmm_heap *heap);
void hmm_heap_fork_child(struct hmm_heap *heap);

/* Release arenas of threads that only the parent process has: at most n_arenas. */
void hmm_heap_settle(struct hmm_heap *heap, uint32_t n_arenas);
/* A few, if it is time. */
void hmm_heap_settle_some(struct hmm_heap *heap);
/* One, for the calling thread to go on with; NULL: there are none. */
struct hmm_arena *hmm_heap_take_left(struct hmm_heap *heap);

/* The end, with all that is known about `block` (misuse.c). */
HMM_COLD _Noreturn void hmm_misuse(struct hmm_heap *heap, const char *who, const void *block);
HMM_COLD _Noreturn void hmm_misuse_size(const char *who, const void *block, size_t claimed_bytes,
                                        size_t usable_bytes);
/* Not the end: one line, with where the call came from; `last` says that no other will be told. */
HMM_COLD void hmm_report_size(const char *who, const void *block, size_t claimed_bytes,
                              size_t usable_bytes, const void *site, bool last);

#endif
