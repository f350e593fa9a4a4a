/* sweep.h - give back pages of free slots.
 *
 * Callers of all functions here hold the arena's lock.
 *
 * Layer   arenas, above arena.
 */
#ifndef HMM_ARENAS_SWEEP_H
#define HMM_ARENAS_SWEEP_H

#include "arenas/arena.h"

/* Bytes of free slots that take memory. */
HMM_HINT static inline size_t hmm_sweep_level(const struct hmm_arena *arena)
{
    size_t purged_bytes = arena->sweep.purged_bytes;
    return arena->free_bytes > purged_bytes ? arena->free_bytes - purged_bytes : 0;
}

/* The level has changed. */
static inline void hmm_sweep_note_level(struct hmm_arena *arena)
{
    arena->sweep.swept_bytes = hmm_min(arena->sweep.swept_bytes, hmm_sweep_level(arena));
    arena->sweep.free_bytes = hmm_min(arena->sweep.free_bytes, arena->free_bytes);
}

/* What has become free since the last pass, as far as it takes memory. */
HMM_HINT static inline size_t hmm_sweep_spare(const struct hmm_arena *arena)
{
    size_t level = hmm_sweep_level(arena);
    return level > arena->sweep.swept_bytes ? level - arena->sweep.swept_bytes : 0;
}

/* Is it so much that pages are looked for at once? */
HMM_HINT static inline bool hmm_sweep_is_much(const struct hmm_arena *arena)
{
    size_t held_bytes = arena->slab_bytes - arena->free_bytes;
    return arena->free_bytes - arena->sweep.free_bytes >
           HMM_SWEEP_MIN_BYTES + held_bytes / HMM_SWEEP_DIVISOR + arena->sweep.kept_bytes;
}

/* Is there anything to do, now or when it has aged? A hint. */
HMM_HINT static inline bool hmm_sweep_waits(const struct hmm_arena *arena)
{
    return arena->sweep.passes || hmm_sweep_is_much(arena);
}

/* Is there anything to do now? A hint. */
HMM_HINT static inline bool hmm_sweep_is_due(const struct hmm_pages *pages,
                                             const struct hmm_arena *arena, bool frees,
                                             uint64_t now_ns)
{
    if (arena->sweep.passes ||
        now_ns - arena->sweep.period_at_ns >= HMM_REGRET_MS * (uint64_t)1000000)
        return true;
    return frees && hmm_sweep_is_much(arena) && hmm_pages_may_sweep(pages);
}

/* Tell the pages how much memory free slots take. */
void hmm_sweep_report(struct hmm_pages *pages, struct hmm_arena *arena);

/* Give back whole pages of free slots in partly used slabs, if there are many: some of them. A
 * thread that `frees` gives back more than one that is about to use them.
 * cost: SWEEP_STEP_SLABS looked at, SWEEP_STEP_PAGES given back, or those of one slab more */
void hmm_sweep_some(struct hmm_pages *pages, struct hmm_arena *arena, bool frees, uint64_t now_ns);
/* The slots of marks first..last have been taken from the bin's current slab, which has such pages.
 */
void hmm_sweep_note_taken(struct hmm_pages *heap, struct hmm_arena *arena,
                          const struct hmm_bin *bin, hmm_mark first, hmm_mark last);

#endif
