/* large.h - blocks above 32 KiB: page runs of the heap, and from 128 MiB on mappings of their own.
 *
 * Layer   heap, above mapped.
 */
#ifndef HMM_HEAP_LARGE_H
#define HMM_HEAP_LARGE_H

#include "arenas/arena.h"
#include "heap/mapped.h"
#include "slabs/sparse.h"

struct hmm_large {
    struct hmm_arenas *arenas; /* const */
    struct hmm_maps maps;
    struct hmm_sparse sparse[HMM_WITNESSES]; /* by length */
};

/* The place for runs of this length in the arena's cache. */
static inline struct hmm_cached_run *hmm_large_cached(struct hmm_arena *arena, size_t n_units)
{
    return &arena->cached[n_units % HMM_LARGE_CACHED_RUNS];
}

/* Take the run in this place, if it has exactly n_units; NULL: it has not, or it is a caller's
 * already. caller: owner */
static inline void *hmm_large_take_from(struct hmm_pagemap *map, struct hmm_arena *arena,
                                        struct hmm_cached_run *run, size_t n_units)
{
    if (run->record == NULL || run->record->n_units != n_units)
        return NULL;
    size_t unit = run->unit;
    if (hmm_unlikely(hmm_pagemap_entry(map, unit) != HMM_KIND_LARGE_CACHED))
        return NULL;
    hmm_pagemap_set(map, unit, HMM_KIND_LARGE);
    atomic_signal_fence(memory_order_seq_cst); /* a caller's before it is out: see below */
    run->record = NULL;
    arena->cached_units -= (uint32_t)n_units;
    return hmm_pagemap_address(map, unit);
}

/* The hit of large blocks: a cached run in the place for its length. caller: owner */
static inline void *hmm_large_take_cached(struct hmm_pagemap *map, struct hmm_arena *arena,
                                          size_t n_units)
{
    return hmm_large_take_from(map, arena, hmm_large_cached(arena, n_units), n_units);
}

/* The block at `unit`, of which that is the record, goes to this place, if that is empty. False:
 * nothing done. caller: owner */
static inline bool hmm_large_keep_at(struct hmm_pagemap *map, struct hmm_arena *arena,
                                     struct hmm_cached_run *run, size_t unit,
                                     const struct hmm_unit *record)
{
    _Atomic(uint32_t) *entry = &map->entry[unit];
    HMM_KEEP(entry);
    uint32_t n_units = record->n_units;
    uint32_t cached_units = arena->cached_units + n_units;
    /* Not by hmm_port_replace: after these stores that takes a third of the whole hit. Two threads
     * that free a block at once may both get by; then its second taking ends the process, or it
     * has another length by then, which ends it, too. */
    if (run->record != NULL || cached_units > arena->cached_max_units ||
        /* relaxed: as hmm_pagemap_entry */
        hmm_unlikely(atomic_load_explicit(entry, memory_order_relaxed) != HMM_KIND_LARGE))
        return false;
    run->unit = (uint32_t)unit;
    atomic_signal_fence(memory_order_seq_cst); /* else gcc joins both in a vector register */
    run->n_units = n_units;
    atomic_signal_fence(memory_order_seq_cst); /* a fork's child reads the record first, */
    run->record = record;
    atomic_signal_fence(memory_order_seq_cst); /* and leaves it alone if it is still a caller's */
    /* relaxed: as hmm_pagemap_set */
    atomic_store_explicit(entry, HMM_KIND_LARGE_CACHED, memory_order_relaxed);
    arena->cached_units = cached_units;
    return true;
}

/* The other hit: the block goes to the place for its length. caller: owner */
static inline bool hmm_large_keep_cached(struct hmm_pagemap *map, struct hmm_arena *arena,
                                         size_t unit)
{
    const struct hmm_unit *record = hmm_unit(map, unit);
    HMM_KEEP(record);
    return hmm_large_keep_at(map, arena, hmm_large_cached(arena, record->n_units), unit, record);
}

/* A block of `bytes` > 0 at a multiple of align_bytes (a power of two).
 *   arena  the caller's, or NULL
 *   zero   whether the caller wants it to read as zero; set to whether it does
 *   returns NULL: out of memory
 */
void *hmm_large_alloc(struct hmm_large *large, struct hmm_arena *arena, size_t bytes,
                      size_t align_bytes, bool *zero);

/* The program asks for huge pages at `addr`. Where that is a block of the heap, it ends with it. */
void hmm_large_note_advice(struct hmm_large *large, const void *addr);

/* Free a block whose first unit's entry was LARGE. False: not by this call, it is free already. */
bool hmm_large_free(struct hmm_large *large, struct hmm_arena *arena, void *block);
/* Grow or shrink it where it is. */
bool hmm_large_resize(struct hmm_large *large, void *block, size_t bytes);
/* Grow it by moving it: `bytes` are more than it has. NULL: out of memory, the block is as it was.
 */
void *hmm_large_move(struct hmm_large *large, struct hmm_arena *arena, void *block, size_t bytes);
size_t hmm_large_bytes(const struct hmm_large *large, const void *block);
/* Give the arena's cached runs to the pages. caller: owner */
void hmm_large_flush(struct hmm_large *large, struct hmm_arena *arena);
/* The same for an arena that a fork has left. What is not in the cache for certain, is not. */
void hmm_large_flush_left(struct hmm_large *large, struct hmm_arena *arena);

#endif
