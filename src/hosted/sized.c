/* sized.c - the size that a caller states when it frees: is it one that the block was made for?
 *
 * What is right follows from the block alone: nothing is kept of the size that was asked for. What
 * happens when it is wrong says the option `sized`: decision 016.
 *
 * Layer   hosted.
 * State   struct sites: atomic.
 */
#include "heap/misuse.h"
#include "hosted/hosted.h"

/* Call sites that have been told of: their return addresses; 0: none yet. */
static _Atomic(uintptr_t) sites[HMM_SIZED_SITES]; /* atomic: written once each */

/* The place of a site that is new, or -1: told of before, or no place is left. */
static int note_site(uintptr_t site)
{
    for (int i = 0; i < HMM_SIZED_SITES; i++) {
        uintptr_t seen = 0;
        /* relaxed: who writes a place first tells of it; nothing else is published */
        if (atomic_compare_exchange_strong_explicit(&sites[i], &seen, site, memory_order_relaxed,
                                                    memory_order_relaxed))
            return i;
        if (seen == site)
            return -1;
    }
    return -1;
}

/* Does a class, or the coarse one that may serve in its place, have slots of so many bytes? */
static bool is_of_class(unsigned class_idx, size_t slot_bytes)
{
    return hmm_sizeclasses[class_idx].slot_bytes == slot_bytes ||
           hmm_sizeclasses[hmm_sizeclass_coarse(class_idx)].slot_bytes == slot_bytes;
}

/* A page run, or a mapping: as long as the size needs, in units or in pages. realloc keeps it so.
 */
static bool is_large_size(size_t size, size_t usable_bytes)
{
    size_t page_bytes = hmm_port_page_bytes();
    size_t step_bytes = hmm_max(HMM_UNIT_BYTES, page_bytes);
    size = hmm_max(size, HMM_SLAB_MAX_BYTES + 1); /* smaller ones: for their alignment */
    return size <= usable_bytes && (hmm_round_up(size, page_bytes) == usable_bytes ||
                                    hmm_round_up(size, step_bytes) == usable_bytes);
}

/* realloc leaves a block where it is while at least half of it is used, if a slot is as long. */
static bool may_be_resized_to(size_t usable_bytes, unsigned class_idx, size_t size)
{
    size_t slot_bytes = hmm_sizeclasses[hmm_sizeclass_coarse(class_idx)].slot_bytes;
    return size <= usable_bytes && class_idx != 0 && slot_bytes >= usable_bytes / 2;
}

/* What nearly every block is: a slot of its size's own class. */
static inline bool is_plainly_right(size_t usable_bytes, size_t alignment, size_t size)
{
    return alignment <= HMM_GRANULE_BYTES && size - 1 < HMM_SLAB_MAX_BYTES &&
           hmm_sizeclasses[hmm_sizeclass_of(size)].slot_bytes == usable_bytes;
}

static bool is_right(size_t usable_bytes, size_t alignment, size_t size, bool is_new)
{
    if (!hmm_is_power_of_two(alignment))
        return false;
    if (size <= usable_bytes && hmm_heap_longer(&hmm_process_heap) != 0)
        return true;
    unsigned class_idx = hmm_sizeclass_aligned(alignment, size);
    if (!is_new && may_be_resized_to(usable_bytes, class_idx, size))
        return true;
    if (usable_bytes <= HMM_SLAB_MAX_BYTES)
        return class_idx != 0 && is_of_class(class_idx, usable_bytes);
    return class_idx == 0 && is_large_size(size, usable_bytes);
}

void hmm_check_size_at(const void *block, size_t alignment, size_t size, bool is_new,
                       const char *who, const void *site)
{
    enum { AUTO, ABORT, REPORT, IGNORE }; /* as tunables.def lists them */
    size_t usable_bytes = hmm_usable(block, who);
    if (hmm_likely(is_plainly_right(usable_bytes, alignment, size)) ||
        is_right(usable_bytes, alignment, size, is_new))
        return;
    size_t what = hmm_meta_tunables(&hmm_process_heap.meta)->sized;
    if (what == IGNORE)
        return;
    if (what == ABORT || (what == AUTO && !is_new))
        hmm_misuse_size(who, block, size, usable_bytes);
    int place = note_site((uintptr_t)site);
    if (place >= 0)
        hmm_report_size(who, block, size, usable_bytes, site, place == HMM_SIZED_SITES - 1);
}
