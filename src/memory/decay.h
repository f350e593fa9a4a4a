/* decay.h - memory goes back: free runs age and are purged, a free top lowers the break.
 *
 * Layer   memory, highest.
 */
#ifndef HMM_MEMORY_DECAY_H
#define HMM_MEMORY_DECAY_H

#include "memory/units.h"

/* Let free memory age. Called on slow paths with no lock held. Returns the time.
 * cost: a clock read; system calls at most every 10 ms */
uint64_t hmm_decay(struct hmm_pages *pages);

/* `n_units` of a block, at `block`, hardly take memory yet. Is memory elsewhere to be given back
 * for them, it goes to the block instead, with old contents: no page fault for it. No lock held. */
void hmm_decay_recycle(struct hmm_pages *pages, void *block, uint32_t n_units);

/* Purge everything free, and lower the break but for `keep_bytes`. Returns bytes given back. */
size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes);

/* What of that also counts against limits: lower the break, and the highest pieces' ends. */
void hmm_decay_lower(struct hmm_pages *pages, size_t keep_bytes);

/* In a child after fork: what other threads had taken out to give it back is free memory again.
 * locks: held pages */
void hmm_decay_fork_child(struct hmm_pages *pages);

/* Worth a look? Decided again under the lock. */
static inline bool hmm_decay_due(const struct hmm_pages *pages)
{
    /* relaxed: a hint */
    return atomic_load_explicit(&pages->decay_wanted, memory_order_relaxed) != HMM_WANTED_NOTHING;
}

#endif
