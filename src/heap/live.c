/* live.c - how much callers hold, by what is counted anyway.
 *
 * Layer   heap, above heap. Start reading at hmm_live_count.
 * State   none of its own. Differences may be less than none for a moment, while other threads
 *         work: they are sums modulo the word, and at the end what is below 0 is 0.
 */
#include "heap/live.h"

#include "arenas/gate.h"
#include "memory/pieces.h"

static void count_more(struct hmm_live *live, size_t n_blocks, size_t n_bytes)
{
    live->n_blocks += n_blocks;
    live->n_bytes += n_bytes;
}

static void count_less(struct hmm_live *live, size_t n_blocks, size_t n_bytes)
{
    count_more(live, 0 - n_blocks, 0 - n_bytes);
}

/* An arena that a fork has left may have a live block as its newest entry: see gate.h. */
static bool is_cached(const struct hmm_heap *heap, const struct hmm_arena *arena, const void *block)
{
    uint32_t entry = hmm_pagemap_entry(&heap->map, hmm_pagemap_unit(&heap->map, block));
    return hmm_entry_is_slab(entry) &&
           !(hmm_arena_is_left(&heap->arenas, arena) &&
             hmm_pagemap_is_live(&heap->map, hmm_entry_class(entry), block));
}

/* Its thread may be at work there: each word is read once. locks: held arena */
HMM_HINT static void subtract_magazine(const struct hmm_heap *heap, const struct hmm_arena *arena,
                                       const struct hmm_magazine *mag, struct hmm_live *live)
{
    const hmm_mark *top = __atomic_load_n(&mag->top, __ATOMIC_RELAXED); /* a hint */
    size_t n = (size_t)(top - mag->loaded->slots);
    if (n != 0 && !is_cached(heap, arena, hmm_mark_block(*top)))
        n--;
    n += (size_t)mag->depot.n_full * mag->max_objs;
    count_less(live, n, n * hmm_sizeclasses[mag->class_idx].slot_bytes);
}

/* The same for its buffer of others' blocks. */
HMM_HINT static void subtract_remote(const struct hmm_heap *heap, const struct hmm_arena *arena,
                                     struct hmm_live *live)
{
    uint32_t n_blocks = __atomic_load_n(&arena->remote.n_blocks, __ATOMIC_RELAXED); /* a hint */
    for (uint32_t i = 0; i < n_blocks; i++) {
        const void *block = __atomic_load_n(&arena->remote.blocks[i], __ATOMIC_RELAXED);
        uint32_t entry = hmm_pagemap_entry(&heap->map, hmm_pagemap_unit(&heap->map, block));
        if (is_cached(heap, arena, block))
            count_less(live, 1, hmm_sizeclasses[hmm_entry_class(entry)].slot_bytes);
    }
}

/* And for its cache of large blocks. */
HMM_HINT static void subtract_cached(const struct hmm_heap *heap, const struct hmm_arena *arena,
                                     struct hmm_live *live)
{
    for (unsigned i = 0; i < HMM_LARGE_CACHED_RUNS; i++) {
        struct hmm_cached_run run = arena->cached[i];
        if (run.record != NULL && hmm_pagemap_entry(&heap->map, run.unit) == HMM_KIND_LARGE_CACHED)
            count_less(live, 1, (size_t)run.n_units << HMM_UNIT_SHIFT);
    }
}

static void add_arena(struct hmm_heap *heap, struct hmm_arena *arena, struct hmm_live *live)
{
    hmm_arena_lock(&heap->arenas, arena);
    count_more(live, 0, arena->slab_bytes - arena->free_bytes);
    for (unsigned c = 1; c < HMM_CLASSES; c++)
        if (arena->magazines[c] != NULL && !arena->shared)
            subtract_magazine(heap, arena, arena->magazines[c], live);
    if (!arena->shared) {
        subtract_remote(heap, arena, live);
        subtract_cached(heap, arena, live);
    }
    hmm_lock_give(&arena->lock);
}

/* Used runs, without those that are slabs, or being given back. */
static void add_large(struct hmm_heap *heap, struct hmm_live *live)
{
    struct hmm_pages *pages = &heap->pages;
    struct hmm_slabs *slabs = &heap->arenas.slabs;
    hmm_lock_take(&pages->lock);
    size_t n_runs = pages->n_used_runs;
    size_t n_units = hmm_pages_used(pages);
    for (unsigned i = 0; i < HMM_PURGES_AT_ONCE; i++)
        n_units -= pages->aside[i].n_units;
    hmm_lock_give(&pages->lock);
    hmm_lock_take(&slabs->lock);
    n_runs -= slabs->n_slabs;
    n_units -= slabs->n_units;
    hmm_lock_give(&slabs->lock);
    count_more(live, n_runs, n_units << HMM_UNIT_SHIFT);
}

/* Slots of the slab that begins at `unit` which are not free in it; 0: none begins there. Others
 * make and destroy slabs meanwhile; what was a descriptor once can be read, and is one again. */
HMM_HINT static size_t held_objs(const struct hmm_pagemap *map, uint32_t unit)
{
    size_t line = hmm_unit(map, unit)->slab_line;
    if (line == 0 || !hmm_entry_is_slab(hmm_pagemap_entry(map, unit)))
        return 0;
    const struct hmm_slab *slab = (const void *)(map->objects + line * HMM_LINE_BYTES);
    if (slab->unit != unit)
        return 0;
    uint32_t n_slots = slab->n_slots;
    uint32_t n_free = slab->n_free;
    return n_slots - hmm_min(n_free, n_slots);
}

static size_t all_held_objs(struct hmm_heap *heap)
{
    size_t n = 0;
    uint32_t from = 0;
    uint32_t behind;
    while ((behind = hmm_pages_next_piece(&heap->pages, &from)) != 0)
        for (; from < behind; from++)
            n += held_objs(&heap->map, from);
    return n;
}

struct hmm_live hmm_live_count(struct hmm_heap *heap, bool blocks)
{
    struct hmm_live live = {0};
    if (blocks)
        live.n_blocks = all_held_objs(heap);
    add_large(heap, &live);
    for (struct hmm_arena *a = hmm_arenas_all(&heap->arenas); a != NULL; a = a->next)
        add_arena(heap, a, &live);
    /* relaxed: hints */
    count_less(&live, atomic_load_explicit(&heap->pages.away_objs, memory_order_relaxed),
               atomic_load_explicit(&heap->pages.away_bytes, memory_order_relaxed));
    live.n_blocks = !blocks || live.n_blocks > PTRDIFF_MAX ? 0 : live.n_blocks;
    live.n_bytes = live.n_bytes > PTRDIFF_MAX ? 0 : live.n_bytes;
    return live;
}
