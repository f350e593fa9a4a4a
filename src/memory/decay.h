/* decay.h - give memory back: free runs age and are purged, a free top lowers the break.
 *
 * Layer   memory, highest.
 */
#ifndef HMM_MEMORY_DECAY_H
#define HMM_MEMORY_DECAY_H

#include "memory/units.h"

/* Let free memory age. Called on slow paths with no lock held. Returns the time.
 * cost: a clock read; system calls at most every 10 ms */
uint64_t hmm_decay(struct hmm_pages *pages);

/* The `n_units` at `block` have little memory yet. If free memory elsewhere would have to be given
 * back for them, move it to the block instead, with its old contents: that saves the page faults.
 * No lock held. */
void hmm_decay_recycle(struct hmm_pages *pages, void *block, uint32_t n_units);

/* Purge all free memory and lower the break, except for `keep_bytes`. Returns bytes given back. */
size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes);

/* Only the part that counts against limits: lower the break, and the ends of the highest pieces. */
void hmm_decay_lower(struct hmm_pages *pages, size_t keep_bytes);

/* In a child after fork: put back the runs that other threads had taken out to purge them.
 * locks: held pages */
void hmm_decay_fork_child(struct hmm_pages *pages);

/* Is there anything to do? A hint; hmm_decay decides under the lock. */
static inline bool hmm_decay_due(const struct hmm_pages *pages)
{
    /* relaxed: a hint */
    return atomic_load_explicit(&pages->decay_wanted, memory_order_relaxed) != HMM_WANTED_NOTHING;
}

#endif
