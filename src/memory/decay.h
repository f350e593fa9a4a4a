/* decay.h - give memory back: free runs age and are purged, a free top lowers the break.
 *
 * Layer   memory, highest.
 */
#ifndef HMM_MEMORY_DECAY_H
#define HMM_MEMORY_DECAY_H

#include "memory/units.h"

/* Let free memory age. No lock held. Returns whether memory has gone. cost: PURGE_STEP_UNITS, and
 * twice what was turned over since the last such call */
bool hmm_decay_at(struct hmm_pages *pages, uint64_t now_ns);

/* The `n_units` at `block` have little memory yet. If free memory elsewhere would have to be given
 * back for them, move it to the block instead, with its old contents: that saves the page faults.
 * Returns how many units of it. No lock held. */
uint32_t hmm_decay_recycle(struct hmm_pages *pages, void *block, uint32_t n_units);

/* Purge all free memory and lower the break, except for `keep_bytes`. Returns bytes given back. */
size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes);

/* Only the part that counts against limits: lower the break, and the ends of the highest pieces. */
void hmm_decay_lower(struct hmm_pages *pages, size_t keep_bytes);

/* In a child after fork: put back the runs that other threads had taken out to purge them.
 * locks: held pages */
void hmm_decay_fork_child(struct hmm_pages *pages);

/* The system has taken memory back, or has refused to: then it is not asked for a while, the longer
 * the more often it has refused. locks: held pages */
void hmm_decay_note_purge(struct hmm_pages *pages, bool done);

/* Is there anything to do? A hint; hmm_decay decides under the lock. */
static inline bool hmm_decay_due(const struct hmm_pages *pages)
{
    return hmm_pages_wanted(pages) != HMM_WANTED_NOTHING;
}

/* A slow path passes without a look. */
static inline void hmm_decay_skip(struct hmm_pages *pages)
{
    atomic_store_explicit(&pages->turned_units, 0, memory_order_relaxed); /* relaxed: a hint */
}

/* Has the time come for a look? A hint. */
static inline bool hmm_decay_is_look_due(const struct hmm_pages *pages, uint64_t now_ns)
{
    uint64_t at_ns = atomic_load_explicit(&pages->decay_at_ns, memory_order_relaxed); /* a hint */
    return now_ns - at_ns >= HMM_DECAY_LOOK_MS * (uint64_t)1000000 ||
           hmm_meta_tunables(pages->meta)->decay_ms == 0;
}

/* Let free memory age, if it is time. Called on slow paths with no lock held. Returns whether
 * memory has gone. cost: system calls every 10 ms, or where something has to go at once */
static inline bool hmm_decay(struct hmm_pages *pages, uint64_t now_ns)
{
    if (hmm_decay_is_look_due(pages, now_ns) || hmm_pages_wanted(pages) == HMM_WANTED_NOW)
        return hmm_decay_at(pages, now_ns);
    hmm_decay_skip(pages);
    return false;
}

#endif
