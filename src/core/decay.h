/* decay.h - memory goes back: free runs age and are purged, a free top lowers the break.
 *
 * Layer   core, above pages (same state, same locks), below slab.
 */
#ifndef HMM_CORE_DECAY_H
#define HMM_CORE_DECAY_H

#include "core/pages.h"

/* Let free memory age. Called on slow paths with no lock held. cost: a clock read when something is
 * above its limit; system calls at most every 10 ms */
void hmm_decay(struct hmm_pages *pages);

/* Purge everything free, and lower the break but for `keep_bytes`. Returns bytes given back. */
size_t hmm_decay_all(struct hmm_pages *pages, size_t keep_bytes);

/* Worth a look? Read without the lock: a hint, decided again under it. */
static inline bool hmm_decay_due(const struct hmm_pages *pages)
{
    uint64_t dirty_bytes = (uint64_t)__atomic_load_n(&pages->dirty_units, __ATOMIC_RELAXED)
                           << HMM_UNIT_SHIFT;
    return dirty_bytes > pages->tunables->dirty_min;
}

#endif
