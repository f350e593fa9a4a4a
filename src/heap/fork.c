/* fork.c - a process with many threads forks at any moment; the child allocates at once.
 *
 * While it forks, the heap holds still: the thread that forks holds every lock, but those of the
 * arenas; of these it knows that they are free, and the gate keeps them so (hmm_arena_lock). So
 * nothing that a lock guards is half changed in the child.
 *
 * What other threads change meanwhile without a lock are their hits: an entry goes into a magazine,
 * a buffer of remote frees or a cache of large runs, or out of it, and the block's state changes.
 * The order is always the same: in first, then free; live first, then out. The child has what a
 * thread wrote before the kernel write-protected its page, and nothing that came after something
 * that it has not. So such an entry is a block that is still, or already, a caller's: one that is
 * live is none of the magazine's. Each block is in one place (I7).
 *
 * The arenas of threads that the child does not have are *left*. Most children leave or execute
 * another program soon; to release a thousand arenas would copy ten thousand pages for them. So
 * they stay as they are. Other threads take slabs over from them, new threads take them over
 * whole, and a child that goes on, grows or frees releases them one after the other.
 *
 * A signal handler that forks may have interrupted any call of the heap, and the child goes on with
 * it when the handler returns. Locks that the forking thread holds are passed, and are its own
 * still afterwards; nothing else waits in a process of one thread. In one of several, others may
 * wait for such a lock while they hold what the fork wants: then it hangs, as glibc's does.
 *
 * Layer   heap, above misuse.
 */
#include "heap/fork.h"

#include "arenas/gate.h"
#include "arenas/owners.h"
#include "arenas/remote.h"
#include "memory/decay.h"

/* Those after the arenas', in their order (lock.h). */
static void for_inner_locks(struct hmm_heap *heap, void (*act)(struct hmm_lock *))
{
    act(&heap->pages.grow);
    act(&heap->pages.lock);
    act(&heap->pages.states);
    act(&heap->arenas.slabs.lock);
    act(&heap->large.maps.lock);
    act(&heap->meta.lock);
}

void hmm_heap_fork_prepare(struct hmm_heap *heap)
{
    hmm_lock_take_for_fork(&heap->arenas.registry);
    hmm_arenas_fork_prepare(&heap->arenas);
    for_inner_locks(heap, hmm_lock_take_for_fork);
}

void hmm_heap_fork_parent(struct hmm_heap *heap)
{
    for_inner_locks(heap, hmm_lock_give);
    hmm_lock_give(&heap->arenas.gate);
    hmm_lock_give(&heap->arenas.registry);
}

void hmm_heap_fork_child(struct hmm_heap *heap)
{
    if (heap->pages.lock.n_passed == 0) /* else the interrupted call is in the middle of them */
        hmm_decay_fork_child(&heap->pages);
    hmm_arenas_fork_child(&heap->arenas);
    /* relaxed: one thread */
    atomic_store_explicit(&heap->arenas.left_units, hmm_pagemap_limit(&heap->map),
                          memory_order_relaxed);
    for_inner_locks(heap, hmm_lock_give_in_child);
    hmm_lock_give_in_child(&heap->arenas.gate);
    hmm_lock_give_in_child(&heap->arenas.registry);
}

/* --- what is left -------------------------------------------------------------------------------
 */

/* Take the entries out that are callers' blocks. caller: owner */
static void mend_magazine(const struct hmm_pagemap *map, struct hmm_magazine *mag)
{
    hmm_mark *slots = mag->loaded->slots;
    unsigned kept = 0;
    for (unsigned i = 1; i <= hmm_magazine_objs(mag); i++)
        if (!hmm_pagemap_is_live(map, mag->class_idx, hmm_mark_block(slots[i])))
            slots[++kept] = slots[i];
    mag->top = slots + kept;
}

static void mend_buffer(const struct hmm_pagemap *map, struct hmm_remote *remote)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < remote->n_blocks; i++) {
        void *block = remote->blocks[i];
        unsigned class_idx = hmm_entry_class(hmm_pagemap_entry(map, hmm_pagemap_unit(map, block)));
        if (!hmm_pagemap_is_live(map, class_idx, block))
            remote->blocks[kept++] = block;
    }
    remote->n_blocks = kept;
}

struct hmm_arena *hmm_heap_take_left(struct hmm_heap *heap)
{
    struct hmm_arena *arena = hmm_arenas_take_left(&heap->arenas);
    if (hmm_likely(arena == NULL))
        return NULL;
    for (unsigned c = 1; c < HMM_CLASSES; c++)
        if (arena->magazines[c] != NULL)
            mend_magazine(&heap->map, arena->magazines[c]);
    mend_buffer(&heap->map, &arena->remote);
    hmm_large_flush_left(&heap->large, arena);
    hmm_remote_flush(&heap->arenas, arena);
    return arena;
}

void hmm_heap_settle(struct hmm_heap *heap, uint32_t n_arenas)
{
    struct hmm_arena *arena;
    while (n_arenas-- != 0 && (arena = hmm_heap_take_left(heap)) != NULL)
        hmm_arena_release(&heap->arenas, arena);
}

void hmm_heap_settle_some(struct hmm_heap *heap)
{
    struct hmm_arenas *arenas = &heap->arenas;
    size_t n_units = hmm_pagemap_limit(&heap->map);
    /* relaxed: hints */
    uint32_t visits = atomic_fetch_add_explicit(&arenas->left_visits, 1, memory_order_relaxed) + 1;
    size_t seen = atomic_load_explicit(&arenas->left_units, memory_order_relaxed);
    if (n_units != seen)
        atomic_store_explicit(&arenas->left_units, n_units, memory_order_relaxed); /* a hint */
    if (n_units > seen)
        hmm_heap_settle(heap, HMM_SETTLE_ARENAS);
    else if (visits % HMM_SETTLE_VISITS == 0)
        hmm_heap_settle(heap, 1);
}
