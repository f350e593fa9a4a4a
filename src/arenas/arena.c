/* arena.c - arenas and their magazines, made when they are needed, and never unmade.
 *
 * Layer   arenas, above magazine.
 * State   the list of all arenas, lock `registry`; an arena's magazines, its owner's.
 */
#include "arenas/arena.h"

#include "base/check.h"

struct hmm_arena *hmm_arena_make(struct hmm_arenas *arenas, bool shared)
{
    HMM_ASSERT(hmm_lock_held(&arenas->registry));
    struct hmm_arena *arena = hmm_meta_object(arenas->slabs.pages->meta, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->shared = shared;
    arena->tag = ++arenas->n_arenas << HMM_CLASS_BITS;
    arena->next = hmm_arenas_all(arenas);
    /* release: publishes the arena's fields. pairs: hmm_arenas_all */
    atomic_store_explicit(&arenas->all, arena, memory_order_release);
    return arena;
}

struct hmm_arena *hmm_arena_shared(struct hmm_arenas *arenas, unsigned i)
{
    struct hmm_arena *arena = hmm_arenas_shared(arenas, i);
    if (hmm_likely(arena != NULL))
        return arena;
    hmm_lock_take(&arenas->registry);
    arena = hmm_arenas_shared(arenas, i);
    if (arena == NULL) {
        arena = hmm_arena_make(arenas, true);
        /* release: publishes the arena's fields. pairs: hmm_arenas_shared */
        atomic_store_explicit(&arenas->shared[i], arena, memory_order_release);
    }
    hmm_lock_give(&arenas->registry);
    return arena;
}

struct hmm_magazine *hmm_arena_magazine(struct hmm_arenas *arenas, struct hmm_arena *arena,
                                        unsigned class_idx)
{
    HMM_ASSERT(class_idx != 0);
    HMM_ASSERT(class_idx < HMM_CLASSES);
    struct hmm_magazine *mag = arena->magazines[class_idx];
    if (mag != NULL)
        return mag;
    struct hmm_magazine made = {
        .states = *hmm_pagemap_states(arenas->slabs.pages->map, class_idx),
        .class_idx = (uint16_t)class_idx,
        .max_objs = arena->shared ? 0 : hmm_sizeclasses[class_idx].magazine_objs,
    };
    mag =
        hmm_meta_object(arenas->slabs.pages->meta, sizeof *mag + hmm_magazine_rounds_bytes(&made));
    if (mag == NULL)
        return NULL;
    *mag = made;
    mag->loaded = hmm_magazine_own_rounds(mag);
    mag->loaded->slots[0] = hmm_magazine_bottom(&mag->states);
    mag->top = mag->loaded->slots;
    hmm_magazine_narrow(mag);
    arena->magazines[class_idx] = mag;
    return mag;
}
