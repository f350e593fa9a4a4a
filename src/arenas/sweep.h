/* sweep.h - give back pages of free slots.
 *
 * Callers of all functions here hold the arena's lock.
 *
 * Layer   arenas, above arena.
 */
#ifndef HMM_ARENAS_SWEEP_H
#define HMM_ARENAS_SWEEP_H

#include "arenas/arena.h"

/* Tell the pages how much memory free slots take. */
void hmm_sweep_tell(struct hmm_pages *pages, struct hmm_arena *arena);

/* The same, if much more or less is free than before. */
static inline void hmm_sweep_report(struct hmm_pages *pages, struct hmm_arena *arena)
{
    size_t more_bytes = arena->free_bytes - arena->sweep.told_bytes;
    if (hmm_unlikely(more_bytes + HMM_SWEEP_REPORT_BYTES > 2 * HMM_SWEEP_REPORT_BYTES))
        hmm_sweep_tell(pages, arena);
}

/* The arena gets the slab, or loses it: what was free in it at the last pass is no longer part of
 * what the arena is compared with. */
void hmm_sweep_note_slab(struct hmm_arena *arena, const struct hmm_slab *slab, int sign);

/* Is there anything to do, sooner or later? A hint. */
static inline bool hmm_sweep_waits(const struct hmm_arena *arena)
{
    return atomic_load_explicit(&arena->sweep.waits, memory_order_relaxed); /* relaxed: a hint */
}

/* Is there anything to do now? A hint. caller: owner */
static inline bool hmm_sweep_is_due(const struct hmm_arena *arena, bool frees)
{
    return hmm_sweep_waits(arena) &&
           /* relaxed: a hint */
           (frees || atomic_load_explicit(&arena->sweep.passes, memory_order_relaxed));
}

/* Begin a pass over the slabs that have lain unused since the call before the last one, if their
 * free slots take much memory. */
void hmm_sweep_begin_period(struct hmm_pages *pages, struct hmm_arena *arena);
/* The same over all of an arena whose thread does nothing. Returns whether that has come to its
 * end.
 */
bool hmm_sweep_idle(struct hmm_pages *pages, struct hmm_arena *arena, uint64_t now_ns);
/* Give back whole pages of free slots in partly used slabs, if there are many: some of them. A
 * thread that `frees` gives back more than one that is about to use them.
 * cost: SWEEP_STEP_SLABS looked at, SWEEP_STEP_PAGES given back, or those of one slab more */
void hmm_sweep_some(struct hmm_pages *pages, struct hmm_arena *arena, bool frees, uint64_t now_ns);
/* The slots of marks first..last have been taken from the bin's current slab, which has such pages.
 */
void hmm_sweep_note_taken(struct hmm_pages *heap, struct hmm_arena *arena,
                          const struct hmm_bin *bin, hmm_mark first, hmm_mark last);

#endif
