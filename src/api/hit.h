/* hit.h - the two hit paths, inlined into every function that allocates or frees.
 *
 *   allocate   bytes -> the thread's magazine -> its newest block: free? -> mark live
 *   free       unit of the block in the heap -> page map entry: our slab? -> room? -> live? -> push
 *
 * Everything else is not a hit: no arena yet, other sizes, other threads' blocks, bad pointers, an
 * empty or full magazine. Nothing is changed then.
 *
 * Layer   api.
 */
#ifndef HMM_API_HIT_H
#define HMM_API_HIT_H

#include "process/process.h"

/* *block: of `bytes`, most_bytes at most, which is 0 or the thread's small_bytes. False: nothing
 * done. */
static inline bool hmm_hit_alloc_to(size_t most_bytes, size_t bytes, void **block)
{
    size_t last = bytes - 1; /* of 0: larger than any */
    if (hmm_unlikely(last >= most_bytes))
        return false;
    return hmm_magazine_pop(hmm_self.magazine[(last >> HMM_GRANULE_SHIFT) + 1], block);
}

static inline bool hmm_hit_alloc(size_t bytes, void **block)
{
    return hmm_hit_alloc_to(hmm_self.small_bytes, bytes, block);
}

/* The same at a multiple of align_bytes; false, too, if that is no power of two. The slots of a
 * small size's class are at multiples of any power of two that divides the size (test_sizeclass).
 */
static inline bool hmm_hit_alloc_aligned(size_t most_bytes, size_t align_bytes, size_t bytes,
                                         void **block)
{
    if (hmm_unlikely((align_bytes & (align_bytes - 1)) != 0))
        return false;
    /* where the sum overflows, less than align_bytes is left of it: 0 */
    return hmm_hit_alloc_to(most_bytes, (bytes + align_bytes - 1) & (0 - align_bytes), block);
}

/* What a free has found out about its block. */
enum hmm_hit { HMM_HIT, HMM_NO_HIT, HMM_HIT_OTHER };

/* HIT_OTHER: the block is in the heap, but in no slab of the thread's own: how far the entry of its
 * unit is from the end of the thread's arena tag is in *distance. Nothing is done then, nor for
 * NO_HIT. */
static inline enum hmm_hit hmm_hit_free(void *block, size_t *distance)
{
    const struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t unit = hmm_pagemap_unit(map, block);
    if (hmm_unlikely(unit >= map->limit_units))
        return HMM_NO_HIT;
    *distance = hmm_pagemap_entry(map, unit) - hmm_self.tag_end; /* an own one's: below 0 */
    if (hmm_unlikely(*distance < (size_t)0 - HMM_TAG_SPAN))
        return HMM_HIT_OTHER;
    enum hmm_push push = hmm_magazine_push(hmm_self.magazine[*distance + HMM_TAG_SPAN], block);
    return hmm_likely(push == HMM_PUSH_DONE) ? HMM_HIT : HMM_NO_HIT;
}

/* *mag: what takes a block of the thread's own slabs. False: it is something else. */
static inline bool hmm_hit_magazine(const void *block, struct hmm_magazine **mag)
{
    const struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t unit = hmm_pagemap_unit(map, block);
    if (hmm_unlikely(unit >= map->limit_units))
        return false;
    size_t distance = hmm_pagemap_entry(map, unit) - hmm_self.tag_end; /* an own one's: below 0 */
    if (hmm_unlikely(distance < (size_t)0 - HMM_TAG_SPAN))
        return false;
    *mag = hmm_self.magazine[distance + HMM_TAG_SPAN];
    return true;
}

/* A block of the size that it was made for, *most_bytes at most: see hmm_hit_alloc_to. False:
 * nothing done, it may be anything. */
static inline bool hmm_hit_free_sized(const size_t *most_bytes, void *block, size_t bytes)
{
    struct hmm_magazine *mag;
    if (hmm_unlikely(!hmm_hit_magazine(block, &mag)))
        return false;
    size_t last = bytes - 1; /* of 0: larger than any */
    return hmm_likely(last < *most_bytes) &&
           hmm_likely(mag == hmm_self.magazine[(last >> HMM_GRANULE_SHIFT) + 1]) &&
           hmm_likely(hmm_magazine_push(mag, block) == HMM_PUSH_DONE);
}

/* *bytes: usable ones of a live block of a slab. False: it is something else. */
static inline bool hmm_hit_usable(const void *block, size_t *bytes)
{
    const struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t unit = hmm_pagemap_unit(map, block);
    if (hmm_unlikely(unit >= map->limit_units))
        return false;
    uint32_t entry = hmm_pagemap_entry(map, unit);
    unsigned class_idx = hmm_entry_class(entry);
    if (hmm_unlikely(!hmm_entry_is_slab(entry) || !hmm_pagemap_is_live(map, class_idx, block)))
        return false;
    *bytes = hmm_sizeclasses[class_idx].slot_bytes;
    return true;
}

