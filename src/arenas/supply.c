/* supply.c - where an arena's next slab comes from: others that have one to spare, what idle
 * magazines and depots pin, and new memory at last.
 *
 * Layer   arenas, above shed. Start reading at hmm_supply_slab.
 * State   none of its own; bins, guarded by their arenas' locks.
 */
#include "arenas/supply.h"

#include "arenas/bin.h"
#include "arenas/remote.h"
#include "arenas/shed.h"
#include "base/check.h"
#include "slabs/huge.h"

/* Has it ever had slabs of the class? A look, without its lock. */
HMM_HINT static bool uses_class(const struct hmm_arena *arena, unsigned class_idx)
{
    return __atomic_load_n(&arena->magazines[class_idx], __ATOMIC_RELAXED) != NULL;
}

/* Take a slab of the class over from `from`, if it is not busy and has one with free slots.
 * locks: takes from's arena, if it is free: no waiting while one's own is held */
static bool adopt_from(struct hmm_arenas *arenas, struct hmm_arena *from, struct hmm_arena *arena,
                       unsigned class_idx)
{
    if (from == arena || !uses_class(from, class_idx) || !hmm_lock_try(&from->lock))
        return false;
    hmm_remote_collect(arenas, from);
    struct hmm_slab *slab = hmm_bin_give(from, &from->magazines[class_idx]->bin);
    if (slab != NULL)
        hmm_bin_adopt(&arenas->slabs, arena, &arena->magazines[class_idx]->bin, slab);
    hmm_lock_give(&from->lock);
    return slab != NULL;
}

/* Take one over: from the orphans, from the threads that allocate little, from a thread that sleeps
 * while others create slabs. */
static bool adopt_any(struct hmm_arenas *arenas, struct hmm_arena *arena, unsigned class_idx)
{
    for (unsigned i = 0; i <= HMM_SHARED_ARENAS; i++) {
        struct hmm_arena *from = hmm_arenas_shared(arenas, HMM_SHARED_ARENAS - i);
        if (from != NULL && adopt_from(arenas, from, arena, class_idx))
            return true;
    }
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed); /* relaxed: hint */
    const struct hmm_arena *first = NULL;
    for (unsigned i = 0; i < HMM_ASK_ARENAS; i++) {
        struct hmm_arena *from =
            arena->asks_next != NULL ? arena->asks_next : hmm_arenas_all(arenas);
        if (from == first) /* once round */
            break;
        first = first != NULL ? first : from;
        arena->asks_next = from->next;
        uint32_t seen = atomic_load_explicit(&from->seen_created, memory_order_relaxed); /* hint */
        if (!from->shared && now - seen >= HMM_IDLE_SLABS &&
            adopt_from(arenas, from, arena, class_idx))
            return true;
    }
    return false;
}

/* A new slab will be full soon. If its blocks are used all over, too, it gets its pages now. */
static void get_new_pages(struct hmm_pages *pages, struct hmm_bin *bin, const struct hmm_slab *slab)
{
    uint32_t entry = hmm_pagemap_entry(pages->map, slab->unit);
    if (slab->slot_bytes <= hmm_port_page_bytes() ||
        hmm_dense_ask(pages, &bin->witness, slab->unit, entry))
        hmm_huge_ahead(pages, slab->unit,
                       (size_t)hmm_pages_run_units(pages, slab->unit) << HMM_UNIT_SHIFT);
    else
        hmm_huge_note_sparse(pages, slab->unit);
}

static bool create(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_bin *bin,
                   unsigned class_idx)
{
    const struct hmm_sizeclass *sc = &hmm_sizeclasses[class_idx];
    uint32_t first =
        (uint32_t)hmm_div_up((size_t)sc->slot_bytes * HMM_FIRST_SLAB_SLOTS, HMM_UNIT_BYTES);
    uint32_t n_units = bin->n_slabs == 0 ? first : first << (bin->n_slabs < 4 ? bin->n_slabs : 4);
    n_units = n_units < sc->slab_units ? n_units : sc->slab_units;
    struct hmm_slabs *slabs = &arenas->slabs;
    struct hmm_slab *slab =
        hmm_slab_create(slabs, class_idx, n_units, HMM_NO_GROWTH, arena, arena->tag);
    if (slab == NULL && !arena->shared) { /* what idle magazines pin comes before new memory */
        hmm_arena_shed_locked(arenas, arena, HMM_SHED_FOR_GROWTH);
        slab = hmm_slab_create(slabs, class_idx, n_units, HMM_NO_GROWTH, arena, arena->tag);
    }
    if (slab == NULL)
        slab = hmm_slab_create(slabs, class_idx, n_units, HMM_MAY_GROW, arena, arena->tag);
    if (slab == NULL)
        return false;
    atomic_fetch_add_explicit(&arenas->n_created, 1, memory_order_relaxed); /* relaxed: a hint */
    if (slab->is_new)
        get_new_pages(slabs->pages, bin, slab);
    hmm_bin_add(arena, bin, slab);
    return true;
}

bool hmm_supply_slab(struct hmm_arenas *arenas, struct hmm_arena *arena, struct hmm_magazine *mag)
{
    HMM_ASSERT(hmm_lock_held(&arena->lock));
    if (!arena->shared && adopt_any(arenas, arena, mag->class_idx))
        return true;
    return create(arenas, arena, &mag->bin, mag->class_idx);
}
