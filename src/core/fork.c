/* fork.c - a process with many threads forks at any moment; the child allocates at once.
 *
 * The parent's handlers hold every lock over the fork, the arenas' too, so nothing guarded by one
 * is half changed in the child. What a thread changes without a lock - its magazines and its buffer
 * of remote frees - is as it was at one point of its program; an entry that was under way is lost
 * to the child, or found live and left alone. Then the arenas of the threads that the child does
 * not have are released: the child can use all their memory.
 *
 * Layer   core, beside heap.
 */
#include "core/heap.h"

/* All locks but the registry's, in their order (lock.h). The registry is held meanwhile, taken
 * first and given last: so no arena joins the list between taking and giving. */
static void for_inner_locks(struct hmm_heap *heap, void (*act)(struct hmm_lock *))
{
    for (struct hmm_arena *arena = hmm_arenas_all(&heap->arenas); arena != NULL;
         arena = arena->next)
        act(&arena->lock);
    act(&heap->pages.grow);
    act(&heap->pages.lock);
    act(&heap->pages.states);
    act(&heap->arenas.slabs.lock);
    act(&heap->large.lock);
    act(&heap->meta.lock);
}

void hmm_heap_fork_prepare(struct hmm_heap *heap)
{
    hmm_lock_take(&heap->arenas.registry);
    for_inner_locks(heap, hmm_lock_take);
}

void hmm_heap_fork_parent(struct hmm_heap *heap)
{
    for_inner_locks(heap, hmm_lock_give);
    hmm_lock_give(&heap->arenas.registry);
}

/* A hit of the dead thread may have been half done: what is not free stays a live block's. */
static void drop_live_entries(const struct hmm_heap *heap, struct hmm_arena *arena)
{
    for (unsigned c = 1; c < HMM_CLASSES; c++) {
        struct hmm_magazine *mag = arena->magazines[c];
        if (mag == NULL)
            continue;
        hmm_mark *slots = mag->loaded->slots;
        unsigned kept = 0;
        for (unsigned i = 1; i <= hmm_magazine_objs(mag); i++)
            if (!hmm_pagemap_is_live(&heap->map, c, hmm_mark_block(slots[i])))
                slots[++kept] = slots[i];
        mag->top = slots + kept;
    }
}

void hmm_heap_fork_child(struct hmm_heap *heap, struct hmm_thread *self)
{
    hmm_lock_reset(&heap->arenas.registry);
    for_inner_locks(heap, hmm_lock_reset);
    for (struct hmm_arena *arena = hmm_arenas_all(&heap->arenas); arena != NULL;
         arena = arena->next) {
        if (arena->shared || arena == self->arena || arena->idle)
            continue;
        drop_live_entries(heap, arena);
        arena->remote.n_blocks = arena->remote.weight = 0; /* half-written entries: not worth it */
        hmm_large_flush(&heap->large, arena);
        hmm_arena_release(&heap->arenas, arena);
    }
}
