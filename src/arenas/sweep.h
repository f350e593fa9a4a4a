/* sweep.h - give back pages of free slots.
 *
 * Callers of all functions here hold the arena's lock.
 *
 * Layer   arenas, above arena.
 */
#ifndef HMM_ARENAS_SWEEP_H
#define HMM_ARENAS_SWEEP_H

#include "arenas/arena.h"

/* Give back the whole pages of free slots in partly used slabs. */
void hmm_sweep(struct hmm_pages *pages, struct hmm_arena *arena);
/* The slots of marks first..last have been taken from a slab with such pages. */
void hmm_sweep_note_taken(struct hmm_arena *arena, struct hmm_slab *slab, hmm_mark first,
                          hmm_mark last);

static inline size_t hmm_sweep_limit(const struct hmm_arena *arena)
{
    size_t held_bytes = arena->slab_bytes - arena->free_bytes;
    return arena->free_bytes + HMM_SWEEP_MIN_BYTES + held_bytes / HMM_SWEEP_DIVISOR +
           arena->kept_bytes;
}

/* Is it time to look for them? */
static inline bool hmm_sweep_due(struct hmm_arena *arena)
{
    size_t limit = hmm_sweep_limit(arena);
    if (limit < arena->sweep_at_bytes || arena->sweep_at_bytes == 0)
        arena->sweep_at_bytes = limit;
    return arena->free_bytes > arena->sweep_at_bytes;
}

#endif
