/* shared.c - blocks of threads that have no arena of their own: one at a time, under a lock.
 *
 * Layer   arenas, above supply. Start reading at hmm_arena_take_shared.
 * State   shared arenas, under their locks.
 */
#include "arenas/shared.h"

#include "arenas/gate.h"
#include "arenas/remote.h"
#include "arenas/supply.h"

/* Lock a shared arena: the first one that is not busy, so that a process with one thread fills one
 * arena only. */
static struct hmm_arena *lock_shared(struct hmm_arenas *arenas)
{
    for (unsigned i = 0; i < HMM_SHARED_ARENAS; i++) {
        struct hmm_arena *candidate = hmm_arena_shared(arenas, i);
        if (candidate != NULL && hmm_arena_try_lock(arenas, candidate))
            return candidate;
    }
    struct hmm_arena *arena = hmm_arenas_shared(arenas, hmm_port_cpu() % HMM_SHARED_ARENAS);
    arena = arena != NULL ? arena : hmm_arenas_shared(arenas, 0);
    hmm_arena_lock(arenas, arena);
    return arena;
}

void *hmm_arena_take_shared(struct hmm_arenas *arenas, unsigned class_idx)
{
    struct hmm_arena *arena = lock_shared(arenas);
    hmm_remote_collect(arenas, arena);
    hmm_mark mark;
    struct hmm_magazine *mag = hmm_arena_magazine(arenas, arena, class_idx);
    bool taken = mag != NULL && hmm_supply_take(arenas, arena, mag, &mark, 1) == 1;
    if (taken && hmm_unlikely(!hmm_state_to_live(hmm_state_of(&mag->states, mark), mark)))
        arena->twice_free = hmm_mark_block(mark);
    hmm_arena_leave(arena);
    return taken ? hmm_mark_block(mark) : NULL;
}

enum hmm_push hmm_arena_put_shared(struct hmm_arenas *arenas, unsigned class_idx, void *block)
{
    const struct hmm_states *states = hmm_pagemap_states(arenas->slabs.pages->map, class_idx);
    hmm_mark mark = hmm_mark_of(block);
    struct hmm_arena *arena = lock_shared(arenas);
    bool was_live = hmm_state_to_free(hmm_state_of(states, mark), mark);
    if (hmm_likely(was_live) && hmm_unlikely(!hmm_remote_free_one(arenas, block)))
        arena->twice_free = block;
    hmm_arena_leave(arena);
    return was_live ? HMM_PUSH_DONE : HMM_PUSH_NOT_LIVE;
}