/* --- the second look, out of line ---------------------------------------------------------------
 * Medium blocks: their magazines. Large ones: the arena's cached runs. And small ones of others. */

static inline bool hmm_hit_alloc_above(size_t bytes, void **block)
{
    if (bytes - 1 < hmm_self.medium_bytes) /* a small one: from the empty magazine */
        return hmm_magazine_pop(hmm_self.magazine[hmm_sizeclass_medium(bytes)], block);
    if (bytes - 1 >= HMM_LARGE_CACHED_BYTES || hmm_self.tag_end == 0)
        return false;
    *block = hmm_large_take_cached(&hmm_process_heap.map, hmm_self.arena,
                                   hmm_div_up(bytes, HMM_UNIT_BYTES));
    return *block != NULL;
}

/* A medium block at a multiple of align_bytes, a power of two; most_bytes 0: none is a hit. Nor is
 * one whose class has slots elsewhere, too. */
static inline bool hmm_hit_alloc_aligned_above(size_t most_bytes, size_t align_bytes, size_t bytes,
                                               void **block)
{
    size_t whole_bytes = (bytes + align_bytes - 1) & (0 - align_bytes); /* as above */
    if (hmm_unlikely(most_bytes == 0) || whole_bytes - 1 >= hmm_self.medium_bytes)
        return false;
    unsigned class_idx = hmm_sizeclass_medium(whole_bytes);
    return hmm_likely(align_bytes <= hmm_sizeclasses[class_idx].align_bytes) &&
           hmm_magazine_pop(hmm_self.magazine[class_idx], block);
}

/* A medium block of the size that it was made for; most_bytes 0: none is a hit. */
static inline bool hmm_hit_free_sized_above(size_t most_bytes, void *block, size_t bytes)
{
    struct hmm_magazine *mag;
    return hmm_hit_magazine(block, &mag) && most_bytes != 0 && bytes - 1 < hmm_self.medium_bytes &&
           mag == hmm_self.magazine[hmm_sizeclass_medium(bytes)] &&
           hmm_magazine_push(mag, block) == HMM_PUSH_DONE;
}

/* A small block of another thread's slab. Of a size that this thread uses up itself, and no smaller
 * than a cache line, it stays here for its next use; others are gathered in the remote buffer,
 * while that has room. */
static inline bool hmm_hit_free_remote(const struct hmm_pagemap *map, unsigned class_idx,
                                       void *block)
{
    struct hmm_remote *remote = &hmm_self.arena->remote;
    struct hmm_magazine *mag = hmm_self.magazine[class_idx];
    if (class_idx >= HMM_REUSE_CLASS && mag->end - mag->top > mag->top - mag->loaded->slots &&
        (class_idx <= HMM_SMALL_CLASSES || mag->class_idx == class_idx)) /* not a coarse one */
        return hmm_magazine_push(mag, block) == HMM_PUSH_DONE;
    hmm_mark mark = hmm_mark_of(block);
    if (class_idx > HMM_SMALL_CLASSES || remote->weight + 1 >= HMM_REMOTE_OBJS)
        return false;
    remote->blocks[remote->n_blocks] = block;
    atomic_signal_fence(memory_order_seq_cst);
    remote->n_blocks++;
    atomic_signal_fence(memory_order_seq_cst); /* in the buffer before it is free: heap/fork.c */
    if (!hmm_state_to_free(hmm_state_of(hmm_pagemap_states(map, class_idx), mark), mark)) {
        remote->n_blocks--;
        return false;
    }
    remote->weight++;
    return true;
}

/* Is the block of the thread's own slab, and does it count those? */
static inline bool hmm_hit_is_counted(size_t distance)
{
    return distance + HMM_TAG_COUNTED < HMM_TAG_SPAN;
}

static inline bool hmm_hit_free_counted(void *block, size_t distance)
{
    if (hmm_unlikely(--hmm_self.frees_left < 0))
        return false;
    return hmm_likely(hmm_magazine_push(hmm_self.magazine[distance + HMM_TAG_COUNTED], block) ==
                      HMM_PUSH_DONE);
}

/* A large block, or one of another thread's slab. False: nothing done. (Its entry is looked up once
 * more: tag_end may be another one than the distance was told from.) */
static inline bool hmm_hit_free_other(void *block)
{
    struct hmm_pagemap *map = &hmm_process_heap.map;
    size_t unit = hmm_pagemap_unit(map, block);
    uint32_t entry = hmm_pagemap_entry(map, unit);
    if (entry == HMM_KIND_LARGE) /* a thread that makes no hits has no frees left */
        return (uintptr_t)block % HMM_UNIT_BYTES == 0 && --hmm_self.frees_left >= 0 &&
               hmm_large_keep_cached(map, hmm_self.arena, unit);
    return hmm_entry_is_slab(entry) && hmm_self.tag_end != 0 &&
           hmm_hit_free_remote(map, hmm_entry_class(entry), block);
}

#endif
