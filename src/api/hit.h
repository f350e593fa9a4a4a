/* hit.h - the two hit paths, inlined into every function that allocates or frees.
 *
 *   allocate   granules of the request -> the thread's magazine -> its newest block -> mark live
 *   free       granule of the block in the heap -> page map entry: our slab? -> mark free -> push
 *
 * Both return "not a hit" for everything else: no arena yet, other sizes, other threads' blocks,
 * bad pointers, an empty or full magazine. Nothing is changed then, unless said so.
 *
 * Layer   api.
 */
#ifndef HMM_API_HIT_H
#define HMM_API_HIT_H

#include "api/process.h"

enum hmm_hit { HMM_HIT, HMM_NO_HIT, HMM_HIT_MARKED_FREE };

/* A block of `bytes`, or NULL. */
static inline void *hmm_hit_alloc(size_t bytes)
{
    if (hmm_unlikely(bytes > HMM_SMALL_MAX_BYTES))
        return NULL;
    size_t granules = (bytes + HMM_GRANULE_BYTES - 1) >> HMM_GRANULE_SHIFT;
    void *block = hmm_magazine_pop(hmm_magazine_of(&hmm_self, granules));
    if (hmm_likely(block != NULL) &&
        hmm_unlikely(!hmm_pagemap_mark_live(&hmm_process_heap.map, block)))
        hmm_misuse_two_owners(block);
    return block;
}

/* MARKED_FREE: the block's state is free now, but it is in no magazine yet. */
static inline enum hmm_hit hmm_hit_free(void *block)
{
    const struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t granule = hmm_pagemap_granule(map, block);
    if (hmm_unlikely(granule >= map->limit_granules))
        return HMM_NO_HIT;
    uint32_t class_idx = hmm_pagemap_entry(map, granule >> HMM_UNIT_GRANULES_SHIFT) - hmm_self.tag;
    if (hmm_unlikely(class_idx > HMM_SMALL_CLASSES))
        return HMM_NO_HIT;
    if (hmm_unlikely(!hmm_pagemap_mark_free(map, granule))) {
        hmm_pagemap_unmark(map, granule);
        return HMM_NO_HIT; /* the slow path finds it not live, and says what it is */
    }
    if (hmm_unlikely(!hmm_magazine_push(hmm_magazine_of(&hmm_self, class_idx), block)))
        return HMM_HIT_MARKED_FREE;
    return HMM_HIT;
}

#endif
