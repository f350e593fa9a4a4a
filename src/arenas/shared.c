/* shared.c - blocks of threads that have no arena of their own: one at a time, under a lock.
 *
 * Layer   arenas, above supply. Start reading at hmm_arena_take_shared.
 * State   shared arenas, under their locks.
 */
#include "arenas/shared.h"

#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/supply.h"

/* Lock a shared arena: the thread's last one, or the next that is not busy. So threads that run at
 * once get one each, and a process with one thread fills one arena only. */
static struct hmm_arena *lock_shared(struct hmm_arenas *arenas, uint8_t *last)
{
    for (unsigned i = 0; i < HMM_SHARED_ARENAS; i++) {
        unsigned at = (*last + i) % HMM_SHARED_ARENAS;
        struct hmm_arena *candidate = hmm_arena_shared(arenas, at);
        if (candidate != NULL && hmm_arena_try_lock(arenas, candidate)) {
            *last = (uint8_t)at;
            return candidate;
        }
    }
    struct hmm_arena *arena = hmm_arenas_shared(arenas, hmm_port_cpu() % HMM_SHARED_ARENAS);
    arena = arena != NULL ? arena : hmm_arenas_shared(arenas, 0);
    hmm_arena_lock(arenas, arena);
    return arena;
}

void *hmm_arena_take_shared(struct hmm_arenas *arenas, uint8_t *last, unsigned class_idx)
{
    struct hmm_arena *arena = lock_shared(arenas, last);
    hmm_remote_collect(arenas, arena);
    hmm_mark mark;
    struct hmm_magazine *mag = hmm_arena_magazine(arenas, arena, class_idx);
    bool taken = mag != NULL && hmm_supply_take(arenas, arena, mag, &mark, 1) == 1;
    if (taken && hmm_unlikely(!hmm_state_to_live(hmm_state_of(&mag->states, mark), mark)))
        arena->twice_free = hmm_mark_block(mark);
    hmm_arena_leave(arena);
    return taken ? hmm_mark_block(mark) : NULL;
}

/* Lock the arena that owns the block's slab, if it is shared and not busy: the slot goes home at
 * once. Or another shared one. */
static struct hmm_arena *lock_home(struct hmm_arenas *arenas, uint8_t *last, const void *block)
{
    const struct hmm_slab *slab = hmm_slab_at(arenas->slabs.pages->map, block);
    struct hmm_arena *home = atomic_load_explicit(&slab->arena, memory_order_relaxed); /* a hint */
    if (home != NULL && home->shared && hmm_arena_try_lock(arenas, home))
        return home;
    return lock_shared(arenas, last);
}

enum hmm_push hmm_arena_put_shared(struct hmm_arenas *arenas, uint8_t *last, unsigned class_idx,
                                   void *block)
{
    const struct hmm_states *states = hmm_pagemap_states(arenas->slabs.pages->map, class_idx);
    hmm_mark mark = hmm_mark_of(block);
    struct hmm_arena *arena = lock_home(arenas, last, block);
    bool was_live = hmm_state_to_free(hmm_state_of(states, mark), mark);
    if (hmm_likely(was_live))
        hmm_remote_put_all(arenas, arena, &mark, 1);
    hmm_arena_leave(arena);
    return was_live ? HMM_PUSH_DONE : HMM_PUSH_NOT_LIVE;
}
