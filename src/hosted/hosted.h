/* hosted.h - what the files of this folder share.
 *
 * Layer   hosted, the top: may include everything, nobody includes it.
 */
#ifndef HMM_HOSTED_HOSTED_H
#define HMM_HOSTED_HOSTED_H

#include "api/alloc.h"
#include "core/fatal.h"

/* Read HMM_OPTIONS over the defaults; nothing in a setuid program. Bad ones are told on stderr. */
void hmm_options_read(struct hmm_tunables *tunables);

/* Exact counts for `hmm run --summary`: in the file HMM_SUMMARY names, if it is this process's. */
void hmm_summary_open(void);
/* In a child after fork: counts of its own, in private memory. */
void hmm_summary_detach(void);

/* The size a caller states must be of the block's class; aborts. Not exact: it may also be one to
 * which realloc has shrunk the block in place, down to half. */
void hmm_check_size(const void *block, size_t alignment, size_t size, bool exact, const char *who);

/* Is `block` a live one of the class of `size`? Then hmm_check_size need not be asked: nearly
 * always so, and in few instructions. */
static inline bool hmm_has_class_of(const void *block, size_t size)
{
    return hmm_likely(size <= HMM_SLAB_MAX_BYTES) &&
           hmm_likely(hmm_hit_usable(block) == hmm_sizeclasses[hmm_sizeclass_of(size)].slot_bytes);
}

#define HMM_EXPORTED __attribute__((visibility("default"), used))
/* What a program may define itself: weak, so that its own definition also wins where it is linked
 * with libhmm.a or the whole library as one object. */
#define HMM_REPLACEABLE __attribute__((visibility("default"), used, weak))

#endif
