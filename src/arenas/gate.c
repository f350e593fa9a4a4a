/* gate.c - no arena is half changed while the process forks, and what the child is left with.
 *
 * Layer   arenas, above arena. Start reading at hmm_arena_lock (gate.h).
 * State   lock `gate`; n_forks, left_next of struct hmm_arenas: lock `registry`.
 */
#include "arenas/gate.h"

#include "base/check.h"

void hmm_arena_lock_again(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    do {
        hmm_lock_give(&arena->lock);
        hmm_lock_take(&arenas->gate); /* wait until it is open */
        hmm_lock_give(&arenas->gate);
        hmm_lock_take(&arena->lock);
    } while (hmm_arenas_closed(arenas));
}

void hmm_arena_enter(struct hmm_arenas *arenas, struct hmm_arena *arena)
{
    hmm_arena_lock(arenas, arena);
    uint32_t now =
        atomic_load_explicit(&arenas->n_created, memory_order_relaxed);     /* relaxed: hint */
    atomic_store_explicit(&arena->seen_created, now, memory_order_relaxed); /* relaxed: hint */
    arena->watch.state = HMM_WATCH_ACTIVE;
}

void hmm_arenas_fork_prepare(struct hmm_arenas *arenas)
{
    HMM_ASSERT(hmm_lock_held(&arenas->registry));
    hmm_lock_take_for_fork(&arenas->gate);
    for (struct hmm_arena *arena = hmm_arenas_all(arenas); arena != NULL; arena = arena->next) {
        uintptr_t holder = hmm_lock_holder(&arena->lock);
        if (hmm_likely(holder == 0) || hmm_lock_is_own(holder))
            continue;
        hmm_lock_take(&arena->lock); /* wait; whoever takes it now, or has it, finds the gate */
        hmm_lock_give(&arena->lock);
    }
}

void hmm_arenas_fork_child(struct hmm_arenas *arenas)
{
    HMM_ASSERT(hmm_lock_held(&arenas->registry));
    HMM_ASSERT(hmm_lock_held(&arenas->gate));
    uint32_t n_left = 0;
    uint32_t n_before = arenas->n_forks++;
    for (struct hmm_arena *arena = hmm_arenas_all(arenas); arena != NULL; arena = arena->next) {
        uintptr_t holder = hmm_lock_holder(&arena->lock);
        if (holder != 0 && !hmm_lock_is_own(holder)) /* one that found the gate closed */
            atomic_store_explicit(&arena->lock.word, 0, memory_order_relaxed); /* one thread */
        if (arena->shared || arena->idle)
            continue;
        if (arena->keeper == hmm_port_self() && arena->n_forks == n_before)
            arena->n_forks = arenas->n_forks;
        else
            n_left++;
    }
    arenas->left_next = hmm_arenas_all(arenas);
    atomic_store_explicit(&arenas->n_left, n_left, memory_order_relaxed); /* one thread */
}

struct hmm_arena *hmm_arenas_take_left(struct hmm_arenas *arenas)
{
    if (hmm_likely(!hmm_arenas_have_left(arenas)))
        return NULL;
    hmm_lock_take(&arenas->registry);
    struct hmm_arena *arena = arenas->left_next;
    while (arena != NULL && !hmm_arena_is_left(arenas, arena))
        arena = arena->next;
    uint32_t n_left = 0;
    if (arena != NULL) {
        hmm_arena_keep(arenas, arena);
        arenas->left_next = arena->next;
        n_left = atomic_load_explicit(&arenas->n_left, memory_order_relaxed) - 1; /* held */
    }
    atomic_store_explicit(&arenas->n_left, n_left, memory_order_relaxed); /* held */
    hmm_lock_give(&arenas->registry);
    return arena;
}
