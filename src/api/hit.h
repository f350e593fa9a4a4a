/* hit.h - the two hit paths, inlined into every function that allocates or frees.
 *
 *   allocate   bytes -> the thread's magazine -> its newest block: free? -> mark live
 *   free       unit of the block in the heap -> page map entry: our slab? -> room? -> live? -> push
 *
 * Both return "not a hit" for everything else: no arena yet, other sizes, other threads' blocks,
 * bad pointers, an empty or full magazine. Nothing is changed then.
 *
 * Layer   api.
 */
#ifndef HMM_API_HIT_H
#define HMM_API_HIT_H

#include "api/process.h"

/* *block: of `bytes`. False: nothing done. */
static inline bool hmm_hit_alloc(size_t bytes, void **block)
{
    size_t last = bytes - 1; /* of 0: larger than any */
    if (hmm_unlikely(last >= hmm_self.small_bytes))
        return false;
    return hmm_magazine_pop(hmm_self.magazine[(last >> HMM_GRANULE_SHIFT) + 1], block);
}

/* False: nothing done. */
static inline bool hmm_hit_free(void *block)
{
    const struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t unit = hmm_pagemap_unit(map, block);
    if (hmm_unlikely(unit >= map->limit_units))
        return false;
    uint32_t class_idx = hmm_pagemap_entry(map, unit) - hmm_self.tag;
    if (hmm_unlikely(class_idx >= HMM_CLASSES))
        return false;
    return hmm_likely(hmm_magazine_push(hmm_self.magazine[class_idx], block) == HMM_PUSH_DONE);
}

#endif
